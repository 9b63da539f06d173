"""A few seconds of black and silence, for a target that is only tested."""

from __future__ import annotations

import asyncio
from fractions import Fraction

from spiritstream.errors import SpiritError
from spiritstream.ffmpeg.address import Argv
from spiritstream.ffmpeg.child import spawn
from spiritstream.ffmpeg.common import FLV_OUT, Tool, common_argv
from spiritstream.ffmpeg.encoders import VideoEncoder, audio_options, video_options
from spiritstream.ffmpeg.find import Ffmpeg
from spiritstream.ffmpeg.trial import choose_encoder
from spiritstream.model.profile import Audio, Size, Video
from spiritstream.pipes import PipeReader

_MAKING_S = 20.0
_AUDIO = Audio("aac", 128_000, rate_hz=48_000, channels=2)


async def black_and_silence(ffmpeg: Ffmpeg, seconds: float, size: Size, fps: Fraction) -> bytes:
    """The clip as FLV: H.264 with a keyframe each second, and AAC.

    Raises:
        SpiritError: no encoder works here, or ffmpeg makes nothing.
    """
    encoder = await choose_encoder(ffmpeg, "h264", "auto")
    video = Video("h264", 1_000_000, size=size, fps=fps, keyframe_s=1.0, preset="veryfast")
    child = spawn(lambda fd: clip_argv(ffmpeg, encoder, video, seconds, fd), stdout=True)
    assert child.stdout_fd is not None
    said: list[bytes] = []
    reader = PipeReader(child.stdout_fd, said.append, lambda: None)
    try:
        async with asyncio.timeout(_MAKING_S):
            status = await child.wait()
    except TimeoutError:
        status = -1
    finally:
        await child.stop()
        reader.drain()
    if status != 0 or not said:
        raise SpiritError("ffmpeg did not make the black picture to test with", "run: spiritstream doctor")
    return b"".join(said)


def clip_argv(ffmpeg: Tool, encoder: VideoEncoder, video: Video, seconds: float, progress_fd: int) -> Argv:
    """The command line that makes the clip."""
    picture = f"color=color=black:size={video.size}:rate={video.fps}[out0]"
    sound = f"anullsrc=sample_rate={_AUDIO.rate_hz}:channel_layout=stereo[out1]"
    filters = ("-vf", ",".join(encoder.family.filters)) if encoder.family.filters else ()
    return (
        *common_argv(ffmpeg, progress_fd),
        *encoder.family.device,
        *("-f", "lavfi", "-i", f"{picture};{sound}", "-t", str(seconds)),
        *filters,
        *video_options(encoder, video, ffmpeg.version),
        *audio_options(_AUDIO),
        *FLV_OUT,
    )
