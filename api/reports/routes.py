"""Where a ballot stands, and the facts of its report, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field

from api.auth import Principal, Role
from api.authorising import Requires
from api.law.sections import Answer, Words
from api.messages import ElectionId, Message
from api.problems import documented
from api.reports.content import Told
from api.reports.pages import ReportPages
from api.reports.service import Reports
from api.reports.words import Language

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/ballots/{election_id}", tags=["ballots"])
Scrutineer = Annotated[Principal, Depends(Requires(Role.SCRUTINEER))]
Reader = Annotated[Principal, Depends(Requires(Role.SCRUTINEER, Role.AUDITOR))]


class BallotStanding(Message):
    """Where a ballot stands, what comes next, and who or what is awaited."""

    state: str
    next: str
    awaited: list[str]


class WantedReport(Message):
    """What the scrutineer says in the report, and whether it is to be final. `satisfied`: that there are no reasonable grounds to believe
    that a requirement was not met; null for no statement yet."""

    satisfied: Answer | None = None
    reservations: Words = ""
    accessibility: Words = Field(default="", description="Steps for voters with disabilities.")
    remarks: Words = ""
    language: Language = Field(default=Language.ENGLISH, strict=False, description="Of the headings: en or cy.", examples=["en"])
    final: bool = False


def reports_of(request: Request) -> Reports:
    """The service of this app."""
    reports: Reports = request.app.state.reports
    return reports


TheReports = Annotated[Reports, Depends(reports_of)]


@router.get("/status", responses=documented(404, 409, 421, 422, 503))
def status(reports: TheReports, _: Reader, election_id: ElectionId) -> BallotStanding:
    """Where the ballot stands, and what comes next."""
    found = reports.standing(election_id)
    return BallotStanding(state=found.state.value, next=found.next, awaited=list(found.awaited))


@router.get("/report", responses=documented(404, 409, 421, 422, 503))
def report(reports: TheReports, principal: Reader, election_id: ElectionId) -> dict[str, Any]:
    """The facts of the scrutineer's report, as far as there are any. That the registers were read for it stands in the audit log."""
    return reports.report(election_id, principal.account_id)


def pages_of(request: Request) -> ReportPages:
    """The service of this app."""
    pages: ReportPages = request.app.state.report_pages
    return pages


@router.post(
    "/report/pages", response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}, **documented(400, 404, 409, 413, 415, 421, 422, 503)},
)  # fmt: skip
def report_pages(
    pages: Annotated[ReportPages, Depends(pages_of)], principal: Scrutineer, election_id: ElectionId, body: WantedReport
) -> Response:
    """The scrutineer's report as PDF, with the result attached as data: a draft, or the final one, which is made once and never changes.
    What a final one lacks is named."""
    told = Told(
        satisfied=body.satisfied, reservations=body.reservations, accessibility=body.accessibility, remarks=body.remarks
    )
    if body.final:
        content = pages.final(election_id, told, body.language, principal.account_id)
    else:
        content = pages.draft(election_id, told, body.language, principal.account_id)
    return Response(content, media_type="application/pdf")
