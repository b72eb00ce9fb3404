"""The trial decryption from medium and copy, by files; over HTTP it is in test_online.py (OP-02)."""

import os
import shutil
from pathlib import Path

import pytest

from api.ceremony import trial
from api.ceremony.paths import author_of
from api.ceremony.trial import Missing, answer_name, check_finished, latest_round, missing
from api.errors import Conflict, Invalid
from cli.errors import PsephosError
from cli.keystore import seal
from cli.trial import answer, check_copy, on_one_medium
from engine.encoding import from_json, to_json
from engine.errors import DecryptionRefused
from engine.trial import COPY, MEDIUM, TrialAnswer
from tests.cli.folders import PASSPHRASE, Room
from tests.groups import TOY


def backup(room: Room, i: int) -> Path:
    """The copy on the other medium."""
    folder = room.path / f"backup_{i}"
    folder.mkdir(exist_ok=True)
    shutil.copyfile(room.own(i).share_file, folder / room.own(i).share_file.name)
    return folder


def both(room: Room, *guardians: int) -> None:
    for i in guardians:
        answer(room.board, room.own(i), PASSPHRASE)
        answer(room.board, room.own(i), PASSPHRASE, backup(room, i))


def test_op02_the_trial_is_finished_when_all_have_answered_from_medium_and_copy(finished: Room) -> None:
    board, election = finished.board, finished.board.election()
    with pytest.raises(PsephosError, match="nobody has asked"):
        answer(board, finished.own(1), PASSPHRASE)
    assert len(missing(board, election)) == 8
    with pytest.raises(Conflict, match="has not begun"):
        check_finished(board, election)
    trial.begin(board, 1)
    seed = latest_round(board)
    trial.begin(board, 1)
    assert latest_round(board) == seed
    with pytest.raises(Conflict, match="round 3 of the trial decryption comes after round 2"):
        trial.begin(board, 3)
    both(finished, 1, 2, 4)
    assert answer(board, finished.own(3), PASSPHRASE) == answer_name(1, 3, MEDIUM)
    assert missing(board, election) == (Missing(3, COPY),)
    with pytest.raises(Conflict, match=r"awaited: guardian 3 \(copy\)$"):
        check_finished(board, election)
    both(finished, 3)
    check_finished(board, election)
    trial.begin(board, 2)
    assert len(missing(board, election)) == 8, "a new round counts from the beginning"
    both(finished, 1, 2, 3, 4)
    check_finished(board, election)


def test_op02_a_copy_that_is_the_key_share_itself_is_refused(finished: Room, tmp_path: Path) -> None:
    trial.begin(finished.board, 1)
    own = finished.own(1)
    for name, make in (("link", os.symlink), ("hard", os.link)):
        make(own.share_file, tmp_path / name)
        with pytest.raises(PsephosError, match="is no copy but the very file"):
            answer(finished.board, own, PASSPHRASE, tmp_path / name)
    with pytest.raises(PsephosError, match="is no copy but the very file"):
        check_copy(own.path, own)
    with pytest.raises(PsephosError, match="is not there"):
        check_copy(tmp_path, own)
    assert on_one_medium(backup(finished, 1), own)
    assert not finished.board.has(answer_name(1, 1, COPY))


def test_op02_a_medium_or_copy_that_cannot_be_read_is_found_now(finished: Room) -> None:
    trial.begin(finished.board, 1)
    own, copy = finished.own(1), backup(finished, 1) / "guardian_1.share"
    copy.write_bytes(copy.read_bytes()[:-10])
    with pytest.raises(PsephosError, match="damaged"):
        answer(finished.board, own, PASSPHRASE, copy)
    shutil.copyfile(finished.own(2).share_file, copy)
    with pytest.raises(PsephosError, match="sealed for another purpose"):
        answer(finished.board, own, PASSPHRASE, copy)
    with pytest.raises(PsephosError, match="passphrase is wrong"):
        answer(finished.board, own, b"another passphrase")
    own.share_file.unlink()
    with pytest.raises(FileNotFoundError):
        answer(finished.board, own, PASSPHRASE)
    assert len(missing(finished.board, finished.board.election())) == 8


def test_the_key_share_of_another_guardian_under_my_number_is_refused(finished: Room, tmp_path: Path) -> None:
    trial.begin(finished.board, 1)
    share = finished.own(2).unseal_share(PASSPHRASE)
    seal(tmp_path / "copy", to_json(share), "key share of guardian 1", PASSPHRASE)
    with pytest.raises(DecryptionRefused, match="is the key share of guardian 2, not of guardian 1"):
        answer(finished.board, finished.own(1), PASSPHRASE, tmp_path / "copy")


def test_run_again_it_publishes_the_same(finished: Room) -> None:
    trial.begin(finished.board, 1)
    name = answer(finished.board, finished.own(1), PASSPHRASE)
    before = (finished.board.path / name).read_bytes()
    assert answer(finished.board, finished.own(1), PASSPHRASE) == name
    (finished.board.path / name).unlink()  # stopped before it was said
    answer(finished.board, finished.own(1), PASSPHRASE)
    assert (finished.board.path / name).read_bytes() == before


def test_an_answer_that_is_wrong_is_missing_and_the_next_round_mends_it(finished: Room) -> None:
    board, election = finished.board, finished.board.election()
    trial.begin(board, 1)
    both(finished, 1, 3, 4)
    medium = from_json(TrialAnswer, (board.path / answer_name(1, 1, MEDIUM)).read_bytes(), TOY)
    board.publish(answer_name(1, 2, MEDIUM), to_json(medium))
    board.publish(answer_name(1, 2, COPY), b"{}")
    first, second = missing(board, election)
    assert (first.guardian, first.source, second.guardian, second.source) == (2, MEDIUM, 2, COPY)
    assert "another guardian's answer" in first.wrong
    assert second.wrong
    with pytest.raises(Conflict, match=r"guardian 2 \(medium: guardian 2, trial decryption from the medium: this is another"):
        check_finished(board, election)
    trial.begin(board, 2)
    both(finished, 1, 2, 3, 4)
    check_finished(board, election)


def test_who_says_what_in_the_trial() -> None:
    assert author_of("trial/round_1/request.json") is None
    assert author_of("log_key.json") is None
    assert author_of(answer_name(12, 3, MEDIUM)) == 3
    assert author_of(answer_name(1, 20, COPY)) == 20
    for name in ("trial/round_0/request.json", "trial/round_1/guardian_1.json", "trial/round_1/guardian_1_other.json"):
        with pytest.raises(Invalid):
            author_of(name)
