"""One row of a roll: who stands in it, and what of it cannot be taken or used."""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.users.contact_rules import ContactRules
from api.users.contacts import ContactProblem, email_of, mobile_of
from api.users.findings import Finding, Kind
from api.users.headers import Columns
from api.users.sheets import Converted

__all__ = ["ELECTRONIC", "LONGEST_CELL", "METHODS", "Draft", "Entry", "RowReader", "Withheld", "reference_key"]

LONGEST_CELL = 500
ELECTRONIC = "electronic"
METHODS = (ELECTRONIC, "hybrid", "workplace", "postal")
_REFUSED = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
_BREAKS = str.maketrans({"\r": "\n", "\u2028": "\n", "\x0b": "\n", "\t": " "})


@dataclass(frozen=True, slots=True)
class Withheld:
    """A contact that was on the roll and is not used: its column, the contact, the requirement, what is wrong with it, and what to do."""

    column: str
    value: str = field(repr=False)
    rule: str
    problem: str
    fix: str


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody on the roll. `style` is the ballot style's index; `email` and `mobile` are there only if access codes may go there,
    `methods` are those assigned, `delivery` is a ship or port (COP-060fn4). What is not there is empty."""

    reference: str = field(repr=False)
    name: str = field(repr=False)
    email: str = field(repr=False)
    mobile: str = field(repr=False)
    address: str = field(repr=False)
    style: int
    methods: tuple[str, ...] = (ELECTRONIC,)
    delivery: str = field(default="", repr=False)
    withheld: tuple[Withheld, ...] = ()

    @property
    def needs_method(self) -> bool:
        """Whether electronic is the only method, and there is no contact for it (COP-056.5)."""
        return self.methods == (ELECTRONIC,) and not self.email and not self.mobile

    def to_members(self) -> dict[str, Any]:
        """For storing as JSON."""
        members: dict[str, Any] = {
            "reference": self.reference, "name": self.name, "email": self.email, "mobile": self.mobile, "address": self.address,
            "style": self.style, "methods": list(self.methods),
        }  # fmt: skip
        if self.delivery:
            members["delivery"] = self.delivery
        if self.withheld:
            members["withheld"] = [[each.column, each.value, each.rule, each.problem, each.fix] for each in self.withheld]
        return members

    @classmethod
    def from_members(cls, members: Mapping[str, Any]) -> "Entry":
        """What `to_members` made, or an earlier version, which knew neither methods nor what was withheld."""
        return cls(
            members["reference"], members["name"], members["email"], members["mobile"], members["address"], members["style"],
            tuple(members.get("methods", (ELECTRONIC,))), members.get("delivery", ""),
            tuple(Withheld(*each) for each in members.get("withheld", ())),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """A row as far as it can be judged alone. Keys are the same for two references, or contacts, that mean the same; empty for none."""

    entry: Entry = field(repr=False)
    reference_key: str = field(repr=False)
    contact_keys: tuple[str, str] = field(repr=False)
    rejected: tuple[Finding, ...]


class RowReader:
    """Reads rows by their columns. Without any `styles`, all are good. `declared`: whoever sends the file says that all contacts in it were
    given for the union's messages and are personal, where no column says so. `padded`: a spreadsheet leaves out empty cells at a row's end,
    which in text is a mistake. `numbers` are the references so far that are numbers in the spreadsheet, `first_number` is the row of
    the first."""

    def __init__(self, columns: Columns, styles: Mapping[str, int], rules: ContactRules, *, declared: bool, padded: bool) -> None:
        self._columns, self._rules, self._declared, self._padded = columns, rules, declared, padded
        self._styles = {" ".join(label.split()).casefold(): index for label, index in styles.items()}
        self._labels = ", ".join(styles)
        self._width = len(columns.names)
        self.numbers = self.first_number = 0
        self._one_style = next(iter(styles.values())) if len(styles) == 1 and columns.of("ballot_style") is None else 0

    def read(self, row: int, cells: Sequence[str]) -> Draft:
        """One row."""
        wrong: list[Finding] = []
        if len(cells) != self._width:
            if any(cell.strip() for cell in cells[self._width :]) or (len(cells) < self._width and not self._padded):
                problem = f"has {len(cells)} cells, the row of names has {self._width}"
                wrong.append(_finding(row, "-", "", problem, "look for a delimiter or a quotation mark in a cell"))
            cells = [*cells[: self._width], *[""] * (self._width - len(cells))]
        reference, name = self._reference(row, cells, wrong), self._name(row, cells, wrong)
        style, methods = self._style(row, cells, wrong), self._methods(row, cells, wrong)
        parts = [self._lines(row, "address", cells[at], wrong) for at in self._columns.positions.get("address", ())]
        address = ", ".join(filter(None, parts))
        at = self._columns.of("delivery")
        delivery = self._lines(row, "delivery", cells[at], wrong) if at is not None else ""
        withheld: list[Withheld] = []
        email, email_key = self._email(cells, withheld)
        mobile, mobile_key = self._mobile(cells, withheld)
        entry = Entry(reference, name, email, mobile, address, style, methods, delivery, tuple(withheld))
        return Draft(entry, reference_key(reference), (email_key, mobile_key), tuple(wrong))

    def _cell(self, column: str, cells: Sequence[str]) -> str:
        at = self._columns.of(column)
        return "" if at is None else _trimmed(cells[at])

    def _reference(self, row: int, cells: Sequence[str], wrong: list[Finding]) -> str:
        raw = cells[self._columns.of("reference") or 0]
        text = _trimmed(raw)
        if not text:
            wrong.append(_finding(row, "reference", "", "is empty", "give everybody a membership reference", "COP-076.1"))
        elif (isinstance(raw, Converted) and not text.isdigit()) or _looks_converted(text):
            wrong.append(_finding(
                row, "reference", text, "was turned into a number or a date by a spreadsheet",
                "format the column as text, and enter it again",
            ))  # fmt: skip
        elif isinstance(raw, Converted):
            self.first_number = self.first_number or row
            self.numbers += 1
        _check_text(row, "reference", text, wrong)
        return text

    def _name(self, row: int, cells: Sequence[str], wrong: list[Finding]) -> str:
        if self._columns.of("name") is not None:
            name = self._cell("name", cells)
        else:
            name = f"{self._cell('first_name', cells)} {self._cell('surname', cells)}".strip()
        if not name:
            wrong.append(_finding(row, "name", "", "is empty", "enter the name"))
        _check_text(row, "name", name, wrong)
        return name

    def _style(self, row: int, cells: Sequence[str], wrong: list[Finding]) -> int:
        if self._one_style:
            return self._one_style
        if not self._styles and (self._columns.of("ballot_style") is None or self._cell("ballot_style", cells)):
            return 1
        label = self._cell("ballot_style", cells)
        style = self._styles.get(" ".join(label.split()).casefold(), 0)
        if not style:
            wrong.append(_finding(row, "ballot_style", label, "is no ballot style of this ballot", f"enter one of: {self._labels}"[:300]))
        return style

    def _methods(self, row: int, cells: Sequence[str], wrong: list[Finding]) -> tuple[str, ...]:
        if self._columns.of("method") is None:
            return (ELECTRONIC,)
        text = self._cell("method", cells)
        found = [each.strip().casefold() for each in text.split("+")]
        if not set(found) <= set(METHODS) or len(set(found)) < len(found):
            wrong.append(_finding(
                row, "method", text, "is no method, or the same twice", f"enter one of {', '.join(METHODS)}, or several with a + between",
                "COP-033.1",
            ))  # fmt: skip
        return tuple(each for each in METHODS if each in found)

    def _lines(self, row: int, column: str, cell: str, wrong: list[Finding]) -> str:
        """Several lines in one cell are one, with commas between."""
        text = _trimmed(cell)
        if not text.isprintable():
            text = ", ".join(filter(None, (each.strip(" ,") for each in text.translate(_BREAKS).split("\n"))))
        _check_text(row, column, text, wrong)
        return text

    def _email(self, cells: Sequence[str], withheld: list[Withheld]) -> tuple[str, str]:
        text = self._cell("email", cells)
        if not text:
            return "", ""
        key = ""
        try:
            email = email_of(text)
            key = email.key
            self._check_purpose(cells)
            self._rules.judge_domain(email.domain)
        except ContactProblem as problem:
            withheld.append(Withheld("email", text[:LONGEST_CELL], problem.rule, problem.found, problem.fix))
            return "", key
        return email.address, key

    def _check_purpose(self, cells: Sequence[str]) -> None:
        if self._columns.of("email_purpose") is None and self._declared:
            return
        purpose = self._cell("email_purpose", cells).casefold()
        if purpose == "preference":
            raise ContactProblem("COP-042", "was given to ask for preferences only", "ask for an address for the union's messages")
        if purpose != "union":
            raise ContactProblem("COP-054a.1", "has no declared purpose", "enter union in email_purpose if it was given for its messages")

    def _mobile(self, cells: Sequence[str], withheld: list[Withheld]) -> tuple[str, str]:
        text = self._cell("mobile", cells)
        if not text:
            return "", ""
        key = ""
        try:
            mobile = mobile_of(text)
            key = mobile.number
            self._check_type(cells)
            self._rules.judge_number(mobile.number)
        except ContactProblem as problem:
            withheld.append(Withheld("mobile", text[:LONGEST_CELL], problem.rule, problem.found, problem.fix))
            return "", key
        return mobile.number, key

    def _check_type(self, cells: Sequence[str]) -> None:
        if self._columns.of("mobile_type") is None and self._declared:
            return
        kind = self._cell("mobile_type", cells).casefold()
        if kind == "work":
            raise ContactProblem("COP-054b.3", "was given as a work number", "ask the voter for a personal number")
        if kind != "personal":
            raise ContactProblem(
                "COP-054b.1", "has no declared purpose", "enter personal in mobile_type if it was given for the union's messages"
            )


def reference_key(reference: str) -> str:
    """The same for two references that people would take for one: case and blanks mean nothing."""
    return "".join(unicodedata.normalize("NFKC", reference).casefold().split())


def _finding(row: int, column: str, value: str, problem: str, fix: str, rule: str = "form") -> Finding:
    return Finding(row, column, value[:LONGEST_CELL], rule, Kind.REJECTED, problem, fix)


def _trimmed(cell: str) -> str:
    if cell.isascii():
        return str(cell.strip(" "))
    return unicodedata.normalize("NFC", cell.replace("\u00a0", " ").replace("\ufeff", "").strip(" "))


def _looks_converted(text: str) -> bool:
    """123.0 or 1.2E+10, which nobody writes by hand."""
    mantissa, letter, exponent = text.upper().partition("E+")
    if letter:
        return exponent.isdigit() and mantissa.replace(".", "", 1).isdigit()
    return text.endswith(".0") and text[:-2].isdigit()


def _check_text(row: int, column: str, text: str, wrong: list[Finding]) -> None:
    """What a spreadsheet would take for a formula, or a terminal for a command, is refused; so are letters that were lost."""
    if len(text) > LONGEST_CELL:
        wrong.append(_finding(row, column, text, f"has more than {LONGEST_CELL} characters", "shorten it"))
    if text[:1] in ("=", "@", "+", "-") and text:
        wrong.append(_finding(row, column, text, f"begins with {text[0]}, which spreadsheets take for a formula", "enter it without"))
    if text.isascii() and text.isprintable():
        return
    if "\ufffd" in text:
        wrong.append(_finding(row, column, text, "has letters that were lost", "save the file as UTF-8, or name its encoding"))
    elif any(unicodedata.category(each) in _REFUSED for each in text):
        wrong.append(_finding(row, column, text, "holds a control character or a line break", "enter it again by hand"))
