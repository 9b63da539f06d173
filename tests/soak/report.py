"""The soak's page. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.soak.ledger import NOTABLE_S
from tests.soak.samples import Sample, after_warm_up, later_half, memory_slope_kib_per_min
from tests.soak.shows import UNDISTURBED

# A gap that begins so soon after a fault is shown beside it.
_BLAMED_S = 5.0
_SHOWN_GAPS = 12


@dataclass(frozen=True, slots=True)
class Fault:
    """What was done to the show, and when."""

    at_s: float
    what: str


@dataclass(frozen=True, slots=True)
class Soak:
    """Everything that a soak has seen. Times are seconds since its start at `began`."""

    title: str
    began: float
    samples: list[Sample]
    faults: list[Fault]
    ledgers: dict[str, dict[str, Any]]
    log: list[str]
    ending: str


def page(soak: Soak) -> list[str]:
    """The report, line by line."""
    return [
        soak.title,
        "",
        *_process(soak.samples),
        "",
        *_undisturbed(soak),
        "",
        *_platforms(soak.ledgers),
        "",
        "restarts by cause",
        *(_indented(restarts(soak.log)) or ["  none"]),
        "",
        "faults",
        *_indented(Counter(fault.what for fault in soak.faults)),
        "",
        soak.ending,
    ]


def _process(samples: list[Sample]) -> Iterator[str]:
    warm = after_warm_up(samples)
    if not warm:
        yield "the runner was never looked at"
        return
    first, last = warm[0], warm[-1]
    minutes = (last.at_s - first.at_s) / 60
    yield "runner's own process              start     warm      end     peak"
    yield _over_time("resident, MiB", [sample.resident_kib / 1024 for sample in samples], len(warm), 1)
    for name in ("descriptors", "threads", "children"):
        yield _over_time(name, [getattr(sample, name) for sample in samples], len(warm))
    if any(sample.beside_kib for sample in samples):
        beside = [sample.beside_kib / 1024 for sample in samples]
        yield _over_time("beside it, listener, MiB", beside, len(warm), 1)
    rise, later = memory_slope_kib_per_min(warm), memory_slope_kib_per_min(later_half(warm))
    yield (
        f"  memory's slope: {rise:+.1f} KiB/min, by least squares over the last {minutes:.1f} min "
        f"({len(warm)} looks), after {first.at_s / 60:.1f} min of warming up"
    )
    yield f"    in the second half of that time: {later:+.1f} KiB/min"


def _over_time(name: str, values: list[float], warm: int, digits: int = 0) -> str:
    """A row of the table: at the start, once warm, at the end, the highest."""
    start, *others = (f"{value:.{digits}f}" for value in (values[0], values[-warm], values[-1], max(values)))
    return f"  {name:<26} {start:>12}" + "".join(f" {value:>8}" for value in others)


def _undisturbed(soak: Soak) -> Iterator[str]:
    seen = soak.ledgers[UNDISTURBED]
    yield (
        f"the undisturbed target: {seen['media']} messages on {seen['connections']} connection(s); "
        f"gaps: longest {seen['longest_ms']} ms, 99 % within {seen['p99_ms']} ms"
    )
    notable = sorted(seen["notable"], key=lambda gap: gap[1], reverse=True)
    yield f"  gaps of {1000 * NOTABLE_S:.0f} ms or more: {len(notable)}"
    for since, length_s in notable[:_SHOWN_GAPS]:
        at_s = since - soak.began
        yield f"    {_clock(at_s)}  {1000 * length_s:.0f} ms{_blame(at_s, at_s + length_s, soak.faults)}"


def _blame(since_s: float, until_s: float, faults: Iterable[Fault]) -> str:
    near = [fault for fault in faults if fault.at_s <= until_s and since_s - fault.at_s <= _BLAMED_S]
    return f", {max(0.0, since_s - near[-1].at_s):.1f} s after: {near[-1].what}" if near else ""


def _platforms(ledgers: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield "platform      connections   messages   99 % gap    longest   times going back"
    for name, seen in ledgers.items():
        yield (
            f"  {name:<12} {seen['connections']:>10} {seen['media']:>10} {seen['p99_ms']:>7} ms"
            f" {seen['longest_ms'] / 1000:>8.1f} s {seen['backward']:>18}"
        )


def restarts(log: Iterable[str]) -> Counter[str]:
    """Counts `unit: cause` in the runner's JSON log: what it said when it tried again."""
    found: Counter[str] = Counter()
    for line in log:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        cause, again, _ = str(entry.get("message")).partition("; trying again")
        if again:
            found[f"{entry['path']}: {cause}"] += 1
    return found


def _indented(counted: Counter[str]) -> list[str]:
    return [f"  {count:>5} x {what}" for what, count in counted.most_common()]


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60):>3}:{seconds % 60:04.1f}"
