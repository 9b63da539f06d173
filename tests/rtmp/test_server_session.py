"""The receiving side: who may publish, and what a peer can do to us."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.rtmp.amf import Value, decode, encode
from spiritstream.rtmp.chunks import ChunkReader, ChunkWriter, Message
from spiritstream.rtmp.events import Event, Media, PlayRefused, Pong, Publish, Unpublished
from spiritstream.rtmp.faults import RtmpError
from spiritstream.rtmp.handshake import ClientHandshake
from spiritstream.rtmp.messages import Control, Kind, pack_control, pack_number, unpack_number
from spiritstream.rtmp.server import MAX_COMMAND_BYTES, MAX_REPLAY_BYTES, MAX_STRANGER_MESSAGES, ServerSession

NOISE = bytes(range(256)) * 6
KEY = "s3cret-key"
METADATA = encode("onMetaData") + encode({"width": 1280.0})


class Peer:
    """An encoder, message by message, against a session."""

    def __init__(self) -> None:
        self.session = ServerSession(NOISE)
        self.writer = ChunkWriter()
        self._reader = ChunkReader()
        self._handshake = ClientHandshake(NOISE)
        self.heard: list[Message] = []

    def greet(self) -> None:
        """Shake hands."""
        self.session.feed(self._handshake.start())
        answer = self._handshake.feed(self.session.outgoing())
        self.session.feed(answer)
        assert self._handshake.done and self.session.greeted

    def send(self, kind: int, body: bytes, *, time_ms: int = 0, stream_id: int = 0) -> list[Event]:
        """One message; what the session says is heard."""
        data = b"".join(self.writer.write(kind, body, time_ms=time_ms, stream_id=stream_id))
        events = self.session.feed(data)
        self.listen()
        return events

    def listen(self) -> None:
        """Hear what the session has to say."""
        self.heard += self._reader.feed(self.session.outgoing())

    def call(self, *values: Value, stream_id: int = 0) -> list[Event]:
        """One command."""
        return self.send(Kind.COMMAND, encode(*values), stream_id=stream_id)

    def connect(self, app: str = "live", **more: Value) -> list[Event]:
        """The first command."""
        return self.call("connect", 1.0, {"app": app, "tcUrl": f"rtmp://here/{app}", **more})

    def publish(self, name: str = KEY) -> list[Event]:
        """From `createStream` to `publish`."""
        self.call("createStream", 4.0, None)
        return self.call("publish", 5.0, None, name, "live", stream_id=1)

    def commands(self) -> list[list[Value]]:
        """The session's commands so far."""
        return [decode(message.body) for message in self.heard if message.kind == Kind.COMMAND]

    def statuses(self) -> list[object]:
        """The codes of the `onStatus` commands so far."""
        found = [command[3] for command in self.commands() if command[0] == "onStatus"]
        return [about["code"] for about in found if isinstance(about, dict)]


@pytest.fixture
def peer() -> Peer:
    """An encoder that has shaken hands."""
    peer = Peer()
    peer.greet()
    return peer


@pytest.fixture
def publisher(peer: Peer) -> Peer:
    """An encoder that was let in."""
    peer.connect()
    peer.publish()
    peer.session.accept()
    peer.listen()
    return peer


def test_a_publisher_gets_in_step_by_step(peer: Peer) -> None:
    """connect, releaseStream, FCPublish, createStream, publish: each is answered, then media flows."""
    assert [] == peer.connect()
    assert [] == peer.call("releaseStream", 2.0, None, KEY)
    assert [] == peer.call("FCPublish", 3.0, None, KEY)
    assert [Publish("live", KEY)] == peer.publish()
    peer.session.accept()
    peer.listen()
    answers = [command[:2] for command in peer.commands()]
    assert [
        ["_result", 1.0],
        ["_result", 2.0],
        ["_result", 3.0],
        ["_result", 4.0],
        ["onStatus", 0.0],
    ] == answers
    assert ["NetStream.Publish.Start"] == peer.statuses()
    assert [Media(Kind.VIDEO, 40, b"\x17\x01")] == peer.send(Kind.VIDEO, b"\x17\x01", time_ms=40, stream_id=1)


def test_what_connect_is_told(peer: Peer) -> None:
    """Window, bandwidth and chunk size come first; then that it is connected, in AMF0."""
    peer.connect()
    assert [Kind.WINDOW_SIZE, Kind.PEER_BANDWIDTH, Kind.COMMAND] == [message.kind for message in peer.heard]
    (command,) = peer.commands()
    assert isinstance(command[3], dict)
    assert ("NetConnection.Connect.Success", 0.0) == (command[3]["code"], command[3]["objectEncoding"])


def test_a_wrong_publisher_is_told_so_and_may_ask_again(peer: Peer) -> None:
    """The standard refusal; the connection is not broken by it."""
    peer.connect()
    peer.publish("wrong")
    peer.session.refuse()
    peer.listen()
    assert ["NetStream.Publish.BadName"] == peer.statuses()
    assert [Publish("live", KEY)] == peer.publish()


@pytest.mark.parametrize(
    ("app", "name", "expected"),
    [
        ("live", "key", Publish("live", "key")),
        ("live/", "key", Publish("live", "key")),
        ("live/stage", "key", Publish("live/stage", "key")),
        ("live?user=x", "key", Publish("live", "key")),
        ("", "key", Publish("", "key")),
        ("live", "", Publish("live", "")),
        ("live", "key?bandwidth=1&x=2", Publish("live", "key", "bandwidth=1&x=2")),
        ("live", "a/b", Publish("live", "a/b")),
    ],
)
def test_app_and_name_are_what_the_encoder_wrote(peer: Peer, app: str, name: str, expected: Publish) -> None:
    """Encoders differ in slashes, and some put a query behind either."""
    peer.connect(app)
    assert [expected] == peer.publish(name)


def test_a_key_does_not_show(peer: Peer) -> None:
    """The event that carries the name prints without it."""
    peer.connect()
    assert KEY not in repr(peer.publish(f"{KEY}?{KEY}"))


@pytest.mark.parametrize("command", ["play", "play2"])
def test_nothing_is_played(peer: Peer, command: str) -> None:
    """Who asks to play is told no."""
    peer.connect()
    assert [PlayRefused("live")] == peer.call(command, 5.0, None, KEY, stream_id=1)
    assert ["NetStream.Play.Failed"] == peer.statuses()


@pytest.mark.parametrize("command", ["FCUnpublish", "closeStream", "deleteStream"])
def test_a_goodbye_in_every_form(publisher: Peer, command: str) -> None:
    """The first goodbye tells that the publisher left; what follows it tells nothing new."""
    assert [Unpublished()] == publisher.call(command, 6.0, None, KEY)
    assert [] == publisher.call("deleteStream", 7.0, None, 1.0)


def test_a_publisher_may_return_on_its_connection(publisher: Peer) -> None:
    """After a goodbye it may publish again."""
    publisher.call("FCUnpublish", 6.0, None, KEY)
    assert [Publish("live", KEY)] == publisher.publish()
    publisher.session.accept()
    assert [Media(Kind.AUDIO, 0, b"\xaf\x01")] == publisher.send(Kind.AUDIO, b"\xaf\x01", stream_id=1)


@dataclass(frozen=True)
class Sent:
    """A message with media in it, and what is to come of it."""

    kind: int
    body: bytes
    expected: list[Event]


def _part(kind: int, time_ms: int, body: bytes) -> bytes:
    head = bytes((kind,)) + len(body).to_bytes(3, "big") + time_ms.to_bytes(3, "big") + bytes(4)
    return head + body + (11 + len(body)).to_bytes(4, "big")


ENHANCED = [b"\x91hvc1\0\0\0", b"\x90av01", b"\xa1vp09\0", b"\x90Opus"]


@pytest.mark.parametrize(
    "sent",
    [
        Sent(Kind.DATA, encode("@setDataFrame") + METADATA, [Media(Kind.DATA, 9, METADATA)]),
        Sent(Kind.DATA, METADATA, [Media(Kind.DATA, 9, METADATA)]),
        Sent(Kind.DATA_AMF3, b"\0" + encode("@setDataFrame") + METADATA, [Media(Kind.DATA, 9, METADATA)]),
        Sent(
            Kind.DATA,
            encode("onTextData") + encode({}),
            [Media(Kind.DATA, 9, encode("onTextData") + encode({}))],
        ),
        Sent(Kind.DATA, encode("@clearDataFrame", "onMetaData"), []),
        Sent(Kind.DATA, b"", []),
        Sent(Kind.AUDIO, b"", [Media(Kind.AUDIO, 9, b"")]),
        Sent(
            Kind.AGGREGATE,
            _part(8, 1000, b"\xaf\x01a") + _part(9, 1020, b"\x27\x01b"),
            [Media(8, 9, b"\xaf\x01a"), Media(9, 29, b"\x27\x01b")],
        ),
        *(Sent(Kind.VIDEO, body, [Media(Kind.VIDEO, 9, body)]) for body in ENHANCED),
    ],
    ids=lambda sent: f"{Kind(sent.kind).name.lower()}-{sent.body[:12].hex()}",
)
def test_media_comes_out_as_it_was_sent(publisher: Peer, sent: Sent) -> None:
    """Wrappings come off metadata, aggregates come apart, and every codec passes untouched."""
    assert sent.expected == publisher.send(sent.kind, sent.body, time_ms=9, stream_id=1)


def test_codecs_by_fourcc_are_answered_honestly(peer: Peer) -> None:
    """Offered codecs can be forwarded, and no other ability is claimed."""
    peer.connect(
        fourCcList=["av01", "hvc1"],
        videoFourCcInfoMap={"*": 7.0},
        audioFourCcInfoMap={"Opus": 7.0},
        capsEx=15.0,
    )
    properties = peer.commands()[0][2]
    assert isinstance(properties, dict)
    answer = {name: properties[name] for name in properties if name not in ("fmsVer", "capabilities")}
    assert {
        "fourCcList": ["av01", "hvc1"],
        "videoFourCcInfoMap": {"*": 4.0},
        "audioFourCcInfoMap": {"Opus": 4.0},
        "capsEx": 0.0,
    } == answer


def test_who_offers_nothing_is_claimed_nothing(peer: Peer) -> None:
    """An encoder of before Enhanced RTMP gets the answer of before."""
    peer.connect()
    properties = peer.commands()[0][2]
    assert isinstance(properties, dict)
    assert {"fmsVer", "capabilities"} == set(properties)


def test_commands_in_an_amf3_envelope(peer: Peer) -> None:
    """They hold AMF0 behind one byte, and mean the same."""
    peer.connect()
    peer.send(Kind.COMMAND_AMF3, b"\0" + encode("createStream", 4.0, None))
    assert ["_result", 4.0, None, 1.0] == peer.commands()[-1]


def test_pings_go_both_ways(publisher: Peer) -> None:
    """The peer's are answered with their own number; the answer to ours is told."""
    publisher.send(Kind.USER_CONTROL, pack_control(Control.PING_REQUEST, 77))
    assert pack_control(Control.PING_RESPONSE, 77) == publisher.heard[-1].body
    publisher.session.ping(5)
    publisher.listen()
    assert pack_control(Control.PING_REQUEST, 5) == publisher.heard[-1].body
    assert [Pong(5)] == publisher.send(Kind.USER_CONTROL, pack_control(Control.PING_RESPONSE, 5))


def test_what_was_read_is_acknowledged_once_per_window(publisher: Peer) -> None:
    """As often as the peer asked for, with the bytes since the handshake."""
    publisher.send(Kind.WINDOW_SIZE, pack_number(10_000))
    for _ in range(6):
        publisher.send(Kind.VIDEO, bytes(4_000), stream_id=1)
    counts = [unpack_number(m.body) for m in publisher.heard if m.kind == Kind.ACKNOWLEDGEMENT]
    assert 2 == len(counts)
    assert counts[1] - counts[0] >= 10_000


def test_media_after_the_goodbye_is_nothing(publisher: Peer) -> None:
    """Sound and picture may end at different times, in one read even; the goodbye is heard all the same."""
    goodbye = publisher.writer.write(Kind.COMMAND, encode("FCUnpublish", 6.0, None, KEY))
    late = publisher.writer.write(Kind.AUDIO, b"\xaf\x01", time_ms=9, stream_id=1)
    assert [Unpublished()] == publisher.session.feed(b"".join((*goodbye, *late)))
    assert [] == publisher.send(Kind.VIDEO, b"\x27\x01", stream_id=1)


@pytest.mark.parametrize("rest", [b"\x11\x0a\x01", b"\x07\x00\x01", b"\x00", b"\xff"])
def test_what_matters_of_a_command_comes_first(peer: Peer, rest: bytes) -> None:
    """AMF3 inside, a reference, or a byte too many behind it: the command is understood."""
    peer.connect()
    assert [] == peer.send(Kind.COMMAND, encode("setPeerInfo", 9.0, None) + rest)
    peer.send(Kind.COMMAND, encode("FCPublish", 3.0, None, KEY) + rest)
    assert ["_result", 3.0, None] == peer.commands()[-1]


def test_unknown_commands_are_nobodys_business(peer: Peer) -> None:
    """Encoders ask for things of servers they knew; an answer of any kind can upset them."""
    peer.connect()
    before = len(peer.heard)
    assert [] == peer.call("_checkbw", 9.0, None)
    assert [] == peer.call("onBWDone", 0.0)
    assert [] == peer.send(19, b"\0\0shared object")
    assert before == len(peer.heard)


def _breaks() -> Iterable[tuple[str, list[tuple[int, bytes]]]]:
    connect = (Kind.COMMAND, encode("connect", 1.0, {"app": "live"}))
    publish = (Kind.COMMAND, encode("publish", 5.0, None, KEY, "live"))
    yield "media before connect", [(Kind.VIDEO, b"\x17")]
    yield "media before publish", [connect, (Kind.AUDIO, b"\xaf")]
    yield "metadata before publish", [connect, (Kind.DATA, METADATA)]
    yield "publish before connect", [publish]
    yield "connect twice", [connect, connect]
    yield "connect without app", [(Kind.COMMAND, encode("connect", 1.0, {"tcUrl": "x"}))]
    yield "connect with nothing", [(Kind.COMMAND, encode("connect", 1.0))]
    yield "publish without a name", [connect, (Kind.COMMAND, encode("publish", 5.0, None))]
    yield "publish by number", [connect, (Kind.COMMAND, encode("publish", 5.0, None, 7.0))]
    yield "publish twice", [connect, publish, publish]
    yield "a command without a name", [(Kind.COMMAND, encode(1.0, 1.0))]
    yield "an empty command", [(Kind.COMMAND, b"")]
    yield "no AMF", [(Kind.COMMAND, b"\x99")]
    yield "a long command", [(Kind.COMMAND, encode("connect", 1.0, "x" * MAX_COMMAND_BYTES))]
    yield "a short control message", [(Kind.WINDOW_SIZE, b"\0")]
    yield "many messages, and no publish", [connect, *[(19, b"")] * MAX_STRANGER_MESSAGES]
    yield "much, and no publish", [connect, *[(19, bytes(60_000))] * (MAX_REPLAY_BYTES // 60_000 + 1)]


BREAKS = dict(_breaks())


@pytest.mark.parametrize("name", BREAKS)
def test_who_breaks_the_protocol_is_known_at_once(peer: Peer, name: str) -> None:
    """Every breach is one kind of error, whose text repeats nothing of what came."""
    with pytest.raises(RtmpError) as caught:
        for kind, body in BREAKS[name]:
            peer.send(kind, body)
    assert KEY not in str(caught.value)


def test_another_process_takes_over_at_publish(peer: Peer) -> None:
    """What came since the handshake makes the same session elsewhere, and nothing is said twice."""
    peer.connect()
    peer.publish()
    media = b"".join(peer.writer.write(Kind.VIDEO, b"\x17\x01early", time_ms=1, stream_id=1))
    peer.session.feed(media[:9])
    resumed, events = ServerSession.resumed(peer.session.replay)
    assert [Publish("live", KEY)] == events
    assert b"" == resumed.outgoing()
    peer.session = resumed
    resumed.accept()
    assert [Media(Kind.VIDEO, 1, b"\x17\x01early")] == resumed.feed(media[9:])
    peer.listen()
    assert ["NetStream.Publish.Start"] == peer.statuses()


def test_a_publisher_may_send_without_number(publisher: Peer) -> None:
    """The bound is for strangers."""
    for _ in range(MAX_STRANGER_MESSAGES):
        publisher.send(Kind.AUDIO, b"\xaf\x01", stream_id=1)
    assert [Media(Kind.AUDIO, 7, b"\xaf\x01")] == publisher.send(
        Kind.AUDIO, b"\xaf\x01", time_ms=7, stream_id=1
    )


def test_nothing_is_kept_of_a_publisher_that_was_answered(publisher: Peer) -> None:
    """The replay holds the key, and would grow with the stream."""
    publisher.send(Kind.VIDEO, bytes(1000), stream_id=1)
    assert b"" == publisher.session.replay


@given(st.lists(st.integers(1, 700), max_size=30))
def test_any_split_tells_the_same(cuts: list[int]) -> None:
    """From the first byte of the handshake to the media, however the bytes come."""
    hands = ClientHandshake(NOISE)
    writer = ChunkWriter()
    hello = hands.start()
    said = [
        writer.write(Kind.COMMAND, encode("connect", 1.0, {"app": "live"})),
        writer.write(Kind.COMMAND, encode("createStream", 4.0, None)),
        writer.write(Kind.COMMAND, encode("publish", 5.0, None, KEY, "live"), stream_id=1),
        writer.write(Kind.VIDEO, bytes(1000), time_ms=40, stream_id=1),
    ]
    rest = hands.feed(_greeting_of(hello)) + b"".join(bytes(part) for buffers in said for part in buffers)
    session = ServerSession(NOISE)
    session.feed(hello)
    events: list[Event] = []
    for cut in (*cuts, len(rest)):
        events += session.feed(rest[:cut])
        rest = rest[cut:]
    assert [Publish("live", KEY), Media(Kind.VIDEO, 40, bytes(1000))] == events


def _greeting_of(hello: bytes) -> bytes:
    session = ServerSession(NOISE)
    session.feed(hello)
    return session.outgoing()
