"""Entries on their way from a service's transaction to the audit log: none is lost, none is there twice, wherever it stops."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from api.audit.entry import Entry
from api.errors import Overloaded, StoreError
from api.migrating import differences
from api.outbox import OUTBOX_KEY, Relayed, note, relay
from api.sealing import DataKey
from api.store import Store
from api.voters.database import VoterDatabase
from api.voters.models import TABLES, Outbox, Seen
from tests.api.auditing import BALLOT, OTHER_BALLOT, Auditing, an_auditing, reissued
from tests.api.conftest import MakeStore


class Crash(Exception):
    """The process ends here."""


@dataclass
class Service:
    """A voter database with an outbox, and the log it is relayed to."""

    store: Store
    key: DataKey
    auditing: Auditing

    def do(self, *entries: Entry, value: bytes = b"done") -> None:
        """Does something, and notes it, in one transaction."""
        with self.store.transaction() as session:
            session.add(Seen(value_index=value))
            for entry in entries:
                note(session, Outbox, self.key, entry)

    def relay(self) -> Relayed:
        return relay(self.store, Outbox, self.key, self.auditing.log, at_once=3)

    def waiting(self) -> list[Outbox]:
        with self.store.reading() as session:
            return list(session.exec(select(Outbox)))

    def logged(self) -> Counter[str]:
        """How often each voter is in the log."""
        read = self.auditing.log.read("auditor-1", "test", BALLOT, kinds=["access_method_reissued"])
        return Counter(str(each.entry.unique_identifier) for each in read)


@pytest.fixture
def service(make_store: MakeStore) -> Service:
    database = VoterDatabase(make_store("voters", TABLES))
    with database.store.transaction() as session:
        key = database.keys.make(session, OUTBOX_KEY)
    return Service(database.store, key, an_auditing(make_store))


VOTERS = [f"voter {number}" for number in range(1, 9)]


def fill(service: Service, times: int = 1) -> None:
    """Once more: `times` in all, since each value is there but once."""
    service.do(*(reissued(voter) for voter in VOTERS), value=f"done {times}".encode())


# Crashes


def test_what_was_not_done_is_not_logged(service: Service) -> None:
    def fail() -> None:
        with service.store.transaction() as session:
            session.add(Seen(value_index=b"done"))
            note(session, Outbox, service.key, reissued())
            session.flush()
            raise Crash

    with pytest.raises(Crash):
        fail()
    assert service.waiting() == []
    assert service.relay() == Relayed(0, 0)


class Crashing:
    """A log at whose entry number `at`, counting from 1, the process ends: before or after it is added."""

    def __init__(self, service: Service, at: int, when: str) -> None:
        self.service, self.left, self.when = service, at, when

    def add(self, entry: Entry) -> int:
        self.left -= 1
        if self.left == 0 and self.when == "before":
            raise Crash
        position = self.service.auditing.log.add(entry)
        if self.left == 0:
            raise Crash
        return position


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_before_or_after_any_entry_is_added_does_no_harm(service: Service, when: str) -> None:
    for at in range(1, len(VOTERS) + 1):
        fill(service, at)
        with pytest.raises(Crash):
            relay(service.store, Outbox, service.key, Crashing(service, at, when), at_once=3)
        service.relay()
        assert service.logged() == Counter(VOTERS * at)
        assert service.waiting() == []


@pytest.mark.parametrize("when", ["begin", "deleted", "committed"])
def test_a_crash_at_any_step_of_the_deletion_does_no_harm(service: Service, monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    for at in range(1, 4):
        fill(service, at)
        crash_in_transaction(service, monkeypatch, at, when)
        assert len(service.waiting()) == len(VOTERS) - min(len(VOTERS), 3 * (at if when == "committed" else at - 1))
        service.relay()
        assert service.logged() == Counter(VOTERS * at)
        assert service.waiting() == []


def crash_in_transaction(service: Service, monkeypatch: pytest.MonkeyPatch, at: int, when: str) -> None:
    """The process ends in transaction number `at` of the service's database, counting from 1."""
    whole, count = service.store.transaction, 0

    @contextmanager
    def crashing() -> Iterator[Session]:
        nonlocal count
        count += 1
        if count == at and when == "begin":
            raise Crash
        with whole() as session:
            yield session
            if count == at and when == "deleted":
                raise Crash
        if count == at:
            raise Crash

    monkeypatch.setattr(service.store, "transaction", crashing)
    with pytest.raises(Crash):
        service.relay()
    monkeypatch.undo()


@pytest.mark.parametrize("error", [Overloaded("busy", 1), StoreError("gone")])
def test_a_log_that_does_not_answer_loses_nothing(service: Service, error: Exception) -> None:
    fill(service)

    class Away:
        def add(self, entry: Entry) -> int:
            raise error

    with pytest.raises(type(error)):
        relay(service.store, Outbox, service.key, Away())
    assert len(service.waiting()) == len(VOTERS)
    assert service.relay() == Relayed(len(VOTERS), 0)


def test_several_at_once_move_each_entry_once(service: Service) -> None:
    fill(service)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(service.relay) for _ in range(4)]:
            done.result()
    assert service.logged() == Counter(VOTERS)
    assert service.waiting() == []


def test_entries_noted_while_others_move_are_moved_by_the_next_call(service: Service) -> None:
    fill(service)

    class Busy:
        def __init__(self) -> None:
            self.more = True

        def add(self, entry: Entry) -> int:
            if self.more:
                self.more = False
                service.do(reissued("voter 99"), value=b"more")
            return service.auditing.log.add(entry)

    relay(service.store, Outbox, service.key, Busy(), at_once=3)
    service.relay()
    assert service.logged() == Counter([*VOTERS, "voter 99"])


# Refused


def test_what_the_log_refuses_stays_and_stops_nothing(service: Service) -> None:
    """More than are moved at once."""
    fill(service)
    service.do(*(reissued(f"voter {number}", chain=OTHER_BALLOT) for number in range(7)), value=b"more")
    assert service.relay() == Relayed(len(VOTERS), 7)
    assert service.relay() == Relayed(0, 7)
    assert service.logged() == Counter(VOTERS)


def test_sv16_a_row_that_was_changed_or_moved_is_not_logged(service: Service) -> None:
    fill(service)
    one, other = service.waiting()[:2]
    with service.store.connection() as connection:
        for row_id, sealed in ((one.id, other.sealed), (other.id, one.sealed)):
            connection.execute(text("UPDATE outbox SET sealed = :sealed WHERE id = :id"), {"sealed": sealed, "id": row_id})
        connection.execute(text("INSERT INTO outbox VALUES (:id, :sealed)"), {"id": b"\x00" * 16, "sealed": one.sealed})
    assert service.relay() == Relayed(len(VOTERS) - 2, 3)
    assert max(service.logged().values()) == 1


# What it looks like


def test_pr10_a_row_does_not_tell_what_it_is_about_or_when_it_came(service: Service) -> None:
    entries = [reissued("voter 4711", "lost"), reissued("voter 4712", "the letter was lost on its way, as the member says")]
    for number, entry in enumerate(entries * 10):
        service.do(Entry(entry.chain, entry.kind, entry.happened, entry.members), value=bytes([number]))
    found = service.waiting()
    assert len({len(row.sealed) for row in found}) == 1
    with service.store.connection() as connection:
        columns = [tuple(row) for row in connection.execute(text("SELECT * FROM outbox"))]
    assert all(len(row) == 2 and len(bytes(row[0])) == 16 for row in columns)
    assert not any(word in bytes(value) for row in columns for value in row for word in (b"voter", b"letter", b"reissue", b"note"))
    entry_ids = {entry.id for entry in entries}
    assert not entry_ids & {row.id for row in found}


def test_in_sqlite_rows_stand_in_the_order_of_their_random_ids(service: Service) -> None:
    for number, voter in enumerate(VOTERS):
        service.do(reissued(voter), value=bytes([number]))
    if service.store.is_sqlite:
        found = [row.id for row in service.waiting()]
        assert found == sorted(found)


def test_the_tables_are_those_that_are_declared(service: Service) -> None:
    assert differences(service.store) == ""
