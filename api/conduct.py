"""What each step in the life of a ballot does, and what has to be ready for it: joins ballots, board, votes, permissions and the log.

Every effect bears being carried out again: the step itself is noted last, in the transaction of `ElectionService.ask`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from api.accounts.service import Accounts
from api.ceremony import keys
from api.ceremony.board import Board
from api.clock import Clock
from api.elections.service import Ballot
from api.elections.states import Step
from api.errors import Conflict
from api.recording import Recording
from api.voters.access import count_voters
from api.voters.ballot_box import BallotBox
from api.voters.database import VoterDatabase
from api.voters.window import PublicElection, abandon_window, open_window, prepare, window_of
from engine.group import Group

__all__ = ["Conduct"]

Effect = Callable[[Ballot], None]


@dataclass(frozen=True, slots=True)
class Conduct:
    """The effects of steps, over the databases of one platform."""

    accounts: Accounts
    board: Board
    voters: VoterDatabase
    recording: Recording
    clock: Clock
    group: Group

    def effects(self, step: Step) -> Effect:
        """What is done when enough persons have asked for the step. Raises Conflict if something is not ready."""
        effects: dict[Step, Effect] = {
            Step.BEGIN_CEREMONY: self._begin_ceremony,
            Step.BEGIN_TRIAL: self._begin_trial,
            Step.OPEN: self._open,
            Step.CLOSE: self._close,
            Step.ABANDON: self._abandon,
        }
        return effects[step]

    def _begin_ceremony(self, ballot: Ballot) -> None:
        keys.begin(self.board, ballot, self.group)
        manifest = ballot.terms.manifest
        self.recording.add(ballot.election_id, "manifest_fixed", {
            "by": "service", "manifest_hash": sha256(manifest).digest(), "size": len(manifest)
        })  # fmt: skip

    def _begin_trial(self, ballot: Ballot) -> None:
        ceremony = keys.held(self.board, ballot, self.group)
        keys.finish(self.board, ballot, ceremony)
        election = ceremony.election
        public = PublicElection(
            ballot.terms.manifest, ballot.guardian_count, ballot.terms.quorum, election.vote_encryption_key,
            election.ballot_data_encryption_key,
        )  # fmt: skip
        prepare(self.voters, public, ballot.terms.audit_key, self.group)
        self.recording.add(ballot.election_id, "key_ceremony_held", {
            "guardian_count": ballot.guardian_count, "quorum": ballot.terms.quorum,
            "guardian_record_hash": election.extended_base_hash,
        })  # fmt: skip

    def _open(self, ballot: Ballot) -> None:
        if self.clock.now() >= ballot.manifest.closes:
            raise Conflict("the voting period of this ballot is over: make another ballot")
        window = window_of(self.voters, ballot.election_id, self.group)
        if not count_voters(self.voters, window):
            raise Conflict("nobody can vote yet: there is no roll (psephos scrutineer roll)")
        self.accounts.grants.freeze(ballot.election_id)
        open_window(self.voters, ballot.election_id)

    def _close(self, ballot: Ballot) -> None:
        BallotBox(self.voters, self.clock).close(window_of(self.voters, ballot.election_id, self.group))

    def _abandon(self, ballot: Ballot) -> None:
        abandon_window(self.voters, ballot.election_id)
