"""`--resume`: a run that was stopped goes on where it was, and a journal that does not belong to the record is refused."""

import hashlib
import multiprocessing
import os
import select
import signal
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import pytest

from tests import forging
from tests.verifier.sample import KEY, TOY, Files, Maker, write
from tests.verifier.test_command_line import small_record
from verifier import aggregate, work
from verifier.context import Context, make_context
from verifier.journal import Journal, JournalError, decode, encode
from verifier.layouts import open_record
from verifier.report import Report
from verifier.source import Chunk
from verifier.verify import verify_record
from verifier.work import forget, keep, make_job, results

BALLOTS, STOP = 40, 21


@pytest.fixture(scope="module")
def files() -> Files:
    maker = Maker(6)
    return maker.files([("Cast" if n % 7 else "Challenged", 2, {2: (0, 1, n % 2, 0, 0)}) for n in range(BALLOTS)])  # type: ignore[misc]


@pytest.fixture(scope="module")
def made(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record with something to report."""
    changed = deepcopy(files)
    changed["ballots/device_1.jsonl"][5]["h_i"] = "0" * 64
    changed["ballots/device_1.jsonl"][30] |= {"id_b": changed["ballots/device_1.jsonl"][2]["id_b"]}
    changed["ballots/device_1.jsonl"][33]["contests"] = {}
    return write(tmp_path_factory.mktemp("journal") / "record", changed)


@pytest.fixture(scope="module")
def expected(made: Path) -> str:
    return check(made).text()


def check(folder: Path, **how: object) -> Report:
    return verify_record(folder, KEY, group=TOY, **how)  # type: ignore[arg-type]


def stop(made: Path, journal: Path, processes: int, how: signal.Signals) -> None:
    """Verifies the record in a process that is stopped by `how` while it checks the ballots from `STOP` on. Returns when it and all its
    workers have ended."""
    reading, writing = os.pipe()
    child = multiprocessing.get_context("fork").Process(target=_stopped, args=(made, journal, processes, how))
    child.start()
    os.close(writing)
    child.join()
    assert child.exitcode != 0
    ended, _, _ = select.select([reading], [], [], 30)  # it can be read when nobody is left who could write
    os.close(reading)
    assert ended, "a worker has outlived the process that it worked for"


def _stopped(made: Path, journal: Path, processes: int, how: signal.Signals) -> None:
    main, check_chunk = os.getpid(), aggregate.check_chunk
    signal.signal(signal.SIGINT, signal.default_int_handler)

    def stopping(context: Context, chunk: Chunk) -> aggregate.ChunkResult:
        if chunk.position == STOP:
            while processes > 1 and (not journal.exists() or journal.stat().st_size < 4 * 1200):
                select.select([], [], [], 0.01)  # until something has been found
            os.kill(main, how)
            select.select([], [], [], 30)
        return check_chunk(context, chunk)

    work.check_chunk = stopping
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)
    check(made, processes=processes, journal=journal)


def counting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    checked: list[int] = []
    check_chunk = aggregate.check_chunk

    def count(context: Context, chunk: Chunk) -> aggregate.ChunkResult:
        checked.append(chunk.position)
        return check_chunk(context, chunk)

    monkeypatch.setattr(work, "check_chunk", count)
    return checked


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("processes", [1, 2])
def test_a_stopped_run_goes_on_where_it_was(
    how: signal.Signals, processes: int, made: Path, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = tmp_path / "journal"
    stop(made, journal, processes, how)
    assert journal.stat().st_mode & 0o777 == 0o600
    checked = counting(monkeypatch)
    assert check(made, journal=journal).text() == expected
    chunks = open_record(made, TOY, "psephos").chunks()
    assert 1 <= len(checked) < len(chunks)
    assert STOP in checked
    if processes == 1:
        assert checked == [chunk.position for chunk in chunks if chunk.position >= STOP]
    assert not journal.exists()


def test_a_run_that_is_not_stopped_leaves_no_journal(made: Path, expected: str, tmp_path: Path) -> None:
    for processes in (1, 2):
        assert check(made, processes=processes, journal=tmp_path / "journal").text() == expected
        assert [*tmp_path.iterdir()] == []


@pytest.fixture(scope="module")
def stopped(made: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The journal of a run that was stopped."""
    path = tmp_path_factory.mktemp("stopped") / "journal"
    stop(made, path, 1, signal.SIGKILL)
    return path.read_bytes()


def test_a_last_entry_that_was_cut_off_is_dropped(made: Path, expected: str, stopped: bytes, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    for length in (0, 5, 17, 18, 19, 40, 58, 100, 300, len(stopped) // 2, len(stopped) - 1300, len(stopped) - 1, len(stopped)):
        journal.write_bytes(stopped[:length])
        assert check(made, journal=journal).text() == expected, length


def test_a_damaged_journal_is_refused_and_left_alone_or_changes_nothing(made: Path, expected: str, stopped: bytes, tmp_path: Path) -> None:
    journal, refused = tmp_path / "journal", 0
    for at in range(0, len(stopped), 97):
        damaged = stopped[:at] + bytes([stopped[at] ^ 0x41]) + stopped[at + 1 :]
        journal.write_bytes(damaged)
        try:
            assert check(made, journal=journal).text() == expected, at
        except JournalError:
            refused += 1
            assert journal.read_bytes() == damaged
    assert refused > len(stopped) / 97 * 0.9


def test_entries_left_out_or_in_another_order_are_refused(made: Path, stopped: bytes, tmp_path: Path) -> None:
    starts, at = [], 18
    while at < len(stopped):
        starts.append(at)
        at += 40 + int.from_bytes(stopped[at : at + 8], "big")
    entries = [stopped[start:end] for start, end in zip(starts, [*starts[1:], len(stopped)], strict=True)]
    assert len(entries) == 6
    journal = tmp_path / "journal"
    for order in ((0, 2, 3), (0, 2, 1), (0, 1, 1), (1, 2), (0, 0, 1)):
        journal.write_bytes(stopped[:18] + b"".join(entries[i] for i in order))
        with pytest.raises(JournalError, match="is damaged"):
            check(made, journal=journal)


def test_results_of_other_chunks_are_refused_even_with_good_digests(made: Path, stopped: bytes, tmp_path: Path) -> None:
    journal, last = tmp_path / "journal", bytes(32)
    content, at = stopped[:18], 18
    while at < len(stopped):
        length = int.from_bytes(stopped[at : at + 8], "big")
        entry = stopped[at + 40 : at + 40 + length].replace(b'"ballots/device_1.jsonl", 0, 1', b'"ballots/device_1.jsonl", 0, 5')
        last = hashlib.sha256(last + entry).digest()
        content, at = content + length.to_bytes(8, "big") + last + entry, at + 40 + length
    assert content != stopped
    journal.write_bytes(content)
    with pytest.raises(JournalError, match="is damaged"):
        check(made, journal=journal)


def test_the_journal_of_another_record_is_refused(files: Files, stopped: bytes, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.write_bytes(stopped)
    for number, name in enumerate(("ballots/device_1.jsonl", "challenged_ballots.jsonl", "totals.json", "tally.json")):
        changed = deepcopy(files)
        changed[name] = changed[name][:-1] if isinstance(changed[name], list) else b"{}"
        with pytest.raises(JournalError, match="belongs to another record"):
            check(write(tmp_path / f"record{number}", changed), journal=journal)
    assert journal.read_bytes() == stopped


def test_the_journal_of_another_version_of_the_program_is_refused(
    made: Path, stopped: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = tmp_path / "journal"
    journal.write_bytes(stopped)
    monkeypatch.setattr(work, "program_digest", lambda: bytes(32))
    with pytest.raises(JournalError, match="belongs to another version of the program"):
        check(made, journal=journal)


def test_what_is_no_journal_is_not_touched(made: Path, tmp_path: Path) -> None:
    for content in (b"x", b"psephos journal 2\n", b"\0" * 500, b'{"profile":"psephos"}'):
        path = tmp_path / "file"
        path.write_bytes(content)
        with pytest.raises(JournalError, match="is not a journal of the verifier"):
            check(made, journal=path)
        assert path.read_bytes() == content
    with pytest.raises(OSError, match="directory"):
        check(made, journal=tmp_path)


def test_a_journal_is_never_made_inside_the_record(made: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(made)
    for path in (made / "journal", made / "ballots/../journal", tmp_path / "link/journal"):
        with pytest.raises(JournalError, match="must not be inside the record"):
            check(made, journal=path)
    assert not (made / "journal").exists()


def test_another_key_is_checked_anew(made: Path, stopped: bytes, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.write_bytes(stopped)
    report = verify_record(made, bytes(32), group=TOY, journal=journal)
    assert "X15" in {entry.id for entry in report.entries() if entry.failed}


def test_the_chunks_stay_those_of_the_first_run(made: Path, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = tmp_path / "journal"
    with Journal(journal, {}, 3) as first:
        assert first.stored == 0
    with Journal(journal, {}, 1) as second:
        assert second.share == 3


def test_every_part_of_a_result_comes_back(made: Path) -> None:
    context = make_context(open_record(made, TOY, "psephos"), TOY)
    job, chunks = make_job(context, made), context.source.chunks()
    keep(job, context)
    found = list(results(job, chunks))
    forget(job)
    for result, chunk in zip(found, chunks, strict=True):
        assert decode(encode(result), chunk, made) == result
    rich = found[0]
    rich.counts.data["x\ud800"] += 1
    rich.counts.states["Cast", 0] += 3
    rich.challenged |= {"b", "a\ud800"}
    rich.first, rich.last = ("a, line 1", b"\0\1", b"\2"), b"\3"
    assert decode(encode(rich), chunks[0], made) == rich


def test_malformed_results_are_refused(made: Path) -> None:
    chunk = Chunk("a", 0, 1, 1, 1, 1, ())
    for content in (b"", b"\0\0\0\2{}", b"\0\0\0\2[]", b"\0\0\0\4null", b"\xff" * 40):
        with pytest.raises(JournalError, match="is damaged"):
            decode(content, chunk, made)


def test_the_command_says_what_is_wrong_with_a_journal(tmp_path: Path) -> None:
    record = forging.write(tmp_path / "record", small_record())
    (tmp_path / "journal").write_bytes(b"mine")
    for name, words in (("journal", "resume: "), ("none/journal", "No such file"), ("record/journal", "inside the record")):
        done = subprocess.run([sys.executable, "-m", "verifier", record, "--key", "00" * 32, "--resume", tmp_path / name],
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr
