"""MediaMTX's mediamtx.yml: the paths whose stream is forwarded (`pushTargets`, or ffmpeg in a hook). Pure."""

from __future__ import annotations

import re
from typing import Any

from spiritstream.importers.commandline import outputs_of
from spiritstream.importers.destinations import UnsendableError, destination
from spiritstream.importers.listening import rtmp_input
from spiritstream.importers.matching import Platforms
from spiritstream.importers.pulling import pull_fields
from spiritstream.importers.values import MAX_TARGETS, Group, Imported, Notes, Target, UnreadableError
from spiritstream.importers.yamltext import mapping_of, text_of

_LISTS = ("pushTargets", "forward", "forwardTargets")
_HOOKS = ("runOnAvailable", "runOnReady", "runOnPublish", "runOnInit")
_PUBLISHERS = ("", "publisher", "record")


def read_mediamtx(data: Any, file: str, platforms: Platforms) -> list[Imported]:
    """One profile for each path that is forwarded.

    Raises:
        UnreadableError: it is damaged, or forwards nothing.
    """
    usual = mapping_of(data, "pathDefaults")
    paths = mapping_of(data, "paths") or ({"live": {}} if _forwards(usual) else {})
    found = [
        _path(name, {**usual, **mapping_of(paths, name)}, data, file, platforms)
        for name in paths
        if _forwards({**usual, **mapping_of(paths, name)})
    ]
    if not found:
        raise UnreadableError(
            f"{file}: no path of this MediaMTX configuration forwards its stream",
            f"a path is imported when it has `{_LISTS[0]}`, `{_LISTS[1]}` or ffmpeg in `{_HOOKS[0]}`",
        )
    if sum(len(group.targets) for one in found for group in one.groups) > MAX_TARGETS:
        raise UnreadableError(f"{file}: it has more than {MAX_TARGETS} targets", "check the file")
    return found


def _forwards(path: dict[str, Any]) -> bool:
    return any(path.get(key) for key in _LISTS) or any("ffmpeg" in text_of(path, key) for key in _HOOKS)


def _path(name: str, path: dict[str, Any], data: Any, file: str, platforms: Platforms) -> Imported:
    left = Notes()
    pattern = name.startswith("~") or name in ("all", "all_others")
    own = "live" if pattern else name
    if pattern:
        left.append(f"path {name}: it stands for many paths, and a profile has one input: it is {own} now")
    targets = [_target(number, url, own, platforms, left) for number, url in enumerate(_urls(path), 1)]
    groups = [Group("source", tuple(target for target in targets if target))] if targets else []
    for hook in _HOOKS:
        if "ffmpeg" in (command := text_of(path, hook)):
            groups += outputs_of(_filled(command, own, data), platforms, left)
    return Imported(
        name=own,
        kind="MediaMTX path",
        file=file,
        input=_input(own, path, data, left),
        groups=tuple(groups),
        left=tuple(left),
        secrets=tuple(left.seen),
    )


def _urls(path: dict[str, Any]) -> list[str]:
    listed = [one for key in _LISTS if isinstance(path.get(key), list) for one in path[key]]
    return [one if isinstance(one, str) else text_of(one, "url") for one in listed]


def _filled(text: str, path: str, data: Any) -> str:
    port = text_of(data, "rtspAddress").rpartition(":")[2] or "8554"
    values = {"MTX_PATH": path, "RTSP_PORT": port, "RTSP_PATH": path}
    return re.sub(r"\$\{?([A-Z_]+)\}?", lambda match: values.get(match[1], match[0]), text)


def _target(number: int, url: str, path: str, platforms: Platforms, left: Notes) -> Target | None:
    url = _filled(url, path, {})
    try:
        found = destination(url, "", platforms, joined=True)
    except UnsendableError as error:
        left.not_sent(f"forward {number}", error)
        return None
    left.extend(f"forward {number}: {remark}" for remark in found.remarks)
    return Target(
        str(found.fields.get("platform", f"forward-{number}")),
        found.fields,
        found.place,
        missing=found.missing,
    )


def _logs_in(data: Any) -> bool:
    """Whether publishers need a user and a password: all may publish where `any` may, as by default."""
    users = data.get("authInternalUsers")
    publishers = [one for one in users if "publish" in _actions(one)] if isinstance(users, list) else []
    return bool(publishers) and "any" not in [text_of(one, "user") for one in publishers]


def _actions(user: Any) -> list[str]:
    allowed = user.get("permissions") if isinstance(user, dict) else None
    return [text_of(one, "action") for one in allowed] if isinstance(allowed, list) else []


def _input(name: str, path: dict[str, Any], data: Any, left: Notes) -> dict[str, dict[str, Any]]:
    source = text_of(path, "source")
    if source not in _PUBLISHERS:
        try:
            return {"pull": pull_fields(source, left)}
        except UnsendableError as error:
            left.append(f"input: {error}; it listens for a publisher now")
    if any(text_of(path, key) for key in ("publishUser", "publishPass")) or _logs_in(data):
        left.append("input: publishers log in with a user and password there, and know a stream key here")
    if name.count("/"):
        left.append("input: what was the path's last part is the stream key here; any is accepted")
    address = text_of(data, "rtmpAddress") or ":1935"
    return {"rtmp": rtmp_input(address, name.rpartition("/")[0] or name, left)}
