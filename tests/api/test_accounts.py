"""Accounts belong to one person each, are made by an administrator, and show nothing to who reads the database (COP-084, SV-04)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from api.accounts.database import AccountDatabase
from api.accounts.errors import NotSignedIn
from api.accounts.models import TABLES, RecoveryStep
from api.accounts.people import Person
from api.accounts.sessions import INVITED_FOR
from api.auth import Principal, Role
from api.errors import ApiError, Conflict, Denied, Invalid, NotFound, SealError
from api.migrating import check_version, differences
from tests.api.conftest import MakeStore
from tests.api.staff import Staff, a_staff, person


@pytest.fixture
def staff(make_store: MakeStore) -> Staff:
    return a_staff(make_store)


# Refused


@pytest.mark.proves("COP-084.2")
@pytest.mark.parametrize(
    ("name", "email", "sign_in_name"),
    [
        ("", "eve@union.example", "eve"),
        ("   ", "eve@union.example", "eve"),
        ("Eve", "", "eve"),
        ("Eve", "eve", "eve"),
        ("Eve", "eve@union", "eve"),
        ("Eve", "eve@x@union.example", "eve"),
        ("Eve", "@union.example", "eve"),
        ("Eve", "eve@union.example", ""),
        ("Eve", "eve@union.example", "\u200b"),
        ("Eve\x00", "eve@union.example", "eve"),
        ("E" * 201, "eve@union.example", "eve"),
        ("Support", "eve@union.example", "eve"),
        ("Eve", "office@union.example", "eve"),
        ("Eve", "eve@union.example", "Admin"),
        ("Eve", "eve@union.example", " root "),
        ("Eve", "eve@union.example", "test@union.example"),
    ],
)
def test_there_is_no_shared_anonymous_or_default_account(name: str, email: str, sign_in_name: str) -> None:
    with pytest.raises(Invalid) as refused:
        Person(name, email, sign_in_name)
    assert "eve@" not in str(refused.value)


def test_a_new_database_lets_nobody_in(make_store: MakeStore) -> None:
    staff = Staff(AccountDatabase(make_store("accounts", TABLES)))
    assert staff.accounts.people.accounts() == ()
    for name in ("admin", "", "root", "psephos"):
        with pytest.raises(NotSignedIn):
            staff.accounts.sign_in.password(name, name)
    with pytest.raises(Denied):
        staff.accounts.grants.principal("", Role.ADMINISTRATOR)


def test_sv04_the_first_administrator_is_made_once(staff: Staff) -> None:
    with pytest.raises(Conflict):
        staff.accounts.people.bootstrap(person("eve"), staff.period())
    assert len(staff.accounts.people.accounts()) == 1


def test_sv04_two_that_set_up_at_once_make_one_administrator(make_store: MakeStore) -> None:
    staff = Staff(AccountDatabase(make_store("accounts", TABLES)))

    def attempt(name: str) -> bool:
        try:
            staff.accounts.people.bootstrap(person(name), staff.period())
        except ApiError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(attempt, ("ada", "eve", "bob", "cyd"))).count(True) == 1
    assert len(staff.accounts.people.accounts()) == 1


def test_sv04_only_an_administrator_of_now_makes_and_ends_accounts(staff: Staff) -> None:
    eve = staff.hire("eve")
    staff.appoint(eve, Role.SCRUTINEER, None, by=staff.principal(staff.ada))
    others = [Principal(eve.account_id, role) for role in Role if role is not Role.ADMINISTRATOR]
    made_up = [Principal(who, Role.ADMINISTRATOR) for who in (eve.account_id, "", "nobody")]
    for principal in (*others, *made_up, Principal(staff.ada.account_id, Role.ADMINISTRATOR, "one")):
        for attempt in (
            lambda who=principal: staff.accounts.people.create(who, person("mallory")),
            lambda who=principal: staff.accounts.people.invite(who, staff.ada.account_id),
            lambda who=principal: staff.accounts.people.end(who, staff.ada.account_id),
        ):
            with pytest.raises(Denied):
                attempt()


def test_nobody_resets_or_ends_themselves(staff: Staff) -> None:
    for act in (staff.accounts.people.invite, staff.accounts.people.end):
        with pytest.raises(Denied):
            act(staff.principal(staff.ada), staff.ada.account_id)


def test_one_account_for_each_name_and_address(staff: Staff) -> None:
    staff.hire("bob")
    for name, email in (("bob", "b.b@union.example"), (" BOB", "b.b@union.example"), ("bobby", "Bob@Union.example")):
        with pytest.raises(Conflict):
            staff.accounts.people.create(staff.principal(staff.ada), Person("Bob B", email, name))


def test_sv05_an_invitation_serves_once_for_a_week_and_for_nothing_else(staff: Staff) -> None:
    people, sign_in = staff.accounts.people, staff.accounts.sign_in
    invited = people.create(staff.principal(staff.ada), person("bob"))
    for attempt in (
        lambda: staff.accounts.sessions.full(invited.invitation),
        lambda: staff.accounts.enrolment.begin_one_time(invited.invitation),
        lambda: sign_in.one_time(invited.invitation, "000000"),
        lambda: sign_in.passkey_options(invited.invitation),
        lambda: sign_in.password("bob", ""),
        lambda: staff.accounts.recovery.new_codes(invited.invitation),
    ):
        with pytest.raises(NotSignedIn):
            attempt()
    with pytest.raises(Invalid):
        sign_in.accept(invited.invitation, "too short")
    sign_in.accept(invited.invitation, "long enough for a password")
    with pytest.raises(NotSignedIn):
        sign_in.accept(invited.invitation, "long enough for a password")

    late = people.create(staff.principal(staff.ada), person("cyd"))
    staff.later(INVITED_FOR)
    with pytest.raises(NotSignedIn):
        sign_in.accept(late.invitation, "long enough for a password")
    again = people.invite(staff.principal(staff.ada), late.account_id)
    sign_in.accept(again.invitation, "long enough for a password")


def test_sv05_a_new_password_by_invitation_leaves_the_second_factor_to_its_owner(staff: Staff) -> None:
    bob = staff.hire("bob")
    session = staff.sign_in(bob)
    invited = staff.accounts.people.invite(staff.principal(staff.ada), bob.account_id)
    with pytest.raises(NotSignedIn):
        staff.accounts.sessions.full(session)
    pending = staff.accounts.sign_in.accept(invited.invitation, "known to whoever stole the invitation")
    for attempt in (staff.accounts.enrolment.begin_one_time, staff.accounts.enrolment.begin_passkey):
        with pytest.raises(NotSignedIn):
            attempt(pending.token)
    with pytest.raises(NotSignedIn):
        staff.sign_in(bob)  # with the old password
    bob.password = "known to whoever stole the invitation"
    staff.sign_in(bob)


def test_an_ended_account_is_over_at_once(staff: Staff) -> None:
    bob = staff.hire("bob")
    staff.appoint(bob)
    session, pending = staff.sign_in(bob), staff.pending(bob)
    staff.accounts.people.end(staff.principal(staff.ada), bob.account_id)
    for attempt in (
        lambda: staff.accounts.authorise(session, Role.SCRUTINEER, "one"),
        lambda: staff.accounts.sign_in.one_time(pending, bob.code(staff.clock.now())),
        lambda: staff.sign_in(bob),
    ):
        with pytest.raises(NotSignedIn):
            attempt()
    with pytest.raises(Denied):
        staff.accounts.grants.principal(bob.account_id, Role.SCRUTINEER, "one")
    with pytest.raises(NotFound):
        staff.appoint(bob)
    assert [change.kind for change in staff.accounts.grants.changes("one")][-1] == "revoked"
    assert staff.accounts.people.person(bob.account_id).name == "Bob Lovelace-Smith"


# Stored


def test_the_tables_are_those_that_are_declared(make_store: MakeStore) -> None:
    store = make_store("accounts", TABLES)
    assert differences(store) == ""
    check_version(store)


@pytest.mark.proves("COP-085c")
def test_sv31_the_database_refuses_to_change_what_happened(staff: Staff) -> None:
    staff.appoint(staff.hire("bob"))
    staff.accounts.grants.freeze("one")
    for _ in range(2):
        staff.accounts.recovery.new_codes(staff.sign_in(staff.ada))  # the second time ends the first codes
    ada = staff.ada.account_id
    with staff.database.store.transaction() as session:
        session.add(RecoveryStep(request_id="r", step="asked", account_id=ada, by=ada, at=staff.clock.now()))
    for statement in (
        "UPDATE permission SET role = 'administrator'", "DELETE FROM permission",
        "UPDATE recovery_step SET step = 'approved'", "DELETE FROM recovery_step",
        "UPDATE frozen_list SET size = 99", "DELETE FROM frozen_list",
        "UPDATE account SET account_id = 'x'", "DELETE FROM account",
        "UPDATE second_factor SET confirmed = (1 = 0)", "UPDATE second_factor SET kind = 'passkey'", "DELETE FROM second_factor",
        "UPDATE recovery_code SET ended = (1 = 0)", "DELETE FROM recovery_code",
        "UPDATE sign_in_session SET stage = 'full'", "UPDATE sign_in_session SET started = '2030-01-01 00:00:00'",
        "UPDATE sign_in_session SET ended = (1 = 0)",
    ):  # fmt: skip
        with pytest.raises(DBAPIError, match="never|may change"), staff.database.store.connection() as connection:
            connection.execute(text(statement))


@pytest.mark.proves("COP-085b")
def test_nothing_personal_or_secret_is_in_the_database_or_the_records(make_store: MakeStore, tmp_path: Path) -> None:
    staff = a_staff(make_store)
    bob = staff.hire("bob")
    token = staff.sign_in(bob)
    codes = staff.accounts.recovery.new_codes(token)
    secrets = [bob.name, "Lovelace", "union.example", bob.password, "argon2", bob.secret, token, codes[0], codes[0].replace("-", "")]
    with staff.database.store.engine.connect() as connection:
        rows = [
            row for table in TABLES.sorted_tables for row in connection.execute(text(f"SELECT * FROM {table.name}"))  # noqa: S608
        ]
    stored = b"\n".join(bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode() for row in rows for value in row)
    assert len(stored) > 2000
    for secret in secrets:
        assert secret.encode() not in stored
        assert secret not in repr(staff.events)
    assert bob.account_id in repr(staff.events)


def test_what_is_sealed_for_one_account_opens_in_no_other(staff: Staff) -> None:
    bob = staff.hire("bob")
    with staff.database.store.connection() as connection:
        rows = {row.account_id: row for row in connection.execute(text("SELECT * FROM account"))}
        swap = {"mine": rows[bob.account_id].password, "id": staff.ada.account_id}
        connection.execute(text("UPDATE account SET password = :mine WHERE account_id = :id"), swap)
    with pytest.raises(SealError):
        staff.accounts.sign_in.password("ada", bob.password)


def test_who_does_not_record_does_nothing(make_store: MakeStore) -> None:
    staff = a_staff(make_store)
    principal = staff.principal(staff.ada)

    def refuse(event: str, details: object) -> None:
        raise OSError("the log is full")

    staff.accounts.people._record = refuse
    with pytest.raises(OSError, match="full"):
        staff.accounts.people.create(principal, person("bob"))
    assert len(staff.accounts.people.accounts()) == 1


def test_accounts_are_found_by_name_whatever_its_capitals(staff: Staff) -> None:
    bob = staff.hire("bob")
    bob.name = " BoB "
    staff.later(timedelta(minutes=1))
    staff.sign_in(bob)
