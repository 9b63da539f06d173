"""The schema's `x-apply` kept by `changes()`: every leaf, from YAML text to the units that are touched."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from spiritstream.config.keypair import Identity
from spiritstream.config.load import Opener, load_profile
from spiritstream.config.seal import open_sealed, seal
from spiritstream.model.changes import Action, Change, Scope, changes, units
from spiritstream.model.profile import Profile
from spiritstream.secret import Secret
from tests.config.test_schema_file import LEAVES

Data = dict[str, Any]

SHOW: Data = {
    "version": 1,
    "name": "show",
    "description": "Friday's.",
    "position": 10,
    "enabled": True,
    "sender": "ffmpeg",
    "input": {"test": {"size": "640x360", "fps": 25, "bitrate": "2000k", "tone": 500}},
    "groups": {
        "main": {
            "enabled": True,
            "generate_pts": True,
            "video": {
                "codec": "h264",
                "encoder": "libx264",
                "size": "640x360",
                "fps": 25,
                "bitrate": "1M",
                "keyframe": "1s",
                "preset": "fast",
                "profile": "high",
            },
            "audio": {"codec": "aac", "bitrate": "96k", "rate": 44100, "channels": 1},
            "targets": {
                "own": {
                    "url": "rtmp://a.example/live",
                    "key": {"env": "KEY"},
                    "username": "u",
                    "password": {"env": "PASSWORD"},
                    "enabled": True,
                    "sender": "ffmpeg",
                },
                "plain": {"url": "rtmp://d.example/live", "key": {"env": "KEY"}},
                "light": {"url": "rtmp://e.example/live", "key": {"env": "KEY"}, "sender": "native"},
                "srt": {"url": "srt://b.example:9000", "key": {"env": "ID"}, "passphrase": {"env": "PHRASE"}},
                "known": {
                    "platform": "youtube",
                    "server": "rtmp://a.rtmp.youtube.com/live2",
                    "key": {"env": "KEY"},
                    "sender": "native",
                    "leave": "drop",
                },
            },
        },
        "copied": {
            "container": "mkv",
            "sender": "native",
            "video": "copy",
            "audio": "copy",
            "targets": {
                "live": {"url": "rtmp://f.example/live", "key": {"env": "KEY"}, "container": "flv"},
                "disk": {"record": "/r/%H-%M.bin"},
                "parts": {"record": {"path": "/r/%H-%M.rec", "segment": "1h"}, "container": "mp4"},
            },
        },
    },
}
ENVIRON = {"KEY": "k", "PASSWORD": "pw", "ID": "id", "PHRASE": "passphrase", "OTHER": "another-one"}
CAMERA = {"url": "rtsp://cam.example/1", "username": "u", "password": {"env": "PASSWORD"}, "transport": "udp"}
RELAY = {"url": "srt://c.example:9000", "key": {"env": "ID"}, "passphrase": {"env": "PHRASE"}}
PUSH = {
    "listen": "127.0.0.1:1936",
    "app": "stage",
    "key": {"env": "KEY"},
    "takeover": "replace",
    "hold": "20s",
    "tls": {"certificate": "/tls/chain.pem", "private_key": "/tls/key.pem"},
}
INPUTS: dict[str, Data] = {
    "test": SHOW["input"],
    "list": {"files": ["/a.flv", "/b.flv"]},
    "files": {"files": {"paths": ["/a.flv", "/b.flv"], "loop": False}},
    "camera": {"pull": CAMERA},
    "relay": {"pull": RELAY},
    "push": {"rtmp": PUSH},
    "open": {"rtmp": {"listen": "127.0.0.1:1936", "open": True}},
    "fitted": SHOW["input"],
    "listed": SHOW["input"],
}
ENCODED = {"codec": "h264", "bitrate": "1M"}


def fitted(platforms: object) -> Data:
    """The show with a group whose encoding is for these platforms."""
    video = {"for": platforms, "codec": "h264", "bitrate": "800k", "b_frames": 1}
    main = {**SHOW["groups"]["main"], "video": video, "audio": {"for": copy.copy(platforms), "codec": "aac"}}
    return {"groups": {**SHOW["groups"], "main": main}}


# By kind: what stands there in place of the groups.
GROUPS = {"fitted": fitted("eventials"), "listed": fitted(["eventials", "twitch"])}
# leaf: the kind of input beside it, where it stands, and another valid value.
CASES: dict[str, tuple[str, str, object]] = {
    "name": ("test", "name", "other"),
    "description": ("test", "description", "Saturday's."),
    "position": ("test", "position", 20),
    "enabled": ("test", "enabled", False),
    "sender": ("test", "sender", "native"),
    "input.test.size": ("test", "input.test.size", "1280x720"),
    "input.test.fps": ("test", "input.test.fps", "30000/1001"),
    "input.test.bitrate": ("test", "input.test.bitrate", "2001k"),
    "input.test.tone": ("test", "input.test.tone", 501),
    "input.files|0": ("list", "input.files", ["/b.flv", "/a.flv"]),
    "input.files|1.paths": ("files", "input.files.paths", ["/a.flv"]),
    "input.files|1.loop": ("files", "input.files.loop", True),
    "input.pull.url": ("camera", "input.pull.url", "rtsp://cam.example/2"),
    "input.pull.key": ("relay", "input.pull.key", {"env": "OTHER"}),
    "input.pull.username": ("camera", "input.pull.username", "v"),
    "input.pull.password": ("camera", "input.pull.password", {"env": "OTHER"}),
    "input.pull.passphrase": ("relay", "input.pull.passphrase", {"env": "OTHER"}),
    "input.rtmp.listen": ("push", "input.rtmp.listen", "[::1]:1936"),
    "input.rtmp.app": ("push", "input.rtmp.app", "stage/left"),
    "input.rtmp.key": ("push", "input.rtmp.key", {"env": "OTHER"}),
    "input.rtmp.open": ("open", "input.rtmp.open", False),
    "input.rtmp.takeover": ("push", "input.rtmp.takeover", "reject"),
    "input.rtmp.hold": ("push", "input.rtmp.hold", "21s"),
    "input.rtmp.tls.certificate": ("push", "input.rtmp.tls.certificate", "/tls/other.pem"),
    "input.rtmp.tls.private_key": ("push", "input.rtmp.tls.private_key", "/tls/other.pem"),
    "input.pull.transport": ("camera", "input.pull.transport", "tcp"),
    "groups.*.enabled": ("test", "groups.main.enabled", False),
    "groups.*.container": ("test", "groups.copied.container", "mp4"),
    "groups.*.sender": ("test", "groups.copied.sender", "ffmpeg"),
    "groups.*.generate_pts": ("test", "groups.main.generate_pts", False),
    "groups.*.video|0": ("test", "groups.copied.video", ENCODED),
    "groups.*.video|1.codec": ("test", "groups.main.video.codec", "hevc"),
    "groups.*.video|1.encoder": ("test", "groups.main.video.encoder", "software"),
    "groups.*.video|1.size": ("test", "groups.main.video.size", "640x480"),
    "groups.*.video|1.fps": ("test", "groups.main.video.fps", 30),
    "groups.*.video|1.bitrate": ("test", "groups.main.video.bitrate", "1001k"),
    "groups.*.video|1.keyframe": ("test", "groups.main.video.keyframe", "1001ms"),
    "groups.*.video|1.preset": ("test", "groups.main.video.preset", "slow"),
    "groups.*.video|1.profile": ("test", "groups.main.video.profile", "main"),
    "groups.*.video|1.for|0": ("fitted", "groups.main.video.for", "loola"),
    "groups.*.video|1.for|1": ("listed", "groups.main.video.for", ["twitch", "facebook"]),
    "groups.*.video|1.b_frames": ("fitted", "groups.main.video.b_frames", 2),
    "groups.*.audio|0": ("test", "groups.copied.audio", {"codec": "aac"}),
    "groups.*.audio|1.codec": ("test", "groups.main.audio.codec", "opus"),
    "groups.*.audio|1.bitrate": ("test", "groups.main.audio.bitrate", "97k"),
    "groups.*.audio|1.rate": ("test", "groups.main.audio.rate", 48000),
    "groups.*.audio|1.channels": ("test", "groups.main.audio.channels", 2),
    "groups.*.audio|1.for|0": ("fitted", "groups.main.audio.for", "facebook"),
    "groups.*.audio|1.for|1": ("listed", "groups.main.audio.for", ["twitch", "facebook"]),
    "groups.*.targets.*.enabled": ("test", "groups.main.targets.own.enabled", False),
    "groups.*.targets.*.container": ("test", "groups.copied.targets.parts.container", "mkv"),
    "groups.*.targets.*.sender": ("test", "groups.main.targets.light.sender", "ffmpeg"),
    "groups.*.targets.*.leave": ("test", "groups.main.targets.known.leave", "clean"),
    "groups.*.targets.*.platform": ("test", "groups.main.targets.known.platform", "youtube-backup"),
    "groups.*.targets.*.server": ("test", "groups.main.targets.known.server", "rtmp://b.example/live2"),
    "groups.*.targets.*.url": ("test", "groups.main.targets.own.url", "rtmps://a.example/live"),
    "groups.*.targets.*.key": ("test", "groups.main.targets.own.key", {"env": "OTHER"}),
    "groups.*.targets.*.username": ("test", "groups.main.targets.own.username", "v"),
    "groups.*.targets.*.password": ("test", "groups.main.targets.own.password", {"env": "OTHER"}),
    "groups.*.targets.*.passphrase": ("test", "groups.main.targets.srt.passphrase", {"env": "OTHER"}),
    "groups.*.targets.*.record|0": ("test", "groups.copied.targets.disk.record", "/r/%H-%M-%S.bin"),
    "groups.*.targets.*.record|1.path": ("test", "groups.copied.targets.parts.record.path", "/r/%M.rec"),
    "groups.*.targets.*.record|1.segment": ("test", "groups.copied.targets.parts.record.segment", "61m"),
}
# Leaves that a profile, or what stands beside them in the cases, cannot do without.
REQUIRED = {
    "name",
    "input.files|0",
    "input.files|1.paths",
    "input.pull.url",
    "input.pull.username",
    "input.rtmp.tls.certificate",
    "input.rtmp.tls.private_key",
    "groups.*.container",
    "groups.*.video|1.codec",
    "groups.*.video|1.bitrate",
    "groups.*.audio|1.codec",
    "groups.*.targets.*.platform",
    "groups.*.targets.*.url",
    "groups.*.targets.*.username",
    "groups.*.targets.*.record|0",
    "groups.*.targets.*.record|1.path",
}
Load = Callable[..., Profile]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """The real loader, on a file with this data or text."""

    def load(content: Data | str, opener: Opener | None = None, name: str = "p.yaml") -> Profile:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return load_profile(path, opener, ENVIRON)

    return load


def show(kind: str = "test") -> Data:
    """A profile with everything in it, and an input of this kind."""
    return copy.deepcopy({**SHOW, "input": INPUTS[kind], **GROUPS.get(kind, {})})


def put(data: Data, at: str, value: object = None) -> Data:
    """`data` with another value at a place; without one there, for `None`."""
    changed = copy.deepcopy(data)
    *way, last = at.split(".")
    node = changed
    for part in way:
        node = node[part]
    node.pop(last, None)
    if value is not None:
        node[last] = value
    return changed


def scope(found: tuple[Change, ...], before: Profile, after: Profile) -> Scope | None:
    """The widest scope of some changes. What starts or stops every unit is the whole runner's."""
    everything = set(units(before)) | set(units(after))
    if everything <= {change.path for change in found}:
        return Scope.RUNNER
    order = list(Scope)
    return max((change.scope for change in found), key=order.index, default=None)


def test_every_leaf_has_a_case() -> None:
    """None is forgotten but the version, of which there is only one."""
    assert LEAVES.keys() - {"version"} == CASES.keys()
    assert 1 == LEAVES["version"]["const"]


@pytest.mark.parametrize("leaf", CASES)
def test_scope(load: Load, leaf: str) -> None:
    """Another value reaches just as far as the schema says, forth and back; doing it twice, nowhere."""
    kind, at, value = CASES[leaf]
    before, after = load(show(kind)), load(put(show(kind), at, value))
    apply = LEAVES[leaf]["x-apply"]
    assert (apply, apply) == (
        scope(changes(before, after), before, after),
        scope(changes(after, before), after, before),
    )
    assert () == changes(after, load(put(show(kind), at, value)))


# What targets inherit: the one that has no line of its own, and none nearer.
FOLLOWS = {
    "groups.copied.container": "groups.copied.targets.disk",
    "groups.copied.sender": "groups.copied.targets.live",
    "sender": "groups.main.targets.plain",
}


def reach(apply: str, at: str, everything: set[str]) -> set[str]:
    """The units that a change at a place touches."""
    group, _, target = at.removeprefix("groups.").partition(".")
    below = f"groups.{group}."
    match apply:
        case "target" if target.startswith("targets."):
            return {below + ".".join(target.split(".")[:2])}
        case "target":
            return {FOLLOWS[at]}
        case "group":
            return {path for path in everything if f"{path}.".startswith(below)}
        case "input":
            return {"input"}
    return everything if apply == "runner" else set()


@pytest.mark.parametrize("leaf", [leaf for leaf in CASES if leaf != "name"])
def test_reach(load: Load, leaf: str) -> None:
    """Not only how far, but also where: exactly these units are touched, no other group or target."""
    kind, at, value = CASES[leaf]
    before, after = load(show(kind)), load(put(show(kind), at, value))
    touched = {change.path for change in changes(before, after) if change.action is not Action.UPDATE}
    assert reach(LEAVES[leaf]["x-apply"], at, set(units(before)) | set(units(after))) == touched


@pytest.mark.parametrize("leaf", [leaf for leaf in CASES if leaf not in REQUIRED])
def test_removal(load: Load, leaf: str) -> None:
    """A leaf that is taken out reaches as far as one that is changed, or nowhere if its default stood."""
    kind, at, _ = CASES[leaf]
    before, after = load(show(kind)), load(put(show(kind), at))
    schema = LEAVES[leaf]
    stood_default = before == load(put(show(kind), at, schema["default"])) if "default" in schema else False
    unencoded = leaf.endswith(("video|0", "audio|0"))
    expected = None if stood_default or unencoded else schema["x-apply"]
    assert expected == scope(changes(before, after), before, after)


@pytest.mark.parametrize("leaf", [leaf for leaf in CASES if "default" in LEAVES[leaf]])
def test_default(load: Load, leaf: str) -> None:
    """A leaf's default, written out, means the same as nothing."""
    kind, at, _ = CASES[leaf]
    if leaf == "groups.*.container":
        at = "groups.main.container"
    one, other = load(put(show(kind), at)), load(put(show(kind), at, LEAVES[leaf]["default"]))
    assert () == changes(one, other)


KEY = "groups.main.targets.own.key"
LISTEN = "input.rtmp.listen"
# Two ways to write the same: where, the kind of input, and both values.
ALIKE: dict[str, tuple[str, str, object, object]] = {
    "a bitrate": ("test", "groups.main.video.bitrate", "1M", 1_000_000),
    "a bitrate in k": ("test", "input.test.bitrate", "2000k", "2.0M"),
    "a duration": ("test", "groups.main.video.keyframe", "1s", "1000ms"),
    "a bare duration": ("test", "groups.copied.targets.parts.record.segment", "1h", 3600),
    "NTSC": ("test", "groups.main.video.fps", 29.97, "30000/1001"),
    "a ratio": ("test", "input.test.fps", 25, "50/2"),
    "a copied picture": ("test", "groups.copied.video", "copy", {"codec": "copy"}),
    "a copied sound": ("test", "groups.copied.audio", "copy", {"codec": "copy"}),
    "a derived sound": (
        "fitted",
        "groups.main.audio",
        {"for": "eventials"},
        {"codec": "aac", "bitrate": "96k"},
    ),
    "derived for the targets": ("fitted", "groups.main.audio", {"for": "targets"}, {"for": "youtube"}),
    "a platform's name": ("test", "groups.main.targets.known.platform", "youtube", "YouTube - RTMP"),
    "a playlist": ("list", "input.files", ["/a"], {"paths": ["/a"], "loop": True}),
    "an address and a port": ("push", LISTEN, "127.0.0.1", "127.0.0.1:1935"),
    "this machine": ("push", LISTEN, "localhost:1936", "127.0.0.1:1936"),
    "every address": ("push", LISTEN, 1936, "0.0.0.0:1936"),
    "an IPv6 address": ("push", LISTEN, "[::1]:1936", "[0:0:0:0:0:0:0:1]:1936"),
    "a hold": ("push", "input.rtmp.hold", "20s", 20),
    "a certificate": ("push", "input.rtmp.tls.certificate", "/tls/./a.pem", "/tls/a.pem"),
    "a sender that srt has not": ("test", "groups.main.targets.srt.sender", None, "ffmpeg"),
    "an inherited sender": ("test", "groups.copied.targets.live.sender", None, "native"),
    "a path": ("list", "input.files", ["/x/../a.flv"], ["/a.flv"]),
    "a recording": ("test", "groups.copied.targets.disk.record", "/r/a.bin", {"path": "/r/./a.bin"}),
    "a container of its own": ("test", "groups.copied.targets.disk.container", None, "mkv"),
    "a variable and a file": ("test", KEY, {"env": "OTHER"}, {"file": "../secret"}),
    "two variables": ("test", KEY, {"env": "KEY"}, {"env": "SAME"}),
}


@pytest.mark.parametrize("name", ALIKE)
def test_values_are_compared_not_texts(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Another way to write the same value, or another place that the same key comes from, changes nothing."""
    monkeypatch.setitem(ENVIRON, "SAME", ENVIRON["KEY"])
    (tmp_path / "secret").write_text(ENVIRON["OTHER"] + "\n")
    kind, at, one, other = ALIKE[name]
    before = load(put(show(kind), at, one), name="x/p.yaml")
    assert () == changes(before, load(put(show(kind), at, other), name="x/q.yaml"))


def backwards(data: Any) -> Any:
    """The same mapping with its keys the other way round, all the way down."""
    if not isinstance(data, dict):
        return data
    return {key: backwards(value) for key, value in reversed(data.items())}


LAYOUTS: dict[str, Callable[[Data], str]] = {
    "one line": lambda data: yaml.safe_dump(data, default_flow_style=True, width=10_000),
    "JSON": lambda data: json.dumps(data, indent=2),
    "another order": lambda data: yaml.safe_dump(backwards(data), sort_keys=False),
    "quotes": lambda data: yaml.safe_dump(data).replace("rtmp://a.example/live", '"rtmp://a.example/live"'),
    "comments": lambda data: "# top\n" + yaml.safe_dump(data).replace("\n", "  # why\n\n"),
    "Windows": lambda data: yaml.safe_dump(data).replace("\n", "\r\n"),
    "indent": lambda data: yaml.safe_dump(data, indent=8),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", INPUTS)
def test_layout(load: Load, kind: str, layout: str) -> None:
    """Reformatting, reordering and commenting change nothing, in a file of another name neither."""
    before = load(show(kind))
    assert () == changes(before, load(LAYOUTS[layout](show(kind)), name="moved/other.yml"))


def test_sealing(load: Load) -> None:
    """From a variable to a sealed value, sealed again, and sealed for another identity: no change."""
    first, second = Identity.create(), Identity.create()

    def opens(identity: Identity) -> Opener:
        return lambda text, destination, field: open_sealed(identity, text, destination, field)

    def sealed_for(identity: Identity) -> Data:
        return put(show(), KEY, seal(identity.recipient, "a.example", "key", Secret(ENVIRON["KEY"])))

    one, two, rotated = sealed_for(first), sealed_for(first), sealed_for(second)
    assert one != two
    before = load(show())
    for data, identity in ((one, first), (two, first), (rotated, second)):
        assert () == changes(before, load(data, opens(identity)))


def test_an_opener_decides_what_a_sealed_value_is(load: Load) -> None:
    """Only the opened value counts: another value in the same text restarts the target, and only that."""
    data = put(show(), KEY, "sealed:whatever")
    before, after = (load(data, lambda *_, value=value: Secret(value)) for value in ("one", "two"))
    assert ["groups.main.targets.own"] == [change.path for change in changes(before, after)]
