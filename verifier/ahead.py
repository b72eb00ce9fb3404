"""Before some ballots are checked, the native arithmetic works out ahead which powers their checks will ask for, eight at a time.

The checks know nothing of it: they ask the group, equation by equation, which finds what is known already. What is not planned here only
takes longer; what is planned and never asked for is never used. Without the native arithmetic nothing is planned.
"""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from . import choice
from .arithmetic import know
from .ballots import limit_factors, spoil_factors
from .context import Context
from .model import Ballot, BallotContest, Ciphertext, Proof, SignedCiphertext
from .plan import Plan

__all__ = ["plan_ballot", "prepared"]

ENOUGH = 512
"""Numbers whose powers are worked out together: some seventy ballots of one question."""

Item = TypeVar("Item")


def prepared(context: Context, items: Iterable[Item]) -> Iterator[Item]:
    """The same items in the same order; but as soon as one is handed on, the powers of the ballots among the next ones are known."""
    if choice.native(context.group.p, context.group.q) is None:
        yield from items
        return
    try:
        run, plan = [], Plan(context.group)
        for item in items:
            run.append(item)
            if isinstance(item, Ballot):
                plan_ballot(plan, context, item)
            if len(plan) >= ENOUGH:
                know(plan.compute())
                yield from run
                run, plan = [], Plan(context.group)
        know(plan.compute())
        yield from run
    finally:
        know(None)


def plan_ballot(plan: Plan, context: Context, ballot: Ballot) -> None:
    """What the checks of a ballot will ask for, and those of its opening."""
    g = context.group.g
    _signed(plan, g, ballot.nonce)
    for contest in ballot.contests:
        for ciphertext in contest.ciphertexts:
            plan.element(ciphertext.alpha)
            plan.element(ciphertext.beta)
        if contest.data is not None:
            _signed(plan, g, contest.data)
        _vectors(plan, context, contest)
        _ranges(plan, context, contest)
    if ballot.state == "Challenged":
        _opening(plan, context, ballot)


def _signed(plan: Plan, g: int, signed: SignedCiphertext) -> None:
    """(38) and (69)."""
    plan.commitment(g, signed.c_2.v, signed.c_0, signed.c_2.c)


def _ranges(plan: Plan, context: Context, contest: BallotContest) -> None:
    """Verifications 6 and 7, and X16."""
    manifest = context.contests.get(contest.index)
    if manifest is None or len(manifest.options) != len(contest.ciphertexts):
        return
    for ciphertext, proof in zip(contest.ciphertexts, contest.range_proofs, strict=False):
        _range(plan, context, ciphertext, proof)
    _range(plan, context, _total(plan, *limit_factors(context, manifest, contest)), contest.limit_proof)
    if contest.spoil_proof is not None and manifest.spoil is not None:
        _range(plan, context, _total(plan, *spoil_factors(context, contest, manifest.spoil, manifest.limit)), contest.spoil_proof)


def _total(plan: Plan, alphas: list[int], betas: list[int]) -> Ciphertext:
    """The products are worked out at once, for their powers are to be planned too."""
    return Ciphertext(plan.product(alphas), plan.product(betas))


def _range(plan: Plan, context: Context, ciphertext: Ciphertext, proof: tuple[Proof, ...]) -> None:
    """a_j = g^v_j · α^c_j and b_j = K^w_j · β^c_j with w_j = v_j − j·c_j."""
    group, K = context.group, context.source.K
    for j, branch in enumerate(proof):
        plan.commitment(group.g, branch.v, ciphertext.alpha, branch.c)
        plan.commitment(K, (branch.v - j * branch.c) % group.q, ciphertext.beta, branch.c)


def _vectors(plan: Plan, context: Context, contest: BallotContest) -> None:
    """Pre-encrypted selection vectors: membership and, if they are opened, encryptions of 0; those of 1 are few."""
    for vector in contest.pre_encryption.vectors if contest.pre_encryption else ():
        for ciphertext in vector.ciphertexts:
            plan.element(ciphertext.alpha)
            plan.element(ciphertext.beta)
        for nonce in vector.nonces or ():
            plan.fixed_power(context.group.g, nonce)
            plan.fixed_power(context.source.K, nonce)


def _opening(plan: Plan, context: Context, ballot: Ballot) -> None:
    """(13.1), (13.2), (13.4), (13.5)."""
    group, source = context.group, context.source
    opening = context.openings.get(ballot.ballot_id)
    for contest in opening.contests if opening else ():
        for option in contest.options:
            plan.fixed_power(group.g, option.nonce)
            plan.fixed_power(source.K, (option.value + option.nonce) % group.q)
        if contest.data_nonce is not None:
            plan.fixed_power(group.g, contest.data_nonce)
            plan.fixed_power(source.K_hat, contest.data_nonce)
