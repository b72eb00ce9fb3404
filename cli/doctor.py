"""`psephos doctor`: what is wrong with an installation, and what to do about it."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import click


@click.command()
@click.option(
    "--service", type=click.Choice(["installation", "rolls", "staff", "voting"]), default="installation",
    help="Whose environment this is: a service's, or that of whoever upgrades databases.",
)  # fmt: skip
@click.option("--lock", type=click.Path(path_type=Path, dir_okay=False), help="The file requirements/core.txt of this version, to compare.")
@click.option("--json", "as_json", is_flag=True, help="Print findings as JSON: an array of objects with id, found, fix and warning.")
def doctor(service: str, lock: Path | None, as_json: bool) -> None:
    """Look over an installation, and say of everything that is wrong what to do about it.

    Run it as the account of a service and with its environment, before voting opens and whenever something was changed:

    \b
    systemd-run --pty --same-dir --uid=psephos-voting --property=EnvironmentFile=/etc/psephos/voting.env \\
        --property=LoadCredential=voters.keys:FILE --property=LimitCORE=0 --property=UMask=0077 psephos doctor --service voting

    It changes nothing, shows no secret and needs no network but that to the databases. Exit status 1 if something is wrong, 0 if nothing
    is, or only what may be meant (warnings).
    """
    from api.doctor.examination import CHECKS, examine
    from api.doctor.finding import Place
    from api.doctor.machine import Machine

    found = examine(Place(dict(os.environ), Machine.this(), service, lock))
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], indent=1))
    else:
        for each in found:
            click.echo(f"{'warning' if each.warning else 'wrong'}: {each.id}: {_plain(each.found)}\n    to do: {_plain(each.fix)}")
        click.echo(f"{len(CHECKS)} groups of checks, {len(found)} findings", err=True)
    if any(not each.warning for each in found):
        sys.exit(1)


def _plain(text: str) -> str:
    """Names of variables and paths may come from elsewhere."""
    return "".join(character if character.isprintable() else "?" for character in text)
