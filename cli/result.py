"""From the trustees' answers to the released record (§3.6, §3.7)."""

import filecmp
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.table import Table

from api.ceremony.answers import Answers
from cli.errors import PsephosError
from cli.exchange import ElectionFolder, wait_for
from cli.keystore import read_at_most, sync_folder, write_new
from engine.ballot import OpenedBallot
from engine.decryption import DecryptedTally
from engine.encoding import from_json, to_json
from engine.parameters import Election
from engine.record import Record, read_lines, write_record
from engine.tally import BallotSet

TALLY, OPENINGS = "result/tally.json", "result/challenged_ballots.jsonl"


def combine_answers(
    board: ElectionFolder, election: Election, found: BallotSet, patient: bool
) -> tuple[DecryptedTally, tuple[OpenedBallot, ...]]:
    """Combines the guardians' answers to the newest request. Raises CeremonyError naming a guardian whose answer is bad."""
    answers = Answers(board, election, found)

    def awaited() -> str:
        return f"guardians {', '.join(map(str, answers.missing()))} (psephos trustee decrypt)"

    combined = wait_for(answers.combined, awaited, patient)
    if combined is None:
        raise PsephosError(f"answers are awaited of {awaited()}; if one of them is lost, ask others: psephos scrutineer tally")
    return combined


def save_result(board: ElectionFolder, tally: DecryptedTally, openings: tuple[OpenedBallot, ...]) -> None:
    """Keeps the result in the election folder."""
    board.publish(OPENINGS, b"".join(to_json(each) + b"\n" for each in openings))
    board.publish(TALLY, to_json(tally))


def release(
    board: ElectionFolder,
    election: Election,
    found: BallotSet,
    folder: Path,
    signing_key: bytes,
    now: datetime,
    hints: Path | None = None,
) -> None:
    """Writes the record and, beside it, the file with the public key under which it is signed, and a copy of the hints. All are new."""
    tally = board.read(DecryptedTally, TALLY)
    if tally is None:
        raise PsephosError("there is no result yet; run: psephos scrutineer tally")
    if now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") > election.manifest.voting.record_due:
        raise PsephosError(f"the record was due by {election.manifest.voting.record_due}: signed now, it would not verify")
    public = Ed25519PrivateKey.from_private_bytes(signing_key).public_key().public_bytes_raw().hex().upper().encode() + b"\n"
    key_file = folder.parent / f"{folder.name}.key"
    if folder.exists():
        raise PsephosError(f"{folder} exists already; a record goes to a new folder")
    if key_file.exists() and read_at_most(key_file, 1024 * 1024) != public:
        raise PsephosError(f"{key_file} exists already with other content and is never overwritten; choose another name for the record")
    hints_copy = folder.parent / f"{folder.name}.hints"
    if hints and hints.exists() and hints_copy.exists() and not filecmp.cmp(hints, hints_copy, shallow=False):
        raise PsephosError(f"{hints_copy} exists already with other content and is never overwritten; choose another name for the record")
    openings = [from_json(OpenedBallot, line, board.group) for line in read_lines(board.path / OPENINGS)]
    record = Record(election, board.public_keys(), board.acknowledgements(), board.closed_ballots(), found, tally, openings)
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}")
    write_record(draft, record, signing_key, now)
    if not key_file.exists():
        write_new(key_file, public, 0o644)
    if hints and hints.exists():
        shutil.copyfile(hints, draft.with_name(f"{draft.name}.hints"))
        draft.with_name(f"{draft.name}.hints").rename(hints_copy)
    draft.rename(folder)  # so that after a crash it is there whole or not at all
    sync_folder(folder.parent)


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
