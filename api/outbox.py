"""How an entry gets from a service's own transaction into the audit log: not lost, not doubled.

The service notes it in a table of its own database, in the transaction that does what the entry speaks of: both are durable, or neither.
Later `relay` adds it to the audit log first and deletes it here then. A crash in between does no harm: the log has each id but once.

A row is a random id and a sealed field of few lengths; nothing tells what it is about, or which of two rows is the older.
"""

import secrets
from dataclasses import dataclass

from sqlmodel import Session, SQLModel, col, delete, select

from api.audit.entry import Entry, Recorder
from api.errors import Conflict, Invalid, NotFound, SealError
from api.sealing import DataKey, Place
from api.store import Store

__all__ = ["OUTBOX_KEY", "OutboxTable", "Relayed", "note", "relay"]

OUTBOX_KEY = "outbox"
"""The name of the data key that a database's outbox is sealed with."""
_STEP = 1024
"""Bytes: a row's content is filled up with blanks to a multiple of them."""


class OutboxTable(SQLModel):
    """The columns of a database's outbox. `id`, 16 random bytes, is the primary key, and not the entry's id: that is sealed, too."""

    id: bytes
    sealed: bytes


@dataclass(frozen=True, slots=True)
class Relayed:
    """So many entries are in the log now and not here any more; so many stay, for the log refused them or they cannot be opened."""

    moved: int
    kept: int


def note(session: Session, table: type[OutboxTable], key: DataKey, entry: Entry) -> None:
    """Puts an entry into the outbox, within the transaction that does what it speaks of. `key` is the outbox's data key."""
    row_id, content = secrets.token_bytes(16), entry.to_json()
    padded = content.ljust(-(-len(content) // _STEP) * _STEP)
    session.add(table(id=row_id, sealed=key.seal(padded, _place(row_id))))


def relay(store: Store, table: type[OutboxTable], key: DataKey, audit: Recorder, at_once: int = 200) -> Relayed:
    """Moves all entries to the log, so many at once, in no order that says anything. Whatever happens, none is lost or there twice: it can
    be called again, and by several at once. Entries that the log refuses stay here and do not stop the others. Raises Overloaded or
    StoreError if one of the databases does not answer; then call it again."""
    moved, kept, last = 0, 0, b""
    while True:
        with store.reading() as session:
            found = session.exec(select(table).where(col(table.id) > last).order_by(col(table.id)).limit(at_once)).all()
        if not found:
            return Relayed(moved, kept)
        last, added = found[-1].id, []
        for row in found:
            try:
                audit.add(Entry.from_json(key.open(row.sealed, _place(row.id))))
            except (Conflict, Invalid, NotFound, SealError):
                kept += 1
            else:
                added.append(row.id)
        with store.transaction() as session:
            session.exec(delete(table).where(col(table.id).in_(added)))
        moved += len(added)


def _place(row_id: bytes) -> Place:
    return Place("outbox", "sealed", row_id)
