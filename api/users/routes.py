"""The roll and its dispatch over HTTP: the only service that knows people. It knows nothing of votes."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from api.auth import Principal, Role
from api.authorising import Requires
from api.clock import Clock
from api.errors import Conflict, Invalid
from api.messages import ElectionId, Message
from api.problems import MEDIA_TYPE, Problem, documented
from api.users.dispatch import Dispatcher, Instructions, Sender, instructions_text
from api.users.link import MOST_VOTERS, VotersLink
from api.users.people import Known, UserDatabase
from api.users.roll import RollErrors, read_roll

__all__ = ["RollDesk", "errors_answer", "router"]

router = APIRouter(prefix="/api/v1/ballots/{election_id}", tags=["roll"])
LARGEST_ROLL = 64 * 2**20

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
    facts: BallotFacts
    voters: VotersLink
    sender: Sender
    record: Any
    record_once: Any
    clock: Clock


class RollFile(Message):
    """A roll as CSV text: columns reference, name, ballot_style, and email, mobile, address where there are any."""

    csv: str = Field(max_length=LARGEST_ROLL, examples=["reference,name,email,ballot_style\n"])
    dry_run: bool = Field(default=False, description="Only look for errors.")


class RollTaken(Message):
    """How many people stand on the roll; `stored` false after a dry run."""

    people: int
    stored: bool


class RollState(Message):
    """The roll as it stands, in numbers."""

    people: int


class WhoAndWhy(Message):
    """Somebody on the roll by membership reference, and why."""

    reference: str = Field(min_length=1, max_length=500)
    reason: str = Field(min_length=1, max_length=300, description="Without names, contacts or numbers of persons.")


class CodeSent(Message):
    """Whether the new code was sent."""

    sent: bool


class Proposed(Message):
    """What was proposed, by the number that the second person names."""

    discount: int


class Batch(Message):
    """How many messages to send now."""

    most: int = Field(default=1000, ge=1, le=5000)


class Sending(Message):
    """How it went: sent now, failed now, cannot be reached by this channel, still to be sent."""

    sent: int
    failed: int
    unreachable: int
    waiting: int


class RollProblem(Problem):
    """A roll that was not taken: the first thousand errors, and how many there are. Neither is there if the request itself is malformed."""

    errors: list[dict[str, int | str]] = []
    count: int = 0


def desk_of(request: Request) -> RollDesk:
    """The desk of this app."""
    desk: RollDesk = request.app.state.desk
    return desk


Desk = Annotated[RollDesk, Depends(desk_of)]


@router.post(
    "/roll", status_code=201,
    responses={
        **documented(400, 404, 409, 413, 415, 421, 503), 422: {"content": {MEDIA_TYPE: {"schema": RollProblem.model_json_schema()}}},
    },
)  # fmt: skip
def take_roll(desk: Desk, principal: Scrutineer, election_id: ElectionId, body: RollFile) -> RollTaken:
    """Take a roll, whole or not at all: everything that is wrong with it is listed. Each person gets a random unique identifier, which
    with the ballot style is all that the voter database is told. The same file again changes nothing."""
    try:
        content = body.csv.encode()
    except UnicodeEncodeError:
        raise Invalid("csv: is no text") from None
    styles = desk.facts.styles(election_id)
    if body.dry_run:
        return RollTaken(people=len(read_roll(content, styles)), stored=False)
    desk.facts.must_take_roll(election_id)
    if len(read_roll(content, styles)) > MOST_VOTERS:
        raise Invalid(f"csv: a roll of more than {MOST_VOTERS} people cannot be taken yet; nothing was stored")
    minted = desk.users.import_roll(election_id, content, styles)
    desk.voters.take(election_id, minted)
    desk.record(election_id, "roll_loaded", {"by": principal.account_id, "count": len(minted), "file_hash": desk.users.digest(election_id)})
    desk.record(election_id, "identifiers_generated", {"generator": "os.urandom", "random_bits": 128, "count": len(minted)})
    return RollTaken(people=len(minted), stored=True)


@router.get("/roll", responses=documented(404, 421, 422, 503))
def roll(desk: Desk, _: Reader, election_id: ElectionId) -> RollState:
    """How many people stand on the roll."""
    return RollState(people=desk.users.count(election_id))


@router.post("/dispatch", responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def dispatch(desk: Desk, _: Scrutineer, election_id: ElectionId, body: Batch) -> Sending:
    """Send access codes to those on the roll who have an e-mail address and were not sent one; so many at a time, until none is left."""
    instructions = desk.facts.must_dispatch(election_id)
    if not desk.users.count(election_id):
        raise Conflict("the ballot has no roll yet; nothing was sent")
    _record_instructions(desk, election_id, instructions)
    dispatcher = Dispatcher(desk.users, lambda voter, channel: desk.voters.code(election_id, voter, channel), desk.sender)
    found = dispatcher.send_all(election_id, instructions, most=body.most)
    if found.sent:
        desk.record(election_id, "access_methods_generated", {
            "generator": "os.urandom", "random_bits": 130, "count": found.sent, "channel": dispatcher.channel,
        })  # fmt: skip
    return Sending(sent=found.sent, failed=found.failed, unreachable=found.unreachable, waiting=found.waiting)


@router.post("/reissues", status_code=201, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def reissue(desk: Desk, principal: Helper, election_id: ElectionId, body: WhoAndWhy) -> CodeSent:
    """Send somebody a new access code, to the address on the roll; all earlier ones end at once. Whether they voted is not told (T1)."""
    instructions, known = _whom(desk, election_id, body)
    _record_instructions(desk, election_id, instructions)
    code = desk.voters.reissue(election_id, known.unique_identifier, Dispatcher.channel, principal.account_id, body.reason)
    return CodeSent(sent=_send(desk, election_id, known, code, instructions))


@router.post("/discounts", status_code=201, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def propose_discount(desk: Desk, principal: Scrutineer, election_id: ElectionId, body: WhoAndWhy) -> Proposed:
    """Propose that a vote which somebody says is not theirs be not counted, and a new code be sent to them. Nothing is done before a second
    person agrees; the same words and steps whether or not there is a vote (T4)."""
    _, known = _whom(desk, election_id, body)
    number = desk.facts.propose(election_id, _subject(desk, election_id, known), principal.account_id)
    desk.record(election_id, "platform_configured", {
        "by": principal.account_id, "setting": "discount_proposed", "after": f"number {number}: {body.reason}",
    })  # fmt: skip
    return Proposed(discount=number)


@router.post("/discounts/{number}", status_code=201, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def agree_to_discount(
    desk: Desk, principal: Scrutineer, election_id: ElectionId, number: Annotated[int, Path(ge=1, le=10**6)], body: WhoAndWhy
) -> CodeSent:
    """Agree to what another person has proposed for the same voter: it is then done, once."""
    instructions, known = _whom(desk, election_id, body)
    _record_instructions(desk, election_id, instructions)
    first = desk.facts.second(election_id, _subject(desk, election_id, known), number, principal.account_id)
    pair = (principal.account_id, first)
    code = desk.voters.discount(election_id, known.unique_identifier, Dispatcher.channel, pair, body.reason)
    return CodeSent(sent=_send(desk, election_id, known, code, instructions))


def _subject(desk: RollDesk, election_id: str, known: Known) -> str:
    """What a discount is noted under: nobody can tell from it whom it is about."""
    return f"discount {desk.users.index_of(election_id, known.unique_identifier).hex()}"


def _whom(desk: RollDesk, election_id: str, body: WhoAndWhy) -> tuple[Instructions, Known]:
    instructions = desk.facts.must_dispatch(election_id)
    return instructions, desk.users.find(election_id, body.reference)


def _record_instructions(desk: RollDesk, election_id: str, instructions: Instructions) -> None:
    """Before anything is sent: what voters are told from now on, once for each wording (COP-105b-iii)."""
    text = instructions_text(instructions)
    digest = sha256(text.encode())
    desk.record_once(election_id, "instructions_recorded", {
        "version": f"psephos-{version('psephos')}", "text": text, "text_hash": digest.digest(), "from": desk.clock.now(),
    }, digest.hexdigest())  # fmt: skip


def _send(desk: RollDesk, election_id: str, known: Known, code: str, instructions: Instructions) -> bool:
    if not known.entry.email:
        return False
    dispatcher = Dispatcher(desk.users, lambda *_: code, desk.sender)
    return dispatcher.send_code(election_id, known, code, instructions)


def errors_answer(_: Request, error: RollErrors) -> JSONResponse:
    """All errors of a roll, listed."""
    content = {
        "type": "about:blank", "title": error.title, "status": error.status, "detail": error.detail, "count": error.count,
        "errors": [{"line": each.line, "column": each.column, "reason": each.reason} for each in error.errors],
    }  # fmt: skip
    return JSONResponse(content, error.status, media_type=MEDIA_TYPE)
