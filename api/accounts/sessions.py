"""Sessions: random tokens of 256 bits, of which only keyed hashes are stored. A secret passes.

    invited → pending → full          each step gives a new token and ends the one before
                 └──→ recovering → full

A pending session has passed the password alone and opens nothing but the second step. No token ever gets further than it was made for.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, select, update

from api.accounts.database import AccountDatabase
from api.accounts.errors import NotSignedIn
from api.accounts.models import Account, SignInSession
from api.clock import JUMP, Clock

__all__ = ["ABSOLUTE", "IDLE", "INVITED_FOR", "PENDING_FOR", "RECOVERING_FOR", "Sessions", "SignedIn", "Stage"]

IDLE, ABSOLUTE = timedelta(minutes=30), timedelta(hours=12)
"""A full session ends after so long without use, and so long after it began."""
PENDING_FOR, INVITED_FOR, RECOVERING_FOR = timedelta(minutes=10), timedelta(days=7), timedelta(hours=24)
"""How long the second step may take, an invitation wait, and replacing a lost factor take."""
_TOUCH = timedelta(minutes=1)  # use is noted no more often: a session may end so much earlier, never later


class Stage(StrEnum):
    """What a token is good for: choosing a password, the second step, a new factor once a second person has agreed, or everything that its
    account is authorised for."""

    INVITED = "invited"
    PENDING = "pending"
    RECOVERING = "recovering"
    FULL = "full"


_LASTS = {Stage.INVITED: INVITED_FOR, Stage.PENDING: PENDING_FOR, Stage.RECOVERING: RECOVERING_FOR, Stage.FULL: ABSOLUTE}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whose a valid token is, and how far it has got."""

    account_id: str
    stage: Stage
    token_hash: bytes = field(repr=False)


class Sessions:
    """The sessions of one database."""

    def __init__(self, database: AccountDatabase, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def full(self, token: str) -> str:
        """The account of a full session, which counts as used. Raises NotSignedIn."""
        with self._database.store.reading() as session:
            row = self._find(session, token, Stage.FULL)
        if self._clock.now() - row.seen >= _TOUCH:
            with self._database.store.transaction() as session:
                self.use(session, token, Stage.FULL)
        return row.account_id

    def begin(self, session: Session, account_id: str, stage: Stage) -> str:
        """A new token for an account; it is answered here and never again."""
        token, now = secrets.token_urlsafe(32), self._clock.now()
        session.add(SignInSession(token_hash=self.hash_of(token), account_id=account_id, stage=stage, started=now, seen=now))
        session.flush()
        return token

    def use(self, session: Session, token: str, *stages: Stage) -> SignedIn:
        """Whose a token of one of these stages is; it counts as used. Nobody else changes the account, its sessions or factors before the
        transaction ends: whoever does locks the account first. Raises NotSignedIn."""
        account_id = self._find(session, token, *stages).account_id
        session.exec(select(Account.account_id).where(Account.account_id == account_id).with_for_update(key_share=True)).one()
        row = self._find(session, token, *stages)  # as it is now
        row.seen = self._clock.now()
        session.add(row)
        return SignedIn(row.account_id, Stage(row.stage), row.token_hash)

    def hash_of(self, token: str) -> bytes:
        """The keyed hash that a token is stored as."""
        return self._database.index.token(token)

    def end(self, session: Session, signed_in: SignedIn) -> None:
        """Ends one."""
        session.exec(update(SignInSession).where(col(SignInSession.token_hash) == signed_in.token_hash).values(ended=True))

    def end_all(self, session: Session, account_id: str) -> None:
        """Ends all of an account, invitations too."""
        running = col(SignInSession.ended).is_(other=False)
        session.exec(update(SignInSession).where(col(SignInSession.account_id) == account_id, running).values(ended=True))

    def _find(self, session: Session, token: str, *stages: Stage) -> SignInSession:
        query = (
            select(SignInSession)
            .join(Account, col(Account.account_id) == col(SignInSession.account_id))
            .where(SignInSession.token_hash == self.hash_of(token))
            .where(col(SignInSession.ended).is_(other=False), col(Account.ended).is_(other=False))
            .execution_options(populate_existing=True)
        )
        row = session.exec(query).first()
        if row is None or row.stage not in stages or not _lasts(row, self._clock.now()):
            raise NotSignedIn
        return row


def _lasts(row: SignInSession, now: datetime) -> bool:
    """Neither over, nor from a time that has not come: then the machine's clock was put back."""
    idle = IDLE if row.stage == Stage.FULL else _LASTS[Stage(row.stage)]
    return row.started <= now + JUMP and row.seen <= now + JUMP and now < min(row.started + _LASTS[Stage(row.stage)], row.seen + idle)
