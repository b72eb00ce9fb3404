"""The people of a ballot: taken from a roll, each with a random unique identifier, and what was sent to them."""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from sqlmodel import col, func, insert, select

from api.clock import Clock
from api.data_keys import DataKeys
from api.errors import Conflict, NotFound
from api.sealing import DataKey, Place
from api.store import Store
from api.users.index import Index
from api.users.models import Dispatch, Person, Roll, UserKey
from api.users.roll import Entry, read_roll

__all__ = ["Known", "Minted", "UserDatabase"]

_INDEX = "keyed hashes"
_AT_ONCE = 5_000  # rows in one statement


@dataclass(frozen=True, slots=True)
class Minted:
    """What the voter database is told of a person: the unique identifier and the ballot style, no more (COP-076)."""

    unique_identifier: str = field(repr=False)
    style: int


@dataclass(frozen=True, slots=True)
class Known:
    """A person, for sending."""

    unique_identifier: str = field(repr=False)
    entry: Entry = field(repr=False)


class UserDatabase:
    """A migrated store called users. The key of its keyed hashes is made when it is opened for the first time."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._keys = DataKeys(store, UserKey)
        with store.transaction() as session:
            self._index = Index(self._keys.make(session, _INDEX).secret)

    def import_roll(self, election_id: str, content: bytes, styles: Mapping[str, int]) -> list[Minted]:
        """Takes a roll, whole or not at all, and mints a unique identifier for each person; in random order. The same file again answers
        the same. Raises RollErrors, or Conflict if the ballot has another roll already."""
        digest = sha256(content).digest()
        found = self._roll(election_id)
        if found is not None:
            if not secrets.compare_digest(found.digest, digest):
                raise Conflict("the ballot has another roll already; nothing was stored")
            return [Minted(known.unique_identifier, known.entry.style) for known in self.people(election_id)]
        entries = read_roll(content, styles)
        people = [Known(secrets.token_hex(16), entry) for entry in entries]
        with self._store.transaction() as session:
            if session.get(Roll, election_id) is not None:
                raise Conflict("the ballot has another roll already; nothing was stored")
            key = self._keys.make(session, election_id)
            session.add(Roll(election_id=election_id, digest=digest, people=len(people)))
            session.flush()
            rows = [self._row(election_id, key, each) for each in people]
            rows.sort(key=lambda row: row["person_index"])
            for start in range(0, len(rows), _AT_ONCE):
                session.execute(insert(Person), rows[start : start + _AT_ONCE])
        minted = [Minted(each.unique_identifier, each.entry.style) for each in people]
        secrets.SystemRandom().shuffle(minted)
        return minted

    def people(self, election_id: str) -> Iterator[Known]:
        """Everybody on the ballot's roll, in the order of keyed hashes, which says nothing. Raises NotFound if there is no roll."""
        key = self._key(election_id)
        with self._store.reading() as session:
            query = select(Person).where(Person.election_id == election_id).order_by(col(Person.person_index))
            for row in session.exec(query.execution_options(yield_per=1000)):
                members = json.loads(key.open(row.sealed, _person(row.person_index)))
                identifier = members.pop("unique_identifier")
                yield Known(identifier, Entry(**members))

    def note_dispatch(self, election_id: str, unique_identifier: str, channel: str, state: str) -> None:
        """Notes that something was sent to a person, came back, or could not be sent. Raises NotFound."""
        key, person_index = self._key(election_id), self._index.person(election_id, unique_identifier)
        dispatch_id = secrets.token_bytes(16)
        content = json.dumps({"channel": channel, "state": state, "time": self._clock.now().isoformat(timespec="seconds")})
        with self._store.transaction() as session:
            if session.get(Person, person_index) is None:
                raise NotFound("there is no such person")
            sealed = key.seal(content.encode(), Place("dispatch", "sealed", dispatch_id))
            session.add(Dispatch(dispatch_id=dispatch_id, person_index=person_index, sealed=sealed))

    def dispatches(self, election_id: str, unique_identifier: str) -> list[dict[str, str]]:
        """What was sent to a person, in the order of time. Raises NotFound if there is no roll."""
        key, person_index = self._key(election_id), self._index.person(election_id, unique_identifier)
        with self._store.reading() as session:
            rows = session.exec(select(Dispatch).where(Dispatch.person_index == person_index)).all()
        opened = [json.loads(key.open(row.sealed, Place("dispatch", "sealed", row.dispatch_id))) for row in rows]
        return sorted(opened, key=lambda each: each["time"])

    def find(self, election_id: str, reference: str) -> Known:
        """The person with this membership reference. Raises NotFound. It takes as long for everybody, on the roll or not."""
        wanted = reference.encode()
        found = [known for known in self.people(election_id) if secrets.compare_digest(known.entry.reference.encode(), wanted)]
        if not found:
            raise NotFound("there is nobody with this reference on the roll")
        return found[0]

    def index_of(self, election_id: str, unique_identifier: str) -> bytes:
        """A keyed hash of an identifier, which matches none in another database."""
        return self._index.person(election_id, unique_identifier)

    def sent_to(self, election_id: str) -> set[str]:
        """The unique identifiers of those who were sent something. Raises NotFound if there is no roll."""
        key, sent = self._key(election_id), set()
        with self._store.reading() as session:
            query = select(Dispatch, Person).join(Person).where(Person.election_id == election_id)
            for dispatch, person in session.exec(query.execution_options(yield_per=1000)):
                if json.loads(key.open(dispatch.sealed, Place("dispatch", "sealed", dispatch.dispatch_id)))["state"] == "sent":
                    sent.add(json.loads(key.open(person.sealed, _person(person.person_index)))["unique_identifier"])
        return sent

    def digest(self, election_id: str) -> bytes:
        """SHA-256 of the file that the roll was read from. Raises NotFound."""
        found = self._roll(election_id)
        if found is None:
            raise NotFound("the ballot has no roll")
        return found.digest

    def count(self, election_id: str) -> int:
        """How many people stand on the roll that is stored."""
        with self._store.reading() as session:
            return session.exec(select(func.count()).select_from(Person).where(Person.election_id == election_id)).one()

    def destroy(self, election_id: str) -> None:
        """Destroys the ballot's data key, and with it all personal data of the ballot, in every copy (COP-108)."""
        self._keys.destroy(election_id)

    def _roll(self, election_id: str) -> Roll | None:
        with self._store.reading() as session:
            return session.get(Roll, election_id)

    def _key(self, election_id: str) -> DataKey:
        if self._roll(election_id) is None:
            raise NotFound("the ballot has no roll")
        return self._keys.get(election_id)

    def _row(self, election_id: str, key: DataKey, person: Known) -> dict[str, Any]:
        person_index = self._index.person(election_id, person.unique_identifier)
        content = json.dumps({"unique_identifier": person.unique_identifier, **asdict(person.entry)}, ensure_ascii=False).encode()
        return {"person_index": person_index, "election_id": election_id, "sealed": key.seal(content, _person(person_index))}


def _person(person_index: bytes) -> Place:
    return Place("person", "sealed", person_index)
