"""The people of a ballot: taken from a roll, each with a random unique identifier, and what was sent to them."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, func, select

from api.clock import Clock
from api.data_keys import DataKeys
from api.errors import NotFound
from api.sealing import DataKey, Place
from api.store import Store
from api.users.contact_rules import ContactRules
from api.users.entries import Entry
from api.users.index import Index
from api.users.models import Dispatch, Person, Roll, RollVersion, StoredRules, UserKey
from api.users.roll import CheckedRoll, Tell
from api.users.storing import Changes, Stored, Storing, last_version, person_place, version_place
from engine.statutory import Method

__all__ = ["Known", "Minted", "UserDatabase"]

_INDEX = "keyed hashes"


@dataclass(frozen=True, slots=True)
class Minted:
    """What the voter database is told of a person: the unique identifier, the ballot style, and the methods that the person has or may be
    moved to where a determination says so; no more (COP-076)."""

    unique_identifier: str = field(repr=False)
    style: int
    methods: tuple[Method, ...] = ()


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

    def store_roll(self, election_id: str, checked: CheckedRoll, tell: Tell = lambda *_: None) -> Stored:
        """Takes a roll that was checked, whole or not at all; in place of an earlier one. See `Storing`."""
        return self._storing(election_id).store(checked, self._clock.now(), self.rules_version(election_id), tell)

    def changes(self, election_id: str, checked: CheckedRoll) -> Changes:
        """What would become of the ballot's people if the roll was stored. Raises NotFound once they were destroyed."""
        return self._storing(election_id).compare(checked).changes

    def removed(self, election_id: str) -> Iterator[str]:
        """The unique identifiers of those whom an earlier roll named and the last one does not."""
        for members in self._members(election_id):
            if "removed" in members:
                yield members["unique_identifier"]

    def set_rules(self, election_id: str, rules: ContactRules) -> int:
        """Puts the rules for contacts in place of earlier ones, which stay; answers the new version. The same again is no new one."""
        with self._store.transaction() as session:
            version = _last_rules(session, election_id)
            key = self._keys.make(session, election_id)
            if version:
                last = session.get(StoredRules, (election_id, version))
                if last is not None and key.open(last.sealed, _rules(election_id, version)) == rules.to_json():
                    return version
            sealed = key.seal(rules.to_json(), _rules(election_id, version + 1))
            session.add(StoredRules(election_id=election_id, version=version + 1, sealed=sealed))
        return version + 1

    def rules(self, election_id: str) -> tuple[int, ContactRules]:
        """The rules for contacts and their version; 0 if none were made."""
        with self._store.reading() as session:
            version = _last_rules(session, election_id)
            row = session.get(StoredRules, (election_id, version))
        if row is None:
            return 0, ContactRules()
        return version, ContactRules.from_json(self._keys.get(election_id).open(row.sealed, _rules(election_id, version)))

    def rules_version(self, election_id: str) -> int:
        """The version alone."""
        with self._store.reading() as session:
            return _last_rules(session, election_id)

    def people(self, election_id: str) -> Iterator[Known]:
        """Everybody on the ballot's roll, in the order of keyed hashes, which says nothing. Raises NotFound if there is no roll."""
        for members in self._members(election_id):
            if "removed" not in members:
                yield Known(members["unique_identifier"], Entry.from_members(members))

    def _members(self, election_id: str) -> Iterator[dict[str, Any]]:
        key = self._key(election_id)
        with self._store.reading() as session:
            query = select(Person.person_index, Person.sealed).where(Person.election_id == election_id).order_by(col(Person.person_index))
            for person_index, sealed in session.exec(query.execution_options(yield_per=1000)):
                yield json.loads(key.open(sealed, person_place(person_index)))

    def note_dispatch(self, election_id: str, unique_identifier: str, channel: str, state: str, contact_key: str = "") -> None:
        """Notes that something was sent to a person, came back, or could not be sent; and where to, as a keyed hash. Raises NotFound."""
        key, person_index = self._key(election_id), self._index.person(election_id, unique_identifier)
        dispatch_id = secrets.token_bytes(16)
        members = {"channel": channel, "state": state, "time": self._clock.now().isoformat(timespec="seconds")}
        if contact_key:
            members["to"] = self._index.contact(election_id, contact_key).hex()
        content = json.dumps(members)
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
        return {unique_identifier for unique_identifier, _ in self._sent(election_id)}

    def holders(self, election_id: str) -> dict[str, set[str]]:
        """Who was sent something at each contact: unique identifiers by the hash of `contact_hash`. Raises NotFound if there is no roll."""
        found: dict[str, set[str]] = {}
        for unique_identifier, to in self._sent(election_id):
            if to:
                found.setdefault(to, set()).add(unique_identifier)
        return found

    def contact_hash(self, election_id: str, contact_key: str) -> str:
        """What stands for a contact in the notes of what was sent."""
        return self._index.contact(election_id, contact_key).hex()

    def _sent(self, election_id: str) -> Iterator[tuple[str, str]]:
        key = self._key(election_id)
        with self._store.reading() as session:
            query = select(Dispatch, Person).join(Person).where(Person.election_id == election_id)
            for dispatch, person in session.exec(query.execution_options(yield_per=1000)):
                noted = json.loads(key.open(dispatch.sealed, Place("dispatch", "sealed", dispatch.dispatch_id)))
                if noted["state"] == "sent":
                    opened = json.loads(key.open(person.sealed, person_place(person.person_index)))
                    yield opened["unique_identifier"], noted.get("to", "")

    def digest(self, election_id: str) -> bytes:
        """SHA-256 of the file that the roll was read from. Raises NotFound."""
        with self._store.reading() as session:
            found = last_version(session, election_id)
        if found is None:
            raise NotFound("the ballot has no roll")
        return found.digest

    def count(self, election_id: str) -> int:
        """How many people stand on the roll that is stored."""
        with self._store.reading() as session:
            found = last_version(session, election_id)
        return found.people if found else 0

    def result(self, election_id: str) -> dict[str, Any]:
        """When the roll was checked, by which version of the rules, and what was found, in numbers (COP-056.2). Raises NotFound."""
        with self._store.reading() as session:
            found = last_version(session, election_id)
        if not isinstance(found, RollVersion):
            raise NotFound("the ballot has no roll that was checked")
        told: dict[str, Any] = json.loads(self._key(election_id).open(found.sealed, version_place(election_id, found.version)))
        return told

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

    def _storing(self, election_id: str) -> Storing:
        return Storing(self._store, self._keys, self._index, election_id)


def _last_rules(session: Session, election_id: str) -> int:
    found = session.exec(select(func.max(StoredRules.version)).where(StoredRules.election_id == election_id)).first()
    return found or 0


def _rules(election_id: str, version: int) -> Place:
    return Place("contact_rules", "sealed", f"{election_id} {version}".encode())
