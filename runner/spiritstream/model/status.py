"""What a runner says of itself: plain values, no secret in any of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from spiritstream.model.lifecycle import Order, State


@dataclass(frozen=True, slots=True)
class Progress:
    """A child's own figures, from ffmpeg's `-progress`; `None` where ffmpeg says N/A."""

    frame: int | None = None
    fps: float | None = None
    bitrate_bps: float | None = None
    speed: float | None = None
    size_bytes: int | None = None
    time_s: float | None = None
    dropped: int | None = None
    duplicated: int | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """What arrives at an input, as measured; `None` where it is not known (yet).

    `clock_faults` counts timestamps that jumped or ran backwards, since the input exists. `profile` is
    H.264's, as its header says it; `b_frames` is how many stand between two others. A bitrate of 0 of one
    stream is known: the other one comes, and this one does not.
    """

    bitrate_bps: float = 0.0
    video: str | None = None
    audio: str | None = None
    size: str | None = None
    fps: float | None = None
    keyframe_s: float | None = None
    clock_faults: int = 0
    video_bps: float | None = None
    audio_bps: float | None = None
    profile: str | None = None
    b_frames: int | None = None


@dataclass(frozen=True, slots=True)
class TcpFigures:
    """The kernel's own figures of a connection; `None` where it gives none."""

    rtt_ms: float | None = None
    unsent_bytes: int | None = None
    retransmits: int | None = None


@dataclass(frozen=True, slots=True)
class Cause:
    """Why something is not live: a short name, what happened, and what to do about it.

    `person` says that it cannot heal without one: it is then retried slowly.
    """

    code: str
    message: str
    advice: str = ""
    person: bool = False


@dataclass(frozen=True, slots=True)
class UnitStatus:
    """An input, group or target. `path` is `input`, `groups.NAME` or `groups.NAME.targets.NAME`.

    Times are Unix seconds; `queue_*` and `dropped_gops` belong to the unit's own queue. `server` is the
    server that a target was given, and why, where the profile leaves that open; `warnings` is what its
    platform may object to.
    """

    path: str
    kind: str
    order: Order
    state: State
    since: float
    live_since: float | None = None
    destination: str = ""
    detail: str = ""
    progress: Progress = field(default_factory=Progress)
    queue_bytes: int = 0
    queue_s: float = 0.0
    dropped_gops: int = 0
    restarts: int = 0
    pid: int | None = None
    incoming: Incoming | None = None
    tcp: TcpFigures | None = None
    cause: Cause | None = None
    next_retry: float | None = None
    server: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """A whole runner."""

    profile: str
    pid: int
    version: str
    started: float
    ffmpeg: str
    units: tuple[UnitStatus, ...] = ()
    error: str = ""
