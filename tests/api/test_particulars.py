"""Particulars over HTTP: told by sections and versions, logged, frozen at the opening, and no ballot opens before the check allows it."""

from typing import Any

import pytest

from api.audit.entry import Entry
from api.auth import Role
from cli.particulars_sample import hierarchy_for, methods_for, sample_particulars
from engine.manifest import read_manifest
from engine.statutory import BallotType, Method
from tests.api.conftest import MakeStore
from tests.api.office import ELECTION, LINK_KEY, Office
from tests.engine.elections import manifest_bytes

WHERE = f"/ballots/{ELECTION}"
STRIKE = BallotType.INDUSTRIAL_ACTION
METHODS = (Method.ELECTRONIC, Method.HYBRID, Method.WORKPLACE)


def statutory(kind: BallotType = STRIKE, methods: tuple[Method, ...] = METHODS) -> dict[str, Any]:
    member: dict[str, Any] = {"ballot_type": kind.value, "section": kind.section, "methods": [each.value for each in methods]}
    ranked = hierarchy_for(methods)
    return {**member, **({"hierarchy": [each.value for each in ranked]} if ranked else {})}


def sample(kind: BallotType = STRIKE, methods: tuple[Method, ...] = METHODS) -> dict[str, Any]:
    manifest = read_manifest(manifest_bytes(3))
    names = [(contest.index, option.label) for contest in manifest.contests for option in contest.options if not option.spoil]
    return sample_particulars(
        kind, methods, manifest.voting.scrutineer, manifest.voting.union, manifest.opens, manifest.closes, names
    )


@pytest.fixture
def office(make_store: MakeStore) -> Office:
    office = Office(make_store)
    trustees = [office.appoint(f"tom{number}", Role.TRUSTEE) for number in (1, 2, 3)]
    made = office.post("/ballots", office.terms(trustees, statutory=statutory()), "sam")
    assert made.status_code == 201, made.text
    return office


def tell(office: Office, told: dict[str, Any], tag: str = '"0"', name: str = "sam") -> Any:
    return office.call("PUT", f"{WHERE}/particulars", told, name, **{"If-Match": tag})


def entries(office: Office, kind: str) -> list[Entry]:
    reader = office.members["ada"].account_id
    return [each.entry for each in office.databases.audit.read(reader, "a test", ELECTION, kinds=(kind,))]


def found(office: Office) -> dict[str, str]:
    answer = office.get(f"{WHERE}/opening-check", "sam").json()
    assert answer["can_open"] == all(each["severity"] != "blocking" for each in answer["findings"])
    return {each["requirement"]: each["severity"] for each in answer["findings"]}


def note_roll(office: Office, **changes: Any) -> Any:
    numbers = {"people": 0, "without_method": 0, "unranked": 0, "exceptions": 0, "particulars": 1, "named": {}, **changes}
    return office.post(f"/link/{ELECTION}/roll-numbers", numbers, token=LINK_KEY)


def test_particulars_are_kept_by_versions_and_every_section_that_changed_is_logged(office: Office) -> None:
    empty = office.get(f"{WHERE}/particulars", "sam")
    assert (empty.status_code, empty.headers["etag"]) == (200, '"0"')
    answer = tell(office, sample())
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"'), answer.text
    assert tell(office, sample()).status_code == 409, "somebody who has not seen version 1"
    assert tell(office, answer.json(), '"1"').headers["etag"] == '"1"', "nothing changed"
    changed = {**answer.json(), "area": {**answer.json()["area"], "voters_abroad": True}}
    assert tell(office, changed, '"1"', "sue").headers["etag"] == '"2"'
    assert office.get(f"{WHERE}/particulars", "sue").json()["area"]["voters_abroad"] is True
    logged = [(each.members["section"], each.members["version"]) for each in entries(office, "particulars_recorded")]
    assert logged[-1] == ("area", 2)
    assert {section for section, version in logged if version == 1} == set(sample())


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ({"nothing": {}}, "not known"), ({"scrutineer": {"nam": "x"}}, "scrutineer"), ({"certificates": {}}, "certificates"), ([], "body"),
        ({"stations": [{"kind": "tent"}]}, "stations"), ({"imprint": {"text": "x" * 5001}}, "imprint"),
        ({"determinations": [{"assignments": [{"voters": "all", "methods": ["telephone"]}]}]}, "determinations"),
    ],
)  # fmt: skip
def test_particulars_of_another_form_are_refused_and_change_nothing(office: Office, told: Any, place: str) -> None:
    answer = tell(office, told)
    assert answer.status_code == 422
    assert place in answer.text
    assert office.get(f"{WHERE}/particulars", "sam").headers["etag"] == '"0"'


def test_without_a_version_nothing_is_told(office: Office) -> None:
    assert office.call("PUT", f"{WHERE}/particulars", {}, "sam").status_code == 428
    assert tell(office, {}, '"x"').status_code == 409


def test_a_ballot_opens_when_everything_that_blocks_is_settled_and_not_before(office: Office) -> None:
    assert {"COP-024", "COP-045.1", "COP-046.1", "COP-018a"} <= set(found(office))
    refused = office.post(f"{WHERE}/steps", {"step": "open"}, "sam")
    assert refused.status_code == 409
    tell(office, sample())
    assert found(office) == {"COP-045.1": "blocking"}, "there is no roll yet"


def test_the_service_for_rolls_tells_numbers_and_nobody_else_can(office: Office) -> None:
    assert note_roll(office, people=3).status_code == 201
    assert office.post(f"/link/{ELECTION}/roll-numbers", {}, "sam").status_code in (401, 403)
    assert note_roll(office, named={"telephone": 1}).status_code == 422
    assert note_roll(office, named={"postal": -1}).status_code == 422
    assert note_roll(office, people=-1).status_code == 422


@pytest.mark.proves("COP-005")
@pytest.mark.parametrize("kind", BallotType)
def test_every_kind_of_ballot_can_be_created_and_names_its_section(make_store: MakeStore, kind: BallotType) -> None:
    office = Office(make_store)
    trustees = [office.appoint(f"tom{number}", Role.TRUSTEE) for number in (1, 2, 3)]
    methods = methods_for(kind)
    made = office.post("/ballots", office.terms(trustees, statutory=statutory(kind, methods)), "sam")
    assert made.status_code == 201, made.text
    assert kind.section in office.get(f"{WHERE}/manifest", "sam").text
    assert tell(office, sample(kind, methods)).status_code == 200
    assert found(office) == {"COP-045.1": "blocking"}
    assert office.step("begin ceremony", "sam").json()["state"] == "ceremony"
    (fixed,) = entries(office, "manifest_fixed")
    report = office.get(f"{WHERE}/report", "sam").json()
    for told in (fixed.members, report):
        assert (told["ballot_type"], told["section"]) == (kind.value, kind.section)
    assert report["methods"] == [each.value for each in methods]


@pytest.mark.proves("COP-006")
@pytest.mark.proves("COP-008")
@pytest.mark.parametrize(
    ("member", "says"),
    [
        ({**statutory(), "ballot_type": "recognition"}, "COP-008"), ({**statutory(), "ballot_type": "indicative"}, "COP-005"),
        ({**statutory(BallotType.UNION_ELECTION, (Method.ELECTRONIC,)), "methods": ["electronic", "workplace"]}, "COP-006"),
        ({**statutory(), "hierarchy": ["workplace", "hybrid electronic"]}, "COP-034"),
    ],
)  # fmt: skip
def test_an_unlawful_ballot_is_refused_with_its_paragraph(make_store: MakeStore, member: dict[str, Any], says: str) -> None:
    office = Office(make_store)
    trustees = [office.appoint(f"tom{number}", Role.TRUSTEE) for number in (1, 2, 3)]
    made = office.post("/ballots", office.terms(trustees, statutory=member), "sam")
    assert made.status_code == 422
    assert says in made.text
