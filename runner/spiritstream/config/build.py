"""A valid document to the model's values. Pure.

Called only with a document that neither the schema nor `checks` finds fault with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from spiritstream.config.address import with_plain_scheme
from spiritstream.config.checks import PlatformLike, Surroundings, children
from spiritstream.config.choosing import chosen
from spiritstream.config.document import Document
from spiritstream.config.leaves import SECRET_FIELDS
from spiritstream.config.listening import DEFAULT_HOLD, DEFAULT_LISTEN, parse_listen
from spiritstream.config.places import Path
from spiritstream.config.recognising import recognised
from spiritstream.config.sending import nearest_sender, sender_for
from spiritstream.config.values import parse_bitrate, parse_duration, parse_fps, parse_size
from spiritstream.model.profile import (
    Address,
    Audio,
    Container,
    FilesInput,
    Group,
    Input,
    Leave,
    Profile,
    PullInput,
    Record,
    RtmpInput,
    Size,
    Takeover,
    Target,
    TestInput,
    Video,
)
from spiritstream.secret import Secret

Secrets = Mapping[Path, Secret]
_COPY = "copy"


@dataclass(frozen=True, slots=True)
class _Usual:
    """What a target has that names nothing of its own."""

    container: Container
    sender: object


def build_profile(document: Document, around: Surroundings, secrets: Secrets) -> Profile:
    """The profile that a valid document describes; `secrets` holds each secret leaf's value by its path."""
    data: Any = document.data
    groups = children(data, (), "groups")
    sender = nearest_sender(data)
    return Profile(
        name=data["name"],
        input=_input(data["input"], around, secrets),
        groups=tuple(_group(path, group, sender, around, secrets) for path, group in groups),
        enabled=data.get("enabled", True),
        description=data.get("description", ""),
        position=int(data.get("position", 0)),
    )


def _input(data: dict[str, Any], around: Surroundings, secrets: Secrets) -> Input:
    if "pull" in data:
        pull = data["pull"]
        address = _address(pull["url"], ("input", "pull"), pull, secrets)
        return PullInput(address, pull.get("transport"))
    if "files" in data:
        files = data["files"]
        paths, loop = (files, True) if isinstance(files, list) else (files["paths"], files.get("loop", True))
        return FilesInput(tuple(around.absolute(path) for path in paths), loop)
    if "rtmp" in data:
        return _rtmp(data["rtmp"], around, secrets)
    return _test(data["test"])


def _rtmp(data: dict[str, Any], around: Surroundings, secrets: Secrets) -> RtmpInput:
    host, port = parse_listen(data.get("listen", DEFAULT_LISTEN))
    tls = data.get("tls")
    return RtmpInput(
        host=host,
        port=port,
        app=data.get("app", "live"),
        key=secrets.get(("input", "rtmp", "key")),
        open=data.get("open", False),
        takeover=Takeover(data.get("takeover", Takeover.WHEN_SILENT)),
        hold_s=parse_duration(data.get("hold", DEFAULT_HOLD)),
        certificate=around.absolute(tls["certificate"]) if tls else None,
        private_key=around.absolute(tls["private_key"]) if tls else None,
    )


def _test(data: dict[str, Any]) -> TestInput:
    usual = TestInput()
    return TestInput(
        size=_size(data) or usual.size,
        fps=_fps(data) or usual.fps,
        bitrate_bps=parse_bitrate(data["bitrate"]) if "bitrate" in data else usual.bitrate_bps,
        tone_hz=int(data.get("tone", usual.tone_hz)),
    )


def _size(data: dict[str, Any]) -> Size | None:
    return parse_size(data["size"]) if "size" in data else None


def _fps(data: dict[str, Any]) -> Fraction | None:
    return parse_fps(data["fps"]) if "fps" in data else None


def _address(url: str, path: Path, data: dict[str, Any], secrets: Secrets) -> Address:
    key, password, passphrase = (secrets.get((*path, field)) for field in SECRET_FIELDS)
    return Address(with_plain_scheme(url), key, data.get("username"), password, passphrase)


def _group(path: Path, data: dict[str, Any], sender: object, around: Surroundings, secrets: Secrets) -> Group:
    usual = _Usual(Container(data.get("container", "auto")), data.get("sender", sender))
    targets = children(data, path, "targets")
    return Group(
        name=str(path[-1]),
        targets=tuple(_target(at, target, usual, around, secrets) for at, target in targets),
        video=_video(data.get("video", _COPY)),
        audio=_audio(data.get("audio", _COPY)),
        generate_pts=data.get("generate_pts", True),
        enabled=data.get("enabled", True),
    )


def _video(data: Any) -> Video | None:
    if data == _COPY or data["codec"] == _COPY:
        return None
    return Video(
        codec=data["codec"],
        bitrate_bps=parse_bitrate(data["bitrate"]),
        encoder=data.get("encoder", "auto"),
        size=_size(data),
        fps=_fps(data),
        keyframe_s=parse_duration(data.get("keyframe", 2)),
        preset=data.get("preset"),
        profile=data.get("profile"),
        b_frames=int(data["b_frames"]) if "b_frames" in data else None,
    )


def _audio(data: Any) -> Audio | None:
    if data == _COPY or data["codec"] == _COPY:
        return None
    rate, channels = data.get("rate"), data.get("channels")
    return Audio(
        codec=data["codec"],
        bitrate_bps=parse_bitrate(data.get("bitrate", "128k")),
        rate_hz=None if rate is None else int(rate),
        channels=None if channels is None else int(channels),
    )


def _target(
    path: Path, data: dict[str, Any], usual: _Usual, around: Surroundings, secrets: Secrets
) -> Target:
    platform, address, server = None, None, None
    service: PlatformLike | None = None
    if "platform" in data:
        service = around.find_platform(data["platform"])
        got = chosen(service, data.get("server"))
        platform, server, address = service.id, got.choice, _address(got.url, path, data, secrets)
    elif "url" in data:
        known = recognised(data["url"], around.platforms_at)
        service = known.platform if known else None
        address = _address(known.url if known else data["url"], path, data, secrets)
    return Target(
        name=str(path[-1]),
        address=address,
        record=_record(data["record"], around) if "record" in data else None,
        platform=platform,
        container=Container(data["container"]) if "container" in data else usual.container,
        enabled=data.get("enabled", True),
        sender=sender_for(data.get("sender", usual.sender), address.scheme if address else ""),
        leave=Leave(data.get("leave", Leave.CLEAN)),
        server=server,
        limits=service.bounds if service else None,
        reconnects=service.reconnects if service else None,
    )


def _record(data: Any, around: Surroundings) -> Record:
    if isinstance(data, str):
        return Record(around.recording(data))
    segment = data.get("segment")
    return Record(around.recording(data["path"]), None if segment is None else parse_duration(segment))
