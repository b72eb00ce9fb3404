"""What all sections of a ballot's particulars are made of. All may be left out while a ballot is a draft; the opening check names it."""

import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

__all__ = ["Answer", "Day", "Digest", "Moment", "Name", "Section", "Words"]


class Section(BaseModel):
    """A part of the particulars: members that are not described are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("expected a time with its zone, such as 2027-01-11T09:00:00Z")
    return moment.astimezone(UTC)


def _plain(text: str) -> str:
    if any(unicodedata.category(each) in _REFUSED and each not in "\n\t" for each in text):
        raise ValueError("expected text without control characters")
    return text


_REFUSED = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=5000), AfterValidator(_plain),
    Field(examples=["Considered on 3 November 2026; none was expressed."]),
]
"""What somebody thought of something. Blanks are nothing."""
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), AfterValidator(_plain), Field(examples=["The union"])]
Day = Annotated[date, Field(examples=["2026-11-03"])]
Moment = Annotated[datetime, AfterValidator(_in_utc), Field(examples=["2027-01-11T09:00:00Z"])]
Answer = Annotated[bool, Field(examples=[True])]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$", examples=["3c" * 32], description="SHA-256 of a document that is kept elsewhere.")]
