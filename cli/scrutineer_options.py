"""What several commands of `psephos scrutineer` take."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from engine.statutory import BallotType

__all__ = ["SIGNING_KEY", "as_json_option", "ballot_type_option", "election_folder", "passphrase_option"]

SIGNING_KEY = "signing key of the scrutineer"
"""What the sealed file of that key calls itself."""
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print what a program can read, on standard output.")
election_folder = click.argument("election", type=click.Path(path_type=Path, exists=True, file_okay=False))
passphrase_option = click.option(
    "--passphrase-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The passphrase is this file's first line."
)


def ballot_type_option(text: str) -> Callable[[Any], Any]:
    """--type, with this explanation; the kind itself is looked at by whoever needs it, which says what the Code says."""
    return click.option("--type", "kind", metavar="TYPE", help=f"{text} One of: {', '.join(BallotType)}.")
