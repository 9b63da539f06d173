"""The table behind `diagnose`: what ffmpeg prints, and what that means to a person. Pure.

Patterns are tried in order against a child's last error lines, joined; memory addresses and level
tags are taken off first: `[rtmp] Server error: Already publishing`. The first that matches wins, so what
is specific stands above what is general. `{what}` in a message is the pattern's first group that took part.
Every row was printed by a real ffmpeg 5.1.9 or 9.0.2 (tests/vectors/stderr), save hardware we lack.
"""

from spiritstream.ffmpeg.causes.encoding import ENCODING
from spiritstream.ffmpeg.causes.media import MEDIA
from spiritstream.ffmpeg.causes.network import NETWORK
from spiritstream.ffmpeg.causes.rule import Kind, Rule

RULES: tuple[Rule, ...] = ENCODING + NETWORK + MEDIA

__all__ = ["RULES", "Kind", "Rule"]
