"""`spiritstream test`: what it says of platforms that take a stream, and of those that do not."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from spiritstream.ffmpeg.find import Ffmpeg, find_ffmpeg
from spiritstream.model.profile import Address, Target
from spiritstream.run.rehearsal import Rehearsal, rehearse
from spiritstream.secret import Secret
from tests.live.chunks import Type
from tests.live.media import ffmpeg_running
from tests.live.ports import free_port, refused_port
from tests.live.program import Home, Said, call
from tests.live.shows import passthrough, record, target
from tests.live.sinks import RtmpSink, rtmp_sink
from tests.live.tls import server_tls


@pytest.fixture
def tool(any_ffmpeg: str) -> Ffmpeg:
    """The ffmpeg that makes the picture."""
    return find_ffmpeg(any_ffmpeg, os.environ)


async def try_all(tool: Ffmpeg, *targets: Target, connect_only: bool = False) -> dict[str, Rehearsal]:
    """What came of each target, by name."""
    group = passthrough(*targets)
    found = await rehearse([(group, one) for one in targets], tool, connect_only=connect_only)
    return {one.path.removeprefix("source/"): one for one in found}


async def test_every_kind_of_platform_is_told_apart(tool: Ffmpeg, sink: RtmpSink, tmp_path: Path) -> None:
    """One line for each, all at once: taken and how fast; else the cause, and what to do. No key in it."""
    async with (
        rtmp_sink(refuse_publish=True) as picky,
        rtmp_sink(close_after=20_000) as leaving,
        rtmp_sink(tls=server_tls(tmp_path)) as sealed,
    ):
        with refused_port() as nobody:
            found = await try_all(
                tool,
                target("good", sink.url()),
                target("picky", picky.url()),
                target("leaving", leaving.url()),
                target("untrusted", sealed.url()),
                target("nobody", f"rtmp://127.0.0.1:{nobody}/live"),
                record("disk", tmp_path / "show.mkv"),
                record("no-disk", Path("/proc/none/show.mkv")),
            )
    codes = {name: one.cause.code if one.cause else "" for name, one in found.items()}
    # An end with something unread on its way is a reset: which one comes first is a matter of luck.
    assert codes.pop("leaving") in ("closed", "reset")
    assert not found.pop("leaving").ok
    assert {
        "good": "",
        "picky": "key-rejected",
        "untrusted": "tls",
        "nobody": "refused",
        "disk": "",
        "no-disk": "refused",
    } == codes
    assert {name: not code for name, code in codes.items()} == {name: one.ok for name, one in found.items()}
    for name, one in found.items():
        assert "canary" not in one.text + one.destination, name
        assert "\n" not in one.text, name
    assert found["good"].text.startswith("took 3 seconds of black and silence: connected in ")
    assert {"resolve", "connect", "rtmp", "publish"} == set(found["good"].timings_ms)
    assert all(one.cause.advice for one in found.values() if one.cause)


async def test_a_good_platform_gets_three_whole_seconds(tool: Ffmpeg, sink: RtmpSink) -> None:
    """Picture and sound for three seconds, under the key, and a goodbye."""
    found = await try_all(tool, target("a", sink.url()))
    assert found["a"].ok
    connection = await sink.wait_closed()
    assert ("live", "canary-a") == (connection.app, connection.stream)
    for kind in (Type.VIDEO, Type.AUDIO):
        times = [frame.timestamp_ms for frame in connection.frames(kind)]
        assert times[0] <= 100 and times[-1] >= 2_900


async def test_a_look_publishes_nothing(tool: Ffmpeg, sink: RtmpSink, tmp_path: Path) -> None:
    """With connect-only no key is shown to anybody; what cannot be looked at so is said."""
    srt = Target("srt", Address("srt://127.0.0.1:9", passphrase=Secret("canary-passphrase")))
    found = await try_all(tool, target("a", sink.url()), srt, connect_only=True)
    assert found["a"].text.startswith("is there; nothing was published: connected in ")
    connection = await sink.wait_closed()
    assert ("live", "", None) == (connection.app, connection.stream, connection.published_at)
    assert found["srt"].text.startswith("not looked at")


async def test_srt(embedded_ffmpeg: str, tmp_path: Path) -> None:
    """An SRT receiver takes three seconds; one that is not there does not."""
    port, got = free_port(), tmp_path / "got.ts"
    listener = f"srt://127.0.0.1:{port}?mode=listener&passphrase=canary-passphrase"
    there = Address(f"srt://127.0.0.1:{port}", passphrase=Secret("canary-passphrase"))
    nowhere = Address(f"srt://127.0.0.1:{free_port()}", passphrase=Secret("canary-passphrase"))
    tool = find_ffmpeg(embedded_ffmpeg, os.environ)
    async with ffmpeg_running(embedded_ffmpeg, "-y", "-i", listener, "-c", "copy", got):
        found = await try_all(tool, Target("there", there), Target("nowhere", nowhere))
    assert {"there": True, "nowhere": False} == {name: one.ok for name, one in found.items()}
    assert "canary" not in found["nowhere"].text


@pytest.fixture
def home(tmp_path: Path, sink: RtmpSink) -> Home:
    """Folders with a profile: one target that is enabled, one that is not, both on the sink."""
    home = Home(tmp_path, {"KEY": "canary-key"})
    (home.work / "show.yaml").write_text(
        "version: 1\nname: show\ninput: {test: {}}\ngroups:\n  source:\n    targets:\n"
        f"      a: {{url: '{sink.url()}', key: {{env: KEY}}}}\n"
        f"      off: {{url: '{sink.url()}', key: {{env: KEY}}, enabled: false}}\n"
        f"  other:\n    targets:\n      off: {{url: '{sink.url()}', key: {{env: KEY}}, enabled: false}}\n"
    )
    return home


async def test_the_command(home: Home, sink: RtmpSink, any_ffmpeg: str) -> None:
    """One line for each target, exit code 0; as JSON too. --all means those that are enabled."""
    ffmpeg = ("--ffmpeg", any_ffmpeg)
    plain, named, cut = await asyncio.gather(
        call(home, "test", "--all", "show.yaml", *ffmpeg),
        call(home, "test", "--output", "json", "source/off", "show.yaml", *ffmpeg),
        call(home, "test", "--connect-only", "a", "show.yaml", *ffmpeg),
    )
    assert (0, 0, 0) == (plain.code, named.code, cut.code)
    assert plain.out.decode().startswith("source/a  ok    took 3 seconds of black and silence: ")
    assert 1 == len(plain.out.decode().splitlines())
    (only,) = json.loads(named.out)["targets"]
    assert ("source/off", True, None) == (only["target"], only["ok"], only["cause"])
    assert "nothing was published" in cut.out.decode()
    assert_no_key(plain, named, cut)


async def test_the_command_fails_with_7(home: Home, sink: RtmpSink, any_ffmpeg: str) -> None:
    """A target that is not taken: FAIL, why, what to do, and the exit code of what is not live."""
    await sink.stop()
    said = await call(home, "test", "a", "show.yaml", "--connect-only", "--ffmpeg", any_ffmpeg)
    assert 7 == said.code
    assert said.out.decode().startswith("source/a  FAIL  ")
    assert_no_key(said)


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "no target": (("show.yaml",), "say which targets to test: their names, or --all"),
    "both": (("a", "--all", "show.yaml"), "say which targets to test: their names, or --all"),
    "unknown": (("b", "show.yaml"), "'b' is no target of this profile"),
    "in two groups": (("off", "show.yaml"), "'off' is in several groups"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_called_wrongly(home: Home, any_ffmpeg: str, name: str) -> None:
    """It says what is missing or which names there are."""
    arguments, problem = WRONG[name]
    said = await call(home, "test", *arguments, "--ffmpeg", any_ffmpeg)
    assert 2 == said.code
    assert problem in said.err.decode()
    assert b"hint: " in said.err


def assert_no_key(*said: Said) -> None:
    """Nothing that was printed holds the key."""
    assert not any(b"canary" in one.out + one.err for one in said)
