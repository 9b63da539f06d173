"""Nothing new goes on air that the uplink cannot carry beside what is there. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from spiritstream.model.profile import Profile
from spiritstream.model.uplink import MORE, in_mbit, load_of


def beyond_uplink(
    candidates: Mapping[str, Profile], accepted: Mapping[str, Profile], uplink_bps: int | None
) -> dict[str, str]:
    """The candidates that would send more than the uplink carries beside the others, each with the reason.

    `accepted` is what is in force: it is never taken off for this, and what sends no more than it did is
    never refused. Of several new ones, the one with the lower position has the room, then the first by name.
    """
    if uplink_bps is None:
        return {}
    sends = {name: load_of(profile).bps for name, profile in accepted.items()}
    needs = {name: load_of(profile).bps for name, profile in candidates.items()}
    refused: dict[str, str] = {}
    # First what becomes less, which makes room.
    for name in sorted(
        needs, key=lambda name: (needs[name] > sends.get(name, 0), candidates[name].position, name)
    ):
        others = sum(sends.values()) - sends.get(name, 0)
        if needs[name] > sends.get(name, 0) and others + needs[name] > uplink_bps:
            refused[name] = _words(needs[name], others, uplink_bps)
        else:
            sends[name] = needs[name]
    return refused


def _words(needs: int, others: int, uplink: int) -> str:
    beside = f" beside the {in_mbit(others)} of other shows" if others else ""
    return f"it would send {in_mbit(needs)}{beside}, and the uplink is {in_mbit(uplink)}: {MORE}"
