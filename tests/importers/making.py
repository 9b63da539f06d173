"""What the importers' tests share: the platforms, a seal that shows what it was called with, the vectors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from spiritstream.cli.gathering import gather
from spiritstream.config.load import surroundings
from spiritstream.config.platforms import find_platform, platform_ids
from spiritstream.importers.names import slug
from spiritstream.importers.writing import Written, write_profile
from spiritstream.secret import Secret

VECTORS = Path(__file__).parents[1] / "vectors" / "importers"
PLATFORMS = [find_platform(id) for id in platform_ids()]
CANARY = "CANARY"
KEYS_KEY = bytes(range(32))
"""The `.stream_key` of the vectors."""


def no_password(file: str) -> Iterator[Secret]:
    """For files that need none."""
    raise AssertionError(f"a password was asked for {file}")


def shown(destination: str, field: str, secret: Secret) -> str:
    """In place of sealing: what a value was sealed for."""
    return f"sealed for {destination} as {field}"


def written(*names: str) -> list[Written]:
    """What is made of these vectors."""
    gathered = gather([VECTORS / name for name in names], PLATFORMS, no_password)
    place = surroundings(Path()).destination
    return [write_profile(one, slug(one.name, "imported"), shown, place) for one in gathered.profiles]
