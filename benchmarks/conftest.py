"""Options of the benchmarks beside pytest-benchmark's own."""

SIZES = "1000,4000,10000,40000"


def pytest_addoption(parser):
    group = parser.getgroup("psephos")
    group.addoption("--ballots", default=SIZES, help=f"how many ballots the records have that are verified, with commas (default: {SIZES})")
    group.addoption("--rounds", type=int, help="how often each record is verified in each way (default: 2, above 10,000 ballots once)")
