"""The command lines of ffmpeg children: inputs, encoders, senders. Pure."""

from __future__ import annotations

from spiritstream.errors import SpiritError
from spiritstream.ffmpeg.address import Argv, locate
from spiritstream.ffmpeg.common import (
    FLV,
    FLV_IN,
    FLV_OUT,
    IO_TIMEOUT_US,
    Tool,
    common_argv,
    genpts,
    tls_options,
)
from spiritstream.ffmpeg.encoders import VideoEncoder, audio_options, flv_refusal, video_options
from spiritstream.ffmpeg.inputs import Conversion, input_argv
from spiritstream.ffmpeg.record import record_options, record_path, segment_path
from spiritstream.model.profile import Group, Size, Target, Video

__all__ = [
    "Argv",
    "Conversion",
    "Tool",
    "encoder_argv",
    "input_argv",
    "record_path",
    "segment_path",
    "sender_argv",
]

# Codec headers come first, so that one packet more tells all. `-analyzeduration 0` would mean ffmpeg's own
# choice, which for FLV is 90 s when sound or picture is missing; and guessing the frame rate takes 20
# frames, which the beginning of a group of pictures does not have.
_QUICK_PROBE: Argv = ("-analyzeduration", "1", "-fpsprobesize", "0")
# An encoder that is to keep the input's frame rate must see it first.
_RATE_PROBE: Argv = ("-analyzeduration", "2000000")
_MAP: Argv = ("-map", "0:v:0?", "-map", "0:a:0?")
# A stream that falls silent is waited for this long, not ffmpeg's 10 s. Not for encoders: looking ahead,
# they hold the picture back while the sound goes on.
_INTERLEAVE: Argv = ("-max_interleave_delta", "2000000")
# Codecs that a client names when it connects, since the first ffmpeg that can.
_ENHANCED = {"hevc": "hvc1", "av1": "av01"}
_ENHANCED_SINCE = (6, 1)


def encoder_argv(group: Group, encoder: VideoEncoder | None, *, ffmpeg: Tool, progress_fd: int) -> Argv:
    """What encodes a group; `encoder` is `None` when its video is copied.

    Raises:
        SpiritError: this ffmpeg cannot put the codec into FLV.
    """
    for encoding in (group.video, group.audio):
        if encoding and (refusal := flv_refusal(encoding.codec, ffmpeg.version)):
            raise SpiritError(*refusal)
    device: Argv = ()
    video: Argv = ("-c:v", "copy")
    if group.video is not None:
        assert encoder is not None
        device = encoder.family.device
        video = (*_picture(group.video, encoder), *video_options(encoder, group.video, ffmpeg.version))
    probe = _RATE_PROBE if group.video and not group.video.fps else _QUICK_PROBE
    audio: Argv = audio_options(group.audio) if group.audio else ("-c:a", "copy")
    source = (*device, *genpts(group.generate_pts), *probe, *FLV_IN, *_MAP)
    return (*common_argv(ffmpeg, progress_fd), *source, *video, *audio, *FLV_OUT)


def _picture(video: Video, encoder: VideoEncoder) -> Argv:
    """Size, pixel format and frame rate."""
    filters = ",".join((*(_fit(video.size) if video.size else ()), *encoder.family.filters))
    # ffmpeg counts what it duplicates and drops itself; what a filter does it does not see.
    rate: Argv = ("-fps_mode", "cfr", "-r", str(video.fps)) if video.fps else ("-fps_mode", "vfr")
    return (*(("-vf", filters) if filters else ()), *rate)


def _fit(size: Size) -> tuple[str, ...]:
    """Into the size with the aspect kept, and bars around it."""
    scale = f"scale={size.width}:{size.height}:force_original_aspect_ratio=decrease:force_divisible_by=2"
    return scale, f"pad={size.width}:{size.height}:(ow-iw)/2:(oh-ih)/2", "setsar=1"


def sender_argv(
    target: Target,
    *,
    ffmpeg: Tool,
    progress_fd: int,
    generate_pts: bool,
    video_codec: str | None = None,
) -> Argv:
    """What carries a target. A record's path is final, but for the placeholders of a segmented one.

    `video_codec` is what arrives, if known: HEVC and AV1 are announced to an RTMP server.

    Raises:
        SpiritError: nothing is sent by this protocol.
    """
    source = (*genpts(generate_pts), *_QUICK_PROBE, *FLV_IN, *_MAP, "-c", "copy", *_INTERLEAVE)
    start = (*common_argv(ffmpeg, progress_fd), *source)
    if target.record is not None:
        return (*start, *record_options(target.record, target.container))
    assert target.address is not None
    location, scheme = locate(target.address), target.address.scheme
    if scheme == "srt":
        return (*start, "-timeout", str(IO_TIMEOUT_US), *location.options, "-f", "mpegts", location.url)
    if scheme not in ("rtmp", "rtmps"):
        raise SpiritError(f"nothing is sent by {scheme}", "use an rtmp://, rtmps:// or srt:// address")
    wait = ("-rw_timeout", str(IO_TIMEOUT_US))
    trust = tls_options(ffmpeg) if scheme == "rtmps" else ()
    return (*start, *wait, *trust, *_announced(video_codec, ffmpeg), *location.options, *FLV, location.url)


def _announced(video_codec: str | None, ffmpeg: Tool) -> Argv:
    name = _ENHANCED.get(video_codec or "")
    return ("-rtmp_enhanced_codecs", name) if name and ffmpeg.version >= _ENHANCED_SINCE else ()
