"""`psephos scrutineer`, the commands that there are on a platform alone. BALLOT is a folder that is bound to a ballot there."""

from pathlib import Path
from typing import BinaryIO

import click

from cli import conducting
from cli.errors import PsephosError
from cli.roll import reading_options
from cli.scrutineer_options import as_json_option

__all__ = ["COMMANDS"]

ballot_folder = click.argument("ballot", type=click.Path(path_type=Path, exists=True, file_okay=False))


@click.command()
@click.argument("server")
@click.argument("ballot_id")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--rolls", help="Address of the platform's service for rolls, if it has another one.")
@as_json_option
def join(server: str, ballot_id: str, folder: Path, rolls: str | None, as_json: bool) -> None:
    """Bind the new folder FOLDER to the ballot BALLOT_ID on the platform at SERVER: for the second person."""
    conducting.join(folder, server, rolls, ballot_id, as_json)


@click.command()
@ballot_folder
@as_json_option
def ceremony(ballot: Path, as_json: bool) -> None:
    """Begin the key ceremony of the ballot in the folder BALLOT; run again when it is held, begin the trial decryption."""
    conducting.ceremony(ballot, as_json)


@click.command()
@ballot_folder
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Only look for what is wrong, and for what would change; nothing is stored.")
@click.option("--leave-out", type=click.IntRange(min=0), default=0, metavar="N", help="Exactly so many rows are rejected and left out.")
@click.option("--rules", type=click.File("rb"), help="JSON with domains and numbers of employer and union, for this and later rolls.")
@click.option("--problems", type=click.Path(path_type=Path, dir_okay=False), help="New file for all that is wrong, with the values: CSV.")
@reading_options
@as_json_option
def roll(
    ballot: Path, file: Path, dry_run: bool, leave_out: int, rules: BinaryIO | None, problems: Path | None, given_for: str | None,
    sheet: str, encoding: str, as_json: bool,
) -> None:  # fmt: skip
    """Hand over the roll of BALLOT in FILE: CSV, TSV, XLSX or ODS. In place of an earlier one, until the ballot is open.

    Columns are reference, name, ballot_style, and where there are any email, mobile, address, email_purpose (union, preference),
    mobile_type (personal, work), method (electronic, hybrid, workplace, postal; several with a +) and delivery. Other names that mean the
    same are recognised, and what was guessed is shown.

    It is stored whole, without exactly those rows that --leave-out counts, or not at all; everything that is wrong is listed.
    """
    from cli.rolls import hand_over

    asked = {"dry_run": str(dry_run).lower(), "leave_out": str(leave_out), "sheet": sheet, "encoding": encoding}
    hand_over(ballot, file, asked | ({"given_for": given_for} if given_for else {}), rules, problems, as_json)


@click.command()
@ballot_folder
@as_json_option
def dispatch(ballot: Path, as_json: bool) -> None:
    """Send an access code to everybody on the roll of BALLOT who was not sent one. Stopped and run again, it goes on."""
    conducting.dispatch(ballot, as_json)


@click.command()
@ballot_folder
@as_json_option
def exclude(ballot: Path, as_json: bool) -> None:
    """After the close of BALLOT: have every ballot checked and multiplied, and settle which are counted. Two persons.

    Where few ballots are counted, two persons have to accept before that the result may show how people voted (accept-small-units).
    """
    conducting.exclude(ballot, as_json)


@click.command("accept-small-units")
@ballot_folder
@as_json_option
def accept_small_units(ballot: Path, as_json: bool) -> None:
    """Accept that a result of BALLOT made of few counted ballots may show how people voted. Two persons."""
    conducting.accept_small_units(ballot, as_json)


@click.command()
@ballot_folder
@as_json_option
def abandon(ballot: Path, as_json: bool) -> None:
    """Give BALLOT up: it is never decrypted. Two persons; it cannot be taken back."""
    conducting.abandon(ballot, as_json)


@click.command()
@ballot_folder
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="File for the facts, in place of standard output.")
@click.option("--pdf", type=click.Path(path_type=Path, dir_okay=False), help="Write the report itself into this new file.")
@click.option("--told", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="What you say in it, as JSON; see above.")
@click.option("--language", type=click.Choice(["en", "cy"]), default="en", show_default=True, help="Of its headings.")
@click.option("--final", is_flag=True, help="Make the final report, which never changes; what it lacks is named.")
@as_json_option
def report(ballot: Path, output: Path | None, pdf: Path | None, told: Path | None, language: str, final: bool, as_json: bool) -> None:
    """The facts of the scrutineer's report on BALLOT, in JSON; with --pdf the report itself, a draft unless it is --final.

    The file --told may have the members satisfied (true or false: that there are no reasonable grounds to believe that a requirement was
    not met), reservations, accessibility and remarks. The result is attached to the PDF as data.
    """
    if pdf is not None:
        conducting.report_pages(ballot, pdf, told, language, final, as_json)
        return
    if final or told is not None:
        raise PsephosError("--final and --told need --pdf, the file for the report")
    conducting.report(ballot, output, as_json)


COMMANDS = (join, ceremony, roll, dispatch, exclude, accept_small_units, abandon, report)
