"""The register of incidents (105(b)(xii)(2), 105(c)(iii)(4)): what happened to the platform or may have, and which of it is still open.

Unauthorised access that is suspected or confirmed rules out the clean statement of the report (97). That a suspicion was unfounded is for
two persons to say, and has a reason.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

from pydantic import Field

from api.audit.entry import Entry
from api.registers.complaints import Complaint
from api.registers.threads import current
from api.registers.told import Body, Digest, Told, When, Words

__all__ = ["INCIDENT", "UNFOUNDED", "Incident", "IncidentCategory", "WhyUnfounded", "incident_of", "rules_out_clean_statement", "status_of"]

INCIDENT, UNFOUNDED = "incident_recorded", "incident_unfounded"


class IncidentCategory(StrEnum):
    """Whether somebody reached what is not theirs, sent messages that look like the scrutineer's, or something else happened."""

    UNAUTHORISED_ACCESS = "unauthorised_access"
    FALSE_MESSAGE = "false_message"
    OTHER = "other"


_HARMLESS = {IncidentCategory.FALSE_MESSAGE.value, IncidentCategory.OTHER.value}


class Incident(Told):
    """An incident, or with `earlier_entry` what is known of it now. Two persons close one as unfounded, by a request of its own."""

    category: IncidentCategory = Field(strict=False, examples=["unauthorised_access"])
    status: Literal["suspected", "confirmed"] = Field(examples=["suspected"])
    description: Words
    effect: Words = Field(examples=["None that is known; it could have delayed messages."])
    started: When
    ended: When | None = Field(default=None, examples=["2027-01-11T10:00:00Z"])
    evidence_hash: Digest | None = None


class WhyUnfounded(Body):
    """Why there is nothing in a suspicion."""

    reason: Words = Field(examples=["The address was that of our own monitoring; see the evidence."])


def incident_of(complaint: Complaint, complaint_id: str) -> Incident:
    """The suspected incident that the report of a false message is (Elections Act 2022, section 8, adopted)."""
    return Incident(
        category=IncidentCategory.FALSE_MESSAGE, status="suspected", started=complaint.received,
        description=f"a false message was reported; the complaint is the entry {complaint_id}",
        effect="voters may have been deceived about the ballot; how many is not known",
    )  # fmt: skip


def status_of(entry: Entry) -> str:
    """suspected, confirmed or unfounded."""
    return "unfounded" if entry.kind == UNFOUNDED else str(entry.members["status"])


def rules_out_clean_statement(entries: Iterable[Entry]) -> bool:
    """Whether there is unauthorised access among these entries of the register, in order, that is not closed as unfounded (97, T16). An
    entry that does not say what it is about counts as such; and so does one that takes the place of such an entry, whatever it says, for
    that it was no access is for two persons to say."""
    found, access = list(entries), set[str]()
    for each in found:
        own = each.members.get("category") not in _HARMLESS
        if each.kind == INCIDENT and (own or each.members.get("earlier_entry") in access):
            access.add(each.id.hex())
    return any(each.id.hex() in access for each in current(found))
