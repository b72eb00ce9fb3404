"""A vote that is locked and then checked on a second device, from the voting code to the answers there, with the keyboard alone."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from api.voters.access_code import AccessCode
from api.voters.public import PublicElection
from engine.encoding import to_json
from engine.group import STANDARD
from engine.parameters import Election
from tests.engine.elections import a_manifest, hold_ceremony
from tests.web.hosting import Site, a_page, check_structure, site, tab_to

ID = "ab" * 32
CODE = AccessCode(2**129 + 12345).compact()


@pytest.fixture(scope="module")
def election() -> Election:
    return hold_ceremony(2, 2, STANDARD, a_manifest(2)).election


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    return chromium


@pytest.fixture
def service(election: Election) -> Iterator[Site]:
    parameters = election.parameters
    keys = election.vote_encryption_key, election.ballot_data_encryption_key
    hashes = parameters.parameter_base_hash, parameters.election_base_hash, election.extended_base_hash
    listed = {"election_id": ID, "label": "Test ballot", "union": "Union of Examples", "opens": "2026-11-01T09:00:00Z",
              "closes": "2026-11-20T17:00:00Z", "opened": True, "closed": False}  # fmt: skip
    with site() as running:
        here = f"/api/v1/elections/{ID}"
        running.put("/api/v1/elections", json.dumps([listed]))
        running.put(here, to_json(PublicElection(election.manifest.content, parameters.guardian_count, parameters.quorum, *keys)))
        running.put(f"{here}/hashes", json.dumps(dict(zip(("h_p", "h_b", "h_e"), (each.hex().upper() for each in hashes), strict=True))))
        running.put(f"{here}/form", json.dumps({"ballot_style": 2}))
        running.put(f"{here}/challenged", "{}")
        yield running


def test_a_vote_is_locked_opened_and_checked_on_a_second_device_without_a_mouse(browser: Browser, service: Site) -> None:
    with a_page(browser) as page:
        page.goto(f"{service.origin}/vote")
        page.wait_for_selector("#code")
        check_structure(page)
        tab_to(page, "Voting code")
        page.keyboard.type(CODE)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="About this ballot").wait_for()
        check_structure(page)
        tab_to(page, "Start voting")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Strike").wait_for()
        check_structure(page)
        tab_to(page, "Continue")
        page.keyboard.press("Enter")  # without an answer
        page.wait_for_selector(".govuk-error-summary")
        check_structure(page)
        tab_to(page, "Yes")
        page.keyboard.press("ArrowDown")
        tab_to(page, "Continue")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Executive").wait_for()
        check_structure(page)
        for candidate in ("Candidate B", "Candidate D"):
            tab_to(page, candidate)
            page.keyboard.press("Space")
        tab_to(page, "Continue")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Check your answers").wait_for()
        check_structure(page)
        tab_to(page, "Continue")
        page.keyboard.press("Enter")
        page.wait_for_selector(".psephos-code")
        check_structure(page)
        code = page.locator(".psephos-code").inner_text()
        tab_to(page, "Check this vote first")
        page.keyboard.press("Enter")
        page.wait_for_selector(".psephos-qr svg")
        check_structure(page)
        assert page.locator(".psephos-code").inner_text() == code
        address = page.locator(".psephos-slip").get_attribute("href")
    with a_page(browser, narrow=True) as second:
        second.goto(str(address))
        second.wait_for_selector(".psephos-code")
        assert second.locator(".psephos-code").inner_text() == code
        answers = second.locator(".govuk-summary-list").first.locator("dd").all_inner_texts()
        assert [answer.split("\n\n") for answer in answers] == [["No"], ["Candidate B", "Candidate D"]]
    assert not any(asked.endswith("/votes") for asked in service.asked)
