"""`psephos bench`: large made-up records, to measure with."""

import os
import time
from pathlib import Path

import click

from cli.errors import PsephosError
from cli.progress import ballots_bar
from cli.specimen.making import make_specimen, room
from cli.specimen.seeded import Plan


@click.group()
def bench() -> None:
    """Make large records for measurements and rehearsals."""


@bench.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--ballots", type=click.IntRange(min=2), required=True, help="How many ballots.")
@click.option("--options", type=click.IntRange(min=2, max=100), default=2, help="Answers to each question; with 3 the last is spoil.")
@click.option("--contests", type=click.IntRange(min=1, max=100), default=1, help="Questions.")
@click.option("--discounted", type=click.IntRange(min=0), default=0, help="How many of the ballots are discounted.")
@click.option("--challenged", type=click.IntRange(min=0), default=0, help="How many of the ballots are challenged and opened.")
@click.option("--guardians", type=click.IntRange(min=1, max=3), default=3, help="Guardians; more than half of them decrypt.")
@click.option("--seed", type=click.IntRange(min=0, max=2**63), default=1, help="Everything follows from it.")
@click.option("--processes", type=click.IntRange(min=1), default=os.cpu_count() or 1, help="Processes that make ballots.")
@click.option("--hints/--no-hints", default=True, help="Write FOLDER.hints too, for verification in batches.")
def record(
    folder: Path, ballots: int, options: int, contests: int, discounted: int, challenged: int, guardians: int, seed: int, processes: int,
    hints: bool,
) -> None:
    """Make a valid record in the new FOLDER, with FOLDER.key and FOLDER.hints, from made-up ballots.

    Real 4096-bit parameters, ordinary proofs: it verifies. It proves nothing and protects nobody: no voter made the ballots, and every
    secret follows from the seed. The same options and seed give the same bytes.
    """
    plan = Plan(ballots, options, contests, discounted, challenged, guardians, seed)
    if plan.counted < 2:
        raise PsephosError(f"of {ballots} ballots at least 2 are counted: no fewer could be decrypted without showing a vote")
    started = time.monotonic()
    with_hints = "with hints" if hints else "without hints"
    click.echo(f"{folder}: {ballots} ballots {with_hints}, {room(plan, hints) / 1e9:.2f} GB of the disk", err=True)
    made_with = make_specimen(folder, plan, processes, hints, ballots_bar)
    seconds = time.monotonic() - started
    pace = f"{seconds / ballots * 1e6:.0f} µs a ballot ({made_with}, processes: {processes})"
    click.echo(f"{folder}: made in {seconds:.1f} s, {pace}", err=True)
    click.echo(f"check it with: psephos verify {folder}", err=True)
