"""The count of one ballot after another: the closed ballots are checked and multiplied in the background, once, and never before the close.

What is found is kept in a folder of the ballot's own, which holds ciphertexts and their proofs and no secret. It may be deleted: then it is
made again, with the same result.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from api.audit.entry import ID_SIZE, Entry, Given, Recorder
from api.ceremony.requests import check_challenged
from api.clock import Clock
from api.errors import Conflict, NotFound
from api.logs import exception_members, logger
from api.tally.checked import Own, check_file
from api.tally.closing import CLOSED, openings_of, write_closed
from api.voters.ballot_box import BallotBox
from api.voters.database import VoterDatabase
from api.voters.presented import uses
from api.voters.window import Window, window_of
from engine.ballot import CAST, Opening
from engine.encoding import from_json
from engine.errors import EngineError
from engine.group import Group
from engine.log import LogRoot, log_of
from engine.parameters import Election
from engine.record import read_lines
from engine.tally import BallotSet

__all__ = ["Count", "Counting", "SmallUnit", "Work"]

FLOOR = 10
"""Fewer counted ballots of a question or ballot style than this need two persons' word before anything is decrypted (PR-01, PR-03)."""
_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class SmallUnit:
    """A question, or a ballot style, with few counted ballots: its result comes near to telling how somebody voted."""

    what: str
    label: str
    counted: int


@dataclass(frozen=True, slots=True)
class Count:
    """The closed ballots as they were found: all of them, the SHA-256 of their file, and what trustees state of the log."""

    found: BallotSet
    digest: bytes
    stated: LogRoot
    election: Election

    def number(self, state: str) -> int:
        """How many ballots of this state there are."""
        return sum(number for (_, each), number in self.found.states.items() if each == state)

    @property
    def small_units(self) -> tuple[SmallUnit, ...]:
        """Questions and ballot styles with at least one counted ballot, and fewer than the floor."""
        manifest = self.election.manifest
        questions = [
            SmallUnit("question", contest.label, tally.ballots)
            for contest, tally in zip(manifest.contests, self.found.tally.contests, strict=True)
        ]
        styles = [
            SmallUnit("ballot style", style.label, self.found.states[index, CAST])
            for index, style in enumerate(manifest.ballot_styles, 1)
        ]
        return tuple(each for each in (*questions, *styles) if 0 < each.counted < FLOOR)

    @property
    def too_small(self) -> tuple[SmallUnit, ...]:
        """Questions with fewer counted ballots than the manifest itself allows to be published: nobody can lift that (X12)."""
        floor = self.election.manifest.voting.smallest_unit
        return tuple(each for each in self.small_units if each.what == "question" and each.counted < floor)


@dataclass
class Work:
    """A count that is being made."""

    done: int = 0
    total: int = 0
    doing: str = "reading the closed ballots"
    failed: str = ""


class Counting:
    """The counts of the ballots of one voter database. `folder` is where they are kept, `processes` how many check ballots; `audit` is
    handed the sealed time and address of every vote (COP-105b-vii), and the uses of access codes (COP-105b-ix)."""

    def __init__(self, voters: VoterDatabase, clock: Clock, group: Group, folder: Path, processes: int, audit: Recorder) -> None:
        self._voters, self._clock, self._group, self._folder, self._processes = voters, clock, group, folder, processes
        self._audit = audit
        self._lock = threading.Lock()
        self._work: dict[str, Work] = {}
        self._counts: dict[str, Count] = {}

    def folder(self, election_id: str) -> Path:
        """The ballot's own folder."""
        return self._folder / election_id

    def closed_ballots(self, election_id: str) -> Path:
        """The file of the closed ballots. Raises Conflict if they were not counted yet."""
        self.count(election_id)
        return self.folder(election_id) / CLOSED

    def start(self, election_id: str) -> Work | Count:
        """The count, if there is one; else it is begun in the background, and this answers how far it is. Raises NotFound, Conflict if the
        ballot is not closed."""
        window = window_of(self._voters, election_id, self._group)
        with self._lock:
            if election_id in self._counts:
                return self._counts[election_id]
            work = self._work.get(election_id)
            if work is None or work.failed:
                BallotBox(self._voters, self._clock).must_be_closed(window)
                work = self._work[election_id] = Work()
                threading.Thread(target=self._run, args=(election_id, work), name="count", daemon=True).start()
            return work

    def started(self, election_id: str) -> Work | Count:
        """The count or how far it is. Raises NotFound if it was not begun since this service runs."""
        with self._lock:
            found = self._counts.get(election_id) or self._work.get(election_id)
        if found is None:
            raise NotFound("the ballots are not being counted")
        return found

    def count(self, election_id: str) -> Count:
        """The count. Raises Conflict if it is not there yet; it is then being made."""
        with self._lock:
            work = self._work.get(election_id)
        if work is not None and work.failed:
            raise Conflict(f"the count failed: {work.failed}")
        found = self.start(election_id)
        if isinstance(found, Work):
            raise Conflict(f"the ballots are being counted: {found.doing}, {found.done} of {found.total}; ask again in a moment")
        return found

    def make(self, election_id: str) -> Count:
        """Makes the count now, and waits for it. Raises Conflict, EngineError."""
        window = window_of(self._voters, election_id, self._group)
        work = Work()
        count = self._make(election_id, work)
        with self._lock:
            self._counts[window.election_id] = count
        return count

    def _run(self, election_id: str, work: Work) -> None:
        try:
            count = self._make(election_id, work)
        except EngineError as error:
            work.failed = str(error)
            _log.error("a count failed: the closed ballots do not pass", **exception_members(error))
        except Exception as error:  # noqa: BLE001 - whatever it was, whoever asks has to be told
            work.failed = f"unexpected {type(error).__name__}"
            _log.error("a count failed", **exception_members(error))
        else:
            with self._lock:
                self._counts[election_id] = count

    def _make(self, election_id: str, work: Work) -> Count:
        window = window_of(self._voters, election_id, self._group)
        folder = self.folder(election_id)
        closed = write_closed(BallotBox(self._voters, self._clock), window, folder)

        @contextmanager
        def bar(doing: str, total: int) -> Iterator[Callable[[int], None]]:
            work.doing, work.total = doing, total

            def advance(done: int) -> None:
                work.done = done

            yield advance

        found, digest = check_file(closed, window.election, self._processes, Own(folder, with_hints=True), bar)
        openings = openings_of(folder)

        def opening_of(code: str) -> Opening | None:
            return from_json(Opening, openings[code], self._group) if code in openings else None

        check_challenged(found, window.election, opening_of)
        self._hand_over(window, work)
        return Count(found, digest, log_of(read_lines(closed)), window.election)

    def _hand_over(self, window: Window, work: Work) -> None:
        """The evidence of every vote, and who presented an access code, to the audit log: each once however often this is done."""
        work.doing, work.done = "handing evidence to the audit log", 0
        for ballot_index, evidence in BallotBox(self._voters, self._clock).evidence(window):
            own = sha256(b"vote evidence" + ballot_index).digest()[:ID_SIZE]
            members: dict[str, Given] = {"ballot_index": ballot_index, "evidence": evidence}
            self._audit.add(Entry(window.election_id, "vote_evidence", window.closes, members, own))
            work.done += 1
        for use in uses(self._voters, window):
            for outcome, count in (("opened", use.opened), ("refused", use.refused)):
                own = sha256(f"access method {outcome}".encode() + use.code_hash).digest()[:ID_SIZE]
                said: dict[str, Given] = {"unique_identifier": use.unique_identifier, "outcome": outcome, "count": count}
                if count:
                    self._audit.add(Entry(window.election_id, "access_method_used", window.closes, said, own))
