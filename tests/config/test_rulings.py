"""What platforms take against what profiles declare: a table of profile and platform to findings."""

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from spiritstream.config import rulings
from spiritstream.config.bounds import bounds_of
from spiritstream.config.common import COMMON, parse_common, resolved_schema
from spiritstream.config.data import data_folder
from spiritstream.config.deriving import with_derived
from spiritstream.config.document import Document, parse_document
from spiritstream.config.filling import with_defaults
from spiritstream.config.load import check_data, load_data, surroundings
from spiritstream.config.platforms import Platform, parse_platform
from spiritstream.config.rulings import Rulings, judge
from spiritstream.config.schema import MAX_FINDINGS, profile_validator
from spiritstream.errors import Finding, ProfileError
from spiritstream.model.limits import Limits, Rule

SOURCE = {"source": "a list", "as_of": "2026-08"}
SAID = " (a list, 2026-08)"
SESSION = {"hours": 12, "source": "its help", "as_of": "2026-09"}


def platform(id: str, protocols: str = "rtmp rtmps", **limits: Any) -> Platform:
    """A platform called by its id in capitals, with these limits."""
    facts = {"name": id.upper(), "sources": [SOURCE], "protocols": protocols.split()}
    servers = [{"name": "first", "url": f"rtmps://{id}.example/app"}]
    return parse_platform(id, facts | {"servers": servers} | ({"limits": limits} if limits else {}))


ROWS = [
    {"resolution": "1280x720", "fps": 30, "max_kbps": 4000},
    {"resolution": "1280x720", "fps": 60, "max_kbps": 6000},
    {"resolution": "640x360", "fps": 60, "max_kbps": 1500},
    {"resolution": "640x360", "fps": 30, "max_kbps": 1000},
]
PRETEND = {
    one.id: one
    for one in (
        platform("nothing"),
        platform("slow", max_video_kbps=3000, max_audio_kbps=96),
        platform("quick", max_video_kbps=6000, max_audio_kbps=192),
        platform("often", keyframe_interval_s=1),
        platform("seldom", keyframe_interval_s=2),
        platform("film", max_fps=30),
        platform("big", resolutions=["1920x1080", "1280x720"]),
        platform("small", resolutions=["1280x720", "640x360"]),
        platform("tiny", resolutions=["640x360"]),
        platform("by-size", max_video_kbps=9000, bitrates=ROWS),
        platform("direct", b_frames=0),
        platform("two", b_frames=2),
        platform("main", h264_profile="main"),
        platform("base", h264_profile="baseline"),
        platform("avc", video_codecs=["h264"]),
        platform("any", video_codecs=["h264", "hevc", "av1"]),
        platform("next", video_codecs=["hevc", "av1"]),
        platform("modern", video_codecs=["h264"], audio_codecs=["aac", "opus"]),
        platform("halfday", session=SESSION),
        platform("safe", "rtmps"),
        platform("safe-slow", "rtmps", max_video_kbps=3000),
        replace(platform("silent"), warning="It was found silent."),
        replace(platform("moved"), warning="Its address is not confirmed.", address_doubted=True),
    )
}


def around() -> Any:
    """Surroundings in which only the pretended platforms are known."""
    return replace(surroundings(Path("/")), find_platform=PRETEND.__getitem__)


HEAD = "version: 1\nname: show\n"
PUSHED = HEAD + "input: {rtmp: {}}\n"
TESTED = HEAD + "input: {test: {}}\n"


def h264(rest: str) -> str:
    """A video encoding of which everything is known: without B-frames, in the lowest profile."""
    return f"{{codec: h264, preset: ultrafast, {rest}}}"


def group(name: str, *targets: str, video: str = "", audio: str = "") -> str:
    """A group at column 3, its video, audio and targets each on a line."""
    lines = [f"  {name}:"]
    lines += [f"    video: {video}"] if video else []
    lines += [f"    audio: {audio}"] if audio else []
    lines += ["    targets:"]
    lines += [f"      {one.partition(',')[0]}: {{platform: {one}, key: {{env: K}}}}" for one in targets]
    return "\n".join(lines) + "\n"


def one(*targets: str, video: str = "", audio: str = "", head: str = PUSHED) -> str:
    """A profile of one group, which begins in line 5."""
    return f"{head}groups:\n" + group("g", *targets, video=video, audio=audio)


def told(rulings: Rulings) -> list[str]:
    """`E 6:12 path: message -> hint` for what is refused, `W ...` for a warning, in order."""
    marked = [("E", one) for one in rulings.refused] + [("W", one) for one in rulings.warnings]
    return [_line(mark, one) for mark, one in sorted(marked, key=lambda pair: pair[1])]


def _line(mark: str, found: Finding) -> str:
    return f"{mark} {found.line}:{found.column} {found.path}: {found.message} -> {found.hint}"


# One group of video in line 6, audio in the next, then its targets.
CASES: dict[str, tuple[str, list[str]]] = {
    "a platform without limits": (
        one("nothing", video="{codec: av1, bitrate: 90M}", audio="{codec: opus}"),
        [],
    ),
    "no platform at all": (
        PUSHED + "groups: {g: {video: {codec: av1, bitrate: 90M}, targets: {t: {url: 'rtmp://h/a'}}}}\n",
        [],
    ),
    "what is not known breaks nothing": (
        one("slow", "often", "film", "tiny", "avc", "direct", "main"),
        [],
    ),
    "all at the edge": (
        one(
            "slow",
            "often",
            "film",
            "tiny",
            video="{codec: h264, size: 640x360, fps: 30, bitrate: 3000k, keyframe: 1s}",
            audio="{codec: aac, bitrate: 96k}",
        ),
        [],
    ),
    "video bitrate": (
        one("slow", video=h264("bitrate: 4M")),
        [
            "W 6:54 groups.g.video.bitrate: SLOW takes at most 3000 kbit/s of video, and this is 4000 "
            "kbit/s (a list, 2026-08): target slow -> lower it to 3000k",
        ],
    ),
    "the strictest of several": (
        one("quick", "slow", "nothing", "by-size", video=h264("bitrate: 10M")),
        [
            "W 6:54 groups.g.video.bitrate: SLOW takes at most 3000 kbit/s of video, and this is 10000 "
            "kbit/s (a list, 2026-08): the strictest of the targets quick, slow and by-size -> lower it "
            "to 3000k",
        ],
    ),
    "the strictest alone breaks": (
        one("quick", "slow", video=h264("bitrate: 4000k")),
        [
            "W 6:54 groups.g.video.bitrate: SLOW takes at most 3000 kbit/s of video, and this is 4000 "
            "kbit/s (a list, 2026-08): target slow -> lower it to 3000k",
        ],
    ),
    "by size and rate": (
        one("by-size", video=h264("bitrate: 5M, size: 1280x720, fps: 30")),
        [
            "W 6:54 groups.g.video.bitrate: BY-SIZE takes at most 4000 kbit/s of video for 1280x720 at "
            "30 frames per second, and this is 5000 kbit/s (a list, 2026-08): target by-size -> lower it "
            "to 4000k",
        ],
    ),
    "by size at a faster rate": (
        one("by-size", video=h264("bitrate: 5M, size: 1280x720, fps: 59.94")),
        [],
    ),
    "the first row of a size": (
        one("by-size", video=h264("bitrate: 1200k, size: 640x360, fps: 30")),
        [],
    ),
    "a size without a row": (
        one("by-size", video=h264("bitrate: 9500k, size: 1920x1080, fps: 30")),
        [
            "W 6:54 groups.g.video.bitrate: BY-SIZE takes at most 9000 kbit/s of video, and this is 9500 "
            "kbit/s (a list, 2026-08): target by-size -> lower it to 9000k",
        ],
    ),
    "a size at a rate nobody told": (
        one("by-size", video=h264("bitrate: 7M, size: 1280x720")),
        [
            "W 6:54 groups.g.video.bitrate: BY-SIZE takes at most 6000 kbit/s of video for 1280x720, and "
            "this is 7000 kbit/s (a list, 2026-08): target by-size -> lower it to 6000k",
        ],
    ),
    "audio bitrate": (
        one("slow", audio="{codec: aac, bitrate: 160k}"),
        [
            "W 6:34 groups.g.audio.bitrate: SLOW takes at most 96 kbit/s of audio, and this is 160 "
            "kbit/s (a list, 2026-08): target slow -> lower it to 96k",
        ],
    ),
    "audio bitrate by default": (
        one("slow", audio="{codec: aac, rate: 48000}"),
        [
            "W 6:5 groups.g.audio: SLOW takes at most 96 kbit/s of audio, and this is 128 kbit/s (a "
            "list, 2026-08): target slow -> add 'bitrate: 96k'",
        ],
    ),
    "fps": (
        one("film", video=h264("bitrate: 3M, fps: 50")),
        [
            "W 6:63 groups.g.video.fps: FILM takes at most 30 frames per second, and this is 50 (a list, "
            "2026-08): target film -> lower it to 30",
        ],
    ),
    "fps in quotes": (
        one("film", video=h264('bitrate: 3M, fps: "60000/1001"')),
        [
            "W 6:63 groups.g.video.fps: FILM takes at most 30 frames per second, and this is 59.94 (a "
            "list, 2026-08): target film -> lower it to 30",
        ],
    ),
    "NTSC's is below": (
        one("film", video=h264("bitrate: 3M, fps: 29.97")),
        [],
    ),
    "size": (
        one("big", video=h264("bitrate: 3M, size: 1366x768")),
        [
            "W 6:64 groups.g.video.size: BIG takes pictures of 1920x1080 or 1280x720, and this is "
            "1366x768 (a list, 2026-08): target big -> choose 1280x720",
        ],
    ),
    "size that suits all": (
        one("big", "small", video=h264("bitrate: 3M, size: 1920x1080")),
        [
            "W 6:64 groups.g.video.size: SMALL takes pictures of 1280x720 or 640x360, and this is "
            "1920x1080 (a list, 2026-08): target small -> choose 1280x720",
        ],
    ),
    "size that suits not all": (
        one("big", "tiny", video=h264("bitrate: 3M, size: 1920x1080")),
        [
            "W 6:64 groups.g.video.size: TINY takes pictures of 640x360, and this is 1920x1080 (a list, "
            "2026-08): target tiny -> nothing suits all of them: give them groups of their own",
        ],
    ),
    "keyframe": (
        one("seldom", video=h264("bitrate: 3M, keyframe: 2500ms")),
        [
            "W 6:68 groups.g.video.keyframe: SELDOM wants a keyframe every 2 s, and one comes every 2.5 "
            "s (a list, 2026-08): target seldom -> set the keyframe interval to 2s",
        ],
    ),
    "keyframe by default": (
        one("often", video=h264("bitrate: 3M")),
        [
            "W 6:5 groups.g.video: OFTEN wants a keyframe every 1 s, and one comes every 2 s (a list, "
            "2026-08): target often -> add 'keyframe: 1s'",
        ],
    ),
    "keyframe, the strictest": (
        one("seldom", "often", video=h264("bitrate: 3M, keyframe: 5")),
        [
            "W 6:68 groups.g.video.keyframe: OFTEN wants a keyframe every 1 s, and one comes every 5 s "
            "(a list, 2026-08): the strictest of the targets seldom and often -> set the keyframe "
            "interval to 1s",
        ],
    ),
    "B-frames": (
        one("direct", "two", video=h264("bitrate: 3M, b_frames: 3")),
        [
            "W 6:68 groups.g.video.b_frames: DIRECT takes no B-frames, and there are some (a list, "
            "2026-08): the strictest of the targets direct and two -> set the number of B-frames to 0",
        ],
    ),
    "B-frames, some": (
        one("two", video=h264("bitrate: 3M, b_frames: 2")),
        [],
    ),
    "B-frames of x264": (
        one("direct", "two", video="{codec: h264, encoder: libx264, bitrate: 3M}"),
        [
            "W 6:5 groups.g.video: DIRECT takes no B-frames, and an encoder that is not told may send "
            "some (a list, 2026-08): the strictest of the targets direct and two -> add 'b_frames: 0'",
        ],
    ),
    "B-frames of whatever is there": (
        one("direct", video="{codec: h264, bitrate: 3M}"),
        [
            "W 6:5 groups.g.video: DIRECT takes no B-frames, and an encoder that is not told may send "
            "some (a list, 2026-08): target direct -> add 'b_frames: 0'",
        ],
    ),
    "B-frames of x265": (
        one("two", video="{codec: hevc, encoder: software, bitrate: 3M}"),
        [
            "W 6:5 groups.g.video: TWO takes at most 2 B-frames in a row, and an encoder that is not "
            "told may send more (a list, 2026-08): target two -> add 'b_frames: 2'",
        ],
    ),
    "B-frames of a chip": (
        one("direct", video="{codec: h264, encoder: hardware, bitrate: 3M}"),
        [],
    ),
    "no B-frames in baseline": (
        one("direct", video="{codec: h264, profile: baseline, bitrate: 3M}"),
        [],
    ),
    "profile": (
        one("base", "main", video="{codec: h264, profile: high, bitrate: 3M}"),
        [
            "W 6:35 groups.g.video.profile: BASE wants the baseline profile of H.264, and this is high "
            "(a list, 2026-08): the strictest of the targets base and main -> set the profile to baseline",
        ],
    ),
    "profile by default": (
        one("main", video="{codec: h264, bitrate: 3M}"),
        [
            "W 6:5 groups.g.video: MAIN wants the main profile of H.264, and an encoder that is not told "
            "may send a higher one (a list, 2026-08): target main -> add 'profile: main'",
        ],
    ),
    "profile of hevc": (
        one("main", video="{codec: hevc, profile: high, bitrate: 3M}"),
        [],
    ),
    "video codec": (
        one("avc", "any", video="{codec: hevc, bitrate: 3M, encoder: hardware}"),
        [
            "E 6:20 groups.g.video.codec: AVC takes h264 video, and this is hevc (a list, 2026-08): "
            "target avc -> encode to h264"
            "; or say in a platform file of your own that it takes more",
        ],
    ),
    "video codec that suits all": (
        one("avc", "modern", video="{codec: av1, bitrate: 3M}"),
        [
            "E 6:20 groups.g.video.codec: AVC takes h264 video, and this is av1 (a list, 2026-08): the "
            "strictest of the targets avc and modern -> encode to h264"
            "; or say in a platform file of your own that it takes more",
        ],
    ),
    "video codec that suits not all": (
        one("avc", "next", video="{codec: hevc, bitrate: 3M, encoder: hardware}"),
        [
            "E 6:20 groups.g.video.codec: AVC takes h264 video, and this is hevc (a list, 2026-08): "
            "target avc -> nothing suits all of them: give them groups of their own"
            "; or say in a platform file of your own that it takes more",
        ],
    ),
    "video codec, to a target that is off": (
        one("avc, enabled: false", "any", video="{codec: hevc, bitrate: 3M, encoder: hardware}"),
        [
            "W 6:20 groups.g.video.codec: AVC takes h264 video, and this is hevc (a list, 2026-08): "
            "target avc -> encode to h264",
        ],
    ),
    "video codec, to one that is off and one that is not": (
        one("avc, enabled: false", "modern", video="{codec: hevc, bitrate: 3M, encoder: hardware}"),
        [
            "E 6:20 groups.g.video.codec: AVC takes h264 video, and this is hevc (a list, 2026-08): "
            "the strictest of the targets avc and modern -> encode to h264"
            "; or say in a platform file of your own that it takes more",
        ],
    ),
    "video codec, in a group that is off": (
        one("avc", video="{codec: hevc, bitrate: 3M, encoder: hardware}") + "    enabled: false\n",
        [
            "W 6:20 groups.g.video.codec: AVC takes h264 video, and this is hevc (a list, 2026-08): "
            "target avc -> encode to h264",
        ],
    ),
    "video codec of the test picture": (
        one("next", head=TESTED),
        [
            "W 5:3 groups.g: NEXT takes hevc or av1 video, and this is h264 (a list, 2026-08): target "
            "next -> let this group encode: add 'video: {for: targets}'",
        ],
    ),
    "audio codec": (
        one("modern", audio="{codec: mp3}"),
        [
            "W 6:20 groups.g.audio.codec: MODERN takes aac or opus audio, and this is mp3 (a list, "
            "2026-08): target modern -> encode to aac or opus",
        ],
    ),
    "audio codec that nobody listed": (
        one("slow", audio="{codec: opus, bitrate: 96k}"),
        [
            "W 6:20 groups.g.audio.codec: SLOW is not known to take other audio than aac, and this is "
            "opus: target slow -> encode to aac",
        ],
    ),
    "the test picture's own": (
        one("slow", "film", "tiny", head=HEAD + "input: {test: {size: 1280x720, fps: 60, bitrate: 4M}}\n"),
        [
            "W 3:22 input.test.size: TINY takes pictures of 640x360, and this is 1280x720 (a list, "
            "2026-08): target g/tiny -> choose 640x360",
            "W 3:37 input.test.fps: FILM takes at most 30 frames per second, and this is 60 (a list, "
            "2026-08): target g/film -> lower it to 30",
            "W 3:50 input.test.bitrate: SLOW takes at most 3000 kbit/s of video, and this is 4000 kbit/s "
            "(a list, 2026-08): target g/slow -> lower it to 3000k",
            "W 5:3 groups.g: SLOW takes at most 96 kbit/s of audio, and this is 128 kbit/s (a list, "
            "2026-08): target slow -> let this group encode: add 'audio: {for: targets}'",
        ],
    ),
    "the test picture by default": (
        one("tiny", head=TESTED),
        [
            "W 3:9 input.test: TINY takes pictures of 640x360, and this is 1280x720 (a list, 2026-08): "
            "target g/tiny -> add 'size: 640x360'",
        ],
    ),
    "the test picture's keyframes": (
        one("often", head=TESTED),
        [
            "W 5:3 groups.g: OFTEN wants a keyframe every 1 s, and one comes every 2 s (a list, "
            "2026-08): target often -> let this group encode: add 'video: {for: targets}'",
        ],
    ),
    "the test picture's keyframes, in a group that says copy": (
        one("often", head=TESTED, video="copy"),
        [
            "W 6:12 groups.g.video: OFTEN wants a keyframe every 1 s, and one comes every 2 s (a list, "
            "2026-08): target often -> let this group encode: write 'video: {for: targets}'",
        ],
    ),
    "the test tone": (
        one("slow", head=HEAD + "input: {test: {bitrate: 1M}}\n"),
        [
            "W 5:3 groups.g: SLOW takes at most 96 kbit/s of audio, and this is 128 kbit/s (a list, "
            "2026-08): target slow -> let this group encode: add 'audio: {for: targets}'",
        ],
    ),
    "the test picture in two groups": (
        HEAD
        + "input: {test: {bitrate: 10M}}\ngroups:\n"
        + group("g", "slow")
        + group("h", "quick", video="copy", audio="{codec: aac, bitrate: 64k}"),
        [
            "W 3:25 input.test.bitrate: SLOW takes at most 3000 kbit/s of video, and this is 10000 "
            "kbit/s (a list, 2026-08): the strictest of the targets g/slow and h/quick -> lower it to "
            "3000k",
            "W 5:3 groups.g: SLOW takes at most 96 kbit/s of audio, and this is 128 kbit/s (a list, "
            "2026-08): target slow -> let this group encode: add 'audio: {for: targets}'",
        ],
    ),
    "the test picture's size, encoded": (
        one("tiny", head=TESTED, video=h264("bitrate: 3M")),
        [
            "W 6:5 groups.g.video: TINY takes pictures of 640x360, and this is 1280x720 (a list, "
            "2026-08): target tiny -> add 'size: 640x360'",
        ],
    ),
    "files for ever": (
        one("halfday", "nothing", head=HEAD + "input: {files: [a.mp4]}\n"),
        [
            "W 7:27 groups.g.targets.halfday.platform: HALFDAY ends a broadcast after 12 h, and this "
            "show has no end, as its files are played in a loop (its help, 2026-09) -> begin another "
            "broadcast before, at a moment that suits you: spiritstream restart show/g/halfday",
        ],
    ),
    "files once": (
        one("halfday", head=HEAD + "input: {files: {paths: [a.mp4], loop: false}}\n"),
        [],
    ),
    "recorded in parts of a day": (
        one("halfday") + "      tape: {record: {path: '%F_%H-%M.mkv', segment: 24h}}\n",
        [
            "W 7:27 groups.g.targets.halfday.platform: HALFDAY ends a broadcast after 12 h, and this "
            "show is recorded in parts of 24 h (its help, 2026-09) -> begin another broadcast before, at "
            "a moment that suits you: spiritstream restart show/g/halfday",
        ],
    ),
    "recorded in parts of an hour": (
        one("halfday") + "      tape: {record: {path: '%F_%H-%M.mkv', segment: 1h}}\n",
        [],
    ),
    "in clear": (
        one('safe, server: "rtmp://a.example/app"'),
        [
            "E 7:38 groups.g.targets.safe.server: SAFE takes rtmps only, and by rtmp the key would "
            "travel in clear -> write its address with rtmps://, or remove the line",
        ],
    ),
    "in clear, with a source": (
        one('safe-slow, server: "RTMP://a.example/app"'),
        [
            "E 7:48 groups.g.targets.safe-slow.server: SAFE-SLOW takes rtmps only, and by rtmp the key "
            "would travel in clear (a list, 2026-08) -> write its address with rtmps://, or remove the "
            "line",
        ],
    ),
    "not in clear": (
        one('safe, server: "rtmps://a.example/app"', "slow, server: 'rtmp://a.example/app'"),
        [],
    ),
    "to this machine": (
        one(
            'safe, server: "rtmp://127.0.0.1:19350/app"',
            'safe-slow, server: "rtmp://[::1]/app"',
            'slow, server: "rtmp://localhost/a"',
        ),
        [],
    ),
    "in doubt": (
        one("silent", "slow", video=h264("bitrate: 3M")),
        [
            "W 8:26 groups.g.targets.silent.platform: SILENT may not work: It was found silent. -> "
            "spiritstream platforms silent",
        ],
    ),
    "a listed address in doubt": (
        one("moved", "silent, server: 'rtmps://own.example/app'"),
        [
            "W 7:25 groups.g.targets.moved.platform: MOVED may not work: Its address is not confirmed. -> "
            "write the address that stands beside your key: server: rtmps://HOST/APP",
            "W 8:26 groups.g.targets.silent.platform: SILENT may not work: It was found silent. -> "
            "spiritstream platforms silent",
        ],
    ),
    "the doubted address, written": (
        one("moved, server: 'rtmps://MOVED.example:443/app'"),
        [
            "W 7:25 groups.g.targets.moved.platform: MOVED may not work: Its address is not confirmed. -> "
            "write the address that stands beside your key: server: rtmps://HOST/APP",
        ],
    ),
    "another address than the doubted one": (
        one("moved, server: 'rtmps://own.example/app'"),
        [],
    ),
    "many targets": (
        PUSHED
        + "groups:\n  g:\n    video: "
        + h264("bitrate: 9M")
        + "\n    targets:\n"
        + "".join(f"      t{n}: {{platform: slow, key: {{env: K}}}}\n" for n in range(7)),
        [
            "W 6:54 groups.g.video.bitrate: SLOW takes at most 3000 kbit/s of video, and this is 9000 "
            "kbit/s (a list, 2026-08): the strictest of the targets t0, t1, t2, t3, t4 and 2 more -> "
            "lower it to 3000k",
        ],
    ),
    "malformed, which others find": (
        one(
            "slow",
            "film",
            "often",
            video="{codec: h264, bitrate: lots, fps: x, size: 3, keyframe: soon}",
            audio="[]",
        ),
        [],
    ),
    "a key in a codec's place": (
        one("avc", "modern", video="{codec: sk_1, bitrate: 1M}", audio="{codec: sk_2}"),
        [],
    ),
    "no codec": (
        one("slow", head=TESTED, video="{bitrate: 1M}"),
        [
            "W 5:3 groups.g: SLOW takes at most 96 kbit/s of audio, and this is 128 kbit/s (a list, "
            "2026-08): target slow -> let this group encode: add 'audio: {for: targets}'",
        ],
    ),
    "a target that is named like no target": (
        PUSHED
        + "groups: {g: {video: "
        + h264("bitrate: 9M")
        + ", targets: {Live_8912: {platform: slow, key: {env: K}}}}}\n",
        [
            "W 4:63 groups.g.video.bitrate: SLOW takes at most 3000 kbit/s of video, and this is 9000 "
            "kbit/s (a list, 2026-08): target ? -> lower it to 3000k",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_profile_and_platform(case: str) -> None:
    """Each line to change is found once, with the limit, its source, whose it is, and what to write."""
    text, expected = CASES[case]
    assert expected == told(judge(parse_document(text, "f"), around()))


# What is far beyond every limit, and by what to write instead each real platform objects to it.
BEYOND = """\
version: 1
name: show
input: {rtmp: {}}
groups:
  g:
    video: {codec: h264, size: 2048x1152, fps: 120, bitrate: 90M, keyframe: 5s, profile: high, b_frames: 4}
    audio: {codec: aac, bitrate: 900k}
    targets:
      t: {platform: %s, key: {env: K}}
"""
REAL: dict[str, dict[str, str]] = {
    "twitch": {
        "video.bitrate": "lower it to 6000k",
        "audio.bitrate": "lower it to 320k",
        "video.keyframe": "set the keyframe interval to 2s",
    },
    "youtube": {
        "video.bitrate": "lower it to 51000k",
        "audio.bitrate": "lower it to 160k",
        "video.keyframe": "set the keyframe interval to 2s",
    },
    "facebook": {
        "video.size": "choose 1920x1080",
        "video.fps": "lower it to 60",
        "video.bitrate": "lower it to 9000k",
        "audio.bitrate": "lower it to 128k",
        "video.keyframe": "set the keyframe interval to 2s",
        "video.profile": "set the profile to main",
    },
    "twitter": {
        "video.fps": "lower it to 60",
        "video.bitrate": "lower it to 12000k",
        "audio.bitrate": "lower it to 128k",
        "video.keyframe": "set the keyframe interval to 3s",
    },
    "chzzk": {
        "video.size": "choose 1920x1080",
        "video.fps": "lower it to 60",
        "video.bitrate": "lower it to 8000k",
        "audio.bitrate": "lower it to 192k",
        "video.keyframe": "set the keyframe interval to 1s",
        "video.b_frames": "set the number of B-frames to 0",
    },
    "sheeta": {
        "video.size": "choose 1920x1080",
        "video.fps": "lower it to 60",
        "video.bitrate": "lower it to 9000k",
        "audio.bitrate": "lower it to 512k",
        "video.keyframe": "set the keyframe interval to 1s",
        "video.profile": "set the profile to main",
    },
    "soop-global": {
        "video.size": "choose 1920x1080",
        "video.fps": "lower it to 60",
        "video.bitrate": "lower it to 8000k",
        "audio.bitrate": "lower it to 192k",
        "video.keyframe": "set the keyframe interval to 1s",
        "video.b_frames": "set the number of B-frames to 0",
        "video.profile": "set the profile to main",
    },
    "bongacams": {
        "video.bitrate": "lower it to 6000k",
        "audio.bitrate": "lower it to 192k",
        "video.keyframe": "set the keyframe interval to 2s",
        "video.b_frames": "set the number of B-frames to 0",
    },
    "camsoda": {
        "video.size": "choose 1920x1080",
        "video.fps": "lower it to 30",
        "video.bitrate": "lower it to 6000k",
        "audio.bitrate": "lower it to 160k",
    },
    "cam4": {
        "video.bitrate": "lower it to 3000k",
        "audio.bitrate": "lower it to 128k",
        "video.keyframe": "set the keyframe interval to 1s",
        "video.profile": "set the profile to baseline",
    },
    "eventials": {
        "video.bitrate": "lower it to 900k",
        "audio.bitrate": "lower it to 96k",
        "video.keyframe": "set the keyframe interval to 1s",
        "video.profile": "set the profile to baseline",
    },
    "chaturbate": {
        "video.size": "choose 1920x1080",
        "video.fps": "lower it to 60",
        "video.bitrate": "lower it to 50000k",
        "audio.bitrate": "lower it to 192k",
        "video.keyframe": "set the keyframe interval to 2s",
    },
    "nanostream": {
        "video.bitrate": "lower it to 5000k",
        "audio.bitrate": "lower it to 192k",
        "video.keyframe": "set the keyframe interval to 2s",
        "video.b_frames": "set the number of B-frames to 0",
        "video.profile": "set the profile to baseline",
    },
    "mixcloud": {
        "video.size": "choose 1280x720",
        "video.fps": "lower it to 30",
        "video.bitrate": "lower it to 6000k",
        "audio.bitrate": "lower it to 320k",
        "video.keyframe": "set the keyframe interval to 2s",
    },
    "steam": {
        "video.bitrate": "lower it to 7000k",
        "audio.bitrate": "lower it to 128k",
        "video.keyframe": "set the keyframe interval to 2s",
    },
    "trovo": {
        "video.bitrate": "lower it to 9000k",
        "audio.bitrate": "lower it to 160k",
        "video.keyframe": "set the keyframe interval to 2s",
    },
    "restream": {
        "video.keyframe": "set the keyframe interval to 2s",
    },
    "dacast": {
        "video.bitrate": "lower it to 7000k",
        "audio.bitrate": "lower it to 128k",
        "video.keyframe": "set the keyframe interval to 1s",
    },
    "loola": {
        "video.bitrate": "lower it to 2500k",
        "audio.bitrate": "lower it to 160k",
        "video.keyframe": "set the keyframe interval to 2s",
        "video.b_frames": "set the number of B-frames to 2",
    },
    "niconico": {
        "video.bitrate": "lower it to 5808k",
        "audio.bitrate": "lower it to 192k",
        "video.keyframe": "set the keyframe interval to 2s",
    },
    "kick": {},
    "vimeo": {},
    "sportify": {
        "video.size": "choose 1920x1080",
        "video.fps": "lower it to 30",
        "video.bitrate": "lower it to 3500k",
        "audio.bitrate": "lower it to 192k",
        "video.keyframe": "set the keyframe interval to 2s",
    },
    "vault": {
        "video.bitrate": "lower it to 7800k",
        "audio.bitrate": "lower it to 320k",
        "video.keyframe": "set the keyframe interval to 2s",
    },
}


@pytest.mark.parametrize("id", REAL)
def test_real_platforms(id: str) -> None:
    """What the registry's files say is what a profile is held against, each by the field to change."""
    checked = check_data((BEYOND % id).encode(), "f", Path("/"))
    found = {one.path.removeprefix("groups.g."): one.hint for one in checked.warnings}
    doubt = found.pop("targets.t.platform", None)
    assert ([], REAL[id]) == (checked.findings, found)
    assert (doubt is not None) is (id in ("soop-global", "sportify"))
    assert all(" (" in one.message for one in checked.warnings if one.path != "groups.g.targets.t.platform")


# (platform, size and rate, the highest bitrate): each row of the three matrices that there are, and beside it
MATRICES = [
    ("facebook", "size: 640x360, fps: 30", 1000),
    ("facebook", "size: 640x360, fps: 59.94", 1500),
    ("facebook", "size: 640x360, fps: 60", 1500),
    ("facebook", "size: 852x480, fps: 30", 2000),
    ("facebook", "size: 852x480, fps: 59.94", 3000),
    ("facebook", "size: 852x480, fps: 60", 3000),
    ("facebook", "size: 1280x720, fps: 30", 4000),
    ("facebook", "size: 1280x720, fps: 59.94", 6000),
    ("facebook", "size: 1280x720, fps: 60", 6000),
    ("facebook", "size: 1920x1080, fps: 30", 6000),
    ("facebook", "size: 1920x1080, fps: 59.94", 9000),
    ("facebook", "size: 1920x1080, fps: 60", 9000),
    ("sheeta", "size: 1920x1080, fps: 30", 6000),
    ("sheeta", "size: 1280x720, fps: 30", 4700),
    ("sheeta", "size: 854x480, fps: 30", 3400),
    ("sheeta", "size: 640x480, fps: 30", 3400),
    ("sheeta", "size: 1920x1080, fps: 59.94", 9000),
    ("sheeta", "size: 1920x1080, fps: 60", 9000),
    ("sheeta", "size: 1280x720, fps: 59.94", 7000),
    ("sheeta", "size: 1280x720, fps: 60", 7000),
    ("sheeta", "size: 854x480, fps: 59.94", 5000),
    ("sheeta", "size: 854x480, fps: 60", 5000),
    ("sheeta", "size: 640x480, fps: 59.94", 5000),
    ("sheeta", "size: 640x480, fps: 60", 5000),
    ("soop-global", "size: 640x360, fps: 30", 500),
    ("soop-global", "size: 640x360, fps: 59.94", 1000),
    ("soop-global", "size: 640x360, fps: 60", 1000),
    ("soop-global", "size: 960x540, fps: 30", 2000),
    ("soop-global", "size: 960x540, fps: 59.94", 2000),
    ("soop-global", "size: 960x540, fps: 60", 2000),
    ("soop-global", "size: 1280x720, fps: 30", 4000),
    ("soop-global", "size: 1280x720, fps: 59.94", 4000),
    ("soop-global", "size: 1280x720, fps: 60", 4000),
    ("soop-global", "size: 1920x1080, fps: 30", 8000),
    ("soop-global", "size: 1920x1080, fps: 59.94", 8000),
    ("soop-global", "size: 1920x1080, fps: 60", 8000),
]


@pytest.mark.parametrize(("id", "picture", "highest"), MATRICES)
def test_real_matrices(id: str, picture: str, highest: int) -> None:
    """Bitrate by size: a picture at its highest is fine, and one kilobit more is told with its picture."""
    for kbps, expected in ((highest, []), (highest + 1, [f"lower it to {highest}k"])):
        video = h264(f"bitrate: {kbps}k, keyframe: 1s, {picture}")
        checked = check_data(one(id, video=video).encode(), "f", Path("/"))
        assert [] == checked.findings
        assert expected == [found.hint for found in checked.warnings if found.path.endswith("bitrate")]


# --- Defaults that stand elsewhere, and values that are derived ---

DEFAULTS = """\
version: 1
defaults:
  groups:
    video: {codec: hevc, keyframe: 4s}
    audio: {bitrate: 192k}
"""


def inheriting(text: str, defaults: str) -> Document:
    """A profile with what it inherits from such a file."""
    folder = data_folder("schemas")
    schemas = {path.name: json.loads(path.read_text()) for path in folder.glob("*.schema.json")}
    validator = profile_validator(resolved_schema(schemas["common.schema.json"], schemas))
    common = parse_common(defaults, COMMON, validator)
    assert () == common.findings
    return with_defaults(parse_document(text, "show.yaml"), common)


def test_inherited() -> None:
    """What a default breaks is said where the default stands, and who inherits it."""
    text = one("avc", "slow", "seldom", video="{bitrate: 3M}", audio="{codec: aac}")
    ruled = judge(inheriting(text, DEFAULTS), around())
    assert [(COMMON, 4, 20)] == [(one.file, one.line, one.column) for one in ruled.refused]
    assert ruled.refused[0].message.endswith("(inherited by groups.g.video.codec in show.yaml)")
    assert [(COMMON, 4, 36, "set the keyframe interval to 2s"), (COMMON, 5, 22, "lower it to 96k")] == sorted(
        (one.file, one.line, one.column, one.hint) for one in ruled.warnings
    )


DERIVED = {
    "a group's own platforms": one("slow", "often", "direct", "main", "film", "tiny", video="{for: targets}"),
    "sound": one("slow", "modern", audio="{for: targets}"),
    "another's, which are stricter": one("quick", "nothing", video="{for: [slow, often]}"),
}


@pytest.mark.parametrize("case", DERIVED)
def test_derived(case: str) -> None:
    """What is derived for platforms breaks none of their limits."""
    derived, findings = with_derived(parse_document(DERIVED[case], "f"), PRETEND.__getitem__)
    assert ([], []) == (findings, told(judge(derived, around())))


def test_beside_what_is_derived() -> None:
    """What is written beside `for` is held against the limits as ever."""
    text = one("slow", "often", video="{for: targets, keyframe: 3s}")
    derived, _ = with_derived(parse_document(text, "f"), PRETEND.__getitem__)
    assert [("groups.g.video.keyframe", 6, 37)] == [
        (found.path, found.line, found.column) for found in judge(derived, around()).warnings
    ]


# --- On the way to the one who reads it ---


def test_refused() -> None:
    """What is refused makes a profile invalid; its warnings are told all the same."""
    text = one(
        'kick, server: "rtmp://ingest.example/app"',
        "twitch",
        video="{codec: hevc, bitrate: 9M, keyframe: 9s, encoder: hardware}",
    ).encode()
    checked = check_data(text, "f", Path("/"))
    assert ["f:6:20", "f:8:38"] == [f"{one.file}:{one.line}:{one.column}" for one in checked.findings]
    assert {"groups.g.video.bitrate", "groups.g.video.keyframe"} == {one.path for one in checked.warnings}
    with pytest.raises(ProfileError) as caught:
        load_data(text, "f", Path("/"), None, {"K": "k"})
    assert checked.findings == caught.value.findings


def test_the_address_of_a_platform() -> None:
    """A `url` that is a platform's own address is held against the same limits, and told at the url."""
    text = PUSHED + "groups:\n  g:\n    video: {codec: h264, preset: ultrafast, bitrate: 9M}\n    targets:\n"
    text += '      t: {url: "rtmp://live-fra.twitch.tv/app", key: {env: K}}\n'
    text += '      f: {url: "rtmp://rtmp-api.facebook.com:80/rtmp/", key: {env: K}}\n'
    checked = check_data(text.encode(), "f", Path("/"))
    assert ["groups.g.targets.f.url"] == [one.path for one in checked.findings]
    (bitrate,) = (one for one in checked.warnings if one.path == "groups.g.video.bitrate")
    assert bitrate.message.startswith("Twitch takes at most 6000 kbit/s of video, and this is 9000 kbit/s ")


def test_one_fault_is_said_once() -> None:
    """Where something else is wrong already, nothing is refused besides."""
    text = one('kick, server: "rtmp://"').encode()
    assert 1 == len(check_data(text, "f", Path("/")).findings)


def test_an_own_file_overrides_limits() -> None:
    """A platform's limits are what is known of it here: with another file nothing is objected to."""
    document = parse_document(one("slow", video=h264("bitrate: 4M")), "f")
    own = platform("slow", max_video_kbps=9000)
    assert Rulings() == judge(document, replace(around(), find_platform={"slow": own}.__getitem__))


# --- Nothing is forgotten ---

# Each field of a platform's limits, and what holds a profile against it.
FIELDS = {
    "keyframe_interval_s": Rule.KEYFRAME,
    "max_video_kbps": Rule.VIDEO_BITRATE,
    "max_audio_kbps": Rule.AUDIO_BITRATE,
    "max_fps": Rule.FPS,
    "resolutions": Rule.SIZE,
    "b_frames": Rule.B_FRAMES,
    "h264_profile": Rule.PROFILE,
    "session": Rule.SESSION,
    "video_codecs": Rule.VIDEO_CODEC,
    "audio_codecs": Rule.AUDIO_CODEC,
    "bitrates": Rule.VIDEO_BITRATE,
    "x264_options": "advice to one encoder, in its own words: no field of a profile could go against it",
}
# The rules that no field of the limits gives.
OTHERS = {
    Rule.TLS: "the platform's protocols",
    Rule.AUDIO_MISSING: "no profile can leave sound out: only what arrives shows it",
}


def test_every_limit_has_a_rule() -> None:
    """Every field of a platform's limits has a rule, or a reason why not; and every rule has its limit."""
    schema = json.loads((data_folder("schemas") / "platform.schema.json").read_text())
    assert set(schema["properties"]["limits"]["properties"]) == set(FIELDS)
    assert set(Rule) == {one for one in FIELDS.values() if isinstance(one, Rule)} | set(OTHERS)


def test_every_limit_is_read() -> None:
    """Every field of the schema that has a rule reaches the rules."""
    given: dict[str, Any] = {
        "keyframe_interval_s": 1,
        "max_video_kbps": 1,
        "max_audio_kbps": 1,
        "max_fps": 1,
        "b_frames": 0,
    }
    given |= {"resolutions": ["16x16"], "h264_profile": "main", "session": SESSION, "bitrates": ROWS}
    given |= {"video_codecs": ["av1"], "audio_codecs": ["opus"]}
    assert set(FIELDS) - {"x264_options"} == set(given)
    read = bounds_of({"name": "X", "sources": [SOURCE], "limits": given})
    assert read is not None
    assert all(getattr(read, field.name) not in (None, (), "") for field in fields(Limits))


def test_a_group_of_thousands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each platform is compared once, and no more is said than anybody reads."""
    compared: list[int] = []
    common = rulings._common

    def counting(several: Any, listed: Any) -> list[Any]:
        compared.extend(len(one.limits) for one in several)
        return common(several, listed)

    monkeypatch.setattr(rulings, "_common", counting)
    rows = "".join(f"      t{n}: {{platform: tiny, key: {{env: K}}}}\n" for n in range(2000))
    text = f"{PUSHED}groups:\n  g:\n    video: {h264('bitrate: 3M, size: 1366x768')}\n    targets:\n{rows}"
    (found,) = judge(parse_document(text, "f"), around()).warnings
    assert "t0, t1, t2, t3, t4 and 1995 more" in found.message
    assert [1] * 2000 == compared
    pasted = rows.replace("platform: tiny", 'url: "rtmps://a.rtmps.youtube.com/live2"')
    checked = check_data(f"{PUSHED}groups:\n  g:\n    targets:\n{pasted}".encode(), "f", Path("/"))
    assert MAX_FINDINGS == len(checked.warnings)


def test_every_codec_is_known() -> None:
    """Whatever the schema lets a profile encode to is held against the limits."""
    schema = json.loads((data_folder("schemas") / "profile.schema.json").read_text())
    for kind, limits in (("video", PRETEND["avc"]), ("audio", PRETEND["slow"])):
        (encoding,) = (one for one in schema["definitions"][kind]["oneOf"] if "properties" in one)
        for codec in encoding["properties"]["codec"]["enum"]:
            text = one(limits.id, **{kind: f"{{codec: {codec}, bitrate: 32k}}"})
            said = told(judge(parse_document(text, "f"), around()))
            assert any(f"this is {codec}" in line for line in said) is (codec not in ("copy", "h264", "aac"))
