"""Measures electionguard 1.4.0, the reference implementation in Python, in the environment `.venv-peer` that `./run bench --peer` makes.

What is measured is its cryptography as published, with two things in its favour: its log is off (it inspects the call stack for every line,
wanted or not), and the tally multiplies in this process (by default it starts a pool of processes for three multiplications).
It keeps to the protocol 1.x: proofs are for 0 or 1 only, and a contest with a limit of 1 carries one placeholder selection more.
The names of the operations are explained in benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import copy
import dataclasses
import json
import logging
import platform
import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

PASSES = 5  # over all operations in turn: a slow spell of the machine then falls on all of them alike
SHORTEST_TIME = 0.5  # seconds for each operation in each pass
FEWEST_ROUNDS = 5  # in each pass
MOST_ROUNDS = 500
BALLOTS = 50  # in one round of the tally


def import_peer() -> list[str]:
    """Imports the peer and silences it; returns what had to be done for that."""
    notes = ["log off", "tally in one process"]
    decorate = dataclasses.dataclass
    if sys.version_info >= (3, 11):
        # It has default values of classes that dataclasses leave unhashable, which Python refuses since 3.11. A hash by identity, never
        # used in what is measured, lets it in.
        def with_hash(cls: Any = None, /, **options: Any) -> Any:
            if cls is None:
                return lambda decorated: with_hash(decorated, **options)
            made = decorate(cls, **options)
            if made.__hash__ is None:
                made.__hash__ = object.__hash__
            return made

        dataclasses.dataclass = with_hash  # type: ignore[assignment]
        notes.append("dataclasses given a hash, for Python 3.11 and later")
    try:
        import electionguard  # noqa: F401
        from electionguard.logs import LOG
    except Exception as error:
        raise SystemExit(f"run_peer: electionguard 1.4.0 can't be imported under Python {platform.python_version()}: {error}\n"
                         "run_peer: it was made for Python 3.10 at the latest; put a python3.10 on PATH") from error
    finally:
        dataclasses.dataclass = decorate
    logging.getLogger("electionguard").setLevel(logging.CRITICAL)
    for level in ("debug", "info", "warn"):
        setattr(LOG, level, lambda *_: None)
    return notes


@dataclasses.dataclass
class Operation:
    """What one round does: `units` of the operation. `prepare` goes before each round and is not timed."""

    action: Callable[[], Any]
    units: int = 1
    prepare: Callable[[], None] = lambda: None
    samples: list[float] = dataclasses.field(default_factory=list)

    def measure(self) -> None:
        """One pass: seconds of CPU time for one unit, each round timed on its own, after one that is not counted."""
        samples: list[float] = []
        started = time.perf_counter()
        while len(samples) <= FEWEST_ROUNDS or (time.perf_counter() - started < SHORTEST_TIME and len(samples) <= MOST_ROUNDS):
            self.prepare()
            before = time.process_time()
            self.action()
            samples.append((time.process_time() - before) / self.units)
        self.samples += samples[1:]

    def statistics(self) -> dict[str, float]:
        q1, median, q3 = statistics.quantiles(self.samples, n=4, method="inclusive")
        return {"median": median, "min": min(self.samples), "max": max(self.samples), "q1": q1, "q3": q3,
                "mean": statistics.fmean(self.samples), "stddev": statistics.stdev(self.samples),
                "rounds": len(self.samples), "units": self.units}


class Serial:
    """Stands in for the peer's Scheduler, without its pools."""

    def schedule(self, task: Callable[..., Any], arguments: Any, *_: Any, **__: Any) -> list[Any]:
        return [task(*each) for each in arguments]


def election(names: list[str]) -> tuple[Any, Any, Any]:
    """One contest, one of the named options, one guardian: the manifest, the context and the guardian's keys."""
    from electionguard import manifest as m
    from electionguard.election import make_ciphertext_election_context
    from electionguard.group import ONE_MOD_Q
    from electionguard.key_ceremony import generate_election_key_pair

    contest = m.CandidateContestDescription(
        object_id="contest", sequence_order=0, electoral_district_id="union", vote_variation=m.VoteVariationType.one_of_m,
        number_elected=1, votes_allowed=1, name="contest",
        ballot_selections=[m.SelectionDescription(f"{name}-selection", order, name) for order, name in enumerate(names)],
    )
    manifest = m.Manifest(
        election_scope_id="benchmark", spec_version=m.SpecVersion.EG0_95, type=m.ElectionType.other,
        start_date=datetime(2026, 1, 1, tzinfo=timezone.utc), end_date=datetime(2026, 1, 2, tzinfo=timezone.utc),
        geopolitical_units=[m.GeopoliticalUnit("union", "union", m.ReportingUnitType.other)], parties=[],
        candidates=[m.Candidate(name) for name in names], contests=[contest], ballot_styles=[m.BallotStyle("style", ["union"])],
    )
    if not manifest.is_valid():
        raise SystemExit("run_peer: the peer refuses the manifest")
    keys = generate_election_key_pair("guardian", 1, 1)
    context = make_ciphertext_election_context(1, 1, keys.key_pair.public_key, ONE_MOD_Q, manifest.crypto_hash())
    return m.InternalManifest(manifest), context, keys


def measurements() -> dict[str, dict[str, float]]:
    from electionguard.ballot import PlaintextBallot, PlaintextBallotContest, PlaintextBallotSelection
    from electionguard.ballot_box import cast_ballot
    from electionguard.decryption import partially_decrypt
    from electionguard.encrypt import encrypt_ballot, encrypt_selection
    from electionguard.group import ONE_MOD_Q, g_pow_p, mult_p, pow_p, rand_q
    from electionguard.tally import CiphertextTally

    manifest, context, keys = election(["first", "second", "third"])
    contest = manifest.contests[0]
    description = contest.ballot_selections[0]
    description_hash = description.crypto_hash()
    key, base_hash = context.elgamal_public_key, context.crypto_extended_base_hash
    exponent, base, other = rand_q(), g_pow_p(rand_q()), g_pow_p(rand_q())
    vote = PlaintextBallotSelection(description.object_id, 1)
    ballot = PlaintextBallot("ballot", "style", [PlaintextBallotContest("contest", [vote])])

    def sealed_selection() -> Any:
        return encrypt_selection(vote, description, key, base_hash, rand_q())

    def sealed_ballot() -> Any:
        return encrypt_ballot(ballot, manifest, context, ONE_MOD_Q)

    def accept(valid: bool) -> None:
        if not valid:
            raise SystemExit("run_peer: the peer refuses what it made itself")

    selection, encrypted = sealed_selection(), sealed_ballot()
    ballots = []
    for number in range(BALLOTS):
        cast = copy.copy(cast_ballot(encrypted))
        cast.object_id = f"ballot-{number}"
        ballots.append(cast)
    tally, serial = CiphertextTally("tally", manifest, context), Serial()

    def fresh_tally() -> None:
        nonlocal tally
        tally = CiphertextTally("tally", manifest, context)

    def multiply_all() -> None:
        for cast in ballots:
            accept(tally.append(cast, False, serial))

    question, question_context, _ = election(["yes", "no"])
    yes = PlaintextBallotSelection(question.contests[0].ballot_selections[0].object_id, 1)
    answer = PlaintextBallot("answer", "style", [PlaintextBallotContest("contest", [yes])])
    answered = encrypt_ballot(answer, question, question_context, ONE_MOD_Q)
    answer_statement = (question.manifest_hash, question_context.elgamal_public_key, question_context.crypto_extended_base_hash)

    share, proof = partially_decrypt(keys, selection.ciphertext, base_hash)
    operations = {
        "multiply": Operation(lambda: [mult_p(base, other) for _ in range(1000)], units=1000),
        "power_fixed_base": Operation(lambda: g_pow_p(exponent)),
        "power_any_base": Operation(lambda: pow_p(base, exponent)),
        "encrypt_selection": Operation(sealed_selection),
        "verify_selection": Operation(lambda: accept(selection.is_valid_encryption(description_hash, key, base_hash))),
        "encrypt_ballot": Operation(sealed_ballot),
        "verify_ballot": Operation(lambda: accept(encrypted.is_valid_encryption(manifest.manifest_hash, key, base_hash))),
        "verify_yes_no_ballot": Operation(lambda: accept(answered.is_valid_encryption(*answer_statement))),
        "tally_ballot": Operation(multiply_all, units=BALLOTS, prepare=fresh_tally),
        "partial_decryption": Operation(lambda: partially_decrypt(keys, selection.ciphertext, base_hash)),
        "verify_partial_decryption": Operation(lambda: accept(proof.is_valid(selection.ciphertext, key, share, base_hash))),
    }
    for number in range(PASSES):
        print(f"peer: pass {number + 1} of {PASSES} over {len(operations)} operations", file=sys.stderr, flush=True)
        for operation in operations.values():
            operation.measure()
    return {name: operation.statistics() for name, operation in operations.items()}


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="where the figures go, as JSON")
    output: Path = parser.parse_args().output
    notes = import_peer()
    import gmpy2

    figures = {
        "peer": "electionguard 1.4.0", "python": platform.python_version(), "processor": processor(),
        "arithmetic": f"gmpy2 {gmpy2.version()} with {gmpy2.mp_version()}", "notes": notes, "unit": "seconds of CPU time",
        "operations": measurements(),
    }
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
