"""A vote that is locked and then checked on a second device, from the voting code to the answers there, with the keyboard alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from api.voters.models import Challenged
from tests.web.hosting import a_page, check_structure, tab_to
from tests.web.site import Site

CONTESTS = [
    {"label": "Strike", "options": [{"label": "Yes"}, {"label": "No"}, {"label": "Spoil", "spoil": True}]},
    {"label": "Executive", "selection_limit": 3, "options": [{"label": f"Candidate {letter}"} for letter in "ABCDEF"]},
]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Site]:
    with Site(tmp_path, contests=CONTESTS, styles=[{"label": "Both", "contests": [1, 2]}]) as running:
        yield running


def test_a_vote_is_locked_opened_and_checked_on_a_second_device_without_a_mouse(chromium: Browser, service: Site) -> None:
    with a_page(chromium) as page:
        page.goto(f"{service.address}/vote")
        page.wait_for_selector("#code")
        check_structure(page)
        tab_to(page, "Voting code")
        page.keyboard.type(service.code().grouped())
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
    with a_page(chromium, narrow=True) as second:
        second.goto(str(address))
        second.wait_for_selector(".psephos-code")
        assert second.locator(".psephos-code").inner_text() == code
        answers = second.locator(".govuk-summary-list").first.locator("dd").all_inner_texts()
        assert [answer.split("\n\n") for answer in answers] == [["No"], ["Candidate B", "Candidate D"]]
    assert (service.count(), service.count(Challenged)) == (0, 1)
