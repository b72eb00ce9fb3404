"""The arithmetics that tests go through, one after the other, and a number that counts how often it is multiplied."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from verifier import arithmetic, choice

__all__ = ["ALL", "Counting", "counting", "using"]

ALL = choice.ARITHMETICS


@contextmanager
def using(name: str) -> Iterator[None]:
    """Within it, this arithmetic is in use; a test is left out where the processor is of no kind that the native one knows."""
    if name == "native":
        montgomery = pytest.importorskip("montgomery", reason="the native arithmetic is not built")
        if not montgomery.levels():
            pytest.skip("the native arithmetic does not know this processor")
    before = choice.name()
    arithmetic.choose(name)
    try:
        yield
    finally:
        arithmetic.choose(before)


class Counting(int):
    """An integer whose products of two remainders are counted."""

    multiplications = 0

    def __mul__(self, other: int) -> "Counting":
        Counting.multiplications += 1
        return Counting(int(self) * int(other))

    __rmul__ = __mul__

    def __mod__(self, other: int) -> "Counting":
        return Counting(int(self) % int(other))


@contextmanager
def counting() -> Iterator[type[Counting]]:
    """Within it, plain integers are in use, and count."""
    with using("python"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "number_type", lambda: Counting)
        Counting.multiplications = 0
        yield Counting
