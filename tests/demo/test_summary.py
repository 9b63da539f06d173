"""The demo's last words."""

from __future__ import annotations

from dataclasses import replace

from spiritstream.demo.summary import Outcome, failures, summary

FINE = Outcome("youtube", True, "live", "", 1125, 4_512_345, 8.44, 2, 12)
DOWN = Outcome("kick", False, "waiting", "the server refused", 0, 0, 0.0, 0, 3)


def test_summary() -> None:
    """Each target with what arrived, what was lost, and how often it was started anew, in columns."""
    expected = """\
target   at the end  received  frames  dropped GOPs  longest gap  restarts
youtube  live          4.5 MB    1125             2        8.4 s        12
kick     waiting       0.0 MB       0             0        0.0 s         3"""
    assert expected == summary([FINE, DOWN])


def test_failures() -> None:
    """What failed is named with its cause; a live sender of a dark platform has failed, too."""
    dark = replace(FINE, live=False)
    assert ["kick was waiting: the server refused", "youtube was dark"] == failures([FINE, DOWN, dark])
