"""Whether the extension is there, and that everything is installed and works where it isn't."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

try:
    import montgomery
except ImportError:
    montgomery = None

ROOT = Path(__file__).resolve().parents[2]


def can_compile() -> bool:
    headers = Path(sysconfig.get_path("include")) / "Python.h"
    return shutil.which(os.environ.get("CC", "cc")) is not None and headers.exists()


def test_with_a_compiler_and_headers_the_extension_is_built() -> None:
    if not can_compile():
        pytest.skip("no C compiler or no Python header files on this machine: the native arithmetic is not built, and gmpy2 does its work")
    assert montgomery is not None, "there are a compiler and Python.h, but no montgomery: delete .venv, run again, and look into .venv.log"


def test_the_sanitizers_check_the_build_that_they_were_asked_for() -> None:
    if montgomery is None:
        pytest.skip("the native arithmetic is not built on this machine")
    assert bool(montgomery.SANITIZED) is ("PSEPHOS_SANITIZED" in os.environ)


def test_the_extension_keeps_to_the_stable_interface() -> None:
    """One file for every Python from 3.11 on."""
    if montgomery is None:
        pytest.skip("the native arithmetic is not built on this machine")
    assert montgomery.__file__.endswith((".abi3.so", ".pyd"))


@pytest.mark.parametrize("lacking", ["a compiler that works", "any compiler", "Python's headers"])
def test_the_extension_may_be_missing(lacking: str, tmp_path: Path) -> None:
    """`build_ext` is what an installation runs; without a compiler or headers it ends well, and with nothing."""
    if "PSEPHOS_SANITIZED" in os.environ:
        pytest.skip("nothing of this runs in the extension")
    environment = dict(os.environ)
    if lacking == "a compiler that works":
        environment["CC"] = shutil.which("false") or "/bin/false"
    elif lacking == "any compiler":
        environment.pop("CC", None)
        environment["PATH"] = str(tmp_path)
    else:
        empty = tmp_path / "Python.h"
        empty.write_text('#error "no headers"\n', encoding="utf-8")
        environment["CFLAGS"] = f"-I{tmp_path}"
    command = [sys.executable, "setup.py", "-q", "build_ext", "--build-lib", str(tmp_path / "lib"), "--build-temp", str(tmp_path / "temp")]
    finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert not list((tmp_path / "lib").rglob("montgomery*"))
