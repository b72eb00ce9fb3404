"""One verification of a record in a process of its own, measured: the program, and the function that starts it.

A process of its own has remembered nothing, uses the arithmetic it is told to, and shows how much memory it took.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Way:
    """A way to verify: with which arithmetic, with hints or without, by how many processes, and of what kind they are."""

    arithmetic: str
    hints: bool
    processes: int = 1
    dask: bool = False

    def __str__(self) -> str:
        how = f"{'batch, hints' if self.hints else 'plain'}, {self.arithmetic}"
        return how + (f", {self.processes} {'Dask workers' if self.dask else 'processes'}" if self.processes > 1 else "")


def verify(record: Path, way: Way) -> dict[str, Any]:
    """Verifies it once: seconds, CPU seconds, largest memory in MB, the arithmetic in words, multiplications and the CPU seconds of
    products of powers where they are counted, and how many cores other programs kept busy meanwhile."""
    command = [sys.executable, "-m", "benchmarks.verification", str(record), "--processes", str(way.processes)]
    command += ["--hints"] * way.hints + ["--dask"] * way.dask
    environment = os.environ | {"PSEPHOS_ARITHMETIC": way.arithmetic}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{record}, {way}: the verification ended with status {done.returncode}")
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


def main() -> int:
    """Prints the figures as one line of JSON. Exit status 1 if the record does not verify."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("record", type=Path)
    parser.add_argument("--hints", action="store_true")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--dask", action="store_true", help="the processes are Dask's")
    options = parser.parse_args()
    from verifier import choice
    from verifier.arithmetic import STANDARD, Group
    from verifier.verify import verify_record

    record: Path = options.record
    key = bytes.fromhex(record.with_name(record.name + ".key").read_text(encoding="ascii"))
    more = {"hints": record.with_name(record.name + ".hints")} if options.hints else {}
    kernels = Kernels(Group) if options.processes == 1 else None
    before = cpu()
    with dask(options.processes) if options.dask else nullcontext() as executor:
        if executor is not None:
            more["executor"] = executor
        others, started = busy() - cpu(), time.perf_counter()
        report = verify_record(record, key, options.processes, **more)
        seconds = time.perf_counter() - started
        others = busy() - cpu() - others
    native = choice.native(STANDARD.p, STANDARD.q)
    memory = max(own_memory(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
    print(json.dumps({
        "seconds": seconds, "cpu": cpu() - before, "memory": memory / 1024, "arithmetic": choice.in_use(),
        "ballots": report.ballots.total(),
        "others": max(0.0, others / seconds),
        "multiplications": None if native is None or options.processes > 1 else getattr(native, "multiplications", None),
        "multi_powers": None if kernels is None else kernels.seconds,
        "batched": "tested together" in report.text(),
    }))  # fmt: skip
    if not report.verified:
        print(report.text(), file=sys.stderr)
    return 0 if report.verified else 1


class Kernels:
    """Adds up the CPU seconds that a group's products of powers take, in this process."""

    def __init__(self, group: Any) -> None:
        self.seconds = 0.0
        whole = group.multi_power

        def multi_power(*arguments: Any) -> Any:
            started = time.process_time()
            try:
                return whole(*arguments)
            finally:
                self.seconds += time.process_time() - started

        group.multi_power = multi_power


def busy() -> float:
    """CPU seconds of all programs together since the machine started; 0 where that is not known."""
    try:
        user, nice, system, _, _, interrupts, more = Path("/proc/stat").read_text(encoding="ascii").split()[1:8]
    except (OSError, ValueError):
        return 0.0
    return sum(map(int, (user, nice, system, interrupts, more))) / os.sysconf("SC_CLK_TCK")


def own_memory() -> int:
    """Largest memory of this process so far in KiB: not ru_maxrss, which begins with that of the process it was started from."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def cpu() -> float:
    """Seconds of CPU time of this process and of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@contextmanager
def dask(processes: int) -> Iterator[Any]:
    """An executor of as many single-threaded Dask workers on this machine."""
    os.environ.setdefault("DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED", "False")  # its profiler would take 7 %
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=processes, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        yield client.get_executor()


if __name__ == "__main__":
    sys.exit(main())
