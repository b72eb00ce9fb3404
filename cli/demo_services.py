"""The demonstration's platform: databases, keys and three services on this machine, each a process with what it may know and no more."""

import http.client
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from api.sealing import STORES, KeyRing
from cli.demo_processes import finish, psephos
from cli.errors import PsephosError
from cli.keystore import write_new

__all__ = ["DemoPlatform", "start_platform"]

_KNOWS = {
    "voting": ("voters",), "staff": ("accounts", "audit", "elections", "voters"), "rolls": ("accounts", "audit", "elections", "users"),
}  # fmt: skip
_PATIENCE = 60  # seconds for a service to begin


@dataclass
class DemoPlatform:
    """Three services that run: their addresses by name, and the folder that messages to voters go to."""

    folder: Path
    addresses: dict[str, str]
    invitation: str
    running: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    @property
    def outbox(self) -> Path:
        """The folder with the messages."""
        return self.folder / "outbox"

    def stop(self) -> None:
        """Ends the services."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def start_platform(folder: Path, sign_in_name: str) -> DemoPlatform:
    """Makes a platform in the new folder, and the account of its first administrator, and starts its services. Raises PsephosError."""
    folder.mkdir(mode=0o700, parents=True)
    for store in STORES:
        write_new(folder / f"{store}.keys", KeyRing.generate(store).to_json())
    for key in ("log.key", "witness.key"):
        write_new(folder / key, secrets.token_hex(32).encode())
    write_new(folder / "link.key", secrets.token_urlsafe(32).encode())
    finish([psephos("database", "upgrade", environment=_environment(folder, STORES))])
    ports = _free_ports(3)
    platform = DemoPlatform(folder, {name: f"http://127.0.0.1:{port}" for name, port in zip(_KNOWS, ports, strict=True)}, "")
    common = {
        "PSEPHOS_LOG_NAME": "demonstration.example/log", "PSEPHOS_FOLDER": str(folder / "staff"),
        "PSEPHOS_LINK": platform.addresses["staff"], "PSEPHOS_PAGE": f"{platform.addresses['voting']}/vote",
        "PSEPHOS_SUPPORT": "the demonstration has no help desk", "PSEPHOS_SENDER": "ballots@demonstration.example",
        "PSEPHOS_OUTBOX": str(platform.outbox), "PSEPHOS_HOSTS": "localhost",
    }  # fmt: skip
    person = ["--name", "First Administrator", "--email", f"{sign_in_name}@demonstration.example", "--sign-in-name", sign_in_name]
    first = psephos("accounts", "first", *person, environment=_environment(folder, ("accounts", "audit")) | common)
    platform.invitation = finish([first])[0].splitlines()[0].strip()
    for (name, stores), port in zip(_KNOWS.items(), ports, strict=True):
        surroundings = {**os.environ, **_environment(folder, stores), **common, "PSEPHOS_HOSTS": f"127.0.0.1:{port},localhost:{port}"}
        with (folder / f"{name}.log").open("wb") as log:
            command = [sys.executable, "-m", "cli", "serve", name, "--port", str(port)]
            platform.running[name] = subprocess.Popen(
                command, stdout=log, stderr=log, env=surroundings, cwd=Path(__file__).parent.parent, start_new_session=True
            )
    for name, port in zip(_KNOWS, ports, strict=True):
        _wait_for(platform, name, port)
    return platform


def write_secret(path: Path) -> Path:
    """A new random passphrase in a file."""
    write_new(path, secrets.token_urlsafe(18).encode())
    return path


def _environment(folder: Path, stores: Mapping[str, object] | tuple[str, ...]) -> dict[str, str]:
    """What a service with these databases is told. Keys come from files in the folder, as systemd hands them over."""
    named = {f"PSEPHOS_{store.upper()}_DATABASE": f"sqlite:///{folder}/{store}.db" for store in stores}
    others = {name: "" for name in os.environ if name.startswith("PSEPHOS_") and name.endswith(("_DATABASE", "_KEYS"))}
    if others:
        raise PsephosError(f"unset {', '.join(sorted(others))}: the demonstration has databases and keys of its own")
    return {"CREDENTIALS_DIRECTORY": str(folder), **named}


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _wait_for(platform: DemoPlatform, name: str, port: int) -> None:
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends:
        if platform.running[name].poll() is not None:
            break
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/ready")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.1)
    said = (platform.folder / f"{name}.log").read_text(errors="replace")[-2000:]
    platform.stop()
    raise PsephosError(f"the service {name} did not start: {said}")
