"""The record of a ballot: drafted when there is a result, signed by the scrutineer's own key elsewhere, verified here, then published.

The signing key never comes here. What is published is what `engine.record` writes, and nothing else; nobody is served a file of it before
two persons have released it.
"""

import fcntl
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from api.ceremony import keys
from api.ceremony.board import Board
from api.ceremony.board_messages import BoardMessages
from api.ceremony.requests import latest_request
from api.clock import Clock
from api.durable import sync_folder, write_durably
from api.elections.service import Ballot, ElectionService
from api.elections.states import State
from api.errors import Conflict, Invalid, NotFound
from api.records.files import LISTING, copy_record, listing_of
from api.records.verifying import Verification, Verifications, VerificationState, Verify
from api.tally.counting import Count
from api.tally.service import OPENED, TallyService
from engine.ballot import OpenedBallot
from engine.encoding import from_json
from engine.errors import EngineError
from engine.group import Group
from engine.log import LogRoot, LogStatement, RecordLog, record_log, verify_statement
from engine.parameters import Election
from engine.record import PROFILE, Record, as_date, check_date, digest, read_lines, signed_bytes, write_unsigned

__all__ = ["Drafted", "Listed", "Published", "Releases"]

_ONE_DAY = timedelta(days=1)
_RELEASED = (State.RELEASED, State.ARCHIVED)
_KNOWN = (State.OPEN, State.CLOSED, State.EXCLUDED, State.TALLIED, *_RELEASED)


@dataclass(frozen=True, slots=True)
class Drafted:
    """A record that is written and not public: its hash, and the date to be signed with it."""

    record_hash: bytes
    date: datetime

    @property
    def to_sign(self) -> bytes:
        """The bytes that the scrutineer signs with Ed25519."""
        return signed_bytes(self.record_hash, as_date(self.date))


@dataclass(frozen=True, slots=True)
class Listed:
    """A ballot that has a public record, or will have one: names and end of voting as its manifest has them."""

    election_id: str
    label: str
    union: str
    closes: str
    released: bool


@dataclass(frozen=True, slots=True)
class Published:
    """A released record: its folder, and the hints beside it, if any."""

    folder: Path
    hints: Path | None


class Releases:
    """The records of one platform. `public` is the folder of what was released."""

    def __init__(
        self, elections: ElectionService, board: Board, tally: TallyService, clock: Clock, group: Group, public: Path, verify: Verify
    ) -> None:
        self._elections, self._board, self._tally = elections, board, tally
        self._clock, self._group, self._public = clock, group, public
        self._verifications = Verifications(verify)

    def draft(self, election_id: str) -> Drafted:
        """The record, written and without a signature; again answers the same record, with a new date. Raises Conflict."""
        ballot = self._elections.ballot(election_id)
        if ballot.state is not State.TALLIED:
            raise Conflict(f"the ballot is {ballot.state}: a record is written when there is a result, and once")
        folder = self._draft_folder(election_id)
        with self._alone(election_id):
            if not (folder / PROFILE).exists():
                count = self._tally.counting.count(election_id)
                try:
                    self._write(ballot, count, folder)
                except EngineError as error:
                    raise Conflict(f"the record cannot be written: {error}") from None
        return Drafted(digest(folder / PROFILE), self._clock.now().replace(microsecond=0))

    def drafted(self, election_id: str) -> Path:
        """The folder of the record that waits for its signature, for scrutineers to look at first. Raises Conflict."""
        self.draft(election_id)
        return self._draft_folder(election_id)

    def sign(self, election_id: str, date: datetime, signature: bytes) -> Verification:
        """Takes the scrutineer's signature over `Drafted.to_sign` and has the record verified in the background; again answers how far that
        is, and starts it again if it has failed. Raises Invalid for a signature or date that is not right."""
        ballot, drafted = self._elections.ballot(election_id), self.draft(election_id)
        if abs(date - drafted.date) > _ONE_DAY:
            raise Invalid("date: expected the time of this day at which the record is signed")
        try:
            check_date(self._tally.counting.count(election_id).election, date)
            key = Ed25519PublicKey.from_public_bytes(ballot.terms.signing_key)
            key.verify(signature, signed_bytes(drafted.record_hash, as_date(date)))
        except EngineError as error:
            raise Invalid(f"date: {error}") from None
        except (InvalidSignature, ValueError):
            raise Invalid("signature: is not one of this record under the ballot's signing key; nothing was changed") from None
        folder = self._tally.counting.folder(election_id)
        return self._verifications.start(folder, ballot.terms.signing_key, self._hints(election_id), date, signature)

    def verification(self, election_id: str) -> Verification:
        """How far the verification is, what it found, or why it failed. Raises NotFound if there is nothing to be verified."""
        self._elections.ballot(election_id)
        found = self._verifications.found(self._tally.counting.folder(election_id))
        if found is None:
            raise NotFound("no signature of the record was handed in (psephos scrutineer release --key)")
        return found

    def must_be_verified(self, ballot: Ballot) -> None:
        """Raises Conflict unless the record is signed and verified."""
        found = self._verifications.found(self._tally.counting.folder(ballot.election_id))
        if found is None:
            raise Conflict("the record is not signed and verified yet (psephos scrutineer release)")
        if found.state is VerificationState.RUNNING:
            raise Conflict(f"the record is being verified: {found.doing}; ask again in a moment")
        if found.state is VerificationState.FAILED:
            raise Conflict(found.failed)

    def publish(self, ballot: Ballot) -> bytes:
        """Makes a record public that was signed and verified; answers its hash. Again changes nothing. Raises Conflict."""
        election_id, target = ballot.election_id, self._public / ballot.election_id
        with self._alone(election_id):
            self.must_be_verified(ballot)
            if not target.exists():
                self._public.mkdir(mode=0o755, parents=True, exist_ok=True)
                _remove_left(self._public, election_id)
                new = self._public / f".{election_id}.{secrets.token_hex(8)}"
                copy_record(self._draft_folder(election_id), new / "record")
                write_durably(new / "record.key", [f"{ballot.terms.signing_key.hex().upper()}\n".encode()], 0o644)
                hints = self._hints(election_id)
                if hints:
                    shutil.copyfile(hints, new / "record.hints")
                write_durably(new / LISTING, [listing_of(new / "record")], 0o644)
                new.rename(target)  # so that after a crash it is there whole or not at all
                sync_folder(self._public)
            return digest(target / "record" / PROFILE)

    @contextmanager
    def _alone(self, election_id: str) -> Iterator[None]:
        """Nothing else is done with the ballot's record meanwhile, in this service or another one on this machine."""
        folder = self._tally.counting.folder(election_id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def published(self, election_id: str) -> Published:
        """A released record. Raises NotFound before its release, whatever is asked about it (PR-07)."""
        ballot = self._elections.ballot(election_id)
        folder = self._public / election_id
        if not self._is_public(ballot):
            raise NotFound("there is no released record")
        hints = folder / "record.hints"
        return Published(folder / "record", hints if hints.exists() else None)

    def listed(self) -> list[Listed]:
        """All ballots that voters know of, since they were opened: in the order in which they close. Drafts and what was given up are not
        there."""
        found = [
            Listed(each.election_id, each.manifest.label, each.manifest.voting.union, each.manifest.voting.closes, self._is_public(each))
            for each in self._elections.in_states(_KNOWN)
        ]
        return sorted(found, key=lambda each: (each.closes, each.election_id))

    def _is_public(self, ballot: Ballot) -> bool:
        return ballot.state in _RELEASED and (self._public / ballot.election_id).exists()

    def _write(self, ballot: Ballot, count: Count, folder: Path) -> None:
        ceremony = keys.held(self._board, ballot, self._group)
        closed = self._tally.counting.closed_ballots(ballot.election_id)
        openings = [
            from_json(OpenedBallot, line, self._group)
            for line in self._board.read(ballot.election_id, OPENED).split(b"\n")[:-1]
        ]
        tally = self._tally.result(ballot.election_id)
        log = self._log(ballot, ceremony.election, count.stated)
        record = Record(
            ceremony.election, ceremony.keys, ceremony.acknowledgements, read_lines(closed), count.found, tally, openings, log
        )  # fmt: skip
        _remove_left(folder.parent, "record")
        draft = folder.with_name(f".record.{secrets.token_hex(8)}")
        write_unsigned(draft, record)
        shutil.rmtree(folder, ignore_errors=True)  # what a crash has left
        draft.rename(folder)

    def _log(self, ballot: Ballot, election: Election, stated: LogRoot) -> RecordLog:
        """The log with all statements that trustees made of it, to whichever request."""
        messages = BoardMessages(self._board, ballot.election_id, self._group)
        asked = latest_request(messages)
        good: dict[int, LogStatement] = {}
        for number in range(1, asked[0] + 1 if asked else 1):
            for i in range(1, ballot.guardian_count + 1):
                with suppress(EngineError):  # who says something else is not counted; k of them have to say this
                    statement = messages.read(LogStatement, f"decryption/request_{number}/log/guardian_{i}.json")
                    if statement is not None and statement.index == i:
                        verify_statement(statement, stated, election)
                        good[i] = statement
        return record_log(stated, good.values(), election)

    def _hints(self, election_id: str) -> Path | None:
        hints = self._tally.counting.folder(election_id) / "checked.hints"
        return hints if hints.exists() else None

    def _draft_folder(self, election_id: str) -> Path:
        return self._tally.counting.folder(election_id) / "record"


def _remove_left(folder: Path, name: str) -> None:
    """What a crash has left of drafts of `name`; whoever makes one is alone."""
    for draft in folder.glob(f".{name}.*"):
        shutil.rmtree(draft)
