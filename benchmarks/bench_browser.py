"""How long encrypting takes in Chromium, at full speed and with a processor six times slower, and whether the page stays responsive."""

import os
import signal
import statistics
import threading
import time
from contextlib import contextmanager

import pytest
from playwright.sync_api import sync_playwright

from tests.web.conftest import Desk, heading, press
from tests.web.hosting import ARGUMENTS, CHROMIUM
from tests.web.site import SPOIL, STRIKE, Site

ROUNDS = 15
BALLOTS = {
    "yes, no, spoil": [STRIKE],
    "20 candidates and spoil": [{"label": "President", "options": [*({"label": f"Candidate {n}"} for n in range(1, 21)), SPOIL]}],
}
LONG_TASKS = """
    globalThis.long = [];
    new PerformanceObserver(list => {
        for (const { duration, startTime } of list.getEntries()) long.push(`${Math.round(duration)} ms after ${Math.round(startTime)} ms`);
    }).observe({ type: "longtask" });
"""
MEASURE = """
    const ask = Worker.prototype.postMessage;
    globalThis.took = []; globalThis.prepared = [];
    Worker.prototype.postMessage = function (question, ...more) {
        const started = performance.now();
        this.addEventListener("message", ({ data }) => {
            if (data.number !== question.number) return;
            if (question.ask.what === "encrypt") took.push(performance.now() - started);
            if (question.ask.what === "prepare") prepared.push(performance.now() - started);
        });
        return ask.call(this, question, ...more);
    };
"""


@pytest.mark.parametrize("slowdown", [1, 6])
@pytest.mark.parametrize("name", BALLOTS)
def bench_encryption_in_chromium(benchmark, name, slowdown, tmp_path, capsys):
    """One ballot after another of one voter who keeps changing an answer; the tables are built once, while the voter reads."""
    contests = [{"label": each["label"], "options": each["options"]} for each in BALLOTS[name]]
    with Site(tmp_path, contests=contests, styles=[{"label": "All", "contests": [1]}]) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        desk = Desk(browser)
        desk.context.add_init_script(LONG_TASKS)
        desk.context.add_init_script(MEASURE)
        page = desk.open("about:blank")
        page.goto(f"{site.address}/api/v1/elections")  # the process that shows this site stays the same from now on
        processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
        renderers = [int(each["id"]) for each in processes if each["type"] == "renderer"]
        page.bring_to_front()
        with slowed(renderers, slowdown):
            measured(page, site, benchmark)
        took, prepared, long = page.evaluate("[took, prepared, long]")
        browser.close()
    benchmark.extra_info |= {"median ms": statistics.median(took), "worst ms": max(took), "tables ms": prepared[0], "long tasks ms": long}
    with capsys.disabled():
        print(f"\n{name}, {slowdown} times slower: encrypted in {statistics.median(took):.0f} ms (median), {max(took):.0f} ms (worst); "
              f"tables {prepared[0]:.0f} ms; tasks of the page over 50 ms: {long or 'none'}")  # fmt: skip


def measured(page, site, benchmark):
    page.goto(site.link())
    press(page, "Start voting")
    page.locator("#option-1").check()
    press(page, "Continue")
    heading(page, "Check your answers")

    def encrypt():
        press(page, "Continue")
        page.locator(".psephos-code").wait_for()
        page.get_by_role("link", name="Back").click()
        heading(page, "Check your answers")
        page.get_by_role("link", name="Change").click()
        press(page, "Continue")
        heading(page, "Check your answers")

    benchmark.pedantic(encrypt, rounds=ROUNDS)


@contextmanager
def slowed(processes, times):
    """Lets processes run for two milliseconds, then stop for `times` − 1 times as long, over and over: Chromium's own brake reaches no
    worker."""
    ended = threading.Event()

    def brake():
        while not ended.is_set():
            for process in processes:
                os.kill(process, signal.SIGSTOP)
            time.sleep(0.002 * (times - 1))
            for process in processes:
                os.kill(process, signal.SIGCONT)
            time.sleep(0.002)

    thread = threading.Thread(target=brake, daemon=True)
    if times > 1:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        if times > 1:
            thread.join()
