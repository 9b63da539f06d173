"""States change by the written table, and no other way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.model.lifecycle import TRANSITIONS, Event, State, advance

STORIES = {
    "a good day": "start media stop ended",
    "a lost connection": "start media lost start media",
    "a wrong key": "start refused start refused",
    "the input goes and comes": "start media starved media",
    "the input is dark from the start": "starved start media",
    "stopped while waiting": "start lost stop ended",
    "reports of a child that is being stopped": "start media stop media lost ended",
    "never begun": "stop ended",
}
ENDS = {
    "a good day": State.IDLE,
    "a lost connection": State.LIVE,
    "a wrong key": State.FAILED,
    "the input goes and comes": State.LIVE,
    "the input is dark from the start": State.LIVE,
    "stopped while waiting": State.IDLE,
    "reports of a child that is being stopped": State.IDLE,
    "never begun": State.IDLE,
}


@pytest.mark.parametrize("name", STORIES)
def test_story(name: str) -> None:
    """A story of events ends where it should."""
    state = State.IDLE
    for event in STORIES[name].split():
        state = advance(state, Event(event))
    assert ENDS[name] == state


def test_an_event_that_cannot_happen_is_a_programming_fault() -> None:
    """Nothing idle has media, and nothing that is being stopped starts."""
    with pytest.raises(ValueError, match="media cannot happen to something that is idle"):
        advance(State.IDLE, Event.MEDIA)
    with pytest.raises(ValueError, match="start"):
        advance(State.STOPPING, Event.START)


def test_the_table_has_a_row_for_each_state() -> None:
    """No state without a way to be stopped."""
    assert set(State) == set(TRANSITIONS)
    assert all(Event.STOP in row for row in TRANSITIONS.values())


@given(st.lists(st.sampled_from(Event)))
def test_stop_then_ended_is_always_idle(events: list[Event]) -> None:
    """Whatever has happened, an ordered end ends."""
    state = State.IDLE
    for event in events:
        if event in TRANSITIONS[state]:
            state = advance(state, event)
    assert State.IDLE == advance(advance(state, Event.STOP), Event.ENDED)
