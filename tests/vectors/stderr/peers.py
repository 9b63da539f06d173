"""Pretend servers on loopback, each a few lines, that fail in the ways that real ones do."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

Handler = Callable[[socket.socket], None]


def free_port(kind: int = socket.SOCK_STREAM) -> int:
    """A port that nobody uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def serve(handler: Handler) -> int:
    """Serve connections with `handler`, each in a daemon thread, until the script ends."""
    listener = socket.create_server(("127.0.0.1", 0))

    def one(peer: socket.socket) -> None:
        with suppress(OSError), peer:
            peer.settimeout(10)
            handler(peer)

    def loop() -> None:
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=one, args=(peer,), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    port: int = listener.getsockname()[1]
    return port


def silent(peer: socket.socket) -> None:
    """Take the connection and never say a word."""
    time.sleep(10)


def closes(peer: socket.socket) -> None:
    """Take the connection and leave."""


def chatter(peer: socket.socket) -> None:
    """Answer whatever comes with a line of another protocol, as a mail or web server would."""
    peer.recv(65536)
    peer.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def tls_with(certificate: Path) -> Handler:
    """A TLS server that shows this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def handler(peer: socket.socket) -> None:
        with context.wrap_socket(peer, server_side=True) as inner:
            inner.recv(4096)

    return handler


def http(status: str, header: str = "") -> Handler:
    """Answer every HTTP request with one status."""

    def handler(peer: socket.socket) -> None:
        peer.recv(65536)
        extra = f"{header}\r\n" if header else ""
        peer.sendall(f"HTTP/1.1 {status}\r\n{extra}Content-Length: 0\r\nConnection: close\r\n\r\n".encode())

    return handler


def cut_short(peer: socket.socket) -> None:
    """Promise a film of a megabyte, send an FLV header, leave."""
    peer.recv(65536)
    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nFLV\x01\x05\0\0\0\x09\0\0\0\0")


def hls(peer: socket.socket) -> None:
    """A playlist whose segments are gone."""
    segments = "".join(f"#EXTINF:2.0,\n{n}.ts\n" for n in range(3))
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n{segments}#EXT-X-ENDLIST\n"
    if b".m3u8" in peer.recv(65536):
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
        peer.sendall((head + text).encode())
    else:
        peer.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def rtsp(status: str) -> Handler:
    """Answer OPTIONS, and every other RTSP request with one status."""

    def handler(peer: socket.socket) -> None:
        while request := peer.recv(65536).decode():
            number = request.split("CSeq: ")[1].split("\r\n")[0]
            answer = "200 OK\r\nPublic: DESCRIBE, SETUP, PLAY" if request.startswith("OPTIONS") else status
            challenge = '\r\nWWW-Authenticate: Basic realm="camera"' if "401" in answer else ""
            peer.sendall(f"RTSP/1.0 {answer}\r\nCSeq: {number}{challenge}\r\n\r\n".encode())

    return handler


def _text(value: str) -> bytes:
    return b"\x02" + struct.pack(">H", len(value)) + value.encode()


def _number(value: float) -> bytes:
    return b"\x00" + struct.pack(">d", value)


def _object(**fields: str) -> bytes:
    body = b"".join(struct.pack(">H", len(k)) + k.encode() + _text(v) for k, v in fields.items())
    return b"\x03" + body + b"\x00\x00\x09"


def _command(name: str, number: float, *values: bytes) -> bytes:
    body = _text(name) + _number(number) + b"".join(values)
    chunks = [body[i : i + 128] for i in range(0, len(body), 128)]
    head = b"\x03" + b"\0\0\0" + len(body).to_bytes(3, "big") + b"\x14" + b"\0\0\0\0"
    return head + b"\xc3".join(chunks)


def _status(level: str, code: str, description: str) -> bytes:
    info = _object(level=level, code=code, description=description)
    return _command("onStatus", 0, b"\x05", info)


def _until(peer: socket.socket, word: bytes, seen: bytearray) -> None:
    while word not in seen:
        more = peer.recv(65536)
        if not more:
            raise OSError("the client left")
        seen += more


def rtmp(
    connect: tuple[str, str] | None = None,
    publish: tuple[str, str, str] | None = None,
    media_bytes: int = 0,
    reset: bool = False,
    stall: bool = False,
) -> Handler:
    """An RTMP server: refuse `connect` (code, description), or answer `publish` (level, code, description).

    Without a publish answer it closes at once. With one it takes so many bytes of media, then closes,
    with a TCP reset on request, or stops reading. It looks for words and parses nothing: enough to make
    ffmpeg talk.
    """

    def handler(peer: socket.socket) -> None:
        seen = bytearray()
        while len(seen) < 1537:
            seen += peer.recv(65536)
        hello = bytes(seen[:1537])
        peer.sendall(b"\x03" + bytes(1536) + hello[1:])
        _until(peer, b"connect", seen)
        if connect:
            info = _object(level="error", code=connect[0], description=connect[1])
            peer.sendall(_command("_error", 1, b"\x05", info))
            time.sleep(0.5)
            return
        answer = _object(level="status", code="NetConnection.Connect.Success")
        peer.sendall(_command("_result", 1, _object(fmsVer="FMS/3,0,1,123"), answer))
        _until(peer, b"createStream", seen)
        # ffmpeg numbers its calls: connect 1, releaseStream 2, FCPublish 3, createStream 4.
        peer.sendall(_command("_result", 4, b"\x05", _number(1)))
        seen.clear()
        _until(peer, b"publish", seen)
        if not publish:
            return
        peer.sendall(_status(*publish))
        left = media_bytes
        while left > 0 and (got := len(peer.recv(65536))):
            left -= got
        if stall:
            time.sleep(10)
        if reset:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif publish[0] == "error":
            time.sleep(0.5)

    return handler
