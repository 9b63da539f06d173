"""What is wrong with a profile, in full lines: file:line:column: path: message."""

import pytest

from spiritstream.config.load import check_text

HEAD = "version: 1\nname: x\ninput: {test: {}}\n"
TARGETS = HEAD + "groups:\n  g:\n    targets:\n"
VIDEO = HEAD + "groups:\n  g:\n    video: "
KEY = "key: {env: K}"

# (text, findings' first lines, and where it matters, their hints)
SCHEMA_CASES: dict[str, tuple[str, list[str]]] = {
    "minimal": (HEAD, []),
    "empty groups": (HEAD + "groups: {}\n", []),
    "a list": ("- a\n", ["f:1:1: expected a mapping that starts with 'version: 1', found a list"]),
    "text": ("hello\n", ["f:1:1: expected a mapping that starts with 'version: 1', found text"]),
    "nothing there": (
        "{}\n",
        ["f:1:1: 'input' is missing", "f:1:1: 'name' is missing", "f:1:1: 'version' is missing"],
    ),
    "version": ("version: 2\nname: x\ninput: {test: {}}\n", ["f:1:10: version: expected 1"]),
    "version as text": ('version: "1"\nname: x\ninput: {test: {}}\n', ["f:1:10: version: expected 1"]),
    "version true": ("version: true\nname: x\ninput: {test: {}}\n", ["f:1:10: version: expected 1"]),
    "bad name": (
        HEAD.replace("name: x", "name: My Show"),
        [
            "f:2:7: name: expected 1 to 63 characters: lower-case letters, digits, '-' and '_', "
            "a letter or digit first"
        ],
    ),
    "number as name": (
        HEAD.replace("name: x", "name: 2024"),
        [
            "f:2:7: name: expected 1 to 63 characters: lower-case letters, digits, '-' and '_', "
            "a letter or digit first, found a number"
        ],
    ),
    "no is text": (HEAD + "enabled: no\n", ["f:4:10: enabled: expected true or false, found text"]),
    "unknown key": (HEAD + "grups: {}\n", ["f:4:1: unknown key 'grups'"]),
    "strange key": (HEAD + "zzz: 1\n", ["f:4:1: unknown key 'zzz'"]),
    "key like a stream key": (HEAD + "live_123456_AbCdEf: 1\n", ["f:4:1: unknown key"]),
    "misspelt required key": (
        "version: 1\nnaem: x\ninput: {test: {}}\n",
        ["f:2:1: unknown key 'naem'"],
    ),
    "no input kind": (
        HEAD.replace("{test: {}}", "{}"),
        ["f:3:1: input: one of test, files, pull or rtmp is missing"],
    ),
    "two inputs": (
        HEAD.replace("{test: {}}", "{test: {}, files: [a.mp4]}"),
        [
            "f:3:19: input.files: exactly one of test, files, pull or rtmp is allowed, "
            "and test stands here already"
        ],
    ),
    "srt input": (HEAD.replace("{test: {}}", "{srt: {}}"), ["f:3:9: input: unknown key 'srt'"]),
    "name with a line break": (
        HEAD.replace("name: x", 'name: "x\\n"'),
        [
            "f:2:7: name: expected 1 to 63 characters: lower-case letters, digits, '-' and '_', "
            "a letter or digit first"
        ],
    ),
    "empty test": (
        HEAD.replace("{test: {}}", "{test: }"),
        ["f:3:14: input.test: expected a mapping; {} takes every default, found nothing"],
    ),
    "tone": (HEAD.replace("{}", "{tone: 5}"), ["f:3:22: input.test.tone: must be from 20 to 20000"]),
    "no files": (HEAD.replace("test: {}", "files: []"), ["f:3:16: input.files: must not be empty"]),
    "one file as text": (
        HEAD.replace("test: {}", "files: a.mp4"),
        ["f:3:16: input.files: expected a list of paths, or {paths: [...], loop: true}"],
    ),
    "number in files": (
        HEAD.replace("test: {}", "files: [a.mp4, 7]"),
        ["f:3:24: input.files[1]: expected a file's path, found a number"],
    ),
    "files without paths": (
        HEAD.replace("test: {}", "files: {loop: true}"),
        ["f:3:9: input.files: 'paths' is missing"],
    ),
    "transport": (
        HEAD.replace("test: {}", 'pull: {url: "rtsp://h/s", transport: tpc}'),
        ["f:3:46: input.pull.transport: expected tcp or udp"],
    ),
    "group name": (
        HEAD + "groups: {Mobile: {}}\n",
        [
            "f:4:10: groups.Mobile: expected a name of 1 to 63 characters: lower-case letters, digits, "
            "'-' and '_', a letter or digit first"
        ],
    ),
    "group is nothing": (
        HEAD + "groups:\n  a:\n",
        ["f:5:5: groups.a: expected a mapping; {} is a group without targets, found nothing"],
    ),
    "video word": (
        VIDEO + "h264\n",
        [
            "f:6:12: groups.g.video: expected copy, or a mapping such as {codec: h264, bitrate: 3000k} "
            "or {for: twitch}"
        ],
    ),
    "video list": (
        VIDEO + "[h264]\n",
        [
            "f:6:12: groups.g.video: expected copy, or a mapping such as {codec: h264, bitrate: 3000k} "
            "or {for: twitch}, found a list"
        ],
    ),
    "codec": (
        VIDEO + "{codec: h265, bitrate: 1M}\n",
        ["f:6:20: groups.g.video.codec: expected copy, h264, hevc or av1"],
    ),
    "no codec": (VIDEO + "{bitrate: 1M}\n", ["f:6:5: groups.g.video: 'codec' is missing"]),
    "misspelt key": (
        VIDEO + "{codec: h264, bitrate: 1M, fp: 30}\n",
        ["f:6:39: groups.g.video: unknown key 'fp'"],
    ),
    "bitrate form": (
        VIDEO + "{codec: h264, bitrate: 6m}\n",
        ["f:6:35: groups.g.video.bitrate: expected a bitrate such as 3000k, 4.5M or 6000000 (bit/s)"],
    ),
    "encoder": (
        VIDEO + "{codec: h264, bitrate: 1M, encoder: -x}\n",
        [
            "f:6:48: groups.g.video.encoder: expected auto, software, hardware or the name of an ffmpeg "
            "encoder"
        ],
    ),
    "channels": (
        VIDEO + "copy\n    audio: {codec: aac, channels: 9}\n",
        ["f:7:35: groups.g.audio.channels: must be from 1 to 8"],
    ),
    "sample rate": (
        VIDEO + "copy\n    audio: {codec: aac, rate: 48}\n",
        [
            "f:7:31: groups.g.audio.rate: expected 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, "
            "48000 or 96000"
        ],
    ),
    "no destination": (
        TARGETS + "      a: {enabled: true}\n",
        ["f:7:7: groups.g.targets.a: one of platform, url or record is missing"],
    ),
    "two destinations": (
        TARGETS + f'      a: {{platform: twitch, url: "rtmp://h/a", {KEY}}}\n',
        [
            "f:7:29: groups.g.targets.a.url: exactly one of platform, url or record is allowed, "
            "and platform stands here already"
        ],
    ),
    "clear text": (
        TARGETS + "      a: {platform: twitch, key: hunter2}\n",
        ["f:7:34: groups.g.targets.a.key: a secret stands here in clear text"],
    ),
    "number as key": (
        TARGETS + "      a: {platform: twitch, key: 12345}\n",
        ["f:7:34: groups.g.targets.a.key: a secret stands here in clear text"],
    ),
    "nothing as key": (
        TARGETS + "      a: {platform: twitch, key: }\n",
        [
            "f:7:33: groups.g.targets.a.key: expected a sealed value, {env: NAME} or {file: PATH}, "
            "found nothing"
        ],
    ),
    "two sources of a key": (
        TARGETS + "      a: {platform: twitch, key: {env: A, file: b}}\n",
        ["f:7:34: groups.g.targets.a.key: expected a sealed value, {env: NAME} or {file: PATH}"],
    ),
    "all at once": (
        "version: 2\nname: X\ninput: {}\ngroups: {g: {video: {codec: x}, fps: 3}}\nnaem: y\n",
        [
            "f:1:10: version: expected 1",
            "f:2:7: name: expected 1 to 63 characters: lower-case letters, digits, '-' and '_', "
            "a letter or digit first",
            "f:3:1: input: one of test, files, pull or rtmp is missing",
            "f:4:14: groups.g.video: 'bitrate' is missing",
            "f:4:29: groups.g.video.codec: expected copy, h264, hevc or av1",
            "f:4:33: groups.g: unknown key 'fps'",
            "f:5:1: unknown key 'naem'",
        ],
    ),
    "beside a duplicate": (
        HEAD + "name: y\ngrups: {}\n",
        ["f:4:1: name: the key 'name' stands here twice", "f:5:1: unknown key 'grups'"],
    ),
    "an alias is said once": (
        HEAD + "groups: *x\n",
        ["f:4:9: groups: a YAML alias is not allowed"],
    ),
}

SEMANTIC_CASES: dict[str, tuple[str, list[str]]] = {
    "no bitrate": (VIDEO + "{codec: h264}\n", ["f:6:5: groups.g.video: 'bitrate' is missing"]),
    "copy with more": (
        VIDEO + "{codec: copy, fps: 30}\n",
        ["f:6:26: groups.g.video.fps: 'fps' has no meaning with 'codec: copy'"],
    ),
    "copy alone": (VIDEO + "{codec: copy}\n    audio: {codec: copy}\n", []),
    "audio copy with more": (
        VIDEO + "copy\n    audio: {codec: copy, bitrate: 128k}\n",
        ["f:7:26: groups.g.audio.bitrate: 'bitrate' has no meaning with 'codec: copy'"],
    ),
    "bitrate without unit": (
        VIDEO + "{codec: h264, bitrate: 3000}\n",
        ["f:6:35: groups.g.video.bitrate: must be from 32k to 400M (a number without a unit is bit/s)"],
    ),
    "audio bitrate": (
        VIDEO + "copy\n    audio: {codec: aac, bitrate: 128M}\n",
        ["f:7:34: groups.g.audio.bitrate: must be from 8k to 1M"],
    ),
    "odd size": (
        VIDEO + "{codec: h264, bitrate: 1M, size: 1281x720}\n",
        ["f:6:45: groups.g.video.size: width and height must be even"],
    ),
    "tiny size": (
        HEAD.replace("{}", "{size: 8x720}"),
        ["f:3:22: input.test.size: width and height must be from 16 to 8192"],
    ),
    "fps": (HEAD.replace("{}", "{fps: 1000}"), ["f:3:21: input.test.fps: must be from 1 to 240"]),
    "keyframe": (
        VIDEO + "{codec: h264, bitrate: 1M, keyframe: 1m}\n",
        ["f:6:49: groups.g.video.keyframe: must be from 100ms to 20s"],
    ),
    "keyframe in frames": (
        VIDEO + "{codec: h264, bitrate: 1M, keyframe: 60}\n",
        [
            "f:6:49: groups.g.video.keyframe: must be from 100ms to 20s (a number without a unit is seconds)",
        ],
    ),
    "negative keyframe": (
        VIDEO + "{codec: h264, bitrate: 1M, keyframe: -1}\n",
        ["f:6:49: groups.g.video.keyframe: expected a duration such as 2s or 500ms"],
    ),
    "a URL among files": (
        HEAD.replace("test: {}", "files: ['http://h/a.mp4']"),
        ["f:3:17: input.files[0]: this is a URL, not a file's path"],
    ),
    "home among files": (
        HEAD.replace("test: {}", "files: [~/a.mp4]"),
        ["f:3:17: input.files[0]: '~' is not followed"],
    ),
    "pull from a file": (
        HEAD.replace("test: {}", "pull: {url: 'file:///etc/passwd'}"),
        [
            "f:3:21: input.pull.url: the URL must start with rtmp://, rtmps://, rtsp://, rtsps://, http://, "
            "https://, srt://, udp://, rtp:// or tcp://"
        ],
    ),
    "password in a pull": (
        HEAD.replace("test: {}", "pull: {url: 'rtsp://u:p@h/s'}"),
        ["f:3:21: input.pull.url: a user or password stands inside the URL"],
    ),
    "key without a place": (
        HEAD.replace("test: {}", "pull: {url: 'https://h/s', key: {env: K}}"),
        ["f:3:36: input.pull.key: 'key' has no meaning with https"],
    ),
    "key with a place": (
        HEAD.replace("test: {}", "pull: {url: 'https://h/s?t={stream_key}', key: {env: K}}"),
        [],
    ),
    "place without a key": (
        HEAD.replace("test: {}", "pull: {url: 'https://h/{stream_key}'}"),
        ["f:3:9: input.pull: 'key' is missing: the URL has {stream_key}"],
    ),
    "transport beside http": (
        HEAD.replace("test: {}", "pull: {url: 'http://h/s', transport: tcp}"),
        ["f:3:35: input.pull.transport: 'transport' has no meaning with http"],
    ),
    "platform without key": (
        TARGETS + "      a: {platform: twitch}\n",
        ["f:7:7: groups.g.targets.a: 'key' is missing"],
    ),
    "unknown platform": (
        TARGETS + f"      a: {{platform: youtub, {KEY}}}\n",
        ["f:7:21: groups.g.targets.a.platform: no platform of this name is known"],
    ),
    "unknown server": (
        TARGETS + f"      a: {{platform: youtube, server: primry, {KEY}}}\n",
        ["f:7:38: groups.g.targets.a.server: YouTube has no server of this name"],
    ),
    "server with a password": (
        TARGETS + f'      a: {{platform: youtube, server: "rtmp://u:p@h/a", {KEY}}}\n',
        ["f:7:38: groups.g.targets.a.server: a user or password stands inside the URL"],
    ),
    "server by srt": (
        TARGETS + f'      a: {{platform: youtube, server: "srt://h:1", {KEY}}}\n',
        ["f:7:38: groups.g.targets.a.server: the URL must start with rtmp:// or rtmps://"],
    ),
    "custom server without a key": (TARGETS + '      a: {url: "rtmp://h.example/live"}\n', []),
    "server beside url": (
        TARGETS + '      a: {url: "rtmp://h.example/live", server: x}\n',
        ["f:7:41: groups.g.targets.a.server: 'server' has no meaning with rtmp"],
    ),
    "passphrase beside rtmp": (
        TARGETS + '      a: {url: "rtmp://h.example/live", passphrase: {env: P}}\n',
        ["f:7:41: groups.g.targets.a.passphrase: 'passphrase' has no meaning with rtmp"],
    ),
    "password alone": (
        TARGETS + '      a: {url: "rtmp://h.example/live", password: {env: P}}\n',
        ["f:7:41: groups.g.targets.a.password: a password needs a user"],
    ),
    "key beside record": (
        TARGETS + f"      a: {{record: a.mkv, {KEY}}}\n",
        ["f:7:26: groups.g.targets.a.key: 'key' has no meaning beside 'record'"],
    ),
    "mkv over rtmp": (
        TARGETS + '      a: {url: "rtmp://h.example/live", container: mkv}\n',
        ["f:7:52: groups.g.targets.a.container: rtmp carries flv, not mkv"],
    ),
    "group's container": (
        HEAD
        + 'groups: {g: {container: flv, targets: {a: {url: "srt://h.example:1"}, b: {record: a.flv}}}}\n',
        ["f:4:40: groups.g.targets.a: srt carries mpegts, not flv, which is the group's container"],
    ),
    "own container wins": (
        HEAD + 'groups: {g: {container: flv, targets: {a: {url: "srt://h.example:1", container: auto}}}}\n',
        [],
    ),
    "no ending": (
        TARGETS + "      a: {record: rec/a.b/show}\n",
        ["f:7:19: groups.g.targets.a.record: the container does not follow from the file's ending"],
    ),
    "no ending, but a container": (TARGETS + "      a: {record: show, container: mkv}\n", []),
    "another ending": (
        TARGETS + "      a: {record: a.TS, container: mkv}\n",
        ["f:7:36: groups.g.targets.a.container: the file's ending means mpegts, not mkv"],
    ),
    "placeholder": (
        TARGETS + "      a: {record: 'a%Q%%Q.mkv'}\n",
        ["f:7:19: groups.g.targets.a.record: a time placeholder that is not known"],
    ),
    "record to a URL": (
        TARGETS + "      a: {record: 'rtmp://h/a.flv'}\n",
        ["f:7:19: groups.g.targets.a.record: this is a URL, not a file's path"],
    ),
    "segment without minutes": (
        TARGETS + "      a: {record: {path: '%Y-%H.mkv', segment: 1h}}\n",
        ["f:7:26: groups.g.targets.a.record.path: segments need a time down to the minute in the path"],
    ),
    "segment escaped minutes": (
        TARGETS + "      a: {record: {path: '%H%%M.mkv', segment: 1h}}\n",
        ["f:7:26: groups.g.targets.a.record.path: segments need a time down to the minute in the path"],
    ),
    "short segment": (
        TARGETS + "      a: {record: {path: '%H-%M.mkv', segment: 30s}}\n",
        ["f:7:26: groups.g.targets.a.record.path: segments under a minute need the second in the path"],
    ),
    "endless segment": (
        TARGETS + "      a: {record: {path: '%H-%M.mkv', segment: 1000h}}\n",
        ["f:7:48: groups.g.targets.a.record.segment: must be from 5s to 168h"],
    ),
    "same address": (
        TARGETS + f'      a: {{url: "rtmp://h.example/live/", {KEY}}}\n'
        f'      b: {{url: "RTMP://H.example/live", {KEY}}}\n',
        ["f:8:7: groups.g.targets.b: leads to the same place as groups.g.targets.a"],
    ),
    "same platform": (
        TARGETS + f"      a: {{platform: twitch, {KEY}}}\n      b: {{platform: Twitch, {KEY}}}\n",
        ["f:8:7: groups.g.targets.b: leads to the same place as groups.g.targets.a"],
    ),
    "same platform, other key": (
        TARGETS + f"      a: {{platform: twitch, {KEY}}}\n      b: {{platform: twitch, key: {{env: L}}}}\n",
        [],
    ),
    "same place, disabled": (
        TARGETS
        + f"      a: {{platform: twitch, {KEY}}}\n      b: {{platform: twitch, {KEY}, enabled: false}}\n",
        [],
    ),
    "same file": (
        TARGETS + "      a: {record: a.mkv}\n      b: {record: {path: ./x/../a.mkv}}\n",
        ["f:8:7: groups.g.targets.b: leads to the same place as groups.g.targets.a"],
    ),
    "cut sealed value": (
        TARGETS + "      a: {platform: twitch, key: 'sealed:v1:00'}\n",
        ["f:7:34: groups.g.targets.a.key: this is not a whole sealed value: it was cut, mistyped or edited"],
    ),
}

HINTS = {
    "nearest key": (VIDEO + "{codec: h264, bitrate: 1M, fp: 30}\n", "did you mean 'fps'?"),
    "another program's key": (VIDEO + "{codec: h264, bitrate: 1M, keyint: 2}\n", "did you mean 'keyframe'?"),
    "nearest value": (VIDEO + "{codec: h256, bitrate: 1M}\n", "did you mean h264?"),
    "another name of a value": (VIDEO + "{codec: x265, bitrate: 1M}\n", "did you mean hevc?"),
    "quotes": (HEAD.replace("name: x", "name: 2024"), "put it in quotes"),
    "seal": (TARGETS + "      a: {platform: twitch, key: x}\n", "run: spiritstream seal f"),
    "bitrate of 720p30": (VIDEO + "{codec: h264, size: 1280x720}\n", "add 'bitrate: 3000k'"),
    "bitrate of 1080p60": (VIDEO + "{codec: h264, size: 1920x1080, fps: 60}\n", "add 'bitrate: 9000k'"),
    "bitrate of unknown size": (VIDEO + "{codec: h264}\n", "add 'bitrate: 6000k'"),
    "passphrase": (TARGETS + '      a: {url: "srt://h:1?passphrase=x"}\n', "move it to 'passphrase:'"),
}

CASES = SCHEMA_CASES | SEMANTIC_CASES


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_findings(text: str, expected: list[str]) -> None:
    """Each mistake is said once, at its place, and all of a file's mistakes at once."""
    assert expected == [str(finding).splitlines()[0] for finding in check_text(text, "f")]


@pytest.mark.parametrize(("text", "expected"), HINTS.values(), ids=HINTS)
def test_hint(text: str, expected: str) -> None:
    """A finding says what to do: the nearest word, the line to add, the command to run."""
    assert [expected] == [finding.hint for finding in check_text(text, "f")]


def test_long_name_of_file_in_command() -> None:
    """The command in a hint can be copied, whatever the file's name."""
    findings = check_text(TARGETS + "      a: {platform: twitch, key: x}\n", "my show.yaml")
    assert ["run: spiritstream seal 'my show.yaml'"] == [finding.hint for finding in findings]


def test_bounded() -> None:
    """A file with endless mistakes is answered with the first hundred."""
    assert len(check_text(HEAD + "".join(f"k{i}: 1\n" for i in range(500)), "f")) == 100
