"""`psephos trustee`: a trustee's own program, for one guardian of one election, on the trustee's own machine. Secrets pass.

The trustee has a folder of his own and meets the others in the election folder. Every command can be stopped at any instant and run again.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from cli.ceremony import make_keys, published_keys, run_ceremony
from cli.counting import run_decryption
from cli.errors import PsephosError
from cli.exchange import ElectionFolder
from cli.fingerprint import spoken
from cli.keystore import ask_passphrase
from cli.status import status_lines
from cli.trustee_folder import TrusteeFolder, find_index, indices
from engine.key_ceremony import guardian_record_hash


@click.group()
def trustee() -> None:
    """A trustee's own program: keys, ceremony, decryption.

    \b
    A trustee needs three commands in the life of a ballot:
      psephos trustee keys      make the secret keys, once
      psephos trustee ceremony  take part until everything is confirmed
      psephos trustee decrypt   after the close, take part in the count
    At any time `psephos trustee status` says what is done, who is awaited and what comes next.
    """


_election = click.option(
    "--election", "election", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True, help="The election folder."
)
_own = click.option(
    "--own", type=click.Path(path_type=Path, file_okay=False), required=True, help="Your own folder; keep it to yourself and back it up."
)
_passphrase = click.option(
    "--passphrase-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="The passphrase is this file's first line."
)
_wait = click.option("--wait", is_flag=True, help="Wait for the others instead of stopping where their messages are missing.")
_processes = click.option("--processes", type=click.IntRange(min=1), default=os.cpu_count() or 1, help="Processes that check ballots.")


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
    public = make_keys(ElectionFolder(election), folder, ask_passphrase(passphrase_file, confirm=not folder.keys_file.exists()))
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
    board = ElectionFolder(election)
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
    run_decryption(ElectionFolder(election), folder, ask_passphrase(passphrase_file), datetime.now(UTC), processes)
    click.echo(f"guardian {folder.index}: done; the scrutineer can combine the answers", err=True)


@trustee.command()
@_election
@_own
@_passphrase
def check(election: Path, own: Path, passphrase_file: Path | None) -> None:
    """Check that your key share can be read and fits the published keys, from this file or from its backup."""
    folder = TrusteeFolder(own, find_index(own))
    share, known = folder.unseal_share(ask_passphrase(passphrase_file)), ElectionFolder(election).election()
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
@click.option("--own", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Your own folder, to see what is yours to do.")
def status(election: Path, own: Path | None) -> None:
    """Say what is done, who is awaited, what comes next, and how many trustees may still be lost."""
    board = ElectionFolder(election)
    index = find_index(own) if own and indices(own) else None
    for line in status_lines(board, index):
        click.echo(line)
