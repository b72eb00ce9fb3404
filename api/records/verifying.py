"""The verification of a signed record: in the background, one at a time, and only what was verified to its end counts as verified.

It stands beside the record what was verified: a service that is stopped in the middle knows afterwards that it has verified nothing.
"""

import fcntl
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from api.durable import write_durably
from api.logs import exception_members, logger
from engine.record import PROFILE, SIGNATURE, add_signature, digest

__all__ = ["Progress", "Verdict", "Verification", "VerificationState", "Verifications", "Verify"]

_MARK, _LOCK = "verified.json", ".verifying"
_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier says: whether the record verifies, and its report."""

    verified: bool
    report: str


Progress = Callable[[str], None]
"""Told now and then, in words, how far a verification is."""

Verify = Callable[[Path, bytes, Path | None, Progress], Verdict]
"""Called with a record, the public key it should be signed under, and hints: the independent verifier, in a process of its own."""


class VerificationState(StrEnum):
    """How a verification stands. One that failed can be started again."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verification:
    """How far the verification of a signed record is; what the verifier says when it is done, or why it has failed."""

    state: VerificationState
    doing: str = ""
    report: str = ""
    failed: str = ""


class Verifications:
    """The verifications of one service. `folder` is always the ballot's own, in which the draft is the folder `record`."""

    def __init__(self, verify: Verify) -> None:
        self._verify = verify
        self._lock = threading.Lock()
        self._now: dict[Path, Verification] = {}  # what runs, or has failed, here

    def start(self, folder: Path, key: bytes, hints: Path | None, date: datetime, signature: bytes) -> Verification:
        """Puts the signature, which has been checked, to the draft and has the verifier verify it in the background. If it is being
        verified, or was, this only answers how it stands."""
        with self._lock:
            found = self._found(folder)
            if found is not None and found.state is not VerificationState.FAILED:
                return found
            held = _hold(folder)
            if held is None:
                return _elsewhere()
            try:
                draft = folder / "record"
                (folder / _MARK).unlink(missing_ok=True)  # of another signature
                add_signature(draft, date, signature)
                running = self._now[folder] = Verification(VerificationState.RUNNING, "the verifier starts")
                threading.Thread(target=self._run, args=(folder, key, hints, held), name="verification", daemon=True).start()
            except BaseException:
                self._now.pop(folder, None)
                held.close()
                raise
        return running

    def found(self, folder: Path) -> Verification | None:
        """How the verification of the draft stands; None if nobody has handed a signature in since it was drafted, or, for one that did
        not verify, since this service runs."""
        with self._lock:
            return self._found(folder)

    def _found(self, folder: Path) -> Verification | None:
        now = self._now.get(folder)
        if now is not None:
            return now
        if not (folder / "record" / SIGNATURE).exists():
            return None
        report = _marked(folder)
        if report is not None:
            return Verification(VerificationState.DONE, report=report)
        held = _hold(folder)
        if held is None:
            return _elsewhere()
        held.close()
        return Verification(VerificationState.FAILED, failed="the verification was interrupted; hand the signature in again")

    def _run(self, folder: Path, key: bytes, hints: Path | None, held: BinaryIO) -> None:
        def tell(doing: str) -> None:
            self._now[folder] = Verification(VerificationState.RUNNING, doing)

        failed = ""
        with held:
            try:
                draft = folder / "record"
                profile, signature = digest(draft / PROFILE), digest(draft / SIGNATURE)
                verdict = self._verify(draft, key, hints, tell)
                if verdict.verified:
                    mark = {"record_hash": profile.hex(), "signature_hash": signature.hex(), "report": verdict.report}
                    write_durably(folder / _MARK, [json.dumps(mark).encode()])
                else:
                    (draft / SIGNATURE).unlink()
                    failed = f"the verifier does not verify the record, so it is not released: {verdict.report[:1500]}"
            except Exception as error:  # noqa: BLE001 - whatever it was, whoever asks has to be told
                failed = f"the verification failed: unexpected {type(error).__name__}; hand the signature in again"
                _log.error("a verification failed", **exception_members(error))
        with self._lock:
            del self._now[folder]
            if failed:
                self._now[folder] = Verification(VerificationState.FAILED, failed=failed)


def _hold(folder: Path) -> BinaryIO | None:
    """A lock that ends with this process, however that ends; None if another service on this machine has it."""
    held = (folder / _LOCK).open("ab")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        return None
    return held


def _elsewhere() -> Verification:
    return Verification(VerificationState.RUNNING, "another service on this machine verifies the record")


def _marked(folder: Path) -> str | None:
    """What the verifier said of the draft as it is now and is signed now; None if it has not verified exactly that."""
    draft, mark = folder / "record", folder / _MARK
    if not mark.exists() or not (draft / SIGNATURE).exists():
        return None
    found = json.loads(mark.read_bytes())
    same = found["record_hash"] == digest(draft / PROFILE).hex() and found["signature_hash"] == digest(draft / SIGNATURE).hex()
    return str(found["report"]) if same else None
