"""The trustees' message board."""

import sqlalchemy as sa
from alembic import op

from api.append_only import refuse_changes

revision = "elections_0002"
down_revision = "elections_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the board's table."""
    op.create_table(
        "board_message",
        sa.Column("election_id", sa.String(), sa.ForeignKey("election.election_id"), primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("election_id", "position"),
        sqlite_with_rowid=False,
    )
    refuse_changes("board_message")
