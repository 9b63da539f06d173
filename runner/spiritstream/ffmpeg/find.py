"""Which ffmpeg is used: the one that is asked for, the one on PATH, or the embedded one."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from spiritstream.errors import SpiritError

OLDEST = (5, 1)
VARIABLE = "SPIRITSTREAM_FFMPEG"
_GET_ONE = "apt install ffmpeg, or: pip install 'spiritstream[ffmpeg]'"
_VERSION_S = 10.0
# A build from git has no version: that of its libavformat tells. Major 59 is ffmpeg 5, 60 is 6, and so on.
_LIBAVFORMAT_AHEAD = 54
# A first number of this size is a year, of a build from git.
_YEAR = 2000


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    """An ffmpeg that works. `source` is flag, SPIRITSTREAM_FFMPEG, settings, PATH or embedded."""

    path: Path
    version: tuple[int, ...]
    version_text: str
    source: str
    ca_file: str | None = None
    """The certificates to trust in place of the system's (SSL_CERT_FILE)."""


def find_ffmpeg(wanted: str | None, environ: Mapping[str, str], setting: str | None = None) -> Ffmpeg:
    """The ffmpeg to use; `wanted` is a path or a name, from a flag, and `setting` one from the settings.

    Raises:
        SpiritError: there is none, it does not run, or it is too old.
    """
    path, source = _search(wanted, environ, setting)
    said = _ask_version(path, source)
    version = parse_version(said)
    text = said.split(maxsplit=3)[2] if said.startswith("ffmpeg version ") else "unknown"
    if version is None:
        raise SpiritError(f"{path} ({source}) does not say which version it is", _GET_ONE)
    if version < OLDEST:
        raise SpiritError(
            f"{path} ({source}) is ffmpeg {text}, and 5.1 is the oldest that has every option we use",
            _GET_ONE,
        )
    return Ffmpeg(path, version, text, source, environ.get("SSL_CERT_FILE") or None)


def parse_version(said: str) -> tuple[int, ...] | None:
    """The version in what `ffmpeg -version` says; `None` if there is none."""
    release = re.match(r"ffmpeg version n?(\d+(?:\.\d+)*)", said)
    if release:
        version = tuple(int(number) for number in release[1].split("."))
        if version[0] < _YEAR:
            return version
    library = re.search(r"libavformat\s+(\d+)\.", said)
    return (int(library[1]) - _LIBAVFORMAT_AHEAD, 1) if library else None


def _search(wanted: str | None, environ: Mapping[str, str], setting: str | None) -> tuple[Path, str]:
    for value, source in ((wanted, "flag"), (environ.get(VARIABLE), VARIABLE), (setting, "settings")):
        if value:
            found = shutil.which(value, path=environ.get("PATH"))
            if found is None:
                raise SpiritError(
                    f"{value} ({source}) is no program that can be run", "correct it, or leave it out"
                )
            return Path(found), source
    if found := shutil.which("ffmpeg", path=environ.get("PATH")):
        return Path(found), "PATH"
    embedded = next(_embedded(), None)
    if embedded is None:
        raise SpiritError("no ffmpeg is on PATH, and none is embedded", _GET_ONE)
    return embedded, "embedded"


def _embedded() -> Iterator[Path]:
    """imageio-ffmpeg's, without importing it: that would run it once more."""
    spec = importlib.util.find_spec("imageio_ffmpeg")
    for folder in (spec and spec.submodule_search_locations) or ():
        for path in sorted(Path(folder, "binaries").glob("ffmpeg-*")):
            if found := shutil.which(path):
                yield Path(found)


def _ask_version(path: Path, source: str) -> str:
    try:
        done = subprocess.run(
            [path, "-version"],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_VERSION_S,
        )
    except subprocess.TimeoutExpired:
        reason = f"did not say its version within {_VERSION_S:g} s"
    except OSError as error:
        reason = f"cannot be run: {error.strerror}"
    else:
        if done.returncode == 0:
            return done.stdout
        reason = f"cannot be run: it ends with status {done.returncode}"
    raise SpiritError(f"{path} ({source}) {reason}", _GET_ONE)
