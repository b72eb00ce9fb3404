"""The staff's service as it really runs, over HTTP on a port of this machine, for trustees of the small group; and one that cheats."""

import json
import re
import shutil
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy import MetaData

from api.ceremony.board import Board
from api.ceremony.board_messages import BoardMessages
from api.migrating import upgrade
from api.sealing import KeyRing
from api.store import Store
from cli.ceremony import make_keys, run_ceremony
from cli.connection import Connection
from cli.counting import run_decryption
from cli.joining import Joined, join
from cli.mirror import FEW_TRIES, Mirror
from cli.session import Credentials, Session
from cli.trial import answer
from cli.trustee_folder import TrusteeFolder
from engine.parameters import Election
from tests.api.office import ELECTION, HOST, Office
from tests.cli.folders import AFTER, PASSPHRASE
from tests.groups import TOY

BALLOT = f"/api/v1/ballots/{ELECTION}"
Change = Callable[[bytes], bytes | None]
"""Makes another body of an answer's; None: there is no such thing (404)."""


@dataclass
class Cheat:
    """Between the service and who asks: changes answers to requests for a path, or answers instead of the service."""

    app: Any
    changes: dict[str, Change] = field(default_factory=dict)
    instead: dict[str, Callable[[], tuple[int, bytes, dict[str, str]] | None]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        path, method = scope["path"], scope["method"]
        self.asked.append((method, path))
        instead = next((make() for pattern, make in self.instead.items() if re.fullmatch(pattern, f"{method} {path}")), None)
        if instead is not None:
            await reply(send, *instead)
            return
        change = self.changes.get(path) if method == "GET" else None
        if change is None:
            await self.app(scope, receive, send)
            return
        parts: list[bytes] = []

        async def kept(message: Any) -> None:
            parts.append(message.get("body", b""))

        await self.app(scope, receive, kept)
        changed = change(b"".join(parts))
        await reply(send, *((404, b'{"detail":"there is no such thing"}', {}) if changed is None else (200, changed, {})))


async def reply(send: Callable[[Any], Awaitable[None]], status: int, body: bytes, headers: dict[str, str]) -> None:
    pairs = [(name.lower().encode(), value.encode()) for name, value in {"Content-Length": str(len(body)), **headers}.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})


@dataclass
class Platform:
    """A service that runs, with three trustees of whom two are needed."""

    path: Path
    office: Office
    cheat: Cheat
    port: int
    lock: threading.Lock = field(default_factory=threading.Lock)
    mirrors: list[Mirror] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def board(self) -> Board:
        board: Board = self.office.app.state.board
        return board

    @property
    def messages(self) -> BoardMessages:
        return BoardMessages(self.board, ELECTION, TOY)

    def own(self, i: int) -> TrusteeFolder:
        return TrusteeFolder(self.path / f"own_{i}", i, TOY)

    def copy(self, i: int) -> Path:
        return self.path / f"copy_{i}"

    def ask(self, i: int) -> Callable[[str], Credentials]:
        """What trustee i types. A minute later the app shows another code."""

        def typed(_: str) -> Credentials:
            with self.lock:
                self.office.clock.moment += timedelta(minutes=1)
                member, now = self.office.members[f"tom{i}"], self.office.clock.now()
            return Credentials(member.name, member.password, lambda: member.code(now))

        return typed

    def join(self, i: int) -> Joined:
        return join(self.url, ELECTION, self.copy(i), self.own(i).path, self.ask(i), TOY)

    def mirror(self, i: int, tries: int | None = FEW_TRIES) -> Mirror:
        """The copy of trustee i as a new command opens it."""
        mirror = Mirror(self.copy(i), Session(Connection(self.url, tries), self.own(i).path, self.ask(i)), ELECTION, TOY)
        self.mirrors.append(mirror)
        mirror.sync()
        return mirror

    def keys(self, i: int) -> Any:
        return make_keys(self.mirror(i), self.own(i), PASSPHRASE)

    def ceremony(self, i: int) -> Election | str:
        return run_ceremony(self.mirror(i), self.own(i), PASSPHRASE, patient=False)

    def rounds(self) -> list[Election | str]:
        """Everybody in turn until nobody gets any further."""
        answers: list[Election | str] = []
        for _ in range(6):
            answers = [self.ceremony(i) for i in (1, 2, 3)]
            if all(isinstance(each, Election) for each in answers):
                break
        return answers

    def trial(self, i: int, copied: bool = False) -> str:
        backup = None
        if copied:
            backup = self.path / f"backup_{i}.share"
            if not backup.exists():
                shutil.copyfile(self.own(i).share_file, backup)
        return answer(self.mirror(i), self.own(i), PASSPHRASE, backup)

    def decrypt(self, i: int) -> str | None:
        return run_decryption(self.mirror(i), self.own(i), PASSPHRASE, AFTER, 1)

    def step(self, step: str, *names: str) -> Any:
        return self.office.step(step, *names)

    def held(self) -> None:
        """The key ceremony, and the beginning of the trial."""
        for i in (1, 2, 3):
            self.join(i)
            self.keys(i)
        assert all(isinstance(each, Election) for each in self.rounds())
        assert self.step("begin trial decryption", "sam").status_code == 200


def new_store(folder: Path, made: list[Store]) -> Callable[[str, MetaData], Store]:
    def make(name: str, tables: MetaData) -> Store:
        store = Store(name, f"sqlite:///{folder}/{name}.db", KeyRing.generate(name), tables)
        upgrade(store)
        made.append(store)
        return store

    return make


@contextmanager
def platform(path: Path, **changes: Any) -> Iterator[Platform]:
    """A platform whose ballot has begun its key ceremony; `changes` of its manifest."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        bound.listen(100)  # who comes before the service runs waits for it
        port = bound.getsockname()[1]
        (path / "databases").mkdir(parents=True)
        stores: list[Store] = []
        office = Office(new_store(path / "databases", stores), (HOST, f"127.0.0.1:{port}"))
        office.post("/ballots", office.terms(office.trustees(), **changes), "sam")
        made = Platform(path, office, Cheat(office.app), port)
        assert made.step("begin ceremony", "sam").status_code == 200
        server = uvicorn.Server(uvicorn.Config(made.cheat, log_config=None, ws="none", lifespan="off", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            for mirror in made.mirrors:
                mirror.disconnect()
            server.should_exit = True
            thread.join(20)
            office.client.close()
            for store in stores:
                store.close()


def without(name: str) -> Change:
    """A list of messages in which one is hidden."""

    def change(body: bytes) -> bytes:
        page = json.loads(body)
        page["messages"] = [each for each in page["messages"] if each["name"] != name]
        return json.dumps(page).encode()

    return change


def with_digest(name: str, digest: str) -> Change:
    """A list of messages in which one is another."""

    def change(body: bytes) -> bytes:
        page = json.loads(body)
        for each in page["messages"]:
            if each["name"] == name:
                each["sha256"] = digest
        return json.dumps(page).encode()

    return change
