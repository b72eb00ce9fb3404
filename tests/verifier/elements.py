"""Elements of a group, and numbers that are none, for tests."""

import random
from collections.abc import Callable
from functools import cache

import gmpy2

from verifier.arithmetic import Group

CHANCE = random.Random(7)


@cache
def pool(group: Group) -> list[int]:
    return [int(gmpy2.powmod(group.g, CHANCE.randrange(1, group.q), group.p)) for _ in range(64)]


def element(group: Group) -> int:
    """The product of two out of a pool."""
    return CHANCE.choice(pool(group)) * CHANCE.choice(pool(group)) % group.p


@cache
def of_order(group: Group, *parts: str) -> int:
    """A number whose order is the product of some of 2, q and r'."""
    r = (group.p - 1) // (2 * group.q)
    orders = {"2": 2, "q": group.q, "r": r}
    order = 1
    for part in parts:
        order *= orders[part]
    while True:
        x = int(gmpy2.powmod(CHANCE.randrange(2, group.p - 1), (group.p - 1) // order, group.p))
        if all(gmpy2.powmod(x, order // orders[part], group.p) != 1 for part in parts):
            return x


SPOILED: dict[str, Callable[[Group, list[int]], None]] = {
    "negated": lambda group, x: x.__setitem__(2, group.p - x[2]),
    "two negated": lambda group, x: [x.__setitem__(i, group.p - x[i]) for i in (1, 4)] and None,
    "all negated": lambda group, x: x.__setitem__(slice(None), [group.p - each for each in x]),
    "-1": lambda group, x: x.__setitem__(0, group.p - 1),
    "times order r'": lambda group, x: x.__setitem__(3, x[3] * of_order(group, "r") % group.p),
    "times order 2r'": lambda group, x: x.__setitem__(3, x[3] * of_order(group, "2", "r") % group.p),
    "order r'": lambda group, x: x.__setitem__(5, of_order(group, "r")),
    "generator": lambda group, x: x.__setitem__(5, of_order(group, "2", "q", "r")),
}


def packed(group: Group, numbers: list[int]) -> bytes:
    return b"".join(group.bp(x) for x in numbers)
