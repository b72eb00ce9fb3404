"""Shares the chunks of a verification out: tasks that any process of any machine can do, and who does them.

A task names the record and a chunk of it; no data travels but results. The process that starts a verification keeps its opened record for
the processes it forks; a worker elsewhere opens the record itself and refuses it if it is another one.
"""

import hashlib
import logging
import multiprocessing
import os
import platform
import signal
import threading
from collections import OrderedDict, deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from .aggregate import ChunkResult, check_chunk
from .arithmetic import Group, choose
from .batched import check_in_batch, with_hints
from .context import Context, make_context
from .layouts import open_record
from .self_test import drawn_from, self_test
from .source import Chunk, RecordError

__all__ = ["Job", "Task", "attempt_task", "forget", "keep", "make_job", "program_digest", "results", "run_task", "share_out"]

MOST_BALLOTS, MOST_BYTES = 10_000, 2**27
_NEW_POOLS = 2
_KEPT = 4

_contexts: OrderedDict["Job", Context] = OrderedDict()
_lock = threading.Lock()
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """What the tasks of a verification have in common. `folder` is absolute; `fingerprint` is of all that ballots are checked against,
    `program` of this program; `hints` names the hints' file, `arithmetic` the way of computing."""

    folder: str
    format: str
    group: Group
    fingerprint: bytes
    program: bytes
    hints: str | None = None
    arithmetic: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A chunk to be checked."""

    job: Job
    chunk: Chunk


def make_job(context: Context, folder: Path) -> Job:
    """The job of checking the ballots of an opened record."""
    return Job(
        folder=str(folder.resolve()),
        format=context.source.format.name,
        group=context.group,
        fingerprint=_fingerprint(context),
        program=program_digest(),
        hints=context.hints,
        arithmetic=context.arithmetic,
    )


def run_task(task: Task) -> ChunkResult:
    """Checks a chunk, in whatever process. Raises RecordError if the record that is found here, or the chunk, is not the task's."""
    context = _context(task.job)
    return _in_batch(context, task.chunk) or check_chunk(context, task.chunk)


def _in_batch(context: Context, chunk: Chunk) -> ChunkResult | None:
    """None, too, if there is not enough memory, or whatever else: hints must not change a verdict."""
    try:
        return check_in_batch(context, chunk)
    except Exception as error:  # noqa: BLE001 - the plain path needs nothing of it
        _log.warning("ballots could not be tested together (%s: %s); they are checked one by one", type(error).__name__, error)
        return None


def attempt_task(task: Task) -> ChunkResult | Exception:
    """As `run_task`, but what it would raise is returned, as something that any machine can read: a RecordError, or a RuntimeError."""
    try:
        return run_task(task)
    except RecordError as error:
        return RecordError(error.file, error.line, error.member, error.reason, error.check)
    except Exception as error:  # noqa: BLE001 - whatever it is, the process that started the verification deals with it
        return RuntimeError(f"{type(error).__name__}: {error}")


def keep(job: Job, context: Context) -> None:
    """Keeps an opened record for the tasks of this process and of those that will be forked from it."""
    with _lock:
        _contexts[job] = context
        _contexts.move_to_end(job)
        while len(_contexts) > _KEPT:
            _contexts.popitem(last=False)


def forget(job: Job) -> None:
    """Keeps it no longer."""
    with _lock:
        _contexts.pop(job, None)


@cache
def program_digest() -> bytes:
    """SHA-256 of this program's own source, so that two machines, or today and tomorrow, can be told apart."""
    digest = hashlib.sha256()
    for path in sorted(files(__package__).iterdir(), key=lambda path: path.name):
        if path.name.endswith(".py"):
            digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()


def share_out(pieces: Sequence[Chunk], processes: int, together: int = MOST_BALLOTS) -> list[Chunk]:
    """Puts neighbouring pieces together, to about `together` ballots and at most `MOST_BYTES` bytes, but so that all processes have work: a
    multiple of `processes` shares, as equal as the pieces allow."""
    total = sum(piece.count for piece in pieces)
    rounds = -(-total // (together * processes))
    each = -(-total // max(rounds * processes, 1))
    groups: list[list[Chunk]] = []
    done = size = share = 0
    for piece in pieces:
        before, share = share, (done + piece.count // 2) // each
        last = groups[-1][-1] if groups else None
        follows = last is not None and (last.device, last.path, last.offset + last.size) == (piece.device, piece.path, piece.offset)
        if follows and share == before and size + piece.size <= MOST_BYTES:
            groups[-1].append(piece)
        else:
            groups.append([piece])
            size = 0
        done, size = done + piece.count, size + piece.size
    return [_joined(group) for group in groups]


def _joined(pieces: Sequence[Chunk]) -> Chunk:
    parts = tuple(part for piece in pieces for part in piece.parts)
    return replace(pieces[0], count=sum(piece.count for piece in pieces), parts=parts)


def results(job: Job, chunks: Sequence[Chunk], processes: int = 1, executor: Executor | None = None) -> Generator[ChunkResult, None, None]:
    """The results of all chunks, in order. Without an `executor`, `processes` processes are forked; where that cannot be done, this one
    does all; with one, `processes` says how many tasks it does at a time. A chunk whose worker fails is tried again, in the end in this
    process. Raises RecordError if a worker finds another record."""
    tasks = [Task(job, chunk) for chunk in chunks]
    finished: dict[int, ChunkResult] = {}
    position = 0
    if executor is not None or (processes > 1 and len(tasks) > 1 and "fork" in multiprocessing.get_all_start_methods()):
        for _ in range(1 + _NEW_POOLS):
            try:
                with _local(min(processes, len(tasks) - position)) if executor is None else _given(executor) as pool:
                    for result in _ordered(pool, tasks, position, finished, 2 * processes + 1, executor is not None):
                        position += 1
                        yield result
                break
            except RecordError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a worker died of, its chunks are not lost
                _log.warning("a worker failed (%s: %s); what it had not finished is done again", type(error).__name__, error)
    for number in range(position, len(tasks)):
        yield finished.pop(number) if number in finished else run_task(tasks[number])


def _ordered(
    pool: Executor, tasks: Sequence[Task], start: int, finished: dict[int, ChunkResult], at_once: int, cancel: bool
) -> Iterator[ChunkResult]:
    """Results from `start` on. After a failure those that are there already are left in `finished`, and the others cancelled if asked for:
    a pool of our own is closed with all that waits, and what it would say of a cancelled task when its processes end is an error."""
    waiting: deque[tuple[int, Future[ChunkResult | Exception]]] = deque()
    following = iter([number for number in range(start, len(tasks)) if number not in finished])
    try:
        for number in range(start, len(tasks)):
            while len(waiting) < at_once and (coming := next(following, None)) is not None:
                waiting.append((coming, pool.submit(attempt_task, tasks[coming])))
            if number in finished:
                yield finished.pop(number)
            else:
                result = waiting[0][1].result()
                if isinstance(result, Exception):
                    raise result
                waiting.popleft()
                yield result
    finally:
        for number, future in waiting:
            if not future.done():
                if cancel:
                    future.cancel()
            elif not future.cancelled() and future.exception() is None:
                result = future.result()
                if not isinstance(result, Exception):
                    finished[number] = result


@contextmanager
def _given(executor: Executor) -> Iterator[Executor]:
    """An executor that belongs to somebody else, who shuts it down."""
    yield executor


@contextmanager
def _local(processes: int) -> Iterator[Executor]:
    """Forked processes; they share what this one has in memory and end with it, and at once if it is interrupted."""
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("fork"), _start_worker)
    try:
        yield pool
    except BaseException:
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """An interrupt from the keyboard is the parent's business; if the parent is killed, this process ends too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: "multiprocessing.process.BaseProcess") -> None:
    parent.join()
    os._exit(1)


def _context(job: Job) -> Context:
    with _lock:
        if job in _contexts:
            _contexts.move_to_end(job)
            return _contexts[job]
    here = f"for the worker on {platform.node()}"
    if job.program != program_digest():
        raise RecordError(".", 0, "", f"{here}: its verifier is another version of the program")
    try:
        if job.arithmetic:
            choose(job.arithmetic)
        source = open_record(Path(job.folder), job.group, job.format, digests=False)
    except ValueError as error:
        raise RecordError(".", 0, "", f"{here}: {error}") from None
    except RecordError as error:
        raise RecordError(error.file, error.line, error.member, f"{here}: {error.reason}") from None
    self_test(job.group, drawn_from(source))
    context = with_hints(make_context(source, job.group, job.hints, job.arithmetic))
    if _fingerprint(context) != job.fingerprint:
        raise RecordError(".", 0, "", f"{here}: the record at this place is another one")
    keep(job, context)
    return context


def _fingerprint(context: Context) -> bytes:
    """SHA-256 of all that ballots are checked against."""
    group, source = context.group, context.source
    values = (
        source.format.name, source.format.kind, group.p, group.q, group.g, source.h_p, source.h_b, source.h_e, source.K, source.K_hat,
        source.manifest.content, source.devices, source.openings, source.contest_data,
    )  # fmt: skip
    return hashlib.sha256(ascii(values).encode()).digest()
