"""What somebody is authorised for, as it follows from all that was ever done about permissions. Nothing is stored here.

    granted, or asked for and then granted by a second person        a new grant: account, role, ballot or all, period
    changed                                                          another period
    revoked                                                          its end

A ballot's list of authorised persons is frozen when it opens. For that ballot, what is done later can only take away, unless it was granted
for this very ballot by a second person (COP-097a).
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from api.auth import Role
from api.errors import Invalid

__all__ = ["EXCEPTIONS", "Change", "Grant", "Kind", "Period", "Reason", "grants_after", "list_hash"]


class Kind(StrEnum):
    """What was done."""

    GRANTED = "granted"
    CHANGED = "changed"
    REVOKED = "revoked"
    ASKED = "asked for"
    REFUSED = "refused"


class Reason(StrEnum):
    """Why. There is no free text, for it would come to hold names and illnesses."""

    APPOINTMENT = "appointment"
    SICKNESS = "sickness"
    INVESTIGATION = "investigation"
    END_OF_DUTY = "end of duty"
    SECURITY = "security"


EXCEPTIONS = frozenset({Reason.SICKNESS, Reason.INVESTIGATION})
"""What adds to a list after it is frozen (COP-097a.3)."""


@dataclass(frozen=True, slots=True)
class Period:
    """From `starts` to before `ends`, with their zones. Raises Invalid if that is no time at all, or a zone is missing."""

    starts: datetime
    ends: datetime

    def __post_init__(self) -> None:
        """See above."""
        if self.starts.tzinfo is None or self.ends.tzinfo is None:
            raise Invalid("a period: expected times with their zone")
        if self.starts >= self.ends:
            raise Invalid("a period: expected an end after its start")

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.ends - self.starts

    def contains(self, moment: datetime) -> bool:
        """Whether the moment is in it."""
        return self.starts <= moment < self.ends

    def is_within(self, other: "Period") -> bool:
        """Whether it is no wider than the other one at either end."""
        return other.starts <= self.starts and self.ends <= other.ends

    def overlap(self, other: "Period") -> "Period | None":
        """What both have."""
        starts, ends = max(self.starts, other.starts), min(self.ends, other.ends)
        return Period(starts, ends) if starts < ends else None


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the permission log, numbered from 1 over all ballots. `asked_by` None: when the platform was set up."""

    number: int
    grant_id: str
    kind: Kind
    account_id: str
    role: Role
    election_id: str | None
    period: Period
    reason: Reason
    asked_by: str | None
    approver: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """An authorisation; `election_id` None: all ballots."""

    grant_id: str
    account_id: str
    role: Role
    election_id: str | None
    period: Period


def grants_after(changes: Iterable[Change], frozen_size: int | None = None) -> dict[str, Grant]:
    """The grants that there are after these changes, which are in order, by their ids. `frozen_size`: how many changes there were when the
    list of the ballot in question was frozen, or None."""
    grants: dict[str, Grant] = {}
    for change in changes:
        frozen = frozen_size is not None and change.number > frozen_size
        known = grants.get(change.grant_id)
        if change.kind is Kind.GRANTED:
            if not frozen or (change.approver is not None and change.election_id is not None):
                grants[change.grant_id] = Grant(change.grant_id, change.account_id, change.role, change.election_id, change.period)
        elif change.kind is Kind.REVOKED:
            grants.pop(change.grant_id, None)
        elif change.kind is Kind.CHANGED and known is not None:
            period = known.period.overlap(change.period) if frozen else change.period
            if period is None:
                del grants[change.grant_id]
            else:
                grants[change.grant_id] = Grant(known.grant_id, known.account_id, known.role, known.election_id, period)
    return grants


def list_hash(election_id: str, grants: Iterable[Grant]) -> bytes:
    """SHA-256 over a ballot's list of authorised persons, in canonical JSON, ordered by account, role, ballot and period."""
    rows = sorted(
        [each.account_id, each.role, each.election_id or "", _iso(each.period.starts), _iso(each.period.ends)] for each in grants
    )
    content = {"authorised": rows, "election": election_id}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).digest()


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
