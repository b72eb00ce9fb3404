"""Passwords are derived with Argon2id at the parameters of RFC 9106, and nothing shorter than 12 characters is taken (COP-084.2)."""

import inspect
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis.strategies import integers, text

from api.accounts import passwords
from api.accounts.attempts import FREE, LONGEST_PAUSE, pause_after
from api.accounts.passwords import Passwords
from api.errors import Invalid, Overloaded
from tests.api.staff import PASSWORDS

GOOD = PASSWORDS.derive("correct horse battery")


@pytest.mark.parametrize("password", ["", "x" * 11, " " * 40, "x" * 11 + " " * 5, "é" * 11, "e\u0301" * 11, "x" * 257, "\ud800" * 12])
def test_a_password_that_is_too_short_long_or_no_text_is_not_taken(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        PASSWORDS.derive(password)
    assert not password.strip() or password not in str(refused.value)


@given(text(max_size=40))
def test_sv05_no_other_password_verifies(password: str) -> None:
    assert not PASSWORDS.verify(password, GOOD)
    assert not PASSWORDS.verify(password, None)


@pytest.mark.parametrize("password", ["", "\ud800", "\x00", "correct horse battery ", "Correct horse battery", "x" * 100_000])
def test_sv05_hostile_passwords_are_wrong_and_nothing_else(password: str) -> None:
    assert not PASSWORDS.verify(password, GOOD)


def test_a_long_password_is_never_cut() -> None:
    longest = "x" * 256
    encoded = PASSWORDS.derive(longest)
    assert PASSWORDS.verify(longest, encoded)
    for other in (longest + "x", longest * 4, longest * 5, longest[1:]):
        assert not PASSWORDS.verify(other, encoded)


def test_an_accent_may_come_in_one_piece_or_two() -> None:
    assert PASSWORDS.verify("caf\u00e9 caf\u00e9 caf\u00e9", PASSWORDS.derive("cafe\u0301 cafe\u0301 cafe\u0301"))


def test_the_same_password_is_never_stored_alike() -> None:
    assert PASSWORDS.derive("correct horse battery") != GOOD


def test_the_parameters_are_those_of_the_key_store_unless_somebody_says_otherwise() -> None:
    encoded = Passwords().derive("correct horse battery")
    assert encoded.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert Passwords().is_current(encoded)
    assert not Passwords().is_current(GOOD)
    assert set(inspect.signature(Passwords).parameters) == {"memory", "iterations", "lanes", "at_once"}


def test_sv05_an_unknown_name_costs_the_same_derivation(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Watched:
        @staticmethod
        def verify_phc_encoded(typed: bytes, encoded: str) -> None:
            seen.append(encoded)

    watched = Passwords(memory=16, iterations=2, lanes=1)
    own = watched.derive("correct horse battery")
    monkeypatch.setattr(passwords, "Argon2id", Watched)
    assert watched.verify("anything at all", own)
    assert not watched.verify("anything at all", None)
    assert [encoded.split("$")[:4] for encoded in seen] == [["", "argon2id", "v=19", "m=16,t=2,p=1"]] * 2


def test_so_many_at_once_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_PATIENCE", 0.01)
    one = Passwords(memory=8, iterations=1, lanes=1, at_once=1)
    with one._turns(), ThreadPoolExecutor(1) as pool, pytest.raises(Overloaded):
        pool.submit(one.verify, "anything at all", None).result()
    assert not one.verify("anything at all", None)


@given(integers(0, 10_000))
def test_pauses_grow_and_stay_bounded(failures: int) -> None:
    pause = pause_after(failures)
    assert timedelta() <= pause <= pause_after(failures + 1) <= LONGEST_PAUSE
    assert (pause > timedelta()) == (failures >= FREE)
