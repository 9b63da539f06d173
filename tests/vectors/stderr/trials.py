"""The failures that are tried: for each, ffmpeg's arguments and what is done to it."""

from __future__ import annotations

import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.vectors.stderr import peers

COPY = ("-c", "copy", "-f", "flv")
# One file per codec that a live input can carry: name, video arguments, audio arguments.
CODECS = {
    "mpeg2video": "-c:v mpeg2video -c:a aac",
    "vp8": "-c:v libvpx -deadline realtime -c:a aac",
    "vp9": "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -c:a aac",
    "hevc": "-c:v libx265 -preset ultrafast -x265-params log-level=none -c:a aac",
    "mjpeg": "-c:v mjpeg -pix_fmt yuvj420p -c:a aac",
    "mpeg4": "-c:v mpeg4 -c:a aac",
    "av1": "-c:v libsvtav1 -preset 12 -c:a aac",
    "ac3": "-c:v libx264 -preset ultrafast -c:a ac3",
    "opus": "-c:v libx264 -preset ultrafast -c:a libopus",
    "mp2": "-c:v libx264 -preset ultrafast -c:a mp2",
    "mp3": "-c:v libx264 -preset ultrafast -c:a libmp3lame",
    "pcm": "-c:v libx264 -preset ultrafast -c:a pcm_s16le",
    "pcm24": "-c:v libx264 -preset ultrafast -c:a pcm_s24le",
    "mp3rate": "-c:v libx264 -preset ultrafast -c:a libmp3lame -ar 24000",
    "silent": "-c:v libx264 -preset ultrafast -an",
    "flac": "-c:v libx264 -preset ultrafast -c:a flac",
    "vorbis": "-c:v libx264 -preset ultrafast -c:a libvorbis",
    "mpeg2ac3": "-c:v mpeg2video -c:a ac3",
}


@dataclass(frozen=True)
class Trial:
    """One run of ffmpeg: its arguments after the common ones, and what is done to it."""

    name: str
    kind: str
    args: tuple[str, ...]
    signal: int = 0
    user: str | None = None
    stdin: bytes | None = None
    settle_s: float = 0.7
    deaf: bool = False


def certificate(folder: Path) -> Path:
    """A certificate that nobody signed but itself."""
    path = folder / "self.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost"
    subprocess.run([*command.split(), "-keyout", path, "-out", path], check=True, capture_output=True)
    return path


def trials(folder: Path, nginx: int) -> Iterator[Trial]:
    """Every failure that is tried."""
    yield from senders(nginx, certificate(folder))
    yield from streams()
    yield from inputs()
    yield from pipes()
    yield from codecs()
    yield from encoders()
    yield from records()
    yield from signals(nginx)
    yield from stuck()


def rtmp(port: int, name: str = "live/key") -> str:
    """A loopback publishing address."""
    return f"rtmp://127.0.0.1:{port}/{name}"


def senders(nginx: int, pem: Path) -> Iterator[Trial]:
    """RTMP destinations that do not take the stream."""
    read = ("-re", "-f", "flv", "-i", "{show.flv}", *COPY)
    wait = ("-rw_timeout", "1500000")

    def sender(name: str, *args: str) -> Trial:
        return Trial(name, "sender", (*read, *args))

    yield sender("rtmp-refused", *wait, rtmp(peers.free_port()))
    yield sender("rtmp-unknown-host", *wait, "rtmp://name.invalid/live/key")
    yield sender("rtmp-unreachable", *wait, "rtmp://255.255.255.255/live/key")
    yield sender("rtmp-silent", *wait, rtmp(peers.serve(peers.silent)))
    yield sender("rtmp-closes-at-once", *wait, rtmp(peers.serve(peers.closes)))
    yield sender("rtmp-other-protocol", *wait, rtmp(peers.serve(peers.chatter)))
    yield sender("rtmp-no-answer-to-publish", *wait, rtmp(peers.serve(peers.rtmp())))
    for name, answer in {
        "bad-name": ("error", "NetStream.Publish.BadName", "Stream already publishing"),
        "denied": ("error", "NetStream.Publish.Denied", "Invalid stream key"),
        "unauthorized": ("error", "NetStream.Publish.Unauthorized", "Authentication failed"),
        "failed": ("error", "NetStream.Failed", "Key not authorized"),
    }.items():
        yield sender(f"rtmp-publish-{name}", *wait, rtmp(peers.serve(peers.rtmp(publish=answer))))
    for name, refusal in {
        "rejected": ("NetConnection.Connect.Rejected", "[ AccessManager.Reject ] : [ code=403 need auth ]"),
        "invalid-app": ("NetConnection.Connect.InvalidApp", "No such application"),
        "closed": ("NetConnection.Connect.Closed", "Connection closed: stream key is expired"),
    }.items():
        yield sender(f"rtmp-connect-{name}", *wait, rtmp(peers.serve(peers.rtmp(connect=refusal))))
    start = ("status", "NetStream.Publish.Start", "Start publishing")
    for name, reset in {"closes-after-media": False, "resets-after-media": True}.items():
        peer = peers.rtmp(publish=start, media_bytes=60_000, reset=reset)
        yield sender(f"rtmp-{name}", *wait, rtmp(peers.serve(peer)))
    stalled = rtmp(peers.serve(peers.rtmp(publish=start, media_bytes=60_000, stall=True)))
    flood = ("-stream_loop", "-1", "-f", "flv", "-i", "{show.flv}", *COPY, *wait, stalled)
    yield Trial("rtmp-stops-reading", "sender", flood)
    yield sender("rtmp-closes-after-publish", *wait, rtmp(peers.serve(peers.rtmp(publish=start))))
    for name in ("refused", "unknown", "denied", "nowhere"):
        yield sender(f"nginx-{name}", *wait, rtmp(nginx, f"{name}/key"))
    yield sender("nginx-already-publishing", *wait, rtmp(nginx, "live/taken"))
    verify = ("-tls_verify", "1")
    yield sender("rtmps-to-plain-port", *wait, rtmp(nginx).replace("rtmp:", "rtmps:"))
    yield sender(
        "rtmps-self-signed", *verify, rtmp(peers.serve(peers.tls_with(pem))).replace("rtmp:", "rtmps:")
    )
    yield sender(
        "rtmps-self-signed-unasked", rtmp(peers.serve(peers.tls_with(pem))).replace("rtmp:", "rtmps:")
    )
    yield sender("rtmps-closes-at-once", *wait, rtmp(peers.serve(peers.closes)).replace("rtmp:", "rtmps:"))


def streams() -> Iterator[Trial]:
    """SRT and UDP destinations, and SRT, HTTP and RTSP sources."""
    out = ("-re", "-i", "{show.ts}", "-c", "copy", "-f", "mpegts")
    port = peers.free_port(socket.SOCK_DGRAM)
    yield Trial("srt-refused", "sender", (*out, f"srt://127.0.0.1:{port}?connect_timeout=1500"))
    secret = "passphrase=not-the-right-one"
    yield Trial("srt-wrong-passphrase", "sender", (*out, "srt://127.0.0.1:{srt}?" + secret))
    yield Trial("srt-no-passphrase", "sender", (*out, "srt://127.0.0.1:{srt}"))
    yield Trial("srt-short-passphrase", "sender", (*out, "srt://127.0.0.1:{srt}?passphrase=short"))
    yield Trial("srt-server-leaves", "sender", ("-stream_loop", "5", *out, "srt://127.0.0.1:{srt2}"))
    yield Trial("srt-unknown-host", "sender", (*out, "srt://name.invalid:9000"))

    def pull(name: str, *args: str) -> Trial:
        return Trial(name, "input", (*args, *COPY, "{null}"))

    yield pull("srt-pull-refused", "-i", f"srt://127.0.0.1:{port}?connect_timeout=1500")
    for status in (
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "410 Gone",
        "500 Internal Server Error",
        "503 Service Unavailable",
    ):
        url = f"http://127.0.0.1:{peers.serve(peers.http(status))}/live/show.m3u8"
        yield pull(f"http-{status[:3]}", "-i", url)
        if status[0] == "4" and status[:3] != "410":
            yield pull(f"rtsp-{status[:3]}", "-i", f"rtsp://127.0.0.1:{peers.serve(peers.rtsp(status))}/cam")
    yield pull("http-refused", "-i", f"http://127.0.0.1:{peers.free_port()}/live.m3u8")
    yield pull("http-unknown-host", "-i", "http://name.invalid/live.m3u8")
    yield pull(
        "http-silent", "-rw_timeout", "1500000", "-i", f"http://127.0.0.1:{peers.serve(peers.silent)}/x"
    )
    yield pull("http-closes", "-i", f"http://127.0.0.1:{peers.serve(peers.closes)}/x")
    yield pull("https-plain-port", "-i", f"https://127.0.0.1:{peers.serve(peers.chatter)}/x")
    yield pull("rtsp-refused", "-rtsp_transport", "tcp", "-i", f"rtsp://127.0.0.1:{peers.free_port()}/cam")
    yield pull(
        "rtsp-silent", "-timeout", "1500000", "-i", f"rtsp://127.0.0.1:{peers.serve(peers.silent)}/cam"
    )
    yield pull("udp-silent", "-i", f"udp://127.0.0.1:{peers.free_port(socket.SOCK_DGRAM)}?timeout=1500000")
    yield pull("rtmp-pull-refused", "-i", rtmp(peers.free_port()))
    yield pull("hls-segments-missing", "-i", f"http://127.0.0.1:{peers.serve(peers.hls)}/live/show.m3u8")
    yield pull("http-cut-short", "-i", f"http://127.0.0.1:{peers.serve(peers.cut_short)}/x.flv")
    taken = "srt://127.0.0.1:{srt}?mode=listener"
    yield pull("srt-listener-port-taken", "-i", taken)
    yield pull("rtmp-pull-no-stream", "-rw_timeout", "1500000", "-i", "rtmp://127.0.0.1:{nginx}/live/nobody")


def inputs() -> Iterator[Trial]:
    """Files that cannot be played, and one that can."""

    def play(name: str, file: str, **more: str) -> Trial:
        return Trial(name, "input", ("-re", "-i", file, *COPY, "{null}"), **more)  # type: ignore[arg-type]

    yield play("file-missing", "{folder}/nothing.mp4")
    yield play("file-no-permission", "{private.mp4}", user="nobody")
    yield play("file-is-folder", "{folder}")
    for name in ("garbage.mp4", "text.mp4", "empty.mp4", "cut.mp4"):
        yield play(f"file-{name.split('.')[0]}", f"{{{name}}}")
    yield play("file-ends", "{show.mp4}")
    yield play("protocol-unknown", "gibberish://127.0.0.1/x")
    for name in ("missing", "outside"):
        listed = ("-re", "-f", "concat", "-i", f"{{{name}.ffconcat}}", *COPY, "{null}")
        yield Trial(f"concat-{name}", "input", listed)
    no_audio = ("-i", "{silent.mkv}", "-map", "0:v", "-map", "0:a", *COPY, "{null}")
    yield Trial("file-no-audio", "input", no_audio)
    yield play("file-only-subtitles", "{lines.srt}")
    refused = ("-protocol_whitelist", "pipe,fd", "-i", "{show.mp4}", *COPY, "{null}")
    yield Trial("protocol-not-allowed", "input", refused)
    for name, data in {
        "empty": b"",
        "garbage": b"\xff\x13" * 5000,
        "header-only": b"FLV\x01\x05\0\0\0\x09\0\0\0\0",
    }.items():
        args = ("-f", "flv", "-i", "pipe:0", *COPY, rtmp(peers.free_port()))
        yield Trial(f"stdin-{name}", "sender", args, stdin=data)


def pipes() -> Iterator[Trial]:
    """A child whose reader, our runner, has gone."""
    yield Trial("pipe-reader-gone-input", "input", ("-re", "-i", "{show.mp4}", *COPY, "pipe:1"), deaf=True)
    yield Trial(
        "pipe-reader-gone-encoder",
        "encoder",
        ("-f", "flv", "-i", "{show.flv}", "-c:v", "libx264", "-f", "flv", "pipe:1"),
        deaf=True,
    )


def codecs() -> Iterator[Trial]:
    """What the FLV and MPEG-TS muxers can and cannot carry."""
    for name in CODECS:
        yield Trial(f"flv-{name}", "input", ("-i", f"{{{name}.mkv}}", *COPY, "{null}"))
    yield Trial("mpegts-pcm", "sender", ("-i", "{pcm.mkv}", "-c", "copy", "-f", "mpegts", "{null}"))
    yield Trial("mp4-vorbis-vp8", "record", ("-i", "{vp8.mkv}", "-c", "copy", "{folder}/out.mp4"))


def encoders() -> Iterator[Trial]:
    """Encoders that are not there, do not work, or were told nonsense."""

    def encode(name: str, *args: str, before: tuple[str, ...] = ()) -> Trial:
        end = ("-c:a", "aac", "-f", "flv", "{null}")
        return Trial(f"encoder-{name}", "encoder", (*before, "-f", "flv", "-i", "{show.flv}", *args, *end))

    yield encode("unknown", "-c:v", "libnothing")
    for name in ("h264_nvenc", "hevc_nvenc", "h264_qsv", "h264_amf", "h264_vulkan", "h264_v4l2m2m"):
        yield encode(name, "-c:v", name)
    yield encode("h264_videotoolbox", "-c:v", "h264_videotoolbox")
    vaapi = ("-vf", "format=nv12,hwupload", "-c:v", "h264_vaapi")
    yield encode("vaapi-no-device", *vaapi, before=("-vaapi_device", "/dev/dri/renderD128"))
    yield encode("vaapi-bare", "-c:v", "h264_vaapi")
    yield encode("qsv-device", "-c:v", "h264_qsv", before=("-init_hw_device", "qsv=hw"))
    yield encode("cuda-device", "-c:v", "h264_nvenc", before=("-init_hw_device", "cuda=hw"))
    yield encode("bad-preset", "-c:v", "libx264", "-preset", "quickest")
    yield encode("bad-profile", "-c:v", "libx264", "-profile:v", "nothing")
    yield encode("bad-option", "-c:v", "libx264", "-no_such_option", "1")
    yield encode("bad-value", "-c:v", "libx264", "-b:v", "fast")
    yield encode("bad-size", "-c:v", "libx264", "-vf", "scale=-5:0x")
    yield encode("odd-size", "-c:v", "libx264", "-vf", "scale=161:121", "-pix_fmt", "yuv420p")
    yield encode("bad-filter", "-c:v", "libx264", "-vf", "nofilter=1")
    yield encode("bad-x264-params", "-c:v", "libx264", "-x264-params", "bitrate=10:vbv-maxrate=abc")
    yield encode("bad-rate", "-c:v", "libx264", "-ar", "12345")
    yield encode("no-memory", "-c:v", "libx264", "-vf", "scale=16000:16000", "-preset", "medium")


def records() -> Iterator[Trial]:
    """Files that cannot be written."""

    def record(name: str, out: str, **more: str) -> Trial:
        args = ("-f", "flv", "-i", "{show.flv}", "-c", "copy", out)
        return Trial(f"record-{name}", "record", args, **more)  # type: ignore[arg-type]

    for suffix in ("flv", "mkv", "mp4", "ts"):
        yield record(f"disk-full-{suffix}", f"{{full}}/out.{suffix}")
    long = ("-stream_loop", "40", "-f", "flv", "-i", "{show.flv}", "-c", "copy", "{full}/out.ts")
    yield Trial("record-disk-full-midway", "record", long)
    yield record("no-permission", "{private}/out.mkv", user="nobody")
    yield record("no-folder", "{folder}/nowhere/out.mkv")
    yield record("is-folder", "{folder}/nowhere.mkv/")
    yield record("bad-suffix", "{folder}/out.nothing")


def signals(nginx: int) -> Iterator[Trial]:
    """A sender that works, ended by a signal."""
    args = ("-re", "-stream_loop", "-1", "-f", "flv", "-i", "{show.flv}", *COPY)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV):
        yield Trial(
            f"signal-{number.name.lower()}", "sender", (*args, rtmp(nginx, "live/key")), signal=number
        )


def stuck() -> Iterator[Trial]:
    """A sender ended while it still waits for its server."""
    args = ("-re", "-f", "flv", "-i", "{show.flv}", *COPY, rtmp(peers.serve(peers.silent)))
    for number in (signal.SIGINT, signal.SIGTERM):
        yield Trial(f"stuck-{number.name.lower()}", "sender", args, signal=number)
