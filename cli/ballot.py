"""`psephos ballot`: encrypt, cast and challenge ballots from files; for tests and rehearsals. Secrets pass: choices and openings."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import click

from cli.errors import PsephosError
from cli.exchange import ElectionFolder
from cli.keystore import read_at_most, write_new
from engine.ballot import (
    EncryptedBallot,
    OpenedBallot,
    Opening,
    Selections,
    encrypt_ballot,
    new_ballot_nonce,
    nonce_commitments,
    verify_ballot,
)
from engine.encoding import from_json, to_json
from engine.foresight import foresee_ballots
from engine.manifest import Manifest
from engine.opening import verify_opening
from engine.parameters import Election

LARGEST_BALLOT = 4 * 1024 * 1024  # bytes


def read_choices(content: bytes, manifest: Manifest) -> Selections:
    """Choices from a file `{"ballot_style": "…", "choices": {"question": ["option", …], …}}`. Raises PsephosError in plain words."""
    try:
        draft = json.loads(content.decode())
        label, choices = draft["ballot_style"], dict(draft["choices"].items())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise PsephosError('the choices are a JSON object: {"ballot_style": "…", "choices": {"question": ["option"]}}') from None
    style = next((style for style in manifest.ballot_styles if style.label == label), None)
    if style is None:
        known = ", ".join(each.label for each in manifest.ballot_styles)
        raise PsephosError(f"there is no ballot style {str(label)[:80]!r}; there are: {known}")
    rows = []
    for index in style.contests:
        contest = manifest.contest(index)
        chosen = choices.pop(contest.label, [])
        if type(chosen) is not list:
            raise PsephosError(f"{contest.label!r}: the options chosen are a list, such as [{contest.options[0].label!r}], or []")
        labels = [option.label for option in contest.options]
        unknown = [label for label in chosen if label not in labels]
        if unknown:
            raise PsephosError(f"{contest.label!r} has no option {str(unknown[0])[:80]!r}; there are: {', '.join(labels)}")
        rows.append(tuple(chosen.count(label) for label in labels))
    if choices:
        raise PsephosError(f"ballot style {label!r} has no question {str(next(iter(choices)))[:80]!r}")
    return Selections(style.index, tuple(rows))


def receive(board: ElectionFolder, election: Election, content: bytes, now: datetime) -> EncryptedBallot:
    """A ballot that may be stored: within the voting period, valid in every proof. Raises PsephosError or EngineError."""
    manifest = election.manifest
    if not manifest.opens <= now < manifest.closes:
        raise PsephosError(f"voting is open from {manifest.voting.opens} to {manifest.voting.closes}; nothing was stored")
    if board.is_closed():
        raise PsephosError("the set of ballots is fixed; nothing was stored")
    if len(content) > LARGEST_BALLOT:
        raise PsephosError(f"the ballot has {len(content)} bytes, more than {LARGEST_BALLOT}; nothing was stored")
    foresee_ballots([content], election)
    ballot = from_json(EncryptedBallot, content, board.group)
    if ballot.state is not None:
        raise PsephosError("a ballot that is handed in has no state; nothing was stored")
    verify_ballot(ballot, election)
    return ballot


def store(board: ElectionFolder, ballot: EncryptedBallot, content: bytes) -> None:
    """Puts a cast ballot, the bytes as received, into the box. The same bytes again are nothing new.

    Raises PsephosError for a ballot that was challenged (CR-51) and for one that has anything of another ballot (CR-05, CR-09).
    """
    with _used(board) as used:
        if (board.path / "challenged" / f"{ballot.ballot_id}.json").exists():
            raise PsephosError("this ballot was challenged: its choices are known, so it is never cast; encrypt a new one")
        _put(board, ballot, content, used)


def challenge_ballot(board: ElectionFolder, election: Election, content: bytes, opening: bytes, now: datetime) -> OpenedBallot:
    """Stores a ballot as challenged, with its opening, which is checked; answers what it encrypts. Raises PsephosError if it is cast."""
    received = receive(board, election, content, now)
    opened = verify_opening(received, from_json(Opening, opening, board.group), election)
    name = f"{received.ballot_id}.json"
    mark = board.path / "challenged" / name
    with _used(board) as used:
        if (board.path / "ballots" / name).exists() and not mark.exists():
            raise PsephosError("this ballot is cast already; it cannot be challenged any more")
        _check_marks(received, used)
        board.publish(f"challenged/{name}", opening)  # before the ballot: it is never in the box without this mark
        _put(board, received, content, used)
    return opened


class _Used:
    """The file of what ballots have used, one line `mark ballot` each: identifiers and g^ξ of every nonce ξ."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)  # a line cut off by a crash: its ballot is not in the box
        self.owners = dict(line.split() for line in content[: content.rfind(b"\n") + 1].decode("ascii").splitlines())

    def add(self, marks: set[str], ballot: str) -> None:
        """On the disk before this returns."""
        self.file.seek(0, os.SEEK_END)
        self.file.writelines(f"{mark} {ballot}\n".encode() for mark in sorted(marks - self.owners.keys()))
        self.file.flush()
        os.fsync(self.file.fileno())


@contextmanager
def _used(board: ElectionFolder) -> Iterator[_Used]:
    """For one command at a time."""
    with os.fdopen(os.open(board.path / "used.txt", os.O_RDWR | os.O_CREAT, 0o644), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            used = _Used(file)
        except ValueError:
            raise PsephosError(f"{board.path / 'used.txt'} is damaged; nothing was stored") from None
        yield used


def _check_marks(ballot: EncryptedBallot, used: _Used) -> set[str]:
    marks = {ballot.selection_encryption_identifier.hex().upper()}
    marks |= {sha256(each.to_bytes()).hexdigest() for each in nonce_commitments(ballot)}
    if any(used.owners.get(mark, ballot.ballot_id) != ballot.ballot_id for mark in marks):
        raise PsephosError("another ballot has the same identifier or ciphertext; nothing was stored")
    return marks


def _put(board: ElectionFolder, ballot: EncryptedBallot, content: bytes, used: _Used) -> None:
    box = board.path / "ballots" / f"{ballot.ballot_id}.json"
    if box.exists():
        if read_at_most(box, LARGEST_BALLOT) != content:
            raise PsephosError("a ballot with this confirmation code and other proofs is there already; nothing was stored")
        return
    used.add(_check_marks(ballot, used), ballot.ballot_id)
    write_new(box, content, 0o644)


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
    selections = read_choices(read_at_most(choices, LARGEST_BALLOT), known.manifest)
    taken = [path for path in (opening_file, ballot_file) if path.exists()]
    if taken or opening_file == ballot_file:
        raise PsephosError(f"{(taken or [ballot_file])[0]} exists already, or is named twice; ballot and opening are two new files")
    made, opening = encrypt_ballot(selections, known, new_ballot_nonce())
    write_new(opening_file, to_json(opening))
    write_new(ballot_file, to_json(made))
    click.echo(made.confirmation_code.hex().upper())


@ballot.command()
@_folder
@click.argument("ballot_file", metavar="BALLOT", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def cast(election: Path, ballot_file: Path) -> None:
    """Check the encrypted BALLOT and put it into the box: it will be counted."""
    board, content = ElectionFolder(election), read_at_most(ballot_file, LARGEST_BALLOT)
    received = receive(board, board.election(), content, datetime.now(UTC))
    store(board, received, content)
    click.echo(f"received: {received.ballot_id}", err=True)


@ballot.command()
@_folder
@click.argument("ballot_file", metavar="BALLOT", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("opening_file", metavar="OPENING", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def challenge(election: Path, ballot_file: Path, opening_file: Path) -> None:
    """Open the encrypted BALLOT with its OPENING to test the encryption: show what it encrypts.

    It is published as challenged and never counted; whoever made it votes with a new one.
    """
    board = ElectionFolder(election)
    content, opening = read_at_most(ballot_file, LARGEST_BALLOT), read_at_most(opening_file, LARGEST_BALLOT)
    opened = challenge_ballot(board, board.election(), content, opening, datetime.now(UTC))
    for contest in opened.contests:
        click.echo(f"{contest.label}: {', '.join(option.label for option in contest.options if option.value) or 'nothing'}")
