"""The life of a ballot: which state follows which, by what step, and how many persons it takes. Nothing else leads anywhere (T6).

    draft → ceremony → trial decryption → open → closed → excluded → tallied → released → archived
       └────────┴──────────────┴───────────┴────────┴─────────┴──→ abandoned, which is never decrypted

There is no step that moves a close or opens a ballot again. One step leads nowhere: that two persons accept the result of a small unit.
"""

from enum import StrEnum

from api.errors import Conflict

__all__ = ["State", "Step", "after", "persons_for", "steps_from"]


class State(StrEnum):
    """Where a ballot stands."""

    DRAFT = "draft"
    CEREMONY = "ceremony"
    TRIAL = "trial decryption"
    OPEN = "open"
    CLOSED = "closed"
    EXCLUDED = "excluded"
    TALLIED = "tallied"
    RELEASED = "released"
    ARCHIVED = "archived"
    ABANDONED = "abandoned"


class Step(StrEnum):
    """What leads on: the manifest is fixed and trustees make keys; they try to decrypt; votes are taken; no more are; it is accepted that
    few voters' result may show how they voted; discounts and hierarchy are settled; the one aggregate is decrypted; the record is public;
    all is kept; or the ballot is given up."""

    BEGIN_CEREMONY = "begin ceremony"
    BEGIN_TRIAL = "begin trial decryption"
    OPEN = "open"
    CLOSE = "close"
    ACCEPT_SMALL_UNITS = "accept small units"
    EXCLUDE = "exclude"
    TALLY = "tally"
    RELEASE = "release"
    ARCHIVE = "archive"
    ABANDON = "abandon"


_BEFORE_DECRYPTION = (State.DRAFT, State.CEREMONY, State.TRIAL, State.OPEN, State.CLOSED, State.EXCLUDED)
_FOLLOWS = {
    (State.DRAFT, Step.BEGIN_CEREMONY): State.CEREMONY,
    (State.CEREMONY, Step.BEGIN_TRIAL): State.TRIAL,
    (State.TRIAL, Step.OPEN): State.OPEN,
    (State.OPEN, Step.CLOSE): State.CLOSED,
    (State.CLOSED, Step.ACCEPT_SMALL_UNITS): State.CLOSED,
    (State.CLOSED, Step.EXCLUDE): State.EXCLUDED,
    (State.EXCLUDED, Step.TALLY): State.TALLIED,
    (State.TALLIED, Step.RELEASE): State.RELEASED,
    (State.RELEASED, Step.ARCHIVE): State.ARCHIVED,
    **{(state, Step.ABANDON): State.ABANDONED for state in _BEFORE_DECRYPTION},
}
_TWO_PERSONS = {Step.OPEN, Step.CLOSE, Step.ACCEPT_SMALL_UNITS, Step.EXCLUDE, Step.TALLY, Step.RELEASE, Step.ABANDON}


def after(state: State, step: Step) -> State:
    """The state that the step leads to. Raises Conflict if it leads nowhere from here."""
    following = _FOLLOWS.get((state, step))
    if following is None:
        possible = ", ".join(steps_from(state)) or "nothing any more"
        raise Conflict(f"a ballot that is {state} cannot {step}; possible: {possible}")
    return following


def steps_from(state: State) -> tuple[Step, ...]:
    """What may be done in a state."""
    return tuple(step for step in Step if (state, step) in _FOLLOWS)


def persons_for(step: Step) -> int:
    """How many different persons must ask for a step before it is done (OP-12)."""
    return 2 if step in _TWO_PERSONS else 1
