"""The voting platform behind its routes: what is asked of the database, of the checking processes, and of the limits on guessing."""

import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.clock import Clock
from api.edge import client_address
from api.errors import Invalid
from api.logs import logger
from api.problems import TooMany
from api.voters.access import Access
from api.voters.access_code import AccessCode
from api.voters.ballot_box import BallotBox
from api.voters.checking import Checker
from api.voters.database import VoterDatabase
from api.voters.errors import NoAccess, NotOpen
from api.voters.listed import Listed, listed
from api.voters.presented import Refusals
from api.voters.window import Window, window_of
from engine.group import Group

__all__ = ["Limits", "VotingService"]

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many codes that open nothing may be tried in a minute, from one address and from all, before the former is told to wait, and the
    latter raises an alarm. Codes that are good are never held up."""

    wrong_codes_of_an_address: int = 20
    wrong_codes_of_all: int = 600


class VotingService:
    """Takes requests for one voter database. `alarm` is called with a word, once a minute, while somebody seems to be guessing; `proxies`
    are our own."""

    def __init__(
        self,
        database: VoterDatabase,
        clock: Clock,
        group: Group,
        checker: Checker,
        limits: Limits,
        proxies: Sequence[IPv4Network | IPv6Network] = (),
        alarm: Callable[[str], object] = _log.warning,
    ) -> None:
        self._database, self._group, self._checker, self._proxies, self._alarm = database, group, checker, proxies, alarm
        self._box = BallotBox(database, clock)
        self.refusals = Refusals(database, clock)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._of_an_address = RateLimitItemPerMinute(limits.wrong_codes_of_an_address)
        self._of_all = RateLimitItemPerMinute(limits.wrong_codes_of_all)
        self._alarms = RateLimitItemPerMinute(1)
        self._key = secrets.token_bytes(32)  # addresses are remembered for a minute, as hashes that end with this process

    def window(self, election_id: str) -> Window:
        """A ballot. Raises NotFound."""
        return window_of(self._database, election_id, self._group)

    def listed(self) -> list[Listed]:
        """The ballots that are prepared and not abandoned."""
        return listed(self._database, self._group)

    async def access(self, window: Window, code: AccessCode, request: Request) -> Access:
        """Whose the code is. Raises NotOpen, NoAccess, TooMany."""
        return await self._presented(self._box.access, window, code, request)

    async def open_form(self, window: Window, code: AccessCode, request: Request) -> Access:
        """The same, counted as a form that was opened. Raises as `access`."""
        return await self._presented(self._box.open_form, window, code, request)

    async def _presented(
        self, found: Callable[[Window, AccessCode], Access], window: Window, code: AccessCode, request: Request
    ) -> Access:
        try:
            return await run_in_threadpool(found, window, code)
        except NoAccess:
            self.refusals.note(window, code)
            self._note_wrong_code(request)
            raise

    async def cast(self, window: Window, code: AccessCode, content: bytes, request: Request) -> None:
        """Takes a vote; returns when it is stored for good, or was before. Raises as `BallotBox.cast`, and Invalid, Overloaded, TooMany."""
        if await run_in_threadpool(self._box.was_cast, window, code, content):
            return
        _check_size(window, content)
        try:
            access = await self.access(window, code, request)
        except (NoAccess, NotOpen, TooMany):
            if await run_in_threadpool(self._box.was_cast, window, code, content):  # the same request, sent before, has ended meanwhile
                return
            raise
        checked = await self._checker.check(window, content, access.style)
        await run_in_threadpool(self._box.cast, window, code, checked, client_address(request, self._proxies))

    async def challenge(self, window: Window, code: AccessCode, content: bytes, opening: bytes, request: Request) -> None:
        """Takes a ballot with its opening. Raises as `cast`."""
        _check_size(window, content)
        _check_size(window, opening)
        access = await self.access(window, code, request)
        checked = await self._checker.check_challenged(window, content, opening, access.style)
        await run_in_threadpool(self._box.challenge, window, code, checked, opening)

    def _note_wrong_code(self, request: Request) -> None:
        address = hmac.digest(self._key, client_address(request, self._proxies).encode(), "sha256").hex()
        if not self._limiter.hit(self._of_all, "all") and self._limiter.hit(self._alarms, "alarm"):
            self._alarm("many access codes are being guessed")
        if not self._limiter.hit(self._of_an_address, address):
            raise TooMany("too many access codes from here opened nothing; wait a minute and compare yours character by character", 60)


def _check_size(window: Window, content: bytes) -> None:
    if len(content) > window.longest:
        raise Invalid(f"a ballot here has at most {window.longest} bytes, this has {len(content)}; nothing was stored")
