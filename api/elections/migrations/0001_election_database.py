"""The database of ballots as events."""

import sqlalchemy as sa
from alembic import op

from api.append_only import refuse_changes, refuse_unless

revision = "elections_0001"
down_revision = None
branch_labels = None
depends_on = None

_STEPS = (
    ("draft", "ceremony"), ("ceremony", "trial decryption"), ("trial decryption", "open"), ("open", "closed"), ("closed", "closed"),
    ("closed", "excluded"), ("excluded", "tallied"), ("tallied", "released"), ("released", "archived"),
    *((state, "abandoned") for state in ("draft", "ceremony", "trial decryption", "open", "closed", "excluded")),
)  # fmt: skip


def upgrade() -> None:
    """Makes all tables. The database itself keeps to the order of states, and to a manifest once the ballot is no draft any more."""
    op.create_table(
        "election",
        sa.Column("election_id", sa.String(), primary_key=True),
        sa.Column("manifest", sa.LargeBinary(), nullable=False),
        sa.Column("quorum", sa.Integer(), nullable=False),
        sa.Column("trustees", sa.String(), nullable=False),
        sa.Column("audit_key", sa.LargeBinary(), nullable=False),
        sa.Column("signing_key", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "approval",
        sa.Column("election_id", sa.String(), sa.ForeignKey("election.election_id"), primary_key=True),
        sa.Column("state", sa.String(), primary_key=True),
        sa.Column("step", sa.String(), primary_key=True),
        sa.Column("account_id", sa.String(), primary_key=True),
        sa.Column("asked", sa.DateTime(timezone=True), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "transition",
        sa.Column("election_id", sa.String(), sa.ForeignKey("election.election_id"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("accounts", sa.String(), nullable=False),
        sa.Column("done", sa.DateTime(timezone=True), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "answered",
        sa.Column("key", sa.LargeBinary(), primary_key=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sqlite_with_rowid=False,
    )
    steps = " OR ".join(f"(OLD.state = '{before}' AND NEW.state = '{after}')" for before, after in _STEPS)
    same = " AND ".join(f"NEW.{column} = OLD.{column}" for column in ("manifest", "quorum", "trustees", "audit_key", "signing_key"))
    kept = "NEW.election_id = OLD.election_id AND NEW.version = OLD.version + 1"
    refuse_unless(
        "election",
        f"{kept} AND ((OLD.state = 'draft' AND NEW.state = 'draft') OR (({steps}) AND {same}))",
        "a state follows the one before, and what is no draft is fixed",
    )
    refuse_changes("approval", "transition", "answered")
