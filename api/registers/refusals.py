"""Registers of what was refused to a voter (Elections Act 2022, schedule 1, paragraph 22, adopted) and of materials that did not arrive,
as the union passes it on (110). A voter is a unique identifier here and nothing else."""

from typing import Literal

from pydantic import Field

from api.registers.told import Identifier, Told, When, Words

__all__ = ["NonReceipt", "Refusal"]


class Refusal(Told):
    """That a paper, a new access code or a discount was refused, noted at once; a later entry says what came of it."""

    what: Literal["paper", "reissue", "discount"] = Field(examples=["reissue"])
    unique_identifier: Identifier
    reason: Words = Field(examples=["Nothing showed who was asking."])
    refused: When
    outcome: Words | None = None


class NonReceipt(Told):
    """That somebody has received nothing, as the union says. Whether a code was sent or used is never answered (112)."""

    unique_identifier: Identifier
    reported: When
    channel: Literal["e-mail", "message", "post", "hand"] | None = Field(default=None, examples=["e-mail"])
    outcome: Words | None = Field(default=None, examples=["A new access code was sent."])
