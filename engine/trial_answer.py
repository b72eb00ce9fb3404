"""The trial decryption before the opening, its secret half: a guardian shows that both its key shares can be read (protocol.md).

Handles a guardian's secrets as `guardian` does: nothing is printed, logged or written.
"""

from functools import partial

from engine import hashing
from engine.errors import DecryptionRefused
from engine.guardian import KeyShares
from engine.parameters import Election
from engine.proofs import prove_equal_and_known
from engine.trial import SOURCES, TrialAnswer, TrialRequest, trial_ciphertext


def answer_trial(share: KeyShares, source: str, request: TrialRequest, election: Election) -> TrialAnswer:
    """The answer to `request` with a key share read from `source`, "medium" or "copy". Raises DecryptionRefused if the share is not one of
    this election's keys (CR-58).

    A is made here from the seed and is never anybody else's ciphertext: so this decrypts nothing that was encrypted to be secret.
    """
    i, g, H_E = share.index, election.group.g, election.extended_base_hash
    if share.extended_base_hash != H_E or not 1 <= i <= election.parameters.guardian_count:
        raise DecryptionRefused("this key share belongs to another election")
    key, data_key = election.vote_verification_key(i), election.data_verification_key(i)
    if (g.secret_power(share.vote), g.secret_power(share.data)) != (key, data_key):
        raise DecryptionRefused("this key share does not fit the published keys")
    A = trial_ciphertext(request, election)[0].alpha
    M_i = A.secret_power(share.vote)
    statement = partial(hashing.trial_challenge, H_E, i, request.seed, SOURCES.index(source) + 1, key, data_key, A, M_i)
    return TrialAnswer(i, source, M_i, prove_equal_and_known(share.vote, share.data, A, statement))
