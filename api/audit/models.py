"""The audit database: entries and checkpoints, which are only added. What an entry says is sealed with a data key of its chain, so that to
destroy the key deletes it, and what is left still verifies (T14). Position, time and kind are in clear; they tell nothing about anybody.
"""

from sqlalchemy import BigInteger, UniqueConstraint
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from api.data_keys import KeyTable

__all__ = ["TABLES", "AuditChain", "AuditCheckpoint", "AuditEntry", "AuditKey", "AuditTable"]

_NO_ROWID = {"sqlite_with_rowid": False}


class AuditTable(SQLModel, registry=registry()):
    """Base of this database: its own registry, so that nothing here can make or reach a table of another."""


class AuditKey(KeyTable, AuditTable, table=True):
    """The data keys of this database: one for each chain, by its name."""

    __tablename__ = "data_key"
    __table_args__ = _NO_ROWID

    name: str = Field(primary_key=True)


class AuditChain(AuditTable, table=True):
    """A chain of entries: a ballot's, by its id, or the platform's. Locked by whoever adds an entry; never changed."""

    __tablename__ = "audit_chain"
    __table_args__ = _NO_ROWID

    name: str = Field(primary_key=True)


class AuditEntry(AuditTable, table=True):
    """An entry. `position` counts from 0; `time` is when it was added, in microseconds since 1970, UTC; `previous` is the hash of the entry
    before, `hash` its own (see `chain`). `sealed`: what it says; `sealed_person`: the voter's unique identifier, empty if there is none."""

    __tablename__ = "audit_entry"
    __table_args__ = (UniqueConstraint("entry_id"), _NO_ROWID)

    chain: str = Field(primary_key=True, foreign_key="audit_chain.name")
    position: int = Field(primary_key=True)
    entry_id: bytes
    time: int = Field(sa_type=BigInteger)
    kind: str
    previous: bytes
    sealed: bytes
    sealed_person: bytes
    hash: bytes


class AuditCheckpoint(AuditTable, table=True):
    """A signed checkpoint of the first `size` entries: a note as `engine.merkle` has it. `roots`: those of the complete subtrees."""

    __tablename__ = "audit_checkpoint"
    __table_args__ = _NO_ROWID

    chain: str = Field(primary_key=True, foreign_key="audit_chain.name")
    size: int = Field(primary_key=True)
    note: bytes
    roots: bytes


TABLES = AuditTable.metadata
