"""From a host to the shipped platforms that have an address there; their files are not all parsed for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from spiritstream.config.data import data_folder
from spiritstream.config.platforms import Platform, find_platform, platform_ids

# All addresses in these files stand in quotes (a test looks for one that this misses).
_AT_HOST = re.compile(r"""["']rtmps?://([^/?:"'{]+)""", re.IGNORECASE)


def platforms_at(host: str, folder: Path | None = None) -> tuple[Platform, ...]:
    """The platforms that perhaps have an address at this host, which is in lower case.

    The first time it looks through all files' text (about 3 ms); it reads only the files that it found.
    """
    folder = folder or data_folder("platforms")
    return tuple(find_platform(id, folder) for id in _ids_by_host(folder).get(host, ()))


@lru_cache(maxsize=8)
def _ids_by_host(folder: Path) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for id in platform_ids(folder):
        text = (folder / f"{id}.yaml").read_text(encoding="utf-8")
        for host in {match.lower() for match in _AT_HOST.findall(text)}:
            found[host] = (*found.get(host, ()), id)
    return MappingProxyType(found)
