"""A whole vote in a second engine: WebKit, as in every browser of a phone by Apple, driven by its own WebDriver."""

import re
from collections.abc import Callable, Iterator

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import WebKitGTK
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.web.conftest import PICTURES
from tests.web.site import Site
from tests.web.webkit import webkit_browser


@pytest.fixture
def webkit() -> Iterator[WebKitGTK]:
    with webkit_browser() as browser:
        yield browser


def until(browser: WebKitGTK, condition: Callable[[WebKitGTK], object]) -> None:
    WebDriverWait(browser, 60, ignored_exceptions=[StaleElementReferenceException, NoSuchElementException]).until(condition)


def button(browser: WebKitGTK, name: str) -> None:
    until(browser, lambda each: each.find_elements(By.XPATH, f"//button[normalize-space()={name!r}]"))
    browser.find_element(By.XPATH, f"//button[normalize-space()={name!r}]").click()


def heading(browser: WebKitGTK, text: str) -> None:
    until(browser, lambda each: text in each.find_element(By.TAG_NAME, "h1").text)


@pytest.mark.filterwarnings("ignore:setting remote_server_addr:DeprecationWarning")  # Selenium's own
@pytest.mark.proves("COP-062.3")
def test_a_vote_is_checked_and_cast_in_webkit(site: Site, webkit: WebKitGTK) -> None:
    before = site.count()
    webkit.get(site.link(style=3))
    heading(webkit, "About this ballot")
    assert webkit.current_url == site.page
    button(webkit, "Start voting")
    for contest, fields in zip(site.election.manifest.contests, ([2], [3], [1, 6], [1]), strict=True):
        heading(webkit, contest.label)
        for field in fields:
            box = webkit.find_element(By.ID, f"option-{field}")
            if box.get_attribute("type") == "text":
                box.send_keys("3")
            else:
                webkit.find_element(By.CSS_SELECTOR, f"label[for=option-{field}]").click()
        button(webkit, "Continue")
    heading(webkit, "Check your answers")
    button(webkit, "Continue")
    until(webkit, lambda each: each.find_elements(By.CSS_SELECTOR, ".psephos-code"))
    assert re.fullmatch(r"([0-9A-F]{4}\s){8}[0-9A-F]{4}", webkit.find_element(By.CSS_SELECTOR, ".psephos-code").text)
    button(webkit, "Check this vote first")
    until(webkit, lambda each: each.find_elements(By.CSS_SELECTOR, ".psephos-qr svg"))
    button(webkit, "Go back to voting")
    heading(webkit, "Check your answers")
    button(webkit, "Continue")
    button(webkit, "Cast this vote")
    heading(webkit, "Your vote has been received")
    PICTURES.mkdir(parents=True, exist_ok=True)
    webkit.save_screenshot(str(PICTURES / "9-received-webkit-en.png"))
    assert site.count() == before + 1
    cast = [site.decrypted(content) for content in site.votes() if len(content) > 30_000]
    assert [[0, 1, 0], [0, 0, 1], [1, 0, 0, 0, 0, 1, 0], [3, 0, 0]] in cast
