"""The tally: products of ciphertexts, from the flat cache and from elements, and a trustee's whole pass over the ballots."""

import hashlib
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

from benchmarks.elections import BALLOTS, forget, held
from engine import tally
from engine.discrete_log import discrete_log
from engine.elgamal import Ciphertext, multiply
from engine.flat import FlatBallots, FlatWriter, flatten, open_flat
from engine.group import STANDARD
from engine.tally import multiply_stored, verify_and_multiply

STORED = 4096  # ballots, the few that there are over and over: a product takes as long


@cache
def _stored() -> FlatBallots:
    known, path = held(), Path(mkdtemp()) / "flat"
    each = [flatten(line, known.election) for line in known.lines]
    source = hashlib.sha256(b"benchmark").digest()
    with FlatWriter(path, known.election) as writer:
        for at in range(STORED):
            writer.add(each[at % BALLOTS])
        writer.seal(source)
    found = open_flat(path, known.election, source)
    assert found
    return found


def bench_multiply_stored_ballots(benchmark):
    """Yes, no, spoil: six numbers each, from the flat cache."""
    benchmark.extra_info["peer"] = "tally_ballot"
    benchmark.extra_info["units"] = STORED
    benchmark.pedantic(multiply_stored, args=(_stored(), held().election), rounds=5, warmup_rounds=1)


def bench_bare_kernel_for_as_many_numbers(benchmark):
    """`bench_multiply_stored_ballots` may take half as much again."""
    benchmark.extra_info["units"] = STORED
    if STANDARD.native is None:
        pytest.skip("native arithmetic is not built")
    row = (12345).to_bytes(640, "little") * 8
    modulus = STANDARD.native._modulus
    benchmark.pedantic(modulus.kernel, args=(row, row, STORED * 6 // 8), rounds=5, warmup_rounds=1)


def bench_read_a_flat_cache(benchmark):
    """Its digest, and where everything is."""
    benchmark.extra_info["units"] = STORED
    path = _stored().path
    benchmark.pedantic(open_flat, args=(path, held().election, hashlib.sha256(b"benchmark").digest()), rounds=5)


def bench_multiply_checked_ballots(benchmark):
    """Numbers that are integers already, one by one."""
    benchmark.extra_info["units"] = BALLOTS
    columns = [[Ciphertext(c.alpha, c.beta) for c in column]
               for column in zip(*(ballot.contests[0][1].ciphertexts for ballot in held().ballots), strict=True)]  # fmt: skip
    benchmark(lambda: [multiply(column, STANDARD) for column in columns])


def bench_check_and_multiply_ballots(benchmark):
    """What a trustee's own program does before it decrypts anything (§3.6.1)."""
    benchmark.extra_info["units"] = BALLOTS
    benchmark.extra_info["chunk"] = tally.CHUNK
    benchmark.pedantic(verify_and_multiply, args=(held().lines, held().election), setup=forget, rounds=5)


def bench_logarithm_of_two_million(benchmark):
    K = held().election.vote_encryption_key
    T = K ** STANDARD.scalar(1_999_999)
    assert benchmark(discrete_log, T, K, 2_000_000) == 1_999_999
