"""The live table's words, and which of them fit."""

from __future__ import annotations

from typing import Any

import pytest

from spiritstream.cli.rows import (
    Row,
    arriving,
    clean,
    columns,
    duration,
    notes,
    rows,
    squeeze,
    title,
    warnings,
)
from spiritstream.model.lifecycle import Order, State
from spiritstream.model.status import Cause, Incoming, Progress, Status, TcpFigures, UnitStatus

NOW = 10_000.0
TARGET = "groups.source.targets.youtube"


def unit(path: str = TARGET, kind: str = "target", state: State = State.LIVE, **more: Any) -> UnitStatus:
    """A unit since an hour ago."""
    return UnitStatus(path, kind, Order.LIVE, state, since=NOW - 3600, **more)


def status(*units: UnitStatus, **more: Any) -> Status:
    """A runner since an hour ago."""
    return Status("show", 1, "0.1", NOW - 3600, "/usr/bin/ffmpeg 5.1.9", units, **more)


def only_row(one: UnitStatus) -> Row:
    """The one line of a table."""
    (row,) = rows(status(one), NOW)
    return row


REFUSED = Cause("refused", "the platform refused the connection", "look whether it is up")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            unit(state=State.IDLE),
            Row("  youtube", State.IDLE, queue="0.0 s", dropped="0", restarts="0"),
            id="nothing known yet: empty, not zero",
        ),
        pytest.param(
            unit(
                live_since=NOW - 65,
                progress=Progress(frame=1625, fps=25.02, bitrate_bps=800_400.0, speed=1.004),
                queue_s=0.349,
                dropped_gops=3,
                restarts=2,
            ),
            Row(
                "  youtube", State.LIVE,
                uptime="0:01:05", bitrate="800", frames="1625", fps="25", speed="1.00x", queue="0.3 s",
                dropped="3", restarts="2",
            ),
            id="live, with every figure",
        ),
        pytest.param(
            unit(tcp=TcpFigures(24.4, 120_400, 7)),
            Row("  youtube", State.LIVE, queue="0.0 s", dropped="0", restarts="0", network="24 ms +120 kB"),
            id="the runner's own connection, with what is under way",
        ),
        pytest.param(
            unit(tcp=TcpFigures(0.08, 90)),
            Row("  youtube", State.LIVE, queue="0.0 s", dropped="0", restarts="0", network="<1 ms"),
            id="a connection that is as good as empty",
        ),
        pytest.param(
            unit(tcp=TcpFigures()),
            Row("  youtube", State.LIVE, queue="0.0 s", dropped="0", restarts="0"),
            id="a system without such figures",
        ),
        pytest.param(
            unit("input", "input", live_since=NOW),
            Row("input", State.LIVE, uptime="0:00:00", restarts="0"),
            id="an input has no queue",
        ),
        pytest.param(
            unit(
                "input", "input",
                progress=Progress(frame=30, fps=31.0, bitrate_bps=1.0),
                incoming=Incoming(6_012_400.0, "h264", fps=29.97),
            ),
            Row(
                "input", State.LIVE, bitrate="6012", frames="30", fps="30", restarts="0",
                incoming="h264 29.97 fps, 6012 kbit/s",
            ),
            id="an input's rates are measured, not what its child says",
        ),
        pytest.param(
            unit(server="Near\x1b[2J\n(12 ms)"),
            Row("  youtube", State.LIVE, queue="0.0 s", dropped="0", restarts="0", server="Near[2J (12 ms)"),
            id="the server that it was given, without what steers a terminal",
        ),
        pytest.param(
            unit("groups.source", "passthrough"),
            Row("source", State.LIVE, restarts="0"),
            id="nor has a passthrough group",
        ),
        pytest.param(
            unit("groups.small", "encoding", queue_s=2.0),
            Row("small", State.LIVE, queue="2.0 s", dropped="0", restarts="0"),
            id="an encoder has one",
        ),
        pytest.param(
            unit(state=State.WAITING, cause=REFUSED, next_retry=NOW + 3.4),
            Row(
                "  youtube", State.WAITING, queue="0.0 s", dropped="0", restarts="0",
                retry="again in 3 s", cause=REFUSED.message, advice=REFUSED.advice,
            ),
            id="waiting, with cause, advice and next try",
        ),
        pytest.param(
            unit(state=State.WAITING, next_retry=NOW - 1),
            Row("  youtube", State.WAITING, queue="0.0 s", dropped="0", restarts="0", retry="again now"),
            id="a try that is due",
        ),
        pytest.param(
            unit(cause=REFUSED),
            Row(
                "  youtube", State.LIVE, queue="0.0 s", dropped="0", restarts="0",
                cause=REFUSED.message, advice=REFUSED.advice,
            ),
            id="live again: why it was not",
        ),
        pytest.param(
            unit(cause=Cause("input-silent", "nothing arrives from the input")),
            Row("  youtube", State.LIVE, queue="0.0 s", dropped="0", restarts="0"),
            id="live: that it waited for the input is over",
        ),
        pytest.param(
            unit(state=State.FAILED, cause=Cause("c", "This is a sentence.", "Do it. Now.")),
            Row(
                "  youtube", State.FAILED, queue="0.0 s", dropped="0", restarts="0",
                cause="This is a sentence", advice="Do it. Now",
            ),
            id="a sentence's dot",
        ),
    ],
)  # fmt: skip
def test_row(given: UnitStatus, expected: Row) -> None:
    """A unit's figures become words; what is not known or does not apply is an empty cell."""
    assert expected == only_row(given)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (Incoming(), "0 kbit/s"),
        (
            Incoming(6_012_400.0, "h264", "aac", "1920x1080", 29.97, 2.0),
            "h264 1920x1080 29.97 fps, keyframe 2.0 s, aac, 6012 kbit/s",
        ),
        (
            Incoming(6e6, "hevc", "opus", "1280x720", 60.0, 1.96, 3),
            "hevc 1280x720 60 fps, keyframe 2.0 s, opus, 6000 kbit/s, 3 clock faults",
        ),
        (Incoming(128e3, None, "aac", clock_faults=1), "aac, 128 kbit/s, 1 clock fault"),
        (Incoming(9e6, "av1", fps=120.0), "av1 120 fps, 9000 kbit/s"),
        (
            Incoming(6e6, "h264", "aac", "1280x720", 30.0, 2.0, profile="high", b_frames=3),
            "h264 high 1280x720 30 fps, keyframe 2.0 s, 3 B-frames, aac, 6000 kbit/s",
        ),
        (Incoming(6e6, "h264", profile="main", b_frames=1), "h264 main, 1 B-frame, 6000 kbit/s"),
        (Incoming(6e6, "h264", profile="main", b_frames=0), "h264 main, 6000 kbit/s"),
        (Incoming(1e6, "h264\x1b[2J"), "h264[2J, 1000 kbit/s"),
    ],
)
def test_what_arrives(what: Incoming, expected: str) -> None:
    """What comes in is told in one line; what is not known is left out, and so is a count of no faults."""
    assert expected == arriving(what)


def test_rows_keep_the_order_of_the_status() -> None:
    """The table lists units as the runner does: the input, then each group above its targets."""
    paths = ["input", "groups.a", "groups.a.targets.x", "groups.a.targets.y", "groups.b"]
    assert ["input", "a", "  x", "  y", "b"] == [row.name for row in rows(status(*map(unit, paths)), NOW)]


def test_last_says_the_next_try_first() -> None:
    """In the column of the last cause the next try comes first: the cause may be cut off."""
    assert "again in 3 s; gone" == Row("x", State.WAITING, retry="again in 3 s", cause="gone").last
    assert "gone" == Row("x", State.LIVE, cause="gone").last
    assert "" == Row("x", State.LIVE).last


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("plain", "plain"),
        ("[red]as it is[/red] :smile:", "[red]as it is[/red] :smile:"),
        ("two\nlines\tand\r\nmore", "two lines and  more"),
        ("\x1b[31mred\x1b[0m \x07bell \x00nul", "[31mred[0m bell nul"),
        ("csi \x9b31m", "csi 31m"),
        ("turned \u202eround", "turned round"),
        ("h\u00e9 \u65e5\u672c", "h\u00e9 \u65e5\u672c"),
        ("half \ud800", "half "),
    ],
)
def test_clean(given: str, expected: str) -> None:
    """No text can steer the terminal, turn its neighbours round, or take more than its line."""
    assert expected == clean(given)


def test_names_and_causes_are_cleaned_and_bounded() -> None:
    """A name or a cause is shown as text, whatever is in it; a long name does not push the figures out."""
    row = only_row(unit("groups.g.targets.a\x1b[2Jb", cause=Cause("c", "one\x1b]0;x\x07\ntwo", "do\x1b[mit")))
    assert ("  a[2Jb", "one]0;x two", "do[mit") == (row.name, row.cause, row.advice)
    assert "  " + 21 * "n" + "…" == only_row(unit(f"groups.g.targets.{'n' * 63}")).name


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, "0:00:00"),
        (0.9, "0:00:00"),
        (65, "0:01:05"),
        (3600, "1:00:00"),
        (86_399, "23:59:59"),
        (86_400 * 100 + 3661, "100d 1:01:01"),
    ],
)
def test_duration(seconds: float, expected: str) -> None:
    """Times read as a clock does; a clock that was set back shows no negative time."""
    assert expected == duration(seconds)


def test_title() -> None:
    """The title names the profile, ffmpeg's version without its path, and the runner's uptime."""
    assert "show · ffmpeg 5.1.9 · up 1:00:00" == title(status(), NOW)


EVERY = "name state uptime bitrate frames fps speed queue dropped restarts last".split()


@pytest.mark.parametrize(
    ("width", "left_out"),
    [
        (200, set()),
        (100, set()),
        (80, {"frames", "queue", "speed"}),
        (60, {"frames", "queue", "speed", "fps", "restarts"}),
        (40, {"frames", "queue", "speed", "fps", "restarts", "dropped", "uptime", "bitrate"}),
        (10, {"frames", "queue", "speed", "fps", "restarts", "dropped", "uptime", "bitrate"}),
    ],
)
def test_columns(width: int, left_out: set[str]) -> None:
    """A narrow terminal loses the least important columns first, and never name, state and last cause."""
    line = Row("  youtube", State.LIVE, "0:01:05", "800", "1625", "25", "1.00x", "0.3 s", "0", "0")
    assert [name for name in EVERY if name not in left_out] == columns([line], width)


def test_the_network_has_a_column_where_there_is_one() -> None:
    """Round trips are shown only in a table that has one, and leave it early when it is narrow."""
    line = Row("  youtube", State.LIVE, network="24 ms +120 kB")
    assert "network" in columns([line, Row("  kick", State.LIVE)], 200)
    assert "network" not in columns([line], 80)
    assert "network" not in columns([Row("  kick", State.LIVE)], 200)


def test_columns_without_lines() -> None:
    """A table without a unit has its headings all the same."""
    assert EVERY == columns([], 200)


def test_notes() -> None:
    """Below the table each cause of something that is not live stands once, in full, with its advice."""
    lines = [
        Row("input", State.WAITING, cause="gone", advice="bring it back"),
        Row("  a", State.FAILED, cause="refused"),
        Row("  b", State.LIVE, cause="long ago"),
        Row("  c", State.WAITING, cause="gone", advice="bring it back", retry="again in 2 s"),
        Row("  d", State.STARTING),
    ]
    assert ["input, c: gone (bring it back)", "a: refused"] == notes(lines)


def test_warnings() -> None:
    """Each stands once, with all that it is said of, whatever they do; and it steers no terminal."""
    units = (
        unit("groups.a.targets.x", warnings=("too much", "too\x1b[2J rare")),
        unit("groups.a.targets.y"),
        unit("groups.b.targets.z", state=State.WAITING, warnings=("too much",)),
    )
    assert ["x, z: too much", "x: too[2J rare"] == warnings(rows(status(*units), NOW))


@pytest.mark.parametrize(
    ("states", "room", "kept", "hidden"),
    [
        ("LLL", 3, "LLL", 0),
        ("LLLW", 3, "LLW", 1),
        ("LWLWL", 3, "LWW", 2),
        ("WWWW", 2, "WWWW", 0),
        ("LWL", -1, "W", 2),
        ("", 0, "", 0),
    ],
)
def test_squeeze(states: str, room: int, kept: str, hidden: int) -> None:
    """What does not fit is left out from the end; what is not live is shown whatever it takes."""
    of = {"L": State.LIVE, "W": State.WAITING}
    lines, left_out = squeeze([Row("x", of[letter]) for letter in states], room)
    assert ([of[letter] for letter in kept], hidden) == ([row.state for row in lines], left_out)
