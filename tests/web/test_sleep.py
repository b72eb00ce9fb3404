"""A device that falls asleep while its voter votes: all processes of a browser stop, and go on later (CL-12). Then what it says is true,
and who wakes it up late finds no answers."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.web.conftest import Desk, heading, press, to_casting
from tests.web.cutting import Cut, Line
from tests.web.hosting import launched
from tests.web.site import Site
from tests.web.test_cuts import NO, RECEIVED, SENDING, UNKNOWN, ready, told

ASLEEP = 1.0
"""Seconds."""
TRUE = ([SENDING, RECEIVED], [SENDING, UNKNOWN, SENDING, RECEIVED])
"""What can be said: a browser may ask again by itself, without a word, or find after its sleep that time is up before it finds the
answer."""


@pytest.fixture(scope="module")
def laptop(chromium: Browser) -> Iterator[Browser]:
    """A browser of its own, so that no other test sleeps with it."""
    with launched(chromium.browser_type) as browser:
        yield browser


@contextmanager
def asleep(browser: Browser) -> Iterator[None]:
    """All processes of this browser have stopped meanwhile."""
    (process,) = (
        each for each in browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"] if each["type"] == "browser"
    )
    tree = descendants(int(process["id"]))
    try:
        for each in tree:
            os.kill(each, signal.SIGSTOP)
        yield
        time.sleep(ASLEEP)
    finally:
        for each in reversed(tree):
            os.kill(each, signal.SIGCONT)


def descendants(process: int) -> list[int]:
    """This process and all that it has started, and those that they have."""
    parents = dict[int, int]()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text(encoding="utf-8")
        except OSError:
            continue  # it has ended meanwhile
        parents[int(folder.name)] = int(status.rpartition(")")[2].split()[1])
    found = [process]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


@pytest.fixture
def page(laptop: Browser) -> Iterator[Page]:
    desk = Desk(laptop)
    yield desk.context.new_page()
    desk.context.close()


def test_cl12_who_wakes_up_after_the_vote_was_stored_is_told_so(line: Line, laptop: Browser, page: Page) -> None:
    before = line.site.count()
    ready(page, line)
    line.gate.clear()
    press(page, "Cast this vote")
    assert line.answered.wait(20)
    with asleep(laptop):
        line.gate.set()
    heading(page, RECEIVED)
    assert told(page) in TRUE
    assert len(set(line.votes)) == 1
    assert line.site.count() == before + 1


@pytest.mark.parametrize("stored", [True, False], ids=["it was stored", "it had not arrived"])
def test_cl12_who_wakes_up_without_the_connection_asks_again_with_the_same_bytes(
    line: Line, laptop: Browser, page: Page, stored: bool
) -> None:
    before = line.site.count()
    ready(page, line)
    line.cuts.append(Cut("answer", "whole", 0, "silent") if stored else Cut("vote", "body", 0.5, "silent"))
    press(page, "Cast this vote")
    line.cut_off(1)
    with asleep(laptop):
        assert line.site.count() == before + stored
        line.reset()
    heading(page, RECEIVED)
    assert told(page) in TRUE
    assert len(line.votes) >= 2
    assert len(set(line.votes)) == 1
    assert line.site.count() == before + 1


def test_cl12_who_wakes_up_after_the_close_is_told_that_nothing_was_stored(line: Line, laptop: Browser, page: Page) -> None:
    site = line.site
    before, now = site.count(), site.clock.moment
    ready(page, line)
    line.cuts.append(Cut("vote", "body", 0.5, "silent"))
    press(page, "Cast this vote")
    line.cut_off(1)
    try:
        with asleep(laptop):
            site.clock.moment = site.window.closes
            line.reset()
        heading(page, "Voting is not open at this moment")
    finally:
        site.clock.moment = now
    assert "No vote was stored from this page" in page.inner_text("main")
    assert RECEIVED not in told(page)
    assert len(set(line.votes)) == 1
    assert site.count() == before


@pytest.mark.parametrize(("minutes", "shown"), [(21, "Are you still there?"), (26, "Your answers were erased")])
@pytest.mark.parametrize("event", ["visibilitychange", "a touch", "nothing"])
def test_who_wakes_up_late_before_casting_finds_no_answers(site: Site, desk: Desk, minutes: int, shown: str, event: str) -> None:
    """In sleep timers stand still; only the time of day goes on."""
    before, page = site.count(), desk.context.new_page()
    page.clock.install()
    page.goto(site.link())
    to_casting(page, NO)
    page.clock.set_system_time(page.evaluate("Date.now()") / 1000 + minutes * 60)
    heading(page, SENDING)  # no timer has come to its end
    if event == "visibilitychange":
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    elif event == "a touch":
        page.mouse.click(5, 5)
    else:
        page.clock.fast_forward(10_000)
    heading(page, shown)
    assert page.locator(".psephos-code").count() == 0
    assert site.count() == before
    if minutes < 25:
        press(page, "Continue voting")
        page.locator(".psephos-code").wait_for()
    else:
        assert NO not in page.content()
