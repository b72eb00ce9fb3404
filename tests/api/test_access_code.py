"""Access codes can be read, typed and pasted; mistakes are noticed, and nobody guesses one (SV-01, COP-067, COP-068)."""

import contextlib
import string

import pytest
from hypothesis import given
from hypothesis.strategies import integers, text

from api.errors import Invalid
from api.voters.access_code import AccessCode

numbers = integers(0, 2**130 - 1)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@given(numbers)
def test_what_is_written_is_read(number: int) -> None:
    code = AccessCode(number)
    assert AccessCode.read(code.compact()) == AccessCode.read(code.grouped()) == code
    assert len(code.compact()) == 28
    assert code.grouped().count("-") == 6


@given(numbers)
def test_it_may_be_typed_as_people_type(number: int) -> None:
    code = AccessCode(number)
    typed = code.grouped()
    for other in (
        typed.lower(), typed.replace("-", " "), f"  {typed}\n", typed.replace("-", "\u2013"), typed.replace("-", "\u00ad"),
        typed.replace("0", "O"), typed.replace("0", "o"), typed.replace("1", "I"), typed.replace("1", "l"),
    ):  # fmt: skip
        assert AccessCode.read(other) == code


@given(numbers, integers(0, 27), integers(1, 31))
def test_one_wrong_character_is_noticed(number: int, place: int, by: int) -> None:
    compact = AccessCode(number).compact()
    wrong = ALPHABET[(ALPHABET.index(compact[place]) + by) % 32]
    with pytest.raises(Invalid, match="mistyped"):
        AccessCode.read(compact[:place] + wrong + compact[place + 1 :])


@given(numbers, integers(0, 26))
def test_two_neighbours_exchanged_are_noticed(number: int, place: int) -> None:
    compact = AccessCode(number).compact()
    exchanged = compact[:place] + compact[place + 1] + compact[place] + compact[place + 2 :]
    if exchanged != compact:
        with pytest.raises(Invalid, match="mistyped"):
            AccessCode.read(exchanged)


@given(text(max_size=200))
def test_nothing_else_is_read(typed: str) -> None:
    with contextlib.suppress(Invalid):
        assert len(AccessCode.read(typed).compact()) == 28


@pytest.mark.parametrize("typed", ["", "-", "7M4K", "U" * 28, "0" * 27, "0" * 29, "A" * 101, "é" * 28, "0" * 26 + "\x00\x00"])
def test_what_is_no_code_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        AccessCode.read(typed)


@pytest.mark.proves("COP-068")
@pytest.mark.proves("COP-067")
def test_sv01_a_million_codes_share_neither_value_nor_beginning() -> None:
    codes = [AccessCode.generate() for _ in range(10**6)]
    compact = {code.compact() for code in codes}
    assert len(compact) == len(codes)
    for place in range(26):
        counts = dict.fromkeys(ALPHABET, 0)
        for code in compact:
            counts[code[place]] += 1
        assert all(abs(count - 31_250) < 6 * 174 for count in counts.values())  # six standard deviations


def test_no_secret_is_shown() -> None:
    assert str(AccessCode(12345).number) not in repr(AccessCode(12345))


def test_characters_that_look_alike_are_not_used() -> None:
    assert not set("ILOU") & set(ALPHABET)
    assert set(ALPHABET) <= set(string.ascii_uppercase + string.digits)
