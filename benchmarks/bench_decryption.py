"""Decryption: one guardian's three rounds and the combination, for the three options of one contest."""

from benchmarks.elections import forget, held
from engine.decryption import combine
from engine.guardian import commit, respond, reveal
from engine.tally import verify_and_multiply

OPTIONS = 3


def _aggregate():
    return verify_and_multiply(held().lines, held().election).tally


def bench_partial_decryption_with_proof(benchmark):
    """Commit, reveal and respond."""
    benchmark.extra_info["peer"] = "partial_decryption"
    benchmark.extra_info["units"] = OPTIONS
    tally, known = _aggregate(), held()

    def rounds():
        secrets, hashes = commit(known.share, tally, tally, (1,), known.election)
        return respond(secrets, [hashes], [reveal(secrets, [hashes])], known.election)

    benchmark.pedantic(rounds, setup=forget, rounds=20)


def bench_check_and_combine(benchmark):
    """Every response checked against the guardian's commitments, then combined, with the logarithm."""
    benchmark.extra_info["peer"] = "verify_partial_decryption"
    benchmark.extra_info["units"] = OPTIONS
    tally, known = _aggregate(), held()
    secrets, hashes = commit(known.share, tally, tally, (1,), known.election)
    revealed = reveal(secrets, [hashes])
    responses = respond(secrets, [hashes], [revealed], known.election)
    benchmark.pedantic(combine, args=(tally, [revealed], [responses], known.election), setup=forget, rounds=20)
