"""The audit log: entries are added, read and verified; nothing changes or deletes one (COP-104).

There is a chain for each ballot and one for the platform, each sealed with a data key of its own. Whoever owns the database can still
change it: `verify` finds any change in what a checkpoint covers, and of the entries after the last one any that this process has written.
Whoever cuts off the end of a chain with its checkpoints, or has the signing key, is found by those who keep checkpoints outside: hand
every one to them, and what they have to `verify`.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from api.audit import rows
from api.audit.chain import CHECKPOINT_EVERY, FIRST, Follower, Link, link_after, microseconds, open_link
from api.audit.entry import PLATFORM, Entry
from api.audit.errors import LogBroken
from api.audit.events import BALLOT_CREATED, references
from api.audit.models import AuditChain, AuditCheckpoint, AuditKey
from api.clock import JUMP, Clock
from api.data_keys import DataKeys
from api.errors import Conflict, NotFound
from api.sealing import DataKey
from api.store import Store
from engine.merkle import Checkpoint, check_origin

__all__ = ["AuditLog", "Logged", "Verified"]

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry as it was read: where it stands, counting from 0, and when it was added, UTC."""

    position: int
    time: datetime
    entry: Entry


@dataclass(frozen=True, slots=True)
class Verified:
    """What was verified of a chain: so many entries under so many checkpoints, `unsigned` of them after the last; `opened` if what they say
    was there to be checked, too, and not destroyed."""

    entries: int
    checkpoints: int
    unsigned: int
    opened: bool


class AuditLog:
    """The log in a migrated store called audit. `origin` names it in checkpoints, which `key` signs."""

    def __init__(self, store: Store, clock: Clock, key: Ed25519PrivateKey, origin: str) -> None:
        self.store, self.clock, self.key = store, clock, key
        self._origin = check_origin(origin)
        self._keys = DataKeys(store, AuditKey)
        self._known: dict[str, tuple[int, bytes]] = {}
        self._late: set[str] = set()
        try:
            with store.transaction() as session:
                if not rows.lock_chain(session, PLATFORM):
                    self._begin(session, PLATFORM)
        except IntegrityError:  # another process was first
            pass

    def origin(self, chain: str) -> str:
        """What the checkpoints of a chain are called."""
        return f"{self._origin}/{chain}"

    def add(self, entry: Entry, *more: Entry) -> int:
        """Adds an entry, and answers its position; durable when this returns. The same again changes nothing. A ballot's log begins with
        BALLOT_CREATED. What follows from it in the same log, `more`, is added with it or not at all. Raises NotFound if there is no log of
        the ballot, or no entry that this one names; Conflict if its id is taken by another, the log was begun before or its data is
        destroyed; LogBroken if the last row of the chain is no entry; Overloaded."""
        chain = entry.chain
        try:
            with self.store.transaction() as session:
                there = rows.lock_chain(session, chain)
                if there and (found := rows.position_of(session, chain, entry.id)) is not None:
                    return self._same(session, entry, found)
                if there == (entry.kind == BALLOT_CREATED):
                    raise Conflict("the log of this ballot was begun before") if there else NotFound("there is no log of this ballot")
                if not there:
                    self._begin(session, chain)
                    rows.lock_chain(session, PLATFORM)
                    self._append(session, Entry(PLATFORM, "ballot_log_begun", entry.happened, {"ballot": chain}))
                link, intact = self._append(session, entry)
                position = link.position
                for each in more:
                    link, intact = self._append(session, each)
        except IntegrityError:
            raise Conflict("another log has an entry with this id, or this log was begun at the same moment") from None
        if intact:
            self._known[chain] = max(self._known.get(chain, (0, FIRST)), (link.position + 1, link.stated))
        return position

    def has(self, chain: str, entry_id: bytes) -> bool:
        """Whether there is an entry with this id."""
        with self.store.reading() as session:
            return rows.position_of(session, chain, entry_id) is not None

    def kind_of(self, chain: str, entry_id: bytes) -> str:
        """The kind of the entry with this id, which stands beside what is sealed: nothing is opened. Raises NotFound, LogBroken."""
        with self.store.reading() as session:
            position = rows.position_of(session, chain, entry_id)
            link = None if position is None else rows.link_at(session, chain, position)
        if link is None:
            raise NotFound("there is no such entry in this log")
        return link.kind

    def digest(self, chain: str, kinds: Collection[str]) -> tuple[int, bytes]:
        """How many entries of these kinds there are, and SHA-256 over their hashes in order. Nothing is opened. Raises LogBroken."""
        with self.store.reading() as session:
            hashes = [link.stated for link in rows.links(session, chain) if link.kind in kinds]
        return len(hashes), sha256(b"".join(hashes)).digest()

    def checkpoint(self, chain: str) -> bytes:
        """A signed note of all entries that there are now, to be handed outside. Raises LogBroken if those since the last one were changed:
        nothing is signed then."""
        with self.store.transaction() as session:
            if not rows.lock_chain(session, chain):
                raise NotFound("there is no such log")
            return self._sign(session, chain)

    def read(
        self, by: str, reason: str, chain: str, first: int = 0, before: int | None = None, kinds: Collection[str] | None = None
    ) -> Iterator[Logged]:
        """The entries from position `first` to `before`, of these kinds if any are given. That `by` reads them, and the `reason`, is an
        entry before anything is opened; a reading that is refused is one in the platform's log. Raises NotFound, and LogBroken at an entry
        that cannot be opened."""
        size, key = self.readable(chain, by, "read")
        end = size if before is None else min(before, size)
        self.add(Entry(chain, "log_read", self.clock.now(), {"by": by, "reason": reason, "first": first, "before": end}))
        return self._opened(chain, key, first, end, kinds)

    def readable(self, chain: str, by: str, what: str) -> tuple[int, DataKey]:
        """How many entries there are, and the key that opens them. If there is none, that `by` was refused to `read` or `export` is logged,
        and NotFound raised."""
        with self.store.reading() as session:
            size, key = rows.size_of(session, chain), self._key(session, chain)
        if key is None:
            self.refuse(by, what, chain)
            raise NotFound("there is no such log, or its data is destroyed")
        return size, key

    def refuse(self, by: str, what: str, chain: str) -> None:
        """Logs in the platform's log that an account was refused to `read`, `export` or `edit` a log (COP-105d-ii)."""
        named = {"log": chain} if chain == PLATFORM or self._is_there(chain) else {}
        self.add(Entry(PLATFORM, "log_access_refused", self.clock.now(), {"by": by, "what": what, **named}))

    def destroy(self, chain: str, by: str, reason: str) -> None:
        """Destroys what a ballot's log says (COP-108.1). The chain stays and still verifies; nothing is added any more. That it was done is
        in the platform's log; a last checkpoint signs the chain, whose seals nobody can check from then on. Raises NotFound."""
        if chain == PLATFORM or not self._is_there(chain):
            raise NotFound("there is no such log")
        members = {"by": by, "reason": reason, "ballot": chain}
        self.add(Entry(PLATFORM, "audit_data_destroyed", self.clock.now(), members))
        with suppress(LogBroken):  # what was changed stays unsigned; the duty to delete stays, too
            self.checkpoint(chain)
        self._keys.destroy(chain)

    def verify(self, chain: str, witnessed: Sequence[bytes] = ()) -> Verified:
        """Follows a chain from the first entry: order, hashes, clock, checkpoints and, while the key is there, every seal. `witnessed` are
        checkpoints that others have kept. Raises LogBroken naming the first bad place; Invalid if a note is none of this log."""
        follower = self.follower(chain)
        for note in witnessed:
            follower.witnessed(note)
        if chain in self._known:
            follower.known(*self._known[chain])
        with self.store.reading() as session:
            key = self._key(session, chain)
            checkpoints = rows.follow_checkpoints(session, follower)
            for link in rows.links(session, chain):
                follower.follow(link)
                if key is not None:
                    open_link(link, key)
        follower.end()
        if chain != PLATFORM and follower.position == 0:
            raise LogBroken(chain, 0, "is missing")
        return Verified(follower.position, checkpoints, follower.unsigned, key is not None)

    def verify_all(self) -> dict[str, Verified]:
        """As `verify`, for every chain, those too that the platform's log says were begun."""
        verified = {PLATFORM: self.verify(PLATFORM)}
        with self.store.reading() as session:
            chains = rows.names(session) | self._known.keys()
            key = self._key(session, PLATFORM)
            links = (link for link in rows.links(session, PLATFORM) if link.kind == "ballot_log_begun" and key is not None)
            begun = {str(open_link(link, key).members["ballot"]) for link in links if key is not None}
        for chain in sorted((chains | begun) - {PLATFORM}):
            verified[chain] = self.verify(chain)
        return verified

    def follower(self, chain: str) -> Follower:
        """What verifies a chain of this log."""
        return Follower(chain, self.origin(chain), self.key.public_key())

    def _opened(self, chain: str, key: DataKey, first: int, before: int, kinds: Collection[str] | None) -> Iterator[Logged]:
        while first < before:
            with self.store.reading() as session:
                found = list(islice(rows.links(session, chain, first), min(_PAGE, before - first)))
            if not found:
                raise LogBroken(chain, first, "is missing")
            for link in found:
                if kinds is None or link.kind in kinds:
                    yield Logged(link.position, link.added(), open_link(link, key))
            first = found[-1].position + 1

    def _is_there(self, chain: str) -> bool:
        with self.store.reading() as session:
            return session.get(AuditChain, chain) is not None

    def _same(self, session: Session, entry: Entry, position: int) -> int:
        """The position of an entry that is there already; Conflict if it is another one. Nobody can tell once the data is destroyed."""
        link, key = rows.link_at(session, entry.chain, position), self._key(session, entry.chain)
        if link is not None and key is not None and open_link(link, key) != entry:
            raise Conflict("another entry of this log has this id")
        return position

    def _begin(self, session: Session, chain: str) -> None:
        session.add(AuditChain(name=chain))
        session.flush()
        self._keys.make(session, chain)

    def _append(self, session: Session, entry: Entry) -> tuple[Link, bool]:
        """Adds an entry, the chain being locked. Answers it, and whether the chain still has what this process wrote before."""
        for earlier in references(entry.kind, entry.members):
            if rows.position_of(session, entry.chain, earlier) is None:
                raise NotFound("there is no such entry in this log")
        key = self._key(session, entry.chain)
        if key is None:
            raise Conflict("the data of this log was destroyed; nothing can be added")
        known, last = self._known.get(entry.chain), rows.last_link(session, entry.chain)
        intact = known is None or rows.hash_at(session, entry.chain, known[0] - 1) == known[1]
        now = microseconds(self.clock.now())
        behind = last.time - now if last else 0
        if last and timedelta(microseconds=behind) > JUMP and entry.chain not in self._late:
            late = Entry(entry.chain, "clock_went_back", entry.happened, {"reading": self.clock.now(), "microseconds": behind})
            last = self._put(session, key, last, late, last.time)
        self._late.discard(entry.chain) if behind <= 0 else self._late.add(entry.chain)
        return self._put(session, key, last, entry, max(now, last.time if last else 0)), intact

    def _put(self, session: Session, key: DataKey, last: Link | None, entry: Entry, time: int) -> Link:
        link = link_after(last, entry, time, key)
        rows.put(session, link)
        if (link.position + 1) % CHECKPOINT_EVERY == 0:
            with suppress(LogBroken):  # what was changed is never signed; but what happens is still logged
                self._sign(session, entry.chain)
        return link

    def _sign(self, session: Session, chain: str) -> bytes:
        """A checkpoint of all entries; those that the last one does not cover are looked at before."""
        follower = self.follower(chain)
        if chain in self._known:
            follower.known(*self._known[chain])
        rows.follow_from(session, follower)
        for link in rows.links(session, chain, follower.position):
            follower.follow(link)
        frontier = follower.frontier
        found = session.get(AuditCheckpoint, (chain, frontier.size))
        if found is not None:
            return found.note
        note = Checkpoint(self.origin(chain), frontier.size, frontier.root()).sign(self.key)
        rows.put_checkpoint(session, chain, frontier.size, note, b"".join(frontier.roots))
        return note

    def _key(self, session: Session, chain: str) -> DataKey | None:
        row = session.get(AuditKey, chain)
        return None if row is None else self.store.keys.open_data_key(row.sealed, chain)
