"""Stores for the tests of the platform: each test that uses them runs with SQLite and with PostgreSQL."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import MetaData

from api.migrating import upgrade
from api.sealing import KeyRing
from api.store import Store
from tests.api.postgres import Server, server

MakeStore = Callable[[str, MetaData], Store]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with server() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeStore]:
    """Makes a new migrated store."""
    made: list[Store] = []

    def make(name: str, tables: MetaData) -> Store:
        address = f"sqlite:///{tmp_path / name}.db"
        if request.param == "postgresql":
            running: Server = request.getfixturevalue("postgres")
            address = running.address(running.new_database())
        store = Store(name, address, KeyRing.generate(name), tables)
        made.append(store)
        upgrade(store)
        return store

    yield make
    for store in made:
        store.close()
