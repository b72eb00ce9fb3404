"""Every primitive of the native arithmetic against `reference`, with every kernel this processor has."""

import contextlib
import os
import random
import subprocess
import sys
import threading
import time
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.native import reference
from tests.native.reference import from_bytes, from_limbs, to_bytes, to_limbs
from verifier.arithmetic import STANDARD

montgomery: Any = pytest.importorskip(
    "montgomery", reason="the native arithmetic is not built on this machine (test_build.py says whether it should be)"
)
if not montgomery.levels():
    pytest.skip("the native arithmetic has no kernel for this processor: it needs AVX2 or AVX-512 IFMA", allow_module_level=True)

P, Q, G = STANDARD.p, STANDARD.q, STANDARD.g
LARGEST = 2**4096 - 1
EDGES = [0, 1, 2, P - 1, P, P + 1, LARGEST - 1, LARGEST, 2**4095, 2**208 - 1, 2**208, (P - 1) // 2]
EXPONENT_EDGES = [0, 1, 2, 15, 16, 255, 256, Q - 1, Q, 2**128 - 1, 2**128, 2**255, 2**256 - 1]
# Of the right shape, prime or not: the largest, the smallest, and one whose bits change in every limb.
MODULI = [P, LARGEST, 2**4095 + 2**256 - 1, (0xB5 << 4088 | int("5A" * 479, 16) << 256 | 2**256 - 1)]


@pytest.fixture(params=montgomery.levels())
def level(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def modulus(level: str) -> Any:
    return montgomery.Modulus(to_bytes([P]), level=level)


@pytest.fixture
def chance() -> random.Random:
    return random.Random(20260214)


def numbers(chance: random.Random, count: int) -> list[int]:
    """Edge values first, as far as they go, then any number of 512 bytes, p and above included."""
    return (EDGES + [chance.randrange(LARGEST + 1) for _ in range(count)])[:count]


def elements(chance: random.Random, count: int) -> list[int]:
    """Members of the subgroup: multiples of one another, for a power each would take too long here."""
    step, x, found = pow(G, chance.randrange(Q), P), G, []
    for _ in range(count):
        found.append(x)
        x = x * step % P
    return found


def exponents(chance: random.Random, count: int, bits: int = 256) -> list[int]:
    fitting = [exponent for exponent in EXPONENT_EDGES if exponent < 2**bits]
    return (fitting + [chance.getrandbits(bits) for _ in range(count)])[:count]


# The kernels themselves


@pytest.mark.parametrize("p", MODULI, ids=["standard", "largest", "smallest", "striped"])
def test_the_kernel_multiplies_whatever_is_at_most_2p(level: str, p: int, chance: random.Random) -> None:
    modulus = montgomery.Modulus(to_bytes([p]), level=level)
    edges = [0, 1, p - 1, p, p + 1, 2 * p - 1, 2 * p, min(LARGEST, 2 * p), 2**52 - 1, 2**4056 - 1]
    cases = [(a, b) for a in edges for b in edges] + [(chance.randrange(2 * p), chance.choice(edges)) for _ in range(28)]
    cases += [(chance.randrange(2 * p), chance.randrange(2 * p)) for _ in range(64)]
    assert len(cases) % 8 == 0
    for at in range(0, len(cases), 8):
        left, right = zip(*cases[at : at + 8], strict=True)
        results = from_limbs(modulus.kernel(to_limbs(left), to_limbs(right)))
        squares = from_limbs(modulus.kernel(to_limbs(left), None))
        for a, b, result, square in zip(left, right, results, squares, strict=True):
            assert result % p == reference.kernel(a, b, p)
            assert square % p == reference.kernel(a, a, p)
            assert max(result, square) <= p + (p >> 62) + 1  # below 2p, with room


@pytest.mark.parametrize("p", MODULI, ids=["standard", "largest", "smallest", "striped"])
def test_squares_are_products_to_the_last_limb(level: str, p: int, chance: random.Random) -> None:
    """Doubled limbs carry into each other; so numbers of all ones, of highest bits only, and of single limbs, too."""
    modulus = montgomery.Modulus(to_bytes([p]), level=level)
    highest_bits = sum(1 << 52 * j + 51 for j in range(78))
    cases = [0, 1, p - 1, p, 2 * p - 1, 2 * p, 2**4096 - 1, 2**4056 - 1, highest_bits, 2**4095 - 1 - highest_bits]
    cases += [(2**52 - 1) << 52 * j for j in range(78)] + [2**51 << 52 * j for j in range(78)] + [2 ** (52 * j) - 1 for j in range(1, 79)]
    cases = [case for case in cases if case <= 2 * p]
    cases += [chance.randrange(2 * p) for _ in range(32 - len(cases) % 8)]
    for at in range(0, len(cases), 8):
        numbers = to_limbs(cases[at : at + 8])
        assert modulus.kernel(numbers, None) == modulus.kernel(numbers, numbers)
    assert modulus.kernel(numbers, None, repeat=2) == modulus.kernel(modulus.kernel(numbers, None), None)


def test_all_kernels_give_the_same_limbs(chance: random.Random) -> None:
    left, right = (to_limbs([chance.randrange(2 * P) for _ in range(8)]) for _ in range(2))
    moduli = [montgomery.Modulus(to_bytes([P]), level=level) for level in montgomery.levels()]
    assert len({modulus.kernel(left, right, repeat=50) for modulus in moduli}) == 1
    assert len({modulus.kernel(left, None, repeat=50) for modulus in moduli}) == 1


def test_lanes_do_not_touch_each_other(modulus: Any, chance: random.Random) -> None:
    left, right = ([chance.randrange(2 * P) for _ in range(8)] for _ in range(2))
    together = from_limbs(modulus.kernel(to_limbs(left), to_limbs(right)))
    for lane in range(8):
        alone = [2 * P] * 8
        alone[lane] = left[lane]
        assert from_limbs(modulus.kernel(to_limbs(alone), to_limbs(right)))[lane] == together[lane]


# The primitives


@pytest.mark.parametrize("p", MODULI, ids=["standard", "largest", "smallest", "striped"])
def test_pairs(level: str, p: int, chance: random.Random) -> None:
    modulus = montgomery.Modulus(to_bytes([p]), level=level)
    pool = [p - 1, p, min(p + 1, LARGEST), *numbers(chance, 40)]
    pairs = [(a, b) for a in range(16) for b in range(16)] + [(chance.randrange(43), chance.randrange(43)) for _ in range(300)]
    work = array("I", [index for pair in pairs for index in pair])
    assert from_bytes(modulus.multiply(to_bytes(pool), work)) == reference.multiply(pool, pairs, p)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 515])
def test_any_number_of_pairs(modulus: Any, count: int, chance: random.Random) -> None:
    pool = numbers(chance, 20)
    pairs = [(chance.randrange(20), chance.randrange(20)) for _ in range(count)]
    work = array("I", [index for pair in pairs for index in pair])
    assert from_bytes(modulus.multiply(to_bytes(pool), work)) == reference.multiply(pool, pairs, P)


@pytest.mark.parametrize(("count", "columns"), [(0, 1), (0, 3), (1, 1), (2, 1), (9, 1), (9, 3), (64, 8), (257, 1), (1100, 1), (4100, 1),
                                                (4098, 2), (12_306, 3), (5000, 5000), (9000, 3000)])
def test_products(modulus: Any, count: int, columns: int, chance: random.Random) -> None:
    factors = [chance.randrange(1, LARGEST) for _ in range(count)]
    assert from_bytes(modulus.product(to_bytes(factors), columns=columns)) == reference.product(factors, P, columns)


def test_products_of_edge_values(level: str, chance: random.Random) -> None:
    for p in MODULI:
        modulus = montgomery.Modulus(to_bytes([p]), level=level)
        for a in [*EDGES, p - 1, p]:
            assert from_bytes(modulus.product(to_bytes([a]))) == [a % p]
            for b in EDGES:
                assert from_bytes(modulus.product(to_bytes([a, b]))) == [a * b % p]


@pytest.mark.parametrize("base", [G, 0, 1, P - 1, P, LARGEST], ids=["g", "0", "1", "p-1", "p", "largest"])
def test_powers_by_table(modulus: Any, base: int, chance: random.Random) -> None:
    wanted = exponents(chance, 70 if base == G else 16)
    comb = montgomery.Comb(modulus, to_bytes([base]))
    assert from_bytes(comb.powers(to_bytes(wanted, 32))) == reference.powers(base, wanted, P)
    assert comb.powers(b"") == b""


def test_a_table_outlives_its_modulus(level: str) -> None:
    comb = montgomery.Comb(montgomery.Modulus(to_bytes([P]), level=level), to_bytes([G]))
    assert from_bytes(comb.powers(to_bytes([2], 32))) == [G * G % P]


@pytest.mark.parametrize("each", [0, 1, 2, 5])
def test_shared_powers_and_membership(modulus: Any, each: int, chance: random.Random) -> None:
    bases = [0, 1, P - 1, P, P + 1, G, P - G, LARGEST, *elements(chance, 12), *numbers(chance, 13)[12:]]
    pool = exponents(chance, 64)
    own = [[chance.choice(pool) for _ in range(each)] for _ in bases]
    powers, members = modulus.shared_powers(to_bytes(bases), to_bytes([e for row in own for e in row], 32))
    expected_powers, expected_members = reference.shared_powers(bases, own, P)
    assert from_bytes(powers) == expected_powers
    assert members == bytes(expected_members)


@pytest.mark.parametrize("counts", [[2], [1, 2, 2], [0, 3, 0, 0, 1], [2] * 8 + [1], [1] * 33, [70, 0, 1], [0] * 40, [1, 0] * 8 + [64]],
                         ids=lambda counts: f"{len(counts)} bases, {sum(counts)} exponents")
def test_shared_powers_of_unequal_number(modulus: Any, counts: list[int], chance: random.Random) -> None:
    bases = [chance.choice([0, 1, P - 1, LARGEST]) if position % 9 == 4 else x for position, x in enumerate(elements(chance, len(counts)))]
    pool = [*exponents(chance, 13), *(chance.getrandbits(bits) for bits in (256, 256, 130, 4))]
    own = [[chance.choice(pool) for _ in range(count)] for count in counts]
    expected_powers, expected_members = reference.shared_powers(bases, own, P)
    stored = to_bytes([e for row in own for e in row], 32)
    forms = [bytes(counts), counts, tuple(counts), array("H", counts)]
    for form in forms if len(counts) < 4 else forms[:1]:
        powers, members = modulus.shared_powers(to_bytes(bases), stored, counts=form)
        assert from_bytes(powers) == expected_powers
        assert members == bytes(expected_members)
    assert modulus.shared_powers(b"", b"", b"") == (b"", b"")


def test_counts_that_do_not_fit_are_refused(modulus: Any) -> None:
    two, three = to_bytes([1, 1]), bytes(96)
    for counts in ([1, 1], [2, 2], [3], [3, 0, 0], [4, -1], [-1, 4], [2**63, 3], [2**62, 2**62], b"", b"\1\1"):
        with pytest.raises((ValueError, OverflowError)):
            modulus.shared_powers(two, three, counts)
    for counts in (3, ["1", "2"], [1.0, 2.0], {1, 2}):
        with pytest.raises(TypeError):
            modulus.shared_powers(two, three, counts)
    with pytest.raises(ValueError, match="don't add up to 3 exponents"):
        modulus.shared_powers(two, three, [1, 1])


@pytest.mark.parametrize("count", [0, 1, 31, 33])
def test_membership_of_any_number_of_bases(modulus: Any, count: int, chance: random.Random) -> None:
    bases = [x if chance.random() < 0.5 else P - x for x in elements(chance, count)]
    assert modulus.shared_powers(to_bytes(bases), b"") == (b"", bytes(pow(x, Q, P) == 1 for x in bases))


@pytest.mark.parametrize("bits", [128, 256])
@pytest.mark.parametrize("count", [0, 1, 2, 60, 200])
def test_products_of_powers_and_their_slices(modulus: Any, bits: int, count: int, chance: random.Random) -> None:
    bases = [chance.randrange(1, LARGEST) for _ in range(count)]
    wanted = exponents(chance, count, bits)
    chance.shuffle(wanted)
    result, slices = modulus.multi_power(to_bytes(bases), to_bytes(wanted, bits // 8))
    expected, expected_slices = reference.multi_power(bases, wanted, bits if count else 128, P)
    assert from_bytes(result) == [expected]
    assert from_bytes(slices) == expected_slices


@pytest.mark.parametrize(("count", "bits"), [(8, 128), (90, 256), (500, 128), (700, 256), (2600, 128)])
def test_products_of_many_powers_of_one_generator(modulus: Any, bits: int, count: int, chance: random.Random) -> None:
    """Numbers of windows and widths as the count would have them, bases converted first or slices corrected afterwards: by logarithms."""
    first, step = chance.randrange(Q), chance.randrange(Q)
    factor, x, bases = pow(G, step, P), pow(G, first, P), []
    for _ in range(count):
        bases.append(x)
        x = x * factor % P
    logarithms = [first + position * step for position in range(count)]
    wanted = exponents(chance, count, bits)
    result, slices = modulus.multi_power(to_bytes(bases), to_bytes(wanted, bits // 8))
    total = sum(a * e for a, e in zip(logarithms, wanted, strict=True))
    assert from_bytes(result) == [pow(G, total % Q, P)]
    for bit in {0, 1, bits - 1, *chance.sample(range(bits), 12)}:
        of_bit = sum(a for a, e in zip(logarithms, wanted, strict=True) if e >> bit & 1)
        assert from_bytes(slices)[bit] == pow(G, of_bit % Q, P)


def test_products_of_powers_whose_exponents_are_all_alike(modulus: Any, chance: random.Random) -> None:
    """All bases in one bucket of each window; nothing but zeros; one wide chain."""
    bases = [chance.randrange(1, P) for _ in range(300)]
    for exponent in (0, 1, 2**127, 2**128 - 1):
        result, slices = modulus.multi_power(to_bytes(bases), to_bytes([exponent] * 300, 16))
        whole = reference.product(bases, P)[0]
        assert from_bytes(result) == [pow(whole, exponent, P)]
        assert from_bytes(slices) == [whole if exponent >> bit & 1 else 1 for bit in range(128)]


def test_a_zero_among_the_bases_makes_the_product_zero(modulus: Any, chance: random.Random) -> None:
    for zero in (0, P):
        bases = [*elements(chance, 9), zero]
        result, slices = modulus.multi_power(to_bytes(bases), to_bytes([*range(1, 10), 4], 16))
        assert from_bytes(result) == [0]
        assert [bit for bit, value in enumerate(from_bytes(slices)) if value == 0] == [2]


def test_slices_tell_a_negated_base(modulus: Any, chance: random.Random) -> None:
    """What batch verification needs them for: a factor -1 leaves the product unchanged for an even exponent, not its slices."""
    bases = elements(chance, 20)
    wanted = [chance.getrandbits(127) << 1 for _ in bases]
    before = modulus.multi_power(to_bytes(bases), to_bytes(wanted, 16))
    after = modulus.multi_power(to_bytes([P - bases[0], *bases[1:]]), to_bytes(wanted, 16))
    assert before[0] == after[0]
    changed = [bit for bit, (x, y) in enumerate(zip(from_bytes(before[1]), from_bytes(after[1]), strict=True)) if x != y]
    assert changed == [bit for bit in range(128) if wanted[0] >> bit & 1]


def test_buffers_of_any_kind(modulus: Any) -> None:
    content = to_bytes([3, 5])
    for buffer in (content, bytearray(content), memoryview(content), array("B", content)):
        assert from_bytes(modulus.product(buffer)) == [15]
    with pytest.raises(BufferError):
        modulus.product(memoryview(content * 2)[::2])
    with pytest.raises(TypeError):
        modulus.product("text")


# What must be refused


@pytest.mark.parametrize("p", [0, 1, P - 2, P + 2**255, P - 2**256, P >> 1, P - 2**4095, P - 2**255, 2**4096 - 2], ids=range(9))
def test_another_shape_of_modulus_is_refused(p: int) -> None:
    if p == P - 2**256:  # the bits above the lowest 256 are free
        assert montgomery.Modulus(to_bytes([p])).level in montgomery.levels()
        return
    with pytest.raises(ValueError, match="the highest bit and the lowest 256 bits"):
        montgomery.Modulus(to_bytes([p]))


@pytest.mark.parametrize("content", [b"", b"\xff" * 511, b"\xff" * 513, b"\xff" * 1024])
def test_a_modulus_or_base_of_another_length_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="512 bytes"):
        montgomery.Modulus(content)
    with pytest.raises(ValueError, match="512 bytes"):
        montgomery.Comb(montgomery.Modulus(to_bytes([P])), content)


def test_the_best_level_is_chosen_and_an_unknown_one_refused() -> None:
    assert montgomery.Modulus(to_bytes([P])).level == montgomery.levels()[0]
    assert set(montgomery.levels()) <= {"avx512ifma", "avx2"}
    for level in ("", "avx", "avx512ifma2", "none"):
        with pytest.raises(ValueError, match="this processor has no level"):
            montgomery.Modulus(to_bytes([P]), level=level)


def test_wrong_lengths_are_refused(modulus: Any) -> None:
    one = to_bytes([1])
    for length in (1, 511, 513, 1023):
        for call in (modulus.product, lambda x: modulus.multiply(x, b""), lambda x: modulus.shared_powers(x, b""),
                     lambda x: modulus.multi_power(x, b"")):
            with pytest.raises(ValueError, match="expected a multiple of 512 bytes"):
                call(bytes(length))
    for pairs in (bytes(4), bytes(7), bytes(12)):
        with pytest.raises(ValueError, match="multiple of 8 bytes"):
            modulus.multiply(one, pairs)
    for columns in (0, -1, -(2**63), 2**32):
        with pytest.raises(ValueError, match="columns"):
            modulus.product(one, columns=columns)
    with pytest.raises(ValueError, match="expected a multiple of 2, got 3"):
        modulus.product(one * 3, columns=2)
    for bases, exponents in ((one * 2, bytes(32)), (one * 2, bytes(96)), (b"", bytes(32)), (one, bytes(31)), (one, bytes(16))):
        with pytest.raises(ValueError, match="exponents"):
            modulus.shared_powers(bases, exponents)
    for bases, exponents in ((one, b""), (one, bytes(15)), (one, bytes(48)), (one * 2, bytes(16)), (one * 2, bytes(48)), (b"", bytes(16))):
        with pytest.raises(ValueError, match="exponents"):
            modulus.multi_power(bases, exponents)
    with pytest.raises(ValueError, match="exponents"):
        montgomery.Comb(modulus, one).powers(bytes(33))


def test_an_index_past_the_end_is_refused(modulus: Any) -> None:
    for index in (2, 3, 2**31, 2**32 - 1):
        for pairs in ([index, 0], [0, index], [0, 1, 1, index]):
            with pytest.raises(ValueError, match="is not the index of one of 2 numbers"):
                modulus.multiply(to_bytes([1, 1]), array("I", pairs))
    with pytest.raises(ValueError, match="is not the index of one of 0 numbers"):
        modulus.multiply(b"", array("I", [0, 0]))


def test_the_kernel_refuses_what_it_can_not_hold(modulus: Any) -> None:
    ones = to_limbs([1] * 8)
    for wrong in (b"", ones[:-640], ones[:-1], ones * 2):
        with pytest.raises(ValueError, match=r"kernel|left|right"):
            modulus.kernel(wrong, ones)
        with pytest.raises(ValueError, match=r"kernel|left|right"):
            modulus.kernel(ones, wrong)
        with pytest.raises(ValueError, match=r"kernel|left"):
            modulus.kernel(wrong, None)
    for limb, value in ((0, 2**52), (77, 2**64 - 1), (78, 2**41 + 1), (79, 1)):
        wrong = bytearray(ones)
        wrong[640 * 7 + 8 * limb : 640 * 7 + 8 * limb + 8] = value.to_bytes(8, "little")
        for left, right in ((ones, wrong), (wrong, ones), (wrong, None)):
            with pytest.raises(ValueError, match="limbs below"):
                modulus.kernel(left, right)


def test_types_can_not_be_tampered_with(modulus: Any) -> None:
    with pytest.raises(TypeError):
        montgomery.Comb(object(), to_bytes([1]))
    with pytest.raises(TypeError):
        montgomery.Modulus.product = None
    with pytest.raises(TypeError):
        type("Derived", (montgomery.Modulus,), {})
    for name in ("level", "multiplications", "lanes"):
        with pytest.raises(AttributeError):
            setattr(modulus, name, 0)


EXHAUSTED = """
import resource, sys
import montgomery
from array import array
p = bytes.fromhex(sys.argv[1])
modulus = montgomery.Modulus(p)
n = 80_000
many, pairs, exponents = bytes(512 * n), array("I", [0]) * 2, bytes(32 * n)
calls = [lambda: modulus.multiply(many, pairs), lambda: modulus.product(many, columns=n), lambda: modulus.multi_power(many, exponents),
         lambda: modulus.shared_powers(many[:512], exponents), lambda: montgomery.Comb(modulus, p)]
with open("/proc/self/statm") as file:
    size = int(file.read().split()[0]) * resource.getpagesize()
many[:512]
resource.setrlimit(resource.RLIMIT_AS, (size + 3 * 2**20, -1))
for call in calls:
    try:
        call()
    except MemoryError:
        print("MemoryError")
resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
print(int.from_bytes(modulus.product((5).to_bytes(512, "big") * 2), "big"))
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux limits the memory of a process this way")
@pytest.mark.skipif("PSEPHOS_SANITIZED" in os.environ, reason="AddressSanitizer itself needs terabytes of addresses")
def test_without_memory_there_is_a_memory_error_and_life_goes_on() -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(montgomery.__file__).parent)}
    command = [sys.executable, "-P", "-c", EXHAUSTED, to_bytes([P]).hex()]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert finished.stdout.splitlines() == ["MemoryError"] * 5 + ["25"], finished.stderr


# The count of work


def work_of(modulus: Any, call: Callable[[], object]) -> tuple[int, int]:
    """How many multiplications `call` makes, and how many lanes it takes for them."""
    multiplications, lanes = modulus.multiplications, modulus.lanes
    call()
    return modulus.multiplications - multiplications, modulus.lanes - lanes


def test_multiplications_are_counted_with_padding_and_without(modulus: Any, chance: random.Random) -> None:
    assert (modulus.multiplications, modulus.lanes) == (0, 0)
    ones, stored = to_limbs([1] * 8), to_bytes([chance.randrange(P) for _ in range(100)])
    assert work_of(modulus, lambda: modulus.kernel(ones, ones, repeat=3)) == (24, 24)
    assert work_of(modulus, lambda: modulus.kernel(ones, None, repeat=3)) == (24, 24)
    assert work_of(modulus, lambda: modulus.multiply(stored, array("I", range(18)))) == (18, 32)
    assert work_of(modulus, lambda: modulus.multiply(stored, array("I", range(16)))) == (16, 16)
    assert work_of(modulus, lambda: modulus.multiply(b"", b"")) == (0, 0)
    # 99 products, seven powers of R of which three are multiplied with, and one to leave Montgomery form.
    made, lanes = work_of(modulus, lambda: modulus.product(stored))
    assert made == 99 + 6 + 3 + 1
    assert lanes % 8 == 0
    assert lanes >= made
    combs: list[Any] = []
    made, _ = work_of(modulus, lambda: combs.append(montgomery.Comb(modulus, stored[:512])))
    assert made == 1 + 31 * 8 + 32 * 254 + 256
    assert work_of(modulus, lambda: combs[0].powers(b"\1" * 32 * 16)) == (16 * 31, 16 * 31)


def test_the_count_depends_on_the_work_alone(chance: random.Random) -> None:
    stored, wanted = to_bytes([chance.randrange(P) for _ in range(40)]), to_bytes(exponents(chance, 40), 32)
    counts = set()
    for modulus in [montgomery.Modulus(to_bytes([P]), level=level) for level in montgomery.levels() * 2]:
        modulus.multi_power(stored, wanted)
        modulus.shared_powers(stored, wanted)
        counts.add((modulus.multiplications, modulus.lanes))
    assert len(counts) == 1


@pytest.mark.parametrize(("count", "size", "most"), [(100, 16, 37.5), (500, 16, 25), (1000, 16, 21.5), (1000, 32, 42), (5000, 16, 16)])
def test_products_of_powers_take_few_multiplications(modulus: Any, count: int, size: int, most: float, chance: random.Random) -> None:
    bases, wanted = bytes(511 * count) + b"\1" * count, chance.randbytes(size * count)
    made, lanes = work_of(modulus, lambda: modulus.multi_power(bases, wanted))
    assert made <= most * count
    assert lanes <= (1.3 if count < 500 else 1.1) * made  # lanes without work


@pytest.mark.parametrize(("count", "share"), [(1, 6), (7, 1.11), (8, 1.02), (9, 1.02), (17, 1.02), (25, 1.02), (31, 1.02), (32, 1.02)])
def test_shared_powers_waste_few_lanes(modulus: Any, count: int, share: float, chance: random.Random) -> None:
    """All take turns, so that more than eight bases need not be a multiple of eight."""
    bases, wanted = bytes(511 * count) + b"\1" * count, chance.randbytes(64 * count)
    made, lanes = work_of(modulus, lambda: modulus.shared_powers(bases, wanted))
    assert (262 + 2 * 68) * count <= made <= (262 + 2 * 76) * count
    assert lanes <= share * made


@pytest.mark.skipif("PSEPHOS_SANITIZED" in os.environ, reason="counts only, and takes long there")
@pytest.mark.parametrize(("count", "size", "most"), [(20_000, 16, 13), (50_000, 32, 23.1)])
def test_products_of_many_powers_take_few_multiplications(count: int, size: int, most: float, chance: random.Random) -> None:
    modulus = montgomery.Modulus(to_bytes([P]))
    made, lanes = work_of(modulus, lambda: modulus.multi_power(bytes(512 * count), chance.randbytes(size * count)))
    assert made <= most * count
    assert lanes <= 1.02 * made


def test_the_counts_of_many_threads_add_up(modulus: Any, chance: random.Random) -> None:
    stored = to_bytes([chance.randrange(P) for _ in range(100)])
    once, lanes = work_of(modulus, lambda: modulus.product(stored))
    before = modulus.multiplications, modulus.lanes
    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(lambda _: modulus.product(stored), range(100)))
    assert (modulus.multiplications, modulus.lanes) == (before[0] + 100 * once, before[1] + 100 * lanes)


# Signals

INTERRUPTED = """
import os, resource, signal, sys
from array import array
import montgomery

class Alarm(Exception):
    pass

def raise_alarm(*_):
    raise Alarm

def interrupt(name, call):
    signal.signal(signal.SIGALRM, raise_alarm)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    before = modulus.multiplications
    try:
        call()
    except Alarm:
        print(name, modulus.multiplications > before)

def size():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()

modulus = montgomery.Modulus(bytes.fromhex(sys.argv[1]), level=sys.argv[2])
n = 40_000
most, pairs, exponents, row = bytes(512 * 20 * n), array("I", [0]) * (200 * n), b"\\xab" * (32 * n), bytes(640 * 8)
many = most[:512 * n]
comb = montgomery.Comb(modulus, many[:512])
calls = {
    "kernel": lambda: modulus.kernel(row, row, repeat=2**62), "multiply": lambda: modulus.multiply(many[:512], pairs),
    "product": lambda: modulus.product(most), "columns": lambda: modulus.product(most, columns=n),
    "shared_powers": lambda: modulus.shared_powers(many, exponents), "multi_power": lambda: modulus.multi_power(many, exponents),
    "powers": lambda: comb.powers(exponents),
}
for name, call in calls.items():
    interrupt(name, call)
before = size()
for _ in range(3):
    interrupt("multi_power", calls["multi_power"])
print("kept", size() - before > 20 * 2**20 and not montgomery.SANITIZED)  # AddressSanitizer keeps what was freed
handled = []
signal.signal(signal.SIGALRM, lambda *_: handled.append(modulus.product(many[:512])))  # a handler that returns stops nothing
signal.setitimer(signal.ITIMER_REAL, 0.05)
modulus.kernel(row, row, repeat=3_000 if montgomery.SANITIZED else 40_000)
print(len(handled))
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start with Ctrl-C ignored
signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
signal.setitimer(signal.ITIMER_REAL, 0.05)
try:
    calls["kernel"]()
except KeyboardInterrupt:
    print("KeyboardInterrupt", int.from_bytes(modulus.product((5).to_bytes(512, "big") * 2), "big"))
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="looks for memory that was kept the way of Linux")
def test_a_signal_ends_a_long_call(level: str) -> None:
    """Each call takes seconds or, `kernel`, for ever; each starts with a timer whose handler raises."""
    environment = os.environ | {"PYTHONPATH": str(Path(montgomery.__file__).parent)}
    command = [sys.executable, "-P", "-c", INTERRUPTED, to_bytes([P]).hex(), level]
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    names = ["kernel", "multiply", "product", "columns", "shared_powers", "multi_power", "powers", *["multi_power"] * 3]
    assert finished.stdout.splitlines() == [*(f"{name} True" for name in names), "kept False", "1", "KeyboardInterrupt 25"], finished.stderr


# Threads


def test_the_interpreter_runs_on_during_a_call(chance: random.Random) -> None:
    modulus = montgomery.Modulus(to_bytes([P]))
    content = to_limbs([chance.randrange(P) for _ in range(8)])
    span: list[float] = []

    def work() -> None:
        span.append(time.monotonic())
        modulus.kernel(content, content, repeat=20_000)
        span.append(time.monotonic())

    thread = threading.Thread(target=work)
    moments = []
    thread.start()
    while thread.is_alive():
        moments.append(time.monotonic())
    begin, end = span
    margin = (end - begin) / 10
    assert any(begin + margin < moment < end - margin for moment in moments)


def test_many_threads_share_one_modulus_and_one_table(modulus: Any, chance: random.Random) -> None:
    comb = montgomery.Comb(modulus, to_bytes([G]))
    bases, wanted = elements(chance, 40), exponents(chance, 40, 128)
    factors, long = to_bytes(bases), to_bytes(wanted, 32)
    expected_product = reference.product(bases, P)
    expected_powers = reference.powers(G, wanted, P)
    expected_multi, _ = reference.multi_power(bases, wanted, 128, P)

    def work(turn: int) -> bool:
        if turn % 4 == 0:
            return from_bytes(modulus.product(factors)) == expected_product
        if turn % 4 == 1:
            return from_bytes(comb.powers(long)) == expected_powers
        if turn % 4 == 2:
            return from_bytes(modulus.multi_power(factors, to_bytes(wanted, 16))[0]) == [expected_multi]
        return bool(modulus.shared_powers(factors, b"")[1] == b"\1" * 40)

    with ThreadPoolExecutor(max_workers=8) as pool:
        assert all(pool.map(work, range(64)))


def test_a_buffer_that_changes_during_a_call_does_no_harm(modulus: Any, chance: random.Random) -> None:
    """The answer may be anything, since that is against the rules; but nothing is read or written out of bounds."""
    bases = to_bytes(elements(chance, 200))
    moving, pairs = bytearray(16 * 200), array("I", [0] * 4000)
    stop = threading.Event()

    def disturb() -> None:
        other = random.Random(1)
        while not stop.is_set():
            moving[:] = other.randbytes(len(moving))
            pairs[:] = array("I", [other.choice((0, 199, 2**32 - 1))] * 4000)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        for _ in range(5):
            assert len(modulus.multi_power(bases, moving)[1]) == 128 * 512
            with contextlib.suppress(ValueError):
                assert len(modulus.multiply(bases, pairs)) == 2000 * 512
    finally:
        stop.set()
        thread.join()
