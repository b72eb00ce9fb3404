"""A trustee's part of the count: check every ballot, multiply, then commit, reveal, respond (§3.6). Secrets pass.

The secrets of one run stay in memory. A run that was begun and not finished is never answered: it starts over with fresh ones (CR-22).
"""

import sys
from datetime import datetime
from hashlib import sha256
from typing import TypeVar

from api.ceremony.attempts import HASHES, RESPONSES, VALUES, Attempts
from api.ceremony.requests import DecryptionRequest, latest_request, request_is_there
from cli.checked import Own
from cli.exchange import ElectionFolder, wait_for
from cli.request import check_closed
from cli.trustee_folder import TrusteeFolder
from cli.witnessing import statement
from engine.decryption import CommitmentHashes, PartialDecryptions, Responses
from engine.encoding import to_json
from engine.errors import DecryptionRefused
from engine.guardian import KeyShares, commit, decrypt_nonces, respond, reveal
from engine.parameters import Election
from engine.tally import BallotSet

T = TypeVar("T")


def run_decryption(
    board: ElectionFolder, own: TrusteeFolder, passphrase: bytes, now: datetime, processes: int, patient: bool = True
) -> str | None:
    """This guardian's part of the decryption, to the end; or who is awaited.

    Raises DecryptionRefused for anything but the one aggregate that this machine recomputed from the closed ballots, after the close;
    CeremonyError naming a guardian whose answer is bad.
    """
    election = board.election()
    if now < election.manifest.closes:
        raise DecryptionRefused(f"voting is open until {election.manifest.voting.closes}: nothing is decrypted before")
    with own.alone():
        share = own.unseal_share(passphrase)
        if (share.index, share.extended_base_hash) != (own.index, election.extended_base_hash):
            raise DecryptionRefused(f"{own.share_file} belongs to another election, or to other keys than those published (CR-58)")
        asked = wait_for(lambda: latest_request(board), lambda: "the scrutineer's request", patient)
        if asked is None:
            return "the scrutineer's request"
        found, digest = check_closed(board, election, processes, Own(own.path, with_hints=False))
        stated = statement(board, own, share, election)
        while True:
            number, request = latest_request(board) or asked
            aggregate = _check(own, request, found, digest)
            nonces = own.keep(f"nonces_{number}.json", lambda: to_json(decrypt_nonces(share, found.challenged, election)))
            if stated is not None:
                board.publish(f"decryption/request_{number}/log/guardian_{own.index}.json", stated)
            if _Answer(board, own, share, number, request, aggregate, found, election).give():
                board.publish(f"decryption/request_{number}/nonces/guardian_{own.index}.json", nonces)
                return None


def _check(own: TrusteeFolder, request: DecryptionRequest, found: BallotSet, digest: bytes) -> str:
    """The digest of the one aggregate, if that is what `request` asks for (T5, CR-43, CR-47, CR-48)."""
    if own.index not in request.guardians:
        asked = ", ".join(map(str, request.guardians))
        raise DecryptionRefused(f"guardian {own.index} is not among those asked to decrypt: the scrutineer has asked guardians {asked}")
    if request.ballots != digest:
        raise DecryptionRefused("the request is about other ballots than those in the closed box")
    if request.tally != found.tally:
        raise DecryptionRefused("the aggregate to be decrypted is not the product of the counted ballots")
    aggregate = sha256(digest + to_json(found.tally)).hexdigest()
    if any(entry["aggregate"] != aggregate for entry in own.noted("aggregate")):
        raise DecryptionRefused("this guardian has already agreed to decrypt another aggregate of this election; it decrypts only one (T5)")
    return aggregate


class _Answer:
    """The answer of one guardian to one request, in as many attempts as it takes."""

    def __init__(
        self,
        board: ElectionFolder,
        own: TrusteeFolder,
        share: KeyShares,
        number: int,
        request: DecryptionRequest,
        aggregate: str,
        found: BallotSet,
        election: Election,
    ) -> None:
        self.board = board
        self.own = own
        self.share = share
        self.number = number
        self.request = request
        self.aggregate = aggregate
        self.election = election
        self.tally = found.tally
        self.attempts = Attempts(board, number, request, found.tally, election)

    def give(self) -> bool:
        """True as soon as there is a result; False if the scrutineer has made a newer request meanwhile."""
        while not request_is_there(self.board, self.number + 1):
            if self.attempts.is_done():
                return True
            self._take_part(self.attempts.current())
        return False

    def _take_part(self, attempt: int) -> None:
        """One run of commit, reveal, respond, as far as it goes."""
        me, attempts = self.own.index, self.attempts
        begun = any((entry["request"], entry["attempt"]) == (self.number, attempt) for entry in self.own.noted("committed"))
        if begun and me in attempts.there(attempt, RESPONSES):  # it was stopped after its last message: nothing is left to be said
            self._wait(attempt)
            return
        if begun or me in attempts.there(attempt, HASHES):  # the secrets of that run are gone: never answer it
            print(f"guardian {me}: attempt {attempt} was begun before; all start over in the next one", file=sys.stderr, flush=True)
            attempts.start_over(attempt, me)
            return
        secrets, own_hashes = commit(self.share, self.request.tally, self.tally, self.request.guardians, self.election)
        if not self.own.noted("aggregate"):
            self.own.note(event="aggregate", aggregate=self.aggregate)
        self.own.note(event="committed", request=self.number, attempt=attempt)
        attempts.publish(attempt, HASHES, own_hashes)
        hashes = self._round(CommitmentHashes, attempt, HASHES)
        if hashes is None:
            return
        attempts.publish(attempt, VALUES, reveal(secrets, hashes))
        values = self._round(PartialDecryptions, attempt, VALUES)
        if values is None:
            return
        attempts.publish(attempt, RESPONSES, respond(secrets, hashes, values, self.election))
        self._wait(attempt)

    def _wait(self, attempt: int) -> None:
        """Waits for the others' responses, and checks them."""
        self._round(Responses, attempt, RESPONSES)
        if not self.attempts.is_done():
            self.attempts.check_current()

    def _round(self, kind: type[T], attempt: int, folder: str) -> list[T] | None:
        """The messages of all guardians in this round, or None if this attempt is not to be gone on with."""
        found: dict[int, T] = {}
        guardians, attempts = self.request.guardians, self.attempts

        def ready() -> list[T] | None:
            awaited = [i for i in guardians if i not in found]
            found.update(self.board.read_all(kind, attempts.folder(attempt, folder), awaited))
            if len(found) == len(guardians):
                return [found[i] for i in guardians]
            over = attempts.current() != attempt or attempts.is_done() or request_is_there(self.board, self.number + 1)
            return [] if over else None

        def missing() -> str:
            return f"guardians {', '.join(str(i) for i in guardians if i not in found)} ({folder[2:]}, attempt {attempt})"

        return wait_for(ready, missing, patient=True) or None
