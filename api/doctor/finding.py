"""What a check answers, and what it is given."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from api.doctor.machine import Machine
from api.sealing import STORES

__all__ = ["SERVICES", "Check", "Finding", "Place"]

SERVICES: Mapping[str, tuple[str, ...]] = {
    "installation": STORES, "rolls": ("accounts", "audit", "elections", "users"), "staff": ("accounts", "audit", "elections", "voters"),
    "voting": ("voters",),
}  # fmt: skip
"""Which databases each service may know. "installation" is whoever upgrades databases."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong: `id` names the kind, `found` says what and where, `fix` what to do. A warning may be meant so."""

    id: str
    found: str
    fix: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """What is looked over: a service's environment on a machine, and the file of locked versions, if there is one. Nothing of it is shown
    but names of variables, paths and numbers."""

    environment: Mapping[str, str] = field(repr=False)
    machine: Machine
    service: str = "installation"
    lock: Path | None = None

    def addresses(self) -> dict[str, URL]:
        """The databases that the environment names in a form that can be read."""
        found = {}
        for store in STORES:
            text = self.environment.get(f"PSEPHOS_{store.upper()}_DATABASE")
            if text:
                try:
                    found[store] = make_url(text)
                except (ArgumentError, ValueError):
                    continue
        return found

    def files(self) -> dict[str, Path]:
        """Those that are SQLite files."""
        found = {store: url.database for store, url in self.addresses().items() if url.get_backend_name() == "sqlite"}
        return {store: Path(path) for store, path in found.items() if path and path != ":memory:"}

    @property
    def credentials(self) -> Path | None:
        """The folder of credentials."""
        folder = self.environment.get("CREDENTIALS_DIRECTORY")
        return Path(folder) if folder else None


Check = Callable[[Place], Iterator[Finding]]
"""A small function that answers what it has found."""
