"""The distribution, and verifier.pyz: one file, the same bytes from the same sources wherever and whenever it is built."""

import hashlib
import importlib.metadata
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("engine", "verifier", "api", "cli")


def build(root: Path, output: Path, umask: int = 0o022) -> bytes:
    command = [sys.executable, str(root / "run"), "verifier", "--output", str(output)]
    finished = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root, umask=umask)
    content = output.read_bytes()
    assert finished.stdout == f"{hashlib.sha256(content).hexdigest()}  {output.name}\n"
    return content


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("built") / "verifier.pyz"
    build(ROOT, output)
    return output


def test_two_builds_of_the_verifier_are_the_same_bytes(verifier: Path, tmp_path: Path) -> None:
    assert build(ROOT, tmp_path / "another.pyz") == verifier.read_bytes()


def test_a_build_elsewhere_at_another_time_is_the_same_bytes(verifier: Path, tmp_path: Path) -> None:
    copy = tmp_path / "a copy of the sources"
    copy.mkdir()
    shutil.copy(ROOT / "run", copy / "run")
    shutil.copytree(ROOT / "verifier", copy / "verifier", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "verifier" / "__pycache__").mkdir()
    (copy / "verifier" / "__pycache__" / "report.cpython-399.pyc").write_bytes(b"left over")
    for path in copy.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o640)
        os.utime(path, (86400 * 365 * 40, 86400 * 365 * 40))
    assert build(copy, copy / "verifier.pyz", umask=0o077) == verifier.read_bytes()


def test_the_verifier_holds_its_own_sources_and_nothing_of_the_machine(verifier: Path) -> None:
    with zipfile.ZipFile(verifier) as archive:
        names = archive.namelist()
        assert names == sorted(names)
        own = {path.relative_to(ROOT).as_posix() for path in (ROOT / "verifier").rglob("*.py")}
        assert set(names) == own | {"__main__.py"}
        for entry in archive.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.external_attr >> 16 == stat.S_IFREG | 0o644
        for name in own:
            assert archive.read(name) == (ROOT / name).read_bytes()
    content = verifier.read_bytes()
    for place in {str(ROOT), str(Path.home()), sys.prefix, sys.base_prefix}:
        assert len(place) < 5 or place.encode() not in content, f"{place} is in verifier.pyz"


@pytest.mark.skipif(not (ROOT / "verifier" / "__main__.py").exists(), reason="the verifier has no command line yet")
def test_the_verifier_starts_on_the_standard_library_alone(verifier: Path, tmp_path: Path) -> None:
    """-I and -S: no environment variable, no folder of the user's, no installed package."""
    command = [sys.executable, "-I", "-S", str(verifier), "--help"]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, env={})
    assert (finished.returncode, finished.stderr) == (0, "")
    assert "RECORD" in finished.stdout.upper()


@pytest.mark.skipif(not (ROOT / "verifier" / "__main__.py").exists(), reason="the verifier has no command line yet")
def test_a_record_that_is_not_there_is_unreadable_and_no_traceback(verifier: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", str(verifier), str(tmp_path / "nothing here")]
    finished = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert finished.returncode == 2
    assert "Traceback" not in finished.stdout + finished.stderr


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert importlib.metadata.version("psephos") == project["version"]
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for found in re.findall(r'^__version__ *(?::[^=]*)?= *["\'](.*)["\']', path.read_text(encoding="utf-8"), re.MULTILINE):
                assert found == project["version"], path
    changelog = ROOT / "CHANGELOG.md"
    if changelog.exists():
        assert project["version"] in changelog.read_text(encoding="utf-8") or "Unreleased" in changelog.read_text(encoding="utf-8")


def test_the_four_packages_are_installed_and_no_others() -> None:
    provided = importlib.metadata.packages_distributions()
    ours = {name for name, distributions in provided.items() if "psephos" in distributions and not name.startswith("__editable__")}
    assert ours - {"montgomery"} <= set(PACKAGES)


def test_the_wheel_has_the_pages_as_they_were_built_last_and_reads_them(tmp_path: Path) -> None:
    """In a copy without what is compiled, and with pages of the test's own. A wheel is what every other installation is made from."""
    source = tmp_path / "source"
    for name in PACKAGES:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "setup.py", "README.md"):
        shutil.copy(ROOT / name, source / name)

    def installed() -> tuple[Path, list[str]]:
        output = Path(tempfile.mkdtemp(dir=tmp_path))
        offline = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
        command = [sys.executable, "-m", "pip", "wheel", *offline, "--wheel-dir", str(output), "."]
        subprocess.run(command, cwd=source, check=True, capture_output=True)
        (wheel,) = output.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(output / "there")
        program = "from api.pages import *; made = pages_folder(); print(made, *read_pages(made).files, sep='\\n')"
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, cwd="/", env={"PYTHONPATH": str(output / "there")}, check=True, capture_output=True, text=True)
        folder, *found = done.stdout.splitlines()
        assert folder == str(output / "there" / "api" / "web")
        return Path(folder), found

    assert installed()[1] == []
    built = source / "web" / "dist"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_bytes(b"a page")
    (source / "web" / "src").mkdir()
    (source / "web" / "src" / "main.ts").touch()
    (built / "assets" / "main-1.js").touch()
    assert installed()[1] == ["index.html", "assets/main-1.js"]
    (built / "assets" / "main-1.js").rename(built / "assets" / "main-2.js")
    folder, found = installed()
    assert found == ["index.html", "assets/main-2.js"]
    assert (folder / "index.html").read_bytes() == b"a page"
    assert not [path for path in folder.parents[1].rglob("*") if path.suffix == ".ts"]


def test_where_this_folder_itself_is_installed_the_pages_are_those_built_here() -> None:
    """From elsewhere, as a service is started: the installation that the tests run in is of this kind."""
    command = [sys.executable, "-c", "from api.pages import pages_folder; print(pages_folder())"]
    done = subprocess.run(command, cwd="/", check=True, capture_output=True, text=True)
    assert Path(done.stdout.strip()) == ROOT / "web" / "dist"


def test_migrations_are_installed_with_the_packages_they_belong_to() -> None:
    """Where the project is not installed from this folder, what the configuration leaves out is missing."""
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    patterns = configured["package-data"]["*"]
    found = sorted((ROOT / "api").rglob("migrations/*.py"))
    assert len(found) >= 6
    for path in found:
        package = path.parent.parent
        assert (package / "__init__.py").exists()
        assert any(path.relative_to(package).match(pattern) for pattern in patterns)


def test_every_locked_package_has_a_hash_and_no_address() -> None:
    for path in [*(ROOT / "requirements").glob("*.txt"), ROOT / "benchmarks" / "peer" / "requirements.txt"]:
        content = path.read_text(encoding="utf-8")
        assert "://" not in content
        assert "index-url" not in content
        packages = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", content, re.MULTILINE | re.DOTALL)
        assert packages
        for package in packages:
            assert re.match(r"[a-z0-9._-]+==\S+", package), package
            assert "--hash=sha256:" in package, package


def test_what_runs_the_core_is_locked_alike_for_tests() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[a-z0-9._-]+==\S+", (ROOT / "requirements" / name).read_text(encoding="utf-8"), re.MULTILINE))

    assert pins("core.txt") <= pins("dev.txt")


def test_run_teaches_and_refuses_what_it_does_not_know() -> None:
    taught = subprocess.run([sys.executable, str(ROOT / "run"), "--help"], capture_output=True, text=True, check=True, cwd="/")
    for command in ("demo", "psephos", "verifier", "test", "check", "sanitize", "bench", "lock"):
        assert command in taught.stdout
    unknown = subprocess.run([sys.executable, str(ROOT / "run"), "sing"], capture_output=True, text=True, check=False, cwd="/")
    assert unknown.returncode == 2
    assert "'sing'" in unknown.stderr
