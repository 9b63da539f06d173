"""What a profile sends out of the house, as far as it declares it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from spiritstream.model.profile import Group, Profile, Target, TestInput

TEST_AUDIO_BPS = 128_000
"""The test input's tone."""


CHANGE = "`spiritstream config set uplink`"
"""How a person says that there is more; it marks what is held or refused for this reason."""
MORE = f"lower its bitrates, disable a target, or say that there is more: {CHANGE}"


@dataclass(frozen=True, slots=True)
class Load:
    """Bit/s that are declared, and the targets (`GROUP/TARGET`) that pass on what nobody declares.

    Media alone: what protocols add, some hundredths, is not in it.
    """

    bps: int = 0
    open: tuple[str, ...] = ()


def load_of(profile: Profile) -> Load:
    """What a profile sends while everything that it wants is on air.

    Recordings stay in the house, and so does what goes to an address of this machine or of its network.
    """
    total, unknown = 0, []
    for group, target in profile.on_air():
        if not _leaves(target):
            continue
        bps = _declared(profile, group)
        total += bps or 0
        if bps is None:
            unknown.append(f"{group.name}/{target.name}")
    return Load(total, tuple(unknown))


def together(profiles: Iterable[Profile]) -> Load:
    """What several profiles send; their targets as `NAME/GROUP/TARGET`."""
    loads = [(profile.name, load_of(profile)) for profile in profiles]
    unknown = tuple(f"{name}/{target}" for name, load in loads for target in load.open)
    return Load(sum(load.bps for _, load in loads), unknown)


def over(profile: Profile, uplink_bps: int | None) -> tuple[str, str] | None:
    """Why a profile alone is more than the uplink carries, and what to do; `None` if it is not."""
    load = load_of(profile)
    if uplink_bps is None or load.bps <= uplink_bps:
        return None
    message = f"'{profile.name}' would send {in_mbit(load.bps)}, and the uplink is {in_mbit(uplink_bps)}"
    return message, MORE


def in_mbit(bps: float) -> str:
    """As people write an uplink: `20M`, `7.5M`."""
    return f"{bps / 1_000_000:.2f}".rstrip("0").rstrip(".") + "M"


def _declared(profile: Profile, group: Group) -> int | None:
    """Bit/s of what a group sends to each of its targets; `None` if a part of it is not declared."""
    test = profile.input if isinstance(profile.input, TestInput) else None
    video = group.video.bitrate_bps if group.video else test.bitrate_bps if test else None
    audio = group.audio.bitrate_bps if group.audio else TEST_AUDIO_BPS if test else None
    if video is None:
        return None
    # Next to a picture whose bitrate is known, a sound that is passed on is small.
    return video + (audio or 0)


def _leaves(target: Target) -> bool:
    if target.address is None:
        return False
    host = urlsplit(target.address.url).hostname or ""
    if host == "localhost":
        return False
    try:
        return not ip_address(host).is_private
    except ValueError:
        return True
