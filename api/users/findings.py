"""What is wrong with a roll: each finding has its place, the value, the requirement it comes from, and what to do about it."""

import csv
import io
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from api.users.spool import Spool

__all__ = ["MOST_SHOWN", "Finding", "Findings", "Kind", "table_line"]

MOST_SHOWN = 1000
"""So many findings are in an answer; all of them are in the file."""
_NAMES = ("row", "column", "value", "rule", "kind", "problem", "fix")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


class Kind(StrEnum):
    """What follows: the row is not taken; or the person is, and this contact is not used; or nothing, but somebody should look at it."""

    REJECTED = "rejected"
    WITHHELD = "contact withheld"
    NOTED = "look at it"


@dataclass(frozen=True, slots=True)
class Finding:
    """`row` as a spreadsheet shows it. `rule` is an id of specs/requirements.yaml, or `form`. `value` is personal: it goes into the file
    for whoever has sent the roll, and nowhere else."""

    row: int
    column: str
    value: str = field(repr=False)
    rule: str
    kind: Kind
    problem: str
    fix: str


class Findings:
    """All of them, in the order of rows: those that are shown, how many there are of each kind and rule, and a file for spreadsheets."""

    def __init__(self) -> None:
        self.shown: list[Finding] = []
        self.counts: Counter[tuple[Kind, str]] = Counter()
        self.file = Spool()
        self.file.write(b"\xef\xbb\xbf" + table_line(_NAMES))

    def add(self, finding: Finding) -> None:
        """Puts one to the end."""
        self.counts[finding.kind, finding.rule] += 1
        if len(self.shown) < MOST_SHOWN:
            self.shown.append(finding)
        cells = (str(finding.row), finding.column, finding.value, finding.rule, finding.kind.value, finding.problem, finding.fix)
        self.file.write(table_line(cells))

    def of(self, kind: Kind) -> dict[str, int]:
        """How many there are by rule."""
        return {rule: count for (each, rule), count in sorted(self.counts.items()) if each is kind}


def table_line(cells: tuple[str, ...]) -> bytes:
    """A line of CSV, in UTF-8. Whatever a spreadsheet would take for a formula has an apostrophe before it, and no cell breaks a line."""
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow([_safe(cell) for cell in cells])
    return line.getvalue().encode(errors="replace")


def _safe(cell: str) -> str:
    plain = "".join(each if each.isprintable() else " " for each in cell)
    return f"'{plain}" if plain.lstrip().startswith(_DANGEROUS) else plain
