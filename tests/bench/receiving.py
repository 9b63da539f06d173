"""Platforms that remember what came when: `python -m tests.bench.receiving --sinks 1`.

The first line on stdout is `{"urls": [...]}`. Then one answer for each line on stdin: `report`, answered
`{"sinks": [[[when, checksum], ...], ...]}` for the video frames. Times are `time.monotonic()`'s.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from contextlib import AsyncExitStack
from typing import Any

from tests.live.chunks import Type
from tests.live.sinks import RtmpSink, rtmp_sink


def report(sinks: list[RtmpSink]) -> dict[str, Any]:
    """What all of them saw."""
    return {"sinks": [_arrivals(sink) for sink in sinks]}


def _arrivals(sink: RtmpSink) -> list[tuple[float, int]]:
    return [(item.at, item.checksum) for c in sink.connections for item in c.frames(Type.VIDEO)]


async def serve(count: int) -> None:
    """Serve until stdin ends."""
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with AsyncExitStack() as stack:
        sinks = [await stack.enter_async_context(rtmp_sink()) for _ in range(count)]
        print(json.dumps({"urls": [sink.url() for sink in sinks]}), flush=True)
        while line := (await lines.readline()).decode().strip():
            known = line == "report"
            print(json.dumps(report(sinks) if known else {"error": "not understood"}), flush=True)


def main() -> None:
    """Read the options, and serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sinks", type=int, default=1)
    asyncio.run(serve(parser.parse_args().sinks))


if __name__ == "__main__":
    main()
