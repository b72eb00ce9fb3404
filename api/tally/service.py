"""From the closed ballots to the result: one request at a time, answered by enough trustees, for one aggregate (T5, CR-43 to CR-49)."""

from datetime import UTC

from api.ceremony import keys
from api.ceremony.answers import combine
from api.ceremony.board import Board
from api.ceremony.board_messages import BoardMessages
from api.ceremony.requests import request_decryption
from api.clock import Clock
from api.elections.service import Ballot, ElectionService
from api.elections.states import State, Step
from api.errors import Conflict, Denied, Invalid, NotFound
from api.tally.awaited import Awaited, Awaiting
from api.tally.counting import Count, Counting
from engine.decryption import DecryptedTally
from engine.encoding import to_json
from engine.errors import EngineError
from engine.group import Group
from engine.parameters import Election

__all__ = ["OPENED", "TALLY", "TallyService"]

TALLY, OPENED = "result/tally.json", "result/challenged_ballots.jsonl"


class TallyService:
    """The counts of one platform."""

    def __init__(self, elections: ElectionService, board: Board, counting: Counting, clock: Clock, group: Group) -> None:
        self._elections, self._board, self.counting = elections, board, counting
        self._clock, self._group = clock, group
        self._awaiting = Awaiting(board, group)

    def check_units(self, election_id: str, *, accepted: bool) -> Count:
        """The count, if nothing in it is too small to be decrypted (PR-01, PR-03). Raises Conflict; with `accepted`, two persons have taken
        it upon themselves for what the manifest allows."""
        count = self.counting.count(election_id)
        for unit in count.too_small:
            raise Conflict(
                f"the {unit.what} {unit.label} has {unit.counted} counted ballots, fewer than the {self._floor(count)} that the manifest "
                "asks for: its result would show how people voted, and is not decrypted"
            )
        if count.small_units and not accepted:
            small = ", ".join(f"{unit.what} {unit.label}: {unit.counted}" for unit in count.small_units)
            raise Conflict(f"few counted ballots ({small}): two persons have to accept that the result may show how people voted")
        return count

    def request(self, election_id: str, guardians: tuple[int, ...], account_id: str, *, again: bool) -> Awaited:
        """Asks these guardians to decrypt the one aggregate, once another person has asked for the tally. The same again changes nothing.
        Raises Conflict, Denied, Invalid."""
        ballot = self._elections.ballot(election_id)
        if ballot.state is not State.EXCLUDED:
            raise Conflict(f"the ballot is {ballot.state}: trustees are asked when it is closed and discounts are settled")
        if not set(self._elections.asked_for(election_id).get(Step.TALLY, ())) - {account_id}:
            raise Denied("two persons decide about the decryption: another one has to ask for the step tally first")
        count, messages = self.counting.count(election_id), BoardMessages(self._board, election_id, self._group)
        if messages.has(TALLY):
            raise Conflict("there is a result already: the aggregate is decrypted once (T5)")
        try:
            now = self._clock.now().astimezone(UTC)
            request_decryption(messages, self._election(ballot), count.found, count.digest, guardians, now, again)
        except EngineError as error:
            raise Invalid(f"guardians: {error}") from None
        return self.awaited(election_id)

    def awaited(self, election_id: str) -> Awaited:
        """Whose answers are missing. Raises Conflict if nobody was asked."""
        return self._awaiting.awaited(self._elections.ballot(election_id), self.counting.count(election_id))

    def finish(self, ballot: Ballot) -> Count:
        """Combines the answers and keeps result and openings on the board; again changes nothing. Raises Conflict."""
        election_id = ballot.election_id
        count, messages = self.counting.count(election_id), BoardMessages(self._board, election_id, self._group)
        if not messages.has(TALLY):
            try:
                tally, openings = combine(messages, self._election(ballot), count.found, count.stated)
            except EngineError as error:
                raise Conflict(f"the answers cannot be combined: {error}") from None
            messages.publish(OPENED, b"".join(to_json(each) + b"\n" for each in openings))
            messages.publish(TALLY, to_json(tally))
        return count

    def result(self, election_id: str) -> DecryptedTally:
        """The decrypted tally. Raises NotFound until there is one."""
        ballot = self._elections.ballot(election_id)
        if ballot.state not in (State.TALLIED, State.RELEASED, State.ARCHIVED):
            raise NotFound("there is no result yet")
        tally = BoardMessages(self._board, election_id, self._group).read(DecryptedTally, TALLY)
        if tally is None:
            raise NotFound("there is no result yet")
        return tally

    def _election(self, ballot: Ballot) -> Election:
        """With all that the guardians have published; the count knows the joint keys alone."""
        return keys.held(self._board, ballot, self._group).election

    def _floor(self, count: Count) -> int:
        return count.election.manifest.voting.smallest_unit
