"""A lost second factor comes back only by a recovery code and a second person, and that is on record (COP-085b, SV-05)."""

from datetime import timedelta

import pyotp
import pytest

from api.accounts.errors import NotSignedIn
from api.accounts.recovery import CODES, Asked
from api.accounts.sessions import RECOVERING_FOR
from api.auth import Principal, Role
from api.errors import Conflict, Denied, NotFound
from tests.api.authenticator import Authenticator
from tests.api.conftest import MakeStore
from tests.api.staff import Member, Staff, a_staff


@pytest.fixture
def staff(make_store: MakeStore) -> Staff:
    return a_staff(make_store)


@pytest.fixture
def bob(staff: Staff) -> Member:
    return staff.hire("bob")


def ask(staff: Staff, member: Member) -> Asked:
    """Somebody who has the password and a recovery code and nothing else asks."""
    codes = staff.accounts.recovery.new_codes(staff.sign_in(member))
    return staff.accounts.recovery.ask(staff.pending(member), codes[0])


def decide(staff: Staff, asked: Asked, *, approve: bool = True, by: Principal | None = None) -> None:
    staff.accounts.recovery.decide(by or staff.principal(staff.ada), asked.request_id, approve=approve)


def replace_app(staff: Staff, token: str) -> tuple[str, str]:
    """A new app's secret, and the session that it opens."""
    secret = staff.accounts.enrolment.begin_one_time(token).secret
    return secret, staff.accounts.enrolment.confirm_one_time(token, pyotp.TOTP(secret).at(staff.clock.now())).token


@pytest.mark.proves("COP-085b")
def test_sv05_a_recovery_code_alone_opens_nothing(staff: Staff, bob: Member) -> None:
    asked = ask(staff, bob)
    for attempt in (
        lambda: staff.accounts.sessions.full(asked.token),
        lambda: staff.accounts.enrolment.begin_one_time(asked.token),
        lambda: staff.accounts.enrolment.begin_passkey(asked.token),
        lambda: staff.accounts.sign_in.one_time(asked.token, bob.code(staff.clock.now())),
        lambda: staff.accounts.recovery.new_codes(asked.token),
        lambda: staff.accounts.enrolment.begin_one_time(staff.pending(bob)),
    ):
        with pytest.raises(NotSignedIn):
            attempt()


@pytest.mark.proves("COP-085b")
def test_sv05_nobody_approves_their_own_request_nor_does_anybody_without_the_right(staff: Staff, bob: Member) -> None:
    staff.appoint(bob, Role.SCRUTINEER)
    asked = ask(staff, bob)
    eve = staff.hire("eve")
    staff.appoint(eve, Role.SCRUTINEER, "two")
    own = staff.principal(bob, Role.SCRUTINEER, "one")
    for principal in (
        own,
        Principal(bob.account_id, Role.ADMINISTRATOR),
        Principal(eve.account_id, Role.ADMINISTRATOR),
        Principal(eve.account_id, Role.SCRUTINEER, "one"),
        Principal(eve.account_id, Role.SUPPORT, "two"),
        Principal(eve.account_id, Role.AUDITOR),
        Principal("nobody", Role.ADMINISTRATOR),
    ):
        for approve in (True, False):
            with pytest.raises(Denied):
                decide(staff, asked, approve=approve, by=principal)
    decide(staff, asked, by=staff.principal(eve, Role.SCRUTINEER, "two"))


@pytest.mark.proves("COP-085b")
def test_after_approval_the_browser_that_asked_gets_a_new_factor_in_place_of_the_old_ones(staff: Staff, bob: Member) -> None:
    before, passkey = staff.sign_in(bob), Authenticator(b"one")
    staff.accounts.enrolment.confirm_passkey(before, passkey.make(staff.accounts.enrolment.begin_passkey(before)))
    asked = ask(staff, bob)
    assert staff.accounts.recovery.waiting() == {asked.request_id: bob.account_id}
    decide(staff, asked)
    assert staff.accounts.recovery.waiting() == {}
    with pytest.raises(NotSignedIn):  # the password alone still leads nowhere
        staff.accounts.enrolment.begin_one_time(staff.pending(bob))
    secret, full = replace_app(staff, asked.token)
    staff.later()
    assert staff.accounts.sessions.full(full) == bob.account_id
    assert len(staff.accounts.enrolment.factors(full)) == 1
    for lost in (before, asked.token):
        with pytest.raises(NotSignedIn):
            staff.accounts.sessions.full(lost)
    with pytest.raises(NotSignedIn):
        staff.sign_in(bob)
    pending = staff.pending(bob)
    with pytest.raises(NotSignedIn):
        staff.accounts.sign_in.passkey(pending, passkey.answer(staff.accounts.sign_in.passkey_options(pending)))
    bob.secret = secret
    staff.sign_in(bob)
    recorded = [name for name, details in staff.events if details.get("request") == asked.request_id]
    assert recorded == ["recovery asked for", "recovery approved", "recovery finished"]
    assert staff.of("recovery approved") == [{"account": bob.account_id, "request": asked.request_id, "by": staff.ada.account_id}]


def test_sv05_a_request_is_decided_once(staff: Staff, bob: Member) -> None:
    asked = ask(staff, bob)
    decide(staff, asked, approve=False)
    for approve in (True, False):
        with pytest.raises(Conflict):
            decide(staff, asked, approve=approve)
    with pytest.raises(NotSignedIn):
        staff.accounts.enrolment.begin_one_time(asked.token)
    with pytest.raises(NotFound):
        staff.accounts.recovery.decide(staff.principal(staff.ada), "no request", approve=True)


def test_sv05_a_request_does_not_wait_for_long(staff: Staff, bob: Member) -> None:
    asked = ask(staff, bob)
    staff.later(RECOVERING_FOR)
    with pytest.raises(Conflict):
        decide(staff, asked)
    asked = ask(staff, bob)
    decide(staff, asked)
    staff.later(RECOVERING_FOR)
    with pytest.raises(NotSignedIn):
        staff.accounts.enrolment.begin_one_time(asked.token)


def test_sv05_one_recovery_ends_all_others_of_the_account(staff: Staff, bob: Member) -> None:
    codes = staff.accounts.recovery.new_codes(staff.sign_in(bob))
    first, second, third = (staff.accounts.recovery.ask(staff.pending(bob), code) for code in codes[:3])
    decide(staff, first)
    decide(staff, second)
    replace_app(staff, first.token)
    with pytest.raises(NotSignedIn):
        staff.accounts.enrolment.begin_one_time(second.token)
    with pytest.raises(Conflict):
        decide(staff, third)
    with pytest.raises(NotSignedIn):
        staff.accounts.recovery.ask(staff.pending(bob), codes[3])


def test_there_are_ten_codes_each_serves_once_and_newer_ones_end_them(staff: Staff, bob: Member) -> None:
    old = staff.accounts.recovery.new_codes(staff.sign_in(bob))
    codes = staff.accounts.recovery.new_codes(staff.sign_in(bob))
    others = staff.accounts.recovery.new_codes(staff.sign_in(staff.ada))
    assert len({*old, *codes, *others}) == 3 * CODES == 30
    for wrong in (old[0], others[0], "", codes[0][:-1], codes[0] + "0", "U" * 16):
        staff.later(timedelta(hours=3))
        with pytest.raises(NotSignedIn):
            staff.accounts.recovery.ask(staff.pending(bob), wrong)
    staff.later(timedelta(hours=3))
    pending = staff.pending(bob)
    staff.accounts.recovery.ask(pending, codes[0].lower().replace("-", " ").replace("0", "o").replace("1", "l"))
    for token in (pending, staff.pending(bob)):
        with pytest.raises(NotSignedIn):
            staff.accounts.recovery.ask(token, codes[0])
