"""Only what the catalogue knows can be logged: no name, contact, access code or choice, and nothing that looks like an entry (PR-15)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis.strategies import text

from api.audit.entry import PLATFORM, Entry, Given
from api.audit.events import ITEMS, KINDS, UNIQUE_IDENTIFIER, Kind
from api.audit.members import (
    Account,
    Address,
    Count,
    Document,
    EntryId,
    Hexadecimal,
    Line,
    Moment,
    OneOf,
    Type,
    Voter,
    Word,
    as_line,
    moment,
    read_moment,
)  # fmt: skip
from api.errors import Invalid
from api.voters.access_code import AccessCode
from tests.api.auditing import BALLOT, START, note, reissued

NAME = "Aurelia Featherstonehaugh"
CONTACTS = (
    "aurelia@example.org", "write to aurelia@example.org today", "aurelia @ example.org", "aurelia\uff20example.org", "07700 900123",
    "07700900123", "+44 7700 900123", "call +447700900123.", "(020) 7946 0018", "01632 960 001",
)  # fmt: skip
CODE = AccessCode(0x2_F0E1_D2C3_B4A5_9687_7869_5A4B_3C2D_1E0F)
CODES = (
    CODE.grouped(), CODE.compact(), CODE.grouped().lower(), CODE.grouped().replace("-", " "), f"code {CODE.grouped()}, not valid",
    f"https://ballots.example/vote#{CODE.compact()}", CODE.grouped().replace("-", "–"), CODE.grouped().replace("-", " - "),
)  # fmt: skip
HOSTILE = ("\n", "\r\n", "\x00", "\x1b[2J", "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "\u200b", "\ud800", "\ue000", "\ufeff")


def sample(type_: Type) -> Given:
    """A value of this type."""
    match type_:
        case OneOf(words):
            return words[0]
        case Count():
            return 7
        case Hexadecimal(length):
            return b"\xa5" * length
        case EntryId():
            return b"\x5a" * 16
        case Moment():
            return START
        case Word() | Account():
            return "part-7"
        case Voter():
            return "voter 4711"
        case Address():
            return "2001:db8::7"
        case Line(many):
            return ("one line", "another") if many else "one line"
        case Document():
            return "Question 1\n\tYes or no? Ask help@example.org, 020 7946 0018."
    raise AssertionError(type_)


def samples(kind: Kind) -> dict[str, Given]:
    return {name: sample(type_) for name, type_ in {**kind.members, **kind.optional}.items()}


def make(kind: str, members: Mapping[str, Given]) -> Entry:
    return Entry(BALLOT, kind, START, members)


KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)


# Refused


@pytest.mark.parametrize("name", ["", "vote_cast", "NOTE_ADDED", "note_added\n", NAME])
def test_an_unknown_kind_is_refused_and_not_quoted(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        make(name, {"by": "officer-2"})
    assert NAME not in str(refused.value)


@KIND
def test_pr15_an_unknown_member_is_refused_and_not_quoted(kind: Kind) -> None:
    for name in ("name", "email", "telephone", "access_code", "code", "choice", "selections", "nonce", NAME):
        with pytest.raises(Invalid) as refused:
            make(kind.name, {**samples(kind), name: CODE.grouped()})
        assert not any(word in str(refused.value) for word in (NAME, CODE.grouped()))


@KIND
def test_a_missing_member_is_refused(kind: Kind) -> None:
    for name in kind.members:
        with pytest.raises(Invalid, match=f"there is no {name}"):
            make(kind.name, {member: value for member, value in samples(kind).items() if member != name})


@KIND
def test_pr15_no_member_takes_a_contact_or_an_access_code(kind: Kind) -> None:
    for name, type_ in {**kind.members, **kind.optional}.items():
        for canary in (*CODES, *CONTACTS):
            if isinstance(type_, Document) and canary in CONTACTS:
                continue  # what all voters see says where to ask
            value: Given = ("fine", canary) if isinstance(type_, Line) and type_.many else canary
            with pytest.raises(Invalid, match=f"{kind.name}.{name}") as refused:
                make(kind.name, {**samples(kind), name: value})
            assert canary not in str(refused.value)


@KIND
def test_pr15_only_free_text_could_hold_a_name(kind: Kind) -> None:
    for name, type_ in {**kind.members, **kind.optional}.items():
        if not isinstance(type_, Line | Document):
            with pytest.raises(Invalid):
                make(kind.name, {**samples(kind), name: NAME})


@KIND
def test_sv19_no_member_takes_a_control_character(kind: Kind) -> None:
    for name, type_ in {**kind.members, **kind.optional}.items():
        for hostile in HOSTILE:
            for text_ in (f"a{hostile}b", f"part-7{hostile}", hostile):
                if isinstance(type_, Document) and hostile == "\n" and text_ != hostile:
                    continue
                value: Given = (text_,) if isinstance(type_, Line) and type_.many else text_
                with pytest.raises(Invalid):
                    make(kind.name, {**samples(kind), name: value})


@pytest.mark.parametrize(("type_", "value"), [
    (Count(), -1), (Count(), True), (Count(), "1"), (Count(), 2**53), (Count(), ("1",)),
    (Hexadecimal(2), "AAAA"), (Hexadecimal(2), "aaa"), (Hexadecimal(2), "aaaaaa"), (Hexadecimal(2), ""),
    (Hexadecimal(2, up_to=True), "aaaaaa"),
    (Moment(), "2026-03-02"), (Moment(), "2026-13-02T09:00:00.000000Z"), (Moment(), "2026-03-02T09:00:00.000000+00:00"), (Moment(), 5),
    (Word(), "Two words"), (Word(), "x" * 101), (Word(), "٣"), (Account(), "someone@example.org"), (Account(), "x" * 65),
    (Voter(), "Aurelia"), (Voter(), "voter 1 "), (Voter(), "1" * 65), (Voter(), "07700 900123"),
    (Address(), "example.org"), (Address(), "192.0.2.1:80"), (Address(), "192.0.2.01"), (Address(), "fe80::1%eth0"), (Address(), 7),
    (Line(), ""), (Line(), "  "), (Line(), "x" * 501), (Line(), 5), (Line(), ("x",)), (Line(many=True), "x"), (Line(many=True), ("x", "")),
    (Line(many=True), ("x",) * 1001), (Document(), ""), (Document(), "x" * 200_001), (OneOf(("a", "b")), "c"), (OneOf(("a", "b")), 1),
])  # fmt: skip
def test_a_value_of_another_type_is_refused(type_: Type, value: Given) -> None:
    assert not isinstance(value, datetime | bytes)
    with pytest.raises(Invalid):
        type_.check(value)


@pytest.mark.parametrize("change", [
    {"chain": "AB" * 32}, {"chain": "ab" * 31}, {"chain": ""}, {"chain": "platform\n"}, {"id": b""}, {"id": b"x" * 17},
    {"happened": datetime(2026, 3, 2, 9)},  # noqa: DTZ001
])  # fmt: skip
def test_an_entry_of_no_log_without_id_or_zone_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        replace(note("fine"), **change)  # type: ignore[arg-type]


def test_t13_an_identifier_in_a_text_is_refused() -> None:
    with pytest.raises(Invalid, match="stands in a text"):
        reissued("voter 4711", "the letter to voter 4711 was lost")


def test_pr15_an_access_code_however_it_is_written_is_refused() -> None:
    for number in range(300):
        code = AccessCode(pow(3, 1000 + number, 2**130))
        for written in (code.grouped(), code.compact(), code.compact().lower(), f"({code.grouped()})", f"#{code.compact()}"):
            with pytest.raises(Invalid):
                Line().check(f"the code {written} did not work")


@pytest.mark.parametrize("line", [
    "The ballot closed on 05-11-2026 10:30:22 as planned", "from 2026-11-22 08:30 to 2026-11-23 09:40", f"hash {'0123456789abcdef' * 4}",
    "form that were sent from this very line", "99.97 % of 1 300 000 requests", "Zoë O’Neill’s branch — £20, 3 × 4 = 12",
])  # fmt: skip
def test_ordinary_lines_are_taken(line: str) -> None:
    Line().check(line)


def test_long_hostile_text_is_looked_through_in_a_moment() -> None:
    """Not quadratic: the slowest of these took minutes with a careless pattern."""
    for part in ("word ", "1234 ", "0", "01 ", "a1", "-", "1---", "@ "):
        for type_ in (Document(), Line()):
            longest = 200_000 if isinstance(type_, Document) else 500
            try:
                type_.check((part * longest)[:longest])
            except Invalid:
                continue


# What somebody sent


@given(text())
def test_sv19_what_somebody_sent_becomes_one_harmless_line(sent: str) -> None:
    line = as_line(sent)
    Line().check(line)
    assert len(line) <= 100


@pytest.mark.parametrize(("sent", "line"), [
    ("Mozilla/5.0", "Mozilla/5.0"), ("a\r\nb", "a<U+000D><U+000A>b"), ("\x1b[31m", "<U+001B>[31m"), ("", "<nothing>"), (" ", "<nothing>"),
    ("aurelia@example.org", "<left out>"), (CODE.grouped(), "<left out>"), ("\u202e", "<U+202E>"),
])  # fmt: skip
def test_sv19_what_somebody_sent_is_shown_as_it_was(sent: str, line: str) -> None:
    assert as_line(sent) == line


@pytest.mark.parametrize("text_", ['","kind":"signed_in","x":"', "\\n\\r", "{}", '"}]}', "é ☺ 漢", "<script>", "=1+1"])
def test_sv19_text_that_looks_like_an_entry_is_text(text_: str) -> None:
    entry = note(text_)
    content = entry.content()
    assert content.isascii()
    assert b"\n" not in content
    assert json.loads(content)["kind"] == "note_added"
    assert Entry.from_json(entry.to_json()).members["text"] == (text_,)


# Taken


@KIND
def test_an_entry_of_every_kind_is_read_as_it_was_written(kind: Kind) -> None:
    entry = make(kind.name, samples(kind))
    assert Entry.from_json(entry.to_json()) == entry
    assert make(kind.name, {name: sample(type_) for name, type_ in kind.members.items()}).kind == kind.name
    assert entry.content().startswith(f'{{"id":"{entry.id.hex()}"'.encode())  # 39 bytes that whoever opens it knows before
    assert b"voter 4711" not in entry.content()
    assert (b"voter 4711" in entry.person()) == (entry.unique_identifier is not None)


@pytest.mark.parametrize("change", [b"", b"[]", b"null", b"{}", b'{"chain":1}', b"\xff", b"[" * 100_000])
def test_what_is_no_entry_is_not_read(change: bytes) -> None:
    with pytest.raises(Invalid):
        Entry.from_json(change)


def test_an_entry_with_another_form_is_not_read() -> None:
    whole = json.loads(reissued().to_json())
    spaced = json.dumps(json.loads(whole["content"]))
    for change in ({"content": spaced}, {"person": ""}, {"person": whole["person"] + " "}, {"content": whole["person"]}, {"chain": "x"}):
        with pytest.raises(Invalid):
            Entry.from_json(json.dumps({**whole, **change}).encode())


def test_times_are_utc_and_to_the_microsecond() -> None:
    summer = datetime(2026, 7, 1, 10, 0, 0, 5, timezone(timedelta(hours=1)))
    assert moment(summer) == "2026-07-01T09:00:00.000005Z"
    assert read_moment(moment(summer)) == summer
    assert read_moment(moment(summer)).tzinfo is UTC


def test_what_an_entry_says_cannot_be_changed() -> None:
    entry = note("fine")
    with pytest.raises(TypeError):
        entry.members["text"] = ("other",)  # type: ignore[index]
    assert len({note("x").id for _ in range(100)}) == 100


# The catalogue


def test_every_item_of_the_code_is_served_by_a_kind() -> None:
    served = {item for kind in KINDS.values() for item in kind.items}
    assert served == set(ITEMS)
    assert len(set(ITEMS)) == len(ITEMS)


@KIND
def test_a_kind_keeps_to_the_rules(kind: Kind) -> None:
    types = {**kind.members, **kind.optional}
    assert not kind.members.keys() & kind.optional.keys()
    assert all((name == UNIQUE_IDENTIFIER) == isinstance(type_, Voter) for name, type_ in types.items())
    assert not types.keys() & {"name", "contact", "email", "phone", "code", "access_code", "choice", "vote", "id", "kind"}
    if kind.grouped_by:
        assert isinstance(kind.members[kind.grouped_by[0]], OneOf)
        assert set(kind.grouped_by) <= types.keys()
        assert {"count", "minute"} <= types.keys()
        assert kind.members.keys() <= {"count", *kind.grouped_by}


def test_only_refused_requests_and_wrong_codes_are_ever_counted_together() -> None:
    assert {kind.name for kind in KINDS.values() if kind.grouped_by} == {"request_refused", "unauthorised_access_attempted"}


def test_the_log_of_the_platform_has_the_same_kinds() -> None:
    assert Entry(PLATFORM, "signed_in", START, {"by": "officer-2", "role": "scrutineer"}).chain == PLATFORM
