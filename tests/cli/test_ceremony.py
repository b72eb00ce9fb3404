"""The key ceremony by files: who may be trusted with what, and what survives a crash."""

import itertools
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from cli.ceremony import make_keys, run_ceremony
from cli.errors import PsephosError
from cli.exchange import ACKNOWLEDGEMENTS, COMMITMENTS, COMPLAINTS, PUBLIC_KEYS, SHARES
from cli.trustee_folder import TrusteeFolder, find_index
from engine import hashing
from engine.encoding import to_json
from engine.errors import CeremonyError, EngineError, FormatError
from engine.guardian import generate_guardian_keys
from engine.key_ceremony import Complaint, EncryptedShare, GuardianPublicKeys, commit_to_keys, guardian_record_hash, join_keys
from engine.parameters import Election
from engine.proofs import Proof
from engine.signed_elgamal import encrypt_share
from tests.cli.folders import AFTER, PASSPHRASE, Crash, Killed, Room, contents, history, new_room

OTHER = b"another long passphrase"


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return new_room(tmp_path / "room")


def put(room: Room, name: str, content: bytes) -> None:
    """Somebody who can write in the election folder does so."""
    path = room.board.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


# Commitments, keys


def test_nobody_reveals_a_key_before_all_commitments_are_in_cr_17(room: Room) -> None:
    room.keys(1)
    room.keys(2)
    for _ in range(3):
        assert [room.ceremony(1), room.ceremony(2)] == ["guardians 3 (commitments)"] * 2
    assert not (room.board.path / PUBLIC_KEYS).exists()


def test_a_commitment_changed_after_the_reveal_of_others_names_its_guardian_cr_17(room: Room) -> None:
    room.all_keys()
    assert room.ceremony(1) == "guardians 2, 3 (public keys)"
    parameters = room.board.parameters()
    _, ground = generate_guardian_keys(parameters, 3)  # chosen after guardian 1's key was seen
    put(room, f"{COMMITMENTS}/guardian_3.json", to_json(commit_to_keys(ground, parameters)))
    put(room, f"{PUBLIC_KEYS}/guardian_3.json", to_json(ground))
    room.ceremony(2)
    with pytest.raises(CeremonyError, match="guardian 3 revealed other keys than it had committed to") as caught:
        room.ceremony(1)
    assert caught.value.guilty == 3
    assert not room.own(1).share_file.exists()


def test_a_key_other_than_the_committed_one_names_its_guardian_to_everybody(room: Room) -> None:
    room.all_keys()
    put(room, f"{PUBLIC_KEYS}/guardian_3.json", to_json(generate_guardian_keys(room.board.parameters(), 3)[1]))
    room.ceremony(1)
    for i in (2, 1):
        with pytest.raises(CeremonyError) as caught:
            room.ceremony(i)
        assert caught.value.guilty == 3
    with pytest.raises(PsephosError, match="guardian_3.json is there already with other content"):
        room.ceremony(3)


def test_a_damaged_list_of_commitments_is_said_and_nothing_is_sent_on_it(room: Room) -> None:
    room.all_keys()
    for damaged in (b"", b"[]", b"{}", b'{"1":5}', b'{"1":"zz","2":"","3":""}', b"[" * 100_000, b'{"1":"00","2":"00"}'):
        room.own(1).path.joinpath("commitments_seen.json").write_bytes(damaged)
        with pytest.raises(PsephosError, match="commitments_seen.json is damaged"):
            room.ceremony(1)
    assert not (room.board.path / PUBLIC_KEYS).exists()


def test_two_views_of_the_same_ceremony_give_two_fingerprints_and_nobody_finishes_cr_16(tmp_path: Path) -> None:
    here = new_room(tmp_path / "here")
    here.all_keys()
    there = here.copy(tmp_path / "there")
    there.own(3).keys_file.unlink()  # guardian 3 shows other keys to guardian 2
    (there.board.path / f"{COMMITMENTS}/guardian_3.json").unlink()
    there.keys(3)
    for view in (here, there):
        for _, i in itertools.product(range(2), (1, 2, 3)):
            view.ceremony(i)
    views = []
    for view in (here, there):
        public = tuple(view.board.read_all(GuardianPublicKeys, PUBLIC_KEYS, (1, 2, 3)).values())
        views.append(guardian_record_hash(join_keys(view.board.parameters(), public), public))
    assert views[0] != views[1]
    # Guardian 2 sees only the one view, guardian 1 the other: each gets the other's acknowledgement.
    shutil.copy(there.board.path / f"{ACKNOWLEDGEMENTS}/guardian_2.json", here.board.path / f"{ACKNOWLEDGEMENTS}/guardian_2.json")
    with pytest.raises(CeremonyError, match="guardian 2 has seen other keys: its H_G differs"):
        here.ceremony(1)
    with pytest.raises(CeremonyError, match="H_G differs"):
        here.board.open()
    assert here.own(1).keys_file.exists()


def test_keys_of_another_election_are_refused_before_anything_is_published_cr_58(room: Room, tmp_path: Path) -> None:
    room.keys(1)
    other = new_room(tmp_path / "other")
    shutil.copytree(room.own(1).path, other.own(1).path)
    for attempt in (lambda: other.keys(1), lambda: other.ceremony(1)):
        with pytest.raises(PsephosError, match="guardian_1.keys belongs to another election"):
            attempt()
    assert not (other.board.path / "ceremony").exists()


def test_a_manifest_swapped_between_two_commands_is_noticed(room: Room, tmp_path: Path) -> None:
    room.all_keys()
    other = new_room(tmp_path / "other", label="Another question")
    for name in ("election_manifest.json", "election_parameters.json", "hashes.json"):
        put(room, name, (other.board.path / name).read_bytes())
    for i in (1, 2, 3):
        with pytest.raises(PsephosError, match="belongs to another election, or this one was changed"):
            room.ceremony(i)


def test_a_manifest_swapped_after_the_shares_is_noticed(finished: Room, tmp_path: Path) -> None:
    other = new_room(tmp_path / "other", 4, label="Another question")
    for name in ("election_manifest.json", "election_parameters.json", "hashes.json"):
        put(finished, name, (other.board.path / name).read_bytes())
    with pytest.raises(EngineError):
        finished.ceremony(1)
    with pytest.raises(EngineError):
        run_decryption_of(finished, 1)


def run_decryption_of(room: Room, i: int) -> object:
    from cli.counting import run_decryption

    return run_decryption(room.board, room.own(i), PASSPHRASE, AFTER, 1, patient=False)


# Shares, complaints


def spoil_share(room: Room, sender: int, receiver: int) -> None:
    """`sender` sends `receiver` a share that opens well and is off by one."""
    parameters = room.board.parameters()
    recipient = room.board.read_all(GuardianPublicKeys, PUBLIC_KEYS, (receiver,))[receiver]
    wrong = b"\x00" * 31 + b"\x01" + b"\x00" * 31 + b"\x02"
    ciphertext = encrypt_share(wrong, parameters.parameter_base_hash, sender, receiver, recipient.communication)
    put(room, f"{SHARES}/guardian_{sender}_for_{receiver}.json", to_json(EncryptedShare(sender, receiver, ciphertext)))


def until_shares(room: Room) -> None:
    """Everybody has sent everything, and guardian 3 has not yet looked at its shares."""
    room.all_keys()
    for _, i in itertools.product(range(2), (1, 2, 3)):
        room.ceremony(i)


@pytest.mark.parametrize(("sender", "receiver"), list(itertools.permutations((1, 2, 3), 2)))
def test_a_wrong_share_gives_a_complaint_by_which_everybody_names_the_sender_cr_15(room: Room, sender: int, receiver: int) -> None:
    room.all_keys()
    order = [*(i for i in (1, 2, 3) if i != receiver), receiver]
    for i in order:
        room.ceremony(i)
    for i in order[:2]:
        room.ceremony(i)
    spoil_share(room, sender, receiver)
    with pytest.raises(CeremonyError, match=f"share from guardian {sender} for guardian {receiver}") as caught:
        room.ceremony(receiver)
    assert caught.value.guilty == sender
    assert (room.board.path / f"{COMPLAINTS}/guardian_{receiver}_about_{sender}.json").exists()
    for i in (1, 2, 3):
        with pytest.raises(CeremonyError, match=f"guardian {sender} is at fault.*start again in a new folder") as caught:
            room.ceremony(i)
        assert caught.value.guilty == sender
    assert not room.own(receiver).share_file.exists()
    with pytest.raises(PsephosError, match="there is a complaint"):
        room.board.open()
    for i in (1, 2, 3):  # and what the others hold opens nothing
        with pytest.raises(PsephosError, match="the key ceremony is not finished"):
            run_decryption_of(room, i)


def test_a_complaint_about_a_share_that_is_right_names_the_accuser(room: Room) -> None:
    until_shares(room)
    key = room.own(3).unseal_keys(PASSPHRASE)
    share = room.board.read(EncryptedShare, f"{SHARES}/guardian_1_for_3.json")
    assert share is not None
    beta, parameters = share.ciphertext.c_0.secret_power(key.secret.communication), room.board.parameters()
    u = parameters.group.random_scalar()
    c = hashing.complaint_challenge(
        parameters.parameter_base_hash, 1, 3, key.public.communication, share.ciphertext.c_0, beta,
        [parameters.group.g**u, share.ciphertext.c_0**u],
    )
    proofs = [Proof(c, u - c * key.secret.communication), Proof(c, u), None]
    for proof in proofs:
        put(room, f"{COMPLAINTS}/guardian_3_about_1.json", to_json(Complaint(1, 3, beta if proof else None, proof)))
        for i in (1, 2):
            with pytest.raises(CeremonyError, match="guardian 3 is at fault") as caught:
                room.ceremony(i)
            assert caught.value.guilty == 3


def complained(room: Room) -> None:
    """Guardian 1 has sent guardian 3 a wrong share, and guardian 3 has complained."""
    room.all_keys()
    for i in (1, 2, 3, 1, 2):
        room.ceremony(i)
    spoil_share(room, 1, 3)
    with pytest.raises(CeremonyError, match="does not fit"):
        room.ceremony(3)


def test_a_sender_who_puts_a_right_share_in_place_of_the_wrong_one_does_not_make_the_accuser_guilty(room: Room) -> None:
    complained(room)
    right = (room.own(1).path / "guardian_1_for_3.json").read_bytes()
    put(room, f"{SHARES}/guardian_1_for_3.json", right)
    for i in (2, 3):
        with pytest.raises(CeremonyError, match="one of the two has put it there.*start again in a new folder") as caught:
            room.ceremony(i)
        assert caught.value.guilty == 0


def test_a_sender_who_changes_the_keys_to_fit_the_wrong_share_is_named(room: Room) -> None:
    complained(room)
    put(room, f"{PUBLIC_KEYS}/guardian_1.json", to_json(generate_guardian_keys(room.board.parameters(), 1)[1]))
    for i in (2, 3):
        with pytest.raises(CeremonyError, match="guardian 1 revealed other keys than it had committed to") as caught:
            room.ceremony(i)
        assert caught.value.guilty == 1


def test_a_complaint_that_somebody_else_wrote_in_my_name_is_seen_by_me(room: Room) -> None:
    until_shares(room)
    put(room, f"{COMPLAINTS}/guardian_3_about_1.json", to_json(Complaint(1, 3, None, None)))
    with pytest.raises(PsephosError, match="is a complaint in this guardian's name that it never made"):
        room.ceremony(3)


def test_a_complaint_survives_a_crash_anywhere(tmp_path: Path) -> None:
    base = new_room(tmp_path / "base")
    base.all_keys()
    for i in (1, 2, 3, 1, 2):
        base.ceremony(i)
    spoil_share(base, 1, 3)
    for at in range(1, 60):
        room, crash = base.copy(tmp_path / f"at {at}"), Crash(at)
        for attempt in (crash(), nullcontext()):
            with pytest.raises((CeremonyError, Killed)), attempt:
                room.ceremony(3)
        for i in (1, 2, 3):
            with pytest.raises(CeremonyError, match="guardian 1 is at fault"):
                room.ceremony(i)
        if not crash.happened:
            break
    assert at > 5


@pytest.mark.parametrize("content", [b"garbage", b"{}", b'{"i":1,"l":9}', b'{"i":0,"l":0}', b'{"i":1,"l":1}', b'{"i":7,"l":2}'])
def test_a_complaint_that_makes_no_sense_stops_the_ceremony_in_a_line(room: Room, content: bytes) -> None:
    room.all_keys()
    put(room, f"{COMPLAINTS}/x.json", content)
    with pytest.raises((EngineError, PsephosError)):
        room.ceremony(1)


def test_a_share_in_the_place_of_another_is_refused_by_name(room: Room) -> None:
    until_shares(room)
    (room.board.path / ACKNOWLEDGEMENTS).exists()
    put(room, f"{SHARES}/guardian_1_for_3.json", (room.board.path / f"{SHARES}/guardian_2_for_3.json").read_bytes())
    room.own(3).share_file.unlink(missing_ok=True)
    with pytest.raises(FormatError, match="guardian_1_for_3.json is a share from guardian 2 for guardian 3"):
        room.ceremony(3)


# Own folders


def test_a_second_passphrase_does_not_open_the_first_ones_keys_and_changes_nothing(room: Room) -> None:
    room.keys(1)
    before = contents(room.path)
    for step in (make_keys, lambda *args: run_ceremony(*args, patient=False)):
        with pytest.raises(PsephosError, match="the passphrase is wrong"):
            step(room.board, room.own(1), OTHER)
    assert contents(room.path) == before


def test_two_trustees_cannot_use_one_own_folder(room: Room) -> None:
    room.keys(1)
    second = TrusteeFolder(room.own(1).path, 2, room.board.group)
    with pytest.raises(PsephosError, match="holds the keys of guardian 1: each trustee needs a folder of his own"):
        make_keys(room.board, second, PASSPHRASE)
    (second.path / "guardian_2.share").write_bytes(b"x")
    with pytest.raises(PsephosError, match="holds keys of guardians 1, 2"):
        find_index(second.path)


def test_an_own_folder_inside_the_election_folder_is_refused(room: Room) -> None:
    for path in (room.board.path, room.board.path / "mine", room.board.path / ".." / "election" / "mine"):
        with pytest.raises(PsephosError, match="is in the election folder, which others read"):
            make_keys(room.board, TrusteeFolder(path, 1, room.board.group), PASSPHRASE)
    assert list(room.board.path.glob("*.keys")) == []


def test_two_commands_in_one_own_folder_at_once_are_refused(room: Room) -> None:
    room.keys(1)
    with room.own(1).alone():
        for step in (lambda: room.keys(1), lambda: room.ceremony(1)):
            with pytest.raises(PsephosError, match="another psephos command is at work"):
                step()
    room.keys(1)


def test_an_own_folder_is_its_owners_alone(room: Room) -> None:
    room.keys(1)
    assert room.own(1).path.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in room.own(1).path.iterdir()} == {0o600}


@pytest.mark.parametrize("name", ["guardian_x.keys", "guardian_.keys", "guardian_0.keys", "guardian_1.keys.bak", "guardian_²3.keys", "x"])
def test_a_folder_without_keys_belongs_to_nobody(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(PsephosError, match="the first command is: psephos trustee keys"):
        find_index(tmp_path)


def test_there_is_no_guardian_beyond_the_last(room: Room) -> None:
    with pytest.raises(CeremonyError, match="there is no guardian 4"):
        room.keys(4)
    assert not room.own(4).keys_file.exists()


def test_a_key_file_under_another_guardians_name_is_refused(room: Room) -> None:
    room.keys(1)
    own = room.own(2)
    own.path.mkdir()
    own.seal_keys(room.own(1).unseal_keys(PASSPHRASE), PASSPHRASE)
    with pytest.raises(PsephosError, match="guardian_2.keys belongs to another election"):
        room.keys(2)


def test_a_key_share_of_other_keys_is_never_acknowledged(room: Room, tmp_path: Path, finished: Room) -> None:
    until_shares(room)
    own = room.own(3)
    own.share_file.unlink(missing_ok=True)
    (room.board.path / f"{ACKNOWLEDGEMENTS}/guardian_3.json").unlink(missing_ok=True)
    (own.path / "acknowledgement.json").unlink(missing_ok=True)
    shutil.copy(finished.own(3).share_file, own.share_file)
    with pytest.raises(PsephosError, match="belongs to other keys than those published; nothing was confirmed"):
        room.ceremony(3)
    assert not (room.board.path / f"{ACKNOWLEDGEMENTS}/guardian_3.json").exists()


def test_the_secret_keys_stay_until_every_acknowledgement_is_checked(room: Room) -> None:
    until_shares(room)
    (room.board.path / f"{ACKNOWLEDGEMENTS}/guardian_3.json").unlink()
    assert room.ceremony(1) == "guardians 3 (acknowledgements)"
    forged = (room.board.path / f"{ACKNOWLEDGEMENTS}/guardian_2.json").read_bytes().replace(b'{"i":2', b'{"i":3')
    put(room, f"{ACKNOWLEDGEMENTS}/guardian_3.json", forged)
    with pytest.raises(CeremonyError, match="acknowledgement of guardian 3: the proof does not fit"):
        room.ceremony(1)
    assert room.own(1).keys_file.exists()


# The ceremony that goes well


@pytest.mark.parametrize(("n", "k"), [(1, 1), (2, 1), (2, 2), (3, 2), (5, 3)])
def test_a_ceremony_in_any_order_ends_with_the_same_keys_for_everybody(tmp_path: Path, n: int, k: int) -> None:
    orders = list(itertools.permutations(range(1, n + 1)))
    for number, order in enumerate(orders if n < 4 else orders[:: len(orders) // 3]):
        room = new_room(tmp_path / f"room {number}", n, k)
        for i in order:
            room.keys(i)
        answers = room.rounds(list(order))
        assert all(answer == answers[0] and isinstance(answer, Election) for answer in answers)
        assert room.board.open() == answers[0]
        for i in order:
            assert [path.name for path in sorted(room.own(i).path.glob("*.keys"))] == []
            assert room.own(i).unseal_share(PASSPHRASE).index == i
            assert room.ceremony(i) == answers[0]  # run again, it says the same


def test_it_says_who_is_awaited_at_every_step(room: Room) -> None:
    room.keys(2)
    assert room.ceremony(2) == "guardians 1, 3 (commitments)"
    room.keys(1)
    room.keys(3)
    assert room.ceremony(2) == "guardians 1, 3 (public keys)"
    assert room.ceremony(1) == "guardians 3 (public keys)"
    assert room.ceremony(3) == "guardians 1, 2 (shares)"
    assert room.ceremony(1) == "guardians 2 (shares)"
    assert room.ceremony(2) == "guardians 1, 3 (acknowledgements)"
    assert room.ceremony(3) == "guardians 1 (acknowledgements)"
    assert isinstance(room.ceremony(1), Election)


def test_a_trustee_who_crashes_anywhere_in_the_ceremony_finishes_it_and_never_says_two_different_things_op_05(
    tmp_path: Path,
) -> None:
    base = new_room(tmp_path / "base")
    base.keys(1)
    base.keys(3)
    points = 0
    for at in range(1, 500):
        room = base.copy(tmp_path / f"at {at}")
        seen: dict[str, bytes] = {}
        crash = Crash(at)

        steps: list[tuple[int, Callable[[int], object]]] = [(2, room.keys)]
        for i, step in [*steps, *((i, room.ceremony) for _, i in itertools.product(range(4), (1, 2, 3)))]:
            try:
                with crash() if i == 2 and not crash.happened else nullcontext():
                    step(i)
            except Killed:
                history(room, seen)
                step(i)
            history(room, seen)
        answers = [room.ceremony(i) for i in (1, 2, 3)]
        assert all(answer == answers[0] and isinstance(answer, Election) for answer in answers), (at, answers)
        assert [path.name for path in room.own(2).path.iterdir() if path.name.endswith((".keys", ".erased"))] == []
        shutil.rmtree(room.path)
        if not crash.happened:
            break
        points = at
    assert points > 30


def test_a_journal_line_cut_off_by_a_crash_is_one_that_was_never_written(tmp_path: Path) -> None:
    own = TrusteeFolder(tmp_path, 1)
    own.note(event="a", number=1)
    for cut in (b"{", b'{"event": "a"', b"\x00" * 100, b'{"event": "a", "number": 5}'):
        with own.journal.open("ab") as file:
            file.write(cut)
        assert [entry["number"] for entry in own.noted("a")] == [1]
        own.note(event="b")
        assert len(own.noted("b")) == 1
        own.journal.write_bytes(own.journal.read_bytes().replace(b'{"event": "b"}\n', b""))


@pytest.mark.parametrize("damaged", [b"garbage\n", b"[]\n", b"{}\n", b"5\n", b"\n", b"[" * 100_000 + b"\n", b"\xff\n"])
def test_a_damaged_journal_is_an_error_and_not_an_empty_one(tmp_path: Path, damaged: bytes) -> None:
    own = TrusteeFolder(tmp_path, 1)
    own.note(event="a")
    own.journal.write_bytes(own.journal.read_bytes() + damaged)
    with pytest.raises(PsephosError, match="journal.jsonl is damaged: nothing is decrypted without it"):
        own.noted("a")


def test_messages_already_read_are_not_read_again(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    from cli import exchange

    room.all_keys()
    read: list[str] = []
    sleeps = iter(range(20))
    original = exchange.from_json

    def counting(kind: type, content: bytes, group: object) -> object:
        read.append(kind.__name__)
        return original(kind, content, group)  # type: ignore[arg-type]

    def patience(_: float) -> None:
        if next(sleeps) == 10:
            raise KeyboardInterrupt

    monkeypatch.setattr(exchange, "from_json", counting)
    monkeypatch.setattr(exchange.time, "sleep", patience)
    with pytest.raises(KeyboardInterrupt):
        run_ceremony(room.board, room.own(1), PASSPHRASE, patient=True)
    assert read.count("KeyCommitment") == 3
    assert read.count("GuardianPublicKeys") == 1
    assert room.ceremony(1) == "guardians 2, 3 (public keys)"
