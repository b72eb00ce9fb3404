"""Group arithmetic: products and powers, for public values, by table, and for secrets."""

from benchmarks.elections import forget
from engine.group import STANDARD

X = STANDARD.g ** STANDARD.random_scalar()
Y = STANDARD.g ** STANDARD.random_scalar()


def bench_multiply(benchmark):
    benchmark.extra_info["peer"] = "multiply"
    benchmark(lambda: X * Y)


def bench_power_by_table(benchmark):
    benchmark.extra_info["peer"] = "power_fixed_base"
    exponent = STANDARD.random_scalar()
    benchmark(lambda: STANDARD.g**exponent)


def bench_sixteen_powers_by_table(benchmark):
    """As many as one ballot needs of g, together."""
    benchmark.extra_info["units"] = 16
    exponents = [STANDARD.random_scalar() for _ in range(16)]
    benchmark(lambda: STANDARD.g.powers(exponents))


def bench_power_of_any_element(benchmark):
    benchmark.extra_info["peer"] = "power_any_base"
    exponent = STANDARD.random_scalar()
    benchmark.pedantic(lambda: X**exponent, setup=forget, rounds=200)


def bench_power_with_a_secret_exponent(benchmark):
    exponent = STANDARD.random_scalar()
    benchmark(lambda: X.secret_power(exponent))


def bench_membership(benchmark):
    value = int(X.value)
    benchmark.pedantic(lambda: STANDARD.element(value), setup=forget, rounds=200)
