"""The trial decryption (OP-02): before the opening every guardian shows that its key shares can be read, from medium and from copy.

    trial/round_<r>/request.json                       the scrutineer: a random seed
    trial/round_<r>/guardian_<i>_<medium|copy>.json    guardian i

Only the newest round counts. A new one may be begun at any time, weekly while voting is open, or where an answer of the last one is wrong.
"""

import secrets
from dataclasses import dataclass

from api.ceremony.messages import Messages
from api.errors import Conflict
from engine.encoding import to_json
from engine.errors import EngineError
from engine.parameters import Election
from engine.trial import SOURCES, TrialAnswer, TrialRequest, combine_trial, verify_trial_answer

__all__ = ["Missing", "answer_name", "begin", "check_finished", "latest_round", "missing"]


@dataclass(frozen=True, slots=True)
class Missing:
    """An answer that is not there, or that is wrong: then `wrong` says why."""

    guardian: int
    source: str
    wrong: str = ""

    def __str__(self) -> str:
        return f"guardian {self.guardian} ({self.source}{': ' + self.wrong if self.wrong else ''})"


def begin(board: Messages, number: int) -> None:
    """Asks for round `number` of the trial, from 1, with a new seed. Again changes nothing. Raises Conflict if the round before is not
    there."""
    if board.has(_request_name(number)):
        return
    if number > 1 and not board.has(_request_name(number - 1)):
        raise Conflict(f"round {number} of the trial decryption comes after round {number - 1}")
    board.publish(_request_name(number), to_json(TrialRequest(secrets.token_bytes(32))))


def latest_round(board: Messages) -> tuple[int, TrialRequest] | None:
    """The newest round that was asked for, and its number, from 1."""
    number = 0
    while board.has(_request_name(number + 1)):
        number += 1
    request = board.read(TrialRequest, _request_name(number)) if number else None
    return (number, request) if request else None


def missing(board: Messages, election: Election) -> tuple[Missing, ...]:
    """Which guardians have shown no valid answer from which source in the newest round; everything if there was none."""
    asked = latest_round(board)
    if asked is None:
        return tuple(Missing(i, source) for i in _everybody(election) for source in SOURCES)
    return _look(board, election, *asked)[0]


def check_finished(board: Messages, election: Election) -> None:
    """That in the newest round every guardian has shown valid answers, from medium and copy, and that they decrypt what was encrypted.
    Raises Conflict naming who is missing."""
    asked = latest_round(board)
    if asked is None:
        raise Conflict("the trial decryption has not begun")
    awaited, answers = _look(board, election, *asked)
    if awaited:
        raise Conflict(f"the trial decryption is not finished; awaited: {', '.join(map(str, awaited))}")
    k = election.parameters.quorum
    try:
        for source in SOURCES:
            found = [answers[i, source] for i in _everybody(election)]
            for start in range(len(found) - k + 1):  # everybody's answer is in one of these
                combine_trial(found[start : start + k], asked[1], election)
    except EngineError as error:
        raise Conflict(f"the trial decryption failed: {error}") from None


def answer_name(number: int, guardian: int, source: str) -> str:
    """What guardian `guardian`'s answer in round `number` is called; `source` is "medium" or "copy"."""
    return f"trial/round_{number}/guardian_{guardian}_{source}.json"


def _look(
    board: Messages, election: Election, number: int, request: TrialRequest
) -> tuple[tuple[Missing, ...], dict[tuple[int, str], TrialAnswer]]:
    awaited, answers = list[Missing](), dict[tuple[int, str], TrialAnswer]()
    for i in _everybody(election):
        for source in SOURCES:
            try:
                answer = board.read(TrialAnswer, answer_name(number, i, source))
                if answer is None:
                    awaited.append(Missing(i, source))
                else:
                    verify_trial_answer(answer, i, source, request, election)
                    answers[i, source] = answer
            except EngineError as error:
                awaited.append(Missing(i, source, str(error)))
    return tuple(awaited), answers


def _everybody(election: Election) -> range:
    return range(1, election.parameters.guardian_count + 1)


def _request_name(number: int) -> str:
    return f"trial/round_{number}/request.json"
