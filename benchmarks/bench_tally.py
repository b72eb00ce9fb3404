"""The tally: products of ciphertexts, and a trustee's whole pass over the ballots."""

from benchmarks.elections import BALLOTS, forget, held
from engine.discrete_log import discrete_log
from engine.elgamal import Ciphertext, multiply
from engine.group import STANDARD
from engine.tally import verify_and_multiply


def bench_multiply_checked_ballots(benchmark):
    benchmark.extra_info["peer"] = "tally_ballot"
    benchmark.extra_info["units"] = BALLOTS
    columns = [[Ciphertext(c.alpha, c.beta) for c in column]
               for column in zip(*(ballot.contests[0][1].ciphertexts for ballot in held().ballots), strict=True)]  # fmt: skip
    benchmark(lambda: [multiply(column, STANDARD) for column in columns])


def bench_check_and_multiply_ballots(benchmark):
    """What a trustee's own program does before it decrypts anything (§3.6.1)."""
    benchmark.extra_info["units"] = BALLOTS
    benchmark.pedantic(verify_and_multiply, args=(held().lines, held().election), setup=forget, rounds=5)


def bench_logarithm_of_two_million(benchmark):
    K = held().election.vote_encryption_key
    T = K ** STANDARD.scalar(1_999_999)
    assert benchmark(discrete_log, T, K, 2_000_000) == 1_999_999
