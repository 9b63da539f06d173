"""The demo's profile: written, and sealed, as a person would."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from secrets import token_urlsafe

from spiritstream.config.identity import Identity, save_identity
from spiritstream.config.load import document_leaves
from spiritstream.config.sealing import seal_text

PASSED_ON = ("youtube", "twitch")
ENCODED = "kick"
TARGETS = (*PASSED_ON, ENCODED)

# Small enough for two slow cores.
_TEXT = """\
version: 1
name: demo
description: Three pretend platforms on this machine.

input:
  test: {{size: 640x360, fps: 25, bitrate: 800k}}

groups:
  source:             # passed on as it is
    targets:
      youtube: {{url: "{youtube}", key: "{youtube_key}"}}
      twitch: {{url: "{twitch}", key: "{twitch_key}"}}
  small:              # encoded once, whatever its number of targets
    video: {{codec: h264, encoder: software, size: 320x180, fps: 12.5, bitrate: 200k, preset: ultrafast}}
    audio: {{codec: aac, bitrate: 64k}}
    targets:
      kick: {{url: "{kick}", key: "{kick_key}"}}
"""


def write_profile(folder: Path, urls: Mapping[str, str]) -> tuple[Path, Path]:
    """Write a profile with random keys, sealed for an identity made for it alone. Gives both files."""
    path, identity_path = folder / "demo.yaml", folder / "identity"
    identity = Identity.create()
    save_identity(identity, identity_path)
    keys = {f"{name}_key": f"{name}-{token_urlsafe(12)}" for name in urls}
    clear = _TEXT.format(**urls, **keys).encode()
    # In clear text they are never on disk.
    path.write_bytes(seal_text(clear, path.name, identity.recipient, identity, document_leaves).data)
    return path, identity_path
