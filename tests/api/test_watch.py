"""The staff's service looks by itself whether somebody has edited the voter database, and tells each finding once (SV-16)."""

import threading
from dataclasses import dataclass

import pytest
from prometheus_client import generate_latest
from starlette.testclient import TestClient

from api.audit.entry import PLATFORM, Entry
from api.counting import Counts
from api.errors import StoreError
from api.logs import MEMBERS
from api.voters import watch as module
from api.voters.integrity import Integrity
from api.voters.watch import EVERY, IntegrityWatch
from tests.api.conftest import MakeStore
from tests.api.office import HOST, Office
from tests.api.test_integrity import as_owner
from tests.api.voting import Voting, a_voting
from tests.api.watching import configured, lines


@pytest.fixture
def voting(make_store: MakeStore) -> Voting:
    voting = a_voting(make_store)
    for code in voting.voters(3):
        voting.cast(code)
    return voting


@dataclass
class Kept:
    """A log that keeps what it is handed."""

    entries: list[Entry]

    def add(self, entry: Entry) -> int:
        self.entries.append(entry)
        return len(self.entries)


def told(voting: Voting) -> list[tuple[object, object]]:
    """What is new on its way to the audit log: outcome and number of findings."""
    kept = Kept([])
    voting.database.relay(kept)
    assert {(each.kind, each.chain) for each in kept.entries} <= {("integrity_checked", PLATFORM)}
    return [(each.members["outcome"], each.members["findings"]) for each in kept.entries]


@pytest.mark.proves("COP-105c-iii-2")
def test_sv16_each_finding_is_told_once_and_a_new_one_again(voting: Voting) -> None:
    watch = IntegrityWatch(voting.database, voting.clock)
    with configured() as stream:
        watch.look()
        watch.look()
        assert told(voting) == [("passed", 0)]
        as_owner(voting.database.store, "UPDATE voting_window SET closes = '2031-01-01 00:00:00+00:00'")
        for _ in range(3):
            watch.look()
        assert told(voting) == [("failed", 1)]
        as_owner(voting.database.store, "UPDATE log_head SET size = size + 1")
        watch.look()
        watch.look()
        assert told(voting) == [("failed", 2)]
        as_owner(voting.database.store, "UPDATE log_head SET size = size - 1")
        watch.look()
        assert told(voting) == [("failed", 1)], "what was put back is told, too"
        as_owner(voting.database.store, "UPDATE log_head SET size = size + 1")
        watch.look()
        assert told(voting) == [("failed", 2)], "and the same edit once more"
    alarms = [each for each in lines(stream) if each["level"] == "critical"]
    assert [each["count"] for each in alarms] == [1, 2, 2]
    assert all(set(each) <= set(MEMBERS) for each in alarms)
    assert (watch.looks, watch.findings) == (9, 2)


def test_that_there_is_nothing_is_told_once_a_day(voting: Voting) -> None:
    watch = IntegrityWatch(voting.database, voting.clock)
    for _ in range(2):
        watch.look()
        watch.look()
        voting.clock.moment += module._ONE_DAY
    assert told(voting) == [("passed", 0)] * 2


def test_sv16_a_look_takes_a_fraction_of_a_core_however_big_the_database_is(
    voting: Voting, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    for taken, pause in ((0.5, EVERY - 0.5), (6.0, 24.0), (300.0, 1200.0)):

        def slow(_: object, taken: float = taken) -> Integrity:
            now[0] += taken
            return Integrity()

        monkeypatch.setattr(module, "check_integrity", slow)
        assert IntegrityWatch(voting.database, voting.clock, lambda: now[0]).look() == pytest.approx(pause)
        assert EVERY <= 60


def test_there_are_never_two_looks_at_a_time(voting: Voting, monkeypatch: pytest.MonkeyPatch) -> None:
    looking, go_on, looks = threading.Event(), threading.Event(), []

    def slow(_: object) -> Integrity:
        looks.append(1)
        looking.set()
        assert go_on.wait(20)
        return Integrity()

    monkeypatch.setattr(module, "check_integrity", slow)
    watch = IntegrityWatch(voting.database, voting.clock)
    first = threading.Thread(target=watch.look)
    first.start()
    assert looking.wait(20)
    watch.look()
    go_on.set()
    first.join(20)
    assert looks == [1]


def test_sv16_rows_that_nobody_can_read_are_a_finding(voting: Voting, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(error: Exception) -> object:
        def call(_: object) -> Integrity:
            raise error

        return call

    watch = IntegrityWatch(voting.database, voting.clock)
    monkeypatch.setattr(module, "check_integrity", fails(StoreError("the database does not answer")))
    watch.look()
    assert (watch.looks, told(voting)) == (0, [])
    monkeypatch.setattr(module, "check_integrity", fails(TypeError("an integer was expected")))
    watch.look()
    watch.look()
    assert told(voting) == [("failed", 1)]


def test_sv16_the_staff_service_finds_an_edit_by_itself(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY", 0.01)
    office = Office(make_store)
    voting = Voting(office.databases.voters, office.clock)
    voting.clock.moment = voting.window.opens
    voting.cast(voting.voters(1)[0])
    counts: Counts = office.app.state.counts
    watch = office.app.state.watch
    with TestClient(office.app, base_url=f"https://{HOST}") as running:
        until(lambda: watch.looks)
        assert "psephos_integrity_findings 0.0" in generate_latest(counts.registry).decode()
        as_owner(voting.database.store, "UPDATE log_head SET size = size + 1")
        until(lambda: watch.findings)
        assert "psephos_integrity_findings 1.0" in generate_latest(counts.registry).decode()
        assert running.get("/ready").status_code == 200, "votes are still taken"
    reader = office.members["ada"].account_id
    found = office.databases.audit.read(reader, "a test", PLATFORM, kinds=["integrity_checked"])
    assert sorted(str(each.entry.members["outcome"]) for each in found) == ["failed", "passed"], "relayed in no order that says anything"


def until(there: object) -> None:
    """Waits till it is so."""
    waiting = threading.Event()
    for _ in range(2000):
        if callable(there) and there():
            return
        waiting.wait(0.01)
    raise AssertionError("it does not come")
