"""Who acts: one person, in one role, for one ballot or for all. Services are handed a `Principal`; only `api.accounts` makes one."""

from dataclasses import dataclass
from enum import StrEnum

from api.errors import Denied

__all__ = ["Principal", "Role"]


class Role(StrEnum):
    """What somebody is authorised as. An administrator looks after accounts and appoints scrutineers, and reaches no ballot; a scrutineer
    conducts ballots and authorises everybody else; support helps voters; an auditor reads; a trustee holds a guardian's secrets."""

    ADMINISTRATOR = "administrator"
    SCRUTINEER = "scrutineer"
    SUPPORT = "support"
    AUDITOR = "auditor"
    TRUSTEE = "trustee"


@dataclass(frozen=True, slots=True)
class Principal:
    """A person signed in with two factors and authorised at this moment, in one role, for what is about to be done: to one ballot, or, with
    `election_id` None, to the platform or all ballots that are not open yet."""

    account_id: str
    role: Role
    election_id: str | None = None

    @property
    def reads_only(self) -> bool:
        """Whether nothing may be changed by this principal."""
        return self.role is Role.AUDITOR

    def require(self, *roles: Role, election_id: str | None = None) -> None:
        """Raises Denied unless this is one of `roles`, for this very ballot; None: for the platform. Somebody authorised for all ballots is
        asked for as a principal of that ballot all the same, for an open one may not know them."""
        if self.role not in roles or self.election_id != election_id:
            raise Denied("this account is not authorised for that")
