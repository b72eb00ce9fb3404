"""The challenged ballots of a specimen: few, and made like a voter's, for the guardians open them with the nonces derived from ξ_B (33)."""

from collections.abc import Callable, Sequence
from functools import partial

from cli.specimen.election import SpecimenElection
from cli.specimen.seeded import Plan
from engine import hashing
from engine.ballot import CHALLENGED, DEVICE, EncryptedBallot, EncryptedContest, OptionCiphertext
from engine.confirmation import confirmation_code, contest_hash
from engine.elgamal import encrypt, multiply
from engine.group import Element, Scalar
from engine.proofs import Proof, prove_range
from engine.signed_elgamal import encrypt_ballot_nonce


def make_challenged(plan: Plan, held: SpecimenElection, number: int, choices: Sequence[int]) -> tuple[EncryptedBallot, bytes]:
    """Ballot `number`, and the commitments of its proofs in the order of hints. `choices` are as in BallotMaker."""
    group, election = held.group, held.election
    group.start("challenged", number)
    identifier, ballot_nonce = plan.digest("challenged id", number), plan.digest("challenged nonce", number)
    H_I = hashing.identifier_hash(election.extended_base_hash, identifier)
    K, hints, contests = election.vote_encryption_key, list[bytes](), []

    def prove(value: int, nonce: Scalar, challenge: Callable[[Sequence[Element]], Scalar]) -> tuple[Proof, ...]:
        def seen(commitments: Sequence[Element]) -> Scalar:
            hints.append(hashing.join(commitments))
            return challenge(commitments)

        return prove_range(value, nonce, 1, K, seen)

    for contest, choice in zip(election.manifest.contests, choices, strict=True):
        ciphertexts, nonces, proofs = [], [], []
        for position, option in enumerate(contest.options):
            xi = hashing.encryption_nonce(group, H_I, contest.index, option.index, ballot_nonce)
            made = encrypt(int(position == choice), xi, K)
            statement = partial(hashing.range_challenge, H_I, contest.index, option.index, made.alpha, made.beta)
            proofs.append(prove(int(position == choice), xi, statement))
            ciphertexts.append(made)
            nonces.append(xi)
        total, voted = multiply(ciphertexts, group), int(choice < len(contest.options))
        statement = partial(hashing.limit_challenge, H_I, contest.index, total.alpha, total.beta)
        limit_proof = prove(voted, sum(nonces, start=group.scalar(0)), statement)
        pairs = tuple(OptionCiphertext(each.alpha, each.beta) for each in ciphertexts)
        chi = contest_hash(ciphertexts, contest.index, H_I)
        contests.append((contest.index, EncryptedContest(pairs, tuple(proofs), limit_proof, None, chi)))
    code = confirmation_code([contest.contest_hash for _, contest in contests], H_I, election)
    nonce = encrypt_ballot_nonce(ballot_nonce, H_I, election.ballot_data_encryption_key, group.random_scalar())
    hints.append((group.g**nonce.c_2.response * nonce.c_0**nonce.c_2.challenge).to_bytes())  # a of (37)
    ballot = EncryptedBallot(
        code.hex().upper(), CHALLENGED, 1, DEVICE, identifier, H_I, tuple(contests), nonce, election.chaining_field, code
    )
    return ballot, b"".join(hints)
