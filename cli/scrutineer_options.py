"""What several commands of `psephos scrutineer` take."""

from pathlib import Path

import click

__all__ = ["SIGNING_KEY", "as_json_option", "election_folder", "passphrase_option"]

SIGNING_KEY = "signing key of the scrutineer"
"""What the sealed file of that key calls itself."""
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print what a program can read, on standard output.")
election_folder = click.argument("election", type=click.Path(path_type=Path, exists=True, file_okay=False))
passphrase_option = click.option(
    "--passphrase-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The passphrase is this file's first line."
)
