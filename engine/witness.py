"""The secret half of the log in the record: a guardian states what it has found as a witness of the log (record-format.md, 2.12).

Like `engine.guardian` it handles a guardian's secrets: no server imports it.
"""

from engine import hashing
from engine.errors import DecryptionRefused
from engine.guardian import KeyShares
from engine.log import LogRoot, LogStatement, verify_statement
from engine.parameters import Election
from engine.proofs import Proof


def state_log(share: KeyShares, checked: LogRoot, election: Election) -> LogStatement:
    """Guardian i's statement about `checked`, which `engine.log.check_log` has returned on this guardian's own machine: that the log which
    it was given whole extends every checkpoint that it kept, and holds exactly these ballots. With a random u, h = g^u:

        c = H_q(H_E; 0x55, b(i, 4), b(size, 8), root, g^ẑ_i, h)
        v = u − c·ẑ_i

    Raises DecryptionRefused if the key share is another election's, ProofError if it is not the one that the public keys fit.
    """
    if share.extended_base_hash != election.extended_base_hash:
        raise DecryptionRefused("this key share belongs to another election")
    i, H_E, u = share.index, election.extended_base_hash, election.group.random_scalar()
    h = election.group.g.secret_power(u)
    c = hashing.log_statement_challenge(H_E, i, checked.size, checked.root, election.data_verification_key(i), h)
    statement = LogStatement(i, Proof(c, u - c * share.data))
    verify_statement(statement, checked, election)
    return statement
