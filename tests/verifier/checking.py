"""Runs the verifier on records that tests have made, many thousand times: what was checked and passed once is remembered.

Only results of pure functions are remembered, by all of their arguments, and only where nothing failed: a changed value is checked anew.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.forging import KEY, TOY
from tests.verifier.hinting import same_report, write_hints
from verifier import arithmetic, ballots, ed25519, keys, record, tally, uniqueness
from verifier.report import Findings, Report, Status
from verifier.verify import verify_record

__all__ = ["failed", "refused", "remembering", "run"]


@contextmanager
def remembering() -> Iterator[None]:
    """Within it, equal proofs, powers and lines are worked out once."""
    passed: dict[Any, Findings] = {}
    check_range = ballots.check_range

    def check(*arguments: Any) -> None:
        given, findings = (*arguments[:9], *arguments[10:]), arguments[9]
        if given in passed:
            findings.merge(passed[given])
            return
        own = Findings(findings.own)
        check_range(*arguments[:9], own, *arguments[10:])
        findings.merge(own)
        if not own.failures:
            passed[given] = own

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ballots, "check_range", check)
        patch.setattr(ballots, "nonce_proof_holds", lru_cache(maxsize=None)(ballots.nonce_proof_holds))
        patch.setattr(ballots, "contest_hash", lru_cache(maxsize=None)(lambda *given: _contest_hash(*given)))
        patch.setattr(arithmetic, "_power", lru_cache(maxsize=2**18)(arithmetic._power))
        patch.setattr(arithmetic, "_member", lru_cache(maxsize=2**18)(arithmetic._member))
        patch.setattr(arithmetic, "_comb", lru_cache(maxsize=2**9)(arithmetic._comb.__wrapped__))
        patch.setattr(record, "parse", lru_cache(maxsize=2**14)(record.parse))
        for name in ("read_ballot", "read_tally", "read_guardian", "read_opening", "read_acknowledgement"):
            patch.setattr(record, name, lru_cache(maxsize=2**14)(getattr(record, name)))
        patch.setattr(keys, "_challenge", lru_cache(maxsize=2**12)(keys._challenge))
        patch.setattr(tally, "tally_challenge", lru_cache(maxsize=2**12)(tally.tally_challenge))
        patch.setattr(ed25519, "_multiply", lru_cache(maxsize=2**12)(ed25519._multiply))
        patch.setattr(uniqueness, "tempfile", SimpleNamespace(TemporaryFile=BytesIO))
        yield


_contest_hash = ballots.contest_hash


def run(
    folder: Path,
    *,
    group: arithmetic.Group = TOY,
    layout: str = "psephos",
    key: bytes | None = KEY,
    processes: int = 1,
    both: bool = True,
) -> Report:
    """The verifier's report. A record of our own is verified twice, the second time with hints: both paths must say the same, always.
    With `both` false that is left out."""
    if layout != "psephos":
        return verify_record(folder, None, processes=processes, group=group, format=layout)
    report = verify_record(folder, key, processes=processes, group=group)
    if not both:
        return report
    hints = write_hints(folder.with_name(f"{folder.name}.hints"), folder, group)
    same_report(report, verify_record(folder, key, processes=processes, group=group, hints=hints))
    return report


def failed(report: Report) -> set[str]:
    """The checks that were made and failed."""
    return {entry.id for entry in report.entries() if entry.status is Status.FAIL}


def refused(report: Report) -> set[str]:
    """The checks that failed or were not made: what a verdict of failure rests on."""
    return {entry.id for entry in report.entries() if entry.status in (Status.FAIL, Status.NOT_RUN)}
