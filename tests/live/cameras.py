"""A network camera: RTSP (RFC 2326) over TCP with a login, and MPEG-TS in RTP (RFC 2250) between its answers.

async with camera(path_of_ts, "viewer", "PASSWORD") as one:
    ...  # pull rtsp://127.0.0.1:{one.port}/stream1
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

_PAYLOAD_BYTES = 7 * 188
_MP2T = 33  # RFC 3551
_STEP_S = 0.02
_SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
    f"m=video 0 RTP/AVP {_MP2T}\r\na=rtpmap:{_MP2T} MP2T/90000\r\na=control:track1\r\n"
)


class Camera:
    """Plays a file of MPEG-TS, over and over, to everybody who knows the login."""

    def __init__(self, media: bytes, seconds: float, username: str, password: str) -> None:
        self._media = media
        self._bytes_per_s = len(media) / seconds
        self._login = "Basic " + b64encode(f"{username}:{password}".encode()).decode()
        self.port = 0
        self.refused = 0
        """Requests without the right login; every client's first is one."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client, until it leaves."""
        playing: asyncio.Task[None] | None = None
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    method, headers = await _request(reader)
                    writer.write(self._answer(method, headers).encode())
                    if method == "PLAY":
                        playing = asyncio.create_task(self._play(writer))
        finally:
            if playing:
                playing.cancel()
                await asyncio.gather(playing, return_exceptions=True)
            writer.close()

    def _answer(self, method: str, headers: dict[str, str]) -> str:
        common = f"CSeq: {headers.get('cseq', '0')}\r\n"
        if method != "OPTIONS" and headers.get("authorization") != self._login:
            self.refused += 1
            return f'RTSP/1.0 401 Unauthorized\r\n{common}WWW-Authenticate: Basic realm="camera"\r\n\r\n'
        more, body = {
            "OPTIONS": ("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n", ""),
            "DESCRIBE": (f"Content-Type: application/sdp\r\nContent-Length: {len(_SDP)}\r\n", _SDP),
            "SETUP": ("Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n", ""),
        }.get(method, ("Session: 1\r\n", ""))
        return f"RTSP/1.0 200 OK\r\n{common}{more}\r\n{body}"

    async def _play(self, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        start, sent, number = loop.time(), 0, 0
        with contextlib.suppress(ConnectionError):
            while True:
                while sent < (loop.time() - start) * self._bytes_per_s:
                    at = sent % len(self._media)
                    payload = self._media[at : at + _PAYLOAD_BYTES]
                    ticks = int((loop.time() - start) * 90_000) & 0xFFFFFFFF
                    packet = struct.pack("!BBHII", 0x80, _MP2T, number & 0xFFFF, ticks, 1) + payload
                    writer.write(struct.pack("!cBH", b"$", 0, len(packet)) + packet)
                    sent, number = sent + len(payload), number + 1
                await writer.drain()
                await asyncio.sleep(_STEP_S)


async def _request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str]]:
    """The next request; what the client sends of RTCP in between is passed over."""
    while (first := await reader.readexactly(1)) == b"$":
        _, length = struct.unpack("!BH", await reader.readexactly(3))
        await reader.readexactly(length)
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode()
    line, *rest = head.strip().split("\r\n")
    pairs = (header.partition(":") for header in rest)
    return line.split()[0], {name.lower(): value.strip() for name, _, value in pairs}


@contextlib.asynccontextmanager
async def camera(path: Path, seconds: float, username: str, password: str) -> AsyncIterator[Camera]:
    """A camera that plays a file of so many seconds."""
    one = Camera(path.read_bytes(), seconds, username, password)
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    try:
        yield one
    finally:
        server.close()
        await server.wait_closed()
