"""Checks of the machine and the process: account, memory that reaches a disk, clock, packages."""

import re
from collections.abc import Iterator
from pathlib import Path

from api.doctor.finding import Check, Finding, Place

__all__ = ["CHECKS"]


def account(place: Place) -> Iterator[Finding]:
    """Who this runs as, and what others may do with its new files."""
    if place.machine.uid == 0:
        fix = "run services as accounts of their own (deploy/systemd has units), and this as one of them"
        yield Finding("root", "this runs as root", fix)
    if place.machine.umask & 0o077 != 0o077:
        found = f"the umask is {place.machine.umask:04o}: others may read new files"
        yield Finding("umask", found, "UMask=0077 in the unit, or `umask 077` before the command")


def memory(place: Place) -> Iterator[Finding]:
    """Ways by which keys in memory get onto a disk."""
    if place.machine.core_limit != 0:
        yield Finding("core-dumps", "a crash writes the memory, keys included, to a disk", "LimitCORE=0 in the unit, or `ulimit -c 0`")
    pattern = place.machine.core_pattern
    if pattern.startswith("|") and "systemd-coredump" not in pattern:
        found = f"crashes are handed to {pattern[1:].split()[0] if pattern[1:].split() else 'a program'}, whatever the limit says"
        yield Finding("core-handler", found, "sysctl -w kernel.core_pattern=core, or remove that program", warning=True)
    for device in place.machine.swaps:
        fix = f"swapoff {device} and take it out of /etc/fstab, or put it under dm-crypt with a random key (crypttab: swap)"
        yield Finding("open-swap", f"memory may be written in clear to the swap {device}", fix, warning=True)


def clock(place: Place) -> Iterator[Finding]:
    """The clock that opens and closes ballots."""
    newest = max((_written(folder) for folder in place.machine.code), default=0.0)
    if place.machine.now < newest - 86_400:
        found = "the machine's clock is before the day its programs were installed"
        yield Finding("wrong-clock", found, "timedatectl set-ntp true; then compare `date -u` with another clock")
    if place.machine.synchronised is False:
        fix = "timedatectl set-ntp true, or chrony with several sources; `timedatectl timesync-status` shows whether it works"
        yield Finding("clock-not-synchronised", "the kernel says that no time service sets its clock", fix)
    elif place.machine.synchronised is None:
        found = "the kernel does not say whether a time service sets its clock"
        yield Finding("clock-unknown", found, "look with `timedatectl`", warning=True)


def packages(place: Place) -> Iterator[Finding]:
    """Packages other than those that were locked and tested (SV-27)."""
    if place.lock is None:
        return
    again = f"pip install --require-hashes --only-binary :all: -r {place.lock}"
    try:
        content = place.lock.read_text(encoding="utf-8")
    except OSError as error:
        yield Finding("no-lock", f"{place.lock}: {error.strerror}", "name the file requirements/core.txt of this version")
        return
    for name, version, marker in re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)([^\n]*)", content, re.MULTILINE):
        installed = place.machine.packages.get(name.replace("_", "-").replace(".", "-"))
        if installed is None and ";" not in marker:
            yield Finding("package-missing", f"the package {name} {version} is not installed", again)
        elif installed is not None and installed != version:
            yield Finding("other-package", f"the package {name} is installed as {installed}, locked as {version}", again)


def _written(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0


CHECKS: tuple[Check, ...] = (account, memory, clock, packages)
