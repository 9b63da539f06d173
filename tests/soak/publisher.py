"""The one who publishes to the soaked show: a real ffmpeg that comes, goes and returns."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.bench.publishers import Door
from tests.bench.served import end
from tests.bench.show import KEY
from tests.live.media import publishing


class Publisher:
    """An ffmpeg that is started anew whenever it ends without having been told to, as encoders do."""

    def __init__(self, ffmpeg: str, source: Path, to: Door) -> None:
        self._ffmpeg = ffmpeg
        self._source = source
        self._to = to
        self._process: subprocess.Popen[bytes] | None = None
        self._visitors: list[subprocess.Popen[bytes]] = []
        self.returns = 0
        """How often it came back by itself: its connection was lost."""

    @property
    def pid(self) -> int | None:
        """Its process, while it is meant to run."""
        return self._process.pid if self._process else None

    def begin(self) -> None:
        """Publish, unless it does already."""
        if self._process is None:
            self._to.wait_open()
            self._process = self._publish(KEY)

    def leave(self, *, killed: bool) -> None:
        """Go: with a goodbye, or all of a sudden."""
        process, self._process = self._process, None
        if process is not None:
            if killed:
                process.kill()
            end(process)

    def keep(self) -> None:
        """Return if the connection was lost."""
        if self._process is not None and self._process.poll() is not None:
            self._process = self._publish(KEY)
            self.returns += 1

    def visit(self, key: str) -> None:
        """Somebody else tries to publish meanwhile."""
        self._visitors.append(self._publish(key))

    def see_off(self) -> None:
        """Whoever came to visit is gone, at the latest now."""
        for process in self._visitors:
            end(process)
        self._visitors.clear()

    def close(self) -> None:
        """Nobody publishes any more."""
        self.see_off()
        self.leave(killed=False)

    def _publish(self, key: str) -> subprocess.Popen[bytes]:
        command = [self._ffmpeg, "-nostdin", "-v", "quiet"]
        command += map(str, publishing(self._source, f"{self._to.url}/{key}"))
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
