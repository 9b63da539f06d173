"""A profile as SpiritStream's JSON. Pure.

SpiritStream keeps keys in clear text, or under a key of its own machine: they are left empty unless asked
for, and `{env: NAME}` is its own `${NAME}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from spiritstream.importers.values import Notes
from spiritstream.model.profile import (
    KEY_PLACEHOLDER,
    Audio,
    Group,
    Profile,
    RtmpInput,
    Target,
    Video,
)

ServiceName = Callable[[str], str]
"""A platform's id -> SpiritStream's name for it; empty if it knows none."""
CUSTOM = "Custom"
_ENCODERS = {"h264": "libx264", "hevc": "libx265", "av1": "libsvtav1"}
_CHOICES = ("auto", "software", "hardware")
_AUDIO = {"aac": "aac", "mp3": "libmp3lame", "opus": "libopus"}


def spiritstream_json(profile: Profile, service_name: ServiceName, with_keys: bool) -> tuple[str, Notes]:
    """The text of NAME.json, and what had no place in it."""
    left = Notes()
    if profile.description:
        left.append("description: SpiritStream's profiles have none")
    groups = [_group(group, service_name, with_keys, left) for group in profile.groups]
    default = next((one for one in groups if one["video"]["codec"] == one["audio"]["codec"] == "copy"), None)
    if default:
        default["isDefault"] = True
    data = {
        "id": profile.name,
        "name": profile.name,
        "encrypted": False,
        "input": _input(profile, left),
        "outputGroups": groups,
    }
    return json.dumps(data, indent=2, ensure_ascii=False), left


def _input(profile: Profile, left: Notes) -> dict[str, Any]:
    wanted = profile.input
    if not isinstance(wanted, RtmpInput):
        left.append("input: SpiritStream only receives RTMP; it is 0.0.0.0:1935/live")
        wanted = RtmpInput("0.0.0.0", 1935, "live")
    if wanted.key:
        left.append("input.rtmp.key: SpiritStream lets anybody publish")
    if wanted.certificate:
        left.append("input.rtmp.tls: SpiritStream does not receive RTMPS")
    return {"type": "rtmp", "bindAddress": wanted.host, "port": wanted.port, "application": wanted.app}


def _group(group: Group, service_name: ServiceName, with_keys: bool, left: Notes) -> dict[str, Any]:
    if not group.enabled:
        left.append(f"group {group.name}: SpiritStream knows no disabled groups; do not start it")
    if group.video and group.video.b_frames is not None:
        left.append(f"group {group.name}: SpiritStream leaves B-frames to the encoder")
    targets = (_target(group, target, service_name, with_keys, left) for target in group.targets)
    return {
        "id": group.name,
        "name": group.name,
        "isDefault": False,
        "generatePts": group.generate_pts,
        "video": _video(group.video),
        "audio": _audio(group.audio),
        "container": {"format": "flv"},
        "streamTargets": [target for target in targets if target],
    }


def _video(video: Video | None) -> dict[str, Any]:
    if video is None:
        return {"codec": "copy", "width": 0, "height": 0, "fps": 0, "bitrate": "0k"}
    size = (video.size.width, video.size.height) if video.size else (0, 0)
    codec = _ENCODERS[video.codec] if video.encoder in _CHOICES else video.encoder
    return {
        "codec": codec,
        "width": size[0],
        "height": size[1],
        "fps": round(float(video.fps)) if video.fps else 0,
        "bitrate": _kilobits(video.bitrate_bps),
        "preset": video.preset,
        "profile": video.profile,
        "keyframeIntervalSeconds": max(1, round(video.keyframe_s)),
    }


def _audio(audio: Audio | None) -> dict[str, Any]:
    if audio is None:
        return {"codec": "copy", "bitrate": "0k", "channels": 0, "sampleRate": 0}
    return {
        "codec": _AUDIO[audio.codec],
        "bitrate": _kilobits(audio.bitrate_bps),
        "channels": audio.channels or 0,
        "sampleRate": audio.rate_hz or 0,
    }


def _kilobits(bps: int) -> str:
    return f"{bps // 1000}k" if bps % 1000 == 0 else str(bps)


def _target(
    group: Group, target: Target, service_name: ServiceName, with_keys: bool, left: Notes
) -> dict[str, Any] | None:
    where, address = f"group {group.name}, target {target.name}", target.address
    if address is None:
        left.append(f"{where}: SpiritStream records nothing")
        return None
    service = service_name(target.platform) if target.platform else ""
    if address.scheme not in ("rtmp", "rtmps") or (KEY_PLACEHOLDER in address.url and not service):
        left.append(f"{where}: SpiritStream only sends RTMP, with the key at the address's end")
        return None
    if address.username:
        left.append(f"{where}: SpiritStream has no login with user and password")
    if not target.enabled:
        left.append(f"{where}: SpiritStream knows no disabled targets; switch it off there")
    return {
        "id": f"{group.name}-{target.name}",
        "service": service or CUSTOM,
        "name": target.name,
        "url": address.url,
        "streamKey": _key(where, target, with_keys, left),
    }


def _key(where: str, target: Target, with_keys: bool, left: Notes) -> str:
    key = target.address.key if target.address else None
    if key is None:
        return ""
    text = key.reveal()
    if with_keys or text.startswith("${"):
        return text
    left.append(f"{where}: its key is left empty; --with-keys writes it")
    return ""
