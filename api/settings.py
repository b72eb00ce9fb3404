"""What a service is told by its environment. Nothing here has a default that would be a secret, and nothing secret is shown."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

from api.errors import ApiError
from api.sealing import STORES, EnvironmentKeys, KeyProvider, KeyRing

__all__ = ["CredentialKeys", "Settings", "SettingsError"]


class SettingsError(ApiError):
    """The environment lacks something, or has something that cannot be used. The message names the variable."""


@dataclass(frozen=True, slots=True)
class CredentialKeys:
    """Keys from files <store>.keys in a folder that only the service can read, as systemd hands over credentials; else from
    `environment`."""

    folder: Path | None
    environment: EnvironmentKeys = field(repr=False)

    def ring(self, store: str) -> KeyRing:
        """The keys of a database. Raises KeysMissing."""
        path = self.folder / f"{store}.keys" if self.folder else None
        if path is not None and path.is_file():
            return KeyRing.from_json(store, path.read_bytes())
        return self.environment.ring(store)


@dataclass(frozen=True, slots=True)
class Settings:
    """Where databases are by the name of their store, their keys, the host names a service answers to, our own proxies, how many processes
    check proofs, how many ballots may wait for them, where this machine alone can read numbers about the service, if anywhere, and
    how voters get help. `psephos serve --help` names the variables."""

    databases: Mapping[str, str] = field(repr=False)
    keys: KeyProvider = field(repr=False)
    hosts: tuple[str, ...]
    proxies: tuple[IPv4Network | IPv6Network, ...]
    processes: int
    waiting: int
    metrics: tuple[str, int] | None = None
    support: str = ""

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """From variables. Raises SettingsError."""
        databases = {store: environment[name] for store in STORES if (name := f"PSEPHOS_{store.upper()}_DATABASE") in environment}
        folder = environment.get("CREDENTIALS_DIRECTORY")
        return cls(
            databases=databases,
            keys=CredentialKeys(Path(folder) if folder else None, EnvironmentKeys(environment)),
            hosts=_list(environment, "PSEPHOS_HOSTS"),
            proxies=_networks(environment, "PSEPHOS_PROXIES"),
            processes=_number(environment, "PSEPHOS_PROCESSES", 2),
            waiting=_number(environment, "PSEPHOS_WAITING", 64),
            metrics=_loopback(environment, "PSEPHOS_METRICS"),
            support=environment.get("PSEPHOS_SUPPORT", "").strip(),
        )

    def database(self, store: str) -> str:
        """The address of a database. Raises SettingsError."""
        if store not in self.databases:
            raise SettingsError(f"PSEPHOS_{store.upper()}_DATABASE is not set: it says where the database is")
        return self.databases[store]


def _list(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in environment.get(name, "").split(",") if part.strip())


def _networks(environment: Mapping[str, str], name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(part) for part in _list(environment, name))
    except ValueError:
        raise SettingsError(f"{name}: expected addresses or networks like 10.0.0.0/8, with commas") from None


def _loopback(environment: Mapping[str, str], name: str) -> tuple[str, int] | None:
    text = environment.get(name, "")
    if not text:
        return None
    host, _, port = text.rpartition(":")
    try:
        address, number = ip_address(host.strip("[]")), int(port)
    except ValueError:
        raise SettingsError(f"{name}: expected an address and a port of this machine, like 127.0.0.1:9464") from None
    if not address.is_loopback or not 1 <= number <= 65535:
        raise SettingsError(f"{name}: expected an address that this machine alone can reach, like 127.0.0.1:9464")
    return str(address), number


def _number(environment: Mapping[str, str], name: str, usual: int) -> int:
    text = environment.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 10_000):
        raise SettingsError(f"{name}: expected a number from 1 to 10000")
    return int(text)
