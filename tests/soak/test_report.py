"""The soak's arithmetic and its page; what it measures is never asserted."""

from __future__ import annotations

import json
import random

import pytest
import yaml

from tests.live.arrivals import Connection, Media
from tests.live.chunks import Type
from tests.soak.faults import Lots
from tests.soak.ledger import Ledger
from tests.soak.platforms import behaviours
from tests.soak.report import Fault, Soak, page, restarts
from tests.soak.samples import Sample, after_warm_up, later_half, memory_slope_kib_per_min
from tests.soak.shows import Soaked

LEDGER = {"connections": 1, "media": 9, "backward": 0, "longest_ms": 700, "p99_ms": 30, "notable": []}


def media(at: float, timestamp_ms: int, type: Type = Type.VIDEO) -> Media:
    """A frame of no interest but for its times."""
    return Media(at, type, timestamp_ms, size=1, checksum=0)


def test_ledger_takes_each_message_once() -> None:
    """Looking twice counts nothing twice, and what came between two looks is not missed."""
    ledger, connection = Ledger(), Connection(0.0)
    for look in range(3):
        connection.media.append(media(float(look), look))
        connection.media_count += 1
        ledger.look([connection])
        ledger.look([connection])
    assert 3 == ledger.media


def test_ledger_measures_gaps_across_connections() -> None:
    """The viewer of a platform does not care which connection was late."""
    ledger = Ledger()
    for connection, at in ((0, 1.0), (0, 1.125), (1, 3.125)):
        ledger.take(connection, media(at, 0))
    data = ledger.data()
    assert (2000, [(1.125, 2.0)]) == (data["longest_ms"], data["notable"])


def test_ledger_keeps_the_longest_notable_gaps() -> None:
    """However many there are, the list stays short and holds the longest."""
    ledger = Ledger()
    at = 0.0
    for number in range(300):
        at += 1 + number / 1000
        ledger.take(0, media(at, 0))
    notable = ledger.data()["notable"]
    assert 200 == len(notable)
    assert 1.1 == pytest.approx(min(length for _, length in notable), abs=0.0011)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([(0, Type.VIDEO, 10), (0, Type.VIDEO, 20)], 0),
        ([(0, Type.VIDEO, 10), (0, Type.VIDEO, 9)], 1),
        ([(0, Type.VIDEO, 10), (0, Type.AUDIO, 9)], 0),
        ([(0, Type.VIDEO, 10), (1, Type.VIDEO, 9)], 0),
    ],
)
def test_ledger_counts_times_that_go_back(times: list[tuple[int, Type, int]], expected: int) -> None:
    """Within one connection and one kind; elsewhere clocks may differ."""
    ledger = Ledger()
    for connection, type, timestamp_ms in times:
        ledger.take(connection, media(1.0, timestamp_ms, type))
    assert expected == ledger.backward


def test_p99_of_counted_gaps() -> None:
    """99 of 100 gaps are no longer."""
    ledger = Ledger()
    at = 0.0
    for gap in [0.0] + [0.01] * 99 + [5.0]:
        at += gap
        ledger.take(0, media(at, 0))
    assert (10, 5000) == (ledger.data()["p99_ms"], ledger.data()["longest_ms"])


def sample(at_s: float, resident_kib: int) -> Sample:
    """A look at a runner."""
    return Sample(at_s, resident_kib, descriptors=40, threads=2, children=7)


def test_slope_leaves_the_start_out() -> None:
    """A fifth of the time, and at most five minutes, is warming up."""
    samples = [sample(0, 1000), sample(60, 30000), *(sample(60 * n, 30000 + 5 * n) for n in range(2, 11))]
    assert 60 * 2 == after_warm_up(samples)[0].at_s
    assert pytest.approx(5) == memory_slope_kib_per_min(after_warm_up(samples))
    assert 300 == after_warm_up([sample(n, 1) for n in range(10000)])[0].at_s


def test_restarts_are_counted_by_cause() -> None:
    """What the runner logs when it tries again, whenever that is; other lines count for nothing."""
    log = [
        json.dumps({"path": "input", "message": "gone; trying again now"}),
        json.dumps({"path": "input", "message": "gone; trying again in 3 s (advice)"}),
        json.dumps({"path": "input", "message": "live"}),
        "no JSON",
    ]
    assert {"input: gone": 2} == restarts(log)


def test_page_names_the_fault_before_a_gap() -> None:
    """A gap at the undisturbed target stands beside what was done just before."""
    soak = Soak(
        title="soak",
        began=100.0,
        samples=[sample(0, 1024), sample(10, 2048)],
        faults=[Fault(1.0, "SIGHUP"), Fault(61.0, "input child killed")],
        ledgers={"normal": {**LEDGER, "notable": [(162.0, 0.7), (130.0, 0.2)]}},
        log=[],
        ending="the end",
    )
    text = "\n".join(page(soak))
    assert "1:02.0  700 ms, 1.0 s after: input child killed" in text
    assert "0:30.0  200 ms\n" in text


def test_page_shows_the_slope_and_how_long_it_warmed_up() -> None:
    """Over all that came after the warm-up, and over its second half: a rise that has ended is no leak."""
    rising = [sample(60 * n, 30000 + 100 * min(n, 6)) for n in range(11)]
    soak = Soak("soak", 0.0, rising, [], {"normal": LEDGER}, [], "the end")
    lines = [line.strip() for line in page(soak) if "KiB/min" in line]
    assert [
        "memory's slope: +50.0 KiB/min, by least squares over the last 8.0 min (9 looks), "
        "after 2.0 min of warming up",
        "in the second half of that time: +0.0 KiB/min",
    ] == lines


def test_page_shows_the_listener_only_where_there_is_one() -> None:
    """Its memory stands beside the runner's."""
    for beside_kib, shown in ((0, False), (10 * 1024, True)):
        samples = [Sample(at, 1024, 10, 2, 1, beside_kib) for at in (0, 10)]
        soak = Soak("soak", 0.0, samples, [], {"normal": LEDGER}, [], "the end")
        assert shown == any("listener, MiB" in line and "10.0" in line for line in page(soak))


def test_later_half() -> None:
    """By time, not by number."""
    assert [8, 9, 10] == [s.at_s for s in later_half([sample(at, 1) for at in (0, 1, 2, 8, 9, 10)])]
    assert [] == later_half([])


def test_every_fault_has_its_turn() -> None:
    """None comes a second time before all have come once."""
    lots = Lots([lambda: "a", lambda: "b", lambda: "c"], random.Random(1))
    assert ["a", "b", "c"] == sorted(lots.one() for _ in range(3))
    assert ["a", "b", "c"] == sorted(lots.one() for _ in range(3))


@pytest.mark.parametrize(("count", "last"), [(6, "added"), (7, "steady01"), (21, "steady15")])
def test_platforms(count: int, last: str) -> None:
    """As many as asked for, the difficult ones first."""
    names = list(behaviours(count))
    assert (count, last) == (len(names), names[-1])


@pytest.mark.parametrize(("with_added", "expected"), [(False, 20), (True, 21)])
def test_soaked_show(with_added: bool, expected: int) -> None:
    """20 targets by the wanted sender, one of them encoded, and one that comes and goes."""
    urls = dict.fromkeys(behaviours(21), "rtmp://127.0.0.1/live")
    text = Soaked({"test": {}}, "native", urls).text(with_added=with_added)
    document = yaml.safe_load(text)
    targets = [name for group in document["groups"].values() for name in group["targets"]]
    assert ("native", expected, with_added) == (document["sender"], len(targets), "added" in targets)
