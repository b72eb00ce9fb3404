"""How many multiplications modulo p the protocol takes: counted, so that no machine's mood can hide a step back."""

import random
from functools import partial

import pytest

from engine import hashing, powers
from engine.ballot import EncryptedBallot, encrypt_ballot, new_ballot_nonce, verify_ballot
from engine.elgamal import encrypt
from engine.encoding import from_json, to_json
from engine.group import STANDARD, Element, Group, _squarings
from engine.proofs import Proof, prove_range, verify_range
from tests.engine.elections import YES, Ceremony, Selections, hold_ceremony

MULTIPLICATIONS = [0]
H_I = bytes(32)


class Counted(int):
    """An integer that counts its multiplications. Every one here is followed by a reduction modulo p."""

    def __mul__(self, other: int) -> "Counted":
        MULTIPLICATIONS[0] += 1
        return Counted(int(self) * int(other))

    def __mod__(self, other: int) -> "Counted":
        return Counted(int(self) % int(other))


@pytest.fixture
def group(monkeypatch: pytest.MonkeyPatch) -> Group:
    """The standard group in plain integers that count, with the same random numbers in every run."""
    monkeypatch.setattr(powers, "montgomery", None)
    monkeypatch.setattr(powers, "integer", Counted)
    monkeypatch.setattr("engine.group.integer", Counted)
    numbers = random.Random(1)
    monkeypatch.setattr("secrets.randbelow", lambda below: numbers.randrange(below))
    monkeypatch.setattr("secrets.token_bytes", numbers.randbytes)
    group = Group(STANDARD.p, STANDARD.q, STANDARD.generator)
    _squarings.cache_clear()
    yield group
    _squarings.cache_clear()


def counted(start: int) -> int:
    return MULTIPLICATIONS[0] - start


def a_selection(K: Element) -> tuple[tuple[int, int], tuple[Proof, ...], partial]:
    xi = K.group.random_scalar()
    ciphertext = encrypt(1, xi, K)
    challenge = partial(hashing.range_challenge, H_I, 1, 1, ciphertext.alpha, ciphertext.beta)
    return ciphertext, prove_range(1, xi, 1, K, challenge), challenge


def warm(group: Group) -> Element:
    """K, with the tables of g and K made."""
    K = (group.g ** group.scalar(12345)).with_table()
    _ = K ** group.scalar(1)
    return K


def test_a_selection_is_checked_with_at_most_1100_multiplications(group: Group) -> None:
    """Membership of α and β, (6.1) and (6.2) for two branches; without hints."""
    K = warm(group)
    ciphertext, proof, challenge = a_selection(K)
    alpha, beta = int(ciphertext.alpha.value), int(ciphertext.beta.value)
    start = MULTIPLICATIONS[0]
    pair = type(ciphertext)(group.element(alpha), group.element(beta))
    verify_range(proof, pair, 1, K, challenge, "option")
    assert 900 < counted(start) <= 1_100


def test_a_selection_is_encrypted_and_proved_with_at_most_32_multiplications_for_each_power(group: Group) -> None:
    K = warm(group)
    start = MULTIPLICATIONS[0]
    a_selection(K)
    assert 150 < counted(start) <= 6 * 32


def test_a_whole_ballot(group: Group) -> None:
    """Yes, no, spoil: to encrypt, 22 powers of g and K for the proofs and 3 for the ballot nonce; to check, 9 numbers from outside."""
    ceremony: Ceremony = hold_ceremony(1, 1, group)
    election = ceremony.election
    encrypt_ballot(Selections(1, (YES,)), election, new_ballot_nonce())  # the tables are made
    start = MULTIPLICATIONS[0]
    ballot, _ = encrypt_ballot(Selections(1, (YES,)), election, new_ballot_nonce())
    assert counted(start) <= 25 * 32 + 4
    content = to_json(ballot)
    _squarings.cache_clear()
    start = MULTIPLICATIONS[0]
    verify_ballot(from_json(EncryptedBallot, content, group), election)
    assert counted(start) <= 4 * 1_100
