"""The database of ballots as events: what each is about, where it stands, and who asked for every step."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from api.moments import Utc

__all__ = [
    "TABLES", "Answered", "Approval", "BoardMessage", "Election", "ElectionTable", "ParticularsVersion", "RollNumbers",
    "Transition",
]  # fmt: skip

_NO_ROWID = {"sqlite_with_rowid": False}


class ElectionTable(SQLModel, registry=registry()):
    """Base of this database: its own registry, so that nothing here can make or reach a table of another."""


class Election(ElectionTable, table=True):
    """A ballot. `manifest` are the bytes that will be hashed; `trustees` the accounts of guardians 1 … n, with blanks between; `audit_key`
    (X25519) is what time and address of votes are sealed to, `signing_key` (Ed25519) what the record is signed under, both public. All of
    it may change in a draft and never afterwards. `version` grows with every change."""

    __tablename__ = "election"
    __table_args__ = _NO_ROWID

    election_id: str = Field(primary_key=True)
    manifest: bytes
    quorum: int
    trustees: str
    audit_key: bytes
    signing_key: bytes
    state: str
    version: int = 1


class Approval(ElectionTable, table=True):
    """That an account asked for a step in this state. Rows are only added."""

    __tablename__ = "approval"
    __table_args__ = _NO_ROWID

    election_id: str = Field(primary_key=True, foreign_key="election.election_id")
    state: str = Field(primary_key=True)
    step: str = Field(primary_key=True)
    account_id: str = Field(primary_key=True)
    asked: datetime = Field(sa_type=Utc)


class Transition(ElectionTable, table=True):
    """A step that was done: the `position`-th of its ballot, from 1. Rows are only added."""

    __tablename__ = "transition"
    __table_args__ = _NO_ROWID

    election_id: str = Field(primary_key=True, foreign_key="election.election_id")
    position: int = Field(primary_key=True)
    step: str
    before: str
    after: str
    accounts: str
    done: datetime = Field(sa_type=Utc)


class BoardMessage(ElectionTable, table=True):
    """A message on the trustees' board: its name, the `position`-th that came, from 1. Rows are only added."""

    __tablename__ = "board_message"
    __table_args__ = (UniqueConstraint("election_id", "position"), _NO_ROWID)

    election_id: str = Field(primary_key=True, foreign_key="election.election_id")
    name: str = Field(primary_key=True)
    position: int
    digest: bytes
    content: bytes


class ParticularsVersion(ElectionTable, table=True):
    """What was recorded of a ballot's set-up: all sections as JSON, as they were from this version on, the first being 1. Rows are only
    added."""

    __tablename__ = "particulars_version"
    __table_args__ = _NO_ROWID

    election_id: str = Field(primary_key=True, foreign_key="election.election_id")
    version: int = Field(primary_key=True)
    content: bytes
    account_id: str
    told: datetime = Field(sa_type=Utc)


class RollNumbers(ElectionTable, table=True):
    """What the service for rolls told of a ballot's roll, in numbers: people, those without a method by which they can vote, those with
    routes that the hierarchy does not rank, contacts that are held back; `named` is how many have each method, as JSON. `particulars` is
    the version whose determination it was done by. Rows are only added."""

    __tablename__ = "roll_numbers"
    __table_args__ = _NO_ROWID

    election_id: str = Field(primary_key=True, foreign_key="election.election_id")
    version: int = Field(primary_key=True)
    people: int
    without_method: int
    unranked: int
    exceptions: int
    named: str
    particulars: int


class Answered(ElectionTable, table=True):
    """What a request with an Idempotency-Key was answered, so that the same request again is not done again. `key` is a hash of account,
    path and key, `digest` of the body. Rows are only added."""

    __tablename__ = "answered"
    __table_args__ = _NO_ROWID

    key: bytes = Field(primary_key=True)
    digest: bytes
    status: int
    content: bytes


TABLES = ElectionTable.metadata
