"""Browsers, and a service for them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.web.cutting import Line, the_line
from tests.web.hosting import ARGUMENTS, CHROMIUM, PICTURES
from tests.web.site import Site

__all__ = ["PICTURES", "Desk", "answer", "heading", "press", "to_casting"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    with the_line(tmp_path_factory.mktemp("line")) as line:
        yield line


@pytest.fixture
def line(served: Line) -> Line:
    """A service behind a line that can be cut."""
    served.renew()
    return served


class Desk:
    """A voter's browser: one context, what it has asked for, and what it has complained about."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.context: BrowserContext = browser.new_context(**{"locale": "en-GB", "service_workers": "block", **options})
        self.requests: list[Any] = []
        self.complaints: list[str] = []
        self.context.on("request", lambda request: self.requests.append(request))
        self.context.on("console", lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))

    def open(self, address: str) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(20_000)
        page.goto(address)
        return page

    def posted(self) -> list[Any]:
        """The votes and challenged ballots that were sent."""
        return [each for each in self.requests if each.method == "POST" and re.search("/(votes|challenged)$", each.url)]


@pytest.fixture
def desk(chromium: Browser) -> Iterator[Desk]:
    desk = Desk(chromium)
    yield desk
    desk.context.close()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def heading(page: Page, text: str, *, timeout: float | None = None) -> None:
    """Waits for the screen with this heading, so many milliseconds at most if not as long as for everything else."""
    page.get_by_role("heading", level=1, name=text).wait_for(timeout=timeout)


def answer(page: Page, *labels: str) -> None:
    """Answers the question that is shown, and goes on."""
    for label in labels:
        page.get_by_label(label, exact=True).check()
    press(page, "Continue")


def to_casting(page: Page, *answers: str) -> None:
    """From the link to the screen with the confirmation code, one answer to each question."""
    press(page, "Start voting")
    for label in answers:
        answer(page, label)
    heading(page, "Check your answers")
    press(page, "Continue")
    page.get_by_role("button", name="Cast this vote", exact=True).wait_for()
