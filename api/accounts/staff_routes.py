"""Accounts and what they are authorised for, over HTTP. Every right and refusal is decided by `Grants`; routes only carry it there."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import Field

from api.accounts.people import Person
from api.accounts.permissions import Change, Grant, Period, Reason
from api.accounts.routes import TheAccounts
from api.auth import Principal, Role
from api.authorising import Requires
from api.messages import ElectionId, Message, a_ballot
from api.problems import documented

__all__ = ["router"]

router = APIRouter(prefix="/api/v1", tags=["accounts"])
_ID = Path(max_length=64, pattern="^[0-9a-f]+$")
AccountId = Annotated[str, _ID]
GrantId = Annotated[str, _ID]
Administrator = Annotated[Principal, Depends(Requires(Role.ADMINISTRATOR))]
Granting = Annotated[Principal, Depends(Requires(Role.SCRUTINEER, Role.ADMINISTRATOR))]
Reading = Annotated[Principal, Depends(Requires(Role.SCRUTINEER, Role.AUDITOR, Role.ADMINISTRATOR))]


class NewAccount(Message):
    """One person's account: nobody shares one, and none is an office's."""

    name: str = Field(max_length=200, examples=["A. Person"])
    email: str = Field(max_length=200, examples=["a.person@scrutineer.example"])
    sign_in_name: str = Field(max_length=200, examples=["a.person"])


class NewInvitation(Message):
    """An invitation, to be handed to the account's owner. It serves once, for seven days."""

    account: str
    invitation: str = Field(repr=False)


class AccountState(Message):
    """An account, without its owner's name."""

    account: str
    can_sign_in: bool
    ended: bool


class NewGrant(Message):
    """An authorisation: at most 366 days, and 31 once the ballot is open."""

    account: str = Field(max_length=64)
    role: Role = Field(strict=False)
    starts: datetime = Field(strict=False, alias="from", examples=["2026-11-01T09:00:00Z"])
    ends: datetime = Field(strict=False, alias="until", examples=["2026-12-31T18:00:00Z"])
    reason: Reason = Field(strict=False)


class NewPeriod(Message):
    """Another period for a grant."""

    starts: datetime = Field(strict=False, alias="from")
    ends: datetime = Field(strict=False, alias="until")
    reason: Reason = Field(strict=False)


class WhyRevoked(Message):
    """Why a grant is ended."""

    reason: Reason = Field(strict=False)


class Decision(Message):
    """A second person's word."""

    approve: bool


class GrantMade(Message):
    """A grant's id."""

    grant: str


class GrantState(Message):
    """A grant; `election` null: all ballots that are not open yet."""

    grant: str
    account: str
    role: str
    election: str | None
    starts: str = Field(serialization_alias="from")
    ends: str = Field(serialization_alias="until")


class ChangeMade(Message):
    """One change of permissions, as the report lists it."""

    number: int
    kind: str
    grant: GrantState
    reason: str
    asked_by: str | None
    approver: str | None
    at: str


@router.post("/accounts", status_code=201, responses=documented(400, 409, 413, 415, 421, 422, 503))
def create_account(accounts: TheAccounts, principal: Administrator, body: NewAccount) -> NewInvitation:
    """Make an account. It is authorised for nothing yet."""
    made = accounts.people.create(principal, Person(body.name, body.email, body.sign_in_name))
    return NewInvitation(account=made.account_id, invitation=made.invitation)


@router.get("/accounts", responses=documented(421, 503))
def list_accounts(accounts: TheAccounts, _: Reading) -> list[AccountState]:
    """All accounts, without names."""
    return [AccountState(account=each.account_id, can_sign_in=each.can_sign_in, ended=each.ended) for each in accounts.people.accounts()]


@router.get("/accounts/{account}", responses=documented(404, 421, 422, 503))
def owner(accounts: TheAccounts, _: Reading, account: AccountId) -> NewAccount:
    """Who an account belongs to."""
    person = accounts.people.person(account)
    return NewAccount(name=person.name, email=person.email, sign_in_name=person.sign_in_name)


@router.post("/accounts/{account}/invitation", status_code=201, responses=documented(404, 409, 415, 421, 422, 503))
def invite(accounts: TheAccounts, principal: Administrator, account: AccountId) -> NewInvitation:
    """Invite again, for a forgotten password. The second factor stays with its owner."""
    made = accounts.people.invite(principal, account)
    return NewInvitation(account=made.account_id, invitation=made.invitation)


@router.post("/accounts/{account}/end", status_code=204, responses=documented(404, 415, 421, 422, 503))
def end_account(accounts: TheAccounts, principal: Administrator, account: AccountId) -> None:
    """End an account for good, with its sessions and grants."""
    accounts.people.end(principal, account)


@router.get("/recoveries", responses=documented(421, 503))
def waiting_recoveries(accounts: TheAccounts, _: Granting) -> dict[str, str]:
    """Requests to replace a lost second factor that wait for a second person: accounts by requests."""
    return accounts.recovery.waiting()


@router.post("/recoveries/{request_id}", status_code=204, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def decide_recovery(accounts: TheAccounts, principal: Granting, request_id: Annotated[str, _ID], body: Decision) -> None:
    """Approve or refuse one, after making sure of who asks. Never one's own."""
    accounts.recovery.decide(principal, request_id, approve=body.approve)


@router.post("/grants", status_code=201, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def grant(accounts: TheAccounts, principal: Granting, body: NewGrant) -> GrantMade:
    """Authorise somebody for all ballots that are not open yet."""
    return _grant(accounts, principal, body, None)


@router.get("/grants", responses=documented(421, 503))
def list_grants(accounts: TheAccounts, _: Reading) -> list[GrantState]:
    """Who is authorised for all ballots."""
    return [_state(each) for each in accounts.grants.authorised(None)]


@router.post("/ballots/{election_id}/grants", status_code=201, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def grant_for_ballot(accounts: TheAccounts, principal: Granting, election_id: ElectionId, body: NewGrant) -> GrantMade:
    """Authorise somebody for a ballot. Once it is open: 409; then ask for it."""
    return _grant(accounts, principal, body, election_id)


@router.get("/ballots/{election_id}/grants", responses=documented(421, 422, 503))
def list_ballot_grants(accounts: TheAccounts, _: Reading, election_id: ElectionId) -> list[GrantState]:
    """Who is authorised for a ballot."""
    return [_state(each) for each in accounts.grants.authorised(election_id)]


@router.get("/ballots/{election_id}/permissions", responses=documented(421, 422, 503))
def permission_changes(accounts: TheAccounts, _: Reading, election_id: ElectionId) -> list[ChangeMade]:
    """Every change of permissions that reaches a ballot, in order."""
    return [_change(each) for each in accounts.grants.changes(election_id)]


@router.post("/ballots/{election_id}/exceptions", status_code=201, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def ask_exception(accounts: TheAccounts, principal: Granting, election_id: ElectionId, body: NewGrant) -> GrantMade:
    """Ask for a grant after the opening, for sickness or an investigation. A second person decides."""
    period = Period(body.starts, body.ends)
    return GrantMade(grant=accounts.grants.ask(principal, body.account, body.role, election_id, period, body.reason))


@router.post(
    "/ballots/{election_id}/exceptions/{grant_id}", status_code=204, dependencies=[Depends(a_ballot)],
    responses=documented(400, 404, 409, 413, 415, 421, 422, 503),
)  # fmt: skip
def decide_exception(accounts: TheAccounts, principal: Granting, grant_id: GrantId, body: Decision) -> None:
    """Approve or refuse an exception. Never one's own."""
    accounts.grants.decide(principal, grant_id, approve=body.approve)


@router.post("/grants/{grant_id}/period", status_code=204, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def change_grant(accounts: TheAccounts, principal: Granting, grant_id: GrantId, body: NewPeriod) -> None:
    """Give a grant for all ballots another period."""
    accounts.grants.change(principal, grant_id, Period(body.starts, body.ends), body.reason)


@router.post("/grants/{grant_id}/end", status_code=204, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def revoke_grant(accounts: TheAccounts, principal: Granting, grant_id: GrantId, body: WhyRevoked) -> None:
    """End a grant for all ballots, at any time."""
    accounts.grants.revoke(principal, grant_id, body.reason)


@router.post(
    "/ballots/{election_id}/grants/{grant_id}/period", status_code=204, dependencies=[Depends(a_ballot)],
    responses=documented(400, 404, 409, 413, 415, 421, 422, 503),
)  # fmt: skip
def change_ballot_grant(accounts: TheAccounts, principal: Granting, grant_id: GrantId, body: NewPeriod) -> None:
    """Give a grant for a ballot another period; once the ballot is open, only a shorter one."""
    accounts.grants.change(principal, grant_id, Period(body.starts, body.ends), body.reason)


@router.post(
    "/ballots/{election_id}/grants/{grant_id}/end", status_code=204, dependencies=[Depends(a_ballot)],
    responses=documented(400, 404, 409, 413, 415, 421, 422, 503),
)  # fmt: skip
def revoke_ballot_grant(accounts: TheAccounts, principal: Granting, grant_id: GrantId, body: WhyRevoked) -> None:
    """End a grant for a ballot, at any time."""
    accounts.grants.revoke(principal, grant_id, body.reason)


def _grant(accounts: TheAccounts, principal: Principal, body: NewGrant, election_id: str | None) -> GrantMade:
    period = Period(body.starts, body.ends)
    return GrantMade(grant=accounts.grants.grant(principal, body.account, body.role, election_id, period, body.reason))


def _state(grant: Grant) -> GrantState:
    return GrantState(
        grant=grant.grant_id, account=grant.account_id, role=grant.role.value, election=grant.election_id,
        starts=grant.period.starts.isoformat(), ends=grant.period.ends.isoformat(),
    )  # fmt: skip


def _change(change: Change) -> ChangeMade:
    grant = Grant(change.grant_id, change.account_id, change.role, change.election_id, change.period)
    return ChangeMade(
        number=change.number, kind=change.kind.value, grant=_state(grant), reason=change.reason.value, asked_by=change.asked_by,
        approver=change.approver, at=change.at.isoformat(),
    )  # fmt: skip
