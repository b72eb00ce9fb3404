"""The guardians' answers to the newest request, put together: the decrypted tally and the opened ballots (§3.6, §3.6.7)."""

from api.ceremony.attempts import Attempts
from api.ceremony.messages import Messages
from api.ceremony.requests import latest_request
from api.errors import Conflict
from engine.ballot import OpenedBallot
from engine.decryption import DecryptedTally, NonceShares, open_challenged
from engine.parameters import Election
from engine.tally import BallotSet

__all__ = ["Answers", "Combined", "combine"]

Combined = tuple[DecryptedTally, tuple[OpenedBallot, ...]]


class Answers:
    """The answers to the newest request about the ballots `found`; it may be looked at again and again. Raises Conflict if nobody has been
    asked."""

    def __init__(self, board: Messages, election: Election, found: BallotSet) -> None:
        asked = latest_request(board)
        if asked is None:
            raise Conflict("nobody has been asked to decrypt yet; run: psephos scrutineer tally")
        number, request = asked
        self.guardians = request.guardians
        self._board, self._election, self._found = board, election, found
        self._folder = f"decryption/request_{number}/nonces"
        self._attempts = Attempts(board, number, request, found.tally, election)

    def missing(self) -> list[int]:
        """Who has not said everything yet; all who were asked, where the count itself is not done."""
        return self._silent() or list(self.guardians)

    def combined(self) -> Combined | None:
        """Tally and openings, every proof checked, or None as long as answers are missing. Raises CeremonyError naming a guardian whose
        answer is bad."""
        done = self._attempts.is_done()
        self._attempts.check_current()
        if not done or self._attempts.result is None or self._silent():
            return None
        nonces = self._board.read_all(NonceShares, self._folder, self.guardians)
        opened = open_challenged(self._found.challenged, [nonces[i] for i in self.guardians], self._election)
        return self._attempts.result, opened

    def _silent(self) -> list[int]:
        return [i for i in self.guardians if not self._board.has(f"{self._folder}/guardian_{i}.json")]


def combine(board: Messages, election: Election, found: BallotSet) -> Combined:
    """The same without waiting. Raises Conflict naming who is awaited, CeremonyError naming a guardian whose answer is bad."""
    answers = Answers(board, election, found)
    combined = answers.combined()
    if combined is None:
        raise Conflict(f"answers are awaited of guardians {', '.join(map(str, answers.missing()))}; if one is lost, ask others")
    return combined
