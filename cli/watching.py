"""A trustee watches the witnessed log: keeps signed checkpoints, and finds out if the log is ever another one than it was.

    <own folder>/checkpoints.jsonl    every checkpoint that was new, as it was signed, and when it was seen
    <own folder>/alarms.jsonl         what the service showed when it did not fit, word for word: evidence

The log's key is on the board (`log_key.json`); what was seen there once never changes (cli/mirror.py). Beside the published ballots
checkpoints tell the order of voting: they are the trustee's own, and to be deleted when the record is out.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from api.ceremony.log_key import LOG_KEY, LogKey
from cli.connection import Refused
from cli.errors import PsephosError
from cli.lines import append_line, whole_lines
from cli.mirror import Mirror
from engine.errors import EngineError, FormatError, ProofError
from engine.log import LogRoot, check_log
from engine.merkle import Checkpoint, check_origin, read_checkpoint, verify_consistency

__all__ = ["Alarm", "LogWatch", "NotBegun"]

_LARGEST_LEAVES = 2**30
_HEX = 64


class Alarm(PsephosError):
    """The log was changed, or it is not the log's key that signs."""


class NotBegun(PsephosError):
    """There is no log yet."""


class LogWatch:
    """The log of one ballot, as the trustee with the folder `own` has seen it."""

    def __init__(self, board: Mirror, own: Path) -> None:
        self._board = board
        self._kept, self._alarms = own / "checkpoints.jsonl", own / "alarms.jsonl"

    def look(self, now: datetime) -> Checkpoint:
        """Asks for the newest checkpoint, checks that the log has only grown since the last one, and keeps it. Raises NotBegun, or Alarm
        naming both checkpoints."""
        key = self._key()
        last = self.last(key)
        try:
            answer = self._board.session.get_json(f"{self._board.where}/log?after={last.size if last else 0}")
        except Refused as error:
            if error.status not in (404, 409):
                raise
            if last is None:
                raise NotBegun(f"the log has not begun: {error.detail}") from None
            what = f"there is no log that goes on from the one kept, which has {_words(last)}: {error.detail}"
            raise self._alarm(now, what, {"detail": error.detail}) from None
        try:
            note, proof = answer["checkpoint"].encode(), [bytes.fromhex(each) for each in answer["consistency"]]
            found = self._read(note, key)
        except (ValueError, TypeError, KeyError, AttributeError, EngineError) as error:
            why = f"{error}" if isinstance(error, EngineError) else "it is none"
            raise self._alarm(now, f"what the service shows as a checkpoint of the log cannot be used: {why}", answer) from None
        if last is not None:
            try:
                verify_consistency(last.size, last.root, found.size, found.root, proof)
            except EngineError as error:
                kept = f"the one kept in {self._kept} has {_words(last)}"
                what = f"the log is not the one that it was: {kept}, the one shown now has {_words(found)} ({error})"
                raise self._alarm(now, what, answer) from None
        if found != last:
            append_line(self._kept, json.dumps({"seen": now.isoformat(), "checkpoint": note.decode()}).encode())
        return found

    def has_watched(self) -> bool:
        """Whether any checkpoint was kept."""
        return bool(whole_lines(self._kept))

    def last(self, key: LogKey) -> Checkpoint | None:
        """The largest checkpoint that was kept."""
        return max(self.checkpoints(key), key=lambda each: each.size, default=None)

    def checkpoints(self, key: LogKey) -> list[Checkpoint]:
        """All that were kept. Raises PsephosError if the file is damaged."""
        try:
            return [self._read(json.loads(line)["checkpoint"].encode(), key) for line in whole_lines(self._kept)]
        except (ValueError, TypeError, KeyError, AttributeError, EngineError):
            raise PsephosError(f"{self._kept} is damaged; take a copy of it away, and tell the scrutineer") from None

    def check(self, lines: Iterable[bytes]) -> LogRoot:
        """After the close: that the whole log extends every checkpoint that was kept, and holds exactly the ballots in these lines, which
        are to be counted. Answers what a witness then states. Raises Alarm.

        The leaves tell the order of voting: they are not written anywhere (specs/decisions/0012-log-in-the-record.md).
        """
        try:
            return check_log(self._leaves(), self.checkpoints(self._key()), lines)
        except ProofError as error:
            raise Alarm(f"ALARM: the closed log cannot be witnessed: {error}. Tell the scrutineer and the other trustees") from None

    def _leaves(self) -> tuple[bytes, ...]:
        session, where = self._board.session, f"{self._board.where}/log/leaves"
        lines = session.call(lambda token: session.connection.get(where, token, _LARGEST_LEAVES)).decode("ascii", "replace").split("\n")
        try:
            if lines.pop() or any(len(line) != _HEX for line in lines):
                raise ValueError
            return tuple(bytes.fromhex(line) for line in lines)
        except ValueError:
            raise Alarm("what the service shows as the leaves of the log is no list of hashes") from None

    def _key(self) -> LogKey:
        key = self._board.read(LogKey, LOG_KEY)
        if key is None:
            raise NotBegun("the log's key is not on the board yet")
        return key

    def _read(self, note: bytes, key: LogKey) -> Checkpoint:
        try:
            return read_checkpoint(note, check_origin(key.origin), Ed25519PublicKey.from_public_bytes(key.public_key))
        except ValueError:
            raise FormatError("the log's key on the board is no Ed25519 key") from None

    def _alarm(self, now: datetime, what: str, shown: Any) -> Alarm:
        append_line(self._alarms, json.dumps({"seen": now.isoformat(), "alarm": what, "shown": shown}).encode())
        return Alarm(f"ALARM: {what}. What was shown is in {self._alarms}; tell the scrutineer and the other trustees")


def _words(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.size} leaves and the root {checkpoint.root.hex().upper()}"
