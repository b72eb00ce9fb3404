"""Nobody gets in with one factor, by guessing, or with what was used before (COP-084.2, COP-085b, SV-05, SV-06)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pyotp
import pytest

from api.accounts.attempts import FREE, LONGEST_PAUSE, WINDOW
from api.accounts.errors import NotSignedIn
from api.accounts.passwords import Passwords
from api.accounts.second_factors import Kind
from api.accounts.service import Accounts
from api.accounts.sessions import ABSOLUTE, IDLE, PENDING_FOR
from api.auth import Role
from api.errors import ApiError, Conflict, Denied, Invalid, NotFound
from tests.api.conftest import MakeStore
from tests.api.staff import SITE, Member, Staff, a_staff, person


@pytest.fixture
def staff(make_store: MakeStore) -> Staff:
    return a_staff(make_store)


def refused(attempt: Callable[[], object]) -> tuple[type, str, int, str]:
    """What is told to somebody who is refused."""
    with pytest.raises(NotSignedIn) as error:
        attempt()
    return type(error.value), str(error.value), error.value.status, error.value.title


def guess(staff: Staff, member: Member, times: int = FREE) -> None:
    for _ in range(times):
        refused(lambda: staff.accounts.sign_in.password(member.name, "a wrong password"))


# Refused


@pytest.mark.proves("COP-084.2")
@pytest.mark.parametrize("factor", ["app", "none yet"])
def test_sv05_a_pending_session_opens_nothing_but_the_second_step(staff: Staff, factor: str) -> None:
    if factor == "app":
        pending = staff.pending(staff.ada)
    else:
        invited = staff.accounts.people.create(staff.principal(staff.ada), person("bob"))
        pending = staff.accounts.sign_in.accept(invited.invitation, "long enough for a password").token
    for attempt in (
        lambda: staff.accounts.sessions.full(pending),
        lambda: staff.accounts.recovery.new_codes(pending),
        lambda: staff.accounts.enrolment.factors(pending),
        lambda: staff.accounts.enrolment.end_factor(pending, "x"),
        lambda: staff.accounts.sign_in.change_password(pending, staff.ada.password, "another good password"),
        lambda: staff.accounts.sign_in.accept(pending, "another good password"),
        *[lambda role=role: staff.accounts.authorise(pending, role) for role in Role],
    ):
        refused(attempt)


def test_sv05_who_has_a_second_factor_gets_no_other_one_by_the_password_alone(staff: Staff) -> None:
    pending = staff.pending(staff.ada)
    enrolment = staff.accounts.enrolment
    for attempt in (
        lambda: enrolment.begin_one_time(pending),
        lambda: enrolment.confirm_one_time(pending, "000000"),
        lambda: enrolment.begin_passkey(pending),
        lambda: enrolment.confirm_passkey(pending, "{}"),
    ):
        refused(attempt)


def test_every_refusal_has_the_same_words(staff: Staff) -> None:
    sign_in, ada = staff.accounts.sign_in, staff.ada
    bob = staff.hire("bob")
    gone = staff.hire("gone")
    staff.accounts.people.end(staff.principal(ada), gone.account_id)
    staff.accounts.people.create(staff.principal(ada), person("new"))
    pending = staff.pending(bob)
    said = {
        refused(lambda: sign_in.password("nobody", "a wrong password")),
        refused(lambda: sign_in.password("", "")),
        refused(lambda: sign_in.password("\ud800", "\ud800")),
        refused(lambda: sign_in.password("bob", "a wrong password")),
        refused(lambda: sign_in.password("gone", gone.password)),
        refused(lambda: sign_in.password("new", "a wrong password")),
        refused(lambda: sign_in.one_time(pending, bob.wrong_code(staff.clock.now()))),
        refused(lambda: sign_in.passkey(pending, "{}")),
        refused(lambda: sign_in.one_time("no token", "000000")),
        refused(lambda: staff.accounts.recovery.ask(pending, "0000-0000-0000-0000")),
        refused(lambda: staff.accounts.sessions.full("")),
    }
    guess(staff, bob)
    said.add(refused(lambda: staff.pending(bob)))
    assert len(said) == 1


def test_sv05_unknown_names_are_derived_counted_and_recorded_as_known_ones_are(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    derived: list[bool] = []
    monkeypatch.setattr(staff.accounts.sign_in._passwords, "verify", lambda password, encoded: derived.append(encoded is None) or False)
    staff.events.clear()
    for name in ("nobody", "ada"):
        refused(lambda name=name: staff.accounts.sign_in.password(name, "a wrong password"))
    assert derived == [True, False]
    assert staff.events == [
        ("sign-in failed", {"account": "unknown", "step": "password"}),
        ("sign-in failed", {"account": staff.ada.account_id, "step": "password"}),
    ]


# One-time passwords


def test_sv05_a_code_serves_once_even_for_many_at_the_same_moment(staff: Staff) -> None:
    code = staff.ada.code(staff.clock.now())
    tokens = [staff.pending(staff.ada) for _ in range(4)]

    def attempt(token: str) -> bool:
        try:
            staff.accounts.sign_in.one_time(token, code)
        except ApiError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, tokens)) == [False, False, False, True]


def test_sv05_no_code_of_a_used_or_earlier_step_serves_again(staff: Staff) -> None:
    now = staff.clock.now()
    earlier, current, following = (staff.ada.code(now + timedelta(seconds=30 * step)) for step in (-1, 0, 1))
    staff.accounts.sign_in.one_time(staff.pending(staff.ada), current)
    for code in (current, earlier):
        refused(lambda code=code: staff.accounts.sign_in.one_time(staff.pending(staff.ada), code))
    staff.accounts.sign_in.one_time(staff.pending(staff.ada), following)
    staff.later(timedelta(seconds=30))
    refused(lambda: staff.accounts.sign_in.one_time(staff.pending(staff.ada), following))


def test_sv05_the_code_that_confirmed_the_app_does_not_sign_in(staff: Staff) -> None:
    invited = staff.accounts.people.create(staff.principal(staff.ada), person("bob"))
    pending = staff.accounts.sign_in.accept(invited.invitation, "long enough for a password")
    assert pending.kinds == frozenset()
    code = pyotp.TOTP(staff.accounts.enrolment.begin_one_time(pending.token).secret).at(staff.clock.now())
    staff.accounts.enrolment.confirm_one_time(pending.token, code)
    again = staff.accounts.sign_in.password("bob", "long enough for a password")
    assert again.kinds == {Kind.ONE_TIME}
    refused(lambda: staff.accounts.sign_in.one_time(again.token, code))


def test_sv05_a_code_is_not_taken_two_steps_early_or_late(staff: Staff) -> None:
    staff.later(timedelta(minutes=10))
    for steps in (-2, 2, 3, -10):
        code = staff.ada.code(staff.clock.now() + timedelta(seconds=30 * steps))
        refused(lambda code=code: staff.accounts.sign_in.one_time(staff.pending(staff.ada), code))


def test_sv05_a_code_in_another_form_is_no_code(staff: Staff) -> None:
    code = staff.ada.code(staff.clock.now())
    wide = code.translate({ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"})
    for typed in ("", code + "0", code[:5], wide, f"-{code}"):
        staff.later(timedelta(hours=3))
        refused(lambda typed=typed: staff.accounts.sign_in.one_time(staff.pending(staff.ada), typed))


def test_a_code_may_be_typed_in_two_groups(staff: Staff) -> None:
    code = staff.ada.code(staff.clock.now())
    staff.accounts.sign_in.one_time(staff.pending(staff.ada), f"{code[:3]} {code[3:]}")


def test_sv05_nobody_is_left_without_a_second_factor(staff: Staff) -> None:
    token = staff.sign_in(staff.ada)
    (only,) = staff.accounts.enrolment.factors(token)
    with pytest.raises(Conflict):
        staff.accounts.enrolment.end_factor(token, only.factor_id)
    with pytest.raises(NotFound):
        staff.accounts.enrolment.end_factor(staff.sign_in(staff.hire("bob")), only.factor_id)
    secret = staff.accounts.enrolment.begin_one_time(token).secret
    with pytest.raises(Invalid):
        staff.accounts.enrolment.confirm_one_time(token, staff.ada.code(staff.clock.now()))
    assert staff.accounts.enrolment.confirm_one_time(token, pyotp.TOTP(secret).at(staff.clock.now())).token == token
    staff.accounts.enrolment.end_factor(token, only.factor_id)
    staff.later()
    refused(lambda: staff.sign_in(staff.ada))
    staff.ada.secret = secret
    staff.sign_in(staff.ada)


# Guessing


def test_sv05_after_five_wrong_passwords_the_right_one_is_refused_for_growing_times(staff: Staff) -> None:
    for failures, minutes in enumerate((1, 2, 4, 8, 16, 32, 60, 60), FREE):
        guess(staff, staff.ada, FREE if failures == FREE else 1)
        refused(lambda: staff.pending(staff.ada))
        staff.later(timedelta(minutes=minutes, microseconds=-1))
        refused(lambda: staff.pending(staff.ada))
        staff.later(timedelta(microseconds=1))
        staff.pending(staff.ada)
    assert timedelta(minutes=minutes) == LONGEST_PAUSE


def test_sv05_the_right_password_does_not_buy_more_guesses_of_codes(staff: Staff) -> None:
    for _ in range(FREE):
        token = staff.pending(staff.ada)
        refused(lambda token=token: staff.accounts.sign_in.one_time(token, staff.ada.wrong_code(staff.clock.now())))
    refused(lambda: staff.accounts.sign_in.one_time(token, staff.ada.code(staff.clock.now())))
    refused(lambda: staff.pending(staff.ada))
    staff.later()
    staff.sign_in(staff.ada)


def test_sv05_recovery_codes_and_old_passwords_are_counted_with_the_rest(staff: Staff) -> None:
    token, pending = staff.sign_in(staff.ada), staff.pending(staff.ada)
    guess(staff, staff.ada, 2)
    refused(lambda: staff.accounts.recovery.ask(pending, "0000-0000-0000-0000"))
    for _ in range(2):
        refused(lambda: staff.accounts.sign_in.change_password(token, "a wrong password", "another good password"))
    refused(lambda: staff.accounts.sign_in.change_password(token, staff.ada.password, "another good password"))
    refused(lambda: staff.pending(staff.ada))


def test_sv05_many_guesses_at_the_same_moment_are_no_more_than_one_after_another(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[int] = []
    verify = staff.accounts.sign_in._passwords.verify
    monkeypatch.setattr(staff.accounts.sign_in._passwords, "verify", lambda *given: looked_at.append(1) or verify(*given))

    def attempt(number: int) -> bool:
        try:
            staff.accounts.sign_in.password("ada", staff.ada.password if number >= FREE else "a wrong password")
        except ApiError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert not any(list(pool.map(attempt, range(FREE))))
    with ThreadPoolExecutor(4) as pool:
        assert not any(pool.map(attempt, range(FREE, FREE + 8)))
    assert len(looked_at) == FREE + 8  # those that are stopped take as long


def test_sv05_counts_are_in_the_database_and_survive_a_restart(staff: Staff) -> None:
    guess(staff, staff.ada)
    staff.accounts = Accounts(staff.database, staff.clock, SITE, staff.record, staff.accounts.sign_in._passwords)
    refused(lambda: staff.pending(staff.ada))


def test_four_wrong_passwords_are_forgotten_after_a_while_or_a_sign_in(staff: Staff) -> None:
    guess(staff, staff.ada, FREE - 1)
    staff.later(WINDOW)
    guess(staff, staff.ada, FREE - 1)
    staff.sign_in(staff.ada)
    guess(staff, staff.ada, FREE - 1)
    staff.pending(staff.ada)


def test_sv05_an_account_that_ends_while_its_password_is_looked_at_is_not_signed_in(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = staff.hire("bob")

    def verify(password: str, encoded: str | None) -> bool:
        staff.accounts.people.end(staff.principal(staff.ada), bob.account_id)
        return True

    monkeypatch.setattr(staff.accounts.sign_in._passwords, "verify", verify)
    refused(lambda: staff.pending(bob))


def test_sv06_a_password_that_changes_while_the_old_one_is_looked_at_lets_nobody_in(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    token, old = staff.sign_in(staff.ada), staff.ada.password
    verify = staff.accounts.sign_in._passwords.verify

    def slowly(password: str, encoded: str | None) -> bool:
        monkeypatch.undo()
        staff.accounts.sign_in.change_password(token, old, "another good password")
        return verify(password, encoded)

    monkeypatch.setattr(staff.accounts.sign_in._passwords, "verify", slowly)
    refused(lambda: staff.pending(staff.ada))


def test_one_account_that_is_stopped_stops_no_other(staff: Staff) -> None:
    bob = staff.hire("bob")
    guess(staff, bob)
    for number in range(40):
        refused(lambda number=number: staff.accounts.sign_in.password(f"nobody {number}", "a wrong password"))
    staff.sign_in(staff.ada)


# Sessions


def test_sv06_each_step_gives_a_new_token_and_ends_the_one_before(staff: Staff) -> None:
    pending = staff.pending(staff.ada)
    full = staff.accounts.sign_in.one_time(pending, staff.ada.code(staff.clock.now()))
    staff.later()
    assert pending != full
    refused(lambda: staff.accounts.sign_in.one_time(pending, staff.ada.code(staff.clock.now())))
    refused(lambda: staff.accounts.sign_in.one_time(full, staff.ada.code(staff.clock.now())))
    assert staff.accounts.sessions.full(full) == staff.ada.account_id
    assert staff.sign_in(staff.ada) != full


def test_sv06_no_other_token_serves(staff: Staff) -> None:
    for token in ("", "x", "A" * 43, "\ud800", "é" * 43, "0" * 100_000):
        refused(lambda token=token: staff.accounts.sessions.full(token))
        refused(lambda token=token: staff.accounts.sign_in.one_time(token, "000000"))


def test_sv06_a_full_session_ends_after_half_an_hour_without_use_and_after_twelve_hours(staff: Staff) -> None:
    full, idle = staff.sign_in(staff.ada), staff.sign_in(staff.ada)
    began = staff.clock.now()
    staff.accounts.sessions.full(idle)
    while staff.clock.now() < began + ABSOLUTE - timedelta(minutes=20):
        staff.accounts.sessions.full(full)
        staff.later(timedelta(minutes=15))
    refused(lambda: staff.accounts.sessions.full(idle))
    staff.accounts.sessions.full(full)
    staff.clock.moment = began + ABSOLUTE
    refused(lambda: staff.accounts.sessions.full(full))

    full = staff.sign_in(staff.ada)
    staff.later(IDLE)
    refused(lambda: staff.accounts.sessions.full(full))


def test_sv06_a_pending_session_ends_after_ten_minutes(staff: Staff) -> None:
    pending = staff.pending(staff.ada)
    staff.later(PENDING_FOR)
    refused(lambda: staff.accounts.sign_in.one_time(pending, staff.ada.code(staff.clock.now())))


def test_sv06_a_clock_that_was_put_back_lengthens_no_session(staff: Staff) -> None:
    full = staff.sign_in(staff.ada)
    staff.later(timedelta(minutes=25))
    staff.accounts.sessions.full(full)
    for back in (timedelta(minutes=20), timedelta(hours=1)):
        staff.later(-back)
        refused(lambda: staff.accounts.sessions.full(full))


def test_sv06_signing_out_is_for_good(staff: Staff) -> None:
    full, other = staff.sign_in(staff.ada), staff.sign_in(staff.ada)
    staff.accounts.sign_in.sign_out(full)
    refused(lambda: staff.accounts.sessions.full(full))
    refused(lambda: staff.accounts.sign_in.sign_out(full))
    staff.accounts.sessions.full(other)


def test_sv06_another_password_ends_all_sessions(staff: Staff) -> None:
    bob = staff.hire("bob")
    others, tokens = staff.sign_in(bob), [staff.sign_in(staff.ada) for _ in range(2)]
    pending = staff.pending(staff.ada)
    for new in ["too short"] * FREE:  # which is no guess
        with pytest.raises(Invalid):
            staff.accounts.sign_in.change_password(tokens[0], staff.ada.password, new)
    staff.accounts.sign_in.change_password(tokens[0], staff.ada.password, "another good password")
    for token in tokens:
        refused(lambda token=token: staff.accounts.sessions.full(token))
    refused(lambda: staff.accounts.sign_in.one_time(pending, staff.ada.code(staff.clock.now())))
    refused(lambda: staff.pending(staff.ada))
    staff.accounts.sessions.full(others)
    staff.ada.password = "another good password"
    staff.sign_in(staff.ada)


def test_sv04_a_session_is_its_own_account_s_and_a_role_has_to_be_held(staff: Staff) -> None:
    bob = staff.hire("bob")
    token = staff.sign_in(bob)
    for role in Role:
        with pytest.raises(Denied):
            staff.accounts.authorise(token, role)
    assert staff.accounts.authorise(staff.sign_in(staff.ada), Role.ADMINISTRATOR).account_id == staff.ada.account_id


def test_a_password_of_older_parameters_is_derived_anew(staff: Staff) -> None:
    stronger = Passwords(memory=16, iterations=1, lanes=1)
    later = Accounts(staff.database, staff.clock, SITE, staff.record, stronger)
    later.sign_in.password("ada", staff.ada.password)
    derived: list[str] = []
    stronger.verify = lambda password, encoded: derived.append(str(encoded)) or True  # type: ignore[method-assign]
    later.sign_in.password("ada", staff.ada.password)
    assert "$m=16,t=1,p=1$" in derived[0]


def test_signing_in_is_recorded_step_by_step(staff: Staff) -> None:
    staff.events.clear()
    token = staff.sign_in(staff.ada)
    staff.accounts.sign_in.sign_out(token)
    account = staff.ada.account_id
    assert staff.events == [
        ("password step passed", {"account": account}),
        ("signed in", {"account": account, "factor": "one-time"}),
        ("signed out", {"account": account}),
    ]
