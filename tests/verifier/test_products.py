"""Products over many numbers, their slices and the Legendre symbol, in every arithmetic, against the built-in power."""

import random
from collections.abc import Iterator

import pytest

from tests.verifier.arithmetics import ALL, counting, using
from tests.verifier.sample import TOY
from verifier.arithmetic import STANDARD, Group

GROUPS = pytest.mark.parametrize("group", [TOY, STANDARD], ids=["toy", "standard"])


@pytest.fixture(params=ALL, autouse=True)
def arithmetic(request: pytest.FixtureRequest) -> Iterator[str]:
    with using(request.param):
        yield request.param


def numbers(group: Group, count: int, seed: int = 1) -> list[int]:
    chance = random.Random(seed)
    edges = [0, 1, 2, group.p - 1, group.p, group.p + 1, 256**group.l_p - 1]
    return [chance.choice(edges) if chance.random() < 0.1 else chance.randrange(group.p) for _ in range(count)]


def exponents(width: int, count: int, seed: int = 2) -> list[int]:
    chance = random.Random(seed)
    return [chance.choice([0, 1, 256**width - 1, 2 ** (8 * width - 1), chance.randrange(256**width)]) for _ in range(count)]


def joined(values: list[int], length: int) -> bytes:
    return b"".join(x.to_bytes(length, "big") for x in values)


def product(values: list[int], p: int) -> int:
    result = 1
    for x in values:
        result = result * x % p
    return result


@GROUPS
@pytest.mark.parametrize("half", [False, True], ids=["l_q", "16"])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 33])
def test_a_product_of_powers_and_its_slices(group: Group, count: int, half: bool) -> None:
    width = 16 if half else group.l_q
    bases, own = [x for x in numbers(group, 2 * count) if x % group.p][:count], exponents(width, count)
    found, slices = group.multi_power(joined(bases, group.l_p), joined(own, width), width)
    assert found == product([pow(x, e, group.p) for x, e in zip(bases, own, strict=True)], group.p)
    assert slices == [product([x for x, e in zip(bases, own, strict=True) if e >> k & 1], group.p) for k in range(8 * width)]


@GROUPS
def test_a_zero_is_in_the_slices_of_its_exponent_alone(group: Group) -> None:
    found, slices = group.multi_power(joined([0, group.g, 0], group.l_p), joined([0b101, 0b11, 0], 16), 16)
    assert found == 0
    assert slices == [0, group.g, 0] + [1] * 125


@GROUPS
def test_many_numbers_fill_windows_of_several_widths(group: Group) -> None:
    bases, own = [pow(group.g, x, group.p) for x in range(1, 400)], exponents(16, 399)
    found, slices = group.multi_power(joined(bases, group.l_p), joined(own, 16), 16)
    assert found == pow(group.g, sum(x * e for x, e in enumerate(own, 1)), group.p)
    assert slices == [pow(group.g, sum(x for x, e in enumerate(own, 1) if e >> k & 1), group.p) for k in range(128)]


@GROUPS
def test_numbers_and_exponents_must_be_equally_many_and_whole(group: Group) -> None:
    one, exponent = joined([1], group.l_p), bytes(16)
    for bases, own in ((one, b""), (b"", exponent), (one, exponent * 2), (one[1:], exponent), (one, exponent[1:]), (one * 2, exponent)):
        with pytest.raises(ValueError, match="expected an exponent of 16 bytes"):
            group.multi_power(bases, own, 16)


@GROUPS
@pytest.mark.parametrize(("rows", "columns"), [(0, 1), (1, 1), (1, 9), (12, 1), (8, 3), (5, 17)])
def test_the_products_of_columns(group: Group, rows: int, columns: int) -> None:
    values = numbers(group, rows * columns)
    expected = [product(values[column::columns], group.p) for column in range(columns)]
    assert group.products(joined(values, group.l_p), columns) == expected


@GROUPS
def test_an_incomplete_row_is_refused(group: Group) -> None:
    with pytest.raises(ValueError, match="expected rows of 2 numbers"):
        group.products(joined([1, 2, 3], group.l_p), 2)
    with pytest.raises(ValueError, match="expected rows of 1 numbers"):
        group.products(joined([1], group.l_p)[1:], 1)


@GROUPS
def test_products_of_some_numbers(group: Group) -> None:
    for count in range(5):
        values = numbers(group, count, seed=count)
        assert group.product(*values) == product(values, group.p)
    assert group.product(group.p) == 0


@GROUPS
def test_squares_have_the_symbol_1(group: Group) -> None:
    p = group.p
    drawn = [x for x in numbers(group, 20) if x % p]
    assert all(group.is_square(x * x % p) for x in drawn)
    assert not any(group.is_square(p - x * x % p) for x in drawn)  # −1 is none, as p = 3 mod 4
    for x in (0, 1, 2, 3, 4, p - 1, p - 2, p, group.g, p - group.g, *drawn):
        assert group.is_square(x) == (pow(x, (p - 1) // 2, p) == 1)


def test_a_power_among_thousands_needs_few_multiplications(arithmetic: str) -> None:
    """Sixteen for 128 bits at 5,000 numbers, and fewer for more of them; singly it would be 160."""
    if arithmetic != "python":
        pytest.skip("counted with plain integers only")
    count, chance = 5_000, random.Random(3)
    bases = joined(list(range(2, count + 2)), TOY.l_p)
    with counting() as counted:
        TOY.multi_power(bases, chance.randbytes(16 * count), 16)
    assert 10 * count < counted.multiplications < 16 * count
