"""Sinks in a process of their own, for measurements: `python -m tests.live.serve_sinks --sinks 3`.

One line of JSON on stdout for each answer. The first, once all listen, is `{"urls": [...]}`. Then one answer
for each line on stdin: `pause N`, `resume N`, `stop N`, `start N`, `cut N` (answered `{}`) and `report`
(answered `{"sinks": [[connection, ...], ...]}`). At the end of stdin it reports once more, and exits.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from contextlib import AsyncExitStack
from typing import Any

from tests.live.arrivals import Connection
from tests.live.sinks import RtmpSink, rtmp_sink


def connection_report(connection: Connection, with_media: bool) -> dict[str, Any]:
    """A connection as JSON takes it, without its key. Times are `time.monotonic()`'s."""
    media = [
        (item.at, item.type.name, item.timestamp_ms, item.size, item.keyframe) for item in connection.media
    ]
    return {
        "connected_at": connection.connected_at,
        "published_at": connection.published_at,
        "first_media_at": connection.first_media_at,
        "closed_at": connection.closed_at,
        "media_bytes": connection.media_bytes,
        "media_count": connection.media_count,
        "longest_gap_s": connection.longest_gap_s(),
        "media": media if with_media else [],
    }


class Commands:
    """Does what a line on stdin says."""

    def __init__(self, sinks: list[RtmpSink], with_media: bool) -> None:
        self._sinks = sinks
        self._with_media = with_media

    async def do(self, line: str) -> dict[str, Any]:
        """The answer to one line."""
        match line.split():
            case ["report"]:
                return self.report()
            case [("pause" | "resume" | "cut") as verb, number]:
                getattr(self._sinks[int(number)], verb)()
            case [("stop" | "start") as verb, number]:
                await getattr(self._sinks[int(number)], verb)()
            case _:
                return {"error": "not understood"}
        return {}

    def report(self) -> dict[str, Any]:
        """Everything that all sinks saw."""
        return {
            "sinks": [[connection_report(c, self._with_media) for c in s.connections] for s in self._sinks]
        }


async def serve(options: argparse.Namespace) -> None:
    """Serves until stdin ends."""
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with AsyncExitStack() as stack:
        limits = {"stall_after": options.stall_after, "close_after": options.close_after}
        makers = [rtmp_sink(**limits) for _ in range(options.sinks)]
        sinks = [await stack.enter_async_context(maker) for maker in makers]
        commands = Commands(sinks, options.media)
        print(json.dumps({"urls": [sink.url() for sink in sinks]}), flush=True)
        while line := (await lines.readline()).decode():
            print(json.dumps(await commands.do(line)), flush=True)
        print(json.dumps(commands.report()), flush=True)


def main() -> None:
    """Reads the options, and serves."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sinks", type=int, default=1, help="how many, each on a port of its own")
    parser.add_argument("--stall-after", type=int, help="bytes of media until they stop reading")
    parser.add_argument("--close-after", type=int, help="bytes of media until they close")
    parser.add_argument("--media", action="store_true", help="report every message")
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
