"""Staff with accounts, for the tests: people who have chosen a password and carry an app."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyotp

from api.accounts.database import AccountDatabase
from api.accounts.models import TABLES
from api.accounts.passkeys import Site
from api.accounts.passwords import Passwords
from api.accounts.people import Invited, Person
from api.accounts.permissions import Period, Reason
from api.accounts.service import Accounts
from api.auth import Principal, Role
from tests.api.conftest import MakeStore
from tests.api.voting import SetClock

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SITE = Site("ballots.example", ("https://ballots.example",))
PASSWORDS = Passwords(memory=8, iterations=1, lanes=1)
"""Weak on purpose, for speed; nothing but tests hands such in."""
YEAR = timedelta(days=365)


@dataclass
class Member:
    """Somebody with an account: what they know, and the secret in their app."""

    account_id: str
    name: str
    password: str
    secret: str = ""

    def code(self, now: datetime) -> str:
        return pyotp.TOTP(self.secret).at(now)

    def wrong_code(self, now: datetime) -> str:
        """One that the app shows at no time near."""
        shown = {self.code(now + timedelta(seconds=30 * step)) for step in range(-2, 3)}
        return next(code for code in map("{:06}".format, range(6)) if code not in shown)


@dataclass
class Staff:
    """The account service on a new database, and what it recorded. Its first administrator is `ada`."""

    database: AccountDatabase
    clock: SetClock = field(default_factory=lambda: SetClock(NOON))
    events: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.accounts = Accounts(self.database, self.clock, SITE, self.record, PASSWORDS)

    def record(self, event: str, details: Mapping[str, str]) -> None:
        self.events.append((event, dict(details)))

    def set_up(self) -> Member:
        """The first administrator, signed in once."""
        self.ada = self.open(self.accounts.people.bootstrap(person("ada"), self.period()), "ada")
        return self.ada

    def hire(self, name: str) -> Member:
        """Another member, made by ada."""
        return self.open(self.accounts.people.create(self.principal(self.ada), person(name)), name)

    def open(self, invited: Invited, name: str) -> Member:
        """What somebody does with an invitation."""
        member = Member(invited.account_id, name, f"correct horse of {name}")
        pending = self.accounts.sign_in.accept(invited.invitation, member.password)
        member.secret = self.accounts.enrolment.begin_one_time(pending.token).secret
        self.accounts.enrolment.confirm_one_time(pending.token, member.code(self.clock.now()))
        self.later()
        return member

    def pending(self, member: Member) -> str:
        return self.accounts.sign_in.password(member.name, member.password).token

    def sign_in(self, member: Member) -> str:
        """The token of a full session. Afterwards it is a minute later, so that the next code is another one."""
        token = self.accounts.sign_in.one_time(self.pending(member), member.code(self.clock.now()))
        self.later()
        return token

    def principal(self, member: Member, role: Role = Role.ADMINISTRATOR, election_id: str | None = None) -> Principal:
        return self.accounts.grants.principal(member.account_id, role, election_id)

    def appoint(self, member: Member, role: Role = Role.SCRUTINEER, election_id: str | None = "one", by: Principal | None = None) -> str:
        """Authorised for a year, by ada if nobody is named."""
        by = by or self.principal(self.ada, Role.ADMINISTRATOR, election_id)
        return self.accounts.grants.grant(by, member.account_id, role, election_id, self.period(), Reason.APPOINTMENT)

    def period(self, length: timedelta = YEAR) -> Period:
        return Period(self.clock.now(), self.clock.now() + length)

    def later(self, by: timedelta = timedelta(minutes=1)) -> None:
        self.clock.moment += by

    def of(self, event: str) -> list[dict[str, str]]:
        """The details of all records of an event."""
        return [details for name, details in self.events if name == event]


def person(name: str) -> Person:
    return Person(f"{name.title()} Lovelace-Smith", f"{name}@union.example", name)


def a_staff(make_store: MakeStore) -> Staff:
    staff = Staff(AccountDatabase(make_store("accounts", TABLES)))
    staff.set_up()
    return staff
