"""The demonstration's staff and trustees: each has an account, a password, an app with codes, and is signed in. Secrets pass."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp

from cli.connection import Connection
from cli.keystore import write_new

__all__ = ["DemoPerson", "Staff"]


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody with an account: what they know, the secret in their app, and the token of their session."""

    account: str
    sign_in_name: str
    password: str = field(repr=False)
    app: str = field(repr=False)
    token: str = field(repr=False)

    def sign_in_here(self, folder: Path, address: str) -> None:
        """Leaves the session where the command line keeps it, so that this person's commands ask nothing."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_new(folder / "session.json", json.dumps({"url": address, "token": self.token}).encode())


class Staff:
    """Makes people on the platform at `address`, whose first administrator has this invitation."""

    def __init__(self, address: str, invitation: str, sign_in_name: str) -> None:
        self._connection, self.address = Connection(address, 3), address
        self.people: dict[str, DemoPerson] = {}
        self.administrator = self._enter(invitation, sign_in_name)

    def hire(self, sign_in_name: str, name: str) -> DemoPerson:
        """An account, made by the administrator and opened by its owner."""
        person = {"name": name, "email": f"{sign_in_name}@demonstration.example", "sign_in_name": sign_in_name}
        made = self.post("/accounts", person, self.administrator)
        return self._enter(made["invitation"], sign_in_name)

    def authorise(self, person: DemoPerson, role: str, by: DemoPerson, election_id: str | None = None) -> None:
        """Grants a role, for one ballot or for all that are not open yet."""
        now = datetime.now(UTC).replace(microsecond=0)
        where = f"/ballots/{election_id}/grants" if election_id else "/grants"
        period = {"from": _text(now - timedelta(minutes=1)), "until": _text(now + timedelta(days=30))}
        self.post(where, {"account": person.account, "role": role, "reason": "appointment", **period}, by)

    def post(self, path: str, content: Mapping[str, Any], by: DemoPerson) -> Any:
        """POST as somebody."""
        return self._connection.post(f"/api/v1{path}", content, by.token)

    def _enter(self, invitation: str, sign_in_name: str) -> DemoPerson:
        password = secrets.token_urlsafe(18)
        chosen = {"invitation": invitation, "password": password}
        pending = self._connection.post("/api/v1/sign-in/invitation", chosen)["token"]
        app = self._connection.post("/api/v1/factors/one-time", {}, pending)["secret"]
        code = pyotp.TOTP(app).now()
        token = self._connection.post("/api/v1/factors/one-time/confirmation", {"code": code}, pending)["token"]
        account = self._connection.get_json("/api/v1/me", token)["account"]
        self.people[sign_in_name] = DemoPerson(account, sign_in_name, password, app, token)
        return self.people[sign_in_name]


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
