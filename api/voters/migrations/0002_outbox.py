"""The voter database's outbox."""

import sqlalchemy as sa
from alembic import op

revision = "voters_0002"
down_revision = "voters_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table. Its rows are deleted when their entries are in the audit log."""
    op.create_table(
        "outbox",
        sa.Column("id", sa.LargeBinary(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
