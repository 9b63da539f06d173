"""A profile: one show, as values. Pure: no YAML, no files, no clock.

Bitrates are bit/s, durations seconds, sample rates Hz. `None` for a video or audio encoding means
copy: the input's stream passes as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from urllib.parse import urlsplit

from spiritstream.model.limits import Limits
from spiritstream.model.reconnects import ReconnectBudget
from spiritstream.model.servers import ServerChoice
from spiritstream.model.size import Size as Size
from spiritstream.secret import MASK, Secret

KEY_PLACEHOLDER = "{stream_key}"


class Takeover(StrEnum):
    """What happens when a second publisher comes with the right key while the first is connected."""

    REJECT = "reject"
    REPLACE = "replace"
    WHEN_SILENT = "when-silent"  # replaced once it has sent nothing for a while; until then like reject


class Sender(StrEnum):
    """What carries a target: an ffmpeg child, or the runner itself."""

    FFMPEG = "ffmpeg"
    NATIVE = "native"


class Leave(StrEnum):
    """How a stop leaves a server: with a goodbye (platforms end the broadcast), or not (they hold it)."""

    CLEAN = "clean"
    DROP = "drop"


class Container(StrEnum):
    """The format that a target receives; `auto` follows from the protocol or the file's ending."""

    AUTO = "auto"
    FLV = "flv"
    MPEGTS = "mpegts"
    MATROSKA = "mkv"
    MP4 = "mp4"


@dataclass(frozen=True, slots=True)
class Address:
    """Where media is sent to or pulled from. The URL's public part and its secrets stay apart.

    `url` holds no secret; it may hold `{stream_key}` where the key goes. `key` is an RTMP stream
    name, or an SRT stream id; `username`/`password` are the URL's user part; `passphrase` is SRT's.
    """

    url: str
    key: Secret | None = None
    username: str | None = None
    password: Secret | None = None
    passphrase: Secret | None = None

    @property
    def scheme(self) -> str:
        """The URL's scheme in lower case: rtmp, rtmps, srt, https ..."""
        return urlsplit(self.url).scheme.lower()

    def secrets(self) -> tuple[Secret, ...]:
        """Every secret of this address."""
        return tuple(s for s in (self.key, self.password, self.passphrase) if s)

    def redacted(self) -> str:
        """The address as it may be shown: what is public, with a mask where a secret is, or would be."""
        url = _without_user_part(self.url)
        if KEY_PLACEHOLDER in url:
            return url.replace(KEY_PLACEHOLDER, MASK)
        if self.key and self.scheme in ("rtmp", "rtmps"):
            return f"{url.rstrip('/')}/{MASK}"
        return url


def _without_user_part(url: str) -> str:
    """No profile has a user or password inside a URL, but a server's answer may."""
    start = url.find("://") + len("://")
    end = url.find("/", start) if "/" in url[start:] else len(url)
    user, at, host = url[start:end].rpartition("@")
    return f"{url[:start]}{MASK}@{host}{url[end:]}" if at and user else url


@dataclass(frozen=True, slots=True)
class TestInput:
    """A picture with a running clock and a tone, made here."""

    __test__ = False  # the name is the field's, not pytest's

    size: Size = field(default_factory=lambda: Size(1280, 720))
    fps: Fraction = Fraction(30)
    bitrate_bps: int = 3_000_000
    tone_hz: int = 440


@dataclass(frozen=True, slots=True)
class FilesInput:
    """One file or a playlist, played at its own speed, joined without a gap in time."""

    paths: tuple[str, ...]
    loop: bool = True


@dataclass(frozen=True, slots=True)
class PullInput:
    """A stream fetched from a URL that ffmpeg reads: rtmp, rtsp, hls, srt, http, udp."""

    address: Address
    transport: str | None = None
    """RTSP's lower transport, `tcp` or `udp`; `None` means tcp."""


@dataclass(frozen=True, slots=True)
class RtmpInput:
    """A stream that is published to us. `host` is an address of this machine, `0.0.0.0` all of them.

    Without a `key` anyone who reaches the address may publish: on loopback, or where `open` says so.
    `certificate` and `private_key` are absolute paths, both or neither: with them it is RTMPS.
    """

    host: str
    port: int
    app: str
    key: Secret | None = None
    open: bool = False
    takeover: Takeover = Takeover.WHEN_SILENT
    hold_s: float = 15.0
    certificate: str | None = None
    private_key: str | None = None

    @property
    def listen(self) -> str:
        """The address as it is written: `host:port`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


Input = TestInput | FilesInput | PullInput | RtmpInput


def input_secrets(wanted: Input) -> tuple[Secret, ...]:
    """Every secret of an input."""
    if isinstance(wanted, PullInput):
        return wanted.address.secrets()
    return (wanted.key,) if isinstance(wanted, RtmpInput) and wanted.key else ()


@dataclass(frozen=True, slots=True)
class Video:
    """A video encoding. `None` fields follow the input (size, fps) or the encoder (all others)."""

    codec: str
    bitrate_bps: int
    encoder: str = "auto"
    size: Size | None = None
    fps: Fraction | None = None
    keyframe_s: float = 2.0
    preset: str | None = None
    profile: str | None = None
    b_frames: int | None = None


@dataclass(frozen=True, slots=True)
class Audio:
    """An audio encoding. `None` fields follow the input."""

    codec: str
    bitrate_bps: int = 128_000
    rate_hz: int | None = None
    channels: int | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """A file to record into; `path` is absolute and may hold strftime placeholders (local time)."""

    path: str
    segment_s: float | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """One destination: exactly one of `address` and `record` is set.

    `server` says how the address is settled when it connects. What the platform takes, and how often it may
    be begun anew, is knowledge and no wish: other knowledge restarts nothing.
    """

    name: str
    address: Address | None = None
    record: Record | None = None
    platform: str | None = None
    container: Container = Container.AUTO
    enabled: bool = True
    sender: Sender = Sender.FFMPEG
    leave: Leave = Leave.CLEAN
    server: ServerChoice | None = None
    limits: Limits | None = field(default=None, compare=False)
    reconnects: ReconnectBudget | None = field(default=None, compare=False)

    def secrets(self) -> tuple[Secret, ...]:
        """Every secret of this target."""
        return self.address.secrets() if self.address else ()


@dataclass(frozen=True, slots=True)
class Group:
    """One encoding, shared by its targets."""

    name: str
    targets: tuple[Target, ...] = ()
    video: Video | None = None
    audio: Audio | None = None
    generate_pts: bool = True
    enabled: bool = True

    @property
    def passthrough(self) -> bool:
        """Whether no stream is encoded, so that no encoder child is needed."""
        return self.video is None and self.audio is None


@dataclass(frozen=True, slots=True)
class Profile:
    """One show: an input, groups of targets."""

    name: str
    input: Input
    groups: tuple[Group, ...] = ()
    enabled: bool = True
    description: str = ""
    position: int = 0

    def secrets(self) -> tuple[Secret, ...]:
        """Every secret of the profile, for scrubbing what is logged."""
        of_targets = (s for g in self.groups for t in g.targets for s in t.secrets())
        return (*input_secrets(self.input), *of_targets)

    def on_air(self) -> Iterator[tuple[Group, Target]]:
        """The targets that are wanted live: enabled, in an enabled group, in an enabled profile."""
        if self.enabled:
            for group in self.groups:
                if group.enabled:
                    yield from ((group, target) for target in group.targets if target.enabled)
