"""What kind of statutory ballot a manifest is for, by which methods votes come back, and which of a voter's votes counts
(record-format.md, 2.3, `statutory`; Code of practice, paragraphs 5, 6, 17 and 153 to 155).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from engine.encoding import member
from engine.errors import ManifestError

__all__ = [
    "BallotType", "Method", "Route", "Statutory", "StatutoryEntry", "find_ballot_type", "ranked", "read_statutory",
    "routes_of",
]  # fmt: skip


class BallotType(StrEnum):
    """The five kinds of ballot that may be held electronically."""

    INDUSTRIAL_ACTION = "industrial action"
    UNION_ELECTION = "union election"
    POLITICAL_FUND = "political fund"
    AMALGAMATION = "amalgamation"
    TRANSFER = "transfer of engagements"

    @property
    def section(self) -> str:
        """The section of the Trade Union and Labour Relations (Consolidation) Act 1992 under which it is held."""
        return _SECTIONS[self]


_RECOGNITION = ("cac", "recognition", "derecognition")  # of the Central Arbitration Committee


def find_ballot_type(text: str) -> BallotType:
    """The kind that `text` names. Raises ManifestError with what the Code says if there is none."""
    if text in set(BallotType):
        return BallotType(text)
    if text.strip().casefold() in _RECOGNITION:
        raise ManifestError("ballots of the Central Arbitration Committee are not held by this Code (COP-008)")
    raise ManifestError(f"expected one of {', '.join(BallotType)} as ballot type, got {text[:40]!a} (COP-005)")


_SECTIONS = {
    BallotType.INDUSTRIAL_ACTION: "226(1)(a)",
    BallotType.UNION_ELECTION: "46(1)(a)",
    BallotType.POLITICAL_FUND: "72C(1)",
    BallotType.AMALGAMATION: "97(1)(b)",
    BallotType.TRANSFER: "97(2)(b)",
}


class Method(StrEnum):
    """How a voter is balloted, in the order in which a manifest lists methods."""

    ELECTRONIC = "electronic"
    HYBRID = "hybrid"
    WORKPLACE = "workplace"
    POSTAL = "postal"


class Route(StrEnum):
    """A way in which a vote can come back. Hybrid voting alone has two."""

    ELECTRONIC = "electronic"
    HYBRID_ELECTRONIC = "hybrid electronic"
    HYBRID_POSTAL = "hybrid postal"
    WORKPLACE = "workplace"
    POSTAL = "postal"


_ROUTES = {
    Method.ELECTRONIC: (Route.ELECTRONIC,),
    Method.HYBRID: (Route.HYBRID_ELECTRONIC, Route.HYBRID_POSTAL),
    Method.WORKPLACE: (Route.WORKPLACE,),
    Method.POSTAL: (Route.POSTAL,),
}


def routes_of(*methods: Method) -> tuple[Route, ...]:
    """The ways in which votes come back by these methods."""
    return tuple(route for method in methods for route in _ROUTES[method])


@dataclass(frozen=True, slots=True)
class StatutoryEntry:
    """The member `statutory` as written."""

    ballot_type: str = member()
    section: str = member()
    methods: tuple[str, ...] = member()
    hierarchy: tuple[str, ...] | None = member()


@dataclass(frozen=True, slots=True)
class Statutory:
    """`hierarchy` ranks routes, the one that always counts first; empty if nobody has more than one."""

    ballot_type: BallotType
    methods: tuple[Method, ...]
    hierarchy: tuple[Route, ...]


def read_statutory(entry: StatutoryEntry) -> Statutory:
    """The member, if it says what a ballot can be. Raises ManifestError with the paragraph of the Code that forbids it."""
    where = "voting.statutory"
    kind = find_ballot_type(entry.ballot_type)
    if entry.section != kind.section:
        raise ManifestError(f"{where}: a ballot on {kind} is held under section {kind.section} (COP-005)")
    methods = [each.value for each in Method if each in entry.methods]
    if not methods or list(entry.methods) != methods:
        raise ManifestError(f"{where}: expected methods among {', '.join(Method)}, in this order, each once")
    if Method.WORKPLACE in entry.methods and kind is not BallotType.INDUSTRIAL_ACTION:
        raise ManifestError(f"{where}: only ballots on industrial action are held at the workplace (COP-006)")
    used = routes_of(*map(Method, methods))
    ranked = entry.hierarchy
    if ranked is None:
        if Method.HYBRID in entry.methods:
            raise ManifestError(f"{where}: hybrid voting has two routes: the hierarchy says which vote counts (COP-034)")
    elif len(ranked) < 2 or len(set(ranked)) < len(ranked) or not set(ranked) <= set(used):
        raise ManifestError(f"{where}: expected a hierarchy of two or more routes among {', '.join(used)}, each once (COP-154.2)")
    elif Method.HYBRID in entry.methods and not set(routes_of(Method.HYBRID)) <= set(ranked):
        raise ManifestError(f"{where}: the hierarchy leaves out a route of hybrid voting (COP-034)")
    return Statutory(kind, tuple(map(Method, methods)), tuple(map(Route, ranked or ())))


def ranked(statutory: Statutory | None, methods: Iterable[Method]) -> tuple[Route, ...]:
    """The routes of a voter who has these methods, the one that always counts first; empty for a voter who has not several."""
    routes = set(routes_of(*methods))
    found = tuple(route for route in (statutory.hierarchy if statutory else ()) if route in routes)
    return found if len(found) > 1 else ()
