"""Where the sealed fields of the voter database stand. What a row is sealed at is the whole row: whoever edits another column of it
breaks the seal, too (SV-16). Keyed hashes have 32 bytes each, so parts cannot run into one another.
"""

from hashlib import sha256

from api.sealing import Place

__all__ = ["challenged_place", "method_place", "opening_place", "status_place", "vote_place", "voter_place"]


def voter_place(voter_index: bytes) -> Place:
    """Of a voter's identifier and ballot style. The ballot is bound in by its key, here as everywhere."""
    return Place("voter", "sealed", voter_index)


def method_place(code_hash: bytes, voter_index: bytes) -> Place:
    """Of how an access code is sent."""
    return Place("access_method", "sealed", code_hash + voter_index)


def vote_place(ballot_index: bytes, voter_index: bytes, attempt: int, code_hash: bytes, evidence: bytes) -> Place:
    """Of a vote."""
    return Place("vote", "sealed", ballot_index + voter_index + attempt.to_bytes(4, "big") + code_hash + sha256(evidence).digest())


def status_place(ballot_index: bytes, status: str) -> Place:
    """Of who decided about a vote, and why."""
    return Place("vote_status", "sealed", ballot_index + status.encode())


def challenged_place(ballot_index: bytes) -> Place:
    """Of a challenged ballot."""
    return Place("challenged", "sealed", ballot_index)


def opening_place(ballot_index: bytes) -> Place:
    """Of its opening."""
    return Place("challenged", "sealed_opening", ballot_index)
