"""`psephos trustee`: a trustee's own program, for one guardian of one election, on the trustee's own machine. Secrets pass.

The trustee has a folder of his own and meets the others in the election folder, or on a platform's board, of which `join` makes a folder
that is its copy. Every command can be stopped at any instant and run again.
"""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from cli.ceremony import make_keys, published_keys, run_ceremony
from cli.counting import run_decryption
from cli.errors import PsephosError
from cli.exchange import SERVER, ElectionFolder
from cli.fingerprint import spoken
from cli.joining import join
from cli.keystore import ask_passphrase
from cli.mirror import Mirror, board_at, server_of
from cli.status import status_lines
from cli.trial import answer, on_one_medium
from cli.trustee_folder import TrusteeFolder, find_index, indices
from cli.watching import LogWatch, NotBegun
from engine.key_ceremony import guardian_record_hash


@click.group()
def trustee() -> None:
    """A trustee's own program: keys, ceremony, trial, decryption.

    \b
    What a trustee does in the life of a ballot:
      psephos trustee join      on a platform: look at the ballot, and make a copy of its board
      psephos trustee keys      make the secret keys, once
      psephos trustee ceremony  take part until everything is confirmed
      psephos trustee trial     before the opening: show that medium and backup copy can be read
      psephos trustee watch     on a platform, while voting is open: watch over the log
      psephos trustee decrypt   after the close, take part in the count
    At any time `psephos trustee status` says what is done, who is awaited and what comes next.
    """


_election = click.option(
    "--election", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True,
    help="The election folder, or the copy of the board that `join` made.",
)  # fmt: skip
_own = click.option(
    "--own", type=click.Path(path_type=Path, file_okay=False), required=True, help="Your own folder; keep it to yourself and back it up."
)
_passphrase = click.option(
    "--passphrase-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The passphrase is this file's first line."
)
_wait = click.option("--wait", is_flag=True, help="Wait for the others instead of stopping where their messages are missing.")
_processes = click.option("--processes", type=click.IntRange(min=1), default=os.cpu_count() or 1, help="Processes that check ballots.")


def _board(election: Path, own: Path | None, patient: bool = False) -> ElectionFolder:
    board = board_at(election, own, patient)
    if isinstance(board, Mirror):
        click.get_current_context().call_on_close(board.disconnect)
    return board


@trustee.command("join")
@click.argument("url")
@click.argument("ballot")
@click.option("--election", type=click.Path(path_type=Path, file_okay=False), required=True, help="New folder for the copy of the board.")
@_own
def join_(url: str, ballot: str, election: Path, own: Path) -> None:
    """Take part in the ballot with the identifier BALLOT on the platform at URL: look at it, and copy its message board.

    Asks for sign-in name, password and a code from your app. The password is never stored; the session is, in your own folder. All the
    other commands then work on the copy: they take what is new from the board and say there what they say. Whatever was seen once is kept,
    and if the platform ever shows it otherwise that is an error.
    """
    joined = join(url, ballot, election, own)
    for line in joined.lines():
        click.echo(line)
    click.echo(f"next: psephos trustee keys --election {election} --own {own} --guardian {joined.index}", err=True)


@trustee.command()
@_election
@_own
@click.option("--guardian", type=click.IntRange(min=1), required=True, help="Your guardian number, from 1, as in the manifest.")
@_passphrase
def keys(election: Path, own: Path, guardian: int, passphrase_file: Path | None) -> None:
    """Make this guardian's keys (§3.2.2) and publish the commitment to them.

    The secret keys go to a new file in your own folder, sealed under your passphrase. They are erased when the ceremony is done.
    """
    folder = TrusteeFolder(own, guardian)
    public = make_keys(_board(election, own), folder, ask_passphrase(passphrase_file, confirm=not folder.keys_file.exists()))
    click.echo(f"guardian {guardian} ({public.name}): secret keys are in {folder.keys_file}; keep them to yourself", err=True)
    click.echo("next: psephos trustee ceremony --wait, or without --wait again and again until it is done", err=True)


@trustee.command()
@_election
@_own
@_passphrase
@_wait
def ceremony(election: Path, own: Path, passphrase_file: Path | None, wait: bool) -> None:
    """Take part in the key ceremony (§3.2) as far as it goes; run it again until it says that it is done."""
    folder = TrusteeFolder(own, find_index(own))
    board = _board(election, own, patient=wait)
    result = run_ceremony(board, folder, ask_passphrase(passphrase_file), wait)
    if isinstance(result, str):
        click.echo(f"guardian {folder.index}: this far. Awaited are {result}; when they are there, run this again", err=True)
        return
    parameters = result.parameters
    public = published_keys(board, parameters)
    click.echo(f"guardian {folder.index}: done. Your key share is in {folder.share_file}; make a backup of it now.", err=True)
    if parameters.quorum == parameters.guardian_count:
        click.echo("warning: every single trustee is needed for the count; if one key share is lost, nothing can be counted", err=True)
    click.echo("Read this to the other trustees. All must have the same (H_G, equation 27); if not, nobody may vote under these keys:")
    click.echo(spoken(guardian_record_hash(result, public)))


@trustee.command()
@_election
@_own
@_passphrase
@_processes
def decrypt(election: Path, own: Path, passphrase_file: Path | None, processes: int) -> None:
    """Take part in the count (§3.6): check every ballot, multiply them yourself, and decrypt that one aggregate.

    Stays until all guardians have answered. Stopped and run again, it starts over with fresh secrets.
    """
    folder = TrusteeFolder(own, find_index(own))
    run_decryption(_board(election, own, patient=True), folder, ask_passphrase(passphrase_file), datetime.now(UTC), processes)
    click.echo(f"guardian {folder.index}: done; the scrutineer can combine the answers", err=True)


@trustee.command()
@_election
@_own
@_passphrase
def check(election: Path, own: Path, passphrase_file: Path | None) -> None:
    """Check that your key share can be read and fits the published keys, from this file or from its backup."""
    folder = TrusteeFolder(own, find_index(own))
    share, known = folder.unseal_share(ask_passphrase(passphrase_file)), _board(election, own).election()
    fits = (
        share.extended_base_hash == known.extended_base_hash
        and known.group.g.secret_power(share.vote) == known.vote_verification_key(share.index)
        and known.group.g.secret_power(share.data) == known.data_verification_key(share.index)
    )
    if not fits:
        raise PsephosError(f"{folder.share_file} does not belong to this election's keys")
    click.echo(f"guardian {share.index}: the key share is readable and fits the published keys", err=True)


@trustee.command()
@_election
@_own
@_passphrase
@click.option("--copy", type=click.Path(path_type=Path, exists=True), help="The backup copy of your key share, on another medium.")
def trial(election: Path, own: Path, passphrase_file: Path | None, copy: Path | None) -> None:
    """Take part in the trial decryption: show that your key share can be read, before anybody votes.

    Once as it is, from the medium in use; and once with --copy, from the backup. What is decrypted is made up for the purpose and never a
    ballot. On a platform voting does not open before all trustees have done both.
    """
    folder = TrusteeFolder(own, find_index(own))
    name = answer(_board(election, own), folder, ask_passphrase(passphrase_file), copy)
    click.echo(f"guardian {folder.index}: the {'copy' if copy else 'medium'} can be read; the answer is in {name}", err=True)
    if copy is None:
        click.echo("next: the same with --copy and the path of your backup, on another medium", err=True)
    elif on_one_medium(copy, folder):
        click.echo("warning: this copy lies on the same medium as the key share itself: if the medium is lost, both are", err=True)


@trustee.command()
@_election
@_own
@click.option("--once", is_flag=True, help="Look once and end, for use by cron.")
@click.option("--every", type=click.IntRange(min=1), default=60, help="Seconds between two looks.")
def watch(election: Path, own: Path, once: bool, every: int) -> None:
    """Watch over the log of votes on a platform: keep what it signs, and raise the alarm if it ever takes something back.

    Each vote adds a line to the log, which is sealed. Checkpoints of it are signed; they are kept in your own folder and each is compared
    with the one before. If the log gets shorter or is another one, both checkpoints are named and the exit status is 1.
    """
    board = _board(election, own, patient=not once)
    if not isinstance(board, Mirror):
        raise PsephosError(f"{election} is no copy of a platform's board; there is a log to watch on a platform alone")
    log = LogWatch(board, own)
    while True:
        now = datetime.now(UTC)
        try:
            found = log.look(now)
            click.echo(f"{now:%Y-%m-%dT%H:%M:%SZ}: {found.size} leaves, the log has only grown")
        except NotBegun as error:
            click.echo(error.format_message(), err=True)
        if once:
            return
        time.sleep(every)


@trustee.command()
@_election
@click.option("--own", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Your own folder, to see what is yours to do.")
def status(election: Path, own: Path | None) -> None:
    """Say what is done, who is awaited, what comes next, and how many trustees may still be lost."""
    board = _board(election, own)
    if isinstance(board, Mirror):
        click.echo(f"on {board.session.connection.place.url} the ballot is: {board.state()}")
    elif (election / SERVER).exists():
        click.echo(f"this is the copy of a board as it was last seen; with --own it is looked at anew: {server_of(election)[0]}")
    index = find_index(own) if own and indices(own) else None
    for line in status_lines(board, index):
        click.echo(line)
