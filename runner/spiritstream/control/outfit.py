"""What each runner is started with: words of its command line, and what it may know of our environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import spiritstream

# What a runner may know of our environment: never the variables that profiles take keys from.
_VARIABLES = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TZ", "LANG", "LANGUAGE", "LD_LIBRARY_PATH"),
        *("PYTHONHOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "XDG_RUNTIME_DIR"),
        *("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"),
        # Platforms are asked for their servers by HTTPS.
        *("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"),
    }
)
_PREFIXES = ("LC_", "LIBVA_", "CUDA_", "NVIDIA_", "VDPAU_", "MESA_")


@dataclass(frozen=True, slots=True)
class Outfit:
    """What each runner is started with."""

    ffmpeg: str | None = None
    log_bytes: int = 20_000_000
    log_days: int = 30
    verbose: bool = False

    def words(self) -> list[str]:
        """As words of a command line; nothing secret is among them."""
        return [
            *(["--ffmpeg", self.ffmpeg] if self.ffmpeg else []),
            f"--log-bytes={self.log_bytes}",
            f"--log-days={self.log_days}",
            *(["--verbose"] if self.verbose else []),
        ]


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """What a runner is given of our environment, and where it finds this package."""
    kept = {name: text for name, text in ours.items() if name in _VARIABLES or name.startswith(_PREFIXES)}
    return {**kept, "PYTHONPATH": str(Path(spiritstream.__file__).parents[1])}
