"""Puts the staff's service together: accounts, ballots, the trustees' board, roll and dispatch, count and release."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from fastapi import FastAPI

from api import problems
from api.accounts import routes as accounts_routes
from api.accounts import staff_routes
from api.accounts.database import AccountDatabase
from api.accounts.passkeys import Site
from api.accounts.passwords import Passwords
from api.accounts.service import Accounts
from api.audit.log import AuditLog
from api.authorising import check_declared, describe
from api.ceremony import routes as board_routes
from api.ceremony.board import Board
from api.ceremony.paths import LARGEST
from api.clock import JUMP, Clock
from api.conduct import Conduct
from api.counting import Counts
from api.edge import Edge
from api.elections import routes as elections_routes
from api.elections.answers import StoredAnswers
from api.elections.service import ElectionService
from api.health import health_routes
from api.migrating import check_version
from api.observing import Observing
from api.recording import Recording
from api.store import Store
from api.voters.database import VoterDatabase
from engine.group import STANDARD, Group

__all__ = ["Databases", "StaffSettings", "create_staff_app"]

LARGEST_BODY = 2 * LARGEST
"""Bytes of a request: a message on the board, with the escapes that text in JSON needs."""


@dataclass(frozen=True, slots=True)
class StaffSettings:
    """The host names it answers to, where passkeys are used, and our own proxies."""

    hosts: Collection[str]
    site: Site
    proxies: Sequence[IPv4Network | IPv6Network] = ()


@dataclass(frozen=True, slots=True)
class Databases:
    """What the service works with: everything but the user database, which the service for rolls has alone."""

    accounts: AccountDatabase
    elections: Store
    voters: VoterDatabase
    audit: AuditLog

    def check(self) -> None:
        """Raises StoreError if one of them is not there, or of another version."""
        for store in (self.accounts.store, self.elections, self.voters.store, self.audit.store):
            check_version(store)


def create_staff_app(
    databases: Databases, settings: StaffSettings, clock: Clock, group: Group = STANDARD, passwords: Passwords | None = None
) -> FastAPI:
    """The service that staff and trustees reach. `passwords` and `group` are for tests alone."""
    recording = Recording(databases.audit, clock)
    accounts = Accounts(databases.accounts, clock, settings.site, recording.of_accounts, passwords)
    board = Board(databases.elections)
    app = FastAPI(title="Psephos staff service", version="1", openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None)
    app.state.accounts = accounts
    app.state.authorise = accounts.authorise
    app.state.account_of = accounts.sessions.full
    app.state.elections = ElectionService(databases.elections, clock, group, recording.of_elections)
    app.state.answers = StoredAnswers(databases.elections)
    app.state.board = board
    app.state.effects = Conduct(accounts, board, databases.voters, recording, clock, group).effects
    problems.install(app)
    for router in (accounts_routes.router, staff_routes.router, elections_routes.router, board_routes.router):
        app.include_router(router)
    app.include_router(health_routes(clock, databases.check))
    app.add_middleware(Edge, hosts=settings.hosts, largest=LARGEST_BODY)
    app.state.counts = Counts("staff", moved=lambda: abs(clock.jump()) > JUMP)
    app.add_middleware(Observing, counts=app.state.counts)
    check_declared(app)
    describe(app)
    return app
