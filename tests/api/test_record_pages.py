"""What the staff's service shows everybody: which records there are, and the page that shows them, closed as the voter's pages are."""

import pytest
from starlette.testclient import TestClient

from api.app import VotingSettings, create_voting_app
from api.elections.states import State, Step
from api.pages import pages_folder, read_pages
from api.voters.checking import Checker
from engine.manifest import read_manifest
from tests.api.conftest import MakeStore
from tests.api.office import ELECTION, HOST, Office
from tests.api.services import Services, a_checker
from tests.engine.elections import manifest_bytes
from tests.groups import TOY

PAGES = read_pages(pages_folder())
SHOWN = {
    "/record": "record.html", f"/record/{ELECTION[:16]}": "record.html", "/accessibility": "accessibility.html",
    **{f"/{name}": name for name in PAGES.files if name.startswith("assets/")},
}  # fmt: skip
KNOWN = read_manifest(manifest_bytes(3, log="witnessed"))
LISTED = {"election_id": ELECTION, "label": KNOWN.label, "union": KNOWN.voting.union, "closes": KNOWN.voting.closes, "released": False}


@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_the_page_of_results_is_served_where_the_records_are_as_the_voters_service_does(make_store: MakeStore) -> None:
    office = Office(make_store)
    app = create_voting_app(office.databases.voters, VotingSettings(hosts=(HOST,)), office.clock, TOY, Checker(1, 1), PAGES)
    voters = TestClient(app, base_url=f"https://{HOST}")
    for address, name in SHOWN.items():
        for method in ("GET", "HEAD"):
            answer, same = office.client.request(method, address), voters.request(method, address)
            assert (answer.status_code, answer.content) == (200, PAGES.files[name].content if method == "GET" else b""), address
            assert answer.headers == same.headers
        assert office.client.post(address, content=b"{}", headers={"Content-Type": "application/json"}).status_code == 405
    assert "script-src 'self'" in office.client.get("/record").headers["content-security-policy"]
    assert office.client.get("/record").headers["permissions-policy"].startswith("camera=()")


@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_no_vote_is_cast_where_the_staff_is_and_nothing_but_pages_is_one(make_store: MakeStore) -> None:
    office = Office(make_store)
    for address in ("/", "/vote", f"/vote/{ELECTION[:16]}", "/check", "/record/x", "/record/", "/assets/other.js", "/api/v1/elections"):
        answer = office.client.get(address, follow_redirects=False)
        assert answer.status_code == 404, address
        assert "script-src" not in answer.headers["content-security-policy"]
    assert "script-src" not in office.client.get("/api/v1/records").headers["content-security-policy"]


@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_everybody_is_told_of_ballots_since_they_were_opened(make_store: MakeStore) -> None:
    with a_checker() as checker:
        services = Services(make_store, checker, voters=1)
        office = services.office
        assert office.get("/records").json() == []
        for state in (State.CEREMONY, State.TRIAL):
            services.led_to(state)
            assert office.get("/records").json() == [], state
        for state in (State.OPEN, State.CLOSED, State.EXCLUDED, State.TALLIED):
            services.led_to(state)
            assert office.get("/records").json() == [LISTED], state
            assert office.get(f"/records/{ELECTION}").status_code == 404
        services._do(Step.RELEASE)
        assert office.get("/records").json() == [LISTED], "what is not in the folder of released records is not public"


@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_a_ballot_that_was_given_up_is_not_told_of(make_store: MakeStore) -> None:
    with a_checker() as checker:
        services = Services(make_store, checker, voters=1)
        services.led_to(State.OPEN)
        services._do(Step.ABANDON)
        assert services.office.get("/records").json() == []
