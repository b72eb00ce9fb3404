"""What bodies and paths of requests have in common: nothing but what is described is taken (SV-09)."""

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict

__all__ = ["ElectionId", "Message", "a_ballot"]


class Message(BaseModel):
    """A body. Members that are not described are refused; numbers are numbers and text is text."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


ElectionId = Annotated[
    str, Path(pattern="^[0-9a-f]{64}$", description="The ballot's election identifier.", examples=["ab" * 32])
]


def a_ballot(election_id: ElectionId) -> str:
    """For routes that only want the path's ballot to be well formed: the principal is asked for as one of it."""
    return election_id
