"""What is not as ordered, and the status as data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from spiritstream.cli.overview import (
    Override,
    Overview,
    Reason,
    Show,
    as_data,
    read_overview,
    reasons,
    with_runners,
)
from spiritstream.errors import PeerError
from spiritstream.model.lifecycle import Order, State
from spiritstream.model.status import Status
from tests.cli.peers import BEGAN, CONTROLLER, profile_data, runner_status, status_data

YOUTUBE = "groups.source.targets.youtube"
LIVE = runner_status()
FAILED = runner_status(youtube=State.FAILED)


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        pytest.param(Show("show", runner=LIVE), [], id="all is well"),
        pytest.param(
            Show("show", runner=FAILED),
            [Reason(YOUTUBE, "failed: The platform refused the key.", "Copy it anew.")],
            id="a target that is not live, with cause and advice",
        ),
        pytest.param(
            Show("show", runner=runner_status(youtube=State.STARTING, cause=None)),
            [Reason(YOUTUBE, "starting")],
            id="without a cause yet",
        ),
        pytest.param(Show("show"), [Reason("", "its runner does not run")], id="no runner"),
        pytest.param(Show("show", order=Order.STOPPED), [], id="nobody wants it"),
        pytest.param(
            Show("show", valid=False, findings=("show.yaml:3:1: x",), runner=LIVE),
            [Reason("", "its file is not valid: show.yaml:3:1: x")],
            id="a bad edit, while the last good one runs",
        ),
        pytest.param(
            Show("show", held="two files have this name", runner=LIVE),
            [Reason("", "two files have this name")],
            id="held",
        ),
        pytest.param(
            Show("show", revision_wanted="b", revision_applied="a", runner=LIVE),
            [Reason("", "its file was changed, and that is not applied yet")],
            id="an edit that is not applied yet",
        ),
        pytest.param(
            Show("show", overrides=(Override("show", Order.STOPPED),)),
            [Reason("show", "stopped by hand")],
            id="stopped by hand: drift, and that alone",
        ),
        pytest.param(
            Show("show", drift=("kick runs, and nobody ordered it",), runner=LIVE),
            [Reason("", "kick runs, and nobody ordered it")],
            id="drift",
        ),
        pytest.param(Show("show", problem="it hangs"), [Reason("", "it hangs")], id="it does not answer"),
        pytest.param(
            Show("show", runner=Status("show", 1, "0.1", 0.0, "", error="s.yaml:1:1: bad\n  hint: no")),
            [Reason("", "s.yaml:1:1: bad")],
            id="an edit that `run --watch` refused",
        ),
    ],
)
def test_reasons(show: Show, expected: list[Reason]) -> None:
    """Everything that is not as ordered is found, and nothing else."""
    assert expected == reasons(show)


def test_data() -> None:
    """As data the status has a version, and says what is not as ordered; it is JSON, and has no secret."""
    shows = (Show("bad", runner=FAILED), Show("good", runner=LIVE))
    data = json.loads(json.dumps(as_data(Overview(BEGAN, shows=shows))))
    assert (1, BEGAN, None, False) == tuple(
        data[key] for key in ("version", "time", "controller", "as_ordered")
    )
    bad, good = data["profiles"]
    assert ([], YOUTUBE) == (good["reasons"], bad["reasons"][0]["path"])
    assert "live" == good["runner"]["units"][2]["state"]


def test_read() -> None:
    """What a controller says is understood: overrides, drift, what is held, and its runners' own words."""
    override = {"path": "show/source", "order": "stopped", "since": 1.0, "until": BEGAN}
    said = profile_data(overrides=[override], drift=["-x"], findings=["f"], held="h", valid=False)
    found = read_overview(CONTROLLER, status_data(said, folder="/srv/profiles"), BEGAN)
    assert found.controller is not None
    assert ("/srv/profiles", "folder") == (found.controller.folder, found.controller.kind)
    (show,) = found.shows
    assert (Override("show/source", Order.STOPPED, BEGAN),) == show.overrides
    assert (("-x",), ("f",), "h", False, LIVE) == (
        show.drift, show.findings, show.held, show.valid, show.runner,
    )  # fmt: skip


@pytest.mark.parametrize(
    "data", [{}, {"profiles": [{}]}, {"profiles": 1}, {"profiles": [{"name": "a", "order": "?"}]}, []]
)
def test_another_version(data: Any) -> None:
    """An answer of another shape is another version's."""
    with pytest.raises(PeerError, match="that this version knows"):
        read_overview(CONTROLLER, data, 0.0)


def test_position() -> None:
    """Shows stand by their position, those in the foreground at 0; equal ones by name."""
    said = Overview(0.0, None, (Show("c", position=5), Show("b", position=-5)))
    merged = with_runners(said, [Show("z", runner=LIVE), Show("a", runner=LIVE)])
    assert ["b", "a", "z", "c"] == [show.name for show in merged.shows]


def test_with_runners() -> None:
    """A show in the foreground stands beside the controller's, or in the place that it holds."""
    said = Overview(0.0, None, (Show("b", held="in the foreground", order=Order.STOPPED),))
    merged = with_runners(said, [Show("a", runner=LIVE), Show("b", runner=FAILED)])
    assert [("a", "", LIVE), ("b", "in the foreground", FAILED)] == [
        (show.name, show.held, show.runner) for show in merged.shows
    ]
