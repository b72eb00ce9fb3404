"""What the figures were measured on: the processor, Python, and whether GMP knows the processor.

GMP as gmpy2 brings it holds code for many processors and chooses when it is first used. What it chose can be looked up: its table of
functions is in memory, and the name of each function ends with the processor it was written for.
"""

import ctypes
import functools
import os
import platform
import re
from collections import Counter
from pathlib import Path

GENERIC = {"x86_64", "fat", "k8", "init"}  # written for any processor, or for the first of all
ENTRIES = 64  # more than the table has


@functools.cache
def processor() -> str:
    """Its name, with family and model where it has them."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    found: dict[str, str] = {}
    for line in lines:
        key, _, value = line.partition(":")
        found.setdefault(key.strip(), value.strip())
    if "model name" not in found:
        return platform.machine()
    return f"{found['model name']}, family {found.get('cpu family', '?')}, model {found.get('model', '?')}"


@functools.cache
def gmp_code() -> tuple[str | None, str]:
    """For which processor GMP's chosen code was written ("" if generic, None if that can't be found out); and how it was found out."""
    try:
        import gmpy2
    except ImportError:
        return None, "gmpy2 is not installed"
    gmpy2.powmod(3, 5, 7)  # it has chosen by now
    _ = gmpy2.mpz(1 << 8192) * gmpy2.mpz(3 << 8192)
    try:
        paths = {line.split()[-1] for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines() if "/libgmp" in line}
        library = ctypes.CDLL(min(path for path in paths if Path(path).name.startswith("libgmp")))
        table = (ctypes.c_void_p * ENTRIES).in_dll(library, "__gmpn_cpuvec")
        names = _function_names(min(paths), library)
    except (OSError, ValueError):
        return None, "its table of functions could not be found (a GMP built for one processor has none)"
    endings = (re.search(r"_(x86_64|[a-z0-9]+)$", names[address]) for address in table if address in names)
    chosen = Counter(ending[1] for ending in endings if ending)
    special = {name: count for name, count in chosen.items() if name not in GENERIC}
    listed = ", ".join(f"{name} {count}" for name, count in chosen.most_common())
    return (max(special, key=lambda name: special[name]) if special else ""), f"functions in its table, by processor: {listed}"


def _function_names(path: str, library: ctypes.CDLL) -> dict[int, str]:
    """Addresses of the functions whose names end with a processor: every name in the file is tried."""
    content = Path(path).read_bytes()
    names = {name.decode() for name in re.findall(rb"__gmpn_[a-z0-9_]+", content)}
    found: dict[int, str] = {}
    for name in sorted(names):
        try:
            address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
        except AttributeError:
            continue
        if address:
            found[address] = name
    return found


def gmp_in_words() -> str:
    """One line about it."""
    code, how = gmp_code()
    if code is None:
        return f"whether GMP knows this processor is unknown: {how}"
    if code == "":
        return f"GMP does not know this processor and runs its generic code ({how}): figures with gmpy2 and of the peer are slow"
    return f"GMP knows this processor, or takes it for one it knows: it runs its code for {code} ({how})"


def description() -> dict[str, object]:
    """Everything, for the files of results."""
    code, how = gmp_code()
    return {
        "processor": processor(), "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": platform.python_version(), "system": platform.system(), "gmp_code": code, "gmp_found_by": how,
        "load": round(os.getloadavg()[0], 2),
    }  # fmt: skip
