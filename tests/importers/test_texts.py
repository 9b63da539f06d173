"""ffmpeg's command lines, nginx's directives, ini files, JSON: read as their programs do, or refused."""

from __future__ import annotations

import json

import pytest

from spiritstream.importers.commandline import read_commands
from spiritstream.importers.encoding import AudioParts, VideoParts, audio_fields, video_fields
from spiritstream.importers.ffmpegwords import commands
from spiritstream.importers.jsontext import Node, parse_json
from spiritstream.importers.mediamtx import read_mediamtx
from spiritstream.importers.nginx import parse, read_nginx
from spiritstream.importers.obs import ObsFiles, read_ini, read_obs
from spiritstream.importers.obsencoder import encoder_name, encoder_remarks
from spiritstream.importers.recognise import recognise
from spiritstream.importers.values import Fields, Notes, UnreadableError
from spiritstream.secret import Secret
from tests.importers.making import CANARY, PLATFORMS

IN = "-i rtsp://cam.example/a"


def test_words() -> None:
    """Options belong to the input or output behind them; redirections and other commands to the shell."""
    text = (
        "cd /srv && /usr/bin/ffmpeg -y -re -i 'a b.mp4' -c:v libx264 -vcodec copy -an -f flv \\\n"
        '  "rtmp://h/a/k" 2>/dev/null > log.txt &\necho done'
    )
    (command,) = commands(text, "f")
    assert ["a b.mp4"] == [part.url for part in command.inputs]
    assert [("rtmp://h/a/k", {"c:v": "copy", "an": "", "f": "flv"})] == [
        (part.url, part.options) for part in command.outputs
    ]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("ffmpeg -i a -c copy b.mkv\nffmpeg.exe -i c -c copy d.mkv", 2),
        ("ffmpeg\n  -i a\n  -c copy b.mkv", 1),
        ('"C:\\ffmpeg.exe" -i a -c copy ^\r\n b.mkv', 1),
        ("# ffmpeg -i a b\nffmpeg -i a -c copy b.mkv", 1),
        ("ffmpeg -version", 0),
    ],
)
def test_scripts(text: str, count: int) -> None:
    """Each call in a script counts, on however many lines it stands."""
    assert count == len(list(commands(text, "f")))


@pytest.mark.parametrize(
    ("options", "video", "audio"),
    [
        ("-c copy", None, None),
        ("-c:v copy -c:a aac", None, {"codec": "aac"}),
        (
            "-codec:v hevc_nvenc -b:v 6M -s hd720 -r 30000/1001 -preset p5 -profile:v main "
            "-acodec libmp3lame -ab 96k",
            {
                "codec": "hevc",
                "encoder": "hevc_nvenc",
                "size": "1280x720",
                "fps": "30000/1001",
                "bitrate": "6M",
                "preset": "p5",
                "profile": "main",
            },
            {"codec": "mp3", "bitrate": "96k"},
        ),
        ("-c:v libx264 -c:a copy", {"codec": "h264", "encoder": "libx264", "bitrate": "6000k"}, None),
        ("-c:v libvpx -c:a ac3", None, None),
        (
            "-c:v libx264 -maxrate:v 3000k -bufsize 6000k -pix_fmt yuv420p -c:a copy",
            {"codec": "h264", "encoder": "libx264", "bitrate": "3000k"},
            None,
        ),
        (
            "-c:v libx264 -b:v 1M -s 1281x721 -r 999 -preset 'x y' -c:a copy",
            {"codec": "h264", "encoder": "libx264", "bitrate": "1M"},
            None,
        ),
        (
            "-c:v libx264 -b:v 1M -bf:v 0 -c:a copy",
            {"codec": "h264", "encoder": "libx264", "bitrate": "1M", "b_frames": 0},
            None,
        ),
    ],
)
def test_encodings(options: str, video: Fields | None, audio: Fields | None) -> None:
    """What has a valid form is carried over; everything else is left out and said."""
    text = f"ffmpeg {IN} {options} -f flv rtmp://h.example/a/CANARY-k"
    (found,) = read_commands(text.encode(), "show", "f", PLATFORMS)
    (group,) = found.groups
    assert (video, audio) == (group.video, group.audio)
    if "libvpx" in options:
        assert 2 == len([line for line in found.left if "codec is none of" in line])


@pytest.mark.parametrize(
    ("source", "kind", "said"),
    [
        ("-f lavfi -i testsrc2", "test", "test picture"),
        ("-f v4l2 -i /dev/video0", "rtmp", "cameras and screens"),
        ("-i $INPUT", "rtmp", "shell's variable"),
        ("-i a.mp4", "files", "beside the profile"),
        ("-f concat -i list.txt", "rtmp", "no single media file"),
        ("-i pipe:0", "rtmp", "no single media file"),
        ("-i srt://h.example:1?passphrase=CANARY-phrase", "pull", ""),
        ("-listen 1 -i rtmp://0.0.0.0/x/CANARY-name", "rtmp", "may publish"),
        ("-listen 1 -i rtmp://127.0.0.1:1935/CANARY-key", "rtmp", "has no application"),
        ("-listen 1 -i rtmp://127.0.0.1:1935/live", "rtmp", "any stream key"),
        ("-i a.mp4 -i b.mp3", "files", "1 more inputs"),
        ("-i rtmp2//h.example/live/CANARY", "rtmp", "its file's name"),
        ("-i rtmp://h.example/live/CANARY/x", "pull", "the first part of its path"),
    ],
)
def test_inputs(source: str, kind: str, said: str) -> None:
    """What feeds the command is the input, or it is said why it is not."""
    text = f"ffmpeg {source} -c copy -f flv rtmp://h.example/a/k"
    (found,) = read_commands(text.encode(), "show", "f", PLATFORMS)
    assert [kind] == list(found.input)
    assert CANARY not in str(found.input)
    assert said in "\n".join(found.left)
    assert CANARY not in "\n".join(found.left)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("rtmp://h.example/$APP/CANARY", "shell's variable"),
        ("rtmp://h.example/a/CANARY-$X", "shell's variable"),
        ("rtmp://h.example/CANARY", "no key can be told"),
        ("/tmp/x.avi", "only .flv"),
        ("udp://239.0.0.1:1", "udp is not sent"),
        ("-", "only .flv"),
    ],
)
def test_outputs_left_out(url: str, said: str) -> None:
    """An output that has no place is said by its number, without its address."""
    text = f"ffmpeg {IN} -c copy -f flv '{url}' -c copy -f flv rtmp://h.example/a/k"
    (found,) = read_commands(text.encode(), "show", "f", PLATFORMS)
    assert 1 == len(found.groups[0].targets)
    assert [line for line in found.left if line.startswith("output 1: ") and said in line]
    assert CANARY not in "\n".join(found.left)


def test_tee_escapes() -> None:
    """In a tee's list `\\` escapes a `|`, and each slave's options stand in brackets."""
    text = (
        f"ffmpeg {IN} -c copy -f tee "
        "'[select=v:f=flv]rtmp://h.example/a/k\\|1|[f=flv\\:x:onfail=ignore]rtmp://h.example/b/k'"
    )
    (found,) = read_commands(text.encode(), "show", "f", PLATFORMS)
    keys = [target.fields["key"] for target in found.groups[0].targets]
    assert [Secret("k|1"), Secret("k")] == keys


def test_nginx_words() -> None:
    """Directives, blocks, quotes, comments and variables, as nginx takes them apart."""
    (found,) = parse('a "b; c" d\'e {x ${y};} # z {\n', "f")
    assert ["a", "b; c", "d'e"] == found.words
    assert [["x", "${y}"]] == [one.words for one in found.inside]


@pytest.mark.parametrize(
    "text",
    ["a {", "a; }", "{ a; }", "a", 'a "b', "a {" * 40, "a { b }", "push rtmp://h/CANARY"],
)
def test_nginx_damaged(text: str) -> None:
    """What breaks off or does not match is refused."""
    with pytest.raises(UnreadableError) as refused:
        parse(text, "f")
    assert CANARY not in str(refused.value)


def test_pasted_lines() -> None:
    """`push` lines alone are a profile of their own."""
    (found,) = read_nginx(
        b"push rtmp://live.twitch.tv/app/k1;\npush h.example/live/k2;", "mine", "f", PLATFORMS
    )
    assert "mine" == found.name
    assert [{"platform": "twitch", "server": "Default", "key": Secret("k1")}] == [
        dict(target.fields) for target in found.groups[0].targets[:1]
    ]
    assert "rtmp://h.example/live" == found.groups[0].targets[1].fields["url"]


@pytest.mark.parametrize(
    "words", ["rtmp://h.example/live/CANARY playpath=k", "h.example/live?x=1/CANARY playpath=k"]
)
def test_what_does_not_count_in_a_push(words: str) -> None:
    """Where `playpath` names the stream, what stands in the address for it is dropped, and never public."""
    (found,) = read_nginx(f"push {words};".encode(), "mine", "f", PLATFORMS)
    (target,) = found.groups[0].targets
    assert Secret("k") == target.fields["key"]
    assert CANARY not in str(target.fields)


@pytest.mark.parametrize("url", ["rtmp://localhost/other", "rtmp://127.0.0.1:19350/rtmp/"])
def test_a_push_without_a_name(url: str) -> None:
    """nginx sends on under the publisher's name, which is not known: a comment asks for it."""
    (found,) = read_nginx(f"push {url};".encode(), "mine", "f", PLATFORMS)
    assert "its stream name was the publisher's own" == found.groups[0].targets[0].missing


@pytest.mark.parametrize(
    ("users", "said"),
    [
        ([], False),
        ([{"user": "any", "permissions": [{"action": "publish"}, {"action": "read"}]}], False),
        ([{"user": "me", "pass": "CANARY", "permissions": [{"action": "publish"}]}], True),
        ([{"user": "any", "permissions": [{"action": "read"}]}, {"user": "me", "permissions": "x"}], False),
        (["x", {"user": "me", "permissions": [{"action": "publish"}, 1]}], True),
    ],
)
def test_mediamtx_users(users: list[object], said: bool) -> None:
    """That publishers need a login there is said where not everybody may publish, as by default."""
    data = {"authInternalUsers": users, "paths": {"a": {"forward": ["rtmp://h.example/app/k"]}}}
    (found,) = read_mediamtx(data, "f", PLATFORMS)
    assert said == any("log in" in line for line in found.left)
    assert CANARY not in "".join(found.left)


@pytest.mark.parametrize("data", [{}, {"paths": {"a": {}}}, {"paths": []}, [], "x"])
def test_mediamtx_without_targets(data: object) -> None:
    """A configuration that forwards nothing is refused with what would be imported."""
    with pytest.raises(UnreadableError):
        read_mediamtx(data, "f", PLATFORMS)


def test_mediamtx_defaults() -> None:
    """What stands in pathDefaults holds for each path; names that are patterns are said."""
    data = {
        "pathDefaults": {"forward": ["rtmp://h.example/app/$MTX_PATH-k"]},
        "paths": {"a/b": None, "~^c": {"source": "publisher"}},
    }
    first, second = read_mediamtx(data, "f", PLATFORMS)
    assert Secret("a/b-k") == first.groups[0].targets[0].fields["key"]
    assert [line for line in first.left if "the first part of its path" in line]
    assert "a" == first.input["rtmp"]["app"]
    assert [line for line in second.left if "many paths" in line]


@pytest.mark.parametrize("text", ["a=b", "[A]\nno entry", "x", "[A\nb=c"])
def test_ini_damaged(text: str) -> None:
    """What is neither section nor entry is refused."""
    with pytest.raises(UnreadableError):
        read_ini(text.encode(), "f")


@pytest.mark.parametrize(
    ("id", "name"),
    [
        ("obs_x264", "libx264"),
        ("jim_nvenc", "h264_nvenc"),
        ("obs_nvenc_hevc_tex", "hevc_nvenc"),
        ("obs_nvenc_av1_tex", "av1_nvenc"),
        ("obs_qsv11_v2", "h264_qsv"),
        ("h265_texture_amf", "hevc_amf"),
        ("com.apple.videotoolbox.videoencoder.ave.avc", "h264_videotoolbox"),
        ("com.apple.videotoolbox.videoencoder.ave.hevc", "hevc_videotoolbox"),
        ("hevc_ffmpeg_vaapi", "hevc_vaapi"),
        ("ffmpeg_vaapi", "h264_vaapi"),
        ("obs_svt_av1", "libsvtav1"),
        ("x264", "libx264"),
        ("apple_h264", "h264_videotoolbox"),
    ],
)
def test_obs_encoders(id: str, name: str) -> None:
    """OBS Studio's ids are ffmpeg's encoders."""
    assert name == encoder_name(id)


@pytest.mark.parametrize(
    ("service", "fields"),
    [
        (
            {"service": "Twitch", "server": "auto", "key": "k"},
            {"platform": "twitch", "server": "auto", "key": Secret("k")},
        ),
        ({"service": "Twitch", "server": "", "key": "k"}, {"platform": "twitch", "key": Secret("k")}),
        ({"service": "Kick", "server": "auto", "key": "k"}, {"platform": "kick", "key": Secret("k")}),
        (
            {
                "service": "Dacast",
                "server": "https://developer.dacast.com/v3/encoder-setup/",
                "key": "k",
            },
            {"platform": "dacast", "key": Secret("k")},
        ),
        ({"service": "SHOWROOM", "server": "", "key": "k"}, {"platform": "showroom", "key": Secret("k")}),
        ({"service": "YouTube - HLS", "server": "https://h.example/?cid={stream_key}", "key": "k"}, None),
        (
            {"service": "YouTube - RTMPS", "server": "rtmps://a.rtmps.youtube.com:443/live2", "key": "k"},
            {"platform": "youtube", "key": Secret("k")},
        ),
        ({"service": "Nobody", "server": "auto", "key": "k"}, None),
    ],
)
def test_obs_services(service: dict[str, str], fields: Fields | None) -> None:
    """A service is a platform by its name. `auto` stays that where there is a choice, and is the only server
    elsewhere; a platform that is asked with the key needs no server.
    """
    found = read_obs(ObsFiles("x", "f", {"type": "rtmp_common", "settings": service}), PLATFORMS)
    targets = found.groups[0].targets
    assert ([fields] if fields else []) == [dict(target.fields) for target in targets]
    assert bool(fields) != bool(found.left)


@pytest.mark.parametrize(
    ("written", "said", "left"),
    [({}, None, 0), ({"bf": 0}, 0, 0), ({"bf": 2}, 2, 0), ({"bf": -1}, None, 1), ({"bf": 1.5}, None, 1)],
)
def test_obs_b_frames(written: dict[str, float], said: int | None, left: int) -> None:
    """How many B-frames OBS Studio's encoder makes is carried over; what cannot be meant is said."""
    notes = Notes()
    encoder = {"bitrate": 6000, **written}
    text = "\n".join(encoder_remarks({}, encoder, "f", notes))
    assert ("b_frames" in text) is (said is not None)
    assert said is None or f"b_frames: {said}" in text
    assert left == len(notes)


def test_old_multi_rtmp() -> None:
    """Old versions kept targets as base64 in basic.ini, with other names for their fields."""
    import base64

    old = {
        "targets": [
            {
                "name": "A",
                "rtmp-path": "rtmp://h.example/a",
                "rtmp-key": "k",
                "rtmp-user": "u",
                "rtmp-pass": "p",
            }
        ]
    }
    text = base64.b64encode(json.dumps(old).encode()).decode()
    found = read_obs(ObsFiles("x", "f", ini={"obs-multi-rtmp": {"json": text}}), PLATFORMS)
    assert {
        "url": "rtmp://h.example/a",
        "key": Secret("k"),
        "username": "u",
        "password": Secret("p"),
    } == found.groups[0].targets[0].fields
    with pytest.raises(UnreadableError):
        read_obs(ObsFiles("x", "f", ini={"obs-multi-rtmp": {"json": "%%"}}), PLATFORMS)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": ',
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        '{"a": ' + "9" * 5000 + "}",
        '{"a": ' + "[" * 50 + "]" * 50 + "}",
        '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"a": "\x1b[31mCANARY"}',
        '{"CANARY": "CANARY" CANARY}',
        '{"a": "' + "x" * 1_100_000 + '"}',
    ],
    ids=range(9),
)
def test_hostile_json(text: str) -> None:
    """JSON that is cut, ambiguous, endless or deep is refused with its place, and repeats nothing."""
    with pytest.raises(UnreadableError) as refused:
        parse_json(text.encode(), "f")
    assert str(refused.value).startswith("f:")
    assert CANARY not in str(refused.value)


def test_json_is_no_text() -> None:
    """Bytes that are no UTF-8 are refused; a byte order mark is not."""
    with pytest.raises(UnreadableError):
        parse_json(b'{"a": "\xff"}', "f")
    assert {"a": 1} == parse_json(b'\xef\xbb\xbf{"a": 1}', "f")


def test_nodes() -> None:
    """A field of another kind is named by its path."""
    node = Node({"a": {"b": [1]}}, "f")
    with pytest.raises(UnreadableError, match=r"^f: a\.b\[0\]: an object"):
        list(node.node("a").nodes("b"))
    with pytest.raises(UnreadableError, match=r"^f: a\.c: it is missing"):
        node.node("a").text("c")


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"PK\x03\x04" + bytes(50), b"\x1f\x8b" + bytes(50), b"[1]", b'"x"', b"{}x", b"\xff\xfe"),
        *(b"hello\n", b"version: 1\nname: a\ninput: {test: {}}\n", b'{"x": "y"}'),
    ],
    ids=range(10),
)
def test_not_recognised(data: bytes) -> None:
    """What is nothing that is known is refused with what is."""
    with pytest.raises(UnreadableError):
        recognise(data, "f")


def test_encoding_numbers() -> None:
    """Numbers out of range are left out and said, not carried over."""
    left = Notes()
    video = video_fields(VideoParts("libx265", 10, 10, "0.5", "1", 99, "", ""), "v", left)
    assert {"codec": "hevc", "encoder": "libx265", "bitrate": "6000k"} == video
    assert 4 == len(left)
    left.clear()
    assert {"codec": "opus"} == audio_fields(AudioParts("libopus", "99M", 12345, 99), "a", left)
    assert 3 == len(left)
