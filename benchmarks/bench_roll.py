"""Rolls of many people: checked, stored, handed over and replaced. Both databases are new SQLite files; voters are sealed as in service.

    PSEPHOS_ROLL=100000,1300000 ./run bench bench_roll.py -s

Each size is a process of its own, so that its largest memory is its own. The link between the two services is a call here, with the JSON
that goes over it and its checks, without the network.
"""

import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from api.clock import Clock
from api.migrating import upgrade
from api.sealing import KeyRing
from api.store import Store
from api.users.assignment import Numbers
from api.users.contact_rules import ContactRules
from api.users.link import VotersLink
from api.users.models import TABLES as USERS
from api.users.people import UserDatabase
from api.users.roll import Reading, checked_roll
from api.voters import link_routes
from api.voters.database import VoterDatabase
from api.voters.models import TABLES as VOTERS
from tests.api.rolls import xlsx
from tests.api.voting import Voting

SIZES = tuple(map(int, os.environ.get("PSEPHOS_ROLL", "20000").split(",")))
RULES = ContactRules.made(["employer.example", "employer.co.uk"], ["union.example"], employer_numbers=["020 7946 0000"])
NAMES = ("reference", "name", "email", "mobile", "address", "ballot_style")


def row(n: int, name: str = "Person") -> tuple[str, ...]:
    """Of a hundred people one shares an address, one has one of the employer's, and two have none."""
    domain = "mail.employer.example" if n % 100 == 1 else f"provider{n % 3000}.example"
    email = "shared@example.org" if n % 100 == 2 else "" if n % 50 == 3 else f"person.{n}@{domain}"
    mobile = f"079{n // 1000000 % 100:02}{n % 1000000:06}"
    return (f"M{n:07}", f"{name} Number {n}", email, mobile, f"{n} High Street, Town, AB1 2CD", "All")


def a_roll(people: int, first: int = 0) -> bytes:
    out = io.StringIO()
    out.write(",".join(NAMES) + "\n")
    for n in range(first, first + people):
        cells = row(n, "Another" if n % 100 == 7 and first else "Person")
        out.write(",".join(f'"{cell}"' if "," in cell else cell for cell in cells) + "\n")
    return out.getvalue().encode()


class Direct(VotersLink):
    """The link without a network: what is sent is JSON, and is read as the routes read it."""

    def __init__(self, voting: Voting) -> None:
        self._voting = voting

    def _post(self, path: str, content: dict[str, object]) -> dict[str, object]:
        database, window, body = self._voting.database, self._voting.window, json.dumps(content).encode()
        if path.endswith("/roll"):
            told = link_routes.announce_roll(database, window, link_routes.RollSize.model_validate_json(body))
        elif path.endswith("/removals"):
            told = link_routes.remove_voters(database, window, link_routes.Removals.model_validate_json(body))
        else:
            told = link_routes.take_voters(database, window, link_routes.Voters.model_validate_json(body))
        return told.model_dump()


def measured(people: int) -> dict[str, float]:
    """Seconds of each step, and the largest memory in MiB. A hundredth of the people leave, come and change in the second roll."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:

        def store(kind: str, tables: object) -> Store:
            made = Store(kind, f"sqlite:///{name}/{kind}.db", KeyRing.generate(kind), tables)
            upgrade(made)
            return made

        users, voting = UserDatabase(store("users", USERS), Clock()), Voting(VoterDatabase(store("voters", VOTERS)), opened=False)
        link, ballot = Direct(voting), voting.election_id
        for which, first in (("first", 0), ("second", people // 100)):
            path = Path(name) / "roll.csv"
            path.write_bytes(a_roll(people, first))
            started = time.monotonic()
            with checked_roll(lambda path=path: path.open("rb"), Reading({"All": 1}, RULES, given=True)) as checked:
                found[f"{which}: check"] = time.monotonic() - started
                assert checked.accepted == people
                users.store_roll(ballot, checked)
            found[f"{which}: check and store"] = time.monotonic() - started
            assert link.hand_over(ballot, people, map(Numbers(None).minted, users.people(ballot)), users.removed(ballot)) == people
            found[f"{which}: all"] = time.monotonic() - started
        found["MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


@pytest.mark.parametrize("people", SIZES)
def bench_roll(benchmark, people):
    """One round: the whole way of two rolls."""

    def run() -> dict[str, float]:
        command = [sys.executable, "-m", "benchmarks.bench_roll", str(people)]
        return json.loads(subprocess.run(command, capture_output=True, check=True, cwd=Path(__file__).parent.parent).stdout)

    found = benchmark.pedantic(run, rounds=1, iterations=1)
    benchmark.extra_info.update(found)
    print(f"\nroll of {people} people: " + ", ".join(f"{name} {value:.1f}" for name, value in found.items()))


def bench_spreadsheet(benchmark):
    """A spreadsheet of the first size, checked alone: it is read by a process of its own."""
    people = min(SIZES[0], 100_000)
    content = xlsx({"Members": [NAMES, *(row(n) for n in range(people))]})

    def run() -> None:
        with checked_roll(lambda: io.BytesIO(content), Reading({"All": 1}, RULES, given=True)) as checked:
            assert checked.accepted == people

    benchmark.pedantic(run, rounds=1, iterations=1)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"\nspreadsheet of {people} people: {benchmark.stats.stats.mean:.1f} s; largest memory of a child: {children:.0f} MiB")


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]))))
