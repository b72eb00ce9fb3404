"""The reader and the rules for records of egk-ec, on a real record: as it is it verifies, and no change of consequence does."""

import json
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
from verifier.arithmetic import STANDARD
from verifier.edition_2_0 import Counted, check_ballots, check_keys, check_parameters, check_set, check_tally, start
from verifier.egk import open_record
from verifier.egk_ballots import contest_data_plaintext
from verifier.report import Report
from verifier.source import RecordError

NAME = "egk_allAvailable_v2.0.0"
DEVICE = "encrypted_ballots/runWorkflowDevice"
CAST, CHALLENGED, OPENING = f"{DEVICE}/eballot-id-2.json", f"{DEVICE}/eballot-id-1.json", "challenged_ballots/dballot-id-1.json"
CONFIG, KEYS, AGGREGATE, TALLY = "election_config.json", "election_initialized.json", "encrypted_tally.json", "tally.json"
P, Q = STANDARD.p, STANDARD.q
FORMAT = "format"


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack(NAME, tmp_path_factory.mktemp("egk"))


@pytest.fixture(scope="module")
def untouched(record: Path) -> dict[str, Counted]:
    """What each ballot of the record as it is comes to."""
    source = open_record(record, STANDARD)
    return {file: check_ballots(source, (file,)) for file in source.ballots}


def verified(folder: Path, known: dict[str, Counted], altered: set[str], items: str = "") -> Report:
    """The report on a record of which only the files in `altered` differ from the sample; a ballot is checked again if it or its decryption
    is among them. `items` is the number of the item in question, if the others need not be checked."""
    source = open_record(folder, STANDARD)
    report = start(source)
    counted = Counted(report.findings)
    for file in source.ballots:
        opening = file.replace(DEVICE, "challenged_ballots").replace("eballot", "dballot")
        again = file not in known or file in altered or opening in altered or (CONFIG in altered and file == CAST)
        counted.merge(check_ballots(source, (file,)) if again else known[file], STANDARD)
    check_set(source, counted, report)
    if not items or items in ("1", "2", "3", "4"):
        check_parameters(source, STANDARD, report)
        check_keys(source, STANDARD, report)
    if not items or items in ("9", "10", "11"):
        check_tally(source, counted, report)
    return report


def failed(report: Report) -> set[str]:
    return {entry.id for entry in report.entries() if entry.failed}


def test_the_sample_verifies(record: Path, untouched: dict[str, Counted]) -> None:
    report = verified(record, untouched, set())
    assert report.verified, report.text()
    assert report.exit_status == 0
    assert report.ballots == {"Cast": 33, "Challenged": 9}
    assert report.format.edition == (2, 0, 0)


def contest(*path: str | int) -> Path_:
    return ("contests", 0, *path)


def option(*path: str | int) -> Path_:
    return contest("selections", 0, *path)


BRANCH = ("proof", "proofs", 1)
DATA = contest("decrypted_contest_data")

CASES: list[tuple[str, Path_, Change, str]] = [
    # parameters and base hashes
    ("constants.json", ("protocolVersion",), put("v2.1.0"), "1.A"),
    ("constants.json", ("type",), put("EllipticCurve"), FORMAT),
    ("constants.json", ("constants", "largePrime"), lambda text: text[:-1] + "e", "1.B"),
    ("constants.json", ("constants", "largePrime"), lambda text: text.upper(), FORMAT),
    ("constants.json", ("constants", "largePrime"), lambda text: "0" + text, FORMAT),
    ("constants.json", ("constants", "cofactor"), lambda text: text[:-1] + ("1" if text[-1] != "1" else "2"), "1.B"),
    ("constants.json", ("constants", "smallPrime"), lambda text: text[:-1] + "5", "1.C"),
    ("constants.json", ("constants", "generator"), lambda text: text[:-1] + ("1" if text[-1] != "1" else "2"), "1.D"),
    ("constants.json", (), added("more"), FORMAT),
    (CONFIG, ("parameter_base_hash",), flip(), "1.E"),
    (CONFIG, ("manifest_hash",), flip(), "1.F"),
    (CONFIG, ("election_base_hash",), flip(), "1.F"),
    (CONFIG, ("number_of_guardians",), flip(), "1.F"),
    (CONFIG, ("quorum",), put(2), "2.C"),
    (CONFIG, ("quorum",), put(True), FORMAT),
    (CONFIG, ("chain_confirmation_codes",), flip(), FORMAT),
    (CONFIG, ("baux0",), put("ZGV2aWNl"), "8.D"),
    (CONFIG, ("baux0",), put("ZGV2aWNl="), FORMAT),
    (CONFIG, (), added("more"), FORMAT),
    ("manifest.json", ("election_scope_id",), flip(), "1.F"),
    ("manifest.json", ("contests", 0, "votes_allowed"), put(2), "1.F"),
    ("manifest.json", ("contests", 0, "ballot_selections", 0, "object_id"), flip(), "11.B"),
    ("manifest.json", ("ballot_styles", 0, "geopolitical_unit_ids"), drop(), "1.F"),
    ("manifest.json", ("contests", 1, "sequence_order"), put(1), FORMAT),
    ("manifest.json", (), added("more"), FORMAT),
    # guardians
    (KEYS, ("joint_public_key",), flip(), "3.A"),
    (KEYS, ("extended_base_hash",), flip(), "4.A"),
    (KEYS, ("guardians", 1, "coefficient_proofs", 2, "public_key"), flip(), "2.A"),
    (KEYS, ("guardians", 1, "coefficient_proofs", 2, "public_key"), number(1, 512), "2.A"),
    (KEYS, ("guardians", 1, "coefficient_proofs", 2, "challenge"), flip(), "2.C"),
    (KEYS, ("guardians", 1, "coefficient_proofs", 2, "response"), flip(), "2.C"),
    (KEYS, ("guardians", 1, "coefficient_proofs", 2, "response"), number(2**256 - 1, 32), "2.B"),
    (KEYS, ("guardians", 1, "coefficient_proofs"), drop(), "2.C"),
    (KEYS, ("guardians", 1, "coefficient_proofs"), double(), "2.C"),
    (KEYS, ("guardians", 1, "coefficient_proofs"), swap(1, 2), "2.C"),
    (KEYS, ("guardians", 1, "x_coordinate"), flip(), "2.C"),
    (KEYS, ("guardians", 1, "guardian_id"), put("guardian1"), "2.C"),
    (KEYS, ("guardians",), drop(1), "3.A"),
    (KEYS, ("guardians",), double(1), "3.A"),
    (KEYS, ("guardians",), swap(0, 1), "2.C"),
    (KEYS, ("guardians", 1), added("more"), FORMAT),
    # ballots
    (CAST, ("ballot_id",), put("id-3"), FORMAT),
    (CAST, ("ballot_style_id",), put("BallotStyle1"), "7.D"),
    (CAST, ("ballot_style_id",), put("none"), "7.D"),
    (CAST, ("encrypting_device",), flip(), "8.C"),
    (CAST, ("code_baux",), put("64"), "8.D"),
    (CAST, ("code_baux",), lambda text: text.lower(), FORMAT),
    (CAST, ("confirmation_code",), flip(), "8.B"),
    (CAST, ("election_id",), flip(), "5.B"),
    (CAST, ("state",), put("CHALLENGED"), "9.A"),
    (CAST, ("state",), put("CHALLENGED"), "13.B"),
    (CAST, ("state",), put("UNKNOWN"), "9.A"),
    (CAST, ("state",), put("cast"), FORMAT),
    (CHALLENGED, ("state",), put("CAST"), "9.B"),
    (CHALLENGED, ("state",), put("UNKNOWN"), "13.B"),
    (CAST, ("is_preencrypt",), flip(), FORMAT),
    (CAST, ("encrypted_sn", "pad"), put("AA=="), FORMAT),
    (CAST, contest("contest_id"), put("contest20"), "7.D"),
    (CAST, contest("sequence_order"), flip(), "8.A"),
    (CAST, contest("contest_hash"), flip(), "8.A"),
    (CAST, option("selection_id"), flip(), "6.D"),
    (CAST, option("sequence_order"), flip(), "6.D"),
    (CAST, option("encrypted_vote", "pad"), flip(), "6.A"),
    (CAST, option("encrypted_vote", "data"), flip(), "6.A"),
    (CAST, option("encrypted_vote", "pad"), number(0, 512), "6.A"),
    (CAST, option("encrypted_vote", "pad"), number(P, 512), "6.A"),
    (CAST, option("encrypted_vote", "pad"), number(1, 512), "6.D"),
    (CAST, option("encrypted_vote", "pad"), number(1, 512), "8.A"),
    (CAST, option("encrypted_vote", "pad"), number(1, 512), "9.A"),
    (CAST, option("encrypted_vote", "pad"), number(1, 511), FORMAT),
    (CAST, option(*BRANCH, "challenge"), flip(), "6.D"),
    (CAST, option(*BRANCH, "challenge"), number(Q, 32), "6.B"),
    (CAST, option(*BRANCH, "response"), flip(), "6.D"),
    (CAST, option(*BRANCH, "response"), number(2**256 - 1, 32), "6.C"),
    (CAST, contest(*BRANCH, "challenge"), flip(), "7.D"),
    (CAST, contest(*BRANCH, "challenge"), number(Q, 32), "7.B"),
    (CAST, contest(*BRANCH, "response"), flip(), "7.D"),
    (CAST, contest(*BRANCH, "response"), number(2**256 - 1, 32), "7.C"),
    (CAST, option("proof", "proofs"), drop(), "6.D"),
    (CAST, option("proof", "proofs"), double(), "6.D"),
    (CAST, option("proof", "proofs"), swap(0, 1), "6.D"),
    (CAST, contest("proof", "proofs"), drop(), "7.D"),
    (CAST, contest("proof", "proofs"), double(), "7.D"),
    (CAST, contest("selections"), drop(), "6.D"),
    (CAST, contest("selections"), double(), "6.D"),
    (CAST, contest("selections"), swap(0, 1), "6.D"),
    (CAST, ("contests",), drop(), "7.D"),
    (CAST, ("contests",), double(), "7.D"),
    (CAST, ("contests",), swap(0, 1), "8.B"),
    (CAST, contest("encrypted_contest_data", "numBytes"), put(30), FORMAT),
    (CAST, contest("pre_encryption"), put({}), FORMAT),
    (CAST, contest(), added("more"), FORMAT),
    # the ballots' aggregate and the tally
    (AGGREGATE, option("encrypted_vote", "pad"), flip(), "9.A"),
    (AGGREGATE, option("encrypted_vote", "data"), flip(), "9.B"),
    (AGGREGATE, option("encrypted_vote", "data"), flip(), "10.B"),
    (AGGREGATE, option("selection_id"), flip(), "9.A"),
    (AGGREGATE, option("sequence_order"), flip(), "9.A"),
    (AGGREGATE, contest("contest_id"), flip(), "9.A"),
    (AGGREGATE, contest("sequence_order"), flip(), "9.A"),
    (AGGREGATE, ("contests",), drop(), "9.A"),
    (AGGREGATE, ("contests",), double(), "9.A"),
    (AGGREGATE, ("contests",), swap(0, 1), "9.A"),
    (AGGREGATE, contest("selections"), drop(), "9.A"),
    (AGGREGATE, ("cast_ballot_ids", 0), put("id-1"), "9.A"),
    (AGGREGATE, ("cast_ballot_ids",), drop(), "9.A"),
    (AGGREGATE, ("cast_ballot_ids",), double(), "9.A"),
    (AGGREGATE, ("election_id",), flip(), "9.A"),
    (AGGREGATE, ("tally_id",), flip(), "10.B"),
    (AGGREGATE, (), added("more"), FORMAT),
    (TALLY, ("id",), flip(), "10.B"),
    (TALLY, ("election_id",), flip(), "10.B"),
    (TALLY, contest("contest_id"), flip(), "11.A"),
    (TALLY, option("selection_id"), flip(), "11.B"),
    (TALLY, option("tally"), flip(), "10.C"),
    (TALLY, option("tally"), put(-1), "10.C"),
    (TALLY, option("tally"), put(7 + Q), FORMAT),
    (TALLY, option("tally"), put(7.0), FORMAT),
    (TALLY, option("tally"), put("7"), FORMAT),
    (TALLY, option("b_over_m"), flip(), "10.B"),
    (TALLY, option("b_over_m"), number(0, 512), "10.B"),
    (TALLY, option("b_over_m"), number(1, 512), "10.C"),
    (TALLY, option("encrypted_vote", "pad"), flip(), "10.B"),
    (TALLY, option("encrypted_vote", "data"), flip(), "10.B"),
    (TALLY, option("proof", "challenge"), flip(), "10.B"),
    (TALLY, option("proof", "response"), flip(), "10.B"),
    (TALLY, option("proof", "response"), number(2**256 - 1, 32), "10.A"),
    (TALLY, ("contests",), drop(), "11.D"),
    (TALLY, ("contests",), double(), "11.A"),
    (TALLY, ("contests",), swap(0, 1), "11.A"),
    (TALLY, contest("selections"), drop(), "11.C"),
    (TALLY, contest("selections"), double(), "11.C"),
    (TALLY, contest("selections"), swap(0, 1), "11.C"),
    (TALLY, option(), added("more"), FORMAT),
    # challenged ballots
    (OPENING, ("id",), put("id-9"), FORMAT),
    (OPENING, ("election_id",), flip(), "13.B"),
    (OPENING, contest("contest_id"), put("contest1"), "14.A"),
    (OPENING, option("selection_id"), flip(), "14.C"),
    (OPENING, option("tally"), put(0), "13.B"),
    (OPENING, option("tally"), put(2), "14.E"),
    (OPENING, contest("selections", 1, "tally"), put(1), "14.F"),
    (OPENING, option("b_over_m"), flip(), "13.B"),
    (OPENING, option("encrypted_vote", "pad"), flip(), "13.B"),
    (OPENING, option("encrypted_vote", "data"), flip(), "13.B"),
    (OPENING, option("proof", "challenge"), flip(), "13.B"),
    (OPENING, option("proof", "response"), flip(), "13.B"),
    (OPENING, option("proof", "response"), number(2**256 - 1, 32), "13.B"),
    (OPENING, contest("selections"), drop(), "14.D"),
    (OPENING, contest("selections"), swap(0, 1), "14.D"),
    (OPENING, ("contests",), drop(), "14.B"),
    (OPENING, ("contests",), double(), "14.B"),
    (OPENING, DATA, remove, "12.C"),
    (OPENING, (*DATA, "contest_data", "status"), put("null_vote"), "12.C"),
    (OPENING, (*DATA, "contest_data", "write_ins"), put(["x"]), "12.C"),
    (OPENING, (*DATA, "contest_data", "over_votes"), put([1]), "12.C"),
    (OPENING, (*DATA, "encrypted_contest_data", "c0"), flip(), "12.B"),
    (OPENING, (*DATA, "encrypted_contest_data", "c1"), flip(), "12.C"),
    (OPENING, (*DATA, "encrypted_contest_data", "c2"), flip(), "12.B"),
    (OPENING, (*DATA, "encrypted_contest_data", "numBytes"), put(63), "12.C"),
    (CHALLENGED, contest("encrypted_contest_data", "c0"), flip(), "12.B"),
    (CHALLENGED, contest("encrypted_contest_data", "c1"), flip(), "12.C"),
    (CHALLENGED, contest("encrypted_contest_data", "c2"), flip(), "12.C"),
    (CHALLENGED, contest("encrypted_contest_data", "numBytes"), put(63), "12.C"),
    (OPENING, (*DATA, "proof", "challenge"), flip(), "12.B"),
    (OPENING, (*DATA, "proof", "response"), flip(), "12.B"),
    (OPENING, (*DATA, "proof", "response"), number(2**256 - 1, 32), "12.A"),
    (OPENING, (*DATA, "beta"), flip(), "12.B"),
    (OPENING, DATA, added("more"), FORMAT),
]


@pytest.mark.parametrize(("file", "path", "change", "item"), CASES)
def test_a_changed_value_is_refused(
    record: Path, untouched: dict[str, Counted], tmp_path: Path, file: str, path: Path_, change: Change, item: str
) -> None:
    folder = copy(record, tmp_path / "record")
    value: Any = json.loads((folder / file).read_bytes())
    before = dump(value)
    value = alter(value, path, change)
    assert dump(value) != before
    replace(folder / file, dump(value))
    if item == FORMAT:
        source_refused = False
        try:
            report = verified(folder, untouched, {file}, FORMAT)
        except RecordError as error:
            source_refused = error.file == file and bool(str(error))
        else:
            source_refused = report.unreadable and report.exit_status == 2
        assert source_refused
        return
    report = verified(folder, untouched, {file}, item.split(".")[0])
    assert item in failed(report), report.text()
    assert report.exit_status == 1


STRUCTURES = {
    "a cast ballot is left out": (lambda folder: (folder / CAST).unlink(), "9.A"),
    "a challenged ballot is left out": (lambda folder: (folder / CHALLENGED).unlink(), "13.B"),
    "an opening is left out": (lambda folder: (folder / OPENING).unlink(), "13.B"),
    "all openings are left out": (lambda folder: [file.unlink() for file in (folder / "challenged_ballots").iterdir()], "13.B"),
    "a cast ballot is opened": (lambda folder: _opened_again(folder), "13.B"),
    "a ballot stands there twice": (lambda folder: _ballot_again(folder), "5.A"),
}


def _opened_again(folder: Path) -> None:
    value = json.loads((folder / OPENING).read_bytes())
    (folder / "challenged_ballots/dballot-id-2.json").write_bytes(dump({**value, "id": "id-2"}))


def _ballot_again(folder: Path) -> None:
    other = folder / "encrypted_ballots/other"
    other.mkdir()
    value = json.loads((folder / CHALLENGED).read_bytes())
    (other / "eballot-id-1.json").write_bytes(dump({**value, "encrypting_device": "other"}))


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_missing_or_repeated_part_is_refused(record: Path, untouched: dict[str, Counted], tmp_path: Path, name: str) -> None:
    folder = copy(record, tmp_path / "record")
    change, item = STRUCTURES[name]
    change(folder)
    report = verified(folder, untouched, {"challenged_ballots/dballot-id-1.json", "challenged_ballots/dballot-id-2.json"})
    assert item in failed(report), report.text()


MALFORMED = [b"", b"[]", b"{", b"\xff", b"\xef\xbb\xbf{}", b'{"a":1,"a":1}', b"[" * 10**5, b'{"a":NaN}', b'{"a":"\\ud800"}']


@pytest.mark.parametrize("file", ["constants.json", "manifest.json", KEYS, AGGREGATE, TALLY])
@pytest.mark.parametrize("content", MALFORMED)
def test_what_is_not_json_of_this_layout_is_unreadable(record: Path, tmp_path: Path, file: str, content: bytes) -> None:
    folder = copy(record, tmp_path / "record")
    replace(folder / file, content)
    with pytest.raises(RecordError) as caught:
        open_record(folder, STANDARD)
    assert caught.value.file == file


def test_an_unknown_file_is_refused(record: Path, tmp_path: Path) -> None:
    folder = copy(record, tmp_path / "record")
    (folder / "more.json").write_bytes(b"{}")
    with pytest.raises(RecordError, match="not a part"):
        open_record(folder, STANDARD)


def test_private_data_is_never_read(record: Path, tmp_path: Path) -> None:
    folder = copy(record, tmp_path / "record")
    for file in sorted((folder / "private_data").rglob("*.json")):
        replace(file, b"no JSON")
    assert len(open_record(folder, STANDARD).ballots) == 42


def test_contest_data_is_encoded_in_groups_of_seven_bits() -> None:
    assert contest_data_plaintext((), (), "normal") == b"\0\0\x06normal"
    assert contest_data_plaintext((1, 300), ("é",), "over_vote") == b"\x02\x01\xac\x02\x01\x02\xc3\xa9\x09over_vote"
    assert contest_data_plaintext((-1,), (), "normal") == b"\x01\xff\xff\xff\xff\x0f\0\x06normal"
