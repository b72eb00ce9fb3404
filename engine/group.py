"""The group of order q in Z_p* and the field Z_q (§3.1.1). The standard parameters and no others live here."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from engine.errors import GroupError
from engine.native import Native, native, number
from engine.powers import Comb, Squarings, integer, product, secret_power


@dataclass(frozen=True)
class Group:
    """A prime p, a prime q that divides p − 1, and a generator of the subgroup of order q. Only tests make other groups than STANDARD."""

    p: int
    q: int
    generator: int

    def __reduce__(self) -> Any:  # in every process the same group again, with the table of its generator
        return _group, (self.p, self.q, self.generator)

    @cached_property
    def element_length(self) -> int:
        """Bytes of an integer mod p, l_p of §5.1.1: 512 for the standard parameters."""
        return (self.p.bit_length() + 7) // 8

    @cached_property
    def scalar_length(self) -> int:
        """Bytes of an integer mod q, l_q of §5.1.2: 32 for the standard parameters."""
        return (self.q.bit_length() + 7) // 8

    @cached_property
    def native(self) -> Native | None:
        """Native arithmetic, if there is any for this group."""
        return native(self.p, self.q)

    @cached_property
    def _foreseen(self) -> "dict[int, tuple[bool, dict[int, Any]]]":
        return {}

    @cached_property
    def g(self) -> "Element":
        """The generator, with a table of its powers."""
        return Element(self, integer(self.generator), tabulated=True)

    @cached_property
    def one(self) -> "Element":
        """The neutral element."""
        return Element(self, integer(1))

    def element(self, value: int) -> "Element":
        """`value` as an element; raises GroupError unless 0 < value < p and value^q mod p = 1 (6.A)."""
        if not 0 < value < self.p or not self._is_member(value):
            raise GroupError("not an element of the subgroup of order q")
        return Element(self, integer(value))

    def _is_member(self, value: int) -> bool:
        known = self._foreseen.get(value)
        return _squarings(self, int(value)).has_order(self.q) if known is None else known[0]

    def foresee(self, wanted: Iterable[tuple[int, Sequence[int]]], of_tables: "Iterable[tuple[Element, Sequence[int]]]" = ()) -> None:
        """Tells what will be asked for, so that native arithmetic can compute it all together; without any, nothing is done.

        `wanted` are numbers with the exponents that each will be raised to, `of_tables` tabulated elements with theirs. `element` and
        `Element.__pow__` then find membership and powers here; what was not foreseen, or not rightly, they compute themselves. The last
        call's results are remembered until the next. For public values only.
        """
        self._foreseen.clear()
        if self.native is None:
            return
        together: dict[int, list[int]] = {}
        for value, exponents in wanted:
            if 0 < value < self.p:  # the extension takes any other for what it is mod p
                together.setdefault(value, []).extend(each for each in exponents if 0 <= each < self.q)
        answers = self.native.shared_powers(list(together.items()))
        for (value, exponents), (is_member, powers) in zip(together.items(), answers, strict=True):
            self._foreseen[value] = is_member, dict(zip(exponents, map(number, powers), strict=True))
        for element, many in of_tables:
            kept = [each for each in many if 0 <= each < self.q]
            powers_of = element.powers([Scalar(self, each) for each in kept])
            self._foreseen[int(element.value)] = True, dict(zip(kept, (each.value for each in powers_of), strict=True))

    def scalar(self, value: int) -> "Scalar":
        """`value` as a scalar; raises GroupError unless 0 <= value < q (6.B)."""
        if not 0 <= value < self.q:
            raise GroupError("not an integer in 0 .. q - 1")
        return Scalar(self, value)

    def random_scalar(self) -> "Scalar":
        """A uniformly random scalar other than 0, from the operating system's generator."""
        return Scalar(self, 1 + secrets.randbelow(self.q - 1))

    def product(self, elements: Iterable["Element"]) -> "Element":
        """The product of elements of this group; 1 if there are none."""
        return Element(self, product((element.value for element in elements), self.p))

    def products_of_columns(self, rows: memoryview, columns: int) -> "list[Element]":
        """The product of each column of rows of `columns` elements, in bytes. For elements that were checked before they were stored."""
        if self.native:
            return [Element(self, each) for each in self.native.products(rows, columns)]
        length = self.element_length
        values = [number(rows[at : at + length]) for at in range(0, len(rows), length)]
        return [Element(self, product(values[column::columns], self.p)) for column in range(columns)]


@lru_cache(maxsize=512)
def _squarings(group: Group, value: int) -> Squarings:
    """The shared squarings of a public number, for as long as it is likely to be raised again: those of a ballot or two are remembered."""
    return Squarings(value, group.p, group.q.bit_length())


class Scalar:
    """An integer mod q. It may be a secret, so it shows itself nowhere: not in repr, not in errors."""

    __slots__ = ("group", "value")

    def __init__(self, group: Group, value: int) -> None:
        self.group = group
        self.value = value

    def __add__(self, other: "Scalar") -> "Scalar":
        return Scalar(self.group, (self.value + other.value) % self.group.q)

    def __sub__(self, other: "Scalar") -> "Scalar":
        return Scalar(self.group, (self.value - other.value) % self.group.q)

    def __mul__(self, other: "Scalar") -> "Scalar":
        return Scalar(self.group, self.value * other.value % self.group.q)

    def inverse(self) -> "Scalar":
        """1 / self mod q; raises GroupError for 0."""
        if self.value == 0:
            raise GroupError("0 has no inverse")
        return Scalar(self.group, pow(self.value, -1, self.group.q))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scalar) and self.group == other.group and secrets.compare_digest(self.to_bytes(), other.to_bytes())

    def __hash__(self) -> int:
        return hash(self.to_bytes())  # keyed anew in every process, so a hash tells nothing of a secret

    def __repr__(self) -> str:
        return "Scalar(…)"

    def to_bytes(self) -> bytes:
        """b(self, l_q) (§5.1.2)."""
        return int(self.value).to_bytes(self.group.scalar_length, "big")


class Element:
    """An element of the group. `tabulated` elements (g, K, K̂) are raised to powers by a table that is built at first use."""

    __slots__ = ("_comb", "group", "tabulated", "value")

    def __init__(self, group: Group, value: Any, tabulated: bool = False) -> None:
        self.group = group
        self.value = value
        self.tabulated = tabulated
        self._comb: Any = None

    def __reduce__(self) -> Any:  # tables are large: they do not travel between processes, but each process builds one only once
        return (_tabulated if self.tabulated else Element), (self.group, self.value)

    def with_table(self) -> "Element":
        """The same element, to be raised to many powers."""
        return Element(self.group, self.value, tabulated=True)

    def __mul__(self, other: "Element") -> "Element":
        return Element(self.group, self.value * other.value % self.group.p)

    def __pow__(self, exponent: Scalar) -> "Element":
        known = self.group._foreseen.get(self.value)
        power = known and known[1].get(exponent.value)
        if power:
            return Element(self.group, power)
        if self.tabulated:
            return self.powers([exponent])[0]
        return Element(self.group, _squarings(self.group, int(self.value)).power(exponent.value))

    def powers(self, exponents: Sequence[Scalar]) -> "list[Element]":
        """self^e for each of the exponents e. All together they take native arithmetic much less time than one by one."""
        if not self.tabulated:
            return [self**exponent for exponent in exponents]
        group, values = self.group, [exponent.value for exponent in exponents]
        if group.native is None:
            if self._comb is None:
                self._comb = Comb(self.value, group.p, group.q.bit_length())
            return [Element(group, self._comb.power(value)) for value in values]
        if self._comb is None:
            self._comb = group.native.comb(self.value)
        return [Element(group, power) for power in group.native.comb_powers(self._comb, values)]

    def secret_power(self, exponent: Scalar) -> "Element":
        """self^exponent where the exponent is a guardian's secret."""
        return Element(self.group, secret_power(self.value, exponent.value, self.group.p))

    def inverse(self) -> "Element":
        """1 / self mod p."""
        return Element(self.group, integer(pow(int(self.value), -1, self.group.p)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Element) and self.group == other.group and bool(self.value == other.value)

    def __hash__(self) -> int:
        return hash(int(self.value))

    def __repr__(self) -> str:
        return f"Element({self.to_bytes()[:4].hex().upper()}…)"

    def to_bytes(self) -> bytes:
        """b(self, l_p) (§5.1.1)."""
        return int(self.value).to_bytes(self.group.element_length, "big")


@lru_cache(maxsize=4)
def _group(p: int, q: int, generator: int) -> Group:
    group = Group(p, q, generator)
    return STANDARD if group == STANDARD else group


@lru_cache(maxsize=8)
def _tabulated(group: Group, value: Any) -> Element:
    return Element(group, value, tabulated=True)


def _standard() -> Group:
    q = 2**256 - 189
    ln_2 = """
        B17217F7 D1CF79AB C9E3B398 03F2F6AF 40F34326 7298B62D 8A0D175B 8BAAFA2B E7B87620 6DEBAC98 559552FB 4AFA1B10
        ED2EAE35 C1382144 27573B29 1169B825 3E96CA16 224AE8C5 1ACBDA11 317C387E B9EA9BC3 B136603B 256FA0EC 7657F74B
        72CE87B1 9D6548CA F5DFA6BD 38303248 655FA187 2F20E3A2 DA2D97C5 0F3FD5C6 07F4CA11 FB5BFB90 610D30F8 8FE551A2
        EE569D6D FC1EFA15 7D2E23DE 1400B396 17460775 DB8990E5 C943E732 B479CD33 CCCC4E65 9393514C 4C1A1E0B D1D6095D
        25669B33 3564A337 6A9C7F8A 5E148E82 074DB601 5CFE7AA3 0C480A54 17350D2C 955D5179 B1E17B9D AE313CDB 6C606CB1
        078F735D 1B2DB31B 5F50B518 5064C18B 4D162DB3 B365853D 7598A195 1AE273EE 5570B6C6 8F969834 96D4E6D3 30AF889B
        44A02554 731CDC8E A17293D1 228A4EF9 8D6F5177 FBCF0755 268A5C1F 9538B982 61AFFD44 6B1CA3CF 5E9222B8 8C66D3C5
        422183ED C9942109 0BBB16FA F3D949F2 36E02B20 CEE886B9 05C128D5 3D0BD2F9 62136319 6AF50302 0060E499 08391A0C
        57339BA2 BEBA7D05 2AC5B61C C4E9207C EF2F0CE2 D7373958 D7622658 90445744 FB5F2DA4 B7510058 92D35689 0DEFE9CA
        D9B9D4B7 13E06162 A2D8FDD0 DF2FD608"""  # the first bits of ln 2, the last of them moved on by δ (§3.1.1)
    p = int("F" * 64 + "".join(ln_2.split()) + "F" * 64, 16)
    return Group(p, q, pow(2, (p - 1) // q, p))


STANDARD = _standard()
"""The standard baseline parameters of §3.1.1: 4096-bit p, q = 2^256 − 189, g = 2^r mod p."""
