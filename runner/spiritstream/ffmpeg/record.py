"""Recording into files that survive a kill: their names and ffmpeg's options. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from spiritstream.ffmpeg.address import Argv
from spiritstream.model.profile import Container, Record

_MUXERS = {
    Container.FLV: "flv",
    Container.MPEGTS: "mpegts",
    Container.MATROSKA: "matroska",
    Container.MP4: "mp4",
}
_CONTAINER_OF = {
    "flv": Container.FLV,
    "ts": Container.MPEGTS,
    "mkv": Container.MATROSKA,
    "mp4": Container.MP4,
}
# So that the file is whole up to the last second, whenever its writer dies.
_LOSING_LITTLE = {
    Container.MP4: {"movflags": "+frag_keyframe+empty_moov+default_base_moof"},
    Container.MATROSKA: {"cluster_time_limit": "1000"},
}


def record_options(record: Record, container: Container) -> Argv:
    """The output options and the file. Nothing is overwritten."""
    if container is Container.AUTO:
        container = _CONTAINER_OF.get(record.path.rpartition(".")[2].lower(), Container.MATROSKA)
    options = {"flush_packets": "1", **_LOSING_LITTLE.get(container, {})}
    # `file:` keeps a name such as `http:x` or `-x` from being something else.
    file = f"file:{record.path}"
    if record.segment_s is None:
        return (*_flags(options), "-n", "-f", _MUXERS[container], file)
    cut = ("-f", "segment", "-segment_time", f"{record.segment_s:g}", "-segment_format", _MUXERS[container])
    inner = ":".join(f"{name}={value}" for name, value in options.items())
    naming = ("-segment_format_options", inner, "-strftime", "1", "-reset_timestamps", "1")
    return (*cut, *naming, file)


def _flags(options: dict[str, str]) -> Argv:
    return tuple(text for name, value in options.items() for text in (f"-{name}", value))


def record_path(template: str, now: datetime, exists: Callable[[str], bool]) -> str:
    """The file's name at `now`: placeholders filled in, and a number added until nothing has that name."""
    return segment_path(now.strftime(template).replace("%", "%%"), now, exists).replace("%%", "%")


def segment_path(template: str, now: datetime, exists: Callable[[str], bool]) -> str:
    """The template of segments' names, with a number added until nothing has the first one's name."""
    folder, slash, name = template.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    if not stem:
        stem, dot, ending = name, "", ""
    path, number = template, 0
    while exists(now.strftime(path)):
        number += 1
        path = f"{folder}{slash}{stem}-{number}{dot}{ending}"
    return path
