"""What is recorded of a ballot's set-up, and of its roll in numbers."""

import sqlalchemy as sa
from alembic import op

from api.append_only import refuse_changes
from api.moments import Utc

revision = "elections_0003"
down_revision = "elections_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables of particulars and of the roll's numbers."""
    op.create_table(
        "particulars_version",
        sa.Column("election_id", sa.String(), sa.ForeignKey("election.election_id"), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.String(), nullable=False),
        sa.Column("told", Utc(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "roll_numbers",
        sa.Column("election_id", sa.String(), sa.ForeignKey("election.election_id"), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("without_method", sa.Integer(), nullable=False),
        sa.Column("unranked", sa.Integer(), nullable=False),
        sa.Column("exceptions", sa.Integer(), nullable=False),
        sa.Column("named", sa.String(), nullable=False),
        sa.Column("particulars", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    refuse_changes("particulars_version", "roll_numbers")
