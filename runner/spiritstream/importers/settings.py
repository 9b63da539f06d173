"""SpiritStream's settings.json as our settings.yaml: what has a place there, and nothing secret. Pure."""

from __future__ import annotations

import json
from typing import Any

from spiritstream.importers.jsontext import Node
from spiritstream.importers.names import remark
from spiritstream.importers.values import Notes

_LEFT = {
    "startMinimized": (False, "there is no window"),
    "autoDownloadFfmpeg": (True, "ffmpeg is not downloaded; `pip install spiritstream[ffmpeg]` brings one"),
    "lastProfile": (None, "every profile in the folder is on air; `enabled: false` keeps one off"),
    "language": ("en", "there is no window with a language"),
    "themeId": ("spirit-dark", "no page uses themes yet; `spiritstream import THEME.jsonc` keeps one"),
    "showNotifications": (True, "`spiritstream notify` tells of events"),
    "encryptStreamKeys": (True, "keys are always sealed"),
}
_GROUPS = {
    "backend": "there is no web server yet",
    "obs": "OBS Studio is not remote-controlled",
    "discord": "nothing is posted to Discord",
    "chat": "chats are not read or written",
    "twitchOauth": "no accounts are logged in to",
    "youtubeOauth": "no accounts are logged in to",
    "youtubeUseApiKey": "chats are not read or written",
}


def read_settings(data: Any, file: str) -> tuple[str, Notes]:
    """The text of a settings.yaml, empty where nothing has a place in it; and what was left out.

    Raises:
        UnreadableError: it is damaged.
    """
    node, left = Node(data, file), Notes()
    lines = [*_ffmpeg(node, left), *_days(node, left)]
    left.extend(
        f"{name}: {why}"
        for name, (usual, why) in _LEFT.items()
        if node.data.get(name, usual) not in (usual, None)
    )
    for prefix, why in _GROUPS.items():
        names = [name for name in node.data if name.startswith(prefix) and name not in _LEFT]
        if any(node.data[name] not in ("", None) for name in names):
            left.append(f"{prefix}…: {why}")
    return "\n".join(
        [f"# Imported from SpiritStream's {remark(file, ())}", "version: 1", *lines, ""]
    ) if lines else "", left


def _ffmpeg(node: Node, left: Notes) -> list[str]:
    path = node.text("ffmpegPath", "").strip()
    if not path:
        return []
    if not path.isprintable() or not (path.startswith("/") and len(path) < 1024):
        left.append(
            "ffmpegPath: it is no whole path of this machine; set it with `spiritstream config set ffmpeg`"
        )
        return []
    return [f"ffmpeg: {json.dumps(path, ensure_ascii=False)}"]


def _days(node: Node, left: Notes) -> list[str]:
    days = node.number("logRetentionDays", 30)
    if days == 30:
        return []
    if days != int(days) or not 1 <= days <= 3650:
        left.append("logRetentionDays: it is not from 1 to 3650 days; the default is 30")
        return []
    return ["log:", "  keep:", f"    days: {int(days)}"]
