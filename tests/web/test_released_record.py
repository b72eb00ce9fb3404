"""The page of results at the staff's service itself: a ballot of the platform whose record was signed, verified and released there."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, Page

from engine.record import BALLOTS, PROFILE
from tests.api.office import ELECTION, SIGNING
from tests.cli.conftest import cheap
from tests.cli.online import platform
from tests.cli.test_platform import Whole
from tests.engine.elections import NO, YES
from tests.verifier.sample import TOY as VERIFIERS_TOY
from tests.web.hosting import a_page, check_structure, picture
from verifier.verify import verify_record

WHERE = f"/ballots/{ELECTION}"
CLICKED = {BALLOTS, PROFILE, "tally.json", "signature.json"}  # a browser takes ten at most in a second


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """A ballot on the platform, up to the close, in the small group."""
    with pytest.MonkeyPatch.context() as patch:
        cheap(patch)
        with platform(tmp_path_factory.mktemp("released")) as online:
            made = Whole(online)
            made.opened()
            for number in range(1, 13):
                made.vote(number, YES if number < 9 else NO)
            made.challenge(13)
            made.closed()
            yield made


@pytest.fixture(scope="module")
def public(whole: Whole) -> Path:
    """The released record, in the folder of the service."""
    online, office = whole.online, whole.online.office
    whole.counted()
    whole.two("exclude")
    online.step("tally", "sam")
    office.post(f"{WHERE}/requests", {"guardians": [1, 2]}, "sue")
    assert whole.decrypt(1, 2) == {1: None, 2: None}
    assert online.step("tally", "sue").json()["state"] == "tallied"
    assert whole.verified(office.post(f"{WHERE}/record", {}, "sam").json())["state"] == "done"
    assert whole.two("release")["state"] == "released"
    return office.folder / "records" / ELECTION / "record"


def find(page: Page, typed: str) -> str:
    page.fill("#code", typed)
    page.click("#finder button[type=submit]")
    page.wait_for_selector("#found h3, #code-error")
    return page.locator("#finder").inner_text()


def test_before_the_release_the_page_says_so_and_shows_no_number(whole: Whole, chromium: Browser) -> None:
    with a_page(chromium) as page:
        for reference in ("", f"/{ELECTION[:16]}"):
            page.goto(f"{whole.online.url}/record{reference}")
            page.get_by_role("heading", name="The result is not published yet").wait_for()
            assert whole.manifest.label in page.locator("main").inner_text()
            assert page.locator("table").count() == 0


def test_the_released_record_is_shown_downloaded_and_searched_where_it_is(
    whole: Whole, public: Path, chromium: Browser, tmp_path: Path
) -> None:
    lines = (public / BALLOTS).read_bytes().splitlines()
    codes = {state: next(line for line in lines if f'"ballot_state":"{state}"'.encode() in line)[14:78].decode() for state in
             ("Cast", "Challenged")}  # fmt: skip
    shown = {state: f"{code[:32]}{int(code[:32], 16) % 65521:04X}" for state, code in codes.items()}
    with a_page(chromium) as page:
        failed = list[str]()
        page.on("response", lambda answer: failed.append(answer.url) if answer.status >= 400 else None)
        page.goto(f"{whole.online.url}/record/{ELECTION[:16]}")
        page.wait_for_selector("#code")
        rows = [row.locator("th, td").all_inner_texts() for row in page.locator("table.govuk-table").first.locator("tbody tr").all()]
        assert [number for _, number in rows] == ["8", "4", "0"]
        facts = dict(zip(page.locator("dt").all_inner_texts(), page.locator("dd").all_inner_texts(), strict=True))
        assert facts["Votes counted"] == "12"
        assert facts["Votes opened to be checked, never counted"] == "1"
        assert SIGNING.public_key().public_bytes_raw().hex().upper() in page.locator(".psephos-command").inner_text()
        links = page.locator(".psephos-files a")
        names = {path.relative_to(public).as_posix() for path in public.rglob("*") if path.is_file()}
        assert set(links.all_inner_texts()) == names
        for link in links.all():
            name = link.inner_text()
            if name in CLICKED:
                with page.expect_download() as download:
                    link.click()
                assert download.value.suggested_filename == Path(name).name
                content = download.value.path().read_bytes()
            else:
                content = page.request.get(f"{whole.online.url}{link.get_attribute('href')}").body()
            assert content == (public / name).read_bytes(), name

        with page.expect_download() as download:
            page.get_by_role("link", name="Download the record").click()
        unpacked = tmp_path / "unpacked"
        with ZipFile(download.value.path()) as archive:
            archive.extractall(unpacked)
        command = page.locator(".psephos-command").inner_text().split()
        assert command[-3] == "RECORD"
        assert {path.relative_to(unpacked / "RECORD").as_posix() for path in unpacked.rglob("*") if path.is_file()} == names
        key = SIGNING.public_key().public_bytes_raw()
        assert verify_record(unpacked / "RECORD", key, group=VERIFIERS_TOY).verified
        again = page.request.get(f"{whole.online.url}/api/v1/records/{ELECTION}/record.zip").body()
        assert again == download.value.path().read_bytes(), "the same bytes each time"

        wrong = ("1" if shown["Cast"][0] == "0" else "0") + shown["Cast"][1:]
        assert "mistyped" in find(page, wrong)
        missing = sha256(b"no ballot").hexdigest()[:32].upper()
        assert "This code is not in the list" in find(page, f"{missing}{int(missing, 16) % 65521:04X}")
        assert "Found: this vote was counted" in find(page, shown["Cast"])
        page.click("#found summary")
        proof = page.locator("#found details").inner_text()
        assert sha256((public / BALLOTS).read_bytes()).hexdigest().upper() in proof
        (line,) = [line for line in lines if codes["Cast"].encode() in line]
        assert sha256(b"\x00" + line).hexdigest().upper() in proof
        assert page.locator("#found details ol li").count() >= 3, "13 ballots: a path of three or four"
        check_structure(page)
        picture(page, "record-released")
        assert "Found: this vote was opened to be checked" in find(page, shown["Challenged"])
        page.get_by_role("link", name="Accessibility").evaluate("link => link.removeAttribute('target')")
        page.get_by_role("link", name="Accessibility").click()
        page.get_by_role("heading", name="Accessibility statement").wait_for()
        assert failed == []
