"""The command `psephos`."""

import click

from cli.ballot import ballot
from cli.bench import bench
from cli.demo import demo
from cli.doctor import doctor
from cli.errors import PsephosGroup
from cli.requirements import requirements
from cli.roll import roll
from cli.scrutineer import scrutineer
from cli.services import accounts, database, keys, serve
from cli.tally import tally
from cli.trustee import trustee
from cli.verify import verify
from engine.powers import arithmetic


@click.group(cls=PsephosGroup, context_settings={"show_default": True, "max_content_width": 120})
@click.version_option(package_name="psephos", prog_name="psephos")
def psephos() -> None:
    """A voting engine that makes a trade union ballot provable.

    Start with `psephos demo`; check a record with `psephos verify RECORD`.
    """
    arithmetic()  # refuses at once what PSEPHOS_ARITHMETIC asks for in vain


for command in (trustee, scrutineer, ballot, tally, demo, verify, bench, serve, database, keys, accounts, requirements, doctor, roll):
    psephos.add_command(command)


def main() -> None:
    """Entry point."""
    psephos()


if __name__ == "__main__":
    main()
