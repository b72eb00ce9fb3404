"""What each step in the life of a ballot does, and what has to be ready for it: joins ballots, board, votes, permissions and the log.

Every effect bears being carried out again: the step itself is noted last, in the transaction of `ElectionService.ask`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from api.accounts.service import Accounts
from api.audit.entry import Given
from api.auth import Role
from api.ceremony import keys, trial
from api.ceremony.board import Board
from api.ceremony.board_messages import BoardMessages
from api.ceremony.log_key import LOG_KEY
from api.ceremony.requests import latest_request
from api.clock import Clock
from api.elections.errors import NoTrustees, UnknownAccounts
from api.elections.forms import check_forms, form_of
from api.elections.particulars import ParticularsService
from api.elections.service import Ballot, ElectionService, Terms
from api.elections.states import Step
from api.errors import Conflict, Denied
from api.recording import Recording
from api.records.service import Releases
from api.registers.service import Registers
from api.tally.log_routes import WitnessedLog
from api.tally.service import TALLY, TallyService
from api.voters.access import count_voters
from api.voters.ballot_box import BallotBox
from api.voters.database import VoterDatabase
from api.voters.handing_over import check_whole
from api.voters.window import PublicElection, abandon_window, open_window, prepare, window_of
from engine.ballot import CAST, DISCOUNTED
from engine.encoding import to_json
from engine.group import Group

__all__ = ["Conduct"]

Effect = Callable[[Ballot], None]


@dataclass(frozen=True, slots=True)
class Conduct:
    """The effects of steps, over the databases of one platform."""

    accounts: Accounts
    elections: ElectionService
    particulars: ParticularsService
    board: Board
    tally: TallyService
    releases: Releases
    registers: Registers
    voters: VoterDatabase
    log: WitnessedLog
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
            Step.ACCEPT_SMALL_UNITS: self._accept_small_units,
            Step.EXCLUDE: self._exclude,
            Step.TALLY: self._tally,
            Step.RELEASE: self._release,
            Step.ARCHIVE: self._archive,
            Step.ABANDON: self._abandon,
        }
        return effects[step]

    def ready(self, step: Step) -> Effect:
        """What has to be there before anybody asks for the step, so that both persons agree to the same. Raises Conflict."""
        checks: dict[Step, Effect] = {
            Step.BEGIN_CEREMONY: self._can_begin_ceremony,
            Step.BEGIN_TRIAL: lambda ballot: _ignore(keys.held(self.board, ballot, self.group)),
            Step.OPEN: self._can_open,
            Step.EXCLUDE: lambda ballot: _ignore(self.tally.counting.count(ballot.election_id)),
            Step.ACCEPT_SMALL_UNITS: self._accept_small_units,
            Step.RELEASE: self.releases.must_be_verified,
        }
        return checks.get(step, _ignore)

    def check_terms(self, terms: Terms) -> None:
        """Terms that a ballot can be held with: its voting forms can be logged, and the trustees' accounts are there. Who of them is
        authorised is asked when the ceremony begins, for it may be for this ballot alone. Raises Invalid, UnknownAccounts."""
        check_forms(self.elections.check(terms))
        unknown = set(terms.trustees) - self.accounts.people.alive(terms.trustees)
        if unknown:
            raise UnknownAccounts(_named(terms, unknown))

    def is_scrutineer(self, election_id: str, account_id: str) -> bool:
        """Whether somebody who asked earlier is still authorised."""
        return self._holds(account_id, Role.SCRUTINEER, election_id)

    def _holds(self, account_id: str, role: Role, election_id: str) -> bool:
        try:
            self.accounts.grants.principal(account_id, role, election_id)
        except Denied:
            return False
        return True

    def _can_begin_ceremony(self, ballot: Ballot) -> None:
        unfit = {each for each in ballot.terms.trustees if not self._holds(each, Role.TRUSTEE, ballot.election_id)}
        if unfit:
            raise NoTrustees(_named(ballot.terms, unfit))

    def _begin_ceremony(self, ballot: Ballot) -> None:
        self._can_begin_ceremony(ballot)
        self.recording.ensure_log(ballot.election_id)
        keys.begin(self.board, ballot, self.group)
        manifest, statutory = ballot.terms.manifest, ballot.manifest.statutory
        kind = statutory.ballot_type if statutory else None
        self._note(ballot, "manifest_fixed", {
            "by": "service", "manifest_hash": sha256(manifest).digest(), "size": len(manifest),
            **({"ballot_type": kind.value, "section": kind.section} if kind else {}),
        })  # fmt: skip

    def _begin_trial(self, ballot: Ballot) -> None:
        ceremony = keys.held(self.board, ballot, self.group)
        keys.finish(self.board, ballot, ceremony)
        self.board.publish(ballot.election_id, keys.SCRUTINEER, LOG_KEY, to_json(self.log.public(ballot.election_id)))
        election = ceremony.election
        public = PublicElection(
            ballot.terms.manifest, ballot.guardian_count, ballot.terms.quorum, election.vote_encryption_key,
            election.ballot_data_encryption_key,
        )  # fmt: skip
        prepare(self.voters, public, ballot.terms.audit_key, self.group)
        trial.begin(BoardMessages(self.board, ballot.election_id, self.group), 1)
        self._note(ballot, "key_ceremony_held", {
            "guardian_count": ballot.guardian_count, "quorum": ballot.terms.quorum,
            "guardian_record_hash": election.extended_base_hash,
        })  # fmt: skip

    def _can_open(self, ballot: Ballot) -> None:
        if self.clock.now() >= ballot.manifest.closes:
            raise Conflict("the voting period of this ballot is over: make another ballot")
        election = keys.held(self.board, ballot, self.group).election
        trial.check_finished(BoardMessages(self.board, ballot.election_id, self.group), election)
        window = window_of(self.voters, ballot.election_id, self.group)
        check_whole(self.voters, window)
        self.particulars.must_open(ballot)

    def _open(self, ballot: Ballot) -> None:
        self._can_open(ballot)
        warnings = self.particulars.must_open(ballot)
        ids = {"ids": tuple(sorted({each.requirement for each in warnings}))} if warnings else {}
        self._note(ballot, "opening_checked", {"warnings": len(warnings), **ids})
        opened = _moment(ballot.manifest.opens)  # whatever could fail comes before votes can be taken
        self._record_forms(ballot)
        self.accounts.grants.freeze(ballot.election_id)
        open_window(self.voters, ballot.election_id)
        self._note(ballot, "ballot_opened", opened)

    def _record_forms(self, ballot: Ballot) -> None:
        """The voting form of every ballot style, before anybody sees one (COP-105b-ii)."""
        for style in ballot.manifest.ballot_styles:
            form = form_of(ballot.manifest, style)
            self._note(ballot, "voting_form_recorded", {
                "style": style.index, "form": form, "form_hash": sha256(form.encode()).digest()
            })  # fmt: skip

    def _close(self, ballot: Ballot) -> None:
        BallotBox(self.voters, self.clock).close(window_of(self.voters, ballot.election_id, self.group))
        self._note(ballot, "ballot_closed", _moment(ballot.manifest.closes))
        entries, digest = self.registers.digest(ballot.election_id)
        self._note(ballot, "registers_sealed", {"entries": entries, "registers_hash": digest})

    def _accept_small_units(self, ballot: Ballot) -> None:
        if not self.tally.counting.count(ballot.election_id).small_units:
            raise Conflict("no unit of this ballot is small: there is nothing to be accepted")

    def _exclude(self, ballot: Ballot) -> None:
        accepted = any(each.step is Step.ACCEPT_SMALL_UNITS for each in self.elections.history(ballot.election_id))
        count = self.tally.check_units(ballot.election_id, accepted=accepted)
        counted, discounted = count.number(CAST), count.number(DISCOUNTED)
        self._note(ballot, "votes_selected", {
            "included": counted, "discounted": discounted, "superseded": 0, "selection_hash": count.digest,
        })  # fmt: skip
        voters = count_voters(self.voters, window_of(self.voters, ballot.election_id, self.group))
        self._note(ballot, "turnout_counted", {
            "method": "electronic", "voters": voters, "stored": counted + discounted, "counted": counted, "discounted": discounted,
            "superseded": 0,
        })  # fmt: skip

    def _tally(self, ballot: Ballot) -> None:
        count = self.tally.finish(ballot)
        messages = BoardMessages(self.board, ballot.election_id, self.group)
        result = self.board.read(ballot.election_id, TALLY)
        _, request = latest_request(messages) or (0, None)
        self._note(ballot, "tally_made", {
            "ballots": count.number(CAST), "tally_hash": sha256(to_json(count.found.tally)).digest()
        })  # fmt: skip
        self._note(ballot, "tally_decrypted", {
            "guardians": tuple(f"guardian {i}" for i in request.guardians) if request else (), "decryption_hash": sha256(result).digest(),
        })  # fmt: skip

    def _release(self, ballot: Ballot) -> None:
        digest = self.releases.publish(ballot)
        self._note(ballot, "record_released", {"by": "service", "record_hash": digest})

    def _archive(self, ballot: Ballot) -> None:
        """Retention is for whoever keeps the databases (T14)."""

    def _abandon(self, ballot: Ballot) -> None:
        if self.board.has(ballot.election_id, "decryption/request_1.json"):
            raise Conflict("the trustees have been asked to decrypt: a ballot whose result can be known is not given up any more")
        self.recording.ensure_log(ballot.election_id)
        abandon_window(self.voters, ballot.election_id)
        reason = "two persons have asked for it; who they are stands in the entries before"
        self._note(ballot, "ballot_abandoned", {"by": "service", "approved_by": "service", "reason": reason})

    def _note(self, ballot: Ballot, kind: str, members: Mapping[str, Given]) -> None:
        """Logs what a step has done, once however often the same is done to this version of the ballot."""
        self.recording.add_once(ballot.election_id, kind, members, f"version {ballot.version}: {sorted(members.items())}")


def _named(terms: Terms, accounts: Collection[str]) -> str:
    """Guardians with their accounts, in words."""
    return ", ".join(f"guardian {i}: {each}" for i, each in enumerate(terms.trustees, 1) if each in accounts)


def _ignore(_: object) -> None:
    """Nothing more is asked."""


def _moment(moment: datetime) -> dict[str, Given]:
    """When voting begins or ends, in UTC and as the United Kingdom's clocks show it (COP-105b-v)."""
    in_uk = moment.astimezone(ZoneInfo("Europe/London"))
    return {"method": "electronic", "moment": moment, "uk_time": f"{in_uk:%d %B %Y, %H:%M:%S %Z}"}
