"""Dispatch, re-issue and discount over HTTP, in the only service that knows people. It knows nothing of votes."""

from hashlib import sha256
from importlib.metadata import version
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from api.errors import Conflict
from api.messages import ElectionId, Message
from api.problems import documented
from api.users.desk import Desk, Helper, RollDesk, Scrutineer
from api.users.dispatch import Dispatcher, Instructions, instructions_text
from api.users.people import Known

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/ballots/{election_id}", tags=["roll"])


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


@router.post("/dispatch", responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def dispatch(desk: Desk, _: Scrutineer, election_id: ElectionId, body: Batch) -> Sending:
    """Send access codes to those on the roll who have an e-mail address and were not sent one; so many at a time, until none is left."""
    instructions = desk.facts.must_dispatch(election_id)
    if not desk.users.count(election_id):
        raise Conflict("the ballot has no roll yet; nothing was sent")
    _record_instructions(desk, election_id, instructions)
    methods = desk.facts.methods(election_id)
    dispatcher = Dispatcher(desk.users, lambda voter, channel: desk.voters.code(election_id, voter, channel), desk.sender, methods)
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
    dispatcher = Dispatcher(desk.users, lambda *_: code, desk.sender, desk.facts.methods(election_id))
    return dispatcher.send_code(election_id, known, code, instructions)
