"""`psephos scrutineer record`, `registers` and `unfounded`: the registers that are kept while a ballot on a platform runs."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
from rich.console import Console
from rich.table import Column, Table

from api.errors import ApiError
from api.registers.table import REGISTERS, register_of
from cli.conducting import at_platform, tell
from cli.errors import PsephosError
from cli.keystore import read_at_most
from cli.scrutineer_folder import PlatformBallot
from cli.scrutineer_options import as_json_option

__all__ = ["COMMANDS"]

_LARGEST = 2**18
_ENTRY = re.compile("[0-9a-f]{32}")
_NAMES = click.Choice([each.name for each in REGISTERS])
ballot_folder = click.argument("ballot", type=click.Path(path_type=Path, exists=True, file_okay=False))


def _members() -> str:
    """For the help: each register, what an entry has to have and, in brackets, may have."""
    lines = []
    for each in REGISTERS:
        words = [*each.required, *(f"[{name}]" for name in each.optional)]
        first, *more = _wrapped(words, 72)
        lines += [f"  {each.name}", f"      {first}", *(f"      {line}" for line in more)]
    return "\n".join(("\b", "Registers, what their entries have, and in brackets what they may have:", *lines))


def _wrapped(words: list[str], width: int) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 2 + len(word) > width:
            lines[-1] += ","
            lines.append("")
        lines[-1] = f"{lines[-1]}, {word}" if lines[-1] else word
    return lines


@click.command(epilog=_members())
@ballot_folder
@click.argument("register", type=_NAMES, metavar="REGISTER")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@as_json_option
def record(ballot: Path, register: str, file: Path, as_json: bool) -> None:
    """Add the entry in FILE, a JSON object, to a register of BALLOT.

    It is an entry of the audit log: nothing changes or deletes it. With earlier_entry, a later one takes its place. Times have their zone,
    such as 2027-01-11T09:00:00Z. Documents stay with you: of each its SHA-256 is recorded. Write no name, contact or access code.
    """
    content = read_at_most(file, _LARGEST)
    try:
        register_of(register).read(content)
        told = json.loads(content)
    except ApiError as error:
        raise PsephosError(f"{file}: {error.detail}") from None
    except ValueError as error:
        raise PsephosError(f"{file} is not JSON: {error}") from None
    found = at_platform(ballot).post(f"/registers/{register}", told)
    tell(as_json, found, *_entered(found))


@click.command()
@ballot_folder
@click.argument("register", type=_NAMES, metavar="REGISTER", required=False)
@click.option("--authority", help="After the close: on whose authority the register is read, such as a court's order.")
@as_json_option
def registers(ballot: Path, register: str | None, authority: str | None, as_json: bool) -> None:
    """Show the entries of a register of BALLOT; without REGISTER list the registers, and the categories of failures for this ballot.

    Who reads a register, and why, stands in the audit log.
    """
    platform = at_platform(ballot)
    if register is None:
        listed = platform.get("/registers")
        tell(as_json, listed) if as_json else _list(listed)
        return
    entries = _entries(platform, register, authority)
    tell(as_json, {"entries": entries}) if as_json else _show(entries)


@click.command()
@ballot_folder
@click.argument("entry")
@click.option("--reason", required=True, help="Why there is nothing in it, without names.")
@click.option("--agree", type=click.IntRange(min=1), help="As the second person: the number that the first one was told.")
@as_json_option
def unfounded(ballot: Path, entry: str, reason: str, agree: int | None, as_json: bool) -> None:
    """Close the incident ENTRY of BALLOT, given by its id, as unfounded. Two persons.

    While unauthorised access is suspected or confirmed, the report cannot say that there was none.
    """
    if not _ENTRY.fullmatch(entry):
        raise PsephosError("ENTRY is the id of an incident, 32 hexadecimal digits; see: psephos scrutineer registers BALLOT incidents")
    where = f"/registers/incidents/{entry}/unfounded"
    if agree is None:
        found = at_platform(ballot).post(where, {"reason": reason})
        tell(as_json, found, f"proposed; the second person: psephos scrutineer unfounded BALLOT {entry} --agree {found['proposal']}")
        return
    found = at_platform(ballot).post(f"{where}/{agree}", {"reason": reason})
    tell(as_json, found, *_entered(found))


def _entries(platform: PlatformBallot, register: str, authority: str | None) -> list[dict[str, Any]]:
    """All of them, page by page."""
    entries: list[dict[str, Any]] = []
    first: int | None = 0
    while first is not None:
        query = urlencode({"first": first, **({"authority": authority} if authority else {})})
        page = platform.get(f"/registers/{register}?{query}")
        entries += page["entries"]
        first = page["next"]
    return entries


def _entered(found: dict[str, Any]) -> list[str]:
    if "answer" in found:
        return [str(found["answer"])]
    return [", ".join([f"{each['kind']}: entry {each['entry']}", *each["labels"]]) for each in found["entries"]]


def _list(listed: dict[str, Any]) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=False)
    table = Table("register", "what it is told", "by", box=None, padding=(0, 2, 0, 0))
    for each in listed["registers"]:
        table.add_row(*map(_plain, (each["register_name"], each["about"], ", ".join(each["writers"]))))
    console.print(table)
    categories = listed["failure_categories"]
    console.print("categories of failures that this ballot can have:" if categories else "no law asks for this ballot: no failures")
    for each in categories:
        console.print(_plain(f"  {each['category']}  {each['what']}"))


def _show(entries: list[dict[str, Any]]) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=False)
    table = Table(Column("entry", min_width=32), "added", "what was told", box=None, padding=(0, 2, 0, 0))  # an id is shown whole
    for each in entries:
        told = "; ".join(f"{name}: {', '.join(value) if isinstance(value, list) else value}" for name, value in each["told"].items())
        table.add_row(*map(_plain, (each["entry"], each["time"][:19], "; ".join([*each["labels"], told]))))
    if entries:
        console.print(table)
    console.print(f"{len(entries) or 'no'} entries")


def _plain(text: Any) -> str:
    return PsephosError(str(text)).format_message()


COMMANDS = (record, registers, unfounded)
