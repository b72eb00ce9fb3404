"""The voter database."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from api.append_only import allow_only, refuse_changes

revision = "voters_0001"
down_revision = None
branch_labels = None
depends_on = None

_ELECTION = "voting_window.election_id"


def upgrade() -> None:
    """Makes all tables, and what refuses to change evidence."""
    _table("data_key", sa.Column("name", sa.String(), primary_key=True), _bytes("sealed"))
    _table(
        "voting_window",
        sa.Column("election_id", sa.String(), primary_key=True),
        sa.Column("opens", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes", sa.DateTime(timezone=True), nullable=False),
        _bytes("election"),
        _bytes("audit_key"),
        _switch("opened"),
        _switch("closed"),
        _switch("abandoned"),
    )
    _table("voter", _key("voter_index"), _election(), _bytes("sealed"))
    _table(
        "access_method",
        _key("code_hash"),
        _election(),
        sa.Column("voter_index", sa.LargeBinary(), sa.ForeignKey("voter.voter_index"), nullable=False),
        _bytes("sealed"),
        _switch("ended"),
        sa.Column("checks", sa.Integer(), nullable=False),
    )
    _table(
        "vote",
        _key("ballot_index"),
        _election(),
        sa.Column("voter_index", sa.LargeBinary(), sa.ForeignKey("voter.voter_index"), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), sa.ForeignKey("access_method.code_hash"), nullable=False),
        _bytes("sealed"),
        _bytes("evidence"),
        sa.UniqueConstraint("voter_index", "attempt"),
    )
    _table(
        "vote_status",
        sa.Column("ballot_index", sa.LargeBinary(), sa.ForeignKey("vote.ballot_index"), primary_key=True),
        sa.Column("status", sa.String(), primary_key=True),
        _bytes("sealed"),
    )
    _table("challenged", _key("ballot_index"), _election(), _bytes("sealed"), _bytes("sealed_opening"))
    _table("seen", _key("value_index"))
    _table(
        "log_head",
        sa.Column("election_id", sa.String(), sa.ForeignKey(_ELECTION), primary_key=True),
        sa.Column("size", sa.Integer(), nullable=False),
        _bytes("sealed"),
    )
    _table(
        "log_leaf",
        sa.Column("election_id", sa.String(), sa.ForeignKey(_ELECTION), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        _bytes("sealed"),
    )
    for table in ("voter", "access_method", "vote", "challenged"):
        op.create_index(f"ix_{table}_election_id", table, ["election_id"])
    op.create_index("ix_access_method_voter_index", "access_method", ["voter_index"])

    refuse_changes("voter", "vote", "vote_status", "challenged", "seen", "log_leaf")
    allow_only("voting_window", ("election_id", "opens", "closes", "election", "audit_key"), ("opened", "closed", "abandoned"))
    allow_only("access_method", ("code_hash", "election_id", "voter_index", "sealed"), ("ended",), ("checks",))


def _table(name: str, *columns: sa.Column[Any] | sa.UniqueConstraint) -> None:
    op.create_table(name, *columns, sqlite_with_rowid=False)


def _key(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), primary_key=True)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _switch(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _election() -> sa.Column[str]:
    return sa.Column("election_id", sa.String(), sa.ForeignKey(_ELECTION), nullable=False)
