"""The verifier's checks of ballots without hints, and products of powers, in each of its arithmetics; one process."""

import random

import pytest

from benchmarks.elections import BALLOTS, forget, write
from verifier import arithmetic, choice
from verifier.aggregate import check_chunk
from verifier.arithmetic import STANDARD
from verifier.context import make_context
from verifier.record import open_own

MANY = 2_000


@pytest.fixture(params=["native", "gmpy2"])
def in_use(request, benchmark):
    before = choice.name()
    try:
        arithmetic.choose(request.param)
    except ValueError as error:
        pytest.skip(str(error))
    benchmark.extra_info["arithmetic"] = arithmetic.in_use()
    yield request.param
    arithmetic.choose(before)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmark") / "record"
    write(folder)
    return open_own(folder, STANDARD)


def bench_check_ballots(benchmark, in_use, source):
    context = make_context(source, STANDARD)
    STANDARD.g_power(1)
    STANDARD.fixed_power(source.K, 1)
    benchmark.extra_info["units"] = BALLOTS
    results = benchmark.pedantic(lambda: [check_chunk(context, chunk) for chunk in source.chunks()], setup=forget, rounds=3)
    assert not any(result.findings.failures for result in results)


def bench_product_of_powers(benchmark, in_use):
    chance = random.Random(1)
    numbers = b"".join(STANDARD.bp(STANDARD.g_power(chance.randrange(STANDARD.q))) for _ in range(MANY))
    benchmark.extra_info["units"] = MANY
    benchmark.pedantic(STANDARD.multi_power, args=(numbers, chance.randbytes(16 * MANY), 16), rounds=3)
