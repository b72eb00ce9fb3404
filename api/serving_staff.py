"""The services of staff and of rolls as a server starts them: everything they need comes from the environment (`psephos serve`)."""

import os
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI

from api.accounts.database import AccountDatabase
from api.accounts.people import Person
from api.accounts.permissions import Period
from api.accounts.service import Accounts
from api.audit.log import AuditLog
from api.clock import Clock
from api.databases import open_store
from api.migrating import check_version
from api.pages import pages_folder, read_pages
from api.recording import Recording
from api.records.verifying import Verify
from api.rolls import RollDatabases, RollSettings, create_roll_app
from api.settings import Settings, SettingsError
from api.staff import Databases, StaffSettings, create_staff_app
from api.staff_settings import LinkSettings, MessageSettings, log_key, site_of, witness_key
from api.store import Store
from api.voters.database import VoterDatabase

__all__ = ["first_administrator", "rolls", "staff"]


def staff(verify: Verify) -> FastAPI:
    """The service of staff and trustees. It refuses to start if it is given the user database: it has the voters (SV-26)."""
    settings = _settings({"accounts", "audit", "elections", "voters"})
    clock, folder = Clock(), os.environ.get("PSEPHOS_FOLDER")
    if not folder:
        raise SettingsError("PSEPHOS_FOLDER is not set: it names a folder for counts and released records")
    (key, name), witness = log_key(os.environ), witness_key(os.environ)
    if witness.private_bytes_raw() == key.private_bytes_raw():
        raise SettingsError("PSEPHOS_WITNESS_KEY: is the key of the audit log, which the service for rolls has, too; make another one")
    accounts, elections, voters, audit = (_opened(settings, store) for store in ("accounts", "elections", "voters", "audit"))
    databases = Databases(AccountDatabase(accounts), elections, VoterDatabase(voters), AuditLog(audit, clock, key, f"{name}/audit"))
    own = StaffSettings(
        hosts=settings.hosts, site=site_of(settings), link_key=LinkSettings.read(os.environ).key,
        witness_key=witness, log_origin=name,
        folder=Path(folder), processes=settings.processes, verify=verify,
    )  # fmt: skip
    return create_staff_app(databases, own, clock, pages=read_pages(pages_folder()))


def first_administrator(name: str, email: str, sign_in_name: str, days: int) -> str:
    """The first account; answers the invitation. It needs the databases `accounts` and `audit`. Raises Conflict if there is one already."""
    settings, clock = Settings.read(os.environ), Clock()
    key, log_name = log_key(os.environ)
    accounts, audit = _opened(settings, "accounts"), _opened(settings, "audit")
    recording = Recording(AuditLog(audit, clock, key, f"{log_name}/audit"), clock)
    service = Accounts(AccountDatabase(accounts), clock, site_of(settings), recording.of_accounts)
    period = Period(clock.now(), clock.now() + timedelta(days=days))
    return service.people.bootstrap(Person(name, email, sign_in_name), period).invitation


def rolls() -> FastAPI:
    """The service for rolls and dispatch. It refuses to start if it is given the voter database: it has the people (SV-26)."""
    settings = _settings({"accounts", "audit", "elections", "users"})
    clock, messages = Clock(), MessageSettings.read(os.environ)
    key, name = log_key(os.environ)
    accounts, elections, users, audit = (_opened(settings, store) for store in ("accounts", "elections", "users", "audit"))
    databases = RollDatabases(AccountDatabase(accounts), elections, users, AuditLog(audit, clock, key, f"{name}/audit"))
    own = RollSettings(
        hosts=settings.hosts, link=LinkSettings.read(os.environ).link(), sender=messages.outbox, page=messages.page,
        support=messages.support, sender_address=messages.sender_address,
    )  # fmt: skip
    return create_roll_app(databases, own, clock)


def _settings(needed: Collection[str]) -> Settings:
    settings = Settings.read(os.environ)
    others = sorted(set(settings.databases) - set(needed))
    if others:
        raise SettingsError(f"this service must know {', '.join(sorted(needed))} alone, not {', '.join(others)}: unset PSEPHOS_…_DATABASE")
    if not settings.hosts:
        raise SettingsError("PSEPHOS_HOSTS is not set: it names the hosts the service answers to")
    return settings


def _opened(settings: Settings, name: str) -> Store:
    store = open_store(settings, name)
    check_version(store)
    return store
