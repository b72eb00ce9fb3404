"""The count by files: what a trustee's program refuses, who is named, and what survives a crash."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from api.ceremony.attempts import HASHES, RESPONSES, RESTARTS, VALUES, Attempts
from api.ceremony.requests import DecryptionRequest, latest_request
from api.errors import Conflict
from cli import exchange
from cli.counting import run_decryption
from cli.errors import PsephosError
from cli.exchange import CLOSED, wait_for
from cli.result import combine_answers
from engine import hashing
from engine.ballot import EncryptedBallot, OptionCiphertext
from engine.decryption import CommitmentHashes, NonceShares, PartialDecryptions, Responses
from engine.encoding import from_json, to_json
from engine.errors import CeremonyError, DecryptionRefused, EngineError, FormatError, QuorumError
from engine.guardian import commit, respond, reveal
from engine.tally import verify_and_multiply
from tests.cli.folders import EXPECTED, PASSPHRASE, Count, Crash, Killed, a_ballot, contents, finished_room, no_nonce_twice, totals
from tests.groups import TOY


def put(room: Count, name: str, content: bytes) -> None:
    """Somebody who can write in the election folder does so."""
    path = room.board.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def message(room: Count, kind: type, attempt: int, folder: str, guardian: int, number: int = 1) -> object:
    return room.board.read(kind, f"decryption/request_{number}/attempt_{attempt}/{folder}/guardian_{guardian}.json")


def published(room: Count) -> list[str]:
    folder = room.board.path / "decryption"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("guardian_*.json"))


# What a trustee's program refuses


@pytest.mark.parametrize("early", [timedelta(seconds=1), timedelta(days=5), timedelta(days=400)])
def test_nothing_is_decrypted_before_the_close_cr_49(voted: Count, early: timedelta) -> None:
    voted.ask(1, 2)
    now = voted.election.manifest.closes - early
    with pytest.raises(DecryptionRefused, match="voting is open until 2026-11-20T17:00:00Z: nothing is decrypted before"):
        run_decryption(voted.board, voted.own(1), PASSPHRASE, now, 1)
    assert published(voted) == []


def ballot_lines(room: Count) -> list[bytes]:
    return list(room.board.closed_ballots())


def left_out(lines: list[bytes]) -> list[bytes]:
    return [line for line in lines if line != next(each for each in lines if b'"Cast"' in each)]


def challenged_included(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b'"Challenged"', b'"Cast"') for line in lines]


def discounted_included(lines: list[bytes]) -> list[bytes]:
    return [line.replace(b'"Discounted"', b'"Cast"') for line in lines]


def one_alone(lines: list[bytes]) -> list[bytes]:
    return [line for line in lines if b'"Cast"' in line][:1]


@pytest.mark.parametrize("choose", [left_out, challenged_included, discounted_included, one_alone])
def test_an_aggregate_of_other_ballots_is_refused_cr_43_cr_47(voted: Count, choose: Callable[[list[bytes]], list[bytes]]) -> None:
    found, digest = voted.checked()
    other = verify_and_multiply(choose(ballot_lines(voted)), voted.election).tally
    assert other != found.tally
    put(voted, "decryption/request_1.json", to_json(DecryptionRequest((1, 2), digest, other)))
    with pytest.raises(DecryptionRefused, match="the aggregate to be decrypted is not the product of the counted ballots"):
        voted.decrypt(1)
    assert published(voted) == []
    assert not voted.own(1).noted("aggregate")


@pytest.mark.parametrize("power", [0, 2, 3])
def test_a_power_of_the_aggregate_or_one_with_a_ciphertext_in_it_is_refused_cr_47(voted: Count, power: int) -> None:
    found, digest = voted.checked()
    contest = found.tally.contests[0]
    options = tuple(OptionCiphertext(each.alpha ** TOY.scalar(power), each.beta ** TOY.scalar(power)) for each in contest.options)
    other = replace(found.tally, contests=(replace(contest, options=options), *found.tally.contests[1:]))
    single = from_json(EncryptedBallot, one_alone(ballot_lines(voted))[0], TOY).contests[0][1].ciphertexts
    alone = replace(found.tally, contests=(replace(contest, options=single), *found.tally.contests[1:]))
    for number, tally in enumerate((other, alone), 1):
        put(voted, f"decryption/request_{number}.json", to_json(DecryptionRequest((1, 2), digest, tally)))
        with pytest.raises(DecryptionRefused, match="is not the product of the counted ballots"):
            voted.decrypt(1)
    assert published(voted) == []


def test_a_request_about_other_ballots_is_refused(voted: Count) -> None:
    found, digest = voted.checked()
    put(voted, "decryption/request_1.json", to_json(DecryptionRequest((1, 2), bytes(32), found.tally)))
    with pytest.raises(DecryptionRefused, match="the request is about other ballots than those in the closed box"):
        voted.decrypt(1)


@pytest.mark.parametrize("choose", [left_out, challenged_included, discounted_included, one_alone])
def test_a_second_aggregate_after_the_first_is_refused_cr_48(voted: Count, choose: Callable[[list[bytes]], list[bytes]]) -> None:
    voted.ask(1, 2)
    assert voted.together(1, 2) == {1: None, 2: None}
    before = published(voted)
    (voted.board.path / CLOSED).write_bytes(b"".join(line + b"\n" for line in choose(ballot_lines(voted))))
    voted.ask(1, 2)
    for i in (1, 2):
        with pytest.raises(DecryptionRefused, match="has already agreed to decrypt another aggregate of this election"):
            voted.decrypt(i)
    assert published(voted) == before


def test_a_unit_so_small_that_its_tally_shows_votes_is_refused_cr_47(voted: Count) -> None:
    (voted.board.path / CLOSED).write_bytes(b"".join(line + b"\n" for line in one_alone(ballot_lines(voted))))
    voted.ask(1, 2)
    with pytest.raises(DecryptionRefused, match="ballots are too few to be decrypted together"):
        voted.decrypt(1)
    assert published(voted) == []
    assert not voted.own(1).noted("aggregate")


def test_a_ballot_that_is_forged_is_found_by_every_trustee(voted: Count) -> None:
    voted.ask(1, 2)
    content = (voted.board.path / CLOSED).read_bytes()
    position = content.index(b'"v":"') + 6
    changed = content[:position] + (b"0" if content[position : position + 1] != b"0" else b"1") + content[position + 1 :]
    (voted.board.path / CLOSED).write_bytes(changed)
    with pytest.raises(EngineError, match="ballot "):
        voted.decrypt(1)
    assert published(voted) == []


def test_a_trustee_who_is_not_asked_does_nothing(voted: Count) -> None:
    voted.ask(1, 2)
    with pytest.raises(DecryptionRefused, match="guardian 3 is not among those asked to decrypt: the scrutineer has asked guardians 1, 2"):
        voted.decrypt(3)
    assert published(voted) == []


def test_a_key_share_of_another_election_or_guardian_is_refused_cr_58(voted: Count, tmp_path: Path) -> None:
    other = finished_room(tmp_path / "another", 4, 2)
    voted.ask(1, 2)
    voted.own(1).share_file.unlink()
    shutil.copy(other.own(1).share_file, voted.own(1).share_file)
    with pytest.raises(DecryptionRefused, match="belongs to another election"):
        voted.decrypt(1)
    voted.own(1).share_file.unlink()
    shutil.copy(voted.own(2).share_file, voted.own(1).share_file)
    with pytest.raises(PsephosError, match="sealed for another purpose: 'key share of guardian 2'"):
        voted.decrypt(1)


def test_a_mark_alone_opens_nobodys_vote_cr_50(voted: Count) -> None:
    """A scrutineer who marks a cast ballot as challenged gets no nonce of it, neither when he closes nor from a trustee."""
    line = one_alone(ballot_lines(voted))[0]
    victim = from_json(EncryptedBallot, line, TOY)
    _, opening = a_ballot(voted.election, (1, 0, 0), (1, 0, 0, 0))
    lines = [each.replace(b'"Cast"', b'"Challenged"') if each == line else each for each in ballot_lines(voted)]
    (voted.board.path / CLOSED).write_bytes(b"".join(each + b"\n" for each in lines))
    with pytest.raises(DecryptionRefused, match=f"ballot {victim.ballot_id} is marked as challenged, but nobody has shown its opening"):
        voted.ask(1, 2)
    put(voted, f"challenged/{victim.ballot_id}.json", to_json(opening))
    with pytest.raises(DecryptionRefused, match="is marked as challenged, but what is shown is not its opening"):
        voted.ask(1, 2)
    tally = verify_and_multiply(lines, voted.election).tally
    put(voted, "decryption/request_1.json", to_json(DecryptionRequest((1, 2), bytes(32), tally)))
    with pytest.raises(DecryptionRefused, match="is marked as challenged"):
        voted.decrypt(1)
    assert published(voted) == []


def test_nonces_are_decrypted_of_challenged_ballots_and_of_no_others_cr_50(voted: Count) -> None:
    voted.ask(1, 3)
    voted.together(1, 3)
    challenged = [from_json(EncryptedBallot, line, TOY).ballot_id for line in ballot_lines(voted) if b'"Challenged"' in line]
    for i in (1, 3):
        shares = voted.board.read(NonceShares, f"decryption/request_1/nonces/guardian_{i}.json")
        assert shares is not None
        assert [each.ballot_id for each in shares.ballots] == challenged
    _, openings = combine_answers(voted.board, voted.election, voted.checked()[0], patient=False)
    assert [opening.ballot_id for opening in openings] == challenged
    assert [option.value for option in openings[0].contests[0].options] == [1, 0, 0]


# Who is named, and who can go on


def bad_value(room: Count, guardian: int) -> None:
    """A guardian who commits to M_i·g, and reveals and answers as if it were right."""
    asked, found = latest_request(room.board), room.checked()[0]
    assert asked
    number, request = asked
    share = room.own(guardian).unseal_share(PASSPHRASE)
    attempts = Attempts(room.board, number, request, found.tally, room.election)
    secrets, _ = commit(share, request.tally, found.tally, request.guardians, room.election)
    rows = tuple(tuple(replace(each, m=each.m * TOY.g) for each in row) for row in secrets.own.contests)
    secrets._own = PartialDecryptions(guardian, rows)
    H_E = room.election.extended_base_hash
    hashes = CommitmentHashes(guardian, tuple(
        tuple(
            hashing.tally_commitment(H_E, contest.index, place, guardian, AB.alpha, AB.beta, value.a, value.b, value.m, request.guardians)
            for place, (AB, value) in enumerate(zip(contest.options, row, strict=True), 1)
        )
        for contest, row in zip(found.tally.contests, rows, strict=True)
    ))  # fmt: skip
    attempts.publish(1, HASHES, hashes)
    others = wait(lambda: room.board.read_all(CommitmentHashes, attempts.folder(1, HASHES), request.guardians), request.guardians)
    attempts.publish(1, VALUES, reveal(secrets, others))
    values = wait(lambda: room.board.read_all(PartialDecryptions, attempts.folder(1, VALUES), request.guardians), request.guardians)
    attempts.publish(1, RESPONSES, respond(secrets, others, values, room.election))


def wait(read: Callable[[], dict], guardians: tuple[int, ...]) -> list:
    def ready() -> list | None:
        found = read()
        return [found[i] for i in guardians] if len(found) == len(guardians) else None

    return wait_for(ready, lambda: "others", patient=True) or []


def test_a_guardian_who_sends_a_wrong_value_is_named_and_the_others_finish_without_him_cr_20(voted: Count) -> None:
    voted.ask(1, 2, 3)
    raised = voted.together(1, 2, 3, guardian_2=lambda: bad_value(voted, 2))
    for i in (1, 3):
        error = raised[i]
        assert isinstance(error, CeremonyError)
        assert (error.guilty, "guardian 2, contest 1" in str(error)) == (2, True)
    with pytest.raises(CeremonyError, match="guardian 2, contest 1, option 1: its response does not fit") as caught:
        voted.combined()
    assert caught.value.guilty == 2
    with pytest.raises(CeremonyError, match="guardian 2"):  # run again, it is said again
        voted.decrypt(1)
    assert voted.ask(1, 3) == 2
    assert voted.together(1, 3) == {1: None, 3: None}
    assert totals(voted.combined()) == EXPECTED


def test_the_same_guardians_can_be_asked_again_after_a_bad_answer(voted: Count) -> None:
    voted.ask(1, 2)
    voted.together(1, 2, guardian_2=lambda: bad_value(voted, 2))
    assert voted.ask(1, 2) == 1
    assert voted.ask(1, 2, again=True) == 2
    assert voted.together(1, 2) == {1: None, 2: None}
    assert totals(voted.combined()) == EXPECTED


def test_values_that_are_not_those_committed_to_name_their_guardian_before_anybody_answers_cr_21(voted: Count) -> None:
    voted.ask(1, 2)

    def other_values() -> None:
        asked, found = latest_request(voted.board), voted.checked()[0]
        assert asked
        attempts = Attempts(voted.board, 1, asked[1], found.tally, voted.election)
        share = voted.own(2).unseal_share(PASSPHRASE)
        _, hashes = commit(share, found.tally, found.tally, (1, 2), voted.election)
        secrets, _ = commit(share, found.tally, found.tally, (1, 2), voted.election)
        attempts.publish(1, HASHES, hashes)
        wait(lambda: voted.board.read_all(PartialDecryptions, attempts.folder(1, VALUES), (1,)), (1,))  # rushing: after the other's
        attempts.publish(1, VALUES, secrets.own)

    raised = voted.together(1, 2, guardian_2=other_values)
    error = raised[1]
    assert isinstance(error, CeremonyError)
    assert error.guilty == 2
    assert message(voted, Responses, 1, RESPONSES, 1) is None
    with pytest.raises(CeremonyError, match=r"guardian 2, contest 1, option 1: \(88\) differs"):
        voted.combined()


def test_nothing_is_revealed_before_all_hashes_are_in_cr_21(voted: Count) -> None:
    voted.ask(1, 2)
    voted.together(1, guardian_1=lambda: dead_after(voted, 1, 8))
    assert message(voted, CommitmentHashes, 1, HASHES, 1) is not None
    assert message(voted, PartialDecryptions, 1, VALUES, 1) is None


def dead_after(room: Count, guardian: int, polls: int) -> None:
    """Ctrl-C after some polls in vain."""
    left = iter(range(polls))

    def sleep(_: float) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exchange.time, "sleep", sleep)
        with pytest.raises(KeyboardInterrupt):
            room.decrypt(guardian)


@pytest.mark.parametrize("lost", [(), (4,), (1, 2), (3, 4)])
def test_any_trustees_but_a_quorum_may_be_lost_op_01(voted: Count, lost: tuple[int, ...]) -> None:
    left = [i for i in (1, 2, 3, 4) if i not in lost]
    for i in lost:
        shutil.rmtree(voted.own(i).path)
    voted.ask(*left)
    assert voted.together(*left) == dict.fromkeys(left)
    assert totals(voted.combined()) == EXPECTED


def test_one_more_lost_is_said_clearly_and_all_is_kept_op_01(voted: Count) -> None:
    before = contents(voted.board.path)
    with pytest.raises(QuorumError, match="2 trustees are needed for the count, only 1 are named. The ballots stay where they are"):
        voted.ask(3)
    assert contents(voted.board.path) == before


def test_a_wait_for_a_lost_trustee_ends_with_a_new_request(voted: Count) -> None:
    voted.ask(1, 2, 3)

    def scrutineer() -> None:
        wait(lambda: voted.board.read_all(CommitmentHashes, "decryption/request_1/attempt_1/1_hashes", (1, 3)), (1, 3))
        voted.ask(1, 3)

    assert voted.together(1, 3, 9, guardian_9=scrutineer) == {1: None, 3: None, 9: None}
    assert totals(voted.combined()) == EXPECTED


# Files planted by somebody


def test_planted_notices_and_attempts_do_not_hide_the_one_that_is_right(voted: Count) -> None:
    voted.ask(1, 2)
    assert voted.together(1, 2) == {1: None, 2: None}
    base = "decryption/request_1"
    for attempt in range(1, 6):
        put(voted, f"{base}/attempt_{attempt}/{RESTARTS}/guardian_2.json", b"{}")
    for kind in (HASHES, VALUES, RESPONSES):
        put(voted, f"{base}/attempt_3/{kind}/guardian_1.json", b"garbage")
        put(voted, f"{base}/attempt_3/{kind}/guardian_2.json", b"garbage")
    (voted.board.path / f"{base}/attempt_2").mkdir(exist_ok=True)
    assert totals(voted.combined()) == EXPECTED
    assert voted.decrypt(1) is None  # nor does a trustee begin anew


def test_a_message_planted_in_my_name_makes_all_start_over_and_is_never_answered(voted: Count) -> None:
    voted.ask(1, 2)
    found = voted.checked()[0]
    _, hashes = commit(voted.own(1).unseal_share(PASSPHRASE), found.tally, found.tally, (1, 2), voted.election)
    put(voted, f"decryption/request_1/attempt_1/{HASHES}/guardian_1.json", to_json(hashes))
    assert voted.together(1, 2) == {1: None, 2: None}
    assert message(voted, Responses, 1, RESPONSES, 1) is None
    assert message(voted, Responses, 2, RESPONSES, 1) is not None
    assert totals(voted.combined()) == EXPECTED


def test_notices_of_guardians_who_are_not_asked_count_for_nothing(voted: Count) -> None:
    voted.ask(1, 2)
    for name in ("guardian_3.json", "guardian_x.json", "x.json"):
        put(voted, f"decryption/request_1/attempt_1/{RESTARTS}/{name}", b"{}")
    assert voted.together(1, 2) == {1: None, 2: None}
    assert message(voted, Responses, 1, RESPONSES, 1) is not None


@pytest.mark.parametrize("kind", [HASHES, VALUES, RESPONSES])
@pytest.mark.parametrize("content", [b"garbage", b"", b"{}", b"[" * 10_000], ids=range(4))
def test_garbage_from_another_guardian_is_an_error_by_name(voted: Count, kind: str, content: bytes) -> None:
    voted.ask(1, 2)
    put(voted, f"decryption/request_1/attempt_1/{kind}/guardian_2.json", content)

    def another() -> None:
        asked = latest_request(voted.board)
        assert asked
        attempts = Attempts(voted.board, 1, asked[1], voted.checked()[0].tally, voted.election)
        secrets, hashes = commit(voted.own(2).unseal_share(PASSPHRASE), attempts.tally, attempts.tally, (1, 2), voted.election)
        attempts.publish(1, HASHES, hashes)
        others = wait(lambda: voted.board.read_all(CommitmentHashes, attempts.folder(1, HASHES), (1, 2)), (1, 2))
        attempts.publish(1, VALUES, reveal(secrets, others))

    raised = voted.together(1, 2, guardian_2=another)
    assert isinstance(raised[1], FormatError)
    assert f"{kind}/guardian_2.json" in str(raised[1])


@pytest.mark.parametrize("content", [b"garbage", b"{}", b'{"guardians":[],"ballots":"00","tally":5}'])
def test_a_request_that_is_garbage_is_an_error_by_name(voted: Count, content: bytes) -> None:
    put(voted, "decryption/request_1.json", content)
    with pytest.raises(FormatError, match="request_1.json"):
        voted.decrypt(1)


def test_a_request_number_nought_is_no_request(voted: Count) -> None:
    found, digest = voted.checked()
    put(voted, "decryption/request_0.json", to_json(DecryptionRequest((1, 2), digest, found.tally)))
    assert voted.decrypt(1, patient=False) == "the scrutineer's request"


@pytest.mark.parametrize("guardians", [(), (1,), (1, 1), (0, 1), (1, 5), (2, 1), (1, 2**40)])
def test_a_request_to_guardians_who_do_not_exist_is_refused(voted: Count, guardians: tuple[int, ...]) -> None:
    with pytest.raises(QuorumError):
        voted.ask(*guardians)


def test_an_answer_that_is_awaited_is_said(voted: Count) -> None:
    with pytest.raises(Conflict, match="nobody has been asked to decrypt yet"):
        voted.combined()
    voted.ask(1, 2)
    with pytest.raises(PsephosError, match="answers are awaited of guardians 1, 2"):
        voted.combined()


def test_before_the_close_it_is_said_what_comes_first(finished: Count) -> None:
    with pytest.raises(PsephosError, match="is not there yet; first, after the closing time: psephos scrutineer close"):
        Count(finished.path, 4).ask(1, 2)


# Crashes


def test_a_guardian_who_crashes_anywhere_finishes_when_run_again_and_never_answers_twice_cr_22_op_05(voted: Count, tmp_path: Path) -> None:
    voted.ask(1, 2)
    for at in range(1, 100):
        room, crash = voted.copy(tmp_path / f"at {at}"), Crash(at, thread="guardian 2")

        def twice(room: Count = room, crash: Crash = crash) -> None:
            try:
                with crash():
                    room.decrypt(2)
            except Killed:
                crash.at = 10**9
                room.decrypt(2)

        raised = room.together(1, 2, guardian_2=twice)
        assert raised == {1: None, 2: None}, at
        assert totals(room.combined()) == EXPECTED
        no_nonce_twice(room, 1)
        no_nonce_twice(room, 2)
        if crash.at != 10**9:
            break
        shutil.rmtree(room.path)
    assert at > 12


def test_all_guardians_stopped_at_every_stage_finish_when_run_again(voted: Count) -> None:
    voted.ask(1, 2)
    for polls in (1, 3, 5):
        dead_after(voted, 1, polls)
        dead_after(voted, 2, polls)
    assert voted.together(1, 2) == {1: None, 2: None}
    assert totals(voted.combined()) == EXPECTED
    no_nonce_twice(voted, 1)


def test_a_guardian_whose_journal_is_lost_starts_over_and_never_answers_twice_cr_22(voted: Count) -> None:
    voted.ask(1, 2)
    dead_after(voted, 1, 3)
    voted.own(1).journal.unlink()
    assert voted.together(1, 2) == {1: None, 2: None}
    assert message(voted, Responses, 1, RESPONSES, 1) is None
    no_nonce_twice(voted, 1)


def test_a_commitment_that_somebody_takes_away_is_not_made_again_in_the_same_attempt_cr_22(voted: Count) -> None:
    voted.ask(1, 2)
    dead_after(voted, 1, 3)
    (voted.board.path / f"decryption/request_1/attempt_1/{HASHES}/guardian_1.json").unlink()
    assert voted.together(1, 2) == {1: None, 2: None}
    assert message(voted, CommitmentHashes, 1, HASHES, 1) is None
    assert message(voted, Responses, 2, RESPONSES, 1) is not None


def test_a_key_share_restored_from_its_backup_decrypts(voted: Count, tmp_path: Path) -> None:
    backup = tmp_path / "backup.share"
    shutil.copy(voted.own(2).share_file, backup)
    shutil.rmtree(voted.own(2).path)
    voted.own(2).path.mkdir()
    shutil.copy(backup, voted.own(2).share_file)
    voted.ask(2, 4)
    assert voted.together(2, 4) == {2: None, 4: None}
    assert totals(voted.combined()) == EXPECTED


def test_the_same_result_whoever_decrypts_and_however_often(voted: Count) -> None:
    for U in ((1, 2), (3, 4), (1, 2, 3, 4)):
        voted.ask(*U)
        assert voted.together(*U) == dict.fromkeys(U)
        assert totals(voted.combined()) == EXPECTED
