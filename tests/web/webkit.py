"""WebKit, the engine of every browser on a phone by Apple, driven by its own WebDriver on a screen that nobody sees."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import WebKitGTK
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service


@contextmanager
def webkit_browser() -> Iterator[WebKitGTK]:
    """A browser of its own, with a screen of its own."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as process:
        os.close(writing)
        with os.fdopen(reading) as told:
            screen = f":{told.readline().strip()}"
        options = Options()
        options.binary_location = str(next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser")))
        options.add_argument("--automation")
        driver = shutil.which("WebKitWebDriver")
        assert driver is not None
        environment = {**os.environ, "DISPLAY": screen, "WEBKIT_DISABLE_COMPOSITING_MODE": "1", "GDK_BACKEND": "x11"}
        browser = WebKitGTK(options=options, service=Service(driver, env=environment))
        try:
            yield browser
        finally:
            browser.quit()
            process.terminate()
