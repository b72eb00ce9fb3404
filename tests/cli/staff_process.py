"""The staff's service on the small group, as a process that kills itself: at an instant that is counted, with a real SIGKILL.

Production code cannot select the small group (CR-11); so this stands in for `psephos serve staff`. An instant is whatever this process
does that lasts: a transaction, a file, a name, a name that goes away. The `kill`-th is the last one, before it is done.
"""

import os
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy import Connection, Engine, event

from api.accounts.database import AccountDatabase
from api.accounts.models import TABLES as ACCOUNTS
from api.audit.log import AuditLog
from api.audit.models import TABLES as AUDIT
from api.elections.models import TABLES as ELECTIONS
from api.sealing import KeyRing
from api.staff import Databases, StaffSettings, create_staff_app
from api.store import Store
from api.voters.database import VoterDatabase
from api.voters.models import TABLES as VOTERS
from tests.api.office import AUDIT_KEY, LINK_KEY, LOG_KEY, verify
from tests.api.staff import PASSWORDS, SITE
from tests.api.voting import SetClock
from tests.groups import TOY

__all__ = ["Place", "serve"]

_TABLES = {"accounts": ACCOUNTS, "elections": ELECTIONS, "voters": VOTERS, "audit": AUDIT}
_LASTING = ("os.rename", "os.remove", "os.mkdir")


@dataclass(frozen=True)
class Place:
    """Where the databases and the folder for counts and records are, with what opens them."""

    databases: Path
    folder: Path
    rings: dict[str, KeyRing]


class Instants:
    """Counts what this process does, and ends it."""

    def __init__(self, kill: int) -> None:
        self.passed, self._kill = 0, kill
        self._lock = threading.Lock()

    def count(self) -> None:
        with self._lock:
            self.passed += 1
            if self.passed == self._kill:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """From now on."""

        def committed(connection: Connection) -> None:
            if connection.get_execution_options().get("psephos_writes"):
                self.count()

        event.listen(Engine, "commit", committed)

        def heard(what: str, arguments: tuple[Any, ...]) -> None:
            if what in _LASTING or (what == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
                self.count()

        sys.addaudithook(heard)


def serve(place: Place, moment: datetime, bound: socket.socket, kill: int) -> None:
    """Serves until it is killed. At `kill` 0 it is not; how many instants have passed stands in the header of every answer."""
    clock, instants = SetClock(moment), Instants(kill)
    stores = {name: Store(name, f"sqlite:///{place.databases}/{name}.db", place.rings[name], tables) for name, tables in _TABLES.items()}
    audit = AuditLog(stores["audit"], clock, AUDIT_KEY, "office.example/audit")
    databases = Databases(AccountDatabase(stores["accounts"]), stores["elections"], VoterDatabase(stores["voters"]), audit)
    host = f"127.0.0.1:{bound.getsockname()[1]}"
    settings = StaffSettings(
        hosts=(host,), site=SITE, link_key=LINK_KEY, witness_key=LOG_KEY, log_origin="office.example/log", folder=place.folder,
        processes=1, verify=verify, checkpoint_every=timedelta(minutes=1),
    )  # fmt: skip
    app = create_staff_app(databases, settings, clock, TOY, PASSWORDS)

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        async def told(message: Any) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"instants", str(instants.passed).encode())]
            await send(message)

        await app(scope, receive, told)

    instants.watch()
    server = uvicorn.Server(uvicorn.Config(counted, log_level="error", ws="none", lifespan="off"))
    server.run(sockets=[bound])
