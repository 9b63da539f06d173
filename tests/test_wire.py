"""The socket's messages: what goes in comes out, and what is no message is refused without repeating it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiritstream.errors import PeerError
from spiritstream.model.lifecycle import Order, State
from spiritstream.model.limits import Ceiling, Limits
from spiritstream.model.profile import (
    Address,
    Audio,
    Container,
    FilesInput,
    Group,
    Input,
    Leave,
    Profile,
    PullInput,
    Record,
    RtmpInput,
    Sender,
    Size,
    Takeover,
    Target,
    TestInput,
    Video,
)
from spiritstream.model.reconnects import ReconnectBudget
from spiritstream.model.servers import Candidate, Lookup, LookupForm, ServerChoice
from spiritstream.model.status import Cause, Incoming, Progress, Status, TcpFigures, UnitStatus
from spiritstream.secret import Secret
from spiritstream.wire import PROTOCOL, decode, encode, from_data, to_data

GROUP = Group(
    "g",
    (
        Target(
            "a", Address("rtmp://h/app", Secret('käy"\n'), "u", Secret("p"), Secret("q")), platform="kick"
        ),
        Target("n", Address("rtmps://h/app", Secret("k")), sender=Sender.NATIVE, leave=Leave.DROP),
        Target("b", record=Record("/r/%H.ts", 60.0), container=Container.MPEGTS, enabled=False),
    ),
    Video("h264", 3_000_000, size=Size(1280, 720), fps=Fraction(30000, 1001), preset="fast", profile="high"),
    Audio("aac", rate_hz=48000, channels=2),
)
INPUTS: list[Input] = [
    TestInput(fps=Fraction(25)),
    FilesInput(("/a", "/b"), loop=False),
    PullInput(Address("rtsp://cam/1", username="u", password=Secret("p")), "tcp"),
    RtmpInput("0.0.0.0", 1935, "live", Secret("k"), False, Takeover.REPLACE, 0.5, "/c.pem", "/k.pem"),
    RtmpInput("::1", 1936, "live/stage", open=True, hold_s=0.0),
]


def test_what_is_known_travels_too() -> None:
    """Limits, server choices and budgets arrive as they were, though two profiles are equal without them."""
    size = Size(1280, 720)
    limits = Limits(
        "A", "B, 2026-08", 2, 6_000_000, fps=60, sizes=(size,), ceilings=(Ceiling(size, 30, 4_000),)
    )
    lookup = Lookup("https://a.example/{stream_key}", LookupForm.NIMO, sends_key=True)
    server = ServerChoice(True, "x", (Candidate("x", "rtmp://x/app"),), lookup)
    budget = ReconnectBudget(3, 600.0, "Each connection is a new broadcast.")
    target = Target("t", Address("rtmp://x/app"), server=server, limits=limits, reconnects=budget)
    arrived = from_data(Target, decode(encode(to_data(target))))
    assert (limits, budget, server) == (arrived.limits, arrived.reconnects, arrived.server)
    assert arrived.server is not None
    assert (server.candidates, lookup) == (arrived.server.candidates, arrived.server.lookup)


def test_the_light_runner_speaks_this_protocol() -> None:
    """The stand-in runner of the crash tests imports nothing of ours, and says the same version."""
    said = Path(__file__).with_name("control").joinpath("light_runner.py").read_text()
    assert f"\nPROTOCOL = {PROTOCOL}\n" in said


@pytest.mark.parametrize("wanted", INPUTS, ids=lambda value: type(value).__name__)
def test_a_profile_survives_the_socket(wanted: Input) -> None:
    """Every field, secrets included, is the same at the other end."""
    profile = Profile("show", wanted, (GROUP,), description="words")
    assert profile == from_data(Profile, decode(encode({"p": to_data(profile)}))["p"])


def test_a_status_survives_the_socket() -> None:
    """Figures, causes and states too."""
    unit = UnitStatus(
        "groups.g.targets.a", "target", Order.LIVE, State.WAITING, 1.5,
        progress=Progress(frame=3, speed=1.0), cause=Cause("refused", "m", "a", True), next_retry=2.5,
    )  # fmt: skip
    status = Status("show", 1, "0.1", 0.5, "ffmpeg", (unit,))
    assert status == from_data(Status, decode(encode(to_data(status))))


@pytest.mark.parametrize(
    ("incoming", "tcp"),
    [
        (None, None),
        (Incoming(), TcpFigures()),
        (
            Incoming(6e6, "h264", "aac", "1920x1080", 29.97, 2.0, clock_faults=3),
            TcpFigures(rtt_ms=12.5, unsent_bytes=4096, retransmits=7),
        ),
    ],
)
def test_what_is_measured_survives_the_socket(incoming: Incoming | None, tcp: TcpFigures | None) -> None:
    """What comes in and what a connection's kernel says: known, unknown in part, or not applying."""
    unit = UnitStatus("input", "input", Order.LIVE, State.LIVE, 1.5, incoming=incoming, tcp=tcp)
    assert unit == from_data(UnitStatus, decode(encode(to_data(unit))))


def test_whole_numbers_are_taken_for_seconds() -> None:
    """JSON does not tell 60 from 60.0."""
    assert Record("/r", 60.0) == from_data(Record, {"path": "/r", "segment_s": 60})


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        "canary",
        {"name": "canary"},
        {"name": "n", "input": {"kind": "canary"}},
        {"name": 1, "input": {"kind": "TestInput"}},
        {"name": "n", "input": {"kind": "TestInput"}, "canary": 1},
        {"name": "n", "input": {"kind": "TestInput", "fps": "1/0"}},
        {"name": "n", "input": {"kind": "TestInput"}, "enabled": "canary"},
        {"name": "n", "input": {"kind": "RtmpInput", "host": "h", "port": 1, "app": "a", "open": "canary"}},
        {"name": "n", "input": {"kind": "RtmpInput", "host": "h", "port": "canary", "app": "a"}},
        {
            "name": "n",
            "input": {"kind": "RtmpInput", "host": "h", "port": 1, "app": "a", "takeover": "canary"},
        },
    ],
)
def test_another_shape_is_refused_without_repeating_it(data: object) -> None:
    """A peer of another version gets a clear error; no value is in it."""
    with pytest.raises(PeerError) as caught:
        from_data(Profile, data)
    assert "canary" not in str(caught.value)
    assert "update both ends" in str(caught.value)


@given(st.binary(max_size=200))
def test_a_line_is_a_message_or_refused(line: bytes) -> None:
    """Whatever bytes come, there is a message or a PeerError."""
    try:
        message = decode(line)
    except PeerError:
        return
    assert message == decode(encode(message))


def test_a_deep_line_is_refused() -> None:
    """Nested brackets do not overflow the stack."""
    with pytest.raises(PeerError):
        decode(b"[" * 100_000)
