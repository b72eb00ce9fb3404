"""A roll as a whole: every row is accepted or rejected, everything wrong is listed, nothing shared is used (OP-13, SO-04, SO-05, SV-22)."""

import contextlib
import csv
import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis.strategies import binary, characters, composite, lists, sampled_from, text

from api.users.contact_rules import ContactRules
from api.users.entries import Entry
from api.users.findings import MOST_SHOWN, Kind, table_line
from api.users.roll import Reading, checked_roll
from api.users.sheets import FileRefused
from api.users.spool import Spool
from tests.api.rolls import xlsx

STYLES = {"All members": 1, "Executive": 2}
HEADER = "reference,name,email,mobile,address,ballot_style\n"
RULES = ContactRules.made(["acme.example"], ["union.org.uk"], employer_numbers=["07911 000001"])


class Checked:
    """What came of a roll."""

    def __init__(self, content: str | bytes, given: bool = True, rules: ContactRules = RULES, styles: dict[str, int] | None = None) -> None:
        data = content.encode() if isinstance(content, str) else content
        with checked_roll(lambda: io.BytesIO(data), Reading(STYLES if styles is None else styles, rules, given)) as checked:
            self.rows, self.accepted, self.rejected, self.needs = checked.rows, checked.accepted, checked.rejected, checked.needs_method
            self.people = [entry for entry, _ in checked.people()]
            self.findings = checked.findings.shown
            self.counts = checked.findings.counts
            self.file = b"".join(checked.findings.file.lines())
            self.read_as = checked

    def of(self, reference: str) -> Entry:
        return next(each for each in self.people if each.reference == reference)

    def told(self) -> list[tuple[int, str, str]]:
        return [(each.row, each.column, each.rule) for each in self.findings]


def test_a_clean_roll_is_accepted_whole() -> None:
    found = Checked(HEADER + 'M1,Ann,ann@example.org,07911 123456,"1 Street, Town",All members\nM2,Bo,,,,executive\n')
    assert (found.rows, found.accepted, found.rejected, found.needs, found.told()) == (2, 2, 0, 1, [])
    assert found.of("M1") == Entry("M1", "Ann", "ann@example.org", "+447911123456", "1 Street, Town", 1)
    assert found.of("M2").style == 2


@pytest.mark.parametrize(
    ("row", "column", "problem"),
    [
        (",Ann,,,,All members", "reference", "is empty"),
        ("M9,,,,,All members", "name", "is empty"),
        ("M9,Ann,,,,Nobody", "ballot_style", "no ballot style"),
        ("M9,Ann,,,,", "ballot_style", "no ballot style"),
        ("M1,Ann,,,,All members", "reference", "earlier row"),
        ("m 1,Ann,,,,All members", "reference", "earlier row"),
        ("M9,Ann", "-", "has 2 cells, the row of names has 6"),
        ("M9,Ann,,,,All members,more", "-", "has 7 cells"),
        ("123.0,Ann,,,,All members", "reference", "number or a date"),
        ("1.2E+10,Ann,,,,All members", "reference", "number or a date"),
        ("M9," + "x" * 501 + ",,,,All members", "name", "more than 500"),
        ("M9,An\ufffdn,,,,All members", "name", "letters that were lost"),
        ("M9,An\x00n,,,,All members", "name", "control character"),
    ],
)
def test_sv22_rows_that_cannot_be_taken_are_named_with_what_to_do(row: str, column: str, problem: str) -> None:
    found = Checked(f"{HEADER}M1,One,,,,All members\n{row}\n")
    assert (found.rows, found.accepted, found.rejected) == (2, 1, 1)
    told = [each for each in found.findings if each.row == 3 and each.column == column and problem in each.problem]
    assert told and told[0].fix and told[0].kind is Kind.REJECTED, found.findings  # noqa: PT018


@pytest.mark.parametrize(
    "cell", ["=1+1", "=cmd|' /C calc'!A0", "@SUM(1)", "+1", "-2+3", "a\x1b[31mb", "a\u202eb", "a\u200bb", "\x7f", "\ue000"]
)
@pytest.mark.parametrize("column", ["reference", "name", "address"])
def test_sv22_formulas_and_control_characters_are_refused(cell: str, column: str) -> None:
    row = {"reference": "M9", "name": "Nine", "email": "", "mobile": "", "address": "", "ballot_style": "All members", column: cell}
    found = Checked(HEADER + ",".join(f'"{value}"' for value in row.values()) + "\n")
    assert [(each.row, each.column) for each in found.findings] == [(2, column)]
    assert found.rejected == 1


def test_an_address_in_several_lines_and_columns_is_one() -> None:
    found = Checked('reference,name,Address 1,Town,Postcode,ballot_style\nM1,Ann,"1 Street\nFlat 2",Town,AB1 2CD,Executive\n')
    assert found.of("M1").address == "1 Street, Flat 2, Town, AB1 2CD"


# Contacts (paragraphs 54 to 56)


@pytest.mark.proves("COP-055")
@pytest.mark.proves("COP-055b")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ann.bee@gmail.com,", "AnnBee+x@googlemail.com,"),
        ("ann@example.org,", "ANN@EXAMPLE.ORG,"),
        (",07911 123456", ",+44 (0)7911 123456"),
        (",7911123456", ",00447911123456"),
    ],
)
def test_so04_what_two_voters_share_is_used_for_neither_and_what_they_do_not_share_is(first: str, second: str) -> None:
    own = {0: ("07911 700001", "07911 700002"), 1: ("one@example.org", "two@example.org")}
    at = 0 if first.endswith(",") else 1
    one, two = (
        ",".join((shared.strip(","), mine) if at == 0 else (mine, shared.strip(",")))
        for shared, mine in zip((first, second), own[at], strict=True)
    )
    found = Checked(f"{HEADER}M1,Ann,{one},,All members\nM2,Bo,{two},,All members\n")
    column = ("email", "mobile")[at]
    assert (found.accepted, found.needs) == (2, 0)
    assert found.told() == [(2, column, "COP-055b"), (3, column, "COP-055b")]
    for reference in ("M1", "M2"):
        entry = found.of(reference)
        assert not getattr(entry, column)
        assert entry.mobile if at == 0 else entry.email
        assert [each.rule for each in entry.withheld] == ["COP-055b"]


def test_so04_the_same_voter_twice_shares_nothing_and_a_rejected_row_still_does() -> None:
    twice = Checked(HEADER + "M1,Ann,ann@example.org,,,All members\n" * 2)
    assert (twice.accepted, twice.rejected) == (1, 1)
    assert twice.of("M1").email == "ann@example.org"
    rejected = Checked(HEADER + "M1,Ann,ann@example.org,,,All members\nM2,Bo,ann@example.org,,,Nowhere\n")
    assert not rejected.of("M1").email


@pytest.mark.proves("COP-056fn3")
def test_people_of_one_household_share_an_address_without_any_finding() -> None:
    found = Checked(HEADER + 'M1,Ann,a@example.org,,"1 Street, Town",All members\nM2,Bo,b@example.org,,"1 Street, Town",All members\n')
    assert found.told() == []
    assert {each.address for each in found.people} == {"1 Street, Town"}


@pytest.mark.proves("COP-054a.2")
@pytest.mark.proves("COP-054b.2")
@pytest.mark.proves("COP-056.5")
def test_so05_contacts_of_employer_and_union_are_withheld_and_their_people_counted() -> None:
    rows = ["M1,A,a@Mail.ACME.example,,,All members", "M2,B,b@acme.exarnple,,,All members", "M3,C,c@un1on.org.uk,,,All members",
            "M4,D,,+44 7911 000001,,All members", "M5,E,e@union.org.uk,07911 123456,,All members"]  # fmt: skip
    found = Checked(HEADER + "\n".join(rows) + "\n")
    assert found.told() == [
        (2, "email", "COP-054a.2"), (3, "email", "COP-054a.2"), (4, "email", "COP-054a.2"), (5, "mobile", "COP-054b.2"),
        (6, "email", "COP-054a.2"),
    ]  # fmt: skip
    assert (found.accepted, found.needs) == (5, 4)
    assert [each.reference for each in found.people if each.needs_method] == ["M1", "M2", "M3", "M4"]


@pytest.mark.proves("COP-042")
@pytest.mark.proves("COP-054a.1")
@pytest.mark.proves("COP-054b.1")
@pytest.mark.proves("COP-054b.3")
def test_contacts_are_used_only_for_what_they_were_given_for() -> None:
    header = "reference,name,email,email_purpose,mobile,mobile_type,ballot_style\n"
    rows = ["M1,A,a@example.org,union,07911 123451,personal,Executive", "M2,B,b@example.org,preference,07911 123452,work,Executive",
            "M3,C,c@example.org,,07911 123453,,Executive", "M4,D,d@example.org,other,020 7946 0000,personal,Executive"]  # fmt: skip
    found = Checked(header + "\n".join(rows) + "\n")
    assert found.told() == [
        (3, "email", "COP-042"), (3, "mobile", "COP-054b.3"), (4, "email", "COP-054a.1"), (4, "mobile", "COP-054b.1"),
        (5, "email", "COP-054a.1"), (5, "mobile", "COP-054b.1"),
    ]  # fmt: skip
    assert [(each.reference, each.mobile) for each in found.people if each.email or each.mobile] == [("M1", "+447911123451")]
    nothing_said = Checked(HEADER + "M1,A,a@example.org,07911 123451,,Executive\n", given=False)
    assert nothing_said.told() == [(2, "email", "COP-054a.1"), (2, "mobile", "COP-054b.1")]


@pytest.mark.proves("COP-033.1")
@pytest.mark.proves("COP-060fn4")
def test_methods_and_a_ship_or_port_are_taken() -> None:
    header = "reference,name,email,ballot_style,method,delivery\n"
    found = Checked(
        header + "M1,A,,Executive,postal,\"MV Example, Port of Leith\"\nM2,B,,Executive,Electronic + postal,\nM3,C,,Executive,electronic,\n"
        "M4,D,,Executive,carrier pigeon,\nM5,E,,Executive,,\nM6,F,,Executive,postal+postal,\n"
    )
    assert [(each.reference, each.methods, each.needs_method) for each in found.people] == [
        ("M1", ("postal",), False), ("M2", ("electronic", "postal"), False), ("M3", ("electronic",), True),
    ]  # fmt: skip
    assert found.of("M1").delivery == "MV Example, Port of Leith"
    assert found.told() == [(5, "method", "COP-033.1"), (6, "method", "COP-033.1"), (7, "method", "COP-033.1")]


def test_references_that_are_numbers_in_a_spreadsheet_are_taken_and_said() -> None:
    rows: list[list[str | float | None]] = [
        ["reference", "name", "mobile", "ballot_style"], [123.0, "A", 7911123456.0, "Executive"], [12.5, "B", None, "Executive"],
        [124.0, "C", 7.9e20, "Executive"],
    ]  # fmt: skip
    found = Checked(xlsx({"A": rows}))
    assert [(each.row, each.column, each.kind) for each in found.findings] == [
        (2, "reference", Kind.NOTED), (3, "reference", Kind.REJECTED), (4, "mobile", Kind.WITHHELD),
    ]  # fmt: skip
    assert "2 references" in found.findings[0].problem
    assert (found.of("123").mobile, found.of("124").mobile) == ("+447911123456", "")


# All of them


CELLS = text(characters(codec="utf-8", exclude_characters="\x00"), max_size=12) | sampled_from(
    ["M1", "M2", "m1", "a@example.org", "A+x@example.org", "07911 123456", "+447911123456", "All members", "Executive", "=1", ""]
)


@composite
def rolls(draw: Any) -> tuple[bytes, int]:
    rows = draw(lists(lists(CELLS, min_size=0, max_size=7), max_size=12))
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    counted = sum(any(cell.strip() for cell in row) for row in rows)
    return (HEADER + out.getvalue()).encode(), counted


@settings(max_examples=300, deadline=None)
@given(rolls())
def test_op13_rows_in_are_accepted_and_rejected_together_whatever_they_hold(roll: tuple[bytes, int]) -> None:
    content, counted = roll
    try:
        found = Checked(content)
    except FileRefused:
        assert not counted
        return
    assert found.rows == counted == found.accepted + found.rejected
    assert found.accepted == len(found.people)
    assert {each.row for each in found.findings if each.kind is Kind.REJECTED}.__len__() == found.rejected
    assert len({each.reference for each in found.people}) == found.accepted
    for contact in ("email", "mobile"):
        used = [getattr(each, contact).casefold() for each in found.people if getattr(each, contact)]
        assert len(used) == len(set(used))


@given(binary(max_size=300))
def test_sv22_nothing_but_findings_or_a_refusal_comes_of_any_other_file(content: bytes) -> None:
    for each in (content, HEADER.encode() + content):
        if not each.startswith(b"PK\x03\x04"):
            with contextlib.suppress(FileRefused):
                Checked(each)


def test_all_findings_are_in_the_file_and_a_thousand_are_shown() -> None:
    found = Checked(HEADER + "".join(f"M{n},,,,,All members\n" for n in range(MOST_SHOWN + 500)))
    assert (len(found.findings), sum(found.counts.values()), found.rejected) == (MOST_SHOWN, MOST_SHOWN + 500, MOST_SHOWN + 500)
    assert found.file.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(found.file.decode("utf-8-sig"))))
    assert lines[0] == ["row", "column", "value", "rule", "kind", "problem", "fix"]
    assert len(lines) == MOST_SHOWN + 501
    assert lines[-1][:2] == [str(MOST_SHOWN + 501), "name"]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1", "\uff0b1"])
def test_sv22_no_value_in_the_file_is_a_formula_or_breaks_a_line(cell: str) -> None:
    line = table_line(("1", cell)).decode()
    assert line.count("\n") == 1
    assert next(csv.reader([line]))[1].lstrip(" ").startswith("'")


def test_what_lies_on_the_disk_is_sealed() -> None:
    spool = Spool()
    content = b"".join(b"Canary Person %d\n" % n for n in range(40_000))
    spool.write(content)
    spool.finish()
    assert spool.opened().read() == content
    assert list(spool.lines()) == content.splitlines(keepends=True)
    spool._file.seek(0)
    assert b"Canary" not in spool._file.read()
    spool.close()
