"""`psephos demo`: a whole ballot on this machine through the platform, from key ceremony to verified record, with made-up voters.

The demonstration holds choices, nonces and passphrases of everybody in one place, which no real ballot may do; it is the only command that
does. Services, trustees, scrutineers and the verifier are processes of their own, started as their owners would start them.
"""

import email
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.policy import default
from functools import partial
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from rich.console import Console

from cli.connection import Connection
from cli.demo_casting import cast, challenge, public_election
from cli.demo_offline import offline as run_offline
from cli.demo_people import Staff
from cli.demo_processes import finish, psephos
from cli.demo_services import start_platform, write_secret
from cli.demo_voters import CHALLENGES, LOST, QUORUM, TRUSTEES, begin_voting, demo_draft, style_of, vote
from cli.demonstration import Demonstration
from cli.errors import PsephosError
from cli.keystore import write_new
from cli.progress import ballots_bar

STYLES = {1: "Members who elect the executive", 2: "Members of other sections"}
CONNECTIONS = 8
WEEK = 7 * 24 * 3600
SLOWER = 5  # so many times as long as the platform's start take key ceremony, roll and opening, with time to spare
_LINK = re.compile(r"#([0-9A-Z]{28})")


@click.command()
@click.option("--voters", type=click.IntRange(min=30, max=50_000), default=60, help="How many voters; at least 30.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), default=Path("demo"), help="A new folder.")
@click.option("--verifier", type=click.Path(path_type=Path, dir_okay=False), help="verifier.pyz; without it, the installed verifier.")
@click.option("--processes", type=click.IntRange(min=1), default=os.cpu_count() or 1, help="Processes at work.")
@click.option("--voting-time", type=click.IntRange(min=10), help="Seconds from now to the close; without it, as long as is needed here.")
@click.option("--serve", is_flag=True, help="Open the ballot, print how to reach everything, and leave the platform running.")
@click.option("--stay", is_flag=True, help="Leave the platform running after the release, to look at the page with the result.")
@click.option("--offline", is_flag=True, help="By files, without the platform.")
def demo(
    voters: int, folder: Path, verifier: Path | None, processes: int, voting_time: int | None, serve: bool, stay: bool, offline: bool
) -> None:
    """Run a whole ballot on this machine: 5 trustees of whom 2 are lost, 60 voters, a verified result.

    Databases, three services, two scrutineers, five trustees and all voters are here, each as a process or connection of its own; real
    4096-bit parameters. Keys, passphrases and choices of everybody are in one folder, for demonstration only.
    """
    if folder.exists() and any(folder.iterdir()):
        number = next(n for n in range(2, 10_000) if not folder.with_name(f"{folder.name}-{n}").exists())
        folder = folder.with_name(f"{folder.name}-{number}")
    if offline:
        run_offline(voters, folder, verifier, processes)
        return
    console, started = Console(highlight=False, soft_wrap=True), time.monotonic()
    console.print("[bold]A demonstration[/bold]: everybody's secrets are on this one machine, which no real ballot may do.\n")
    with _prepared(folder.resolve(), console) as shown:
        took = time.monotonic() - started
        seconds = voting_time or (WEEK if serve else 25 + SLOWER * took + voters / 10)
        closes = (datetime.now(UTC) + timedelta(seconds=seconds)).replace(microsecond=0)
        _set_up(shown, closes)
        _ceremony(shown)
        _open(shown, voters, closes)
        if serve:
            _leave_running(shown)
            return
        _voting(shown, voters, processes, closes)
        _count(shown, closes, processes)
        status = _release(shown, verifier, processes)
        console.print(f"time:    {time.monotonic() - started:.0f} s for {voters} voters")
        if stay:
            console.print(f"page:    {shown.record_page}  (the platform is running; Ctrl-C ends it)", soft_wrap=True)
            _wait(shown)
    if status:
        raise PsephosError("the record does not verify")


@contextmanager
def _prepared(folder: Path, console: Console) -> Iterator[Demonstration]:
    console.print("1. The platform: five databases, three services; staff and trustees with accounts, each with two factors.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the services end, too
    platform = start_platform(folder / "platform", "first.administrator")
    try:
        staff = Staff(platform.addresses["staff"], platform.invitation, "first.administrator")
        yield Demonstration(folder, platform, staff, console)
    finally:
        platform.stop()


def _set_up(shown: Demonstration, closes: datetime) -> None:
    """Two scrutineers, five trustees, keys of scrutineer and auditor, and the ballot."""
    staff, address = shown.staff, shown.platform.addresses["staff"]
    for number, folder in enumerate(shown.scrutineers, 1):
        person = staff.hire(f"scrutineer.{number}", f"Scrutineer {number}")
        staff.authorise(person, "scrutineer", staff.administrator)
        person.sign_in_here(folder, address)
    trustees = [staff.hire(f"trustee.{number}", f"Trustee {number}") for number in range(1, TRUSTEES + 1)]
    shown.console.print(f"2. The scrutineer sets the ballot up: 3 questions, 2 ballot styles, {TRUSTEES} trustees, {QUORUM} needed.")
    passphrase = write_secret(shown.folder / "signing.passphrase")
    key = finish([psephos("scrutineer", "key", str(shown.folder / "signing.key"), "--passphrase-file", str(passphrase))])[0]
    auditor = X25519PrivateKey.generate()
    write_new(shown.folder / "audit.key", auditor.private_bytes_raw().hex().encode())
    draft = shown.folder / "draft.json"
    opens = datetime.now(UTC).replace(microsecond=0)
    write_new(draft, json.dumps(demo_draft(opens, closes)).encode())
    made = shown.conduct(
        1, "create", "--draft", str(draft), "--quorum", str(QUORUM), "--server", address, "--rolls", shown.platform.addresses["rolls"],
        *(part for each in trustees for part in ("--trustee", each.account)), "--audit-key", auditor.public_key().public_bytes_raw().hex(),
        "--signing-key", key.splitlines()[0].strip(), "--json",
    )  # fmt: skip
    shown.ballot = json.loads(made.splitlines()[-1])["election"]
    for number, person in enumerate(trustees, 1):
        staff.authorise(person, "trustee", staff.people["scrutineer.1"], shown.ballot)
        own = shown.folder / f"trustee_{number}"
        person.sign_in_here(own / "own", address)
        write_secret(own / "passphrase")
    join = ["scrutineer", "join", address, shown.ballot, str(shown.scrutineers[1]), "--rolls", shown.platform.addresses["rolls"]]
    finish([psephos(*join)])


def _ceremony(shown: Demonstration) -> None:
    shown.console.print(f"3. {TRUSTEES} trustees, each with a program of his own, make keys and confirm them to each other on the board.")
    shown.conduct(1, "ceremony")
    address = shown.platform.addresses["staff"]
    numbers = range(1, TRUSTEES + 1)
    finish([
        psephos("trustee", "join", address, shown.ballot, *shown.own(number)[:4]) for number in numbers
    ])  # fmt: skip
    finish([psephos("trustee", "keys", *shown.own(number), "--guardian", str(number)) for number in numbers])
    spoken = shown.trustees("ceremony", wait=True)
    heard = {output[output.index("  words:") :] for output in spoken}
    if len(heard) != 1:
        raise PsephosError("the trustees do not have the same keys")
    click.echo("   all trustees read out the same fingerprint:\n" + "\n".join(f"   {line}" for line in heard.pop().rstrip().splitlines()))
    shown.conduct(1, "ceremony")
    shown.trustees("trial")
    copies = []
    for number in numbers:
        own, backup = shown.folder / f"trustee_{number}/own", shown.folder / f"trustee_{number}/backup"
        backup.mkdir(mode=0o700)
        shutil.copyfile(own / f"guardian_{number}.share", backup / f"guardian_{number}.share")
        copies.append(psephos("trustee", "trial", *shown.own(number), "--copy", str(backup)))
    finish(copies)
    click.echo("   trial decryption: every key share can be read, from its medium and from its backup")


def _open(shown: Demonstration, voters: int, closes: datetime) -> None:
    if datetime.now(UTC) >= closes - timedelta(seconds=5):
        raise PsephosError(f"this took so long that {_too_late(closes)}")
    shown.console.print(f"4. The roll: {voters} members get unique identifiers, and access codes by e-mail. Two persons open the ballot.")
    lines = ["reference,name,email,email_purpose,ballot_style"]
    lines += [f"{number},Voter {number},voter{number}@members.example,union,{STYLES[style_of(number)]}" for number in range(1, voters + 1)]
    write_new(shown.folder / "roll.csv", "\n".join([*lines, ""]).encode())
    shown.conduct(1, "roll", str(shown.folder / "roll.csv"))
    shown.conduct(1, "dispatch")
    shown.both("open")


def _codes(shown: Demonstration) -> dict[int, str]:
    """What voters find in their mail; the newest message of each counts."""
    found = {}
    for path in sorted(shown.platform.outbox.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns):
        message = email.message_from_bytes(path.read_bytes(), policy=default)
        code = _LINK.search(message.get_content())
        if code:
            found[int(str(message["To"]).removeprefix("voter").partition("@")[0])] = code[1]
    return found


def _voting(shown: Demonstration, voters: int, processes: int, closes: datetime) -> None:
    shown.console.print(f"5. {voters} voters encrypt their choices; {CHALLENGES} of them test the encryption first; all cast over HTTP.")
    address, codes = shown.platform.addresses["voting"], _codes(shown)
    public = public_election(address, shown.ballot)
    votes = [*range(1, voters + 1), *range(1, CHALLENGES + 1), 1]
    workers = ProcessPoolExecutor(processes, initializer=begin_voting, initargs=(public,))
    with workers as pool, ballots_bar("   encrypting", len(votes)) as advance:
        made = []
        for result in pool.map(vote, votes, chunksize=4):
            made.append(result)
            advance(len(made))
    for number in range(1, CHALLENGES + 1):
        if challenge(address, shown.ballot, codes[number], *made[voters + number - 1]) != 201:
            raise PsephosError(f"voter {number} could not test the encryption")
    with ThreadPoolExecutor(CONNECTIONS) as connections, ballots_bar("   casting, every proof checked", voters) as advance:
        send = partial(_cast, address, shown.ballot)
        for done, status in enumerate(connections.map(send, (codes[number] for number in votes[:voters]), made[:voters]), 1):
            if status != 201:
                raise PsephosError(f"a vote was refused with status {status}: {_too_late(closes)}")
            advance(done)
    again, other = cast(address, shown.ballot, codes[2], made[1][0]), cast(address, shown.ballot, codes[2], made[2][0])
    click.echo(f"   the same ballot sent again: {again}, the same answer; another one with the same code: {other}, refused")
    _watch(shown)
    _discount(shown)
    if cast(address, shown.ballot, _codes(shown)[1], made[-1][0]) != 201:
        raise PsephosError(f"voter 1 could not vote again: {_too_late(closes)}")
    click.echo("   a vote is discounted by two persons, and its voter votes again with a new code")


def _cast(address: str, ballot: str, code: str, made: tuple[bytes, bytes]) -> int:
    return cast(address, ballot, code, made[0])


def _watch(shown: Demonstration) -> None:
    own = [shown.own(number)[:4] for number in range(1, TRUSTEES + 1)]
    finish([psephos("trustee", "watch", *options, "--once") for options in own])
    click.echo("   the trustees keep a signed checkpoint of the log of votes")


def _discount(shown: Demonstration) -> None:
    """One person proposes it, another one agrees."""
    rolls, where = Connection(shown.platform.addresses["rolls"], 3), f"/api/v1/ballots/{shown.ballot}/discounts"
    wanted = {"reference": "1", "reason": "the voter says that somebody else has voted"}
    first, second = (shown.staff.people[f"scrutineer.{number}"].token for number in (1, 2))
    number = rolls.post(where, wanted, first)["discount"]
    rolls.post(f"{where}/{number}", wanted, second)
    rolls.close()


def _too_late(closes: datetime) -> str:
    if datetime.now(UTC) < closes - timedelta(seconds=5):
        return "what the service says is in platform/voting.log"
    return "voting has closed; nobody can move that, so run this again with a larger --voting-time"


def _count(shown: Demonstration, closes: datetime, processes: int) -> None:
    left = (closes - datetime.now(UTC)).total_seconds()
    shown.console.print(f"6. Voting closes at {closes:%H:%M:%S} UTC, in {max(left, 0):.0f} s; nobody can move that. Two persons close.")
    while datetime.now(UTC) < closes + timedelta(seconds=1):
        time.sleep(0.2)
    shown.both("close")
    shown.both("exclude")
    shown.console.print(f"7. Trustees {LOST[0]} and {LOST[1]} are lost. The other {QUORUM} check log and ballots, and decrypt the totals.")
    for number in LOST:
        shutil.rmtree(shown.folder / f"trustee_{number}")
    present = [number for number in range(1, TRUSTEES + 1) if number not in LOST]
    asked = ["--guardians", ",".join(map(str, present))]
    shown.conduct(1, "tally", *asked)
    shown.conduct(2, "tally", *asked, "--no-wait")
    each = str(max(1, processes // len(present)))
    finish([psephos("trustee", "decrypt", *shown.own(number), "--processes", each) for number in present])
    click.echo(shown.conduct(2, "tally", *asked))


def _release(shown: Demonstration, verifier: Path | None, processes: int) -> int:
    shown.console.print("8. One person signs the record, the service has it verified, another one releases it; an outsider verifies it.")
    record, report = shown.folder / "record", shown.folder / "report.html"
    key = ["--key", str(shown.folder / "signing.key"), "--passphrase-file", str(shown.folder / "signing.passphrase")]
    shown.conduct(1, "release", *key)
    shown.conduct(2, "release", str(record))
    command = [sys.executable, str(verifier.resolve())] if verifier else [sys.executable, "-m", "verifier"]
    command += [str(record), "--report", str(report), "--processes", str(processes)]
    status = subprocess.run(command, cwd=Path(__file__).parent.parent, check=False).returncode
    shown.console.print(f"\nrecord:  {record}\nkey:     {record}.key  (in a real ballot, published in another place)\nreport:  {report}")
    shown.console.print(f"again:   python3 -I -S {verifier or 'verifier.pyz'} {record}")
    return status


def _leave_running(shown: Demonstration) -> None:
    addresses = shown.platform.addresses
    code = next(iter(_codes(shown).values()))
    shown.console.print("\nThe platform is running; Ctrl-C ends it. Everything it keeps is in this folder, for demonstration only.")
    for name, what in (("voting", "for voters"), ("staff", "for staff and trustees"), ("rolls", "for rolls")):
        document = "roll/openapi.json" if name == "rolls" else "openapi.json"
        shown.console.print(f"  {what}: {addresses[name]}  (document: {addresses[name]}/api/v1/{document})")
    shown.console.print(f"  the ballot: {shown.ballot}\n  an access code: {code}")
    shown.console.print(f"  a link that votes: {shown.voting_page}#{code}", soft_wrap=True)
    shown.console.print(f"  the result, after its release: {shown.record_page}", soft_wrap=True)
    for number, folder in enumerate(shown.scrutineers, 1):
        shown.console.print(f"  scrutineer {number}: psephos scrutineer status {folder}")
    for person in shown.staff.people.values():
        shown.console.print(f"  {person.sign_in_name}: password {person.password}, secret for an app {person.app}")
    _wait(shown)


def _wait(shown: Demonstration) -> None:
    """Until Ctrl-C. Raises PsephosError if a service ends."""
    try:
        while all(process.poll() is None for process in shown.platform.running.values()):
            time.sleep(0.5)
        raise PsephosError(f"a service has ended; what it said is in {shown.platform.folder}")
    except KeyboardInterrupt:
        shown.console.print("\nstopped")
