"""The soak's platforms, good and bad, in a process of their own: `python -m tests.soak.platforms`.

The first line on stdout is `{"urls": {name: url, ...}}`. Then one answer for each line on stdin: `pause N`,
`resume N`, `stop N`, `start N`, `cut N` (N counts the names), and `ledgers` (answered `{name: ledger, ...}`).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack

from tests.live.serve_sinks import Commands
from tests.live.sinks import Behaviour, RtmpSink, rtmp_sink
from tests.soak.ledger import Ledger
from tests.soak.shows import ADDED, ENCODED, UNDISTURBED

# Each by name, with how it treats its visitors. The media comes at 2 Mbit/s.
_BEHAVIOURS = {
    UNDISTURBED: Behaviour(),
    "flapping": Behaviour(close_after=3_000_000),
    "stalling": Behaviour(),
    "slow": Behaviour(read_bps=1_200_000),
    ENCODED: Behaviour(),
    ADDED: Behaviour(),
}
_LOOK_S = 1.0


def behaviours(count: int) -> dict[str, Behaviour]:
    """`count` platforms by name: the usual ones, and as many good ones as are left."""
    more = range(1, count - len(_BEHAVIOURS) + 1)
    return _BEHAVIOURS | {f"steady{number:02}": Behaviour() for number in more}


async def serve(count: int) -> None:
    """Serve until stdin ends."""
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with AsyncExitStack() as stack:
        sinks: dict[str, RtmpSink] = {}
        for name, how in behaviours(count).items():
            platform = rtmp_sink(close_after=how.close_after, read_bps=how.read_bps)
            sinks[name] = await stack.enter_async_context(platform)
        ledgers = {name: Ledger() for name in sinks}
        looking = asyncio.create_task(_look(sinks, ledgers))
        commands = Commands(list(sinks.values()), with_media=False)
        print(json.dumps({"urls": {name: sink.url() for name, sink in sinks.items()}}), flush=True)
        while line := (await lines.readline()).decode():
            if line.strip() == "ledgers":
                answer = {name: ledger.data() for name, ledger in ledgers.items()}
            else:
                answer = await commands.do(line)
            print(json.dumps(answer), flush=True)
        looking.cancel()


async def _look(sinks: Mapping[str, RtmpSink], ledgers: Mapping[str, Ledger]) -> None:
    while True:
        await asyncio.sleep(_LOOK_S)
        for name, sink in sinks.items():
            ledgers[name].look(sink.connections)


def main() -> None:
    """Read the options, and serve."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--platforms", type=int, default=len(_BEHAVIOURS))
    asyncio.run(serve(parser.parse_args().platforms))


if __name__ == "__main__":
    main()
