"""The sending side: what a server hears from us, and what its answers become."""

from __future__ import annotations

import pytest

from spiritstream.rtmp.amf import Value, decode, encode
from spiritstream.rtmp.chunks import ChunkReader, ChunkWriter, Message
from spiritstream.rtmp.client import ClientSession
from spiritstream.rtmp.events import (
    Acknowledged,
    ClientEvent,
    Connected,
    Ended,
    Media,
    Pong,
    Publish,
    Publishing,
    Redirected,
    Refused,
    Unpublished,
)
from spiritstream.rtmp.faults import RtmpError
from spiritstream.rtmp.handshake import ServerHandshake
from spiritstream.rtmp.messages import Control, Kind, pack_control, pack_number
from spiritstream.rtmp.server import ServerSession
from spiritstream.rtmp.shared import CHUNK_BYTES
from spiritstream.secret import Secret

NOISE = bytes(range(256)) * 6
KEY = "s3cret-key?part=1"


def make_client(*, publish: bool = True, fourccs: tuple[str, ...] = ()) -> ClientSession:
    """A client for a server that is not there."""
    return ClientSession(
        app="live",
        tc_url="rtmp://there/live",
        key=Secret(KEY),
        noise=NOISE,
        publish=publish,
        fourccs=fourccs,
    )


class Server:
    """A server, answer by answer, against a client."""

    def __init__(self, client: ClientSession) -> None:
        self.client = client
        self._writer = ChunkWriter()
        self._reader = ChunkReader()
        self.heard: list[Message] = []
        hands = ServerHandshake(NOISE)
        client.start()
        client.feed(hands.feed(client.outgoing()))
        hands.feed(client.outgoing())
        assert hands.done
        self.heard += self._reader.feed(hands.rest)

    def send(self, kind: int, body: bytes) -> list[ClientEvent]:
        """One message; what the client says to it is heard."""
        events = self.client.feed(b"".join(self._writer.write(kind, body)))
        self.hear(self.client.outgoing())
        return events

    def hear(self, data: bytes) -> None:
        """Take what the client sends."""
        self.heard += self._reader.feed(data)

    def say(self, *values: Value) -> list[ClientEvent]:
        """One command."""
        return self.send(Kind.COMMAND, encode(*values))

    def status(self, code: str, level: str = "status", description: str = "") -> list[ClientEvent]:
        """One `onStatus`."""
        return self.say("onStatus", 0.0, None, {"level": level, "code": code, "description": description})

    def let_in(self) -> list[ClientEvent]:
        """From connect to publish."""
        events = self.say("_result", 1.0, {}, {"code": "NetConnection.Connect.Success"})
        events += self.say("_result", 4.0, None, 7.0)
        return events + self.status("NetStream.Publish.Start")

    def commands(self) -> list[list[Value]]:
        """The client's commands so far."""
        return [decode(message.body) for message in self.heard if message.kind == Kind.COMMAND]


@pytest.fixture
def server() -> Server:
    """A server to which a client has said connect."""
    return Server(make_client())


def test_two_of_ours_understand_each_other() -> None:
    """From the handshake to the goodbye; the key arrives to the byte, its query apart."""
    client, server = make_client(), ServerSession(NOISE)
    client.start()
    events: list[object] = []
    for _ in range(8):
        for event in server.feed(client.outgoing()):
            events.append(event)
            if isinstance(event, Publish):
                server.accept()
        events += client.feed(server.outgoing())
    assert [Connected(), Publish("live", "s3cret-key", "part=1"), Publishing()] == events
    body = encode("onMetaData") + encode({"width": 16.0})
    assert [Media(Kind.DATA, 5, body)] == server.feed(b"".join(client.media(Kind.DATA, 5, body)))
    assert [Unpublished()] == server.feed(client.leave())


def test_what_a_server_hears_in_which_order(server: Server) -> None:
    """connect alone first; then chunk size, releaseStream, FCPublish, createStream; then publish."""
    assert ["connect", 1.0] == server.commands()[0][:2]
    assert [Connected(), Publishing()] == server.let_in()
    assert [
        ["connect", 1.0],
        ["releaseStream", 2.0],
        ["FCPublish", 3.0],
        ["createStream", 4.0],
        ["publish", 5.0],
    ] == [command[:2] for command in server.commands()]
    assert [5.0, None, KEY, "live"] == server.commands()[-1][1:]
    assert 7 == server.heard[-1].stream_id


def test_connect_says_where_and_no_key(server: Server) -> None:
    """The app, and the address without the key."""
    about = server.commands()[0][2]
    assert isinstance(about, dict)
    assert ("live", "rtmp://there/live", "nonprivate") == (about["app"], about["tcUrl"], about["type"])
    assert KEY not in str(about)
    assert "fourCcList" not in about


def test_codecs_by_fourcc_are_named_when_they_will_come() -> None:
    """A server may refuse what it was not told of."""
    about = Server(make_client(fourccs=("hvc1",))).commands()[0][2]
    assert isinstance(about, dict)
    assert ["hvc1"] == about["fourCcList"]


def test_a_look_publishes_nothing() -> None:
    """Connected, and not a word more."""
    server = Server(make_client(publish=False))
    assert [Connected()] == server.say("_result", 1.0, {}, {})
    assert ["connect"] == [command[0] for command in server.commands()]


def test_media_goes_out_without_a_copy(server: Server) -> None:
    """The buffers are views of the tag's own bytes, one chunk long where it fits."""
    server.let_in()
    body = memoryview(bytes(CHUNK_BYTES + 10))
    _, first, _, second = server.client.media(Kind.VIDEO, 40, body)
    assert isinstance(first, memoryview) and isinstance(second, memoryview)
    assert [CHUNK_BYTES, 10] == [len(first), len(second)]
    assert first.obj is body.obj is second.obj


@pytest.mark.parametrize("time_ms", [0, 0xFFFFFE, 0xFFFFFF, 0x1000000, 0xFFFFFFFF, 1 << 32, (1 << 33) + 5])
def test_the_clock_goes_out_modulo_2_to_the_32(server: Server, time_ms: int) -> None:
    """The wire has 32 bits; whoever reads them sees the clock wrap."""
    server.let_in()
    server.hear(b"".join(server.client.media(Kind.VIDEO, time_ms, b"\x17\x01")))
    assert time_ms % (1 << 32) == server.heard[-1].time_ms


def test_metadata_is_asked_to_be_kept(server: Server) -> None:
    """onMetaData goes out behind @setDataFrame; other data as it is."""
    server.let_in()
    metadata, text = encode("onMetaData") + encode({}), encode("onTextData") + encode({})
    for body in (metadata, text):
        server.hear(b"".join(server.client.media(Kind.DATA, 0, body)))
    assert [encode("@setDataFrame") + metadata, text] == [message.body for message in server.heard[-2:]]


def test_a_goodbye_is_said_once_published(server: Server) -> None:
    """FCUnpublish and deleteStream with the stream's number; what the server answers is no fault."""
    server.let_in()
    server.hear(server.client.leave())
    assert [["FCUnpublish", 6.0, None, KEY], ["deleteStream", 0.0, None, 7.0]] == server.commands()[-2:]
    assert [] == server.status("NetStream.Unpublish.Success")


def test_no_goodbye_where_nothing_was_published(server: Server) -> None:
    """There is nothing to end."""
    assert b"" == server.client.leave()


REFUSALS: dict[str, tuple[tuple[Value, ...], Refused | Redirected]] = {
    "connect": (
        (
            "_error",
            1.0,
            None,
            {"level": "error", "code": "NetConnection.Connect.Rejected", "description": "no"},
        ),
        Refused("connect", "NetConnection.Connect.Rejected", "no"),
    ),
    "without a word": (("_error", 1.0), Refused("connect", "", "")),
    "with odd types": (
        ("_error", 1.0, None, {"code": 5.0, "description": None}),
        Refused("connect", "", ""),
    ),
    "by status": (
        ("onStatus", 0.0, None, {"level": "error", "code": "NetConnection.Connect.InvalidApp"}),
        Refused("connect", "NetConnection.Connect.InvalidApp", ""),
    ),
    "close": (("close", 0.0, None), Refused("connect", "close", "")),
    "the key repeated": (
        ("_error", 1.0, None, {"code": "x", "description": f"bad {KEY}\r\n{KEY}!"}),
        Refused("connect", "x", "bad ***  ***!"),
    ),
    "long": (
        ("_error", 1.0, None, {"code": "x", "description": "y" * 5000}),
        Refused("connect", "x", "y" * 300),
    ),
    "redirect": (
        (
            "_error",
            1.0,
            None,
            {
                "level": "error",
                "code": "NetConnection.Connect.Rejected",
                "ex": {"code": 302.0, "redirect": "rtmp://other/live"},
            },
        ),
        Redirected("rtmp://other/live"),
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_in_every_form(server: Server, name: str) -> None:
    """What the server says is told as it is, in one short line without the key."""
    words, expected = REFUSALS[name]
    assert [expected] == server.say(*words)


def test_a_refused_stream_and_a_refused_key(server: Server) -> None:
    """The step that was refused is named."""
    server.say("_result", 1.0, {}, {})
    assert [Refused("createStream", "x", "")] == server.say("_error", 4.0, None, {"code": "x"})
    server.say("_result", 4.0, None, 1.0)
    refused = server.status("NetStream.Publish.BadName", "error", "taken")
    assert [Refused("publish", "NetStream.Publish.BadName", "taken")] == refused


def test_servers_that_know_no_release_are_fine(server: Server) -> None:
    """releaseStream and FCPublish may be unknown; only what counts counts."""
    server.say("_result", 1.0, {}, {})
    assert [] == server.say("_error", 2.0, None, {"code": "NetConnection.Call.Failed"})
    assert [] == server.say("_error", 3.0, None, {"code": "NetConnection.Call.Failed"})


@pytest.mark.parametrize(
    ("code", "level"),
    [("NetStream.Publish.Failed", "error"), ("NetStream.Unpublish.Success", "status"), ("X", "error")],
)
def test_a_stream_that_the_server_ends(server: Server, code: str, level: str) -> None:
    """After it was taken it is an end, no refusal."""
    server.let_in()
    assert [Ended(code, "why")] == server.status(code, level, "why")


def test_remarks_are_not_ends(server: Server) -> None:
    """Servers remark this and that while all is well."""
    server.let_in()
    assert [] == server.status("NetStream.Data.Start")
    assert [] == server.say("onBWDone", 0.0, None, 8192.0)
    assert [] == server.send(Kind.DATA, encode("|RtmpSampleAccess", False, False))


def test_acknowledgements_and_pings(server: Server) -> None:
    """What the server has read, and that it lives, are told; its own pings are answered."""
    server.let_in()
    assert [Acknowledged(9)] == server.send(Kind.ACKNOWLEDGEMENT, pack_number(9))
    server.hear(server.client.ping(3))
    assert pack_control(Control.PING_REQUEST, 3) == server.heard[-1].body
    assert [Pong(3)] == server.send(Kind.USER_CONTROL, pack_control(Control.PING_RESPONSE, 3))
    server.send(Kind.USER_CONTROL, pack_control(Control.PING_REQUEST, 8))
    assert pack_control(Control.PING_RESPONSE, 8) == server.heard[-1].body


@pytest.mark.parametrize("number", [None, -1.0, float("nan"), float(1 << 32), "1"])
def test_a_stream_needs_a_number(server: Server, number: Value) -> None:
    """A server that gives none breaks the protocol."""
    server.say("_result", 1.0, {}, {})
    with pytest.raises(RtmpError):
        server.say("_result", 4.0, None, number)


def test_garbage_from_a_server(server: Server) -> None:
    """It is one kind of error, as from a publisher."""
    with pytest.raises(RtmpError):
        server.send(Kind.COMMAND, b"\x99")
