"""What the commands about rolls do, and how they show what is wrong with one."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import click
from rich.console import Console
from rich.table import Table

from api.users.contact_rules import ContactRules
from api.users.importing import Import, ImportState
from api.users.roll import Reading, checked_roll
from api.users.roll_messages import report_of
from cli.connection import Refused
from cli.errors import PsephosError
from cli.scrutineer_folder import PlatformBallot

__all__ = ["check_file", "hand_over"]

_LARGEST_RULES = 4 * 2**20
_SHOWN = 10


def hand_over(folder: Path, file: Path, asked: dict[str, str], rules: BinaryIO | None, problems: Path | None, as_json: bool) -> None:
    """Sends a roll to the platform, and shows what came of it. Raises PsephosError if rows are rejected, after all is shown."""
    dry_run = asked["dry_run"] == "true"
    _check_new(problems)
    if rules is not None and dry_run:
        raise PsephosError("rules for contacts are stored, which a dry run does not do; for a look use psephos roll check FILE --rules")
    ballot = PlatformBallot(folder)
    click.get_current_context().call_on_close(ballot.disconnect)
    if rules is not None:
        ballot.put_contact_rules(_rules(rules))
    refused = None
    with Console(stderr=True, quiet=as_json).status("the roll is sent") as shown, file.open("rb") as content:
        try:
            report = ballot.hand_over_roll(content, asked, shown.update)
        except Refused as error:
            report = (error.told or {}).get("report") if isinstance(error.told, dict) else None
            if report is None or not report["rows"]:
                raise
            refused = error
    if problems is not None:
        with _new_file(problems) as output:
            ballot.roll_problems(output)
    _show(report, as_json)
    if refused is not None:
        raise PsephosError(f"{refused.detail}{_where(problems)}")
    if report["rejected"] and dry_run:
        raise PsephosError(f"{report['rejected']} rows would be rejected{_where(problems)}")
    if not as_json:
        next_step = "next: hand it over without --dry-run" if dry_run else "next: psephos scrutineer dispatch, then open"
        click.echo(PsephosError(next_step).format_message())


def check_file(
    file: Path, styles: Sequence[str], rules: BinaryIO | None, problems: Path | None, read_as: tuple[bool, str, str], as_json: bool
) -> None:
    """Checks a roll here. Raises PsephosError if rows would be rejected, after all is shown."""
    given, sheet, encoding = read_as
    _check_new(problems)
    wanted = ContactRules() if rules is None else ContactRules.from_json(json.dumps(_rules(rules)).encode())
    labels = {label: number for number, label in enumerate(styles, 1)}
    reading = Reading(labels, wanted, given, encoding, sheet)
    with Console(stderr=True, quiet=as_json).status("the roll is read") as shown:

        def tell(doing: str, at: int) -> None:
            shown.update(f"{doing}: {at} rows")

        with checked_roll(lambda: file.open("rb"), reading, tell) as checked:
            report = json.loads(report_of(Import(ImportState.DONE, "done", checked.rows, checked)).model_dump_json())
            if problems is not None:
                with _new_file(problems) as output:
                    output.writelines(checked.findings.file.lines())
    _show(report, as_json)
    if report["rejected"]:
        raise PsephosError(f"{report['rejected']} rows would be rejected{_where(problems)}")


def _check_new(problems: Path | None) -> None:
    if problems is not None and problems.exists():
        raise PsephosError(f"{problems} is there already; name a new file")


def _new_file(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _rules(file: BinaryIO) -> Any:
    try:
        return json.loads(file.read(_LARGEST_RULES))
    except (ValueError, RecursionError):
        raise PsephosError("the rules for contacts are not JSON") from None


def _where(problems: Path | None) -> str:
    return f"; all that is wrong is in {problems}" if problems is not None else "; --problems FILE lists all that is wrong"


def _show(report: dict[str, Any], as_json: bool) -> None:
    """The numbers as a table, and the first findings; or all of it in JSON."""
    if as_json:
        click.echo(json.dumps(report, ensure_ascii=False))
        return
    read_as = report["read_as"]
    how = ", ".join(filter(None, (read_as["format"], read_as["encoding"], f"sheet {read_as['sheet']}" if read_as["sheet"] else "")))
    columns = ", ".join(f"{name} from {source}" for name, source in read_as["columns"].items() if name != source)
    lines = [f"read as {how}"]
    lines += [f"columns: {columns}"] if columns else []
    lines += [f"not used: {', '.join(read_as['unused'])}"] if read_as["unused"] else []
    for line in lines:
        click.echo(PsephosError(line).format_message())
    Console(soft_wrap=True).print(_table(report))
    for each in report["findings"][:_SHOWN]:
        place = f"row {each['row']}, {each['column']}"
        click.echo(PsephosError(f"{place}: {each['problem']} ({each['rule']}); {each['fix']}").format_message())
    if report["count"] > _SHOWN:
        click.echo(f"and {report['count'] - _SHOWN} more")


def _table(report: dict[str, Any]) -> Table:
    table = Table(title="Roll")
    table.add_column("")
    table.add_column("people", justify="right")
    table.add_row("accepted", str(report["accepted"]))
    table.add_row("rejected", str(report["rejected"]))
    for rule, count in report["rejected_by_rule"].items():
        table.add_row(f"  findings, {rule}", str(count))
    table.add_row("in the file", str(report["rows"]), end_section=True)
    for rule, count in report["withheld_by_rule"].items():
        table.add_row(f"contacts withheld, {rule}", str(count))
    table.add_row("without any contact for their only method", str(report["needs_method"]), end_section=True)
    for name, count in (report["differences"] or {}).items():
        table.add_row(name, str(count))
    return table
