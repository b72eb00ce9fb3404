"""The account database: staff and trustees, how they sign in, what they are authorised for. It holds nothing about voters or votes.

Names, contacts, passwords' hashes and factors' secrets are sealed with a data key of each account. What shows who was authorised when, by
whom and why is only ever added to.
"""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from api.data_keys import KeyTable
from api.moments import Utc

__all__ = [
    "TABLES", "Account", "AccountKey", "AccountTable", "AttemptCount", "Challenge", "FrozenList", "PermissionHead", "PermissionRow",
    "RecoveryCode", "RecoveryStep", "SecondFactor", "SignInSession",
]  # fmt: skip

_NO_ROWID = {"sqlite_with_rowid": False}


class AccountTable(SQLModel, registry=registry()):
    """Base of this database: its own registry, so that nothing here can make or reach a table of another."""


class AccountKey(KeyTable, AccountTable, table=True):
    """The data keys of this database: one for each account, by its id, and that of its keyed hashes."""

    __tablename__ = "data_key"
    __table_args__ = _NO_ROWID

    name: str = Field(primary_key=True)


class Account(AccountTable, table=True):
    """One person. `sealed`: name, e-mail, sign-in name. `password`: Argon2id's PHC string, sealed; None before the person has chosen one.
    Never deleted; `ended` becomes true once."""

    __tablename__ = "account"
    __table_args__ = _NO_ROWID

    account_id: str = Field(primary_key=True)
    name_index: bytes = Field(unique=True)
    email_index: bytes = Field(unique=True)
    sealed: bytes
    password: bytes | None = None
    ended: bool = False


class SecondFactor(AccountTable, table=True):
    """What is asked for after the password. `kind`: one-time or passkey; `sealed`: the secret, or credential id and public key. `last_used`
    only grows: the time step of the last code, or the passkey's count of signatures. `confirmed` when it was shown to work."""

    __tablename__ = "second_factor"
    __table_args__ = _NO_ROWID

    factor_id: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.account_id", index=True)
    kind: str
    credential_index: bytes | None = Field(default=None, unique=True)
    sealed: bytes
    last_used: int = Field(default=0, sa_type=BigInteger)
    confirmed: bool = False
    ended: bool = False


class RecoveryCode(AccountTable, table=True):
    """Shown once and never stored: a keyed hash stays. `ended` by its use, or by newer codes."""

    __tablename__ = "recovery_code"
    __table_args__ = _NO_ROWID

    code_hash: bytes = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.account_id", index=True)
    ended: bool = False


class SignInSession(AccountTable, table=True):
    """A token that was handed out, as its keyed hash. `stage`, account and `started` never change: to get further is to get another token.
    `seen`: about when it was last used."""

    __tablename__ = "sign_in_session"
    __table_args__ = _NO_ROWID

    token_hash: bytes = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.account_id", index=True)
    stage: str
    started: datetime = Field(sa_type=Utc)
    seen: datetime = Field(sa_type=Utc)
    ended: bool = False


class Challenge(AccountTable, table=True):
    """What a passkey has to sign, for one session and purpose; deleted when it is answered, rightly or not."""

    __tablename__ = "challenge"
    __table_args__ = _NO_ROWID

    token_hash: bytes = Field(primary_key=True, foreign_key="sign_in_session.token_hash")
    purpose: str = Field(primary_key=True)
    challenge: bytes
    ends: datetime = Field(sa_type=Utc)


class AttemptCount(AccountTable, table=True):
    """How often somebody failed: `failures` since the last success or long pause, `last` the last one's time, `tries` all there ever were.
    `subject` is an account id, or one of a few that names nobody has share."""

    __tablename__ = "attempt_count"
    __table_args__ = _NO_ROWID

    subject: str = Field(primary_key=True)
    failures: int = 0
    tries: int = 0
    last: datetime | None = Field(default=None, sa_type=Utc)


class RecoveryStep(AccountTable, table=True):
    """A request to replace a lost second factor, step by step: asked, then approved or refused, then finished. Rows are only added, each
    step once."""

    __tablename__ = "recovery_step"
    __table_args__ = _NO_ROWID

    request_id: str = Field(primary_key=True)
    step: str = Field(primary_key=True)
    account_id: str = Field(foreign_key="account.account_id", index=True)
    by: str = Field(foreign_key="account.account_id")
    at: datetime = Field(sa_type=Utc)


class PermissionHead(AccountTable, table=True):
    """How many rows of permissions there are. Locked by whoever adds one, or freezes a list."""

    __tablename__ = "permission_head"
    __table_args__ = _NO_ROWID

    name: str = Field(primary_key=True)
    size: int = 0


class PermissionRow(AccountTable, table=True):
    """Something that was done about permissions (COP-085c), numbered from 1 without a gap. Rows are only added, and what somebody is
    authorised for follows from them alone. `election_id` None: all ballots. `asked_by` None: set-up of the platform."""

    __tablename__ = "permission"
    __table_args__ = _NO_ROWID

    number: int = Field(primary_key=True)
    grant_id: str = Field(index=True)
    kind: str
    account_id: str = Field(foreign_key="account.account_id", index=True)
    role: str
    election_id: str | None = Field(default=None, index=True)
    starts: datetime = Field(sa_type=Utc)
    ends: datetime = Field(sa_type=Utc)
    reason: str
    asked_by: str | None = Field(default=None, foreign_key="account.account_id")
    approver: str | None = Field(default=None, foreign_key="account.account_id")
    at: datetime = Field(sa_type=Utc)


class FrozenList(AccountTable, table=True):
    """The authorised persons a ballot was opened with (COP-097a): those that follow from the first `size` rows of permissions."""

    __tablename__ = "frozen_list"
    __table_args__ = _NO_ROWID

    election_id: str = Field(primary_key=True)
    size: int
    list_hash: bytes
    at: datetime = Field(sa_type=Utc)


TABLES = AccountTable.metadata
