"""Ballots from files: choices in plain words, what the box refuses, and that nothing is lost."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.ballot import LARGEST_BALLOT, challenge_ballot, read_choices, receive, store
from cli.errors import PsephosError
from engine.ballot import EncryptedBallot, Opening, Selections
from engine.encoding import from_json, to_json
from engine.errors import EngineError
from engine.manifest import Manifest
from engine.tally import verify_and_multiply
from tests.cli.folders import AFTER, DURING, NO, YES, Count, Crash, Killed, Room, a_ballot, cast, challenge, close, contents
from tests.groups import TOY


@pytest.fixture
def manifest(finished: Room) -> Manifest:
    return finished.board.parameters().manifest


REFUSED: list[tuple[Any, str]] = [
    ([], "the choices are a JSON object"),
    ({}, "the choices are a JSON object"),
    ({"ballot_style": "One"}, "the choices are a JSON object"),
    ({"ballot_style": "One", "choices": [["Strike", ["Yes"]]]}, "the choices are a JSON object"),
    ({"ballot_style": "One", "choices": None}, "the choices are a JSON object"),
    ({"ballot_style": "Two", "choices": {}}, "there is no ballot style 'Two'; there are: Both, One"),
    ({"ballot_style": ["One"], "choices": {}}, "there is no ballot style"),
    ({"ballot_style": "One", "choices": {"Strike": "Yes"}}, r"'Strike': the options chosen are a list, such as \['Yes'\], or \[\]"),
    ({"ballot_style": "One", "choices": {"Strike": 1}}, "'Strike': the options chosen are a list"),
    ({"ballot_style": "One", "choices": {"Strike": None}}, "'Strike': the options chosen are a list"),
    ({"ballot_style": "One", "choices": {"Strike": ["Maybe"]}}, "'Strike' has no option 'Maybe'; there are: Yes, No, Spoil"),
    ({"ballot_style": "One", "choices": {"Strike": [["Yes"]]}}, "'Strike' has no option"),
    ({"ballot_style": "One", "choices": {"Strike": [1]}}, "'Strike' has no option '1'"),
    ({"ballot_style": "One", "choices": {"Executive": ["First"]}}, "ballot style 'One' has no question 'Executive'"),
    ({"ballot_style": "One", "choices": {"strike": ["Yes"]}}, "ballot style 'One' has no question 'strike'"),
]


@pytest.mark.parametrize(("choices", "message"), REFUSED, ids=range(len(REFUSED)))
def test_choices_are_refused_in_plain_words(manifest: Manifest, choices: Any, message: str) -> None:
    with pytest.raises(PsephosError, match=message):
        read_choices(json.dumps(choices).encode(), manifest)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[" * 100_000, b"Yes"], ids=range(4))
def test_what_is_no_file_of_choices_is_refused(manifest: Manifest, content: bytes) -> None:
    with pytest.raises(PsephosError, match="the choices are a JSON object"):
        read_choices(content, manifest)


def test_choices_in_plain_words_are_understood(manifest: Manifest) -> None:
    content = b'{"ballot_style":"Both","choices":{"Executive":["Third","First"],"Strike":["No"]}}'
    assert read_choices(content, manifest) == Selections(1, ((0, 1, 0), (1, 0, 1, 0)))
    assert read_choices(b'{"ballot_style":"One","choices":{}}', manifest) == Selections(2, ((0, 0, 0),))


def test_nothing_is_received_before_the_opening_or_after_the_close(finished: Room) -> None:
    election = finished.board.election()
    ballot, opening = a_ballot(election, YES)
    opens, closes = election.manifest.opens, election.manifest.closes
    for now in (opens - timedelta(microseconds=1), closes, AFTER):
        with pytest.raises(PsephosError, match="voting is open from 2026-11-01T09:00:00Z to 2026-11-20T17:00:00Z; nothing was stored"):
            receive(finished.board, election, to_json(ballot), now)
        with pytest.raises(PsephosError, match="nothing was stored"):
            challenge_ballot(finished.board, election, to_json(ballot), to_json(opening), now)
    for now in (opens, closes - timedelta(microseconds=1)):
        assert receive(finished.board, election, to_json(ballot), now) == ballot


def test_nothing_is_received_when_the_set_is_fixed(voted: Count) -> None:
    ballot, _ = a_ballot(voted.election, YES)
    with pytest.raises(PsephosError, match="the set of ballots is fixed; nothing was stored"):
        receive(voted.board, voted.election, to_json(ballot), DURING)


def test_a_ballot_with_a_state_is_refused(finished: Room) -> None:
    election = finished.board.election()
    for state in ("Cast", "Challenged", "Discounted", ""):
        with pytest.raises(PsephosError, match="has no state"):
            receive(finished.board, election, to_json(a_ballot(election, YES)[0].with_state(state)), DURING)


def test_a_huge_ballot_is_refused(finished: Room) -> None:
    with pytest.raises(PsephosError, match="more than 4194304; nothing was stored"):
        receive(finished.board, finished.board.election(), b" " * (LARGEST_BALLOT + 1), DURING)


def test_a_copied_ballot_is_refused_cr_05(finished: Room) -> None:
    board, election = finished.board, finished.board.election()
    original = cast(finished, YES, (1, 0, 0, 0))
    other, _ = a_ballot(election, NO, (1, 0, 0, 0))
    copies = [
        replace(other, selection_encryption_identifier=original.selection_encryption_identifier),
        replace(other, contests=original.contests),
        replace(other, nonce=original.nonce),
    ]
    before = contents(board.path)
    for number, each in enumerate(copies):
        copy = replace(each, ballot_id=f"{number:064X}")
        with pytest.raises(EngineError):  # by its proofs, where they are checked,
            receive(board, election, to_json(copy), DURING)
        with pytest.raises(PsephosError, match="another ballot has the same identifier or ciphertext; nothing was stored"):
            store(board, copy, to_json(copy))  # and by what it has in common with the other ballot
    reproved, _ = a_ballot(election, YES)
    with pytest.raises(PsephosError, match="with this confirmation code and other proofs is there already"):
        store(board, replace(reproved, ballot_id=original.ballot_id), b"other bytes")
    assert contents(board.path) == before


def test_the_same_ballot_handed_in_again_is_counted_once(finished: Room) -> None:
    ballot = cast(finished, YES)
    store(finished.board, ballot, to_json(ballot))
    assert [path.stem for path in (finished.board.path / "ballots").iterdir()] == [ballot.ballot_id]


def test_a_challenged_ballot_is_never_cast_and_a_cast_one_never_challenged_cr_51(finished: Room) -> None:
    board, election = finished.board, finished.board.election()
    challenged, ballot = challenge(finished, YES), cast(finished, NO)
    for _ in range(2):
        with pytest.raises(PsephosError, match="this ballot was challenged: its choices are known, so it is never cast; encrypt a new one"):
            store(board, receive(board, election, to_json(challenged), DURING), to_json(challenged))
    mine, opening = a_ballot(election, YES)
    store(board, mine, to_json(mine))
    with pytest.raises(PsephosError, match="cast already; it cannot be challenged any more"):
        challenge_ballot(board, election, to_json(mine), to_json(opening), DURING)
    states = {path.stem: state for state, path in board.ballots()}
    assert states == {challenged.ballot_id: "Challenged", ballot.ballot_id: "Cast", mine.ballot_id: "Cast"}


def test_a_ciphertext_of_a_challenged_ballot_is_not_cast_under_another_identifier_cr_51(finished: Room) -> None:
    challenged = challenge(finished, YES)
    other, _ = a_ballot(finished.board.election(), NO)
    with pytest.raises(PsephosError, match="same identifier or ciphertext"):
        store(finished.board, replace(other, contests=challenged.contests), b"x")


def test_a_challenge_needs_the_right_opening(finished: Room) -> None:
    board, election = finished.board, finished.board.election()
    ballot, opening = a_ballot(election, YES)
    wrong = [
        a_ballot(election, YES)[1],
        replace(opening, choices=(NO,)),
        replace(opening, ballot_nonce=bytes(32)),
        replace(opening, encryption_nonce=TOY.scalar(5)),
    ]
    before = contents(board.path)
    for each in wrong:
        with pytest.raises(EngineError):
            challenge_ballot(board, election, to_json(ballot), to_json(each), DURING)
    assert contents(board.path) == before
    opened = challenge_ballot(board, election, to_json(ballot), to_json(opening), DURING)
    assert [option.value for option in opened.contests[0].options] == [1, 0, 0]


def test_the_box_goes_on_after_a_crash_anywhere_and_takes_the_same_ballot(finished: Room, tmp_path: Path) -> None:
    election = finished.board.election()
    ballot, opening = a_ballot(election, YES)
    for tested in (False, True):
        for at in range(1, 30):
            room, crash = finished.copy(tmp_path / f"{tested} {at}"), Crash(at)

            def hand_in(room: Room = room, tested: bool = tested) -> None:
                if tested:
                    challenge_ballot(room.board, election, to_json(ballot), to_json(opening), DURING)
                else:
                    store(room.board, ballot, to_json(ballot))

            try:
                with crash():
                    hand_in()
            except Killed:
                states = [state for state, _ in room.board.ballots()]
                assert states in ([], ["Challenged" if tested else "Cast"])  # a ballot to be opened is never in the box as a vote
                hand_in()
            assert [state for state, _ in room.board.ballots()] == ["Challenged" if tested else "Cast"]
            cast(room, NO)
            assert len(list(room.board.ballots())) == 2
            shutil.rmtree(room.path)
            if not crash.happened:
                break
        assert at > 3


@pytest.mark.parametrize("cut", [1, 30, 64, 65, 66, 100, 129])
def test_a_line_cut_off_by_a_crash_blocks_no_ballot(finished: Room, cut: int) -> None:
    board, used = finished.board, finished.board.path / "used.txt"
    cast(finished, YES)
    before = used.read_bytes()
    ballot, _ = a_ballot(board.election(), NO)
    with used.open("ab") as file:
        file.write(f"{ballot.selection_encryption_identifier.hex().upper()} {ballot.ballot_id}".encode()[:cut])
    store(board, ballot, to_json(ballot))
    assert used.read_bytes().startswith(before)
    assert {len(line) for line in used.read_bytes().splitlines()} == {129}


@pytest.mark.parametrize("damaged", [b"one\n", b"one two three\n", b"\xff \xff\n"])
def test_a_damaged_list_of_what_was_used_is_an_error(finished: Room, damaged: bytes) -> None:
    (finished.board.path / "used.txt").write_bytes(damaged)
    with pytest.raises(PsephosError, match="used.txt is damaged; nothing was stored"):
        cast(finished, YES)
    assert list(finished.board.ballots()) == []


def test_what_is_closed_is_what_every_verifier_counts(finished: Room) -> None:
    cast(finished, YES)
    challenge(finished, NO)
    cast(finished, NO, (0, 1, 1, 0))
    count = close(finished)
    found = verify_and_multiply(count.board.closed_ballots(), count.election)
    assert dict(found.states) == {(2, "Cast"): 1, (2, "Challenged"): 1, (1, "Cast"): 1}
    kept = count.board.read(Opening, f"challenged/{found.challenged[0].ballot_id}.json")
    assert kept is not None
    assert isinstance(from_json(EncryptedBallot, to_json(found.challenged[0]), TOY), EncryptedBallot)
