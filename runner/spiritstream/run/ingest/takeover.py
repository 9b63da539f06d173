"""A second publisher with the right key: does it take over? Pure."""

from __future__ import annotations

from enum import StrEnum

from spiritstream.model.profile import Takeover

# A publisher that is alive sends many times a second; an encoder gives a server longer than this to answer.
SILENT_S = 3.0
# What the first one sent before it died may be read this long after the second one came: no sign of life.
_IN_FLIGHT_S = 0.25


class Decision(StrEnum):
    """What becomes of the second one."""

    REPLACE = "replace"
    REJECT = "reject"
    WAIT = "wait"  # not yet known whether the first one is alive


def decide(takeover: Takeover, *, silent_s: float, waited_s: float) -> Decision:
    """Judge the second one, which has `waited_s` for it, while the first has been silent for `silent_s`.

    When-silent waits for a sign of life instead of refusing at once: an encoder that lost its network
    comes back within a second, long before its old connection can be seen to be dead.
    """
    if takeover is Takeover.REPLACE:
        return Decision.REPLACE
    if takeover is Takeover.REJECT:
        return Decision.REJECT
    if silent_s >= SILENT_S:
        return Decision.REPLACE
    return Decision.REJECT if waited_s - silent_s > _IN_FLIGHT_S else Decision.WAIT
