"""Parts by themselves that goals speak of: membership of many elements in one test, the tally with gmpy2, bytes of a ballot."""

import json
import os
import subprocess
import sys
import time

import pytest

from benchmarks.specimens import specimen
from benchmarks.verification import ROOT
from engine.encoding import from_json
from engine.flat import PLACE, flatten
from engine.group import STANDARD as GROUP
from engine.key_ceremony import GuardianPublicKeys, join_keys
from engine.record import read_parameters
from verifier import choice
from verifier.arithmetic import STANDARD

ELEMENTS = 10_000
SINGLY = 24


def arithmetics() -> list[str]:
    return [name for name in ("native", "gmpy2") if name != "native" or choice.montgomery is not None and choice.montgomery.levels()]


@pytest.fixture(scope="module")
def elements():
    """Distinct members: the powers of g to 1, 2, 3 and so on, from a random one on."""
    value, p = (GROUP.g ** GROUP.random_scalar()).value, GROUP.p
    made = []
    for _ in range(ELEMENTS):
        value = value * GROUP.g.value % p
        made.append(int(value).to_bytes(512, "big"))
    return made


@pytest.mark.parametrize("arithmetic", arithmetics())
def bench_membership_of_many(benchmark, elements, arithmetic, capsys):
    """Per element; the error is at most 2^-128, elements of order 2 included."""
    batch = pytest.importorskip("verifier.batch", reason="there is no batch path yet")
    before = choice.in_use().split(",")[0].split()[0]
    choice.choose(arithmetic)
    try:
        native = choice.native(STANDARD.p, STANDARD.q)
        content, single = b"".join(elements), [int.from_bytes(each, "big") for each in elements[:SINGLY]]
        counted = 0 if native is None else native.multiplications
        assert batch.are_elements(STANDARD, content)
        counted = None if native is None else (native.multiplications - counted) / ELEMENTS

        def one_by_one() -> float:
            started = time.process_time()
            if native is None:
                assert all(choice.power(x, STANDARD.q, STANDARD.p) == 1 for x in single)
            else:
                _, members = native.shared_powers(b"".join(elements[:SINGLY]), b"")
                assert all(members)
            return (time.process_time() - started) / SINGLY

        singly: list[float] = []

        assert benchmark.pedantic(lambda: batch.are_elements(STANDARD, content), setup=lambda: singly.append(one_by_one()), rounds=3)
    finally:
        choice.choose(before if before in choice.ARITHMETICS else None)
    benchmark.extra_info |= {"units": ELEMENTS, "arithmetic": arithmetic, "multiplications": counted, "singly": singly}
    with capsys.disabled():
        each = benchmark.stats.stats.median / ELEMENTS
        counts = "" if counted is None else f", {counted:.1f} multiplications"
        print(f"\n\nmembership, {arithmetic}: {1e6 * each:.1f} µs for each of {ELEMENTS}{counts}; singly {1e6 * min(singly):.0f} µs")


def bench_tally_with_gmpy2(benchmark):
    """`bench_multiply_stored_ballots` of bench_tally.py once more, in a process that is told to use gmpy2; CPU seconds a ballot."""
    program = """
import json, time
from benchmarks.bench_tally import STORED, _stored, held, multiply_stored
seconds = []
for _ in range(4):
    started = time.process_time()
    multiply_stored(_stored(), held().election)
    seconds.append((time.process_time() - started) / STORED)
print(json.dumps(seconds[1:]))
"""
    seconds: list[float] = []

    def child():
        environment = os.environ | {"PSEPHOS_ARITHMETIC": "gmpy2"}
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        seconds.extend(json.loads(done.stdout))

    benchmark.pedantic(child, rounds=1)
    benchmark.extra_info["seconds"] = seconds


def bench_bytes_of_a_ballot(benchmark):
    """A yes/no ballot in the flat cache, beside what it can't do without, and its hints; a benchmark only by the company it keeps."""
    folder = specimen(1000)
    lines, hints = (folder / "ballots/device_1.jsonl").read_bytes().splitlines(), folder.with_name(folder.name + ".hints").stat().st_size
    parameters = read_parameters(folder)
    keys = [from_json(GuardianPublicKeys, (folder / f"guardians/guardian_{i}.public_key.json").read_bytes(), GROUP) for i in (1, 2, 3)]
    flat = benchmark.pedantic(flatten, args=(lines[0], join_keys(parameters, keys)), rounds=20)
    numbers, branches = 2 * 2 + 1, 3 * 2 + 1  # α, β of two options and C_0; c, v of three range proofs and of the nonce's
    benchmark.extra_info |= {
        "flat": len(flat.numbers) + len(flat.rest) + PLACE.size, "least": 512 * numbers + 64 * branches + 2 * 32,  # id_B and C_1
        "hints": hints / len(lines), "proofs": 3, "json": len(lines[0]) + 1,
    }  # fmt: skip
