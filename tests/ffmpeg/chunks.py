"""Bytes cut at random places, for what must not care how a pipe delivers."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import strategies as st


def chunked(data: bytes, draw: st.DataObject) -> list[bytes]:
    """`data` in drawn chunks, empty ones among them."""
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=20)))
    return [data[start:end] for start, end in pairwise([0, *cuts, len(data)])]
