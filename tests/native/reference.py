"""What each primitive of `montgomery` is to compute, in plain integers: the specification that the tests hold it to."""

from collections.abc import Sequence

Q = 2**256 - 189
R = 2**4160
LIMB_BITS, LIMBS = 52, 80


def multiply(numbers: Sequence[int], pairs: Sequence[tuple[int, int]], p: int) -> list[int]:
    return [numbers[a] * numbers[b] % p for a, b in pairs]


def product(numbers: Sequence[int], p: int, columns: int = 1) -> list[int]:
    results = [1] * columns
    for position, number in enumerate(numbers):
        results[position % columns] = results[position % columns] * number % p
    return results


def powers(base: int, exponents: Sequence[int], p: int) -> list[int]:
    return [pow(base, exponent, p) for exponent in exponents]


def shared_powers(bases: Sequence[int], exponents: Sequence[Sequence[int]], p: int) -> tuple[list[int], list[bool]]:
    results = [pow(base, exponent, p) for base, own in zip(bases, exponents, strict=True) for exponent in own]
    return results, [pow(base, Q, p) == 1 for base in bases]


def multi_power(bases: Sequence[int], exponents: Sequence[int], bits: int, p: int) -> tuple[int, list[int]]:
    slices = [1] * bits
    result = 1
    for base, exponent in zip(bases, exponents, strict=True):
        result = result * pow(base, exponent, p) % p
        for bit in range(bits):
            if exponent >> bit & 1:
                slices[bit] = slices[bit] * base % p
    return result, slices


def kernel(left: int, right: int, p: int) -> int:
    return left * right * pow(R, -1, p) % p


# Numbers as `montgomery` takes and gives them


def to_bytes(numbers: Sequence[int], length: int = 512) -> bytes:
    return b"".join(number.to_bytes(length, "big") for number in numbers)


def from_bytes(content: bytes, length: int = 512) -> list[int]:
    assert len(content) % length == 0
    return [int.from_bytes(content[at : at + length], "big") for at in range(0, len(content), length)]


def to_limbs(numbers: Sequence[int]) -> bytes:
    """As the kernel takes them: 80 limbs of 52 bits in 8 bytes each, the lowest first."""
    mask = 2**LIMB_BITS - 1
    return b"".join((number >> LIMB_BITS * j & mask).to_bytes(8, "little") for number in numbers for j in range(LIMBS))


def from_limbs(content: bytes) -> list[int]:
    limbs = [int.from_bytes(content[at : at + 8], "little") for at in range(0, len(content), 8)]
    assert max(limbs) < 2**LIMB_BITS
    return [sum(limb << LIMB_BITS * j for j, limb in enumerate(limbs[at : at + LIMBS])) for at in range(0, len(limbs), LIMBS)]
