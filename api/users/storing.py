"""Puts a checked roll into the user database: the first one, or one in place of another before the opening.

People who stay keep their unique identifiers. Whoever comes gets a new random one, and so does who gets another ballot style: the voter
database is never asked to change a voter. All is prepared on the disk, sealed, and goes into the database in one transaction, in the order
of keyed hashes; the memory needed is about 200 bytes for each person on a roll that replaces another, and little for a first one.
"""

import json
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import Any, TypeVar

from sqlmodel import Session, col, insert, select, update

from api.data_keys import DataKeys
from api.errors import Conflict
from api.sealing import DataKey, Place
from api.store import Store
from api.users.entries import Entry
from api.users.findings import Kind
from api.users.index import Index
from api.users.models import Dispatch, Person, Roll, RollVersion
from api.users.roll import CheckedRoll, Tell
from api.users.spool import Spool

__all__ = ["Changes", "Comparison", "Stored", "Storing", "last_version", "person_place", "version_place"]

_AT_ONCE = 5_000  # rows in one statement
_IN_MEMORY = 20_000  # people who are sorted at once
_EVERY = 2000
_DONE = -1
_STYLE = 16  # bits

Each = TypeVar("Each")


@dataclass(frozen=True, slots=True)
class Changes:
    """Between the roll that is there and another: people by reference. `kept` are as they were."""

    added: int
    removed: int
    changed: int
    kept: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """The changes, and what is to be done: fingerprints of references that are not to be added, of changed people with row and unique
    identifier, and rows of people to be removed with their unique identifiers. `version` is the roll's that was looked at, 0 for none."""

    changes: Changes
    version: int
    settled: dict[int, int] = field(repr=False)
    changed: dict[int, tuple[bytes, str]] = field(repr=False)
    removed: list[tuple[bytes, str]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stored:
    """The roll's version now, how many unique identifiers were made for it, and what has changed."""

    version: int
    made: int
    changes: Changes


class Storing:
    """Of one ballot."""

    def __init__(self, store: Store, keys: DataKeys, index: Index, election_id: str) -> None:
        self._store, self._keys, self._index, self._election_id = store, keys, index, election_id

    def compare(self, checked: CheckedRoll, tell: Tell = lambda *_: None) -> Comparison:
        """Looks through the people who are there. Nothing is changed."""
        with self._store.reading() as session:
            last = last_version(session, self._election_id)
        if last is None:
            return Comparison(Changes(checked.accepted, 0, 0, 0), 0, {}, {}, [])
        wanted = {reference: _digest(checked, entry) for entry, reference in checked.people()}
        changed: dict[int, tuple[bytes, str]] = {}
        removed: list[tuple[bytes, str]] = []
        gone = kept = 0
        for done, (person_index, members) in enumerate(self._rows(), 1):
            entry = Entry.from_members(members)
            reference, own = checked.fingerprint(entry.reference), (person_index, str(members["unique_identifier"]))
            found = wanted.get(reference)
            if found is None:
                gone += 1
                removed.append(own)
            elif found == _digest(checked, entry):
                kept += 1
                wanted[reference] = _DONE
            elif found % 2**_STYLE == entry.style:
                changed[reference] = own
                wanted[reference] = _DONE
            else:
                removed.append(own)
            if done % _EVERY == 0:
                tell("comparing", done)
        moved = len(removed) - gone
        added = checked.accepted - kept - len(changed) - moved
        version = last.version if isinstance(last, RollVersion) else 1
        return Comparison(Changes(added, gone, len(changed) + moved, kept), version, wanted, changed, removed)

    def store(self, checked: CheckedRoll, now: datetime, rules_version: int, tell: Tell) -> Stored:
        """Raises Conflict if somebody would be removed, or moved to another style, to whom something was sent; or if the roll has changed
        meanwhile. A roll that changes nothing is no new version."""
        compared = self.compare(checked, tell)
        changes = compared.changes
        if compared.version and not changes.added + changes.removed + changes.changed:
            return Stored(compared.version, 0, changes)
        with self._store.transaction() as session:
            key = self._keys.make(session, self._election_id)
        prepared = _Prepared(checked.accepted)
        try:
            made = self._prepare(checked, compared, key, prepared, tell)
            with self._store.transaction() as session:
                version = self._begin(session, checked, compared)
                self._put(session, compared, key, prepared, tell)
                told = json.dumps(_result(checked, now, rules_version)).encode()
                session.add(RollVersion(
                    election_id=self._election_id, version=version, digest=checked.digest, people=checked.accepted,
                    sealed=key.seal(told, version_place(self._election_id, version)),
                ))  # fmt: skip
        finally:
            prepared.close()
        return Stored(version, made, changes)

    def _prepare(self, checked: CheckedRoll, compared: Comparison, key: DataKey, prepared: "_Prepared", tell: Tell) -> int:
        made = 0
        for done, (entry, reference) in enumerate(checked.people(), 1):
            if done % _EVERY == 0:
                tell("sealing", done)
            if compared.settled.get(reference, 0) != _DONE:
                unique_identifier = secrets.token_hex(16)
                person_index = self._index.person(self._election_id, unique_identifier)
                prepared.add(person_index, _seal(key, person_index, unique_identifier, entry.to_members()))
                made += 1
            elif reference in compared.changed:
                person_index, unique_identifier = compared.changed[reference]
                prepared.change(person_index, _seal(key, person_index, unique_identifier, entry.to_members()))
        prepared.finish()
        return made

    def _begin(self, session: Session, checked: CheckedRoll, compared: Comparison) -> int:
        """The number of the new version."""
        last = last_version(session, self._election_id)
        found = 0 if last is None else last.version if isinstance(last, RollVersion) else 1
        if found != compared.version:
            raise Conflict("the ballot has another roll meanwhile; nothing was stored")
        if last is None:
            session.add(Roll(election_id=self._election_id, digest=checked.digest, people=checked.accepted))
            session.flush()
        for some in _parts(compared.removed, _AT_ONCE):
            sent = select(Dispatch.dispatch_id).where(col(Dispatch.person_index).in_([person_index for person_index, _ in some]))
            if session.exec(sent).first() is not None:
                raise Conflict(
                    "somebody who was sent an access code already is not on this roll, or in another ballot style; nothing was stored"
                )
        return found + 1

    def _put(self, session: Session, compared: Comparison, key: DataKey, prepared: "_Prepared", tell: Tell) -> None:
        gone = (
            {"person_index": person_index, "sealed": _seal(key, person_index, unique_identifier, {"removed": True})}
            for person_index, unique_identifier in compared.removed
        )
        for some in chain(_parts(gone, _AT_ONCE), _parts(prepared.changed(), _AT_ONCE)):
            session.execute(update(Person), some)
        done = 0
        for some in _parts(prepared.added(self._election_id), _AT_ONCE):
            session.execute(insert(Person), some)
            done += len(some)
            tell("storing", done)

    def _rows(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """Those on the roll that is there."""
        key = self._keys.get(self._election_id)
        with self._store.reading() as session:
            query = select(Person.person_index, Person.sealed).where(Person.election_id == self._election_id)
            for person_index, sealed in session.exec(query.execution_options(yield_per=1000)):
                members = json.loads(key.open(sealed, person_place(person_index)))
                if "removed" not in members:
                    yield person_index, members


class _Prepared:
    """Rows for the database, sealed already: new ones in so many heaps that each can be sorted in memory, changed ones."""

    def __init__(self, people: int) -> None:
        self._heaps = [Spool() for _ in range(1 + people // _IN_MEMORY)]
        self._changed = Spool()

    def add(self, person_index: bytes, sealed: bytes) -> None:
        heap = int.from_bytes(person_index[:4], "big") * len(self._heaps) >> 32
        self._heaps[heap].write(_framed(person_index, sealed))

    def change(self, person_index: bytes, sealed: bytes) -> None:
        self._changed.write(_framed(person_index, sealed))

    def finish(self) -> None:
        for each in (*self._heaps, self._changed):
            each.finish()

    def added(self, election_id: str) -> Iterator[dict[str, Any]]:
        for heap in self._heaps:
            for person_index, sealed in sorted(_unframed(heap)):
                yield {"person_index": person_index, "election_id": election_id, "sealed": sealed}

    def changed(self) -> Iterator[dict[str, Any]]:
        for person_index, sealed in _unframed(self._changed):
            yield {"person_index": person_index, "sealed": sealed}

    def close(self) -> None:
        for each in (*self._heaps, self._changed):
            each.close()


def last_version(session: Session, election_id: str) -> RollVersion | Roll | None:
    """The roll that counts. One of an earlier program has no version."""
    query = select(RollVersion).where(RollVersion.election_id == election_id).order_by(col(RollVersion.version).desc())
    return session.exec(query).first() or session.get(Roll, election_id)


def person_place(person_index: bytes) -> Place:
    """Where somebody is sealed."""
    return Place("person", "sealed", person_index)


def version_place(election_id: str, version: int) -> Place:
    """Where the result of a check is sealed."""
    return Place("roll_version", "sealed", f"{election_id} {version}".encode())


def _result(checked: CheckedRoll, now: datetime, rules_version: int) -> dict[str, Any]:
    return {
        "checked": now.isoformat(timespec="seconds"), "rules": rules_version, "rows": checked.rows, "accepted": checked.accepted,
        "rejected": checked.rejected, "needs_method": checked.needs_method, "withheld": checked.findings.of(Kind.WITHHELD),
    }  # fmt: skip


def _seal(key: DataKey, person_index: bytes, unique_identifier: str, members: dict[str, Any]) -> bytes:
    content = json.dumps({"unique_identifier": unique_identifier, **members}, ensure_ascii=False, separators=(",", ":"))
    return key.seal(content.encode(), person_place(person_index))


def _digest(checked: CheckedRoll, entry: Entry) -> int:
    """What tells whether two entries are the same; its last bits are the style."""
    text = json.dumps(entry.to_members())
    return (checked.fingerprint_of(text) << _STYLE) + entry.style


def _framed(person_index: bytes, sealed: bytes) -> bytes:
    return person_index + len(sealed).to_bytes(4, "big") + sealed


def _unframed(spool: Spool) -> Iterator[tuple[bytes, bytes]]:
    with spool.opened() as file:
        while head := file.read(36):
            yield head[:32], file.read(int.from_bytes(head[32:], "big"))


def _parts(many: Iterable[Each], size: int) -> Iterator[list[Each]]:
    source = iter(many)
    while part := list(islice(source, size)):
        yield part
