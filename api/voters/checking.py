"""Checks the proofs of ballots in processes of their own, so that the service goes on answering; refuses when too many are waiting."""

import asyncio
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache

from api import logs
from api.errors import Overloaded
from api.voters import ballot_box
from api.voters.ballot_box import Checked
from api.voters.window import PublicElection, Window
from engine.encoding import from_json
from engine.group import STANDARD, Group
from engine.parameters import Election

__all__ = ["Checker"]

_RETRY_AFTER = 5


class Checker:
    """`processes` processes, and at most `waiting` ballots that are checked or wait for it."""

    def __init__(self, processes: int, waiting: int) -> None:
        self._processes, self._waiting, self._now = processes, waiting, 0
        self._pool = self._new_pool()

    async def check(self, window: Window, content: bytes, style: int) -> Checked:
        """As `ballot_box.check`. Raises Invalid, or Overloaded if too many are waiting."""
        return await self._run(_check, window, content, style)

    async def check_challenged(self, window: Window, content: bytes, opening: bytes, style: int) -> Checked:
        """As `ballot_box.check_challenged`. Raises Invalid, or Overloaded if too many are waiting."""
        return await self._run(_check_challenged, window, content, opening, style)

    @property
    def now(self) -> int:
        """How many ballots are checked or wait for it at this moment."""
        return self._now

    async def warm_up(self) -> None:
        """Starts all processes and has them ready, so that the first voters don't wait for it."""
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(self._pool, _warm_up) for _ in range(self._processes)))

    def close(self) -> None:
        """Ends the processes."""
        self._pool.shutdown(cancel_futures=True)

    async def _run(self, task: Callable[..., Checked], window: Window, *arguments: bytes | int) -> Checked:
        if self._now >= self._waiting:
            raise Overloaded("too many ballots are being checked at this moment; nothing was stored, please send yours again", _RETRY_AFTER)
        self._now += 1
        try:
            for _ in range(2):
                pool = self._pool
                try:
                    running = asyncio.get_running_loop().run_in_executor(pool, task, window.public, window.election.group, *arguments)
                    return await running
                except BrokenProcessPool:  # a process was killed: new ones check what it was checking
                    if pool is self._pool:
                        self._pool = self._new_pool()
                        pool.shutdown(wait=False)
            raise Overloaded("the ballot could not be checked; nothing was stored, please send it again", _RETRY_AFTER)
        finally:
            self._now -= 1

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._processes, multiprocessing.get_context("spawn"), _start)


def _start() -> None:
    """In each process: it leaves interrupts to the service, and ends with it, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logs.configure("checking")
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: "multiprocessing.process.BaseProcess") -> None:
    parent.join()
    os._exit(1)


def _warm_up() -> None:
    """Imports are done by now; the table of the generator is made on its first power."""
    STANDARD.g ** STANDARD.scalar(1)
    time.sleep(0.2)  # so that each of the processes gets one of these


@lru_cache(maxsize=8)
def _election(public: bytes, group: Group) -> Election:
    return from_json(PublicElection, public, group).election(group)


def _check(public: bytes, group: Group, content: bytes, style: int) -> Checked:
    return ballot_box.check(content, style, _election(public, group))


def _check_challenged(public: bytes, group: Group, content: bytes, opening: bytes, style: int) -> Checked:
    return ballot_box.check_challenged(content, opening, style, _election(public, group))[0]
