"""`psephos scrutineer` on a platform: what each command asks of the services, and what it says then."""

import json
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console
from rich.table import Table

from api.pages import pages_folder, read_pages
from cli.connection import Connection
from cli.draft import draft_to_manifest, read_draft, with_type
from cli.errors import PsephosError
from cli.keystore import read_at_most, write_new
from cli.progress import ballots_bar
from cli.scrutineer_folder import FEW_TRIES, PlatformBallot, bind
from cli.session import Session, prompt
from cli.verifying import verify_apart
from engine.manifest import WITNESSED, read_manifest
from engine.record import MANIFEST, PROFILE, SIGNATURE, as_date, digest, sign_record

__all__ = [
    "abandon", "accept_small_units", "at_platform", "ceremony", "close", "create", "dispatch", "exclude", "join", "open_ballot", "release",
    "report", "report_pages", "status", "tally", "trial",
]  # fmt: skip

def tell(as_json: bool, found: Any, *lines: str) -> None:
    """What a command says at its end: all of it in JSON on standard output, or lines for people."""
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for line in lines:
        click.echo(PsephosError(line).format_message())


def create(
    folder: Path, url: str, rolls: str | None, draft: tuple[Path, str | None], quorum: int, trustees: Sequence[str],
    keys: tuple[str, str], as_json: bool,
) -> None:  # fmt: skip
    """Makes a ballot from a draft, of the kind that is named with it, and binds the folder to it. `keys`: audit and signing key, public, in
    hexadecimal."""
    device = read_pages(pages_folder()).device_information
    file, kind = draft
    manifest = draft_to_manifest(with_type(read_draft(read_at_most(file, 1024 * 1024)), kind), WITNESSED, device)
    ballot_id = manifest.voting.election_identifier.hex()
    terms = {
        "manifest": manifest.content.decode(), "quorum": quorum, "trustees": list(trustees), "audit_key": keys[0], "signing_key": keys[1],
    }  # fmt: skip
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    session = Session(Connection(url, FEW_TRIES), folder, prompt)
    click.get_current_context().call_on_close(session.connection.close)
    made = session.call(lambda token: session.connection.post("/api/v1/ballots", terms, token, once=True))
    bind(folder, url, rolls, ballot_id)
    tell(as_json, made, f"{folder}: {manifest.label}, the ballot {ballot_id}", "next: psephos scrutineer ceremony")


def join(folder: Path, url: str, rolls: str | None, ballot_id: str, as_json: bool) -> None:
    """Binds a folder to a ballot that somebody else has made: for the second person."""
    bind(folder, url, rolls, ballot_id)
    status(folder, as_json)


def dispatch(folder: Path, as_json: bool) -> None:
    """Sends access codes to everybody on the roll who was not sent one."""
    ballot = at_platform(folder)
    with ballots_bar("sending access codes", ballot.roll_state()["people"], quiet=as_json) as advance:
        found = ballot.dispatch(advance)
    rest = f"{found['failed']} could not be sent, {found['unreachable']} cannot be reached by e-mail"
    tell(as_json, found, f"{found['sent']} messages are sent, {rest}")
    if found["waiting"]:
        raise PsephosError(f"{found['waiting']} messages could not be sent; run this again, and look at the outbox's folder or mail server")


def ceremony(folder: Path, as_json: bool) -> None:
    """Begins the key ceremony; when the keys are there, the trial decryption."""
    ballot = at_platform(folder)
    state = ballot.get()["state"]
    steps = {"draft": "begin ceremony", "ceremony": "begin trial decryption"}
    if state not in steps:
        raise PsephosError(f"the ballot is {state}: its key ceremony is over")
    asked = ballot.step(steps[state])
    _stands(ballot, asked, as_json)


def trial(folder: Path, again: bool, as_json: bool) -> None:
    """Who has not shown yet that medium and copy can be read; with `again`, another round is begun first."""
    ballot = at_platform(folder)
    found = ballot.get("/trial")
    if again:
        found = ballot.post("/trial", {"round": found["round"] + 1})
    awaited = [f"awaited: guardian {each['guardian']} ({each['source']}) {each['wrong']}".rstrip() for each in found["missing"]]
    tell(as_json, found, f"trial decryption, round {found['round']}", *(awaited or ["all trustees can read their key shares"]))


def open_ballot(folder: Path, as_json: bool) -> None:
    """Asks for the opening."""
    _ask(folder, "open", as_json)


def close(folder: Path, as_json: bool) -> None:
    """Asks for the close."""
    _ask(folder, "close", as_json)


def abandon(folder: Path, as_json: bool) -> None:
    """Asks that the ballot be given up."""
    _ask(folder, "abandon", as_json)


def accept_small_units(folder: Path, as_json: bool) -> None:
    """Asks that few voters' result be counted although it may show how they voted."""
    _ask(folder, "accept small units", as_json)


def exclude(folder: Path, as_json: bool) -> None:
    """Has the closed ballots checked, then asks that the set to be counted be settled."""
    ballot = at_platform(folder)
    with Console(stderr=True, quiet=as_json).status("the service checks ballots") as shown:
        found = ballot.counted(lambda state: shown.update(f"the service checks ballots: {state['done']} of {state['total']}"))
    asked = ballot.step("exclude")
    if not as_json:
        click.echo(f"{found['counted']} ballots are counted, {found['discounted']} discounted, {found['challenged']} challenged")
    _stands(ballot, asked | {"count": found}, as_json)


def tally(folder: Path, guardians: Sequence[int], again: bool, wait: bool, as_json: bool) -> None:
    """The first person only asks for the step; the second one asks the trustees, waits for their answers, and asks for the step too."""
    ballot = at_platform(folder)
    state = ballot.get()
    me = ballot.session.get_json("/api/v1/me")["account"]
    if state["state"] == "excluded":
        asked = state["asked"].get("tally", [])
        if not asked or asked == [me]:
            if not asked:
                ballot.step("tally")
            tell(as_json, {"state": "excluded", "missing": 1}, "asked for; a second person now runs: psephos scrutineer tally")
            return
        requested = ballot.post("/requests", {"guardians": list(guardians), "again": again})
        if wait:
            ballot.answered()
        elif requested["missing"]:
            tell(as_json, requested, f"asked; awaited are guardians {', '.join(map(str, requested['missing']))}")
            return
        ballot.step("tally")
    result = ballot.get("/result")
    if as_json:
        tell(as_json, result)
        return
    Console().print(_table(result))
    click.echo("next: psephos scrutineer release", err=True)


def release(folder: Path, record: Path | None, signing_key: bytes | None, as_json: bool) -> None:
    """The first person signs, and the service has the record verified; the second one releases it."""
    ballot = at_platform(folder)
    state = ballot.get()["state"]
    if state not in ("tallied", "released", "archived"):
        raise PsephosError(f"the ballot is {state}: there is a record when there is a result (psephos scrutineer tally)")
    if state == "tallied":
        if signing_key is not None:
            _sign(ballot, signing_key, as_json)
        asked = ballot.step("release")
        if asked["missing"]:
            tell(as_json, asked, "asked for; a second person now runs: psephos scrutineer release")
            return
    if record is not None:
        ballot.fetch_record(record)
        tell(as_json, {"record": str(record)}, f"the record is in {record}; check it with: psephos verify {record}")
        return
    _stands(ballot, {"state": "released", "missing": 0}, as_json)


def status(folder: Path, as_json: bool) -> None:
    """Where the ballot stands, and what comes next."""
    ballot = at_platform(folder)
    _stands(ballot, {}, as_json)


def report(folder: Path, output: Path | None, as_json: bool) -> None:
    """The facts of the report."""
    found = at_platform(folder).get("/report")
    text = json.dumps(found, ensure_ascii=False, indent=None if as_json else 2)
    if output:
        output.write_text(f"{text}\n", encoding="utf-8")
        return
    click.echo(text)


def report_pages(folder: Path, pdf: Path, told: Path | None, language: str, final: bool, as_json: bool) -> None:
    """The report as PDF, with what the scrutineer says in it."""
    try:
        said = json.loads(read_at_most(told, 2**20)) if told else {}
    except ValueError as error:
        raise PsephosError(f"{told} is not JSON: {error}") from None
    if not isinstance(said, dict):
        raise PsephosError(f"{told}: expected an object with satisfied, reservations, accessibility, remarks")
    content = at_platform(folder).file("/report/pages", {**said, "language": language, "final": final})
    write_new(pdf, content, 0o644)
    digest_of = sha256(content).hexdigest()
    what = "the final report" if final else "a draft of the report"
    tell(as_json, {"file": str(pdf), "sha256": digest_of}, f"{pdf}: {what}, SHA-256 {digest_of}")


def at_platform(folder: Path) -> PlatformBallot:
    """The ballot that the folder is bound to; its connections end with the command."""
    ballot = PlatformBallot(folder)
    click.get_current_context().call_on_close(ballot.disconnect)
    return ballot


def _ask(folder: Path, step: str, as_json: bool) -> None:
    ballot = at_platform(folder)
    _stands(ballot, ballot.step(step), as_json)


def _stands(ballot: PlatformBallot, asked: dict[str, Any], as_json: bool) -> None:
    found = ballot.get("/status")
    lines = [f"the ballot is {found['state']}", *(f"  awaited: {each}" for each in found["awaited"]), f"  next: {found['next']}"]
    if asked.get("missing"):
        lines.insert(0, f"asked for; {asked['missing']} more person has to ask for the same")
    tell(as_json, asked | found, *lines)


def _sign(ballot: PlatformBallot, signing_key: bytes, as_json: bool) -> None:
    """Fetches the record, signs it here, has the verifier on this machine verify it, and only then hands the signature over; waits until
    the service has verified the record, too."""
    drafted, date = ballot.post("/record", {}), datetime.now(UTC)
    public = Ed25519PrivateKey.from_private_bytes(signing_key).public_key().public_bytes_raw()
    with tempfile.TemporaryDirectory() as name, Console(stderr=True, quiet=as_json).status("the record is fetched") as shown:
        record = Path(name) / "record"
        ballot.fetch_draft(record)
        if digest(record / PROFILE).hex() != drafted["record_hash"]:
            raise PsephosError("the record that the service shows is not the one that it asks a signature for; nothing was signed")
        if read_manifest((record / MANIFEST).read_bytes()).voting.election_identifier.hex() != ballot.ballot_id:
            raise PsephosError("the record that the service shows is of another ballot; nothing was signed")
        sign_record(record, signing_key, date)
        verdict = verify_apart(record, public, None, lambda doing: shown.update(f"the record is verified here: {doing}"))
        if not verdict.verified:
            raise PsephosError(f"the record does not verify here, and its signature was not handed over: {verdict.report[:500]}")
        signature = json.loads((record / SIGNATURE).read_bytes())["signature"]
        ballot.verified(as_date(date), signature, lambda doing: shown.update(f"the service verifies the record: {doing}"))
    if not as_json:
        click.echo("the record verifies here, is signed, and verifies at the service, too")
        click.echo(f"hash of the record: {drafted['record_hash'].upper()}")


def _table(result: dict[str, Any]) -> Table:
    table = Table(title="Result")
    for title in ("question", "option"):
        table.add_column(title)
    table.add_column("votes", justify="right")
    for contest in result["contests"]:
        for position, option in enumerate(contest["options"]):
            last = position == len(contest["options"]) - 1
            table.add_row("" if position else contest["label"], option["label"], str(option["tally"]), end_section=last)
    return table
