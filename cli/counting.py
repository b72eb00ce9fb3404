"""A trustee's part of the count: check every ballot, multiply, then commit, reveal, respond (§3.6). Secrets pass.

The secrets of one run stay in memory. A run that was begun and not finished is never answered: it starts over with fresh ones (CR-22).
"""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cli.exchange import ElectionFolder, wait_for
from cli.progress import ballots_bar
from cli.trustee_folder import TrusteeFolder
from engine.decryption import CommitmentHashes, PartialDecryptions, Responses
from engine.encoding import member, to_json
from engine.errors import DecryptionRefused
from engine.guardian import KeyShares, commit, decrypt_nonces, respond, reveal
from engine.parameters import Election
from engine.tally import BallotSet, EncryptedTally, verify_and_multiply

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DecryptionRequest:
    """What the scrutineer asks for: one aggregate, these guardians. `ballots` is the SHA-256 of the closed ballots."""

    guardians: tuple[int, ...] = member()
    ballots: bytes = member(length=32)
    tally: EncryptedTally = member()


def check_closed(board: ElectionFolder, election: Election, processes: int, quiet: bool = False) -> tuple[BallotSet, bytes]:
    """Reads, checks and multiplies the closed ballots: this machine's own view, and their digest."""
    content = (board.path / "closed/ballots.jsonl").read_bytes()
    total = content.count(b"\n")
    with ballots_bar("checking ballots", total, quiet) as advance:
        if processes == 1:
            return verify_and_multiply(board.closed_ballots(), election, None, advance), hashlib.sha256(content).digest()
        with ProcessPoolExecutor(processes) as pool:
            return verify_and_multiply(board.closed_ballots(), election, pool, advance), hashlib.sha256(content).digest()


def latest_request(board: ElectionFolder) -> tuple[int, DecryptionRequest] | None:
    """The newest request of the scrutineer and its number, from 1."""
    number = 0
    while (board.path / f"decryption/request_{number + 1}.json").exists():
        number += 1
    request = board.read(DecryptionRequest, f"decryption/request_{number}.json")
    return (number, request) if request else None


def run_decryption(
    board: ElectionFolder, own: TrusteeFolder, passphrase: bytes, now: datetime, processes: int, patient: bool = True
) -> str | None:
    """This guardian's part of the decryption, to the end; or who is awaited.

    Raises DecryptionRefused for anything but the one aggregate that this machine recomputed from the closed ballots, after the close.
    """
    election = board.election()
    if now < election.manifest.closes:
        raise DecryptionRefused(f"voting is open until {election.manifest.voting.closes}: nothing is decrypted before")
    share = own.unseal_share(passphrase)
    asked = wait_for(lambda: latest_request(board), lambda: "the scrutineer's request", patient)
    if asked is None:
        return "the scrutineer's request"
    number, request = asked
    found, digest = check_closed(board, election, processes)
    aggregate = hashlib.sha256(digest + to_json(found.tally)).hexdigest()
    if request.ballots != digest:
        raise DecryptionRefused("the request is about other ballots than those in the closed box")
    if any(entry["aggregate"] != aggregate for entry in own.noted("aggregate")):
        raise DecryptionRefused("this guardian has already agreed to decrypt another aggregate of this election; it decrypts only one (T5)")
    if not own.noted("aggregate"):
        own.note(event="aggregate", aggregate=aggregate)
    nonces = own.keep(f"nonces_{number}.json", lambda: to_json(decrypt_nonces(share, found.challenged, election)))
    finished = False
    while not finished:
        finished = _attempt(board, own, share, number, request, found.tally, election)
    board.publish(f"decryption/request_{number}/nonces/guardian_{own.index}.json", nonces)
    return None


def _attempt(
    board: ElectionFolder,
    own: TrusteeFolder,
    share: KeyShares,
    number: int,
    request: DecryptionRequest,
    tally: EncryptedTally,
    election: Election,
) -> bool:
    """One run of commit, reveal, respond; True when every guardian's response is there, False if somebody has to start over."""
    base, attempt = f"decryption/request_{number}", 1
    while list((board.path / f"{base}/attempt_{attempt}/restarts").glob("*.json")):
        attempt += 1
    where, me = f"{base}/attempt_{attempt}", own.index
    begun = {(entry["request"], entry["attempt"]) for entry in own.noted("committed")}
    if (number, attempt) in begun:
        if _all_there(board, f"{where}/3_responses", request.guardians):
            return True
        board.publish(f"{where}/restarts/guardian_{me}.json", b"{}")  # the secrets of that run are gone: never answer it
        return False
    secrets, hashes = commit(share, request.tally, tally, request.guardians, election)
    own.note(event="committed", request=number, attempt=attempt)
    board.publish(f"{where}/1_hashes/guardian_{me}.json", to_json(hashes))
    all_hashes = _round(board, CommitmentHashes, f"{where}/1_hashes", where, request.guardians)
    if all_hashes is None:
        return False
    board.publish(f"{where}/2_values/guardian_{me}.json", to_json(reveal(secrets, all_hashes)))
    values = _round(board, PartialDecryptions, f"{where}/2_values", where, request.guardians)
    if values is None:
        return False
    board.publish(f"{where}/3_responses/guardian_{me}.json", to_json(respond(secrets, all_hashes, values, election)))
    return _round(board, Responses, f"{where}/3_responses", where, request.guardians) is not None


def _round(board: ElectionFolder, kind: type[T], folder: str, attempt: str, guardians: tuple[int, ...]) -> list[T] | None:
    """The messages of all guardians in this round, or None if one of them has to start over."""
    found: dict[int, T] = {}

    def ready() -> list[T] | None:
        found.update(board.read_all(kind, folder, tuple(i for i in guardians if i not in found)))
        if len(found) == len(guardians):
            return [found[i] for i in guardians]
        return [] if list((board.path / f"{attempt}/restarts").glob("*.json")) else None

    def missing() -> str:
        return f"guardians {', '.join(str(i) for i in guardians if i not in found)} ({folder.rsplit('/', 1)[1][2:]})"

    return wait_for(ready, missing, patient=True) or None


def _all_there(board: ElectionFolder, folder: str, guardians: Sequence[int]) -> bool:
    return all((board.path / f"{folder}/guardian_{i}.json").exists() for i in guardians)
