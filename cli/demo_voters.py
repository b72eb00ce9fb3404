"""The demonstration's ballot, and its made-up voters with their devices: choices, encryption, what opens it."""

import hashlib
from datetime import datetime

from api.voters.public import PublicElection
from engine.ballot import Selections, encrypt_ballot, new_ballot_nonce
from engine.encoding import from_json, to_json
from engine.group import STANDARD
from engine.parameters import Election

__all__ = ["CHALLENGES", "DISCOUNTS", "LOST", "QUORUM", "TRUSTEES", "begin_voting", "demo_draft", "made_up_choices", "style_of", "vote"]

CANDIDATES = ["Candidate A", "Candidate B", "Candidate C", "Candidate D", "Candidate E", "Candidate F"]
SPOIL = "Spoil this question"
TRUSTEES, QUORUM, LOST = 5, 3, (2, 5)
CHALLENGES, DISCOUNTS = 3, 1

_election: Election  # in a worker process


def demo_draft(opens: datetime, closes: datetime) -> dict[str, object]:
    """A ballot with this voting period."""
    def instant(when: datetime) -> str:
        return when.strftime("%Y-%m-%dT%H:%M:%SZ")

    yes_no = {"options": ["Yes", "No"], "spoil": SPOIL}
    return {
        "label": "Demonstration ballot on industrial action and of the national executive",
        "contests": [
            {"label": "Are you prepared to take part in a strike?", **yes_no},
            {"label": "Are you prepared to take part in industrial action short of a strike?", **yes_no},
            {"label": "National executive: choose up to 3", "choose_up_to": 3, "options": CANDIDATES, "spoil": SPOIL},
        ],
        "ballot_styles": {"Members who elect the executive": [1, 2, 3], "Members of other sections": [1, 2]},
        "union": "Demonstration union",
        "scrutineer": "Demonstration scrutineer",
        "opens": instant(opens),
        "closes": instant(closes),
        "trustees": [f"Trustee {number}" for number in range(1, TRUSTEES + 1)],
        "smallest_unit": 10,
    }


def made_up_choices(voter: int) -> Selections:
    """What the made-up voter with this number chooses: always the same, and different enough."""
    digest = hashlib.sha256(b"voter %d" % voter).digest()

    def yes_no_spoil(byte: int) -> tuple[int, ...]:
        return ((1, 0, 0), (1, 0, 0), (1, 0, 0), (0, 1, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0), (1, 0, 0))[byte % 8]

    order = sorted(range(6), key=lambda candidate: digest[8 + candidate])
    chosen = order[: digest[2] % 4]
    executive = (0,) * 6 + (1,) if digest[3] % 10 == 0 else tuple(int(candidate in chosen) for candidate in range(6)) + (0,)
    questions = (yes_no_spoil(digest[0]), yes_no_spoil(digest[1]))
    return Selections(2, questions) if style_of(voter) == 2 else Selections(1, (*questions, executive))


def style_of(voter: int) -> int:
    """The ballot style of the made-up voter with this number, from 1."""
    return 2 if voter % 3 == 0 else 1


def begin_voting(election: Election | bytes) -> None:
    """In a worker process: the election that its voters vote in, or what a voting service tells of it."""
    global _election
    _election = election if isinstance(election, Election) else from_json(PublicElection, election, STANDARD).election(STANDARD)


def vote(voter: int) -> tuple[bytes, bytes]:
    """A voter's device: the encrypted ballot and what opens it."""
    ballot, opening = encrypt_ballot(made_up_choices(voter), _election, new_ballot_nonce())
    return to_json(ballot), to_json(opening)
