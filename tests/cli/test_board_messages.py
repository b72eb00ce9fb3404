"""Requests, attempts and answers of the count on the board itself, as the service works on it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from api.ceremony.answers import Answers, combine
from api.ceremony.attempts import RESPONSES, Attempts
from api.ceremony.board import Board
from api.ceremony.board_messages import BoardMessages
from api.ceremony.paths import Author, author_of
from api.ceremony.requests import DecryptionRequest, check_challenged, latest_request, request_decryption
from api.elections.models import TABLES, BoardMessage
from api.elections.service import ElectionService, Terms
from api.elections.states import Step, persons_for
from api.errors import Conflict, Denied
from api.migrating import upgrade
from api.sealing import KeyRing
from api.store import Store
from engine.decryption import NonceShares, PartialDecryptions
from engine.encoding import from_json, to_json
from engine.errors import CeremonyError, DecryptionRefused, FormatError, QuorumError
from tests.api.voting import OPEN, SetClock
from tests.cli.folders import AFTER, DURING, EXPECTED, Count, totals
from tests.engine.elections import manifest_bytes
from tests.groups import TOY

ID = "ab" * 32
NONCES = "decryption/request_1/nonces/guardian_1.json"


@pytest.fixture
def board(tmp_path: Path) -> Board:
    store = Store("elections", f"sqlite:///{tmp_path}/elections.db", KeyRing.generate("elections"), TABLES)
    upgrade(store)
    terms = Terms(manifest_bytes(5, log="witnessed"), 3, tuple("abcde"), bytes(range(32)), bytes(range(1, 33)))
    service = ElectionService(store, SetClock(OPEN), TOY, lambda *_: None)
    service.create(terms, "a")
    for step in (Step.BEGIN_CEREMONY, Step.BEGIN_TRIAL, Step.OPEN, Step.CLOSE, Step.EXCLUDE):
        for person in ("a", "b")[: persons_for(step)]:
            service.ask(ID, step, person, lambda _: None)
    return Board(store)


@pytest.fixture
def messages(board: Board) -> BoardMessages:
    return BoardMessages(board, ID, TOY)


def say(board: Board, voted: Count, change: Callable[[str, bytes], bytes] = lambda _, content: content) -> None:
    """What is in the folder's decryption is said on the board, by whom it is from."""
    for path in sorted((voted.board.path / "decryption").rglob("*.json"), key=lambda path: (len(path.parts), path)):  # requests first
        name = path.relative_to(voted.board.path).as_posix()
        board.publish(ID, Author(author_of(name)), name, change(name, path.read_bytes()))


def answered(voted: Count) -> None:
    voted.ask(1, 3)
    assert voted.together(1, 3) == {1: None, 3: None}


def test_a_count_that_was_asked_for_and_answered_on_the_board(voted: Count, board: Board, messages: BoardMessages) -> None:
    election, (found, digest) = voted.election, voted.checked()
    with pytest.raises(Conflict, match="nobody has been asked"):
        combine(messages, election, found)
    with pytest.raises(DecryptionRefused, match="nothing is decrypted before"):
        request_decryption(messages, election, found, digest, (1, 3), DURING)
    with pytest.raises(QuorumError):
        request_decryption(messages, election, found, digest, (1,), AFTER)
    assert latest_request(messages) is None
    for _ in range(2):
        assert request_decryption(messages, election, found, digest, (1, 3), AFTER) == 1
    assert latest_request(messages) == (1, DecryptionRequest((1, 3), digest, found.tally))
    with pytest.raises(Conflict, match="answers are awaited of guardians 1, 3"):
        combine(messages, election, found)
    answered(voted)
    say(board, voted)
    tally, opened = combine(messages, election, found)
    assert totals(tally) == EXPECTED
    assert (tally, opened) == (voted.combined(), opened)
    assert len(opened) == 1
    assert Answers(messages, election, found).missing() == [1, 3]
    assert request_decryption(messages, election, found, digest, (1, 3), AFTER, again=True) == 2


def test_whose_nonces_are_awaited_is_said(voted: Count, board: Board, messages: BoardMessages) -> None:
    answered(voted)
    (voted.board.path / NONCES).unlink()
    say(board, voted)
    with pytest.raises(Conflict, match="answers are awaited of guardians 1; "):
        combine(messages, voted.election, voted.checked()[0])


def test_cr20_a_guardian_whose_answer_is_wrong_is_named(voted: Count, board: Board, messages: BoardMessages) -> None:
    answered(voted)

    def other(name: str, content: bytes) -> bytes:
        if not name.endswith("2_values/guardian_3.json"):
            return content
        values = from_json(PartialDecryptions, content, TOY)
        return to_json(PartialDecryptions(values.guardian, tuple(tuple(reversed(row)) for row in values.contests)))

    say(board, voted, other)
    with pytest.raises(CeremonyError, match="guardian 3.*differs from what it committed to") as raised:
        combine(messages, voted.election, voted.checked()[0])
    assert raised.value.guilty == 3


def test_only_the_scrutineers_messages_are_said_by_the_service(messages: BoardMessages, voted: Count) -> None:
    found, digest = voted.checked()
    attempts = Attempts(messages, 1, DecryptionRequest((1, 2), digest, found.tally), found.tally, voted.election)
    with pytest.raises(Denied, match="only guardian 1 says that"):
        attempts.start_over(1, 1)
    assert attempts.current() == 1
    assert attempts.there(1, RESPONSES) == []


def test_what_is_no_message_is_refused_by_name(board: Board, messages: BoardMessages) -> None:
    assert messages.read(NonceShares, NONCES) is None
    assert not messages.has(NONCES)
    board.publish(ID, Author(None), "decryption/request_1.json", b"{}")
    board.publish(ID, Author(1), NONCES, b"{}")
    assert messages.has(NONCES)
    with pytest.raises(FormatError, match=f"{NONCES}: "):
        messages.read(NonceShares, NONCES)
    board.publish(ID, Author(2), NONCES.replace("_1.", "_2."), to_json(NonceShares(3, ())))
    with pytest.raises(FormatError, match="is a message of guardian 3, not of guardian 2"):
        messages.read_all(NonceShares, "decryption/request_1/nonces", [2])
    messages.publish("hashes.json", b"{}")
    messages.publish("hashes.json", b"{}")
    with pytest.raises(Conflict, match="other content"):
        messages.publish("hashes.json", b"[]")


def test_a_message_damaged_in_the_database_is_not_taken_for_one_that_is_missing(board: Board, messages: BoardMessages) -> None:
    with board._store.transaction() as session:
        session.add(BoardMessage(election_id=ID, name=NONCES, position=1, digest=bytes(32), content=b"{}"))
    with pytest.raises(FormatError, match="damaged"):
        messages.read(NonceShares, NONCES)


def test_a_ballot_marked_as_challenged_that_nobody_opened_is_refused(voted: Count) -> None:
    found, _ = voted.checked()
    with pytest.raises(DecryptionRefused, match="nobody has shown its opening"):
        check_challenged(found, voted.election, lambda _: None)
