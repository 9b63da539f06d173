"""The command line of a child that brings an input in: FLV on its stdout. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from spiritstream.errors import SpiritError
from spiritstream.ffmpeg.address import Argv, locate
from spiritstream.ffmpeg.common import FLV_OUT, IO_TIMEOUT_US, Tool, common_argv, tls_options
from spiritstream.ffmpeg.encoders import X264, keyframe_options, video_options
from spiritstream.model.profile import FilesInput, PullInput, TestInput, Video

_KEYFRAME_S = 2.0
# A cover picture is video to `v`, not to `V`.
_MAP: Argv = ("-map", "0:V:0?", "-map", "0:a:0?")
# Containers of media only: no playlists and scripts, which name other files.
_FILE_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,flv,live_flv,kux,mpegts,mpeg,avi,asf,mxf,nut,ogg,wav,w64,aiff,caf,"
    "mp3,aac,ac3,eac3,flac,h264,hevc,av1,obu,ivf,gxf,dv"
)
# What networks carry, besides. No text: ffmpeg makes a picture of it, and whoever names the URL of a page
# that only this machine may read would have that page on air.
_PULL_FORMATS = f"hls,dash,rtsp,rtp,sdp,mpjpeg,mjpeg,webvtt,{_FILE_FORMATS}"
_HTTP = "http,https,tcp,tls,crypto,httpproxy"
# By scheme: what ffmpeg may open on the way (nothing local), and the option that bounds a silence:
# UDP and RTSP do not heed `-rw_timeout`.
_PULLS = {
    "rtmp": ("rtmp,tcp", "-rw_timeout"),
    "rtmps": ("rtmps,tls,tcp", "-rw_timeout"),
    "rtsp": ("rtsp,rtp,udp,tcp", "-timeout"),
    "rtsps": ("rtsps,rtsp,tls,rtp,udp,tcp", "-timeout"),
    "http": (_HTTP, "-rw_timeout"),
    "https": (_HTTP, "-rw_timeout"),
    "srt": ("srt", "-timeout"),
    "udp": ("udp", "-timeout"),
    "rtp": ("rtp,udp", "-timeout"),
    "tcp": ("tcp", "-rw_timeout"),
}


@dataclass(frozen=True, slots=True)
class Conversion:
    """Which streams of an input FLV cannot carry, so that they are converted on their way in."""

    video: bool = False
    audio: bool = False


def input_argv(
    inp: TestInput | FilesInput | PullInput, *, ffmpeg: Tool, progress_fd: int, convert: Conversion
) -> Argv:
    """What brings an input in. Of files it reads the first, as fast as it is taken: the runner paces it.

    Raises:
        SpiritError: nothing is pulled by this protocol.
    """
    start = common_argv(ffmpeg, progress_fd)
    match inp:
        case TestInput():
            return (*start, *_test(inp, ffmpeg), *FLV_OUT)
        case FilesInput():
            source = _file(inp.paths[0])
        case PullInput():
            source = _pull(inp, ffmpeg)
    return (*start, *source, *_MAP, *_conversion(convert), *FLV_OUT)


def _test(inp: TestInput, ffmpeg: Tool) -> Argv:
    picture = f"testsrc2=size={inp.size}:rate={inp.fps}[out0]"
    tone = f"sine=frequency={inp.tone_hz}:sample_rate=48000[out1]"
    video = Video("h264", inp.bitrate_bps, keyframe_s=_KEYFRAME_S, fps=inp.fps, preset="ultrafast")
    return (
        *("-re", "-f", "lavfi", "-i", f"{picture};{tone}"),
        *video_options(X264, video, ffmpeg.version),
        # No looking ahead: the first picture is out when it is made.
        *("-tune", "zerolatency", "-c:a", "aac", "-b:a", "128000", "-ar", "48000", "-ac", "2"),
    )


def _file(path: str) -> Argv:
    limits = ("-protocol_whitelist", "file", "-format_whitelist", _FILE_FORMATS)
    # `file:` keeps a name such as `http:x` or `-x` from being something else.
    return (*limits, "-fflags", "+genpts", "-i", f"file:{path}")


def _pull(inp: PullInput, ffmpeg: Tool) -> Argv:
    scheme = inp.address.scheme
    if scheme not in _PULLS:
        raise SpiritError(f"nothing is pulled by {scheme}", f"use one of {', '.join(_PULLS)}")
    protocols, timeout = _PULLS[scheme]
    location = locate(inp.address)
    return (
        *("-protocol_whitelist", protocols, "-format_whitelist", _PULL_FORMATS),
        *(timeout, str(IO_TIMEOUT_US)),
        *_pull_extras(scheme, inp.transport, ffmpeg),
        *("-analyzeduration", "2000000", "-fflags", "+genpts"),
        *location.options,
        *("-i", location.url),
    )


def _pull_extras(scheme: str, transport: str | None, ffmpeg: Tool) -> Argv:
    match scheme:
        case "rtsp" | "rtsps":
            return ("-rtsp_transport", transport or "tcp")
        case "rtmps":
            return tls_options(ffmpeg)
        case "http" | "https":
            # HLS comes in segments, and a file all at once: both at the pace of a show. A stream that
            # cannot be gone back in is not asked for again: it would begin anew in the middle.
            pace = ("-re", "-reconnect", "1", "-reconnect_delay_max", "4")
            return (*pace, *(tls_options(ffmpeg) if scheme == "https" else ()))
        case _:
            return ()


def _conversion(convert: Conversion) -> Argv:
    """Good enough to be encoded again, and quick."""
    video: Argv = ("-c:v", "copy")
    if convert.video:
        quality = ("-preset", "veryfast", "-crf", "18", "-maxrate", "20000000", "-bufsize", "20000000")
        keyframes = keyframe_options(_KEYFRAME_S, None)
        video = ("-pix_fmt", "yuv420p", "-c:v", "libx264", *quality, "-sc_threshold", "0", *keyframes)
    audio: Argv = ("-c:a", "copy")
    if convert.audio:
        audio = ("-c:a", "aac", "-b:a", "192000", "-ar", "48000", "-ac", "2")
    return (*video, *audio)
