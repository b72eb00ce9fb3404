"""The reader for EGRF records under the checks of 2.1.0, on a sample record: as it is it verifies, and no change of consequence does."""

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.verifier.foreign_samples import (
    Change,
    Path_,
    added,
    alter,
    copy,
    double,
    drop,
    dump,
    flip,
    number,
    put,
    remove,
    replace,
    swap,
    unpack,
)
from verifier import verify
from verifier.arithmetic import STANDARD
from verifier.egrf import open_record
from verifier.egrf_manifest import read_manifest
from verifier.keys import check_keys
from verifier.parameters import check_parameters
from verifier.report import Findings, Report
from verifier.source import RecordError
from verifier.verify import verify_record

NAME = "egrf_example_v2.1.0"
DEVICES = "devices/regular-"
ONE = f"{DEVICES}2050af57852bb2c7fb06d4c7ed8c7216d6b488655308b24282f625f5759d59c0/00000000.jsonl"
FOUR = f"{DEVICES}59a5d5fe86d61186fdfd7d6750978b4864689417be843fe672e3134e9d7273fa/00000000.jsonl"
PARAMETERS, MANIFEST, GUARDIANS = "setup/parameters.jsonl", "setup/manifest.jsonl", "setup/guardians.jsonl"
KEYS, AGGREGATE, TALLY = "setup/election_keys.jsonl", "aggregated/encrypted_tally.jsonl", "final/decrypted_tally.jsonl"
OPENINGS, DATA = "final/challenged_ballot_decryptions/00000000.jsonl", "final/contest_data_decryptions/00000000.jsonl"
REQUESTS, HEADER = "aggregated/contest_data_requests.jsonl", "setup/header.jsonl"
P, Q = STANDARD.p, STANDARD.q
FORMAT = "format"


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(NAME, tmp_path_factory.mktemp("egrf"))


def verified(folder: Path, item: str = "") -> Report:
    """The report; for the items of Verifications 1 to 4 they alone are made."""
    if item.split(".")[0] not in ("1", "2", "3", "4"):
        return verify_record(folder, None, format="egrf-json")
    source = open_record(folder, STANDARD)
    report = Report(source.format, Findings(own=False))
    check_parameters(source, STANDARD, report)
    check_keys(source, STANDARD, report)
    return report


def failed(report: Report) -> set[str]:
    return {entry.id for entry in report.entries() if entry.failed}


def read(folder: Path, file: str) -> list[Any]:
    return [json.loads(line) for line in (folder / file).read_bytes().splitlines()]


def write(folder: Path, file: str, lines: list[Any]) -> None:
    replace(folder / file, b"".join(dump(line) + b"\n" for line in lines))


def test_the_sample_verifies(record: Path) -> None:
    report = verified(record)
    assert report.verified, report.text()
    assert report.ballots == {"Cast": 3, "Challenged": 1, "Spoiled": 1}
    assert {"9.A", "12.C", "13.A", "8.G"} <= {entry.id for entry in report.entries() if entry.objects}


def ballot(*path: str | int, line: int = 2) -> Path_:
    return (line, "encryptedBallot", *path)


def field(*path: str | int) -> Path_:
    return ballot("contests", 0, "fields", 0, *path)


def part(start: int, width: int) -> Change:
    """Replaces some bytes by FF."""

    def change(text: str) -> str:
        content = bytearray(base64.b64decode(text))
        content[start : start + width] = b"\xff" * width
        return base64.b64encode(content).decode()

    return change


def cut(width: int) -> Change:
    """Cuts the last bytes off."""
    return lambda text: base64.b64encode(base64.b64decode(text)[:-width]).decode()


def opened(*path: str | int) -> Path_:
    return (1, "challengedBallotDecryption", *path)


def tallied(*path: str | int) -> Path_:
    return (1, "decryptedTallyContest", *path)


CASES: list[tuple[str, Path_, Change, str]] = [
    # header lines and sections
    (HEADER, (1, "recordHeader", "formatMajor"), put(3), FORMAT),
    (HEADER, (0, "magic"), put("EGRG"), FORMAT),
    (HEADER, (0, "sectionType"), put("SECTION_TYPE_PARAMETERS"), FORMAT),
    (HEADER, (0,), added("more"), FORMAT),
    (HEADER, (), double(1), FORMAT),
    (ONE, (0, "key"), flip(), FORMAT),
    (ONE, (0,), lambda header: {**header, "firstOrdinal": "1"}, FORMAT),
    # parameters and base hashes
    (PARAMETERS, (1, "parameters", "version"), put(base64.b64encode(b"v2.0.0".ljust(32, b"\0")).decode()), "1.A"),
    (PARAMETERS, (1, "parameters", "version"), flip(), FORMAT),
    (PARAMETERS, (1, "parameters", "p"), flip(), "1.B"),
    (PARAMETERS, (1, "parameters", "q"), flip(), "1.C"),
    (PARAMETERS, (1, "parameters", "r"), flip(), FORMAT),
    (PARAMETERS, (1, "parameters", "g"), flip(), "1.D"),
    (PARAMETERS, (1, "parameters", "n"), flip(), "1.E"),
    (PARAMETERS, (1, "parameters", "k"), flip(), "1.E"),
    (PARAMETERS, (1, "parameters", "hP"), flip(), "1.E"),
    (MANIFEST, (1, "manifestFile", "hB"), flip(), "1.F"),
    (MANIFEST, (1, "manifestFile", "content"), flip(), FORMAT),
    (MANIFEST, (1, "manifestFile", "mediaType"), flip(), FORMAT),
    # guardians and keys
    (GUARDIANS, (1, "guardianPublicKey", "voteCommitments"), flip(), "2.A"),
    (GUARDIANS, (1, "guardianPublicKey", "dataCommitments"), flip(), "2.A"),
    (GUARDIANS, (1, "guardianPublicKey", "kappa"), flip(), "2.A"),
    (GUARDIANS, (1, "guardianPublicKey", "voteProof"), flip(), "2.C"),
    (GUARDIANS, (1, "guardianPublicKey", "voteProof"), flip(0), "2.C"),
    (GUARDIANS, (1, "guardianPublicKey", "dataProof"), part(32, 32), "2.B"),
    (GUARDIANS, (1, "guardianPublicKey", "dataProof"), cut(32), "2.C"),
    (GUARDIANS, (1, "guardianPublicKey", "dataCommitments"), cut(512), "2.C"),
    (GUARDIANS, (1, "guardianPublicKey", "dataCommitments"), cut(1), FORMAT),
    (GUARDIANS, (1, "guardianPublicKey", "index"), flip(), "2.C"),
    (GUARDIANS, (), drop(2), "3.A"),
    (GUARDIANS, (), double(2), "3.B"),
    (GUARDIANS, (), swap(1, 2), "2.C"),
    (KEYS, (1, "electionKeys", "k"), flip(), "3.A"),
    (KEYS, (1, "electionKeys", "kHat"), flip(), "3.B"),
    (KEYS, (1, "electionKeys", "hE"), flip(), "4.A"),
    # devices
    (ONE, (1, "deviceHeader", "deviceId"), flip(), "8.C"),
    (ONE, (1, "deviceHeader", "hDi"), flip(), FORMAT),
    (ONE, (1, "deviceHeader", "initialHash"), flip(), "8.F"),
    (ONE, (1, "deviceHeader", "initialHash"), remove, "8.F"),
    (ONE, (1, "deviceHeader", "chainingMode"), remove, FORMAT),
    (ONE, (1, "deviceHeader", "chainingMode"), put(2), FORMAT),
    (ONE, (1, "deviceHeader", "kind"), put("DEVICE_KIND_PRE_ENCRYPTING"), FORMAT),
    (ONE, (3, "deviceClose", "ballotCount"), put("2"), "9.A"),
    (ONE, (3, "deviceClose", "ballotCount"), put(1), FORMAT),
    (ONE, (3, "deviceClose", "closingHash"), flip(), "8.G"),
    (ONE, (3, "deviceClose", "closingHash"), remove, "8.G"),
    (ONE, (3, "deviceClose", "closingChainingField"), flip(), "8.G"),
    (ONE, (3, "deviceClose"), added("more"), FORMAT),
    # ballots
    (ONE, ballot("idB"), flip(), "5.B"),
    (ONE, ballot("hI"), flip(), "5.B"),
    (ONE, ballot("ballotStyle"), put("style-2"), "7.D"),
    (ONE, ballot("ballotStyle"), put("none"), "7.D"),
    (ONE, ballot("status"), put("BALLOT_STATUS_SPOILED"), "9.A"),
    (ONE, ballot("status"), put("BALLOT_STATUS_CHALLENGED"), "13.B"),
    (ONE, ballot("status"), put("BALLOT_STATUS_UNSPECIFIED"), FORMAT),
    (ONE, ballot("weight"), put(2), "9.A"),
    (ONE, ballot("weight"), put(0), FORMAT),
    (ONE, ballot("weight"), remove, FORMAT),
    (ONE, ballot("confirmationCode"), flip(), "8.B"),
    (ONE, ballot("chainingField"), flip(), "8.E"),
    (ONE, ballot("chainingField"), flip(3), "8.E"),
    (ONE, ballot("contests", 0, "index"), put(2), "7.D"),
    (ONE, ballot("contests", 0, "contestHash"), flip(), "8.A"),
    (ONE, ballot("contests", 0, "contestData", "c0"), flip(), "8.A"),
    (ONE, ballot("contests", 0, "contestData", "c1"), flip(), "8.A"),
    (ONE, ballot("contests", 0, "contestData", "c1"), flip(), "12.C"),
    (ONE, ballot("contests", 0, "contestData", "c2"), flip(), "12.B"),
    (ONE, ballot("contests", 0, "contestData", "c1"), cut(32), "8.A"),
    (ONE, ballot("contests", 0, "contestData"), remove, "8.A"),
    (ONE, field("alpha"), flip(), "6.A"),
    (ONE, field("beta"), flip(), "6.A"),
    (ONE, field("alpha"), number(0, 512), "6.A"),
    (ONE, field("alpha"), number(P, 512), "6.A"),
    (ONE, field("alpha"), number(P - 1, 512), "6.A"),
    (ONE, field("alpha"), number(1, 512), "6.D"),
    (ONE, field("alpha"), number(1, 512), "7.D"),
    (ONE, field("alpha"), number(1, 512), "9.A"),
    (ONE, field("alpha"), number(1, 511), FORMAT),
    (ONE, field("rangeProof"), flip(), "6.D"),
    (ONE, field("rangeProof"), part(0, 32), "6.B"),
    (ONE, field("rangeProof"), part(32, 32), "6.C"),
    (ONE, field("rangeProof"), cut(64), "6.D"),
    (ONE, field("rangeProof"), cut(32), FORMAT),
    (ONE, ballot("contests", 0, "limitProof"), flip(), "7.D"),
    (ONE, ballot("contests", 0, "limitProof"), part(0, 32), "7.B"),
    (ONE, ballot("contests", 0, "limitProof"), part(32, 32), "7.C"),
    (ONE, ballot("contests", 0, "limitProof"), cut(64), "7.D"),
    (ONE, ballot("contests", 0, "fields"), drop(), "6.D"),
    (ONE, ballot("contests", 0, "fields"), swap(0, 1), "8.A"),
    (ONE, ballot("contests", 0, "fields"), swap(0, 1), "6.D"),
    (ONE, ballot("contests"), drop(), "7.D"),
    (ONE, ballot("contests"), double(), "7.D"),
    (ONE, ballot("contests"), swap(0, 1), "8.B"),
    (ONE, ballot("contests", 0), added("more"), FORMAT),
    (ONE, field(), added("more"), FORMAT),
    (ONE, (), drop(2), "8.G"),
    (ONE, (), double(2), "5.A"),
    (FOUR, (), swap(2, 3), "8.E"),
    (FOUR, (), drop(5), "13.B"),
    (FOUR, ballot("status", line=4), put("BALLOT_STATUS_CAST"), "9.A"),
    (FOUR, ballot("status", line=5), put("BALLOT_STATUS_CAST"), "9.B"),
    (FOUR, ballot("status", line=5), put("BALLOT_STATUS_SPOILED"), "13.B"),
    (FOUR, (2,), lambda line: {"preEncryptedCastBallot": line["encryptedBallot"]}, FORMAT),
    # encrypted tally and requests
    (AGGREGATE, (1, "encryptedTallyHeader", "castBallotCount"), put("4"), FORMAT),
    (AGGREGATE, (1, "encryptedTallyHeader", "totalCastWeight"), put("3"), FORMAT),
    (AGGREGATE, (2, "encryptedTallyContest", "castWeight"), put("3"), FORMAT),
    (AGGREGATE, (2, "encryptedTallyContest", "fields"), flip(0), "9.A"),
    (AGGREGATE, (2, "encryptedTallyContest", "fields"), flip(), "9.B"),
    (AGGREGATE, (2, "encryptedTallyContest", "fields"), flip(), "10.B"),
    (AGGREGATE, (2, "encryptedTallyContest", "fields"), cut(1024), FORMAT),
    (AGGREGATE, (), drop(2), FORMAT),
    (AGGREGATE, (), swap(2, 3), FORMAT),
    (REQUESTS, (), drop(1), FORMAT),
    (REQUESTS, (1, "contestDataRequest", "hI"), flip(), FORMAT),
    # decrypted tally
    (TALLY, tallied("index"), put(2), FORMAT),
    (TALLY, tallied("label"), flip(), "11.A"),
    (TALLY, tallied("fields", 0, "label"), flip(), "11.B"),
    (TALLY, tallied("fields", 0, "tally"), put("2"), "10.C"),
    (TALLY, tallied("fields", 0, "tally"), remove, "10.C"),
    (TALLY, tallied("fields", 0, "tally"), put("0"), FORMAT),
    (TALLY, tallied("fields", 0, "tally"), put(1), FORMAT),
    (TALLY, tallied("fields", 0, "tally"), put(str(1 + Q)), FORMAT),
    (TALLY, tallied("fields", 0, "encodedTally"), flip(), "10.B"),
    (TALLY, tallied("fields", 0, "encodedTally"), number(1, 512), "10.C"),
    (TALLY, tallied("fields", 0, "encodedTally"), number(0, 512), "10.B"),
    (TALLY, tallied("fields", 0, "proof"), flip(), "10.B"),
    (TALLY, tallied("fields", 0, "proof"), flip(0), "10.B"),
    (TALLY, tallied("fields", 0, "proof"), part(32, 32), "10.A"),
    (TALLY, tallied("fields"), drop(), "11.C"),
    (TALLY, tallied("fields"), double(), FORMAT),
    (TALLY, tallied("fields"), swap(0, 1), FORMAT),
    (TALLY, (), drop(1), "11.D"),
    (TALLY, (), double(1), FORMAT),
    (TALLY, (), swap(1, 2), FORMAT),
    # openings
    (OPENINGS, opened("ballot", "hDi"), flip(), "13.B"),
    (OPENINGS, opened("ballot", "position"), put("1"), "13.B"),
    (OPENINGS, opened("ballot", "position"), put("04"), FORMAT),
    (OPENINGS, opened("hI"), flip(), "13.B"),
    (OPENINGS, opened("contests", 0, "label"), flip(), "14.A"),
    (OPENINGS, opened("contests", 0, "fields", 0, "label"), flip(), "14.C"),
    (OPENINGS, opened("contests", 0, "fields", 0, "nonce"), flip(), "13.B"),
    (OPENINGS, opened("contests", 0, "fields", 0, "nonce"), number(2**256 - 1, 32), "13.B"),
    (OPENINGS, opened("contests", 0, "fields", 0), lambda x: {**x, "value": 1}, "13.B"),
    (OPENINGS, opened("contests", 0, "fields", 0), lambda x: {**x, "value": 2}, "14.E"),
    (OPENINGS, opened("contests", 0, "fields", 0), lambda x: {**x, "value": 1}, "14.F"),
    (OPENINGS, opened("contests", 0, "contestData", "nonce"), flip(), "13.A"),
    (OPENINGS, opened("contests", 0, "contestData", "data"), flip(), "13.A"),
    (OPENINGS, opened("contests", 0, "contestData"), remove, "13.A"),
    (OPENINGS, opened("contests", 0, "fields"), lambda fields: fields[:-1], "14.D"),
    (OPENINGS, opened("contests"), drop(), "14.B"),
    (OPENINGS, opened("contests"), double(), FORMAT),
    (OPENINGS, (), drop(1), "13.B"),
    (OPENINGS, (), double(1), "13.B"),
    # contest data
    (DATA, (1, "contestDataDecryption", "beta"), flip(), "12.B"),
    (DATA, (1, "contestDataDecryption", "proof"), flip(), "12.B"),
    (DATA, (1, "contestDataDecryption", "proof"), part(32, 32), "12.A"),
    (DATA, (1, "contestDataDecryption", "data"), flip(), "12.C"),
    (DATA, (1, "contestDataDecryption", "contestIndex"), put(2), "12.B"),
    (DATA, (1, "contestDataDecryption", "hI"), flip(), "12.B"),
    (DATA, (), drop(1), FORMAT),
]


@pytest.mark.parametrize(("file", "path", "change", "item"), CASES)
def test_a_changed_value_is_refused(
    record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, path: Path_, change: Change, item: str
) -> None:
    monkeypatch.setattr(verify, "check_keys", lambda source, group, report: None)  # the keys' own cases call it by itself
    folder = copy(record, tmp_path / "record")
    lines = read(folder, file)
    before = dump(lines)
    made = alter(lines, path, change)
    assert dump(made) != before
    write(folder, file, made)
    if item == FORMAT:
        assert verify_record(folder, None, format="egrf-json").exit_status == 2
        return
    report = verified(folder, item)
    assert item in failed(report), report.text()
    assert report.exit_status in (1, 2)


def test_a_changed_manifest_is_refused(record: Path, tmp_path: Path) -> None:
    folder = copy(record, tmp_path / "record")
    lines = read(folder, MANIFEST)
    content = base64.b64decode(lines[1]["manifestFile"]["content"]).replace(b'"selectionLimit":1', b'"selectionLimit":2')
    lines[1]["manifestFile"]["content"] = base64.b64encode(content).decode()
    write(folder, MANIFEST, lines)
    with pytest.raises(RecordError, match="not the same bytes"):
        open_record(folder, STANDARD)
    (folder / "setup/manifest.json").unlink()
    assert "1.F" in failed(verified(folder, "1.F"))


def test_members_may_stand_in_any_order(record: Path, tmp_path: Path) -> None:
    folder = copy(record, tmp_path / "record")
    for file in (PARAMETERS, ONE, TALLY, OPENINGS):
        write(folder, file, [_reversed(line) for line in read(folder, file)])
    assert verified(folder).verified


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed(value[name]) for name in reversed(value)}
    return [_reversed(entry) for entry in value] if isinstance(value, list) else value


def test_a_section_may_have_several_files_times_and_a_container(record: Path, tmp_path: Path) -> None:
    folder = copy(record, tmp_path / "record")
    lines = read(folder, FOUR)
    lines[2]["encryptedBallot"]["encryptedAt"] = "2026-11-03T14:03:07.412Z"
    lines[6]["deviceClose"]["closedAt"] = "2026-11-03T20:00:00Z"
    write(folder, FOUR, lines[:4])
    write(folder, FOUR.replace("00000000.", "00000001."), [{**lines[0], "firstOrdinal": "3"}, *lines[4:]])
    (folder / "toc.jsonl").write_bytes(b"not read")
    (folder / "signatures").mkdir()
    (folder / "device_attestations.jsonl").write_bytes(b"not read")
    releases = folder / "final/uncast_nonce_releases/00000000.jsonl"
    releases.parent.mkdir()
    header = {"magic": "EGRF", "formatMajor": 2, "sectionType": "SECTION_TYPE_UNCAST_NONCE_RELEASES"}
    releases.write_bytes(dump(header))
    report = verified(folder)
    assert report.verified, report.text()
    assert "container, not checked: device_attestations.jsonl, signatures, toc.jsonl" in report.format.deviations
    write(folder, FOUR.replace("00000000.", "00000001."), [lines[0], *lines[4:]])
    with pytest.raises(RecordError, match="expected 3"):
        open_record(folder, STANDARD)


def test_contest_data_may_be_left_undecrypted(record: Path, tmp_path: Path) -> None:
    folder = copy(record, tmp_path / "record")
    shutil.rmtree(folder / "final/contest_data_decryptions")
    (folder / REQUESTS).unlink()
    assert verified(folder).verified


def test_pre_encrypted_ballots_are_not_supported(record: Path, tmp_path: Path) -> None:
    folder = copy(record, tmp_path / "record")
    (folder / f"devices/pre-encrypting-{'0' * 64}").mkdir()
    report = verified(folder)
    assert report.exit_status == 2
    assert "contains pre-encrypted ballots, not supported" in report.text()


@pytest.mark.parametrize("name", ["more.jsonl", "setup/more.jsonl", "final/challenged_ballot_decryptions/00000002.jsonl", "devices/x"])
def test_an_unknown_file_is_refused(record: Path, tmp_path: Path, name: str) -> None:
    folder = copy(record, tmp_path / "record")
    (folder / name).write_bytes(b"")
    with pytest.raises(RecordError):
        open_record(folder, STANDARD)


MALFORMED = [b"", b"\n", b"[]\n", b"{\n", b"\xff\n", b'{"a":1,"a":1}\n', b"[" * 10**5, b'{"magic":1e3}\n', b'{"magic":"\\ud800"}\n']


@pytest.mark.parametrize("file", [HEADER, PARAMETERS, GUARDIANS, ONE, AGGREGATE, TALLY, OPENINGS])
@pytest.mark.parametrize("content", MALFORMED)
def test_what_is_not_json_of_this_layout_is_unreadable(record: Path, tmp_path: Path, file: str, content: bytes) -> None:
    folder = copy(record, tmp_path / "record")
    replace(folder / file, content)
    with pytest.raises(RecordError):
        open_record(folder, STANDARD)


BALLOTS = [b"\n", b"[]\n", b"{\n", b"\xff\n", b'{"encryptedBallot":{}}\n', b'{"encryptedBallot":{"contests":7}}\n']


@pytest.mark.parametrize("content", BALLOTS)
def test_a_malformed_ballot_is_unreadable_and_the_others_are_read(record: Path, tmp_path: Path, content: bytes) -> None:
    folder = copy(record, tmp_path / "record")
    lines = (folder / FOUR).read_bytes().splitlines(keepends=True)
    replace(folder / FOUR, b"".join([*lines[:3], content, *lines[4:]]))
    source = open_record(folder, STANDARD)
    read = [made for chunk in source.chunks() for made in source.read_chunk(chunk)]
    assert [isinstance(made, RecordError) for made in read] == [False, False, True, False, False]


def test_an_overvote_indicator_counts_as_often_as_the_limit_says() -> None:
    choices = [{"id": "a", "name": "", "index": 1}]
    kinds = ("OvervoteIndicator", "NullVoteIndicator", "UndervoteIndicator", "UndervoteDifferenceCount", "WriteInCount")
    fields = [{"kind": kind, "id": kind, "name": "", "index": index} for index, kind in enumerate(kinds, 2)]
    limits = {"selectionLimit": 3, "optionSelectionLimit": 2, "writeInFieldCount": 4}
    contest = {"id": "c", "name": "", "index": 1, "choices": choices, **limits, "supplementalFields": fields, "vendor": None}
    styles = [{"id": "s", "name": "", "contestIds": ["c"]}]
    manifest, chaining = read_manifest(dump({"electionId": "e", "contests": [contest], "ballotStyles": styles}), "m", 1)
    assert chaining == 0
    options = manifest.contests[0].options
    assert [option.limit for option in options] == [2, 1, 1, 1, 3, 4]
    assert [option.counted * option.times for option in options] == [1, 3, 0, 1, 0, 1]
    assert manifest.contests[0].data_blocks is None
    with pytest.raises(RecordError, match="reads like selectionLimit"):
        read_manifest(dump({"electionId": "e", "contests": [{**contest, "selection_limit": 4}], "ballotStyles": styles}), "m", 1)
