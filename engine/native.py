"""Powers of public numbers, eight and more at a time, by the extension `montgomery` (specs/decisions/0007-native-arithmetic.md).

The extension takes any number for itself mod p, so whoever calls refuses 0, and p and above, before. Nothing here knows what a power
is for.
"""

from collections.abc import Sequence
from typing import Any

from engine import powers
from engine.powers import arithmetic, integer

NUMBER, EXPONENT = 512, 32  # bytes
ORDER = 2**256 - 189  # the only one whose members `shared_powers` knows


class Native:
    """Native arithmetic modulo one p of 4096 bits."""

    def __init__(self, modulus: int) -> None:
        self._p = modulus
        self._modulus = powers.montgomery.Modulus(modulus.to_bytes(NUMBER, "big"))

    def comb(self, base: int) -> Any:
        """A table of 5 MiB for powers of `base`; see `comb_powers`."""
        return powers.montgomery.Comb(self._modulus, int(base).to_bytes(NUMBER, "big"))

    def comb_powers(self, comb: Any, exponents: Sequence[int]) -> list[Any]:
        """The powers of a comb's base to exponents from 0 to 2^256 − 1. Raises OverflowError for another.

        Its lanes are eight, so one power costs as much as eight, unless it is cut in pieces: base^(x + y) = base^x · base^y.
        """
        count = len(exponents)
        if count > 8 and 0 < count % 8 <= 3:
            return self.comb_powers(comb, exponents[: -(count % 8)]) + self.comb_powers(comb, exponents[-(count % 8) :])
        pieces = 8 // count if 0 < count <= 4 else 1
        step = EXPONENT // pieces
        cut = bytearray()
        for exponent in exponents:
            whole = int(exponent).to_bytes(EXPONENT, "little")
            for start in range(0, EXPONENT, step):
                cut += (bytes(start) + whole[start : start + step]).ljust(EXPONENT, b"\0")[::-1]
        result = comb.powers(cut)
        if pieces == 1:
            return numbers(result)
        by_piece = [result[at : at + NUMBER] for piece in range(pieces) for at in range(piece * NUMBER, len(result), pieces * NUMBER)]
        return numbers(self._modulus.product(b"".join(by_piece), count))

    def shared_powers(self, wanted: Sequence[tuple[int, Sequence[int]]]) -> list[tuple[bool, list[bytes]]]:
        """For each base, from 1 to p − 1, whether it is of the order q, and its powers, 512 bytes each, to exponents below 2^256."""
        bases = b"".join(base.to_bytes(NUMBER, "big") for base, _ in wanted)
        exponents = b"".join(exponent.to_bytes(EXPONENT, "big") for _, many in wanted for exponent in many)
        result, members = self._modulus.shared_powers(bases, exponents, [len(many) for _, many in wanted])
        answers, at = [], 0
        for (_, many), is_member in zip(wanted, members, strict=True):
            end = at + len(many) * NUMBER
            answers.append((bool(is_member), [result[place : place + NUMBER] for place in range(at, end, NUMBER)]))
            at = end
        return answers

    @property
    def multiplications(self) -> int:
        """How many modular multiplications were made so far."""
        return int(self._modulus.multiplications)

    def products(self, rows: Any, columns: int) -> list[Any]:
        """The product of each column of rows of `columns` numbers: bytes, or a part of a file in memory, which is not copied."""
        return numbers(self._modulus.product(rows, columns))


def native(modulus: int, order: int) -> Native | None:
    """Native arithmetic for a group of these parameters, or None. Raises ArithmeticMissing if PSEPHOS_ARITHMETIC asks in vain."""
    arithmetic()
    suits = modulus.bit_length() == 4096 and modulus % 2**256 == 2**256 - 1 and order == ORDER
    return Native(modulus) if suits and powers.montgomery and powers.montgomery.levels() else None


def numbers(content: bytes) -> list[Any]:
    """The integers in `content`, 512 bytes each, big-endian."""
    return [number(content[at : at + NUMBER]) for at in range(0, len(content), NUMBER)]


def number(content: bytes | memoryview) -> Any:
    """One integer, big-endian."""
    return integer(int.from_bytes(content, "big"))
