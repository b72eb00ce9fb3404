"""For all tests: properties are tested with the same examples on every machine, however slow it is."""

import sys

import pytest
from hypothesis import settings

settings.register_profile("psephos", deadline=None, derandomize=True, database=None)
settings.load_profile("psephos")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--both-paths", action="store_true", help="verify every mutated record by both paths, not every ninth")
    parser.addoption("--without-native", action="store_true", help="run as if the native arithmetic could not be built")


def pytest_configure(config: pytest.Config) -> None:
    """Before any test is imported: `import montgomery` fails. Programs that tests start find what is there."""
    if config.getoption("--without-native"):
        sys.modules["montgomery"] = None  # type: ignore[assignment]
