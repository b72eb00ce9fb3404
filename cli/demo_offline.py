"""`psephos demo --offline`: a whole ballot by files, from key ceremony to verified record, with made-up voters.

The demo holds choices, nonces and passphrases of everybody in one place, which no real ballot may do; it is the only command that does.
Trustees and verifier are processes of their own, started as a trustee or an outsider would start them.
"""

import secrets
import shutil
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console

from api.ceremony.requests import request_decryption
from cli.ballot import challenge_ballot, receive, store
from cli.checked import Own
from cli.demo_processes import finish, psephos
from cli.demo_voters import CHALLENGES, DISCOUNTS, LOST, QUORUM, TRUSTEES, begin_voting, demo_draft, vote
from cli.draft import create_election
from cli.errors import PsephosError
from cli.exchange import ElectionFolder
from cli.keystore import write_new
from cli.progress import ballots_bar
from cli.request import check_ballots, check_closed
from cli.result import combine_answers, release, result_table, save_result
from engine.ballot import EncryptedBallot
from engine.encoding import from_json
from engine.parameters import Election

_election: Election  # in a worker process


def _start(election: Election) -> None:
    global _election
    _election = election
    begin_voting(election)


def _check(work: tuple[Path, bytes, datetime]) -> EncryptedBallot:
    """The intake of a ballot, every proof checked."""
    path, content, now = work
    return receive(ElectionFolder(path), _election, content, now)


def offline(voters: int, folder: Path, verifier: Path | None, processes: int) -> None:
    """The demonstration by files, without a platform."""
    console, started = Console(highlight=False, soft_wrap=True), time.monotonic()
    folder = folder.resolve()
    board = ElectionFolder(folder / "election")

    console.print("[bold]A demonstration[/bold]: everybody's secrets are on this one machine, which no real ballot may do.\n")
    console.print(f"1. The scrutineer sets the ballot up: 3 questions, 2 ballot styles, {TRUSTEES} trustees, {QUORUM} needed.")
    create_election(board.path, demo_draft(datetime.now(UTC) - timedelta(days=7), datetime.now(UTC) - timedelta(minutes=1)), QUORUM)

    console.print(f"2. {TRUSTEES} trustees, each with a program of his own, make keys and confirm them to each other.")
    _ceremony(folder)
    board.open()
    election = board.election()

    console.print(f"3. {voters} voters encrypt their choices; {CHALLENGES} of them test the encryption first.")
    _voting(board, election, voters, processes)
    console.print(f"4. {DISCOUNTS} ballot is discounted (its voter votes again); voting closes; the set of ballots is fixed.")
    own = Own(folder / "scrutineer", with_hints=True)
    fixed = board.close(lambda file: check_ballots(board, election, file, processes, own))

    console.print(f"5. Trustees {LOST[0]} and {LOST[1]} are lost. The other {QUORUM} check {fixed} ballots, multiply, decrypt the totals.")
    for number in LOST:
        shutil.rmtree(folder / f"trustee_{number}")
    found, digest = check_closed(board, election, processes, own)
    left = tuple(number for number in range(1, TRUSTEES + 1) if number not in LOST)
    request_decryption(board, election, found, digest, left, datetime.now(UTC))
    each = max(1, processes // len(left))
    finish([psephos("trustee", "decrypt", *_trustee(folder, number), "--processes", str(each)) for number in left])
    tally, openings = combine_answers(board, election, found, patient=False)
    save_result(board, tally, openings)
    console.print(result_table(tally))

    console.print("6. The scrutineer signs and releases the record; somebody else verifies it with the standalone verifier.")
    record, report = folder / "record", folder / "report.html"
    release(board, election, found, record, secrets.token_bytes(32), datetime.now(UTC), own.hints)
    command = [sys.executable, str(verifier.resolve())] if verifier else [sys.executable, "-m", "verifier"]
    command += [str(record), "--report", str(report), "--processes", str(processes)]
    status = subprocess.run(command, cwd=Path(__file__).parent.parent, check=False).returncode
    console.print(f"\nrecord:  {record}\nkey:     {record}.key  (in a real ballot, published in another place)\nreport:  {report}")
    console.print(f"time:    {time.monotonic() - started:.0f} s for {fixed} ballots")
    console.print(f"again:   python3 -I -S {verifier or 'verifier.pyz'} {record}")
    if status:
        raise PsephosError("the record does not verify")


def _trustee(folder: Path, number: int) -> list[str]:
    own = folder / f"trustee_{number}"
    return ["--election", str(folder / "election"), "--own", str(own), "--passphrase-file", str(own / "passphrase")]


def _ceremony(folder: Path) -> None:
    numbers = range(1, TRUSTEES + 1)
    for number in numbers:
        write_new(folder / f"trustee_{number}/passphrase", secrets.token_urlsafe(18).encode())
    finish([psephos("trustee", "keys", *_trustee(folder, number), "--guardian", str(number)) for number in numbers])
    spoken = finish([psephos("trustee", "ceremony", *_trustee(folder, number), "--wait") for number in numbers])
    heard = {output[output.index("  words:") :] for output in spoken}
    if len(heard) != 1:
        raise PsephosError("the trustees do not have the same keys")
    click.echo("   all trustees read out the same fingerprint:\n" + "\n".join(f"   {line}" for line in heard.pop().rstrip().splitlines()))


def _voting(board: ElectionFolder, election: Election, voters: int, processes: int) -> None:
    during = election.manifest.closes - timedelta(days=1)  # the demo's clock: a day before the close
    votes = [*range(1, voters + 1), *range(1, CHALLENGES + DISCOUNTS + 1)]
    with ProcessPoolExecutor(processes, initializer=_start, initargs=(election,)) as pool:
        with ballots_bar("   encrypting", len(votes)) as advance:
            made = []
            for result in pool.map(vote, votes):
                made.append(result)
                advance(len(made))
        cast = made[: voters + DISCOUNTS]
        for content, opening in made[voters + DISCOUNTS :]:
            challenge_ballot(board, election, content, opening, during)
        with ballots_bar("   checking and storing", len(cast)) as advance:
            work = [(board.path, content, during) for content, _ in cast]
            for done, (ballot, (content, _)) in enumerate(zip(pool.map(_check, work), cast, strict=True), 1):
                store(board, ballot, content)
                advance(done)
    discounted = from_json(EncryptedBallot, cast[0][0], board.group)
    write_new(board.path / "discounted" / f"{discounted.ballot_id}.json", b'{"reason":"demonstration"}')
