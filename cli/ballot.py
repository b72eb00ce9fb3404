"""`psephos ballot`: encrypt, cast and challenge ballots from files; for tests and rehearsals. Secrets pass: choices and openings."""

import json
import os
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import click

from cli.errors import PsephosError
from cli.exchange import ElectionFolder
from cli.keystore import write_new
from engine.ballot import EncryptedBallot, Opening, Selections, encrypt_ballot, new_ballot_nonce, verify_ballot, verify_opening
from engine.encoding import from_json, to_json
from engine.manifest import Manifest
from engine.parameters import Election

LARGEST_BALLOT = 4 * 1024 * 1024  # bytes


def read_choices(text: str, manifest: Manifest) -> Selections:
    """Choices from a file `{"ballot_style": "…", "choices": {"question": ["option", …], …}}`. Raises PsephosError in plain words."""
    try:
        draft = json.loads(text)
        label, choices = draft["ballot_style"], dict(draft["choices"])
    except (ValueError, KeyError, TypeError):
        raise PsephosError('the choices are a JSON object: {"ballot_style": "…", "choices": {"question": ["option"]}}') from None
    style = next((style for style in manifest.ballot_styles if style.label == label), None)
    if style is None:
        raise PsephosError(f"there is no ballot style {label!r}; there are: {', '.join(each.label for each in manifest.ballot_styles)}")
    rows = []
    for index in style.contests:
        contest = manifest.contest(index)
        chosen = choices.pop(contest.label, [])
        unknown = [label for label in chosen if label not in [option.label for option in contest.options]]
        if unknown:
            raise PsephosError(f"{contest.label!r} has no option {unknown[0]!r}")
        rows.append(tuple(chosen.count(option.label) for option in contest.options))
    if choices:
        raise PsephosError(f"ballot style {label!r} has no question {next(iter(choices))!r}")
    return Selections(style.index, tuple(rows))


def receive(board: ElectionFolder, election: Election, content: bytes, now: datetime) -> EncryptedBallot:
    """A ballot that may be stored: within the voting period, valid in every proof. Raises PsephosError or EngineError."""
    manifest = election.manifest
    if not manifest.opens <= now < manifest.closes:
        raise PsephosError(f"voting is open from {manifest.voting.opens} to {manifest.voting.closes}; nothing was stored")
    if (board.path / "closed").exists():
        raise PsephosError("the set of ballots is fixed; nothing was stored")
    if len(content) > LARGEST_BALLOT:
        raise PsephosError(f"the ballot has {len(content)} bytes, more than {LARGEST_BALLOT}; nothing was stored")
    ballot = from_json(EncryptedBallot, content, board.group)
    if ballot.state is not None:
        raise PsephosError("a ballot that is handed in has no state; nothing was stored")
    verify_ballot(ballot, election)
    return ballot


def store(board: ElectionFolder, ballot: EncryptedBallot, content: bytes) -> None:
    """Puts the bytes as received into the box, and marks identifier and every ciphertext as used. The same bytes again are nothing new."""
    name = f"{ballot.ballot_id}.json"
    box = board.path / "ballots" / name
    if box.exists() and box.read_bytes() == content:
        return
    marks = {ballot.selection_encryption_identifier.hex().upper()}
    marks |= {sha256(option.alpha.to_bytes()).hexdigest() for _, contest in ballot.contests for option in contest.ciphertexts}
    used = board.path / "used.txt"
    owners = dict(line.split() for line in used.read_text(encoding="ascii").splitlines()) if used.exists() else {}
    if any(owners.get(mark, ballot.ballot_id) != ballot.ballot_id for mark in marks):  # a copy (CR-05, CR-09)
        raise PsephosError("another ballot has the same identifier or ciphertext; nothing was stored")
    with used.open("a", encoding="ascii") as file:
        file.writelines(f"{mark} {ballot.ballot_id}\n" for mark in sorted(marks - owners.keys()))
        file.flush()
        os.fsync(file.fileno())
    write_new(box, content)


@click.group()
def ballot() -> None:
    """Encrypt, cast and challenge ballots from files, for tests and rehearsals.

    Real voters vote in a browser, on their own device; a choices file on a disk is no secret vote.
    """


_folder = click.argument("election", type=click.Path(path_type=Path, exists=True, file_okay=False))


@ballot.command()
@_folder
@click.option("--choices", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True, help="Choices; see below.")
@click.option("--ballot", "ballot_file", type=click.Path(path_type=Path), required=True, help="New file for the encrypted ballot.")
@click.option("--opening", "opening_file", type=click.Path(path_type=Path), required=True, help="New file for what opens it: secret.")
def encrypt(election: Path, choices: Path, ballot_file: Path, opening_file: Path) -> None:
    """Encrypt a ballot with every proof (§3.3) and print its confirmation code.

    \b
    A file of choices:
      {"ballot_style": "All members", "choices": {"Are you prepared …?": ["Yes"], "Executive committee": ["First", "Third"]}}
    """
    known = ElectionFolder(election).election()
    made, opening = encrypt_ballot(read_choices(choices.read_text(encoding="utf-8"), known.manifest), known, new_ballot_nonce())
    write_new(opening_file, to_json(opening))
    write_new(ballot_file, to_json(made))
    click.echo(made.confirmation_code.hex().upper())


@ballot.command()
@_folder
@click.argument("ballot_file", metavar="BALLOT", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def cast(election: Path, ballot_file: Path) -> None:
    """Check the encrypted BALLOT and put it into the box: it will be counted."""
    board, content = ElectionFolder(election), ballot_file.read_bytes()
    store(board, receive(board, board.election(), content, datetime.now(UTC)), content)
    click.echo("received", err=True)


@ballot.command()
@_folder
@click.argument("ballot_file", metavar="BALLOT", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("opening_file", metavar="OPENING", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def challenge(election: Path, ballot_file: Path, opening_file: Path) -> None:
    """Open the encrypted BALLOT to test the encryption: show what it encrypts. It is published as challenged and never counted."""
    board, content = ElectionFolder(election), ballot_file.read_bytes()
    known = board.election()
    challenge_ballot(board, known, content, opening_file.read_bytes(), datetime.now(UTC))
    opened = verify_opening(
        from_json(EncryptedBallot, content, board.group), from_json(Opening, opening_file.read_bytes(), board.group), known
    )
    for contest in opened.contests:
        click.echo(f"{contest.label}: {', '.join(option.label for option in contest.options if option.value) or 'nothing'}")


def challenge_ballot(board: ElectionFolder, election: Election, content: bytes, opening: bytes, now: datetime) -> None:
    """Stores a ballot as challenged, after its opening has been checked. Raises PsephosError if it is cast already."""
    received = receive(board, election, content, now)
    verify_opening(received, from_json(Opening, opening, board.group), election)
    name = f"{received.ballot_id}.json"
    if (board.path / "ballots" / name).exists() and not (board.path / "challenged" / name).exists():
        raise PsephosError("this ballot is cast already; it cannot be challenged any more")
    if not (board.path / "challenged" / name).exists():
        write_new(board.path / "challenged" / name, b"{}")
    store(board, received, content)
