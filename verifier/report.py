"""What was checked and what failed: an entry for every check, 1.A to 19.D and X1 to X18, with its objects and every failure.

A check neither made nor ruled out by the layout or the record's content counts as failed. A check that was made and met no object (no
challenged ballot, say) is "not applicable"; in our own layout X14 sees to it that nothing is empty that must not be.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from .catalogue import CHECKS
from .source import Format, RecordError

__all__ = ["FORMAT", "Entry", "Failure", "Findings", "LogLine", "Report", "Status", "shorten"]

FORMAT = "format"
KEPT_PER_CHECK = 10_000
"""So many failures of a check are listed one by one, the others are counted: a record of 10^5 bad ballots must not exhaust memory."""


class Status(Enum):
    """The outcome of one check."""

    PASS = "pass"  # noqa: S105 - an outcome
    FAIL = "fail"
    NOT_RUN = "not run"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure of one check: the object, and the equation or rule with what was expected and what came."""

    check: str
    where: str
    message: str


@dataclass(slots=True)
class Findings:
    """Results of a part of the work; picklable, and added together with `merge`. X checks are recorded only if `own`."""

    own: bool
    objects: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    unreadable: int = 0

    def check(self, ids: str, passed: bool, where: str, rule: str, expected: object = None, got: object = None) -> bool:
        """Records for each of the `ids` (separated by blanks) that one object passed or failed; returns `passed`. Values are written
        out only after a failure, and shortened."""
        for check in ids.split():
            if check[0] != "X" or self.own:
                self.objects[check] += 1
                if not passed:
                    self._fail(check, where, rule, expected, got)
        return passed

    def fail(self, ids: str, where: str, rule: str, expected: object = None, got: object = None) -> None:
        """Records a failure."""
        self.check(ids, passed=False, where=where, rule=rule, expected=expected, got=got)

    def count(self, ids: str, objects: int = 1) -> None:
        """Records objects that passed."""
        for check in ids.split():
            if check[0] != "X" or self.own:
                self.objects[check] += objects

    def note(self, text: str, objects: int = 1) -> None:
        """Counts something that no check asks for."""
        self.notes[text] += objects

    def read_error(self, error: RecordError) -> None:
        """Records that something could not be read: X7 in our own layout, the pseudo check `format` in others."""
        self.unreadable += 1
        check = "X7" if self.own else FORMAT
        self.objects[check] += 1
        self._fail(check, error.where, error.reason, None, None)
        if error.check:
            self.fail(error.check, error.where, error.reason)

    def merge(self, other: "Findings") -> None:
        """Adds the results of another part."""
        self.objects += other.objects
        self.failed += other.failed
        self.notes += other.notes
        self.unreadable += other.unreadable
        for failure in other.failures:
            self._keep(failure)

    def _fail(self, check: str, where: str, rule: str, expected: object, got: object) -> None:
        self.failed[check] += 1
        comparison = "" if expected is None and got is None else f": expected {shorten(expected)}, got {shorten(got)}"
        self._keep(Failure(check, shorten(where, 200), rule + comparison))

    def _keep(self, failure: Failure) -> None:
        if self.kept[failure.check] < KEPT_PER_CHECK:
            self.kept[failure.check] += 1
            self.failures.append(failure)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the report. `reason` says why a check is not applicable or was not run."""

    id: str
    title: str
    status: Status
    objects: int
    failed: int
    reason: str = ""


@dataclass(slots=True)
class TallyLine:
    """A line of the result: what the record says, whether or not it verifies."""

    contest: str
    option: str
    tally: int


@dataclass(frozen=True, slots=True)
class LogLine:
    """What the record says of its log, whether or not it verifies: how many ballots, the root over them, and which guardians have made
    a statement."""

    size: int
    root: bytes
    guardians: list[int]

    def __str__(self) -> str:
        guardians = ", ".join(map(str, self.guardians)) or "nobody"
        return f"{self.size} ballots, root {self.root.hex().upper()}, stated by guardians {guardians}"


@dataclass(slots=True)
class Report:
    """The whole result of a verification."""

    format: Format
    findings: Findings
    record_digest: str = ""
    label: str = ""
    ballot_type: str = ""
    key: str = ""
    key_origin: str = ""
    ran: set[str] = field(default_factory=set)
    excluded: dict[str, str] = field(default_factory=dict)
    not_run: dict[str, str] = field(default_factory=dict)
    tally: list[TallyLine] = field(default_factory=list)
    ballots: Counter[str] = field(default_factory=Counter)
    log: LogLine | None = None

    def done(self, ids: str) -> None:
        """Says that these checks have been made on every object there is."""
        self.ran.update(ids.split())

    def exclude(self, ids: Iterable[str], reason: str) -> None:
        """Says that these checks can have no object in this record."""
        for check in ids:
            self.excluded.setdefault(check, reason)

    def miss(self, ids: str, reason: str) -> None:
        """Says why checks could not be made."""
        for check in ids.split():
            self.not_run.setdefault(check, reason)

    def entries(self) -> list[Entry]:
        """An entry for every check, in order."""
        return [self._entry(check, title) for check, title in CHECKS.items() if check != FORMAT or not self.format.own]

    @property
    def unreadable(self) -> bool:
        """Whether anything could not be read."""
        return self.findings.unreadable > 0

    @property
    def verified(self) -> bool:
        """Whether every check that is not ruled out was made and passed, and everything could be read."""
        return not self.unreadable and all(entry.status in (Status.PASS, Status.NOT_APPLICABLE) for entry in self.entries())

    @property
    def exit_status(self) -> int:
        """0 verified, 1 does not verify, 2 unreadable."""
        return 2 if self.unreadable else 0 if self.verified else 1

    @property
    def verdict(self) -> str:
        """The verdict in capitals."""
        return ("VERIFIED", "DOES NOT VERIFY", "UNREADABLE")[self.exit_status]

    def text(self) -> str:
        """The report for people."""
        edition = ".".join(map(str, self.format.edition))
        entries = self.entries()
        lines = [
            f"Layout {self.format.name}, ElectionGuard Design Specification {edition}"
            + ("" if self.format.own else " (a record of another system: no signature, no X checks)"),
            *([f"Remark: {self.format.remark}"] if self.format.remark else []),
            *(f"Deviation accepted: {deviation}" for deviation in self.format.deviations),
            f"Digest of the record: {self.record_digest or 'unknown'}",
        ]
        if self.log:
            lines.append(f"Log: {self.log}")
        if self.label:
            lines.append(f"Election: {printable(self.label)}")
        if self.ballot_type:
            lines.append(f"Kind of ballot: {self.ballot_type}")
        if self.key:
            lines += [
                f"Key: {self.key} (from {self.key_origin})",
                "     Compare it with the key that the scrutineer has published elsewhere; the signature proves nothing without that.",
            ]
        lines += ["", self.verdict, ""]
        for entry in entries:
            count = f"{entry.objects}" if entry.status in (Status.PASS, Status.FAIL) else ""
            failed = f" ({entry.failed} failed)" if entry.failed else ""
            reason = f" — {entry.reason}" if entry.reason else ""
            lines.append(f"{entry.id:<7}{entry.status.value:<15}{count:>9}  {entry.title}{failed}{reason}")
        if self.findings.notes:
            lines += ["", "Not asked for by any check, for information:"]
            lines += [f"  {text}: {count}" for text, count in sorted(self.findings.notes.items())]
        if self.findings.failures:
            lines += ["", "Failures:"]
            lines += [f"  {failure.check:<7}{failure.where}: {failure.message}" for failure in self.findings.failures]
            left = self.findings.failed.total() - len(self.findings.failures)
            lines += [f"  … and {left} more"] if left else []
        lines += ["", *self._totals()]
        return "\n".join(lines) + "\n"

    def json(self) -> str:
        """The report for programs: members never change their meaning, new ones may be added."""
        by_check: dict[str, list[dict[str, str]]] = {}
        for failure in self.findings.failures:
            by_check.setdefault(failure.check, []).append({"where": failure.where, "message": failure.message})
        return json.dumps(
            {
                "verified": self.verified,
                "verdict": self.verdict,
                "exit_status": self.exit_status,
                "format": self.format.name,
                "kind": self.format.kind,
                "edition": ".".join(map(str, self.format.edition)),
                "deviations": list(self.format.deviations),
                "remark": self.format.remark,
                "record_digest": self.record_digest,
                "log": {"size": self.log.size, "root": self.log.root.hex().upper(), "guardians": self.log.guardians} if self.log else {},
                "label": self.label,
                "ballot_type": self.ballot_type,
                "key_fingerprint": self.key,
                "key_origin": self.key_origin,
                "checks": [
                    {
                        "id": entry.id,
                        "status": entry.status.value,
                        "objects": entry.objects,
                        "failed": entry.failed,
                        "title": entry.title,
                        "reason": entry.reason,
                        "failures": by_check.get(entry.id, []),
                    }
                    for entry in self.entries()
                ],
                "notes": dict(sorted(self.findings.notes.items())),
                "ballots": dict(sorted(self.ballots.items())),
                "totals": [{"contest": line.contest, "option": line.option, "tally": line.tally} for line in self.tally],
            },
            ensure_ascii=False,
            indent=1,
        )

    def _entry(self, check: str, title: str) -> Entry:
        objects, failed = self.findings.objects[check], self.findings.failed[check]
        if failed:
            return Entry(check, title, Status.FAIL, objects, failed)
        reason = self.excluded.get(check, "")
        if not reason and check[0] == "X" and not self.format.own:
            reason = "not part of this layout"
        if reason:
            return Entry(check, title, Status.NOT_APPLICABLE, objects, 0, reason)
        if check in self.not_run or check not in self.ran:
            return Entry(check, title, Status.NOT_RUN, objects, 0, self.not_run.get(check, "a part of the record that it needs is missing"))
        if not objects:
            return Entry(check, title, Status.NOT_APPLICABLE, 0, 0, "the record holds nothing of this kind")
        return Entry(check, title, Status.PASS, objects, 0)

    def _totals(self) -> list[str]:
        lines = ["Ballots in the record: " + (", ".join(f"{state} {n}" for state, n in sorted(self.ballots.items())) or "none")]
        heading = "Totals" if self.verified else "Totals as the record states them; they are NOT verified"
        lines.append(heading)
        width = max((len(printable(line.option)) for line in self.tally), default=0)
        contest = None
        for line in self.tally:
            if line.contest != contest:
                contest = line.contest
                lines.append(f"  {printable(contest)}")
            lines.append(f"    {printable(line.option):<{width}}  {shorten(line.tally):>10}")
        return lines


def shorten(value: object, most: int = 24) -> str:
    """A value for a message: integers above 2^64 and bytes in hexadecimal, long ones cut, no control characters."""
    if isinstance(value, bool) or not isinstance(value, int | bytes):
        text = str(value)
    elif isinstance(value, bytes):
        text = value.hex().upper()
    else:
        text = str(value) if abs(value) < 2**64 else f"{'-' if value < 0 else ''}0x{abs(value):X}"
    text = printable(text)
    return text if len(text) <= most + 1 else text[:most] + "…"


def printable(text: str) -> str:
    """A text of the record for the terminal: no control characters, nothing that turns the direction of writing."""
    return "".join(character if character.isprintable() else "�" for character in text)
