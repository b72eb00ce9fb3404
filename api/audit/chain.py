"""How entries hang together: each has the hash of the one before, and a tree over their hashes is signed (`engine.merkle`).

    hash = SHA-256("psephos audit entry 1" ‖ chain, position, previous, time, kind, id, sealed, sealed_person)

each part after its length in 4 bytes, numbers in 8 bytes. What is hashed is the sealed bytes: nobody needs the key to verify. A leaf of the
tree is an entry's hash. Whoever verifies a log, or a bundle of one, follows it from the first entry with a `Follower`.
"""

import hashlib
import hmac
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from api.audit.entry import Entry, entry_from_parts, person_of
from api.audit.errors import LogBroken
from api.errors import Invalid, SealError
from api.sealing import DataKey, Place
from engine.errors import EngineError
from engine.merkle import Frontier, leaf_hash, read_checkpoint

__all__ = ["CHECKPOINT_EVERY", "FIRST", "Follower", "Link", "entry_keys", "link_after", "microseconds", "open_link", "open_with", "seal"]

CHECKPOINT_EVERY = 100
"""At every multiple of so many entries there is a checkpoint."""
FIRST = bytes(32)
"""What stands for the hash of the entry before the first."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Link:
    """An entry as it stands in the log. `time` in microseconds since 1970, UTC; `stated` is the hash that stands with it. See `models`."""

    chain: str
    position: int
    entry_id: bytes
    time: int
    kind: str
    previous: bytes
    sealed: bytes
    sealed_person: bytes
    stated: bytes

    def __post_init__(self) -> None:
        """Raises ValueError for what no entry has: a database that somebody has edited may hold anything."""
        texts: tuple[object, ...] = (self.chain, self.kind)
        numbers: tuple[object, ...] = (self.position, self.time)
        hashes = (self.previous, self.stated)
        content: tuple[object, ...] = (*hashes, self.entry_id, self.sealed, self.sealed_person)
        if not (
            all(isinstance(each, str) for each in texts)
            and all(isinstance(each, int) and 0 <= each < 2**63 for each in numbers)
            and all(isinstance(each, bytes) for each in content)
            and all(len(each) == 32 for each in hashes)
        ):
            raise ValueError("not an entry of an audit log")

    def hash(self) -> bytes:
        """Its hash, 32 bytes."""
        numbers = [number.to_bytes(8, "big") for number in (self.position, self.time)]
        parts = (
            b"psephos audit entry 1", self.chain.encode(), numbers[0], self.previous, numbers[1], self.kind.encode(), self.entry_id,
            self.sealed, self.sealed_person,
        )  # fmt: skip
        return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()

    def added(self) -> datetime:
        """Its time."""
        return _EPOCH + self.time * timedelta(microseconds=1)


@dataclass(slots=True)
class Follower:
    """Goes through a chain, entry by entry, and raises LogBroken at the first that is not as it must be. Its checkpoints are signed by
    `key` and called `origin`; first say which there are, then `follow` every entry, then `end`."""

    chain: str
    origin: str
    key: Ed25519PublicKey
    frontier: Frontier = field(default_factory=Frontier)
    previous: bytes = FIRST
    time: int = 0
    _signed: set[int] = field(default_factory=set)
    _expected: dict[int, list[tuple[bytes, bytes | None]]] = field(default_factory=dict)
    _bad: dict[int, str] = field(default_factory=dict)
    _known: dict[int, bytes] = field(default_factory=dict)

    @property
    def position(self) -> int:
        """That of the entry which comes next: how many there were."""
        return self.frontier.size

    @property
    def unsigned(self) -> int:
        """How many entries there were after the last checkpoint."""
        return self.position - max((size for size in self._signed if size <= self.position), default=0)

    def checkpoint(self, size: int, note: bytes, roots: bytes | None = None) -> None:
        """The log has this checkpoint of its first `size` entries, whose complete subtrees have these roots. If it is not genuine, that is
        said when the entries before it have been followed."""
        self._signed.add(size)
        try:
            read = read_checkpoint(note, self.origin, self.key)
        except EngineError:
            self._bad.setdefault(size, f"the checkpoint of {size} entries is not genuine")
            return
        if read.size != size:
            self._bad.setdefault(size, f"the checkpoint of {size} entries is one of {read.size}")
        self._expected.setdefault(size, []).append((read.root, roots))

    def witnessed(self, note: bytes) -> None:
        """Somebody outside has this checkpoint. Raises Invalid if it is none of this log."""
        try:
            read = read_checkpoint(note, self.origin, self.key)
        except EngineError as error:
            raise Invalid(f"the witness's note is no checkpoint of this log: {error}") from None
        self._expected.setdefault(read.size, []).append((read.root, None))

    def known(self, size: int, last: bytes) -> None:
        """There were `size` entries once, the last with this hash."""
        self._known[size] = last

    def follow(self, link: Link) -> None:
        """Takes the next entry."""
        self._check_checkpoint()
        if link.position != self.position:
            raise self.broken(f"is missing; the next there is {link.position}" if link.position > self.position else "is there twice")
        if link.chain != self.chain or link.hash() != link.stated:
            raise self.broken("was changed: it does not have its hash")
        if link.previous != self.previous:
            raise self.broken("does not follow from the entry before")
        if link.time < self.time:
            raise self.broken("is older than the entry before")
        if self._known.get(self.position + 1, link.stated) != link.stated:
            raise self.broken("is not the one that was written")
        self.previous, self.time = link.stated, link.time
        self.frontier = self.frontier.add(leaf_hash(link.stated))

    def end(self) -> None:
        """There are no more entries. Raises LogBroken if there were more, or if a checkpoint is missing."""
        self._check_checkpoint()
        longest = max((*self._signed, *self._expected, *self._known), default=0)
        if longest > self.position:
            raise self.broken(f"is missing; there were {longest} entries")

    def broken(self, what: str) -> LogBroken:
        """That the entry which comes next is at fault."""
        return LogBroken(self.chain, self.position, what)

    def _check_checkpoint(self) -> None:
        """Of as many entries as there were so far."""
        size, last = self.position, max(self.position - 1, 0)
        if size and size % CHECKPOINT_EVERY == 0 and size not in self._signed:
            raise LogBroken(self.chain, last, f"the checkpoint of {size} entries is missing")
        if size in self._bad:
            raise LogBroken(self.chain, last, self._bad[size])
        for root, roots in self._expected.get(size, ()):
            if root != self.frontier.root():
                raise LogBroken(self.chain, last, "this one, or one before, is not the one that was signed")
            if roots is not None and roots != b"".join(self.frontier.roots):
                raise LogBroken(self.chain, last, f"what belongs to the checkpoint of {size} entries was changed")


def microseconds(moment: datetime) -> int:
    """A time as links have it."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def link_after(last: Link | None, entry: Entry, time: int, key: DataKey) -> Link:
    """The link that follows the last one of a chain. `key` is the chain's data key."""
    position, previous = (last.position + 1, last.stated) if last else (0, FIRST)
    sealed, person = seal(key, entry, position)
    link = Link(entry.chain, position, entry.id, time, entry.kind, previous, sealed, person, FIRST)
    return replace(link, stated=link.hash())


def seal(key: DataKey, entry: Entry, position: int) -> tuple[bytes, bytes]:
    """What an entry says, and whom it is about, as they are stored at this position: each under a key of its own, made from the chain's,
    that can be given away and opens nothing else. The second is empty if it is about nobody."""
    content_key, person_key = entry_keys(key, entry.id)
    sealed = content_key.seal(entry.content(), _place(entry.chain, position, "sealed"))
    person = entry.person()
    return sealed, person_key.seal(person, _place(entry.chain, position, "sealed_person")) if person else b""


def entry_keys(key: DataKey, entry_id: bytes) -> tuple[DataKey, DataKey]:
    """The keys of an entry's content and of whom it is about."""
    content, person = (hmac.digest(key.secret, label + entry_id, "sha256") for label in (b"audit content", b"audit person"))
    return DataKey(key.store, content), DataKey(key.store, person)


def open_link(link: Link, key: DataKey) -> Entry:
    """What was sealed at this place, with the chain's key. Raises LogBroken if it is something else."""
    content_key, person_key = entry_keys(key, link.entry_id)
    return open_with(link, content_key, person_key)


def open_with(link: Link, content_key: DataKey, person: DataKey | str) -> Entry:
    """As `open_link`, with the entry's own keys; with a pseudonym in place of the second, that stands for the unique identifier."""
    try:
        content = content_key.open(link.sealed, _place(link.chain, link.position, "sealed"))
        about = b""
        if link.sealed_person and isinstance(person, DataKey):
            about = person.open(link.sealed_person, _place(link.chain, link.position, "sealed_person"))
        elif link.sealed_person:
            about = person_of(link.entry_id, str(person))
        entry = entry_from_parts(link.chain, content, about)
    except (SealError, Invalid) as error:
        raise LogBroken(link.chain, link.position, f"cannot be opened: {error}") from None
    if (entry.id, entry.kind) != (link.entry_id, link.kind):
        raise LogBroken(link.chain, link.position, "says that it is another one")
    return entry


def _place(chain: str, position: int, column: str) -> Place:
    return Place("audit_entry", column, f"{chain}/{position}".encode())
