"""What feeds an ffmpeg command, as a profile's input. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from spiritstream.config.address import url_scheme
from spiritstream.importers.destinations import UnsendableError, is_url_like, secret_field
from spiritstream.importers.ffmpegwords import Command, Part
from spiritstream.importers.listening import rtmp_input
from spiritstream.importers.pulling import pull_fields
from spiritstream.importers.values import Fields, Notes

_USUAL_APP = re.compile(r"[a-z]{1,10}")
_DEVICES = frozenset(
    (
        *("v4l2", "video4linux2", "x11grab", "avfoundation", "dshow", "gdigrab", "alsa", "pulse", "decklink"),
        *("kmsgrab", "fbdev", "jack", "oss", "sndio"),
    )
)


def command_input(command: Command, left: Notes) -> dict[str, dict[str, object]]:
    """The profile's `input`; what it cannot be is added to `left`."""
    source = command.inputs[0]
    if len(command.inputs) > 1:
        left.append(f"input: {len(command.inputs) - 1} more inputs; a profile has one, the first")
    try:
        return _source(source, left)
    except UnsendableError as error:
        left.append(f"input: {error}; it listens for a publisher now")
        return {"rtmp": {**rtmp_input("127.0.0.1:1935", "live", left)}}


def _source(source: Part, left: Notes) -> dict[str, dict[str, object]]:
    options, url = source.options, source.url
    kind, scheme = options.get("f", ""), url_scheme(url)
    if kind == "lavfi":
        left.append("input: what lavfi made is our own test picture now")
        return {"test": {}}
    if kind in _DEVICES:
        raise UnsendableError("cameras and screens are not read; publish them with OBS Studio or ffmpeg")
    if "$" in url or "`" in url:
        raise UnsendableError("a shell's variable stands in its address")
    if scheme == "rtmp" and options.get("listen", "0") != "0":
        return {"rtmp": {**_listening(url, left)}}
    if scheme and scheme != "file":
        return {"pull": {**pull_fields(url, left, options.get("rtsp_transport", ""))}}
    return {"files": _files(url, options, kind, left)}


def _listening(url: str, left: Notes) -> Fields:
    """Where ffmpeg itself listens, checking no key; what stands alone and is no usual word may be one."""
    authority, _, path = url.partition("://")[2].partition("/")
    app, slash, name = path.partition("?")[0].partition("/")
    left.saw(name)
    if slash or _USUAL_APP.fullmatch(app):
        left.append("input: any stream key is accepted, as ffmpeg did")
        return rtmp_input(authority, app, left)
    left.saw(app)
    left.append("input: its address has no application; publish to …/live, with what stood there as the key")
    return rtmp_input(authority, "live", left, secret_field(app, "key"))


def _files(url: str, options: Mapping[str, str], kind: str, left: Notes) -> dict[str, object]:
    path = url.removeprefix("file:").replace("file://", "")
    if (
        kind in ("concat", "image2")
        or not path.isprintable()
        or path in ("", "-")
        or path.startswith(("~", "pipe"))
    ):
        raise UnsendableError("it is no single media file, written out")
    if is_url_like(path) or len(path) > 1024:
        raise UnsendableError("its file's name cannot be used")
    if not path.startswith("/"):
        left.append("input: its file is looked for beside the profile")
    return {"paths": [path], "loop": options.get("stream_loop", "0") == "-1"}
