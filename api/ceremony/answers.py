"""The guardians' answers to the newest request, put together: the decrypted tally and the opened ballots (§3.6, §3.6.7)."""

from api.ceremony.attempts import Attempts
from api.ceremony.messages import Messages
from api.ceremony.requests import latest_request
from api.errors import Conflict
from engine.ballot import OpenedBallot
from engine.decryption import DecryptedTally, NonceShares, open_challenged
from engine.errors import CeremonyError, ProofError
from engine.log import LogRoot, LogStatement, verify_statement
from engine.parameters import Election
from engine.tally import BallotSet

__all__ = ["Answers", "Combined", "combine"]

Combined = tuple[DecryptedTally, tuple[OpenedBallot, ...]]


class Answers:
    """The answers to the newest request about the ballots `found`; it may be looked at again and again. In a ballot with a log `stated` is
    what each guardian has to state of it. Raises Conflict if nobody has been asked."""

    def __init__(self, board: Messages, election: Election, found: BallotSet, stated: LogRoot | None = None) -> None:
        asked = latest_request(board)
        if asked is None:
            raise Conflict("nobody has been asked to decrypt yet; run: psephos scrutineer tally")
        number, request = asked
        self.number, self.guardians = number, request.guardians
        self._board, self._election, self._found = board, election, found
        self._stated = stated
        self._folder, self._log = f"decryption/request_{number}/nonces", f"decryption/request_{number}/log"
        self._attempts = Attempts(board, number, request, found.tally, election)

    def missing(self) -> list[int]:
        """Who has not said everything yet; all who were asked, where the count itself is not done."""
        return self._silent() or list(self.guardians)

    def combined(self) -> Combined | None:
        """Tally and openings, every proof checked, or None as long as answers are missing. Raises CeremonyError naming a guardian whose
        answer is bad."""
        self._check_statements()
        done = self._attempts.is_done()
        self._attempts.check_current()
        if not done or self._attempts.result is None or self._silent():
            return None
        nonces = self._board.read_all(NonceShares, self._folder, self.guardians)
        opened = open_challenged(self._found.challenged, [nonces[i] for i in self.guardians], self._election)
        return self._attempts.result, opened

    def _silent(self) -> list[int]:
        folders = [self._folder, self._log] if self._stated else [self._folder]
        return [i for i in self.guardians if not all(self._board.has(f"{folder}/guardian_{i}.json") for folder in folders)]

    def _check_statements(self) -> None:
        """A wrong one is found here, while others can still be asked. Raises CeremonyError naming the guardian."""
        if self._stated is None:
            return
        for i, statement in self._board.read_all(LogStatement, self._log, self.guardians).items():
            try:
                verify_statement(statement, self._stated, self._election)
            except ProofError as error:
                raise CeremonyError(str(error), i) from None


def combine(board: Messages, election: Election, found: BallotSet, stated: LogRoot | None = None) -> Combined:
    """The same without waiting. Raises Conflict naming who is awaited, CeremonyError naming a guardian whose answer is bad."""
    answers = Answers(board, election, found, stated)
    combined = answers.combined()
    if combined is None:
        raise Conflict(f"answers are awaited of guardians {', '.join(map(str, answers.missing()))}; if one is lost, ask others")
    return combined
