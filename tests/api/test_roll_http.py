"""The roll over HTTP: what a scrutineer is told, what is stored, what goes back to the union (OP-13, SO-04, SO-05)."""

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest

from api.audit.members import moment
from api.elections.states import State
from api.errors import Conflict, Overloaded
from api.users import importing, roll_routes
from api.voters.access import count_voters
from api.voters.checking import Checker
from api.voters.handing_over import check_whole
from api.voters.window import open_window, window_of
from tests.api.conftest import MakeStore
from tests.api.rolls import xlsx
from tests.api.services import ELECTION, ROLL, Services, a_checker
from tests.api.test_rolls_http import entries
from tests.groups import TOY

WHERE = f"/api/v1/ballots/{ELECTION}"


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    with a_checker() as made:
        yield made


@pytest.fixture
def services(make_store: MakeStore, checker: Checker) -> Services:
    services = Services(make_store, checker, voters=0)
    services.led_to(State.TRIAL)
    return services


def get(services: Services, what: str = "", name: str = "sam") -> Any:
    answer = services.call("rolls", "GET", f"{WHERE}/roll{what}", token=services.office.tokens[name])
    assert answer.status_code == 200, answer.text
    return answer.json() if answer.headers["content-type"] == "application/json" else answer.content


def lines(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_op13_an_import_shows_counts_and_duplicates_before_anything_is_stored(services: Services) -> None:
    tried = services.roll(ROLL, dry_run="true")
    assert tried.status_code == 200
    assert {name: tried.json()[name] for name in ("rows", "accepted", "rejected", "stored", "needs_method")} == {
        "rows": 12, "accepted": 12, "rejected": 0, "stored": False, "needs_method": 0,
    }  # fmt: skip
    assert tried.json()["differences"] == {"added": 12, "removed": 0, "changed": 0, "kept": 0}
    assert get(services)["people"] == 0
    twice = ROLL + "M3,Another,,One\nM5,Another,,One\nM99,Nobody,,Elsewhere\n"
    refused = services.roll(twice)
    assert refused.status_code == 422
    report = refused.json()["report"]
    assert (report["rows"], report["accepted"], report["rejected"], report["count"]) == (15, 12, 3, 3)
    assert [(each["row"], each["column"]) for each in report["findings"]] == [(14, "reference"), (15, "reference"), (16, "ballot_style")]
    assert "Person" not in refused.text
    assert "Another" not in refused.text
    assert get(services)["people"] == 0
    stored = services.roll(ROLL)
    assert (stored.status_code, stored.json()["stored"]) == (201, True)
    again = services.roll(ROLL)
    assert (again.status_code, again.json()["differences"]) == (201, {"added": 0, "removed": 0, "changed": 0, "kept": 12})
    assert get(services, name="role-auditor")["people"] == 12
    assert [(each["count"], each["refused"]) for each in entries(services, "roll_loaded")] == [(12, 0)], "the same again is no other act"


def test_op13_exactly_as_many_rows_are_left_out_as_somebody_has_said(services: Services) -> None:
    roll = ROLL + "M3,Another,,One\nM99,Nobody,,Elsewhere\n"
    for number in (0, 1, 3):
        assert services.roll(roll, leave_out=number).status_code == 422
    assert get(services)["people"] == 0
    stored = services.roll(roll, leave_out=2).json()
    assert (stored["stored"], stored["accepted"], stored["rejected"]) == (True, 12, 2)
    assert [(each["count"], each["refused"]) for each in entries(services, "roll_loaded")] == [(12, 2)]
    assert services.roll("reference,name,ballot_style\n,,\nx,,\n", leave_out=1).status_code == 422


def test_op13_another_roll_takes_its_place_until_the_ballot_is_open(services: Services) -> None:
    services.roll(ROLL)
    other = ROLL.replace("Person 1,", "Other 1,").replace("M12,", "M13,")
    assert services.roll(other, dry_run="true").json()["differences"] == {"added": 1, "removed": 1, "changed": 1, "kept": 10}
    assert services.roll(other).json()["differences"] == {"added": 1, "removed": 1, "changed": 1, "kept": 10}
    voters = services.office.app.state.voters
    assert count_voters(voters, window_of(voters, ELECTION, TOY)) == 12
    services.led_to(State.OPEN)
    refused = services.roll(ROLL)
    assert (refused.status_code, "before the opening" in refused.json()["detail"]) == (409, True)
    assert services.roll(ROLL, dry_run="true").status_code == 200


def test_a_hand_over_that_was_stopped_is_done_by_the_same_roll_again(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = services.apps["rolls"].state.desk
    post = desk.voters._post

    def dies(path: str, content: dict[str, Any]) -> Any:
        if path.endswith("/voters"):
            raise Overloaded("busy", 1)
        return post(path, content)

    monkeypatch.setattr(desk.voters, "_post", dies)
    assert services.roll(ROLL).status_code == 503
    assert entries(services, "roll_loaded") == []
    opening = services.call("staff", "POST", f"{WHERE}/steps", {"step": "open"}, services.office.tokens["sam"])
    assert opening.status_code == 409
    monkeypatch.setattr(desk.voters, "_post", post)
    assert services.roll(ROLL).status_code == 201
    assert [each["count"] for each in entries(services, "roll_loaded")] == [12]


def test_an_import_that_takes_long_goes_on_and_tells_how_far_it_is(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roll_routes, "_PATIENCE", 0.0)
    held = importing.threading.Event()
    check = importing.check_roll
    monkeypatch.setattr(importing, "check_roll", lambda *given: (held.wait(30), check(*given))[1])
    started = services.roll(ROLL)
    assert (started.status_code, started.json()["state"]) == (202, "running")
    assert services.roll(ROLL).status_code == 409, "one at a time"
    assert get(services)["people"] == 0, "the service answers meanwhile"
    held.set()
    importing_now = services.apps["rolls"].state.desk.importing
    importing_now._turn.acquire(timeout=30)
    importing_now._turn.release()
    assert (get(services, "/import")["state"], get(services, "/import")["stored"]) == ("done", True)
    assert get(services)["people"] == 12


def test_op13_nobody_opens_the_ballot_while_a_roll_is_stored_nor_is_one_stored_once_it_is_open(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, voters = services.apps["rolls"].state.desk, services.office.app.state.voters
    store, found = desk.users.store_roll, []

    def while_it_is_stored(*given: Any) -> Any:
        with pytest.raises(Conflict) as error:
            check_whole(voters, window_of(voters, ELECTION, TOY))
        found.append(error.value.detail)
        return store(*given)

    assert services.roll(ROLL).status_code == 201
    check_whole(voters, window_of(voters, ELECTION, TOY))
    monkeypatch.setattr(desk.users, "store_roll", while_it_is_stored)
    assert services.roll(ROLL + "M13,Person 13,,One\n").status_code == 201
    assert "12 of 13 voters are there" in found[0]
    check = importing.check_roll
    monkeypatch.setattr(importing, "check_roll", lambda *given: (open_window(voters, ELECTION), check(*given))[1])
    assert services.roll(ROLL.replace("Person 1,", "Other 1,")).status_code == 409
    assert len(found) == 1


def test_what_nobody_expected_is_told_without_a_word_of_it(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("Person 1 is in this message")

    monkeypatch.setattr(importing, "check_roll", fails)
    answer = services.roll(ROLL)
    assert answer.status_code == 500
    assert "Person" not in answer.text
    assert "Person" not in str(get(services, "/import"))
    assert services.call("rolls", "GET", f"{WHERE}/roll/problems", token=services.office.tokens["sam"]).status_code == 409


def test_a_spreadsheet_is_taken_as_well_and_what_was_guessed_is_shown(services: Services) -> None:
    rows = [["Rhif aelod", "Enw", "E-bost", "Style", "Shoe size"], ["M1", "Siân", "s@example.org", "One", "5"]]
    content = xlsx({"Notes": [], "Members": rows})
    read_as = services.roll(content).json()["read_as"]
    assert read_as == {
        "format": "xlsx", "encoding": "", "delimiter": "", "sheet": "Members", "sheets": ["Notes", "Members"],
        "columns": {"reference": "Rhif aelod", "name": "Enw", "ballot_style": "Style", "email": "E-bost"}, "unused": ["Shoe size"],
    }  # fmt: skip
    assert "no sheet of that name" in services.roll(content, sheet="Other").json()["detail"]


@pytest.mark.proves("COP-056.2")
@pytest.mark.proves("COP-056.4")
def test_so05_contacts_are_judged_by_the_ballots_rules_and_the_union_gets_the_list(services: Services) -> None:
    token = services.office.tokens["sam"]
    rules = {
        "employer_domains": ["acme.example", "gmail.com"], "union_domains": ["union.example"], "employer_numbers": ["020 7946 0000"],
        "allowed_domains": [{"domain": "gmail.com", "reason": "sold to the public as well"}],
    }  # fmt: skip
    assert get(services, "/contact-rules")["version"] == 0
    put = services.call("rolls", "PUT", f"{WHERE}/roll/contact-rules", rules, token)
    assert (put.status_code, put.json()["version"]) == (200, 1)
    assert put.json()["rules"]["allowed_domains"][0]["author"] == services.office.members["sam"].account_id
    assert get(services, "/contact-rules") == put.json()
    assert services.call("rolls", "PUT", f"{WHERE}/roll/contact-rules", {"employer_domains": ["x"]}, token).status_code == 422
    logged = entries(services, "platform_configured")
    assert [each["after"] for each in logged if each["setting"] == "allowed_domain"] == ["gmail.com: sold to the public as well"]
    rows = ("M1,Ann,=ann@acme.example,,One", "M2,Bo,bo@mail.acme.example,07911 123456,One", "M3,Cy,c@gmail.com,,One")
    roll = "\n".join(["reference,name,email,mobile,ballot_style", *rows, ""])
    report = services.roll(roll).json()
    assert (report["withheld_by_rule"], report["needs_method"]) == ({"COP-054a.2": 2}, 1)
    assert lines(get(services, "/problems"))[1][:4] == ["2", "email", "'=ann@acme.example", "COP-054a.2"]
    listed = get(services, "/exceptions")
    assert len(lines(listed)) == 3
    assert {(each[0], each[6]) for each in lines(listed)[1:]} == {("M1", "no"), ("M2", "yes")}
    known = services.apps["rolls"].state.desk.users.find(ELECTION, "M1")
    assert get(services, "/needs-method") == {"count": 1, "unique_identifiers": [known.unique_identifier]}
    state = get(services)
    assert (state["rules"], state["needs_method"]) == (1, 1)
    assert state["checked"] == services.office.clock.now().isoformat().replace("+00:00", "Z")
    sent = services.call("rolls", "POST", f"{WHERE}/roll/exceptions/sent", {"sent": "2020-01-02T10:00:00Z"}, token)
    assert (sent.status_code, sent.json()) == (201, {"sent": "2020-01-02T10:00:00Z"})
    now = services.call("rolls", "POST", f"{WHERE}/roll/exceptions/sent", {}, token)
    assert now.status_code == 201
    assert [(each["count"], each["sent"]) for each in entries(services, "exceptions_sent")] == [
        (2, "2020-01-02T10:00:00.000000Z"), (2, moment(services.office.clock.now())),
    ]  # fmt: skip
    assert services.call("rolls", "POST", f"{WHERE}/roll/exceptions/sent", {"sent": "2099-01-01T00:00:00Z"}, token).status_code == 409
    services.led_to(State.OPEN)
    assert services.call("rolls", "PUT", f"{WHERE}/roll/contact-rules", rules, services.office.tokens["sam"]).status_code == 409


def test_sv09_a_body_is_as_large_as_a_roll_may_be_and_of_a_type_that_no_form_sends(services: Services) -> None:
    token = services.office.tokens["sam"]
    for kind, status in (("text/plain", 415), ("multipart/form-data", 415), ("application/octet-stream", 201)):
        answer = services.call("rolls", "POST", f"{WHERE}/roll?given_for=union", ROLL.encode(), token, {"Content-Type": kind})
        assert answer.status_code == status
    long = {"Content-Type": "text/csv", "Content-Length": str(roll_routes.UPLOAD.largest + 1)}
    assert services.call("rolls", "POST", f"{WHERE}/roll", b"x", token, long).status_code == 413
    for what in ("dispatch", "reissues"):
        assert services.call("rolls", "POST", f"{WHERE}/{what}", b"x", token, {"Content-Type": "text/csv"}).status_code == 415
