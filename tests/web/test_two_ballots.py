"""The voter's page where two ballots are open: it asks which one a code is for, and votes in that one alone."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from api.voters.access import NewVoter, issue
from api.voters.access_code import AccessCode
from api.voters.window import PublicElection, Window, open_window, prepare, window_of
from engine.group import STANDARD
from engine.manifest import read_manifest
from tests.api.voting import AUDIT, admit
from tests.engine.elections import hold_ceremony
from tests.web.conftest import Desk, heading, press, to_casting
from tests.web.hosting import check_structure, picture, tab_to
from tests.web.site import SHORT, STRIKE, Site

STYLES = [{"label": "All", "contests": [1]}]
CHOOSE = "Which ballot is your code for?"
OTHER = "Action short of a strike <b>&</b> more"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("two"), contests=[STRIKE], styles=STYLES) as site:
        yield site


@pytest.fixture(scope="module")
def other(site: Site) -> Window:
    """A second ballot that the service takes votes for, in another union; it is listed after the first one."""
    first = json.loads(site.election.manifest.content)
    voting = first["voting"] | {"election_identifier": "CD" * 32, "union": "Union of Others"}
    content = json.dumps(first | {"label": OTHER, "contests": [SHORT], "voting": voting}, ensure_ascii=False, separators=(",", ":"))
    election = hold_ceremony(2, 2, STANDARD, read_manifest(content.encode())).election
    public = PublicElection(election.manifest.content, 2, 2, election.vote_encryption_key, election.ballot_data_encryption_key)
    election_id = prepare(site.database, public, AUDIT.public_key().public_bytes_raw(), STANDARD)
    open_window(site.database, election_id)
    return window_of(site.database, election_id, STANDARD)


def code_of(site: Site, other: Window, name: str) -> AccessCode:
    admit(site.database, other, [NewVoter(name, 1)])
    return issue(site.database, other, name, "e-mail")


def to_choice(page: Page, code: AccessCode) -> None:
    page.get_by_label("Voting code").fill(code.grouped())
    press(page, "Continue")
    heading(page, CHOOSE)


def test_the_voter_chooses_a_ballot_and_votes_in_it(site: Site, other: Window, desk: Desk) -> None:
    code, before = code_of(site, other, "one"), site.count()
    page = desk.open(f"{site.address}/vote")
    to_choice(page, code)
    labels = page.locator("main .govuk-radios__label").all_inner_texts()
    assert labels == [f"Ballot on a strike ({site.election.manifest.voting.union})", f"{OTHER} (Union of Others)"]
    assert page.locator("main input:checked").count() == 0, "none is chosen beforehand"
    check_structure(page)
    picture(page, "choose")
    press(page, "Continue")
    page.get_by_role("alert").wait_for()
    assert "Choose a ballot" in page.get_by_role("alert").inner_text()
    assert page.title().startswith("Error: ")
    check_structure(page)
    picture(page, "choose-error")
    page.get_by_label(labels[1], exact=True).check()
    press(page, "Continue")
    heading(page, "About this ballot")
    assert OTHER in page.inner_text("main")
    to_casting(page, "Yes, to this too")
    press(page, "Cast this vote")
    heading(page, "Your vote has been received")
    (sent,) = desk.posted()
    assert f"/{other.election_id}/votes" in sent.url
    assert site.box.was_cast(other, code, sent.post_data_buffer)
    assert site.count() == before + 1
    assert desk.complaints == []


def test_a_code_of_the_other_ballot_opens_nothing_and_the_voter_chooses_again(site: Site, other: Window, desk: Desk) -> None:
    code, before = code_of(site, other, "two"), site.count()
    page = desk.open(f"{site.address}/vote")
    to_choice(page, code)
    page.locator("#ballot-0").check()
    press(page, "Continue")
    page.get_by_role("alert").wait_for()
    assert page.get_by_label("Voting code").input_value() != "", "what was typed is still there"
    assert site.count() == before
    press(page, "Continue")
    heading(page, CHOOSE)
    page.locator("#ballot-1").check()
    press(page, "Continue")
    heading(page, "About this ballot")
    assert OTHER in page.inner_text("main")


def test_a_link_without_a_reference_asks_and_one_with_it_does_not(site: Site, other: Window, desk: Desk) -> None:
    for code, window in ((site.code(), site.window), (code_of(site, other, "three"), other)):
        page = desk.open(f"{site.address}/vote#{code.compact()}")
        heading(page, CHOOSE)
        assert page.url == f"{site.address}/vote"
        page = desk.open(f"{site.address}/vote/{window.election_id[:16]}#{code.compact()}")
        heading(page, "About this ballot")
        assert window.election.manifest.label in page.inner_text("main")


def test_a_ballot_is_chosen_with_the_keyboard_alone_and_in_welsh(site: Site, other: Window, chromium: Browser) -> None:
    desk = Desk(chromium, locale="cy-GB")
    code = code_of(site, other, "four")
    page = desk.open(f"{site.address}/vote#{code.compact()}")
    page.locator("#ballot-0").wait_for()
    assert page.locator("h1").inner_text() != CHOOSE
    check_structure(page)
    picture(page, "choose-cy")
    tab_to(page, f"Ballot on a strike ({site.election.manifest.voting.union})")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Dechrau pleidleisio").wait_for()
    assert OTHER in page.inner_text("main")
    desk.context.close()
