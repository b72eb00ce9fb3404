"""Which messages there are, and who may say them.

They have the names that they have in an election folder, so that a trustee's program works on a copy of the board as it works on a folder.
Ballots are not on the board: they are too large for it, and come by another way.
"""

import re
from dataclasses import dataclass

from api.elections.states import State
from api.errors import Denied, Invalid

__all__ = ["LARGEST", "Author", "author_of", "said_before", "when"]

LARGEST = 16 * 2**20
"""Bytes of a message."""
_LONGEST_NAME = 120
_NUMBER = "[1-9][0-9]{0,3}"
_OWN = re.compile(
    "(?:"
    r"ceremony/(?:1_commitments|2_public_keys|4_acknowledgements)/guardian_(?P<i>N)\.json"
    r"|ceremony/3_shares/guardian_(?P<sender>N)_for_N\.json"
    r"|ceremony/complaints/guardian_(?P<accuser>N)_about_N\.json"
    r"|ceremony/complaints/shares/guardian_N_for_(?P<victim>N)\.json"
    r"|trial/round_N/guardian_(?P<t>N)_(?:medium|copy)\.json"
    r"|decryption/request_N/(?:log|nonces)/guardian_(?P<n>N)\.json"
    r"|decryption/request_N/attempt_N/(?:1_hashes|2_values|3_responses|restarts)/guardian_(?P<a>N)\.json"
    ")".replace("N", _NUMBER)
)
_SCRUTINEERS = re.compile(
    "(?:"
    r"election_parameters\.json|election_manifest\.json|hashes\.json|hashes_ext\.json|joint_public_keys\.json|acknowledgements\.jsonl"
    r"|guardians/guardian_N\.public_key\.json"
    r"|log_key\.json"
    r"|trial/round_N/request\.json"
    r"|decryption/request_N\.json"
    r"|result/(?:tally\.json|challenged_ballots\.jsonl)"
    ")".replace("N", _NUMBER)
)


@dataclass(frozen=True, slots=True)
class Author:
    """Who says something: the trustee who holds a guardian's secrets, by the guardian's index from 1, or the scrutineer, by None."""

    guardian: int | None

    def must_be_author_of(self, name: str) -> None:
        """Raises Denied if the message is not this author's to say, Invalid if there is no such message."""
        guardian = author_of(name)
        if guardian != self.guardian:
            raise Denied(f"only {'the scrutineer' if guardian is None else f'guardian {guardian}'} says that")


def author_of(name: str) -> int | None:
    """The guardian whose message has this name; None for the scrutineer's. Raises Invalid if no message has this name."""
    if len(name) <= _LONGEST_NAME:
        found = _OWN.fullmatch(name)
        if found is not None:
            return int(next(index for index in found.groups() if index is not None))
        if _SCRUTINEERS.fullmatch(name):
            return None
    raise Invalid("there is no message of that name")


def when(name: str) -> tuple[State, ...]:
    """The states of a ballot in which a guardian says this."""
    beginning = name.partition("/")[0]
    return {"ceremony": (State.CEREMONY,), "trial": (State.TRIAL, State.OPEN), "decryption": (State.EXCLUDED,)}[beginning]


def said_before(name: str) -> tuple[str, ...]:
    """The messages that have to be there before a guardian says this: the request that it answers."""
    asked = re.match("((?:decryption/request|trial/round)_[0-9]+)/", name)
    if asked is None:
        return ()
    return (f"{asked[1]}.json",) if asked[1].startswith("decryption") else (f"{asked[1]}/request.json",)
