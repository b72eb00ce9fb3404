"""What the compliance section of the log still lacks: a statement, an owner, a record of access or of protection, a word on monitoring, a
station of which nothing is told (105(c), 82(b)(iii), 121(j)). The report names each by its requirement."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from api.audit.entry import Entry
from api.audit.members import read_moment
from api.registers.incidents import INCIDENT

__all__ = ["Course", "gaps"]

_DAY = timedelta(days=1)
_ACCESS, _MALWARE = "server_access_recorded", "malware_protection_recorded"
_OF_SERVERS = {
    "physical_protection_recorded": ("COP-105c-iv-1", "no statement that it is physically protected"),
    "server_owner_recorded": ("COP-105c-iv-2", "neither owner nor access control are recorded"),
    _MALWARE: ("COP-105c-ii-a", "no protection against malware is recorded"),
}


@dataclass(frozen=True, slots=True)
class Course:
    """How a ballot goes: when voting opens and closes, what time it is, the voting stations by their names."""

    opens: datetime
    closes: datetime
    now: datetime
    stations: Collection[str] = ()


def gaps(by_kind: Mapping[str, Sequence[Entry]], course: Course) -> list[dict[str, Any]]:
    """All of them, each with the requirement that asks for it, what it is about and what is missing. `by_kind`: the entries that count."""
    return [{"requirement": asks, "where": where, "missing": missing} for asks, where, missing in _gaps(by_kind, course)]


def _gaps(by_kind: Mapping[str, Sequence[Entry]], course: Course) -> Iterator[tuple[str, str, str]]:
    kinds = (*_OF_SERVERS, _ACCESS)
    servers = sorted({str(each.members["server"]) for kind in kinds for each in by_kind.get(kind, ())})
    for kind, (asks, missing) in _OF_SERVERS.items():
        named = {each.members["server"] for each in by_kind.get(kind, ())}
        for server in servers or ["servers"]:
            if server not in named:
                yield asks, server, missing
    yield from _malware(by_kind.get(_MALWARE, ()), course)
    yield from _access(servers, by_kind.get(_ACCESS, ()), course)
    if not by_kind.get(INCIDENT) and not by_kind.get("nothing_else_found"):
        yield "COP-105c-iii-4", "monitoring", "neither an incident nor that nothing else was found"
    if not by_kind.get("support_recorded"):
        yield "COP-105c-v", "support", "no figures of technical support"
    told = {each.members.get("station") for each in by_kind.get("issue_recorded", ())}
    for station in sorted(set(course.stations) - {""}):
        if station not in told:
            yield "COP-121j", station, "nothing is recorded of the conduct at this station"


def _malware(entries: Sequence[Entry], course: Course) -> Iterator[tuple[str, str, str]]:
    """A record each for the opening and the close: of a scan at most a day after it, and at most a day before it."""
    scans: dict[str, list[datetime]] = defaultdict(list)
    for each in entries:
        scans[str(each.members["server"])].append(_time(each, "scanned"))
    for server, found in sorted(scans.items()):
        if course.now >= course.opens and min(found) > course.opens + _DAY:
            yield "COP-105c-ii-a", server, "no record of its protection at the opening"
        if course.now >= course.closes and max(found) < course.closes - _DAY:
            yield "COP-105c-ii-a", server, "no record of its protection at the close"


def _access(servers: Sequence[str], entries: Sequence[Entry], course: Course) -> Iterator[tuple[str, str, str]]:
    for server in servers or ["servers"]:
        for way, asks in (("digital", "COP-105c-iv-3"), ("physical", "COP-082b-iii")):
            own = [each for each in entries if (each.members["server"], each.members.get("way")) == (server, way)]
            spans = sorted((_time(each, "started"), _time(each, "ended")) for each in own)
            for day in _missing_days(spans, course):
                yield asks, server, f"no records of {way} attempts to reach it on {day}"


def _missing_days(spans: Sequence[tuple[datetime, datetime]], course: Course) -> Iterator[date]:
    """The days, by UTC, of which some part while voting was open is in no span. `spans` are in order of their start."""
    until = min(course.closes, course.now)
    begin = course.opens.astimezone(UTC)
    while begin < until:
        midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0) + _DAY
        reached = begin
        for started, ended in spans:
            if started <= reached:
                reached = max(reached, ended)
        if reached < min(midnight, until):
            yield begin.date()
        begin = midnight


def _time(entry: Entry, member: str) -> datetime:
    return read_moment(entry.members[member])  # type: ignore[arg-type]  # as an entry that exists has it
