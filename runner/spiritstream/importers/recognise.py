"""Which program a file is from: by what is in it, not by its name. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from spiritstream.importers.jsontext import parse_json
from spiritstream.importers.mgs import MAGIC, check_mgs
from spiritstream.importers.theme import parse_jsonc
from spiritstream.importers.values import UnreadableError, decoded


class Kind(StrEnum):
    """What a file is."""

    MGS = "SpiritStream profile under a password"
    PROFILE = "SpiritStream profile"
    SETTINGS = "SpiritStream settings"
    ORDERS = "SpiritStream list of orders"
    THEME = "SpiritStream theme"
    OBS_SERVICE = "OBS Studio service.json"
    OBS_INI = "OBS Studio basic.ini"
    OBS_ENCODER = "OBS Studio streamEncoder.json"
    MULTI_RTMP = "obs-multi-rtmp configuration"
    SPROUT = "Stream Sprout configuration"
    MEDIAMTX = "MediaMTX configuration"
    NGINX = "nginx-rtmp configuration"
    COMMAND = "ffmpeg command"


OBS = frozenset({Kind.OBS_SERVICE, Kind.OBS_INI, Kind.OBS_ENCODER, Kind.MULTI_RTMP})

_SETTINGS = {"startMinimized", "ffmpegPath", "autoDownloadFfmpeg", "logRetentionDays", "lastProfile"}
_SETTINGS_BEFORE = {"encryptStreamKeys", "showNotifications", "themeId"}
_ENCODER = {"bitrate", "rate_control", "keyint_sec", "preset", "preset2", "crf", "cqp", "x264opts", "bf"}
_TEXTS = (
    (Kind.SPROUT, r"^services:(.|\n)*^\s+rtmp_server\s*:"),
    (Kind.MEDIAMTX, r"^(paths|pathDefaults):"),
    (Kind.OBS_INI, r"^\[(General|SimpleOutput|AdvOut|Output|Video|obs-multi-rtmp)\]\s*$"),
    (Kind.NGINX, r"^\s*(push\s+[^;\n]+;|application\s+\S+\s*\{|rtmp\s*\{)"),
    (Kind.COMMAND, r"(^|[\s/\\\"'])ffmpeg(\.exe)?[\"']?\s"),
)
_KNOWN = (
    "known are SpiritStream's profiles (.json, .mgs), settings.json, order_indexes.json and themes, "
    "OBS Studio's profiles, obs-multi-rtmp, Stream Sprout, nginx-rtmp, MediaMTX, and ffmpeg commands"
)


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file's kind, and its data where the kind could only be told by reading it."""

    kind: Kind
    data: Any = field(default=None, repr=False)


def recognise(data: bytes, file: str) -> Recognised:
    """What a file is.

    Raises:
        UnreadableError: it is nothing that is known, or damaged.
    """
    if data.startswith(MAGIC):
        check_mgs(data, file)
        return Recognised(Kind.MGS)
    if data.startswith((b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!")):
        raise UnreadableError(f"{file}: this is an archive", "unpack it, and name the files in it")
    text = decoded(data, file)
    if text.lstrip().startswith(("{", "//", "/*")):
        return _of_json(data, text, file)
    if re.search(r"^version:\s*1\s*$", text, re.MULTILINE) and re.search(r"^input:", text, re.MULTILINE):
        raise UnreadableError(f"{file}: this is a profile of spiritstream already", "use it as it is")
    for kind, pattern in _TEXTS:
        if re.search(pattern, text, re.MULTILINE):
            return Recognised(kind)
    raise UnreadableError(f"{file}: this is nothing that can be imported", _KNOWN)


def _of_json(data: bytes, text: str, file: str) -> Recognised:
    try:
        found = parse_json(data, file)
    except UnreadableError:
        # Themes, and only they, have comments and trailing commas.
        if '"tokens"' not in text:
            raise
        found = parse_jsonc(text, file)
    kind = _kind_of(found)
    if kind is None:
        raise UnreadableError(f"{file}: this JSON is nothing that can be imported", _KNOWN)
    return Recognised(kind, found)


def _kind_of(data: Any) -> Kind | None:
    if not isinstance(data, dict):
        return None
    names = set(data)
    signs = (
        (Kind.PROFILE, "outputGroups" in names),
        (Kind.THEME, "tokens" in names),
        (Kind.MULTI_RTMP, isinstance(data.get("targets"), list)),
        (Kind.OBS_SERVICE, isinstance(data.get("type"), str) and "settings" in names),
        (Kind.SETTINGS, bool(names & _SETTINGS) or len(names & _SETTINGS_BEFORE) > 1),
        (Kind.OBS_ENCODER, not names or bool(names & _ENCODER)),
        (Kind.ORDERS, all(isinstance(value, int) and not isinstance(value, bool) for value in data.values())),
    )
    return next((kind for kind, fits in signs if fits), None)
