"""`deploy/postgresql.sql` on a real server: each service's account reaches its own store, and changes no evidence in it (SV-16, SV-26)."""

from collections.abc import Iterator
from itertools import permutations

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.exc import ProgrammingError

from api.audit.models import TABLES as AUDIT_TABLES
from api.clock import Clock
from api.databases import KNOWN
from api.doctor.postgresql import EVIDENCE
from api.errors import StoreError
from api.migrating import check_version, upgrade
from api.sealing import STORES, KeyRing
from api.store import Store
from api.voters.ballot_box import BallotBox, check
from api.voters.database import VoterDatabase
from api.voters.presented import Refusals, uses
from engine.encoding import to_json
from tests.api.postgres import Server
from tests.api.voting import ELECTION, Voting, checked
from tests.engine.elections import NO, a_ballot


@pytest.fixture(scope="module")
def installed(postgres: Server) -> Iterator[Server]:
    """All five stores, as the installation makes them: the file, the upgrade by the owner, the file again."""
    for store in STORES:
        postgres.grant(store)
        made = Store(store, postgres.address(f"psephos_{store}", f"psephos_{store}_owner"), KeyRing.generate(store), KNOWN[store][0])
        upgrade(made)
        made.close()
        postgres.grant(store)
        postgres.grant(store)
    yield postgres
    postgres.run(*(f"DROP DATABASE psephos_{store} WITH (FORCE)" for store in STORES))


def connect(server: Server, account: str, database: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(host=str(server.folder), user=account, dbname=database, autocommit=True)


@pytest.mark.proves("COP-078")
@pytest.mark.proves("COP-079a")
def test_sv26_an_account_reaches_its_own_database_alone(installed: Server) -> None:
    for own, other in permutations(STORES, 2):
        for account in (f"psephos_{own}", f"psephos_{own}_owner"):
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                connect(installed, account, f"psephos_{other}")
    for store in STORES:
        for database in ("postgres", "template1"):
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                connect(installed, f"psephos_{store}", database)


@pytest.mark.parametrize(("store", "table"), [(store, table) for store, tables in EVIDENCE.items() for table in tables])
def test_sv16_a_service_cannot_change_or_delete_evidence(installed: Server, store: str, table: str) -> None:
    """Neither any column, nor a row, nor all of them; nor can it take away what refuses that."""
    name = sql.Identifier(table)
    with connect(installed, f"psephos_{store}", f"psephos_{store}") as connection:
        query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
        columns = [row[0] for row in connection.execute(query, [table])]
        assert columns
        attempts = [sql.SQL("UPDATE {} SET {} = NULL").format(name, sql.Identifier(str(column))) for column in columns]
        attempts += [sql.SQL(text).format(name) for text in (
            "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}", "ALTER TABLE {} DISABLE TRIGGER ALL", "ALTER TABLE {} RENAME TO elsewhere",
            "CREATE TRIGGER t BEFORE INSERT ON {} EXECUTE FUNCTION suppress_redundant_updates_trigger()",
            "CREATE RULE r AS ON INSERT TO {} DO INSTEAD NOTHING",
        )]  # fmt: skip
        for attempt in attempts:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(attempt)
        connection.execute(sql.SQL("GRANT ALL ON {} TO PUBLIC").format(name))  # PostgreSQL only warns that it gives nothing
        query = "SELECT count(*) FROM pg_class, aclexplode(relacl) WHERE relname = %s AND grantee = 0"
        assert connection.execute(query, [table]).fetchone() == (0,)


@pytest.mark.parametrize("store", STORES)
def test_a_service_makes_nothing_and_becomes_nobody(installed: Server, store: str) -> None:
    with connect(installed, f"psephos_{store}", f"psephos_{store}") as connection:
        for attempt in (
            "CREATE TABLE vote2 (a int)", "CREATE SCHEMA s", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "CREATE ROLE r",
            "CREATE DATABASE d", "SET session_replication_role = replica", f"SET ROLE psephos_{store}_owner", "SET ROLE psephos",
            "COPY alembic_version TO PROGRAM 'cat'", "SELECT pg_read_file('PG_VERSION')", "UPDATE alembic_version SET version_num = 'x'",
            "INSERT INTO alembic_version VALUES ('x')", "CREATE EXTENSION dblink",
        ):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(attempt)
        more = "rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls"
        assert connection.execute(f"SELECT {more} FROM pg_roles WHERE rolname = current_user").fetchone() == (False,)  # noqa: S608
        assert connection.execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_a_ballot_is_held_with_the_service_account_and_no_other_right(installed: Server) -> None:
    store = Store("voters", installed.address("psephos_voters", "psephos_voters"), KeyRing.generate("voters"), KNOWN["voters"][0])
    check_version(store)
    other = Store("audit", installed.address("psephos_voters", "psephos_voters"), KeyRing.generate("audit"), AUDIT_TABLES)
    with pytest.raises((StoreError, ProgrammingError)):
        upgrade(other)
    other.close()
    voting = Voting(VoterDatabase(store))
    codes = voting.voters(3)
    voting.cast(codes[0])
    voting.cast(codes[1], checked(NO))
    voting.box.open_form(voting.window, codes[2])
    refusals = Refusals(voting.database, voting.clock)
    refusals.note(voting.window, codes[0])
    refusals.write()
    ballot, opening = a_ballot(ELECTION, NO)
    voting.box.challenge(voting.window, codes[2], check(to_json(ballot), 1, ELECTION), to_json(opening))
    voting.close()
    assert sum(1 for _ in BallotBox(voting.database, Clock()).ballots(voting.window)) == 3
    assert sorted((each.opened, each.refused) for each in uses(voting.database, voting.window)) == [(0, 1), (1, 0)]
    with connect(installed, "psephos_voters", "psephos_voters") as connection:
        for table in ("voter", "access_method", "voting_window"):  # of these some columns may be changed; the trigger stands behind
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.RestrictViolation)):
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        with pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute("UPDATE voter SET voter_index = voter_index || '\\x00'::bytea")
        with pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute("UPDATE access_method SET ended = false WHERE ended")
    store.close()


def test_a_right_given_by_hand_is_taken_away_when_the_file_is_run_again(installed: Server) -> None:
    given = "GRANT ALL ON vote TO psephos_voters, PUBLIC", "GRANT UPDATE (sealed) ON vote_status TO psephos_voters"
    installed.run(*given, database="psephos_voters")
    installed.run("ALTER ROLE psephos_voters SUPERUSER")
    installed.grant("voters")
    with connect(installed, "psephos_voters", "psephos_voters") as connection:
        for statement in ("DELETE FROM vote", "UPDATE vote_status SET sealed = NULL"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_an_unknown_store_makes_nothing(postgres: Server) -> None:
    with pytest.raises(AssertionError, match="division by zero"):
        postgres.grant("everything")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(postgres, "psephos_everything", "psephos_everything")
