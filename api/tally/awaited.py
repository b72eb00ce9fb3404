"""Whose answers are awaited: looked at every few seconds by many, while each answer is verified once, when it has come.

What is found here only tells people what to wait for. The result is made of answers that are verified once more, as they are then.
"""

import threading
from dataclasses import dataclass, field

from api.ceremony import keys
from api.ceremony.answers import Answers
from api.ceremony.board import Board
from api.ceremony.board_messages import BoardMessages
from api.elections.service import Ballot
from api.errors import ApiError, Conflict
from api.tally.counting import Count
from engine.errors import EngineError
from engine.group import Group

__all__ = ["Awaited", "Awaiting"]

_FOLDER = "decryption"


@dataclass(frozen=True, slots=True)
class Awaited:
    """The newest request: its number, who was asked, and who has still to answer; `wrong` says whose answer is bad."""

    request: int
    guardians: tuple[int, ...]
    missing: tuple[int, ...]
    wrong: str


@dataclass
class _Look:
    """The last look at a ballot's answers: at which count, at which messages, and what was found. Whoever looks holds the lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    count: Count | None = None
    said: dict[str, bytes] = field(default_factory=dict)
    answers: Answers | None = None
    found: Awaited | None = None


class Awaiting:
    """The looks at all ballots of one board."""

    def __init__(self, board: Board, group: Group) -> None:
        self._board, self._group = board, group
        self._looks: dict[str, _Look] = {}

    def awaited(self, ballot: Ballot, count: Count) -> Awaited:
        """Whose answers are missing. Nothing is verified if nothing has come since the last look. Raises Conflict if nobody was asked."""
        look = self._looks.setdefault(ballot.election_id, _Look())
        with look.lock:
            said = self._board.digests(ballot.election_id, _FOLDER)
            if look.count is count and look.said == said and look.found is not None:
                return look.found
            look.found = None
            if look.count is not count or not look.said.items() <= said.items() or _requests(look.said) != _requests(said):
                look.answers = None
            look.count, look.said = count, said
            found, lasts = self._look(ballot, count, look)
            look.found = found if lasts else None
        return found

    def _look(self, ballot: Ballot, count: Count, look: _Look) -> tuple[Awaited, bool]:
        """What there is to be found, and whether it stays so as long as nothing more is said."""
        if not _requests(look.said):
            raise Conflict("nobody has been asked to decrypt yet")
        if look.answers is None:
            messages = BoardMessages(self._board, ballot.election_id, self._group)
            look.answers = Answers(messages, keys.held(self._board, ballot, self._group).election, count.found, count.stated)
        answers = look.answers
        try:
            done = answers.combined() is not None
        except (EngineError, ApiError) as error:
            return Awaited(answers.number, answers.guardians, (), str(error)), isinstance(error, EngineError)
        return Awaited(answers.number, answers.guardians, () if done else tuple(answers.missing()), ""), True


def _requests(said: dict[str, bytes]) -> int:
    """How many requests there are among these messages."""
    return sum(name.startswith(f"{_FOLDER}/request_") and name.count("/") == 1 for name in said)
