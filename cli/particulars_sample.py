"""Particulars of a made-up ballot of each kind, complete as the opening check wants them: a sample to write one's own after."""

from datetime import UTC, datetime, timedelta
from typing import Any

from engine.statutory import BallotType, Method, Route

__all__ = ["hierarchy_for", "methods_for", "sample_particulars"]

_DOCUMENT = "00" * 32
_HULL = "Dock 3, Port Road, Hull"
_TIMES = "At any time from 7:00 to 19:00, without loss of pay"
_GIVEN = "Considered on 3 November 2026; nothing speaks against it."


def methods_for(kind: BallotType) -> tuple[Method, ...]:
    """The methods that a sample of this kind has: all that the kind allows."""
    return tuple(method for method in Method if method is not Method.WORKPLACE or kind is BallotType.INDUSTRIAL_ACTION)


def hierarchy_for(methods: tuple[Method, ...]) -> tuple[Route, ...]:
    """Workplace papers first, for they cannot be taken out of the box; then electronic votes, then those by post."""
    wanted = [Route.HYBRID_ELECTRONIC, Route.HYBRID_POSTAL] if Method.HYBRID in methods else []
    return tuple(route for route in ([Route.WORKPLACE] if Method.WORKPLACE in methods and wanted else []) + wanted)


def sample_particulars(
    kind: BallotType, methods: tuple[Method, ...], scrutineer: str, union: str, opens: datetime, closes: datetime, candidates: Any = ()
) -> dict[str, Any]:  # fmt: skip
    """Every section that a ballot of this kind needs, by name. `candidates` are (contest, name) of those who stand in an election."""
    appointed = (opens - timedelta(days=60)).date()
    told: dict[str, Any] = {
        "scrutineer": {
            "name": scrutineer, "postal_address": "1 High Street, London", "appointed": str(appointed),
            "qualification": "Listed in the Schedule to the 1993 Order", "description": "https://scrutineer.example/how-it-works",
            "support": {"contact": "help@scrutineer.example, 0800 000 0000", "hours": "Every day, 8:00 to 20:00"},
        },
        "certificates": [{
            "number": "CEP-0001", "scope": "All systems and networks that serve ballots", "specification": "3.2",
            "issued": str((opens - timedelta(days=90)).date()), "expires": str((closes + timedelta(days=90)).date()),
        }],
        "agreements": {
            "trouble": "Agreed on 2 November 2026 by union and scrutineer: go on below the threshold.", "downtime_minutes": 240,
            "contingency": "The plan of 2 November 2026, kept by both.", "contingency_digest": _DOCUMENT,
            "identification": "Membership number, date of birth and one further question from the register.",
        },
        "area": {"voters_abroad": False},
        "servers": [{
            "name": "voting-1", "holds": "all stores", "owner": scrutineer, "access_control": "Named persons with two factors",
            "protection": "Locked room with authenticated entry and CCTV", "provider": scrutineer, "country": "GB",
        }],
        "imprint": {"text": f"Published by {scrutineer}, 1 High Street, London, for {union}, 2 Low Street, Leeds."},
        "union_domains": ["union.example"],
        "determinations": [_determination(union, kind, methods)],
    }  # fmt: skip
    if kind is BallotType.UNION_ELECTION:
        told["candidates"] = [
            {"full_name": name, "ballot_name": name, "contest": contest, "address": _DOCUMENT, "imprint": f"{name}, 3 Mill Lane, York"}
            for contest, name in candidates
        ]
    if kind is BallotType.POLITICAL_FUND:
        told["political_fund"] = {"northern_ireland": False}
    if kind in (BallotType.AMALGAMATION, BallotType.TRANSFER):
        unions = [union, "The other union"] if kind is BallotType.AMALGAMATION else [union]
        told["merger"] = {"unions": unions, "notice": _DOCUMENT, "approved": str(appointed)}
        told["determinations"] = [_determination(each, kind, methods) for each in unions]
    if kind is BallotType.INDUSTRIAL_ACTION:
        told["samples"] = [{"method": method, "document": _DOCUMENT, "sent": str(appointed)} for method in methods]
        told["employers"] = [{"name": "The employer", "domains": ["employer.example"], "workplaces": [_HULL]}]
    if Method.WORKPLACE in methods:
        told["identification"] = ["Union card with photograph", "Passport"]
        told["employers"][0] |= {"consent": _consent(appointed), "agreement": _agreement(appointed)}
        told["stations"] = [_station(opens, closes)]
    return told


def _determination(union: str, kind: BallotType, methods: tuple[Method, ...]) -> dict[str, Any]:
    names = [method.value for method in methods]
    assigned: dict[str, Any] = {"voters": "as the roll says", "methods": names}
    whole: dict[str, Any] = {
        "union": union, "office_holder": "The general secretary", "made": "2026-11-03", "assignments": [assigned],
        "accessibility": _GIVEN, "views": "A survey of members: most prefer electronic voting.", "other_matters": "None.",
        "security_risk": "medium", "security_reasons": _GIVEN, "disruption": _GIVEN, "earlier_reports": "None known.", "urgent": False,
        "alternative": "Members without electronic contact details.", "further_method": _GIVEN,
        "opportunity": "Everyone has at least one method.", "opportunity_given": True,
        "no_reason_known": dict.fromkeys(names, True),
    }  # fmt: skip
    if kind is BallotType.INDUSTRIAL_ACTION:
        whole["coercion"] = _GIVEN
    if methods == (Method.ELECTRONIC,):
        whole["acknowledged"] = {"COP-037": "All members have two personal contacts."}
    return whole


def _consent(appointed: Any) -> dict[str, Any]:
    before = str(appointed - timedelta(days=10))
    return {"agreed_in_principle": before, "confirmed": before}


def _agreement(made: Any) -> dict[str, Any]:
    day = str(made)
    return {
        "document": _DOCUMENT, "made": day, "signed_by_employer": day, "signed_by_union": day, "shared_with_employer": day,
        "shared_with_union": day, "shared_with_scrutineer": day, "locations": ["North gate"], "access": "At all opening hours",
        "emergency": "The employer may enter when life is in danger", "hours_and_duration": "7:00 to 19:00, the first three days",
        "permitted_times": _TIMES, "not_prevented": True, "not_monitored": True, "co_operation": True, "cost_bearer": "The employer",
        "votes_after_breach": "They are not counted, and the ballot is held again", "union_breach": "The union bears the costs",
        "paid_to_union": True,
    }  # fmt: skip


def _station(opens: datetime, closes: datetime) -> dict[str, Any]:
    end = min(opens + timedelta(hours=12), closes)
    return {
        "name": "North gate", "employer": "The employer", "kind": "workplace location", "address": _HULL, "room": "Room 2.14",
        "workplaces": [_HULL], "hours": [{"opens": _utc(opens), "closes": _utc(end)}], "permitted_times": _TIMES, "voters": 50,
        "number_reason": "All work within five minutes of it.", "agreement": "Access agreement, clause 2",
    }  # fmt: skip


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
