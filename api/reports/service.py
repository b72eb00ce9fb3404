"""Where a ballot stands and what comes next, in words, and the facts of its report. Nothing of any voter, no turnout while open (T11)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from api.accounts.service import Accounts
from api.ceremony import keys, trial
from api.ceremony.board import Board
from api.ceremony.board_messages import BoardMessages
from api.clock import Clock
from api.elections.service import Ballot, ElectionService
from api.elections.states import State, persons_for
from api.errors import ApiError, Conflict, NotFound
from api.records.service import Releases
from api.records.verifying import VerificationState
from api.registers.service import Registers
from api.reports.unanimity import Unanimous, unanimous
from api.tally.counting import Work
from api.tally.service import TallyService
from api.voters.access import count_voters
from api.voters.database import VoterDatabase
from api.voters.window import window_of
from engine.ballot import CAST, CHALLENGED, DISCOUNTED
from engine.group import Group
from engine.record import PROFILE, digest

__all__ = ["Reports", "Standing"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a ballot stands: its state, what comes next, and who or what is awaited for it."""

    state: State
    next: str
    awaited: tuple[str, ...]


class Reports:
    """The ballots of one platform, for who conducts them."""

    def __init__(
        self, accounts: Accounts, elections: ElectionService, board: Board, tally: TallyService, releases: Releases, registers: Registers,
        voters: VoterDatabase, clock: Clock, group: Group,
    ) -> None:  # fmt: skip
        self._accounts, self._elections, self._board, self._tally, self._releases = accounts, elections, board, tally, releases
        self._registers, self._voters, self._clock, self._group = registers, voters, clock, group

    def standing(self, election_id: str) -> Standing:
        """See Standing. Raises NotFound."""
        ballot = self._elections.ballot(election_id)
        state = ballot.state
        waiting = [
            f"a second person for the step {step}"
            for step, people in self._elections.asked_for(election_id).items()
            if len(people) < persons_for(step)
        ]
        steps: dict[State, Callable[[Ballot], tuple[str, tuple[str, ...]]]] = {
            State.DRAFT: lambda _: ("look at the manifest once more, then begin the key ceremony", ()),
            State.CEREMONY: self._ceremony,
            State.TRIAL: self._trial,
            State.OPEN: self._open,
            State.CLOSED: self._closed,
            State.EXCLUDED: self._excluded,
            State.TALLIED: self._tallied,
            State.RELEASED: lambda _: ("publish where the record is and under which key; later, archive", ()),
            State.ARCHIVED: lambda _: ("nothing: keep what has to be kept", ()),
            State.ABANDONED: lambda _: ("nothing: the ballot was given up and is never decrypted", ()),
        }
        following, awaited = steps[state](ballot)
        return Standing(state, following, (*awaited, *waiting))

    def report(self, election_id: str, by: str) -> dict[str, Any]:
        """The facts of the scrutineer's report, as far as there are any: what it is about, every step and who asked for it, every change of
        permissions, figures of the registers, which are read in the name of `by`, and after the close the counts; the result when there is
        one, and the hash of the released record. Raises NotFound."""
        ballot = self._elections.ballot(election_id)
        voting = ballot.manifest.voting
        statutory = ballot.manifest.statutory
        kind = statutory.ballot_type if statutory else None
        facts: dict[str, Any] = {
            "ballot_type": kind.value if kind else "not statutory", "section": kind.section if kind else None,
            "methods": list(statutory.methods) if statutory else [], "hierarchy": list(statutory.hierarchy) if statutory else [],
            "election": election_id, "label": ballot.manifest.label, "union": voting.union, "scrutineer": voting.scrutineer,
            "opens": voting.opens, "closes": voting.closes, "state": ballot.state.value, "trustees": list(voting.trustees),
            "quorum": ballot.terms.quorum,
            "steps": [
                {"step": each.step, "done": each.done.isoformat(), "asked_by": list(each.accounts)}
                for each in self._elections.history(election_id)
            ],
            "permission_changes": [
                {"number": each.number, "kind": each.kind, "account": each.account_id, "role": each.role, "reason": each.reason,
                 "asked_by": each.asked_by, "approver": each.approver, "at": each.at.isoformat()}
                for each in self._accounts.grants.changes(election_id)
            ],
            "registers": self._registers.figures(ballot, by),
        }  # fmt: skip
        if ballot.state in (State.EXCLUDED, State.TALLIED, State.RELEASED, State.ARCHIVED):
            facts["count"] = self._count(election_id)
            if facts["registers"] is not None:
                facts["registers"]["failures"]["counted"] = facts["count"]["counted"]
        if ballot.state in (State.TALLIED, State.RELEASED, State.ARCHIVED):
            facts["result"] = [
                {"question": contest.label, "options": [{"label": each.label, "votes": each.tally} for each in contest.options]}
                for contest in self._tally.result(election_id).contests
            ]
            facts["unanimous"] = [
                {"question": each.question, "answer": each.answer, "ballots": each.ballots} for each in self._unanimous(ballot)
            ]
        try:
            facts["record_hash"] = digest(self._releases.published(election_id).folder / PROFILE).hex()
        except NotFound:
            facts["record_hash"] = None
        return facts

    def _count(self, election_id: str) -> dict[str, int]:
        count = self._tally.counting.count(election_id)
        voters = count_voters(self._voters, window_of(self._voters, election_id, self._group))
        return {
            "voters": voters, "counted": count.number(CAST), "discounted": count.number(DISCOUNTED), "challenged": count.number(CHALLENGED),
        }  # fmt: skip

    def _ceremony(self, ballot: Ballot) -> tuple[str, tuple[str, ...]]:
        try:
            keys.held(self._board, ballot, self._group)
        except Conflict as error:
            return "the trustees make their keys (psephos trustee join, keys, ceremony)", (error.detail,)
        return "the keys are there: begin the trial decryption", ()

    def _trial(self, ballot: Ballot) -> tuple[str, tuple[str, ...]]:
        election = keys.held(self._board, ballot, self._group).election
        missing = trial.missing(BoardMessages(self._board, ballot.election_id, self._group), election)
        awaited = [f"trial decryption: {each}" for each in missing]
        if not count_voters(self._voters, window_of(self._voters, ballot.election_id, self._group)):
            awaited.append("the roll (psephos scrutineer roll)")
        return ("open the ballot; votes are taken from the moment on that the manifest names" if not awaited else "wait"), tuple(awaited)

    def _open(self, ballot: Ballot) -> tuple[str, tuple[str, ...]]:
        left = ballot.manifest.closes - self._clock.now()
        if left.total_seconds() > 0:
            return f"voting is open until {ballot.manifest.voting.closes}, and no operation moves that", ()
        return "the time is over: close", ()

    def _closed(self, ballot: Ballot) -> tuple[str, tuple[str, ...]]:
        try:
            found = self._tally.counting.started(ballot.election_id)
        except NotFound:
            return "have the ballots checked (psephos scrutineer exclude)", ()
        if isinstance(found, Work):
            return "wait", (found.failed or f"{found.doing}: {found.done} of {found.total}",)
        small = tuple(f"few counted ballots: {each.what} {each.label}, {each.counted}" for each in found.small_units)
        return "discounts are settled: exclude", small

    def _excluded(self, ballot: Ballot) -> tuple[str, tuple[str, ...]]:
        try:
            awaited = self._tally.awaited(ballot.election_id)
        except ApiError as error:
            return "ask trustees to decrypt the one aggregate", (error.detail,)
        if awaited.wrong:
            return "ask again, or ask others", (awaited.wrong,)
        if awaited.missing:
            return "wait", tuple(f"guardian {i} (psephos trustee decrypt)" for i in awaited.missing)
        return "all answers are there: tally", ()

    def _tallied(self, ballot: Ballot) -> tuple[str, tuple[str, ...]]:
        flagged = tuple(str(each) for each in self._unanimous(ballot))
        try:
            found = self._releases.verification(ballot.election_id)
        except NotFound:
            return "draft and sign the record, then release it", flagged
        if found.state is VerificationState.RUNNING:
            return "wait", (f"the record is being verified: {found.doing}", *flagged)
        if found.state is VerificationState.FAILED:
            return "sign the record again", (found.failed, *flagged)
        return "the record is signed and verifies: release it", flagged

    def _unanimous(self, ballot: Ballot) -> tuple[Unanimous, ...]:
        counted = self._tally.counting.count(ballot.election_id).found.tally
        return unanimous(ballot.manifest, self._tally.result(ballot.election_id), counted)
