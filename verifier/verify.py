"""`verify_record` opens a record, makes every check, and returns the report. Several processes share the ballots, if asked to."""

import importlib
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

from .aggregate import Ballots, ChunkResult, check_chunk
from .arithmetic import STANDARD, Group
from .catalogue import CHALLENGED, CHECKS, CONTEST_DATA, PRE_ENCRYPTED
from .challenged import check_leftovers
from .context import Context, make_context
from .folder import digest_files, list_files, record_digest
from .keys import check_keys
from .parameters import check_parameters
from .record import EG21_JSON, PSEPHOS, open_eg21, open_own
from .report import Findings, Report, TallyLine
from .signature import check_signature, fingerprint
from .source import Chunk, Format, RecordError, RecordSource
from .tally import check_tally
from .totals import check_totals
from .uniqueness import Uniqueness

__all__ = ["FORMATS", "Progress", "verify_record", "verify_source"]

FORMATS = ("psephos", "eg21-json", "egrf-json", "egk-json")
Progress = Callable[[int, int], None]
"""Called with the number of ballots checked and of all ballots."""

_BALLOT_ITEMS = "5.A 5.B 6.A 6.B 6.C 6.D 7.A 7.B 7.C 7.D 8.A 8.B 8.C 8.D 8.E 8.F 8.G X2 X3 X4 X5 X6 X11 X16 X17"
_context: Context | None = None


def verify_record(
    folder: Path,
    key: bytes | None,
    processes: int = 1,
    group: Group = STANDARD,
    format: str = "psephos",
    progress: Progress | None = None,
    key_origin: str = "",
) -> Report:
    """Verifies the record in `folder`. `key` is the scrutineer's Ed25519 key, 32 bytes; without it X15 is not run. `format` is one of
    `FORMATS`. Raises ValueError for another format or a key of another length, and nothing for anything in the record."""
    if format not in FORMATS:
        raise ValueError(f"format: expected one of {', '.join(FORMATS)}, got {format}")
    if key is not None and len(key) != 32:
        raise ValueError(f"key: expected 32 bytes, got {len(key)}")
    layout = {"psephos": PSEPHOS, "eg21-json": EG21_JSON}.get(format, Format(format))
    try:
        if format == "egk-json":
            return _verify_edition_2_0(folder, group, processes)
        source = _open(folder, group, format)
    except RecordError as error:
        report = Report(layout, Findings(layout.own))
        report.findings.read_error(error)
        report.miss(" ".join(CHECKS), "the record could not be opened")
        return report
    report = Report(source.format, Findings(source.format.own))
    report.label = source.manifest.label
    if key is not None and source.own is not None:
        report.key, report.key_origin = fingerprint(key), key_origin
    try:
        report.record_digest = _digest(source, folder)
        for unread in source.errors:
            report.findings.read_error(unread)
        report.tally = [
            TallyLine(contest.label, option.label, option.tally) for contest in source.tally or () for option in contest.options
        ]
        verify_source(source, group, report, key, processes, progress)
        if not source.format.own:
            report.findings.count("format")
            report.done("format")
    except RecordError as error:
        report.findings.read_error(error)
    return report


def verify_source(
    source: RecordSource, group: Group, report: Report, key: bytes | None, processes: int, progress: Progress | None
) -> None:
    """All checks of edition 2.1.0 on an opened record. Without its ballots only those of parameters, keys and signature can be made."""
    findings = report.findings
    _exclude(source, report)
    context = make_context(source, group)
    check_parameters(source, group, report)
    check_keys(source, group, report)
    try:
        ballots = _check_ballots(context, report, processes, progress)
    except RecordError as error:
        findings.read_error(error)
        if source.own is not None:
            check_signature(source, source.own, key, report)
        return
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


def _open(folder: Path, group: Group, name: str) -> RecordSource:
    if name == "psephos":
        return open_own(folder, group)
    if name == "eg21-json":
        return open_eg21(folder, group)
    source: RecordSource = importlib.import_module(".egrf", __package__).open_record(folder, group)
    return source


def _verify_edition_2_0(folder: Path, group: Group, processes: int) -> Report:
    """Records of edition 2.0.0 have a reader and checks of their own. What they keep as private is not read, not even for the digest."""
    source = importlib.import_module(".egk", __package__).open_record(folder, group)
    report: Report = importlib.import_module(".edition_2_0", __package__).verify(source, group, processes)
    report.findings.count("format", len(source.ballots))
    report.done("format")
    public = [path for path in list_files(folder)[0] if not path.startswith("private_data/")]
    report.record_digest = record_digest(digest_files(folder, public))
    return report


def _digest(source: RecordSource, folder: Path) -> str:
    """The digest by which a record can be named: of profile.json, or of all files of another layout."""
    if source.own is not None:
        return source.own.profile_sha256.hex().upper()
    return record_digest(digest_files(folder, list_files(folder)[0]))


def _exclude(source: RecordSource, report: Report) -> None:
    """Items that the layout or the record's own declarations rule out."""
    for check, reason in source.format.not_applicable:
        report.exclude([check], reason)
    if not any(device.kind == "PreEncrypted" for device in source.devices):
        report.exclude(PRE_ENCRYPTED, "no device makes pre-encrypted ballots")
    if all(contest.data_blocks is None for contest in source.manifest.contests):
        report.exclude((*CONTEST_DATA, "13.A"), "the manifest has no contest data")


def _check_ballots(context: Context, report: Report, processes: int, progress: Progress | None) -> Ballots:
    """5.A to 8.G, 12 to 19 and what goes with them."""
    source, findings = context.source, report.findings
    chunks = source.chunks()
    ballots = Ballots(context, findings)
    total, done = sum(chunk.count for chunk in chunks), 0
    with Uniqueness() as uniqueness:
        for result in _results(context, chunks, processes):
            ballots.add(result)
            for identity in result.identities:
                findings.count("5.A")
                uniqueness.add(0, identity.id_b, identity.where)
                uniqueness.add(1, identity.code, identity.where)
                uniqueness.add(2, identity.name.encode("utf-8", "backslashreplace"), identity.where)
                for nonce in identity.nonces:
                    uniqueness.add(3, nonce, identity.where)
            done += result.chunk.count
            if progress:
                progress(done, total)
        ballots.finish()
        for kind, where, earlier in uniqueness.repeated():
            check, name = (("5.A", "id_B"), ("8.B X11", "confirmation code"), ("8.B X17", "ballot_id"), ("X6", "encryption nonce"))[kind]
            findings.fail(check, where, f"the same {name} as {earlier}")
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


def _results(context: Context, chunks: list[Chunk], processes: int) -> Iterator[ChunkResult]:
    """The chunks' results in order. Workers are forked and so share the context; where that cannot be done, one process does all."""
    global _context
    if processes <= 1 or len(chunks) <= 1 or "fork" not in multiprocessing.get_all_start_methods():
        yield from (check_chunk(context, chunk) for chunk in chunks)
        return
    _context = context
    context.group.g_power(1)  # tables made before the fork are shared too
    context.group.fixed_power(context.source.K, 1)
    try:
        with ProcessPoolExecutor(min(processes, len(chunks)), multiprocessing.get_context("fork")) as pool:
            waiting: list[Future[ChunkResult]] = []
            for chunk in chunks:
                waiting.append(pool.submit(_work, chunk))
                if len(waiting) > 4 * processes:
                    yield waiting.pop(0).result()
            for future in waiting:
                yield future.result()
    finally:
        _context = None


def _work(chunk: Chunk) -> ChunkResult:
    if _context is None:
        raise RuntimeError("worker without a context")
    return check_chunk(_context, chunk)
