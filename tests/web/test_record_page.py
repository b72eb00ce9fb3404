"""The page of results, in a browser: the numbers are the record's, and one's own code is found without anybody learning which it is."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Browser, Page

from api.records.files import listing_of
from engine.ballot import CAST, CHALLENGED, DISCOUNTED
from engine.decryption import open_challenged
from engine.encoding import to_json
from engine.group import STANDARD
from engine.guardian import decrypt_nonces
from engine.log import check_log, record_log
from engine.merkle import leaf_hash
from engine.record import BALLOTS, PROFILE, Record, digest, write_record
from engine.witness import state_log
from tests.engine.elections import Ballots, a_ballot, a_manifest, decrypt, hold_ceremony, in_order
from tests.web.hosting import Site, a_page, check_structure, picture, site
from verifier.verify import verify_record

SIGNING = bytes(range(32))
KEY = Ed25519PrivateKey.from_private_bytes(SIGNING).public_key().public_bytes_raw()
MARKUP = "<script>alert(1)</script> & {count} <b>No</b>"
CONTESTS = [
    {"label": "Are you prepared to take part in strike action?",
     "options": [{"label": "Yes"}, {"label": MARKUP}, {"label": "I reject all answers", "spoil": True}]},
    {"label": "How do you share five votes?", "selection_limit": 5,
     "options": [{"label": "A candidate with a long name of several words", "selection_limit": 3}, {"label": "Two", "selection_limit": 3}]},
]  # fmt: skip
STYLES = [{"label": "One", "contests": [1]}, {"label": "Both", "contests": [1, 2]}]
VOTES = [
    (CAST, (1, 0, 0), (3, 2)), (CAST, (1, 0, 0), (0, 3)), (CAST, (0, 1, 0), (1, 0)), (CAST, (0, 0, 1)), (CAST, (1, 0, 0)),
    (DISCOUNTED, (0, 1, 0)), (CHALLENGED, (0, 1, 0), (1, 2)),
]  # fmt: skip
ID = "ab" * 32
LISTED = {"election_id": ID, "label": "Test ballot", "union": "Union of Examples", "closes": "2026-11-20T17:00:00Z", "released": True}


@dataclass
class Made:
    """A record and the ballots in it."""

    folder: Path
    ballots: Ballots
    root: str

    def code(self, state: str) -> str:
        return self.ballots.of(state)[0][0].confirmation_code.hex().upper()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    held = hold_ceremony(2, 2, STANDARD, a_manifest(2, contests=CONTESTS, ballot_styles=STYLES, log="witnessed"))
    election, ballots = held.election, [a_ballot(held.election, *choices, state=state) for state, *choices in VOTES]
    log = [leaf_hash(to_json(replace(ballot, state=None))) for ballot, _ in ballots]
    published = in_order(ballots, election)
    statements = [state_log(share, check_log(log, [], published.lines), election) for share in held.key_shares]
    whole = record_log(check_log(log, [], published.lines), statements, election)
    challenged = published.found.challenged
    openings = open_challenged(challenged, [decrypt_nonces(share, challenged, election) for share in held.key_shares], election)
    tally = decrypt(held.key_shares, published.found.tally, election)
    record = Record(election, held.public, held.acknowledgements, iter(published.lines), published.found, tally, openings, whole)
    folder = tmp_path_factory.mktemp("released") / "record"
    write_record(folder, record, SIGNING, datetime(2026, 11, 21, 12, tzinfo=UTC))
    assert verify_record(folder, KEY).exit_status == 0
    return Made(folder, published, whole.root.hex().upper())


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    return chromium


@pytest.fixture
def service(made: Made) -> Iterator[Site]:
    """As `api.records.routes` answers."""
    with site() as running:
        running.put("/api/v1/records", json.dumps([LISTED]))
        files = json.loads(listing_of(made.folder))
        answer = {"record_hash": digest(made.folder / PROFILE).hex(), "key": KEY.hex().upper(), "files": files, "hints": False}
        running.put(f"/api/v1/records/{ID}", json.dumps(answer))
        for each in files:
            running.put(f"/api/v1/records/{ID}/files/{each['path']}", (made.folder / each["path"]).read_bytes())
        yield running


def shown(code: str) -> str:
    return f"{code[:32]}{int(code[:32], 16) % 65521:04X}"


def open_record(page: Page, service: Site, reference: str = f"/{ID[:16]}") -> None:
    page.goto(f"{service.origin}/record{reference}")
    page.wait_for_selector("#code")


def find(page: Page, typed: str) -> str:
    page.fill("#code", typed)
    page.click("#finder button[type=submit]")
    page.wait_for_selector("#found h3, #code-error")
    return page.locator("#finder").inner_text()


def test_the_result_is_the_records(made: Made, browser: Browser, service: Site) -> None:
    """In the table and in the chart; labels with markup are text (CL-03)."""
    with a_page(browser) as page:
        open_record(page, service, "")
        tables = page.locator("table.govuk-table").all()
        numbers = [[row.locator("th, td").all_inner_texts() for row in table.locator("tbody tr").all()] for table in tables]
        assert numbers == [
            [["Yes", "3"], [MARKUP, "1"], ["I reject all answers", "1"]],
            [["A candidate with a long name of several words", "4"], ["Two", "5"]],
        ]
        bars = [bar.all_inner_texts() for bar in (page.locator(".psephos-bar__label"), page.locator(".psephos-bar__value"))]
        assert list(zip(*bars, strict=True)) == [(label, number) for table in numbers for label, number in table]
        widths = [int(bar.get_attribute("width") or "") for bar in page.locator(".psephos-bar rect").all()]
        assert widths == [1000, 333, 333, 800, 1000]
        facts = dict(zip(page.locator("dt").all_inner_texts(), page.locator("dd").all_inner_texts(), strict=True))
        assert facts["Votes counted"] == "5"
        assert facts["Votes cast but not counted"] == "1"
        assert facts["Votes opened to be checked, never counted"] == "1"
        assert page.locator("main script").count() == 0
        command = page.locator(".psephos-command").inner_text()
        assert command == f"python3 -I -S verifier.pyz RECORD --key {KEY.hex().upper()}"
        links = [link.get_attribute("href") for link in page.locator(".psephos-files a").all()]
        assert links == [f"/api/v1/records/{ID}/files/{each['path']}" for each in json.loads(listing_of(made.folder))]
        assert digest(made.folder / PROFILE).hex().upper() in page.locator("main").inner_text()
        check_structure(page)
        picture(page, "record")
    with a_page(browser, language="cy") as page:
        open_record(page, service)
        assert page.locator("h1").inner_text().endswith("Canlyniad y bleidlais")
        assert "12:00 GMT, dydd Sadwrn 21 Tachwedd 2026" in page.locator("main").inner_text()
        check_structure(page)
        picture(page, "record-cy")


def test_a_code_is_found_with_what_became_of_its_vote_and_its_place_is_proven(made: Made, browser: Browser, service: Site) -> None:
    with a_page(browser) as page:
        open_record(page, service)
        asked = len(service.asked)
        for state, words in ((CAST, "this vote was counted"), (DISCOUNTED, "this vote was not counted")):
            code = shown(made.code(state))
            assert f"Found: {words}" in find(page, " ".join(code[at : at + 4] for at in range(0, 36, 4)).lower())
            assert page.evaluate("document.activeElement.id") == "found"
            page.click("#found summary")
            proof = page.locator("#found details").inner_text()
            assert sha256((made.folder / BALLOTS).read_bytes()).hexdigest().upper() in proof
            assert digest(made.folder / PROFILE).hex().upper() in proof
            assert made.root in proof
            lines = (made.folder / BALLOTS).read_bytes().splitlines()
            (line,) = [each for each in lines if made.code(state).encode() in each]
            assert sha256(b"\x00" + line).hexdigest().upper() in proof
            assert f"{lines.index(line) + 1} of {len(VOTES)}" in proof
            check_structure(page)
            picture(page, f"record-{state.lower()}")
        assert service.asked[asked:] == [f"/api/v1/records/{ID}/files/{BALLOTS}"]  # the whole list, once, whatever is looked for


def test_an_opened_vote_is_shown_with_its_answers(made: Made, browser: Browser, service: Site) -> None:
    with a_page(browser) as page:
        open_record(page, service)
        assert "Found: this vote was opened to be checked" in find(page, shown(made.code(CHALLENGED)))
        rows = page.locator("#found > .govuk-summary-list .govuk-summary-list__row").all()
        answers = [(row.locator("dt").inner_text(), row.locator("dd p").all_inner_texts()) for row in rows]
        first, second = (str(contest["label"]) for contest in CONTESTS)
        assert answers == [(first, [MARKUP]), (second, ["A candidate with a long name of several words: 1 vote", "Two: 2 votes"])]
        check_structure(page)
        picture(page, "record-challenged")


def test_a_mistyped_code_is_told_from_one_that_is_not_there_with_the_keyboard_alone(made: Made, browser: Browser, service: Site) -> None:
    code, missing = shown(made.code(CAST)), shown(sha256(b"no ballot").hexdigest().upper())
    with a_page(browser) as page:
        open_record(page, service)
        assert "Enter a confirmation code" in find(page, "")
        for typed in ("<b>x</b>", code[:-1], code + "0", ("1" if code[0] == "0" else "0") + code[1:]):
            assert "mistyped" in find(page, typed)
            assert page.locator("#code-error").is_visible()
            assert page.title().startswith("Error: ")
        assert not any("ballots" in asked for asked in service.asked)  # nothing is fetched for a typing error
        check_structure(page)
        picture(page, "record-mistyped")
        page.focus("h1")
        while page.evaluate("document.activeElement.id") != "code":
            page.keyboard.press("Tab")
        page.keyboard.press("Control+A")
        page.keyboard.type(missing)
        page.keyboard.press("Enter")
        page.wait_for_selector("#found h3")
        assert "This code is not in the list" in page.locator("#found").inner_text()
        assert not page.title().startswith("Error")
        assert page.locator("#found details").count() == 0
        check_structure(page)
        picture(page, "record-missing")


def test_a_list_that_is_not_the_records_is_refused(made: Made, browser: Browser, service: Site) -> None:
    """One vote is hidden from the list that is shown; then a number in the result is another one."""
    path = f"/api/v1/records/{ID}/files/"
    lines = (made.folder / BALLOTS).read_bytes().splitlines(keepends=True)
    service.put(path + BALLOTS, b"".join(lines[1:]))
    with a_page(browser) as page:
        open_record(page, service)
        assert "The published files do not fit together" in find(page, shown(made.code(CAST)))
        service.put(path + BALLOTS, b"".join(lines))
        assert "Found" in find(page, shown(made.code(CAST)))
        service.put(path + "tally.json", (made.folder / "tally.json").read_bytes().replace(b'"tally":3', b'"tally":4'))
        page.reload()
        page.get_by_role("heading", name="The published files do not fit together").wait_for()
        assert page.locator("table").count() == 0


def test_a_large_list_is_searched_while_the_page_goes_on(made: Made, browser: Browser, service: Site) -> None:
    """45 MB: nothing holds the page up for long, and how far it is is shown. The list is not the record's, which is said at the end."""
    codes = sorted(sha256(bytes([number // 256, number % 256])).hexdigest().upper() for number in range(5000))
    lines = [b'{"ballot_id":"%s","ballot_state":"Cast","x":"%s"}\n' % (code.encode(), b"7" * 9000) for code in codes]
    service.put(f"/api/v1/records/{ID}/files/{BALLOTS}", b"".join(lines))
    watch = """() => {
      window.longest = 0;
      window.values = new Set();
      let last = performance.now();
      const look = () => {
        const now = performance.now();
        window.longest = Math.max(window.longest, now - last);
        last = now;
        window.values.add(document.getElementById('progress')?.getAttribute('value'));
        setTimeout(look);
      };
      look();
    }"""
    with a_page(browser) as page:
        open_record(page, service)
        page.evaluate(watch)
        assert "The published files do not fit together" in find(page, shown(made.code(CAST)))
        assert page.evaluate("values.size") > 5
        assert page.evaluate("longest") < 1000  # milliseconds, on a machine that does other things too


def test_before_its_release_there_is_no_result(browser: Browser) -> None:
    with site() as early, a_page(browser) as page:
        listed = LISTED | {"released": False}
        early.put("/api/v1/records", json.dumps([listed, LISTED | {"election_id": "cd" * 32, "label": "<i>Another</i>"}]))
        page.goto(f"{early.origin}/record/{ID[:16]}")
        page.get_by_role("heading", name="The result is not published yet").wait_for()
        check_structure(page)
        picture(page, "record-not-yet")
        page.goto(f"{early.origin}/record")
        page.get_by_role("link", name="<i>Another</i>").click()
        page.wait_for_url(f"{early.origin}/record/{'cd' * 8}")
        page.get_by_role("heading", name="The result is not published yet").wait_for()  # it is listed, and its files are not there
        page.goto(f"{early.origin}/record/{'0' * 16}")
        page.get_by_role("heading", name="There is no such ballot here").wait_for()
        early.put("/api/v1/records", "<html>")
        page.goto(f"{early.origin}/record")
        again = page.get_by_role("button", name="Try again")
        again.wait_for()
        early.put("/api/v1/records", json.dumps([listed]))
        again.click()
        page.get_by_role("heading", name="The result is not published yet").wait_for()
        del early.files["/api/v1/records"]
        page.reload()
        page.get_by_role("heading", name="The result is not at this web address").wait_for()
        check_structure(page)
        picture(page, "record-elsewhere")


@pytest.mark.parametrize("language", ["en-GB", "cy"])
def test_the_accessibility_statement_is_there_in_both_languages(browser: Browser, language: str) -> None:
    with site() as running, a_page(browser, language=language) as page:
        page.goto(f"{running.origin}/accessibility")
        title = {"en-GB": "Accessibility statement", "cy": "Datganiad hygyrchedd"}[language]
        assert page.locator("h1").inner_text() == title
        assert page.evaluate("document.documentElement.lang") == language[:2]
        assert "2026" in page.locator("main p").last.inner_text()
        check_structure(page)
        picture(page, f"accessibility-{language[:2]}")


def test_every_script_and_style_sheet_of_a_page_has_its_hash_in_it_and_imports_no_other() -> None:
    """CL-02."""
    with site() as running:
        for name in ("/", "/check", "/record", "/accessibility"):
            path = "/index.html" if name == "/" else name
            html = running.files[path][0].decode()
            loaded = [tag for tag in html.split("<") if tag.startswith(("script", 'link rel="stylesheet"'))]
            assert len(loaded) == 2
            assert all('integrity="sha384-' in tag for tag in loaded)
            assert "PSEPHOS-WORKER" not in html
            (script,) = [tag.split('src="')[1].split('"')[0].lstrip(".") for tag in loaded if tag.startswith("script")]
            content = running.files[script][0].decode()
            assert "import(" not in content
            assert 'from"' not in content
