"""Names, contacts, access codes, choices and passphrases, sent to every route and through every function: no line, page or number has them.

The same against a service that was really started is in tests/end_to_end/test_canaries.py.
"""

import io
import json
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from itertools import product
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from sqlalchemy import text
from starlette.testclient import TestClient

from api.app import VotingSettings, create_voting_app
from api.errors import ApiError
from api.logs import exception_members, logger
from api.users.dispatch import Dispatcher, Instructions, OutboxFolder
from api.users.models import TABLES as USERS
from api.users.people import UserDatabase
from api.voters.access import NewVoter, issue
from api.voters.access_code import AccessCode
from api.voters.checking import Checker
from engine.encoding import to_json
from tests.api.canaries import ADDRESS, CHOICE, CLIENT, EMAIL, NAME, PASSPHRASE, PERSONAL, PHONE, REFERENCE, forms, leaks
from tests.api.conftest import MakeStore
from tests.api.rolls import load
from tests.api.voting import ELECTION, OPEN, SetClock, Voting, a_voting, admit
from tests.api.watching import configured, lines
from tests.engine.elections import NO, YES, a_ballot
from tests.groups import TOY

HOST = "vote.example"
UNIQUE_IDENTIFIER = "canary-unique-identifier-0461"


@pytest.fixture(scope="module")
def checker() -> Iterator[Checker]:
    made = Checker(processes=1, waiting=4)
    yield made
    made.close()


class Planted:
    """A ballot, a code and everything that a client can put anywhere, with the service that takes it."""

    def __init__(self, voting: Voting, checker: Checker) -> None:
        self.voting = voting
        admit(voting.database, voting.window, [NewVoter(UNIQUE_IDENTIFIER, 1)])
        self.code, self.unknown = issue(voting.database, voting.window, UNIQUE_IDENTIFIER, "e-mail"), AccessCode.generate()
        self.ballot = to_json(a_ballot(ELECTION, YES)[0])
        challenged, opening = a_ballot(ELECTION, NO)
        self.challenged, self.opening = to_json(challenged), to_json(opening)
        self.app = create_voting_app(voting.database, VotingSettings(hosts=(HOST,)), voting.clock, TOY, checker)
        self.forms = forms(
            [*PERSONAL, UNIQUE_IDENTIFIER, self.ballot, self.challenged, self.opening], [self.code, self.unknown]
        )
        self.answers: list[bytes] = []

    @property
    def bodies(self) -> list[bytes]:
        pair = {"ballot": self.challenged.decode(), "opening": self.opening.decode()}
        return [
            self.ballot, self.ballot[:-40], self.ballot.replace(b'"v":"', b'"v":"F', 1), json.dumps(pair).encode(),
            json.dumps(pair | {NAME: PHONE}).encode(), json.dumps(pair | {"ballot": CHOICE}).encode(),
            json.dumps({"vote": CHOICE}).encode(), json.dumps([NAME, {EMAIL: PASSPHRASE}]).encode(),
            f"{PASSPHRASE}\r\n{NAME}".encode(), b"\xff" + CHOICE.encode(), b"{}",
        ]  # fmt: skip

    def request(self, client: TestClient, method: str, path: str, content: bytes, **headers: str) -> int:
        sent = {
            "Access-Code": self.code.grouped(), "Content-Type": "application/json", "User-Agent": f"{NAME} {PHONE}",
            "Cookie": f"session={PASSPHRASE}", "Referer": f"https://{HOST}/vote?code={self.code.compact()}",
            "X-Forwarded-For": CLIENT, "X-Request-Id": EMAIL, **headers,
        }  # fmt: skip
        answer = client.request(method, path, content=content, headers=sent)
        self.answers.append(repr(answer.headers).encode() + answer.content)
        return answer.status_code

    def everywhere(self, client: TestClient) -> set[int]:
        """Everything to every route; the statuses that came."""
        base = f"/api/v1/elections/{self.voting.election_id}"
        statuses = set()
        paths = [base, f"{base}/form", f"{base}/challenged", f"{base}/votes", "/health", "/ready", "/api/v1/openapi.json", "/metrics"]
        paths += [f"/{NAME}/{self.code.compact()}", f"/api/v1/elections/{PHONE}", f"/api/v1/elections/{'ab' * 16}{CHOICE}/votes"]
        paths += ["/vote", f"/vote/{self.code.compact()}", f"/record/{CHOICE}", f"/assets/{NAME}"]
        query = f"?name={NAME}&code={self.code.compact()}&choice={CHOICE}"
        for path, method in product(paths, ("GET", "POST", "PUT", "DELETE")):
            statuses.add(self.request(client, method, path + query, self.bodies[6]))
        for path, content in product(paths[1:4], self.bodies):
            statuses.add(self.request(client, "POST", path, content))
        for codes in (self.unknown.grouped(), self.code.grouped()[:-1], PASSPHRASE, NAME, "x" * 101, CHOICE):
            statuses.add(self.request(client, "POST", f"{base}/votes", self.ballot, **{"Access-Code": codes}))
        for headers in ({"Host": EMAIL.partition("@")[2]}, {"Origin": f"https://{EMAIL}"}, {"Content-Type": CHOICE}):
            statuses.add(self.request(client, "POST", f"{base}/votes", self.ballot, **headers))
        return statuses

    def written(self, log: io.StringIO) -> bytes:
        return log.getvalue().encode() + generate_latest(self.app.state.counts.registry) + b"".join(self.answers)


@pytest.fixture
def planted(make_store: MakeStore, checker: Checker) -> Planted:
    return Planted(a_voting(make_store), checker)


def a_client(planted: Planted) -> TestClient:
    return TestClient(planted.app, base_url=f"https://{HOST}", client=(CLIENT, 50000), raise_server_exceptions=False)


def test_the_search_finds_what_it_looks_for(planted: Planted) -> None:
    for shown in (NAME, f"x{EMAIL}", PHONE.encode().hex(), planted.code.grouped().lower(), planted.code.compact(), planted.ballot[70:400]):
        assert leaks(shown, planted.forms)
    assert leaks("the code and the name of a member, 7M4K", planted.forms) == []


def test_pr15_nothing_that_is_sent_to_any_route_is_written(planted: Planted, capsys: pytest.CaptureFixture[str]) -> None:
    with configured() as log, a_client(planted) as client:
        statuses = planted.everywhere(client)
    assert {200, 201, 403, 404, 405, 409, 415, 421, 422} <= statuses
    assert len(lines(log)) > 50
    assert leaks(planted.written(log), planted.forms) == []
    shown = capsys.readouterr()
    assert shown.out + shown.err == ""


@pytest.mark.parametrize("failing", ["window_of", "client_address", "Overloaded", "commit"])
def test_pr15_a_mistake_with_data_in_its_message_is_written_without(
    planted: Planted, failing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"{planted.code.grouped()} {planted.ballot!r} {UNIQUE_IDENTIFIER} {' '.join(PERSONAL)}"

    class Mistake(Exception):
        def __repr__(self) -> str:
            return words

    def fails(*arguments: object, **_: object) -> object:
        local = words, arguments
        try:
            raise KeyError(local)
        except KeyError as error:
            raise Mistake(words) from error

    where = {
        "window_of": "api.voters.service.window_of", "client_address": "api.voters.service.client_address",
        "Overloaded": "api.voters.checking._check_challenged", "commit": "api.voters.ballot_box.log.add",
    }[failing]  # fmt: skip
    monkeypatch.setattr(where, fails)
    with configured() as log, a_client(planted) as client:
        statuses = planted.everywhere(client)
    assert 500 in statuses
    assert leaks(planted.written(log), planted.forms) == []
    assert failing == "Overloaded" or any("test_canaries.fails" in str(each) or "Mistake" in str(each) for each in lines(log))
    shown = capsys.readouterr()
    assert shown.out + shown.err == ""


def test_pr15_a_database_that_fails_shows_no_row(planted: Planted, capsys: pytest.CaptureFixture[str]) -> None:
    with planted.voting.database.store.connection() as connection:
        connection.execute(text("ALTER TABLE vote RENAME TO vote_elsewhere"))
    with configured() as log, a_client(planted) as client:
        assert 500 in planted.everywhere(client)
    assert leaks(planted.written(log), planted.forms) == []
    shown = capsys.readouterr()
    assert shown.out + shown.err == ""


class Refuses:
    """A sender that repeats the whole message in its refusal."""

    def __init__(self, kind: type[Exception]) -> None:
        self.kind = kind

    def send(self, message: EmailMessage) -> None:
        raise self.kind(message.as_string())


@pytest.mark.proves("COP-076.2")
def test_pr15_roll_and_dispatch_write_nothing_of_a_person(
    make_store: MakeStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes: list[AccessCode] = []

    def issue_one(_: str, __: str) -> str:
        codes.append(AccessCode.generate())
        return codes[-1].compact()

    page, reference = "https://vote.example/vote", "ab" * 8
    instructions = Instructions("Ballot", "Union", "Scrutineer", OPEN, page, reference, "020 7946 0000", "ballot@vote.example")
    header = "reference,name,email,mobile,address,ballot_style\n"
    row = f"{REFERENCE},{NAME},{EMAIL},{PHONE},{ADDRESS},All\n"
    election, other = "ab" * 32, "cd" * 32
    bad = [row.replace(NAME, f"={NAME}"), row + row, row.replace("All", CHOICE), row.replace(ADDRESS, "x" * 501), f'{REFERENCE},"{NAME}']
    bad.append(row + "\0")
    with configured("users") as log:
        own = logger("api.test")
        users = UserDatabase(make_store("users", USERS), SetClock(OPEN))
        attempts: list[Callable[[], object]] = [
            *(lambda content=content: load(users, election, (header + content).encode(), {"All": 1}) for content in bad),
            lambda: load(users, election, (header + row).encode(), {"All": 1}),
            lambda: load(users, election, (header + row.replace(NAME, "Other")).encode(), {"All": 1}),
            lambda: Dispatcher(users, issue_one, Refuses(OSError)).send_all(election, instructions),
            lambda: Dispatcher(users, issue_one, Refuses(ValueError)).send_all(election, instructions),
            lambda: Dispatcher(users, issue_one, OutboxFolder(tmp_path / "sent")).send_all(election, instructions),
            lambda: list(users.people(other)),
            lambda: users.dispatches(election, NAME),
        ]
        told = []
        for attempt in attempts:
            try:
                own.info("done", count=repr(attempt()))
            except ApiError as error:
                told.append(str(error))
                own.error("refused", **exception_members(error))
            except Exception as error:  # noqa: BLE001
                own.error("a mistake", **exception_members(error))
        for known in users.people(election):
            print(known, known.entry)
    assert len(codes) == 3
    assert len(told) >= 7
    looked_for = forms([*PERSONAL, *(each.unique_identifier for each in users.people(election))], codes)
    shown = capsys.readouterr()
    assert leaks(log.getvalue() + repr(told) + shown.out + shown.err, looked_for) == []
    assert leaks(b"".join(file.read_bytes() for file in (tmp_path / "sent").iterdir()), looked_for)  # where it belongs


