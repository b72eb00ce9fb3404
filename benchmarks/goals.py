"""The goals for speed, P1 to P10, each beside what this very run measured: a table, results/goals.json and the picture results/verify.svg.

`./run bench` calls it last. Ratios to the peer need `--peer`, for they are only ever taken from one run, and are of CPU time. A figure is a
quotient of medians; its spread goes from our slowest round against the peer's lower quartile to our fastest against its upper one.
"""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict, dataclass

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.machine import description, gmp_in_words
from benchmarks.measured import RESULTS, Figure, Measured
from benchmarks.picture import MOST, Line, picture
from benchmarks.verification import Way

HUNDRED_THOUSAND = 100_000

PEER_BALLOT = "verify_yes_no_ballot"
NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Goal:
    """One line of the table. `met` is None where nothing was measured."""

    name: str
    what: str
    goal: str
    figure: str
    spread: str
    met: bool | None
    basis: str


def at_least(name: str, what: str, bound: float, figure: Figure | None, basis: str, unit: str = "×") -> Goal:
    """A goal that is met from `bound` upwards."""
    met = None if figure is None else figure.value >= bound
    return _goal(name, what, f"≥ {_digits(bound)} {unit}", figure, met, basis, unit)


def at_most(name: str, what: str, bound: float, figure: Figure | None, basis: str, unit: str) -> Goal:
    """A goal that is met up to `bound`."""
    met = None if figure is None else figure.value <= bound
    return _goal(name, what, f"≤ {_digits(bound)} {unit}", figure, met, basis, unit)


def _goal(name: str, what: str, goal: str, figure: Figure | None, met: bool | None, basis: str, unit: str) -> Goal:
    if figure is None:
        return Goal(name, what, goal, NOT_MEASURED, "", None, basis)
    spread = "" if figure.least == figure.most else f"{_digits(figure.least)} to {_digits(figure.most)}"
    return Goal(name, what, goal, f"{_digits(figure.value)} {unit}", spread, met, basis)


def _digits(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def single(value: float | None) -> Figure | None:
    """A count, the same in every round."""
    return None if value is None else Figure(value, value, value)


def goals(measured: Measured) -> list[Goal]:
    """Every goal, met or not, measured or not."""
    return [*kernels(measured), *proofs(measured), *membership(measured), *tally(measured), *whole(measured), *sizes(measured)]


def kernels(measured: Measured) -> list[Goal]:
    """P1."""
    found = measured.noted("bench_kernels_side_by_side")
    rounds: dict[str, list[float]] = found.get("rounds", {})
    level = next((level for level in ("avx512ifma", "avx2") if level in rounds), "avx512ifma")

    def against(other: str) -> Figure | None:
        if other not in rounds or level not in rounds:
            return None
        return Figure.of([theirs / ours for theirs, ours in zip(rounds[other], rounds[level], strict=True)])

    bound = Figure.of(rounds[f"{level} of its bound"]) if f"{level} of its bound" in rounds else None
    rate = f", {found[f'{level} instructions a cycle']:.1f} multiply instructions a cycle" if level in found else ""
    goals = [at_most("P1", f"one multiplication, {level}, against its bound", 1.25, bound, f"the kernel alone{rate}", "×")]
    if level == "avx512ifma":
        goals.append(at_least("P1", "the same against GMP's loop in C", 5, against("GMP"), "mpn_mul_n and mpn_redc_1"))
    return [*goals, at_least("P1", "the same against gmpy2", 1, against("gmpy2"), "x * y % p")]


def proofs(measured: Measured) -> list[Goal]:
    """P2 and P3. A yes/no ballot is three proofs here, and three selections and a contest there."""
    goals = []
    for name, hints, most, bounds in (("P2", False, 1_100, (3, 20)), ("P3", True, 130, (15, 100))):
        how = "in batches with hints" if hints else "without hints"
        count = measured.multiplications_for_a_selection(hints)
        basis = f"counted, records of {count['ballots']} ballots" if count else "counted by the native arithmetic"
        value = count["multiplications"] if count else None
        goals.append(at_most(name, f"one selection {how}", most, single(value), basis, "modmul"))
        for arithmetic, bound in zip(("gmpy2", "native"), bounds, strict=True):
            found = measured.a_ballot(Way(arithmetic, hints), 10_000 if hints else 0)
            ratio = measured.against_peer(PEER_BALLOT, found[1] if found else None)
            basis = f"whole ballots, ours of a record of {found[0]:,}, one process" if found else "needs --peer and records of this size"
            goals.append(at_least(name, f"the peer's time for a ballot, {how}, {arithmetic}", bound, ratio, basis))
    return goals


def membership(measured: Measured) -> list[Goal]:
    """P4."""
    goals = []
    for arithmetic in ("native", "gmpy2"):
        name = f"bench_membership_of_many[{arithmetic}]"
        found, each = measured.noted(name), measured.seconds(name)
        ratio = None
        if each and found.get("singly"):
            ratio = Figure.of(found["singly"]).against(each)
        if arithmetic == "native":
            goals.append(at_most("P4", "membership, many at a time", 16, single(found.get("multiplications")), "10,000 elements", "modmul"))
        goals.append(at_least("P4", f"one power for each takes, {arithmetic}", 10, ratio, "of the same elements, the same arithmetic"))
    return goals


def tally(measured: Measured) -> list[Goal]:
    """P5."""
    stored, kernel = measured.seconds("bench_multiply_stored_ballots"), measured.seconds("bench_bare_kernel_for_as_many_numbers")
    bare = stored.against(kernel) if stored and kernel else None
    slow = measured.noted("bench_tally_with_gmpy2").get("seconds")
    gmpy2 = Figure.of(slow) if slow else None
    three = "yes, no, spoil; from the flat cache"
    return [
        at_most("P5", "tally from stored bytes against the bare kernel, native", 1.5, bare, three, "×"),
        at_least("P5", "the peer's time to add a ballot, native", 50, measured.against_peer("tally_ballot", stored), three),
        at_least("P5", "the peer's time to add a ballot, gmpy2", 10, measured.against_peer("tally_ballot", gmpy2), three),
    ]


def whole(measured: Measured) -> list[Goal]:
    """P6 to P9."""
    fast, both = Way("native", hints=True), Way("native", hints=True, processes=2)
    kernel = measured.seconds("bench_modmul[avx512ifma]")
    share = stricter = None
    runs = [(ballots, run) for ballots, each in sorted(measured.scale.items()) for run in each.get(str(fast), []) if ballots >= 10_000]
    if runs and runs[-1][1].get("multi_powers"):
        largest = [run for ballots, run in runs if ballots == runs[-1][0]]
        share = Figure.of([100 * (1 - run["multi_powers"] / run["cpu"]) for run in largest])
        if kernel:
            stricter = Figure.of([100 * (1 - run["multiplications"] * kernel.value / run["cpu"]) for run in largest])
    one, two, dask = (measured.points(way) for way in (fast, both, Way("native", hints=True, processes=2, dask=True)))
    single_by_size, pairs = dict(one), dict(two)
    shared = [ballots for ballots in pairs if ballots in single_by_size]
    workers = single_by_size[shared[-1]].against(pairs[shared[-1]]) if shared else None
    over = None
    if dask and dask[-1][0] in pairs:
        ratio = dask[-1][1].against(pairs[dask[-1][0]])
        over = Figure(*(100 * (each - 1) for each in (ratio.value, ratio.least, ratio.most)))
    outside = "CPU time outside the products of powers"
    if stricter:
        outside += f"; outside the multiplications themselves {stricter.value:.0f} %"
    size = f"{shared[-1]:,} ballots" if shared else "needs 10,000 ballots"
    goals = [
        at_most("P6", "batch from JSON: CPU time outside the kernel", 35, share, outside, "%"),
        at_least("P7", "one process takes, of the time of two", 1.6, workers, size),
        at_most("P7", "Dask takes longer than processes by", 15, over, size if over else "needs the package distributed", "%"),
        Goal("P8", "a ballot with proofs in the browser", "≤ 200 ms", NOT_MEASURED, "", None, "there is no voter's page yet"),
    ]
    for ballots, bounds in ((HUNDRED_THOUSAND, (20, 90)), (MOST, (300, 1_200))):
        for hints, bound in zip((True, False), bounds, strict=True):
            points = measured.points(Way("native", hints, 2))
            seconds, basis = None, "needs --ballots 100000, or at least 10000"
            if points:
                nearest, taken = min(points, key=lambda point: abs(math.log(point[0] / ballots)))
                seconds = taken.times(ballots / nearest)
                basis = "measured" if nearest == ballots else f"in proportion, from {nearest:,}"
            what = f"{ballots:,} yes/no ballots, two processes, native, {'with' if hints else 'without'} hints"
            goals.append(at_most("P9", what, bound, seconds, basis, "s"))
    return goals


def sizes(measured: Measured) -> list[Goal]:
    """P10."""
    found = measured.noted("bench_bytes_of_a_ballot")
    flat = found["flat"] / found["least"] if found else None
    hints = found["hints"] / found["proofs"] if found else None
    basis = f"{found['flat']} bytes; as JSON {found['json']}" if found else "a yes/no ballot"
    return [
        at_most("P10", "a ballot in the flat cache against what it can't do without", 1.25, single(flat), basis, "×"),
        # of a yes/no ballot's hints, 13 commitments, 12 belong to its three proofs
        at_most("P10", "hints for one proof", 2048 * 1.01, single(hints and hints * 12 / 13), "in a file of their own", "bytes"),
    ]


def lines(measured: Measured) -> list[Line]:
    """Those of the picture, the peer's first."""
    names = {
        Way("gmpy2", hints=False): "no hints, gmpy2",
        Way("native", hints=False): "no hints, native",
        Way("gmpy2", hints=True): "hints, gmpy2",
        Way("native", hints=True): "hints, native",
        Way("native", hints=True, processes=2): "hints, native, 2 processes",
    }
    ours = [Line(name, [(n, figure.value) for n, figure in measured.points(way)]) for way, name in names.items() if measured.points(way)]
    peer = measured.peer.get(PEER_BALLOT)
    return [Line("electionguard 1.4.0", seconds_a_ballot=peer["median"]), *ours] if peer else ours


def main() -> int:
    """Prints the table, writes the files."""
    measured, machine = Measured(), description()
    found = goals(measured)
    table = Table(title="The goals for speed", box=box.SIMPLE)
    for heading, justify in (("", "left"), ("what", "left"), ("goal", "right"), ("measured", "right"), ("spread", "right"), ("", "left"),
                             ("how", "left")):  # fmt: skip
        table.add_column(heading, justify=justify, overflow="fold")  # type: ignore[arg-type]
    words = {True: "met", False: "MISSED", None: "-"}
    for goal in found:
        table.add_row(goal.name, goal.what, goal.goal, goal.figure, goal.spread, words[goal.met], goal.basis)
    console = Console(width=None if sys.stdout.isatty() else 180, highlight=False)
    console.print(table)
    arithmetic = sorted({run["arithmetic"] for each in measured.scale.values() for runs in each.values() for run in runs})
    console.print(f"processor:  {machine['processor']}; {machine['cores']} cores; load at the end {machine['load']}", soft_wrap=True)
    console.print(f"GMP:        {gmp_in_words()}", soft_wrap=True)
    console.print(f"arithmetic: {'; '.join(arithmetic) or 'no record was verified'}", soft_wrap=True)
    others = measured.others()
    if others > 0.1:
        disturbed = f"other programs kept {others:.1f} of {machine['cores']} cores busy meanwhile"
        console.print(f"disturbed:  {disturbed}; P7, P9 and the picture suffer from that", soft_wrap=True)
    kept = {"machine": machine, "cores_busy_with_others": others, "arithmetic": arithmetic, "goals": [asdict(goal) for goal in found],
            "verification": {str(ballots): runs for ballots, runs in measured.scale.items()},
            "peer": {name: measured.peer[name] for name in (PEER_BALLOT, "tally_ballot") if name in measured.peer}}  # fmt: skip
    (RESULTS / "goals.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if measured.scale and measured.peer:
        notes = [f"{machine['processor']}; one process unless said. {'; '.join(arithmetic)}."]
        notes.append("electionguard 1.4.0: the checks of one such ballot, measured; nothing else of a record is in its line.")
        if others > 0.1:
            notes.append(f"Disturbed: {disturbed}; times on the clock.")
        content = picture("How long it takes to verify an election", lines(measured), notes)
        (RESULTS / "verify.svg").write_text(content, encoding="utf-8")
        console.print(f"picture:    {RESULTS / 'verify.svg'}", soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
