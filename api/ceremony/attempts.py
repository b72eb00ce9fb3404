"""The attempts at one decryption, as they stand where the trustees speak to each other.

A guardian that was stopped halfway publishes a notice and everybody starts over in the next attempt, with fresh secrets (CR-22). Anybody
may put notices and messages into an election folder: so an attempt counts as done when all its proofs are right, whatever notices lie
beside it.
"""

from api.ceremony.messages import Messages
from api.ceremony.requests import DecryptionRequest
from api.errors import Conflict
from engine.decryption import CommitmentHashes, DecryptedTally, PartialDecryptions, Responses, check_revealed, combine
from engine.encoding import to_json
from engine.errors import EngineError
from engine.parameters import Election
from engine.tally import EncryptedTally

__all__ = ["HASHES", "RESPONSES", "RESTARTS", "VALUES", "Attempts"]

HASHES, VALUES, RESPONSES, RESTARTS = "1_hashes", "2_values", "3_responses", "restarts"
MOST = 1000


class Attempts:
    """The attempts to answer request `number` for `tally`."""

    def __init__(self, board: Messages, number: int, request: DecryptionRequest, tally: EncryptedTally, election: Election) -> None:
        self.board = board
        self.number = number
        self.guardians = request.guardians
        self.tally = tally
        self.election = election
        self.result: DecryptedTally | None = None
        self.wrong: dict[int, EngineError] = {}  # why an attempt in which everybody answered has no result
        self._revealed: set[int] = set()

    def folder(self, attempt: int, kind: str) -> str:
        """Where messages of this kind are, as the beginning of their names."""
        return f"decryption/request_{self.number}/attempt_{attempt}/{kind}"

    def there(self, attempt: int, kind: str) -> list[int]:
        """The guardians whose message is there."""
        folder = self.folder(attempt, kind)
        return [i for i in self.guardians if self.board.has(f"{folder}/guardian_{i}.json")]

    def current(self) -> int:
        """The first attempt in which nobody has to start over."""
        for attempt in range(1, MOST + 1):
            if not self.there(attempt, RESTARTS):
                return attempt
        raise Conflict(f"the guardians started over {MOST} times; is the program of one of them running in two places?")

    def is_done(self) -> bool:
        """Whether an attempt gave a result, which is then in `result`; what is wrong with others is in `wrong`."""
        for attempt in range(1, self.current() + 1):
            if self.result is None and attempt not in self.wrong and self.there(attempt, RESPONSES) == list(self.guardians):
                try:
                    self.result = self._combine(attempt)
                except Conflict as error:
                    self.wrong[attempt] = EngineError(error.detail)
                except EngineError as error:
                    self.wrong[attempt] = error
        return self.result is not None

    def check_current(self) -> None:
        """Raises CeremonyError naming the guardian whose answer is bad in the current attempt (CR-20, CR-21)."""
        attempt = self.current()
        if attempt not in self._revealed and self.there(attempt, HASHES) == self.there(attempt, VALUES) == list(self.guardians):
            self._read_revealed(attempt)
            self._revealed.add(attempt)
        if attempt in self.wrong and self.result is None:
            raise self.wrong[attempt]

    def _read_revealed(self, attempt: int) -> list[PartialDecryptions]:
        hashes = self.board.read_all(CommitmentHashes, self.folder(attempt, HASHES), self.guardians)
        values = self.board.read_all(PartialDecryptions, self.folder(attempt, VALUES), self.guardians)
        if not set(hashes) == set(values) == set(self.guardians):
            raise Conflict(f"{self.folder(attempt, '')}: messages are missing")
        for i in self.guardians:
            check_revealed(hashes[i], values[i], self.tally, self.guardians, self.election.extended_base_hash)
        return [values[i] for i in self.guardians]

    def _combine(self, attempt: int) -> DecryptedTally:
        values = self._read_revealed(attempt)
        answers = self.board.read_all(Responses, self.folder(attempt, RESPONSES), self.guardians)
        return combine(self.tally, values, [answers[i] for i in self.guardians], self.election)

    def start_over(self, attempt: int, guardian: int) -> None:
        """Tells everybody that `guardian` cannot go on with this attempt."""
        self.board.publish(f"{self.folder(attempt, RESTARTS)}/guardian_{guardian}.json", b"{}")

    def publish(self, attempt: int, kind: str, message: CommitmentHashes | PartialDecryptions | Responses) -> None:
        """Puts a guardian's message where the others find it."""
        self.board.publish(f"{self.folder(attempt, kind)}/guardian_{message.guardian}.json", to_json(message))
