"""The page that checks a locked vote on a second device, in a browser: it shows what was locked, and nothing leaves it."""

import base64
import hashlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from api.voters.public import PublicElection
from engine.ballot import EncryptedBallot, Opening
from engine.encoding import to_json
from engine.group import STANDARD
from engine.parameters import Election
from tests.engine.elections import a_ballot, a_manifest, hold_ceremony
from tests.web.hosting import Site, a_page, check_structure, launched, picture, site
from tests.web.node import NODE, WEB

MARKUP = "<img src=x onerror=alert(1)><b>No</b> {option} &amp;"
CONTESTS = [
    {"label": "Strike", "options": [{"label": "Yes"}, {"label": MARKUP}, {"label": "Spoil", "spoil": True}]},
    {"label": "Points", "selection_limit": 5, "options": [{"label": "One", "selection_limit": 3}, {"label": "Two", "selection_limit": 3}]},
]
STYLES = [{"label": "One", "contests": [1]}, {"label": "Both", "contests": [1, 2]}]
ID = "ab" * 32
SAME = "If the code and the answers are the same as on the first device, the vote was locked as you chose."


@pytest.fixture(scope="module")
def election() -> Election:
    return hold_ceremony(2, 2, STANDARD, a_manifest(2, contests=CONTESTS, ballot_styles=STYLES)).election


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    return chromium


@pytest.fixture
def service(election: Election) -> Iterator[Site]:
    with site() as running:
        running.put("/api/v1/elections", json.dumps([{"election_id": ID}]))
        running.put(f"/api/v1/elections/{ID}", parts_of(election))
        yield running


def parts_of(election: Election) -> bytes:
    parameters = election.parameters
    keys = election.vote_encryption_key, election.ballot_data_encryption_key
    return to_json(PublicElection(election.manifest.content, parameters.guardian_count, parameters.quorum, *keys))


def slip_of(ballot: EncryptedBallot, opening: Opening, *choices: int, reference: str = ID[:16]) -> str:
    """web/src/slip.ts, written a second time."""
    content = b"\x01" + bytes.fromhex(reference) + ballot.style.to_bytes(2) + ballot.selection_encryption_identifier
    content += bytes.fromhex(json.loads(to_json(opening))["ballot_nonce"]) + b"".join(choice.to_bytes(2) for choice in choices)
    return base64.urlsafe_b64encode(content + hashlib.sha256(content).digest()[:4]).decode().rstrip("=")


def shown(ballot: EncryptedBallot) -> str:
    first = ballot.confirmation_code.hex().upper()[:32]
    return f"{first}{int(first, 16) % 65521:04X}"


def code_on(page: Page) -> str:
    return "".join(page.locator(".psephos-code").inner_text().split())


def answers_on(page: Page) -> list[tuple[str, Sequence[str]]]:
    rows = page.locator(".govuk-summary-list").first.locator(".govuk-summary-list__row").all()
    return [(row.locator("dt").inner_text(), row.locator("dd p").all_inner_texts()) for row in rows]


def open_result(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(".psephos-code")


def test_a_good_slip_shows_the_code_and_the_answers_and_leaves_the_address(election: Election, browser: Browser, service: Site) -> None:
    """CL-03, too: markup in a label is text."""
    ballot, opening = a_ballot(election, (0, 1, 0), (2, 3))
    slip = slip_of(ballot, opening, 0, 1, 0, 2, 3)
    with a_page(browser) as page:
        open_result(page, f"{service.origin}/check#{slip}")
        assert code_on(page) == shown(ballot)
        assert answers_on(page) == [("Strike", [MARKUP]), ("Points", ["One: 2 votes", "Two: 3 votes"])]
        text = page.locator("main").inner_text()
        assert SAME in text
        assert "If not, do not cast; tell the scrutineer." in text
        assert all(name in text for name in ("Test ballot", "Union of Examples", "Scrutineer"))
        assert page.locator("main img").count() == 0
        assert page.url == f"{service.origin}/check"
        assert not any(slip in asked or ballot.ballot_id in asked for asked in service.asked)
        assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
        check_structure(page)
        picture(page, "check-result")
        page.get_by_role("button", name="Cymraeg").click()
        assert page.locator("h1").inner_text() == "Beth a glowyd"
        assert ("Points", ["One: 2 bleidlais", "Two: 3 pleidlais"]) in answers_on(page)
        check_structure(page)
        picture(page, "check-result-cy")


def test_an_encryptor_that_locked_another_choice_is_found_out(election: Election, browser: Browser, service: Site) -> None:
    """The voter chose the second answer; the first was encrypted, and the slip says what the voter chose (CL-01)."""
    ballot, opening = a_ballot(election, (1, 0, 0))
    with a_page(browser) as page:
        open_result(page, f"{service.origin}/check#{slip_of(ballot, opening, 0, 1, 0)}")
        assert answers_on(page) == [("Strike", [MARKUP])]
        assert code_on(page) != shown(ballot)
        open_result(page, f"{service.origin}/check#{slip_of(ballot, opening, 1, 0, 0)}")  # the truth shows the answer that was not chosen
        assert answers_on(page) == [("Strike", ["Yes"])]
        assert code_on(page) == shown(ballot)


def test_it_works_offline_once_it_is_loaded_and_with_the_keyboard_alone(election: Election, browser: Browser, service: Site) -> None:
    ballot, opening = a_ballot(election, (0, 0, 1))
    slip = slip_of(ballot, opening, 0, 0, 1)
    with a_page(browser) as page:
        page.goto(f"{service.origin}/check")
        page.wait_for_selector("#slip")
        check_structure(page)
        picture(page, "check-entry")
        page.context.set_offline(True)
        before = len(service.asked)
        while page.evaluate("document.activeElement.id") != "slip":
            page.keyboard.press("Tab")
        page.keyboard.insert_text(f"{service.origin}/check#{slip[:40]}\n{slip[40:]} ")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector(".psephos-code")
        assert page.evaluate("document.activeElement.tagName") == "H1"
        assert code_on(page) == shown(ballot)
        assert answers_on(page) == [("Strike", ["Spoil"])]
        assert len(service.asked) == before


def test_a_wrong_slip_is_said_to_be_wrong(election: Election, browser: Browser, service: Site) -> None:
    ballot, opening = a_ballot(election, (1, 0, 0))
    good = slip_of(ballot, opening, 1, 0, 0)
    with a_page(browser) as page:
        page.goto(f"{service.origin}/check#{good[:-5]}")
        page.wait_for_selector(".govuk-error-summary")
        check_structure(page)
        picture(page, "check-wrong")
        for wrong in ("no slip", good[:20] + ("A" if good[20] != "A" else "B") + good[21:], "<img src=x onerror=alert(1)>"):
            page.fill("#slip", wrong)
            page.click("button[type=submit]")
            page.wait_for_selector("#slip-error")
            assert "part of it is missing or mistyped" in page.locator("#slip-error").inner_text()
            assert page.title().startswith("Error: ")
        page.fill("#slip", " ")
        page.click("button[type=submit]")
        assert "Enter the address" in page.locator("#slip-error").inner_text()
        for impossible in ((1, 1, 0), (1, 0), (1, 0, 0, 3, 3)):
            page.fill("#slip", slip_of(ballot, opening, *impossible))
            page.click("button[type=submit]")
            page.get_by_text("cannot be valid in this ballot").wait_for()
            page.get_by_role("button", name="Check another locked vote").click()
        assert page.locator(".psephos-code").count() == 0


def test_in_a_folder_of_files_elsewhere_it_reads_the_file_beside_it(election: Election, browser: Browser) -> None:
    ballot, opening = a_ballot(election, (1, 0, 0))
    slip = slip_of(ballot, opening, 1, 0, 0)
    with site("/papers/ballot") as folder, a_page(browser) as page:
        folder.put("/papers/ballot/election.json", parts_of(election) + b"\n")
        open_result(page, f"{folder.origin}/papers/ballot/check.html#{slip}")
        assert code_on(page) == shown(ballot)
        assert not any("/api/" in asked for asked in folder.asked)
        assert page.locator("footer a").get_attribute("href") == "accessibility.html"
        picture(page, "check-elsewhere")


def test_without_the_ballots_public_parts_it_asks_for_the_file(election: Election, browser: Browser) -> None:
    ballot, opening = a_ballot(election, (1, 0, 0))
    slip = slip_of(ballot, opening, 1, 0, 0)
    with site() as empty, a_page(browser) as page:
        page.goto(f"{empty.origin}/check#{slip}")
        page.wait_for_selector("#file")
        check_structure(page)
        picture(page, "check-file")
        page.set_input_files("#file", {"name": "election.json", "mimeType": "application/json", "buffer": b"{}"})
        page.click("button[type=submit]")
        page.wait_for_selector("#file-error")
        page.set_input_files("#file", {"name": "election.json", "mimeType": "application/json", "buffer": parts_of(election)})
        page.click("button[type=submit]")
        page.wait_for_selector(".psephos-code")
        assert code_on(page) == shown(ballot)


def filmed(text: str, folder: Path) -> Path:
    """A film of one picture, a QR code of `text` on light grey, as Chromium shows it in place of a camera."""
    program = "import encodeQR from 'qr'; console.log(JSON.stringify(encodeQR(process.argv[1], 'raw', { ecc: 'medium' })))"
    command = [NODE, "--input-type=module", "--eval", program, text]
    rows = json.loads(subprocess.run(command, cwd=WEB, capture_output=True, check=True).stdout)
    width, height, scale = 640, 480, 400 // len(rows)
    left, top = (width - scale * len(rows)) // 2, (height - scale * len(rows)) // 2
    luma = bytearray(b"\xd0" * (width * height))
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            for line in range(scale):
                at = (top + scale * y + line) * width + left + scale * x
                luma[at : at + scale] = (b"\x20" if dark else b"\xd0") * scale
    frame = b"FRAME\n" + bytes(luma) + b"\x80" * (width * height // 2)
    film = folder / "film.y4m"
    film.write_bytes(f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420\n".encode() + 10 * frame)
    return film


def test_the_camera_reads_the_picture_of_the_first_device(election: Election, browser: Browser, service: Site, tmp_path: Path) -> None:
    ballot, opening = a_ballot(election, (1, 0, 0), (0, 1))
    film = filmed(f"{service.origin}/check#{slip_of(ballot, opening, 1, 0, 0, 0, 1)}", tmp_path)
    fake = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}")
    with launched(browser.browser_type, *fake) as with_camera, a_page(with_camera) as page:
        page.goto(f"{service.origin}/check")
        page.get_by_role("button", name="Scan the picture with the camera").click()
        page.wait_for_selector("video")
        page.wait_for_selector(".psephos-code")
        assert code_on(page) == shown(ballot)
        assert page.locator("video").count() == 0


def test_a_camera_that_may_not_be_used_leads_back_to_typing(browser: Browser, service: Site) -> None:
    with a_page(browser) as page:
        page.goto(f"{service.origin}/check")
        page.get_by_role("button", name="Scan the picture with the camera").click()
        page.get_by_text("The camera cannot be used here").wait_for()
        assert page.locator("#slip").is_visible()
