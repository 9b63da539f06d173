"""Whose cost is counted."""

from __future__ import annotations

from tests.bench.household import Cost, without
from tests.live.processes import Process


def process(pid: int, parent: int) -> Process:
    """A process of no interest but for where it hangs."""
    return Process(pid, parent, "name", ())


def test_strangers_and_their_children_do_not_count() -> None:
    """A platform is left out with what it started; the runner, its child, and one without a parent stay."""
    runner, platform, child, of_platform, orphan = (
        process(10, 1),
        process(20, 1),
        process(11, 10),
        process(21, 20),
        process(12, 1),
    )
    everybody = [runner, platform, orphan, child, of_platform]
    assert [runner, orphan, child] == without(everybody, [20])


def test_nobody_is_left_out_without_strangers() -> None:
    """A pid that is not there changes nothing."""
    assert [process(10, 1)] == without([process(10, 1)], [99])


def test_cost_in_the_units_that_are_shown() -> None:
    """Cores as percent of one, KiB as MiB."""
    cost = Cost(cores=0.035, pss_kib=30 * 1024, beside_pss_kib=0, wakes_per_s=90.0)
    assert (3.5, 30.0) == (round(cost.percent, 9), cost.pss_mib)
