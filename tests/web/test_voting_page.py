"""The voter's page in a real browser, against the real service: exactly one ballot, or a truthful "nothing was stored"."""

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page, Route

from api.voters.models import Challenged
from tests.web.conftest import Desk, answer, heading, press, to_casting
from tests.web.site import Site

YES, NO, SPOIL = "Yes, I am", "No, I am not", "Spoil this question"
RECEIVED = "Your vote has been received"


def cast(page: Page) -> None:
    press(page, "Cast this vote")
    heading(page, RECEIVED)


@pytest.mark.proves("COP-064.2")
@pytest.mark.proves("COP-071.2")
@pytest.mark.proves("COP-072a")
@pytest.mark.proves("COP-073b")
@pytest.mark.proves("COP-073c")
@pytest.mark.proves("COP-074.1")
def test_a_vote_takes_six_screens_and_is_what_was_chosen(site: Site, desk: Desk) -> None:
    before = site.count()
    code, screens = site.code(), list[str]()
    page = desk.open(site.page)

    def shown(title: str) -> None:
        heading(page, title)
        screens.append(title)

    shown("Enter your voting code")
    page.get_by_label("Voting code").fill(code.grouped())
    press(page, "Continue")
    shown("About this ballot")
    told = page.inner_text("main")
    assert site.election.manifest.voting.scrutineer in told
    assert f"{site.window.closes.astimezone(ZoneInfo('Europe/London')):%-d %B %Y}" in told
    press(page, "Start voting")
    shown("Question 1 of 1 Are you prepared to take part in a strike?")
    answer(page, NO)
    shown("Check your answers")
    press(page, "Continue")
    shown("Send your vote")
    cast(page)
    screens.append(RECEIVED)
    assert len(screens) == 6
    assert site.count() == before + 1
    (sent,) = desk.posted()
    assert site.decrypted(sent.post_data_buffer) == [[0, 1, 0]]
    assert site.box.was_cast(site.window, code, sent.post_data_buffer)
    assert desk.complaints == []


def test_all_kinds_of_questions_are_answered_and_changed(site: Site, desk: Desk) -> None:
    page = desk.open(site.link(style=3))
    press(page, "Start voting")
    answer(page, YES)
    answer(page, "Spoil this question")
    answer(page, "Candidate A", "Candidate C", "Candidate F")
    page.get_by_label("Aim X", exact=True).fill("3")
    page.get_by_label("Aim Z", exact=True).fill("2")
    press(page, "Continue")
    heading(page, "Check your answers")
    page.get_by_role("link", name="Change your answer to: Are you prepared to take part in a strike?").click()
    assert page.get_by_label(YES, exact=True).is_checked()
    answer(page, NO)
    heading(page, "Check your answers")
    press(page, "Continue")
    cast(page)
    assert site.decrypted(desk.posted()[-1].post_data_buffer) == [[0, 1, 0], [0, 0, 1], [1, 0, 1, 0, 0, 1, 0], [3, 0, 2]]


def test_what_a_question_does_not_allow_is_said_and_nothing_is_lost(site: Site, desk: Desk) -> None:
    page = desk.open(site.link(style=3))
    press(page, "Start voting")
    press(page, "Continue")
    assert page.get_by_role("alert").inner_text().splitlines()[-1] == "Choose an answer, or continue without answering"
    assert page.title().startswith("Error: ")
    page.get_by_role("link", name="Choose an answer").click()
    assert page.evaluate("document.activeElement.id") == "option-1"
    press(page, "Continue without answering")
    answer(page, "Yes, to this too")
    answer(page, *(f"Candidate {letter}" for letter in "ABCD"))
    assert "Choose no more than 3 answers" in page.get_by_role("alert").inner_text()
    assert page.locator("input:checked").count() == 4
    for letter in "BCD":
        page.get_by_label(f"Candidate {letter}", exact=True).uncheck()
    answer(page, "Spoil this question")
    assert "choose nothing else" in page.get_by_role("alert").inner_text()
    page.get_by_label("Spoil this question", exact=True).uncheck()
    press(page, "Continue")
    page.get_by_label("Aim X", exact=True).fill("4")
    press(page, "Continue")
    assert "Enter a number from 0 to 3 for Aim X" in page.get_by_role("alert").inner_text()
    for aim in "XYZ":
        page.get_by_label(f"Aim {aim}", exact=True).fill("2")
    press(page, "Continue")
    assert "Give no more than 5 votes in all" in page.get_by_role("alert").inner_text()
    page.get_by_label("Aim Z", exact=True).fill("1")
    press(page, "Continue")
    heading(page, "Check your answers")
    assert page.locator("dd.govuk-summary-list__value").all_inner_texts()[0] == "No answer"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "Enter your voting code"),
        ("7M4K", "has 28 letters and numbers. You entered 4"),
        ("UUUU-UUUU", "never the letter U"),
        ("0000-0000-0000-0000-0000-0000-0001", "mistyped"),
    ],
)
def test_a_code_with_a_typing_error_is_told_from_one_that_opens_nothing(site: Site, desk: Desk, typed: str, said: str) -> None:
    page = desk.open(site.page)
    page.get_by_label("Voting code").fill(typed)
    press(page, "Continue")
    assert said in page.get_by_role("alert").inner_text()
    assert not any(each.url.endswith("/form") for each in desk.requests)


@pytest.mark.proves("COP-070.1")
@pytest.mark.proves("COP-070.2")
def test_a_code_that_was_used_opens_nothing_and_the_page_says_that_nothing_was_stored(site: Site, desk: Desk) -> None:
    link = site.link()
    page = desk.open(link)
    to_casting(page, YES)
    cast(page)
    page = desk.open(link)
    heading(page, "Enter your voting code")
    assert "No vote was stored just now" in page.get_by_role("alert").inner_text()


def test_cl02_cl04_the_page_asks_its_own_site_alone_whatever_its_address_says(site: Site, desk: Desk) -> None:
    page = desk.open(f"{site.page}?election=https://evil.example/&next=//evil.example#javascript:alert(1)")
    heading(page, "Enter your voting code")
    to_casting(desk.open(site.link()), YES)
    assert {each.url.split("/api")[0].split("/assets")[0].split("/vote")[0].split("#")[0] for each in desk.requests} <= {
        site.address, f"blob:{site.address}", *(each.url for each in desk.requests if each.url.startswith(f"blob:{site.address}/")),
    }  # fmt: skip
    for name in ("//evil.example", "https:%2f%2fevil.example", "data:text%2fhtml,x", "..%2f..%2fetc"):
        assert desk.context.request.get(f"{site.address}/vote/{name}").status == 404
    scripts = page.evaluate("[...document.querySelectorAll('script, link[rel=stylesheet]')].map(each => each.integrity.slice(0, 7))")
    assert len(scripts) >= 2
    assert set(scripts) == {"sha384-"}


def test_cl05_another_site_cannot_show_the_page_in_a_frame(site: Site, desk: Desk) -> None:
    page = desk.open("about:blank")
    page.set_content(f"<iframe src='{site.page}'></iframe>")
    page.wait_for_timeout(500)
    assert all("Enter your voting code" not in frame.content() for frame in page.frames)
    assert (desk.context.request.get(site.page).headers["content-security-policy"]).count("frame-ancestors 'none'") == 1


@pytest.mark.parametrize("checked_first", [False, True])
def test_cl06_after_the_vote_no_trace_of_it_is_left(site: Site, desk: Desk, checked_first: bool) -> None:
    page = desk.open(site.link())
    press(page, "Start voting")
    page.locator("#option-1").check()  # by its place, so that what drives the browser keeps no text of it
    press(page, "Continue")
    heading(page, "Check your answers")
    press(page, "Continue")
    if checked_first:
        press(page, "Check this vote first")
        page.locator(".psephos-qr svg").wait_for()
        press(page, "Go back to voting")
        press(page, "Continue")
    shown = page.locator(".psephos-code").inner_text()
    cast(page)
    kept = "[localStorage.length, sessionStorage.length, document.cookie, JSON.stringify(history.state)]"
    assert page.evaluate(kept) == [0, 0, "", '{"at":"end"}']
    assert page.evaluate("caches.keys().then(keys => keys.length)") == 0
    assert page.evaluate("indexedDB.databases().then(found => found.length)") == 0
    session = desk.context.new_cdp_session(page)
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    parts = list[str]()
    session.on("HeapProfiler.addHeapSnapshotChunk", lambda chunk: parts.append(chunk["chunk"]))
    session.send("HeapProfiler.takeHeapSnapshot")
    heap = "".join(parts)
    assert "Your vote has been received" in heap, "the snapshot is one of this page"
    assert YES not in heap
    assert NO not in heap
    assert shown not in heap
    assert shown.replace(" ", "")[:32] not in heap
    for move in (page.go_back, page.go_back, page.go_forward):
        move()
        page.wait_for_timeout(200)
        assert YES not in page.content()
        assert shown not in page.content()
    page.reload()
    heading(page, "Enter your voting code")
    assert YES not in page.content()


def test_cl07_the_code_stands_in_no_address_that_is_kept_or_sent(site: Site, desk: Desk) -> None:
    link = site.link()
    code = link.partition("#")[2]
    page = desk.open(link)
    heading(page, "About this ballot")
    assert page.url == site.page
    grouped = "-".join(code[at : at + 4] for at in range(0, 28, 4))
    for request in desk.requests:
        assert code not in request.url.partition("#")[0]
        assert request.headers.get("referer", "") == ""
        assert grouped not in request.url


def test_a_link_that_is_opened_where_the_page_is_shown_already_opens_the_form(site: Site, desk: Desk) -> None:
    page = desk.open(site.page)
    heading(page, "Enter your voting code")
    page.goto(site.link())
    heading(page, "About this ballot")
    assert page.url == site.page


def test_a_ballot_of_earlier_answers_is_never_shown_and_never_cast(site: Site, desk: Desk) -> None:
    """Somebody goes back while the first answers are being encrypted, and changes them."""
    desk.context.add_init_script("""
        const listen = Worker.prototype.addEventListener;
        Worker.prototype.addEventListener = function (kind, heard, ...more) {
            const late = event => event.data?.answer?.text ? setTimeout(() => heard(event), 1500) : heard(event);
            return listen.call(this, kind, kind === "message" ? late : heard, ...more);
        };
    """)
    page = desk.open(site.link())
    press(page, "Start voting")
    answer(page, YES)
    heading(page, "Check your answers")
    press(page, "Continue")
    heading(page, "Send your vote")
    page.go_back()
    heading(page, "Check your answers")
    page.get_by_role("link", name="Change").click()
    answer(page, NO)
    heading(page, "Check your answers")
    press(page, "Continue")
    page.get_by_role("button", name="Cast this vote", exact=True).wait_for()
    shown = page.locator(".psephos-code").inner_text()
    page.wait_for_timeout(2000)
    assert page.locator(".psephos-code").inner_text() == shown, "it does not change under the reader's eyes"
    cast(page)
    sent = desk.posted()[-1].post_data_buffer
    assert site.decrypted(sent) == [[0, 1, 0]]
    assert shown.replace(" ", "")[:32].encode() in sent


def test_what_comes_late_of_a_check_is_not_shown_over_the_vote(site: Site, desk: Desk) -> None:
    page = desk.open(site.link())
    waiting = list[Route]()
    page.route("**/challenged", lambda route: waiting.append(route))
    to_casting(page, YES)
    press(page, "Check this vote first")
    heading(page, "Check this vote on another device")
    page.go_back()
    heading(page, "Check your answers")
    press(page, "Continue")
    cast(page)
    waiting[0].abort()
    page.wait_for_timeout(500)
    heading(page, RECEIVED)


def test_a_service_that_refuses_a_check_hides_nothing_from_the_second_device(site: Site, desk: Desk) -> None:
    page = desk.open(site.link())
    body = '{"type":"about:blank","title":"Invalid","status":422,"detail":"the ballot cannot be opened; nothing was stored"}'
    page.route("**/challenged", lambda route: route.fulfill(status=422, content_type="application/problem+json", body=body))
    to_casting(page, YES)
    press(page, "Check this vote first")
    page.locator(".psephos-qr svg").wait_for()
    assert "Do not vote on this device" in page.inner_text("main")


def test_what_is_ticked_outlives_another_language_and_the_warning(site: Site, desk: Desk) -> None:
    page = desk.context.new_page()
    page.clock.install()
    page.goto(site.link())
    press(page, "Start voting")
    page.get_by_label(NO, exact=True).check()
    press(page, "Cymraeg")
    assert page.get_by_label(NO, exact=True).is_checked()
    press(page, "English")
    page.clock.fast_forward("20:01")
    heading(page, "Are you still there?")
    page.go_back()
    heading(page, "About this ballot")
    page.clock.fast_forward("05:01")
    heading(page, "About this ballot")  # somebody who goes on is there
    press(page, "Start voting")
    assert page.get_by_label(NO, exact=True).is_checked()


def test_the_skip_link_leads_to_the_main_part_and_nowhere_else(site: Site, desk: Desk) -> None:
    page = desk.open(site.page)
    page.get_by_label("Voting code").fill("7M4K")
    page.get_by_role("link", name="Skip to main content").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main-content"
    assert page.get_by_label("Voting code").input_value() == "7M4K"
    assert page.url == site.page


def test_cl16_a_worker_that_dies_at_its_start_is_told_of_and_nothing_is_sent(site: Site, desk: Desk) -> None:
    desk.context.add_init_script("""
        const Real = Worker;
        globalThis.Worker = class extends Real {
            constructor(...given) { super(...given); setTimeout(() => { this.terminate(); this.dispatchEvent(new Event("error")); }); }
        };
    """)
    page = desk.open(site.link())
    heading(page, "This page does not work on this device")
    assert "No vote was stored" in page.inner_text("main")
    assert desk.posted() == []


def test_a_browser_without_timeouts_for_requests_can_vote(site: Site, desk: Desk) -> None:
    desk.context.add_init_script("delete AbortSignal.timeout")
    page = desk.open(site.link())
    to_casting(page, YES)
    cast(page)


def test_cl11_two_presses_and_two_tabs_are_one_vote(site: Site, desk: Desk) -> None:
    before, link = site.count(), site.link()
    first, second = desk.open(link), desk.open(link)
    to_casting(first, YES)
    to_casting(second, NO)
    first.get_by_role("button", name="Cast this vote").dblclick()
    heading(first, RECEIVED)
    press(second, "Cast this vote")
    heading(second, "Your vote was not stored")
    assert "The code was used or replaced" in second.inner_text("main")
    assert site.count() == before + 1
    assert len(desk.posted()) == 2


@pytest.mark.parametrize("stored", [True, False], ids=["the answer is lost", "the request is lost"])
def test_cl12_after_a_lost_connection_the_same_ballot_is_sent_until_the_answer_is_known(site: Site, desk: Desk, stored: bool) -> None:
    before, tries = site.count(), list[bytes]()

    def cut(route: Route) -> None:
        tries.append(route.request.post_data_buffer or b"")
        if len(tries) > 2:
            route.continue_()
            return
        if stored:
            route.fetch()
        route.abort("connectionreset")

    page = desk.open(site.link())
    page.route("**/votes", cut)
    to_casting(page, YES)
    press(page, "Cast this vote")
    heading(page, "We do not know yet if your vote was received")
    assert "never counts your vote twice" in page.inner_text("main")
    page.go_back()  # leads nowhere while the vote is on its way
    press(page, "Try again")
    heading(page, RECEIVED)
    assert site.count() == before + 1
    assert len(tries) == 3
    assert len(set(tries)) == 1


def test_a_busy_service_is_asked_again_by_the_page_itself(site: Site, desk: Desk) -> None:
    tries = list[int]()

    def busy(route: Route) -> None:
        tries.append(1)
        if len(tries) == 1:
            body = '{"type":"about:blank","title":"Busy","status":503,"detail":"nothing was stored"}'
            route.fulfill(status=503, content_type="application/problem+json", body=body, headers={"Retry-After": "1"})
        else:
            route.continue_()

    page = desk.open(site.link())
    page.route("**/votes", busy)
    to_casting(page, YES)
    press(page, "Cast this vote")
    heading(page, "Many people are voting at this moment")
    heading(page, RECEIVED)


@pytest.mark.proves("COP-070.3")
@pytest.mark.proves("COP-088.1")
def test_cl13_after_the_close_a_vote_is_refused_in_clear_words_and_not_stored(site: Site, desk: Desk) -> None:
    before, now = site.count(), site.clock.moment
    page, link = desk.open(site.link()), site.link()
    to_casting(page, YES)
    try:
        site.clock.moment = site.window.closes
        press(page, "Cast this vote")
        heading(page, "Voting is not open at this moment")
        assert "No vote was stored from this page" in page.inner_text("main")
        assert YES not in page.content()
        late = desk.open(link)
        heading(late, "Voting is not open at this moment")
    finally:
        site.clock.moment = now
    assert site.count() == before


@pytest.mark.parametrize("hours", [-24, 24])
def test_cl13_a_wrong_clock_of_the_voters_device_changes_nothing(site: Site, desk: Desk, hours: int) -> None:
    page = desk.context.new_page()
    page.clock.install(time=site.clock.moment + timedelta(hours=hours))
    page.goto(site.link())
    heading(page, "About this ballot")
    told = page.inner_text("main")
    right = desk.open(site.link())
    heading(right, "About this ballot")
    assert right.inner_text("main") == told
    to_casting(page, YES)
    cast(page)


@pytest.mark.parametrize(
    "missing", ["delete globalThis.BigInt", "Object.defineProperty(crypto, 'subtle', {value: undefined})", "delete globalThis.Worker"]
)
def test_cl14_a_browser_that_lacks_something_is_told_so_and_sends_nothing(site: Site, desk: Desk, missing: str) -> None:
    desk.context.add_init_script(missing)
    page = desk.open(site.link())
    heading(page, "This page needs a newer browser, with scripts switched on")
    assert "No vote was stored from this page" in re.sub(r"\s+", " ", page.inner_text("main"))
    assert not any("/api/" in each.url for each in desk.requests)


def test_cl14_without_scripts_the_page_says_what_to_do(site: Site, chromium: Browser) -> None:
    desk = Desk(chromium, java_script_enabled=False)
    page = desk.open(site.link())
    assert "This page needs a newer browser" in page.inner_text("h1")
    desk.context.close()


def test_cl16_what_other_scripts_do_to_the_page_does_not_reach_the_encryptor(site: Site, desk: Desk) -> None:
    desk.context.add_init_script("""
        crypto.getRandomValues = bytes => bytes.fill(7); Math.random = () => 0.5;
        const stringify = JSON.stringify; JSON.stringify = (value, ...more) => stringify(value, ...more);
        BigInt.prototype.toString = () => "0";
    """)
    sent = list[Any]()
    for _ in range(2):
        page = desk.open(site.link())
        to_casting(page, NO)
        cast(page)
        sent.append(desk.posted()[-1].post_data_buffer)
    assert all(site.decrypted(each) == [[0, 1, 0]] for each in sent)
    numbers = [set(re.findall(rb"[0-9A-F]{1024}", each)) for each in sent]
    assert not numbers[0] & numbers[1]


@pytest.mark.parametrize("change", ['"quorum":2', '"guardian_count":2', "53747269"])
def test_cl17_an_election_that_is_not_the_one_of_the_hashes_is_not_voted_in(site: Site, desk: Desk, change: str) -> None:
    def changed(route: Route) -> None:
        answer = route.fetch()
        text = answer.text()
        other = text.replace(change, change[:-1] + "1", 1) if change in text else text.replace("7374726963", "7374726964", 1)
        route.fulfill(response=answer, body=other if other != text else text.replace("737472", "737473", 1))

    page = desk.context.new_page()
    page.route(f"**/elections/{site.election_id}", changed)
    page.goto(site.link())
    heading(page, "Do not vote on this page")
    assert "No vote was stored. Tell the scrutineer" in page.inner_text("main")


@pytest.mark.proves("COP-073a")
def test_cl17_nothing_is_chosen_beforehand_and_the_order_is_the_manifests(site: Site, desk: Desk) -> None:
    page = desk.open(site.link(style=3))
    press(page, "Start voting")
    for contest in site.election.manifest.contests:
        heading(page, contest.label)
        assert page.locator("input:checked").count() == 0
        labels = page.locator(".govuk-radios__label, .govuk-checkboxes__label, .govuk-form-group > .govuk-label").all_inner_texts()
        assert labels == [option.label for option in contest.options]
        press(page, "Continue")
        press(page, "Continue without answering")
    heading(page, "Check your answers")


@pytest.mark.proves("COP-074.1")
@pytest.mark.proves("COP-074.2")
def test_cl18_the_last_page_shows_no_choice_and_no_code_and_offers_no_copy(site: Site, desk: Desk) -> None:
    page = desk.open(site.link())
    to_casting(page, SPOIL)
    shown = page.locator(".psephos-code").inner_text()
    page.emulate_media(media="print")
    assert not page.locator(".psephos-code").is_visible()
    page.emulate_media(media="screen")
    cast(page)
    text = page.inner_text("body")
    assert all(each not in text for each in (YES, NO, SPOIL, *shown.split()))
    assert page.locator("main button, main a, main input, main img, main svg").count() == 0
    assert not any(each.url.endswith("challenged") for each in desk.posted())


@pytest.mark.proves("COP-077.1")
def test_pr09_requests_and_answers_have_one_length_whatever_is_chosen(site: Site, desk: Desk) -> None:
    lengths = set[tuple[int, ...]]()
    for choices in ((YES, "Yes, to this too"), (NO, "Spoil this question"), (SPOIL, "No, not to this")):
        desk.requests.clear()
        page = desk.open(site.link(style=2))
        to_casting(page, *choices)
        cast(page)
        asked = [each for each in desk.requests if "/api/" in each.url]
        lengths.add(tuple(len(each.post_data_buffer or b"") + len(each.response().body()) for each in asked))
    assert len(lengths) == 1


def test_cr50_a_vote_that_was_checked_is_never_counted_and_the_next_one_is_fresh(site: Site, desk: Desk) -> None:
    votes, opened = site.count(), site.count(Challenged)
    page = desk.open(site.link())
    to_casting(page, YES)
    shown = page.locator(".psephos-code").inner_text()
    press(page, "Check this vote first")
    page.get_by_role("img", name="Picture to scan that opens the check page").wait_for()
    assert page.locator(".psephos-code").inner_text() == shown
    assert (site.count(), site.count(Challenged)) == (votes, opened + 1)
    press(page, "Go back to voting")
    assert page.locator("dd.govuk-summary-list__value").inner_text() == YES, "choices are kept"
    press(page, "Continue")
    page.get_by_role("button", name="Cast this vote", exact=True).wait_for()
    assert page.locator(".psephos-code").inner_text() != shown
    cast(page)
    assert (site.count(), site.count(Challenged)) == (votes + 1, opened + 1)


def test_somebody_who_is_away_is_warned_keeps_the_answers_and_may_stay(site: Site, desk: Desk) -> None:
    page = desk.context.new_page()
    page.clock.install()
    page.goto(site.link())
    press(page, "Start voting")
    page.get_by_label(YES, exact=True).check()
    press(page, "Continue")
    heading(page, "Check your answers")
    page.clock.fast_forward("20:01")
    heading(page, "Are you still there?")
    press(page, "Continue voting")
    assert page.locator("dd.govuk-summary-list__value").inner_text() == YES
    page.clock.fast_forward("20:01")
    heading(page, "Are you still there?")
    page.clock.fast_forward("05:01")
    heading(page, "Your answers were erased")
    assert "No vote was stored and your code still works" in page.inner_text("main")
    assert YES not in page.content()


def test_leaving_the_page_erases_the_answers_and_stores_nothing(site: Site, desk: Desk) -> None:
    before = site.count()
    page = desk.open(site.link())
    to_casting(page, YES)
    press(page, "Leave this page")
    heading(page, "You have left the ballot")
    assert YES not in page.content()
    page.go_back()
    page.wait_for_timeout(200)
    assert YES not in page.content()
    assert site.count() == before


def test_back_and_forward_lead_through_the_questions(site: Site, desk: Desk) -> None:
    page = desk.open(site.link(style=2))
    to_casting(page, YES, "No, not to this")
    for title in ("Check your answers", "action short of a strike", "take part in a strike", "About this ballot"):
        page.go_back()
        page.get_by_role("heading", level=1, name=re.compile(title)).wait_for()
    page.go_forward()
    page.get_by_role("heading", level=1, name=re.compile("take part in a strike")).wait_for()
    assert page.get_by_label(YES, exact=True).is_checked()


def test_a_whole_vote_in_welsh(site: Site, desk: Desk) -> None:
    page = desk.open(site.link())
    heading(page, "About this ballot")
    press(page, "Cymraeg")
    heading(page, "Am y bleidlais hon")
    assert page.evaluate("document.documentElement.lang") == "cy"
    assert "Mae un cwestiwn" in page.inner_text("main")
    press(page, "Dechrau pleidleisio")
    page.get_by_label(YES, exact=True).check()
    press(page, "Parhau")
    heading(page, "Gwiriwch eich atebion")
    press(page, "Parhau")
    press(page, "Bwrw'r bleidlais hon")
    heading(page, "Mae eich pleidlais wedi'i derbyn")


def test_a_whole_vote_by_keyboard_alone(site: Site, desk: Desk) -> None:
    before = site.count()
    page = desk.open(site.link())
    heading(page, "About this ballot")

    def tab_to(name: str) -> None:
        for _ in range(30):
            page.keyboard.press("Tab")
            focused = page.evaluate("document.activeElement.textContent + '|' + (document.activeElement.labels?.[0]?.textContent ?? '')")
            outline = page.evaluate(
                "getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).boxShadow"
            )
            assert outline != "nonenone", f"no focus is seen on {focused}"
            if name in focused:
                return
        raise AssertionError(f"{name} cannot be reached")

    tab_to("Start voting")
    page.keyboard.press("Enter")
    heading(page, "take part in a strike")
    tab_to(YES)
    page.keyboard.press("ArrowDown")
    assert page.get_by_label(NO, exact=True).is_checked()
    page.keyboard.press("Enter")
    heading(page, "Check your answers")
    tab_to("Continue")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Cast this vote", exact=True).wait_for()
    tab_to("Cast this vote")
    page.keyboard.press("Enter")
    heading(page, RECEIVED)
    assert site.count() == before + 1
    assert site.decrypted(desk.posted()[-1].post_data_buffer) == [[0, 1, 0]]
