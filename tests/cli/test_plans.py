"""Plans as text, as data, and the id that stands for one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spiritstream.cli.plans import Plan, plan_data, plan_id, plan_lines, read_plans
from spiritstream.errors import PeerError
from spiritstream.model.changes import Action, Change, Scope

TARGET = "groups.source.targets.youtube"
CHANGE = Change(Action.RESTART, Scope.TARGET, TARGET, "address.key changed", (12, 13))
PLAN = Plan("show", "show.yaml", (CHANGE,), digest="d1", base="r1")
OTHER = Plan("other", "other.yaml", (Change(Action.START, Scope.INPUT, "input", "wanted and not running"),))


@pytest.mark.parametrize(
    ("plans", "lines"),
    [
        pytest.param([Plan("show", "show.yaml", digest="d1")], [], id="no change: nothing"),
        pytest.param(
            [PLAN],
            ["show (show.yaml)", "  restart show/source/youtube: address.key changed (ends pid 12, 13)"],
            id="the cause, and the processes that it ends",
        ),
        pytest.param(
            [Plan("a", "a.yaml"), OTHER],
            ["other (other.yaml)", "  start other/input: wanted and not running"],
            id="only the profiles with changes",
        ),
        pytest.param(
            [
                Plan(
                    "show",
                    "s.yaml",
                    (Change(Action.UPDATE, Scope.LIVE, "description", "description changed"),),
                )
            ],
            ["show (s.yaml)", "  update show: description changed"],
            id="what is about the whole profile",
        ),
        pytest.param(
            [Plan("show", "s.yaml", held="it is refused", findings=("s.yaml:1:1: wrong\x1b[31m",))],
            ["show (s.yaml)", "  held: it is refused", "  not valid: s.yaml:1:1: wrong[31m"],
            id="what keeps it from being done; nothing that steers a terminal",
        ),
        pytest.param(
            [Plan("show", "s.yaml", findings=("s.yaml:1:1: wrong\n  hint: do this",))],
            ["show (s.yaml)", "  not valid: s.yaml:1:1: wrong", "    hint: do this"],
            id="what to do stands in a line of its own",
        ),
    ],
)
def test_lines(plans: list[Plan], lines: list[str]) -> None:
    """The changes and only those, each with its cause."""
    assert lines == list(plan_lines(plans))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(PLAN, digest="d2"), id="another text, though the same fields change"),
        pytest.param(replace(PLAN, base="r2"), id="something else runs"),
        pytest.param(replace(PLAN, changes=()), id="other changes"),
        pytest.param(replace(PLAN, changes=(replace(CHANGE, cause="sender changed"),)), id="another cause"),
        pytest.param(replace(PLAN, held="refused"), id="held"),
        pytest.param(replace(PLAN, name="other"), id="another profile"),
    ],
)
def test_id_differs(other: Plan) -> None:
    """The id is another when what would change, or what it would change, is another."""
    assert plan_id([PLAN]) != plan_id([other])


def test_id_same() -> None:
    """It is the same in another order, under another file name, and after a child was restarted."""
    again = replace(PLAN, file="else.yaml", changes=(replace(CHANGE, pids=(99,)),))
    assert plan_id([PLAN, OTHER]) == plan_id([OTHER, again])


def test_data() -> None:
    """As data it has a version, the id, and the changes by field."""
    data = plan_data([PLAN])
    assert (1, plan_id([PLAN])) == (data["version"], data["id"])
    (change,) = data["profiles"][0]["changes"]
    assert ("restart", TARGET, [12, 13]) == (change["action"], change["path"], change["pids"])


@pytest.mark.parametrize(
    "data", [None, [], {}, {"profiles": [{}]}, {"profiles": [{"name": "a", "changes": [1]}]}]
)
def test_another_version(data: object) -> None:
    """An answer of another shape is another version's."""
    with pytest.raises(PeerError, match="that this version knows"):
        read_plans(data, {})
