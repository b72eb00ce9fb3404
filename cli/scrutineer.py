"""`psephos scrutineer`: set a ballot up, open it, close it, have it counted, release the record (offline, by files)."""

import json
import os
import secrets
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console
from rich.table import Table

from cli.counting import DecryptionRequest, check_closed, latest_request
from cli.errors import PsephosError
from cli.exchange import ElectionFolder, wait_for
from cli.fingerprint import spoken
from cli.keystore import ask_passphrase, seal, unseal, write_new
from cli.trustee import status_lines
from engine.ballot import OpenedBallot
from engine.decryption import (
    CommitmentHashes,
    DecryptedTally,
    NonceShares,
    PartialDecryptions,
    Responses,
    check_guardians,
    check_revealed,
    combine,
    open_challenged,
)
from engine.encoding import from_json, to_json
from engine.errors import DecryptionRefused
from engine.group import STANDARD, Group
from engine.manifest import Manifest, read_manifest
from engine.parameters import Election, election_parameters
from engine.record import Record, read_lines, write_parameters, write_record
from engine.tally import BallotSet

SIGNING_KEY = "signing key of the scrutineer"

SAMPLE = {
    "label": "Ballot of the year",
    "contests": [
        {"label": "Are you prepared to take part in a strike?", "options": ["Yes", "No"], "spoil": "I spoil this question"},
        {"label": "Executive committee", "choose_up_to": 3, "options": ["First candidate", "Second candidate", "Third candidate"],
         "spoil": "I spoil this question"},
    ],
    "ballot_styles": {"All members": [1, 2]},
    "union": "The union", "scrutineer": "The scrutineer",
    "opens": "2027-01-11T09:00:00Z", "closes": "2027-01-25T17:00:00Z",
    "trustees": ["First trustee", "Second trustee", "Third trustee"],
    "smallest_unit": 10,
}


def draft_to_manifest(draft: dict[str, object]) -> Manifest:
    """The manifest for a draft as `psephos scrutineer sample` prints one; adds a random election identifier. Raises PsephosError."""
    try:
        contests = []
        for contest in draft["contests"]:  # type: ignore[attr-defined]
            entry: dict[str, object] = {"label": contest["label"]}
            if contest.get("choose_up_to", 1) != 1:
                entry["selection_limit"] = contest["choose_up_to"]
            options: list[dict[str, object]] = [{"label": label} for label in contest["options"]]
            if "spoil" in contest:
                options.append({"label": contest["spoil"], "spoil": True})
            entry["options"] = options
            contests.append(entry)
        styles = [{"label": label, "contests": numbers} for label, numbers in draft["ballot_styles"].items()]  # type: ignore[attr-defined]
        closes = datetime.strptime(str(draft["closes"]), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        voting = {
            "election_identifier": secrets.token_bytes(32).hex().upper(),
            **{name: draft[name] for name in ("union", "scrutineer", "opens", "closes")},
            "record_due": draft.get("record_due") or (closes + timedelta(days=365)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "trustees": draft["trustees"],
            "smallest_unit": draft.get("smallest_unit", 10),
            "device_information": "psephos",
            "chaining_mode": "NoChaining",
        }
        whole = {"label": draft["label"], "contests": contests, "ballot_styles": styles, "voting": voting}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise PsephosError(f"the draft is incomplete or has a wrong form: {error}; compare: psephos scrutineer sample") from None
    return read_manifest(json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode())


def request_decryption(
    board: ElectionFolder, election: Election, found: BallotSet, digest: bytes, guardians: tuple[int, ...], now: datetime
) -> int:
    """Asks `guardians` to decrypt the one aggregate `found` in the closed ballots; answers the request's number."""
    if now < election.manifest.closes:
        raise DecryptionRefused(f"voting is open until {election.manifest.voting.closes}")
    check_guardians(guardians, election)
    asked = latest_request(board)
    if asked and asked[1].guardians == guardians:
        return asked[0]
    number = asked[0] + 1 if asked else 1
    board.publish(f"decryption/request_{number}.json", to_json(DecryptionRequest(guardians, digest, found.tally)))
    return number


def combine_answers(
    board: ElectionFolder, election: Election, found: BallotSet, patient: bool
) -> tuple[DecryptedTally, tuple[OpenedBallot, ...]]:
    """Combines the guardians' answers to the newest request. Raises CeremonyError naming a guardian whose answer is bad."""
    asked = latest_request(board)
    if asked is None:
        raise PsephosError("nobody has been asked to decrypt yet")
    number, request = asked
    base = f"decryption/request_{number}"

    def missing() -> list[int]:
        return [i for i in request.guardians if not (board.path / f"{base}/nonces/guardian_{i}.json").exists()]

    awaited = wait_for(lambda: None if missing() else True, lambda: f"guardians {', '.join(map(str, missing()))}", patient)
    if awaited is None:
        raise PsephosError(f"answers of guardians {', '.join(map(str, missing()))} are awaited (psephos trustee decrypt)")
    attempt = 1
    while (board.path / f"{base}/attempt_{attempt + 1}").exists():
        attempt += 1
    where = f"{base}/attempt_{attempt}"
    hashes = board.read_all(CommitmentHashes, f"{where}/1_hashes", request.guardians)
    values = board.read_all(PartialDecryptions, f"{where}/2_values", request.guardians)
    answers = board.read_all(Responses, f"{where}/3_responses", request.guardians)
    nonces = board.read_all(NonceShares, f"{base}/nonces", request.guardians)
    if not set(request.guardians) == set(hashes) == set(values) == set(answers):
        raise PsephosError(f"{board.path / where}: messages are missing")
    for i in request.guardians:
        check_revealed(hashes[i], values[i], found.tally, request.guardians, election.extended_base_hash)
    U = request.guardians
    tally = combine(found.tally, [values[i] for i in U], [answers[i] for i in U], election)
    return tally, open_challenged(found.challenged, [nonces[i] for i in U], election)


def release(board: ElectionFolder, election: Election, found: BallotSet, folder: Path, signing_key: bytes, now: datetime) -> None:
    """Writes the record and, beside it, the file with the public key under which it is signed."""
    tally = board.read(DecryptedTally, "result/tally.json")
    if tally is None:
        raise PsephosError("there is no result yet; run: psephos scrutineer tally")
    openings = [from_json(OpenedBallot, line, board.group) for line in read_lines(board.path / "result/challenged_ballots.jsonl")]
    record = Record(election, board.public_keys(), board.acknowledgements(), board.closed_ballots(), found, tally, openings)
    write_record(folder, record, signing_key, now)
    public = Ed25519PrivateKey.from_private_bytes(signing_key).public_key().public_bytes_raw()
    (folder.parent / f"{folder.name}.key").write_text(public.hex().upper() + "\n", encoding="ascii")


def result_table(tally: DecryptedTally) -> Table:
    """The result, question by question."""
    table = Table(title="Result")
    for title, justify in (("question", "left"), ("option", "left"), ("votes", "right")):
        table.add_column(title, justify=justify)  # type: ignore[arg-type]
    for contest in tally.contests:
        for position, option in enumerate(contest.options):
            last = position == len(contest.options) - 1
            table.add_row("" if position else contest.label, option.label, str(option.tally), end_section=last)
    return table


def save_result(board: ElectionFolder, tally: DecryptedTally, openings: tuple[OpenedBallot, ...]) -> None:
    """Keeps the result in the election folder."""
    board.publish("result/challenged_ballots.jsonl", b"".join(to_json(each) + b"\n" for each in openings))
    board.publish("result/tally.json", to_json(tally))


def create_election(folder: Path, draft: dict[str, object], quorum: int, group: Group = STANDARD) -> Manifest:
    """Makes a new election folder."""
    if folder.exists() and any(folder.iterdir()):
        raise PsephosError(f"{folder} is not empty")
    manifest = draft_to_manifest(draft)
    parameters = election_parameters(group, manifest, len(manifest.voting.trustees), quorum)
    folder.mkdir(parents=True, exist_ok=True)
    write_parameters(folder, parameters)
    return manifest


@click.group()
def scrutineer() -> None:
    """Run a ballot offline, by files: create, open, close, tally, release.

    \b
    In this order:
      psephos scrutineer key       make the key that signs the record
      psephos scrutineer create    an election folder from a draft
      (trustees: keys, ceremony)
      psephos scrutineer open      join the trustees' keys
      (ballots: psephos ballot)
      psephos scrutineer close     fix the set of ballots, after the closing time
      psephos scrutineer tally     ask the trustees, combine their answers
      psephos scrutineer release   write and sign the public record
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
@click.option("--draft", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True, help="A draft like `sample`.")
@click.option("--quorum", type=click.IntRange(min=1), required=True, help="How many trustees must take part in the count.")
def create(election: Path, draft: Path, quorum: int) -> None:
    """Make the new election folder ELECTION: manifest, parameters, hashes. Nothing inside the manifest can be changed afterwards."""
    try:
        content = json.loads(draft.read_bytes())
    except ValueError as error:
        raise PsephosError(f"the draft is not JSON: {error}") from None
    manifest = create_election(election, content, quorum)
    n = len(manifest.voting.trustees)
    if quorum == n and n > 1:
        click.echo(f"warning: all {n} trustees are needed for the count; if one is lost, the ballot cannot be counted", err=True)
    click.echo(f"{election}: {manifest.label}, {len(manifest.contests)} questions, {n} trustees, {quorum} needed", err=True)
    click.echo("next, each trustee: psephos trustee keys", err=True)


@scrutineer.command("open")
@_folder
def open_(election: Path) -> None:
    """Join the trustees' keys once every acknowledgement is in and checked; ballots can then be encrypted."""
    board = ElectionFolder(election)
    board.open()
    click.echo(f"{election}: keys are joined, H_E is {board.election().extended_base_hash.hex().upper()}", err=True)


@scrutineer.command()
@_folder
def status(election: Path) -> None:
    """Say what is done, who is awaited and what comes next."""
    for line in status_lines(ElectionFolder(election), None):
        click.echo(line)


@scrutineer.command()
@_folder
@click.argument("code")
@click.option("--reason", required=True, help="Why; kept in the election folder, never published.")
@click.option("--approved-by", "people", multiple=True, required=True, help="Two different persons; give it twice.")
def discount(election: Path, code: str, reason: str, people: tuple[str, ...]) -> None:
    """Mark the ballot with confirmation code CODE as cast but not to be counted. It is kept, and never opened."""
    if len({person.strip().casefold() for person in people}) < 2:
        raise PsephosError("two different persons have to approve a discount")
    board = ElectionFolder(election)
    name = code.replace(" ", "").upper()
    known = {path.stem for path in (board.path / "ballots").glob("*.json")}
    if name not in known:
        raise PsephosError("there is no ballot with this code")
    if (board.path / "challenged" / f"{name}.json").exists():
        raise PsephosError("this ballot was challenged and is not counted anyway")
    if (board.path / "closed").exists():
        raise PsephosError("the set of ballots is fixed already")
    write_new(board.path / "discounted" / f"{name}.json", json.dumps({"reason": reason, "approved_by": list(people)}).encode())
    click.echo("the ballot is not counted", err=True)


@scrutineer.command()
@_folder
def close(election: Path) -> None:
    """Fix the set of ballots and their states, once, after the closing time of the manifest."""
    board = ElectionFolder(election)
    manifest = board.parameters().manifest
    if datetime.now(UTC) < manifest.closes:
        raise PsephosError(f"voting is open until {manifest.voting.closes}, and no command moves that")
    click.echo(f"{board.close()} ballots are fixed in {board.path / 'closed'}", err=True)


@scrutineer.command()
@_folder
@click.option("--guardians", required=True, help="Numbers of the guardians that take part, for example 1,3,4.")
@click.option("--wait/--no-wait", default=True, help="Wait for the trustees' answers, then combine them.")
@_processes
def tally(election: Path, guardians: str, wait: bool, processes: int) -> None:
    """Ask these guardians to decrypt the one aggregate, combine their answers, print the result."""
    try:
        chosen = tuple(int(number) for number in guardians.split(","))
    except ValueError:
        raise PsephosError(f"--guardians {guardians!r}: expected numbers separated by commas") from None
    board = ElectionFolder(election)
    known = board.election()
    found, digest = check_closed(board, known, processes)
    request_decryption(board, known, found, digest, chosen, datetime.now(UTC))
    decrypted, openings = combine_answers(board, known, found, wait)
    save_result(board, decrypted, openings)
    Console().print(result_table(decrypted))


@scrutineer.command("release")
@_folder
@click.argument("record", type=click.Path(path_type=Path, file_okay=False))
@click.option("--key", "key_file", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True, help="The signing key.")
@_passphrase
@_processes
def release_(election: Path, record: Path, key_file: Path, passphrase_file: Path | None, processes: int) -> None:
    """Write and sign the public record into the new folder RECORD; check it with: psephos verify RECORD"""
    signing_key = unseal(key_file, SIGNING_KEY, ask_passphrase(passphrase_file))
    board = ElectionFolder(election)
    known = board.election()
    found, _ = check_closed(board, known, processes)
    release(board, known, found, record, signing_key, datetime.now(UTC))
    click.echo(f"the record is in {record}, its public key in {record}.key; check it with: psephos verify {record}", err=True)


