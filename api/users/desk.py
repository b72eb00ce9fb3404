"""What the routes of the service for rolls work with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request

from api.auth import Principal, Role
from api.authorising import Requires
from api.clock import Clock
from api.users.assignment import Assign
from api.users.dispatch import Instructions, Sender
from api.users.importing import Importing
from api.users.link import VotersLink
from api.users.people import UserDatabase

__all__ = ["BallotFacts", "Desk", "Helper", "Reader", "RollDesk", "Scrutineer"]

Scrutineer = Annotated[Principal, Depends(Requires(Role.SCRUTINEER))]
Helper = Annotated[Principal, Depends(Requires(Role.SCRUTINEER, Role.SUPPORT))]
Reader = Annotated[Principal, Depends(Requires(Role.SCRUTINEER, Role.AUDITOR))]


class BallotFacts(Protocol):
    """What of a ballot the roll needs: its styles by label, whether a roll can be taken, what messages say."""

    def styles(self, election_id: str) -> Mapping[str, int]:
        """Ballot styles by label. Raises NotFound."""
        ...

    def must_take_roll(self, election_id: str) -> None:
        """Raises Conflict unless it is time for a roll."""
        ...

    def methods(self, election_id: str) -> Assign | None:
        """How methods are assigned to people on the roll; None for a ballot without a determination. Raises NotFound."""
        ...

    def must_change_rules(self, election_id: str) -> None:
        """Raises Conflict once the ballot is open: rules for contacts do not change any more."""
        ...

    def must_dispatch(self, election_id: str) -> Instructions:
        """What messages say. Raises Conflict unless it is time to send them."""
        ...

    def propose(self, election_id: str, subject: str, account_id: str) -> int:
        """Notes that this person proposes something, and answers its number. Raises Conflict unless the ballot is open."""
        ...

    def second(self, election_id: str, subject: str, number: int, account_id: str) -> str:
        """Agrees to it, and answers who has proposed it. Raises Denied, Conflict."""
        ...


@dataclass(frozen=True, slots=True)
class RollDesk:
    """What the routes work with. `record` writes to the audit log: election id, kind, members; `record_once` besides the act, which then
    stands there once."""

    users: UserDatabase
    importing: Importing
    facts: BallotFacts
    voters: VotersLink
    sender: Sender
    record: Any
    record_once: Any
    clock: Clock


def desk_of(request: Request) -> RollDesk:
    """The desk of this app."""
    desk: RollDesk = request.app.state.desk
    return desk


Desk = Annotated[RollDesk, Depends(desk_of)]
