"""`psephos scrutineer particulars` and `check`: what the Code asks for before a ballot on a platform opens, told section by section."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from api.errors import ApiError
from api.law.particulars import SECTIONS, read_section
from cli.conducting import at_platform, tell
from cli.errors import PsephosError
from cli.keystore import read_at_most
from cli.particulars_sample import methods_for, sample_particulars
from cli.scrutineer_options import as_json_option
from engine.statutory import BallotType, find_ballot_type

__all__ = ["COMMANDS", "sample"]

_LARGEST = 2**20
_FOUND = 1
"""Exit status of `check` when something keeps the ballot from opening."""
ballot_folder = click.argument("ballot", type=click.Path(path_type=Path, exists=True, file_okay=False))


def sample(kind: str | None) -> dict[str, Any]:
    """The sections that a ballot of this kind needs, filled in with made-up contents."""
    found = find_ballot_type(kind) if kind else BallotType.INDUSTRIAL_ACTION
    opens = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=60)
    names = [(1, "First candidate"), (1, "Second candidate")]
    return sample_particulars(found, methods_for(found), "The scrutineer", "The union", opens, opens + timedelta(days=14), names)


@click.command()
@ballot_folder
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True), required=False)
@click.option("--section", help="FILE holds this section alone; the others stay as they are.")
@as_json_option
def particulars(ballot: Path, file: Path | None, section: str | None, as_json: bool) -> None:
    """Print what is recorded of the set-up of BALLOT, or record what stands in FILE, as JSON. Until the ballot opens.

    FILE is an object with a member for each section, as `psephos scrutineer sample --type TYPE --particulars` prints one; sections that it
    leaves out stay as they are. With --section it is that section alone. Documents stay with you: of each its SHA-256 is recorded.
    """
    platform = at_platform(ballot)
    recorded, tag = platform.tagged("/particulars")
    if file is None:
        click.echo(json.dumps(recorded, indent=2, ensure_ascii=False))
        return
    told = _read(file, section)
    found = platform.put("/particulars", {**recorded, **told}, tag)
    tell(as_json, found, f"recorded: {', '.join(told)}", "next: psephos scrutineer check")


@click.command()
@ballot_folder
@as_json_option
def check(ballot: Path, as_json: bool) -> None:
    """List what the Code asks for and is missing or wrong before BALLOT opens, each item with its id.

    The exit status is 1 while something keeps the ballot from opening. Warnings do not: they are written into the audit log when it opens.
    """
    found = at_platform(ballot).get("/opening-check")
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        _show(found)
    if not found["can_open"]:
        raise click.exceptions.Exit(_FOUND)


def _show(found: dict[str, Any]) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=False)
    if found["findings"]:
        table = Table("id", "", "where", "what is missing", box=None, padding=(0, 2, 0, 0))
        for each in found["findings"]:
            table.add_row(*(PsephosError(each[name]).format_message() for name in ("requirement", "severity", "where", "message")))
        console.print(table)
    blocking = sum(each["severity"] == "blocking" for each in found["findings"])
    warnings = len(found["findings"]) - blocking
    console.print(f"{blocking or 'no'} items keep the ballot from opening; {warnings or 'no'} warnings")


def _read(file: Path, section: str | None) -> dict[str, Any]:
    """The sections in a file, by name. Each is looked at here already, so that an error is found without the service."""
    content = read_at_most(file, _LARGEST)
    try:
        whole = json.loads(content)
    except ValueError as error:
        raise PsephosError(f"{file} is not JSON: {error}") from None
    told = whole if section is None else {section: whole}
    if not isinstance(told, dict) or not told:
        raise PsephosError(f"{file}: expected an object with one or more of the sections {', '.join(SECTIONS)}")
    try:
        for name, value in told.items():
            read_section(name, json.dumps(value).encode())
    except ApiError as error:
        raise PsephosError(f"{file}: {error.detail}") from None
    return told


COMMANDS = (particulars, check)
