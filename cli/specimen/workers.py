"""The processes that make a specimen's ballots, each with a maker of its own."""

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Self, TypeVar

from cli.specimen.ballots import BallotMaker
from cli.specimen.seeded import Plan

IN_FLIGHT = 2  # chunks for each process that are asked for before the first has to come back

T = TypeVar("T")
Chunk = TypeVar("Chunk", bound=Sequence[int])

_maker: BallotMaker  # in a worker process


class Workers:
    """A context manager: as many processes as wanted, or this one alone."""

    def __init__(self, plan: Plan, keys: tuple[int, bytes, bytes], processes: int) -> None:
        self.maker = BallotMaker(plan, *keys)
        self._processes = processes
        self._pool = ProcessPoolExecutor(processes, initializer=_start, initargs=(plan, keys)) if processes > 1 else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def each(self, task: Callable[[BallotMaker, Chunk], T], chunks: Iterable[Chunk]) -> Iterator[tuple[Chunk, T]]:
        """Does the task for each chunk of ballot numbers; yields chunks and what became of them, in order."""
        if self._pool is None:
            yield from ((chunk, task(self.maker, chunk)) for chunk in chunks)
            return
        waiting: deque[tuple[Chunk, Future[T]]] = deque()
        for chunk in chunks:
            waiting.append((chunk, self._pool.submit(_work, task, chunk)))
            if len(waiting) > IN_FLIGHT * self._processes:
                done, future = waiting.popleft()
                yield done, future.result()
        for done, future in waiting:
            yield done, future.result()


def _start(plan: Plan, keys: tuple[int, bytes, bytes]) -> None:
    global _maker
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process of a terminal: the first one ends the others
    _maker = BallotMaker(plan, *keys)


def _work(task: Callable[[BallotMaker, Chunk], T], chunk: Chunk) -> T:
    return task(_maker, chunk)
