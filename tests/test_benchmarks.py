"""The table of goals and the picture, with made-up figures."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import goals, machine, measured
from benchmarks.measured import Figure, Measured
from benchmarks.picture import MOST, Line, duration, picture
from benchmarks.verification import Way

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Measured:
    monkeypatch.setattr(measured, "RESULTS", tmp_path)
    return Measured()


def test_what_did_not_run_is_neither_met_nor_missed(nothing: Measured) -> None:
    found = goals.goals(nothing)
    assert {goal.name for goal in found} == {f"P{number}" for number in range(1, 11)}
    assert {(goal.figure, goal.met) for goal in found} == {("not measured", None)}


def test_a_ratio_spreads_from_our_slowest_round_to_our_fastest(nothing: Measured) -> None:
    nothing.peer["verify_yes_no_ballot"] = {"median": 60.0, "q1": 50.0, "q3": 70.0}
    rounds = [{"seconds": 9, "cpu": cpu, "multiplications": None} for cpu in (4000, 6000, 5000)]
    nothing.scale[10_000] = {str(Way("native", hints=True)): rounds}
    ours = nothing.a_ballot(Way("native", hints=True))
    assert ours == (10_000, Figure(0.5, 0.4, 0.6))
    assert nothing.against_peer("verify_yes_no_ballot", ours[1]) == Figure(120, 50 / 0.6, 70 / 0.4)
    goal = next(goal for goal in goals.proofs(nothing) if goal.name == "P3" and "native" in goal.what)
    assert (goal.figure, goal.met) == ("120 ×", True)


def test_a_goal_that_is_missed_is_said_to_be(nothing: Measured) -> None:
    figure = Figure(150.0, 150.0, 150.0)
    assert goals.at_most("P3", "", 130, figure, "", "modmul").met is False
    assert goals.at_least("P3", "", 200, figure, "").met is False


def test_what_gmp_chose_is_found_or_said_to_be_unknown() -> None:
    code, how = machine.gmp_code()
    assert how
    assert code is None or code == "" or code not in machine.GENERIC


def test_the_picture_is_xml_with_every_line_and_its_label() -> None:
    lines = [Line("the peer", seconds_a_ballot=0.07), Line("batch & hints", [(1_000, 0.5), (10_000, 2.0)]), Line("all", [(MOST, 200.0)])]
    root = ElementTree.fromstring(picture("Title", lines, ["a note"]))  # noqa: S314 - our own text
    texts = [each.text for each in root.iter(f"{SVG}text")]
    assert {"Title", "the peer", "batch & hints", "all", "a note", "1.3 million in 25 h", "1.3 million in 4.3 min"} <= set(texts)
    paths = [each.attrib["class"] for each in root.iter(f"{SVG}path")]
    assert [each for each in paths if "guessed" in each] == ["line guessed c0", "line guessed c1"]
    assert len(list(root.iter(f"{SVG}circle"))) == 3


def test_labels_never_lie_on_each_other() -> None:
    lines = [Line(str(number), [(1_000, 1.0 + number / 1_000)]) for number in range(6)]
    root = ElementTree.fromstring(picture("Title", lines, []))  # noqa: S314
    places = sorted(float(each.attrib["y"]) for each in root.iter(f"{SVG}text") if "name" in each.attrib["class"])
    assert min(right - left for left, right in zip(places, places[1:], strict=False)) > 30


@pytest.mark.parametrize(("seconds", "words"), [(0.5, "0.5 s"), (119, "119 s"), (120, "2.0 min"), (7_200, "2.0 h"), (86_400, "24 h")])
def test_durations_are_in_the_unit_a_person_would_choose(seconds: float, words: str) -> None:
    assert duration(seconds) == words
