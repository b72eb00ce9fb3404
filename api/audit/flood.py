"""What keeps a flood from drowning the log (SV-19): kinds that may come in floods are counted by the minute, all others are entries.

Of the kinds with `grouped_by` (see `events`) the first few of each sort in a minute are entries of their own, with a `count` of 1. The rest
are counted by what they have in common, and one entry each says how many there were in which `minute`. So the counts of all entries
together are exactly the number of events. What is counted and not yet written is lost if the process dies: a minute's, at most.
"""

import threading
from collections import Counter, deque
from dataclasses import dataclass, replace
from datetime import datetime

from api.audit.entry import PLATFORM, Entry, Given, Recorder
from api.audit.events import kind_of
from api.clock import Clock
from api.errors import Conflict, NotFound, Overloaded, StoreError

__all__ = ["FloodGate"]


@dataclass(frozen=True, slots=True)
class _Group:
    """What counted events have in common."""

    chain: str
    kind: str
    members: tuple[tuple[str, Given], ...]


class FloodGate:
    """Stands before a log. In a minute `singly` events of a sort are entries of their own, and there are at most `groups` counters: beyond
    that, events are counted by their sort alone, so that many addresses fill no memory."""

    def __init__(self, audit: Recorder, clock: Clock, singly: int = 20, groups: int = 1000) -> None:
        self._audit, self._clock, self._singly, self._groups = audit, clock, singly, groups
        self._lock, self._delivering = threading.Lock(), threading.Lock()
        self._minute = _minute(clock.now())
        self._single: Counter[tuple[str, str, Given]] = Counter()
        self._counted: Counter[_Group] = Counter()
        self._waiting: deque[Entry] = deque()

    def add(self, entry: Entry) -> None:
        """Logs an event. If its kind is critical it is in the log when this returns, or the log's error is raised. If not, it is in the log
        or counted, and nothing is raised if the log is busy."""
        kind = kind_of(entry.kind)
        if not kind.grouped_by or "minute" in entry.members:
            self._audit.add(entry)
            return
        with self._lock:
            self._turn(_minute(self._clock.now()))
            sort = (entry.chain, entry.kind, entry.members[kind.grouped_by[0]])
            self._single[sort] += 1
            if self._single[sort] > self._singly:
                self._count(entry)
            else:
                self._waiting.append(entry)
        self._deliver()

    def flush(self, *, everything: bool = False) -> int:
        """Writes the counters of minutes that are over, or all of them: to be called every minute, and with `everything` when the service
        stops. Answers how many entries still wait because the log does not take them now."""
        with self._lock:
            self._turn(_minute(self._clock.now()), everything=everything)
        self._deliver()
        return len(self._waiting)

    def _turn(self, minute: datetime, *, everything: bool = False) -> None:
        """Closes the counters when a minute is over."""
        if minute == self._minute and not everything:
            return
        for group, count in self._counted.items():
            members: dict[str, Given] = {**dict(group.members), "count": count, "minute": self._minute}
            self._waiting.append(Entry(group.chain, group.kind, self._clock.now(), members))
        self._counted.clear()
        if minute != self._minute:
            self._single.clear()
            self._minute = minute

    def _count(self, entry: Entry) -> None:
        names = kind_of(entry.kind).grouped_by
        group = _Group(entry.chain, entry.kind, tuple((name, entry.members[name]) for name in names if name in entry.members))
        if group not in self._counted and len(self._counted) >= self._groups:
            group = replace(group, members=group.members[:1])
        self._counted[group] += int(str(entry.members["count"]))

    def _deliver(self) -> None:
        """Hands in what waits, one thread at a time. An entry stays first in the queue, with its id, until the log has it."""
        while self._waiting and self._delivering.acquire(blocking=False):
            try:
                while self._waiting:
                    self._hand_in(self._waiting[0])
                    self._waiting.popleft()
            except (Overloaded, StoreError):
                return
            finally:
                self._delivering.release()

    def _hand_in(self, entry: Entry) -> None:
        try:
            self._audit.add(entry)
        except (NotFound, Conflict):  # there is no such ballot's log, or none any more
            self._audit.add(replace(entry, chain=PLATFORM))


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
