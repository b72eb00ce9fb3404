"""engine/record.py: what is published, and nothing else."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from engine.decryption import open_challenged
from engine.encoding import to_json
from engine.errors import EngineError, FormatError, ManifestError, ProofError, QuorumError
from engine.group import STANDARD
from engine.guardian import decrypt_nonces
from engine.log import RecordLog, as_received, check_log, record_log
from engine.merkle import Checkpoint, leaf_hash, root_of
from engine.record import Record, read_lines, read_parameters, sign_record, signed_bytes, totals, write_parameters, write_record
from engine.tally import verify_and_multiply
from engine.witness import state_log
from tests.engine.elections import Ballots, Ceremony, a_manifest, base_ballots, decrypt, hold_ceremony
from tests.groups import TOY

KEY = bytes(range(32))
DATE = datetime(2026, 11, 21, 18, tzinfo=UTC)


@pytest.fixture(scope="module")
def record(toy: Ceremony, ballots: Ballots) -> Record:
    shares = [decrypt_nonces(toy.key_shares[i], ballots.found.challenged, toy.election) for i in (0, 2, 3)]
    openings = open_challenged(ballots.found.challenged, shares, toy.election)
    tally = decrypt(toy.key_shares[:3], ballots.found.tally, toy.election)
    return Record(toy.election, toy.public, toy.acknowledgements, ballots.lines, ballots.found, tally, openings)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# Refused


@pytest.mark.parametrize("name", ["notes.txt", ".hidden", "ballots"])
def test_a_record_is_only_written_into_an_empty_folder(tmp_path: Path, record: Record, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(FileExistsError):
        write_record(tmp_path, record, KEY, DATE)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def replaced(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        assert old.encode() in content
        return content.replace(old.encode(), new.encode(), 1)

    return change


P, Q, G = (f"{number:X}" for number in (TOY.p, TOY.q, TOY.generator))


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("election_parameters.json", replaced('"number":[2,1,0]', '"number":[2,0,0]')),
        ("election_parameters.json", replaced('"number":[2,1,0]', '"number":[1,9,1]')),
        ("election_parameters.json", replaced('"number":[2,1,0]', '"number":[2,1]')),
        ("election_parameters.json", replaced(P, f"{TOY.p - 2:X}")),
        ("election_parameters.json", replaced(P, f"{STANDARD.p:X}")),
        ("election_parameters.json", replaced(G, "0" * 63 + "1")),
        ("election_parameters.json", replaced(G, f"{TOY.p - TOY.generator:X}")),
        ("election_parameters.json", replaced(G, f"{pow(TOY.generator, 2, TOY.p):064X}")),
        ("election_parameters.json", replaced(Q, f"{TOY.q - 2:X}")),
        ("election_parameters.json", replaced('"n":5', '"n":4')),
        ("election_parameters.json", replaced('"k":3', '"k":2')),
        ("election_parameters.json", replaced('"k":3', '"k":6')),
        ("election_parameters.json", replaced('"k":3', '"k":0')),
        ("election_parameters.json", replaced('"date":"2026-11-01"', '"date":"2026-11-02"')),
        ("election_parameters.json", replaced("Prohibited", "Optional")),
        ("election_parameters.json", replaced("Test ballot", "Test Ballot")),
        ("election_parameters.json", lambda content: content + b"\n"),
        ("election_parameters.json", lambda _: b""),
        ("election_manifest.json", replaced("Strike", "Stroke")),
        ("election_manifest.json", lambda content: content + b"\n"),
        ("hashes.json", replaced('"h_b"', '"h_c"')),
        ("hashes.json", lambda content: content.replace(b"0", b"1")),
        ("hashes.json", lambda content: content.lower()),
    ],
)
def test_cr10_other_parameters_editions_or_hashes_are_refused(
    tmp_path: Path, toy: Ceremony, file: str, change: Callable[[bytes], bytes]
) -> None:
    write_parameters(tmp_path, toy.parameters)
    assert read_parameters(tmp_path, TOY) == toy.parameters
    path = tmp_path / file
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises((FormatError, QuorumError)):
        read_parameters(tmp_path, TOY)


def test_cr10_an_election_on_a_small_group_is_not_read_in_production(tmp_path: Path, toy: Ceremony) -> None:
    write_parameters(tmp_path, toy.parameters)
    with pytest.raises(EngineError):
        read_parameters(tmp_path)


def test_a_last_line_that_is_not_ended_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ballots.jsonl"
    path.write_bytes(b"{}\n{}")
    with pytest.raises(FormatError, match="not ended"):
        list(read_lines(path))


# Written


def test_the_record_has_exactly_the_files_of_its_format(tmp_path: Path, record: Record) -> None:
    write_record(tmp_path / "record", record, KEY, DATE)
    assert set(files(tmp_path / "record")) == {
        "profile.json", "election_parameters.json", "election_manifest.json", "hashes.json", "hashes_ext.json", "joint_public_keys.json",
        "acknowledgements.jsonl", "voting_devices.json", "ballots/device_1.jsonl", "challenged_ballots.jsonl", "tally.json", "totals.json",
        "signature.json", *(f"guardians/guardian_{i}.public_key.json" for i in range(1, 6)),
    }  # fmt: skip


def test_the_same_record_is_written_with_the_same_bytes(tmp_path: Path, record: Record) -> None:
    write_record(tmp_path / "first", record, KEY, DATE)
    write_record(tmp_path / "second", record, KEY, DATE)
    assert files(tmp_path / "first") == files(tmp_path / "second")


def test_no_secret_is_in_the_record(tmp_path: Path, record: Record, toy: Ceremony, ballots: Ballots) -> None:
    write_record(tmp_path / "record", record, KEY, DATE)
    whole = b"".join(files(tmp_path / "record").values())
    hidden = [a for each in toy.secrets for a in (*each.coefficients, *each.data_coefficients, each.communication)]
    hidden += [x for each in toy.key_shares for x in (each.vote, each.data)]
    for secret in hidden:
        assert secret.to_bytes().hex().upper().encode() not in whole
    for _, opening in ballots.each:
        assert opening.ballot_nonce.hex().upper().encode() not in whole
        assert opening.encryption_nonce.to_bytes().hex().upper().encode() not in whole
    assert KEY.hex().upper().encode() not in whole


def test_profile_lists_every_file_with_its_digest_and_the_signature_is_over_it(tmp_path: Path, record: Record) -> None:
    folder = tmp_path / "record"
    write_record(folder, record, KEY, DATE)
    written = files(folder)
    profile, signature = json.loads(written["profile.json"]), json.loads(written["signature.json"])
    assert [each["path"] for each in profile["files"]] == sorted(set(written) - {"profile.json", "signature.json"})
    for each in profile["files"]:
        assert each["sha256"] == sha256(written[each["path"]]).hexdigest().upper()
    assert signature["date"] == "2026-11-21T18:00:00Z"
    message = b"psephos election record v1\n" + sha256(written["profile.json"]).hexdigest().upper().encode() + b"\n2026-11-21T18:00:00Z\n"
    public = Ed25519PrivateKey.from_private_bytes(KEY).public_key()
    public.verify(bytes.fromhex(signature["signature"]), message)
    with pytest.raises(InvalidSignature):
        public.verify(bytes.fromhex(signature["signature"]), message.replace(b"18:00", b"18:01"))
    assert signed_bytes(sha256(written["profile.json"]).digest(), signature["date"]) == message


def test_the_numbers_of_the_record_add_up(tmp_path: Path, record: Record) -> None:
    folder = tmp_path / "record"
    write_record(folder, record, KEY, DATE)
    whole = json.loads((folder / "totals.json").read_bytes())
    assert whole["ballots"] == {"cast": 20, "discounted": 1, "challenged": 3}
    for state, number in whole["ballots"].items():
        assert sum(each[state] for each in whole["ballot_styles"]) == number
    assert json.loads((folder / "voting_devices.json").read_bytes())["devices"][0]["ballot_count"] == 24
    lines = list(read_lines(folder / "ballots/device_1.jsonl"))
    assert len(lines) == 24
    assert len(list(read_lines(folder / "challenged_ballots.jsonl"))) == 3
    codes = [json.loads(line)["confirmation_code"] for line in lines]
    assert codes == sorted(codes)
    assert "statement" not in whole


def test_without_a_cast_ballot_the_record_says_so(toy: Ceremony) -> None:
    assert totals(verify_and_multiply([], toy.election), 2).statement == "No ballot was cast."


def test_parameters_are_read_back_as_they_were_written(tmp_path: Path, standard: Ceremony) -> None:
    write_parameters(tmp_path, standard.parameters)
    assert read_parameters(tmp_path) == standard.parameters


def test_signing_again_replaces_date_and_signature_alone(tmp_path: Path, record: Record) -> None:
    folder = tmp_path / "record"
    write_record(folder, record, KEY, DATE)
    before = files(folder)
    sign_record(folder, KEY, datetime(2026, 11, 22, tzinfo=UTC))
    after = files(folder)
    assert {name for name in after if after[name] != before[name]} == {"signature.json"}


# With a log


@pytest.fixture(scope="module")
def witnessed() -> tuple[Ceremony, Ballots, Record]:
    """The same election whose manifest says that there is a log; its record still lacks it."""
    made = hold_ceremony(manifest=a_manifest(log="witnessed"))
    ballots = base_ballots(made.election)
    shares = [decrypt_nonces(share, ballots.found.challenged, made.election) for share in made.key_shares[:3]]
    openings = open_challenged(ballots.found.challenged, shares, made.election)
    tally = decrypt(made.key_shares[:3], ballots.found.tally, made.election)
    return made, ballots, Record(made.election, made.public, made.acknowledgements, ballots.lines, ballots.found, tally, openings)


def witness(made: Ceremony, lines: Sequence[bytes], order: Sequence[bytes]) -> RecordLog:
    """What three guardians state who saw the ballots come in this order."""
    log = [leaf_hash(as_received(line)) for line in order]
    seen = [Checkpoint("psephos.example/1", size, root_of(log[:size])) for size in (5, 20, len(log))]
    checked = check_log(log, seen, lines)
    return record_log(checked, [state_log(share, checked, made.election) for share in made.key_shares[:3]], made.election)


def test_a_record_with_a_log_is_of_kind_witnessed(tmp_path: Path, witnessed: tuple[Ceremony, Ballots, Record]) -> None:
    made, ballots, record = witnessed
    log = witness(made, ballots.lines, ballots.lines[::-1])
    write_record(tmp_path, replace(record, ballots=iter(ballots.lines), log=log), KEY, DATE)
    written = files(tmp_path)
    profile = json.loads(written["profile.json"])
    assert profile["kind"] == "witnessed"
    assert "log.json" in {each["path"] for each in profile["files"]}
    assert written["log.json"] == to_json(log)
    assert written["ballots/device_1.jsonl"] == b"".join(line + b"\n" for line in ballots.lines)


def test_a_log_of_other_ballots_is_not_written(tmp_path: Path, witnessed: tuple[Ceremony, Ballots, Record]) -> None:
    made, ballots, record = witnessed
    log = witness(made, ballots.lines[1:], ballots.lines[1:])
    with pytest.raises(ProofError, match="X11"):
        write_record(tmp_path / "record", replace(record, log=log), KEY, DATE)
    assert not (tmp_path / "record" / "signature.json").exists()


def test_a_record_has_a_log_just_if_the_manifest_says_so(
    tmp_path: Path, record: Record, witnessed: tuple[Ceremony, Ballots, Record]
) -> None:
    made, ballots, without_log = witnessed
    with pytest.raises(ManifestError, match="X13"):
        write_record(tmp_path, without_log, KEY, DATE)
    with pytest.raises(ManifestError, match="X13"):
        write_record(tmp_path, replace(record, log=witness(made, ballots.lines, ballots.lines)), KEY, DATE)
    assert files(tmp_path) == {}


def test_pr05_ballots_accepted_in_opposite_order_make_the_same_record(
    tmp_path: Path, witnessed: tuple[Ceremony, Ballots, Record]
) -> None:
    made, ballots, record = witnessed
    written = []
    for number, order in enumerate((ballots.lines, ballots.lines[::-1])):
        folder = tmp_path / f"{number}"
        log = witness(made, ballots.lines, order)
        write_record(folder, replace(record, log=replace(log, statements=())), KEY, DATE)  # they hold random numbers
        written.append(files(folder))
        for line in order:
            assert leaf_hash(as_received(line)).hex().upper().encode() not in b"".join(written[-1].values())
    assert written[0] == written[1]
