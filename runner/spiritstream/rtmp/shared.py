"""Media that several connections send alike, cut into chunks once. Pure.

A chunk header of type 1, 2 or 3 says how much later its message is than the one before on its chunk stream,
and names no message stream (RTMP 1.0, section 5.3.1.2). Connections that have sent the same message last go
on with the same bytes, whenever each of them began. Only a header of type 0 is each connection's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from spiritstream.rtmp.amf import encode
from spiritstream.rtmp.chunks import Buffer, ChunkWriter
from spiritstream.rtmp.headers import Outgoing
from spiritstream.rtmp.messages import Kind

# Of a keyframe or more, so that most messages are one chunk; common servers use and take as much.
CHUNK_BYTES = 60_000
_CSID = {Kind.AUDIO: 4, Kind.DATA: 4, Kind.VIDEO: 6}
_SET_DATA_FRAME = encode("@setDataFrame")
_ON_METADATA = encode("onMetaData")
_CLOCK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Step:
    """How far a writer has come: its chunk size, and the last message of each chunk stream of media."""

    chunk_bytes: int
    last: Mapping[int, Outgoing]


def step_of(writer: ChunkWriter) -> Step:
    """How far `writer` has come."""
    streams = {csid: last for csid in (4, 6) if (last := writer.last(csid)) is not None}
    return Step(writer.chunk_bytes, streams)


def elsewhere(step: Step, *, stream_id: int, later_ms: int) -> Step:
    """The same step on a connection whose clock began `later_ms` later, with its own message stream."""
    last = {
        csid: replace(last, stream_id=stream_id, time_ms=(last.time_ms - later_ms) & _CLOCK)
        for csid, last in step.last.items()
    }
    return Step(step.chunk_bytes, last)


def write_media(writer: ChunkWriter, stream_id: int, kind: int, time_ms: int, body: Buffer) -> list[Buffer]:
    """The buffers that carry one tag's body; the body itself is not copied."""
    if kind == Kind.DATA and bytes(body[: len(_ON_METADATA)]) == _ON_METADATA:
        body = _SET_DATA_FRAME + bytes(body)  # a server is asked to keep it for those who come later
    return writer.write(kind, body, time_ms=time_ms & _CLOCK, stream_id=stream_id, csid=_CSID[Kind(kind)])


class SharedMedia:
    """What is written here is what every connection in step with it sends."""

    def __init__(self) -> None:
        self._writer = ChunkWriter()
        self._writer.chunk_bytes = CHUNK_BYTES

    @property
    def step(self) -> Step:
        """How far it has come."""
        return step_of(self._writer)

    def write(self, tags: Iterable[tuple[int, int, Buffer]]) -> bytes | None:
        """The chunks of tags (kind, time, body); `None` if each connection must write them itself."""
        buffers: list[Buffer] = []
        same = True
        for kind, time_ms, body in tags:
            chunks = write_media(self._writer, 0, kind, time_ms, body)
            same = same and chunks[0][0] >> 6 != 0
            buffers += chunks
        return b"".join(buffers) if same else None
