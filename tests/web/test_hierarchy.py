"""The hierarchy statement on the voter's page: for those who have several ways to vote, and for nobody else (73(d), 156)."""

from collections.abc import Iterator

import pytest

from engine.statutory import Method
from tests.web.conftest import Desk, heading, press, to_casting
from tests.web.hosting import check_structure, picture
from tests.web.site import STRIKE, Site

STATUTORY = {
    "ballot_type": "industrial action", "section": "226(1)(a)", "methods": ["electronic", "hybrid", "workplace"],
    "hierarchy": ["workplace", "hybrid electronic", "hybrid postal"],
}  # fmt: skip
SUPPORT = "0800 000 0000 or help@scrutineer.example <b>{contact}</b>"
BOX = "A voting paper that you put into the box at work"
HERE = "A vote here, with the code in your letter"
POST = "The voting paper in your letter, sent back by post"


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    styles = [{"label": "All", "contests": [1]}]
    with Site(tmp_path_factory.mktemp("mixed"), contests=[STRIKE], styles=styles, statutory=STATUTORY, support=SUPPORT) as site:
        yield site


@pytest.mark.parametrize(
    ("methods", "ways"),
    [
        ((Method.HYBRID,), [HERE, POST]), ((Method.HYBRID, Method.WORKPLACE), [BOX, HERE, POST]),
        ((Method.ELECTRONIC,), []), ((Method.ELECTRONIC, Method.WORKPLACE), []), ((), []),
    ],
    ids=["hybrid", "hybrid and workplace", "electronic", "a route that the hierarchy does not rank", "unknown"],
)  # fmt: skip
def test_the_statement_is_shown_to_who_has_several_ways(mixed: Site, desk: Desk, methods: tuple[Method, ...], ways: list[str]) -> None:
    page = desk.open(mixed.link(1, *methods))
    heading(page, "About this ballot")
    assert page.locator("main ol li").all_inner_texts() == ways
    assert f"If you need help: {SUPPORT}" in page.inner_text("main")
    assert ("Your vote counts once" in page.inner_text("main")) == bool(ways)


def test_the_statement_comes_before_the_vote_is_cast_and_in_both_languages(mixed: Site, desk: Desk) -> None:
    page = desk.open(mixed.link(1, Method.HYBRID, Method.WORKPLACE))
    heading(page, "About this ballot")
    check_structure(page)
    picture(page, "ranked-en")
    press(page, "Cymraeg")
    heading(page, "Am y bleidlais hon")
    assert page.locator("main ol li").count() == 3
    picture(page, "ranked-cy")
    press(page, "English")
    to_casting(page, "Yes, I am")
    press(page, "Cast this vote")
    heading(page, "Your vote has been received")
