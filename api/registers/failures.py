"""The register of failures to comply (157 to 162). Categories are those of the Code, each for the ballots that it belongs to alone.

What may be disregarded is for courts and the Certification Officer to say (162): nothing here says it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from api.audit.entry import Entry
from api.registers.told import Digest, Number, Told, When, Words
from engine.decryption import DecryptedTally
from engine.manifest import Manifest
from engine.statutory import BallotType, Method, Statutory

__all__ = ["CATEGORIES", "NOT_SMALL", "Failure", "FailureCategory", "Intent", "Offer", "labels_of", "margin", "offered"]

NOT_SMALL = "cannot be treated as small"


class FailureCategory(StrEnum):
    """The paragraphs of the Code that name categories."""

    P158A = "158a"
    P158B = "158b"
    P158C = "158c"
    P158D = "158d"
    P158E = "158e"
    P159A = "159a"
    P160A = "160a"
    P161A = "161a"
    P161B = "161b"
    P161C = "161c"
    P161D = "161d"
    P161E = "161e"
    P161F = "161f"
    P161G = "161g"


class Intent(StrEnum):
    """Whether somebody meant it."""

    ACCIDENTAL = "accidental"
    DELIBERATE = "deliberate"


@dataclass(frozen=True, slots=True)
class Offer:
    """A category: what failed, and the kinds of ballot and the methods, any of them, that it belongs to."""

    what: str
    kinds: Collection[BallotType]
    methods: Collection[Method]


_ELECTRONIC, _PAPER, _WORKPLACE = (Method.ELECTRONIC,), (Method.POSTAL, Method.HYBRID), (Method.WORKPLACE,)
_ANY, _STRIKE = tuple(BallotType), (BallotType.INDUSTRIAL_ACTION,)
_MERGER = (BallotType.AMALGAMATION, BallotType.TRANSFER)

CATEGORIES: dict[FailureCategory, Offer] = {
    FailureCategory.P158A: Offer("contacts of electronic voters not handed to the scrutineer", _ANY, _ELECTRONIC),
    FailureCategory.P158B: Offer("no convenient opportunity for an electronic voter", _ANY, _ELECTRONIC),
    FailureCategory.P158C: Offer("no statement of the hierarchy to voters with more than one method", _ANY, _ELECTRONIC),
    FailureCategory.P158D: Offer("electronic voting materials not sent to every electronic voter", _ANY, _ELECTRONIC),
    FailureCategory.P158E: Offer("access method sent elsewhere than the union said", _ANY, _ELECTRONIC),
    FailureCategory.P159A: Offer("election addresses or list of candidates left out", (BallotType.UNION_ELECTION,), _ELECTRONIC),
    FailureCategory.P160A: Offer("the approved notice of the merger left out", _MERGER, _ELECTRONIC),
    FailureCategory.P161A: Offer("entitlement to vote given to too few or too many", _STRIKE, tuple(Method)),
    FailureCategory.P161B: Offer("no convenient opportunity for somebody entitled", _STRIKE, tuple(Method)),
    FailureCategory.P161C: Offer("a workplace notice incomplete or not given", _STRIKE, _WORKPLACE),
    FailureCategory.P161D: Offer("too few voting stations", _STRIKE, _WORKPLACE),
    FailureCategory.P161E: Offer("a paper given without identification or against the list", _STRIKE, _WORKPLACE),
    FailureCategory.P161F: Offer("post not sent to the home or the chosen address", _STRIKE, _PAPER),
    FailureCategory.P161G: Offer("a merchant seaman without materials or opportunity where the ship is", _STRIKE, _PAPER),
}


class Failure(Told):
    """A failure: of which provision, how many voters it affected, whether somebody meant it, and when it was found."""

    category: FailureCategory = Field(strict=False, examples=["158d"])
    voters: Number = Field(examples=[12], description="How many voters it affected.")
    intent: Intent = Field(strict=False, examples=["accidental"])
    provision: Words = Field(examples=["section 230(2)"])
    discovered: When
    description: Words | None = None
    left_out: Number | None = Field(default=None, description="161a: how many were wrongly left out.")
    included: Number | None = Field(default=None, description="161a: how many were wrongly included.")
    evidence_hash: Digest | None = Field(default=None, description="SHA-256 of the evidence; for 161d of the plan of stations.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        """What particular categories need."""
        entitlement = self.category is FailureCategory.P161A
        if entitlement != (self.left_out is not None) or entitlement != (self.included is not None):
            raise ValueError("left_out and included belong to category 161a, which needs both")
        if self.category is FailureCategory.P161D and self.evidence_hash is None:
            raise ValueError("evidence_hash: category 161d needs the plan of stations")
        return self


def offered(statutory: Statutory | None) -> tuple[FailureCategory, ...]:
    """The categories that this ballot can have; none if no law asks for it."""
    if statutory is None:
        return ()
    methods = set(statutory.methods)
    return tuple(each for each, offer in CATEGORIES.items() if statutory.ballot_type in offer.kinds and methods & set(offer.methods))


def labels_of(entry: Entry, smallest: int | None) -> tuple[str, ...]:
    """What an entry of this register is called besides what it says: `smallest` is the margin, None before it is known (162)."""
    large = smallest is not None and int(str(entry.members["voters"])) >= smallest
    return (NOT_SMALL,) if entry.members["intent"] == Intent.DELIBERATE or large else ()


def margin(manifest: Manifest, result: DecryptedTally) -> int | None:
    """The votes between the last answer to a question that has won and the first that has not, if as many win as can be chosen: the least
    of all questions, spoilt papers aside. None if there is no question with more answers than that on which anybody has voted."""
    gaps: list[int] = []
    for described, contest in zip(manifest.contests, result.contests, strict=True):
        answers = zip(described.options, contest.options, strict=True)
        votes = sorted((found.tally for option, found in answers if not option.spoil), reverse=True)
        winners = described.selection_limit
        if any(votes) and winners < len(votes):
            gaps.append(votes[winners - 1] - votes[winners])
    return min(gaps, default=None)
