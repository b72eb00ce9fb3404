"""The voter's pages: the same for everybody, closed to everything from elsewhere, and nothing comes of looking at them (CL-05 to CL-09)."""

import hashlib
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from prometheus_client import generate_latest
from sqlalchemy import select
from starlette.testclient import TestClient

from api import app
from api.app import VotingSettings, create_voting_app
from api.counting import STEP, VOTERS
from api.errors import ApiError, StoreError
from api.named_pages import NamedPages
from api.pages import NO_PAGES, PAGES, PageFile, Pages, pages_folder, read_pages
from api.voters.access_code import AccessCode
from api.voters.checking import Checker
from api.voters.database import VoterDatabase
from api.voters.models import TABLES, VotingWindow
from api.voters.window import PublicElection, prepare
from tests.api.conftest import MakeStore
from tests.api.voting import AUDIT, OPEN, SetClock, Voting, a_voting
from tests.api.watching import configured, lines
from tests.engine.elections import a_manifest, hold_ceremony
from tests.groups import TOY

ROOT = Path(__file__).parents[2]
HOST = "vote.example"
ASSETS = {
    "index-4f2a.js": "text/javascript; charset=utf-8", "page-77c1.css": "text/css; charset=utf-8",
    "crown-0a.svg": "image/svg+xml; charset=utf-8", "light-9b.woff2": "font/woff2",
}  # fmt: skip
ADDRESSES = {
    "/": "index.html", "/vote": "index.html", "/vote/0123456789abcdef": "index.html", "/check": "check.html", "/record": "record.html",
    "/record/0123456789abcdef": "record.html", "/accessibility": "accessibility.html",
    **{f"/assets/{name}": f"assets/{name}" for name in ASSETS},
}  # fmt: skip
MISSING = (
    "/index.html", "/vote/", "/vote/0123456789abcde", "/vote/0123456789ABCDEF", "/vote/0123456789abcdef0", "/vote/0123456789abcdeg",
    "/check/", "/vote/0123456789abcdef/", "/vote/0123456789abcdef/x", "/vote/%E0%A5%A6123456789abcdef", "/record/x", "/assets/",
    "/assets", "/assets/other.js", "/assets/../index.html",
    "/assets/%2e%2e%2findex.html", "/assets/..%2f..%2fsecret", "/assets/index-4f2a.js/", "/assets//index-4f2a.js",
    "/secret.html", "/favicon.ico", "/assets/.hidden", "/assets/%00", "/web/dist/index.html", "//evil.example/vote",
)  # fmt: skip


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    made = Checker(processes=1, waiting=4)
    yield made
    made.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `web/dist` will be."""
    made = tmp_path_factory.mktemp("pages")
    (made / "assets").mkdir()
    for name in (*PAGES, "secret.html", *(f"assets/{asset}" for asset in ASSETS)):
        (made / name).write_text(f"content of {name} — £", encoding="utf-8")
    (made.parent / "secret").write_text("beside the folder")
    return made


@pytest.fixture
def voting(make_store: MakeStore) -> Voting:
    return a_voting(make_store)


def opened(voting: Voting, checker: Checker, pages: Pages) -> TestClient:
    app = create_voting_app(voting.database, VotingSettings(hosts=(HOST,)), voting.clock, TOY, checker, pages)
    return TestClient(app, base_url=f"https://{HOST}", follow_redirects=False, raise_server_exceptions=False)


@pytest.fixture
def client(voting: Voting, checker: Checker, folder: Path) -> Iterator[TestClient]:
    with opened(voting, checker, read_pages(folder)) as made:
        yield made


def policy(answer: httpx.Response) -> dict[str, str]:
    directives = [each.strip().partition(" ") for each in answer.headers["content-security-policy"].split(";")]
    assert len(directives) == len({name for name, _, _ in directives})
    return {name: value for name, _, value in directives}


# CL-01: the ones that the manifest names

NOTICED = "these are not the pages that the manifest names"


def prepared(database: VoterDatabase, identifier: str, device_information: str) -> str:
    manifest = a_manifest(3, election_identifier=identifier * 32, device_information=device_information)
    election = hold_ceremony(3, 2, TOY, manifest).election
    public = PublicElection(manifest.content, 3, 2, election.vote_encryption_key, election.ballot_data_encryption_key)
    return prepare(database, public, AUDIT.public_key().public_bytes_raw(), TOY)


@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_cl01_other_pages_than_the_manifest_names_are_noticed_when_the_service_starts(
    make_store: MakeStore, checker: Checker, folder: Path
) -> None:
    pages = read_pages(folder)
    others = Pages({**pages.files, "index.html": PageFile(b"<!doctype html>another", "text/html; charset=utf-8")})
    database = VoterDatabase(make_store("voters", TABLES))
    prepared(database, "AB", pages.device_information)
    for served, noticed in ((pages, False), (others, True)):
        running = create_voting_app(database, VotingSettings(hosts=(HOST,)), SetClock(OPEN), TOY, checker, served)
        with configured() as written, TestClient(running):
            pass
        assert (NOTICED in written.getvalue()) == noticed
    assert pages.are_named("psephos"), "a manifest that names none goes with any"
    assert len(pages.device_information) <= 200


@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_cl01_a_ballot_that_is_prepared_while_the_service_runs_is_compared_too_and_told_of_once(
    make_store: MakeStore, checker: Checker, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop of the service, which is made to go round at once instead of every minute, and told when it has."""
    database, pages, rounds = VoterDatabase(make_store("voters", TABLES)), read_pages(folder), threading.Semaphore(0)
    compare = NamedPages.compare

    def told(named: NamedPages) -> None:
        compare(named)
        rounds.release()

    def gone_round() -> list[int]:
        """Twice: the first round may have begun before."""
        while rounds.acquire(blocking=False):
            pass
        assert rounds.acquire(timeout=20)
        assert rounds.acquire(timeout=20)
        return [each["count"] for each in lines(written) if NOTICED in str(each["event"])]

    monkeypatch.setattr(app, "_EVERY", 0.001)
    monkeypatch.setattr(NamedPages, "compare", told)
    with configured() as written, opened(Voting(database, opened=False), checker, pages):
        assert gone_round() == []
        prepared(database, "12", pages.device_information)
        assert gone_round() == []
        prepared(database, "34", "psephos, pages " + "0" * 64)
        assert gone_round() == [1]
        prepared(database, "56", "psephos, pages " + "1" * 64)
        assert gone_round() == [1, 1], "once for each"
        assert gone_round() == [1, 1]


@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_cl01_what_cannot_be_compared_is_compared_later_and_what_takes_no_votes_never(
    make_store: MakeStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store("voters", TABLES)
    database, reading = VoterDatabase(store), type(store).reading
    with configured() as written:
        named = NamedPages(database, TOY, read_pages(folder))
        over = prepared(database, "12", "psephos, pages " + "0" * 64)
        given_up = prepared(database, "34", "psephos, pages " + "0" * 64)
        with database.store.transaction() as session:
            session.get_one(VotingWindow, over).closed = True
            session.get_one(VotingWindow, given_up).abandoned = True
        named.compare()
        assert written.getvalue() == ""
        prepared(database, "56", "psephos, pages " + "0" * 64)
        with monkeypatch.context() as patched:
            patched.setattr(type(store), "reading", lambda _: (_ for _ in ()).throw(StoreError("the database does not answer")))
            named.compare()
        assert type(store).reading is reading
        named.compare()
        named.compare()
    assert [each["event"].partition(":")[0] for each in lines(written)] == ["which pages the manifests name cannot be read", NOTICED]


# Which there are


def test_each_address_answers_its_file_as_it_was_built(client: TestClient, folder: Path) -> None:
    for address, name in ADDRESSES.items():
        answer = client.get(address)
        assert (answer.status_code, answer.content) == (200, (folder / name).read_bytes()), address
        expected = "text/html; charset=utf-8" if name.endswith(".html") else ASSETS[name.removeprefix("assets/")]
        assert answer.headers.get_list("content-type") == [expected]


@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_what_is_not_there_is_a_problem_and_no_redirect(client: TestClient) -> None:
    for address in MISSING:
        for method in ("GET", "HEAD"):
            answer = client.request(method, f"https://{HOST}{address}")
            assert answer.status_code == 404, address
            assert answer.headers["content-type"] == "application/problem+json"
            assert "location" not in answer.headers
            assert policy(answer)["default-src"] == "'none'"
            assert "script-src" not in policy(answer)


@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_a_page_takes_nothing(client: TestClient) -> None:
    for address in ADDRESSES:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            answer = client.request(method, address, content=b"{}", headers={"Content-Type": "application/json"})
            assert answer.status_code == 405
        assert client.post(address, data={"code": "x"}).status_code == 415, "no form is taken"


@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_without_built_pages_votes_are_taken_and_what_is_missing_is_said(voting: Voting, checker: Checker, tmp_path: Path) -> None:
    assert read_pages(tmp_path / "nothing") == NO_PAGES
    with configured() as written, opened(voting, checker, read_pages(tmp_path)) as client:
        for address in ("/", "/vote", "/check", "/record", "/accessibility"):
            answer = client.get(address)
            assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
            assert "psephos doctor" in answer.json()["detail"]
        assert client.get(f"/api/v1/elections/{voting.election_id}").status_code == 200
    assert [each["count"] for each in lines(written) if "pages for voters are missing" in str(each["event"])] == [len(PAGES)]


@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_files_are_read_once_and_the_service_says_which_they_were(voting: Voting, checker: Checker, tmp_path: Path) -> None:
    for name in (*PAGES, "unknown.html"):
        (tmp_path / name).write_text(f"first {name}")
    pages = read_pages(tmp_path)
    listed = "".join(f"{hashlib.sha256(f'first {name}'.encode()).hexdigest()}  {name}\n" for name in sorted(PAGES))
    assert pages.digest == hashlib.sha256(listed.encode()).hexdigest()
    (tmp_path / "index.html").write_text("second")
    with configured() as written, opened(voting, checker, pages) as client:
        assert client.get("/vote").content == b"first index.html"
    assert [(each["sha256"], each["count"]) for each in lines(written) if "sha256" in each] == [(pages.digest, len(PAGES))]
    assert read_pages(tmp_path).digest != pages.digest


def test_a_file_of_a_type_that_is_not_served_is_refused(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "x.exe").touch()
    with pytest.raises(ApiError, match=r"x\.exe: expected a file of a page"):
        read_pages(tmp_path)


def test_in_a_checkout_the_built_files_are_those_of_web() -> None:
    assert pages_folder() == ROOT / "web" / "dist"


# CL-05: headers


@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_cl05_pages_run_our_own_scripts_alone_and_stand_in_no_frame(client: TestClient) -> None:
    for address in ADDRESSES:
        for method in ("GET", "HEAD"):
            answer = client.request(method, address)
            assert answer.status_code == 200
            assert policy(answer) == {
                "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self'", "font-src": "'self'",
                "connect-src": "'self'", "worker-src": "blob:", "base-uri": "'none'", "form-action": "'none'", "frame-ancestors": "'none'",
                "require-trusted-types-for": "'script'", "trusted-types": "psephos",
            }  # fmt: skip
            assert not re.search(r"unsafe-|data:|\*|http", answer.headers["content-security-policy"])
            for name, expected in {
                "x-frame-options": "DENY", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
                "cache-control": "no-store", "cross-origin-opener-policy": "same-origin", "cross-origin-resource-policy": "same-origin",
            }.items():  # fmt: skip
                assert answer.headers.get_list(name) == [expected], address
            for absent in ("etag", "last-modified", "set-cookie", "server", "date", "location", "access-control-allow-origin"):
                assert absent not in answer.headers


@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_cl05_only_the_page_that_reads_a_code_may_ask_for_the_camera(client: TestClient) -> None:
    for address in (*ADDRESSES, "/api/v1/elections", "/nothing"):
        granted = "(self)" if address == "/check" else "()"
        assert client.get(address).headers["permissions-policy"] == f"camera={granted}, geolocation=(), microphone=()"


@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_cl05_what_is_no_page_may_do_nothing_in_a_browser(client: TestClient) -> None:
    for address in ("/api/v1/elections", "/api/v1/openapi.json", "/health", "/ready", "/nothing"):
        assert policy(client.get(address)) == dict.fromkeys(("default-src", "frame-ancestors", "base-uri", "form-action"), "'none'")
    assert "script-src" not in policy(client.get("/vote", headers={"Host": "evil.example"}))


# CL-07: the code


@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_cl07_a_code_that_came_in_an_address_all_the_same_is_neither_answered_nor_written(
    client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    """A link has it behind its #, which is not sent (`test_cl07_…` of tests/api/test_rolls_http.py); a program may."""
    code = AccessCode.generate()
    forms = (code.compact(), code.grouped(), code.compact().lower(), code.grouped().lower())
    answers = []
    with configured() as written:
        for form in forms:
            for address in (f"/vote?code={form}", f"/vote/{form}", f"/check?{form}", f"/record/{form}", f"/assets/{form}", f"/{form}"):
                for method in ("GET", "HEAD", "POST"):
                    answer = client.request(method, address, headers={"Referer": f"https://{HOST}/vote?code={form}"})
                    assert answer.headers["referrer-policy"] == "no-referrer"
                    answers.append(repr(answer.headers) + answer.text)
    numbers = generate_latest(client.app.state.counts.registry).decode()  # type: ignore[attr-defined]
    everything = "".join([*answers, written.getvalue(), numbers, *capsys.readouterr()]).upper()
    assert written.getvalue()
    assert not [form for form in forms if form.upper() in everything]
    assert client.get(f"/vote?code={forms[0]}").content == client.get("/vote").content, "and changes nothing"


# CL-08: who only looks


def rows(voting: Voting) -> dict[str, list[tuple[object, ...]]]:
    with voting.database.store.connection() as connection:
        return {table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr) for table in TABLES.sorted_tables}


def test_cl08_ten_requests_of_a_link_scanner_change_nothing(client: TestClient, voting: Voting) -> None:
    (code,) = voting.voters(1)
    link = f"/vote/{voting.election_id[:16]}"
    addresses = [*ADDRESSES, link, f"{link}#{code.compact()}", f"{link}?code={code.compact()}", f"/record/{voting.election_id[:16]}"]
    addresses += ["/api/v1/elections", *(f"/api/v1/elections/{voting.election_id}{end}" for end in ("", "/hashes", "/form", "/votes"))]
    before = rows(voting)
    assert before["access_method"]
    for address in addresses:
        for attempt in range(10):
            method = "GET" if attempt % 2 else "HEAD"
            answer = client.request(method, address, headers={"Access-Code": code.grouped(), "User-Agent": "scanner"})
            assert answer.status_code in (200, 405), address
    assert rows(voting) == before
    client.app.state.voting.refusals.write()  # type: ignore[attr-defined]
    assert rows(voting) == before
    headers = {"Access-Code": code.grouped(), "Content-Type": "application/json"}
    form = client.post(f"/api/v1/elections/{voting.election_id}/form", content=b"{}", headers=headers)
    assert form.status_code == 200, "and the code opens the form"


# CL-09: never in clear


@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_cl09_every_answer_tells_browsers_to_come_by_https_alone(client: TestClient) -> None:
    for address in (*ADDRESSES, *MISSING, "/api/v1/elections"):
        (sent,) = client.get(f"https://{HOST}{address}").headers.get_list("strict-transport-security")
        assert int(re.fullmatch(r"max-age=(\d+); includeSubDomains", sent)[1]) >= 63072000  # type: ignore[index]


def test_cl09_the_proxy_answers_plain_http_with_nothing_but_the_way_to_https() -> None:
    content = re.sub(r"#.*", "", (ROOT / "deploy" / "nginx" / "psephos.conf").read_text(encoding="utf-8"))
    servers = [each for each in re.split(r"^server \{", content, flags=re.MULTILINE)[1:] if re.search(r"listen 80\b", each)]
    assert len(servers) == 2
    for each in servers:
        directives = [line.strip() for line in each.partition("\n}")[0].splitlines() if line.strip()]
        returned = [line for line in directives if line.startswith("return")]
        assert returned in (["return 444;"], ["return 301 https://vote.example.org/;"])
        assert not [line for line in directives if line.startswith(("location", "proxy_pass", "root", "rewrite"))]


# Nobody's visit shows


@pytest.mark.parametrize("make_store", ["sqlite"], indirect=True)
def test_pr13_pages_that_were_looked_at_are_told_in_tens_with_all_that_voters_ask_for(client: TestClient) -> None:
    with configured() as written:
        for address in (*ADDRESSES, "/api/v1/elections")[: STEP - 1]:
            assert client.get(address).status_code == 200
    assert written.getvalue() == ""
    with configured() as written:
        client.get("/vote")
    (line,) = lines(written)
    assert (line["event"], line["route"], line["count"]) == ("requests", VOTERS, STEP)
    assert "method" not in line


def test_this_file_names_every_page_of_the_service() -> None:
    source = (ROOT / "api" / "page_routes.py").read_text(encoding="utf-8")
    routes = re.findall(r'api_route\("([^"]*)"', source)
    for route in routes:
        pattern = re.sub(r"\{\w+\}", "[^/]+", route)
        assert any(re.fullmatch(pattern, address) for address in ADDRESSES), route
    assert len(routes) == 8
