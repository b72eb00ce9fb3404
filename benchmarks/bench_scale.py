"""Whole records of growing size, verified in every way there is: the lines of the picture and most of the goals.

The ways take turns within a round, so that a slow spell of the machine meets all of them, and each verification is a process of its own.
"""

import importlib.util
import statistics

import pytest

from benchmarks.specimens import specimen
from benchmarks.verification import Way, verify
from engine.powers import montgomery

MANY = 10_000  # ballots from which on several processes are compared, and one round has to do
WITH_DASK = importlib.util.find_spec("distributed") is not None
NATIVE = montgomery is not None and bool(montgomery.levels())
FEWEST_AND_MOST = {
    Way("gmpy2", hints=False): (0, 1_000),
    Way("native", hints=False): (0, 10_000),
    Way("gmpy2", hints=True): (0, 10_000),
    Way("native", hints=True): (0, 200_000),
    Way("native", hints=False, processes=2): (MANY, 200_000),
    Way("native", hints=True, processes=2): (MANY, 10_000_000),
    Way("native", hints=True, processes=2, dask=True): (MANY, 200_000),
}
"""How many ballots each way is measured with. Without the native arithmetic gmpy2 takes its place."""


def ways(ballots: int) -> list[Way]:
    fit = [way for way, (fewest, most) in FEWEST_AND_MOST.items() if fewest <= ballots <= most]
    if not NATIVE:
        fit = [Way("gmpy2", way.hints, way.processes, way.dask) for way in fit if way.processes > 1 or way.arithmetic == "gmpy2"]
    return [way for way in fit if WITH_DASK or not way.dask]


def pytest_generate_tests(metafunc):
    if "ballots" in metafunc.fixturenames:
        metafunc.parametrize("ballots", [int(size) for size in metafunc.config.getoption("--ballots").split(",")])


def bench_verify(benchmark, ballots, request, capsys):
    """Seconds for the whole record: reading, hashes, proofs, tally, signature."""
    rounds = request.config.getoption("--rounds") or (2 if ballots <= MANY else 1)
    record, runs = specimen(ballots), {str(way): [] for way in ways(ballots)}

    def one_round():
        for way in ways(ballots):
            runs[str(way)].append(verify(record, way))

    benchmark.pedantic(one_round, rounds=rounds)
    sizes = {name: path.stat().st_size for name, path in (("hints", record.with_name(record.name + ".hints")),) if path.exists()}
    benchmark.extra_info |= {"ballots": ballots, "runs": runs, "bytes": sizes, "rounds": rounds}
    with capsys.disabled():
        print(f"\n\n{ballots} ballots")
        for way, measured in runs.items():
            seconds = [each["seconds"] for each in measured]
            print(f"  {way:34}: {statistics.median(seconds):8.2f} s ({min(seconds):.2f} to {max(seconds):.2f}), "
                  f"{1e6 * statistics.median(seconds) / ballots:7.0f} µs a ballot, {max(each['memory'] for each in measured):5.0f} MB, "
                  f"{measured[0]['arithmetic']}")  # fmt: skip


@pytest.mark.skipif(not NATIVE, reason="only the native arithmetic counts its multiplications")
@pytest.mark.parametrize(("hints", "ballots_counted"), [(False, 64), (True, 5000)])
def bench_multiplications_for_a_selection(benchmark, hints, ballots_counted, capsys):
    """Two options more on each ballot: what they cost in multiplications is the cost of two selections, without that of the rest."""
    way, counts = Way("native", hints), {}

    def count():
        for options in (2, 4):
            counts[options] = verify(specimen(ballots_counted, options), way)["multiplications"]

    benchmark.pedantic(count, rounds=1)
    each = (counts[4] - counts[2]) / (2 * ballots_counted)
    benchmark.extra_info |= {"hints": hints, "ballots": ballots_counted, "multiplications": each}
    with capsys.disabled():
        print(f"\n\n{each:.1f} multiplications for a selection {'with hints' if hints else 'without hints'}, {ballots_counted} ballots")
