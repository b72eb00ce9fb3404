"""Elections that many tests look at and none changes."""

import pytest

from engine.group import STANDARD
from tests.engine.elections import Ballots, Ceremony, a_manifest, base_ballots, hold_ceremony


@pytest.fixture(scope="session")
def toy() -> Ceremony:
    """E0: five guardians, three needed, on the small group."""
    return hold_ceremony()


@pytest.fixture(scope="session")
def other() -> Ceremony:
    """E1: another election of the same size."""
    return hold_ceremony(manifest=a_manifest(election_identifier="CD" * 32))


@pytest.fixture(scope="session")
def ballots(toy: Ceremony) -> Ballots:
    """Twenty cast, three challenged, one discounted."""
    return base_ballots(toy.election)


@pytest.fixture(scope="session")
def standard() -> Ceremony:
    """Three guardians, two needed, on the group of the specification."""
    return hold_ceremony(3, 2, STANDARD)
