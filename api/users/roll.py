"""Reads an electoral roll from CSV, all of it or nothing, and lists everything that is wrong with it.

The first line names the columns; their order is free. Every cell comes from outside: it is text for people, never part of a path, a command
or a formula.
"""

import csv
import io
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from email.errors import HeaderParseError
from email.headerregistry import Address

from api.errors import Invalid

__all__ = ["MOST_ERRORS", "Entry", "RollError", "RollErrors", "read_roll"]

LARGEST = 512 * 2**20
LONGEST_CELL = 500
MOST_ERRORS = 1000
"""So many errors are listed; of more only how many there are."""
_REQUIRED = ("reference", "name", "ballot_style")
_BLOCK = 2**20


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the roll. `style` is the ballot style's index; what is not there is empty."""

    reference: str = field(repr=False)
    name: str = field(repr=False)
    email: str = field(repr=False)
    mobile: str = field(repr=False)
    address: str = field(repr=False)
    style: int


COLUMNS = tuple("ballot_style" if each.name == "style" else each.name for each in fields(Entry))


@dataclass(frozen=True, slots=True)
class RollError:
    """What is wrong in `line`, counted from 1 with the line of names, and `column`. The cell itself is not repeated."""

    line: int
    column: str
    reason: str


class RollErrors(Invalid):
    """A roll that was not taken. `errors` are the first `MOST_ERRORS`, `count` is how many there are."""

    title = "Roll not taken"

    def __init__(self, errors: list[RollError], count: int) -> None:
        first = "; ".join(f"line {each.line}, {each.column}: {each.reason}" for each in errors[:3])
        super().__init__(f"{count} errors in the roll, nothing was stored: {first}{' …' if count > 3 else ''}")
        self.errors, self.count = errors, count


class _Errors:
    """Collects errors without growing with them."""

    def __init__(self) -> None:
        self.first: list[RollError] = []
        self.count = 0

    def add(self, line: int, column: str, reason: str) -> None:
        self.count += 1
        if len(self.first) < MOST_ERRORS:
            self.first.append(RollError(line, column, reason))

    def stop_if_any(self) -> None:
        if self.count:
            raise RollErrors(self.first, self.count)


def read_roll(content: bytes, styles: Mapping[str, int]) -> list[Entry]:
    """The entries of a roll; `styles` are the manifest's ballot styles by label. Raises RollErrors."""
    errors = _Errors()
    if len(content) > LARGEST:
        errors.add(1, "-", f"the file has more than {LARGEST // 2**20} MiB")
        errors.stop_if_any()
    if b"\0" in content:
        errors.add(content[: content.index(b"\0")].count(b"\n") + 1, "-", "the file holds a NUL byte: it is no CSV text")
        errors.stop_if_any()
    rows = _rows(content, errors)
    header = next(rows, (1, []))[1]
    names = _columns(header, errors)
    errors.stop_if_any()
    entries: list[Entry] = []
    seen: dict[str, int] = {}
    for line, cells in rows:
        if not any(cells):
            continue
        if len(cells) != len(names):
            errors.add(line, "-", f"expected {len(names)} cells, got {len(cells)}")
            continue
        entry = _entry(line, dict(zip(names, cells, strict=True)), styles, errors)
        if entry.reference in seen:
            errors.add(line, "reference", f"stands in line {seen[entry.reference]} too")
        seen.setdefault(entry.reference, line)
        entries.append(entry)
    if not entries and not errors.count:
        errors.add(2, "-", "the roll is empty")
    errors.stop_if_any()
    return entries


def _rows(content: bytes, errors: _Errors) -> Iterator[tuple[int, list[str]]]:
    """Line by line, with the number of the line that a row begins in. An error of the file itself ends it."""
    reader = csv.reader(io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline=""), strict=True)
    line = 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except UnicodeDecodeError:
            errors.add(line, "-", "is not UTF-8: save the file as CSV UTF-8")
            return
        except csv.Error:
            errors.add(line, "-", "is not CSV: a quotation mark is out of place, or a cell is too long")
            return
        yield line, cells
        line = reader.line_num + 1


def _columns(header: list[str], errors: _Errors) -> list[str]:
    names = [name.strip().lower() for name in header]
    for name in _REQUIRED:
        if name not in names:
            errors.add(1, name, "the column is missing")
    for name in names:
        if name not in COLUMNS:
            errors.add(1, "-", f"a column is unknown; known are {', '.join(COLUMNS)}")
        elif names.count(name) > 1:
            errors.add(1, name, "the column stands there twice")
    return names


def _entry(line: int, cells: dict[str, str], styles: Mapping[str, int], errors: _Errors) -> Entry:
    clean = {column: _clean(line, column, cells.get(column, ""), errors) for column in COLUMNS}
    for column in _REQUIRED:
        if not clean[column]:
            errors.add(line, column, "is empty")
    style = styles.get(clean["ballot_style"], 0)
    if clean["ballot_style"] and not style:
        errors.add(line, "ballot_style", f"expected one of {', '.join(styles)}")
    email = clean["email"]
    if email and not _is_address(email):
        errors.add(line, "email", "is no e-mail address")
    mobile = clean["mobile"]
    if mobile and not (mobile.removeprefix("+").replace(" ", "").isdecimal() and mobile.isascii()):
        errors.add(line, "mobile", "is no telephone number")
    return Entry(clean["reference"], clean["name"], email, mobile, clean["address"], style)


def _is_address(text: str) -> bool:
    """Whether a message can be sent there, as far as its form tells."""
    try:
        return Address(addr_spec=text).addr_spec == text and "@" in text and not any(each.isspace() for each in text)
    except (ValueError, IndexError, AttributeError, HeaderParseError):
        return False


def _clean(line: int, column: str, cell: str, errors: _Errors) -> str:
    """A cell in NFC, without blanks around it; what a spreadsheet would take for a formula, or a terminal for a command, is refused."""
    text = unicodedata.normalize("NFC", cell.strip(" "))
    if len(text) > LONGEST_CELL:
        errors.add(line, column, f"has more than {LONGEST_CELL} characters")
    if any(unicodedata.category(each) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for each in text):
        errors.add(line, column, "holds a control character or a line break")
    if text[:1] in ("=", "@") or (text[:1] in ("+", "-") and column != "mobile"):
        errors.add(line, column, f"begins with {text[0]}, which spreadsheets take for a formula")
    return text
