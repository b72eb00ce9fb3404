"""Signing in, and a person's own factors, over HTTP. A token goes in the Authorization header and nowhere else: no cookie acts (SV-07)."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field

from api.accounts.one_time import NewSecret
from api.accounts.service import Accounts
from api.accounts.sign_in import Pending
from api.authorising import Token, anybody
from api.messages import Message
from api.problems import documented

__all__ = ["TheAccounts", "accounts_of", "router"]

router = APIRouter(prefix="/api/v1", tags=["signing in"])
_SECRET = 500  # characters of a password, or of anything else that is typed


def accounts_of(request: Request) -> Accounts:
    """The account service of this app."""
    accounts: Accounts = request.app.state.accounts
    return accounts


TheAccounts = Annotated[Accounts, Depends(accounts_of)]
AToken = Annotated[str, Depends(Token())]
_PUBLIC = [Depends(anybody)]


class Password(Message):
    """The first step."""

    sign_in_name: str = Field(max_length=_SECRET, examples=["a.person"])
    password: str = Field(max_length=_SECRET, repr=False)


class Invitation(Message):
    """An invitation, and the password that its owner has chosen: at least 15 characters."""

    invitation: str = Field(max_length=200, repr=False)
    password: str = Field(max_length=_SECRET, repr=False)


class NewPassword(Message):
    """Another password in place of the old one."""

    old: str = Field(max_length=_SECRET, repr=False)
    new: str = Field(max_length=_SECRET, repr=False)


class Code(Message):
    """A code from an app, or a recovery code, as typed."""

    code: str = Field(max_length=100, repr=False, examples=["123 456"])


class PasskeyAnswer(Message):
    """What the browser answered, in JSON, as text."""

    answer: str = Field(max_length=20_000, repr=False)


class NextStep(Message):
    """After the password: a token for the second step, and the second factors that the account has. None: it is to get one now."""

    token: str = Field(repr=False)
    factors: list[str]


class FullSession(Message):
    """Signed in: the token for everything that the account is authorised for."""

    token: str = Field(repr=False)


class RecoveryAsked(Message):
    """A second person has to approve the request; then a new factor is made with the token."""

    request: str
    token: str = Field(repr=False)


class AppSecret(Message):
    """For an authenticator app: the secret in Base32, and the same as an address for a QR code."""

    secret: str = Field(repr=False)
    address: str = Field(repr=False)


class WorkingFactor(Message):
    """A second factor that works."""

    factor: str
    kind: str


class Me(Message):
    """Who is signed in, and what they are authorised for; `election` null: for all ballots that are not open yet."""

    account: str
    grants: list[dict[str, str | None]]


class Codes(Message):
    """Recovery codes: shown this once."""

    codes: list[str] = Field(repr=False)


def _next(pending: Pending) -> NextStep:
    return NextStep(token=pending.token, factors=sorted(pending.kinds))


@router.post("/sign-in", dependencies=_PUBLIC, responses=documented(400, 401, 403, 413, 415, 421, 422, 503))
def password(accounts: TheAccounts, body: Password) -> NextStep:
    """The first step: name and password. Whatever is wrong, the answer is the same."""
    return _next(accounts.sign_in.password(body.sign_in_name, body.password))


@router.post("/sign-in/invitation", dependencies=_PUBLIC, responses=documented(400, 401, 403, 413, 415, 421, 422, 503))
def accept_invitation(accounts: TheAccounts, body: Invitation) -> NextStep:
    """Choose a password with an invitation, which serves once."""
    return _next(accounts.sign_in.accept(body.invitation, body.password))


@router.post("/sign-in/one-time", responses=documented(400, 403, 413, 415, 421, 422, 503))
def one_time(accounts: TheAccounts, token: AToken, body: Code) -> FullSession:
    """The second step: a code from an app. Each code serves once."""
    return FullSession(token=accounts.sign_in.one_time(token, body.code))


@router.post("/sign-in/passkey/question", responses=documented(403, 415, 421, 503))
def passkey_question(accounts: TheAccounts, token: AToken) -> dict[str, Any]:
    """The second step by passkey: what the browser is asked for."""
    question: dict[str, Any] = json.loads(accounts.sign_in.passkey_options(token))
    return question


@router.post("/sign-in/passkey", responses=documented(400, 403, 413, 415, 421, 422, 503))
def passkey(accounts: TheAccounts, token: AToken, body: PasskeyAnswer) -> FullSession:
    """The second step by passkey: what the browser answered."""
    return FullSession(token=accounts.sign_in.passkey(token, body.answer))


@router.post("/sign-in/recovery", responses=documented(400, 403, 413, 415, 421, 422, 503))
def ask_recovery(accounts: TheAccounts, token: AToken, body: Code) -> RecoveryAsked:
    """In place of the second step, a recovery code: asks that a second person approve a new factor. It opens nothing by itself."""
    asked = accounts.recovery.ask(token, body.code)
    return RecoveryAsked(request=asked.request_id, token=asked.token)


@router.post("/sign-out", status_code=204, responses=documented(403, 415, 421, 503))
def sign_out(accounts: TheAccounts, token: AToken) -> None:
    """Sign out: the token opens nothing any more."""
    accounts.sign_in.sign_out(token)


@router.post("/password", status_code=204, responses=documented(400, 403, 413, 415, 421, 422, 503))
def change_password(accounts: TheAccounts, token: AToken, body: NewPassword) -> None:
    """Another password. All of the account's sessions end."""
    accounts.sign_in.change_password(token, body.old, body.new)


@router.get("/me", responses=documented(421, 503))
def me(accounts: TheAccounts, token: AToken) -> Me:
    """Who is signed in with this token, and for what they are authorised."""
    account_id = accounts.sessions.full(token)
    grants: list[dict[str, str | None]] = [
        {
            "grant": each.grant_id, "role": each.role.value, "election": each.election_id,
            "from": each.period.starts.isoformat(), "until": each.period.ends.isoformat(),
        }
        for each in accounts.grants.held_by(account_id)
    ]  # fmt: skip
    return Me(account=account_id, grants=grants)


@router.get("/factors", responses=documented(421, 503))
def factors(accounts: TheAccounts, token: AToken) -> list[WorkingFactor]:
    """One's own second factors."""
    return [WorkingFactor(factor=each.factor_id, kind=each.kind.value) for each in accounts.enrolment.factors(token)]


@router.post("/factors/one-time", responses=documented(403, 415, 421, 503))
def begin_one_time(accounts: TheAccounts, token: AToken) -> AppSecret:
    """A secret for an authenticator app. It serves once a code of it was confirmed."""
    made: NewSecret = accounts.enrolment.begin_one_time(token)
    return AppSecret(secret=made.secret, address=made.address)


@router.post("/factors/one-time/confirmation", status_code=201, responses=documented(400, 403, 413, 415, 421, 422, 503))
def confirm_one_time(accounts: TheAccounts, token: AToken, body: Code) -> FullSession:
    """A code that the app shows now."""
    return FullSession(token=accounts.enrolment.confirm_one_time(token, body.code).token)


@router.post("/factors/passkey", responses=documented(403, 415, 421, 503))
def begin_passkey(accounts: TheAccounts, token: AToken) -> dict[str, Any]:
    """What the browser is asked for to make a passkey."""
    question: dict[str, Any] = json.loads(accounts.enrolment.begin_passkey(token))
    return question


@router.post("/factors/passkey/confirmation", status_code=201, responses=documented(400, 403, 409, 413, 415, 421, 422, 503))
def confirm_passkey(accounts: TheAccounts, token: AToken, body: PasskeyAnswer) -> FullSession:
    """What the browser answered."""
    return FullSession(token=accounts.enrolment.confirm_passkey(token, body.answer).token)


@router.post("/factors/{factor}/end", status_code=204, responses=documented(403, 404, 409, 415, 421, 422, 503))
def end_factor(accounts: TheAccounts, token: AToken, factor: Annotated[str, Path(max_length=64)]) -> None:
    """Give up a second factor of one's own. The last one stays."""
    accounts.enrolment.end_factor(token, factor)


@router.post("/recovery-codes", status_code=201, responses=documented(403, 415, 421, 503))
def new_recovery_codes(accounts: TheAccounts, token: AToken) -> Codes:
    """Ten recovery codes in place of all earlier ones."""
    return Codes(codes=list(accounts.recovery.new_codes(token)))
