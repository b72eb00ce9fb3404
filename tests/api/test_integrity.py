"""Whoever owns the voter database can edit it, triggers or not: the check finds each edit (SV-16)."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from api.store import Store
from api.voters.ballot_box import check
from api.voters.integrity import check_integrity
from engine.encoding import to_json
from tests.api.conftest import MakeStore
from tests.api.voting import ELECTION, Voting, a_voting, checked
from tests.engine.elections import NO, SPOIL, YES, a_ballot

EVIDENCE = ("voter", "access_method", "vote", "vote_status", "challenged", "seen", "log_head", "log_leaf")
UNBOUND = {("access_method", "ended"), ("access_method", "checks"), ("access_method", "opened"), ("access_method", "refused")}
"""See the docstring of the module: what became of an unused code shows to its voter alone."""


@pytest.fixture
def voting(make_store: MakeStore) -> Voting:
    """Four voters of whom three have voted; one vote is discounted, one ballot was challenged."""
    voting = a_voting(make_store)
    codes = voting.voters(4)
    for code, choice in zip(codes, (YES, NO, SPOIL), strict=False):
        voting.cast(code, checked(choice))
    again = voting.box.discount(voting.window, "voter 1", b"decision", "post")
    voting.cast(again)
    ballot, opening = a_ballot(ELECTION, NO)
    voting.box.challenge(voting.window, codes[3], check(to_json(ballot), 1, ELECTION), to_json(opening))
    assert check_integrity(voting.database).findings == []
    return voting


@contextmanager
def owner(store: Store) -> Iterator[Any]:
    """What the owner of a database can do: no trigger and no foreign key stands in the way."""
    url = store.engine.url
    if store.is_sqlite:
        connection: Any = sqlite3.connect(str(url.database), isolation_level=None)
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
    else:
        connection = psycopg.connect(host=str(url.query["host"]), user="psephos", dbname=url.database, autocommit=True)
        connection.execute("SET session_replication_role = replica")
    try:
        yield connection
    finally:
        connection.close()


def as_owner(store: Store, *statements: str) -> None:
    with owner(store) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0, statement


def edits(store: Store, table: str) -> dict[str, str]:
    """For each column, what its owner could write there instead, in one row."""
    found: dict[str, str] = {}
    bound = "X'{}'" if store.is_sqlite else "'\\x{}'::bytea"
    for column in store.tables.tables[table].columns:
        name, kind = column.name, str(column.type)
        other = {"VARCHAR": f"'{'cd' * 32}'", "INTEGER": f"{name} + 7", "BOOLEAN": "NOT ended"}.get(kind, bound.format("5a" * 32))
        found[name] = f"UPDATE {table} SET {name} = {other} WHERE {name} = {smallest(table, name)}"  # noqa: S608
    return found


def smallest(table: str, column: str) -> str:
    return f"(SELECT {column} FROM {table} ORDER BY {column} LIMIT 1)"  # noqa: S608


@pytest.mark.proves("COP-075.1")
@pytest.mark.proves("COP-105c-i-d")
@pytest.mark.parametrize("table", EVIDENCE)
def test_sv16_an_edit_of_any_column_of_the_evidence_is_found(voting: Voting, table: str) -> None:
    store = voting.database.store
    for column, statement in edits(store, table).items():
        if (table, column) not in UNBOUND:
            kept = rows(store, table)
            as_owner(store, statement)
            assert check_integrity(voting.database).count, statement
            put_back(store, table, kept)
            assert check_integrity(voting.database).findings == [], statement


@pytest.mark.proves("COP-105c-iii-2")
@pytest.mark.parametrize("table", ["vote", "challenged", "seen", "log_head", "log_leaf"])
def test_sv16_a_row_taken_away_is_found(voting: Voting, table: str) -> None:
    """But a voter, a code or a decision: a voter or code that is gone is missed by whose it is, and decisions stand in the audit log."""
    key = list(voting.database.store.tables.tables[table].primary_key.columns)[-1].name
    as_owner(voting.database.store, f"DELETE FROM {table} WHERE {key} = {smallest(table, key)}")  # noqa: S608
    assert check_integrity(voting.database).count


def test_sv16_two_votes_exchanged_are_found(voting: Voting) -> None:
    """The bytes of one vote in the row of another, sealed as they were."""
    store = voting.database.store
    as_owner(store, "UPDATE vote SET sealed = (SELECT sealed FROM vote ORDER BY ballot_index LIMIT 1) "
             "WHERE ballot_index = (SELECT ballot_index FROM vote ORDER BY ballot_index DESC LIMIT 1)")  # fmt: skip
    assert any(each.table == "vote" for each in check_integrity(voting.database).findings)


def test_sv16_a_code_revived_after_the_vote_is_found(voting: Voting) -> None:
    as_owner(voting.database.store, "UPDATE access_method SET ended = FALSE")
    assert [each.what for each in check_integrity(voting.database).findings] == ["ended: a code is alive whose voter has voted"]


def test_sv16_another_period_or_manifest_is_found(voting: Voting) -> None:
    as_owner(voting.database.store, "UPDATE voting_window SET closes = '2031-01-01 00:00:00+00:00'")
    assert [each.table for each in check_integrity(voting.database).findings] == ["voting_window"]


def test_sv16_a_data_key_that_was_changed_is_found(voting: Voting) -> None:
    as_owner(voting.database.store, "UPDATE data_key SET sealed = (SELECT sealed FROM data_key WHERE name = 'outbox')")
    assert [each.table for each in check_integrity(voting.database).findings] == ["data_key"]


def test_no_finding_names_a_row(voting: Voting) -> None:
    as_owner(voting.database.store, "UPDATE vote SET evidence = sealed")
    found = check_integrity(voting.database)
    said = {str(each) for each in found.findings}
    assert f"vote, ballot {voting.election_id[:16]}…: sealed or another column of the row was changed" in said
    for row in rows(voting.database.store, "vote"):
        assert not any(bytes(row[0]).hex()[:8] in each for each in said)


def rows(store: Store, table: str) -> list[tuple[Any, ...]]:
    with owner(store) as connection:
        return [tuple(row) for row in connection.execute(f"SELECT * FROM {table}").fetchall()]  # noqa: S608


def put_back(store: Store, table: str, kept: list[tuple[Any, ...]]) -> None:
    mark = "?" if store.is_sqlite else "%s"
    with owner(store) as connection:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608
        connection.cursor().executemany(f"INSERT INTO {table} VALUES ({', '.join(mark for _ in kept[0])})", kept)  # noqa: S608
