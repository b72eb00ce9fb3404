"""`psephos requirements`: what the Code asks for and how far it is met, from specs/requirements.yaml. In a checkout of the sources only: an
installation has neither that file nor the tests that show what it says.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from cli.errors import PsephosError

__all__ = ["FILE", "KINDS", "LEVELS", "STATUSES", "read_requirements", "requirements"]

FILE = Path(__file__).resolve().parent.parent / "specs" / "requirements.yaml"
STATUSES = ("met", "partly", "not yet", "operational")
KINDS = ("software", "support", "operational")
LEVELS = ("must", "should", "may")


def read_requirements(path: Path) -> list[dict[str, Any]]:
    """The entries of the file, in its order. Raises PsephosError if it is not there."""
    try:
        import yaml
    except ImportError:
        raise PsephosError("PyYAML is not installed: use ./run psephos requirements, or pip install psephos[api]") from None
    try:
        found: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PsephosError("specs/requirements.yaml is not here: the table is part of the sources, not of an installation") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PsephosError(f"specs/requirements.yaml cannot be read: {type(error).__name__}") from None
    return found


@click.command()
@click.option("--status", type=click.Choice(STATUSES), multiple=True, help="Only these.")
@click.option("--kind", type=click.Choice(KINDS), multiple=True, help="Only these.")
@click.option("--level", type=click.Choice(LEVELS), multiple=True, help="Only these.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def requirements(status: tuple[str, ...], kind: tuple[str, ...], level: tuple[str, ...], as_json: bool) -> None:
    """Print what the Code of practice asks for, and how far it is met. In a checkout of the sources."""
    chosen = [
        each
        for each in read_requirements(FILE)
        if each["status"] in (status or STATUSES) and each["kind"] in (kind or KINDS) and each["level"] in (level or LEVELS)
    ]
    counts = Counter(each["status"] for each in chosen)
    if as_json:
        click.echo(json.dumps({"requirements": chosen, "counts": {name: counts[name] for name in STATUSES}}, ensure_ascii=False))
        return
    for each in chosen:
        click.echo(f"{each['id']:<16} {each['level']:<6} {each['kind']:<11} {each['status']:<11} {each['what']}")
    click.echo(f"{len(chosen)}: {', '.join(f'{counts[name]} {name}' for name in STATUSES if counts[name])}", err=True)
