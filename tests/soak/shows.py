"""The show that is soaked. Pure, but for the profile's text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.bench.show import profile_text, source_group, target

# A target whose media nobody disturbs, except through the input.
UNDISTURBED = "normal"
ADDED = "added"
ENCODED = "encoded"

_SMALL = {
    "codec": "h264",
    "encoder": "software",
    "size": "320x180",
    "fps": 15,
    "bitrate": "300k",
    "keyframe": "2s",
    "preset": "ultrafast",
}


@dataclass(frozen=True, slots=True)
class Soaked:
    """A passthrough group with good and bad targets, and a small encoded one."""

    source: Mapping[str, Any]
    """The profile's input."""
    sender: str
    urls: Mapping[str, str]
    """All platforms, by name."""

    def text(self, *, with_added: bool) -> str:
        """The profile, with the target that comes and goes or without it."""
        passed = {
            name: url for name, url in self.urls.items() if name != ENCODED and (with_added or name != ADDED)
        }
        small = {"video": _SMALL, "targets": {ENCODED: target(self.urls[ENCODED])}}
        groups = {**source_group(passed), "small": small}
        return profile_text(self.source, groups, name="soak", sender=self.sender)
