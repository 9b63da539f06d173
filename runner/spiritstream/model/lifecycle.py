"""Order (what is wanted) and state (what is), and the only ways between states. Pure."""

from __future__ import annotations

from enum import StrEnum


class Order(StrEnum):
    """What somebody wants of an input, group or target."""

    LIVE = "live"
    STOPPED = "stopped"


class State(StrEnum):
    """What an input, group or target is doing.

    `waiting` heals by itself (a retry is due, or the input is dark); `failed` needs a person, and is
    retried slowly all the same.
    """

    IDLE = "idle"
    STARTING = "starting"
    LIVE = "live"
    STOPPING = "stopping"
    WAITING = "waiting"
    FAILED = "failed"


class Event(StrEnum):
    """What happens to an input, group or target."""

    START = "start"  # its child is being started
    MEDIA = "media"  # media advances
    STARVED = "starved"  # nothing arrives to carry on; the child is kept
    LOST = "lost"  # the child ended or hung, and nobody ordered it
    REFUSED = "refused"  # lost for a reason that only a person can mend
    STOP = "stop"  # ordered to end
    ENDED = "ended"  # the ordered end is complete


_S, _E = State, Event

# One row for each state: what each event makes of it. A pair that is not here cannot happen.
TRANSITIONS: dict[State, dict[Event, State]] = {
    _S.IDLE: {
        _E.START: _S.STARTING,
        _E.STARVED: _S.WAITING,
        _E.LOST: _S.WAITING,
        _E.REFUSED: _S.FAILED,
        _E.STOP: _S.IDLE,
        _E.ENDED: _S.IDLE,
    },
    _S.STARTING: {
        _E.MEDIA: _S.LIVE,
        _E.STARVED: _S.WAITING,
        _E.LOST: _S.WAITING,
        _E.REFUSED: _S.FAILED,
        _E.STOP: _S.STOPPING,
    },
    _S.LIVE: {
        _E.MEDIA: _S.LIVE,
        _E.STARVED: _S.WAITING,
        _E.LOST: _S.WAITING,
        _E.REFUSED: _S.FAILED,
        _E.STOP: _S.STOPPING,
    },
    # A starved child was kept: it becomes live again by media alone, without a start.
    _S.WAITING: {
        _E.START: _S.STARTING,
        _E.MEDIA: _S.LIVE,
        _E.STARVED: _S.WAITING,
        _E.LOST: _S.WAITING,
        _E.REFUSED: _S.FAILED,
        _E.STOP: _S.STOPPING,
    },
    _S.FAILED: {
        _E.START: _S.STARTING,
        _E.STARVED: _S.WAITING,
        _E.LOST: _S.WAITING,
        _E.REFUSED: _S.FAILED,
        _E.STOP: _S.STOPPING,
    },
    _S.STOPPING: {
        _E.MEDIA: _S.STOPPING,  # the last reports of a child that is being stopped
        _E.LOST: _S.STOPPING,
        _E.STOP: _S.STOPPING,
        _E.ENDED: _S.IDLE,
    },
}


def advance(state: State, event: Event) -> State:
    """The state after `event`.

    Raises:
        ValueError: the event cannot happen in that state: a programming fault.
    """
    try:
        return TRANSITIONS[state][event]
    except KeyError:
        raise ValueError(f"{event!s} cannot happen to something that is {state!s}") from None
