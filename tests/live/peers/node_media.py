"""node-media-server, an independent RTMP server: it takes any publisher, records, and lets play.

async with node_media_server(tmp_path) as server:
    ...  # publish to server.url() + "/KEY"
    await server.wait("postPublish", "KEY")
    (recording,) = await server.wait_recorded("KEY")
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from tests.live.nginx import new_home
from tests.live.ports import free_port

_HERE = Path(__file__).parent / "node"
# `make test` installs what _HERE/package.json names into this folder, once.
MODULES = Path(__file__).parents[3] / ".venv" / "node" / "node_modules"
_START_S, _END_S = 15, 5


def missing() -> str:
    """What keeps this machine from running it; empty if nothing does."""
    if not shutil.which("node"):
        return "node is missing (apt-get install nodejs npm)"
    if not (MODULES / "node-media-server").is_dir():
        return "node-media-server is missing (make test installs it)"
    return ""


class NodeMedia:
    """One server. It says what happens: postPublish, donePublish, postPlay, donePlay, doneRecord."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.port = port
        self.process = process
        self.events: list[tuple[str, str, str]] = []
        """What happened: event, `/app/key`, and for doneRecord the file."""
        self._changed = asyncio.Event()
        self.reading = asyncio.create_task(self._read())

    def url(self, app: str = "live") -> str:
        """Where to publish, without a key; where to play from, too."""
        return f"rtmp://127.0.0.1:{self.port}/{app}"

    async def wait(self, event: str, key: str = "", *, app: str = "live", timeout_s: float = 15) -> str:
        """Waits for the first such event of a stream; the file, if it has one.

        Raises:
            TimeoutError: it did not happen in time, or the server has gone.
        """
        path = f"/{app}/{key}" if key else ""
        async with asyncio.timeout(timeout_s):
            while True:
                for seen, where, file in self.events:
                    if (seen, where) == (event, path):
                        return file
                self._changed.clear()
                await self._changed.wait()

    async def wait_recorded(self, key: str, timeout_s: float = 15) -> Path:
        """What was recorded of a stream, once it has ended."""
        return Path(await self.wait("doneRecord", key, timeout_s=timeout_s))

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            said = json.loads(line)
            self.events.append((said["event"], said.get("path", ""), said.get("file", "")))
            self._changed.set()


@contextlib.asynccontextmanager
async def node_media_server(folder: Path) -> AsyncIterator[NodeMedia]:
    """A server that takes connections, until the block ends; its files are in a new folder of `folder`."""
    home, port = new_home(folder, "node"), free_port()
    with (home / "error.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *("node", _HERE / "server.js", str(port), home),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env={"PATH": os.environ["PATH"], "NODE_PATH": str(MODULES)},
        )
    server = NodeMedia(process, port)
    try:
        await server.wait("ready", timeout_s=_START_S)
        yield server
    finally:
        assert process.stdin is not None
        process.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _END_S)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await server.reading
