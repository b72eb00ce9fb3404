"""Drafts written by hand: what is refused, and in which words."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.__main__ import psephos
from cli.draft import SAMPLE, create_election, draft_to_manifest, read_draft
from cli.errors import PsephosError
from engine.errors import EngineError, QuorumError
from tests.cli.folders import a_draft
from tests.groups import TOY

CONTEST = {"label": "Strike", "options": ["Yes", "No"], "spoil": "Spoil"}


def with_contest(**changes: Any) -> dict[str, Any]:
    return a_draft(contests=[{**CONTEST, **changes}], ballot_styles={"All": [1]})


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in a_draft().items() if key != name}


REFUSED: list[tuple[str, Any, str]] = [
    ("no label", without("label"), "the draft says nothing about 'label'"),
    ("no contests", without("contests"), "says nothing about 'contests'"),
    ("no closing time", without("closes"), "says nothing about 'closes'"),
    ("no trustees", without("trustees"), "says nothing about 'trustees'"),
    ("a misspelt member", a_draft(smalest_unit=10), "the draft says 'smalest_unit', which is not known there; it knows label, contests"),
    ("a misspelt limit", with_contest(choose_upto=3), "contest 1 of the draft says 'choose_upto', which is not known there"),
    ("a contest without options", a_draft(contests=[{"label": "Strike"}]), "contest 1 of the draft says nothing about 'options'"),
    ("options in one text", with_contest(options="Yes"), "contest 1 of the draft: 'options' is not a list"),
    ("a limit in words", with_contest(choose_up_to="3"), "'choose_up_to' is not a number"),
    ("a limit that is true", with_contest(choose_up_to=True), "'choose_up_to' is not a number"),
    ("a limit of nothing", with_contest(choose_up_to=0), "a limit is at|an option's limit is a number from 1"),
    ("a limit of null", with_contest(choose_up_to=None), "'choose_up_to' is not a number"),
    ("a contest that is a text", a_draft(contests=["Strike"]), "contest 1 of the draft is not an object"),
    ("trustees in one text", a_draft(trustees="Trustee"), "the draft: 'trustees' is not a list"),
    ("styles in a list", a_draft(ballot_styles=[[1, 2]]), "the draft: 'ballot_styles' is not an object"),
    ("no style for a contest", a_draft(ballot_styles={"One": [1]}), "contest 2 is in no ballot style"),
    ("a style of no contest", a_draft(ballot_styles={"One": [1, 2, 3]}), "its contests are not existing indices"),
    ("a time without a zone", a_draft(closes="2027-01-25 17:00"), "'closes' is '2027-01-25 17:00', expected a time in UTC like"),
    ("the last year there is", a_draft(closes="9999-12-31T00:00:00Z"), "'closes' is '9999-12-31T00:00:00Z', expected"),
    ("a close before the opening", a_draft(closes="2026-10-01T00:00:00Z"), "expected opens < closes < record_due"),
    ("a record due before the close", a_draft(record_due="2026-11-01T00:00:00Z"), "expected opens < closes < record_due"),
    ("a unit of one", a_draft(smallest_unit=1), "smallest_unit is at least 2"),
    ("a unit in words", a_draft(smallest_unit="ten"), "'smallest_unit' is not a number"),
    ("two options alike", with_contest(options=["Yes", "yes"]), "two labels are the same, or look the same"),
    ("an option called spoil twice", with_contest(options=["Yes", "Spoil"]), "two labels are the same"),
    ("an invisible character", with_contest(options=["Yes", "N\u200bo"]), "U\\+200B, which is invisible"),
    ("half a character", a_draft(label="\ud800"), "half of a character"),
    ("an option that is a number", with_contest(options=["Yes", 5]), "expected text"),
    ("an option that is a list", with_contest(options=["Yes", ["No"]]), "expected text"),
    ("no trustee at all", a_draft(trustees=[]), "from 1 to 20 are possible"),
]


@pytest.mark.parametrize(("draft", "message"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED])
def test_a_draft_is_refused_in_a_line_that_says_where_and_leaves_no_folder(tmp_path: Path, draft: Any, message: str) -> None:
    with pytest.raises((PsephosError, EngineError), match=message):
        create_election(tmp_path / "election", draft, 2, TOY)
    (tmp_path / "draft.json").write_text(json.dumps(draft))
    arguments = ["scrutineer", "create", str(tmp_path / "election"), "--draft", str(tmp_path / "draft.json"), "--quorum", "2"]
    result = CliRunner().invoke(psephos, arguments)
    assert (result.exit_code, result.output.count("\n"), result.output[:7]) == (1, 1, "Error: "), result.output
    assert not (tmp_path / "election").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON"), (b"{", "is not JSON"), (b"[]", "is not a JSON object"), (b"5", "is not a JSON object"),
        (b"[" * 100_000, "is nested too deeply"), (b"\xff", "is not JSON in UTF-8"), (b'{"label":"a","label":"b"}', "says 'label' twice"),
        (b'{"contests":[{"label":"a","label":"b"}]}', "says 'label' twice"), (b"9" * 5000, "is not JSON"),
    ],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_draft_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(PsephosError, match=message):
        read_draft(content)


@pytest.mark.parametrize("quorum", [0, 4, -1])
def test_a_quorum_that_cannot_be_is_refused(tmp_path: Path, quorum: int) -> None:
    with pytest.raises(QuorumError):
        create_election(tmp_path / "election", a_draft(), quorum, TOY)
    assert not (tmp_path / "election").exists()


def test_a_folder_that_is_in_use_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    with pytest.raises(PsephosError, match="is not empty; an election folder is a new one"):
        create_election(tmp_path, a_draft(), 2, TOY)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_two_elections_of_one_draft_are_two_elections() -> None:
    one, two = draft_to_manifest(a_draft()), draft_to_manifest(a_draft())
    assert one.voting.election_identifier != two.voting.election_identifier


def test_the_sample_is_a_draft() -> None:
    printed = CliRunner().invoke(psephos, ["scrutineer", "sample"]).stdout
    manifest = draft_to_manifest(read_draft(printed.encode()))
    assert [contest.selection_limit for contest in manifest.contests] == [1, 3]
    assert [option.label for option in manifest.contests[0].options] == ["Yes", "No", "I spoil this question"]
    assert manifest.voting.record_due == "2028-01-25T17:00:00Z"
    assert read_draft(printed.encode()) == SAMPLE
