"""What one run of the benchmarks has measured: the files that pytest-benchmark and the peer's program leave in the folder of results."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.verification import Way

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True)
class Figure:
    """A median with its smallest and largest value."""

    value: float
    least: float
    most: float

    @staticmethod
    def of(values: list[float]) -> Figure:
        """Of the values of several rounds."""
        return Figure(statistics.median(values), min(values), max(values))

    def times(self, factor: float) -> Figure:
        """In another unit."""
        return Figure(self.value * factor, self.least * factor, self.most * factor)

    def against(self, other: Figure) -> Figure:
        """How many times the other goes into this one."""
        return Figure(self.value / other.value, self.least / other.most, self.most / other.least)


class Measured:
    """All of it. Nothing is there that did not run."""

    def __init__(self) -> None:
        self.benchmarks = {each["name"]: each for each in _read("psephos.raw.json").get("benchmarks", [])}
        self.peer: dict[str, Any] = _read("peer.json").get("operations", {})
        self.scale: dict[int, dict[str, list[dict[str, Any]]]] = {}
        for name, each in self.benchmarks.items():
            if name.startswith("bench_verify["):
                self.scale[each["extra_info"]["ballots"]] = each["extra_info"]["runs"]

    def noted(self, name: str) -> dict[str, Any]:
        """What a benchmark noted itself; empty if it did not run."""
        return self.benchmarks[name]["extra_info"] if name in self.benchmarks else {}  # type: ignore[no-any-return]

    def seconds(self, name: str) -> Figure | None:
        """CPU seconds for one unit of a benchmark."""
        if name not in self.benchmarks:
            return None
        stats, units = self.benchmarks[name]["stats"], self.noted(name).get("units", 1)
        return Figure(stats["median"], stats["min"], stats["max"]).times(1 / units)

    def multiplications_for_a_selection(self, hints: bool) -> dict[str, Any] | None:
        """What was counted, with hints or without."""
        prefix = "bench_multiplications_for_a_selection["
        counts = [each["extra_info"] for name, each in self.benchmarks.items() if name.startswith(prefix)]
        return next((each for each in counts if each["hints"] == hints), None)

    def points(self, way: Way, what: str = "seconds") -> list[tuple[int, Figure]]:
        """How long a way to verify took, by number of ballots, ascending."""
        found = ((ballots, runs.get(str(way), [])) for ballots, runs in sorted(self.scale.items()))
        return [(ballots, Figure.of([run[what] for run in runs])) for ballots, runs in found if runs]

    def others(self) -> float:
        """How many cores other programs kept busy while records were verified. Dask's workers would count among them."""
        found = (run for each in self.scale.values() for way, runs in each.items() if "Dask" not in way for run in runs)
        return statistics.median(run.get("others", 0.0) for run in found) if self.scale else 0.0

    def a_ballot(self, way: Way, fewest: int = 0) -> tuple[int, Figure] | None:
        """CPU seconds for a ballot in the largest record of at least so many."""
        points = [(ballots, figure) for ballots, figure in self.points(way, "cpu") if ballots >= fewest]
        return (points[-1][0], points[-1][1].times(1 / points[-1][0])) if points else None

    def against_peer(self, operation: str, ours: Figure | None) -> Figure | None:
        """How many times the peer's time ours goes into."""
        theirs = self.peer.get(operation)
        if theirs is None or ours is None:
            return None
        return Figure(theirs["median"] / ours.value, theirs["q1"] / ours.most, theirs["q3"] / ours.least)


def _read(name: str) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((RESULTS / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return content
