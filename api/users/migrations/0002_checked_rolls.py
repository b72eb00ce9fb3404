"""Rolls that are checked and replaced before the opening, and the rules that contacts are checked by."""

import sqlalchemy as sa
from alembic import op

from api.append_only import refuse_changes

revision = "users_0002"
down_revision = "users_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables to which rows are only added."""
    op.create_table(
        "roll_version",
        sa.Column("election_id", sa.String(), sa.ForeignKey("roll.election_id"), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contact_rules",
        sa.Column("election_id", sa.String(), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    refuse_changes("roll_version", "contact_rules")
