"""The voting service over HTTP: one answer where one is due, nothing lost, nothing told (SV-02, SV-07, SV-09, SV-20, SV-21, SV-28)."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import httpx2 as httpx
import pytest
from sqlalchemy import text
from sqlmodel import select
from starlette.testclient import TestClient

from api.app import VotingSettings, create_voting_app
from api.clock import Clock
from api.voters.access import reissue
from api.voters.access_code import AccessCode
from api.voters.ballot_box import SEALED_TO_AUDIT, evidence_info
from api.voters.checking import Checker
from api.voters.models import Vote
from api.voters.service import Limits
from api.voters.window import abandon_window, open_window, prepare
from engine.ballot import EncryptedBallot
from engine.encoding import from_json, to_json
from tests.api.conftest import MakeStore
from tests.api.voting import AUDIT, ELECTION, MANIFEST, Voting, a_voting, public_election
from tests.engine.elections import NO, SPOIL, YES, a_ballot, a_manifest
from tests.groups import TOY

HOST = "vote.example"
SETTINGS = VotingSettings(hosts=(HOST,), proxies=[ip_network("10.0.0.0/8")], limits=Limits(20, 50), support="020 7946 0000")


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
    app = create_voting_app(voting.database, SETTINGS, voting.clock, TOY, checker)
    with TestClient(app, base_url=f"https://{HOST}", client=("192.0.2.1", 50000), raise_server_exceptions=False) as opened:
        yield opened


def path(voting: Voting, *parts: str) -> str:
    return "/".join([f"/api/v1/elections/{voting.election_id}", *parts])


def post(client: TestClient, where: str, code: AccessCode | str, content: bytes = b"{}", **headers: str) -> httpx.Response:
    typed = code if isinstance(code, str) else code.grouped()
    return client.post(where, content=content, headers={"Access-Code": typed, "Content-Type": "application/json", **headers})


def challenged_body(choice: tuple[int, ...] = NO) -> bytes:
    ballot, opening = a_ballot(ELECTION, choice)
    return json.dumps({"ballot": to_json(ballot).decode(), "opening": to_json(opening).decode()}).encode()


def a_vote(*choice: int) -> bytes:
    return to_json(a_ballot(ELECTION, choice or YES)[0])


def is_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem.keys() == {"type", "title", "status", "detail"}
    assert problem["status"] == status
    return problem


# One answer


def without_length(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    return answer.status_code, answer.content, sorted(answer.headers.multi_items())


@pytest.mark.proves("COP-070.2")
def test_sv02_unknown_used_and_replaced_codes_get_the_same_bytes_and_headers(client: TestClient, voting: Voting) -> None:
    used, replaced = voting.voters(2)
    voting.cast(used)
    reissue(voting.database, voting.window, "voter 2", "e-mail")
    for where, content in (("form", b"{}"), ("votes", a_vote()), ("challenged", challenged_body())):
        answers = [without_length(post(client, path(voting, where), code, content)) for code in (AccessCode.generate(), used, replaced)]
        assert answers[0][0] == 409
        assert answers[0] == answers[1] == answers[2]


def test_sv02_after_the_close_codes_are_not_told_apart_either(client: TestClient, voting: Voting) -> None:
    used, unused = voting.voters(2)
    voting.cast(used)
    voting.clock.moment = voting.window.closes
    for where, content in (("form", b"{}"), ("votes", a_vote()), ("challenged", challenged_body())):
        answers = [without_length(post(client, path(voting, where), code, content)) for code in (AccessCode.generate(), used, unused)]
        assert answers[0] == answers[1] == answers[2]
        assert "nothing was stored" in json.loads(answers[0][1])["detail"]


@pytest.mark.proves("COP-074.1")
def test_pr09_every_choice_gets_the_same_answer_and_sends_the_same_length(client: TestClient, voting: Voting) -> None:
    sent, answered = set(), set()
    for code, choice in zip(voting.voters(4), (YES, NO, SPOIL, (0, 0, 0)), strict=True):
        content = a_vote(*choice)
        answer = post(client, path(voting, "votes"), code, content)
        assert answer.status_code == 201
        sent.add(len(content))
        answered.add(without_length(answer)[1:][0] + repr(sorted(answer.headers.multi_items())).encode())
    assert len(sent) == len(answered) == 1
    assert answer.json() == {"received": True}


# The way of a vote


def test_a_voter_opens_the_form_checks_an_encryption_and_votes(client: TestClient, voting: Voting) -> None:
    (code,) = voting.voters(1)
    public = client.get(path(voting))
    assert public.content == voting.window.public
    for _ in range(3):  # a link scanner changes nothing
        form = post(client, path(voting, "form"), code)
        assert (form.status_code, form.json()) == (200, {"ballot_style": 1, "routes": [], "support": "020 7946 0000"})
    assert post(client, path(voting, "challenged"), code, challenged_body()).status_code == 201
    content = a_vote()
    for _ in range(3):
        assert post(client, path(voting, "votes"), code, content).status_code == 201
    is_problem(post(client, path(voting, "votes"), code, a_vote()), 409)
    is_problem(post(client, path(voting, "challenged"), code, challenged_body()), 409)
    voting.close()
    assert post(client, path(voting, "votes"), code, content).status_code == 201
    found = sorted((each.state, each.content == content) for each in voting.box.ballots(voting.window))
    assert found == [("Cast", True), ("Challenged", False)]


@pytest.mark.parametrize("typed", ["lower", "spaces", "compact"])
def test_a_code_may_come_as_people_type_it(client: TestClient, voting: Voting, typed: str) -> None:
    (code,) = voting.voters(1)
    text = {"lower": code.grouped().lower(), "spaces": code.grouped().replace("-", " "), "compact": code.compact()}[typed]
    assert post(client, path(voting, "form"), text).status_code == 200


@pytest.mark.proves("COP-064.2")
def test_what_is_no_valid_ballot_is_refused_and_the_voter_can_still_vote(client: TestClient, voting: Voting) -> None:
    (code,) = voting.voters(1)
    good = a_vote()
    proofless = from_json(EncryptedBallot, good, TOY)
    for content in (b"", b"{}", b"null", b'{"vote":"Yes"}', good + b"\n", good.replace(b"ballot_style_ix\":1", b"ballot_style_ix\":2"),
                    b" " + good, good[:-1], good.replace(b'"v":"', b'"v":"F', 1), to_json(proofless.with_state("Cast"))):  # fmt: skip
        detail = is_problem(post(client, path(voting, "votes"), code, content), 422)["detail"]
        assert "nothing was stored" in detail
    for body in (b"", b"[]", b'{"ballot":"{}"}', b'{"ballot":"{}","opening":"{}","status":"cast"}', b'{"ballot":1,"opening":2}',
                 b'{"ballot":"\\ud800","opening":"{}"}', challenged_body()[:-1]):  # fmt: skip
        is_problem(post(client, path(voting, "challenged"), code, body), 422)
    assert post(client, path(voting, "votes"), code, good).status_code == 201


@pytest.mark.parametrize("typed", ["", "x", "7M4K", "0" * 27 + "1", "é" * 28, "0" * 101])
def test_a_malformed_code_is_told_so_and_not_repeated(client: TestClient, voting: Voting, typed: str) -> None:
    headers = [(b"Access-Code", typed.encode()), (b"Content-Type", b"application/json")]
    answer = client.post(path(voting, "form"), content=b"{}", headers=headers)
    detail = is_problem(answer, 422)["detail"]
    assert len(typed) < 10 or typed not in detail


def test_an_unknown_election_is_not_found(client: TestClient, voting: Voting) -> None:
    is_problem(client.get(f"/api/v1/elections/{'cd' * 32}"), 404)
    is_problem(client.get("/api/v1/elections/1"), 422)
    is_problem(client.get("/api/v1/elections/../secrets"), 404)
    is_problem(client.put(path(voting), content=b"{}", headers={"Content-Type": "application/json"}), 405)


# Which ballots there are


def test_the_ballots_that_are_prepared_are_listed_and_nothing_about_votes(client: TestClient, voting: Voting) -> None:
    listed = {
        "election_id": voting.election_id, "label": MANIFEST.label, "union": MANIFEST.voting.union, "opens": MANIFEST.voting.opens,
        "closes": MANIFEST.voting.closes, "opened": True, "closed": False,
    }  # fmt: skip
    before = client.get("/api/v1/elections")
    assert (before.status_code, before.json()) == (200, [listed])
    assert before.headers["cache-control"] == "no-store"
    for code in voting.voters(2):
        voting.cast(code)
    after = client.get("/api/v1/elections")
    assert without_length(after) == without_length(before)
    voting.close()
    assert client.get("/api/v1/elections").json() == [listed | {"closed": True}]


def test_ballots_are_listed_as_they_open_before_they_are_opened_and_not_once_they_are_abandoned(client: TestClient, voting: Voting) -> None:
    def listed() -> list[tuple[str, bool]]:
        return [(each["label"], each["opened"]) for each in client.get("/api/v1/elections").json()]

    assert listed() == [(MANIFEST.label, True)]
    earlier = a_manifest(3, opens="2026-01-01T09:00:00Z", label="Earlier", election_identifier="01" * 32)
    other = prepare(voting.database, replace(public_election(), manifest=earlier.content), AUDIT.public_key().public_bytes_raw(), TOY)
    assert listed() == [("Earlier", False), (MANIFEST.label, True)]
    open_window(voting.database, other)
    assert listed() == [("Earlier", True), (MANIFEST.label, True)]
    abandon_window(voting.database, voting.election_id)
    assert listed() == [("Earlier", True)]
    abandon_window(voting.database, other)
    assert listed() == []


def test_cl17_the_hashes_are_those_that_ballots_are_checked_with(client: TestClient, voting: Voting) -> None:
    answer = client.get(path(voting, "hashes"))
    parameters = ELECTION.parameters
    own = {"h_p": parameters.parameter_base_hash, "h_b": parameters.election_base_hash, "h_e": ELECTION.extended_base_hash}
    assert (answer.status_code, answer.json()) == (200, {name: each.hex().upper() for name, each in own.items()})
    assert answer.headers["cache-control"] == "no-store"
    assert all(len(each) == 64 for each in answer.json().values())
    is_problem(client.get(f"/api/v1/elections/{'cd' * 32}/hashes"), 404)
    is_problem(client.get("/api/v1/elections/1/hashes"), 422)


# The edge


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": f"{HOST}:8443"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Content-Length": "99999999999"}, 413),
    ],
)
def test_sv07_sv28_what_is_not_from_our_own_page_is_refused(
    client: TestClient, voting: Voting, headers: dict[str, str], status: int
) -> None:
    (code,) = voting.voters(1)
    answer = post(client, path(voting, "votes"), code, a_vote(), **headers)
    is_problem(answer, status)
    assert post(client, path(voting, "form"), code, Origin=f"https://{HOST}").status_code == 200


def test_a_body_without_a_length_is_bounded_too(client: TestClient, voting: Voting) -> None:
    (code,) = voting.voters(1)
    endless = (b"x" * 2**20 for _ in range(13))
    headers = {"Access-Code": code.grouped(), "Content-Type": "application/json"}
    is_problem(client.post(path(voting, "votes"), content=endless, headers=headers), 413)


def test_every_answer_has_the_headers_that_keep_it_private(client: TestClient, voting: Voting) -> None:
    answers = [client.get(path(voting)), client.get("/nothing"), post(client, path(voting, "form"), AccessCode.generate())]
    answers += [client.get(path(voting), headers={"Host": "evil.example"}), client.get("/api/v1/openapi.json")]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "max-age=" in answer.headers["strict-transport-security"]
        assert "set-cookie" not in answer.headers
        assert "server" not in answer.headers


@pytest.mark.proves("COP-075.2")
@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "<script>", "unknown"),
    ],
)
def test_sv28_a_forged_header_does_not_change_the_stored_address(
    voting: Voting, checker: Checker, peer: str, forwarded: str | None, expected: str
) -> None:
    (code,) = voting.voters(1)
    app = create_voting_app(voting.database, SETTINGS, voting.clock, TOY, checker)
    with TestClient(app, base_url=f"https://{HOST}", client=(peer, 50000)) as client:
        extra = {"X-Forwarded-For": forwarded} if forwarded else {}
        assert post(client, path(voting, "votes"), code, a_vote(), **extra).status_code == 201
    with voting.database.store.reading() as session:
        vote = session.exec(select(Vote)).one()
    opened = json.loads(SEALED_TO_AUDIT.decrypt(vote.evidence, AUDIT, info=evidence_info(voting.election_id, vote.ballot_index)))
    assert opened["address"] == expected


# Guessing, floods, bombs


@pytest.mark.proves("COP-068")
def test_sv01_whoever_guesses_is_told_to_wait_an_alarm_is_raised_and_real_voters_go_on(
    voting: Voting, checker: Checker, caplog: pytest.LogCaptureFixture
) -> None:
    (code,) = voting.voters(1)
    app = create_voting_app(voting.database, SETTINGS, voting.clock, TOY, checker)
    with TestClient(app, base_url=f"https://{HOST}", client=("192.0.2.1", 50000)) as client:
        answers = [post(client, path(voting, "form"), AccessCode.generate()) for _ in range(60)]
        assert [answer.status_code for answer in answers] == [409] * 20 + [429] * 40
        assert int(answers[-1].headers["retry-after"]) > 0
        assert any("guessed" in record.message for record in caplog.records)
        assert post(client, path(voting, "form"), code).status_code == 200
        assert post(client, path(voting, "votes"), code, a_vote()).status_code == 201


@pytest.mark.parametrize(
    "content",
    [
        b'{"ballot_id":' + b"9" * 5000 + b"}",
        b"[" * 4000,
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
        b"{" + b",".join(b'"%d":1' % n for n in range(500)) + b"}",
        b'{"ballot_style_ix":1' + b"0" * 4000 + b"}",
    ],
)
def test_sv21_bombs_are_refused(client: TestClient, voting: Voting, content: bytes) -> None:
    (code,) = voting.voters(1)
    is_problem(post(client, path(voting, "votes"), code, content), 422)
    is_problem(post(client, path(voting, "votes"), code, content * 1000), 422)


def test_what_is_larger_than_any_ballot_is_refused_before_anything_is_read(client: TestClient, voting: Voting) -> None:
    (code,) = voting.voters(1)
    assert len(a_vote()) < voting.window.longest < 3 * len(to_json(a_ballot(ELECTION, YES, (0, 0, 0, 0, 0, 0, 1))[0]))
    assert "at most" in is_problem(post(client, path(voting, "votes"), code, b"x" * (voting.window.longest + 1)), 422)["detail"]


def test_sv20_when_too_many_wait_the_next_are_told_to_come_back(voting: Voting) -> None:
    full = Checker(processes=1, waiting=0)
    (code,) = voting.voters(1)
    content = a_vote()
    app = create_voting_app(voting.database, SETTINGS, voting.clock, TOY, full)
    with TestClient(app, base_url=f"https://{HOST}") as client:
        answer = post(client, path(voting, "votes"), code, content)
        is_problem(answer, 503)
        assert int(answer.headers["retry-after"]) > 0
        assert not voting.box.was_cast(voting.window, code, content)
        voting.cast(code)  # nothing was used up
    full.close()


def test_a_checking_process_that_is_killed_is_replaced(voting: Voting) -> None:
    own = Checker(processes=1, waiting=4)
    codes = voting.voters(2)
    app = create_voting_app(voting.database, SETTINGS, voting.clock, TOY, own)
    with TestClient(app, base_url=f"https://{HOST}") as client:
        assert post(client, path(voting, "votes"), codes[0], a_vote()).status_code == 201
        for process in list(own._pool._processes.values()):
            process.kill()
            process.join()
        assert post(client, path(voting, "votes"), codes[1], a_vote()).status_code == 201
    own.close()


def test_a_mistake_of_the_program_tells_nothing(client: TestClient, voting: Voting, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = voting.voters(1)
    monkeypatch.setattr("api.voters.ballot_box.log.add", lambda *_: 1 / 0)
    answer = post(client, path(voting, "votes"), code, a_vote())
    problem = is_problem(answer, 500)
    assert "ZeroDivision" not in answer.text
    assert problem["detail"]
    monkeypatch.undo()
    assert post(client, path(voting, "votes"), code, a_vote()).status_code == 201


# The document


def test_every_route_names_every_status_it_can_answer_with(client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    operations = {(method, where): each for where, methods in document["paths"].items() for method, each in methods.items()}
    one = {f"/{{election_id}}{end}" for end in ("", "/hashes", "/form", "/votes", "/challenged")}
    assert {where.removeprefix("/api/v1/elections") for _, where in operations} == {"", *one}
    for (method, where), operation in operations.items():
        named = {"404", "422"} if "{" in where else set()
        expected = {"421", "503"} | named | ({"400", "403", "409", "413", "415", "429"} if method == "post" else set())
        assert expected <= set(operation["responses"])
        for status in expected:
            assert list(operation["responses"][status]["content"]) == ["application/problem+json"]


@pytest.mark.proves("COP-070.3")
@pytest.mark.proves("COP-072a")
def test_the_window_of_one_second_before_and_after(client: TestClient, voting: Voting) -> None:
    first, second = voting.voters(2)
    voting.clock.moment = voting.window.opens - timedelta(seconds=1)
    is_problem(post(client, path(voting, "form"), first), 409)
    voting.clock.moment = voting.window.opens
    assert post(client, path(voting, "form"), first).status_code == 200
    voting.clock.moment = voting.window.closes - timedelta(microseconds=1)
    assert post(client, path(voting, "votes"), first, a_vote()).status_code == 201
    voting.clock.moment = voting.window.closes
    assert "nothing was stored" in is_problem(post(client, path(voting, "votes"), second, a_vote()), 409)["detail"]


# Whether it lives


def test_it_says_that_it_lives_and_whether_it_can_take_votes(client: TestClient, voting: Voting) -> None:
    assert client.get("/health").json() == {"status": "alive"}
    assert client.get("/ready").json() == {"status": "ready"}
    with voting.database.store.connection() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    assert "version" in is_problem(client.get("/ready"), 503)["detail"]
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize("hours", [1, -1])
def test_sv18_a_clock_that_jumps_is_told_and_changes_nothing(voting: Voting, checker: Checker, hours: int) -> None:
    wall, steady = [voting.window.closes.timestamp() - 10], [0.0]
    clock = Clock(lambda: wall[0], lambda: steady[0])
    codes = voting.voters(2)
    with TestClient(create_voting_app(voting.database, SETTINGS, clock, TOY, checker), base_url=f"https://{HOST}") as client:
        assert client.get("/ready").status_code == 200
        wall[0] += 3600 * hours
        assert "clock" in is_problem(client.get("/ready"), 503)["detail"]
        assert post(client, path(voting, "votes"), codes[0], a_vote()).status_code == 201
        steady[0] += 10
        is_problem(post(client, path(voting, "votes"), codes[1], a_vote()), 409)
