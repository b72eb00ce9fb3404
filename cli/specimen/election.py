"""The election of a specimen: manifest, key ceremony, decryption. The engine's own functions do it all, with the plan's random scalars."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cli.specimen.seeded import Plan, SeededGroup
from engine.ballot import OpenedBallot
from engine.decryption import DecryptedTally, combine, open_challenged
from engine.guardian import (
    KeyShares,
    acknowledge,
    commit,
    decrypt_nonces,
    generate_guardian_keys,
    receive_shares,
    respond,
    reveal,
    share_keys,
)
from engine.key_ceremony import Acknowledgement, GuardianPublicKeys, join_keys
from engine.manifest import Manifest, read_manifest
from engine.parameters import Election, election_parameters
from engine.tally import BallotSet


@dataclass(frozen=True, slots=True)
class SpecimenElection:
    """The election with everybody's secrets. Its group draws the scalars of the plan, so whatever is made with it is always the same."""

    group: SeededGroup
    election: Election
    shares: Sequence[KeyShares]
    keys: Sequence[GuardianPublicKeys]
    acknowledgements: Sequence[Acknowledgement]
    signing_key: bytes

    @property
    def public_key(self) -> bytes:
        """The scrutineer's public key, 32 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.signing_key).public_key().public_bytes_raw()

    @property
    def date(self) -> datetime:
        """When the record is signed: a day after the close."""
        return self.election.manifest.closes + timedelta(days=1)

    def decrypt(self, found: BallotSet) -> tuple[DecryptedTally, tuple[OpenedBallot, ...]]:
        """The result of the ballots `found`, and the openings of the challenged ones; as many guardians take part as are needed."""
        self.group.start("decryption")
        shares = self.shares[: self.election.parameters.quorum]
        U = [share.index for share in shares]
        begun = [commit(share, found.tally, found.tally, U, self.election) for share in shares]
        hashes = [own for _, own in begun]
        revealed = [reveal(secrets, hashes) for secrets, _ in begun]
        responses = [respond(secrets, hashes, revealed, self.election) for secrets, _ in begun]
        tally = combine(found.tally, revealed, responses, self.election)
        if not found.challenged:
            return tally, ()
        nonces = [decrypt_nonces(share, found.challenged, self.election) for share in shares]
        return tally, open_challenged(found.challenged, nonces, self.election)


def hold_ceremony(plan: Plan) -> SpecimenElection:
    """The key ceremony of the plan's guardians: in every process the same."""
    group = SeededGroup(plan)
    parameters = election_parameters(group, _manifest(plan), plan.guardians, plan.guardians // 2 + 1)
    made = [generate_guardian_keys(parameters, i) for i in range(1, plan.guardians + 1)]
    keys = tuple(public for _, public in made)
    sent = [share_keys(secret, keys[l - 1], parameters) for secret, own in made for l in range(1, len(keys) + 1) if l != own.index]  # noqa: E741
    shares = [
        receive_shares(secret, keys, [share for share in sent if share.receiver == own.index], parameters) for secret, own in made
    ]
    election = join_keys(parameters, keys)
    acknowledgements = tuple(acknowledge(secret, election, keys) for secret, _ in made)
    return SpecimenElection(group, election, shares, keys, acknowledgements, plan.digest("signing key"))


def _manifest(plan: Plan) -> Manifest:
    options: list[dict[str, object]]
    if plan.options == 2:
        options = [{"label": "Yes"}, {"label": "No"}]
    elif plan.options == 3:
        options = [{"label": "Yes"}, {"label": "No"}, {"label": "Spoil", "spoil": True}]
    else:
        options = [{"label": f"Candidate {number}"} for number in range(1, plan.options + 1)]
    indices = list(range(1, plan.contests + 1))
    voting = {
        "election_identifier": plan.digest("election identifier").hex().upper(), "union": "No union", "scrutineer": "No scrutineer",
        "opens": "2026-01-05T09:00:00Z", "closes": "2026-01-19T17:00:00Z", "record_due": "2027-01-19T17:00:00Z",
        "trustees": [f"Nobody {number}" for number in range(1, plan.guardians + 1)], "smallest_unit": 2,
        "device_information": "psephos", "chaining_mode": "NoChaining",
    }
    whole = {
        "label": f"Specimen, seed {plan.seed}: it proves nothing and protects nobody",
        "contests": [{"label": f"Question {index}", "options": options} for index in indices],
        "ballot_styles": [{"label": "Nobody", "contests": indices}],
        "voting": voting,
    }
    return read_manifest(json.dumps(whole, separators=(",", ":")).encode())
