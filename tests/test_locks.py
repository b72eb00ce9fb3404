"""Nothing is installed that is not named by its hash (SV-27)."""

import contextlib
import importlib.machinery
import importlib.util
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ["requirements/core.txt", "requirements/dev.txt", "benchmarks/peer/requirements.txt"]


def pins(name: str) -> dict[str, list[str]]:
    """The requirements of a lock file: each with its hashes."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found = {}
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            requirement, *hashes = re.split(r"\s+--hash=", line.strip())
            found[requirement] = [each.strip() for each in hashes]
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_sv27_every_requirement_is_one_version_with_its_hashes(name: str) -> None:
    found = pins(name)
    assert len(found) > 5
    for requirement, hashes in found.items():
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==[^\s;*]+", requirement), requirement
        assert hashes, requirement
        assert all(re.fullmatch("sha256:[0-9a-f]{64}", each) for each in hashes), requirement
        assert not re.search(r"://| @ |^-e|^-r|--index|--extra-index|--find-links", requirement), requirement


def test_sv27_what_the_project_asks_for_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name, extras in (("requirements/core.txt", ("api",)), ("requirements/dev.txt", ("api", "cluster", "dev"))):
        wanted = project["dependencies"] + [each for extra in extras for each in project["optional-dependencies"][extra]]
        locked = {re.split(r"[=\[]", each)[0].lower() for each in pins(name)}
        names = {re.split(r"[>=\[ ]", each)[0].lower() for each in wanted} - {"psephos"}
        assert names - locked == set(), name


def test_sv27_nothing_is_installed_without_hashes_but_this_project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What ./run hands to pip: locked files with their hashes and built packages alone; or this project, from here, and no index."""
    loader = importlib.machinery.SourceFileLoader("run_of_project", str(ROOT / "run"))
    spec = importlib.util.spec_from_loader("run_of_project", loader)
    assert spec is not None
    program: Any = importlib.util.module_from_spec(spec)
    loader.exec_module(program)
    ran: list[list[str]] = []
    monkeypatch.setattr(program, "logged", lambda command, *_, **__: ran.append([str(each) for each in command]))
    monkeypatch.setattr(program, "ENVIRONMENT", tmp_path / "venv")
    monkeypatch.setattr(program, "ROOT", tmp_path)
    monkeypatch.setattr(program, "sources_hash", lambda: "")
    monkeypatch.setattr(program, "is_ready", lambda _: False)
    (tmp_path / "venv").mkdir()
    for extent in ("core", "dev"):
        with contextlib.suppress(OSError):  # nothing is in the environment that was not made
            program.prepare(extent)
        (tmp_path / "venv").mkdir(exist_ok=True)
    installs = [each for each in ran if "install" in each]
    assert len(installs) >= 2
    for command in installs:
        if "-e" in command:
            assert {"--no-index", "--no-deps", "--no-build-isolation"} <= set(command)
        else:
            assert {"--require-hashes", "--only-binary", "-r"} <= set(command), command
    source = (ROOT / "run").read_text(encoding="utf-8")
    assert source.count('"install"') <= 2, "pip is called in one place, apt-get in another"
