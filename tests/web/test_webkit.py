"""A whole vote in a second engine: WebKit, as in every browser of a phone by Apple, driven by its own WebDriver."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import WebKitGTK
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from tests.web.conftest import PICTURES
from tests.web.site import Site


@pytest.fixture(scope="module")
def screen() -> Iterator[str]:
    """A screen that nobody sees."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as process:
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        yield f":{number}"
        process.terminate()


@pytest.fixture
def webkit(screen: str) -> Iterator[WebKitGTK]:
    options = Options()
    options.binary_location = str(next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser")))
    options.add_argument("--automation")
    driver = shutil.which("WebKitWebDriver")
    assert driver is not None
    environment = {**os.environ, "DISPLAY": screen, "WEBKIT_DISABLE_COMPOSITING_MODE": "1", "GDK_BACKEND": "x11"}
    browser = WebKitGTK(options=options, service=Service(driver, env=environment))
    yield browser
    browser.quit()


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
