"""engine/native.py, engine/foresight.py and everything that uses them: with native arithmetic the same comes out as without."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import group as group_module
from engine import native as native_module
from engine import powers
from engine.ballot import CAST, EncryptedBallot, verify_ballot
from engine.encoding import from_json, to_json
from engine.errors import ArithmeticMissing, FormatError, GroupError, ProofError
from engine.foresight import foresee_ballots
from engine.group import STANDARD, Element, Group
from engine.native import Native, native
from engine.powers import arithmetic
from engine.tally import verify_and_multiply
from tests.engine.elections import EXECUTIVE, YES, Ceremony, a_ballot, a_manifest, hold_ceremony, with_contest
from tests.groups import TOY

HAVE = bool(powers.montgomery and powers.montgomery.levels())
needs_native = pytest.mark.skipif(not HAVE, reason="native arithmetic is not built, or this processor has no AVX2")
p, q, g = STANDARD.p, STANDARD.q, STANDARD.g
exponents = st.integers(0, 2**256 - 1)

MAKE = """
import hashlib, random, secrets
numbers = random.Random(7)
secrets.token_bytes, secrets.randbelow = numbers.randbytes, lambda below: numbers.randrange(below)
from engine.encoding import to_json
from engine.group import STANDARD
from tests.engine.elections import EXECUTIVE, YES, a_ballot, hold_ceremony
election = hold_ceremony(1, 1, STANDARD).election
ballot, _ = a_ballot(election, YES, EXECUTIVE[0])
print(hashlib.sha256(to_json(ballot)).hexdigest())
"""


@pytest.fixture
def forgetful() -> Iterator[None]:
    """Nothing is remembered from an earlier test, and nothing for a later one."""
    STANDARD._foreseen.clear()
    group_module._squarings.cache_clear()
    yield
    STANDARD._foreseen.clear()
    group_module._squarings.cache_clear()


@pytest.fixture(params=["native", "gmpy2"])
def each(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Ceremony:
    """An election of one guardian at standard parameters, under each arithmetic."""
    if request.param == "native" and not HAVE:
        pytest.skip("native arithmetic is not built")
    if request.param == "gmpy2":
        monkeypatch.setattr(powers, "montgomery", None)
    return hold_ceremony(1, 1, Group(p, q, STANDARD.generator))


# Refused


@needs_native
@pytest.mark.parametrize("number", [0, p, p + 1, 2 * p + 1, p + int(g.value), 2**4096 - 1])
def test_what_is_no_number_below_p_never_reaches_native_arithmetic(number: int, forgetful: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """There p + 1 is 1, an element (0007)."""
    seen: list[int] = []
    real = Native.shared_powers
    monkeypatch.setattr(Native, "shared_powers", lambda self, wanted: seen.extend(base for base, _ in wanted) or real(self, wanted))
    STANDARD.foresee([(number, [1]), (int(g.value), [1])])
    assert seen == [int(g.value)]
    with pytest.raises(GroupError):
        STANDARD.element(number)


@needs_native
@pytest.mark.parametrize("number", [p - 1, 2, p - int(g.value), pow(3, q, p)])
def test_a_foreseen_number_outside_the_subgroup_is_refused(number: int, forgetful: None) -> None:
    STANDARD.foresee([(number, [5])])
    assert number in STANDARD._foreseen
    with pytest.raises(GroupError):
        STANDARD.element(number)


@needs_native
@pytest.mark.parametrize("exponent", [-1, 2**256, 2**256 + 5])
def test_a_comb_refuses_an_exponent_that_it_does_not_cover(exponent: int) -> None:
    with pytest.raises(OverflowError):
        g.powers([STANDARD.scalar(1), group_module.Scalar(STANDARD, exponent)])


@pytest.mark.parametrize("wanted", ["native", "gmpy2"])
def test_an_arithmetic_that_is_not_there_is_a_clear_error(wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(powers, "montgomery", None)
    monkeypatch.setattr(powers, "gmpy2", None)
    monkeypatch.setattr(powers, "FORCED", None)
    monkeypatch.setattr(powers, "FORCED", wanted)
    with pytest.raises(ArithmeticMissing, match=f"PSEPHOS_ARITHMETIC={wanted}: "):
        arithmetic()
    with pytest.raises(ArithmeticMissing):
        _ = Group(p, q, STANDARD.generator).native


def test_an_arithmetic_that_nobody_knows_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(powers, "FORCED", "abacus")
    with pytest.raises(ArithmeticMissing, match="PSEPHOS_ARITHMETIC=abacus: expected python, gmpy2 or native"):
        arithmetic()


def test_a_changed_ballot_is_refused_under_each_arithmetic(each: Ceremony) -> None:
    election = each.election
    ballot, _ = a_ballot(election, YES, state=CAST)
    contest = ballot.contests[0][1]
    swapped = with_contest(ballot, election, 1, range_proofs=(contest.range_proofs[1], contest.range_proofs[0], contest.range_proofs[2]))
    with pytest.raises(ProofError, match="6.D"):
        verify_and_multiply([to_json(swapped)], election)
    with pytest.raises(ProofError, match="7.D"):
        verify_and_multiply([to_json(with_contest(ballot, election, 1, limit_proof=contest.limit_proof[::-1]))], election)
    negated = Element(election.group, p - contest.ciphertexts[0].alpha.value)
    old, new = (each.to_bytes().hex().upper().encode() for each in (contest.ciphertexts[0].alpha, negated))
    line = to_json(ballot).replace(old, new)
    with pytest.raises(FormatError, match="not an element"):
        verify_and_multiply([line], election)


@needs_native
@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b'{"ballot_style_ix":"x"}', b'{"ballot_style_ix":99}', b"[" * 100_000])
def test_nonsense_is_left_to_the_reader(standard: Ceremony, content: bytes, forgetful: None) -> None:
    foresee_ballots([content], standard.election)
    assert set(STANDARD._foreseen) <= {g.value, standard.election.vote_encryption_key.value}


@needs_native
def test_a_ballot_with_more_proofs_than_its_style_has_costs_nothing_beforehand(standard: Ceremony, forgetful: None) -> None:
    """Otherwise a long ballot would be paid for twice."""
    ballot, _ = a_ballot(standard.election, YES)
    contest = ballot.contests[0][1]
    longer = with_contest(ballot, standard.election, 1, ciphertexts=contest.ciphertexts * 50, range_proofs=contest.range_proofs * 50)
    foresee_ballots([to_json(longer)], standard.election)
    assert len(STANDARD._foreseen) <= 2


# The same


def test_a_ballot_from_fixed_numbers_has_the_same_bytes_under_each_arithmetic() -> None:
    made = {}
    for kind in ["gmpy2", *(["native"] if HAVE else [])]:
        environment = os.environ | {"PSEPHOS_ARITHMETIC": kind}
        command = [sys.executable, "-c", MAKE]
        root = Path(__file__).parent.parent.parent
        made[kind] = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=root).stdout
    assert len(made["gmpy2"]) == 2 * hashlib.sha256().digest_size + 1
    assert len(set(made.values())) == 1


def test_ballots_made_under_one_arithmetic_are_valid_under_the_other(each: Ceremony, monkeypatch: pytest.MonkeyPatch) -> None:
    election = each.election
    lines = sorted(to_json(a_ballot(election, YES, EXECUTIVE[n], state=CAST)[0]) for n in range(2))
    lines.sort(key=lambda line: from_json(EncryptedBallot, line, election.group).confirmation_code)
    found = verify_and_multiply(lines, election)
    with monkeypatch.context() as patch:
        patch.setattr(powers, "montgomery", None)
        again = Group(p, q, STANDARD.generator)
        assert again.native is None
        assert to_json(verify_and_multiply(lines, _moved(each, again)).tally) == to_json(found.tally)


def _moved(ceremony: Ceremony, group: Group) -> object:
    """The same election in a group object that has no native arithmetic."""
    from engine.key_ceremony import GuardianPublicKeys, join_keys
    from engine.parameters import election_parameters

    public = [from_json(GuardianPublicKeys, to_json(each), group) for each in ceremony.public]
    return join_keys(election_parameters(group, a_manifest(1), 1, 1), public)


def test_the_commitments_of_a_check_are_the_same_under_each_arithmetic(each: Ceremony) -> None:
    election = each.election
    ballot, _ = a_ballot(election, YES)
    plain = [commitment.to_bytes() for commitment in verify_ballot(ballot, election)]
    foresee_ballots([to_json(ballot)], election)
    again = from_json(EncryptedBallot, to_json(ballot), election.group)
    assert [commitment.to_bytes() for commitment in verify_ballot(again, election)] == plain
    assert len(plain) == 3 * 4 + 4 + 1


@needs_native
def test_the_work_for_a_ballot_that_is_foreseen(standard: Ceremony, forgetful: None) -> None:
    """Yes, no, spoil: three selections at 1,100 multiplications, the limit proof and the nonce; and to encrypt it 25 powers by table."""
    a_ballot(standard.election, YES)  # the tables are made
    fast = STANDARD.native
    assert fast
    start = fast.multiplications
    content = to_json(a_ballot(standard.election, YES)[0])
    assert fast.multiplications - start <= 25 * 34
    start = fast.multiplications
    foresee_ballots([content], standard.election)
    verify_ballot(from_json(EncryptedBallot, content, STANDARD), standard.election)
    assert 3 * 900 < fast.multiplications - start <= 4.5 * 1_100


@needs_native
def test_all_that_a_check_asks_for_was_foreseen(standard: Ceremony, forgetful: None, monkeypatch: pytest.MonkeyPatch) -> None:
    ballot, _ = a_ballot(standard.election, YES, EXECUTIVE[1])
    content = to_json(ballot)
    foresee_ballots([content], standard.election)
    monkeypatch.setattr(group_module, "_squarings", lambda *_: pytest.fail("not foreseen"))
    monkeypatch.setattr(Element, "powers", lambda *_: pytest.fail("not foreseen"))
    verify_ballot(from_json(EncryptedBallot, content, STANDARD), standard.election)


@needs_native
@settings(max_examples=20)
@given(many=st.lists(exponents, max_size=20))
def test_powers_together_are_the_powers_one_by_one(many: list[int]) -> None:
    fast = native(p, q)
    assert fast
    assert fast.comb_powers(_comb(fast), many) == [pow(int(g.value), exponent, p) for exponent in many]


_COMBS: list[object] = []


def _comb(fast: Native) -> object:
    if not _COMBS:
        _COMBS.append(fast.comb(g.value))
    return _COMBS[0]


@needs_native
@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(1, p - 1), st.lists(exponents, max_size=5)), max_size=10))
def test_shared_powers_with_lists_of_any_lengths(wanted: list[tuple[int, list[int]]]) -> None:
    fast = native(p, q)
    assert fast
    for (base, many), (is_member, results) in zip(wanted, fast.shared_powers(wanted), strict=True):
        assert is_member == (pow(base, q, p) == 1)
        assert results == [pow(base, exponent, p).to_bytes(512, "big") for exponent in many]


def test_there_is_none_for_a_small_group_or_another_order() -> None:
    assert TOY.native is None
    assert native(p, q - 2) is None
    assert native(p - 2, q) is None


def test_words_say_which_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert arithmetic().startswith("native (") == HAVE
    monkeypatch.setattr(powers, "montgomery", None)
    assert arithmetic().startswith("gmpy2 ")
    monkeypatch.setattr(powers, "gmpy2", None)
    monkeypatch.setattr(powers, "FORCED", None)
    assert arithmetic() == "plain Python integers"


def test_nothing_secret_is_remembered(standard: Ceremony, forgetful: None) -> None:
    """Encrypting asks for its powers all at once, and leaves nothing behind where checks look."""
    a_ballot(standard.election, YES)
    assert not STANDARD._foreseen
    assert STANDARD.element_length == native_module.NUMBER
