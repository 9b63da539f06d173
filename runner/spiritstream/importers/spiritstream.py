"""SpiritStream's profiles (NAME.json), their encrypted keys, and its list of orders. Pure.

The format was read off the application: Profile, OutputGroup, StreamTarget; unknown fields are dropped.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from spiritstream.errors import KeyMissingError
from spiritstream.importers.destinations import UnsendableError, destination
from spiritstream.importers.encoding import AudioParts, VideoParts, audio_fields, video_fields
from spiritstream.importers.jsontext import Node
from spiritstream.importers.listening import rtmp_input
from spiritstream.importers.matching import Platforms
from spiritstream.importers.values import MAX_TARGETS, Group, Imported, Notes, Target, UnreadableError

ENCRYPTED = "ENC::"
KEY_BYTES = 32
_NONCE_BYTES, _TAG_BYTES = 12, 16
_MAX_POSITION = 1_000_000
# What a profile's settings hold that has no place here, and the value that says nothing.
_SETTINGS = {
    "themeId": ("spirit-dark", "no page uses themes yet; `spiritstream import THEME.jsonc` keeps one"),
    "language": ("en", "there is no window with a language"),
    "showNotifications": (True, "`spiritstream notify` tells of events, whatever stands here"),
    "encryptStreamKeys": (True, "keys are always sealed"),
    "backend": (None, "there is no web server in a profile"),
    "obs": (None, "OBS Studio is not remote-controlled"),
    "discord": (None, "nothing is posted to Discord"),
    "chat": (None, "chats are not read or written"),
    "oauth": (None, "no accounts are logged in to; keys are enough to stream"),
}


def read_profile(data: Any, file: str, platforms: Platforms, keys_key: bytes | None) -> Imported:
    """A profile's JSON as values; `keys_key` is the content of `.stream_key`, which opens `ENC::` keys.

    Raises:
        UnreadableError: it is damaged.
        KeyMissingError: a key is encrypted, and `keys_key` is missing or another.
    """
    profile = Node(data, file)
    left = Notes()
    groups = tuple(_group(node, platforms, keys_key, left) for node in profile.nodes("outputGroups"))
    if sum(len(group.targets) for group in groups) > MAX_TARGETS:
        raise UnreadableError(f"{file}: it has more than {MAX_TARGETS} targets", "check the file")
    wanted = profile.node("input")
    if wanted.text("type", "rtmp") != "rtmp":
        wanted.fail("type", "only rtmp is known")
    port, host = wanted.number("port"), wanted.text("bindAddress")
    left += [_setting(name, why) for name, (usual, why) in _SETTINGS.items() if _is_set(profile, name, usual)]
    return Imported(
        name=profile.text("name"),
        kind="SpiritStream profile",
        file=file,
        input={"rtmp": rtmp_input(f"{host}:{port:g}", wanted.text("application"), left)},
        groups=groups,
        left=tuple(left),
        secrets=tuple(left.seen),
        may_be_empty=not left.unsent,
    )


def _setting(name: str, why: str) -> str:
    return f"settings.{name}: {why}"


def _is_set(profile: Node, name: str, usual: object) -> bool:
    return profile.node("settings").data.get(name, usual) not in (usual, None)


def _group(node: Node, platforms: Platforms, keys_key: bytes | None, left: Notes) -> Group:
    name = node.text("name")
    video, audio, kind = node.node("video"), node.node("audio"), node.node("container").text("format")
    if kind not in ("flv", "mpegts"):
        left.append(f"group {name}: the container follows from each target's protocol, whatever stands here")
    encoded = VideoParts(
        encoder=video.text("codec"),
        width=video.number("width"),
        height=video.number("height"),
        fps=f"{video.number('fps'):g}",
        bitrate=video.text("bitrate"),
        keyframe_s=video.number("keyframeIntervalSeconds", 0),
        preset=video.text("preset", ""),
        profile=video.text("profile", ""),
    )
    sound = AudioParts(
        audio.text("codec"), audio.text("bitrate"), audio.number("sampleRate"), audio.number("channels")
    )
    targets = tuple(_target(one, name, platforms, keys_key, left) for one in node.nodes("streamTargets"))
    return Group(
        name=name,
        targets=tuple(target for target in targets if target),
        video=video_fields(encoded, f"group {name}: video", left),
        audio=audio_fields(sound, f"group {name}: audio", left),
        generate_pts=node.flag("generatePts", True),
    )


def _target(
    node: Node, group: str, platforms: Platforms, keys_key: bytes | None, left: Notes
) -> Target | None:
    service = node.text("service", "Custom")
    name = node.text("name", "") or (service if service != "Custom" else "")
    key = _opened(node, keys_key)
    left.saw(key)
    try:
        found = destination(
            sent_to(node.text("url"), service, platforms),
            key,
            platforms,
            "" if service == "Custom" else service,
        )
    except UnsendableError as error:
        left.not_sent(f"group {group}, target {name or node.text('id')}", error)
        return None
    left += [f"group {group}, target {name}: {remark}" for remark in found.remarks]
    return Target(name, found.fields, found.place, missing=found.missing)


def sent_to(url: str, service: str, platforms: Platforms) -> str:
    """The server that SpiritStream makes of what stands in the file (its registry's normalisation).

    A missing scheme is rtmps for `:443` and Facebook, else rtmp; an address without a
    path gets the platform's application. Every other address stays as it is.
    """
    url = url.strip().rstrip("/")
    if "://" not in url:
        url = f"{'rtmps' if ':443' in url or 'facebook.com' in url else 'rtmp'}://{url}"
    platform = next(
        (one for one in platforms if service in (one.name, *one.aliases) and service != "Custom"), None
    )
    if platform is None or not platform.servers:
        return url
    scheme, _, rest = url.partition("://")
    app = platform.servers[0].url.partition("://")[2].partition("/")[2]
    return url if not app or "/" in rest else f"{scheme}://{rest}/{app}"


# --- Encrypted keys ---


def uses_stream_key(data: Any) -> bool:
    """Whether a profile has keys that only `.stream_key` opens."""
    groups = data.get("outputGroups") if isinstance(data, dict) else None
    targets = [
        target
        for group in (groups if isinstance(groups, list) else ())
        if isinstance(group, dict) and isinstance(group.get("streamTargets"), list)
        for target in group["streamTargets"]
        if isinstance(target, dict)
    ]
    return any(str(target.get("streamKey", "")).startswith(ENCRYPTED) for target in targets)


def _opened(node: Node, keys_key: bytes | None) -> str:
    text = node.text("streamKey")
    if not text.startswith(ENCRYPTED):
        return text
    where = f"{node.file}: {node.path}.streamKey"
    if keys_key is None:
        raise KeyMissingError(
            f"{where}: the key is encrypted, and SpiritStream's .stream_key is not beside the file",
            "copy .stream_key from SpiritStream's data folder beside it, or turn off its encryption of "
            "stream keys and save the profile again",
        )
    return decrypted(text, keys_key, where)


def decrypted(text: str, keys_key: bytes, where: str) -> str:
    """The key in an `ENC::` text: base64 of nonce (12), ciphertext, tag (16); AES-256-GCM without more data.

    Raises:
        UnreadableError: it was cut.
        KeyMissingError: it does not open with this `.stream_key`.
    """
    if len(keys_key) != KEY_BYTES:
        raise KeyMissingError(f"{where}: .stream_key does not hold {KEY_BYTES} bytes", "copy it again")
    try:
        payload = base64.b64decode(text.removeprefix(ENCRYPTED), validate=True)
    except (binascii.Error, ValueError):
        payload = b""
    if len(payload) <= _NONCE_BYTES + _TAG_BYTES:
        raise UnreadableError(f"{where}: the encrypted key was cut or edited", "save the profile again")
    try:
        nonce, sealed = payload[:_NONCE_BYTES], payload[_NONCE_BYTES:]
        return AESGCM(keys_key).decrypt(nonce, sealed, None).decode()
    except (InvalidTag, UnicodeDecodeError):
        raise KeyMissingError(
            f"{where}: the key does not open with this .stream_key",
            "it was encrypted on another machine, or before SpiritStream's keys were rotated: "
            "copy the .stream_key of that time beside the file",
        ) from None


# --- The list of orders ---


def read_orders(data: Any, file: str) -> Mapping[str, int]:
    """Each profile's place in the list, by its name.

    Raises:
        UnreadableError: a place cannot be one.
    """
    node = Node(data, file)
    orders = {name: node.number(name) for name in node.data}
    if any(abs(order) > _MAX_POSITION or order != int(order) for order in orders.values()):
        raise UnreadableError(f"{file}: a profile's place is no whole number up to {_MAX_POSITION}")
    return {name: int(order) for name, order in orders.items()}
