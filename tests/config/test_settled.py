"""Inherited values written into a profile: it means the same where it would inherit others."""

from __future__ import annotations

from pathlib import Path

import pytest

from spiritstream.config.common import COMMON, Common
from spiritstream.config.commonfile import common_of
from spiritstream.config.load import load_data
from spiritstream.config.settled import settled
from spiritstream.errors import UsageError
from spiritstream.model.profile import Profile

ENVIRON = {"KEY": "k"}
FLOW = (
    "version: 1\nname: show\ninput: {rtmp: {key: {env: KEY}}}   # mine\n"
    "groups: {g: {video: {codec: h264, bitrate: 3M}, targets: {t: {platform: youtube, key: {env: KEY}}}}}\n"
)
BLOCK = """\
version: 1
name: show
input:
  rtmp:
    key: {env: KEY}

# what goes out
groups:
  g:
    video:
      codec: h264   # everybody takes it
      bitrate: 3M
    targets:
      t:
        platform: youtube
        key: {env: KEY}
"""
HERE = (
    "{sender: native, input: {rtmp: {listen: '0.0.0.0:1935', hold: 20s}}, "
    "groups: {generate_pts: false, video: {fps: 30000/1001}}}"
)


def common(defaults: str) -> Common:
    """A file with these defaults."""
    made = common_of(f"version: 1\ndefaults: {defaults}\n".encode(), COMMON)
    assert () == made.findings
    return made


def load(data: bytes, inherited: Common | None) -> Profile:
    """A profile with what it inherits."""
    return load_data(data, "show.yaml", Path("/"), None, ENVIRON, common=inherited)


@pytest.mark.parametrize("text", [FLOW, BLOCK, BLOCK.replace("\n", "\r\n"), FLOW.rstrip("\n")])
@pytest.mark.parametrize(
    "there",
    [None, "{}", "{input: {rtmp: {hold: 40s}}, groups: {video: {fps: 25}}, targets: {sender: ffmpeg}}"],
)
def test_means_the_same(text: str, there: str | None) -> None:
    """Whatever its layout, and whatever is inherited there, of the same values; comments stay."""
    elsewhere = None if there is None else common(there)
    made = settled(text.encode(), "show.yaml", common(HERE), elsewhere)
    assert load(text.encode(), common(HERE)) == load(made.data, elsewhere)
    assert () == made.inherits
    assert text.count("#") == made.data.decode().count("#")
    assert {
        "input.rtmp.listen",
        "input.rtmp.hold",
        "groups.g.generate_pts",
        "groups.g.video.fps",
        "groups.g.targets.t.sender",
    } == set(made.written)


@pytest.mark.parametrize(
    ("here", "there", "inherits"),
    [
        (None, None, ()),
        (HERE, HERE, ()),
        ("{input: {rtmp: {hold: 20s}}}", "{input: {rtmp: {hold: 20s, app: a}}}", ("input.rtmp.app",)),
        (None, "{groups: {audio: {rate: 48000}}}", ()),
    ],
)
def test_nothing_to_write(here: str | None, there: str | None, inherits: tuple[str, ...]) -> None:
    """Where the same is inherited, the text stays byte by byte; what is inherited only there is said."""
    made = settled(BLOCK.encode(), "f", common(here) if here else None, common(there) if there else None)
    assert (BLOCK.encode(), (), inherits) == (made.data, made.written, made.inherits)


def test_a_value_that_is_written_changes_what_is_inherited() -> None:
    """An encoder of its own has no use for the preset of another: then that is written, too, or not said."""
    here = "{groups: {video: {encoder: libx264, preset: fast}}}"
    there = "{groups: {video: {encoder: auto, preset: fast, profile: main}}}"
    made = settled(BLOCK.encode(), "f", common(here), common(there))
    assert (("groups.g.video.encoder", "groups.g.video.preset"), ()) == (made.written, made.inherits)
    assert load(BLOCK.encode(), common(here)) == load(made.data, common(there))


def test_broken() -> None:
    """What cannot be read is left to whoever checks it."""
    assert b"a: [" == settled(b"a: [", "f", common(HERE), None).data


def test_layout_that_is_not_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that cannot be edited is refused, with what to do."""

    def refuses(*_: object) -> str:
        raise UsageError("f: a.b cannot be changed in place: its layout is unusual")

    monkeypatch.setattr("spiritstream.config.settled.put_entry", refuses)
    with pytest.raises(UsageError) as caught:
        settled(BLOCK.encode(), "f", common(HERE), None)
    assert caught.value.hint.startswith("write it there by hand")
