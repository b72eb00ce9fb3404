"""Signing in: the password, then a second factor; signing out; another password (COP-084.2, COP-085b). Secrets pass.

Whatever is wrong, the answer is NotSignedIn: an unknown name takes as long as a wrong password, and who guessed too often is told no more.
"""

from dataclasses import dataclass, field

from sqlmodel import Session

from api.accounts.attempts import Attempts
from api.accounts.database import AccountDatabase, password_place
from api.accounts.errors import NotSignedIn
from api.accounts.events import Event, Record
from api.accounts.models import Account
from api.accounts.passwords import Passwords
from api.accounts.second_factors import Kind, SecondFactors
from api.accounts.sessions import Sessions, SignedIn, Stage
from api.clock import Clock
from api.errors import NotFound

__all__ = ["Pending", "SignIn"]


@dataclass(frozen=True, slots=True)
class Pending:
    """After the password: a token for the second step alone, and the kinds of second factors that the account has. None: it is to get its
    first one now, or one in place of those that were lost."""

    token: str = field(repr=False)
    kinds: frozenset[Kind]


class SignIn:
    """Signing in to the accounts of one database."""

    def __init__(
        self, database: AccountDatabase, clock: Clock, sessions: Sessions, factors: SecondFactors, passwords: Passwords, record: Record
    ) -> None:
        self._database, self._store = database, database.store
        self._sessions, self._factors, self._passwords, self._record = sessions, factors, passwords, record
        self._attempts = Attempts(clock)

    def password(self, sign_in_name: str, password: str) -> Pending:
        """The first step. Raises NotSignedIn, Overloaded."""
        with self._store.transaction() as session:
            account, subject = self._database.find(session, sign_in_name)
            encoded = self._encoded(session, account)
            attempt = self._attempts.count(session, subject)
        right = self._passwords.verify(password, encoded) and attempt is not None
        renewed = self._passwords.derive(password) if right and encoded and not self._passwords.is_current(encoded) else None
        with self._store.transaction() as session:
            if right and account is not None and attempt is not None:
                now = self._lock(session, account.account_id)
                if self._encoded(session, now) == encoded:  # not changed meanwhile
                    self._attempts.take_back(session, attempt)
                    if renewed:
                        self.store_password(session, now, renewed)
                    return self._pending(session, now.account_id)
            self._failed(subject, "password")
        raise NotSignedIn

    def accept(self, invitation: str, password: str) -> Pending:
        """The first password, or another one for who forgot it, by an invitation, which serves once. All the account's sessions end. Raises
        NotSignedIn for an invitation that does not serve, Invalid for a password that is too short, Overloaded."""
        encoded = self._passwords.derive(password)
        with self._store.transaction() as session:
            signed_in = self._sessions.use(session, invitation, Stage.INVITED)
            self._sessions.end_all(session, signed_in.account_id)
            self.store_password(session, self._lock(session, signed_in.account_id), encoded)
            self._record(Event.PASSWORD_SET, {"account": signed_in.account_id})
            return self._pending(session, signed_in.account_id)

    def one_time(self, token: str, code: str) -> str:
        """The second step by a code of an app: the token of a full session. Raises NotSignedIn; the pending session goes on."""
        with self._store.transaction() as session:
            signed_in = self._sessions.use(session, token, Stage.PENDING)
            attempt = self._attempts.count(session, signed_in.account_id)
            right = attempt is not None and self._factors.use_one_time(session, signed_in.account_id, code)
            full = self._second_step(session, signed_in, Kind.ONE_TIME, right=right)
        return _required(full)

    def passkey_options(self, token: str) -> str:
        """What the browser is asked for in the second step, in JSON. Raises NotSignedIn."""
        with self._store.transaction() as session:
            return self._factors.ask_passkey(session, self._sessions.use(session, token, Stage.PENDING))

    def passkey(self, token: str, answer: str) -> str:
        """The second step by a passkey, whose answer is the browser's JSON: the token of a full session. Raises NotSignedIn; the pending
        session goes on, but its question has to be asked anew."""
        with self._store.transaction() as session:
            signed_in = self._sessions.use(session, token, Stage.PENDING)
            attempt = self._attempts.count(session, signed_in.account_id)
            right = attempt is not None and self._factors.use_passkey(session, signed_in, answer)
            full = self._second_step(session, signed_in, Kind.PASSKEY, right=right)
        return _required(full)

    def sign_out(self, token: str) -> None:
        """Ends a session, pending or full. Raises NotSignedIn if it has ended."""
        with self._store.transaction() as session:
            signed_in = self._sessions.use(session, token, Stage.PENDING, Stage.FULL)
            self._sessions.end(session, signed_in)
            self._record(Event.SIGNED_OUT, {"account": signed_in.account_id})

    def change_password(self, token: str, old: str, new: str) -> None:
        """Another password for who knows the old one. All the account's sessions end, this one too. Raises NotSignedIn for a wrong old
        password, Invalid for a new one that is too short, Overloaded."""
        self._passwords.check(new)
        account_id = self._sessions.full(token)
        with self._store.transaction() as session:
            encoded = self._encoded(session, self._lock(session, account_id))
            attempt = self._attempts.count(session, account_id)
        right = self._passwords.verify(old, encoded) and attempt is not None
        changed = self._passwords.derive(new) if right else ""
        with self._store.transaction() as session:
            if right and attempt is not None:
                account = self._lock(session, account_id)
                self._sessions.use(session, token, Stage.FULL)
                if self._encoded(session, account) == encoded:
                    self._attempts.take_back(session, attempt)
                    self.store_password(session, account, changed)
                    self._sessions.end_all(session, account_id)
                    self._record(Event.PASSWORD_SET, {"account": account_id})
                    return
            self._failed(account_id, "password")
        raise NotSignedIn

    def store_password(self, session: Session, account: Account, encoded: str) -> None:
        """Keeps the PHC string of a password."""
        key = self._database.key(session, account.account_id)
        account.password = key.seal(encoded.encode(), password_place(account.account_id))
        session.add(account)

    def _lock(self, session: Session, account_id: str) -> Account:
        try:
            return self._database.lock(session, account_id)
        except NotFound:  # ended at this very moment
            raise NotSignedIn from None

    def _encoded(self, session: Session, account: Account | None) -> str | None:
        if account is None or account.password is None:
            return None
        key = self._database.key(session, account.account_id)
        return key.open(account.password, password_place(account.account_id)).decode()

    def _pending(self, session: Session, account_id: str) -> Pending:
        token = self._sessions.begin(session, account_id, Stage.PENDING)
        kinds = frozenset(Kind(row.kind) for row in self._factors.working(session, account_id))
        self._record(Event.PASSWORD_RIGHT, {"account": account_id})
        return Pending(token, kinds)

    def _second_step(self, session: Session, signed_in: SignedIn, kind: Kind, *, right: bool) -> str | None:
        """The new token; None, and nothing raised, if it is wrong: that it was tried has to be stored."""
        if not right:
            self._failed(signed_in.account_id, kind)
            return None
        self._attempts.forget(session, signed_in.account_id)
        self._sessions.end(session, signed_in)
        self._record(Event.SIGNED_IN, {"account": signed_in.account_id, "factor": kind})
        return self._sessions.begin(session, signed_in.account_id, Stage.FULL)

    def _failed(self, subject: str, step: str) -> None:
        self._record(Event.SIGN_IN_FAILED, {"account": subject if not subject.startswith("unknown") else "unknown", "step": step})


def _required(token: str | None) -> str:
    if token is None:
        raise NotSignedIn
    return token
