"""A record of our own profile verifies, and each change is refused by the check that is named for it. Toy group; see `sample.py`."""

import hashlib
import os
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.verifier.sample import CONTESTS, KEY, TOY, VOTES, Files, Maker, encode, hp, make, totals, write
from verifier.report import Report, Status
from verifier.verify import verify_record

BALLOTS, OPENINGS, TALLY = "ballots/device_1.jsonl", "challenged_ballots.jsonl", "tally.json"
Change = Callable[[Maker, Files], None]


@pytest.fixture(scope="module")
def sample() -> tuple[Maker, Files]:
    return make()


def verify(folder: Path, key: bytes | None = KEY) -> Report:
    return verify_record(folder, key, group=TOY)


def failed(report: Report) -> set[str]:
    return {entry.id for entry in report.entries() if entry.status is Status.FAIL}


def element(value: str) -> str:
    """−x for x: it passes many an equation, but is not in the group."""
    return hp(TOY.p - int(value, 16))


def cast(files: Files, style: int = 1) -> Files:
    """The first ballot that was cast in that style."""
    return next(ballot for ballot in files[BALLOTS] if ballot["ballot_state"] == "Cast" and ballot["ballot_style_ix"] == style)


def rebuild(files: Files, ballots: list[Files], openings: list[Files] | None = None, maker: Maker | None = None) -> None:
    """What an attacker would redo after exchanging ballots: order, counts, totals, and with the trustees' help the tally."""
    files[BALLOTS] = sorted(ballots, key=lambda ballot: ballot["confirmation_code"])
    files["voting_devices.json"]["devices"][0]["ballot_count"] = len(ballots)
    files["totals.json"] = totals(ballots)
    if openings is not None:
        files[OPENINGS] = sorted(openings, key=lambda opening: opening["ballot_id"])
    if maker is not None:
        files[TALLY] = maker.tally(ballots)


def add(state: str, style: int, votes: dict[int, tuple[int, ...]]) -> Change:
    """Adds a ballot that someone made with the proofs at hand."""

    def change(maker: Maker, files: Files) -> None:
        line, _ = maker.ballot(state, style, votes)
        rebuild(files, [*files[BALLOTS], line])

    return change


def first(**members: Any) -> Change:
    def change(_: Maker, files: Files) -> None:
        cast(files).update(members)

    return change


def in_contest(edit: Callable[[Files], None], contest: str = "2") -> Change:
    def change(_: Maker, files: Files) -> None:
        edit(cast(files)["contests"][contest])

    return change


def tally_of(value: Any) -> Change:
    def change(_: Maker, files: Files) -> None:
        option = files[TALLY]["contests"][1]["options"][1]
        option["tally"] = value if not isinstance(value, str) or value != "+q" else option["tally"] + TOY.q

    return change


def at(file: str, *path: str | int, to: Any) -> Change:
    """Sets a member; a function is applied to the old value."""

    def change(_: Maker, files: Files) -> None:
        value = files[file]
        for step in path[:-1]:
            value = value[step]
        value[path[-1]] = to(value[path[-1]]) if callable(to) else to

    return change


def weigh(weight: int) -> Change:
    def change(_: Maker, files: Files) -> None:
        ballot = cast(files)
        items = list(ballot.items())
        place = list(ballot).index("id_b")
        ballot.clear()
        ballot.update([*items[:place], ("weight", weight), *items[place:]])

    return change


def date_ballot(_: Maker, files: Files) -> None:
    ballot = cast(files)
    items = list(ballot.items())
    place = list(ballot).index("id_b")
    ballot.clear()
    ballot.update([*items[:place], ("encryption_datetime", "2026-11-03T10:00:00Z"), *items[place:]])


def add_contest_data(contest: Files) -> None:
    last = contest.pop("contest_hash")
    proof = contest["proof_selection_limit"][0]
    contest["contest_data"] = {"c_0": contest["ciphertexts"][0]["alpha"], "c_1": "00" * 32, "c_2": dict(proof)}
    contest["contest_hash"] = last


def swap_nonces(_: Maker, files: Files) -> None:
    one, other = files[BALLOTS][:2]
    one["ballot_nonce_ciphertext"], other["ballot_nonce_ciphertext"] = other["ballot_nonce_ciphertext"], one["ballot_nonce_ciphertext"]


def twice(_: Maker, files: Files) -> None:
    rebuild(files, [*files[BALLOTS], deepcopy(cast(files))])


def drop_contest(_: Maker, files: Files) -> None:
    del cast(files)["contests"]["1"]


def drop_cast_ballot(_: Maker, files: Files) -> None:
    rebuild(files, [ballot for ballot in files[BALLOTS] if ballot is not cast(files)])


def count_challenged(_: Maker, files: Files) -> None:
    ballot = next(ballot for ballot in files[BALLOTS] if ballot["ballot_state"] == "Challenged")
    ballot["ballot_state"] = "Cast"
    files["totals.json"] = totals(files[BALLOTS])


def open_cast_ballot(maker: Maker, files: Files) -> None:
    line, opening = maker.ballot(*VOTES[0])
    rebuild(files, [*files[BALLOTS], line], [*files[OPENINGS], opening], maker)


def drop_opening(_: Maker, files: Files) -> None:
    files[OPENINGS].pop()


def repeat_opening(_: Maker, files: Files) -> None:
    files[OPENINGS].append(deepcopy(files[OPENINGS][-1]))


def reverse_ballots(_: Maker, files: Files) -> None:
    files[BALLOTS].reverse()


def drop_guardian(_: Maker, files: Files) -> None:
    del files["guardians/guardian_3.public_key.json"]


def copy_guardian(_: Maker, files: Files) -> None:
    files["guardians/guardian_2.public_key.json"] = {**files["guardians/guardian_1.public_key.json"], "i": 2, "name": "Second"}


def longer_key(_: Maker, files: Files) -> None:
    key = files["guardians/guardian_1.public_key.json"]["vote_encryption"]
    key["coefficient_commitments"].append(key["coefficient_commitments"][0])
    key["proof"]["v"].append(key["proof"]["v"][0])


def foreign_acknowledgements(_: Maker, files: Files) -> None:
    files["acknowledgements.jsonl"] = make(seed=2)[1]["acknowledgements.jsonl"]


def swap_labels(_: Maker, files: Files) -> None:
    options = files[TALLY]["contests"][0]["options"]
    options[0]["label"], options[1]["label"] = options[1]["label"], options[0]["label"]


def spare_branch(contest: Files) -> None:
    contest["proof_ballot_correctness"][0].append({"c": "0" * 16, "v": "0" * 16})


def minus_alpha(contest: Files) -> None:
    ciphertext = contest["ciphertexts"][0]
    ciphertext["alpha"] = element(ciphertext["alpha"])


def single_ballot(maker: Maker, files: Files) -> None:
    rebuild(files, [maker.ballot(*VOTES[0])[0]], [], maker)


def no_ballot(statement: bool) -> Change:
    def change(maker: Maker, files: Files) -> None:
        rebuild(files, [], [], maker)
        if not statement:
            del files["totals.json"]["statement"]

    return change


CHANGES: dict[str, tuple[Change, str]] = {
    "tally of minus one": (tally_of(-1), "X1 10.C"),
    "tally beyond q": (tally_of("+q"), "X1 10.C"),
    "tally with a point": (tally_of(2.0), "X7"),
    "tally as text": (tally_of("2"), "X7"),
    "tally true": (tally_of(True), "X7"),
    "tally far too long": (tally_of(10**101), "X7"),
    "vote of two": (add("Cast", 1, {1: (2, 0, 0), 2: (0, 0, 0, 0, 0)}), "6.D 7.D"),
    "vote of minus one": (add("Cast", 1, {1: (TOY.q - 1, 1, 1), 2: (0, 0, 0, 0, 0)}), "6.D"),
    "yes and no": (add("Cast", 1, {1: (1, 1, 0), 2: (0, 0, 0, 0, 0)}), "7.D"),
    "four of three": (add("Cast", 2, {2: (1, 1, 1, 1, 0)}), "7.D X16"),
    "spoil and a choice": (add("Cast", 2, {2: (1, 0, 0, 0, 1)}), "X16"),
    "bad proof on a discounted ballot": (add("Discounted", 1, {1: (1, 1, 0), 2: (0, 0, 0, 0, 0)}), "7.D"),
    "an option too many": (add("Cast", 1, {1: (1, 0, 0, 0), 2: (0, 0, 0, 0, 0)}), "X2 6.D 7.D 8.A"),
    "an option too few": (add("Cast", 1, {1: (1, 0), 2: (0, 0, 0, 0, 0)}), "X2 6.D 7.D 8.A"),
    "a contest of another style": (add("Cast", 2, {1: (1, 0, 0), 2: (0, 0, 0, 0, 0)}), "X2 6.D 7.D 8.A"),
    "an unknown contest": (add("Cast", 1, {1: (1, 0, 0), 2: (0, 0, 0, 0, 0), 3: (1, 0, 0)}), "X2 6.D 7.D 8.A"),
    "a contest left out": (drop_contest, "X2 6.D 7.D 8.A 8.B"),
    "an unknown style": (first(ballot_style_ix=3), "X2"),
    "weight five": (weigh(5), "X5"),
    "weight one written out": (weigh(1), "X5"),
    "weight zero": (weigh(0), "X5 9.A"),
    "a date on a ballot": (date_ballot, "X17"),
    "contest data": (in_contest(add_contest_data), "X17 8.A"),
    "free text as ballot_id": (first(ballot_id="hello"), "X17"),
    "an unknown state": (first(ballot_state="Spoiled"), "X4"),
    "another device": (first(device_ix=2), "X13 8.C"),
    "a ballot twice": (twice, "5.A 8.B X11"),
    "a ballot dropped": (drop_cast_ballot, "9.A 9.B"),
    "a challenged ballot counted": (count_challenged, "X4 9.A 13.B"),
    "a cast ballot opened": (open_cast_ballot, "X4 13.B"),
    "an opening left out": (drop_opening, "X4 13.B 14.B"),
    "an opening twice": (repeat_opening, "X4 13.B"),
    "ballots in another order": (reverse_ballots, "X11"),
    "nonces exchanged": (swap_nonces, "X6"),
    "a spare branch": (in_contest(spare_branch), "X3 6.D"),
    "spoil proof left out": (in_contest(lambda contest: contest.pop("proof_spoil")), "X3 X16"),
    "minus alpha": (in_contest(minus_alpha), "6.A 7.A"),
    "opened value of minus one": (at(OPENINGS, 0, "contests", 0, "options", 0, "value", to=-1), "13.B 14.E"),
    "opened value above the limit": (at(OPENINGS, 0, "contests", 0, "options", 0, "value", to=2), "13.B 14.E"),
    "another opened value": (at(OPENINGS, 0, "contests", 0, "options", 0, "value", to=lambda x: 1 - x), "13.B"),
    "nonce beyond q": (at(OPENINGS, 0, "contests", 0, "options", 0, "nonce", to="F" * 16), "13.B"),
    "opened label": (at(OPENINGS, 0, "contests", 0, "options", 0, "label", to="Maybe"), "14.C 14.D X18"),
    "opened contest label": (at(OPENINGS, 0, "contests", 0, "label", to="Maybe"), "14.A X18"),
    "labels exchanged in the tally": (swap_labels, "11.B 11.C X18"),
    "tally contest left out": (at(TALLY, "contests", to=lambda contests: contests[1:]), "11.A 11.D X18 9.A"),
    "tally contest twice": (at(TALLY, "contests", to=lambda contests: [*contests, contests[0]]), "11.A X18"),
    "empty tally": (at(TALLY, "contests", to=[]), "11.D X14 X18"),
    "T outside the group": (at(TALLY, "contests", 0, "options", 0, "decrypted_value", to=element), "10.B 10.C"),
    "T of zero": (at(TALLY, "contests", 0, "options", 0, "decrypted_value", to=hp(0)), "10.B 10.C"),
    "decryption proof of another option": (
        lambda _, files: files[TALLY]["contests"][0]["options"][0].update(proof=files[TALLY]["contests"][0]["options"][1]["proof"]), "10.B"
    ),
    "a guardian left out": (drop_guardian, "2.C 3.A 3.B X8 X9"),
    "a guardian's key copied": (copy_guardian, "2.C X8 3.A"),
    "a longer key": (longer_key, "2.C X8"),
    "acknowledgements of another election": (foreign_acknowledgements, "X9"),
    "an acknowledgement left out": (at("acknowledgements.jsonl", 0, to=b""), "X7"),
    "another version": (
        at("election_parameters.json", "fixed_parameters", "ElectionGuard_Design_Specification_version", "number", to=[2, 0, 0]), "1.A"
    ),
    "another prime": (at("election_parameters.json", "fixed_parameters", "group", "p", to=element), "1.B"),
    "another quorum": (at("election_parameters.json", "varying_parameters", "k", to=1), "1.E 2.C X8"),
    "huge number of guardians": (at("election_parameters.json", "varying_parameters", "n", to=2**31 - 1), "1.E X8"),
    "chaining allowed": (at("election_parameters.json", "varying_parameters", "ballot_chaining", to="Allowed"), "X13"),
    "another manifest": (at("election_manifest.json", "contests", 0, "options", 0, "label", to="Aye"), "1.F 11.B"),
    "another device description": (at("voting_devices.json", "devices", 0, "device_information", to="elsewhere"), "X13 8.C"),
    "another number of ballots": (at("voting_devices.json", "devices", 0, "ballot_count", to=7), "X10 9.A"),
    "other totals": (at("totals.json", "ballots", "cast", to=4), "X10"),
    "one counted ballot": (single_ballot, "X12"),
    "statement without need": (at("totals.json", "statement", to="No ballot was cast."), "X14"),
    "no ballot and no statement": (no_ballot(statement=False), "X14"),
    "an unreadable line": (at(BALLOTS, 0, to=b"{}"), "X7"),
}  # fmt: skip


def test_the_sample_verifies(sample: tuple[Maker, Files], tmp_path: Path) -> None:
    report = verify(write(tmp_path / "record", sample[1]))
    assert report.verified, report.text()
    assert report.exit_status == 0
    assert "X15" not in report.not_run


def test_a_ballot_without_votes_verifies_with_its_statement(tmp_path: Path) -> None:
    maker, files = make()
    no_ballot(statement=True)(maker, files)
    assert verify(write(tmp_path / "record", files)).verified


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_refused(name: str, tmp_path: Path) -> None:
    change, expected = CHANGES[name]
    maker, files = make()
    change(maker, files)
    report = verify(write(tmp_path / "record", files))
    assert not report.verified
    assert set(expected.split()) <= failed(report), report.text()
    assert report.exit_status == (2 if "X7" in expected else 1)


def test_after_an_unreadable_line_the_others_are_checked(tmp_path: Path) -> None:
    _, files = make()
    files[BALLOTS][0] = b"{}"
    report = verify(write(tmp_path / "record", files))
    assert report.findings.objects["5.B"] == len(VOTES) - 1
    assert any(failure.check == "X7" and "line 1" in failure.where for failure in report.findings.failures)


def test_without_a_key_the_record_does_not_verify(sample: tuple[Maker, Files], tmp_path: Path) -> None:
    report = verify(write(tmp_path / "record", sample[1]), key=None)
    assert (report.exit_status, report.verdict) == (1, "DOES NOT VERIFY")
    assert {entry.id for entry in report.entries() if entry.status is Status.NOT_RUN} == {"X15"}
    assert "no key was given" in report.text()


@pytest.mark.parametrize("date", ["2026-11-20T11:59:59Z", "2026-12-20T12:00:01Z"])
def test_a_signature_outside_the_window_is_refused(sample: tuple[Maker, Files], tmp_path: Path, date: str) -> None:
    assert "X15" in failed(verify(write(tmp_path / "record", sample[1], date=date)))


def test_another_key_a_changed_file_an_extra_file_and_a_missing_one_are_refused(sample: tuple[Maker, Files], tmp_path: Path) -> None:
    folder = write(tmp_path / "record", sample[1])
    assert "X15" in failed(verify(folder, key=hashlib.sha256(b"another").digest()))
    (folder / "note.txt").write_text("x")
    assert failed(verify(folder)) == {"X15"}
    (folder / "note.txt").unlink()
    (folder / "empty").mkdir()
    assert failed(verify(folder)) == {"X15"}
    (folder / "empty").rmdir()
    (folder / "totals.json").write_bytes(encode({**sample[1]["totals.json"], "statement": ""}))
    assert {"X15", "X10"} & failed(verify(folder))
    (folder / "totals.json").unlink()
    report = verify(folder)
    assert report.exit_status == 2
    assert {"X15", "X7"} <= failed(report)


@pytest.mark.parametrize(
    "file",
    ["profile.json", "election_parameters.json", "election_manifest.json", "hashes.json", "hashes_ext.json", "joint_public_keys.json",
     "voting_devices.json", "acknowledgements.jsonl", BALLOTS, OPENINGS, TALLY, "totals.json", "signature.json"],
)  # fmt: skip
def test_a_missing_broken_or_linked_file_is_unreadable(sample: tuple[Maker, Files], tmp_path: Path, file: str) -> None:
    folder = write(tmp_path / "record", sample[1])
    content = (folder / file).read_bytes()
    for broken in (None, content[:-1], b"\xff\xfe", b"[]\n", content + b"\n", b"null\n"):
        (folder / file).unlink(missing_ok=True)
        if broken is not None:
            (folder / file).write_bytes(broken)
        assert verify(folder).exit_status == 2, broken
    (folder / file).unlink()
    (tmp_path / "elsewhere").write_bytes(content)
    (folder / file).symlink_to(tmp_path / "elsewhere")
    assert verify(folder).exit_status == 2
    (folder / file).unlink()
    os.mkfifo(folder / file)
    assert verify(folder).exit_status == 2


@pytest.mark.parametrize("change", [{"version": 2}, {"kind": "logged"}, {"profile": "other"}])
def test_an_unknown_profile_is_unreadable(sample: tuple[Maker, Files], tmp_path: Path, change: Files) -> None:
    folder = write(tmp_path / "record", sample[1])
    (folder / "profile.json").write_bytes(encode({"profile": "psephos", "version": 1, "kind": "offline", "files": []} | change))
    assert verify(folder).exit_status == 2


def test_a_folder_that_is_no_record_is_unreadable(tmp_path: Path) -> None:
    assert verify(tmp_path).exit_status == 2
    assert verify(tmp_path / "missing").exit_status == 2


def test_two_processes_find_the_same(tmp_path: Path) -> None:
    maker = Maker()
    files = maker.files(VOTES * 9)
    folder = write(tmp_path / "record", files)
    reports = [verify_record(folder, KEY, processes=n, group=TOY) for n in (1, 2)]
    assert reports[0].verified
    assert reports[0].json() == reports[1].json()


def test_the_standard_group_refuses_a_record_of_the_toy_group(sample: tuple[Maker, Files], tmp_path: Path) -> None:
    assert verify_record(write(tmp_path / "record", sample[1]), KEY).exit_status == 2


def test_manifests_that_hide_something_are_refused(tmp_path: Path) -> None:
    for label in ("Yes\u200b", "Nо", " Yes", "yes"):
        original = CONTESTS[0]["options"][1]  # type: ignore[index]
        label_before = original["label"]
        original["label"] = label if label != "yes" else "YES"
        try:
            _, files = make()
        finally:
            original["label"] = label_before
        assert failed(verify(write(tmp_path / hashlib.sha256(label.encode()).hexdigest(), files))) == {"X18"}
