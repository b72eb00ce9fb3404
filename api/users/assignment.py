"""Methods of the people on a roll, by the ballot's determination; and the roll in numbers, which staff's service and voters are told."""

from collections import Counter
from dataclasses import dataclass

from api.law.determination import Determination, assigned, possible
from api.users.entries import Entry
from api.users.people import Known, Minted
from engine.statutory import Method, Route, routes_of

__all__ = ["Assign", "Numbers"]


@dataclass(frozen=True, slots=True)
class Assign:
    """What a determination gives people on the roll: its rules, the hierarchy of the ballot, and the version of the particulars in which
    it stands."""

    determination: Determination
    hierarchy: tuple[Route, ...]
    particulars: int

    def __call__(self, entry: Entry) -> tuple[tuple[Method, ...], tuple[Method, ...]]:
        """The methods of this person, and those that the person has or may be moved to."""
        reachable = bool(entry.email or entry.mobile)
        has = assigned(self.determination, reachable=reachable, named=map(Method, entry.methods))
        return has, possible(self.determination, has)

    def ranks(self, methods: tuple[Method, ...]) -> bool:
        """Whether a voter with these methods has one route, or the hierarchy says which of several counts (34)."""
        routes = routes_of(*methods)
        return len(routes) < 2 or set(routes) <= set(self.hierarchy)


class Numbers:
    """Counts people as they are handed over. `named` are people by the methods they have, `without_method` those who have none by which
    they can vote (COP-032, COP-056.5), `unranked` those with several routes of which nobody has said which counts (COP-033.2),
    `exceptions` contacts that are held back."""

    def __init__(self, assign: Assign | None) -> None:
        self._assign = assign
        self.named: Counter[Method] = Counter()
        self.without_method = self.unranked = self.exceptions = 0

    @property
    def particulars(self) -> int:
        """The version whose determination is followed; 0 if there is none."""
        return self._assign.particulars if self._assign else 0

    def minted(self, known: Known) -> Minted:
        """What the voter database is told of this person."""
        entry = known.entry
        has, may = self._assign(entry) if self._assign else (tuple(map(Method, entry.methods)), ())
        self.named.update(has)
        self.exceptions += len(entry.withheld)
        self.without_method += not has or (has == (Method.ELECTRONIC,) and not entry.email and not entry.mobile)
        self.unranked += self._assign is not None and not self._assign.ranks(may)
        return Minted(known.unique_identifier, entry.style, may)
