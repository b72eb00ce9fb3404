"""The staff's service with people signed in, for the tests over HTTP."""

import json
import tempfile
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from starlette.testclient import TestClient

from api.accounts.database import AccountDatabase
from api.accounts.models import TABLES as ACCOUNTS
from api.accounts.people import Person
from api.accounts.permissions import Period, Reason
from api.accounts.service import Accounts
from api.audit.log import AuditLog
from api.audit.models import TABLES as AUDIT_TABLES
from api.auth import Principal, Role
from api.elections.models import TABLES as ELECTIONS
from api.pages import pages_folder, read_pages
from api.records.verifying import Progress, Verdict
from api.staff import Databases, StaffSettings, create_staff_app
from api.voters.database import VoterDatabase
from api.voters.models import TABLES as VOTERS
from engine.manifest import read_manifest
from tests.api.conftest import MakeStore
from tests.api.staff import PASSWORDS, SITE, Member
from tests.api.voting import AUDIT, SetClock
from tests.engine.elections import manifest_bytes
from tests.groups import TOY
from tests.verifier.sample import TOY as VERIFIERS_TOY
from verifier.verify import verify_record

HOST = "office.example"
LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34)))
AUDIT_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(3, 35)))
LINK_KEY = "a key of the link, for tests alone: 0123456789"
ELECTION = "ab" * 32
SIGNING = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
BEFORE = read_manifest(manifest_bytes(3)).opens - timedelta(days=20)


@dataclass
class Office:
    """The service on new databases. Members by name; `ada` is the first administrator, `sam` and `sue` are scrutineers of all ballots, and
    `tom1` to `tom3` the trustees."""

    make_store: MakeStore
    hosts: tuple[str, ...] = (HOST,)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp()))
    clock: SetClock = field(default_factory=lambda: SetClock(BEFORE))
    members: dict[str, Member] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.databases = Databases(
            AccountDatabase(self.make_store("accounts", ACCOUNTS)), self.make_store("elections", ELECTIONS),
            VoterDatabase(self.make_store("voters", VOTERS)),
            AuditLog(self.make_store("audit", AUDIT_TABLES), self.clock, AUDIT_KEY, "office.example/audit"),
        )  # fmt: skip
        settings = StaffSettings(
            hosts=self.hosts, site=SITE, link_key=LINK_KEY, witness_key=LOG_KEY, log_origin="office.example/log", folder=self.folder,
            processes=1, verify=verify, checkpoint_every=timedelta(minutes=1),
        )  # fmt: skip
        self.app = create_staff_app(self.databases, settings, self.clock, TOY, PASSWORDS, read_pages(pages_folder()))
        self.client = TestClient(self.app, base_url=f"https://{HOST}", raise_server_exceptions=False)
        self.accounts: Accounts = self.app.state.accounts
        self.enter(self.accounts.people.bootstrap(_person("ada"), self.period()).invitation, "ada")
        self.appoint("ada2", Role.ADMINISTRATOR)
        self.appoint("sam", Role.SCRUTINEER)
        self.appoint("sue", Role.SCRUTINEER)

    def period(self) -> Period:
        return Period(self.clock.now(), self.clock.now() + timedelta(days=365))

    def enter(self, invitation: str, name: str) -> None:
        """What somebody does with an invitation, over HTTP; afterwards they are signed in."""
        password = f"correct horse of {name}"
        pending = self.post("/sign-in/invitation", {"invitation": invitation, "password": password}).json()["token"]
        secret = self.post("/factors/one-time", {}, token=pending).json()["secret"]
        member = Member("", name, password, secret)
        answer = self.post("/factors/one-time/confirmation", {"code": member.code(self.clock.now())}, token=pending)
        self.tokens[name] = answer.json()["token"]
        member.account_id = self.get("/me", name).json()["account"]
        self.members[name] = member
        self.clock.moment += timedelta(minutes=1)

    def hire(self, name: str) -> str:
        """An account, authorised for nothing; answers its id."""
        made = self.post("/accounts", {"name": f"{name} Smith", "email": f"{name}@union.example", "sign_in_name": name}, "ada")
        assert made.status_code == 201, made.text
        self.enter(made.json()["invitation"], name)
        account: str = made.json()["account"]
        return account

    def appoint(self, name: str, role: Role, election_id: str | None = None) -> str:
        """A member in a role, for all ballots or one."""
        account = self.members[name].account_id if name in self.members else self.hire(name)
        by = Principal(self.members["ada"].account_id, Role.ADMINISTRATOR, election_id)
        if role not in (Role.ADMINISTRATOR, Role.SCRUTINEER):
            by = Principal(self.members["sam"].account_id, Role.SCRUTINEER, election_id)
        self.accounts.grants.grant(by, account, role, election_id, self.period(), Reason.APPOINTMENT)
        return account

    def sign_in(self, name: str) -> None:
        """A new session for somebody, over HTTP."""
        member = self.members[name]
        pending = self.post("/sign-in", {"sign_in_name": name, "password": member.password}).json()["token"]
        full = self.post("/sign-in/one-time", {"code": member.code(self.clock.now())}, token=pending)
        self.tokens[name] = full.json()["token"]
        self.clock.moment += timedelta(minutes=1)

    def post(self, path: str, content: Any, name: str | None = None, token: str | None = None, **headers: str) -> httpx.Response:
        return self.call("POST", path, content, name, token, **headers)

    def get(self, path: str, name: str | None = None) -> httpx.Response:
        return self.call("GET", path, None, name)

    def call(
        self, method: str, path: str, content: Any = None, name: str | None = None, token: str | None = None, **headers: str
    ) -> httpx.Response:
        token = self.tokens[name] if name else token
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        if method != "GET":
            sent["Content-Type"] = "application/json"
        body = None if content is None else json.dumps(content).encode()
        return self.client.request(method, f"/api/v1{path}", content=body, headers=sent | headers)

    def trustees(self, count: int = 3) -> list[str]:
        """Accounts of trustees of the ballot ELECTION."""
        return [self.appoint(f"tom{number}", Role.TRUSTEE, ELECTION) for number in range(1, count + 1)]

    def terms(self, trustees: list[str], quorum: int = 2, **changes: Any) -> dict[str, Any]:
        """What a ballot is created with."""
        return {
            "manifest": manifest_bytes(len(trustees), **{"log": "witnessed", **changes}).decode(), "quorum": quorum, "trustees": trustees,
            "audit_key": AUDIT.public_key().public_bytes_raw().hex(), "signing_key": SIGNING.public_key().public_bytes_raw().hex(),
        }  # fmt: skip

    def step(self, step: str, *names: str) -> httpx.Response:
        """Asks for a step, in the name of each."""
        for name in names:
            answer = self.post(f"/ballots/{ELECTION}/steps", {"step": step}, name)
        return answer


def verify(record: Path, key: bytes, hints: Path | None, tell: Progress) -> Verdict:
    """The verifier, for records of the small group."""
    report = verify_record(record, key, group=VERIFIERS_TOY)
    return Verdict(report.verified, report.text())


def _person(name: str) -> Person:
    return Person(f"{name.title()} Smith", f"{name}@union.example", name)
