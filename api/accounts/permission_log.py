"""The permission log as it is stored: rows that are only added, numbered without a gap (SV-31). Everything here is within a transaction."""

from datetime import UTC, datetime

from sqlmodel import Session, col, or_, select

from api.accounts.database import PERMISSIONS
from api.accounts.events import Event, Record
from api.accounts.models import FrozenList, PermissionHead, PermissionRow
from api.accounts.permissions import Change, Grant, Kind, Period, Reason, grants_after
from api.auth import Role
from api.clock import Clock
from api.errors import Conflict, NotFound

__all__ = ["PermissionLog", "frozen_list", "grant_of"]

_EVENTS = {
    Kind.GRANTED: Event.PERMISSION_GRANTED,
    Kind.CHANGED: Event.PERMISSION_CHANGED,
    Kind.REVOKED: Event.PERMISSION_REVOKED,
    Kind.ASKED: Event.PERMISSION_ASKED,
    Kind.REFUSED: Event.PERMISSION_REFUSED,
}


class PermissionLog:
    """The log of the database whose transactions it is used in. Every row goes to `record` too."""

    def __init__(self, clock: Clock, record: Record) -> None:
        self._clock, self._record = clock, record

    def lock(self, session: Session) -> PermissionHead:
        """From here on nothing else is added before the transaction ends."""
        return session.exec(select(PermissionHead).where(PermissionHead.name == PERMISSIONS).with_for_update()).one()

    def add(
        self, session: Session, head: PermissionHead, kind: Kind, grant: Grant, reason: Reason, *, asked_by: str | None,
        approver: str | None = None,
    ) -> None:  # fmt: skip
        """Adds a row; `head` is what `lock` answered."""
        head.size += 1
        row = PermissionRow(
            number=head.size, grant_id=grant.grant_id, kind=kind, account_id=grant.account_id, role=grant.role,
            election_id=grant.election_id, starts=grant.period.starts, ends=grant.period.ends, reason=reason,
            asked_by=asked_by, approver=approver, at=self._clock.now(),
        )  # fmt: skip
        session.add_all((head, row))
        session.flush()
        details = {
            "number": str(head.size), "grant": grant.grant_id, "account": grant.account_id, "role": grant.role,
            "election": grant.election_id or "all", "starts": _iso(grant.period.starts), "ends": _iso(grant.period.ends),
            "reason": reason, "asked_by": asked_by or "set-up", "approver": approver or "none",
        }  # fmt: skip
        self._record(_EVENTS[kind], details)

    def reaching(self, session: Session, election_id: str | None, account_id: str | None = None) -> tuple[Change, ...]:
        """All rows that reach a ballot, in order; those for all ballots do. None: those alone. Of one account, if one is named."""
        query = select(PermissionRow).order_by(col(PermissionRow.number))
        for_all = col(PermissionRow.election_id).is_(None)
        query = query.where(for_all if election_id is None else or_(for_all, col(PermissionRow.election_id) == election_id))
        if account_id is not None:
            query = query.where(PermissionRow.account_id == account_id)
        return tuple(_change(row) for row in session.exec(query))

    def of_account(self, session: Session, account_id: str) -> tuple[Change, ...]:
        """All rows of an account, in order."""
        query = select(PermissionRow).where(PermissionRow.account_id == account_id).order_by(col(PermissionRow.number))
        return tuple(_change(row) for row in session.exec(query))

    def grants(self, session: Session, election_id: str | None, account_id: str | None = None) -> tuple[Grant, ...]:
        """The grants that reach a ballot, over or not; as `reaching`."""
        frozen = None if election_id is None else frozen_list(session, election_id)
        changes = self.reaching(session, election_id, account_id)
        return tuple(grants_after(changes, None if frozen is None else frozen.size).values())

    def current(self, session: Session, election_id: str | None) -> tuple[Grant, ...]:
        """Those that are not over, in a fixed order."""
        now = self._clock.now()
        grants = (grant for grant in self.grants(session, election_id) if now < grant.period.ends)
        return tuple(sorted(grants, key=lambda grant: (grant.account_id, grant.role, grant.grant_id)))

    def last(self, session: Session, grant_id: str) -> Change:
        """What was done last about a grant. Raises NotFound."""
        query = select(PermissionRow).where(PermissionRow.grant_id == grant_id).order_by(col(PermissionRow.number).desc())
        row = session.exec(query).first()
        if row is None:
            raise NotFound("there is no such grant")
        return _change(row)

    def last_of_grant(self, session: Session, grant_id: str) -> Change:
        """The same, if it is a grant by now and not revoked. Raises NotFound, Conflict."""
        last = self.last(session, grant_id)
        if last.kind not in (Kind.GRANTED, Kind.CHANGED):
            raise Conflict("there is no such grant any more, or not yet; nothing was changed")
        return last


def frozen_list(session: Session, election_id: str) -> FrozenList | None:
    """The ballot's frozen list, if it is frozen."""
    return session.get(FrozenList, election_id)


def grant_of(change: Change) -> Grant:
    """The grant that a change is about, as it is after it."""
    return Grant(change.grant_id, change.account_id, change.role, change.election_id, change.period)


def _change(row: PermissionRow) -> Change:
    return Change(
        number=row.number, grant_id=row.grant_id, kind=Kind(row.kind), account_id=row.account_id, role=Role(row.role),
        election_id=row.election_id, period=Period(row.starts, row.ends), reason=Reason(row.reason), asked_by=row.asked_by,
        approver=row.approver, at=row.at,
    )  # fmt: skip


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
