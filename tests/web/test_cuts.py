"""CL-12 over a line of TCP that breaks at any byte: exactly one ballot, and the page says what is known of it and nothing else."""

import os
from typing import get_args

import pytest
from playwright.sync_api import Page

from tests.web.conftest import Desk, heading, press, to_casting
from tests.web.cutting import Cut, How, Line, Of, Part

YES, NO = "Yes, I am", "No, I am not"
SENDING, RECEIVED, UNKNOWN = "Send your vote", "Your vote has been received", "We do not know yet if your vote was received"
FASTER = "const wait = setTimeout; globalThis.setTimeout = (done, ms, ...more) => wait(done, ms / 20, ...more);"
SEEN = """
    globalThis.seen = [];
    new MutationObserver(() => {
        const text = document.querySelector("h1")?.textContent;
        if (text && text !== seen.at(-1)) seen.push(text);
    }).observe(document, { childList: true, subtree: true });
"""
SWEEP = int(os.environ.get("PSEPHOS_CUTS", "4"))
"""At how many places, equally far apart, a vote and its answer are cut besides those that are listed."""

PLACES: list[tuple[Of, Part, How, list[float]]] = [
    ("vote", "whole", "reset", [0] * 5),  # the browser itself asks again on connections that were there before
    ("vote", "line", "reset", [1, 0.5, -1]),
    ("vote", "headers", "reset", [0, 0.5, -3, -1]),
    ("vote", "body", "reset", [0, 1, 0.25, 0.5, 0.75, -1]),
    ("vote", "body", "closed", [0, 0.5, -1]),
    ("vote", "body", "silent", [0.5]),
    ("answer", "whole", "reset", [0] * 5),
    ("answer", "line", "reset", [1, 9, 11, -1]),
    ("answer", "headers", "reset", [0, 0.5, -1]),
    ("answer", "body", "reset", [0, 1, 0.5, -1]),
    ("answer", "line", "closed", [1, 9, 11, -1]),
    ("answer", "headers", "closed", [0, 0.5, -1]),
    ("answer", "body", "closed", [0, 1, 0.5, -1]),
    ("answer", "body", "silent", [0.5]),
    *((of, "whole", "reset", [each / SWEEP for each in range(SWEEP)]) for of in get_args(Of)),
]


def ready(page: Page, line: Line) -> str:
    """A voter's page, one press before the vote is cast, which waits twenty times less long than it should. Returns the link."""
    for script in (FASTER, SEEN):
        page.add_init_script(script)
    page.set_default_timeout(20_000)
    link = line.link()
    page.goto(link)
    to_casting(page, NO)
    return link


def told(page: Page) -> list[str]:
    """What the page has said since the vote was encrypted, one screen after the other."""
    seen: list[str] = page.evaluate("seen.slice(seen.indexOf('Check your answers') + 1)")
    return seen


@pytest.mark.parametrize(("of", "part", "how", "places"), PLACES)
def test_cl12_wherever_the_line_breaks_the_same_ballot_is_sent_until_it_is_received(
    line: Line, desk: Desk, of: Of, part: Part, how: How, places: list[float]
) -> None:
    before, page = line.site.count(), desk.context.new_page()
    ready(page, line)
    line.cuts += [Cut(of, part, at, how) for at in places]
    press(page, "Cast this vote")
    heading(page, RECEIVED, timeout=20_000 + 3_000 * len(places))
    assert set(told(page)) == {SENDING, UNKNOWN, RECEIVED}
    assert told(page)[-2:] == [SENDING, RECEIVED]
    assert line.site.count() == before + 1
    assert len(line.votes) == len(places) + 1
    assert len(set(line.votes)) == 1, "every attempt is the same, to the byte"
    vote = line.votes[0]
    for (up, down), at in zip(line.through, places, strict=False):
        assert up == (Cut(of, part, at).place(vote) if of == "vote" else len(vote))
        assert of == "answer" or down == 0
    assert line.through[-1][0] == len(vote)
    body = vote.partition(b"\r\n\r\n")[2]
    assert line.site.votes().count(body) == 1
    assert line.site.decrypted(body) == [[0, 1, 0]]


@pytest.mark.parametrize("of", get_args(Of))
def test_cl12_what_is_not_known_is_said_to_be_not_known(line: Line, desk: Desk, of: Of) -> None:
    before, page = line.site.count(), desk.context.new_page()
    ready(page, line)
    line.cuts += [Cut(of, "body", 0.5)] * 1000
    press(page, "Cast this vote")
    heading(page, UNKNOWN)
    assert "never counts your vote twice" in page.inner_text("main")
    assert line.site.count() == before + (of == "answer")
    line.cuts.clear()
    heading(page, RECEIVED)
    assert line.site.count() == before + 1


@pytest.mark.parametrize("how", ["reset", "closed"])
def test_cl12_a_vote_that_never_arrived_before_the_close_is_said_to_be_stored_nowhere(line: Line, desk: Desk, how: How) -> None:
    site, page = line.site, desk.context.new_page()
    before, now = site.count(), site.clock.moment
    ready(page, line)
    line.cuts += [Cut("vote", "body", -1, how)] * 1000
    press(page, "Cast this vote")
    heading(page, UNKNOWN)
    try:
        site.clock.moment = site.window.closes
        line.cuts.clear()
        heading(page, "Voting is not open at this moment")
    finally:
        site.clock.moment = now
    assert "No vote was stored from this page" in page.inner_text("main")
    assert RECEIVED not in told(page)
    assert len(set(line.votes)) == 1
    assert site.count() == before


def test_cl12_a_vote_that_arrived_before_the_close_is_received_however_late_one_asks(line: Line, desk: Desk) -> None:
    site, page = line.site, desk.context.new_page()
    before, now = site.count(), site.clock.moment
    ready(page, line)
    line.cuts += [Cut("answer", "headers", 0.5)] * 1000
    press(page, "Cast this vote")
    heading(page, UNKNOWN)
    try:
        site.clock.moment = site.window.closes
        line.cuts.clear()
        heading(page, RECEIVED)
    finally:
        site.clock.moment = now
    assert site.count() == before + 1


@pytest.mark.parametrize("at", [9, -1])
def test_cl12_a_refusal_that_was_cut_short_is_no_receipt(line: Line, desk: Desk, at: int) -> None:
    """Of a first line without a status Chromium makes a 200, where there is no TLS that says that something is missing."""
    page, other = desk.context.new_page(), desk.context.new_page()
    link = ready(page, line)
    other.goto(link)
    to_casting(other, YES)
    press(other, "Cast this vote")
    heading(other, RECEIVED)
    other.close()
    before = line.site.count()
    line.votes.clear()
    line.cuts += [Cut("answer", "line", at, "closed")] * 2
    press(page, "Cast this vote")
    heading(page, "Your vote was not stored")
    assert set(told(page)) == {SENDING, UNKNOWN, "Your vote was not stored"}
    assert len(set(line.votes)) == 1
    assert line.site.count() == before


@pytest.mark.parametrize(
    "body", ["<!doctype html><title>Blocked</title>", "", "{}", "null", "[]", '{"received":"true"}', '{"received":tru']
)
def test_cl12_what_a_filter_answers_in_the_services_place_is_no_receipt(line: Line, desk: Desk, body: str) -> None:
    before, page = line.site.count(), desk.context.new_page()
    ready(page, line)
    page.route("**/votes", lambda route: route.fulfill(status=201, body=body), times=1)
    press(page, "Cast this vote")
    heading(page, RECEIVED)
    assert told(page)[-4:] == [SENDING, UNKNOWN, SENDING, RECEIVED]
    assert line.site.count() == before + 1
