"""When a second factor is lost: a recovery code and a second person, never one alone (COP-085b, SV-05). Secrets pass.

    password → a recovery code → request → approved by another person → a new factor in place of all the old ones

Every step is a row that is only added. Only the browser that asked can go on after the approval: it holds the token. Whoever has lost the
recovery codes too gets a new account instead.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sqlmodel import Session, col, select, update

from api.accounts.attempts import Attempts
from api.accounts.database import AccountDatabase
from api.accounts.errors import NotSignedIn
from api.accounts.events import Event, Record
from api.accounts.grants import Grants
from api.accounts.models import RecoveryCode, RecoveryStep
from api.accounts.sessions import RECOVERING_FOR, Sessions, SignedIn, Stage
from api.auth import Principal, Role
from api.clock import Clock
from api.errors import Conflict, Denied, NotFound

__all__ = ["CODES", "Asked", "Recovery", "Step"]

CODES = 10
"""How many recovery codes somebody has."""
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # 32 characters, none like another
_LENGTH, _GROUP = 16, 4  # 80 bits
_LOOKS_LIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "\u2013": None})


class Step(StrEnum):
    """What was done about a request."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request's id, which the second person is told, and the token with which to go on once it is approved."""

    request_id: str
    token: str = field(repr=False)


class Recovery:
    """Requests to replace lost factors, in one database."""

    def __init__(self, database: AccountDatabase, clock: Clock, sessions: Sessions, grants: Grants, record: Record) -> None:
        self._database, self._store, self._clock = database, database.store, clock
        self._sessions, self._grants, self._record = sessions, grants, record
        self._attempts = Attempts(clock)

    def new_codes(self, token: str) -> tuple[str, ...]:
        """Ten codes in place of all earlier ones, to be shown this once. Raises NotSignedIn unless the session is a full one."""
        codes = tuple("".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH)) for _ in range(CODES))
        with self._store.transaction() as session:
            account_id = self._sessions.use(session, token, Stage.FULL).account_id
            self._end_codes(session, account_id)
            hashes = (self._database.index.recovery_code(account_id, code) for code in codes)
            session.add_all(RecoveryCode(code_hash=each, account_id=account_id) for each in hashes)
            self._record(Event.RECOVERY_CODES_MADE, {"account": account_id})
        return tuple("-".join(code[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP)) for code in codes)

    def ask(self, token: str, code: str) -> Asked:
        """With a pending session and a recovery code, which is used up: a request, which opens nothing by itself. Raises NotSignedIn."""
        asked = None
        with self._store.transaction() as session:
            signed_in = self._sessions.use(session, token, Stage.PENDING)
            account_id = signed_in.account_id
            attempt = self._attempts.count(session, account_id)
            if attempt is not None and self._use(session, account_id, code):
                self._attempts.take_back(session, attempt)
                self._sessions.end(session, signed_in)
                recovering = self._sessions.begin(session, account_id, Stage.RECOVERING)
                asked = Asked(_request_id(self._sessions.hash_of(recovering)), recovering)
                self._add(session, asked.request_id, Step.ASKED, account_id, account_id)
                self._record(Event.RECOVERY_ASKED, {"account": account_id, "request": asked.request_id})
            else:
                self._record(Event.SIGN_IN_FAILED, {"account": account_id, "step": "recovery code"})
        if asked is None:
            raise NotSignedIn
        return asked

    def waiting(self) -> dict[str, str]:
        """The requests that may be decided: account ids by request ids."""
        with self._store.reading() as session:
            asked = session.exec(select(RecoveryStep).where(RecoveryStep.step == Step.ASKED)).all()
            return {row.request_id: row.account_id for row in asked if self._decidable(self._steps(session, row.request_id))}

    def decide(self, principal: Principal, request_id: str, *, approve: bool) -> None:
        """A second person, who has made sure of who asks, approves or refuses. Raises Denied to the one who asks and to whoever is neither
        administrator nor scrutineer, NotFound, Conflict."""
        principal.require(Role.ADMINISTRATOR, Role.SCRUTINEER, election_id=principal.election_id)
        with self._store.transaction() as session:
            self._grants.must_hold(session, principal)
            steps = self._steps(session, request_id)
            if not steps:
                raise NotFound("there is no such request")
            account_id = steps[0].account_id
            if principal.account_id == account_id:
                raise Denied("nobody decides about a request of their own")
            self._database.lock(session, account_id)
            if not self._decidable(self._steps(session, request_id)):
                raise Conflict("the request was decided already, or is too old; nothing was changed")
            self._add(session, request_id, Step.APPROVED if approve else Step.REFUSED, account_id, principal.account_id)
            event = Event.RECOVERY_APPROVED if approve else Event.RECOVERY_REFUSED
            self._record(event, {"account": account_id, "request": request_id, "by": principal.account_id})

    def is_approved(self, session: Session, signed_in: SignedIn) -> bool:
        """Whether the request of this recovering session is approved and not finished."""
        steps = {row.step for row in self._steps(session, _request_id(signed_in.token_hash))}
        return Step.APPROVED in steps and Step.FINISHED not in steps

    def finish(self, session: Session, account_id: str) -> None:
        """The new factor works: no request of the account serves any more, nor do its other codes."""
        rows = session.exec(select(RecoveryStep).where(RecoveryStep.account_id == account_id)).all()
        finished = {row.request_id for row in rows if row.step == Step.FINISHED}
        for request_id in {row.request_id for row in rows} - finished:
            self._add(session, request_id, Step.FINISHED, account_id, account_id)
            self._record(Event.RECOVERY_FINISHED, {"account": account_id, "request": request_id})
        self._end_codes(session, account_id)

    def _decidable(self, steps: Sequence[RecoveryStep]) -> bool:
        return [step.step for step in steps] == [Step.ASKED] and self._clock.now() < steps[0].at + RECOVERING_FOR

    def _steps(self, session: Session, request_id: str) -> Sequence[RecoveryStep]:
        return session.exec(select(RecoveryStep).where(RecoveryStep.request_id == request_id).order_by(col(RecoveryStep.at))).all()

    def _add(self, session: Session, request_id: str, step: Step, account_id: str, by: str) -> None:
        session.add(RecoveryStep(request_id=request_id, step=step, account_id=account_id, by=by, at=self._clock.now()))
        session.flush()

    def _use(self, session: Session, account_id: str, code: str) -> bool:
        normal = code.upper().translate(_LOOKS_LIKE)
        if len(normal) != _LENGTH or not set(normal) <= set(_ALPHABET):
            return False
        code_hash = self._database.index.recovery_code(account_id, normal)
        row = session.exec(select(RecoveryCode).where(RecoveryCode.code_hash == code_hash).with_for_update()).first()
        if row is None or row.ended:
            return False
        row.ended = True
        session.add(row)
        return True

    def _end_codes(self, session: Session, account_id: str) -> None:
        session.exec(update(RecoveryCode).where(col(RecoveryCode.account_id) == account_id).values(ended=True))


def _request_id(token_hash: bytes) -> str:
    return token_hash.hex()[:32]
