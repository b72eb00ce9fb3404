"""Ballots: encrypt and prove, check the proofs, read and write."""

from functools import partial

from benchmarks.elections import forget, held, selections
from engine import hashing
from engine.ballot import EncryptedBallot, encrypt_ballot, new_ballot_nonce, verify_ballot
from engine.elgamal import encrypt
from engine.encoding import from_json, to_json
from engine.foresight import foresee_ballots
from engine.group import STANDARD
from engine.proofs import prove_range, verify_range

H_I = bytes(32)


def _selection(K):
    xi = hashing.encryption_nonce(STANDARD, H_I, 1, 1, bytes(32))
    ciphertext = encrypt(1, xi, K)
    challenge = partial(hashing.range_challenge, H_I, 1, 1, ciphertext.alpha, ciphertext.beta)
    return ciphertext, prove_range(1, xi, 1, K, challenge), challenge


def bench_encrypt_a_selection_with_proof(benchmark):
    benchmark.extra_info["peer"] = "encrypt_selection"
    benchmark(_selection, held().election.vote_encryption_key)


def bench_check_a_selection(benchmark):
    """Range proof and membership of α and β."""
    benchmark.extra_info["peer"] = "verify_selection"
    K = held().election.vote_encryption_key
    ciphertext, proof, challenge = _selection(K)
    alpha, beta = int(ciphertext.alpha.value), int(ciphertext.beta.value)
    c, v = [branch.challenge.value for branch in proof], [branch.response.value for branch in proof]
    w = [v[0], (v[1] - c[1]) % STANDARD.q]

    def check():
        STANDARD.foresee([(alpha, c), (beta, c)], [(STANDARD.g, v), (K, w)])
        STANDARD.element(alpha)
        STANDARD.element(beta)
        verify_range(proof, ciphertext, 1, K, challenge, "benchmark")

    benchmark.pedantic(check, setup=forget, rounds=100)


def bench_encrypt_a_ballot(benchmark):
    """Yes, no, spoil: three range proofs, a limit proof, the encrypted ballot nonce, the confirmation code."""
    benchmark.extra_info["peer"] = "encrypt_ballot"
    election = held().election
    benchmark(lambda: encrypt_ballot(selections(election), election, new_ballot_nonce()))


def bench_check_a_ballot_as_received(benchmark):
    """From its bytes: strict reading, membership of every number, every proof."""
    benchmark.extra_info["peer"] = "verify_ballot"
    line, election = held().lines[0], held().election

    def check():
        foresee_ballots([line], election)
        verify_ballot(from_json(EncryptedBallot, line, STANDARD), election)

    benchmark.pedantic(check, setup=forget, rounds=30)


def bench_write_a_ballot(benchmark):
    benchmark(to_json, held().ballots[0])
