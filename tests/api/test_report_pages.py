"""The scrutineer's report as PDF: one for each kind of ballot, accessible, the same bytes each time, with what it lacks said openly."""

import json
import re
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest

from api.law.particulars import Particulars, read_section
from api.reports.content import Told, blocks_of, gaps_of, sections_of, subtitle_of
from api.reports.pdf import Pages, to_pdf
from api.reports.words import HEADINGS, Language
from cli.particulars_sample import hierarchy_for, methods_for, sample_particulars
from engine.statutory import BallotType, Method

MADE = datetime(2026, 11, 25, 9, tzinfo=UTC)
OPENS, CLOSES = datetime(2026, 11, 1, 9, tzinfo=UTC), datetime(2026, 11, 20, 17, tzinfo=UTC)
SECTIONS = {"industrial action": "231B", "union election": "52", "political fund": "78 and 72O", "amalgamation": "100E",
            "transfer of engagements": "100E"}  # fmt: skip


def registers(*, ruled_out: bool = False) -> dict[str, Any]:
    """What the registers say of a ballot with a little of everything."""
    incident = {"status": "confirmed", "description": "Somebody else was signed in", "effect": "None is known"}
    failure = {"entries": 1, "voters": 12, "deliberate": 0, "not_small": 0}
    return {
        "incidents": {"by_status": {"confirmed": 1}, "entries": [incident] if ruled_out else [], "nothing_else_found": []},
        "complaints": {"number": 3, "by_category": {"delivery": 2, "access": 1}, "about_pressure": 0, "unanswered": 1},
        "clean_statement_ruled_out": ruled_out, "failures": {"by_category": {"158d": failure}, "voters": 12, "margin": 200, "labels": []},
        "issues": {"for_the_report": [{"subject": "The box was moved", "station": "North gate", "outcome": "Put back"}]},
        "gaps": ["COP-105c-ii-a: no record of malware protection for voting-1"],
    }  # fmt: skip


def facts_of(kind: BallotType | None = BallotType.INDUSTRIAL_ACTION, **changes: Any) -> dict[str, Any]:
    methods = methods_for(kind) if kind else ()
    return {
        "ballot_type": kind.value if kind else "not statutory", "section": kind.section if kind else None,
        "methods": [each.value for each in methods], "hierarchy": [each.value for each in hierarchy_for(methods)],
        "election": "ab" * 32, "label": "Ballot of the branch", "union": "The union", "scrutineer": "The scrutineer",
        "opens": "2026-11-01T09:00:00Z", "closes": "2026-11-20T17:00:00Z", "state": "released", "trustees": ["First", "Second", "Third"],
        "quorum": 2, "steps": [],
        "permission_changes": [
            {"number": 1, "kind": "granted", "account": "5d" * 16, "role": "scrutineer", "reason": "appointment", "asked_by": "",
             "approver": "", "at": "2026-10-01T09:00:00+00:00"},
        ],
        "count": {"voters": 1200, "counted": 812, "discounted": 2, "challenged": 5},
        "result": [{"question": "Are you prepared to take part in a strike?",
                    "options": [{"label": "Yes", "votes": 500}, {"label": "No", "votes": 300}, {"label": "Spoil", "votes": 12}]}],
        "unanimous": [], "assigned": {"electronic": 700, "workplace": 500}, "registers": registers(), "record_hash": "3c" * 32, **changes,
    }  # fmt: skip


def particulars_of(kind: BallotType = BallotType.INDUSTRIAL_ACTION) -> Particulars:
    told = sample_particulars(kind, methods_for(kind), "The scrutineer", "The union", OPENS, CLOSES, [(1, "First"), (1, "Second")])
    return Particulars(**{name: read_section(name, json.dumps(value).encode()) for name, value in told.items()})


def text_of(facts: dict[str, Any], kind: BallotType = BallotType.INDUSTRIAL_ACTION, told: Told = Told(satisfied=True)) -> str:  # noqa: B008
    blocks = blocks_of(facts, particulars_of(kind), told, Language.ENGLISH)
    return json.dumps([block.plain(("", "")) for block in blocks])


def pdf_of(facts: dict[str, Any], kind: BallotType = BallotType.INDUSTRIAL_ACTION, language: Language = Language.ENGLISH) -> bytes:
    blocks = blocks_of(facts, particulars_of(kind), Told(satisfied=True), language)
    title = HEADINGS["report"][list(Language).index(language)]
    result = json.dumps(facts["result"]).encode()
    return to_pdf(Pages(title, subtitle_of(facts), "The scrutineer", MADE, False, language, blocks, result))


@pytest.mark.parametrize("kind", BallotType)
@pytest.mark.parametrize("language", Language)
def test_every_kind_has_a_report_that_is_accessible_and_the_same_each_time(kind: BallotType, language: Language) -> None:
    made = pdf_of(facts_of(kind), kind, language)
    assert made == pdf_of(facts_of(kind), kind, language)
    assert made.startswith(b"%PDF-")
    plain = made + b"".join(_streams(made))
    assert b"pdfaid:part>3<" in plain
    assert b"pdfaid:conformance>A<" in plain
    assert b"pdfuaid:part>1<" in plain
    assert b"/StructTreeRoot" in plain
    assert b"result.json" in plain
    assert sections_of(facts_of(kind)) == SECTIONS[kind.value]
    text = text_of(facts_of(kind), kind)
    assert SECTIONS[kind.value] in text
    expected = ("delivery", "1 of them have no answer", "158d", "margin of the result: 200", "The box was moved", "malware")
    for told in (*expected, "Entitled to vote", "by workplace voting"):
        assert told in text


def _streams(made: bytes) -> list[bytes]:
    found = []
    for match in re.finditer(rb"stream\r?\n", made):
        try:
            found.append(zlib.decompressobj().decompress(made[match.end() :]))
        except zlib.error:
            continue
    return found


def test_hostile_names_are_text_and_no_commands() -> None:
    facts = facts_of(label="#panic() $x$ *b* \\ <a> @b // /* \u202e", result=[
        {"question": '#read("/etc/passwd")', "options": [{"label": "#sys.inputs", "votes": 1}, {"label": "]", "votes": 0}]}])  # fmt: skip
    assert pdf_of(facts).startswith(b"%PDF-")


@pytest.mark.parametrize("label", ["中文", "😀 and more", "\x13", "ع", "Ελληνικά", "Ŵŷ", "\ud83d".encode("utf-16", "surrogatepass").hex()])
def test_what_no_font_has_is_shown_all_the_same(label: str) -> None:
    assert pdf_of(facts_of(label=label)).startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("changes", "told", "says"),
    [
        ({}, Told(satisfied=True), []), ({}, Told(satisfied=False, reservations="One box was late"), []), ({}, Told(), ["COP-167.1"]),
        ({}, Told(satisfied=False), ["COP-167.1"]), ({"state": "tallied", "record_hash": None}, Told(satisfied=True), ["COP-167.1"]),
        ({"registers": registers(ruled_out=True)}, Told(satisfied=True), ["COP-097.1"]),
        ({"registers": registers(ruled_out=True)}, Told(satisfied=False, reservations="Somebody was in"), []),
    ],
)  # fmt: skip
def test_a_report_is_not_final_before_it_lacks_nothing(changes: dict[str, Any], told: Told, says: list[str]) -> None:
    assert [gap.partition(":")[0] for gap in gaps_of(facts_of(**changes), particulars_of(), told)] == says


def test_a_ballot_that_is_not_statutory_has_no_scrutineers_report() -> None:
    assert any(gap.startswith("COP-004") for gap in gaps_of(facts_of(None), Particulars(), Told(satisfied=True)))


def test_after_an_unauthorised_access_the_statement_is_never_printed() -> None:
    text = text_of(facts_of(registers=registers(ruled_out=True)))
    assert "is satisfied that there are no reasonable grounds" not in text
    assert "paragraph 97" in text


def test_ties_are_reported_and_not_broken() -> None:
    votes = {"Ash": 7, "Birch": 7, "Cedar": 1}
    level = [{"question": "Chair", "options": [{"label": label, "votes": number} for label, number in votes.items()]}]
    assert "The votes for Ash and Birch are equal. A tie is reported here and not broken." in text_of(facts_of(result=level))
    assert "A tie" not in text_of(facts_of())


def test_parts_depend_on_the_methods_that_were_used() -> None:
    whole = text_of(facts_of())
    assert "Downtime measured" in whole
    assert "North gate" in whole
    post = facts_of(BallotType.UNION_ELECTION, methods=[Method.POSTAL.value], hierarchy=[])
    text = text_of(post, BallotType.UNION_ELECTION)
    assert "Downtime" not in text
    assert "Room 2.14" not in text
    assert "Room 2.14" in whole


def test_every_change_of_permissions_is_there_and_none_is_said_to_be_none() -> None:
    assert "5d" * 16 in text_of(facts_of())
    assert '"heading": "Changes of permissions"' in text_of(facts_of(permission_changes=[]))
    (block,) = (each for each in blocks_of(facts_of(permission_changes=[]), particulars_of(), Told(), Language.ENGLISH)
                if each.heading == HEADINGS["permissions"][0])  # fmt: skip
    assert list(block.paragraphs) == ["None."]
