"""`serve --git` on real parts: a show whose slate comes from the repository."""

from __future__ import annotations

import signal
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.control.repository import Repository
from tests.live.media import MediaLibrary
from tests.live.program import Home
from tests.live.served import serving
from tests.live.sinks import RtmpSink

KEY = "canary-of-the-repository"


def show(sink: RtmpSink, file: str, more: str = "") -> str:
    """A profile's text: a file of the repository to one stream of a sink."""
    target = f'{{url: "{sink.url()}", key: {{env: SHOW_KEY}}}}'
    head = f"version: 1\nname: a\n{more}input: {{files: [{file}]}}\nsender: native\n"
    return f"{head}groups: {{source: {{targets: {{one: {target}}}}}}}\n"


async def test_a_show_with_a_slate_from_the_repository(
    any_ffmpeg: str, media: MediaLibrary, sink: RtmpSink
) -> None:
    """On air; a commit of text only, taken at SIGHUP; one that reaches out, kill -9, no repository: one
    connection.
    """
    with TemporaryDirectory(prefix="spirit-") as folder:
        home = Home(Path(folder), {"SHOW_KEY": KEY, "SPIRITSTREAM_ENVIRONMENT": "SHOW_KEY"})
        origin = Repository(home.folder / "origin")
        origin.commit({"live/a.yaml": show(sink, "../slate.flv"), "slate.flv": media.h264(5).read_bytes()})
        async with serving(home, any_ffmpeg) as served:
            served.origin = ("--git", origin.path, "--path", "live", "--every", "1h")
            await served.begin()
            await served.live("a", "one")
            origin.commit({"live/a.yaml": show(sink, "../slate.flv", "description: new\n")})
            assert served.process is not None
            served.process.send_signal(signal.SIGHUP)
            newest = origin.git("rev-parse", "HEAD")
            await served.is_so("a", lambda found: found["revision_applied"] == newest)
            origin.commit({"live/a.yaml": show(sink, "/etc/passwd"), "live/b.yaml": "version: 1"})
            await served.ask("look")
            refused = await served.is_so("a", lambda found: not found["valid"])
            assert "input.files[0]: lies outside the repository" in refused["findings"][0]
            await served.kill()
            origin.path.rename(home.folder / "away")
            await served.begin()
            await served.live("a", "one")
            await sink.wait_media(sink.connections[0].media_count + 60)
            assert 1 == len(sink.connections)
            await served.ask("down")
