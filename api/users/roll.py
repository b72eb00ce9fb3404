"""Reads an electoral roll and judges it as a whole: what is wrong is listed, all of it, and every row is either accepted or rejected.

It goes over the file once, keeping of each row a few numbers, and over its own sealed notes as often as needed: memory grows by about a
hundred bytes a row, whatever is in them. No database and no network is asked, so that a union can do the same before (COP-056.1).
"""

import json
import secrets
from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from itertools import pairwise

from api.users.contact_rules import ContactRules
from api.users.entries import Draft, Entry, RowReader, Withheld, reference_key
from api.users.findings import Finding, Findings, Kind
from api.users.headers import Columns, find_columns
from api.users.sheets import FileRefused, Layout, Open, Table, read_table
from api.users.spool import Spool

__all__ = ["CheckedRoll", "Reading", "Tell", "check_roll", "checked_roll", "fingerprint"]

Tell = Callable[[str, int], None]
"""Told now and then what is done and how many rows are behind."""
_EVERY = 2000


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read: the ballot's styles by label, none if they are not known; whose contacts are whose. `given`: whoever sends it
    declares that all contacts in it were given for the union's messages and are personal, where no column says so (COP-054a.1, COP-054b.1).
    `encoding` and `sheet` are named only where the guess is wrong."""

    styles: Mapping[str, int]
    rules: ContactRules = ContactRules()
    given: bool = False
    encoding: str = ""
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class CheckedRoll:
    """A roll that was read to its end: `rows` = `accepted` + `rejected`, always. `digest` is the file's SHA-256. `needs_method` are those
    accepted whose only method is electronic and who have no contact for it."""

    layout: Layout
    columns: Columns
    digest: bytes
    rows: int
    accepted: int
    rejected: int
    needs_method: int
    findings: Findings
    _drafts: Spool = field(repr=False)
    _judged: "_Judged" = field(repr=False)

    def people(self) -> Iterator[tuple[Entry, int]]:
        """Everybody who is accepted, in the order of the file, with the fingerprint of the reference."""
        seen: set[int] = set()
        for line in self._drafts.lines():
            number, reference, contacts, members, rejected = json.loads(line)
            entry, wrong = self._judged.judge(number, reference, contacts, members, bool(rejected), seen)
            if not wrong:
                yield entry, reference

    def fingerprint(self, reference: str) -> int:
        """Of a membership reference, as `people` gives it."""
        return fingerprint(self._judged.key, f"reference {reference_key(reference)}")

    def fingerprint_of(self, text: str) -> int:
        """Of any text, to compare two."""
        return fingerprint(self._judged.key, f"text {text}")

    def close(self) -> None:
        """Lets go of what lies on the disk."""
        self.forget_people()
        self.findings.file.close()

    def forget_people(self) -> None:
        """Lets go of everybody, and keeps what was found."""
        self._drafts.close()


def fingerprint(key: bytes, text: str) -> int:
    """64 bits of a keyed hash: nobody without the key can make two texts that meet there, and of a million two do in one of 10^7 rolls."""
    return int.from_bytes(blake2b(text.encode(errors="replace"), digest_size=8, key=key).digest(), "big")


@contextmanager
def checked_roll(opened: Open, reading: Reading, tell: Tell = lambda *_: None) -> Iterator[CheckedRoll]:
    """A context with what `check_roll` finds."""
    checked = check_roll(opened, reading, tell)
    try:
        yield checked
    finally:
        checked.close()


def check_roll(opened: Open, reading: Reading, tell: Tell = lambda *_: None) -> CheckedRoll:
    """Reads and judges a file. Raises FileRefused if it is no roll: no table, or columns that nobody can tell apart."""
    digest = sha256()
    with opened() as file:
        while block := file.read(2**20):
            digest.update(block)
    with read_table(opened, encoding=reading.encoding, sheet=reading.sheet) as table:
        columns = _columns(table, one_style=len(reading.styles) < 2)
        judged, drafts = _Judged(secrets.token_bytes(32)), Spool()
        try:
            reader = RowReader(columns, reading.styles, reading.rules, declared=reading.given, padded=table.layout.kind != "text")
            rows = _read_rows(table, reader, judged, drafts, tell)
        except BaseException:
            drafts.close()
            raise
    if not rows:
        drafts.close()
        raise FileRefused("the roll is empty: there is nothing below the row of names")
    judged.settle()
    findings, accepted, needs_method, seen = Findings(), 0, 0, set[int]()
    if reader.numbers:
        lost = f"{reader.numbers} references, of which this is the first, are numbers in the spreadsheet: zeros at their beginning are lost"
        fix = "if references begin with zeros, format the column as text, and enter them again"
        findings.add(Finding(reader.first_number, "reference", "", "form", Kind.NOTED, lost, fix))
    for done, line in enumerate(drafts.lines(), 1):
        number, reference, contacts, members, rejected = json.loads(line)
        for each in rejected:
            column, value, rule, problem, fix = each
            findings.add(Finding(number, column, value, rule, Kind.REJECTED, problem, fix))
        entry, wrong = judged.judge(number, reference, contacts, members, bool(rejected), seen)
        if wrong and not rejected:
            findings.add(wrong)
        for held in entry.withheld:
            findings.add(Finding(number, held.column, held.value, held.rule, Kind.WITHHELD, held.problem, held.fix))
        accepted += not wrong
        needs_method += not wrong and entry.needs_method
        if done % _EVERY == 0:
            tell("looking for what is shared", done)
    findings.file.finish()
    return CheckedRoll(
        table.layout, columns, digest.digest(), rows, accepted, rows - accepted, needs_method, findings, drafts, judged
    )


def _columns(table: Table, *, one_style: bool) -> Columns:
    for _, cells in table.rows:
        if any(cell.strip() for cell in cells):
            return find_columns(cells, one_style=one_style)
    raise FileRefused("the file is empty")


def _read_rows(table: Table, reader: RowReader, judged: "_Judged", drafts: Spool, tell: Tell) -> int:
    count = 0
    for number, cells in table.rows:
        if not any(cells) or not any(cell.strip() for cell in cells):
            continue
        count += 1
        draft = reader.read(number, cells)
        rejected = [[each.column, each.value, each.rule, each.problem, each.fix] for each in draft.rejected]
        line = [number, *judged.note(draft, count), draft.entry.to_members(), rejected]
        drafts.write(json.dumps(line).encode() + b"\n")
        if count % _EVERY == 0:
            tell("reading", count)
    drafts.finish()
    return count


class _Judged:
    """What is known only when all rows are read: which references are there twice, and which contacts two voters share (COP-055)."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        self._references, self._contacts, self._owners = array("Q"), array("Q"), array("Q")
        self._twice: frozenset[int] = frozenset()
        self._shared: frozenset[int] = frozenset()

    def note(self, draft: Draft, count: int) -> tuple[int, list[int | None]]:
        """The fingerprints of a row. Somebody without a reference is nobody else: `count` stands for them."""
        reference = fingerprint(self.key, f"reference {draft.reference_key}" if draft.reference_key else f"row {count}")
        contacts = [fingerprint(self.key, f"contact {each}") if each else None for each in draft.contact_keys]
        self._references.append(reference)
        for each in contacts:
            if each is not None:
                self._contacts.append(each)
                self._owners.append(reference)
        return reference, contacts

    def settle(self) -> None:
        """Once all rows are there. The same person twice shares nothing with anybody."""
        self._twice = _repeated(self._references)
        candidates, first, shared = _repeated(self._contacts), dict[int, int](), set[int]()
        for contact, owner in zip(self._contacts, self._owners, strict=True):
            if contact in candidates and first.setdefault(contact, owner) != owner:
                shared.add(contact)
        self._shared = frozenset(shared)
        self._references, self._contacts, self._owners = array("Q"), array("Q"), array("Q")

    def judge(
        self, row: int, reference: int, contacts: list[int | None], members: dict[str, object], rejected: bool, seen: set[int]
    ) -> tuple[Entry, Finding | None]:
        """The entry without contacts that are shared; and why the row is rejected, if it is. `seen` are the references that were taken
        before: of rows with the same one the first is taken, unless it was rejected for something else."""
        entry = Entry.from_members(members)
        held = list(entry.withheld)
        known = {each.column for each in held}
        values = {"email": entry.email, "mobile": entry.mobile}
        for column, contact in zip(("email", "mobile"), contacts, strict=True):
            if contact in self._shared and column not in known:
                held.append(Withheld(
                    column, values[column], "COP-055b", "is shared with another voter, and used for neither",
                    "ask each of the voters for a contact of their own",
                ))  # fmt: skip
                values[column] = ""
        if len(held) > len(entry.withheld):
            entry = Entry(
                entry.reference, entry.name, values["email"], values["mobile"], entry.address, entry.style, entry.methods, entry.delivery,
                tuple(held),
            )  # fmt: skip
        if rejected:
            return entry, Finding(row, "-", "", "form", Kind.REJECTED, "see above", "see above")
        if reference in self._twice:
            if reference in seen:
                return entry, Finding(
                    row, "reference", entry.reference, "COP-076.1", Kind.REJECTED, "stands in an earlier row too",
                    "leave one of the rows out, or correct the reference",
                )  # fmt: skip
            seen.add(reference)
        return entry, None


def _repeated(numbers: "array[int]") -> frozenset[int]:
    """Those that are there twice or more."""
    ordered = sorted(numbers)
    return frozenset(one for one, following in pairwise(ordered) if one == following)
