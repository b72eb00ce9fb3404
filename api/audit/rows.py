"""What stands in the audit database, as it stands: nothing here trusts a row to be what the log wrote."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Select, func
from sqlalchemy import select as select_columns
from sqlalchemy.types import NullType
from sqlmodel import Session, col, select, type_coerce

from api.audit.chain import Follower, Link
from api.audit.errors import LogBroken
from api.audit.models import TABLES, AuditChain, AuditCheckpoint, AuditEntry
from engine.errors import EngineError
from engine.merkle import Frontier

__all__ = [
    "checkpoints", "follow_checkpoints", "follow_from", "hash_at", "last_link", "link_at", "links", "lock_chain",
    "names", "position_of", "put", "put_checkpoint", "size_of",
]  # fmt: skip

_PAGE = 500
_COLUMNS = ("chain", "position", "entry_id", "time", "kind", "previous", "sealed", "sealed_person", "hash")


def links(session: Session, chain: str, first: int = 0) -> Iterator[Link]:
    """The entries from position `first` on, in order. Raises LogBroken at one that can be none."""
    while found := _page(session, chain, first):
        for row in found:
            link = _link(row, chain, first)
            first = link.position + 1
            yield link


def link_at(session: Session, chain: str, position: int) -> Link | None:
    """The entry at this position, if there is one. Raises LogBroken."""
    row = session.connection().execute(_raw(chain).where(col(AuditEntry.position) == position)).first()
    return None if row is None else _link(row, chain, position)


def last_link(session: Session, chain: str) -> Link | None:
    """The last entry. Raises LogBroken."""
    row = session.connection().execute(_raw(chain).order_by(col(AuditEntry.position).desc()).limit(1)).first()
    return None if row is None else _link(row, chain, 0)


def hash_at(session: Session, chain: str, position: int) -> bytes | None:
    """The hash that stands at this position, if there is an entry."""
    try:
        link = link_at(session, chain, position)
    except LogBroken:
        return None
    return None if link is None else link.stated


def put(session: Session, link: Link) -> None:
    """Adds an entry."""
    values = {name: getattr(link, name) for name in _COLUMNS[:-1]}
    session.add(AuditEntry(**values, hash=link.stated))
    session.flush()


def put_checkpoint(session: Session, chain: str, size: int, note: bytes, roots: bytes) -> None:
    """Adds a checkpoint."""
    session.add(AuditCheckpoint(chain=chain, size=size, note=note, roots=roots))
    session.flush()


def lock_chain(session: Session, chain: str) -> bool:
    """From here on nobody else adds to the chain before the transaction ends. Answers whether there is one."""
    return session.exec(select(AuditChain.name).where(AuditChain.name == chain).with_for_update()).first() is not None


def position_of(session: Session, chain: str, entry_id: bytes) -> int | None:
    """Where the entry with this id is."""
    return session.exec(select(AuditEntry.position).where(AuditEntry.chain == chain, AuditEntry.entry_id == entry_id)).first()


def size_of(session: Session, chain: str) -> int:
    """How many rows the chain has."""
    return session.exec(select(func.count()).select_from(AuditEntry).where(AuditEntry.chain == chain)).one()


def names(session: Session) -> set[str]:
    """All chains, those too that only an entry or a checkpoint speaks of."""
    found = {str(name) for name in session.exec(select(AuditChain.name))}
    for column in (AuditEntry.chain, AuditCheckpoint.chain):
        found |= {str(name) for name in session.exec(select(column).distinct())}
    return found


def checkpoints(session: Session, chain: str) -> list[tuple[int, bytes]]:
    """Sizes and notes, the smallest first."""
    table = AuditCheckpoint
    return list(session.exec(select(table.size, table.note).where(table.chain == chain).order_by(col(table.size))).all())


def follow_checkpoints(session: Session, follower: Follower) -> int:
    """Tells a follower of all checkpoints; answers how many."""
    count = 0
    statement = _coerced("audit_checkpoint", ("size", "note", "roots")).where(col(AuditCheckpoint.chain) == follower.chain)
    for size, note, roots in session.connection().execute(statement):
        if not (isinstance(size, int) and isinstance(note, bytes) and isinstance(roots, bytes)):
            raise LogBroken(follower.chain, 0, "a checkpoint is none")
        follower.checkpoint(size, note, roots)
        count += 1
    return count


def follow_from(session: Session, follower: Follower) -> None:
    """Sets a new follower to where the last checkpoint was made, so that it need not begin at the first entry. Raises LogBroken."""
    chain = follower.chain
    last = session.exec(
        select(AuditCheckpoint).where(AuditCheckpoint.chain == chain).order_by(col(AuditCheckpoint.size).desc()).limit(1)
    ).first()
    if last is None or last.size == 0:
        return
    try:
        follower.frontier = Frontier(last.size, tuple(last.roots[at : at + 32] for at in range(0, len(last.roots), 32)))
    except EngineError:
        raise LogBroken(chain, last.size - 1, f"what belongs to the checkpoint of {last.size} entries was changed") from None
    follower.checkpoint(last.size, last.note, last.roots)
    before = link_at(session, chain, last.size - 1)
    if before is None:
        raise LogBroken(chain, last.size - 1, "is missing")
    follower.previous, follower.time = before.stated, before.time


def _page(session: Session, chain: str, first: int) -> Sequence[Sequence[Any]]:
    statement = _raw(chain).where(col(AuditEntry.position) >= first).order_by(col(AuditEntry.position)).limit(_PAGE)
    return session.connection().execute(statement).all()


def _raw(chain: str) -> Select[Any]:
    """Columns as the driver gives them, whatever is in them."""
    return _coerced("audit_entry", _COLUMNS).where(col(AuditEntry.chain) == chain)


def _coerced(table: str, columns: tuple[str, ...]) -> Select[Any]:
    found: list[Any] = [type_coerce(TABLES.tables[table].columns[name], NullType()) for name in columns]
    statement: Select[Any] = select_columns(*found)
    return statement


def _link(row: Sequence[Any], chain: str, position: int) -> Link:
    try:
        return Link(*row)
    except ValueError:
        raise LogBroken(chain, position, "was changed: it is no entry") from None
