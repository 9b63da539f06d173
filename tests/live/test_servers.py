"""Servers that are chosen when a target connects, on real parts: measured, moved away from, looked up."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from spiritstream.ffmpeg.find import find_ffmpeg
from spiritstream.model.lifecycle import State
from spiritstream.model.profile import Address, Sender, Target
from spiritstream.model.servers import LOOKED_UP, LookupForm, ServerChoice
from spiritstream.model.status import Status, UnitStatus
from spiritstream.run.places import cache_folder
from spiritstream.run.rehearsal import rehearse
from spiritstream.run.servers import Servers
from spiritstream.secret import Secret
from spiritstream.sockets import client_tls
from spiritstream.wire import encode, to_data
from tests.live.canaries import Canary, files_below, leaks
from tests.live.media import MediaLibrary
from tests.live.ports import refused_port
from tests.live.processes import descendants, until
from tests.live.running import running
from tests.live.shows import files, happens, live, on_air, passthrough, profile
from tests.live.sinks import RtmpSink, rtmp_sink
from tests.live.tls import server_tls
from tests.run.servers.platforms import Asked, json_reply, platform, reply

OWN, GIVEN, PASSWORD, TOKEN = Canary("own"), Canary("given"), Canary("password"), Canary("token")
CANARIES = [OWN, GIVEN, PASSWORD, TOKEN]

PLATFORM = """\
name: Mine
sources: [{source: us, as_of: "2026-01", name: Mine}]
protocols: [rtmp]
key_placement: append
default_server: Closed
servers:
"""
PROFILE = """\
version: 1
name: show
input: {{files: {{paths: ["{file}"]}}}}
groups:
  source:
    targets:
      a: {{platform: mine, server: auto, key: {{env: KEY_A}}}}
      b: {{platform: mine, server: auto, key: {{env: KEY_B}}, sender: native}}
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose name is short enough for a socket's path."""
    with TemporaryDirectory(prefix="spirit-") as name:
        yield Path(name)


def targets(status: Status) -> list[UnitStatus]:
    """The two targets."""
    return [unit for unit in status.units if unit.kind == "target"]


async def test_auto_finds_who_listens_and_moves_on_when_it_dies(folder: Path, media: MediaLibrary) -> None:
    """Of three servers one is closed: a listening one is taken, by either sender. When it dies both move to
    the other one, and say whom they left out. `run` says all of it in its log, too.
    """
    async with rtmp_sink() as one, rtmp_sink() as other:
        with refused_port() as closed:
            sinks = {"One": one, "Other": other}
            ports = {"Closed": closed, **{name: sink.port for name, sink in sinks.items()}}
            own = folder / "config" / "spiritstream" / "platforms" / "mine.yaml"
            own.parent.mkdir(parents=True)
            own.write_text(
                PLATFORM
                + "".join(f'  - {{name: {n}, url: "rtmp://127.0.0.1:{p}/live"}}\n' for n, p in ports.items())
            )
            (folder / "show.yaml").write_text(PROFILE.format(file=media.h264(60, 300, size="320x180")))
            keys = {"KEY_A": f"{OWN.text}a", "KEY_B": f"{OWN.text}b"}
            async with running("show.yaml", folder=folder, variables=keys) as show:
                await show.live(4)
                first, second = targets(await show.status())
                assert (first.server, first.destination) == (second.server, second.destination)
                name = first.server.partition(" ")[0]
                assert first.server.endswith("ms, the nearest of 3)")
                assert f"rtmp://127.0.0.1:{ports[name]}/live/***" == first.destination
                assert set(keys.values()) == {c.stream for c in sinks[name].connections if c.published_at}
                await sinks[name].stop()
                (moved,) = set(sinks) - {name}

                def is_there(status: Status) -> bool:
                    return all(u.state is State.LIVE and u.server.startswith(moved) for u in targets(status))

                status = await show.is_so(is_there)
                for unit in targets(status):
                    assert f"; without {name}, which just failed)" in unit.server
                    assert f"rtmp://127.0.0.1:{ports[moved]}/live/***" == unit.destination
                await show.says("server: ", f"{moved} (", f"without {name}")
                assert [] == leaks(
                    {"the log": show.said.encode(), "status": encode(to_data(status))}, CANARIES
                )


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """What an HTTPS server needs that this process trusts by its environment, as a runner would."""
    context = server_tls(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    client_tls.cache_clear()
    yield context
    client_tls.cache_clear()


def answers(sink: RtmpSink, path: str) -> bytes:
    """What the platforms of this test say, by what they are asked."""
    if path == "/ingests":
        return json_reply({"ingests": [{"name": "Here", "url_template": f"{sink.url()}/{{stream_key}}"}]})
    if path == f"/showroom?key={OWN.text}":
        return json_reply({"streaming_url_rtmp": sink.url("room"), "streaming_key": f"{GIVEN.text}1"})
    if path == f"/dacast/{OWN.text}":
        login = {"server": sink.url(f"cast?token={TOKEN.text}"), "username": "me", "password": PASSWORD.text}
        return json_reply({"stream": {**login, "streamkey": f"{GIVEN.text}2"}})
    return reply(b"{}", "404 Not Found")


def looked_up(asked: Asked, name: str, path: str, form: LookupForm, *, key: str = OWN.text) -> Target:
    """A target that nobody knows an address of but who is asked."""
    lookup = asked.lookup(path, form, sends_key=True, host="localhost")
    return Target(name, Address(LOOKED_UP, Secret(key)), server=ServerChoice(lookup=lookup))


async def test_looked_up_with_the_key(
    server: ssl.SSLContext,
    media: MediaLibrary,
    any_ffmpeg: str,
    sink: RtmpSink,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where there is no address but what the platform gives for the key: it is taken, with the key and the
    login that came with it, by either sender. One that gives none is a cause. No key or password is left
    anywhere.
    """
    caplog.set_level(logging.DEBUG)
    async with platform(server, lambda path: answers(sink, path)) as asked:
        room = looked_up(asked, "room", "/showroom?key={stream_key}", LookupForm.SHOWROOM)
        cast = looked_up(asked, "cast", "/dacast/{stream_key}", LookupForm.DACAST)
        names = ServerChoice(name="Here", lookup=asked.lookup("/ingests"))
        good = (
            room,
            replace(room, name="native-room", sender=Sender.NATIVE),
            cast,
            Target("named", Address("rtmp://127.0.0.1:1/live", Secret(OWN.text)), server=names),
        )
        bad = (
            looked_up(asked, "unknown", "/none/{stream_key}", LookupForm.SHOWROOM),
            replace(cast, name="native-cast", sender=Sender.NATIVE),
        )
        show = profile(files(media.h264(60, 300, size="320x180")), passthrough(*good, *bad))
        async with on_air(show, any_ffmpeg) as runner:
            await live(runner, *(target.name for target in good))
            unknown = await happens(runner, "unknown", lambda u: u.state is State.FAILED)
            native = await happens(runner, "native-cast", lambda u: u.state is State.FAILED)
            units = {unit.path.rpartition(".")[2]: unit for unit in runner.status().units}
            # The children's arguments are masked as soon as they have opened their connection.
            await until(lambda: not leaks(arguments(), CANARIES), "no key in any child's arguments")
            status = encode(to_data(runner.status()))
            known = set(runner.learnt())
    assert unknown.cause
    assert ("lookup-failed", True) == (unknown.cause.code, unknown.cause.person)
    assert "localhost, and that failed: status 404" in unknown.cause.message
    assert native.cause
    assert "auth" == native.cause.code
    assert "looked up at localhost" == units["room"].server
    assert f"{sink.url('room')}/***" == units["room"].destination == units["native-room"].destination
    assert "Here (looked up)" == units["named"].server
    came = {(c.app, c.stream) for c in sink.connections if c.published_at}
    own = {("live", OWN.text)}
    assert own | {("room", f"{GIVEN.text}1"), (f"cast?token={TOKEN.text}", f"{GIVEN.text}2")} == came
    assert {Secret(f"{GIVEN.text}1"), Secret(f"{GIVEN.text}2"), Secret(PASSWORD.text)} <= known
    kept = files_below(cache_folder())
    assert any(b"Here" in content for content in kept.values())
    assert [] == leaks({"log": caplog.text.encode(), "status": status, **kept}, CANARIES)


def arguments() -> dict[str, bytes]:
    """The arguments of every child, read again."""
    return {f"pid {child.pid}": " ".join(child.argv).encode() for child in descendants()}


async def test_a_rehearsal_settles_it_too(
    server: ssl.SSLContext, any_ffmpeg: str, sink: RtmpSink, tmp_path: Path
) -> None:
    """`spiritstream test` goes where the show would go, and says so. With `--connect-only` no key is shown,
    so nothing that needs one is asked.
    """
    tool = find_ffmpeg(any_ffmpeg, os.environ)
    async with platform(server, lambda path: answers(sink, path)) as asked:
        room = looked_up(asked, "room", "/showroom?key={stream_key}", LookupForm.SHOWROOM)
        cast = looked_up(asked, "cast", "/dacast/{stream_key}", LookupForm.DACAST)
        unknown = looked_up(asked, "unknown", "/none/{stream_key}", LookupForm.SHOWROOM)
        names = ServerChoice(name="Here", lookup=asked.lookup("/ingests"))
        named = Target("named", Address("rtmp://127.0.0.1:1/live", Secret(OWN.text)), server=names)
        group = passthrough(room, cast, unknown, named)
        pairs = [(group, target) for target in group.targets]
        quiet = await rehearse(pairs, tool, connect_only=True, servers=Servers(tmp_path / "a"))
        assert ["/ingests"] == asked.paths
        assert [True, True, True, True] == [one.ok for one in quiet]
        assert "not looked at: its address is only given for the key, by localhost" == quiet[0].text
        assert quiet[3].text.endswith("; server: Here (looked up)")
        loud = await rehearse(pairs, tool, servers=Servers(tmp_path / "b"))
    assert [True, True, False, True] == [one.ok for one in loud]
    assert loud[0].text.endswith("; server: looked up at localhost")
    assert f"{sink.url('room')}/***" == loud[0].destination
    assert "failed: status 404" in loud[2].text
    assert {"room", "cast", "live"} == {c.app.partition("?")[0] for c in sink.connections if c.media_count}
    said = " ".join(f"{one.text} {one.destination} {one.cause}" for one in (*quiet, *loud))
    assert [] == leaks({"what is said": said.encode()}, CANARIES)


async def test_offline_it_goes_on_with_what_is_known(
    server: ssl.SSLContext, media: MediaLibrary, any_ffmpeg: str, sink: RtmpSink
) -> None:
    """The look-up hangs: within its bound the usual server is taken, and the status says why."""

    async def silent(writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with platform(server, lambda _: silent) as asked:
        choice = ServerChoice(name="Here", lookup=asked.lookup("/ingests"))
        target = Target("a", Address(sink.url(), Secret(OWN.text)), server=choice)
        async with on_air(
            profile(files(media.h264(60, 300, size="320x180")), passthrough(target)), any_ffmpeg
        ) as runner:
            await live(runner, "a")
            unit = await happens(runner, "a", lambda u: bool(u.server))
    assert "Here; shipped list: the look-up failed (timed out)" == unit.server
