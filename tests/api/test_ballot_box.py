"""A vote is taken once, kept as it came, and never lost; nothing tells who voted or how (COP-064 to COP-078, SV-02, SV-10 to SV-16)."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select

from api.ceremony.paths import LARGEST
from api.errors import Conflict, Invalid, NotFound
from api.voters import access, log
from api.voters.access import NewVoter, add_voters, issue, reissue
from api.voters.access_code import AccessCode
from api.voters.ballot_box import MOST_CHECKS, SEALED_TO_AUDIT, check, check_challenged, evidence_info, most_challenged
from api.voters.errors import BallotTaken, NoAccess, NotOpen
from api.voters.models import AccessMethod, LogLeaf, RemovedVoter, RollSize, Seen, Vote
from api.voters.window import PublicElection, Window, open_window, prepare, window_of
from engine.ballot import CHALLENGED
from engine.encoding import to_json
from engine.group import STANDARD, Group
from engine.guardian import decrypt_nonces
from engine.merkle import leaf_hash, root_of
from engine.opening import verify_opening
from tests.api.conftest import MakeStore
from tests.api.voting import ADDRESS, AUDIT, ELECTION, Voting, a_voting, admit, checked, public_election
from tests.engine.elections import NO, YES, a_ballot, hold_ceremony, manifest_bytes
from tests.groups import TOY


@pytest.fixture
def voting(make_store: MakeStore) -> Voting:
    return a_voting(make_store)


def contents(voting: Voting) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    tables = [table.name for table in voting.database.store.tables.sorted_tables]
    with voting.database.store.engine.connect() as connection:
        return {name: sorted(map(tuple, connection.execute(text(f"SELECT * FROM {name}"))), key=repr) for name in tables}  # noqa: S608


def stored(voting: Voting) -> list[bytes]:
    voting.close()
    return sorted(each.content for each in voting.box.ballots(voting.window))


# Refused, and nothing is changed


def refusals(voting: Voting, code: AccessCode) -> list[Callable[[], object]]:
    opened, opening = a_ballot(ELECTION, NO)
    return [
        lambda: voting.cast(code),
        lambda: voting.box.challenge(voting.window, code, check(to_json(opened), 1, ELECTION), to_json(opening)),
    ]


@pytest.mark.proves("COP-070.2")
def test_sv02_unknown_used_and_replaced_codes_get_one_answer(voting: Voting) -> None:
    used, replaced = voting.voters(2)
    voting.cast(used)
    reissue(voting.database, voting.window, "voter 2", "e-mail")
    before, said = contents(voting), set()
    for code in (AccessCode.generate(), used, replaced):
        for attempt in refusals(voting, code):
            with pytest.raises(NoAccess) as refused:
                attempt()
            said.add((type(refused.value), str(refused.value)))
        with pytest.raises(NoAccess):
            voting.box.access(voting.window, code)
    assert len(said) == 1
    assert contents(voting) == before


@pytest.mark.parametrize("moment", ["before", "close", "later", "closed"])
def test_nothing_is_taken_outside_the_window_whatever_the_code(voting: Voting, moment: str) -> None:
    used, unused = voting.voters(2)
    voting.cast(used)
    window = voting.window
    voting.clock.moment = {"before": window.opens - timedelta(microseconds=1), "later": window.closes + timedelta(days=1)}.get(
        moment, window.closes
    )
    if moment == "closed":
        voting.box.close(window)
    before, said = contents(voting), set()
    for code in (AccessCode.generate(), used, unused):
        for attempt in refusals(voting, code):
            with pytest.raises(NotOpen, match="nothing was stored") as refused:
                attempt()
            said.add(str(refused.value))
    assert len(said) == 1
    assert contents(voting) == before


def test_the_last_microsecond_counts(voting: Voting) -> None:
    (code,) = voting.voters(1)
    voting.clock.moment = voting.window.closes - timedelta(microseconds=1)
    voting.cast(code)


@pytest.mark.proves("COP-064.2")
def test_what_is_not_valid_is_refused_in_words() -> None:
    ballot, opening = a_ballot(ELECTION, YES)
    content = to_json(ballot)
    for wrong, style, words in (
        (b"", 1, "not valid"),
        (b"Yes", 1, "not valid"),
        (b'{"choice":"Yes"}', 1, "not valid"),
        (content + b" ", 1, "canonical"),
        (to_json(ballot.with_state("Cast")), 1, "has no state"),
        (content, 2, "ballot style"),
        (bytes(2**22 + 1), 1, "more than 4194304"),
        (content.replace(b'"v":"', b'"v":"0', 1)[:-1], 1, "not valid"),
    ):
        with pytest.raises(Invalid, match=words) as refused:
            check(wrong, style, ELECTION)
        assert "nothing was stored" in str(refused.value)
    other = to_json(opening).replace(b'"choices":[[1,0,0]]', b'"choices":[[0,1,0]]')
    with pytest.raises(Invalid, match="other choices"):
        check_challenged(content, other, 1, ELECTION)


@pytest.mark.proves("COP-072b")
def test_a_ballot_of_another_style_is_refused_by_the_box_too(voting: Voting) -> None:
    (code,) = voting.voters(1)
    with pytest.raises(NoAccess):
        voting.cast(code, checked(YES, (0, 0, 0, 0, 0, 0, 1)))


# Once, and for good


@pytest.mark.proves("COP-070.1")
@pytest.mark.proves("COP-075.1")
def test_a_vote_is_kept_as_the_bytes_that_came_and_ends_all_access_methods(voting: Voting) -> None:
    (code,) = voting.voters(1)
    second = issue(voting.database, voting.window, "voter 1", "post")
    ballot = voting.cast(second)
    for other in (code, second):
        with pytest.raises(NoAccess):
            voting.cast(other)
    assert stored(voting) == [ballot.content]


def test_the_same_bytes_with_the_same_code_get_the_same_answer_at_any_time(voting: Voting) -> None:
    code, other = voting.voters(2)
    ballot = voting.cast(code)
    before = contents(voting)
    voting.cast(code, ballot)
    assert voting.box.was_cast(voting.window, code, ballot.content)
    assert not voting.box.was_cast(voting.window, other, ballot.content)
    assert not voting.box.was_cast(voting.window, code, checked().content)
    assert not voting.box.was_cast(voting.window, code, b"anything")
    assert contents(voting) == before
    voting.close()
    voting.cast(code, ballot)


def test_a_ballot_is_never_taken_from_two_voters(voting: Voting) -> None:
    first, second = voting.voters(2)
    ballot = voting.cast(first)
    with pytest.raises(BallotTaken):
        voting.cast(second, ballot)
    assert stored(voting) == [ballot.content]


@pytest.mark.parametrize("kind", ["cast", "challenged"])
def test_cr51_what_was_challenged_is_never_cast_and_the_other_way_round(voting: Voting, kind: str) -> None:
    first, second = voting.voters(2)
    ballot, opening = a_ballot(ELECTION, YES)
    found, _ = check_challenged(to_json(ballot), to_json(opening), 1, ELECTION)
    if kind == "challenged":
        voting.cast(first, found)
        with pytest.raises(BallotTaken):
            voting.box.challenge(voting.window, second, found, to_json(opening))
    else:
        voting.box.challenge(voting.window, first, found, to_json(opening))
        for code in (first, second):
            with pytest.raises(BallotTaken):
                voting.cast(code, found)


@pytest.mark.proves("COP-072c")
def test_cr50_checking_a_vote_uses_nothing_up(voting: Voting) -> None:
    (code,) = voting.voters(1)
    for _ in range(3):
        ballot, opening = a_ballot(ELECTION, YES)
        found, opened = check_challenged(to_json(ballot), to_json(opening), 1, ELECTION)
        voting.box.challenge(voting.window, code, found, to_json(opening))
        voting.box.challenge(voting.window, code, found, to_json(opening))
        assert [option.value for option in opened.contests[0].options] == list(YES)
    voting.cast(code)
    voting.close()
    assert sorted(each.state for each in voting.box.ballots(voting.window)) == ["Cast"] + ["Challenged"] * 3


def test_each_vote_and_challenged_ballot_is_a_leaf_of_the_log(voting: Voting) -> None:
    codes = voting.voters(5)
    cast = [voting.cast(code).content for code in codes]
    voting.close()
    closed = voting.box.close(voting.window)
    with voting.database.store.reading() as session:
        leaves = log.leaves(session, voting.election_id, voting.window.key)
    assert leaves == [leaf_hash(content) for content in cast]
    assert (closed.votes, closed.challenged, closed.log_size, closed.log_root) == (5, 0, 5, root_of(leaves))


# At the same time


def at_once(*calls: Callable[[], object]) -> list[object]:
    """All calls in threads of their own; what each raised, or None."""

    def outcome(call: Callable[[], object]) -> object:
        try:
            call()
        except Conflict as error:
            return error
        return None

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(outcome, calls))


@pytest.mark.proves("COP-070.1")
def test_sv10_sv11_of_many_votes_at_once_one_is_taken(voting: Voting) -> None:
    for number in range(1, 6):
        voting.database.store.engine.dispose()
        name = f"at once {number}"
        admit(voting.database, voting.window, [NewVoter(name, 1)])
        codes = [issue(voting.database, voting.window, name, "e-mail") for _ in range(3)]
        ballots = [checked() for _ in codes]
        outcomes = at_once(*(lambda c=code, b=ballot: voting.cast(c, b) for code, ballot in zip(codes, ballots, strict=True)))
        assert outcomes.count(None) == 1
        assert all(isinstance(each, NoAccess) for each in outcomes if each is not None)
        winner = ballots[outcomes.index(None)].content
        assert sum(voting.box.was_cast(voting.window, code, each.content) for code in codes for each in ballots) == 1
        assert voting.box.was_cast(voting.window, codes[outcomes.index(None)], winner)
    voting.close()
    assert voting.box.close(voting.window).votes == 5


def test_the_same_request_sent_many_times_at_once_is_one_vote_and_one_answer(voting: Voting) -> None:
    (code,) = voting.voters(1)
    ballot = checked()
    assert at_once(*(lambda: voting.cast(code, ballot) for _ in range(6))) == [None] * 6
    assert stored(voting) == [ballot.content]


def test_the_same_ballot_from_two_voters_at_once_is_taken_once(voting: Voting) -> None:
    codes = voting.voters(4)
    ballot = checked()
    outcomes = at_once(*(lambda c=code: voting.cast(c, ballot) for code in codes))
    assert outcomes.count(None) == 1
    assert all(isinstance(each, BallotTaken) for each in outcomes if each is not None)


@pytest.mark.proves("COP-069")
def test_sv12_of_an_old_code_and_its_replacement_one_votes(voting: Voting) -> None:
    for number in range(1, 11):
        name = f"reissued {number}"
        admit(voting.database, voting.window, [NewVoter(name, 1)])
        old, fresh = issue(voting.database, voting.window, name, "e-mail"), []
        ballot = checked()
        outcomes = at_once(
            lambda o=old, b=ballot: voting.cast(o, b),
            lambda n=name, f=fresh: f.append(reissue(voting.database, voting.window, n, "e-mail")),
        )
        assert outcomes[1] is None
        if outcomes[0] is None:  # the vote was first: the new code is one of somebody who has voted
            with pytest.raises(NoAccess):
                voting.cast(fresh[0])
        else:
            voting.cast(fresh[0])
    assert len(stored(voting)) == 10


def test_sv14_every_vote_that_was_acknowledged_is_in_the_closed_set(voting: Voting) -> None:
    codes = voting.voters(8)
    ballots = [checked() for _ in codes]
    voting.clock.moment = voting.window.closes - timedelta(seconds=1)

    def close() -> None:
        voting.clock.moment = voting.window.closes
        voting.box.close(voting.window)

    calls: list[Callable[[], object]] = [lambda c=code, b=ballot: voting.cast(c, b) for code, ballot in zip(codes, ballots, strict=True)]
    outcomes = at_once(*calls[:4], close, *calls[4:])
    assert outcomes[4] is None
    taken = sorted(ballot.content for ballot, outcome in zip(ballots, outcomes[:4] + outcomes[5:], strict=True) if outcome is None)
    assert sorted(each.content for each in voting.box.ballots(voting.window)) == taken


def test_sv14_in_hundreds_of_races_with_the_close_no_acknowledged_vote_is_lost(make_store: MakeStore) -> None:
    """As often as this the close comes at another moment among the votes of a ballot of its own."""
    voting = a_voting(make_store)
    accepted = refused = 0
    for race in range(100):
        window = another(voting, f"{race + 1:064X}")
        voting.clock.moment = window.closes - timedelta(seconds=1)
        names = [f"voter {number}" for number in range(3)]
        admit(voting.database, window, [NewVoter(name, 1) for name in names])
        codes = [issue(voting.database, window, name, "e-mail") for name in names]
        ballots = [check(to_json(a_ballot(window.election, YES)[0]), 1, window.election) for _ in names]

        def close(window: Window = window) -> None:
            voting.clock.moment = window.closes
            voting.box.close(window)

        calls: list[Callable[[], object]] = [
            lambda c=code, b=ballot, w=window: voting.box.cast(w, c, b, ADDRESS) for code, ballot in zip(codes, ballots, strict=True)
        ]
        outcomes = at_once(*calls[: race % 4], close, *calls[race % 4 :])
        assert outcomes.pop(race % 4) is None
        taken = sorted(ballot.content for ballot, outcome in zip(ballots, outcomes, strict=True) if outcome is None)
        assert sorted(each.content for each in voting.box.ballots(window)) == taken
        accepted, refused = accepted + len(taken), refused + len(names) - len(taken)
    assert accepted
    assert refused


def another(voting: Voting, identifier: str) -> Window:
    """Another open ballot, with the same keys under another identifier."""
    manifest = manifest_bytes(3, election_identifier=identifier)
    public = PublicElection(manifest, 3, 2, ELECTION.vote_encryption_key, ELECTION.ballot_data_encryption_key)
    election_id = prepare(voting.database, public, AUDIT.public_key().public_bytes_raw(), TOY)
    open_window(voting.database, election_id)
    return window_of(voting.database, election_id, TOY)


# Discounting


@pytest.mark.proves("COP-112.3")
def test_sv13_a_discounted_vote_is_kept_not_counted_and_never_comes_back(voting: Voting) -> None:
    (code,) = voting.voters(1)
    first = voting.cast(code)
    again = voting.box.discount(voting.window, "voter 1", b"decision", "post")
    with pytest.raises(BallotTaken):
        voting.cast(again, first)
    with pytest.raises(NoAccess):
        voting.cast(code)
    second = voting.cast(again)
    with pytest.raises(NoAccess):
        voting.cast(again)
    voting.close()
    assert {each.content: each.state for each in voting.box.ballots(voting.window)} == {first.content: "Discounted", second.content: "Cast"}


@pytest.mark.proves("COP-112.2")
def test_discounting_and_issuing_tell_nothing(voting: Voting) -> None:
    """The same calls for one who has voted and one who has not: each gets a code, and no exception tells them apart."""
    codes = voting.voters(2)
    voting.cast(codes[0])
    for name in ("voter 1", "voter 2"):
        assert isinstance(issue(voting.database, voting.window, name, "post"), AccessCode)
        assert isinstance(reissue(voting.database, voting.window, name, "post"), AccessCode)
        assert isinstance(voting.box.discount(voting.window, name, b"decision", "post"), AccessCode)


@pytest.mark.proves("COP-066.2")
def test_nobody_is_issued_anything_who_is_not_on_the_roll_or_after_the_close(voting: Voting) -> None:
    voting.voters(1)
    for call in (issue, reissue):
        with pytest.raises(NotFound):
            call(voting.database, voting.window, "stranger", "post")
    voting.close()
    for call in (issue, reissue):
        with pytest.raises(Conflict, match="closed"):
            call(voting.database, voting.window, "voter 1", "post")
    with pytest.raises(Conflict, match="closed"):
        add_voters(voting.database, voting.window, [NewVoter("late", 1)])


def test_a_roll_may_be_longer_than_a_statement(voting: Voting) -> None:
    assert admit(voting.database, voting.window, [NewVoter(f"voter {number}", 1) for number in range(12_000)]) == 12_000
    assert isinstance(issue(voting.database, voting.window, "voter 11999", "post"), AccessCode)
    with pytest.raises(Conflict):
        admit(voting.database, voting.window, [NewVoter(f"voter {number}", 1) for number in range(11_999, 25_000)])


def test_a_roll_is_added_whole_or_not_at_all(voting: Voting) -> None:
    voting.voters(1)
    before = contents(voting)
    for roll, error in ((["new", "voter 1"], Conflict), (["new", "new"], Invalid)):
        with pytest.raises(error):
            admit(voting.database, voting.window, [NewVoter(name, 1) for name in roll])
    assert contents(voting) == before


# The close


@pytest.mark.proves("COP-088.1")
def test_a_ballot_is_not_closed_before_its_time_and_closes_once(voting: Voting) -> None:
    voting.clock.moment = voting.window.closes - timedelta(microseconds=1)
    with pytest.raises(Conflict, match="no earlier"):
        voting.box.close(voting.window)
    with pytest.raises(Conflict, match="not closed yet"):
        list(voting.box.ballots(voting.window))
    voting.close()
    assert voting.box.close(voting.window) == voting.box.close(voting.window)


@pytest.mark.proves("COP-070.3")
def test_the_close_ends_every_access_method(voting: Voting) -> None:
    voting.cast(voting.voters(3)[0])
    voting.close()
    with voting.database.store.reading() as session:
        assert [each.ended for each in session.exec(select(AccessMethod))] == [True] * 3


@pytest.mark.proves("COP-072b")
def test_the_code_of_one_ballot_opens_no_other(voting: Voting) -> None:
    (code,) = voting.voters(1)
    window = another(voting, "CD" * 32)
    other = window.election
    with pytest.raises(NoAccess):
        voting.box.access(window, code)
    with pytest.raises(NoAccess):
        voting.box.cast(window, code, check(to_json(a_ballot(other, YES)[0]), 1, other), "2001:db8::1")
    voting.cast(code)


def test_sv18_after_the_close_no_clock_opens_it_again(voting: Voting) -> None:
    (code,) = voting.voters(1)
    voting.close()
    voting.clock.moment = voting.window.opens + timedelta(days=1)
    with pytest.raises(NotOpen):
        voting.cast(code)


COUNTED = {("access_method", "opened"), ("access_method", "refused")}
"""How often a code was presented: grows, and never shrinks."""


@pytest.mark.proves("COP-088.1")
def test_sv15_no_row_of_a_ballot_can_be_changed_not_even_its_close(voting: Voting) -> None:
    (code,) = voting.voters(1)
    voting.cast(code)
    ballot, opening = a_ballot(ELECTION, NO)
    voting.voters_extra = voting.box.discount(voting.window, "voter 1", b"decision", "post")  # type: ignore[attr-defined]
    again = voting.voters_extra  # type: ignore[attr-defined]
    voting.box.challenge(voting.window, again, check(to_json(ballot), 1, ELECTION), to_json(opening))
    with voting.database.store.transaction() as session:
        session.add(RollSize(election_id=voting.election_id, number=1, voters=1))
        session.add(RemovedVoter(voter_index=voting.database.index.voter(voting.election_id, "voter 1"), election_id=voting.election_id))
    before = contents(voting)
    assert all(before[table] for table in before if table != "outbox")
    for table in voting.database.store.tables.sorted_tables:
        if table.name in ("data_key", "log_head", "outbox"):  # exchanged, grown and emptied by the service itself
            continue
        statements = [f"DELETE FROM {table.name}"]  # noqa: S608
        for column in table.columns:
            if column.name in ("closed", "abandoned", "ended", "checks") or (table.name, column.name) in COUNTED:
                continue
            other = {"DATETIME": "'2030-01-01 00:00:00+00:00'", "INTEGER": f"{column.name} + 1"}.get(str(column.type), "NULL")
            other = "'x'" if str(column.type) == "VARCHAR" else other
            statements.append(f"UPDATE {table.name} SET {column.name} = {other}")  # noqa: S608
        if table.name == "access_method":
            less = ("ended = FALSE", "checks = checks - 1", "opened = opened - 1", "refused = refused - 1")
            statements += [f"UPDATE access_method SET {each}" for each in less]  # noqa: S608
        for statement in statements:
            with pytest.raises(DBAPIError), voting.database.store.connection() as connection:
                connection.execute(text(statement))
    assert contents(voting) == before


def test_an_election_is_prepared_once(voting: Voting) -> None:
    key = AUDIT.public_key().public_bytes_raw()
    assert prepare(voting.database, public_election(), key, TOY) == voting.election_id
    with pytest.raises(Conflict, match="other keys"):
        prepare(voting.database, public_election(), bytes(reversed(key)), TOY)
    with pytest.raises(Invalid):
        prepare(voting.database, public_election(), b"short", TOY)


# What is stored


@pytest.mark.proves("COP-075.2")
def test_time_and_address_are_there_and_only_the_auditor_can_read_them(voting: Voting) -> None:
    (code,) = voting.voters(1)
    voting.cast(code)
    with voting.database.store.reading() as session:
        vote = session.exec(select(Vote)).one()
    opened = SEALED_TO_AUDIT.decrypt(vote.evidence, AUDIT, info=evidence_info(voting.election_id, vote.ballot_index))
    assert json.loads(opened) == {"time": voting.clock.moment.isoformat(timespec="seconds"), "address": ADDRESS}
    assert ADDRESS.encode() not in repr(contents(voting)).encode()


@pytest.mark.proves("COP-078b")
def test_no_row_holds_an_identifier_a_code_or_a_ballot_in_clear(voting: Voting) -> None:
    codes = voting.voters(3)
    ballots = [voting.cast(code) for code in codes]
    dump = b"".join(
        value if isinstance(value, bytes) else str(value).encode()
        for rows in contents(voting).values() for row in rows for value in row
    )  # fmt: skip
    canaries = [b"voter 1", b"e-mail", *(code.compact().encode() for code in codes), *(code.number.to_bytes(17, "big") for code in codes)]
    canaries += [ballot.content[:40] for ballot in ballots] + [ballot.confirmation_code for ballot in ballots]
    canaries += [ballot.confirmation_code.hex().upper().encode() for ballot in ballots]
    assert [canary for canary in canaries if canary in dump] == []


def test_votes_have_one_size_whatever_was_chosen(voting: Voting) -> None:
    codes = voting.voters(3)
    for code, choice in zip(codes, (YES, NO, (0, 0, 1)), strict=True):
        voting.cast(code, checked(choice))
    with voting.database.store.reading() as session:
        votes = session.exec(select(Vote)).all()
    assert len({(len(vote.sealed), len(vote.evidence)) for vote in votes}) == 1


def test_the_keys_are_exchanged_without_touching_a_vote(voting: Voting) -> None:
    (code,) = voting.voters(1)
    ballot = voting.cast(code)
    before, old = contents(voting), voting.database.store.keys
    voting.database.keys.rotate(old.with_new_key())
    after = contents(voting)
    assert {name for name in before if before[name] != after[name]} == {"data_key"}
    assert voting.box.was_cast(voting.window, code, ballot.content)
    with voting.database.store.reading() as session:
        for _, sealed in after["data_key"]:
            assert isinstance(sealed, bytes)
            assert not old.is_newest(sealed)
        assert session.exec(select(Seen)).all()


def test_access_methods_do_not_tell_why_they_ended(voting: Voting) -> None:
    used, _ = voting.voters(2)
    voting.cast(used)
    reissue(voting.database, voting.window, "voter 2", "e-mail")
    with voting.database.store.reading() as session:
        ended = [each for each in session.exec(select(AccessMethod)).all() if each.ended]
        assert len(session.exec(select(LogLeaf)).all()) == 1
    assert len(ended) == 2
    assert {len(each.sealed) for each in ended} == {len(ended[0].sealed)}
    assert access.DISCOUNTED == "discounted"


def test_op13_nobody_is_added_to_the_voters_of_an_open_ballot(voting: Voting) -> None:
    with pytest.raises(Conflict, match="is open: nobody is added"):
        add_voters(voting.database, voting.window, [NewVoter("late", 1)])
    with pytest.raises(NotFound):
        issue(voting.database, voting.window, "late", "e-mail")


def test_cr50_who_checks_without_end_is_told_to_vote(voting: Voting, monkeypatch: pytest.MonkeyPatch) -> None:
    """All challenged ballots have to be opened at the count: one voter cannot make that impossible."""
    first, second = voting.voters(2)

    def challenge(code: AccessCode) -> None:
        ballot, opening = a_ballot(ELECTION, YES)
        content = to_json(ballot)
        voting.box.challenge(voting.window, code, check(content, 1, ELECTION), to_json(opening))

    for _ in range(MOST_CHECKS):
        challenge(first)
    with pytest.raises(Conflict, match="no more ballots can be checked with this code"):
        challenge(first)
    challenge(second)
    monkeypatch.setattr("api.voters.ballot_box.most_challenged", lambda _: MOST_CHECKS + 1)
    with pytest.raises(Conflict, match="no more ballots can be checked"):
        challenge(second)
    voting.cast(first)
    voting.cast(second)
    voting.close()
    assert sum(each.state == "Challenged" for each in voting.box.ballots(voting.window)) == MOST_CHECKS + 1


@pytest.mark.parametrize("group", [TOY, STANDARD])
def test_all_challenged_ballots_that_are_taken_can_be_opened_in_one_message(group: Group) -> None:
    """The opened ballots, and a trustee's part of the decryption of their nonces, at the sizes that they really have."""
    ceremony = hold_ceremony(3, 2, group)
    ballot, opening = a_ballot(ceremony.election, YES, (0, 1, 0, 0, 0, 1, 0), state=CHALLENGED)
    opened = len(to_json(verify_opening(ballot, opening, ceremony.election))) + 1
    nonces = len(to_json(decrypt_nonces(ceremony.key_shares[0], [ballot, ballot], ceremony.election)))
    nonces -= len(to_json(decrypt_nonces(ceremony.key_shares[0], [ballot], ceremony.election)))
    most = most_challenged(ceremony.election)
    assert most > 1_000
    assert most * max(opened, nonces + 1) < LARGEST - 2**16
