"""The receiving side of one connection: a peer that wants to publish to us. Pure: bytes in, events out.

Source: Adobe, "Real-Time Messaging Protocol" 1.0, sections 7.2.1 (NetConnection) and 7.2.2 (NetStream);
Veovera, "Enhanced RTMP" v2 (what a server answers to offered codecs).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum, auto

from spiritstream.rtmp.amf import Value, decode_leading, encode
from spiritstream.rtmp.chunks import Message
from spiritstream.rtmp.events import Event, Media, PlayRefused, Publish, Unpublished
from spiritstream.rtmp.faults import RtmpError
from spiritstream.rtmp.handshake import ServerHandshake
from spiritstream.rtmp.link import DEFAULT_WINDOW_BYTES, Link
from spiritstream.rtmp.messages import (
    Control,
    Kind,
    pack_number,
    pack_peer_bandwidth,
    split_aggregate,
    without_amf3,
)

MAX_COMMAND_BYTES = 64 * 1024
# A publisher's way to `publish` is a kilobyte or two; what comes with it in one read is a little more.
MAX_REPLAY_BYTES = 256 * 1024
# On its way to `publish` an encoder sends about ten.
MAX_STRANGER_MESSAGES = 256
_ANSWER_CHUNK_BYTES = 4096
_STREAM_ID = 1
_SET_DATA_FRAME = encode("@setDataFrame")
_CLEAR_DATA_FRAME = encode("@clearDataFrame")
_CAN_FORWARD = 4.0  # Enhanced RTMP v2, FourCcInfoMask: passed on, neither encoded nor decoded here


class _Stage(Enum):
    CONNECTING = auto()
    CONNECTED = auto()
    ASKING = auto()  # its publish waits for our answer
    PUBLISHING = auto()
    LEFT = auto()  # it has said goodbye, and may publish again


class ServerSession:
    """One publisher's connection, from the first byte of the handshake on."""

    def __init__(self, noise: bytes) -> None:
        """`noise`: at least 1536 random bytes."""
        self._handshake: ServerHandshake | None = ServerHandshake(noise)
        self._begin()

    def _begin(self) -> None:
        self._greeting = b""
        self._link = Link(MAX_STRANGER_MESSAGES)
        self._stage = _Stage.CONNECTING
        self._app = ""
        self._stream_id = _STREAM_ID
        self._replay: bytearray | None = bytearray()

    @classmethod
    def resumed(cls, replay: bytes) -> tuple[ServerSession, list[Event]]:
        """The session that another process led up to `publish`; what it has answered is not said again.

        Raises:
            RtmpError: the bytes are not what that process took.
        """
        session = cls.__new__(cls)
        session._handshake = None
        session._begin()
        events = session.feed(replay)
        session.outgoing()
        return session, events

    @property
    def greeted(self) -> bool:
        """Whether the handshake is over."""
        return self._handshake is None

    @property
    def replay(self) -> bytes:
        """Every byte after the handshake until the answer to `publish`: holds the key."""
        return bytes(self._replay or b"")

    def feed(self, data: bytes) -> list[Event]:
        """What `data` tells.

        Raises:
            RtmpError: the peer breaks the protocol or one of our bounds; drop it.
        """
        if self._handshake is not None:
            self._greeting += self._handshake.feed(data)
            if not self._handshake.done:
                return []
            data, self._handshake = self._handshake.rest, None
        if self._replay is not None:
            self._remember(data)
        events: list[Event] = []
        for news in self._link.take(data):
            if not isinstance(news, Message):
                events.append(news)
            elif news.kind == Kind.AGGREGATE:
                for part in split_aggregate(news):
                    events += self._message(part)
            else:
                events += self._message(news)
        return events

    def _remember(self, data: bytes) -> None:
        assert self._replay is not None
        self._replay += data
        if len(self._replay) > MAX_REPLAY_BYTES:
            raise RtmpError("it sends much and publishes nothing")

    def outgoing(self) -> bytes:
        """What is to be sent now; it is handed out once."""
        greeting, self._greeting = self._greeting, b""
        return greeting + self._link.outgoing()

    def ping(self, token: int) -> None:
        """Ask for a sign of life; a `Pong` with the low 32 bits of `token` answers."""
        self._link.user_control(Control.PING_REQUEST, token)

    def accept(self) -> None:
        """Let the peer publish."""
        self._answered(_Stage.PUBLISHING)
        self._link.trust()
        self._link.user_control(Control.STREAM_BEGIN, self._stream_id)
        self._status("status", "NetStream.Publish.Start", "go ahead")

    def refuse(
        self,
        code: str = "NetStream.Publish.BadName",
        description: str = "this stream name may not publish here",
    ) -> None:
        """Tell the peer no."""
        self._answered(_Stage.CONNECTED)
        self._status("error", code, description)

    def _answered(self, stage: _Stage) -> None:
        if self._stage is not _Stage.ASKING:
            raise ValueError("there is no publish to answer")
        self._stage = stage
        self._replay = None

    def _message(self, message: Message) -> Iterator[Event]:
        message = without_amf3(message)
        if message.kind in (Kind.AUDIO, Kind.VIDEO):
            yield from self._media(message.kind, message.time_ms, message.body)
        elif message.kind == Kind.DATA:
            body = message.body.removeprefix(_SET_DATA_FRAME)
            if body and not body.startswith(_CLEAR_DATA_FRAME):
                yield from self._media(Kind.DATA, message.time_ms, body)
        elif message.kind == Kind.COMMAND:
            yield from self._command(message)
        # Shared objects and what else there may be are none of a publisher's business.

    def _media(self, kind: int, time_ms: int, body: bytes) -> Iterator[Media]:
        if self._stage in (_Stage.ASKING, _Stage.PUBLISHING):
            yield Media(kind, time_ms, body)
        elif self._stage is not _Stage.LEFT:  # sound and picture may say goodbye at different times
            raise RtmpError("it sends media before it publishes")

    def _command(self, message: Message) -> Iterator[Event]:
        if len(message.body) > MAX_COMMAND_BYTES:
            raise RtmpError("a command is far too long")
        match decode_leading(message.body):
            case [str(name), float(transaction), *rest]:
                handler = _COMMANDS.get(name)
                if handler is not None:
                    yield from handler(self, transaction, rest, message.stream_id)
            case [str(), *_]:
                pass  # an answer without a number is an answer to nothing that we asked
            case _:
                raise RtmpError("a command has no name")

    def _connect(self, transaction: float, rest: list[Value], _stream: int) -> Iterator[Event]:
        about = rest[0] if rest and isinstance(rest[0], dict) else {}
        app = about.get("app")
        if self._stage is not _Stage.CONNECTING or not isinstance(app, str):
            raise RtmpError("it connects without an app, or twice")
        self._app = app.partition("?")[0].strip("/")
        self._stage = _Stage.CONNECTED
        self._link.control(Kind.WINDOW_SIZE, pack_number(DEFAULT_WINDOW_BYTES))
        self._link.control(Kind.PEER_BANDWIDTH, pack_peer_bandwidth(DEFAULT_WINDOW_BYTES))
        self._link.set_chunk_bytes(_ANSWER_CHUNK_BYTES)
        properties: dict[str, Value] = {"fmsVer": "FMS/3,5,7,7009", "capabilities": 31.0}
        information: dict[str, Value] = {
            "level": "status",
            "code": "NetConnection.Connect.Success",
            "description": "connected",
            "objectEncoding": 0.0,
        }
        self._link.command(encode("_result", transaction, properties | _enhanced_answer(about), information))
        return iter(())

    def _acknowledge(self, transaction: float, _rest: list[Value], _stream: int) -> Iterator[Event]:
        """What encoders send for servers of another age: agreed."""
        if transaction:
            self._link.command(encode("_result", transaction, None))
        return iter(())

    def _create_stream(self, transaction: float, _rest: list[Value], _stream: int) -> Iterator[Event]:
        self._link.command(encode("_result", transaction, None, float(_STREAM_ID)))
        return iter(())

    def _publish(self, _transaction: float, rest: list[Value], stream: int) -> Iterator[Event]:
        name = rest[1] if len(rest) > 1 else None
        if self._stage not in (_Stage.CONNECTED, _Stage.LEFT) or not isinstance(name, str):
            raise RtmpError("it publishes before it connects, twice, or without a name")
        self._stage = _Stage.ASKING
        self._stream_id = stream or _STREAM_ID
        if self._replay is None:
            self._replay = bytearray()  # it published before, and asks anew: nobody resumes from here
        name, _, query = name.partition("?")
        yield Publish(self._app, name, query)

    def _play(self, _transaction: float, _rest: list[Value], stream: int) -> Iterator[Event]:
        self._stream_id = stream or _STREAM_ID
        self._status("error", "NetStream.Play.Failed", "nothing is played here")
        yield PlayRefused(self._app)

    def _leave(self, _transaction: float, _rest: list[Value], _stream: int) -> Iterator[Event]:
        if self._stage is _Stage.PUBLISHING:
            self._stage = _Stage.LEFT
            self._status("status", "NetStream.Unpublish.Success", "until next time")
            yield Unpublished()

    def _status(self, level: str, code: str, description: str) -> None:
        information: dict[str, Value] = {"level": level, "code": code, "description": description}
        self._link.command(encode("onStatus", 0.0, None, information), stream_id=self._stream_id, csid=5)


def _enhanced_answer(about: dict[str, Value]) -> dict[str, Value]:
    """To a peer that offers codecs by FourCC: those that it named, since all of them only pass through.

    No other ability of Enhanced RTMP (multitrack, reconnect requests, nanoseconds) is claimed.
    """
    answer: dict[str, Value] = {}
    offered = about.get("fourCcList")
    if isinstance(offered, list):
        answer["fourCcList"] = [name for name in offered if isinstance(name, str)]
    for field in ("videoFourCcInfoMap", "audioFourCcInfoMap"):
        named = about.get(field)
        if isinstance(named, dict):
            answer[field] = dict.fromkeys(named, _CAN_FORWARD)
    if "capsEx" in about:
        answer["capsEx"] = 0.0
    return answer


_Handler = Callable[[ServerSession, float, list[Value], int], Iterator[Event]]
_COMMANDS: dict[str, _Handler] = {
    "connect": ServerSession._connect,
    "releaseStream": ServerSession._acknowledge,
    "FCPublish": ServerSession._acknowledge,
    "createStream": ServerSession._create_stream,
    "publish": ServerSession._publish,
    "play": ServerSession._play,
    "play2": ServerSession._play,
    "FCUnpublish": ServerSession._leave,
    "closeStream": ServerSession._leave,
    "deleteStream": ServerSession._leave,
}
