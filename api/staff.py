"""Puts the staff's service together: accounts, ballots, the trustees' board, roll and dispatch, count and release."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

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
from api.ceremony import trial_routes
from api.ceremony.board import Board
from api.ceremony.paths import LARGEST
from api.clock import JUMP, Clock
from api.conduct import Conduct
from api.counting import Counts
from api.edge import Edge
from api.elections import particulars_routes
from api.elections import routes as elections_routes
from api.elections.answers import StoredAnswers
from api.elections.particulars import ParticularsService
from api.elections.service import Ballot, ElectionService
from api.elections.states import State
from api.errors import ApiError, NotFound
from api.health import health_routes
from api.migrating import check_version
from api.observing import Observing
from api.page_routes import record_page_routes
from api.pages import NO_PAGES, Pages, pages_folder, read_pages
from api.recording import Recording
from api.records import routes as records_routes
from api.records.service import Releases
from api.records.verifying import Verify
from api.registers import routes as registers_routes
from api.registers.failures import margin
from api.registers.service import Registers
from api.reports import routes as reports_routes
from api.reports.pages import ReportPages
from api.reports.service import Reports
from api.store import Store
from api.tally import log_routes
from api.tally import routes as tally_routes
from api.tally.counting import Counting
from api.tally.log_routes import WitnessedLog
from api.tally.service import TallyService
from api.voters import link_routes
from api.voters.access import count_voters
from api.voters.ballot_box import BallotBox
from api.voters.database import VoterDatabase
from api.voters.watch import IntegrityWatch
from api.voters.window import window_of
from engine.group import STANDARD, Group

__all__ = ["Databases", "StaffSettings", "create_staff_app"]

_log = logging.getLogger(__name__)
_RELAY_EVERY = 2.0  # seconds
LARGEST_BODY = 2 * LARGEST
"""Bytes of a request: a message on the board, with the escapes that text in JSON needs."""


@dataclass(frozen=True, slots=True)
class StaffSettings:
    """The host names it answers to; where passkeys are used; the key of the link from the service for rolls; the key and the name that
    checkpoints of witnessed logs are signed with, and how often there is a new one; a folder for counts and released records; how many
    processes check ballots; the verifier that every record has to pass."""

    hosts: Collection[str]
    site: Site
    link_key: str = field(repr=False)
    witness_key: Ed25519PrivateKey = field(repr=False)
    log_origin: str
    folder: Path
    processes: int
    verify: Verify
    checkpoint_every: timedelta = timedelta(minutes=15)


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
    databases: Databases,
    settings: StaffSettings,
    clock: Clock,
    group: Group = STANDARD,
    passwords: Passwords | None = None,
    pages: Pages = NO_PAGES,
) -> FastAPI:
    """The service that staff and trustees reach, and everybody for released records, with the page of `pages` that shows them. `passwords`
    and `group` are for tests alone."""
    recording = Recording(databases.audit, clock)
    accounts = Accounts(databases.accounts, clock, settings.site, recording.of_accounts, passwords)
    board, elections = Board(databases.elections), ElectionService(databases.elections, clock, group, recording.of_elections)
    counting = Counting(databases.voters, clock, group, settings.folder / "counts", settings.processes, databases.audit)
    tally = TallyService(elections, board, counting, clock, group)
    releases = Releases(elections, board, tally, clock, group, settings.folder / "records", settings.verify)
    watch = IntegrityWatch(databases.voters, clock)
    app = FastAPI(
        title="Psephos staff service", version="1", openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None,
        lifespan=lambda _: _running(databases, recording, watch),
        redirect_slashes=False,  # as for voters: to the address without the stroke, but in plain HTTP, for a proxy speaks TLS
    )  # fmt: skip
    app.state.accounts = accounts
    app.state.authorise = accounts.authorise
    app.state.account_of = accounts.sessions.full
    app.state.elections, app.state.tally, app.state.releases = elections, tally, releases
    app.state.answers = StoredAnswers(databases.elections)
    app.state.board = board
    app.state.watch = watch
    app.state.voters, app.state.group, app.state.link_key = databases.voters, group, settings.link_key
    box = BallotBox(databases.voters, clock)
    app.state.box, app.state.clock = box, clock
    log = WitnessedLog(databases.voters, clock, group, settings.witness_key, settings.log_origin, settings.checkpoint_every)
    app.state.log = log
    particulars = ParticularsService(databases.elections, elections, clock, recording.add_once, partial(_voters, databases.voters, group))
    app.state.particulars = particulars
    registers = Registers(databases.audit, elections, clock, partial(_margin, tally), partial(_stations, particulars))
    app.state.registers = registers
    app.state.reports = Reports(accounts, elections, board, tally, releases, registers, databases.voters, clock, group)
    app.state.report_pages = ReportPages(app.state.reports, particulars, clock, settings.folder / "reports", recording.add_once)
    app.state.conduct = Conduct(
        accounts, elections, particulars, board, tally, releases, registers, databases.voters, log, recording, clock, group
    )
    problems.install(app)
    for each in (
        accounts_routes, staff_routes, elections_routes, particulars_routes, reports_routes, board_routes, trial_routes, link_routes,
        tally_routes, log_routes, records_routes, registers_routes,
    ):  # fmt: skip
        app.include_router(each.router)
    app.include_router(particulars_routes.link_router)
    app.include_router(record_page_routes(pages))
    app.include_router(health_routes(clock, databases.check))
    app.add_middleware(Edge, hosts=settings.hosts, largest=LARGEST_BODY)
    app.state.counts = Counts("staff", moved=lambda: abs(clock.jump()) > JUMP, integrity=lambda: (watch.looks, watch.findings))
    app.add_middleware(Observing, counts=app.state.counts)
    check_declared(app)
    describe(app)
    return app


def _voters(database: VoterDatabase, group: Group, election_id: str) -> int:
    """How many voters a ballot has now; none before it is prepared."""
    try:
        return count_voters(database, window_of(database, election_id, group))
    except NotFound:
        return 0


def _margin(tally: TallyService, ballot: Ballot) -> int | None:
    """The margin of a ballot's result; None before there is one."""
    if ballot.state not in (State.TALLIED, State.RELEASED, State.ARCHIVED):
        return None
    return margin(ballot.manifest, tally.result(ballot.election_id))


def _stations(particulars: ParticularsService, election_id: str) -> list[str]:
    """The names of a ballot's voting stations."""
    return [each.name for each in particulars.read(election_id)[1].stations]


@asynccontextmanager
async def _running(databases: Databases, recording: Recording, watch: IntegrityWatch) -> AsyncIterator[None]:
    """While the service runs, what the voter database notes for the audit log is moved there, and it is looked for rows that somebody has
    edited; that the service begins to run stands in the log first."""
    await run_in_threadpool(recording.started, bytes.fromhex(read_pages(pages_folder()).digest))

    async def move() -> None:
        while True:
            try:
                relayed = await run_in_threadpool(databases.voters.relay, databases.audit)
                await run_in_threadpool(recording.flush)
                if relayed.kept:
                    _log.error("entries cannot be put into the audit log: %d", relayed.kept)
            except ApiError as error:  # the database does not answer: nothing is lost, it is tried again
                _log.warning("entries wait for the audit log: %s", type(error).__name__)
            await asyncio.sleep(_RELAY_EVERY)

    ended = threading.Event()
    threading.Thread(target=watch.run, args=(ended,), name="integrity", daemon=True).start()  # a long look does not hold up the end
    task = asyncio.create_task(move())
    yield
    ended.set()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    databases.voters.relay(databases.audit)
