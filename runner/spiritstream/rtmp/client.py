"""The sending side of one connection: we publish. Pure: bytes in, events out.

Source: Adobe, "Real-Time Messaging Protocol" 1.0, sections 7.2.1 (NetConnection) and 7.2.2 (NetStream).
"""

from __future__ import annotations

from collections.abc import Sequence

from spiritstream.rtmp.amf import Value, decode_leading, encode
from spiritstream.rtmp.chunks import Message
from spiritstream.rtmp.events import (
    Acknowledged,
    ClientEvent,
    Connected,
    Ended,
    Pong,
    Publishing,
    Redirected,
    Refused,
)
from spiritstream.rtmp.faults import RtmpError
from spiritstream.rtmp.handshake import ClientHandshake
from spiritstream.rtmp.link import Link
from spiritstream.rtmp.messages import Control, Kind, without_amf3
from spiritstream.rtmp.shared import CHUNK_BYTES, Step, elsewhere, step_of, write_media
from spiritstream.secret import Secret, scrub

_CONNECT, _RELEASE, _PREPARE, _CREATE, _PUBLISH, _UNPREPARE = 1.0, 2.0, 3.0, 4.0, 5.0, 6.0
_STEPS = {_CONNECT: "connect", _CREATE: "createStream", _PUBLISH: "publish"}
_LONGEST_TEXT = 300


class ClientSession:
    """One publication: handshake, connect, createStream, publish, then media."""

    def __init__(
        self,
        *,
        app: str,
        tc_url: str,
        key: Secret,
        noise: bytes,
        publish: bool = True,
        chunk_bytes: int = CHUNK_BYTES,
        fourccs: Sequence[str] = (),
    ) -> None:
        """`tc_url` is the address without the key; `noise` at least 1536 random bytes; `publish=False`
        stops once connected; `fourccs` are the Enhanced RTMP codecs that will be sent.
        """
        self._handshake: ClientHandshake | None = ClientHandshake(noise)
        self._greeting = b""
        self._link = Link()
        self._app, self._tc_url, self._key = app, tc_url, key
        self._publish = publish
        self._chunk_bytes = chunk_bytes
        self._fourccs = list(fourccs)
        self._stream_id = 0
        self._step = "connect"
        self._over = False

    @property
    def step(self) -> str:
        """What is under way: connect, createStream, publish, or `publishing` once media may go out."""
        return self._step

    def start(self) -> None:
        """Begin with the handshake."""
        assert self._handshake is not None
        self._greeting = self._handshake.start()

    def outgoing(self) -> bytes:
        """What is to be sent now; it is handed out once."""
        greeting, self._greeting = self._greeting, b""
        return greeting + self._link.outgoing()

    def feed(self, data: bytes) -> list[ClientEvent]:
        """What `data` tells.

        Raises:
            RtmpError: the server breaks the protocol.
        """
        if self._handshake is not None:
            self._greeting += self._handshake.feed(data)
            if not self._handshake.done:
                return []
            data, self._handshake = self._handshake.rest, None
            self._connect()
        events: list[ClientEvent] = []
        for news in self._link.take(data):
            if isinstance(news, Pong | Acknowledged):
                events.append(news)
            elif (event := self._message(news)) is not None:
                events.append(event)
        return events

    def media(self, kind: int, time_ms: int, body: bytes | memoryview) -> list[bytes | memoryview]:
        """The buffers that carry one tag's body; the body itself is not copied."""
        return write_media(self._link.writer, self._stream_id, kind, time_ms, body)

    def in_step(self, step: Step, later_ms: int) -> bool:
        """Whether shared media after `step` is what we would write; our clock began `later_ms` later."""
        return step_of(self._link.writer) == elsewhere(step, stream_id=self._stream_id, later_ms=later_ms)

    def went_on(self, step: Step, later_ms: int) -> None:
        """Shared media up to `step` has gone out, and from now on we write ourselves."""
        for csid, last in elsewhere(step, stream_id=self._stream_id, later_ms=later_ms).last.items():
            self._link.writer.went_on(csid, last)

    def leave(self) -> bytes:
        """The goodbye: the server knows that the stream is over, not merely lost."""
        if self._step == "publishing":
            self._named("FCUnpublish", _UNPREPARE)
            self._command("deleteStream", 0.0, None, float(self._stream_id))
        self._over = True
        return self.outgoing()

    def ping(self, token: int) -> bytes:
        """Ask for a sign of life; a `Pong` with the low 32 bits of `token` may answer."""
        self._link.user_control(Control.PING_REQUEST, token)
        return self.outgoing()

    def _connect(self) -> None:
        about: dict[str, Value] = {
            "app": self._app,
            "type": "nonprivate",
            "flashVer": "FMLE/3.0 (compatible; spiritstream)",
            "tcUrl": self._tc_url,
        }
        if self._fourccs:
            about["fourCcList"] = list(self._fourccs)
        self._command("connect", _CONNECT, about)

    def _command(self, *values: Value, stream_id: int = 0) -> None:
        self._link.command(encode(*values), stream_id=stream_id)

    def _named(self, command: str, transaction: float, *more: Value, stream_id: int = 0) -> None:
        """A command with the stream name: the one place where the key is revealed."""
        self._command(command, transaction, None, self._key.reveal(), *more, stream_id=stream_id)

    def _message(self, message: Message) -> ClientEvent | None:
        message = without_amf3(message)
        if message.kind != Kind.COMMAND:
            return None
        match decode_leading(message.body):
            case ["_result", float(transaction), *rest]:
                return self._result(transaction, rest)
            case ["_error", float(transaction), *rest]:
                return self._error(transaction, rest)
            case ["onStatus", _, *rest]:
                return self._status(rest)
            case ["close", *_]:
                return self._refused_or_ended("close", "")
            case [str(), *_]:
                return None
            case _:
                raise RtmpError("the server sent a command without a name")

    def _result(self, transaction: float, rest: list[Value]) -> ClientEvent | None:
        if transaction == _CONNECT and self._step == "connect":
            return self._connected()
        if transaction == _CREATE and self._step == "createStream":
            number = rest[-1] if rest else None
            if not isinstance(number, float) or not 0 <= number < 1 << 32:
                raise RtmpError("the server gave its stream no number")
            self._stream_id = int(number)
            self._step = "publish"
            self._named("publish", _PUBLISH, "live", stream_id=self._stream_id)
        return None

    def _connected(self) -> Connected:
        self._step = "connected"
        if self._publish:
            self._step = "createStream"
            self._link.set_chunk_bytes(self._chunk_bytes)
            # Servers of another age want to be warned of what is coming; the others ignore it.
            self._named("releaseStream", _RELEASE)
            self._named("FCPublish", _PREPARE)
            self._command("createStream", _CREATE, None)
        return Connected()

    def _error(self, transaction: float, rest: list[Value]) -> ClientEvent | None:
        step = _STEPS.get(transaction)
        if step is None or step != self._step:
            return None  # many servers know no releaseStream or FCPublish, and need not
        about = _information(rest)
        return self._redirected(about) or Refused(step, *self._texts(about))

    def _status(self, rest: list[Value]) -> ClientEvent | None:
        about = _information(rest)
        code, description = self._texts(about)
        if code == "NetStream.Publish.Start" and self._step == "publish":
            self._step = "publishing"
            return Publishing()
        if about.get("level") == "error" or code in _ENDS:
            return self._redirected(about) or self._refused_or_ended(code, description)
        return None

    def _refused_or_ended(self, code: str, description: str) -> ClientEvent | None:
        if self._over:
            return None
        if self._step == "publishing":
            return Ended(code, description)
        return Refused(self._step, code, description)

    def _redirected(self, about: dict[str, Value]) -> Redirected | None:
        """Flash Media Server's redirect: `ex: {code: 302, redirect: URL}` in the refusal."""
        more = about.get("ex")
        url = more.get("redirect") if isinstance(more, dict) else None
        return Redirected(self._said(url)) if isinstance(url, str) and url else None

    def _texts(self, about: dict[str, Value]) -> tuple[str, str]:
        return self._said(about.get("code")), self._said(about.get("description"))

    def _said(self, value: Value) -> str:
        """A server's text as it may be shown: one short line, without the key that it may repeat."""
        text = scrub(value, (self._key,))[:_LONGEST_TEXT] if isinstance(value, str) else ""
        return "".join(c if c.isprintable() else " " for c in text)


_ENDS = frozenset({"NetStream.Unpublish.Success", "NetConnection.Connect.Closed"})


def _information(rest: list[Value]) -> dict[str, Value]:
    """The last object of an answer: where level, code and description stand."""
    objects: list[dict[str, Value]] = [value for value in rest if isinstance(value, dict)]
    return objects[-1] if objects else {}
