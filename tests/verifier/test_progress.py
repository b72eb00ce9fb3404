"""Progress: phases by name, a rate and the time left; a line over itself on a terminal, a line now and then elsewhere."""

import io
from pathlib import Path

import pytest

from tests.verifier.sample import KEY, TOY, make, write
from verifier import progress
from verifier.progress import Display
from verifier.verify import verify_record


class Clock:
    """Each look at it takes as long as it is told."""

    def __init__(self) -> None:
        self.now, self.step = 1000.0, 0.0

    def monotonic(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress, "time", made)
    return made


def test_on_a_terminal_the_line_is_written_over_itself(clock: Clock) -> None:
    stream = io.StringIO()
    show = Display(stream, terminal=True)
    for done in range(0, 101, 25):
        show("ballots", done, 100)
        clock.now += 10
    lines = stream.getvalue().split("\r")[1:]
    assert [line.rstrip() for line in lines] == [
        "[....................] checking ballots: 0/100, 0.0/s, ? left",
        "[#####...............] checking ballots: 25/100, 2.5/s, 0:30 left",
        "[##########..........] checking ballots: 50/100, 2.5/s, 0:20 left",
        "[###############.....] checking ballots: 75/100, 2.5/s, 0:10 left",
        "[####################] checking ballots: 100/100, 2.5/s, 0:00 left",
    ]
    assert {len(line.rstrip("\n")) for line in lines} == {79}
    assert stream.getvalue().endswith("\n")


def test_elsewhere_a_line_comes_every_few_seconds(clock: Clock) -> None:
    stream = io.StringIO()
    show = Display(stream, terminal=False)
    for done in range(101):
        show("reading", done * 10**6, 10**8)
        clock.now += 0.5
    lines = stream.getvalue().splitlines()
    assert 9 <= len(lines) <= 12
    assert lines[0] == "[....................] reading the files: 0/100 MB, ? left"
    assert lines[-1] == "[####################] reading the files: 100/100 MB, 0:00 left"


def test_what_an_earlier_run_had_done_does_not_count_for_the_rate(clock: Clock) -> None:
    stream = io.StringIO()
    show = Display(stream, terminal=True)
    show("ballots", 900_000, 1_000_000)
    clock.now += 10
    show("ballots", 900_100, 1_000_000)
    assert "900100/1000000, 10/s, 2:46:30 left" in stream.getvalue()
    assert all(len(line) <= 79 for line in stream.getvalue().split("\r"))


def test_every_phase_is_reported_up_to_its_end(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    folder = write(tmp_path / "record", make()[1])
    report = verify_record(folder, KEY, group=TOY, progress=lambda *told: seen.append(told))
    assert report.verified
    assert list(dict.fromkeys(phase for phase, _, _ in seen)) == ["reading", "ballots", "comparing"]
    for phase in ("reading", "ballots", "comparing"):
        told = [(done, total) for name, done, total in seen if name == phase]
        assert [done for done, _ in told] == sorted(done for done, _ in told)
        if phase == "ballots":
            assert (told[0], told[-1]) == ((0, 8), (8, 8))
