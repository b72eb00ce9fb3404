"""An audit log with a ballot in it, and the ways of somebody who owns its database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from api.audit.entry import Entry
from api.audit.log import AuditLog
from api.audit.models import TABLES
from api.clock import Clock
from api.store import Store
from tests.api.conftest import MakeStore

BALLOT, OTHER_BALLOT = "ab" * 32, "cd" * 32
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ORIGIN = "ballots.example/audit"
CANARIES = ("Aurelia Featherstonehaugh", "aurelia@example.org", "07700 900123")


class MovedClock(Clock):
    """A clock that goes on by a second each time it is read, and can be moved."""

    def __init__(self) -> None:
        super().__init__()
        self.moment = START

    def now(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment


@dataclass
class Auditing:
    """A log in which a ballot was created."""

    store: Store
    clock: MovedClock = field(default_factory=MovedClock)
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def __post_init__(self) -> None:
        self.log = self.reopened()
        self.log.add(created())

    def reopened(self) -> AuditLog:
        """The log as another process has it, which remembers nothing."""
        return AuditLog(self.store, self.clock, self.key, ORIGIN)

    def fill(self, size: int, chain: str = BALLOT) -> None:
        """Adds notes until the chain has so many entries."""
        there = self.log.verify(chain).entries
        for number in range(there, size):
            self.log.add(note(f"number {number}", chain))

    def drop_triggers(self) -> None:
        """What only the owner of the database can do."""
        for table in ("audit_chain", "audit_entry", "audit_checkpoint"):
            for event in ("update", "delete"):
                on = "" if self.store.is_sqlite else f" ON {table}"
                self.run(f"DROP TRIGGER {table}_no_{event}{on}")

    def run(self, statement: str, values: Mapping[str, Any] | None = None) -> None:
        with self.store.connection() as connection:
            connection.execute(text(statement), dict(values or {}))

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.store.connection() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]

    def copy(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        return {name: sorted(self.rows(f"SELECT * FROM {name}"), key=repr) for name in TABLES.tables}  # noqa: S608


def an_auditing(make_store: MakeStore) -> Auditing:
    return Auditing(make_store("audit", TABLES))


def created(chain: str = BALLOT) -> Entry:
    return Entry(chain, "ballot_created", START, {"by": "scrutineer-1", "version": "0.1.0"})


def note(line: str, chain: str = BALLOT) -> Entry:
    return Entry(chain, "note_added", START, {"by": "scrutineer-1", "text": (line,)})


def reissued(voter: str = "voter 1", reason: str = "letter lost", chain: str = BALLOT) -> Entry:
    members = {"by": "officer-2", "reason": reason, "unique_identifier": voter, "channel": "post"}
    return Entry(chain, "access_method_reissued", START, members)
