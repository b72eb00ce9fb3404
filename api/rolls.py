"""Puts the service for rolls together: it knows people and who may act, and reaches voters by a link alone (SV-26)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fastapi import FastAPI

from api import problems
from api.accounts.database import AccountDatabase
from api.accounts.passkeys import Site
from api.accounts.service import Accounts
from api.audit.log import AuditLog
from api.authorising import check_declared, describe
from api.clock import JUMP, Clock
from api.counting import Counts
from api.edge import Edge
from api.elections.particulars import ParticularsService
from api.elections.service import Ballot, ElectionService
from api.elections.states import State
from api.errors import Conflict
from api.health import health_routes
from api.migrating import check_version
from api.observing import Observing
from api.pages import REFERENCE_LENGTH
from api.recording import Recording
from api.store import Store
from api.users import roll_routes, routes
from api.users.assignment import Assign
from api.users.desk import RollDesk
from api.users.dispatch import Instructions, Sender
from api.users.importing import Importing
from api.users.link import Link, VotersLink
from api.users.people import UserDatabase
from engine.group import STANDARD, Group

__all__ = ["RollDatabases", "RollSettings", "create_roll_app"]

LARGEST_BODY = 2**20
"""Bytes of a request in JSON; a roll is no JSON, see `roll_routes`."""


@dataclass(frozen=True, slots=True)
class RollSettings:
    """The host names it answers to; the link to the voters; what messages say besides the ballot: the voting page's address up to the
    ballot's id, where to get help, and who they are from."""

    hosts: Collection[str]
    link: Link
    sender: Sender
    page: str
    support: str
    sender_address: str


@dataclass(frozen=True, slots=True)
class RollDatabases:
    """What the service works with: no votes, and no voters."""

    accounts: AccountDatabase
    elections: Store
    users: Store
    audit: AuditLog

    def check(self) -> None:
        """Raises StoreError if one of them is not there, or of another version."""
        for store in (self.accounts.store, self.elections, self.users, self.audit.store):
            check_version(store)


@dataclass(frozen=True, slots=True)
class Facts:
    """See `api.users.desk.BallotFacts`."""

    elections: ElectionService
    particulars: ParticularsService
    settings: RollSettings

    def styles(self, election_id: str) -> Mapping[str, int]:
        """Ballot styles by label."""
        manifest = self.elections.ballot(election_id).manifest
        return {style.label: index for index, style in enumerate(manifest.ballot_styles, 1)}

    def must_take_roll(self, election_id: str) -> None:
        """The roll is taken when keys are there, and not after the opening."""
        ballot = self.elections.ballot(election_id)
        if ballot.state is not State.TRIAL:
            raise Conflict(f"the ballot is {ballot.state}: a roll is taken after the key ceremony and before the opening")
        if ballot.manifest.statutory is not None and self._determination(ballot) is None:
            raise Conflict("record the determination first, which says who is balloted by which method (COP-020); nothing was stored")

    def methods(self, election_id: str) -> Assign | None:
        """By the rules of the determination."""
        return self._determination(self.elections.ballot(election_id))

    def _determination(self, ballot: Ballot) -> Assign | None:
        """That of the union which holds the ballot; of several the first, if none is of that name."""
        statutory = ballot.manifest.statutory
        if statutory is None:
            return None
        version, told = self.particulars.read(ballot.election_id)
        made = told.determinations
        given = next((each for each in made if each.union == ballot.manifest.voting.union), made[0] if made else None)
        return None if given is None else Assign(given, statutory.hierarchy, version)

    def must_change_rules(self, election_id: str) -> None:
        """Rules for contacts can be made from the beginning."""
        ballot = self.elections.ballot(election_id)
        if ballot.state not in (State.DRAFT, State.CEREMONY, State.TRIAL):
            raise Conflict(f"the ballot is {ballot.state}: its rules for contacts do not change any more")

    def must_dispatch(self, election_id: str) -> Instructions:
        """Messages are sent once there can be codes, until the close."""
        ballot = self.elections.ballot(election_id)
        if ballot.state not in (State.TRIAL, State.OPEN):
            raise Conflict(f"the ballot is {ballot.state}: access codes are sent after the key ceremony and before the close")
        return self._instructions(ballot)

    def propose(self, election_id: str, subject: str, account_id: str) -> int:
        """While the ballot is open: after the close nothing is discounted any more (CR-48)."""
        return self.elections.propose(election_id, State.OPEN, subject, account_id)

    def second(self, election_id: str, subject: str, number: int, account_id: str) -> str:
        """As `propose`."""
        return self.elections.second(election_id, State.OPEN, subject, number, account_id)

    def _instructions(self, ballot: Ballot) -> Instructions:
        voting, settings, statutory = ballot.manifest.voting, self.settings, ballot.manifest.statutory
        told = self.particulars.read(ballot.election_id)[1]
        support = told.scrutineer.support.contact if told.scrutineer else ""
        return Instructions(
            ballot=ballot.manifest.label, union=voting.union, scrutineer=voting.scrutineer, closes=ballot.manifest.closes,
            page=settings.page.rstrip("/"), reference=ballot.election_id[:REFERENCE_LENGTH], support=support or settings.support,
            sender=settings.sender_address, hierarchy=statutory.hierarchy if statutory else (),
            imprint=told.imprint.text if told.imprint else "",
        )  # fmt: skip


def create_roll_app(databases: RollDatabases, settings: RollSettings, clock: Clock, group: Group = STANDARD) -> FastAPI:
    """The service that scrutineers hand rolls to. `group` is for tests alone."""
    recording = Recording(databases.audit, clock)
    site = Site("localhost", ("http://localhost",))  # nobody signs in here
    accounts = Accounts(databases.accounts, clock, site, recording.of_accounts)
    elections = ElectionService(databases.elections, clock, group, recording.of_elections)
    app = FastAPI(title="Psephos service for rolls", version="1", openapi_url="/api/v1/roll/openapi.json", docs_url=None, redoc_url=None)
    app.state.authorise = accounts.authorise
    users = UserDatabase(databases.users, clock)
    particulars = ParticularsService(databases.elections, elections, clock, recording.add_once, lambda _: 0)  # which are read alone here
    app.state.desk = RollDesk(
        users, Importing(users), Facts(elections, particulars, settings), VotersLink(settings.link), settings.sender, recording.add,
        recording.add_once, clock,
    )  # fmt: skip
    problems.install(app)
    for each in (roll_routes, routes):
        app.include_router(each.router)
    app.include_router(health_routes(clock, databases.check))
    app.add_middleware(Edge, hosts=settings.hosts, largest=LARGEST_BODY, upload=roll_routes.UPLOAD)
    app.state.counts = Counts("rolls", moved=lambda: abs(clock.jump()) > JUMP)
    app.add_middleware(Observing, counts=app.state.counts)
    check_declared(app)
    describe(app)
    return app
