"""Numbers for whoever watches a service: how many requests, how long, what was refused. Prometheus reads them at a listener of its own.

While a ballot is open nobody may learn how many have voted, or that somebody votes at this moment (PR-13). So whatever counts voters'
requests that were granted is shown in whole tens, all kinds of such requests together; how long they took likewise, and ballots that wait
in whole eights. What was refused is counted exactly: it is no vote, and who runs the service must see it.
"""

import platform
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from threading import Lock

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

__all__ = ["BUCKETS", "STEP", "VOTERS", "Counts"]

STEP = 10
"""Voters' requests are shown by so many."""
VOTERS = "voters' requests"
"""What stands for all routes that voters use."""
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds."""
_WAITING_STEP = 8


@dataclass
class _Durations:
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        self.buckets[next((at for at, limit in enumerate(BUCKETS) if seconds <= limit), len(BUCKETS))] += 1
        self.total += seconds

    @property
    def count(self) -> int:
        return sum(self.buckets)

    def copy(self) -> "_Durations":
        return _Durations(list(self.buckets), self.total)


class Counts(Collector):
    """The numbers of one service. `waiting` says how many ballots are being checked, `moved` whether the clock was; `integrity`, where the
    voter database is watched, how many looks there were and what the last one found."""

    def __init__(
        self, service: str, waiting: Callable[[], int] = lambda: 0, moved: Callable[[], bool] = lambda: False,
        integrity: Callable[[], tuple[int, int]] | None = None,
    ) -> None:  # fmt: skip
        self._service, self._waiting, self._moved, self._integrity = service, waiting, moved, integrity
        self._lock = Lock()
        self._requests: dict[tuple[str, str, str], int] = {}
        self._durations: dict[str, _Durations] = {}
        self._shown = _Durations()
        self._refusals = dict.fromkeys(("overload", "rate limit", "database", "mistake"), 0)
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(self)

    def request(self, method: str, route: str, status: int, seconds: float) -> int:
        """One that was answered. Answers how many of this kind there have been, for what is written ten at a time."""
        with self._lock:
            key = (method, route, f"{status // 100}xx")
            self._requests[key] = count = self._requests.get(key, 0) + 1
            durations = self._durations.setdefault(route, _Durations())
            durations.add(seconds)
            if route == VOTERS and durations.count % STEP == 0:
                self._shown = durations.copy()
            return count

    def refusal(self, kind: str) -> None:
        """One for "overload", "rate limit", "database" or "mistake"."""
        with self._lock:
            self._refusals[kind] += 1

    def collect(self) -> Iterable[Metric]:
        """What Prometheus reads."""
        with self._lock:
            yield from self._families()
        waiting = GaugeMetricFamily("psephos_ballots_waiting", "Ballots being checked or waiting for it, in whole eights")
        waiting.add_metric([], self._waiting() // _WAITING_STEP * _WAITING_STEP)
        moved = GaugeMetricFamily("psephos_clock_moved", "1 if the machine's clock was moved since the service started")
        moved.add_metric([], int(self._moved()))
        built = InfoMetricFamily("psephos_build", "What runs here")
        built.add_metric([], {"service": self._service, "version": version("psephos"), "python": platform.python_version()})
        yield from (waiting, moved, built)
        if self._integrity is not None:
            looks, found = self._integrity()
            yield CounterMetricFamily("psephos_integrity_looks", "Times that every row of the voter database was looked at", looks)
            yield GaugeMetricFamily("psephos_integrity_findings", "What the last look found: somebody has edited the database", found)

    def _families(self) -> Iterator[Metric]:
        requests = CounterMetricFamily("psephos_requests", "Requests answered", labels=["method", "route", "status"])
        for (method, route, status), count in sorted(self._requests.items()):
            coarse = route == VOTERS and status == "2xx"
            requests.add_metric([method, route, status], count // STEP * STEP if coarse else count)
        durations = HistogramMetricFamily("psephos_request_duration_seconds", "From request to answer", labels=["route"])
        for route, taken in sorted(self._durations.items()):
            shown = self._shown if route == VOTERS else taken
            limits = [*map(str, BUCKETS), "+Inf"]
            sums = [(limit, float(sum(shown.buckets[: at + 1]))) for at, limit in enumerate(limits)]
            durations.add_metric([route], sums, round(shown.total, 1))
        refusals = CounterMetricFamily("psephos_refusals", "Answers for a reason of the service's own", labels=["reason"])
        for reason, count in self._refusals.items():
            refusals.add_metric([reason], count)
        yield from (requests, durations, refusals)
