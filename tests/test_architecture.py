"""Who may import whom, and what modules may be called."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("engine", "verifier", "api", "cli")
VERIFIER_MAY_IMPORT = sys.stdlib_module_names | {"verifier", "gmpy2", "montgomery"}
VERIFIER_MAY_LACK = {"gmpy2", "montgomery"}
MEANINGLESS = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


def sources(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert found, f"there is nothing in {package}"
    return found


def imports(path: Path) -> Iterator[tuple[ast.stmt, str]]:
    """Every import in a file, wherever it stands: the statement and the whole name of what is imported; relative ones made absolute."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            yield node, ".".join([*base, *([node.module] if node.module else [])])


def top_level(package: str) -> set[str]:
    return {name.partition(".")[0] for path in sources(package) for _, name in imports(path)}


def guarded(path: Path) -> set[tuple[int, int]]:
    """Where the import statements are that stand in a `try` which goes on without what is missing."""
    inside = set()
    for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
        if isinstance(node, ast.Try) and any(ast.unparse(handler.type or node) == "ImportError" for handler in node.handlers):
            inside |= {(child.lineno, child.col_offset) for child in node.body if isinstance(child, (ast.Import, ast.ImportFrom))}
    return inside


def test_every_import_contract_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("logging.config.dictConfig", lambda _: None)  # which would silence all loggers of the tests that follow
    assert lint_imports(no_cache=True) == 0


def test_every_package_is_under_the_contracts() -> None:
    """A package that is left out of the configuration is checked by nothing."""
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["root_packages"]
    not_installed = {"tests", "benchmarks", "specs", "web"}
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} - not_installed == set(configured) == set(PACKAGES)


@pytest.mark.parametrize("path", sources("verifier"), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_the_verifier_imports_the_standard_library_and_optional_arithmetic_alone(path: Path) -> None:
    optional = guarded(path)
    for statement, name in imports(path):
        top = name.partition(".")[0]
        assert top in VERIFIER_MAY_IMPORT, f"{path.name}:{statement.lineno} imports {name}"
        if top in VERIFIER_MAY_LACK:
            assert (statement.lineno, statement.col_offset) in optional, f"{path.name}:{statement.lineno}: {name} may be missing"


def test_nothing_is_imported_by_a_name_in_a_string_where_no_contract_sees_it() -> None:
    """But a module of the same package, late: `import_module(".name", __package__)` can't leave it."""
    for package in ("engine", "verifier"):
        for path in sources(package):
            for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
                if isinstance(node, ast.Call):
                    called = ast.unparse(node.func).rpartition(".")[2]
                    if called == "import_module" and [ast.unparse(argument) for argument in node.args[1:]] == ["__package__"]:
                        continue
                    assert called not in {"__import__", "import_module", "exec", "eval"}, f"{path}:{node.lineno}: {called}"


def test_engine_and_verifier_share_no_code_but_the_arithmetic_of_others() -> None:
    """A bug that both had would be seen by neither: what both import is no part of this project."""
    shared = (top_level("engine") & top_level("verifier")) - sys.stdlib_module_names
    assert shared <= VERIFIER_MAY_LACK
    assert "verifier" not in top_level("engine")
    assert "engine" not in top_level("verifier")


def test_no_file_of_the_engine_is_copied_into_the_verifier() -> None:
    """Not one function of three lines or more is the same in both, comments and docstrings aside."""

    def functions(package: str) -> dict[str, str]:
        found = {}
        for path in sources(package):
            for node in ast.walk(ast.parse(path.read_bytes(), str(path))):
                if isinstance(node, ast.FunctionDef):
                    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
                    if len(body) >= 3:
                        found["\n".join(map(ast.unparse, body))] = f"{path.relative_to(ROOT)}: {node.name}"
        return found

    ours, theirs = functions("engine"), functions("verifier")
    assert [f"{ours[body]} is {theirs[body]}" for body in ours.keys() & theirs.keys()] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_module_is_named_after_one_idea(package: str) -> None:
    for path in sources(package):
        name = path.parent.name if path.name == "__init__.py" else path.stem
        assert name not in MEANINGLESS, f"{path}: say what it is about"
        assert name == "__main__" or name not in sys.stdlib_module_names, f"{path}: named like a standard module"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_and_each_of_its_modules_say_what_they_are(package: str) -> None:
    for path in sources(package):
        assert ast.get_docstring(ast.parse(path.read_bytes())), f"{path.relative_to(ROOT)} has no docstring"
