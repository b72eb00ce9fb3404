"""Accounts: one for each person, made by an administrator, opened by an invitation; none shared, anonymous or by default (COP-084.2)."""

import json
import secrets
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import func
from sqlmodel import Session, col, or_, select

from api.accounts.database import AccountDatabase
from api.accounts.events import Event, Record
from api.accounts.grants import Grants
from api.accounts.models import Account, AttemptCount
from api.accounts.permissions import Period, Reason
from api.accounts.sessions import Sessions, Stage
from api.auth import Principal, Role
from api.errors import Conflict, Denied, Invalid, NotFound
from api.sealing import Place

__all__ = ["NOBODYS_NAMES", "Invited", "Listed", "People", "Person", "person_of"]

NOBODYS_NAMES = frozenset(
    {"admin", "administrator", "anonymous", "ballots", "default", "demo", "everyone", "guest", "helpdesk", "info", "mail", "nobody",
     "noreply", "office", "operator", "postmaster", "psephos", "root", "scrutineer", "scrutineers", "service", "shared", "staff",
     "support", "system", "team", "test", "tester", "trustee", "trustees", "user", "webmaster"}
)  # fmt: skip
"""Names that stand for an office or for anybody: nobody signs in with one, and none is the mailbox of one person."""
_LONGEST = 200  # characters


@dataclass(frozen=True, slots=True)
class Person:
    """Who an account belongs to. Raises Invalid for what is nobody's, too long or no address; it does not quote it."""

    name: str = field(repr=False)
    email: str = field(repr=False)
    sign_in_name: str = field(repr=False)

    def __post_init__(self) -> None:
        """See above."""
        for what, text in (("name", self.name), ("e-mail address", self.email), ("sign-in name", self.sign_in_name)):
            if not text.strip() or len(text) > _LONGEST or any(unicodedata.category(character)[0] == "C" for character in text):
                raise Invalid(f"the {what}: expected 1 to {_LONGEST} characters that can be printed")
        mailbox, at, domain = self.email.partition("@")
        if not mailbox or not at or "." not in domain or "@" in domain or " " in self.email.strip():
            raise Invalid("the e-mail address: expected one such as first.last@union.example")
        for what, text in (("name", self.name), ("e-mail address", mailbox), ("sign-in name", self.sign_in_name.partition("@")[0])):
            if text.strip().casefold() in NOBODYS_NAMES:
                raise Invalid(f"the {what}: expected one person's own, got one of an office or of anybody")


@dataclass(frozen=True, slots=True)
class Invited:
    """A new account's id, and the token with which its owner chooses a password: to be sent to them and forgotten."""

    account_id: str
    invitation: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Listed:
    """An account in a list: `can_sign_in` once its owner has chosen a password, until it is ended."""

    account_id: str
    can_sign_in: bool
    ended: bool


class People:
    """The accounts of one database."""

    def __init__(self, database: AccountDatabase, sessions: Sessions, grants: Grants, record: Record) -> None:
        self._database, self._store = database, database.store
        self._sessions, self._grants, self._record = sessions, grants, record

    def bootstrap(self, person: Person, period: Period) -> Invited:
        """The first account, an administrator's, while there is none at all; Conflict ever after. For whoever installs the platform."""
        with self._store.transaction() as session:
            if session.exec(select(func.count()).select_from(Account)).one():
                raise Conflict("the platform is set up already; nothing was changed")
            account_id = self._add(session, person)
            self._record(Event.ACCOUNT_MADE, {"account": account_id, "by": "set-up"})
            self._grants.first(session, account_id, period)
            return self._invited(session, account_id, by="set-up")

    def create(self, principal: Principal, person: Person) -> Invited:
        """A new account, authorised for nothing. Raises Denied unless the principal is an administrator; Conflict if sign-in name or e-mail
        address is another account's."""
        with self._store.transaction() as session:
            self._require(session, principal)
            account_id = self._add(session, person)
            self._record(Event.ACCOUNT_MADE, {"account": account_id, "by": principal.account_id})
            return self._invited(session, account_id, by=principal.account_id)

    def invite(self, principal: Principal, account_id: str) -> Invited:
        """Another invitation, for an earlier one that was lost or for a password that was forgotten; all the account's sessions end. Second
        factors stay as they are. Raises Denied to all but other administrators; NotFound."""
        with self._store.transaction() as session:
            self._require(session, principal)
            if principal.account_id == account_id:
                raise Denied("nobody replaces their own password without knowing it")
            self._database.lock(session, account_id)
            self._sessions.end_all(session, account_id)
            return self._invited(session, account_id, by=principal.account_id)

    def end(self, principal: Principal, account_id: str) -> None:
        """Ends an account for good, with its sessions and all that it is authorised for. Raises Denied to all but other administrators;
        NotFound."""
        with self._store.transaction() as session:
            self._require(session, principal)
            if principal.account_id == account_id:
                raise Denied("nobody ends their own account")
            account = self._database.lock(session, account_id)
            account.ended = True
            session.add(account)
            self._sessions.end_all(session, account_id)
            self._grants.revoke_all(session, principal, account_id, Reason.END_OF_DUTY)
            self._record(Event.ACCOUNT_ENDED, {"account": account_id, "by": principal.account_id})

    def person(self, account_id: str) -> Person:
        """Who an account belongs to, or belonged to when it was ended: the report names them. Raises NotFound."""
        with self._store.reading() as session:
            account = session.get(Account, account_id)
            if account is None:
                raise NotFound("there is no such account")
            return person_of(self._database, session, account)

    def accounts(self) -> tuple[Listed, ...]:
        """All accounts, without their names."""
        with self._store.reading() as session:
            rows = session.exec(select(Account).order_by(col(Account.account_id))).all()
            return tuple(Listed(row.account_id, row.password is not None and not row.ended, row.ended) for row in rows)

    def alive(self, account_ids: Collection[str]) -> set[str]:
        """Those of these accounts that there are and that have not ended."""
        with self._store.reading() as session:
            query = select(Account.account_id).where(col(Account.account_id).in_(account_ids), col(Account.ended).is_(other=False))
            return set(session.exec(query))

    def _require(self, session: Session, principal: Principal) -> None:
        principal.require(Role.ADMINISTRATOR)
        self._grants.must_hold(session, principal)

    def _add(self, session: Session, person: Person) -> str:
        index = self._database.index
        name_index, email_index = index.sign_in_name(person.sign_in_name), index.email(person.email)
        taken = or_(col(Account.name_index) == name_index, col(Account.email_index) == email_index)
        if session.exec(select(Account.account_id).where(taken)).first() is not None:
            raise Conflict("the sign-in name or the e-mail address is another account's; nothing was changed")
        account_id = secrets.token_hex(16)
        content = {"name": person.name, "email": person.email, "sign_in_name": person.sign_in_name}
        sealed = self._database.key(session, account_id).seal(json.dumps(content).encode(), _place(account_id))
        session.add(Account(account_id=account_id, name_index=name_index, email_index=email_index, sealed=sealed))
        session.add(AttemptCount(subject=account_id))
        session.flush()
        return account_id

    def _invited(self, session: Session, account_id: str, by: str) -> Invited:
        invitation = self._sessions.begin(session, account_id, Stage.INVITED)
        self._record(Event.INVITED, {"account": account_id, "by": by})
        return Invited(account_id, invitation)


def person_of(database: AccountDatabase, session: Session, account: Account) -> Person:
    """Who an account belongs to, within a transaction."""
    return Person(**json.loads(database.key(session, account.account_id).open(account.sealed, _place(account.account_id))))


def _place(account_id: str) -> Place:
    return Place("account", "sealed", account_id.encode())
