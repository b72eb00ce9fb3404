"""What everything that is told to a register has in common: which members it may have, and how they stand in the audit log.

A member has the same name here and there. What the log's own types refuse, such as a contact or an access code, is refused by them.
"""

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.audit.entry import Given
from api.audit.members import LONGEST_LINE

__all__ = ["Body", "Digest", "EntryRef", "Identifier", "Number", "Server", "Told", "When", "Words"]


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("expected a time with its zone, such as 2027-01-11T09:00:00Z")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("expected a time that there is in UTC") from None


When = Annotated[datetime, AfterValidator(_in_utc), Field(strict=False, examples=["2027-01-11T09:00:00Z"])]
Words = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_LINE),
    Field(examples=["The link in the message led to an empty page."], description="One line without names, contacts or access codes."),
]  # fmt: skip
Identifier = Annotated[str, Field(min_length=1, max_length=64, examples=["4e" * 16], description="The voter's unique identifier.")]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$", examples=["3c" * 32], description="SHA-256 of a document that is kept elsewhere.")]
EntryRef = Annotated[str, Field(pattern="^[0-9a-f]{32}$", examples=["9b" * 16], description="The id of an earlier entry.")]
Number = Annotated[int, Field(ge=0, lt=2**53, examples=[3])]
Server = Annotated[
    str, Field(pattern="^[0-9a-z][0-9a-z_.:+-]{0,99}$", examples=["server-1"], description="The server, always by the same word.")
]


class Body(BaseModel):
    """What a request about registers has: members that are not described are refused, and blanks around text are nothing."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, str_strip_whitespace=True)


class Told(Body):
    """One entry. Nothing is changed and nothing is taken back: a later entry of the same register takes an earlier one's place."""

    earlier_entry: EntryRef | None = Field(default=None, description="The entry that this one takes the place of; it stays.")

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        """For those that have a time span."""
        started, ended = getattr(self, "started", None), getattr(self, "ended", None)
        if started is not None and ended is not None and ended < started:
            raise ValueError("ended: expected a time that is not before the start")
        return self

    def members(self, by: str) -> dict[str, Given]:
        """The members of the audit entry that this becomes."""
        told = {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}
        return {"by": by, **{name: _given(value) for name, value in told.items()}}

    def references(self, kind: str) -> dict[str, str]:
        """The earlier entries that this one names, with the kind that each of them must have; `kind` is that of this one."""
        return {} if self.earlier_entry is None else {self.earlier_entry: kind}


def _given(value: object) -> Given:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (datetime, int, tuple)):
        return value
    return str(value)
