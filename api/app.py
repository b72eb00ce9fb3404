"""Puts a service together: the one place where things are built and joined."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.routing import Route

from api import problems
from api.authorising import check_declared, describe
from api.clock import JUMP, Clock
from api.counting import Counts
from api.edge import Edge
from api.health import health_routes
from api.logs import exception_members, logger
from api.migrating import check_version
from api.named_pages import NamedPages
from api.observing import Observing
from api.page_routes import page_routes
from api.pages import NO_PAGES, Pages
from api.voters import routes
from api.voters.ballot_box import LARGEST_BALLOT
from api.voters.checking import Checker
from api.voters.database import VoterDatabase
from api.voters.presented import Refusals
from api.voters.service import Limits, VotingService
from engine.group import STANDARD, Group

__all__ = ["VotingSettings", "create_voting_app"]

_log = logger(__name__)
_EVERY = 60.0  # seconds
LARGEST_BODY = 3 * LARGEST_BALLOT
"""Bytes of a request: a ballot with its opening, and the escapes that text in JSON needs."""


@dataclass(frozen=True, slots=True)
class VotingSettings:
    """How the voting service runs: the host names it answers to, our own proxies, how many processes check proofs, how many ballots may
    wait for them, the limits on guessing, and how voters get help."""

    hosts: Collection[str]
    proxies: Sequence[IPv4Network | IPv6Network] = ()
    processes: int = 2
    waiting: int = 64
    limits: Limits = field(default_factory=Limits)
    support: str = ""


def create_voting_app(
    database: VoterDatabase,
    settings: VotingSettings,
    clock: Clock,
    group: Group = STANDARD,
    checker: Checker | None = None,
    pages: Pages = NO_PAGES,
) -> FastAPI:
    """The service that voters reach, with the pages they see. It knows the voter database and no other. Without `checker` it starts one of
    its own, and ends it."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if pages.missing:
            _log.warning("pages for voters are missing: psephos doctor says what to do", count=len(pages.missing))
        else:
            _log.info("the pages for voters", sha256=pages.digest, count=len(pages.files))
        await run_in_threadpool(named.compare)
        if checker is None:
            await own.warm_up()
        async with _every_minute(service.refusals, named):
            yield
        if checker is None:
            own.close()

    own = checker or Checker(settings.processes, settings.waiting)
    named = NamedPages(database, group, pages)
    service = VotingService(database, clock, group, own, settings.limits, settings.proxies)
    app = FastAPI(
        title="Psephos voting service", version="1", openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None, lifespan=lifespan,
        redirect_slashes=False,  # to the address without the stroke, but in plain HTTP, for a proxy speaks TLS (CL-09)
    )  # fmt: skip
    app.state.voting, app.state.support = service, settings.support
    app.state.counts = Counts("voting", lambda: own.now, lambda: abs(clock.jump()) > JUMP)
    problems.install(app)
    own_pages = page_routes(pages)
    app.include_router(routes.router)
    app.include_router(own_pages)
    app.include_router(health_routes(clock, lambda: check_version(database.store)))
    app.add_middleware(Edge, hosts=settings.hosts, largest=LARGEST_BODY)
    of_voters = [route.path for router in (routes.router, own_pages) for route in router.routes if isinstance(route, Route)]
    app.add_middleware(Observing, counts=app.state.counts, voters=of_voters)
    check_declared(app)
    describe(app)
    return app


@asynccontextmanager
async def _every_minute(refusals: Refusals, named: NamedPages) -> AsyncIterator[None]:
    """While the service runs, and at its end, what was counted of codes that opened nothing is written; and ballots that were prepared
    meanwhile are compared with the pages."""

    async def write() -> None:
        try:
            await run_in_threadpool(refusals.write)
        except Exception as error:  # noqa: BLE001 - such as a database that does not answer: what was counted stays, and it is tried again
            _log.warning("codes that opened nothing are not written yet", **exception_members(error))

    async def again() -> None:
        while True:
            await asyncio.sleep(_EVERY)
            await write()
            await run_in_threadpool(named.compare)

    task = asyncio.create_task(again())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    await write()
