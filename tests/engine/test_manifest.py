"""engine/manifest.py: what may be voted on, and everything that could be read in two ways (CR-45)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EngineError, FormatError, ManifestError
from engine.manifest import LARGEST_LIMIT, Manifest, read_manifest, text_problem
from engine.statutory import BallotType, Method, Route, Statutory
from tests.engine.elections import a_manifest, manifest_bytes, manifest_file

CYRILLIC_A = "\u0430"


def compact(file: Any) -> bytes:
    return json.dumps(file, ensure_ascii=False, separators=(",", ":")).encode()


def with_contest(*options: dict[str, Any], **contest: Any) -> bytes:
    """One contest with these options; limits in their place."""
    entry = {"label": "Strike", **contest, "options": list(options)}
    return manifest_bytes(contests=[entry], ballot_styles=[{"label": "One", "contests": [1]}])


def option(label: str, **members: Any) -> dict[str, Any]:
    return {"label": label, **members}


def relabelled(first: str, second: str) -> bytes:
    return with_contest(option(first), option(second))


def edited(change: Callable[[dict[str, Any]], object]) -> bytes:
    file = manifest_file()
    change(file)
    return compact(file)


def statutory(**changes: Any) -> dict[str, Any]:
    """The member of a ballot on industrial action with all methods."""
    routes = ["workplace", "hybrid electronic", "hybrid postal"]
    methods = ["electronic", "hybrid", "workplace"]
    member = {"ballot_type": "industrial action", "section": "226(1)(a)", "methods": methods, "hierarchy": routes, **changes}
    return {name: value for name, value in member.items() if value is not None}


REFUSED: list[tuple[str, bytes, str]] = [
    # one form
    ("a member twice", manifest_bytes().replace(b'{"label"', b'{"label":"Another","label"', 1), "repeated"),
    ("a member twice, spelled differently", manifest_bytes().replace(b'{"label"', b'{"\\u006cabel":"Another","label"', 1), "repeated"),
    ("a contest's options twice", manifest_bytes().replace(b'"options":', b'"options":[],"options":', 1), "repeated"),
    ("an unknown member", edited(lambda file: file.update(weight=2)), "unknown"),
    ("an unknown member of an option", with_contest(option("Yes", write_in=True), option("No")), "unknown"),
    ("blanks", json.dumps(manifest_file()).encode(), "canonical"),
    ("members in another order", edited(lambda file: file.update(label=file.pop("label"))), "canonical"),
    ("a final newline", manifest_bytes() + b"\n", "canonical"),
    ("escaped letters", manifest_bytes(label="Zürich").replace("ü".encode(), b"\\u00fc"), "canonical"),
    ("a byte order mark", b"\xef\xbb\xbf" + manifest_bytes(), "not JSON"),
    ("UTF-16", manifest_bytes().decode().encode("utf-16"), "not JSON"),
    ("a null", edited(lambda file: file["contests"][0].update(selection_limit=None)), "expected"),
    ("no voting", edited(lambda file: file.pop("voting")), "missing"),
    # the kind of ballot
    *((f"a ballot type that is none, {kind}", manifest_bytes(statutory=statutory(ballot_type=kind)), "COP-005") for kind in [
        "", "indicative", "Industrial action", "industrial action "]),
    *((f"a ballot type that the Code leaves out, {kind}", manifest_bytes(statutory=statutory(ballot_type=kind)), "COP-008") for kind in [
        "recognition", "Derecognition", "CAC"]),
    ("a section of another kind", manifest_bytes(statutory=statutory(section="72C(1)")), "section 226"),
    ("no section", manifest_bytes(statutory=statutory(section=None)), "missing"),
    ("no methods", manifest_bytes(statutory=statutory(methods=[])), "expected methods"),
    ("methods in another order", manifest_bytes(statutory=statutory(methods=["hybrid", "electronic", "workplace"])), "in this order"),
    ("a method twice", manifest_bytes(statutory=statutory(methods=["electronic", "electronic", "hybrid"])), "each once"),
    ("a method that is none", manifest_bytes(statutory=statutory(methods=["electronic", "telephone"])), "expected methods"),
    *((f"a workplace ballot on {kind}", manifest_bytes(statutory=statutory(ballot_type=kind, section=section)), "COP-006")
      for kind, section in [("union election", "46(1)(a)"), ("political fund", "72C(1)"), ("amalgamation", "97(1)(b)"),
                            ("transfer of engagements", "97(2)(b)")]),
    ("hybrid without a hierarchy", manifest_bytes(statutory=statutory(hierarchy=None)), "COP-034"),
    ("a hierarchy without a route of hybrid", manifest_bytes(statutory=statutory(hierarchy=["workplace", "hybrid postal"])), "COP-034"),
    ("a hierarchy with a tie", manifest_bytes(statutory=statutory(hierarchy=["workplace"] * 2)), "COP-154.2"),
    ("a hierarchy of one", manifest_bytes(statutory=statutory(methods=["electronic", "postal"], hierarchy=["postal"])), "COP-154.2"),
    ("an empty hierarchy", manifest_bytes(statutory=statutory(methods=["electronic"], hierarchy=[])), "COP-154.2"),
    ("a hierarchy with a foreign route", manifest_bytes(statutory=statutory(hierarchy=["postal", *statutory()["hierarchy"]])), "COP-154.2"),
    ("a statutory ballot without spoil", edited(lambda file: (
        file["voting"].update(statutory=statutory()), file["contests"][0]["options"].pop())), "COP-073a"),
    ("an unknown member of the kind", manifest_bytes(statutory=statutory(weight=2)), "unknown"),
    # contests, options, styles
    ("no contests", manifest_bytes(contests=[]), "at least one"),
    ("no styles", manifest_bytes(ballot_styles=[]), "at least one"),
    ("no options", with_contest(), "no options"),
    ("a style without contests", manifest_bytes(ballot_styles=[{"label": "None", "contests": []}]), "style 1"),
    ("a style with a foreign contest", manifest_bytes(ballot_styles=[{"label": "All", "contests": [1, 2, 3]}]), "style 1"),
    ("a style with contest 0", manifest_bytes(ballot_styles=[{"label": "All", "contests": [0, 1, 2]}]), "style 1"),
    ("a style with a contest twice", manifest_bytes(ballot_styles=[{"label": "All", "contests": [1, 1, 2]}]), "style 1"),
    ("a style out of order", manifest_bytes(ballot_styles=[{"label": "All", "contests": [2, 1]}]), "style 1"),
    ("a contest in no style", manifest_bytes(ballot_styles=[{"label": "One", "contests": [1]}]), "contest 2 is in no"),
    ("an index as text", manifest_bytes(ballot_styles=[{"label": "One", "contests": ["1"]}]), "integer"),
    ("an index beyond 31 bits", manifest_bytes(ballot_styles=[{"label": "One", "contests": [1, 2, 2**31]}]), "integer"),
    # limits
    ("a limit of 0", with_contest(option("Yes"), option("No"), selection_limit=0), "from 1"),
    ("a limit of 1 in words", with_contest(option("Yes"), option("No"), selection_limit=1), "not written"),
    ("an option's limit of 1 in words", with_contest(option("Yes", selection_limit=1), option("No")), "not written"),
    ("an option's limit of 0", with_contest(option("Yes", selection_limit=0), option("No"), selection_limit=2), "from 1"),
    ("a negative limit", with_contest(option("Yes"), option("No"), selection_limit=-1), "integer"),
    ("a limit with a point", with_contest(option("Yes"), option("No"), selection_limit=2.0), "not an integer"),
    ("a true limit", with_contest(option("Yes"), option("No"), selection_limit=True), "integer"),
    ("another word for a limit", with_contest(option("Yes"), option("No"), selection_limit="UNLIMITED"), "NO_LIMIT"),
    ("NO_LIMIT for an option", with_contest(option("Yes", selection_limit="NO_LIMIT"), option("No"), selection_limit=2), "CONTEST_LIMIT"),
    ("CONTEST_LIMIT for a contest", with_contest(option("Yes"), option("No"), selection_limit="CONTEST_LIMIT"), "NO_LIMIT"),
    ("limits that refer to each other", with_contest(
        option("Yes", selection_limit="CONTEST_LIMIT"), option("No"), selection_limit="NO_LIMIT"), "NO_LIMIT"),
    ("a limit no ballot could carry", with_contest(
        option("Yes", selection_limit=LARGEST_LIMIT + 1), option("No"), selection_limit=LARGEST_LIMIT + 1), "at most 1000"),
    ("a stated limit beyond the bound that another limit would lower", with_contest(
        option("Yes", selection_limit=LARGEST_LIMIT + 1), option("No"), selection_limit=2), "at most 1000"),
    ("a contest's stated limit beyond the bound", with_contest(option("Yes"), option("No"),
        selection_limit=LARGEST_LIMIT + 1), "at most 1000"),
    ("limits that add up to too much", with_contest(
        *(option(f"Option {at}", selection_limit=300) for at in range(4)), selection_limit="NO_LIMIT"), "at most 1000"),
    # spoil
    ("spoil in the first place", with_contest(option("Spoil", spoil=True), option("Yes")), "spoil"),
    ("spoil twice", with_contest(option("Yes"), option("Spoil", spoil=True), option("Reject", spoil=True)), "spoil"),
    ("spoil alone", with_contest(option("Spoil", spoil=True)), "spoil"),
    ("spoil false", with_contest(option("Yes"), option("No", spoil=False)), "spoil"),
    ("spoil with a limit", with_contest(option("Yes"), option("Spoil", selection_limit=2, spoil=True), selection_limit=2), "spoil"),
    ("spoil as a number", with_contest(option("Yes"), option("Spoil", spoil=1)), "true or false"),
    # times
    ("closing before opening", manifest_bytes(closes="2026-10-20T17:00:00Z"), "opens < closes"),
    ("closing at the opening", manifest_bytes(closes="2026-11-01T09:00:00Z"), "opens < closes"),
    ("a record due before the close", manifest_bytes(record_due="2026-11-20T16:59:59Z"), "record_due"),
    ("a record due at the close", manifest_bytes(record_due="2026-11-20T17:00:00Z"), "record_due"),
    *((f"the time {time!a}", manifest_bytes(closes=time), "time like") for time in [
        "2026-11-20", "2026-11-20T17:00:00", "2026-11-20T17:00:00+00:00", "2026-11-20 17:00:00Z", "2026-11-20T17:00Z",
        "2026-11-20T17:00:00.0Z",
        "2026-11-31T17:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20T17:00:60Z", "0000-11-20T17:00:00Z", "2026-11-20t17:00:00z", "",
        "2026-11-20T17:00:00Z ", " 2026-11-20T17:00:00Z", "٢٠٢٦-11-20T17:00:00Z", "2026-1-20T17:00:00Z",
    ]),
    # the rest of `voting`
    ("no trustees", manifest_bytes(trustees=0), "trustees"),
    ("too many trustees", manifest_bytes(trustees=21), "trustees"),
    ("a smallest unit of 1", manifest_bytes(smallest_unit=1), "smallest_unit"),
    ("a smallest unit of 0", manifest_bytes(smallest_unit=0), "smallest_unit"),
    ("chaining", manifest_bytes(chaining_mode="Simple"), "NoChaining"),
    ("a log of another kind", manifest_bytes(log="offline"), "voting.log"),
    ("a log without a kind", manifest_bytes(log=""), "voting.log"),
    ("a log as truth", manifest_bytes(log=True), "log"),
    ("a short identifier", manifest_bytes(election_identifier="AB" * 31), "hexadecimal"),
    ("an identifier in lower case", manifest_bytes(election_identifier="ab" * 32), "hexadecimal"),
    # texts
    ("equal options", relabelled("Yes", "Yes"), "the same"),
    ("options that differ in case", relabelled("Yes", "YES"), "the same"),
    ("options that differ in ß and ss", relabelled("Straße", "STRASSE"), "the same"),
    ("options that differ in width", relabelled("Yes", "Ｙｅｓ"), "the same"),
    ("options that differ in a ligature", relabelled("Office", "O\ufb03ce"), "the same"),
    ("options that differ in a superscript", relabelled("Area 2", "Area ²"), "the same"),
    ("equal contests", edited(lambda file: file["contests"][1].update(label="strike")), "the same"),
    ("equal styles", edited(lambda file: file["ballot_styles"][1].update(label="ONE")), "the same"),
    ("a letter that looks like another", relabelled("Yes", f"P{CYRILLIC_A}y"), "several scripts"),
    ("a name in another script than the question", manifest_bytes(union="Профсоюз"), "several scripts"),
    ("a mathematical letter", relabelled("Yes", "𝐍o"), "several scripts"),
    ("a modifier letter", relabelled("Yes", "Noʰ"), "several scripts"),
    ("a right-to-left override", relabelled("Yes", "No\u202eseY"), "U+202E"),
    ("a right-to-left mark", relabelled("Yes", "No\u200f"), "U+200F"),
    ("an isolate", relabelled("Yes", "\u2066No\u2069"), "U+2066"),
    ("a zero-width space", relabelled("Yes", "Yes\u200b"), "U+200B"),
    ("a zero-width joiner", relabelled("Yes", "Yes\u200d"), "U+200D"),
    ("a word joiner", relabelled("Yes", "Yes\u2060"), "U+2060"),
    ("a byte order mark inside", relabelled("Yes", "Yes\ufeff"), "U+FEFF"),
    ("a soft hyphen", relabelled("Yes", "Y\u00ades"), "U+00AD"),
    ("a variation selector", relabelled("Yes", "Yes\ufe0f"), "U+FE0F"),
    ("a grapheme joiner", relabelled("Yes", "Yes\u034f"), "U+034F"),
    ("a blank Braille pattern", relabelled("Yes", "Yes\u2800"), "U+2800"),
    ("a tag character", relabelled("Yes", "Yes\U000e0041"), "U+E0041"),
    ("a control character", relabelled("Yes", "No\x07"), "U+0007"),
    ("a delete character", relabelled("Yes", "No\x7f"), "U+007F"),
    ("a line break", relabelled("Yes", "No\nYes"), "U+000A"),
    ("a line separator", relabelled("Yes", "No\u2028Yes"), "U+2028"),
    ("a no-break space", relabelled("Yes", "No\u00a0way"), "U+00A0"),
    ("a thin space", relabelled("Yes", "No\u2009way"), "U+2009"),
    ("a private character", relabelled("Yes", "No\ue000"), "U+E000"),
    ("an unassigned character", relabelled("Yes", "No\u0378"), "U+0378"),
    ("another normal form", relabelled("Yes", "Zu\u0308rich"), "normal form"),
    ("a letter that normal form replaces", relabelled("Yes", "\u212bngstrom"), "normal form"),
    ("a mark on nothing", relabelled("Yes", "\u0301No"), "no letter"),
    ("a mark on a blank", relabelled("Yes", "No \u0336way"), "no letter"),
    ("an empty label", relabelled("Yes", ""), "empty"),
    ("a blank label", relabelled("Yes", " "), "space"),
    ("a leading blank", relabelled("Yes", " No"), "space"),
    ("a final blank", relabelled("Yes", "No "), "space"),
    ("two blanks", relabelled("Yes", "No  way"), "space"),
    ("a label of 201 characters", relabelled("Yes", "N" * 201), "200"),
    ("half a surrogate pair", relabelled("Yes", "No").replace(b'"No"', b'"\\ud83d"'), "not JSON"),
    *((f"a hidden character in {where}", manifest_bytes(**{where: "Name\u200b"}), "U+200B") for where in [
        "label", "union", "scrutineer", "device_information"]),
    ("a hidden character in a trustee's name", edited(lambda file: file["voting"]["trustees"].__setitem__(2, "T\u200b")), "U+200B"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content", "reason"), REFUSED, ids=[each[0] for each in REFUSED])
def test_cr45_a_manifest_that_is_ambiguous_or_incomplete_is_refused_with_the_reason(name: str, content: bytes, reason: str) -> None:
    with pytest.raises((FormatError, ManifestError), match=reason.replace("+", r"\+")) as caught:
        read_manifest(content)
    assert str(caught.value).isprintable()
    assert str(caught.value).isascii() or "…" in str(caught.value)


def test_cr45_twin_without_the_text_rules_takes_all_of_these(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are refused by those rules and for no other reason."""
    monkeypatch.setattr("engine.manifest._check_text", lambda _: None)
    start = next(at for at, each in enumerate(REFUSED) if each[0] == "equal options")
    for name, content, _ in REFUSED[start:]:
        if name != "half a surrogate pair":
            assert read_manifest(content)


@pytest.mark.parametrize("index", [0, -1, 3, 2**31])
def test_a_contest_or_style_that_does_not_exist_is_not_found(index: int) -> None:
    manifest = a_manifest()
    for find in (manifest.contest, manifest.ballot_style):
        with pytest.raises(ManifestError):
            find(index)


# Good ones


def test_the_bytes_are_kept_as_they_came() -> None:
    content = manifest_bytes(label="Zürich – Œuvre, ŵ and ç")
    assert read_manifest(content).content == content


def limits(manifest: Manifest) -> tuple[int, list[int]]:
    (contest,) = manifest.contests
    return contest.selection_limit, [each.selection_limit for each in contest.options]


@pytest.mark.parametrize(
    ("contest", "options", "effective"),
    [
        (None, [None, None, None], (1, [1, 1, 1])),
        (2, [None, None, None], (2, [1, 1, 1])),
        (3, [None, None], (2, [1, 1])),
        (5, [3, None, 2], (5, [3, 1, 2])),
        (2, [3, None], (2, [2, 1])),
        (None, [4, 4], (1, [1, 1])),
        ("NO_LIMIT", [None, None, None], (3, [1, 1, 1])),
        ("NO_LIMIT", [2, 3], (5, [2, 3])),
        (4, ["CONTEST_LIMIT", None], (4, [4, 1])),
        (4, ["CONTEST_LIMIT", "CONTEST_LIMIT"], (4, [4, 4])),
        (None, ["CONTEST_LIMIT", None], (1, [1, 1])),
        (1000, [1000, None], (1000, [1000, 1])),
    ],
)
def test_limits_take_effect_as_the_record_format_says(contest: Any, options: list[Any], effective: tuple[int, list[int]]) -> None:
    entries = [option(f"Option {at}", **({} if each is None else {"selection_limit": each})) for at, each in enumerate(options)]
    assert limits(read_manifest(with_contest(*entries, **({} if contest is None else {"selection_limit": contest})))) == effective


def test_the_spoil_option_needs_a_proof_of_its_own_only_beyond_a_limit_of_one() -> None:
    strike, executive = a_manifest().contests
    assert strike.spoil is not None
    assert strike.spoil.index == 3
    assert not strike.needs_spoil_proof
    assert executive.needs_spoil_proof
    plain = read_manifest(with_contest(option("Yes"), option("No"), selection_limit=2)).contests[0]
    assert plain.spoil is None
    assert not plain.needs_spoil_proof


def test_times_are_utc_instants() -> None:
    manifest = a_manifest()
    assert manifest.opens.isoformat() == "2026-11-01T09:00:00+00:00"
    assert manifest.closes.isoformat() == "2026-11-20T17:00:00+00:00"


@pytest.mark.parametrize("text", ["Yes", "Na, 'n ôl", "O’Neill & Sons (No. 2)", "x" * 200, "50 % – £3.50", "Łódź", "الاتحاد", "7"])
def test_ordinary_text_is_welcome(text: str) -> None:
    assert text_problem(text) is None


@given(st.text(max_size=30))
def test_any_text_is_judged_and_a_label_that_passes_is_read_back(text: str) -> None:
    try:
        manifest = read_manifest(relabelled("7", text))
    except EngineError:
        return
    assert manifest.contests[0].options[1].label == text
    assert text.isprintable()


def test_kind_methods_and_hierarchy_of_a_statutory_ballot_are_read() -> None:
    assert a_manifest().statutory is None
    found = a_manifest(statutory=statutory()).statutory
    assert found is not None
    assert (found.ballot_type, found.ballot_type.section) == (BallotType.INDUSTRIAL_ACTION, "226(1)(a)")
    assert found.hierarchy == (Route.WORKPLACE, Route.HYBRID_ELECTRONIC, Route.HYBRID_POSTAL)
    for kind in BallotType:
        plain = {"ballot_type": kind.value, "section": kind.section, "methods": ["electronic"], "hierarchy": None}
        found = a_manifest(statutory=statutory(**plain)).statutory
        assert found == Statutory(kind, (Method.ELECTRONIC,), ())
