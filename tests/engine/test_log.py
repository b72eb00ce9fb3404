"""engine/log.py and engine/witness.py: the ballots of a record are exactly those of the log, and guardians state it."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest

from engine.ballot import CAST, CHALLENGED, DISCOUNTED
from engine.encoding import from_json, to_json
from engine.errors import DecryptionRefused, FormatError, ProofError, QuorumError
from engine.group import Scalar
from engine.guardian import KeyShares
from engine.log import LogRoot, LogStatement, RecordLog, as_received, check_log, log_of, record_log, verify_statement
from engine.merkle import Checkpoint, Frontier, leaf_hash, root_of
from engine.witness import state_log
from tests.engine.elections import Ballots, Ceremony, a_ballot, in_order, without

ORIGIN = "psephos.example/ballot-1"


def line(code: int, rest: str = "", state: str = CAST) -> bytes:
    return f'{{"ballot_id":"{code:064X}","ballot_state":"{state}","ballot_style_ix":1{rest}}}'.encode()


LINES = [line(code) for code in range(1, 8)]


def leaves(lines: Sequence[bytes], seed: int = 0) -> list[bytes]:
    """The log, in an order of acceptance that has nothing to do with the codes."""
    shuffled = [leaf_hash(as_received(each)) for each in lines]
    Random(seed).shuffle(shuffled)
    return shuffled


def checkpoints(log: Sequence[bytes], *sizes: int) -> list[Checkpoint]:
    return [Checkpoint(ORIGIN, size, root_of(log[:size])) for size in sizes]


# The tree in the record's order


def test_the_root_is_the_one_worked_out_by_hand() -> None:
    one, two, three = (hashlib.sha256(b"\0" + each).digest() for each in LINES[:3])
    both = hashlib.sha256(b"\1" + one + two).digest()
    assert log_of(LINES[:3]) == LogRoot(3, hashlib.sha256(b"\1" + both + three).digest())


def test_known_roots() -> None:
    assert log_of([]) == LogRoot(0, hashlib.sha256(b"").digest())
    assert log_of(LINES[:1]).root == hashlib.sha256(b"\0" + LINES[0]).digest()
    assert log_of(iter(LINES)).root.hex() == KNOWN


KNOWN = "ccd59dfba2f14dd2f447c88ee89e8dd346f0a5e5724b2b087fea19dfdf28dad9"


@pytest.mark.parametrize("lines", [[LINES[1], LINES[0]], [LINES[0], LINES[0]], [LINES[0], line(1, state=DISCOUNTED)]])
def test_lines_that_do_not_ascend_have_no_root(lines: list[bytes]) -> None:
    with pytest.raises(ProofError, match="do not ascend"):
        log_of(lines)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", as_received(LINES[0]), LINES[0].replace(b"Cast", b"Spoiled"), b" " + LINES[0], LINES[0].replace(b",", b", ", 1),
        LINES[0].replace(b"ballot_id", b"ballot_ix"), line(1).replace(b"0001", b"000a"),
    ],
)  # fmt: skip
def test_a_line_that_is_not_a_published_ballots_is_refused(content: bytes) -> None:
    with pytest.raises(FormatError):
        log_of([content])


def test_a_ballot_as_received_is_what_the_voter_sent(ballots: Ballots) -> None:
    for ballot, _ in ballots.each:
        assert as_received(to_json(ballot)) == to_json(replace(ballot, state=None))


# What a witness checks


def test_the_whole_log_is_what_the_witness_states() -> None:
    log = leaves(LINES)
    assert check_log(log, checkpoints(log, 0, 1, 3, 7, 7), iter(LINES)) == log_of(LINES)
    assert check_log([], [], []).size == 0


def test_cr37_two_checkpoints_of_one_size_are_a_fork_and_both_are_named() -> None:
    log, other = leaves(LINES), leaves(LINES, seed=1)
    shown = [*checkpoints(log, 2, 4), *checkpoints(other, 4)]
    with pytest.raises(ProofError, match="forked: of size 4") as error:
        check_log(log, shown, LINES)
    assert all(each.root.hex() in str(error.value) for each in shown[1:])


def test_cr37_a_checkpoint_that_the_log_does_not_extend_is_named() -> None:
    log, other = leaves(LINES), leaves(LINES, seed=1)
    assert set(log) == set(other)
    with pytest.raises(ProofError, match="does not extend the checkpoint of size 5"):
        check_log(log, [*checkpoints(log, 2, 7), *checkpoints(other, 5)], LINES)
    with pytest.raises(ProofError, match="does not extend the checkpoint of size 0"):
        check_log(log, [Checkpoint(ORIGIN, 0, bytes(32))], LINES)


def test_cr34_a_log_that_was_cut_off_is_refused() -> None:
    log = leaves(LINES)
    with pytest.raises(ProofError, match="checkpoint of size 7: it has only 4 leaves"):
        check_log(log[:4], checkpoints(log, 3, 7), [each for each in LINES if leaf_hash(as_received(each)) in log[:4]])


def test_cr34_ballots_of_the_log_that_are_not_in_the_record_are_counted() -> None:
    log = leaves(LINES)
    with pytest.raises(ProofError, match="3 leaves of the log are not in the record, and 0 ballots"):
        check_log(log, checkpoints(log, 7), LINES[:4])


def test_cr35_ballots_that_are_not_in_the_log_are_counted() -> None:
    log = leaves(LINES[:5])
    with pytest.raises(ProofError, match=f"0 leaves of the log are not in the record, and 2 ballots.*the first is {6:064X}"):
        check_log(log, checkpoints(log, 5), LINES)


def test_cr33_and_cr40_a_ballot_or_a_part_of_one_exchanged_after_it_was_accepted_is_refused() -> None:
    log = leaves(LINES)
    for other in (line(4, rest=',"ballot_nonce_ciphertext":1'), line(0x100)):
        changed = sorted([*LINES[:3], other, *LINES[4:]])
        with pytest.raises(ProofError, match="1 leaves of the log are not in the record, and 1 ballots of the record are not in the log"):
            check_log(log, checkpoints(log, 7), changed)


def test_a_leaf_twice_in_the_log_is_refused() -> None:
    with pytest.raises(ProofError, match="1 of them are there already"):
        check_log([*leaves(LINES), leaf_hash(as_received(LINES[2]))], [], LINES)


def test_the_state_is_decided_after_acceptance_and_stated() -> None:
    """A vote may be discounted after it was accepted; from then on a witness's statement holds the state as well (CR-32)."""
    log = leaves(LINES)
    decided = [*LINES[:6], line(7, state=DISCOUNTED)]
    assert check_log(log, checkpoints(log, 7), decided) == log_of(decided) != log_of(LINES)


# Statements


@pytest.fixture(scope="module")
def stated(ballots: Ballots) -> LogRoot:
    return check_log(leaves(ballots.lines), checkpoints(leaves(ballots.lines), 10, 24), ballots.lines)


@pytest.fixture(scope="module")
def statements(toy: Ceremony, stated: LogRoot) -> list[LogStatement]:
    return [state_log(share, stated, toy.election) for share in toy.key_shares]


def test_statements_of_a_quorum_make_the_log_of_a_record(toy: Ceremony, stated: LogRoot, statements: list[LogStatement]) -> None:
    log = record_log(stated, [statements[4], statements[0], statements[2]], toy.election)
    assert [each.index for each in log.statements] == [1, 3, 5]
    assert log.stated == stated
    assert from_json(RecordLog, to_json(log), toy.election.group) == log
    assert to_json(log).startswith(f'{{"size":24,"root":"{stated.root.hex().upper()}","statements":[{{"i":1,"proof":{{"c":"'.encode())
    assert len(record_log(stated, statements, toy.election).statements) == 5


def test_statements_that_are_too_few_or_repeated_are_refused(toy: Ceremony, stated: LogRoot, statements: list[LogStatement]) -> None:
    for given in ([], statements[:2], [statements[0]] * 3, [*statements, statements[0]]):
        with pytest.raises(QuorumError):
            record_log(stated, given, toy.election)


def test_a_statement_moved_to_another_root_size_or_guardian_is_refused(
    toy: Ceremony, stated: LogRoot, statements: list[LogStatement]
) -> None:
    verify_statement(statements[1], stated, toy.election)
    one = toy.election.group.scalar(1)
    for statement, about in (
        (statements[1], replace(stated, root=bytes(32))),
        (statements[1], replace(stated, size=23)),
        (replace(statements[1], index=1), stated),
        (replace(statements[1], index=6), stated),
        (replace(statements[1], index=0), stated),
        (replace(statements[1], proof=replace(statements[1].proof, challenge=statements[1].proof.challenge + one)), stated),
        (replace(statements[1], proof=replace(statements[1].proof, response=statements[1].proof.response + one)), stated),
    ):
        with pytest.raises(ProofError, match="X11"):
            verify_statement(statement, about, toy.election)
        with pytest.raises((ProofError, QuorumError)):
            record_log(about, [statement, *statements[2:]], toy.election)


def test_a_statement_in_another_election_is_refused(
    toy: Ceremony, other: Ceremony, stated: LogRoot, statements: list[LogStatement]
) -> None:
    with pytest.raises(ProofError):
        verify_statement(statements[0], stated, other.election)
    with pytest.raises(DecryptionRefused, match="another election"):
        state_log(other.key_shares[0], stated, toy.election)


def test_a_share_that_the_public_keys_do_not_fit_states_nothing(toy: Ceremony, stated: LogRoot) -> None:
    share = toy.key_shares[0]
    for wrong in (replace(share, data=share.vote), replace(share, index=2)):
        with pytest.raises(ProofError):
            state_log(wrong, stated, toy.election)


def test_cr22_two_statements_have_fresh_nonces(toy: Ceremony, stated: LogRoot) -> None:
    def commitment(share: KeyShares, statement: LogStatement) -> Scalar:
        return statement.proof.response + statement.proof.challenge * share.data

    share = toy.key_shares[0]
    made = [state_log(share, about, toy.election) for about in (stated, stated, replace(stated, size=3))]
    assert len({commitment(share, each) for each in made}) == 3


def test_the_standard_group_has_statements_too(standard: Ceremony) -> None:
    about = log_of(LINES)
    made = [state_log(share, about, standard.election) for share in standard.key_shares[:2]]
    assert record_log(about, made, standard.election).size == 7
    with pytest.raises(ProofError):
        verify_statement(made[0], replace(about, size=8), standard.election)


# CR-32, PR-05


@pytest.mark.parametrize("state", [CAST, CHALLENGED, DISCOUNTED])
def test_cr32_a_state_changed_after_the_statements_is_refused(
    state: str, toy: Ceremony, ballots: Ballots, stated: LogRoot, statements: list[LogStatement]
) -> None:
    for position, (ballot, _) in enumerate(ballots.each):
        if ballot.state != state:
            lines = ballots.lines
            lines[position] = to_json(ballot.with_state(state))
            with pytest.raises(ProofError):
                verify_statement(statements[0], log_of(lines), toy.election)


def test_cr32_the_twin_whose_leaves_lack_the_state_accepts_it(monkeypatch: pytest.MonkeyPatch, ballots: Ballots, stated: LogRoot) -> None:
    from engine import log

    lines = ballots.lines
    lines[0] = to_json(ballots.each[0][0].with_state(DISCOUNTED if ballots.each[0][0].state == CAST else CAST))
    assert log_of(lines) != log_of(ballots.lines)
    with without(monkeypatch, log, "leaf_hash", by=lambda content: leaf_hash(as_received(content))):
        assert log_of(lines) == log_of(ballots.lines)


def test_pr05_ballots_cast_in_opposite_order_publish_the_same_bytes(toy: Ceremony) -> None:
    made = [a_ballot(toy.election, (1, 0, 0), state=CAST) for _ in range(9)]
    runs = []
    for order in (made, made[::-1]):
        log, frontiers = [leaf_hash(to_json(replace(ballot, state=None))) for ballot, _ in order], [Frontier()]
        for leaf in log:
            frontiers.append(frontiers[-1].add(leaf))
        published = in_order(order, toy.election)
        seen = [Checkpoint(ORIGIN, each.size, each.root()) for each in frontiers]
        runs.append((published.lines, check_log(log, seen, published.lines), frontiers[-1].root()))
    (lines, stated, root), (other_lines, other_stated, other_root) = runs
    assert lines == other_lines
    assert stated == other_stated
    assert root != other_root
    assert root not in (stated.root, other_stated.root)
