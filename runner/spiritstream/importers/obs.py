"""OBS Studio's profiles: service.json, basic.ini, streamEncoder.json, and obs-multi-rtmp.json. Pure.

OBS Studio keeps making the picture: it publishes to us, and we send on. What it encodes is passed on as it
is; what its own encoder was set to is written as a comment, ready to be used instead.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from spiritstream.errors import SpiritError
from spiritstream.importers.destinations import Login, UnsendableError, destination
from spiritstream.importers.encoding import AudioParts, audio_fields, video_fields
from spiritstream.importers.jsontext import Node, parse_json
from spiritstream.importers.listening import rtmp_input
from spiritstream.importers.matching import Platforms, is_called, settled_later
from spiritstream.importers.obsencoder import Ini, encoder_remarks, picture
from spiritstream.importers.values import (
    MAX_TARGETS,
    Fields,
    Group,
    Imported,
    Notes,
    Target,
    UnreadableError,
    decoded,
)

_PUBLISH = (
    "OBS Studio publishes to this: in its settings, Stream: service Custom, "
    "server rtmp://127.0.0.1:1935/live, any stream key"
)


@dataclass(frozen=True, slots=True)
class ObsFiles:
    """The files of one profile's folder; what is not there is empty. `name` is the folder's."""

    name: str
    file: str
    service: Any = None
    ini: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    encoder: Any = None
    targets: Any = None


def read_ini(data: bytes, file: str) -> Ini:
    """The sections of an ini file; what is no section, entry or comment is refused.

    Raises:
        UnreadableError: it is no ini file.
    """
    sections: dict[str, dict[str, str]] = {}
    here: dict[str, str] = {}
    for number, line in enumerate(decoded(data, file).splitlines(), 1):
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        if line[0] == "[" and line[-1] == "]":
            here = sections.setdefault(line[1:-1], {})
        elif "=" in line and sections:
            name, _, value = line.partition("=")
            here[name.strip()] = value.strip()
        else:
            raise UnreadableError(
                f"{file}:{number}: this is neither a section nor an entry", "check the file"
            )
    return sections


def with_legacy_targets(files: ObsFiles) -> Any:
    """obs-multi-rtmp's targets, also from where old versions kept them: base64 in basic.ini."""
    text = files.ini.get("obs-multi-rtmp", {}).get("json", "")
    if files.targets is not None or not text:
        return files.targets
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableError(f"{files.file}: obs-multi-rtmp's targets in it are damaged") from None
    return parse_json(data, f"{files.file}: obs-multi-rtmp's targets")


def read_obs(files: ObsFiles, platforms: Platforms) -> Imported:
    """OBS Studio's profile as values.

    Raises:
        UnreadableError: a file is damaged.
    """
    left = Notes()
    groups: list[Group] = []
    if files.service is not None:
        target = _service(Node(files.service, files.file), platforms, left)
        groups.append(
            Group(
                "obs",
                (target,) if target else (),
                remarks=encoder_remarks(files.ini, files.encoder, files.file, left),
            )
        )
    targets = with_legacy_targets(files)
    if targets is not None:
        groups = _joined(groups, _multi(Node(targets, files.file), files, platforms, left))
    if sum(len(group.targets) for group in groups) > MAX_TARGETS:
        raise UnreadableError(f"{files.file}: it has more than {MAX_TARGETS} targets", "check the file")
    if path := _recording(files.ini):
        left.append(
            f"recording: OBS Studio records to {path} by itself; add a target with `record:` to do it here"
        )
    if files.ini.get("Output", {}).get("DelayEnable") == "true":
        left.append("stream delay: there is none here; OBS Studio's own delay still works")
    return Imported(
        name=files.ini.get("General", {}).get("Name", "") or files.name,
        kind="OBS Studio profile" if files.service is not None else "obs-multi-rtmp configuration",
        file=files.file,
        input={"rtmp": rtmp_input("127.0.0.1:1935", "live", left)},
        groups=tuple(groups),
        left=tuple(left),
        remarks=(_PUBLISH,),
        secrets=tuple(left.seen),
    )


def _joined(groups: list[Group], more: list[Group]) -> list[Group]:
    """OBS Studio's own target and the plugin's that share its encoder are one group."""
    if not groups or not more or more[0].video or more[0].audio:
        return groups + more
    first = groups[0]
    return [Group(first.name, (*first.targets, *more[0].targets), remarks=first.remarks), *more[1:]]


def _service(node: Node, platforms: Platforms, left: Notes) -> Target | None:
    kind, settings = node.text("type"), node.node("settings")
    if kind == "whip_custom":
        left.saw(settings.text("bearer_token", ""))
        left.not_sent("stream service", "WHIP is not sent; rtmp, rtmps and srt are")
        return None
    service = settings.text("service", "") if kind == "rtmp_common" else ""
    return _sent(settings, service, service or "custom", platforms, left)


def _sent(settings: Node, service: str, name: str, platforms: Platforms, left: Notes) -> Target | None:
    key, server = settings.text("key", ""), settings.text("server", "")
    login = Login()
    if settings.flag("use_auth", False) or server.startswith("srt:"):
        login = Login(settings.text("username", ""), settings.text("password", ""))
    left.saw(key, login.password)
    try:
        if service and "://" not in server and not settled_later(server.strip(), platforms, service):
            server = _default_server(service, platforms)
        found = destination(server, key, platforms, service, login)
    except UnsendableError as error:
        left.not_sent(f"target {name}", error)
        return None
    left.extend(f"target {name}: {remark}" for remark in found.remarks)
    if settings.flag("bwtest", False):
        left.append(
            f"target {name}: the bandwidth test is off; Twitch takes ?bandwidthtest=true after the key"
        )
    return Target(name, found.fields, found.place, missing=found.missing)


def _default_server(service: str, platforms: Platforms) -> str:
    """What `auto`, or nothing, stands for: the platform's default server."""
    for platform in platforms:
        if is_called(platform, service):
            with contextlib.suppress(SpiritError):
                return platform.server_url()
    raise UnsendableError("its service has no server that is known here; write its address as `url:`")


def _recording(ini: Mapping[str, Mapping[str, str]]) -> str:
    out = ini.get("Output", {})
    advanced = ini.get("AdvOut", {}) if out.get("Mode") == "Advanced" else {}
    return advanced.get("RecFilePath", "") or ini.get("SimpleOutput", {}).get("FilePath", "")


# --- obs-multi-rtmp ---


def _multi(node: Node, files: ObsFiles, platforms: Platforms, left: Notes) -> list[Group]:
    """The plugin's targets: those that share OBS Studio's encoder come first, each other encoder's after."""
    videos = _by_id(node, "video_configs")
    audios = _by_id(node, "audio_configs")
    shared: dict[tuple[str, str], list[Target]] = {("", ""): []}
    for one in node.nodes("targets"):
        if (target := _multi_target(one, platforms, left)) is not None:
            wanted = one.text("video-config", ""), one.text("audio-config", "")
            known = (wanted[0] if wanted[0] in videos else "", wanted[1] if wanted[1] in audios else "")
            shared.setdefault(known, []).append(target)
    groups = []
    for number, ((video, audio), targets) in enumerate(shared.items()):
        where = f"group encoded-{number}"
        groups.append(
            Group(
                name=f"encoded-{number}" if number else "obs",
                targets=tuple(targets),
                video=_multi_video(videos[video], files, f"{where}: video", left) if video else None,
                audio=_multi_audio(audios[audio], f"{where}: audio", left) if audio else None,
            )
        )
    return groups if groups[0].targets else groups[1:]


def _by_id(node: Node, key: str) -> Mapping[str, Node]:
    return {one.text("id"): one for one in node.nodes(key)} if node.data.get(key) is not None else {}


def _multi_target(node: Node, platforms: Platforms, left: Notes) -> Target | None:
    name = node.text("name", "")
    if node.text("protocol", "RTMP") == "WHIP":
        left.saw(node.node("service-param").text("bearer_token", ""))
        left.not_sent(f"target {name}", "WHIP is not sent; rtmp, rtmps and srt are")
        return None
    settings = node.node("service-param")
    if "rtmp-path" in node.data:  # until version 0.6 the fields stood in the target itself
        settings = Node(
            {
                "server": node.text("rtmp-path", ""),
                "key": node.text("rtmp-key", ""),
                "use_auth": bool(node.text("rtmp-user", "")),
                "username": node.text("rtmp-user", ""),
                "password": node.text("rtmp-pass", ""),
            },
            node.file,
            node.path,
        )
        if node.data.get("v-enc"):
            left.append(f"target {name}: its own encoder is not carried over; write `video:` to encode again")
    if node.data and node.flag("sync-start", False) is False and "sync-start" in node.data:
        left.append(
            f"target {name}: it was started by hand; here it is on air with its show, unless `enabled: false`"
        )
    return _sent(settings, "", name, platforms, left)


def _multi_video(node: Node, files: ObsFiles, where: str, left: Notes) -> Fields | None:
    if node.text("scene", ""):
        left.append(f"{where}: it showed another scene; only what OBS Studio publishes can be sent on")
    divisor = node.number("fps-denumerator", 1)
    parts = picture(files.ini, node.text("encoder", ""), node.node("param"), node.text("resolution", ""))
    if divisor > 1 and parts.fps.isdigit():
        parts = replace(parts, fps=f"{int(parts.fps) / divisor:g}")
    return video_fields(parts, where, left)


def _multi_audio(node: Node, where: str, left: Notes) -> Fields | None:
    if node.number("mixerId", 0):
        left.append(f"{where}: it took another of OBS Studio's tracks; the published one is sent")
    bitrate = node.node("param").number("bitrate", 128)
    return audio_fields(AudioParts(node.text("encoder", "aac"), f"{bitrate:g}k"), where, left)
