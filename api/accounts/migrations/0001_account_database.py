"""The account database."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from api.append_only import allow_only, refuse_changes

revision = "accounts_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes all tables, and what refuses to change evidence."""
    _table("data_key", _key("name"), _bytes("sealed"))
    _table(
        "account",
        _key("account_id"),
        _bytes("name_index"),
        _bytes("email_index"),
        _bytes("sealed"),
        sa.Column("password", sa.LargeBinary(), nullable=True),
        _switch("ended"),
        sa.UniqueConstraint("name_index"),
        sa.UniqueConstraint("email_index"),
    )
    _table(
        "second_factor",
        _key("factor_id"),
        _account("account_id"),
        _text("kind"),
        sa.Column("credential_index", sa.LargeBinary(), nullable=True),
        _bytes("sealed"),
        sa.Column("last_used", sa.BigInteger(), nullable=False),
        _switch("confirmed"),
        _switch("ended"),
        sa.UniqueConstraint("credential_index"),
    )
    _table("recovery_code", sa.Column("code_hash", sa.LargeBinary(), primary_key=True), _account("account_id"), _switch("ended"))
    _table(
        "sign_in_session",
        sa.Column("token_hash", sa.LargeBinary(), primary_key=True),
        _account("account_id"),
        _text("stage"),
        _time("started"),
        _time("seen"),
        _switch("ended"),
    )
    _table(
        "challenge",
        sa.Column("token_hash", sa.LargeBinary(), sa.ForeignKey("sign_in_session.token_hash"), primary_key=True),
        _key("purpose"),
        _bytes("challenge"),
        _time("ends"),
    )
    _table("attempt_count", _key("subject"), _number("failures"), _number("tries"), _time("last", nullable=True))
    _table("recovery_step", _key("request_id"), _key("step"), _account("account_id"), _account("by"), _time("at"))
    _table("permission_head", _key("name"), _number("size"))
    _table(
        "permission",
        sa.Column("number", sa.Integer(), primary_key=True),
        _text("grant_id"),
        _text("kind"),
        _account("account_id"),
        _text("role"),
        sa.Column("election_id", sa.String(), nullable=True),
        _time("starts"),
        _time("ends"),
        _text("reason"),
        _account("asked_by", nullable=True),
        _account("approver", nullable=True),
        _time("at"),
    )
    _table("frozen_list", _key("election_id"), _number("size"), _bytes("list_hash"), _time("at"))
    for table in ("second_factor", "recovery_code", "sign_in_session", "recovery_step", "permission"):
        op.create_index(f"ix_{table}_account_id", table, ["account_id"])
    for column in ("grant_id", "election_id"):
        op.create_index(f"ix_permission_{column}", "permission", [column])

    refuse_changes("recovery_step", "permission", "frozen_list")
    allow_only("account", ("account_id", "name_index", "email_index"), ("ended",))
    allow_only("second_factor", ("factor_id", "account_id", "kind", "credential_index", "sealed"), ("confirmed", "ended"))
    allow_only("recovery_code", ("code_hash", "account_id"), ("ended",))
    allow_only("sign_in_session", ("token_hash", "account_id", "stage", "started"), ("ended",))


def _table(name: str, *columns: sa.Column[Any] | sa.UniqueConstraint) -> None:
    op.create_table(name, *columns, sqlite_with_rowid=False)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), primary_key=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _switch(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _account(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), sa.ForeignKey("account.account_id"), nullable=nullable)
