"""An entry as a service writes it: a kind of the catalogue, when it happened, and members that were checked. One that exists is valid."""

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Protocol

from api.audit.events import UNIQUE_IDENTIFIER, kind_of
from api.audit.members import Document, Line, Value, moment, read_moment
from api.errors import Invalid

__all__ = ["ID_SIZE", "PLATFORM", "Entry", "Given", "Recorder", "entry_from_parts", "is_chain", "person_of"]

PLATFORM = "platform"
"""The chain of what belongs to no ballot."""
ID_SIZE = 16
Given = Value | datetime | bytes

_BALLOT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened. `chain` is a ballot's id, or PLATFORM; `happened` is UTC, when the service says it was: the log adds its own
    time. `id`, 16 random bytes, makes it one entry however often it is handed in. Times among the members are given as `datetime`, bytes
    as `bytes`; here they stand as text.

    Raises Invalid for an unknown kind or member, a missing one, or a value that is not of the member's type.
    """

    chain: str
    kind: str
    happened: datetime
    members: Mapping[str, Given] = field(hash=False)
    id: bytes = field(default_factory=lambda: secrets.token_bytes(ID_SIZE))

    def __post_init__(self) -> None:
        """See above."""
        kind = kind_of(self.kind)
        if not is_chain(self.chain):
            raise Invalid(f"{self.kind}: expected a ballot's id, 64 hexadecimal digits, or {PLATFORM}")
        if len(self.id) != ID_SIZE:
            raise Invalid(f"{self.kind}: an entry's id has {ID_SIZE} bytes")
        object.__setattr__(self, "happened", read_moment(moment(self.happened)))
        members = {name: _plain(value) for name, value in self.members.items()}
        known = {**kind.members, **kind.optional}
        unknown, missing = len(members.keys() - known.keys()), sorted(kind.members.keys() - members.keys())
        if unknown:  # its name may be what must not be said
            raise Invalid(f"{self.kind}: {unknown} members that this kind does not have; it has {', '.join(known)}")
        if missing:
            raise Invalid(f"{self.kind}: there is no {', '.join(missing)}")
        for name, value in members.items():
            try:
                known[name].check(value)
            except Invalid as error:
                raise Invalid(f"{self.kind}.{name}: {error}") from None
        object.__setattr__(self, "members", MappingProxyType(dict(sorted(members.items()))))
        self._keep_identifier_apart()

    @property
    def unique_identifier(self) -> str | None:
        """The voter's whom it is about."""
        found = self.members.get(UNIQUE_IDENTIFIER)
        return None if found is None else str(found)

    def content(self) -> bytes:
        """All but the unique identifier, and whether there is one, in JSON. The id stands first: so much that is known in front leaves no
        room for a second key that opens the sealed field, too, with something else in it."""
        members = {name: value for name, value in self.members.items() if name != UNIQUE_IDENTIFIER}
        about = "somebody" if UNIQUE_IDENTIFIER in self.members else "nobody"
        return _json({"id": self.id.hex(), "kind": self.kind, "happened": moment(self.happened), "members": members, "about": about})

    def person(self) -> bytes:
        """The unique identifier, in JSON; empty if it is about no voter. By itself, so that it can stay sealed when the rest is shown."""
        return b"" if self.unique_identifier is None else person_of(self.id, self.unique_identifier)

    def to_json(self) -> bytes:
        """The whole entry, for the way to the log."""
        return _json({"chain": self.chain, "content": self.content().decode(), "person": self.person().decode()})

    @classmethod
    def from_json(cls, content: bytes) -> "Entry":
        """What `to_json` wrote. Raises Invalid."""
        try:
            whole = json.loads(content)
            return entry_from_parts(whole["chain"], whole["content"].encode(), whole["person"].encode())
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise Invalid("not an audit entry") from None

    def _keep_identifier_apart(self) -> None:
        """An identifier in free text would stay there when identifiers are replaced (T13)."""
        identifier = self.unique_identifier
        if identifier is None:
            return
        kind = kind_of(self.kind)
        types = {**kind.members, **kind.optional}
        for name, value in self.members.items():
            if isinstance(types[name], Line | Document) and identifier in str(value):
                raise Invalid(f"{self.kind}.{name}: the unique identifier stands in a text")


class Recorder(Protocol):
    """Whoever takes entries: the audit log, or what stands for it in another process."""

    def add(self, entry: Entry) -> int:
        """Adds an entry once, however often it comes, and answers its position; durable when this returns. Raises as the log does."""
        ...


def entry_from_parts(chain: str, content: bytes, person: bytes) -> Entry:
    """The entry that has this `content` and this `person`. Raises Invalid if it is not exactly what an entry would have."""
    try:
        parts: dict[str, Any] = json.loads(content)
        members = {name: tuple(value) if isinstance(value, list) else value for name, value in parts["members"].items()}
        if person:
            members[UNIQUE_IDENTIFIER] = json.loads(person)[UNIQUE_IDENTIFIER]
        entry = Entry(chain, parts["kind"], read_moment(parts["happened"]), members, bytes.fromhex(parts["id"]))
        exact = entry.content() == content and entry.person() == person
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Invalid("not the content of an audit entry") from None
    if not exact:
        raise Invalid("not the content of an audit entry")
    return entry


def person_of(entry_id: bytes, unique_identifier: str) -> bytes:
    """What `person` is of the entry with this id, if it is about this voter."""
    return _json({"id": entry_id.hex(), UNIQUE_IDENTIFIER: unique_identifier})


def is_chain(name: str) -> bool:
    """Whether a log can be called so: a ballot's id, or PLATFORM."""
    return name == PLATFORM or _BALLOT.fullmatch(name) is not None


def _plain(value: object) -> Value:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (str, int, tuple)):
        return value
    raise Invalid("expected text, a whole number, a time or bytes")


def _json(value: object) -> bytes:
    """Compact, ASCII: every other character is escaped."""
    return json.dumps(value, separators=(",", ":")).encode()
