"""The standalone verifier over a whole record, one process: parameters, keys, every ballot, tally, signature."""

import pytest

from benchmarks.elections import BALLOTS, forget, write
from verifier.verify import verify_record


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmark") / "record"
    return folder, write(folder)


def bench_verify_a_record(benchmark, record):
    benchmark.extra_info["units"] = BALLOTS
    folder, key = record
    report = benchmark.pedantic(verify_record, args=(folder, key), setup=forget, rounds=3)
    assert report.verified, report.text()
