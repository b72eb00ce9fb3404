"""The audit database."""

import sqlalchemy as sa
from alembic import op

from api.append_only import refuse_changes

revision = "audit_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes all tables, and what refuses to change them. Data keys alone can be deleted: that is how a ballot's log ends (T14)."""
    op.create_table(
        "data_key", sa.Column("name", sa.String(), primary_key=True), _bytes("sealed"), sqlite_with_rowid=False
    )
    op.create_table("audit_chain", sa.Column("name", sa.String(), primary_key=True), sqlite_with_rowid=False)
    op.create_table(
        "audit_entry",
        _chain(),
        sa.Column("position", sa.Integer(), primary_key=True),
        _bytes("entry_id"),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        _bytes("previous"),
        _bytes("sealed"),
        _bytes("sealed_person"),
        _bytes("hash"),
        sa.UniqueConstraint("entry_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit_checkpoint",
        _chain(),
        sa.Column("size", sa.Integer(), primary_key=True),
        _bytes("note"),
        _bytes("roots"),
        sqlite_with_rowid=False,
    )
    refuse_changes("audit_chain", "audit_entry", "audit_checkpoint")


def _chain() -> sa.Column[str]:
    return sa.Column("chain", sa.String(), sa.ForeignKey("audit_chain.name"), primary_key=True)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)
