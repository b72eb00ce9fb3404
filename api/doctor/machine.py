"""What the checks need to know of the machine, asked without changing anything and without the network."""

import ctypes
import importlib.metadata
import os
import resource
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from api.pages import pages_folder

__all__ = ["Machine"]

_MOUNTS = Path("/proc/self/mountinfo")
_UNSYNCHRONISED = 0x40  # STA_UNSYNC of adjtimex(2)
_STATUS_AT = 40  # bytes: where `status` stands in struct timex on 64 bits


@dataclass(frozen=True, slots=True)
class Machine:
    """Answers about the machine and this process; `synchronised` None: unknown. `free` gives bytes and a share of 1, `filesystem` a type,
    `users_of` the processes that have a file open, `packages` the versions that are installed; `pages` is the folder of voters' pages."""

    uid: int
    umask: int
    cores: int
    core_limit: int
    core_pattern: str
    swaps: Sequence[str]
    synchronised: bool | None
    now: float
    code: Sequence[Path]
    free: Callable[[Path], tuple[int, float]]
    filesystem: Callable[[Path], str]
    users_of: Callable[[Path], frozenset[int]]
    packages: Mapping[str, str]
    pages: Path

    @classmethod
    def this(cls) -> "Machine":
        """The one this runs on."""
        import time

        return cls(
            uid=os.geteuid(),
            umask=_umask(),
            cores=len(os.sched_getaffinity(0)),
            core_limit=resource.getrlimit(resource.RLIMIT_CORE)[0],
            core_pattern=_text(Path("/proc/sys/kernel/core_pattern")).strip(),
            swaps=_open_swaps(),
            synchronised=_is_synchronised(),
            now=time.time(),
            code=[Path(each) for each in sys.path if each and Path(each).is_dir()] + [Path(__file__).parents[1]],
            free=_free,
            filesystem=_filesystem,
            users_of=_users_of,
            pages=pages_folder(),
            packages={_canonical(each.name): each.version for each in importlib.metadata.distributions() if each.name},
        )


def _umask() -> int:
    before = os.umask(0o077)
    os.umask(before)
    return before


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _canonical(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _open_swaps() -> list[str]:
    """Swap that is written to a disk in clear: not memory (zram), and not under dm-crypt."""
    found = []
    for line in _text(Path("/proc/swaps")).splitlines()[1:]:
        device = Path(line.split()[0]) if line.split() else None
        if device is None or device.name.startswith("zram"):
            continue
        if not _text(Path("/sys/block") / device.resolve().name / "dm" / "uuid").startswith("CRYPT-"):
            found.append(str(device))
    return found


def _is_synchronised() -> bool | None:
    """What the kernel knows: whoever sets its clock by a time service says so there (adjtimex, which reads only with modes = 0)."""
    try:
        times = ctypes.create_string_buffer(512)
        state = ctypes.CDLL(None, use_errno=True).adjtimex(times)
    except (OSError, AttributeError):
        return None
    if state < 0 or sys.maxsize < 2**32:
        return None
    status = int.from_bytes(times.raw[_STATUS_AT : _STATUS_AT + 4], sys.byteorder)
    return not status & _UNSYNCHRONISED


def _free(path: Path) -> tuple[int, float]:
    usage = shutil.disk_usage(path)
    return usage.free, usage.free / usage.total


def _filesystem(path: Path) -> str:
    """The type of the file system that a path is on, or nothing."""
    best, kind = "", ""
    for line in _text(_MOUNTS).splitlines():
        before, _, after = line.partition(" - ")
        mounted = before.split()[4].replace("\\040", " ")
        if (path.resolve().is_relative_to(mounted)) and len(mounted) >= len(best):
            best, kind = mounted, after.split()[0]
    return kind


def _users_of(path: Path) -> frozenset[int]:
    """As far as this account may look."""
    wanted, found = str(path.resolve()), set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(each) == wanted for each in (process / "fd").iterdir()):
                found.add(int(process.name))
        except OSError:
            continue
    return frozenset(found - {os.getpid()})
