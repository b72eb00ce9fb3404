"""The election folder, where anybody may have put anything."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.errors import PsephosError
from cli.exchange import CLOSED, COMMITMENTS, PUBLIC_KEYS, ElectionFolder, wait_for
from engine.errors import EngineError, FormatError
from engine.key_ceremony import KeyCommitment
from tests.cli.folders import Crash, Killed, Room, close, new_room
from tests.groups import TOY

NAME = f"{COMMITMENTS}/guardian_1.json"


@pytest.fixture
def board(tmp_path: Path) -> ElectionFolder:
    (tmp_path / "election").mkdir()
    return ElectionFolder(tmp_path / "election", TOY)


def test_other_content_under_my_name_is_an_error_and_stays_as_it_is(board: ElectionFolder) -> None:
    board.publish(NAME, b"theirs")
    with pytest.raises(PsephosError, match="guardian_1.json is there already with other content: somebody else has written in this name"):
        board.publish(NAME, b"mine")
    assert (board.path / NAME).read_bytes() == b"theirs"


def test_a_folder_where_my_message_should_go_is_an_error(board: ElectionFolder) -> None:
    (board.path / NAME).mkdir(parents=True)
    with pytest.raises(PsephosError, match="is not a file"):
        board.publish(NAME, b"mine")


def test_nothing_is_written_or_read_through_a_link_out_of_the_folder(board: ElectionFolder, tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    (tmp_path / "private/guardian_1.json").write_text("secret")
    (board.path / "ceremony").mkdir()
    (board.path / COMMITMENTS).symlink_to(tmp_path / "private")
    (board.path / "guardian_2.json").symlink_to(tmp_path / "private/guardian_1.json")
    (board.path / "guardian_3.json").symlink_to(tmp_path / "private/not there")
    for name in (f"{COMMITMENTS}/guardian_5.json", NAME, "guardian_2.json", "guardian_3.json", "../private/x"):
        with pytest.raises(PsephosError, match="leads out of the election folder"):
            board.publish(name, b"x")
        with pytest.raises(FormatError, match="leads out of the election folder"):
            board.read(KeyCommitment, name)
    assert [path.name for path in (tmp_path / "private").iterdir()] == ["guardian_1.json"]


def test_links_that_lead_in_a_circle_are_an_error(board: ElectionFolder) -> None:
    (board.path / "a").symlink_to(board.path / "b")
    (board.path / "b").symlink_to(board.path / "a")
    with pytest.raises((OSError, FormatError)):
        board.read(KeyCommitment, "a")


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe", b"garbage", b"{}", b"[]", b"null", b"[" * 200_000, b'{"i":1,"commitment":"00"}', b'{"i":1e400}', b"9" * 10_000],
    ids=range(10),
)
def test_garbage_is_refused_by_name(board: ElectionFolder, content: bytes) -> None:
    board.publish(NAME, content)
    with pytest.raises(FormatError, match="guardian_1.json: "):
        board.read(KeyCommitment, NAME)


def a_folder(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_huge_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10**13)


@pytest.mark.parametrize("make", [a_folder, a_pipe, a_huge_file])
def test_what_is_no_message_at_all_is_refused_by_name_and_nobody_waits_for_it(board: ElectionFolder, make: Callable[[Path], None]) -> None:
    (board.path / COMMITMENTS).mkdir(parents=True)
    make(board.path / NAME)
    with pytest.raises(FormatError, match="guardian_1.json is (not a file|larger than)"):
        board.read_all(KeyCommitment, COMMITMENTS, [1])


def test_a_message_under_the_name_of_another_guardian_is_refused(tmp_path: Path) -> None:
    room = new_room(tmp_path)
    room.keys(1)
    board = room.board
    board.publish(f"{COMMITMENTS}/guardian_2.json", (board.path / NAME).read_bytes())
    with pytest.raises(FormatError, match="guardian_2.json is a message of guardian 1, not of guardian 2"):
        board.read_all(KeyCommitment, COMMITMENTS, [1, 2, 3])


def test_the_same_bytes_again_are_nothing_new_and_others_can_read_them(board: ElectionFolder) -> None:
    board.publish(NAME, b"mine")
    board.publish(NAME, b"mine")
    assert (board.path / NAME).read_bytes() == b"mine"
    assert (board.path / NAME).stat().st_mode & 0o777 == 0o644


def test_a_message_is_published_whole_or_not_at_all_and_readable_by_others_as_soon_as_it_is_there(board: ElectionFolder) -> None:
    for at in range(1, 20):
        name, crash = f"{at}/x.json", Crash(at)
        try:
            with crash():
                board.publish(name, b"content")
            break
        except Killed:
            path = board.path / name
            assert not path.exists() or (path.read_bytes(), path.stat().st_mode & 0o777) == (b"content", 0o644)
            board.publish(name, b"content")
    assert at > 2


def test_a_ceremony_that_lacks_an_acknowledgement_is_not_opened(finished: Room) -> None:
    board = finished.board
    (board.path / "ceremony/4_acknowledgements/guardian_2.json").unlink()
    with pytest.raises(PsephosError, match="acknowledgements of guardians 2 are awaited"):
        board.open()


def test_an_acknowledgement_does_not_stand_for_two_guardians(finished: Room) -> None:
    folder = finished.board.path / "ceremony/4_acknowledgements"
    (folder / "guardian_2.json").write_bytes((folder / "guardian_1.json").read_bytes())
    with pytest.raises(FormatError, match="is a message of guardian 1, not of guardian 2"):
        finished.board.open()


def test_keys_that_are_gone_are_awaited(finished: Room) -> None:
    (finished.board.path / PUBLIC_KEYS / "guardian_3.json").unlink()
    with pytest.raises(PsephosError, match="public keys of guardians 3 are awaited"):
        finished.board.open()


def test_opening_again_changes_nothing_and_other_keys_in_the_way_are_an_error(finished: Room) -> None:
    board = finished.board
    before = board.election()
    board.open()
    assert board.election() == before
    (board.path / "guardians/guardian_1.public_key.json").write_bytes(b"{}")
    with pytest.raises(PsephosError, match="somebody else has written in this name"):
        board.open()


def test_opening_goes_on_after_a_crash_anywhere(finished: Room, tmp_path: Path) -> None:
    for path in [finished.board.path / name for name in ("hashes_ext.json", "joint_public_keys.json", "acknowledgements.jsonl")]:
        path.unlink()
    for at in range(1, 60, 3):
        room, crash = finished.copy(tmp_path / f"at {at}"), Crash(at)
        try:
            with crash():
                room.board.open()
        except Killed:
            pass
        assert room.board.open() == finished.board.open()


def test_the_set_of_ballots_is_fixed_only_once(voted: Room) -> None:
    before = (voted.board.path / CLOSED).read_bytes()
    with pytest.raises(PsephosError, match="the set of ballots is fixed already, and stays as it is"):
        close(voted)
    assert (voted.board.path / CLOSED).read_bytes() == before


def test_a_ballot_that_nobody_could_count_is_not_fixed_among_the_others(voted: Room) -> None:
    board = voted.board
    (board.path / CLOSED).unlink()
    box = sorted((board.path / "ballots").iterdir())
    hostile: list[tuple[str, bytes]] = [
        ("x.json", b"garbage"),
        ("A" * 64 + ".json", box[0].read_bytes()),
        ("x.json", box[0].read_bytes()),
        (box[1].name, box[0].read_bytes()),
        (box[1].name, box[1].read_bytes().replace(b'"ballot_style_ix":', b'"ballot_state":"Cast","ballot_style_ix":')),
    ]
    for name, content in hostile:
        path = board.path / "ballots" / name
        before = path.read_bytes() if path.exists() else None
        path.write_bytes(content)
        with pytest.raises(PsephosError, match=f"{name}.*take it away"):
            close(voted)
        assert not (board.path / CLOSED).exists()
        path.write_bytes(before) if before else path.unlink()
    forged = box[0].read_bytes()
    box[0].write_bytes(forged[:-120] + bytes(48 + (byte + 1) % 10 if 48 <= byte < 58 else byte for byte in forged[-120:]))
    with pytest.raises((EngineError, PsephosError)):
        close(voted)
    assert not (board.path / CLOSED).exists()


def test_waiting_ends_when_there_is_something_and_says_once_who_is_awaited(capsys: pytest.CaptureFixture[str]) -> None:
    answers = iter([None, None, None, 7])
    assert wait_for(lambda: next(answers), lambda: "guardian 2", patient=True) == 7
    assert capsys.readouterr().err == "waiting for guardian 2 (stop with Ctrl-C, nothing is lost)\n"
    assert wait_for(lambda: None, lambda: "guardian 2", patient=False) is None
