"""Requests as lines and numbers: what they were for and how they went, never who, what or exactly when (PR-13, SV-19)."""

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import timedelta

import pytest
from prometheus_client import generate_latest
from starlette.testclient import TestClient

from api.app import VotingSettings, create_voting_app
from api.counting import STEP, VOTERS, Counts
from api.observing import LINES_A_MINUTE
from api.running import metrics_server
from api.settings import Settings, SettingsError
from api.voters.access_code import AccessCode
from api.voters.checking import Checker
from api.voters.service import Limits
from engine.encoding import to_json
from tests.api.conftest import MakeStore
from tests.api.voting import ELECTION, Voting, a_voting
from tests.api.watching import configured, lines
from tests.engine.elections import YES, a_ballot
from tests.groups import TOY

HOST = "vote.example"


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    made = Checker(processes=1, waiting=4)
    yield made
    made.close()


@pytest.fixture
def voting(make_store: MakeStore) -> Voting:
    return a_voting(make_store)


@pytest.fixture
def client(voting: Voting, checker: Checker) -> Iterator[TestClient]:
    app = create_voting_app(voting.database, VotingSettings(hosts=(HOST,), limits=Limits(5, 50)), voting.clock, TOY, checker)
    with TestClient(app, base_url=f"https://{HOST}", raise_server_exceptions=False) as opened:
        yield opened


def counts_of(client: TestClient) -> Counts:
    counts: Counts = client.app.state.counts  # type: ignore[attr-defined]
    return counts


def page(client: TestClient) -> str:
    return generate_latest(counts_of(client).registry).decode()


def number(content: str, start: str) -> float:
    return float(next(line for line in content.splitlines() if line.startswith(start)).rpartition(" ")[2])


def form(client: TestClient, voting: Voting, code: AccessCode) -> int:
    headers = {"Access-Code": code.grouped(), "Content-Type": "application/json"}
    return client.post(f"/api/v1/elections/{voting.election_id}/form", content=b"{}", headers=headers).status_code


def test_a_request_is_one_line_with_the_template_of_its_route(client: TestClient, voting: Voting) -> None:
    with configured() as written:
        client.get("/health?secret=1", headers={"User-Agent": "canary"})
        client.get(f"/api/v1/elections/{'cd' * 32}")
        client.get("/canary/%1b[2J%0d%0aforged")
        client.request("CANARY", "/health")
        client.get("/health", headers={"Host": "canary.example"})
    found = lines(written)
    assert [(each["method"], each["route"], each["status"]) for each in found] == [
        ("GET", "/health", 200),
        ("GET", "/api/v1/elections/{election_id}", 404),
        ("GET", "none", 404),
        ("other", "none", 415),
        ("GET", "none", 421),
    ]
    assert len({each["request"] for each in found}) == 5
    assert "canary" not in written.getvalue().lower()
    assert "cdcd" not in written.getvalue()
    assert all(str(each["time"]).endswith("Z") and len(str(each["time"])) == 20 for each in found)


def test_pr13_neither_lines_nor_numbers_show_a_single_vote(client: TestClient, voting: Voting) -> None:
    codes = voting.voters(2)
    before = page(client)
    with configured() as written:
        assert form(client, voting, codes[0]) == 200
        ballot = to_json(a_ballot(ELECTION, YES)[0])
        headers = {"Access-Code": codes[0].grouped(), "Content-Type": "application/json"}
        assert client.post(f"/api/v1/elections/{voting.election_id}/votes", content=ballot, headers=headers).status_code == 201
    assert written.getvalue() == ""
    unchanged = [line for line in page(client).splitlines() if VOTERS not in line]
    assert unchanged == [line for line in before.splitlines() if VOTERS not in line]
    assert number(page(client), f'psephos_requests_total{{method="any",route="{VOTERS}",status="2xx"}}') == 0
    assert number(page(client), f'psephos_request_duration_seconds_sum{{route="{VOTERS}"}}') == 0

    with configured() as written:
        for _ in range(STEP - 2):
            assert form(client, voting, codes[1]) == 200
    (line,) = lines(written)
    assert (line["event"], line["route"], line["count"]) == ("requests", VOTERS, STEP)
    assert "method" not in line
    assert number(page(client), f'psephos_requests_total{{method="any",route="{VOTERS}",status="2xx"}}') == STEP
    assert number(page(client), f'psephos_request_duration_seconds_count{{route="{VOTERS}"}}') == STEP
    assert form(client, voting, codes[1]) == 200
    assert number(page(client), f'psephos_request_duration_seconds_count{{route="{VOTERS}"}}') == STEP


def test_refusals_are_counted_one_by_one(client: TestClient, voting: Voting) -> None:
    with configured() as written:
        assert [form(client, voting, AccessCode.generate()) for _ in range(7)] == [409] * 5 + [429] * 2
    assert [each["status"] for each in lines(written) if each["event"] == "request"] == [409] * 5 + [429] * 2
    assert number(page(client), f'psephos_requests_total{{method="POST",route="{VOTERS}",status="4xx"}}') == 7
    assert number(page(client), 'psephos_refusals_total{reason="rate limit"}') == 2


def test_sv19_a_flood_of_one_kind_hides_no_other_and_is_counted(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    minute = [0.0]
    monkeypatch.setattr("api.observing.time.monotonic", lambda: minute[0])
    with configured() as written:
        for _ in range(LINES_A_MINUTE + 50):
            client.get("/nothing/here")
        client.get("/health")
        minute[0] = 61.0
        client.get("/nothing/here")
    found = lines(written)
    assert [each["status"] for each in found].count(404) == LINES_A_MINUTE + 2
    assert [each["route"] for each in found if each["status"] == 200] == ["/health"]
    assert [each["count"] for each in found if "count" in each] == [50]
    assert number(page(client), 'psephos_requests_total{method="GET",route="none",status="4xx"}') == LINES_A_MINUTE + 51


def test_what_the_service_itself_got_wrong_is_always_written(
    client: TestClient, voting: Voting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.voters.service.window_of", lambda *_: 1 / 0)
    with configured() as written:
        for _ in range(LINES_A_MINUTE + 5):
            assert client.get(f"/api/v1/elections/{voting.election_id}").status_code == 500
    mistakes = [each for each in lines(written) if each["event"] == "a mistake of the program"]
    assert len(mistakes) == LINES_A_MINUTE + 5
    assert mistakes[0]["exception"] == "ZeroDivisionError"
    assert number(page(client), 'psephos_refusals_total{reason="mistake"}') == LINES_A_MINUTE + 5


def test_a_database_that_fails_is_counted_and_written_with_its_place(
    client: TestClient, voting: Voting, monkeypatch: pytest.MonkeyPatch
) -> None:
    from api.errors import Overloaded, StoreError

    def fails(error: Exception) -> object:
        def call(*_: object) -> None:
            raise error

        return call

    with configured() as written:
        monkeypatch.setattr("api.voters.service.window_of", fails(StoreError("canary")))
        assert client.get(f"/api/v1/elections/{voting.election_id}").status_code == 500
        monkeypatch.setattr("api.voters.service.window_of", fails(Overloaded("canary", 1)))
        assert client.get(f"/api/v1/elections/{voting.election_id}").status_code == 503
    found = lines(written)
    assert found[0]["exception"] == "api.errors.StoreError"
    assert found[0]["request"] == found[1]["request"] != found[2]["request"]
    assert "canary" not in written.getvalue()
    assert number(page(client), 'psephos_refusals_total{reason="database"}') == 1
    assert number(page(client), 'psephos_refusals_total{reason="overload"}') == 1


def test_waiting_ballots_and_a_moved_clock_are_shown_coarsely() -> None:
    waiting, moved = [7], [False]
    counts = Counts("voting", lambda: waiting[0], lambda: moved[0])
    content = generate_latest(counts.registry).decode()
    assert number(content, "psephos_ballots_waiting") == 0
    assert number(content, "psephos_clock_moved") == 0
    assert 'psephos_build_info{python="3.' in content
    waiting[0], moved[0] = 23, True
    content = generate_latest(counts.registry).decode()
    assert number(content, "psephos_ballots_waiting") == 16
    assert number(content, "psephos_clock_moved") == 1


def test_numbers_are_at_a_listener_of_their_own_and_nowhere_else(client: TestClient) -> None:
    assert client.get("/metrics").status_code == 404
    server = metrics_server(counts_of(client), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    port = server.server_address[1]
    with pytest.raises(SettingsError, match="PSEPHOS_METRICS: 127.0.0.1 port .*in use"):
        metrics_server(counts_of(client), "127.0.0.1", port)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            assert "psephos_requests_total" in answer.read().decode()
            assert answer.headers["Content-Type"].startswith("text/plain")
            assert "Server" not in answer.headers
        for path, host in (("/", None), ("/metrics?x=1", None), ("/metrics", "evil.example"), ("/metrics", "vote.example:9464")):
            request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": host} if host else {})
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=10)  # noqa: S310
            assert refused.value.code == 404
            refused.value.close()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_listener_is_for_this_machine_alone() -> None:
    assert Settings.read({}).metrics is None
    assert Settings.read({"PSEPHOS_METRICS": "127.0.0.1:9464"}).metrics == ("127.0.0.1", 9464)
    assert Settings.read({"PSEPHOS_METRICS": "[::1]:9464"}).metrics == ("::1", 9464)
    for text in ("0.0.0.0:9464", "10.0.0.1:9464", "[::]:9464", "9464", "localhost:9464", "127.0.0.1:0", "127.0.0.1:x", "127.0.0.1:70000"):
        with pytest.raises(SettingsError, match="PSEPHOS_METRICS"):
            Settings.read({"PSEPHOS_METRICS": text})


def test_a_clock_that_was_moved_is_seen(voting: Voting, checker: Checker, monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_voting_app(voting.database, VotingSettings(hosts=(HOST,)), voting.clock, TOY, checker)
    with TestClient(app, base_url=f"https://{HOST}") as client:
        assert number(page(client), "psephos_clock_moved") == 0
        monkeypatch.setattr(type(voting.clock), "jump", lambda _: timedelta(minutes=-5))
        assert number(page(client), "psephos_clock_moved") == 1
