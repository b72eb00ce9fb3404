"""Challenged ballots: open one from its ballot nonce, and check what a voter's program says it encrypts (§3.6.7).

Nonces pass through here: secrets until the ballot is challenged.
"""

from engine import hashing
from engine.ballot import EncryptedBallot, OpenedBallot, OpenedContest, OpenedOption, Opening
from engine.elgamal import encrypt
from engine.errors import ProofError
from engine.parameters import Election
from engine.signed_elgamal import decrypt_ballot_nonce


def open_ballot(ballot: EncryptedBallot, ballot_nonce: bytes, election: Election) -> OpenedBallot:
    """The opening of a challenged ballot, given ξ_B (§3.6.7): derives every ξ_i,j and every σ, and checks that they give the ballot.

    Raises ProofError if they do not: then the ballot nonce is wrong, which says nothing about the selections (CR-25).
    """
    from_nonce = []
    for index, contest in ballot.contests:
        manifest = election.manifest.contest(index)
        if len(contest.ciphertexts) != len(manifest.options):
            raise ProofError(f"contest {index}: the options are not the manifest's (X2)")
        options = []
        for option, ciphertext in zip(manifest.options, contest.pairs(), strict=True):
            xi = hashing.encryption_nonce(election.group, ballot.identifier_hash, index, option.index, ballot_nonce)
            value = next((v for v in range(option.selection_limit + 1) if encrypt(v, xi, election.vote_encryption_key) == ciphertext), None)
            if value is None:
                raise ProofError(f"contest {index}, option {option.index}: the derived nonce does not give this ciphertext (13.1, 13.2)")
            options.append(OpenedOption(option.label, value, xi))
        from_nonce.append(OpenedContest(index, manifest.label, tuple(options)))
    return OpenedBallot(ballot.ballot_id, tuple(from_nonce))


def verify_opening(ballot: EncryptedBallot, opening: Opening, election: Election) -> OpenedBallot:
    """That a voter's program encrypted exactly `opening.choices`, the encrypted ballot nonce included. Raises ProofError.

    A challenged ballot is accepted only with an opening that passes, so that the guardians can always open it again.
    """
    opened = open_ballot(ballot, opening.ballot_nonce, election)
    if tuple(tuple(option.value for option in contest.options) for contest in opened.contests) != opening.choices:
        raise ProofError("the ballot encrypts other choices than the opening says")
    K_hat, g = election.ballot_data_encryption_key, election.group.g
    xi, nonce, H_I = opening.encryption_nonce, ballot.nonce, ballot.identifier_hash
    fits = nonce.c_0 == g**xi and len(nonce.c_1) == 32 and decrypt_ballot_nonce(nonce, H_I, K_hat**xi) == opening.ballot_nonce
    if not fits:
        raise ProofError("the encrypted ballot nonce is not that of the opening (37)")
    return opened
