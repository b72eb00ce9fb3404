"""The roll over HTTP: a file comes as the body and is read in the background; what is wrong with it goes back to whoever has sent it."""

import json
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from api.audit.members import moment
from api.auth import Principal
from api.edge import Upload
from api.errors import Conflict, Invalid, NotFound
from api.messages import ElectionId
from api.problems import MEDIA_TYPE, documented
from api.users.assignment import Numbers
from api.users.desk import Desk, Reader, RollDesk, Scrutineer
from api.users.findings import table_line
from api.users.importing import Import, ImportState, Steps, Wanted
from api.users.roll import CheckedRoll, Reading, Tell
from api.users.roll_messages import (
    MOST_LISTED,
    ContactRulesMessage,
    ContactRulesVersion,
    ListSent,
    NeedsMethod,
    RollProblem,
    RollReport,
    RollState,
    report_of,
)
from api.users.sheets import LARGEST
from api.users.spool import Spool
from api.users.storing import Stored

__all__ = ["UPLOAD", "router"]

router = APIRouter(prefix="/api/v1/ballots/{election_id}/roll", tags=["roll"])
UPLOAD = Upload("/roll", ("application/octet-stream", "text/csv"), LARGEST)
"""What the edge lets through besides JSON."""
_PATIENCE = 10.0  # seconds that a request waits for the end of an import

_CSV: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}}, "description": "UTF-8, for spreadsheets."}
}
_FILE = {"schema": {"type": "string", "format": "binary"}}


@router.post(
    "", status_code=201,
    responses={
        200: {"model": RollReport, "description": "Only looked at."},
        201: {"model": RollReport, "description": "Stored."},
        202: {"model": RollReport, "description": "It takes longer; GET roll/import tells when it is done."},
        **documented(400, 404, 409, 413, 415, 421, 500, 503), 422: {"content": {MEDIA_TYPE: {"schema": RollProblem.model_json_schema()}}},
    },
    response_model=None,
    openapi_extra={"requestBody": {"required": True, "content": dict.fromkeys(UPLOAD.types, _FILE)}},
)  # fmt: skip
async def take_roll(
    request: Request, desk: Desk, principal: Scrutineer, election_id: ElectionId,
    dry_run: Annotated[bool, Query(description="Only look for what is wrong, and for what would change.")] = False,
    leave_out: Annotated[int, Query(ge=0, le=10**7, description="So many rows are rejected and left out; another number is refused.")] = 0,
    given_for: Annotated[Literal["union"] | None, Query(
        description="Says that all contacts in the file were given for the union's messages and are personal, where no column says so.",
    )] = None,
    sheet: Annotated[str, Query(max_length=100, description="The sheet to read, if it is not the first with anything in it.")] = "",
    encoding: Annotated[str, Query(max_length=30, pattern="^[A-Za-z0-9_-]*$", description="Of text, if the guess is wrong.")] = "",
) -> Response:  # fmt: skip
    """Take a roll: CSV with commas, semicolons or tabs, XLSX or ODS. It is stored whole, without exactly those rows that are rejected and
    said to be left out, or not at all. Each person gets a random unique identifier, which with the ballot style is all that the voter
    database is told; whoever stood on an earlier roll keeps it. The same file again changes nothing."""
    rules = await run_in_threadpool(_before, desk, election_id, dry_run)
    file = Spool(LARGEST)
    try:
        async for part in request.stream():
            file.write(part)
        file.finish()
    except BaseException:
        file.close()
        raise
    reading = Reading(rules[0], rules[1], given_for is not None, encoding, sheet)
    then = Steps(
        lambda checked: _before_storing(desk, election_id, checked),
        lambda stored, checked, tell: _after_storing(desk, principal, election_id, stored, checked, tell),
    )
    found = await run_in_threadpool(desk.importing.start, election_id, file, Wanted(reading, dry_run, leave_out), then, _PATIENCE)
    return _answer(found)


def _before(desk: RollDesk, election_id: str, dry_run: bool) -> tuple[dict[str, int], Any]:
    styles = dict(desk.facts.styles(election_id))
    if not dry_run:
        desk.facts.must_take_roll(election_id)
    return styles, desk.users.rules(election_id)[1]


def _before_storing(desk: RollDesk, election_id: str, checked: CheckedRoll) -> None:
    """It may have taken minutes: nobody may have opened the ballot meanwhile, nor may anybody before all voters are there."""
    desk.facts.must_take_roll(election_id)
    desk.voters.announce(election_id, checked.accepted)


def _after_storing(desk: RollDesk, principal: Principal, election_id: str, stored: Stored, checked: CheckedRoll, tell: Tell) -> None:
    """What follows from a roll that is stored. All of it may be done again."""
    users = desk.users
    count, act = users.count(election_id), f"roll {stored.version}"
    numbers = Numbers(desk.facts.methods(election_id))
    minted = map(numbers.minted, users.people(election_id))
    desk.voters.hand_over(election_id, count, minted, users.removed(election_id), lambda done: tell("handing over", done))
    desk.voters.tell_numbers(election_id, count, numbers)
    loaded = {"by": principal.account_id, "count": count, "file_hash": users.digest(election_id), "refused": checked.rejected}
    desk.record_once(election_id, "roll_loaded", loaded, act)
    if stored.made:
        made = {"generator": "os.urandom", "random_bits": 128, "count": stored.made}
        desk.record_once(election_id, "identifiers_generated", made, act)


def _answer(found: Import) -> Response:
    report = report_of(found)
    if found.state is ImportState.FAILED and found.failed is not None:
        if not isinstance(found.failed, Invalid):
            raise found.failed
        content = {
            "type": "about:blank", "title": found.failed.title, "status": found.failed.status, "detail": found.failed.detail,
            "report": json.loads(report.model_dump_json()),
        }  # fmt: skip
        return JSONResponse(content, found.failed.status, media_type=MEDIA_TYPE)
    status = 202 if found.state is ImportState.RUNNING else 201 if found.stored else 200
    return Response(report.model_dump_json(), status, media_type="application/json")


@router.get("", responses=documented(404, 421, 422, 503))
def roll(desk: Desk, _: Reader, election_id: ElectionId) -> RollState:
    """How many people stand on the roll, and when it was checked."""
    desk.facts.styles(election_id)
    try:
        result = desk.users.result(election_id)
    except NotFound:
        return RollState(people=desk.users.count(election_id))
    checked = datetime.fromisoformat(result["checked"])
    return RollState(people=desk.users.count(election_id), checked=checked, rules=result["rules"], needs_method=result["needs_method"])


@router.get("/import", responses=documented(404, 421, 422, 503))
def roll_import(desk: Desk, _: Scrutineer, election_id: ElectionId) -> RollReport:
    """How far the last import is, and what came of it. It is forgotten when the service ends."""
    return report_of(desk.importing.found(election_id))


@router.get("/problems", responses={**_CSV, **documented(404, 409, 421, 422, 503)}, response_class=StreamingResponse)
def roll_problems(desk: Desk, _: Scrutineer, election_id: ElectionId) -> StreamingResponse:
    """Everything that is wrong with the roll that was imported last, with the values, as CSV."""
    findings = desk.importing.findings(election_id)
    return _download(findings.file.lines(), "problems.csv")


@router.get("/needs-method", responses=documented(404, 421, 422, 503))
def needs_method(desk: Desk, _: Scrutineer, election_id: ElectionId) -> NeedsMethod:
    """Who cannot be balloted electronically, by unique identifier: they need another method before the opening (COP-056.5)."""
    found = [each.unique_identifier for each in desk.users.people(election_id) if each.entry.needs_method]
    return NeedsMethod(count=len(found), unique_identifiers=found[:MOST_LISTED])


@router.get("/exceptions", responses={**_CSV, **documented(404, 421, 422, 503)}, response_class=StreamingResponse)
def exceptions(desk: Desk, _: Scrutineer, election_id: ElectionId) -> StreamingResponse:
    """For the union: contacts on the stored roll that cannot be used, and why, as CSV. Nothing in it is about votes (COP-056.4)."""
    desk.users.digest(election_id)
    return _download(_exceptions(desk, election_id), "exceptions.csv")


@router.post("/exceptions/sent", status_code=201, responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def exceptions_sent(desk: Desk, principal: Scrutineer, election_id: ElectionId, body: ListSent) -> ListSent:
    """Note that the list of exceptions, as it is now, was sent to the union, and when. It stands in the audit log then."""
    now, digest, count = desk.clock.now(), sha256(), -1
    sent = body.sent or now
    if sent > now:
        raise Conflict("it cannot have been sent later than now")
    for line in _exceptions(desk, election_id):
        digest.update(line)
        count += 1
    desk.record(election_id, "exceptions_sent", {
        "by": principal.account_id, "count": count, "list_hash": digest.digest(), "sent": moment(sent),
    })  # fmt: skip
    return ListSent(sent=sent)


@router.get("/contact-rules", responses=documented(404, 421, 422, 503))
def contact_rules(desk: Desk, _: Scrutineer, election_id: ElectionId) -> ContactRulesVersion:
    """Whose contacts are the employer's or the union's."""
    desk.facts.styles(election_id)
    version, rules = desk.users.rules(election_id)
    return ContactRulesVersion(version=version, rules=ContactRulesMessage.of(rules))


@router.put("/contact-rules", responses=documented(400, 404, 409, 413, 415, 421, 422, 503))
def set_contact_rules(desk: Desk, principal: Scrutineer, election_id: ElectionId, body: ContactRulesMessage) -> ContactRulesVersion:
    """Say whose contacts are the employer's or the union's. A roll that is stored was checked by the rules before: hand it in again."""
    desk.facts.must_change_rules(election_id)
    before, known = desk.users.rules(election_id)
    rules = body.rules(known, principal.account_id)
    version = desk.users.set_rules(election_id, rules)
    for each in rules.allowed_domains:
        desk.record_once(election_id, "platform_configured", {
            "by": each.author, "setting": "allowed_domain", "after": f"{each.domain}: {each.reason}",
        }, f"allowed domain {each.domain}: {each.reason}")  # fmt: skip
    desk.record_once(election_id, "platform_configured", {
        "by": principal.account_id, "setting": "contact_rules", "before": f"version {before}",
        "after": f"version {version}, SHA-256 {sha256(rules.to_json()).hexdigest()}",
    }, f"contact rules {version}")  # fmt: skip
    return ContactRulesVersion(version=version, rules=ContactRulesMessage.of(rules))


def _exceptions(desk: RollDesk, election_id: str) -> Iterator[bytes]:
    yield b"\xef\xbb\xbf" + table_line(("reference", "column", "value", "rule", "problem", "fix", "other contact"))
    for known in desk.users.people(election_id):
        entry = known.entry
        other = "yes" if entry.email or entry.mobile else "no"
        for each in entry.withheld:
            yield table_line((entry.reference, each.column, each.value, each.rule, each.problem, each.fix, other))


def _download(lines: Iterator[bytes], name: str) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines, media_type="text/csv", headers=headers)
