"""`psephos scrutineer`: set a ballot up, open it, close it, have it counted, release the record: on a platform, or offline by files."""

import json
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console

from api.ceremony import trial
from api.ceremony.requests import check_asked, request_decryption
from cli import conducting
from cli.checked import own_cache
from cli.draft import SAMPLE, create_election, read_draft
from cli.errors import PsephosError
from cli.exchange import ElectionFolder
from cli.fingerprint import spoken
from cli.keystore import ask_passphrase, read_at_most, seal, unseal, write_new
from cli.request import check_ballots, check_closed
from cli.result import TALLY, combine_answers, release, result_table, save_result
from cli.scrutineer_folder import is_on_platform
from cli.scrutineer_online import COMMANDS
from cli.scrutineer_online import as_json as as_json_option
from cli.status import status_lines
from engine.decryption import DecryptedTally
from engine.encoding import to_json

SIGNING_KEY = "signing key of the scrutineer"


@click.group()
def scrutineer() -> None:
    """Run a ballot: create, open, close, tally, release; on a platform, or offline by files.

    At any time `psephos scrutineer status` says what is done, who is awaited and what comes next.

    \b
    On a platform, in this order; the steps with a * take two different persons, each with a folder of their own:
      psephos scrutineer key        make the key that signs the record
      psephos scrutineer sample     print a draft to start from
      psephos scrutineer create     a ballot from a draft, with --server
      (the second person: psephos scrutineer join)
      psephos scrutineer ceremony   begin the key ceremony; when it is held, the trial decryption
      psephos scrutineer trial      see which trustees have still to show that their key shares can be read
      psephos scrutineer roll       hand over the roll; then dispatch sends the access codes
      psephos scrutineer open     * votes are taken in the period that the manifest names
      psephos scrutineer close    * after the closing time, which nothing moves
      psephos scrutineer exclude  * have the ballots checked, and settle which are counted
      psephos scrutineer tally    * ask the trustees, combine their answers
      psephos scrutineer release  * sign the record, have it verified, make it public
      psephos scrutineer report     the facts of the report
    Offline, by files: key, sample, create, open, trial, close, tally, release; one person does each.
    """


_folder = click.argument("election", type=click.Path(path_type=Path, exists=True, file_okay=False))
_passphrase = click.option(
    "--passphrase-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The passphrase is this file's first line."
)
_processes = click.option("--processes", type=click.IntRange(min=1), default=os.cpu_count() or 1, help="Processes that check ballots.")


@scrutineer.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_passphrase
def key(file: Path, passphrase_file: Path | None) -> None:
    """Make the scrutineer's signing key in the new FILE, and print the public key to publish in another place than the record."""
    secret = secrets.token_bytes(32)
    seal(file, secret, SIGNING_KEY, ask_passphrase(passphrase_file, confirm=True))
    public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    click.echo(public.hex().upper())
    click.echo(spoken(public), err=True)


@scrutineer.command()
def sample() -> None:
    """Print a draft to start from."""
    click.echo(json.dumps(SAMPLE, indent=2, ensure_ascii=False))


@scrutineer.command()
@click.argument("election", type=click.Path(path_type=Path, file_okay=False))
@click.option("--draft", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True, help="As printed by `sample`.")
@click.option("--quorum", type=click.IntRange(min=1), required=True, help="How many trustees must take part in the count.")
@click.option("--server", help="Address of a platform's staff service, https://HOST; without it the ballot is run offline, by files.")
@click.option("--rolls", help="Address of the platform's service for rolls, if it has another one.")
@click.option("--trustee", "trustees", multiple=True, help="On a platform: the accounts of guardians 1, 2, …; once for each.")
@click.option("--audit-key", default="", help="On a platform: the auditor's public X25519 key, 64 hexadecimal digits.")
@click.option("--signing-key", default="", help="On a platform: the public key that `key` printed, 64 hexadecimal digits.")
@as_json_option
def create(
    election: Path, draft: Path, quorum: int, server: str | None, rolls: str | None, trustees: tuple[str, ...], audit_key: str,
    signing_key: str, as_json: bool,
) -> None:  # fmt: skip
    """Make a ballot from a draft. Nothing inside the manifest can be changed after the key ceremony has begun.

    With --server it is made on a platform, and the new folder ELECTION, which is yours alone, is bound to it. Without, ELECTION becomes an
    election folder: manifest, parameters, hashes.
    """
    if server:
        conducting.create(election, server, rolls, draft, quorum, trustees, (audit_key, signing_key), as_json)
        return
    manifest = create_election(election, read_draft(read_at_most(draft, 1024 * 1024)), quorum)
    n = len(manifest.voting.trustees)
    if quorum == n:
        click.echo(f"warning: all {n} trustees are needed for the count; if one is lost, the ballot cannot be counted", err=True)
    if quorum == 1:
        click.echo("warning: any one trustee alone can decrypt every ballot", err=True)
    if manifest.closes < datetime.now(UTC):
        click.echo(f"warning: the voting period is over already: it closes {manifest.voting.closes}", err=True)
    click.echo(f"{election}: {manifest.label}, {len(manifest.contests)} questions, {n} trustees, {quorum} needed", err=True)
    click.echo("next, each trustee: psephos trustee keys", err=True)
    if as_json:
        click.echo(json.dumps({"election": manifest.voting.election_identifier.hex()}))


@scrutineer.command("open")
@_folder
@as_json_option
def open_(election: Path, as_json: bool) -> None:
    """Open the ballot. On a platform: two persons, once the trial decryption is done and there is a roll.

    Votes are then taken in the period that the manifest names. Offline: join the trustees' keys once every acknowledgement is in and
    checked; ballots can then be encrypted.
    """
    if is_on_platform(election):
        conducting.open_ballot(election, as_json)
        return
    board = ElectionFolder(election)
    known = board.open()
    click.echo(f"{election}: keys are joined, H_E is {known.extended_base_hash.hex().upper()}", err=True)
    click.echo("next, before anybody votes: psephos scrutineer trial", err=True)
    click.echo(f"then, until {known.manifest.voting.closes}: psephos ballot; then: psephos scrutineer close", err=True)


@scrutineer.command("trial")
@_folder
@click.option("--again", is_flag=True, help="Begin another round, although there is one: weekly, or after a wrong answer.")
@as_json_option
def trial_(election: Path, again: bool, as_json: bool) -> None:
    """Ask the trustees to try their key shares, medium and backup copy, before anybody votes; run again, say who is awaited.

    A platform, where `ceremony` has begun it, opens no ballot before it is done. Offline nothing waits for it: that is for you to see to.
    """
    if is_on_platform(election):
        conducting.trial(election, again, as_json)
        return
    board = ElectionFolder(election)
    known, asked = board.election(), trial.latest_round(board)
    number = 1 if asked is None else asked[0] + 1 if again else asked[0]
    trial.begin(board, number)
    awaited = trial.missing(board, known)
    if not awaited:
        trial.check_finished(board, known)
    found = {"round": number, "missing": [{"guardian": each.guardian, "source": each.source, "wrong": each.wrong} for each in awaited]}
    lines = [f"awaited: {each}" for each in awaited] or ["all trustees can read their key shares, from medium and copy"]
    conducting.tell(as_json, found, f"round {number}; each trustee: psephos trustee trial, and the same with --copy", *lines)


@scrutineer.command()
@_folder
@as_json_option
def status(election: Path, as_json: bool) -> None:
    """Say what is done, who is awaited and what comes next."""
    if is_on_platform(election):
        conducting.status(election, as_json)
        return
    if as_json:
        click.echo(json.dumps({"lines": status_lines(ElectionFolder(election), None)}))
        return
    for line in status_lines(ElectionFolder(election), None):
        click.echo(line)


@scrutineer.command()
@_folder
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


@scrutineer.command()
@_folder
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


@scrutineer.command()
@_folder
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


@scrutineer.command("release")
@_folder
@click.argument("record", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option("--key", "key_file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The signing key, for who signs.")
@click.option("--hints/--no-hints", default=True, help="Write RECORD.hints too: with it the record is verified several times faster.")
@_passphrase
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


for command in COMMANDS:
    scrutineer.add_command(command)
