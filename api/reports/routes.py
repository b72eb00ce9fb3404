"""Where a ballot stands, and the facts of its report, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from api.auth import Principal, Role
from api.authorising import Requires
from api.messages import ElectionId, Message
from api.problems import documented
from api.reports.service import Reports

__all__ = ["router"]

router = APIRouter(prefix="/api/v1/ballots/{election_id}", tags=["ballots"])
Reader = Annotated[Principal, Depends(Requires(Role.SCRUTINEER, Role.AUDITOR))]


class BallotStanding(Message):
    """Where a ballot stands, what comes next, and who or what is awaited."""

    state: str
    next: str
    awaited: list[str]


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
