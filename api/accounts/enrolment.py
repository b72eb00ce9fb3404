"""Getting a second factor: the first one after choosing a password, more of them, one in place of those that were lost. Secrets pass."""

from dataclasses import dataclass, field

from sqlmodel import Session

from api.accounts.database import AccountDatabase
from api.accounts.errors import NotSignedIn
from api.accounts.events import Event, Record
from api.accounts.models import Account
from api.accounts.one_time import NewSecret, new_secret
from api.accounts.passkeys import PasskeyRefused, Site, new_options
from api.accounts.people import person_of
from api.accounts.recovery import Recovery
from api.accounts.second_factors import Factor, Kind, Purpose, SecondFactors
from api.accounts.sessions import Sessions, SignedIn, Stage
from api.errors import Conflict, Invalid, NotFound

__all__ = ["Enrolled", "Enrolment"]


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A factor that works, and the token to go on with: of a new full session, or the same if it was a full one already."""

    factor_id: str
    token: str = field(repr=False)


class Enrolment:
    """The second factors of the accounts of one database, as their owners change them. `token` may be of a full session; of a pending one
    while the account never had a second factor; or of a recovering one after the request was approved. NotSignedIn is raised for others."""

    def __init__(
        self, database: AccountDatabase, sessions: Sessions, factors: SecondFactors, recovery: Recovery, site: Site, record: Record
    ) -> None:
        self._database, self._store, self._site = database, database.store, site
        self._sessions, self._factors, self._recovery, self._record = sessions, factors, recovery, record

    def begin_one_time(self, token: str) -> NewSecret:
        """A secret for an app, which serves once `confirm_one_time` has had a code of it."""
        with self._store.transaction() as session:
            signed_in = self._enter(session, token)
            made = new_secret(self._sign_in_name(session, signed_in))
            self._factors.add_one_time(session, signed_in.account_id, made.secret)
            return made

    def confirm_one_time(self, token: str, code: str) -> Enrolled:
        """Raises Invalid if the code is not one of the app that was begun with."""
        with self._store.transaction() as session:
            signed_in = self._enter(session, token)
            factor_id = self._factors.confirm_one_time(session, signed_in.account_id, code)
            if factor_id is None:
                raise Invalid("the code is not one that the app should show now; nothing was changed")
            return self._added(session, signed_in, token, Kind.ONE_TIME, factor_id)

    def begin_passkey(self, token: str) -> str:
        """What the browser is asked for to make a passkey, in JSON."""
        with self._store.transaction() as session:
            signed_in = self._enter(session, token)
            known = self._factors.known_passkeys(session, signed_in.account_id)
            challenge = self._factors.challenge(session, signed_in, Purpose.NEW)
            return new_options(self._site, signed_in.account_id, self._sign_in_name(session, signed_in), challenge, known)

    def confirm_passkey(self, token: str, answer: str) -> Enrolled:
        """`answer` is the browser's JSON. Raises Invalid if it is not right, or not to the latest question; Conflict if the passkey is
        known already."""
        with self._store.transaction() as session:
            signed_in = self._enter(session, token)
            try:
                factor_id = self._factors.add_passkey(session, signed_in, answer)
            except PasskeyRefused:
                raise Invalid("the passkey could not be registered; nothing was changed") from None
            return self._added(session, signed_in, token, Kind.PASSKEY, factor_id)

    def factors(self, token: str) -> tuple[Factor, ...]:
        """The account's own factors that work. For full sessions."""
        with self._store.transaction() as session:
            account_id = self._sessions.use(session, token, Stage.FULL).account_id
            return tuple(Factor(row.factor_id, Kind(row.kind)) for row in self._factors.working(session, account_id))

    def end_factor(self, token: str, factor_id: str) -> None:
        """Gives up a factor of one's own. For full sessions. Raises NotFound; Conflict for the last one, for nobody is without."""
        with self._store.transaction() as session:
            account_id = self._sessions.use(session, token, Stage.FULL).account_id
            working = self._factors.working(session, account_id)
            row = next((row for row in working if row.factor_id == factor_id), None)
            if row is None:
                raise NotFound("there is no such second factor")
            if len(working) == 1:
                raise Conflict("the last second factor stays until there is another one; nothing was changed")
            row.ended = True
            session.add(row)
            self._record(Event.FACTOR_ENDED, {"account": account_id, "factor": factor_id})

    def _enter(self, session: Session, token: str) -> SignedIn:
        signed_in = self._sessions.use(session, token, Stage.PENDING, Stage.RECOVERING, Stage.FULL)
        if signed_in.stage is Stage.PENDING and self._factors.ever(session, signed_in.account_id):
            raise NotSignedIn
        if signed_in.stage is Stage.RECOVERING and not self._recovery.is_approved(session, signed_in):
            raise NotSignedIn
        return signed_in

    def _added(self, session: Session, signed_in: SignedIn, token: str, kind: Kind, factor_id: str) -> Enrolled:
        account_id = signed_in.account_id
        self._record(Event.FACTOR_ADDED, {"account": account_id, "factor": factor_id, "kind": kind})
        if signed_in.stage is Stage.FULL:
            return Enrolled(factor_id, token)
        if signed_in.stage is Stage.RECOVERING:
            self._factors.end_all_but(session, account_id, factor_id)
            self._recovery.finish(session, account_id)
        self._sessions.end_all(session, account_id)
        self._record(Event.SIGNED_IN, {"account": account_id, "factor": kind})
        return Enrolled(factor_id, self._sessions.begin(session, account_id, Stage.FULL))

    def _sign_in_name(self, session: Session, signed_in: SignedIn) -> str:
        account = session.get_one(Account, signed_in.account_id)
        return person_of(self._database, session, account).sign_in_name
