"""Rolls that change before the opening: how many voters there have to be, and who is none any more."""

import sqlalchemy as sa
from alembic import op

from api.append_only import refuse_changes

revision = "voters_0004"
down_revision = "voters_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two tables to which rows are only added: a voter is never deleted."""
    op.create_table(
        "roll_size",
        sa.Column("election_id", sa.String(), sa.ForeignKey("voting_window.election_id"), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("voters", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "removed_voter",
        sa.Column("voter_index", sa.LargeBinary(), sa.ForeignKey("voter.voter_index"), primary_key=True),
        sa.Column("election_id", sa.String(), sa.ForeignKey("voting_window.election_id"), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_removed_voter_election_id", "removed_voter", ["election_id"])
    refuse_changes("roll_size", "removed_voter")
