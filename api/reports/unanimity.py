"""Results that reveal how everybody voted: all counted votes of a question are for one answer (PR-02).

Such a result is still given, for the law asks for it. But who releases it is told before it is public.
"""

from dataclasses import dataclass

from engine.decryption import DecryptedTally
from engine.manifest import Manifest
from engine.tally import EncryptedTally

__all__ = ["Unanimous", "unanimous"]


@dataclass(frozen=True, slots=True)
class Unanimous:
    """A question and the answer that everybody gave whose ballot counts."""

    question: str
    answer: str
    ballots: int

    def __str__(self) -> str:
        return f"unanimous: all {self.ballots} counted ballots of {self.question} are for {self.answer}; the result shows how each was cast"


def unanimous(manifest: Manifest, result: DecryptedTally, counted: EncryptedTally) -> tuple[Unanimous, ...]:
    """All of them. `counted` says how many ballots each question has; an answer that is on every one of them, as often as it can be, was
    given by everybody, whatever else a question with several votes had on it."""
    return tuple(
        Unanimous(contest.label, option.label, multiplied.ballots)
        for described, contest, multiplied in zip(manifest.contests, result.contests, counted.contests, strict=True)
        for limits, option in zip(described.options, contest.options, strict=True)
        if 0 < multiplied.ballots * limits.selection_limit <= option.tally
    )
