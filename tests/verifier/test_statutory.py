"""X13: what a manifest says of the law that its ballot is held under. All else of these records is right."""

from pathlib import Path
from typing import Any

import pytest

from tests.forging import Folder, Forger, contents_of, e0
from tests.verifier.checking import refused, run
from verifier.page import to_html

ROUTES = ["workplace", "hybrid electronic", "hybrid postal"]
STRIKE = {"ballot_type": "industrial action", "section": "226(1)(a)", "methods": ["hybrid", "workplace"], "hierarchy": ROUTES}
ELECTION = {"ballot_type": "union election", "section": "46(1)(a)", "methods": ["electronic"]}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "record")


def record(statutory: Any) -> dict[str, bytes]:
    return contents_of(e0(voting={"statutory": statutory})[2])


@pytest.mark.parametrize(
    ("statutory", "words"),
    [
        (STRIKE, "industrial action, section 226(1)(a); by hybrid, workplace voting; votes on paper are not in this record"),
        (ELECTION, "union election, section 46(1)(a); by electronic voting"),
        ({**ELECTION, "ballot_type": "political fund", "section": "72C(1)"}, "political fund, section 72C(1); by electronic voting"),
        ({**ELECTION, "ballot_type": "amalgamation", "section": "97(1)(b)"}, "amalgamation, section 97(1)(b); by electronic voting"),
        (
            {**ELECTION, "ballot_type": "transfer of engagements", "section": "97(2)(b)", "methods": ["electronic", "postal"]},
            "transfer of engagements, section 97(2)(b); by electronic, postal voting; votes on paper are not in this record",
        ),
    ],
)
def test_the_kind_of_ballot_stands_in_every_report(statutory: dict[str, Any], words: str, folder: Folder) -> None:
    report = run(folder.put(record(statutory)))
    assert report.verified, report.text()
    assert f"Kind of ballot: {words}\n" in report.text()
    assert words in to_html(report)
    assert words in report.json()


def test_a_ballot_that_says_nothing_of_the_law_is_labelled_not_statutory(folder: Folder) -> None:
    report = run(folder.put(contents_of(e0()[2])))
    assert report.verified
    assert "Kind of ballot: not statutory\n" in report.text()
    assert "<td>not statutory</td>" in to_html(report)


@pytest.mark.parametrize(
    "change",
    [
        {"ballot_type": "indicative"}, {"ballot_type": "", "section": ""}, {"section": "46(1)(a)"}, {"section": ""}, {"methods": []},
        {"methods": ["workplace", "hybrid"]}, {"methods": ["hybrid", "hybrid", "workplace"]},
        {"methods": ["hybrid", "workplace", "telephone"]}, {"methods": ["workplace"], "hierarchy": []},
        {"hierarchy": ROUTES[:1]}, {"hierarchy": ROUTES[:2]}, {"hierarchy": [*ROUTES, ROUTES[0]]}, {"hierarchy": [*ROUTES, "postal"]},
        {"hierarchy": []}, {"ballot_type": "union election", "section": "46(1)(a)"},
    ],
)  # fmt: skip
def test_what_no_statutory_ballot_can_be_is_refused_by_x13_alone(change: dict[str, Any], folder: Folder) -> None:
    assert refused(run(folder.put(record({**STRIKE, **change})))) == {"X13"}


def test_hybrid_voting_without_a_hierarchy_is_refused(folder: Folder) -> None:
    assert refused(run(folder.put(record({**STRIKE, "methods": ["hybrid"], "hierarchy": []})))) == {"X13"}
    assert refused(run(folder.put(record({name: value for name, value in STRIKE.items() if name != "hierarchy"})))) == {"X13"}


def test_a_question_without_spoil_is_refused(folder: Folder) -> None:
    contests = [{"label": "Strike", "options": [{"label": "Yes"}, {"label": "No"}]}]
    forger = Forger(contests=contests, styles=((1,),), voting={"statutory": ELECTION})
    files = forger.files(forger.sheets([("Cast", 1, {1: (1, 0)})] * 11))
    assert refused(run(folder.put(contents_of(files)))) == {"X13"}


@pytest.mark.parametrize("value", [None, True, "industrial action", [], {}, {**STRIKE, "weight": 2}, {**STRIKE, "methods": "hybrid"}])
def test_another_form_is_unreadable(value: Any, folder: Folder) -> None:
    forger = Forger(voting={"statutory": value})
    files = forger.files(forger.sheets([("Cast", 1, {1: (1, 0, 0)})] * 3))
    assert run(folder.put(contents_of(files)), both=False).exit_status == 2
