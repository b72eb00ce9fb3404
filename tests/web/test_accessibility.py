"""Every screen of the voter's page under axe: WCAG 2.2 A and AA, both languages, several sizes, forced colours; size of targets; focus."""

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.web.conftest import PICTURES, Desk, heading, press
from tests.web.hosting import violations
from tests.web.node import WEB
from tests.web.site import Site

EN = {
    "start": "Start voting", "continue": "Continue", "cast": "Cast this vote", "check": "Check this vote first",
    "done": "Go back to voting", "received": "Your vote has been received", "leave": "Leave this page", "left": "You have left the ballot",
}  # fmt: skip
CY = {
    "start": "Dechrau pleidleisio", "continue": "Parhau", "cast": "Bwrw'r bleidlais hon", "check": "Gwirio'r bleidlais hon yn gyntaf",
    "done": "Yn ôl i bleidleisio", "received": "Mae eich pleidlais wedi'i derbyn", "leave": "Gadael y dudalen hon",
    "left": "Rydych wedi gadael y bleidlais",
}  # fmt: skip
VIEWS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "phone": {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True},
    "320 px": {"viewport": {"width": 320, "height": 256}},  # also what 1280 px are at 400 %
    "forced colours": {"forced_colors": "active", "reduced_motion": "reduce"},
}


def screens(site: Site, desk: Desk, words: dict[str, str]) -> Iterator[tuple[str, Page]]:
    """Every screen that a voter can come to, one after another."""
    page = desk.open(site.page)
    page.locator("#code").wait_for()
    yield "1-code", page
    page.get_by_role("button", name=words["continue"], exact=True).click()
    page.get_by_role("alert").wait_for()
    yield "2-code-error", page
    page.locator("#code").fill(site.code(style=3).grouped())
    press(page, words["continue"])
    page.get_by_role("button", name=words["start"]).wait_for()
    yield "3-about", page
    press(page, words["start"])
    for number, contest in enumerate(site.election.manifest.contests, 1):
        heading(page, contest.label)
        yield f"4-question-{number}", page
        if number == 1:
            press(page, words["continue"])
            page.get_by_role("alert").wait_for()
            yield "5-question-error", page
        fields = page.locator("main input")
        if fields.first.get_attribute("type") == "text":
            fields.first.fill("2")
        else:
            fields.first.check()
        press(page, words["continue"])
    page.locator(".govuk-summary-list").wait_for()
    yield "6-answers", page
    press(page, words["continue"])
    page.get_by_role("button", name=words["check"], exact=True).wait_for()
    yield "7-cast", page
    press(page, words["check"])
    page.locator(".psephos-qr svg").wait_for()
    yield "8-check", page
    press(page, words["done"])
    press(page, words["continue"])
    press(page, words["cast"])
    heading(page, words["received"])
    yield "9-received", page
    page = desk.open(site.link())
    page.get_by_role("button", name=words["start"]).wait_for()
    press(page, words["leave"])
    heading(page, words["left"])
    yield "10-left", page


@pytest.mark.proves("COP-062.1")
@pytest.mark.proves("COP-062.2")
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("language", ["en-GB", "cy-GB"])
def test_axe_finds_nothing_on_any_screen(site: Site, chromium: Browser, language: str, view: str) -> None:
    desk = Desk(chromium, locale=language, **VIEWS[view])
    wrong: list[str] = []
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, page in screens(site, desk, CY if language == "cy-GB" else EN):
        wrong += [f"{name}: {each}" for each in violations(page)]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 0:
            wrong.append(f"{name}: scrolls sideways by {wide} px (1.4.10)")
        if view in ("desktop", "phone"):
            page.screenshot(path=PICTURES / f"{name}-{view}-{language[:2]}.png", full_page=True)
        wrong += [f"{name}: {each}" for each in small_targets(page)]
    desk.context.close()
    assert wrong == []


LOST = re.compile("votes$")


def answered(status: int, body: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(status=status, content_type="application/problem+json", body=body)


def abandoned(route: Route) -> None:
    route.abort()


@pytest.mark.parametrize(("language", "view"), [("en-GB", "forced colours"), ("cy-GB", "320 px")])
def test_axe_finds_nothing_where_something_goes_wrong(site: Site, chromium: Browser, language: str, view: str) -> None:
    desk, words, now = Desk(chromium, locale=language, **VIEWS[view]), CY if language == "cy-GB" else EN, site.clock.moment
    wrong: list[str] = []

    def looked_at(name: str, page: Page) -> None:
        wrong.extend(f"{name}: {each}" for each in [*violations(page), *small_targets(page)])
        page.screenshot(path=PICTURES / f"{name}-{view.replace(' ', '-')}-{language[:2]}.png", full_page=True)

    def ready() -> Page:
        page = desk.context.new_page()
        page.clock.install()
        page.goto(site.link())
        press(page, words["start"])
        page.locator("#option-1").check()
        press(page, words["continue"])
        page.locator(".govuk-summary-list").wait_for()
        press(page, words["continue"])
        page.clock.run_for(100)
        page.get_by_role("button", name=words["cast"], exact=True).wait_for()
        return page

    PICTURES.mkdir(parents=True, exist_ok=True)
    page = ready()
    page.clock.fast_forward("20:01")
    looked_at("11-warned", page)
    page.clock.fast_forward("05:01")
    looked_at("12-timed-out", page)
    for name, status in (("13-lost", 0), ("14-busy", 503), ("15-not-valid", 422), ("16-refused", 409)):
        page = ready()
        title = "Access code not valid" if status == 409 else "Refused"
        body = f'{{"type":"about:blank","title":"{title}","status":{status},"detail":"nothing was stored"}}'
        page.route(LOST, answered(status, body) if status else abandoned)
        press(page, words["cast"])
        page.locator("main .govuk-button").wait_for()
        looked_at(name, page)
    page = ready()
    page.route("**/challenged", abandoned)
    press(page, words["check"])
    page.locator(".psephos-qr svg").wait_for()
    looked_at("17-check-lost", page)
    try:
        page = ready()
        site.clock.moment = site.window.closes
        press(page, words["cast"])
        page.locator("main .govuk-button").wait_for()
        looked_at("18-closed", page)
    finally:
        site.clock.moment = now
    desk.context.close()
    assert wrong == []


def small_targets(page: Page) -> list[str]:
    """Targets below 24 px (2.5.8) that are not links within text."""
    measured: list[tuple[str, float, float]] = page.evaluate("""
        [...document.querySelectorAll("button, input, summary")].filter(each => each.checkVisibility())
            .map(each => [each.outerHTML.slice(0, 80), each.getBoundingClientRect().width, each.getBoundingClientRect().height])
    """)
    return [f"target of {width:.0f} × {height:.0f} px: {what}" for what, width, height in measured if min(width, height) < 24]


def test_a_new_screen_takes_the_focus_to_its_heading(site: Site, desk: Desk) -> None:
    focused: Callable[[], Any] = lambda: page.evaluate("document.activeElement.tagName")  # noqa: E731
    page = desk.open(site.link())
    heading(page, "About this ballot")
    assert focused() == "H1"
    press(page, "Start voting")
    assert focused() == "H1"
    press(page, "Continue")
    assert page.evaluate("document.activeElement.className") == "govuk-error-summary"
    page.get_by_label("Yes, I am", exact=True).check()
    press(page, "Continue")
    assert focused() == "H1"


@pytest.mark.proves("COP-062.4")
def test_what_a_screen_reader_is_told_stays_as_it_is_expected(site: Site, desk: Desk) -> None:
    """Roles, names and order of everything on the main screens, as the browser tells assistive technology."""
    told = []
    for name, page in screens(site, desk, EN):
        if name[:1] in "13469":
            snapshot = page.locator("body").aria_snapshot()
            closes = page.locator("dd").nth(3).inner_text() if name == "3-about" else ""
            told.append(f"# {name}\n{snapshot.replace(closes, '(the close)') if closes else snapshot}\n")
    expected = WEB / "tests" / "screen-reader.txt"
    if os.environ.get("PSEPHOS_EXPECT"):
        expected.write_text("\n".join(told), encoding="utf-8")
    assert "\n".join(told) == expected.read_text(encoding="utf-8"), "if this is what it should be, write it to web/tests/screen-reader.txt"
