"""The life of a ballot has one way forward, one way out, and no way back (T6, SV-15, OP-12)."""

import pytest

from api.elections.states import State, Step, after, persons_for, steps_from
from api.errors import Conflict

WAY = [
    (State.DRAFT, Step.BEGIN_CEREMONY), (State.CEREMONY, Step.BEGIN_TRIAL), (State.TRIAL, Step.OPEN), (State.OPEN, Step.CLOSE),
    (State.CLOSED, Step.EXCLUDE), (State.EXCLUDED, Step.TALLY), (State.TALLIED, Step.RELEASE), (State.RELEASED, Step.ARCHIVE),
]  # fmt: skip
ACCEPTED = (State.CLOSED, Step.ACCEPT_SMALL_UNITS)  # leads nowhere
ABANDONED_FROM = {State.DRAFT, State.CEREMONY, State.TRIAL, State.OPEN, State.CLOSED, State.EXCLUDED}


@pytest.mark.proves("COP-088.1")
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("step", Step)
def test_sv15_every_other_step_is_refused_in_every_state(state: State, step: Step) -> None:
    allowed = (state, step) in [*WAY, ACCEPTED] or (step is Step.ABANDON and state in ABANDONED_FROM)
    assert (step in steps_from(state)) == allowed
    if not allowed:
        with pytest.raises(Conflict, match=f"is {state} cannot {step}"):
            after(state, step)


def test_the_way_goes_through_all_states_in_order() -> None:
    state, seen = State.DRAFT, [State.DRAFT]
    for expected, step in WAY:
        assert state is expected
        state = after(state, step)
        seen.append(state)
    assert seen == [each for each in State if each is not State.ABANDONED]


def test_what_is_abandoned_or_archived_stays_so() -> None:
    assert steps_from(State.ABANDONED) == steps_from(State.ARCHIVED) == ()
    for state in ABANDONED_FROM:
        assert after(state, Step.ABANDON) is State.ABANDONED


def test_no_way_leads_back_to_an_open_ballot() -> None:
    reached, waiting = set(), [State.CLOSED]
    while waiting:
        state = waiting.pop()
        for step in steps_from(state):
            if after(state, step) not in reached:
                reached.add(after(state, step))
                waiting.append(after(state, step))
    assert State.OPEN not in reached


def test_op12_what_cannot_be_undone_takes_two_persons() -> None:
    two = {step for step in Step if persons_for(step) == 2}
    assert two == {Step.OPEN, Step.CLOSE, Step.ACCEPT_SMALL_UNITS, Step.EXCLUDE, Step.TALLY, Step.RELEASE, Step.ABANDON}
