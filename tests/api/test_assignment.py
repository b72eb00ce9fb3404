"""Methods by the determination: everybody on the roll has those that its rules give, and a ballot does not open while somebody has none."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.elections.states import State
from api.voters.access import find_access, issue
from api.voters.checking import Checker
from api.voters.window import window_of
from engine.statutory import Method
from tests.api.conftest import MakeStore
from tests.api.services import ELECTION, Services, a_checker
from tests.api.test_particulars import METHODS, sample, statutory
from tests.groups import TOY

WHERE = f"/ballots/{ELECTION}"
HEAD = "reference,name,email,ballot_style,method\n"
ROLL = HEAD + (
    "M1,Person 1,one@member.example,One,electronic\n"
    "M2,Person 2,,One,hybrid\n"
    "M3,Person 3,,One,hybrid+workplace\n"
    "M4,Person 4,four@member.example,One,workplace\n"
)
LOST = ROLL + "M5,Person 5,,One,electronic\nM6,Person 6,six@member.example,One,postal\n"


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    with a_checker() as made:
        yield made


@pytest.fixture
def services(make_store: MakeStore, checker: Checker) -> Services:
    services = Services(make_store, checker, voters=0, statutory=statutory())
    services.led_to(State.TRIAL)
    return services


def tell(services: Services, told: dict[str, Any], version: int = 0) -> Any:
    return services.office.call("PUT", f"{WHERE}/particulars", told, "sam", **{"If-Match": f'"{version}"'})


def found(services: Services) -> dict[str, str]:
    findings = services.office.get(f"{WHERE}/opening-check", "sam").json()["findings"]
    return {each["requirement"]: each["message"] for each in findings}


def test_no_roll_is_taken_without_a_determination(services: Services) -> None:
    refused = services.roll(ROLL)
    assert refused.status_code == 409
    assert "COP-020" in refused.text


@pytest.mark.proves("COP-032")
@pytest.mark.proves("COP-033.1")
def test_a_ballot_does_not_open_while_somebody_has_no_method(services: Services) -> None:
    """An electronic voter without a contact, and one by a method that nobody determined."""
    assert tell(services, sample()).status_code == 200
    assert services.roll(LOST).status_code == 201
    assert found(services)["COP-032"].startswith("2 voters have no method")
    assert services.office.post(f"{WHERE}/steps", {"step": "open"}, "sam").status_code == 409
    assert services.roll(ROLL).status_code == 201
    assert found(services) == {}


@pytest.mark.proves("COP-034")
def test_nobody_has_two_routes_of_which_nobody_has_said_which_counts(services: Services) -> None:
    """The hierarchy ranks the workplace and both routes of hybrid voting, not the electronic one."""
    assert tell(services, sample()).status_code == 200
    assert services.roll(ROLL.replace("One,electronic", "One,electronic+workplace")).status_code == 201
    assert found(services)["COP-034"].startswith("1 voters have several routes")
    assert services.office.post(f"{WHERE}/steps", {"step": "open"}, "sam").status_code == 409


def test_a_determination_that_changed_while_the_roll_was_handed_over_is_noticed(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = sample()
    assert tell(services, told).status_code == 200
    link = services.apps["rolls"].state.desk.voters
    hand_over = link.hand_over
    other = {**told, "determinations": [{**told["determinations"][0], "backup": "hybrid"}]}

    def meanwhile(*arguments: Any) -> int:
        assert tell(services, other, 1).status_code == 200, "there are no voters yet"
        there: int = hand_over(*arguments)
        return there

    monkeypatch.setattr(link, "hand_over", meanwhile)
    assert services.roll(ROLL).status_code == 201
    assert "another determination" in found(services)["COP-056.2"]


def test_every_voter_has_the_methods_of_the_determination_and_may_be_told(services: Services) -> None:
    told = sample()
    told["determinations"][0]["movement"] = [
        {"trigger": "A code that does not work", "source": "electronic", "target": "hybrid", "latest": "2026-11-10T09:00:00Z"},
    ]  # fmt: skip
    assert tell(services, told).status_code == 200
    services.roll(ROLL)
    database = services.office.databases.voters
    window = window_of(database, ELECTION, TOY)
    has = {}
    for known in services.apps["rolls"].state.desk.users.people(ELECTION):
        code = issue(database, window, known.unique_identifier, "e-mail")
        with database.store.reading() as session:
            has[known.entry.reference] = find_access(session, database, window, code).methods
    hybrid, workplace = Method.HYBRID, Method.WORKPLACE
    assert has == {"M1": (Method.ELECTRONIC, hybrid), "M2": (hybrid,), "M3": (hybrid, workplace), "M4": (workplace,)}


def test_what_the_roll_was_taken_under_is_not_changed_any_more(services: Services) -> None:
    told = sample()
    assert tell(services, told).status_code == 200
    services.roll(ROLL)
    determination = told["determinations"][0]
    other = {**told, "determinations": [{**determination, "assignments": [{"voters": "all", "methods": ["electronic"]}]}]}
    refused = tell(services, other, 1)
    assert (refused.status_code, "under this determination" in refused.text) == (409, True)
    same = {**told, "determinations": [{**determination, "views": "Another survey"}]}
    assert tell(services, same, 1).status_code == 200
    assert METHODS == (Method.ELECTRONIC, Method.HYBRID, Method.WORKPLACE)


@pytest.mark.proves("COP-050.2")
@pytest.mark.parametrize("moves", [True, False])
def test_codes_go_to_electronic_voters_alone_and_the_statement_to_who_has_several_ways(services: Services, moves: bool) -> None:
    """Who is covered by a rule for moves is told from the start; who has one way is not told of others."""
    told = sample()
    rule = {"trigger": "A code that does not work", "source": "electronic", "target": "hybrid", "latest": "2026-11-10T09:00:00Z"}
    told["determinations"][0]["movement"] = [rule] if moves else []
    assert tell(services, told).status_code == 200
    assert services.roll(ROLL.replace("M2,Person 2,,", "M2,Person 2,two@member.example,")).status_code == 201
    sent = services.call("rolls", "POST", f"/api/v1{WHERE}/dispatch", {"most": 10}, token=services.office.tokens["sam"])
    assert (sent.status_code, sent.json()["sent"]) == (200, 1), sent.text
    (message,) = services.sender.messages
    text = message.get_content()
    assert message["To"] == "one@member.example"
    assert told["imprint"]["text"] in text
    assert "0800 000 0000" in text, "support is the scrutineer's, as it was told"
    assert ("Your vote counts once" in text) == moves
