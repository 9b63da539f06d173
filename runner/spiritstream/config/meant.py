"""What was perhaps meant: our words for those of other programs and of habit, and lines to add. Pure."""

from __future__ import annotations

from spiritstream.config.places import Path

ADD = {
    "version": "add 'version: 1'",
    "name": "add 'name: my-show'",
    "input": "add 'input:' with one of test, files, pull, rtmp",
    "certificate": "add 'certificate:', the PEM file of the certificate with its chain",
    "private_key": "add 'private_key:', the PEM file of the certificate's private key",
    "codec": "add 'codec:', or 'for: targets' to fit where it goes; codec: copy passes the stream as it is",
}
"""The line to add for a key that is missing."""

MEANT_KEYS = {
    **dict.fromkeys(("stream_key", "streamkey", "streamid"), "key"),
    **dict.fromkeys(("width", "height", "resolution"), "size"),
    **dict.fromkeys(("gop", "keyint", "keyframe_interval", "keyframeintervalseconds"), "keyframe"),
    **dict.fromkeys(("framerate", "frame_rate"), "fps"),
    **dict.fromkeys(("bf", "bframes", "maxbframes", "max_b_frames"), "b_frames"),
    **dict.fromkeys(("samplerate", "sample_rate", "ar"), "rate"),
    **dict.fromkeys(("service",), "platform"),
    **dict.fromkeys(("address", "uri"), "url"),
    **dict.fromkeys(("user",), "username"),
    **dict.fromkeys(("outputs", "streamtargets"), "targets"),
    **dict.fromkeys(("outputgroups",), "groups"),
    **dict.fromkeys(("generatepts",), "generate_pts"),
    **dict.fromkeys(("format",), "container"),
    **dict.fromkeys(("application",), "app"),
    **dict.fromkeys(("cert",), "certificate"),
    **dict.fromkeys(("key", "keyfile", "privatekey"), "private_key"),
}
"""Our key for another, in lower case; it counts only where ours is known and the other is not."""

MEANT_VALUES = {
    **dict.fromkeys(("h265", "x265", "libx265"), "hevc"),
    **dict.fromkeys(("avc", "x264", "libx264"), "h264"),
    "matroska": "mkv",
    "ts": "mpegts",
    "passthrough": "copy",
    "libmp3lame": "mp3",
    "libopus": "opus",
}
"""Our value for another, in lower case."""

_PUBLISHED = 'write: rtmp: {listen: "0.0.0.0:1935", app: live, key: ...}'

ELSEWHERE: dict[Path, dict[str, str]] = {
    (): {
        "uplink": "it is a setting of the machine, not of a profile: `spiritstream config set uplink 20M`",
    },
    ("input",): {
        **dict.fromkeys(
            ("srt", "rtsp", "hls", "http", "udp", "url"),
            'this version fetches: pull: {url: "srt://HOST:PORT"}, or rtsp, http(s), udp, rtmp; '
            "only rtmp can be published to it",
        ),
        **dict.fromkeys(
            ("type", "bindaddress", "bind_address", "port", "application", "listen", "app"), _PUBLISHED
        ),
        "rtmps": f"{_PUBLISHED}, and in it tls: {{certificate: FILE, private_key: FILE}}",
        "device": 'this version reads no devices; a network camera works: pull: {url: "rtsp://HOST/PATH"}',
    },
    ("input", "rtmp"): {
        **dict.fromkeys(
            ("bindaddress", "bind_address", "bind", "address", "host", "port"),
            "did you mean 'listen'? it holds address and port: listen: \"0.0.0.0:1935\"",
        ),
        "url": "this is where publishers come: 'listen' and 'app'; to fetch a stream, write pull: {url: ...}",
    },
}
"""By place: what to do about a key, in lower case, that has no counterpart of its own there."""

_OWN = "this is each profile's own, and no default"
_SECRET = "secrets stand in profiles only, each sealed for its own destination"
_ADDRESS = "where a target leads is each profile's own, and no default"
_DECLARED = "what is wanted on air is said in the profile itself"
_READ_HERE = "paths are each profile's own: they are relative to its folder"

_FOR = {"for": "what an encoding is for is said in each group that has it"}

ELSEWHERE |= {
    ("defaults",): {
        **dict.fromkeys(("version", "name", "description", "position"), _OWN),
        "enabled": _DECLARED,
        **dict.fromkeys(("video", "audio", "generate_pts"), "write it below 'groups:'"),
        **dict.fromkeys(("leave",), "write it below 'targets:'"),
        "rtmp": "write it below 'input:'",
    },
    ("defaults", "input"): {
        **dict.fromkeys(("test", "files", "pull"), "only 'rtmp' has defaults; write the others in profiles"),
    },
    ("defaults", "input", "rtmp"): {
        **ELSEWHERE["input", "rtmp"],
        "key": _SECRET,
        "open": "who may publish is said in each profile",
        "tls": _READ_HERE,
        "url": _OWN,
    },
    ("defaults", "groups"): {
        "enabled": _DECLARED,
        "targets": "write it beside 'groups:', for the targets of every group",
    },
    ("defaults", "groups", "video"): _FOR,
    ("defaults", "groups", "audio"): _FOR,
    ("defaults", "targets"): {
        "enabled": _DECLARED,
        **dict.fromkeys(("key", "stream_key", "username", "password", "passphrase"), _SECRET),
        **dict.fromkeys(("platform", "server", "url"), _ADDRESS),
        "record": _READ_HERE,
    },
}
