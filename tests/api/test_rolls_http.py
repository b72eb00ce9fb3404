"""The service for rolls over HTTP: counts and duplicates of an import, dispatch, re-issue and discount through the link (OP-13, OP-14)."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from urllib.parse import urlsplit

import pytest

from api.audit.members import moment
from api.elections.states import State
from api.errors import Overloaded
from api.voters.access_code import AccessCode
from api.voters.checking import Checker
from tests.api.conftest import MakeStore
from tests.api.services import ELECTION, Services, a_checker

WHERE = f"/api/v1/ballots/{ELECTION}"


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    with a_checker() as made:
        yield made


@pytest.fixture
def services(make_store: MakeStore, checker: Checker) -> Services:
    return Services(make_store, checker, voters=0)


def entries(services: Services, *kinds: str) -> list[dict[str, object]]:
    """What stands in the ballot's audit log of these kinds."""
    databases = services.office.databases
    databases.voters.relay(databases.audit)
    reader = services.office.members["ada"].account_id
    found = [each.entry for each in databases.audit.read(reader, "a test", ELECTION)]
    return [{"kind": each.kind, **each.members} for each in found if each.kind in kinds]


def codes(services: Services) -> list[AccessCode]:
    """The codes in the messages that were sent, in order."""
    found = [re.search(r"#([0-9A-Z]{28})", each.get_content()) for each in services.sender.messages]
    return [AccessCode.read(each[1]) for each in found if each]


def test_cl07_a_code_stands_behind_the_mark_of_a_links_address_and_nowhere_else_in_it(services: Services) -> None:
    services.led_to(State.OPEN)
    services.call("rolls", "POST", f"{WHERE}/dispatch", {"most": 5}, services.office.tokens["sam"])
    assert len(services.sender.messages) == 5
    for code, message in zip(codes(services), services.sender.messages, strict=True):
        content = message.get_content()
        found = [urlsplit(each) for each in re.findall(r"https://\S+", content)]
        assert [(each.path, each.query, each.fragment) for each in found] == [
            (f"/vote/{ELECTION[:16]}", "", code.compact()), ("/vote", "", "")
        ]  # fmt: skip
        assert code.grouped() in content


@pytest.mark.proves("COP-105a-ii")
@pytest.mark.proves("COP-066.1")
def test_identifiers_and_codes_are_logged_by_how_they_were_made_and_how_many(services: Services) -> None:
    services.led_to(State.OPEN)
    token = services.office.tokens["sam"]
    for expected in ({"sent": 5, "waiting": 7}, {"sent": 5, "waiting": 2}, {"sent": 2, "waiting": 0}, {"sent": 0, "waiting": 0}):
        done = services.call("rolls", "POST", f"{WHERE}/dispatch", {"most": 5}, token).json()
        assert done == {"failed": 0, "unreachable": 0, **expected}
    assert len({code.number for code in codes(services)}) == 12
    made = entries(services, "identifiers_generated", "access_methods_generated")
    assert [(each["generator"], each["random_bits"], each["count"]) for each in made] == [
        ("os.urandom", 128, 12), ("os.urandom", 130, 5), ("os.urandom", 130, 5), ("os.urandom", 130, 2),
    ]  # fmt: skip
    users = services.apps["rolls"].state.desk.users
    everything = str(entries(services, *{str(each["kind"]) for each in made}, "roll_loaded"))
    assert not [each for each in users.people(ELECTION) if each.unique_identifier in everything]
    assert not [code for code in codes(services) if code.compact() in everything or code.grouped() in everything]


@pytest.mark.proves("COP-105b-iii")
def test_what_voters_are_told_is_logged_before_it_is_sent_once_for_each_wording(services: Services) -> None:
    services.led_to(State.OPEN)
    token, desk = services.office.tokens["sam"], services.apps["rolls"].state.desk

    def dispatch(most: int) -> int:
        return services.call("rolls", "POST", f"{WHERE}/dispatch", {"most": most}, token).status_code

    def dies(*_: object) -> None:
        raise Overloaded("busy", 1)

    services.apps["rolls"].state.desk = replace(desk, record_once=dies)
    assert dispatch(2) == 503
    assert (services.sender.messages, entries(services, "instructions_recorded")) == ([], []), "what cannot be logged is not sent"
    services.apps["rolls"].state.desk = desk
    for _ in range(3):
        assert dispatch(2) == 200
        services.later()
    (first,) = entries(services, "instructions_recorded")
    assert first["from"] == moment(services.office.clock.now() - timedelta(minutes=3))
    assert first["text_hash"] == sha256(str(first["text"]).encode()).hexdigest()
    for message, code in zip(services.sender.messages, codes(services), strict=True):
        own = message.get_content().replace(code.grouped(), "<code>").replace(code.compact(), "<code>")
        own = re.sub("Dear .*,", "Dear <name>,", own)
        assert first["text"] == f"Subject: {message['Subject']}\n\n{own}"
    facts = replace(desk.facts, settings=replace(desk.facts.settings, support="020 7946 0001"))
    services.apps["rolls"].state.desk = replace(desk, facts=facts)
    again = services.call("rolls", "POST", f"{WHERE}/reissues", {"reference": "M1", "reason": "the message did not come"}, token)
    assert again.json() == {"sent": True}
    _, second = entries(services, "instructions_recorded")
    assert "020 7946 0001" in str(second["text"])
    assert str(second["from"]) > str(first["from"])


@pytest.mark.proves("COP-105b-i")
@pytest.mark.proves("COP-072d")
@pytest.mark.proves("COP-077.2")
def test_op14_a_re_issue_ends_earlier_codes_and_is_logged_with_who_why_and_how(services: Services) -> None:
    services.led_to(State.OPEN)
    token, support = services.office.tokens["sam"], services.office.tokens["role-support"]
    services.call("rolls", "POST", f"{WHERE}/dispatch", {"most": 100}, token)
    first = {str(each["To"]): code for each, code in zip(services.sender.messages, codes(services), strict=True)}
    for reference in ("M1", "M2", "M1"):
        done = services.call("rolls", "POST", f"{WHERE}/reissues", {"reference": reference, "reason": "the message did not come"}, support)
        assert (done.status_code, done.json()) == (201, {"sent": True})
    assert services.call("rolls", "POST", f"{WHERE}/reissues", {"reference": "M1", "reason": ""}, support).status_code == 422
    assert services.call("rolls", "POST", f"{WHERE}/reissues", {"reference": "M77", "reason": "x"}, support).status_code == 404
    one, two, three = codes(services)[-3:]

    def opens(code: AccessCode) -> int:
        headers = {"Access-Code": code.grouped()}
        return services.call("voting", "POST", f"/api/v1/elections/{ELECTION}/form", b"{}", headers=headers).status_code

    assert [opens(each) for each in (first["person1@members.example"], first["person2@members.example"], one, two, three)] == [
        409, 409, 409, 200, 200
    ]  # fmt: skip
    users = services.apps["rolls"].state.desk.users
    logged = entries(services, "access_method_reissued")
    known = [users.find(ELECTION, reference).unique_identifier for reference in ("M1", "M2", "M1")]
    assert sorted(str(each["unique_identifier"]) for each in logged) == sorted(known)
    assert {(each["by"], each["reason"], each["channel"]) for each in logged} == {
        (services.office.members["role-support"].account_id, "the message did not come", "e-mail")
    }


@pytest.mark.proves("COP-112.3")
def test_op12_a_discount_takes_two_persons_and_says_the_same_whether_or_not_there_is_a_vote(services: Services) -> None:
    services.led_to(State.OPEN)
    sam, sue = services.office.tokens["sam"], services.office.tokens["sue"]
    services.call("rolls", "POST", f"{WHERE}/dispatch", {"most": 100}, sam)
    first = {str(each["To"]): code for each, code in zip(services.sender.messages, codes(services), strict=True)}
    services.voting.cast(first["person1@members.example"])
    answers = {}
    for reference in ("M1", "M2"):  # who has voted, and who has not
        wanted = {"reference": reference, "reason": "not cast by the voter"}
        answers[reference] = [
            (each.status_code, each.content)
            for token, where in ((sam, ""), (sam, ""), (sue, ""), (sam, "/1"), (sue, "/2"), (sue, "/1"), (sue, "/1"), (sam, "/1"))
            for each in [services.call("rolls", "POST", f"{WHERE}/discounts{where}", wanted, token)]
        ]
    assert answers["M1"] == answers["M2"]
    assert [each[0] for each in answers["M1"]] == [201, 201, 409, 403, 409, 201, 409, 409]
    assert [answers["M1"][each][1] for each in (0, 1, 5)] == [b'{"discount":1}', b'{"discount":1}', b'{"sent":true}']
    for code in codes(services)[-2:]:
        services.voting.cast(code)
    logged = entries(services, "vote_discounted")
    assert len(logged) == 2
    assert all(each["by"] != each["approved_by"] for each in logged)
    assert services.call("rolls", "POST", f"{WHERE}/discounts", wanted, services.office.tokens["role-support"]).status_code == 403
    assert services.call("rolls", "POST", f"{WHERE}/discounts", wanted, sue).json() == {"discount": 2}, "the next one takes two again"
    services.office.clock.moment += timedelta(days=1)
    for name in ("sam", "sue"):
        services.office.sign_in(name)
    late = services.call("rolls", "POST", f"{WHERE}/discounts/2", wanted, services.office.tokens["sam"])
    assert (late.status_code, "too old" in late.json()["detail"]) == (409, True)


def test_op14_a_message_that_does_not_go_is_counted_and_goes_the_next_time(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    services.led_to(State.OPEN)
    token, send = services.office.tokens["sam"], services.sender.send

    def fails(message: object) -> None:
        raise OSError("no route")

    monkeypatch.setattr(services.sender, "send", fails)
    done = services.call("rolls", "POST", f"{WHERE}/dispatch", {"most": 4}, token).json()
    assert done == {"sent": 0, "failed": 4, "unreachable": 0, "waiting": 12}
    monkeypatch.setattr(services.sender, "send", send)
    done = services.call("rolls", "POST", f"{WHERE}/dispatch", {"most": 100}, token).json()
    assert done == {"sent": 12, "failed": 0, "unreachable": 0, "waiting": 0}
    with services.voting.database.store.connection() as connection:
        query = "SELECT voter_index FROM access_method WHERE NOT ended GROUP BY voter_index HAVING COUNT(*) > 1"
        assert connection.exec_driver_sql(query).all() == [], "nobody has two codes that open"
