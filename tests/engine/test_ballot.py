"""engine/ballot.py"""

from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import hashing
from engine.ballot import (
    CHALLENGED,
    Selections,
    encrypt_ballot,
    new_ballot_nonce,
    nonce_commitments,
    verify_ballot,
)
from engine.encoding import from_json, to_json
from engine.errors import EngineError, ManifestError, ProofError, SelectionError
from engine.group import STANDARD
from engine.manifest import Manifest, read_manifest
from engine.opening import open_ballot, verify_opening
from tests.engine.elections import (
    NO,
    SPOIL,
    YES,
    Ballots,
    Ceremony,
    a_ballot,
    decrypt,
    hold_ceremony,
    in_order,
    manifest_bytes,
    repaired,
    tallies,
    with_contest,
)
from tests.groups import TOY

EXECUTIVE = (1, 1, 0, 0, 0, 0, 0)


# Choices that the manifest does not allow


@pytest.mark.parametrize(
    ("style", "choices"),
    [
        (1, ((1, 1, 0),)),  # two of one
        (1, ((2, 0, 0),)),
        (1, ((-1, 0, 0),)),
        (1, ((1, 1, -1),)),  # the sum is right
        (1, ((1, 0),)),
        (1, ((1, 0, 0, 0),)),
        (1, ((),)),
        (1, ()),
        (1, (YES, EXECUTIVE)),
        (2, (YES,)),
        (2, (EXECUTIVE, YES)),
        (2, (YES, (1, 1, 1, 1, 0, 0, 0))),  # four of three
        (2, (YES, (2, 0, 0, 0, 0, 0, 0))),
        (2, (YES, (1, 0, 0, 0, 0, 0, 1))),  # spoil beside a choice
        (2, (YES, (0, 0, 0, 0, 0, 0, 2))),
        (1, ((1, 0, 1),)),
        (1, ((10**6, 0, 0),)),
    ],
)
def test_choices_that_the_manifest_does_not_allow_are_never_encrypted(toy: Ceremony, style: int, choices: tuple) -> None:
    with pytest.raises(SelectionError):
        encrypt_ballot(Selections(style, choices), toy.election, new_ballot_nonce())


@pytest.mark.parametrize("style", [0, -1, 3, 99])
def test_a_style_that_does_not_exist_is_refused(toy: Ceremony, style: int) -> None:
    with pytest.raises(ManifestError):
        encrypt_ballot(Selections(style, (YES,)), toy.election, new_ballot_nonce())


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_ballot_nonce_of_another_length_is_refused(toy: Ceremony, length: int) -> None:
    with pytest.raises(ValueError, match="zip"):
        encrypt_ballot(Selections(1, (YES,)), toy.election, bytes(length))


# Ballots that were changed on the way


def test_every_part_of_a_ballot_counts(toy: Ceremony) -> None:
    """Naive tampering: one field changed, nothing repaired."""
    ballot, _ = a_ballot(toy.election, YES, EXECUTIVE)
    verify_ballot(ballot, toy.election)
    index, contest = ballot.contests[1]
    first = contest.ciphertexts[0]
    one = TOY.scalar(1)

    def with_changed(**changes):
        return replace(ballot, contests=(ballot.contests[0], (index, replace(contest, **changes))))

    def shifted(proof):
        return (replace(proof[0], response=proof[0].response + one), *proof[1:])

    for changed in (
        replace(ballot, ballot_id=ballot.ballot_id.lower()),
        replace(ballot, ballot_id=""),
        replace(ballot, style=1),
        replace(ballot, style=0),
        replace(ballot, style=3),
        replace(ballot, device=2),
        replace(ballot, selection_encryption_identifier=bytes(32)),
        replace(ballot, identifier_hash=bytes(32)),
        replace(ballot, chaining_field=bytes(36)),
        replace(ballot, confirmation_code=bytes(32)),
        replace(ballot, confirmation_code=bytes(32), ballot_id="00" * 32),
        replace(ballot, contests=ballot.contests[:1]),
        replace(ballot, nonce=replace(ballot.nonce, c_1=bytes(32))),
        replace(ballot, nonce=replace(ballot.nonce, c_0=TOY.g)),
        with_changed(contest_hash=bytes(32)),
        with_changed(ciphertexts=(replace(first, alpha=first.alpha * TOY.g), *contest.ciphertexts[1:])),
        with_changed(ciphertexts=(replace(first, beta=first.beta * TOY.g), *contest.ciphertexts[1:])),
        with_changed(ciphertexts=contest.ciphertexts[::-1]),
        with_changed(range_proofs=(shifted(contest.range_proofs[0]), *contest.range_proofs[1:])),
        with_changed(range_proofs=contest.range_proofs[::-1]),
        with_changed(limit_proof=shifted(contest.limit_proof)),
        with_changed(limit_proof=contest.limit_proof[:-1]),
        with_changed(spoil_proof=shifted(contest.spoil_proof)),
        with_changed(spoil_proof=None),
        with_changed(spoil_proof=contest.limit_proof),
        with_changed(limit_proof=contest.spoil_proof),
    ):
        with pytest.raises(ProofError):
            verify_ballot(changed, toy.election)


def test_a_spoil_proof_where_none_belongs_is_refused(toy: Ceremony) -> None:
    ballot, _ = a_ballot(toy.election, YES)
    contest = ballot.contests[0][1]
    with pytest.raises(ProofError, match="spoil proof"):
        verify_ballot(with_contest(ballot, toy.election, 1, spoil_proof=contest.limit_proof), toy.election)


def test_a_ballot_of_another_election_is_refused(toy: Ceremony, other: Ceremony) -> None:
    ballot, _ = a_ballot(other.election, YES)
    with pytest.raises(ProofError):
        verify_ballot(ballot, toy.election)
    with pytest.raises(ProofError):
        verify_ballot(repaired(ballot, toy.election, chaining_field=toy.election.chaining_field), toy.election)


# Openings


def test_an_opening_that_does_not_fit_is_refused(toy: Ceremony) -> None:
    ballot, opening = a_ballot(toy.election, YES, EXECUTIVE)
    another, foreign = a_ballot(toy.election, YES, EXECUTIVE)
    verify_opening(ballot, opening, toy.election)
    for wrong in (
        foreign,
        replace(opening, choices=(NO, EXECUTIVE)),
        replace(opening, choices=(YES,)),
        replace(opening, choices=()),
        replace(opening, choices=(YES, (*EXECUTIVE, 0))),
        replace(opening, ballot_nonce=bytes(32)),
        replace(opening, encryption_nonce=opening.encryption_nonce + TOY.scalar(1)),
        replace(opening, encryption_nonce=TOY.scalar(0)),
    ):
        with pytest.raises(ProofError):
            verify_opening(ballot, wrong, toy.election)
    with pytest.raises(ProofError, match="37"):
        verify_opening(replace(ballot, nonce=another.nonce), opening, toy.election)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_an_opening_of_a_ballot_that_was_never_checked_is_refused_with_a_typed_error(toy: Ceremony, length: int) -> None:
    ballot, opening = a_ballot(toy.election, YES)
    with pytest.raises(ProofError, match="37"):
        verify_opening(replace(ballot, nonce=replace(ballot.nonce, c_1=bytes(length))), opening, toy.election)
    contest = ballot.contests[0][1]
    with pytest.raises(ProofError, match="X2"):
        verify_opening(replace(ballot, contests=((1, replace(contest, ciphertexts=contest.ciphertexts[:2])),)), opening, toy.election)
    with pytest.raises(EngineError):
        verify_opening(replace(ballot, contests=((7, contest),)), opening, toy.election)


# Good ballots


@pytest.mark.parametrize("first", [YES, NO, SPOIL, (0, 0, 0)])
@pytest.mark.parametrize("second", [EXECUTIVE, (0,) * 7, (1, 1, 1, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0, 1)])
def test_every_choice_is_encrypted_proved_and_opened(toy: Ceremony, first: tuple[int, ...], second: tuple[int, ...]) -> None:
    ballot, opening = a_ballot(toy.election, first, second)
    verify_ballot(from_json(type(ballot), to_json(ballot), TOY), toy.election)
    opened = verify_opening(ballot, opening, toy.election)
    assert tuple(tuple(each.value for each in contest.options) for contest in opened.contests) == (first, second)
    assert open_ballot(ballot, opening.ballot_nonce, toy.election) == opened


def test_a_published_opening_has_no_ballot_nonce(toy: Ceremony) -> None:
    ballot, opening = a_ballot(toy.election, YES)
    content = to_json(verify_opening(ballot, opening, toy.election))
    assert opening.ballot_nonce.hex().upper().encode() not in content
    assert opening.encryption_nonce.to_bytes().hex().upper().encode() not in content


def test_a_ballot_holds_nothing_but_what_the_record_format_shows(toy: Ceremony) -> None:
    """CR-31, CR-52: no weight, no date, no free text."""
    ballot, _ = a_ballot(toy.election, YES, state=CHALLENGED)
    content = to_json(ballot)
    for member in (b'"weight":5', b'"weight":0', b'"weight":-1', b'"weight":1', b'"date":"2026"', b'"contest_data":{}', b'"note":""'):
        for where in (b'"style', b'"contest_hash"', b'"device_ix"', b'"alpha"'):
            if where in content:
                with pytest.raises(EngineError):
                    from_json(type(ballot), content.replace(where, member + b"," + where, 1), TOY)


def manifest_with(contests: list[dict]) -> Manifest:
    return read_manifest(manifest_bytes(3, contests=contests, ballot_styles=[{"label": "All", "contests": [1]}]))


def options(*limits: int | str | None, spoil: bool = False) -> list[dict]:
    made = [{"label": f"Option {at}", **({} if each is None else {"selection_limit": each})} for at, each in enumerate(limits)]
    return [*made, {"label": "Spoil", "spoil": True}] if spoil else made


@settings(max_examples=25)
@given(st.data())
def test_any_limits_give_ballots_that_verify_and_a_tally_that_is_the_sum(data: st.DataObject) -> None:
    """Several seats, several votes for one option, NO_LIMIT and CONTEST_LIMIT."""
    L = data.draw(st.sampled_from([None, 2, 3, 5, "NO_LIMIT"]))
    choice = [None, 2, 4] if L == "NO_LIMIT" else [None, 2, 4, "CONTEST_LIMIT"]
    spoil = data.draw(st.booleans())
    entry = {"label": "Board", **({} if L is None else {"selection_limit": L})}
    entry["options"] = options(*data.draw(st.lists(st.sampled_from(choice), min_size=2, max_size=4)), spoil=spoil)
    ceremony = hold_ceremony(3, 2, TOY, manifest_with([entry]))
    (contest,) = ceremony.parameters.manifest.contests
    chosen = []
    for _ in range(3):
        left, row = contest.selection_limit, []
        for option in contest.options[:-1] if spoil else contest.options:
            row.append(data.draw(st.integers(0, min(left, option.selection_limit))))
            left -= row[-1]
        chosen.append((*row, 0) if spoil else tuple(row))
    if spoil:
        chosen.append((0,) * (len(contest.options) - 1) + (1,))
    made = in_order([a_ballot(ceremony.election, each, style=1, state="Cast") for each in chosen], ceremony.election)
    decrypted = decrypt(ceremony.key_shares[1:], made.found.tally, ceremony.election)
    assert tallies(decrypted) == [[sum(column) for column in zip(*chosen, strict=True)]]
    assert [len(each) for each in made.each[0][0].contests[0][1].range_proofs] == [o.selection_limit + 1 for o in contest.options]
    assert len(made.each[0][0].contests[0][1].limit_proof) == contest.selection_limit + 1


def test_a_ballot_on_the_standard_group_verifies_and_opens(standard: Ceremony) -> None:
    ballot, opening = a_ballot(standard.election, YES)
    again = from_json(type(ballot), to_json(ballot), STANDARD)
    verify_ballot(again, standard.election)
    verify_opening(again, opening, standard.election)
    with pytest.raises(ProofError):
        verify_ballot(with_contest(again, standard.election, 1, limit_proof=again.contests[0][1].limit_proof[::-1]), standard.election)


def test_nonces_are_derived_and_never_the_same_twice(toy: Ceremony, ballots: Ballots) -> None:
    alphas = [alpha for ballot, _ in ballots.each for alpha in nonce_commitments(ballot)]
    assert len(set(alphas)) == len(alphas)
    assert len({ballot.selection_encryption_identifier for ballot, _ in ballots.each}) == len(ballots.each)
    nonce = new_ballot_nonce()
    assert len(nonce) == 32
    derive = partial(hashing.encryption_nonce, TOY, bytes(32), ballot_nonce=nonce)
    assert len({derive(contest=i, option=j).value for i in range(1, 9) for j in range(1, 9)}) == 64
