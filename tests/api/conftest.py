"""Stores for the tests of the platform: each test that uses them runs with SQLite and with PostgreSQL."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import MetaData

from api.migrating import upgrade
from api.sealing import KeyRing
from api.store import Store
from tests.api.postgres import Server, server

LEAST_RIGHTS = "PSEPHOS_LEAST_RIGHTS" in os.environ
"""Whether stores in PostgreSQL are used with the accounts of `deploy/postgresql.sql`, as in production: one full run in a while shows that
these have all the rights that the services need."""

MakeStore = Callable[[str, MetaData], Store]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with server() as running:
        yield running


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    """Databases that were migrated once, to be copied: by kind and name of store, a file or a PostgreSQL database."""
    return {("sqlite", "folder"): str(tmp_path_factory.mktemp("migrated"))}


@pytest.fixture(params=["sqlite", "postgresql"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path, migrated: dict[tuple[str, str], str]) -> Iterator[MakeStore]:
    """Makes a new migrated store."""
    kind: str = request.param
    made: list[Store] = []

    def migrate(name: str, tables: MetaData) -> str:
        place = f"{migrated['sqlite', 'folder']}/{name}.db"
        address: object = f"sqlite:///{place}"
        if kind == "postgresql":
            running: Server = request.getfixturevalue("postgres")
            place = running.new_database()
            address = running.address(place)
        if kind == "postgresql" and LEAST_RIGHTS:
            running.grant(name, place)
            address = running.address(place, f"psephos_{name}_owner")
        store = Store(name, address, KeyRing.generate(name), tables)  # type: ignore[arg-type]
        upgrade(store)
        store.close()
        if kind == "postgresql" and LEAST_RIGHTS:
            running.grant(name, place)
        return place

    def make(name: str, tables: MetaData) -> Store:
        if (kind, name) not in migrated:
            migrated[kind, name] = migrate(name, tables)
        if kind == "postgresql":
            running: Server = request.getfixturevalue("postgres")
            account = f"psephos_{name}" if LEAST_RIGHTS else "psephos"
            store = Store(name, running.address(running.new_database(migrated[kind, name]), account), KeyRing.generate(name), tables)
        else:
            shutil.copyfile(migrated[kind, name], tmp_path / f"{name}.db")
            store = Store(name, f"sqlite:///{tmp_path / name}.db", KeyRing.generate(name), tables)
        made.append(store)
        return store

    yield make
    for store in made:
        store.close()
