"""A small election at standard parameters for the benchmarks: one guardian, one contest of two options and spoil."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine import group
from engine.ballot import CAST, EncryptedBallot, Selections, encrypt_ballot, new_ballot_nonce
from engine.encoding import to_json
from engine.group import STANDARD
from engine.guardian import KeyShares, acknowledge, generate_guardian_keys, receive_shares
from engine.key_ceremony import Acknowledgement, GuardianPublicKeys, join_keys
from engine.manifest import read_manifest
from engine.parameters import Election, election_parameters
from engine.tally import verify_and_multiply
from verifier import arithmetic

BALLOTS = 12


@dataclass(frozen=True)
class Held:
    """An election with everybody's secrets and `BALLOTS` cast ballots, ascending by confirmation code."""

    election: Election
    share: KeyShares
    keys: tuple[GuardianPublicKeys, ...]
    acknowledgements: tuple[Acknowledgement, ...]
    ballots: tuple[EncryptedBallot, ...]
    lines: tuple[bytes, ...]


def forget() -> None:
    """Empties what the programs remember of numbers just seen: a benchmark that checks the same ballot again would measure that."""
    group._squarings.cache_clear()
    arithmetic._ladder.cache_clear()
    arithmetic._member.cache_clear()


def selections(election: Election) -> Selections:
    """Yes in the only contest."""
    return Selections(1, ((1,) + (0,) * (len(election.manifest.contests[0].options) - 1),))


@cache
def held() -> Held:
    """Made once for all benchmarks."""
    options = [{"label": "Yes"}, {"label": "No"}, {"label": "Spoil", "spoil": True}]
    voting = {
        "election_identifier": "00" * 32, "union": "Union", "scrutineer": "Scrutineer", "opens": "2026-01-01T00:00:00Z",
        "closes": "2026-01-02T00:00:00Z", "record_due": "2027-01-02T00:00:00Z", "trustees": ["Trustee"], "smallest_unit": 2,
        "device_information": "psephos", "chaining_mode": "NoChaining",
    }  # fmt: skip
    manifest = {"label": "Benchmark", "contests": [{"label": "Question", "options": options}],
                "ballot_styles": [{"label": "All", "contests": [1]}], "voting": voting}  # fmt: skip
    parameters = election_parameters(STANDARD, read_manifest(json.dumps(manifest, separators=(",", ":")).encode()), 1, 1)
    secret, public = generate_guardian_keys(parameters, 1)
    election = join_keys(parameters, [public])
    share = receive_shares(secret, [public], [], parameters)
    made = [encrypt_ballot(selections(election), election, new_ballot_nonce())[0].with_state(CAST) for _ in range(BALLOTS)]
    ballots = tuple(sorted(made, key=lambda ballot: ballot.confirmation_code))
    lines = tuple(to_json(ballot) for ballot in ballots)
    return Held(election, share, (public,), (acknowledge(secret, election, [public]),), ballots, lines)


def write(folder: Path) -> bytes:
    """Writes the record of `held()` into the new `folder`; answers the public key under which it is signed."""
    from datetime import UTC, datetime

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from engine.decryption import combine
    from engine.guardian import commit, respond, reveal
    from engine.record import Record, write_record

    known = held()
    found = verify_and_multiply(known.lines, known.election)
    secrets, hashes = commit(known.share, found.tally, found.tally, (1,), known.election)
    revealed = reveal(secrets, [hashes])
    tally = combine(found.tally, [revealed], [respond(secrets, [hashes], [revealed], known.election)], known.election)
    key = bytes(range(32))
    record = Record(known.election, known.keys, known.acknowledgements, known.lines, found, tally, ())
    write_record(folder, record, key, datetime(2026, 2, 1, tzinfo=UTC))
    return Ed25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw()
