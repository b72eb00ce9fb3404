"""`verify_record` opens a record, makes every check, and returns the report. Several processes share the ballots, if asked to."""

import importlib
from collections.abc import Callable, Generator
from concurrent.futures import Executor
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

from .aggregate import Ballots, ChunkResult
from .arithmetic import STANDARD, Group, choose
from .batched import with_hints
from .catalogue import CHALLENGED, CHECKS, CONTEST_DATA, PRE_ENCRYPTED
from .challenged import check_leftovers
from .context import Context, make_context
from .folder import digest_files, list_files, record_digest, total_size
from .journal import Journal, JournalError
from .keys import check_keys
from .layouts import FORMATS, format_of, open_record
from .log import check_log
from .parameters import check_parameters
from .report import Findings, Report, TallyLine
from .self_test import drawn_from, self_test
from .signature import check_signature, fingerprint
from .source import Chunk, Reading, RecordError, RecordSource
from .statutory import ballot_type
from .tally import check_tally
from .totals import check_totals
from .uniqueness import BUCKETS, KINDS, Places, Uniqueness
from .work import Job, forget, keep, make_job, results, share_out

__all__ = ["FORMATS", "JournalError", "Progress", "verify_record"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done ("reading" bytes, checking "ballots", "comparing" their values), how much of it is done, and how much
there is; at the beginning of a phase with what is done already."""

_BALLOT_ITEMS = "5.A 5.B 6.A 6.B 6.C 6.D 7.A 7.B 7.C 7.D 8.A 8.B 8.C 8.D 8.E 8.F 8.G X2 X3 X4 X5 X6 X11 X16 X17"


@dataclass(frozen=True, slots=True)
class Means:
    """How a verification is carried out, see `verify_record`; none of it changes a verdict."""

    processes: int
    executor: Executor | None
    hints: Path | None
    arithmetic: str | None
    journal: Path | None
    progress: Progress | None

    def tell(self, what: str, done: int, total: int) -> None:
        """Reports progress."""
        if self.progress:
            self.progress(what, done, total)

    def reading(self, folder: Path) -> Reading:
        """Reports the reading of all files of a folder."""
        total, done = total_size(folder) if self.progress else 0, 0

        self.tell("reading", 0, total)

        def read(size: int) -> None:
            nonlocal done
            done += size
            self.tell("reading", min(done, total), total)

        return read


def verify_record(
    folder: Path,
    key: bytes | None,
    processes: int = 1,
    group: Group = STANDARD,
    format: str = "psephos",
    progress: Progress | None = None,
    key_origin: str = "",
    executor: Executor | None = None,
    hints: Path | None = None,
    arithmetic: str | None = None,
    journal: Path | None = None,
) -> Report:
    """Verifies the record in `folder`. `key` is the scrutineer's Ed25519 key, 32 bytes; without it X15 is not run. `format` is one of
    `FORMATS`. The ballots are shared out among `processes` processes of this machine, or given to an `executor`, of a cluster for
    instance, `processes` saying how many tasks it does at a time; its workers must find the record at the same path, and compute with
    `arithmetic` if it is named. `hints` is a file of commitments beside the record. What has been found goes to the file `journal`, from
    which a later call goes on; when all is done it is deleted. Records of edition 2.0.0 (`egk-json`) are checked without all these.

    Raises ValueError for another format, a key of another length or an `arithmetic` that is not here, WrongArithmetic if the one in use
    fails its test on this machine, JournalError for a journal of another record, a damaged one or one inside the record, OSError if it
    cannot be written, and nothing for anything in the record."""
    if format not in FORMATS:
        raise ValueError(f"format: expected one of {', '.join(FORMATS)}, got {format}")
    if key is not None and len(key) != 32:
        raise ValueError(f"key: expected 32 bytes, got {len(key)}")
    if arithmetic is not None:
        choose(arithmetic)
    layout = format_of(format)
    means = Means(max(processes, 1), executor, hints, arithmetic, journal, progress)
    if journal is not None and journal.resolve().is_relative_to(folder.resolve()):
        raise JournalError(f"{journal}: must not be inside the record")
    try:
        if format == "egk-json":
            return _verify_edition_2_0(folder, group, processes)
        source = open_record(folder, group, format, reading=means.reading(folder))
    except RecordError as error:
        report = Report(layout, Findings(layout.own))
        report.findings.read_error(error)
        report.miss(" ".join(CHECKS), "the record could not be opened")
        return report
    report = Report(source.format, Findings(source.format.own))
    report.label = source.manifest.label
    report.ballot_type = ballot_type(source.manifest)
    if key is not None and source.own is not None:
        report.key, report.key_origin = fingerprint(key), key_origin
    try:
        report.record_digest = _digest(source, folder, means)
        for unread in source.errors:
            report.findings.read_error(unread)
        report.tally = [
            TallyLine(contest.label, option.label, option.tally) for contest in source.tally or () for option in contest.options
        ]
        _verify_source(source, folder, group, report, key, means)
        if not source.format.own:
            report.findings.count("format")
            report.done("format")
    except RecordError as error:
        report.findings.read_error(error)
    return report


def _verify_source(source: RecordSource, folder: Path, group: Group, report: Report, key: bytes | None, means: Means) -> None:
    """All checks of edition 2.1.0 on an opened record. Without its ballots only those of parameters, keys and signature can be made."""
    findings = report.findings
    self_test(group, drawn_from(source))
    _exclude(source, report)
    hints = None if means.hints is None else str(means.hints.absolute())
    context = with_hints(make_context(source, group, hints, means.arithmetic), findings)
    check_parameters(source, group, report)
    check_keys(source, group, report)
    try:
        ballots = _check_ballots(context, folder, report, means)
    except RecordError as error:
        findings.read_error(error)
        if source.own is not None:
            check_signature(source, source.own, key, report)
        return
    if source.format.witnessed:
        check_log(source, group, ballots.tree, report)
    check_tally(context, ballots.counts, report)
    for (state, _), number in ballots.counts.states.items():
        report.ballots[state] += number
    if source.own is not None:
        check_totals(context, ballots.counts, source.own, report)
        check_signature(source, source.own, key, report)
        findings.count("X7", len(source.own.found) + ballots.counts.lines.total())
        report.done("X7")
    else:
        findings.count("format", ballots.counts.lines.total())


def _verify_edition_2_0(folder: Path, group: Group, processes: int) -> Report:
    """Records of edition 2.0.0 have a reader and checks of their own. What they keep as private is not read, not even for the digest."""
    source = importlib.import_module(".egk", __package__).open_record(folder, group)
    self_test(group, [source.K])
    report: Report = importlib.import_module(".edition_2_0", __package__).verify(source, group, processes)
    report.findings.count("format", len(source.ballots))
    report.done("format")
    public = [path for path in list_files(folder)[0] if not path.startswith("private_data/")]
    report.record_digest = record_digest(digest_files(folder, public))
    return report


def _digest(source: RecordSource, folder: Path, means: Means) -> str:
    """The digest by which a record can be named: of profile.json, or of all files of another layout."""
    if source.own is not None:
        return source.own.profile_sha256.hex().upper()
    return record_digest(digest_files(folder, list_files(folder)[0], means.reading(folder)))


def _exclude(source: RecordSource, report: Report) -> None:
    """Items that the layout or the record's own declarations rule out."""
    for check, reason in source.format.not_applicable:
        report.exclude([check], reason)
    if not any(device.kind == "PreEncrypted" for device in source.devices):
        report.exclude(PRE_ENCRYPTED, "no device makes pre-encrypted ballots")
    if all(contest.data_blocks is None for contest in source.manifest.contests):
        report.exclude((*CONTEST_DATA, "13.A"), "the manifest has no contest data")


def _check_ballots(context: Context, folder: Path, report: Report, means: Means) -> Ballots:
    """5.A to 8.G, 12 to 19 and what goes with them."""
    source, findings = context.source, report.findings
    with Uniqueness() as uniqueness:
        ballots = _each_ballot(context, folder, report, uniqueness, means)
    for device in source.devices:
        found = ballots.counts.lines[device.index]
        ok = found == device.ballot_count
        findings.check("9.A 9.B X10" if not ok else "X10", ok, f"device {device.index}", "ballot_count", found, device.ballot_count)
    report.done(_BALLOT_ITEMS)
    report.done(" ".join(PRE_ENCRYPTED))
    if source.openings is None:
        report.miss(" ".join(CHALLENGED) + " X4", "the opened ballots could not be read")
    else:
        check_leftovers(context, ballots.challenged, findings)
        report.done(" ".join(CHALLENGED))
    if source.contest_data is None:
        report.miss(" ".join(CONTEST_DATA), "the decrypted contest data could not be read")
    else:
        for decryptions in (items for name, items in context.contest_data.items() if not ballots.counts.data[name]):
            findings.fail("12.B", decryptions[0].where, "is on no ballot", None, decryptions[0].ballot_id)
        report.done(" ".join(CONTEST_DATA))
    return ballots


def _each_ballot(context: Context, folder: Path, report: Report, uniqueness: Uniqueness, means: Means) -> Ballots:
    """The checks of ballots by themselves and of neighbours, then those of all together."""
    findings, job = report.findings, make_job(context, folder)
    share = means.processes if context.opened and context.templates else 0
    with nullcontext() if means.journal is None else Journal(means.journal, _binding(job, context.source, report), share) as journal:
        share = share if journal is None else journal.share
        chunks = context.source.chunks()
        chunks = share_out(chunks, share) if share else chunks
        ballots, places = Ballots(context, findings), Places(chunks)
        total, done = sum(chunk.count for chunk in chunks), 0
        if journal is None or not journal.stored:
            means.tell("ballots", 0, total)
        with closing(_results(context, job, chunks, journal, means)) as found:
            for number, result in enumerate(found, 1):
                ballots.add(result)
                findings.count("5.A", result.values.ballots)
                uniqueness.add(result.values)
                done += result.chunk.count
                if journal is None or number >= journal.stored:
                    means.tell("ballots", done, total)
        ballots.finish()
        for kind, place, earlier in uniqueness.repeated(lambda done: means.tell("comparing", done, BUCKETS)):
            check, name = KINDS[kind]
            findings.fail(check, places.where(place), f"the same {name} as {places.where(earlier)}")
        if journal is not None:
            journal.remove()
    return ballots


def _results(
    context: Context, job: Job, chunks: list[Chunk], journal: Journal | None, means: Means
) -> Generator[ChunkResult, None, None]:
    """What the journal holds, then what had still to be done."""
    stored = 0 if journal is None else journal.stored
    if journal is not None:
        for number in range(stored):
            yield journal.read(number, chunks[number])
    context.group.g_power(1)  # tables made before workers are forked are shared too
    context.group.fixed_power(context.source.K, 1)
    keep(job, context)
    try:
        with closing(results(job, chunks[stored:], means.processes, means.executor)) as found:
            for result in found:
                if journal is not None:
                    journal.add(result)
                yield result
    finally:
        forget(job)


def _binding(job: Job, source: RecordSource, report: Report) -> dict[str, str]:
    """What the results of ballots depend on, for the journal."""
    if source.own is not None and not source.own.found:
        raise RecordError(".", 0, "", "without a digest of every file the verification cannot be resumed")
    files = report.record_digest if source.own is None else record_digest([*source.own.found])
    return {"version of the program": job.program.hex(), "record": f"{job.format} {job.fingerprint.hex()} {files}"}
