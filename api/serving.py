"""Services as a server starts them: everything they need comes from the environment (`api.settings`)."""

import os

from fastapi import FastAPI

from api.app import VotingSettings, create_voting_app
from api.clock import Clock
from api.migrating import check_version
from api.pages import pages_folder, read_pages
from api.settings import Settings, SettingsError
from api.store import Store
from api.voters.database import VoterDatabase
from api.voters.models import TABLES

__all__ = ["voting"]


def voting() -> FastAPI:
    """The voting service. It refuses to start if it is given any other database: whoever serves voters cannot reach people (SV-26)."""
    settings = Settings.read(os.environ)
    others = sorted(set(settings.databases) - {"voters"})
    if others:
        raise SettingsError(f"the voting service must know the voter database alone, not {', '.join(others)}: unset PSEPHOS_…_DATABASE")
    if not settings.hosts:
        raise SettingsError("PSEPHOS_HOSTS is not set: it names the hosts the service answers to")
    store = Store("voters", settings.database("voters"), settings.keys.ring("voters"), TABLES)
    check_version(store)
    own = VotingSettings(settings.hosts, settings.proxies, settings.processes, settings.waiting, support=settings.support)
    return create_voting_app(VoterDatabase(store), own, Clock(), pages=read_pages(pages_folder()))
