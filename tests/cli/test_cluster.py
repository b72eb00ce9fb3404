"""`psephos verify --cluster`: a real scheduler and real workers, each a process of its own, on this machine."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.cluster import _is_no_cancelling
from tests.forging import BALLOTS, KEY, STANDARD, YES_NO, Files, Forger, write

pytest.importorskip("distributed")

ROOT = Path(__file__).parents[2]
QUIET = {"DASK_LOGGING__DISTRIBUTED": "error", "PYTHONWARNINGS": "default"}
DIES = """
import os, signal
from verifier import work
work.check_chunk = lambda context, chunk, kill=os.kill, me=os.getpid(), how=signal.SIGKILL: kill(me, how)
"""
READS_ANOTHER = """
from pathlib import Path
from verifier import work
work.open_record = lambda folder, *rest, original=work.open_record, other=Path({other!r}), **how: original(other, *rest, **how)
"""
Worker = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def files() -> Files:
    forger = Forger(STANDARD, 12, n=1, k=1, contests=(YES_NO,), styles=((1,),))
    return forger.files(forger.sheets([("Cast", 1, {1: (1, 0, 0)})] * 30 + [("Challenged", 1, {1: (0, 0, 1)})] * 2))


@pytest.fixture(scope="module")
def record(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("cluster") / "record", files)


@contextmanager
def started(*arguments: object) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen([sys.executable, "-m", *map(str, arguments)], cwd=ROOT, env=os.environ | QUIET, text=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file that says where the scheduler is."""
    place = tmp_path_factory.mktemp("scheduler") / "scheduler.json"
    with started("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", 0, "--no-dashboard", "--no-show", "--scheduler-file",
                 place) as process:  # fmt: skip
        until(lambda: place.exists() and place.stat().st_size > 0, process)
        yield place


def until(ready: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    """Waits for a process that starts."""
    deadline = time.monotonic() + 60
    while not ready():
        assert process.poll() is None, "it has ended"
        assert time.monotonic() < deadline, "it does not start"
        time.sleep(0.05)


@contextmanager
def worker(scheduler: Path, folder: Path, name: str, preload: str = "") -> Iterator["subprocess.Popen[str]"]:
    """A worker; it opens the record for itself like one on another machine."""
    options: list[object] = ["--nthreads", 1, "--no-nanny", "--no-dashboard", "--host", "127.0.0.1", "--local-directory", folder / name]
    if preload:
        (folder / f"{name}.py").write_text(preload)
        options += ["--preload", folder / f"{name}.py"]
    with started("distributed.cli.dask_worker", "--scheduler-file", scheduler, "--name", name, *options) as process:
        yield process


@pytest.fixture(scope="module")
def workers(scheduler: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("workers")
    with worker(scheduler, folder, "one"), worker(scheduler, folder, "two"):
        yield


def verify(record: Path, scheduler: Path, at_least: int, *options: str) -> subprocess.CompletedProcess[str]:
    """The command, once so many workers are there."""
    address = json.loads(scheduler.read_text())["address"]
    program = (
        "import sys; from distributed import Client\n"
        f"address = {address!r}\n"
        "with Client(address, set_as_default=False) as client:\n"
        f"    client.wait_for_workers({at_least}, timeout=60)\n"
        "from cli.__main__ import main\n"
        "sys.argv = ['psephos', 'verify', *sys.argv[1:], '--cluster', address]; main()\n"
    )
    command = [sys.executable, "-c", program, str(record), "--key", KEY.hex(), *options]
    return subprocess.run(command, cwd=ROOT, env=os.environ | QUIET, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.usefixtures("workers")
def test_a_cluster_finds_what_one_process_finds(record: Path, files: Files, scheduler: Path, tmp_path: Path) -> None:
    alone = subprocess.run([sys.executable, "-m", "verifier", record, "--key", KEY.hex(), "--processes", "1"], cwd=ROOT,
                           capture_output=True, text=True, check=True)  # fmt: skip
    together = verify(record, scheduler, 2, "--resume", str(tmp_path / "journal"))
    assert (together.returncode, together.stdout, together.stderr) == (0, alone.stdout, "")
    lines = [dict(line) for line in files[BALLOTS]]
    lines[20]["h_i"] = "0" * 64
    false = verify(write(tmp_path / "false", {**files, BALLOTS: lines}), scheduler, 2)
    assert (false.returncode, false.stderr) == (1, "")
    assert "ballots/device_1.jsonl, line 21: H_I = H(H_E; 0x20, id_B)" in false.stdout


@pytest.mark.usefixtures("workers")
def test_a_worker_that_is_killed_loses_nothing(record: Path, scheduler: Path, tmp_path: Path) -> None:
    with worker(scheduler, tmp_path, "dies", DIES) as dying:
        done = verify(record, scheduler, 3, "--quiet")
        assert (done.returncode, done.stdout) == (0, "VERIFIED\n"), done.stderr
        assert dying.wait() == -signal.SIGKILL


@pytest.mark.usefixtures("workers")
def test_a_worker_that_finds_another_record_is_named(record: Path, scheduler: Path, tmp_path: Path) -> None:
    forger = Forger(STANDARD, 13, n=1, k=1, contests=(YES_NO,), styles=((1,),))
    other = write(tmp_path / "other", forger.files(forger.sheets([("Cast", 1, {1: (1, 0, 0)})])))
    with worker(scheduler, tmp_path, "other", READS_ANOTHER.format(other=str(other))):
        done = verify(record, scheduler, 3)
        assert (done.returncode, done.stderr) == (2, "")
        assert "the record at this place is another one" in done.stdout


def test_a_cluster_that_is_not_there_is_an_error_in_one_line(record: Path) -> None:
    program = (
        "import sys\n"
        "from cli.cluster import connect\n"
        "from verifier.__main__ import main\n"
        "for address in sys.argv[2:]: print(main([sys.argv[1], '--cluster', address], 'psephos verify', connect))\n"
    )
    addresses = ["tcp://127.0.0.1:1", "nonsense", "tcp://x:y"]
    done = subprocess.run([sys.executable, "-c", program, str(record), *addresses], cwd=ROOT, env=os.environ | QUIET,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.stdout == "2\n2\n2\n"
    assert [line.rpartition(": ")[0] for line in done.stderr.splitlines()] == [f"cluster: {address}" for address in addresses]


def test_without_the_package_the_command_says_what_to_install(record: Path) -> None:
    program = (
        "import sys; sys.modules['distributed'] = None\n"
        "from cli.__main__ import main\n"
        "sys.argv = ['psephos', 'verify', sys.argv[1], '--cluster', 'tcp://127.0.0.1:1']; main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(record)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "cluster: the package distributed is missing; pip install psephos[cluster]\n")


def test_what_the_library_says_is_shown_unless_a_task_was_called_off() -> None:
    def told(error: Exception | None) -> logging.LogRecord:
        given = (type(error), error, None) if error else None
        return logging.LogRecord("tornado.application", logging.ERROR, "", 0, "Exception in callback", (), given)

    assert [_is_no_cancelling(told(error)) for error in (CancelledError(), OSError("a mistake"), None)] == [False, True, True]
