"""What it costs to take a publisher at 6 Mbit/s in, when it cuts its media into chunks of 128 bytes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from spiritstream.media.flv import FlvReader
from spiritstream.rtmp.chunks import ChunkReader, ChunkWriter
from tests.bench.figures import Figure
from tests.bench.household import Cost, cost_of
from tests.bench.lab import Lab
from tests.bench.native import family, show_of
from tests.bench.platforms import platforms
from tests.bench.publishers import Writes, ffmpeg_publisher, own_publisher
from tests.bench.show import Show

CHUNK_BYTES = 128
CPU_LIMIT_PERCENT = 4.0
CHUNK_LIMIT_US = 2.0
_SETTLE_S = 3.0
_HEADROOM_S = 15.0
# How much one read brings: a packet, a frame, and what has come together while nobody read.
_READS = (1_448, 25_000, 65_536)
_MICRO_MEDIA_S = 10.0
_REPEATS = 9
_FFMPEG = "ffmpeg as publisher"


def measure(lab: Lab) -> list[Figure]:
    """The runner with its ingest and one target, as it runs for nobody; then the chunk reader alone."""
    source = lab.media(lab.seconds + _HEADROOM_S)
    found: dict[str, list[Cost]] = {"a write each message": [], "a write each chunk": []}
    for _ in range(lab.rounds):
        for each_chunk, costs in zip((False, True), found.values(), strict=True):
            costs.append(_own(lab, source, Writes(CHUNK_BYTES, each_chunk)))
    found[_FFMPEG] = [_ffmpeg(lab, source)]
    return [*_figures(found), *_reader(lab.media(_MICRO_MEDIA_S))]


def _figures(found: dict[str, list[Cost]]) -> Iterator[Figure]:
    for name, costs in found.items():
        percent = tuple(cost.percent for cost in costs)
        if name == _FFMPEG:
            note = "it takes over the chunk size that our side announces"
            yield Figure(f"ingest, {name}: of a core", percent, "%", note=note)
        else:
            title = f"ingest, {CHUNK_BYTES}-byte chunks, {name}: of a core"
            yield Figure(title, percent, "%", limit=CPU_LIMIT_PERCENT)
        yield Figure("  wakes", tuple(cost.wakes_per_s for cost in costs), "/s")


def _own(lab: Lab, source: Path, writes: Writes) -> Cost:
    with platforms(1, media=False) as sinks, show_of(lab, sinks.urls) as (show, at):
        at.wait_open()
        with own_publisher(source, at.url, writes) as publisher:
            return _taking_in(lab, show, sinks.pid, publisher.pid)


def _ffmpeg(lab: Lab, source: Path) -> Cost:
    with (
        platforms(1, media=False) as sinks,
        show_of(lab, sinks.urls) as (show, at),
        ffmpeg_publisher(lab.ffmpeg, source, at) as publisher,
    ):
        return _taking_in(lab, show, sinks.pid, publisher)


def _taking_in(lab: Lab, show: Show, *strangers: int) -> Cost:
    show.wait_live()
    time.sleep(_SETTLE_S)
    return cost_of(family(show, *strangers), lab.seconds)


def _reader(source: Path) -> Iterator[Figure]:
    stream, chunks = chunked(source.read_bytes())
    for size in _READS:
        pieces = [stream[n : n + size] for n in range(0, len(stream), size)]
        values = tuple(1e6 * _took_s(pieces) / chunks for _ in range(_REPEATS))
        name = f"chunk reader alone, {size} bytes a read"
        yield Figure(name, values, "µs", limit=CHUNK_LIMIT_US, note="a chunk of 128 bytes")


def chunked(flv: bytes) -> tuple[bytes, int]:
    """A FLV file's media as a publisher sends it in chunks of 128 bytes; and how many there are."""
    writer = ChunkWriter()
    parts = [
        writer.write(tag.kind, tag.raw[11:-4], time_ms=tag.time_ms, stream_id=1, csid=tag.kind)
        for tag in FlvReader().feed(flv)
    ]
    return b"".join(piece for part in parts for piece in part), sum(len(part) // 2 for part in parts)


def _took_s(pieces: list[bytes]) -> float:
    reader = ChunkReader()
    began = time.process_time()
    for piece in pieces:
        reader.feed(piece)
    return time.process_time() - began
