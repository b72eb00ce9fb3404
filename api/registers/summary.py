"""Figures of the registers for the scrutineer's report: numbers by category, and no identifier. What the report has to say in words, which
are incidents, issues marked for it and the conduct at voting stations, is there as it was told."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from api.audit.entry import Entry
from api.registers.complaints import PRESSURE
from api.registers.failures import NOT_SMALL, labels_of
from api.registers.gaps import Course, gaps
from api.registers.incidents import INCIDENT, UNFOUNDED, rules_out_clean_statement, status_of
from api.registers.threads import current, roots

__all__ = ["figures"]

_YES = "yes"


def figures(entries: Sequence[Entry], course: Course, margin: int | None) -> dict[str, Any]:
    """Everything that the report says of the registers. `entries` are all of theirs, in order; `margin` None before it is known. An entry
    whose place a later one has taken is not counted."""
    counting = current(entries)
    by_kind: dict[str, list[Entry]] = defaultdict(list)
    for each in counting:
        by_kind[each.kind].append(each)
    ruled_out = rules_out_clean_statement(entries)
    incidents = [*by_kind[INCIDENT], *by_kind[UNFOUNDED]]
    return {
        "complaints": _complaints(by_kind["complaint_received"], by_kind["complaint_answered"], roots(entries)),
        "incidents": {
            "by_status": _counted(status_of(each) for each in incidents),
            "entries": [_in_words(each, ("category", "status", "description", "effect", "started", "ended")) for each in by_kind[INCIDENT]],
            "nothing_else_found": [_in_words(each, ("started", "ended")) for each in by_kind["nothing_else_found"]],
        },
        "clean_statement_ruled_out": ruled_out,
        "failures": _failures(by_kind["failure_recorded"], margin),
        "issues": _issues(by_kind["issue_recorded"]),
        "refusals": {
            "by_what": _counted(each.members["what"] for each in by_kind["refusal_recorded"]),
            "without_outcome": sum("outcome" not in each.members for each in by_kind["refusal_recorded"]),
        },
        "non_receipt": len(by_kind["non_receipt_reported"]),
        "support": {
            "requests": _sum(by_kind["support_recorded"], "requests"), "resolved": _sum(by_kind["support_recorded"], "resolved"),
            "by_channel": [_in_words(each, ("channel", "hours", "requests", "resolved")) for each in by_kind["support_recorded"]],
        },
        "backups": [_in_words(each, ("database", "backup", "made", "verified", "backup_hash")) for each in by_kind["backup_made"]],
        "notes": len(by_kind["note_added"]),
        "gaps": gaps(by_kind, course),
    }  # fmt: skip


def _complaints(received: Sequence[Entry], answers: Sequence[Entry], roots_of: dict[str, str]) -> dict[str, Any]:
    """In numbers: all, by category, about pressure on voters, and those that have no answer."""
    answered = {roots_of.get(str(each.members["complaint"]), "") for each in answers}
    categories = _counted(each.members.get("category", "other") for each in received)
    return {
        "number": len(received), "by_category": categories,
        "about_pressure": sum(number for category, number in categories.items() if category in PRESSURE),
        "unanswered": sum(roots_of[each.id.hex()] not in answered for each in received),
    }  # fmt: skip


def _failures(entries: Sequence[Entry], margin: int | None) -> dict[str, Any]:
    """Numbers beside the margin. Whether anything may be disregarded is for others to say (162)."""
    found: dict[str, dict[str, int]] = {}
    for each in entries:
        of_category = found.setdefault(str(each.members["category"]), {"entries": 0, "voters": 0, "deliberate": 0, "not_small": 0})
        of_category["entries"] += 1
        of_category["voters"] += int(str(each.members["voters"]))
        of_category["deliberate"] += each.members["intent"] == "deliberate"
        of_category["not_small"] += bool(labels_of(each, margin))
    voters = sum(each["voters"] for each in found.values())
    large = any(each["not_small"] for each in found.values()) or (margin is not None and voters >= max(margin, 1))
    return {"by_category": dict(sorted(found.items())), "voters": voters, "margin": margin, "labels": [NOT_SMALL] if large else []}


def _issues(entries: Sequence[Entry]) -> dict[str, Any]:
    marked = [each for each in entries if each.members["report"] == _YES]
    stations: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in entries:
        if "station" in each.members:
            stations[str(each.members["station"])].append(_in_words(each, ("subject", "noticed", "resolved", "outcome")))
    return {
        "number": len(entries), "unresolved": sum(each.members["resolved"] != _YES for each in entries), "by_station": dict(stations),
        "for_the_report": [_in_words(each, ("subject", "noticed", "station", "resolved", "outcome")) for each in marked],
        "for_the_report_and_unresolved": sum(each.members["resolved"] != _YES for each in marked),
    }  # fmt: skip


def _in_words(entry: Entry, members: Sequence[str]) -> dict[str, Any]:
    return {name: entry.members[name] for name in members if name in entry.members}


def _counted(words: Any) -> dict[str, int]:
    return dict(sorted(Counter(map(str, words)).items()))


def _sum(entries: Sequence[Entry], member: str) -> int:
    return sum(int(str(each.members[member])) for each in entries)
