"""The native arithmetic: one modular multiplication by each kernel, against what the processor can do and against GMP; the primitives.

The bound of a kernel is the number of its multiply instructions, divided by how many of those this processor starts in a cycle. For AVX-512
IFMA schoolbook multiplication takes 2·79·79 + 2·80·75 = 24,482 of them for 8 numbers: 1,530 cycles a number at two in a cycle (Zen 5,
Intel's servers), 3,060 at one (Zen 4). A square needs each product of two limbs once: 79·80 + 2·80·75 = 18,320, 2,290 cycles at one. For
AVX2, with limbs half as long, 158·158 + 160·150 = 48,964 for 4 numbers, and there is no kernel for squares.
"""

import ctypes
import random
import shutil
import statistics
import subprocess
import sys
import time
from array import array
from pathlib import Path

import pytest

from engine.group import STANDARD

montgomery = pytest.importorskip("montgomery", reason="the native arithmetic is not built on this machine")
if not montgomery.levels():
    pytest.skip("the native arithmetic has no kernel for this processor", allow_module_level=True)

P = int(STANDARD.p)
INSTRUCTIONS = {"avx512ifma": 24_482 / 8, "avx2": 48_964 / 4}
ROUNDS = 25
LEVELS = montgomery.levels()
CHANCE = random.Random(1)


def numbers(count: int) -> bytes:
    return b"".join(CHANCE.randrange(1, P).to_bytes(512, "big") for _ in range(count))


def limbs() -> bytes:
    """Eight numbers as the kernels take them."""
    values = [CHANCE.randrange(P) for _ in range(8)]
    return b"".join((value >> 52 * j & 2**52 - 1).to_bytes(8, "little") for value in values for j in range(80))


def modulus(level=None):
    return montgomery.Modulus(P.to_bytes(512, "big"), level=level)


def work(modulo, call):
    """How many multiplications a call makes."""
    before = modulo.multiplications
    call()
    return modulo.multiplications - before


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler to make the comparison with")
    output = tmp_path_factory.mktemp("probe") / "probe.so"
    source = Path(__file__).with_name("native_probe.c")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", str(source), "-o", str(output)], check=True)
    library = ctypes.CDLL(str(output))
    for name in ("cycle", "ifma_instruction", "avx2_instruction", "gmp_modmul"):
        getattr(library, name).restype = ctypes.c_double
    return library


def gmp_loop(probe):
    """A function that times a C loop over gmpy2's own GMP, or None where its library isn't found."""
    import gmpy2  # noqa: F401  (so that its GMP is in memory)

    paths = {line.split()[-1] for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines() if "/libgmp" in line}
    if not paths:
        return None
    gmp = ctypes.CDLL(sorted(path for path in paths if "libgmp" in Path(path).name)[0])
    words = ctypes.c_uint64 * 64
    x, y, p = (words(*[value >> 64 * i & 2**64 - 1 for i in range(64)]) for value in (CHANCE.randrange(P), CHANCE.randrange(P), P))
    functions = [ctypes.cast(getattr(gmp, name), ctypes.c_void_p) for name in ("__gmpn_mul_n", "__gmpn_redc_1", "__gmpn_sub_n")]
    return lambda n: probe.gmp_modmul(*functions, x, y, p, ctypes.c_long(n))


def processor() -> str:
    found = [line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
             if line.startswith(("model name", "cpu family", "model\t"))]
    family, model, name = found[:3]
    return f"{name}, family {family}, model {model}"


@pytest.mark.skipif(sys.platform != "linux", reason="finds GMP and the processor's name the way of Linux")
def bench_kernels_side_by_side(benchmark, probe, capsys):
    """All in one run, in turn, so that a change of the clock meets all of them; medians of the rounds."""
    import gmpy2

    left, right = limbs(), limbs()
    moduli = {level: modulus(level) for level in LEVELS}
    gmp = gmp_loop(probe)
    x, y, p = (gmpy2.mpz(value) for value in (CHANCE.randrange(P), CHANCE.randrange(P), P))
    figures: dict[str, list[float]] = {}

    def timed(name, seconds):
        figures.setdefault(name, []).append(seconds)

    def one_round():
        cycle = min(probe.cycle(20_000) for _ in range(3))
        timed("GHz", 1e-9 / cycle)
        for level, modulo in moduli.items():
            instruction = min((probe.ifma_instruction if level == "avx512ifma" else probe.avx2_instruction)(20_000) for _ in range(3))
            start = time.perf_counter()
            modulo.kernel(left, right, repeat=200)
            seconds = (time.perf_counter() - start) / 1600
            timed(level, seconds)
            timed(f"{level} cycles", seconds / cycle)
            timed(f"{level} instructions a cycle", cycle / instruction)
            timed(f"{level} of its bound", seconds / (INSTRUCTIONS[level] * instruction))
            start = time.perf_counter()
            modulo.kernel(left, None, repeat=200)
            timed(f"{level} square", (time.perf_counter() - start) / 1600)
        if gmp:
            timed("GMP", gmp(400))
        value = x
        start = time.perf_counter()
        for _ in range(400):
            value = value * y % p
        timed("gmpy2", (time.perf_counter() - start) / 400)

    benchmark.pedantic(one_round, rounds=ROUNDS, warmup_rounds=1)
    median = {name: statistics.median(values) for name, values in figures.items()}
    benchmark.extra_info |= median | {"rounds": figures}
    with capsys.disabled():
        print(f"\n\n{processor()}; {median['GHz']:.2f} GHz; medians of {ROUNDS} rounds in turn (smallest to largest)")
        for level in LEVELS:
            ratios, rate = figures[f"{level} of its bound"], median[f"{level} instructions a cycle"]
            print(f"{level:10}: {1e9 * median[level]:5.0f} ns = {median[f'{level} cycles']:5.0f} cycles a multiplication; bound "
                  f"{INSTRUCTIONS[level] / rate:5.0f} cycles, at {rate:.2f} multiply instructions a cycle; "
                  f"{median[f'{level} of its bound']:.2f} times the bound ({min(ratios):.2f} to {max(ratios):.2f}); "
                  f"a squaring {1e9 * median[f'{level} square']:.0f} ns, {median[f'{level} square'] / median[level]:.2f} of it")
        for name, what in (("GMP", "C loop of mpn_mul_n and mpn_redc_1"), ("gmpy2", "x*y % p in Python")):
            if name not in figures:
                continue
            least = min(figures[name])
            print(f"{name:10}: {1e9 * median[name]:5.0f} ns = {median[name] * median['GHz'] * 1e9:5.0f} cycles, {what}; " + ", ".join(
                f"{level} {median[name] / median[level]:.1f} times as fast ({least / min(figures[level]):.1f} by the fastest rounds)"
                for level in LEVELS))


@pytest.mark.parametrize("level", LEVELS)
def bench_modmul(benchmark, level):
    """2,000 multiplications."""
    modulo, left, right = modulus(level), limbs(), limbs()
    benchmark.extra_info["units"] = 2000
    benchmark(lambda: modulo.kernel(left, right, repeat=250))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("columns", [1, 4])
def bench_product_of_stored_numbers(benchmark, level, columns):
    """8,192 numbers of 512 bytes."""
    modulo, stored = modulus(level), numbers(8192)
    benchmark.extra_info["units"] = 8192
    benchmark(lambda: modulo.product(stored, columns=columns))


@pytest.mark.parametrize("level", LEVELS)
def bench_pairs(benchmark, level):
    """1,024 pairs."""
    modulo, pool = modulus(level), numbers(256)
    work = array("I", [CHANCE.randrange(256) for _ in range(2048)])
    benchmark.extra_info["units"] = 1024
    benchmark(lambda: modulo.multiply(pool, work))


@pytest.mark.parametrize("level", LEVELS)
def bench_powers_by_table(benchmark, level):
    """64 exponents of 256 bits."""
    comb = montgomery.Comb(modulus(level), numbers(1))
    exponents = CHANCE.randbytes(32 * 64)
    benchmark.extra_info["units"] = 64
    benchmark(lambda: comb.powers(exponents))


@pytest.mark.parametrize("level", LEVELS)
def bench_table(benchmark, level):
    modulo, base = modulus(level), numbers(1)
    benchmark(lambda: montgomery.Comb(modulo, base))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("count", [1, 9, 32])
def bench_shared_powers(benchmark, level, count):
    """Two exponents for each base, and membership. Nine bases or so are what a single ballot brings when it is cast."""
    modulo, bases, exponents = modulus(level), numbers(count), CHANCE.randbytes(64 * count)
    benchmark.extra_info |= {"units": count, "multiplications": work(modulo, lambda: modulo.shared_powers(bases, exponents))}
    benchmark(lambda: modulo.shared_powers(bases, exponents))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("count", [100, 500, 5000])
def bench_multi_power_and_slices(benchmark, level, count):
    """Exponents of 128 bits."""
    modulo, bases, exponents = modulus(level), numbers(count), CHANCE.randbytes(16 * count)
    benchmark.extra_info["units"] = count
    benchmark.pedantic(lambda: modulo.multi_power(bases, exponents), rounds=5, warmup_rounds=1)


@pytest.mark.parametrize(("count", "size"), [(20_000, 16), (50_000, 16), (50_000, 32), (130_000, 16)])
def bench_large_multi_powers(benchmark, capsys, count, size):
    """As in batches of 10,000 ballots. Beside the time: how many multiplications, and the processor's time for each beside the kernel's."""
    modulo, left, right = modulus(), limbs(), limbs()
    bases, exponents = numbers(1000) * (count // 1000), CHANCE.randbytes(size * count)
    made = work(modulo, lambda: modulo.multi_power(bases, exponents))
    ratios: list[float] = []

    def one_round():
        start = time.process_time()
        modulo.kernel(left, right, repeat=4000)
        middle = time.process_time()
        modulo.multi_power(bases, exponents)
        ratios.append((time.process_time() - middle) / made / ((middle - start) / 32_000))

    benchmark.pedantic(one_round, rounds=5)
    ratio = statistics.median(ratios)
    benchmark.extra_info |= {"units": count, "multiplications": made, "of the kernel": ratio}
    with capsys.disabled():
        print(f"\n{count:,} bases, exponents of {8 * size} bits: {made / count:.2f} multiplications a base, "
              f"each {ratio:.2f} times as long as in the bare kernel ({min(ratios):.2f} to {max(ratios):.2f})")
