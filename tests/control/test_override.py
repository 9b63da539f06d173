"""Orders by hand: which targets they leave on air, how they replace each other, when they end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spiritstream.control.override import (
    Override,
    checked_path,
    drift,
    effective,
    lasting,
    next_end,
    taken_back,
    targets_on_air,
    with_order,
)
from spiritstream.errors import UsageError
from spiritstream.model.lifecycle import Order
from spiritstream.model.profile import Group, Profile, TestInput
from tests.control.wishes import target

SHOW = Profile(
    "show",
    TestInput(),
    (
        Group("one", (target("a"), target("b", enabled=False))),
        Group("two", (target("c"), target("d")), enabled=False),
    ),
)
OFF = replace(SHOW, enabled=False)


def orders(*texts: str) -> dict[str, Override]:
    """`-show/one` stops, `+show/two/c` starts."""
    made = [Override(text[1:], Order.LIVE if text[0] == "+" else Order.STOPPED, 0.0) for text in texts]
    return {one.path: one for one in made}


def on_air(show: Profile, *texts: str) -> str:
    """The targets that are wanted live, by letter."""
    return "".join(sorted(path[-1] for path in targets_on_air(effective(show, orders(*texts)))))


@pytest.mark.parametrize(
    ("show", "texts", "expected"),
    [
        (SHOW, (), "a"),
        (OFF, (), ""),
        (SHOW, ("-show",), ""),
        (OFF, ("+show",), "a"),
        (SHOW, ("+show/one/b",), "ab"),
        (SHOW, ("+show/two",), "acd"),
        (OFF, ("+show/two/d",), "d"),
        (SHOW, ("-show", "+show/two/c"), "c"),
        (SHOW, ("+show/two", "-show/two/c"), "ad"),
        (SHOW, ("-other", "+show/none", "-show/one/none"), "a"),
    ],
)
def test_the_nearest_order_decides(show: Profile, texts: tuple[str, ...], expected: str) -> None:
    """An order to be live overrules the file where it stands and above, never below."""
    assert expected == on_air(show, *texts)


def test_without_an_order_it_is_the_very_profile() -> None:
    """What nobody ordered is not rebuilt."""
    assert SHOW is effective(SHOW, orders("-other"))


def test_a_new_order_replaces_those_below() -> None:
    """Whoever stops a show means all of it."""
    found = with_order(orders("+show/one", "-show/two/c", "-shower"), Override("show", Order.STOPPED, 1.0))
    assert {"show", "shower"} == found.keys()


def test_what_was_stopped_is_taken_back() -> None:
    """At the place and below it; what was ordered to be live stays so, and what stands beside it."""
    found = taken_back(orders("-show/one", "-show/two/c", "+show/two", "-shower"), "show")
    assert {"show/two", "shower"} == found.keys()
    assert {} == taken_back(orders("-show"), "show")
    assert {"show"} == taken_back(orders("-show"), "show/one").keys()


def test_orders_run_out() -> None:
    """At their time, not before; without one never."""
    ends = {"a": Override("a", Order.LIVE, 0.0, 10.0), "b": Override("b", Order.LIVE, 0.0)}
    assert 10.0 == next_end(ends)
    assert [["a", "b"], ["b"]] == [sorted(lasting(ends, now)) for now in (9.9, 10.0)]
    assert next_end(orders("-a")) is None


def test_drift_is_what_differs_from_the_file() -> None:
    """An order that says what the file says is none."""
    texts = orders("-show/one/a", "+show/two/c", "-show/two/d")
    assert ("-groups.one.targets.a", "+groups.two.targets.c") == drift(SHOW, texts)


@pytest.mark.parametrize("text", ["", "/", "a//b", "a/b/c/d"])
def test_what_is_no_path(text: str) -> None:
    """It is said how one is written."""
    with pytest.raises(UsageError, match="names no profile"):
        checked_path(text)
