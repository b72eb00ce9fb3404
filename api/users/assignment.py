"""Methods of the people on a roll, by the ballot's determination; and the roll in numbers, which staff's service and voters are told."""

from collections import Counter

from api.users.desk import Assign
from api.users.people import Known, Minted
from engine.statutory import Method

__all__ = ["Numbers"]


class Numbers:
    """Counts people as they are handed over. `named` are people by the methods they have, `without_method` those who have none by which
    they can vote (COP-032, COP-056.5), `exceptions` contacts that are held back."""

    def __init__(self, assign: Assign | None) -> None:
        self._assign = assign
        self.named: Counter[Method] = Counter()
        self.without_method = self.exceptions = 0

    def minted(self, known: Known) -> Minted:
        """What the voter database is told of this person."""
        entry = known.entry
        has, may = self._assign(entry) if self._assign else (tuple(map(Method, entry.methods)), ())
        self.named.update(has)
        self.exceptions += len(entry.withheld)
        self.without_method += not has or (has == (Method.ELECTRONIC,) and not entry.email and not entry.mobile)
        return Minted(known.unique_identifier, entry.style, may)
