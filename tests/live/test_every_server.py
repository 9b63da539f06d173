"""Every server of every platform that is listed: the real program, real RTMP servers, their real names."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.live import namespaces
from tests.live.nginx import missing_module

VECTORS = Path(__file__).parents[1] / "vectors"
ROWS: list[dict[str, Any]] = json.loads((VECTORS / "servers.json").read_text(encoding="utf-8"))
SENT = [row for row in ROWS if "not_sent" not in row]
_FACTS: list[dict[str, Any]] = json.loads((VECTORS / "platforms.json").read_text(encoding="utf-8"))
APIS = sorted({urlsplit(p["ingest_lookup"]["url"]).hostname or "" for p in _FACTS if p["ingest_lookup"]})
_BOUND_S = 240


@pytest.fixture(autouse=True)
def _possible() -> None:
    """Said aloud where it is not: under CI=true that is a failure."""
    if reason := missing_module("rtmp") or missing_module("stream") or namespaces.missing():
        pytest.skip(reason)


def test_the_table_holds_every_server() -> None:
    """549 servers: 547 are sent to, and the two of YouTube's HLS are not, as they are no RTMP."""
    assert (549, 547) == (len(ROWS), len(SENT))
    unsent = [(row["platform"], row["not_sent"]) for row in ROWS if "not_sent" in row]
    assert [("youtube-hls", "HLS, which is uploaded over HTTPS")] * 2 == unsent
    listed = [(p["id"], s["name"], urlsplit(s["url"]).scheme) for p in _FACTS for s in p["servers"]]
    assert listed == [(row["platform"], row["server"], row.get("scheme", "https")) for row in ROWS]
    assert {"rtmp": 435, "rtmps": 112, None: 2} == Counter(row.get("scheme") for row in ROWS)


def one_of_each_shape() -> list[dict[str, Any]]:
    """The first server of each platform, and of each form of an address, on each port."""
    found = {}
    for row in reversed(SENT):
        form = (row["scheme"], row["port"], row["app"].count("/"), row["app"] == "", "?" in row["app"])
        found[row["platform"]] = found[form, row["name"]] = row
    return [row for row in SENT if row in found.values()]


@pytest.mark.parametrize(
    ("sender", "rows"),
    [
        pytest.param("native", SENT, id="native, every server"),
        # A process each: all of them would take a minute of two cores. What is left out has the same app,
        # name, scheme and port as one that is tried, on another host.
        pytest.param("ffmpeg", one_of_each_shape(), id="ffmpeg, one server of each platform and shape"),
    ],
)
async def test_what_arrives(
    sender: str, rows: list[dict[str, Any]], short_folder: Path, any_ffmpeg: str
) -> None:
    """Each server gets the app and the stream name that its table row says, byte for byte, on its own port,
    under its own name; the status shows the address without the key; no key is seen anywhere else.
    """
    answer = await in_namespaces(
        short_folder, {"sender": sender, "rows": rows, "apis": APIS, "ffmpeg": any_ffmpeg}
    )
    servers = [{k: row[k] for k in ("scheme", "host", "port", "app")} for row in rows]
    wanted = {
        f"t{n}": (server, row["name"]) for n, (server, row) in enumerate(zip(servers, rows, strict=True))
    }
    # A target that had to try twice is no fault here: but each time it must be the same.
    for found in answer["published"]:
        assert wanted[found["target"]] == (found["server"], found["name"]), found["target"]
    assert wanted.keys() == {found["target"] for found in answer["published"]}
    assert {str(server) for server in servers} == {str(server) for server in answer["connected"]}
    assert {f"t{n}": row["shown"] for n, row in enumerate(rows)} == answer["shown"]
    assert [] == answer["leaks"]
    assert [] == answer["refused"]
    assert all(row["shown"] in answer["told"] for row in rows), "as `spiritstream status` says it"


async def in_namespaces(folder: Path, order: dict[str, Any]) -> dict[str, Any]:
    """What `tests.live.every_server` says, in namespaces of its own."""
    path = folder / "order.json"
    path.write_text(json.dumps(order))
    process = await asyncio.create_subprocess_exec(
        *(*namespaces.COMMAND, "tests.live.every_server", str(path)),
        cwd=Path(__file__).parents[2],
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _, err = await asyncio.wait_for(process.communicate(), _BOUND_S)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    assert 0 == process.returncode, err.decode()
    found: dict[str, Any] = json.loads(path.with_name("answer.json").read_text())
    return found
