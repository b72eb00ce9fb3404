"""`psephos roll`: what a union does with its roll before it hands it over, without any service."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import click

from cli.scrutineer_options import as_json_option

__all__ = ["reading_options", "roll"]

Command = TypeVar("Command", bound=Callable[..., Any])


def reading_options(command: Command) -> Command:
    """How a roll is read."""
    given = "Say that all contacts in it were given for the union's messages and are personal, where no column says so."
    for option in (
        click.option("--encoding", default="", help="Of text, where the guess is wrong, such as cp1252.", show_default=False),
        click.option("--sheet", default="", help="The sheet to read, if it is not the first with anything in it.", show_default=False),
        click.option("--given-for", type=click.Choice(["union"]), help=given),
    ):
        command = option(command)
    return command


@click.group()
def roll() -> None:
    """Look at an electoral roll before it is handed over."""


@roll.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--rules", type=click.File("rb"), help="JSON with domains and numbers of employer and union.")
@click.option("--problems", type=click.Path(path_type=Path, dir_okay=False), help="New file for all that is wrong, with the values: CSV.")
@click.option("--style", "styles", multiple=True, help="A ballot style; once for each. Without any, all are good.")
@reading_options
@as_json_option
def check(
    file: Path, rules: BinaryIO | None, problems: Path | None, styles: tuple[str, ...], given_for: str | None, sheet: str, encoding: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Look over the roll in FILE as the scrutineer's service will do, before it is handed over: CSV, TSV, XLSX or ODS.

    No service and no network is asked. Exit status 1 if rows would be rejected; contacts that cannot be used are listed, and their people
    are accepted all the same.
    """
    from cli.rolls import check_file

    check_file(file, styles, rules, problems, (given_for is not None, sheet, encoding), as_json)
