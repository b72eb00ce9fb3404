"""What a report is made of: headings, paragraphs, facts, tables, charts. `report.typ` lays them out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Block"]


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a report, in this order; what is empty is left out. `facts` are pairs, `rows` a table under `head`, `chart` are labels with
    votes."""

    heading: str = ""
    level: int = 1
    paragraphs: Sequence[str] = ()
    facts: Sequence[tuple[str, str]] = ()
    chart: Sequence[tuple[str, int]] = ()
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = field(default=())

    def plain(self, head: tuple[str, str]) -> dict[str, Any]:
        """For the layout; `head` names the two columns of facts."""
        made: dict[str, Any] = {"paragraphs": list(self.paragraphs)}
        if self.heading:
            made |= {"heading": self.heading, "level": self.level}
        if self.facts:
            made |= {"facts": [list(each) for each in self.facts], "facts_head": list(head)}
        if self.chart:
            made["chart"] = [{"label": label, "votes": votes, "shown": f"{votes:,}"} for label, votes in self.chart]
        if self.rows:
            made |= {"head": list(self.head), "rows": [list(row) for row in self.rows]}
        return made
