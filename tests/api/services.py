"""The three services over one set of databases, with a ballot, its voters, a roll and people in every role, for tests over HTTP."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote

import httpx2 as httpx
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.accounts.sessions import Stage
from api.app import VotingSettings, create_voting_app
from api.auth import Role
from api.elections.states import State, Step, after, persons_for, steps_from
from api.rolls import RollDatabases, RollSettings, create_roll_app
from api.users.link import _REFUSALS, Link, VotersLink
from api.users.models import TABLES as USERS
from api.voters.access_code import AccessCode
from api.voters.checking import Checker
from api.voters.service import Limits
from api.voters.window import open_window
from tests.api.conftest import MakeStore
from tests.api.office import ELECTION, HOST, LINK_KEY, Office
from tests.api.voting import OPEN, Voting
from tests.groups import TOY

__all__ = ["ELECTION", "ROLES", "InProcess", "Kept", "Operation", "Services"]

ROLES = {role: f"role-{role.value}" for role in Role}
PEOPLE = 12
ROLL = "reference,name,email,ballot_style\n" + "".join(f"M{n},Person {n},person{n}@members.example,One\n" for n in range(1, PEOPLE + 1))


@dataclass
class Kept:
    """A sender that keeps what it is given."""

    messages: list[EmailMessage] = field(default_factory=list)

    def send(self, message: EmailMessage) -> None:
        self.messages.append(message)


class InProcess(VotersLink):
    """The link, without a network between the two services."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def _post(self, path: str, content: dict[str, Any]) -> dict[str, Any]:
        answer = self._office.call("POST", path.removeprefix("/api/v1"), content, token=LINK_KEY)
        if answer.status_code >= 300:
            raise _REFUSALS[answer.status_code](answer.json()["detail"])
        told: dict[str, Any] = answer.json()
        return told


@dataclass
class Operation:
    """One of an OpenAPI document."""

    service: str
    method: str
    path: str
    principal: list[str]
    described: dict[str, Any]

    @property
    def roles(self) -> list[Role]:
        return [role for role in Role if role.value in self.principal]

    def at(self, **values: str) -> str:
        """The path with these values in it; the ballot is ELECTION unless another is named."""
        filled = self.path
        for each in self.described.get("parameters", []):
            if each["in"] == "path":
                usual = ELECTION if each["name"] == "election_id" else "ab"
                filled = filled.replace(f"{{{each['name']}}}", values.get(each["name"], usual))
        return filled

    def __str__(self) -> str:
        return f"{self.service} {self.method} {self.path}"


class Services:
    """See above. `codes` are those of some voters of the voter database, who have nothing to do with the roll."""

    def __init__(self, make_store: MakeStore, checker: Checker, voters: int = 3, **changes: Any) -> None:
        self.office = office = Office(make_store, hosts=(HOST, "testserver"))
        office.post("/ballots", office.terms(office.trustees(), **changes), "sam")
        for role, name in ROLES.items():
            office.appoint(name, role, ELECTION)
        self.voting = Voting(office.databases.voters, office.clock, opened=False)
        databases = office.databases
        self.sender = Kept()
        self.users = make_store("users", USERS)
        settings = RollSettings(
            (HOST, "testserver"), Link("http://localhost", LINK_KEY), self.sender, "https://vote.example/vote", "020 7946 0000",
            "ballot@vote.example",
        )  # fmt: skip
        of_rolls = RollDatabases(databases.accounts, databases.elections, self.users, databases.audit)
        rolls = create_roll_app(of_rolls, settings, office.clock, TOY)
        rolls.state.desk = replace(rolls.state.desk, voters=InProcess(office))
        limits = Limits(wrong_codes_of_an_address=10**6, wrong_codes_of_all=10**6)
        voting = create_voting_app(databases.voters, VotingSettings((HOST, "testserver"), limits=limits), office.clock, TOY, checker)
        self.apps: dict[str, FastAPI] = {"staff": office.app, "rolls": rolls, "voting": voting}
        self.clients = {
            name: TestClient(app, base_url=f"https://{HOST}", client=("192.0.2.1", 50000), raise_server_exceptions=False)
            for name, app in self.apps.items()
        }
        self.codes: list[AccessCode] = self.voting.voters(voters)

    @property
    def state(self) -> State:
        state: State = self.office.app.state.elections.ballot(ELECTION).state
        return state

    def led_to(self, wanted: State) -> None:
        """The ballot as it stands then, without what the steps do; when it is open, it is a day after the opening."""
        office = self.office
        if wanted is State.OPEN and self.state is not State.OPEN:
            self.led_to(State.TRIAL)
            taken = self.roll(ROLL)
            assert taken.status_code == 201, taken.text
            office.accounts.grants.freeze(ELECTION)
            open_window(office.databases.voters, ELECTION)
        order = [State.DRAFT, State.CEREMONY, State.TRIAL, State.OPEN, State.CLOSED, State.EXCLUDED, State.TALLIED]
        while self.state is not wanted:
            following = order[order.index(self.state) + 1]
            step = next(each for each in steps_from(self.state) if after(self.state, each) is following)
            self._do(step)
        if wanted is State.OPEN:
            office.clock.moment = OPEN
        self.sign_in()

    def _do(self, step: Step) -> None:
        for name in ("sam", "sue")[: persons_for(step)]:
            self.office.app.state.elections.ask(ELECTION, step, self.office.members[name].account_id, lambda _: None)

    def sign_in(self) -> None:
        """Everybody has a new session now."""
        for name in self.office.members:
            self.office.tokens[name] = self.token(name)

    def token(self, name: str) -> str:
        """A new full session of somebody."""
        accounts, office = self.office.accounts, self.office
        with office.databases.accounts.store.transaction() as session:
            return accounts.sessions.begin(session, office.members[name].account_id, Stage.FULL)

    def operations(self) -> Iterator[Operation]:
        """All of the three OpenAPI documents."""
        for name, app in self.apps.items():
            for path, methods in app.openapi()["paths"].items():
                for method, described in methods.items():
                    yield Operation(name, method.upper(), path, described["x-principal"], described)

    def who(self, operation: Operation) -> dict[str, str]:
        """Headers of somebody who may call it."""
        if operation.roles:
            name = ROLES[operation.roles[0]] if "{election_id}" in operation.path else self._platform(operation.roles[0])
            return {"Authorization": f"Bearer {self.office.tokens[name]}"}
        if operation.principal == ["session"]:
            return {"Authorization": f"Bearer {self.token('role-auditor')}"}
        return {"Authorization": f"Bearer {LINK_KEY}"} if operation.principal == ["service"] else {}

    def _platform(self, role: Role) -> str:
        return "ada" if role is Role.ADMINISTRATOR else "sam"

    def call(
        self, service: str, method: str, path: str, content: Any = None, token: str | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        sent = {"Content-Type": "application/json"} if method != "GET" else {}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        body = content if isinstance(content, bytes) else None if content is None else json.dumps(content).encode()
        return self.clients[service].request(method, path, content=body, headers=sent | (headers or {}))

    def roll(self, content: str | bytes, token: str | None = None, **asked: object) -> httpx.Response:
        """Hands a roll over, as `sam` unless another token is given."""
        query = "&".join(f"{name}={quote(str(value))}" for name, value in {"given_for": "union", **asked}.items())
        body = content.encode() if isinstance(content, str) else content
        token = token or self.office.tokens["sam"]
        return self.call("rolls", "POST", f"/api/v1/ballots/{ELECTION}/roll?{query}", body, token, {"Content-Type": "text/csv"})

    def later(self, minutes: int = 1) -> None:
        self.office.clock.moment += timedelta(minutes=minutes)


@contextmanager
def a_checker() -> Iterator[Checker]:
    made = Checker(processes=1, waiting=4)
    try:
        yield made
    finally:
        made.close()


Answered = tuple[int, bytes, tuple[tuple[str, str], ...]]


def answered(answer: httpx.Response) -> Answered:
    """All that an answer tells."""
    return answer.status_code, answer.content, tuple(sorted(answer.headers.multi_items()))


def body_of(operation: Operation, resolve: Callable[[str], dict[str, Any]], value: str = "ab") -> dict[str, Any] | None:
    """A body with this in every text member; numbers are 1. None if the operation takes none."""
    content = operation.described.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if content is None or "$ref" not in content:
        return None
    members: dict[str, Any] = {}
    for name, member in resolve(content["$ref"])["properties"].items():
        if member.get("type") == "string" or "$ref" in member or "anyOf" in member:
            members[name] = value
        elif member.get("type") == "array":
            members[name] = [value]
        else:
            members[name] = member.get("type") == "boolean" or 1
    return members


def strings(operation: Operation, resolve: Callable[[str], dict[str, Any]]) -> list[tuple[str, str]]:
    """Where text goes into an operation: `path`, `query`, `header` or `body`, and the name."""
    found = [
        (each["in"], each["name"])
        for each in operation.described.get("parameters", [])
        if each["schema"].get("type", "string") == "string"
    ]
    body = body_of(operation, resolve)
    if body is not None:
        found += [("body", name) for name, value in body.items() if isinstance(value, str | list)]
    elif "requestBody" in operation.described:
        found.append(("body", ""))
    return found


def resolver(app: FastAPI) -> Callable[[str], dict[str, Any]]:
    """Finds a schema of the app's OpenAPI document."""
    schemas = app.openapi()["components"]["schemas"]
    return lambda reference: schemas[reference.rpartition("/")[2]]
