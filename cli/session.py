"""A trustee's session with the service: signs in with password and code, keeps the token in the trustee's own folder, never the password.

When the token has expired it asks again, and what was asked of the service is then asked once more.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click

from cli.connection import Connection, NotSignedIn, Refused
from cli.errors import PsephosError
from cli.keystore import read_at_most, write_new

__all__ = ["Ask", "Credentials", "Session", "prompt"]

T = TypeVar("T")
FILE = "session.json"
NAME, PASSWORD_FILE, CODE = "PSEPHOS_SIGN_IN_NAME", "PSEPHOS_PASSWORD_FILE", "PSEPHOS_SIGN_IN_CODE"
MOST_TRIES = 3


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody signs in with; `code` is asked for when the password was right."""

    name: str
    password: str = field(repr=False)
    code: Callable[[], str] = field(repr=False)


Ask = Callable[[str], Credentials]
"""Asks who signs in at the service with this URL."""


def prompt(url: str) -> Credentials:
    """Asks on the terminal, the password unseen. For rehearsals the environment may name person, password's file, and code."""
    click.echo(f"signing in at {url}", err=True)
    name = os.environ.get(NAME) or click.prompt("Sign-in name", err=True)
    file = os.environ.get(PASSWORD_FILE)
    if file:
        password = read_at_most(Path(file), 4096).decode(errors="replace").split("\n", 1)[0].removesuffix("\r")
    else:
        password = click.prompt("Password", hide_input=True, err=True)
    return Credentials(name, password, lambda: os.environ.get(CODE) or click.prompt("Code from your app", err=True))


class Session:
    """Calls of one service as the person whose own folder this is."""

    def __init__(self, connection: Connection, own: Path, ask: Ask = prompt) -> None:
        self.connection = connection
        self._file, self._ask = own / FILE, ask
        self._token = self._kept()

    def call(self, request: Callable[[str], T]) -> T:
        """What `request` answers for a valid token; signs in where it has to. Raises Refused, Unreachable."""
        for _ in range(2):
            token = self._token or self.sign_in()
            try:
                return request(token)
            except NotSignedIn:
                self._token = None
        raise PsephosError(f"{self.connection.place.url} has ended the session as soon as it had begun; is the clock of one of us wrong?")

    def get_json(self, path: str) -> Any:
        """GET of JSON."""
        return self.call(lambda token: self.connection.get_json(path, token))

    def sign_in(self) -> str:
        """A new token, kept in the own folder. Raises PsephosError after three tries."""
        url = self.connection.place.url
        for left in range(MOST_TRIES - 1, -1, -1):
            credentials = self._ask(url)
            try:
                token = self._two_steps(credentials)
            except Refused as error:
                if error.status not in (401, 403, 422) or not left:
                    raise PsephosError(f"signing in at {url} failed: {error.detail}") from None
                click.echo(f"signing in failed: name, password or code is wrong, or the code was used before ({left} more tries)", err=True)
                continue
            self._keep(token)
            return token
        raise AssertionError("the last try returns or raises")

    def _two_steps(self, credentials: Credentials) -> str:
        said = {"sign_in_name": credentials.name, "password": credentials.password}
        first = _member(self.connection.post("/api/v1/sign-in", said), "token")
        full = self.connection.post("/api/v1/sign-in/one-time", {"code": credentials.code().strip()}, first)
        return _member(full, "token")

    def _kept(self) -> str | None:
        """The token of an earlier command, if it is for this service."""
        try:
            kept = json.loads(read_at_most(self._file, 4096))
            return str(kept["token"]) if kept["url"] == self.connection.place.url else None
        except (OSError, ValueError, TypeError, KeyError, RecursionError, PsephosError):
            return None

    def _keep(self, token: str) -> None:
        self._token = token
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._file.with_name(f".{FILE}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        write_new(draft, json.dumps({"url": self.connection.place.url, "token": token}).encode())  # mode 0600
        draft.replace(self._file)


def _member(answer: Any, name: str) -> str:
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or len(value) > 200:
        raise PsephosError("the service's answer to signing in is not as expected; is this the right address?")
    return value
