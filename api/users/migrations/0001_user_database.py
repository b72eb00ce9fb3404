"""The user database."""

import sqlalchemy as sa
from alembic import op

from api.append_only import allow_only, refuse_changes

revision = "users_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes all tables. A person's contacts may be corrected; nothing else is ever changed."""
    op.create_table(
        "data_key",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "roll",
        sa.Column("election_id", sa.String(), primary_key=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "person",
        sa.Column("person_index", sa.LargeBinary(), primary_key=True),
        sa.Column("election_id", sa.String(), sa.ForeignKey("roll.election_id"), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "dispatch",
        sa.Column("dispatch_id", sa.LargeBinary(), primary_key=True),
        sa.Column("person_index", sa.LargeBinary(), sa.ForeignKey("person.person_index"), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_person_election_id", "person", ["election_id"])
    op.create_index("ix_dispatch_person_index", "dispatch", ["person_index"])
    refuse_changes("roll", "dispatch")
    allow_only("person", ("person_index", "election_id"), ())
