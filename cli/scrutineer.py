"""`psephos scrutineer`: set a ballot up, open it, close it, have it counted, release the record: on a platform, or offline by files."""

import json
import secrets
from datetime import UTC, datetime
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.ceremony import trial
from cli import conducting, registers, set_up
from cli.draft import create_election, read_draft, sample_draft, with_type
from cli.exchange import ElectionFolder
from cli.fingerprint import spoken
from cli.keystore import ask_passphrase, read_at_most, seal
from cli.scrutineer_afterwards import COMMANDS as AFTERWARDS
from cli.scrutineer_folder import is_on_platform
from cli.scrutineer_online import COMMANDS as ONLINE
from cli.scrutineer_options import SIGNING_KEY, as_json_option, ballot_type_option, election_folder, passphrase_option
from cli.status import status_lines
from engine.statutory import find_ballot_type


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
      psephos scrutineer particulars  record what the Code asks for; `check` says what is still missing
      psephos scrutineer roll       hand over the roll; then dispatch sends the access codes
      psephos scrutineer open     * votes are taken in the period that the manifest names
      psephos scrutineer close    * after the closing time, which nothing moves
      psephos scrutineer exclude  * have the ballots checked, and settle which are counted
      psephos scrutineer tally    * ask the trustees, combine their answers
      psephos scrutineer release  * sign the record, have it verified, make it public
      psephos scrutineer report     the facts of the report
    At any time: `record` tells a register something, such as a complaint, an incident or a failure; `registers` shows them.
    Offline, by files: key, sample, create, open, trial, close, tally, release; one person does each.
    """


@scrutineer.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@passphrase_option
def key(file: Path, passphrase_file: Path | None) -> None:
    """Make the scrutineer's signing key in the new FILE, and print the public key to publish in another place than the record."""
    secret = secrets.token_bytes(32)
    seal(file, secret, SIGNING_KEY, ask_passphrase(passphrase_file, confirm=True))
    public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
    click.echo(public.hex().upper())
    click.echo(spoken(public), err=True)


@scrutineer.command()
@ballot_type_option("The kind of statutory ballot that the draft is for.")
@click.option("--particulars", is_flag=True, help="Print particulars instead: what the Code asks for before such a ballot opens.")
def sample(kind: str | None, particulars: bool) -> None:
    """Print a draft to start from; with --particulars, what `psephos scrutineer particulars` takes."""
    if particulars:
        click.echo(json.dumps(set_up.sample(kind), indent=2, ensure_ascii=False))
        return
    click.echo(json.dumps(sample_draft(find_ballot_type(kind) if kind else None), indent=2, ensure_ascii=False))


@scrutineer.command()
@click.argument("election", type=click.Path(path_type=Path, file_okay=False))
@click.option("--draft", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True, help="As printed by `sample`.")
@click.option("--quorum", type=click.IntRange(min=1), required=True, help="How many trustees must take part in the count.")
@ballot_type_option("The kind of statutory ballot; the draft may name it instead. Without one the ballot is labelled not statutory.")
@click.option("--server", help="Address of a platform's staff service, https://HOST; without it the ballot is run offline, by files.")
@click.option("--rolls", help="Address of the platform's service for rolls, if it has another one.")
@click.option("--trustee", "trustees", multiple=True, help="On a platform: the accounts of guardians 1, 2, …; once for each.")
@click.option("--audit-key", default="", help="On a platform: the auditor's public X25519 key, 64 hexadecimal digits.")
@click.option("--signing-key", default="", help="On a platform: the public key that `key` printed, 64 hexadecimal digits.")
@as_json_option
def create(
    election: Path, draft: Path, quorum: int, kind: str | None, server: str | None, rolls: str | None, trustees: tuple[str, ...],
    audit_key: str, signing_key: str, as_json: bool,
) -> None:  # fmt: skip
    """Make a ballot from a draft. Nothing inside the manifest can be changed after the key ceremony has begun.

    With --server it is made on a platform, and the new folder ELECTION, which is yours alone, is bound to it. Without, ELECTION becomes an
    election folder: manifest, parameters, hashes.
    """
    if server:
        conducting.create(election, server, rolls, (draft, kind), quorum, trustees, (audit_key, signing_key), as_json)
        return
    manifest = create_election(election, with_type(read_draft(read_at_most(draft, 1024 * 1024)), kind), quorum)
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
@election_folder
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
@election_folder
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
@election_folder
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


for command in (*set_up.COMMANDS, *registers.COMMANDS, *ONLINE, *AFTERWARDS):
    scrutineer.add_command(command)
