"""What commands take from the settings. YAML is read only when neither flag nor environment decides."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from spiritstream.config.folders import settings_path

if TYPE_CHECKING:
    from spiritstream.ffmpeg.find import Ffmpeg

# The settings that have a variable of their own in today's commands.
_VARIABLES = {"SPIRITSTREAM_FFMPEG": "ffmpeg", "SPIRITSTREAM_IDENTITY": "identity"}


def ffmpeg_for(flag: str | None) -> Ffmpeg:
    """The ffmpeg to use: flag over environment over settings over what is found.

    Raises:
        ProfileError: the settings are needed, and not valid.
        SpiritError: there is none, or it is no use.
    """
    from spiritstream.ffmpeg.find import find_ffmpeg

    return find_ffmpeg(flag, os.environ, None if flag else stored("ffmpeg"))


def stored(name: str) -> str | None:
    """What the settings' file says; `None` if it says nothing, or the environment decides.

    Raises:
        ProfileError: the file is not valid.
    """
    if any(os.environ.get(variable) for variable in _VARIABLES if _VARIABLES[variable] == name):
        return None
    if not settings_path().exists():
        return None
    from spiritstream.config.settings import Origin, load_settings

    setting = load_settings(os.environ).all[name]
    return str(setting.value) if setting.origin is Origin.FILE else None


def something_is_set() -> bool:
    """Whether `spiritstream run` has settings to read: there is a file, or a variable says what to log."""
    return settings_path().exists() or bool(os.environ.get("SPIRITSTREAM_LOG_LEVEL"))


def uplink_bps() -> int | None:
    """What the line carries outwards, in bit/s; `None` where nobody says.

    Raises:
        SpiritError: the settings are not valid.
    """
    if not (settings_path().exists() or os.environ.get("SPIRITSTREAM_UPLINK")):
        return None
    from spiritstream.config.settings import load_settings

    return load_settings(os.environ).uplink_bps


class Environment(Mapping[str, str]):
    """The environment, and where it says nothing the settings' file, which is read only when asked for."""

    def __getitem__(self, name: str) -> str:
        if name in _VARIABLES and (found := stored(_VARIABLES[name])) is not None:
            return found
        return os.environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter(os.environ)

    def __len__(self) -> int:
        return len(os.environ)
