"""A record of kind witnessed that the engine has made, from ballots as received to the report of the verifier."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engine.decryption import open_challenged
from engine.encoding import to_json
from engine.group import STANDARD, Group
from engine.guardian import decrypt_nonces
from engine.log import check_log, record_log
from engine.merkle import Checkpoint, Frontier, leaf_hash, read_checkpoint
from engine.record import Record, write_record
from engine.witness import state_log
from tests.engine.elections import a_ballot, a_manifest, decrypt, hold_ceremony, in_order
from tests.groups import TOY
from verifier import arithmetic
from verifier.report import Status
from verifier.verify import verify_record

SIGNING = bytes(range(32))
KEY = Ed25519PrivateKey.from_private_bytes(SIGNING)
STATES = ["Cast", "Cast", "Challenged", "Cast", "Discounted", "Cast", "Cast"]


@pytest.mark.parametrize("group", [TOY, STANDARD], ids=["small", "standard"])
def test_what_the_engine_writes_the_verifier_verifies(group: Group, tmp_path: Path) -> None:
    made = hold_ceremony(3, 2, group, a_manifest(3, log="witnessed"))
    election, log, frontier, kept = made.election, list[bytes](), Frontier(), list[Checkpoint]()
    ballots = []
    for state in STATES:
        ballot, opening = a_ballot(election, (1, 0, 0), state=state)
        ballots.append((ballot, opening))
        log.append(leaf_hash(to_json(replace(ballot, state=None))))
        frontier = frontier.add(log[-1])
        note = Checkpoint("psephos.example/1", frontier.size, frontier.root()).sign(KEY)
        kept.append(read_checkpoint(note, "psephos.example/1", KEY.public_key()))
    published = in_order(ballots, election)
    statements = [state_log(share, check_log(log, kept, published.lines), election) for share in made.key_shares[1:]]
    whole = record_log(check_log(log, [], published.lines), statements, election)
    openings = open_challenged(
        published.found.challenged, [decrypt_nonces(share, published.found.challenged, election) for share in made.key_shares[:2]], election
    )
    tally = decrypt(made.key_shares[:2], published.found.tally, election)
    record = Record(election, made.public, made.acknowledgements, iter(published.lines), published.found, tally, openings, whole)
    write_record(tmp_path / "record", record, SIGNING, datetime(2026, 11, 21, tzinfo=UTC))

    verifiers = arithmetic.Group(int(group.p), int(group.q), int(group.g.value))
    report = verify_record(tmp_path / "record", KEY.public_key().public_bytes_raw(), group=verifiers)
    assert report.exit_status == 0, report.text()
    assert json.loads(report.json())["log"] == {"size": 7, "root": whole.root.hex().upper(), "guardians": [2, 3]}
    assert {entry.id for entry in report.entries() if entry.id in ("X6", "X11", "X13") and entry.status is Status.PASS} == {
        "X6", "X11", "X13"
    }  # fmt: skip
