"""`psephos verify`: the standalone verifier, and with `--cluster` on many machines."""

import sys

import click

from cli.cluster import connect
from verifier.__main__ import main


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def verify(arguments: tuple[str, ...]) -> None:
    """Verify a published record, exactly as verifier.pyz does; try `psephos verify --help`."""
    sys.exit(main(list(arguments), "psephos verify", connect))
