"""The account service: everything about staff and trustees, joined over one database."""

from api.accounts.database import AccountDatabase
from api.accounts.enrolment import Enrolment
from api.accounts.events import Record
from api.accounts.grants import Grants
from api.accounts.passkeys import Site
from api.accounts.passwords import Passwords
from api.accounts.people import People
from api.accounts.recovery import Recovery
from api.accounts.second_factors import SecondFactors
from api.accounts.sessions import Sessions
from api.accounts.sign_in import SignIn
from api.auth import Principal, Role
from api.clock import Clock

__all__ = ["Accounts"]


class Accounts:
    """`people` makes and ends accounts, `sign_in` and `enrolment` are for their owners, `recovery` for lost factors, `grants` for what they
    are authorised for. What is worth it goes to `record`."""

    def __init__(self, database: AccountDatabase, clock: Clock, site: Site, record: Record, passwords: Passwords | None = None) -> None:
        factors = SecondFactors(database, clock, site)
        self.sessions = Sessions(database, clock)
        self.grants = Grants(database, clock, record)
        self.people = People(database, self.sessions, self.grants, record)
        self.sign_in = SignIn(database, clock, self.sessions, factors, passwords or Passwords(), record)
        self.recovery = Recovery(database, clock, self.sessions, self.grants, record)
        self.enrolment = Enrolment(database, self.sessions, factors, self.recovery, site, record)

    def authorise(self, token: str, role: Role, election_id: str | None = None) -> Principal:
        """Who acts: the account of a full session, authorised in this role for this ballot, now; None: for the platform. Raises
        NotSignedIn, Denied."""
        return self.grants.principal(self.sessions.full(token), role, election_id)
