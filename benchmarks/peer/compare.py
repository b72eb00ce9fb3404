"""Prints our figures beside the peer's, from the files that `./run bench --peer` has just written, and keeps them as comparison.json."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).resolve().parent.parent / "results"


def ours() -> list[dict[str, Any]]:
    """Our benchmarks that name an operation of the peer, in seconds for one unit."""
    try:
        measured = json.loads((RESULTS / "psephos.raw.json").read_text(encoding="utf-8"))["benchmarks"]
    except FileNotFoundError:
        return []
    rows = []
    for benchmark in measured:
        extra, stats = benchmark["extra_info"], benchmark["stats"]
        if "peer" in extra:
            units = extra.get("units", 1)
            seconds = {name: stats[name] / units for name in ("median", "min", "max", "q1", "q3")}
            rows.append({"benchmark": benchmark["name"], "peer": extra["peer"], **seconds, "rounds": stats["rounds"], "units": units})
    return rows


def arithmetic() -> str:
    try:
        from engine.powers import arithmetic as in_use
    except ImportError:
        return "unknown"
    return in_use()


def milliseconds(stats: dict[str, Any]) -> tuple[str, str]:
    """The median, and the spread: from the fastest to the slowest round."""
    return f"{stats['median'] * 1000:.4g}", f"{stats['min'] * 1000:.4g} to {stats['max'] * 1000:.4g}"


def main() -> int:
    peer = json.loads((RESULTS / "peer.json").read_text(encoding="utf-8"))
    rows = ours()
    unknown = sorted({row["peer"] for row in rows} - set(peer["operations"]))
    if unknown:
        print(f"compare: the peer has no operation {', '.join(unknown)}; see benchmarks/README.md", file=sys.stderr)
        return 1
    table = Table(title="Psephos and electionguard 1.4.0, milliseconds of CPU time", box=box.SIMPLE)
    table.add_column("operation: benchmark", overflow="fold")
    for heading in ("ours, median", "spread", "peer, median", "spread", "peer / ours", "fastest"):
        table.add_column(heading, justify="right")
    for operation, theirs in peer["operations"].items():
        matching = [row for row in rows if row["peer"] == operation]
        for row in matching:
            name = f"{operation}: {row['benchmark']}"
            ratios = [f"{theirs[which] / row[which]:.2f}" for which in ("median", "min")]
            table.add_row(name, *milliseconds(row), *milliseconds(theirs), *ratios)
        if not matching:
            table.add_row(operation, "-", "-", *milliseconds(theirs), "-", "-")
    console = Console(width=None if sys.stdout.isatty() else 140, highlight=False)
    console.print(table)
    console.print("peer / ours: ratio of the medians; fastest: of the fastest rounds, which other work on the machine disturbs least")
    console.print(f"ours:      Python {sys.version.split()[0]}, {arithmetic()}")
    console.print(f"peer:      Python {peer['python']}, {peer['arithmetic']}; {', '.join(peer['notes'])}")
    console.print(f"processor: {peer['processor']}")
    kept = {"processor": peer["processor"], "unit": "seconds of CPU time", "peer": peer,
            "ours": {"python": sys.version.split()[0], "arithmetic": arithmetic(), "benchmarks": rows}}
    (RESULTS / "comparison.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
