"""The register of complaints (105(b)(vi)), with pressure on voters by its kinds (Elections Act 2022, section 8, adopted), and answers."""

from enum import StrEnum

from pydantic import Field

from api.registers.told import EntryRef, Identifier, Told, When, Words

__all__ = ["PRESSURE", "Answer", "Complaint", "ComplaintCategory"]


class ComplaintCategory(StrEnum):
    """What a complaint is about."""

    DELIVERY = "delivery"
    ACCESS = "access"
    FORM = "form"
    SECRECY = "secrecy"
    VIOLENCE = "violence"
    DAMAGE = "damage"
    FINANCIAL_LOSS = "financial_loss"
    SPIRITUAL_PRESSURE = "spiritual_pressure"
    INTIMIDATION = "intimidation"
    DECEPTION = "deception"
    FALSE_MESSAGE = "false_message"
    OTHER = "other"


PRESSURE = frozenset({
    ComplaintCategory.VIOLENCE, ComplaintCategory.DAMAGE, ComplaintCategory.FINANCIAL_LOSS, ComplaintCategory.SPIRITUAL_PRESSURE,
    ComplaintCategory.INTIMIDATION, ComplaintCategory.DECEPTION,
})  # fmt: skip
"""Pressure on voters, to property and reputation as to persons."""


class Complaint(Told):
    """A complaint, of a voter by unique identifier or of nobody in particular. A false message is an incident, too, from then on."""

    category: ComplaintCategory = Field(strict=False, examples=["delivery"])
    subject: Words
    received: When
    unique_identifier: Identifier | None = Field(default=None, description="Left out if the complaint is anonymous.")


class Answer(Told):
    """What came of a complaint. It may have several answers, one after the other."""

    complaint: EntryRef = Field(description="The id of the complaint's entry.")
    outcome: Words
    earlier_entry: None = Field(default=None, examples=[None], description="An answer is followed by another one.")

    def references(self, kind: str) -> dict[str, str]:
        """See Told: `kind` is that of answers."""
        return {self.complaint: "complaint_received"} if kind == "complaint_answered" else {}
