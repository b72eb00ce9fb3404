"""For all tests: properties are tested with the same examples on every machine, however slow it is."""

import pytest
from hypothesis import settings

settings.register_profile("psephos", deadline=None, derandomize=True, database=None)
settings.load_profile("psephos")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--both-paths", action="store_true", help="verify every mutated record by both paths, not every ninth")
