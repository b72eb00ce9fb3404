"""The record of a ballot: drafted when there is a result, signed by the scrutineer's own key elsewhere, verified here, then published.

The signing key never comes here. What is published is what `engine.record` writes, and nothing else; nobody is served a file of it before
two persons have released it.
"""

import json
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from api.ceremony import keys
from api.ceremony.board import Board
from api.ceremony.board_messages import BoardMessages
from api.ceremony.requests import latest_request
from api.clock import Clock
from api.elections.service import Ballot, ElectionService
from api.elections.states import State
from api.errors import Conflict, Invalid, NotFound
from api.tally.counting import Count
from api.tally.service import OPENED, TallyService
from engine.ballot import OpenedBallot
from engine.encoding import from_json
from engine.errors import EngineError
from engine.group import Group
from engine.log import LogStatement, RecordLog, log_of, record_log
from engine.record import PROFILE, SIGNATURE, Record, add_signature, as_date, check_date, digest, read_lines, signed_bytes, write_unsigned

__all__ = ["Drafted", "Published", "Releases", "Verdict", "Verify"]

_MARK = "verified.json"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier says: whether the record verifies, and its report."""

    verified: bool
    report: str


Verify = Callable[[Path, bytes, Path | None], Verdict]
"""Called with a record, the public key it should be signed under, and hints: the independent verifier, in a process of its own."""


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
        self._clock, self._group, self._public, self._verify = clock, group, public, verify

    def draft(self, election_id: str) -> Drafted:
        """The record, written and without a signature; again answers the same record, with a new date. Raises Conflict."""
        ballot = self._elections.ballot(election_id)
        if ballot.state is not State.TALLIED:
            raise Conflict(f"the ballot is {ballot.state}: a record is written when there is a result, and once")
        folder = self._draft_folder(election_id)
        if not (folder / PROFILE).exists():
            count = self._tally.counting.count(election_id)
            try:
                self._write(ballot, count, folder)
            except EngineError as error:
                raise Conflict(f"the record cannot be written: {error}") from None
        return Drafted(digest(folder / PROFILE), self._clock.now().replace(microsecond=0))

    def sign(self, election_id: str, date: datetime, signature: bytes) -> Verdict:
        """Takes the scrutineer's signature over `Drafted.to_sign` and has the record verified. Raises Invalid for a signature or date that
        is not right; Conflict, with what the verifier found, if the record does not verify: then it is never released."""
        ballot, drafted = self._elections.ballot(election_id), self.draft(election_id)
        if abs(date - drafted.date).total_seconds() > 24 * 3600:
            raise Invalid("date: expected the time of this day at which the record is signed")
        try:
            check_date(self._tally.counting.count(election_id).election, date)
            key = Ed25519PublicKey.from_public_bytes(ballot.terms.signing_key)
            key.verify(signature, signed_bytes(drafted.record_hash, as_date(date)))
        except EngineError as error:
            raise Invalid(f"date: {error}") from None
        except (InvalidSignature, ValueError):
            raise Invalid("signature: is not one of this record under the ballot's signing key; nothing was changed") from None
        folder = self._draft_folder(election_id)
        add_signature(folder, date, signature)
        verdict = self._verify(folder, ballot.terms.signing_key, self._hints(election_id))
        if not verdict.verified:
            (folder / SIGNATURE).unlink()
            raise Conflict(f"the verifier does not verify the record, so it is not released: {verdict.report[:1500]}")
        self._mark(election_id).write_text(json.dumps({"record_hash": drafted.record_hash.hex(), "report": verdict.report}))
        return verdict

    def publish(self, ballot: Ballot) -> bytes:
        """Makes a record public that was signed and verified; answers its hash. Again changes nothing. Raises Conflict."""
        election_id, target = ballot.election_id, self._public / ballot.election_id
        if not target.exists():
            draft, mark = self._draft_folder(election_id), self._mark(election_id)
            if not mark.exists() or not (draft / SIGNATURE).exists():
                raise Conflict("the record is not signed and verified yet (psephos scrutineer release)")
            if json.loads(mark.read_text())["record_hash"] != digest(draft / PROFILE).hex():
                raise Conflict("the record was changed after it was verified; sign it again")
            self._public.mkdir(mode=0o755, parents=True, exist_ok=True)
            new = self._public / f".{election_id}.{secrets.token_hex(8)}"
            shutil.copytree(draft, new / "record")
            (new / "record.key").write_text(ballot.terms.signing_key.hex().upper() + "\n")
            hints = self._hints(election_id)
            if hints:
                shutil.copyfile(hints, new / "record.hints")
            new.rename(target)  # so that after a crash it is there whole or not at all
            os.sync()
        return digest(target / "record" / PROFILE)

    def published(self, election_id: str) -> Published:
        """A released record. Raises NotFound before its release, whatever is asked about it (PR-07)."""
        ballot = self._elections.ballot(election_id)
        folder = self._public / election_id
        if ballot.state not in (State.RELEASED, State.ARCHIVED) or not folder.exists():
            raise NotFound("there is no released record")
        hints = folder / "record.hints"
        return Published(folder / "record", hints if hints.exists() else None)

    def _write(self, ballot: Ballot, count: Count, folder: Path) -> None:
        ceremony = keys.held(self._board, ballot, self._group)
        closed = self._tally.counting.closed_ballots(ballot.election_id)
        openings = [
            from_json(OpenedBallot, line, self._group)
            for line in self._board.read(ballot.election_id, OPENED).split(b"\n")[:-1]
        ]
        tally = self._tally.result(ballot.election_id)
        log = self._log(ballot, count, closed)
        record = Record(
            ceremony.election, ceremony.keys, ceremony.acknowledgements, read_lines(closed), count.found, tally, openings, log
        )  # fmt: skip
        draft = folder.with_name(f".record.{secrets.token_hex(8)}")
        write_unsigned(draft, record)
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)

    def _log(self, ballot: Ballot, count: Count, closed: Path) -> RecordLog:
        """The log with the statements of the trustees who decrypted."""
        messages = BoardMessages(self._board, ballot.election_id, self._group)
        asked = latest_request(messages)
        if asked is None:
            raise Conflict("nobody has been asked to decrypt")
        number, request = asked
        statements = [
            messages.read(LogStatement, f"decryption/request_{number}/log/guardian_{i}.json") for i in request.guardians
        ]
        return record_log(log_of(read_lines(closed)), [each for each in statements if each], count.election)

    def _hints(self, election_id: str) -> Path | None:
        hints = self._tally.counting.folder(election_id) / "checked.hints"
        return hints if hints.exists() else None

    def _draft_folder(self, election_id: str) -> Path:
        return self._tally.counting.folder(election_id) / "record"

    def _mark(self, election_id: str) -> Path:
        return self._tally.counting.folder(election_id) / _MARK
