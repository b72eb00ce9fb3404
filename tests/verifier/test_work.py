"""Chunks shared out among processes and machines: the same report whoever does the work and whatever happens to them."""

import json
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tests.verifier.sample import CONTESTS, KEY, TOY, Maker, encode, write
from verifier import aggregate, folder, record, verify, work
from verifier.context import Context, make_context
from verifier.layouts import open_record
from verifier.report import Report
from verifier.source import Chunk, RecordError
from verifier.verify import verify_record
from verifier.work import Task, forget, keep, make_job, results, run_task, share_out

BALLOTS = 60


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record of some dozen chunks."""
    maker = Maker(5)
    assert len(CONTESTS) == 2
    votes = [("Cast" if n % 7 else "Challenged", 2, {2: (0, 1, n % 2, 0, 0)}) for n in range(BALLOTS)]
    return write(tmp_path_factory.mktemp("work") / "record", maker.files(votes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def expected(made: Path) -> str:
    """The report of one process."""
    report = check(made)
    assert report.verified, report.text()
    return report.text()


def check(folder: Path, **how: object) -> Report:
    return verify_record(folder, KEY, group=TOY, **how)  # type: ignore[arg-type]


@pytest.fixture
def context(made: Path) -> Context:
    return make_context(open_record(made, TOY, "psephos"), TOY)


def pieces(*counts: int, size: int = 100) -> list[Chunk]:
    result, position = [], 1
    for count in counts:
        result.append(Chunk("a", (position - 1) * size, position, count, 1, position, ((count * size, bytes(32)),)))
        position += count
    return result


@pytest.mark.parametrize(
    ("total", "processes", "shares"), [(3_000, 2, [1_500] * 2), (40_000, 2, [10_000] * 4), (600, 8, [75] * 8), (7, 4, [2] * 4)]
)
def test_chunks_are_shares_as_equal_as_can_be(total: int, processes: int, shares: list[int]) -> None:
    size = 1 if total < 100 else 25
    chunks = share_out(pieces(*[size] * (total // size)), processes)
    assert len(chunks) == len(shares)
    assert sum(chunk.count for chunk in chunks) == total
    for chunk, share in zip(chunks, shares, strict=True):
        assert abs(chunk.count - share) <= size


def test_chunks_keep_to_what_a_worker_can_hold() -> None:
    small = share_out(pieces(*[500] * 201), 1)
    assert all(chunk.count <= 10_000 + 500 for chunk in small)
    assert sum(chunk.count for chunk in small) == 100_500
    large = share_out(pieces(*[500] * 60, size=2**14), 1)
    assert all(chunk.size <= 2**27 for chunk in large)
    assert sum(chunk.count for chunk in large) == 30_000
    assert share_out([], 3) == []
    assert share_out(pieces(4), 3) == pieces(4)


def test_pieces_of_different_devices_or_files_or_places_stay_apart() -> None:
    first, second = pieces(4, 4)
    assert len(share_out([first, second], 1)) == 1
    for other in (replace(second, device=2), replace(second, path="b"), replace(second, offset=second.offset + 1), first):
        assert len(share_out([first, other], 1)) == 2


def test_lines_are_cut_where_they_end(tmp_path: Path) -> None:
    content = b"".join(b"%d:" % n + b"x" * (n * 37 % 5000) + b"\n" for n in range(3000)) + b"tail"
    (tmp_path / "a").write_bytes(content)
    chunks = folder.line_chunks(tmp_path, "a", 3)
    at, line = 0, 1
    for chunk in chunks:
        part = content[at : at + chunk.size]
        assert (chunk.offset, chunk.line, chunk.position, chunk.device) == (at, line, line, 3)
        assert part.count(b"\n") + (not part.endswith(b"\n")) == chunk.count <= 500
        folder.check_unchanged(tmp_path, chunk)
        at, line = at + chunk.size, line + chunk.count
    assert (at, line) == (len(content), 3002)
    (merged,) = share_out(chunks, 1)
    folder.check_unchanged(tmp_path, merged)
    assert [*folder.read_lines(tmp_path, merged)][:-1] == content.split(b"\n")[:-1]
    (tmp_path / "long").write_bytes(b"short\n" + bytes(folder.MAX_LINE + 9))
    (piece,) = share_out(folder.line_chunks(tmp_path, "long", 3), 1)
    first, second = folder.read_lines(tmp_path, piece)
    assert first == b"short"
    assert isinstance(second, RecordError)
    assert "longer than" in second.reason
    for changed in (content[:-1], content[:-1] + b"!", b"!" + content[1:], content[: chunks[0].size], b""):
        (tmp_path / "a").write_bytes(changed)
        with pytest.raises(RecordError, match="changed while it was being verified"):
            folder.check_unchanged(tmp_path, merged)
        with pytest.raises(RecordError, match="changed while it was being verified"):
            list(folder.read_lines(tmp_path, merged))


@pytest.mark.parametrize("processes", [2, 3])
def test_local_processes_find_what_one_finds(processes: int, made: Path, expected: str) -> None:
    assert check(made, processes=processes).text() == expected


def test_workers_that_have_never_seen_the_record_find_it_by_its_path(made: Path, expected: str) -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        assert check(made, executor=executor).text() == expected


def test_a_worker_digests_nothing_and_reads_no_ballot_to_open_the_record(
    made: Path, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(context, made)
    chunk = context.source.chunks()[1]

    def lines(folder: Path, path: str, device: int) -> list[Chunk]:
        assert not path.startswith("ballots/")
        return line_chunks(folder, path, device)

    line_chunks = record.line_chunks
    monkeypatch.setattr(record, "line_chunks", lines)
    monkeypatch.setattr(record, "digest_files", lambda *_: pytest.fail("digests files"))
    result = run_task(Task(job, chunk))
    assert result.counts.lines[1] == chunk.count
    assert not result.findings.failures


def test_a_worker_refuses_another_record_another_program_and_other_ballots(made: Path, context: Context, tmp_path: Path) -> None:
    job, chunk = make_job(context, made), context.source.chunks()[0]
    with pytest.raises(RecordError, match="the record at this place is another one"):
        run_task(Task(replace(job, fingerprint=bytes(32)), chunk))
    with pytest.raises(RecordError, match="another version of the program"):
        run_task(Task(replace(job, program=bytes(32)), chunk))
    with pytest.raises(RecordError, match="for the worker on .*is missing"):
        run_task(Task(replace(job, folder=str(tmp_path / "none")), chunk))
    with pytest.raises(RecordError, match="changed while it was being verified"):
        run_task(Task(job, replace(chunk, offset=chunk.offset + 1)))


def test_what_ballots_are_checked_against_is_in_the_fingerprint(made: Path, context: Context) -> None:
    source = context.source
    variants = [
        replace(source, h_e=bytes(32)), replace(source, K=source.K + 1), replace(source, K_hat=1), replace(source, openings=()),  # type: ignore[type-var]
        replace(source, devices=()), replace(source, manifest=replace(source.manifest, content=b"")),  # type: ignore[type-var]
    ]  # fmt: skip
    fingerprints = {make_job(make_context(each, TOY), made).fingerprint for each in (source, *variants)}
    assert len(fingerprints) == 1 + len(variants)


def dying(monkeypatch: pytest.MonkeyPatch, always: bool, flag: Path) -> None:
    """Makes a worker kill itself, as the kernel does when memory runs out, while it checks the ballots from the ninth on."""
    parent, check_chunk = os.getpid(), aggregate.check_chunk

    def check(context: Context, chunk: Chunk) -> aggregate.ChunkResult:
        if chunk.position == 9 and os.getpid() != parent and (always or not flag.exists()):
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return check_chunk(context, chunk)

    monkeypatch.setattr(work, "check_chunk", check)


@pytest.mark.parametrize("always", [False, True])
def test_a_killed_worker_loses_nothing(always: bool, made: Path, expected: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    dying(monkeypatch, always, tmp_path / "flag")
    assert check(made, processes=2).text() == expected
    assert (tmp_path / "flag").exists()


def test_results_that_were_there_before_a_worker_died_are_not_made_again(
    made: Path, context: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counted = tmp_path / "counted"
    dying(monkeypatch, False, tmp_path / "flag")
    dies = work.check_chunk

    def check(context: Context, chunk: Chunk) -> aggregate.ChunkResult:
        result = dies(context, chunk)
        with counted.open("a") as file:
            file.write(f"{chunk.position}\n")
        return result

    monkeypatch.setattr(work, "check_chunk", check)
    job, chunks = make_job(context, made), context.source.chunks()
    keep(job, context)
    try:
        found = [result.chunk for result in results(job, chunks, 2)]
    finally:
        forget(job)
    assert found == chunks
    assert len(counted.read_text().split()) <= len(chunks) + 3


def test_a_mistake_of_the_program_is_not_hidden_by_trying_again(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(context: Context, chunk: Chunk) -> aggregate.ChunkResult:
        raise ZeroDivisionError

    monkeypatch.setattr(work, "check_chunk", broken)
    with pytest.raises(ZeroDivisionError):
        check(made, processes=2)


@pytest.mark.parametrize("processes", [1, 2])
def test_ballots_that_change_during_the_verification_are_unreadable(
    processes: int, made: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def change(context: Context, folder: Path) -> work.Job:
        path = copy / "ballots/device_1.jsonl"
        path.write_bytes(path.read_bytes().replace(b'"Cast"', b'"cast"', 1))
        return make_job(context, folder)

    files = {path.relative_to(made).as_posix(): path.read_bytes() for path in made.rglob("*") if path.is_file()}
    copy = write(tmp_path / "copy", {name: content for name, content in files.items() if name not in ("profile.json", "signature.json")})
    assert check(copy).verified
    monkeypatch.setattr(verify, "make_job", change)
    report = check(copy, processes=processes)
    assert report.exit_status == 2
    assert "changed while it was being verified" in report.text()


def test_no_worker_is_left_when_the_results_are_not_wanted_any_more(made: Path, context: Context) -> None:
    job = make_job(context, made)
    keep(job, context)
    others = set(multiprocessing.active_children())  # of tests that ran before in this process
    found: Iterator[aggregate.ChunkResult] = results(job, context.source.chunks(), 2)
    assert next(found).chunk.position == 1
    assert set(multiprocessing.active_children()) - others
    found.close()  # type: ignore[attr-defined]
    forget(job)
    assert set(multiprocessing.active_children()) <= others


def test_ballots_that_share_values_are_found_in_whatever_chunks_they_are(made: Path, tmp_path: Path) -> None:
    files = {path.relative_to(made).as_posix(): path.read_bytes() for path in made.rglob("*") if path.is_file()}
    lines = [json.loads(line) for line in files["ballots/device_1.jsonl"].splitlines()]
    lines[50] |= {"id_b": lines[3]["id_b"]}
    lines[51] |= {"ballot_nonce_ciphertext": lines[2]["ballot_nonce_ciphertext"]}
    files["ballots/device_1.jsonl"] = b"".join(encode(line) + b"\n" for line in lines)
    copy = write(tmp_path / "copy", {name: content for name, content in files.items() if name not in ("profile.json", "signature.json")})
    texts = {check(copy, processes=processes).text() for processes in (1, 2)}
    assert len(texts) == 1
    (text,) = texts
    assert "ballots/device_1.jsonl, line 51: the same id_B as ballots/device_1.jsonl, line 4" in text
    assert "ballots/device_1.jsonl, line 52: the same encryption nonce as ballots/device_1.jsonl, line 3" in text
