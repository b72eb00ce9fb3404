"""A flood of harmless events drowns nothing: they are counted, exactly, and whatever matters is an entry (SV-19)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from api.audit.entry import PLATFORM, Entry, Given
from api.audit.flood import FloodGate
from api.errors import NotFound, Overloaded
from tests.api.auditing import BALLOT, OTHER_BALLOT, START, an_auditing, note
from tests.api.conftest import MakeStore
from tests.api.voting import SetClock


class Record:
    """A log in memory, that can be away, and has one ballot's chain."""

    def __init__(self) -> None:
        self.entries: dict[bytes, Entry] = {}
        self.away = False

    def add(self, entry: Entry) -> int:
        if self.away:
            raise Overloaded("busy", 1)
        if entry.chain == OTHER_BALLOT:
            raise NotFound("there is no log of this ballot")
        self.entries[entry.id] = entry
        return len(self.entries) - 1

    def all(self, kind: str = "request_refused") -> list[Entry]:
        return [entry for entry in self.entries.values() if entry.kind == kind]

    def total(self, kind: str = "request_refused") -> int:
        return sum(int(str(entry.members["count"])) for entry in self.all(kind))


def malformed(source: str = "192.0.2.7", chain: str = PLATFORM) -> Entry:
    return Entry(chain, "request_refused", START, {"what": "malformed", "count": 1, "source": source})


def wrong_code(source: str) -> Entry:
    return Entry(BALLOT, "unauthorised_access_attempted", START, {"what": "access_method", "count": 1, "source": source})


@pytest.fixture
def clock() -> SetClock:
    return SetClock(START)


def test_sv19_a_hundred_thousand_bad_requests_do_not_hide_one_that_matters(clock: SetClock) -> None:
    record = Record()
    gate = FloodGate(record, clock)
    harmless, real = malformed(), note("somebody was in the server room")
    for number in range(100_000):
        if number % 25_000 == 0:
            clock.moment += timedelta(minutes=1)
        if number == 50_000:
            gate.add(real)
        gate.add(harmless if number % 25_000 > 20 else malformed())  # those that are entries of their own need ids of their own
    gate.flush(everything=True)
    assert real.id in record.entries
    assert record.total() == 100_000
    assert len(record.entries) == 4 * 20 + 4 + 1


def test_sv19_the_counts_are_exact(clock: SetClock) -> None:
    record = Record()
    gate = FloodGate(record, clock, singly=5)
    for minute in range(3):
        for _ in range(100 + minute):
            gate.add(malformed())
        clock.moment += timedelta(minutes=1)
    gate.flush()
    assert record.total() == 100 + 101 + 102
    counted = [(entry.members["minute"], entry.members["count"]) for entry in record.all() if "minute" in entry.members]
    assert counted == [("2026-03-02T09:00:00.000000Z", 95), ("2026-03-02T09:01:00.000000Z", 96), ("2026-03-02T09:02:00.000000Z", 97)]
    assert len(record.all()) == 3 * 5 + 3


def test_sv19_critical_kinds_are_never_counted_together_or_dropped(clock: SetClock) -> None:
    record = Record()
    gate = FloodGate(record, clock, singly=1)
    entries = [note(f"number {number}") for number in range(50)]
    for entry in entries:
        gate.add(entry)
        gate.add(malformed())
    assert [entry.id for entry in record.all("note_added")] == [entry.id for entry in entries]
    record.away = True
    with pytest.raises(Overloaded):
        gate.add(note("now"))
    gate.add(malformed())  # counted, and no trouble


def test_sv19_many_addresses_fill_no_memory_and_none_is_uncounted(clock: SetClock) -> None:
    record = Record()
    gate = FloodGate(record, clock, singly=2, groups=10)
    for number in range(500):
        gate.add(wrong_code(f"192.0.2.{number % 250}"))
    assert len(gate._counted) <= 11
    gate.flush(everything=True)
    kind = "unauthorised_access_attempted"
    assert record.total(kind) == 500
    assert len(record.all(kind)) == 2 + 10 + 1
    without = [entry for entry in record.all(kind) if "source" not in entry.members]
    assert [entry.members["what"] for entry in without] == ["access_method"]


def test_wrong_codes_are_counted_by_their_source(clock: SetClock) -> None:
    record = Record()
    gate = FloodGate(record, clock, singly=0)
    for number in range(30):
        gate.add(wrong_code("192.0.2.1" if number % 3 else "2001:db8::1"))
    gate.flush(everything=True)
    found: dict[Given, Given] = {entry.members["source"]: entry.members["count"] for entry in record.all("unauthorised_access_attempted")}
    assert found == {"192.0.2.1": 20, "2001:db8::1": 10}


def test_a_log_that_is_away_gets_everything_later_and_once(clock: SetClock) -> None:
    record = Record()
    gate = FloodGate(record, clock, singly=3)
    record.away = True
    for _ in range(10):
        gate.add(malformed())
    clock.moment += timedelta(minutes=1)
    assert gate.flush() == 4
    record.away = False
    assert gate.flush() == 0
    assert gate.flush(everything=True) == 0
    assert (record.total(), len(record.all())) == (10, 4)


def test_events_of_a_ballot_without_a_log_are_the_platform_s(clock: SetClock) -> None:
    record = Record()
    gate = FloodGate(record, clock, singly=1)
    for _ in range(5):
        gate.add(malformed(chain=OTHER_BALLOT))
    gate.flush(everything=True)
    assert {entry.chain for entry in record.all()} == {PLATFORM}
    assert record.total() == 5


def test_many_threads_lose_no_event(clock: SetClock) -> None:
    record = Record()
    gate = FloodGate(record, clock, singly=7)

    def add_a_hundred() -> None:
        for _ in range(100):
            gate.add(malformed())

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(add_a_hundred) for _ in range(8)]:
            done.result()
    gate.flush(everything=True)
    assert record.total() == 800
    assert len(record.all()) == 8


def test_counted_events_stand_in_the_real_log(make_store: MakeStore) -> None:
    auditing = an_auditing(make_store)
    clock = SetClock(START)
    gate = FloodGate(auditing.log, clock, singly=2)
    for _ in range(50):
        gate.add(wrong_code("192.0.2.1"))
    gate.flush(everything=True)
    read = list(auditing.log.read("auditor-1", "test", BALLOT, kinds=["unauthorised_access_attempted"]))
    assert [each.entry.members["count"] for each in read] == [1, 1, 48]
    auditing.log.verify(BALLOT)
