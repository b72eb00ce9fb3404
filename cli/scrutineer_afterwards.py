"""`psephos scrutineer`, from the last vote to the public record: what is not counted, close, count, release; on a platform, or by files."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console

from api.ceremony.requests import check_asked, request_decryption
from cli import conducting
from cli.checked import own_cache
from cli.errors import PsephosError
from cli.exchange import ElectionFolder
from cli.keystore import ask_passphrase, unseal, write_new
from cli.request import check_ballots, check_closed
from cli.result import TALLY, combine_answers, release, result_table, save_result
from cli.scrutineer_folder import is_on_platform
from cli.scrutineer_options import SIGNING_KEY, as_json_option, election_folder, passphrase_option
from engine.decryption import DecryptedTally
from engine.encoding import to_json

__all__ = ["COMMANDS"]

_processes = click.option("--processes", type=click.IntRange(min=1), default=os.cpu_count() or 1, help="Processes that check ballots.")


@click.command()
@election_folder
@click.argument("code")
@click.option("--reason", required=True, help="Why; kept in the election folder, never published.")
@click.option("--approved-by", "people", multiple=True, required=True, help="Two different persons; give it twice.")
def discount(election: Path, code: str, reason: str, people: tuple[str, ...]) -> None:
    """Mark the ballot with confirmation code CODE as cast but not to be counted. It is kept, and never opened."""
    if len({" ".join(person.split()).casefold() for person in people if person.strip()}) < 2:
        raise PsephosError("two different persons have to approve a discount: give --approved-by twice")
    if not reason.strip():
        raise PsephosError("a discount needs a reason")
    board = ElectionFolder(election)
    name = code.replace(" ", "").upper()
    known = {path.stem for path in (board.path / "ballots").glob("*.json")}
    if name not in known:
        raise PsephosError("there is no ballot with this code")
    if (board.path / "challenged" / f"{name}.json").exists():
        raise PsephosError("this ballot was challenged and is not counted anyway")
    if board.is_closed():
        raise PsephosError("the set of ballots is fixed already")
    if (board.path / "discounted" / f"{name}.json").exists():
        raise PsephosError("this ballot is discounted already")
    write_new(board.path / "discounted" / f"{name}.json", json.dumps({"reason": reason, "approved_by": list(people)}).encode())
    click.echo("the ballot is not counted", err=True)


@click.command()
@election_folder
@_processes
@as_json_option
def close(election: Path, processes: int, as_json: bool) -> None:
    """Close the ballot, after the closing time of the manifest, which nothing moves. On a platform: two persons.

    Offline: check every ballot, then fix the set of ballots and their states, once.
    """
    if is_on_platform(election):
        conducting.close(election, as_json)
        return
    board = ElectionFolder(election)
    manifest = board.parameters().manifest
    if datetime.now(UTC) < manifest.closes:
        raise PsephosError(f"voting is open until {manifest.voting.closes}, and no command moves that")
    known = board.election()
    fixed = board.close(lambda file: check_ballots(board, known, file, processes, own_cache(known)))
    click.echo(f"{fixed} ballots are fixed in {board.path / 'closed'}", err=True)
    click.echo("next: psephos scrutineer tally, and each trustee that takes part: psephos trustee decrypt", err=True)


@click.command()
@election_folder
@click.option("--guardians", required=True, help="Numbers of the guardians that take part, for example 1,3,4.")
@click.option("--wait/--no-wait", default=True, help="Wait for the trustees' answers, then combine them.")
@click.option("--again", is_flag=True, help="Ask the same guardians once more, after a bad answer.")
@_processes
@as_json_option
def tally(election: Path, guardians: str, wait: bool, again: bool, processes: int, as_json: bool) -> None:
    """Ask these guardians to decrypt the one aggregate, combine their answers, print the result.

    On a platform two persons run this: the first one asks for it, the second one has the trustees asked. If a trustee is lost or answers
    badly, stop this (Ctrl-C) and run it again with others; nothing is lost.
    """
    try:
        chosen = tuple(sorted(int(number) for number in guardians.split(",")))
    except ValueError:
        raise PsephosError(f"--guardians {guardians!r}: expected numbers separated by commas") from None
    if is_on_platform(election):
        conducting.tally(election, chosen, again, wait, as_json)
        return
    board = ElectionFolder(election)
    decrypted = board.read(DecryptedTally, TALLY)
    if decrypted is None:
        known = board.election()
        check_asked(known, chosen, datetime.now(UTC))
        found, digest = check_closed(board, known, processes, own_cache(known))
        request_decryption(board, known, found, digest, chosen, datetime.now(UTC), again)
        decrypted, openings = combine_answers(board, known, found, wait)
        save_result(board, decrypted, openings)
    if as_json:
        click.echo(to_json(decrypted))
    else:
        Console().print(result_table(decrypted))
    click.echo("next: psephos scrutineer release", err=True)


@click.command("release")
@election_folder
@click.argument("record", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option("--key", "key_file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The signing key, for who signs.")
@click.option("--hints/--no-hints", default=True, help="Write RECORD.hints too: with it the record is verified several times faster.")
@passphrase_option
@_processes
@as_json_option
def release_(
    election: Path, record: Path | None, key_file: Path | None, hints: bool, passphrase_file: Path | None, processes: int, as_json: bool
) -> None:
    """Sign the public record and release it; into the new folder RECORD, with the public key in RECORD.key beside it.

    On a platform two persons run this. One gives --key and signs; the service then has the record verified, and the other one releases it.
    Nothing is public before. With RECORD it is downloaded too.

    RECORD.hints, beside it too, is not needed for anything: it makes verification faster, and takes twice the room of the record.

    \b
    Whoever has the record can check it:
      psephos verify RECORD
    """
    if is_on_platform(election):
        secret = unseal(key_file, SIGNING_KEY, ask_passphrase(passphrase_file)) if key_file else None
        conducting.release(election, record, secret, as_json)
        return
    if record is None or key_file is None:
        raise PsephosError("offline, a release needs the new folder RECORD and --key")
    signing_key = unseal(key_file, SIGNING_KEY, ask_passphrase(passphrase_file))
    board = ElectionFolder(election)
    if not (board.path / TALLY).exists():
        raise PsephosError("there is no result yet; run: psephos scrutineer tally")
    known = board.election()
    own = own_cache(known)
    found, _ = check_closed(board, known, processes, own)
    release(board, known, found, record, signing_key, datetime.now(UTC), own.hints if hints else None)
    if hints and not own.hints.exists():
        click.echo(f"{record}.hints is left out, because nothing could be kept in {own.folder}", err=True)
    click.echo(f"the record is in {record}, its public key in {record}.key; check it with: psephos verify {record}", err=True)


COMMANDS = (discount, close, tally, release_)
