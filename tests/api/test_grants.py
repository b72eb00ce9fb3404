"""Who is authorised for what: by the right person, for a ballot and a time, fixed when it opens, and every change on record
(COP-084.1, COP-085a, COP-085c, COP-097a, SV-04, SV-31, OP-12)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from itertools import product

import pytest
from hypothesis import given
from hypothesis.strategies import booleans, builds, integers, lists, sampled_from

from api.accounts.errors import ListFrozen, NotSignedIn
from api.accounts.grants import LONGEST, LONGEST_EXCEPTION, MAY_GRANT
from api.accounts.permissions import EXCEPTIONS, Change, Grant, Kind, Period, Reason, grants_after, list_hash
from api.auth import Principal, Role
from api.errors import ApiError, Conflict, Denied, Invalid, NotFound
from tests.api.conftest import MakeStore
from tests.api.staff import NOON, Member, Staff, a_staff

WEEK = timedelta(days=7)


@pytest.fixture
def staff(make_store: MakeStore) -> Staff:
    """Bob and Cyd are scrutineers of ballot one; Dan is nobody yet."""
    staff = a_staff(make_store)
    staff.bob, staff.cyd, staff.dan = (staff.hire(name) for name in ("bob", "cyd", "dan"))  # type: ignore[attr-defined]
    for member in (staff.bob, staff.cyd):  # type: ignore[attr-defined]
        staff.appoint(member)
    return staff


def holds(staff: Staff, member: Member, role: Role, election_id: str | None = "one") -> bool:
    try:
        staff.principal(member, role, election_id)
    except Denied:
        return False
    return True


def kinds(staff: Staff, election_id: str = "one") -> list[str]:
    return [change.kind for change in staff.accounts.grants.changes(election_id)]


def log(staff: Staff) -> tuple[Change, ...]:
    return staff.accounts.grants.changes("one")


def scrutineer(staff: Staff, name: str = "bob") -> Principal:
    return staff.principal(getattr(staff, name), Role.SCRUTINEER, "one")


# Refused


@pytest.mark.proves("COP-085a")
def test_sv04_every_role_grants_what_it_may_and_nothing_else(staff: Staff) -> None:
    """Every role tries to grant every role, for its own ballot, another one and all."""
    grants = staff.accounts.grants
    acting = {role: staff.hire(role[:3] + "x") for role in Role}
    for role, member in acting.items():
        by = staff.principal(staff.ada, Role.ADMINISTRATOR, "one") if role in MAY_GRANT[Role.ADMINISTRATOR] else scrutineer(staff)
        grants.grant(by, member.account_id, role, "one", staff.period(), Reason.APPOINTMENT)
    taken = set()
    before = len(log(staff))
    for (role, member), wanted, election_id, claimed in product(acting.items(), Role, ("one", "two", None), ("one", "two", None)):
        try:
            principal = Principal(member.account_id, role, claimed)
            grants.grant(principal, staff.dan.account_id, wanted, election_id, staff.period(), Reason.APPOINTMENT)
        except Denied:
            continue
        taken.add((role, wanted, election_id, claimed))
    assert taken == {
        (Role.ADMINISTRATOR, Role.ADMINISTRATOR, "one", "one"),
        (Role.ADMINISTRATOR, Role.SCRUTINEER, "one", "one"),
        (Role.SCRUTINEER, Role.SCRUTINEER, "one", "one"),
        (Role.SCRUTINEER, Role.SUPPORT, "one", "one"),
        (Role.SCRUTINEER, Role.AUDITOR, "one", "one"),
        (Role.SCRUTINEER, Role.TRUSTEE, "one", "one"),
    }
    assert len(log(staff)) == before + len(taken)


@pytest.mark.proves("COP-085a")
def test_sv04_a_role_is_held_where_and_as_it_was_granted_and_nowhere_else(staff: Staff) -> None:
    token = staff.sign_in(staff.bob)
    found = set()
    for role, election_id in product(Role, ("one", "two", "", "ONE", None)):
        try:
            found.add((role, election_id, staff.accounts.authorise(token, role, election_id)))
        except Denied:
            continue
    assert found == {(Role.SCRUTINEER, "one", Principal(staff.bob.account_id, Role.SCRUTINEER, "one"))}
    with pytest.raises(NotSignedIn):
        staff.accounts.authorise("no session", Role.SCRUTINEER, "one")


def test_sv04_nobody_grants_or_widens_anything_for_themselves(staff: Staff) -> None:
    grants, ada = staff.accounts.grants, staff.principal(staff.ada, Role.ADMINISTRATOR, "one")
    own = next(grant.grant_id for grant in grants.authorised("one") if grant.account_id == staff.bob.account_id)
    for attempt in (
        lambda: staff.appoint(staff.ada, by=ada),
        lambda: grants.grant(scrutineer(staff), staff.bob.account_id, Role.SUPPORT, "one", staff.period(), Reason.APPOINTMENT),
        lambda: grants.change(scrutineer(staff), own, staff.period(LONGEST), Reason.APPOINTMENT),
        lambda: grants.ask(scrutineer(staff), staff.bob.account_id, Role.SUPPORT, "one", staff.period(WEEK), Reason.SICKNESS),
    ):
        with pytest.raises(Denied):
            attempt()
    assert len(log(staff)) == 3


@pytest.mark.proves("COP-084.1")
def test_a_grant_that_is_out_of_its_period_is_refused(staff: Staff) -> None:
    start = staff.clock.now() + timedelta(days=1)
    period = Period(start, start + WEEK)
    staff.accounts.grants.grant(scrutineer(staff), staff.dan.account_id, Role.SUPPORT, "one", period, Reason.APPOINTMENT)
    for moment, expected in (
        (start - timedelta(microseconds=1), False), (start, True), (start + WEEK - timedelta(microseconds=1), True), (start + WEEK, False),
        (start + timedelta(days=500), False),
    ):  # fmt: skip
        staff.clock.moment = moment
        assert holds(staff, staff.dan, Role.SUPPORT) is expected


@pytest.mark.proves("COP-084.1")
def test_whoever_s_own_grant_is_over_grants_nothing_any_more(staff: Staff) -> None:
    principal = scrutineer(staff)
    staff.later(timedelta(days=365))
    with pytest.raises(Denied):
        staff.accounts.grants.grant(principal, staff.dan.account_id, Role.SUPPORT, "one", staff.period(), Reason.APPOINTMENT)


@pytest.mark.proves("COP-084.1")
def test_a_grant_without_a_proper_period_is_not_made(staff: Staff) -> None:
    now = staff.clock.now()

    def grant(period: Period) -> str:
        return staff.accounts.grants.grant(scrutineer(staff), staff.dan.account_id, Role.SUPPORT, "one", period, Reason.APPOINTMENT)

    for attempt in (
        lambda: Period(now, now),
        lambda: Period(now, now - WEEK),
        lambda: Period(now.replace(tzinfo=None), now + WEEK),
        lambda: Period(now, (now + WEEK).replace(tzinfo=None)),
        lambda: grant(Period(now, now + LONGEST + timedelta(seconds=1))),
        lambda: grant(Period(now - 2 * WEEK, now)),
    ):
        with pytest.raises(Invalid):
            attempt()
    assert not holds(staff, staff.dan, Role.SUPPORT)


def test_unknown_accounts_and_grants_are_not_found(staff: Staff) -> None:
    grants, principal = staff.accounts.grants, scrutineer(staff)
    for attempt in (
        lambda: grants.grant(principal, "nobody", Role.SUPPORT, "one", staff.period(), Reason.APPOINTMENT),
        lambda: grants.revoke(principal, "no grant", Reason.SECURITY),
        lambda: grants.change(principal, "no grant", staff.period(), Reason.SECURITY),
        lambda: grants.decide(principal, "no grant", approve=True),
    ):
        with pytest.raises(NotFound):
            attempt()


# Revoked and changed


def test_a_revoked_grant_is_over_at_once_and_once(staff: Staff) -> None:
    grants = staff.accounts.grants
    grant_id = grants.grant(scrutineer(staff), staff.dan.account_id, Role.SUPPORT, "one", staff.period(), Reason.APPOINTMENT)
    token = staff.sign_in(staff.dan)
    staff.accounts.authorise(token, Role.SUPPORT, "one")
    grants.revoke(scrutineer(staff, "cyd"), grant_id, Reason.SECURITY)
    with pytest.raises(Denied):
        staff.accounts.authorise(token, Role.SUPPORT, "one")
    for attempt in (
        lambda: grants.revoke(scrutineer(staff), grant_id, Reason.SECURITY),
        lambda: grants.change(scrutineer(staff), grant_id, staff.period(), Reason.APPOINTMENT),
        lambda: grants.decide(scrutineer(staff), grant_id, approve=True),
    ):
        with pytest.raises(Conflict):
            attempt()


def test_anybody_gives_up_what_is_theirs_and_nothing_else(staff: Staff) -> None:
    grants = staff.accounts.grants
    own = grants.grant(scrutineer(staff), staff.dan.account_id, Role.SUPPORT, "one", staff.period(), Reason.APPOINTMENT)
    other = next(grant.grant_id for grant in grants.authorised("one") if grant.account_id == staff.bob.account_id)
    principal = staff.principal(staff.dan, Role.SUPPORT, "one")
    with pytest.raises(Denied):
        grants.revoke(principal, other, Reason.SECURITY)
    grants.revoke(principal, own, Reason.END_OF_DUTY)
    assert not holds(staff, staff.dan, Role.SUPPORT)


# Frozen


@pytest.mark.proves("COP-097a.1")
def test_a_ballot_without_a_scrutineer_cannot_be_opened(staff: Staff) -> None:
    with pytest.raises(Conflict):
        staff.accounts.grants.freeze("two")
    staff.later(timedelta(days=366))
    with pytest.raises(Conflict):
        staff.accounts.grants.freeze("one")
    assert staff.of("authorised persons frozen") == []


@pytest.mark.proves("COP-097a.1")
def test_the_list_is_frozen_once_and_its_hash_recorded(staff: Staff) -> None:
    grants = staff.accounts.grants
    authorised = grants.authorised("one")
    assert {grant.account_id for grant in authorised} == {staff.ada.account_id, staff.bob.account_id, staff.cyd.account_id}
    hashed = grants.freeze("one")
    assert hashed == list_hash("one", authorised)
    grants.revoke(scrutineer(staff), next(each.grant_id for each in authorised if each.account_id == staff.cyd.account_id), Reason.SICKNESS)
    assert grants.freeze("one") == hashed != list_hash("one", grants.authorised("one"))
    assert staff.of("authorised persons frozen") == [{"election": "one", "hash": hashed.hex(), "grants": "3"}]


@pytest.mark.proves("COP-097a.2")
def test_sv31_after_the_opening_nothing_is_granted_or_widened(staff: Staff) -> None:
    grants = staff.accounts.grants
    support = grants.grant(scrutineer(staff), staff.dan.account_id, Role.SUPPORT, "one", staff.period(WEEK), Reason.APPOINTMENT)
    period = staff.period(WEEK)
    grants.freeze("one")
    before = log(staff)
    for attempt in (
        lambda: staff.appoint(staff.dan),
        lambda: grants.grant(scrutineer(staff), staff.dan.account_id, Role.AUDITOR, "one", staff.period(), Reason.SICKNESS),
        lambda: grants.change(scrutineer(staff), support, staff.period(2 * WEEK), Reason.SICKNESS),
        lambda: grants.change(scrutineer(staff), support, Period(period.starts - WEEK, period.ends), Reason.APPOINTMENT),
    ):
        with pytest.raises(ListFrozen):
            attempt()
    assert log(staff) == before
    grants.change(scrutineer(staff), support, Period(period.starts, period.ends - timedelta(days=1)), Reason.SECURITY)
    staff.clock.moment = period.ends - timedelta(days=1)
    assert not holds(staff, staff.dan, Role.SUPPORT)


@pytest.mark.proves("COP-097a.2")
def test_sv31_what_is_granted_for_all_ballots_reaches_no_open_one(staff: Staff) -> None:
    grants, ada = staff.accounts.grants, staff.principal(staff.ada)
    early = staff.hire("eve")
    first = staff.appoint(early, Role.SCRUTINEER, None, by=ada)
    grants.freeze("one")
    second = staff.appoint(staff.dan, Role.SCRUTINEER, None, by=ada)
    assert holds(staff, early, Role.SCRUTINEER, "one")
    assert holds(staff, staff.dan, Role.SCRUTINEER, "two")
    assert holds(staff, staff.dan, Role.SCRUTINEER, None)
    assert not holds(staff, staff.dan, Role.SCRUTINEER, "one")
    for claimed in (None, "one"):  # nor may such a scrutineer, or administrator, decide about the open one
        with pytest.raises(Denied):
            grants.ask(Principal(staff.dan.account_id, Role.SCRUTINEER, claimed), early.account_id, Role.SUPPORT, "one", staff.period(WEEK),
                       Reason.SICKNESS)  # fmt: skip
    longer = Period(staff.clock.now(), staff.clock.now() + LONGEST)
    ends = next(grant.period.ends for grant in grants.authorised("one") if grant.grant_id == first)
    grants.change(ada, first, longer, Reason.APPOINTMENT)
    staff.clock.moment = ends
    assert longer.contains(ends)
    assert holds(staff, early, Role.SCRUTINEER, "two")
    assert not holds(staff, early, Role.SCRUTINEER, "one")
    assert {change.grant_id for change in log(staff)} >= {first, second}


@pytest.mark.proves("COP-097a.3")
@pytest.mark.parametrize("reason", sorted(EXCEPTIONS))
def test_op12_an_exception_takes_two_others_a_reason_and_an_end(staff: Staff, reason: Reason) -> None:
    grants = staff.accounts.grants
    with pytest.raises(Conflict):
        grants.ask(scrutineer(staff), staff.dan.account_id, Role.SUPPORT, "one", staff.period(WEEK), reason)
    grants.freeze("one")
    for other in set(Reason) - EXCEPTIONS:
        with pytest.raises(Invalid):
            grants.ask(scrutineer(staff), staff.dan.account_id, Role.SUPPORT, "one", staff.period(WEEK), other)
    too_long = staff.period(LONGEST_EXCEPTION + timedelta(seconds=1))
    with pytest.raises(Invalid):
        grants.ask(scrutineer(staff), staff.dan.account_id, Role.SUPPORT, "one", too_long, reason)
    grant_id = grants.ask(scrutineer(staff), staff.dan.account_id, Role.SUPPORT, "one", staff.period(WEEK), reason)
    assert not holds(staff, staff.dan, Role.SUPPORT)
    dan, bob = staff.dan.account_id, staff.bob.account_id
    for principal in (
        scrutineer(staff), Principal(dan, Role.SUPPORT, "one"), Principal(dan, Role.SCRUTINEER, "one"), staff.principal(staff.ada),
        staff.principal(staff.ada, Role.ADMINISTRATOR, "one"), Principal("nobody", Role.SCRUTINEER, "one"),
    ):  # fmt: skip
        with pytest.raises(Denied):
            grants.decide(principal, grant_id, approve=True)
    for attempt in (grants.change, grants.revoke):
        with pytest.raises(Conflict):
            attempt(scrutineer(staff), grant_id, *([staff.period(WEEK)] if attempt == grants.change else []), Reason.SECURITY)
    grants.decide(scrutineer(staff, "cyd"), grant_id, approve=True)
    assert holds(staff, staff.dan, Role.SUPPORT)
    assert not holds(staff, staff.dan, Role.SUPPORT, "two")
    for approve in (True, False):
        with pytest.raises(Conflict):
            grants.decide(scrutineer(staff, "cyd"), grant_id, approve=approve)
    asked, granted = log(staff)[-2:]
    assert (asked.kind, asked.asked_by, asked.approver, asked.reason) == (Kind.ASKED, bob, None, reason)
    assert (granted.kind, granted.asked_by, granted.approver, granted.reason) == (Kind.GRANTED, bob, staff.cyd.account_id, reason)
    staff.later(WEEK)
    assert not holds(staff, staff.dan, Role.SUPPORT)


def test_op12_what_was_refused_or_comes_too_late_is_not_approved(staff: Staff) -> None:
    grants = staff.accounts.grants
    grants.freeze("one")
    first, second = (
        grants.ask(scrutineer(staff), staff.dan.account_id, Role.SUPPORT, "one", staff.period(WEEK), Reason.SICKNESS) for _ in range(2)
    )
    grants.decide(scrutineer(staff, "cyd"), first, approve=False)
    staff.later(WEEK)
    for grant_id in (first, second):
        with pytest.raises(Conflict):
            grants.decide(scrutineer(staff, "cyd"), grant_id, approve=True)
    assert not holds(staff, staff.dan, Role.SUPPORT)


# On record


@pytest.mark.proves("COP-085c")
def test_sv31_every_change_is_listed_with_who_when_and_why_and_recorded(staff: Staff) -> None:
    grants = staff.accounts.grants
    support = grants.grant(scrutineer(staff), staff.dan.account_id, Role.SUPPORT, "one", staff.period(), Reason.APPOINTMENT)
    grants.change(scrutineer(staff), support, staff.period(WEEK), Reason.SECURITY)
    grants.freeze("one")
    week = staff.period(WEEK)
    asked = [grants.ask(scrutineer(staff), staff.dan.account_id, Role.AUDITOR, "one", week, Reason.SICKNESS) for _ in range(2)]
    grants.decide(scrutineer(staff, "cyd"), asked[0], approve=True)
    grants.decide(scrutineer(staff, "cyd"), asked[1], approve=False)
    grants.revoke(scrutineer(staff), support, Reason.END_OF_DUTY)
    staff.appoint(staff.dan, election_id="two")
    changes = log(staff)
    assert [change.kind for change in changes] == [
        "granted", "granted", "granted", "granted", "changed", "asked for", "asked for", "granted", "refused", "revoked",
    ]  # fmt: skip
    assert [change.number for change in changes] == list(range(1, 11))
    assert all(change.asked_by for change in changes[1:])
    assert changes[0].asked_by is None
    assert all(NOON <= change.at <= staff.clock.now() and change.reason in Reason for change in changes)
    recorded = [details for name, details in staff.events if name.startswith("permission ")]
    assert [(each["number"], each["grant"], each["reason"]) for each in recorded[:-1]] == [
        (str(change.number), change.grant_id, change.reason) for change in changes
    ]
    assert [change.election_id for change in grants.changes("two")] == [None, "two"]
    assert {grant.grant_id for grant in grants.held_by(staff.dan.account_id)} == {asked[0], grants.changes("two")[1].grant_id}


def test_sv31_what_is_not_recorded_is_not_granted(staff: Staff) -> None:
    def refuse(event: str, details: object) -> None:
        raise OSError("the log is full")

    principal, before = scrutineer(staff), log(staff)
    staff.accounts.grants._log._record = refuse
    with pytest.raises(OSError, match="full"):
        staff.accounts.grants.grant(principal, staff.dan.account_id, Role.SUPPORT, "one", staff.period(), Reason.APPOINTMENT)
    assert log(staff) == before


def test_sv31_many_at_the_same_moment_are_numbered_without_a_gap_and_none_slips_past_the_opening(staff: Staff) -> None:
    grants = staff.accounts.grants

    def act(number: int) -> bytes | None:
        principal = scrutineer(staff, ("bob", "cyd")[number % 2])
        try:
            if number == 3:
                return grants.freeze("one")
            grants.grant(principal, staff.dan.account_id, Role.SUPPORT, "one", staff.period(), Reason.APPOINTMENT)
        except ApiError:
            pass
        return None

    with ThreadPoolExecutor(4) as pool:
        (hashed,) = filter(None, pool.map(act, range(8)))
    assert [change.number for change in log(staff)] == list(range(1, len(log(staff)) + 1))
    assert list_hash("one", grants.authorised("one")) == hashed


# What follows from the log


def test_the_hash_of_a_list_is_of_its_content_not_its_order_or_zones() -> None:
    period = Period(NOON, NOON + WEEK)
    shifted = Period(NOON.astimezone(timezone(timedelta(hours=1))), period.ends)
    one, two = Grant("a", "bob", Role.SCRUTINEER, "one", period), Grant("b", "cyd", Role.SUPPORT, None, period)
    hashed = list_hash("one", (one, two))
    assert hashed == list_hash("one", (two, Grant("c", "bob", Role.SCRUTINEER, "one", shifted)))
    narrower = Grant("b", "cyd", Role.SUPPORT, "one", period)
    others = {list_hash("one", grants) for grants in ((one,), (), (one, two, two), (one, narrower))}
    assert len({hashed, list_hash("two", (one, two)), *others}) == 6


def at(hours: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)


def numbered(changes: list[Callable[[int], Change]]) -> list[Change]:
    return [make(number) for number, make in enumerate(changes, 1)]


def a_change(grant_id: str, kind: Kind, start: int, length: int, for_all: bool, approved: bool) -> Callable[[int], Change]:
    period, election_id, approver = Period(at(start), at(start + length)), None if for_all else "one", "cyd" if approved else None
    return lambda number: Change(
        number, grant_id, kind, "bob", Role.SUPPORT, election_id, period, Reason.SICKNESS, "ada", approver, at(0)
    )  # fmt: skip


CHANGE = builds(a_change, sampled_from("abc"), sampled_from(Kind), integers(0, 20), integers(1, 20), booleans(), booleans())


@given(lists(CHANGE, max_size=12).map(numbered), integers(0, 12))
def test_sv31_after_the_opening_no_log_whatever_widens_anything_but_by_two_persons(changes: list[Change], size: int) -> None:
    frozen = grants_after(changes[:size])
    exceptions = {each.grant_id for each in changes[size:] if each.kind is Kind.GRANTED and each.approver and each.election_id}
    for upto in range(size, len(changes) + 1):
        for grant in grants_after(changes[:upto], size).values():
            if grant.grant_id not in exceptions:
                assert grant.period.is_within(frozen[grant.grant_id].period)
    assert grants_after(changes, len(changes)) == grants_after(changes)
