"""engine/errors.py"""

import pickle

import pytest

from engine import errors
from engine.errors import CeremonyError, EngineError
from engine.guardian import ComplaintRaised
from engine.key_ceremony import Complaint

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EngineError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_is_an_engine_error_and_says_in_its_docstring_when_it_comes(kind: type[EngineError]) -> None:
    assert kind.__doc__


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_comes_back_from_another_process_as_it_was(kind: type[EngineError]) -> None:
    error = kind("what happened", 3) if kind is CeremonyError else kind("what happened")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert type(again) is kind
    assert str(again) == "what happened"
    assert vars(again) == vars(error)


def test_a_complaint_comes_back_from_another_process_as_it_was() -> None:
    again = pickle.loads(pickle.dumps(ComplaintRaised("share", Complaint(2, 4, None, None))))  # noqa: S301
    assert (str(again), again.guilty, again.complaint) == ("share", 2, Complaint(2, 4, None, None))
