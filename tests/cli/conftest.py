"""What makes the command line quick enough to test: a cheap key derivation and impatient waiting."""

import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli import exchange, keystore
from tests.cli.folders import Count, Room, finished_room, voted_room


def cheap(patch: pytest.MonkeyPatch) -> None:
    for name, value in (("MEMORY", 32), ("ITERATIONS", 1), ("LANES", 1)):  # several lanes in several threads at once are refused
        patch.setattr(keystore, name, value)
    patch.setattr(os, "fsync", lambda _: None)  # no power fails during a test


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cheap(monkeypatch)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(exchange, "POLL", 0.002)
    monkeypatch.setattr(exchange, "time", SimpleNamespace(sleep=partial(sleep, time.monotonic() + 60)))


def sleep(deadline: float, seconds: float) -> None:
    """So that a test of somebody who waits for ever ends."""
    time.sleep(seconds)
    assert time.monotonic() < deadline, "somebody waits for ever"


@pytest.fixture(scope="session")
def _finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    with pytest.MonkeyPatch.context() as patch:
        cheap(patch)
        yield finished_room(tmp_path_factory.mktemp("finished"), 4, 2)


@pytest.fixture(scope="session")
def _voted(tmp_path_factory: pytest.TempPathFactory, _finished: Room) -> Count:
    return voted_room(_finished.copy(tmp_path_factory.mktemp("voted") / "room"))


@pytest.fixture
def finished(tmp_path: Path, _finished: Room) -> Room:
    """Four trustees, two needed, after the ceremony; a copy of its own."""
    return _finished.copy(tmp_path / "finished")


@pytest.fixture
def voted(tmp_path: Path, _voted: Count) -> Count:
    """The same after the close: four ballots cast, one challenged, one discounted."""
    return _voted.copy(tmp_path / "voted")
