"""Databases: private files, durable transactions, one version, and clear words when something is wrong."""

import os
import stat
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from api import store as stores
from api.errors import Overloaded, StoreError
from api.migrating import check_version, differences, upgrade
from api.sealing import STORES, KeyRing
from api.store import Store
from api.voters.models import TABLES, Seen
from tests.api.conftest import MakeStore


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:", "mysql://x/y", "postgresql://x/y", "postgresql+psycopg2://x/y"])
def test_other_kinds_of_database_are_refused(address: str) -> None:
    with pytest.raises((StoreError, ImportError)):
        Store("voters", address, KeyRing.generate("voters"), TABLES)


def test_a_sqlite_database_is_private_and_durable(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        store = Store("voters", f"sqlite:///{tmp_path}/new/voters.db", KeyRing.generate("voters"), TABLES)
        upgrade(store)
        with store.connection() as connection:
            names = ("journal_mode", "synchronous", "foreign_keys")
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}
            connection.execute(text("INSERT INTO seen VALUES (x'00')"))
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
    finally:
        os.umask(old)
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert set(modes) == {"voters.db", "voters.db-wal", "voters.db-shm"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    store.close()


def test_the_tables_are_those_that_are_declared(make_store: MakeStore) -> None:
    store = make_store("voters", TABLES)
    assert differences(store) == ""
    check_version(store)
    upgrade(store)
    with store.connection() as connection:
        connection.execute(text("ALTER TABLE seen ADD COLUMN more INTEGER"))
    assert "more" in differences(store)


def test_a_database_that_is_not_migrated_is_refused_with_the_command_to_run(tmp_path: Path) -> None:
    store = Store("voters", f"sqlite:///{tmp_path}/voters.db", KeyRing.generate("voters"), TABLES)
    with pytest.raises(StoreError, match="psephos database upgrade"):
        check_version(store)


def test_a_database_of_a_newer_program_is_left_alone(make_store: MakeStore) -> None:
    store = make_store("voters", TABLES)
    with store.connection() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'voters_9999'"))
    for call in (upgrade, check_version):
        with pytest.raises(StoreError, match="voters"):
            call(store)


def test_what_fails_in_the_middle_did_not_happen(make_store: MakeStore) -> None:
    store = make_store("voters", TABLES)

    def fail() -> None:
        with store.transaction() as session:
            session.add(Seen(value_index=b"1"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.reading() as session:
        assert session.get(Seen, b"1") is None


def test_a_reader_sees_one_state_while_others_write(make_store: MakeStore) -> None:
    store = make_store("voters", TABLES)
    with store.reading() as session:
        assert session.get(Seen, b"1") is None
        with store.transaction() as other:
            other.add(Seen(value_index=b"1"))
        session.expire_all()
        assert session.get(Seen, b"1") is None


def test_who_waits_too_long_is_told_to_try_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "_BUSY", 0.1)
    monkeypatch.setattr(stores, "_PRAGMAS", ("PRAGMA journal_mode=WAL", "PRAGMA busy_timeout=100"))
    store = Store("voters", f"sqlite:///{tmp_path}/voters.db", KeyRing.generate("voters"), TABLES)
    upgrade(store)
    ready, done = threading.Event(), threading.Event()

    def hold() -> None:
        with store.transaction():
            ready.set()
            done.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    ready.wait(60)
    try:
        with pytest.raises(Overloaded, match="nothing was stored") as refused, store.transaction() as session:
            session.get(Seen, b"1")
    finally:
        done.set()
        thread.join()
    assert refused.value.retry_after >= 1


def test_a_database_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "voters.db").write_bytes(b"something else" * 100)
    store = Store("voters", f"sqlite:///{tmp_path}/voters.db", KeyRing.generate("voters"), TABLES)
    with pytest.raises(StoreError, match="voters: the database cannot be used"), store.reading() as session:
        session.get(Seen, b"1")


def test_every_store_is_known_by_name() -> None:
    assert STORES == ("accounts", "audit", "elections", "users", "voters")
