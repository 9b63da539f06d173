"""What fuzzing has found, and what real publishers have sent, is replayed."""

from __future__ import annotations

import itertools
from pathlib import Path
from random import Random

import pytest

from spiritstream.rtmp.chunks import ChunkReader
from tests.rtmp.fuzz import CORPUS, TARGETS, mutate, saved, seeds

MAX_CORPUS_BYTES = 300 * 1024


def test_there_is_a_corpus() -> None:
    """Every target has files: a replay of nothing would prove nothing."""
    assert set(TARGETS) == {target for target, _ in saved()}
    assert sum(path.stat().st_size for _, path in saved()) < MAX_CORPUS_BYTES


@pytest.mark.parametrize(("target", "path"), saved(), ids=[f"{t}-{p.stem}" for t, p in saved()])
def test_the_corpus_holds_no_surprise(target: str, path: Path) -> None:
    """Every file ends as it should, and alike however it is cut."""
    for seed in range(3):
        TARGETS[target](path.read_bytes(), Random(seed))


@pytest.mark.parametrize("target", TARGETS)
def test_a_few_mutations_hold_no_surprise(target: str) -> None:
    """A moment of fuzzing, the same one every time."""
    random = Random(target)
    pool = [data for its, data in seeds() if its == target]
    for _ in range(150):
        TARGETS[target](mutate(random.choice(pool), random.choice(pool), random), random)


@pytest.mark.parametrize("path", sorted((CORPUS / "chunks").glob("real-*.bin")), ids=lambda path: path.stem)
def test_what_publishers_have_sent_is_read(path: Path) -> None:
    """The recorded start of a real publisher's stream: commands, metadata, media on a clock that runs on.

    ffmpeg's clock has 31 bits: its FLV muxer masks the highest one.
    """
    messages = ChunkReader().feed(path.read_bytes())
    assert {20, 18, 9, 8} <= {message.kind for message in messages}
    for kind in (8, 9):
        times = [message.time_ms for message in messages if message.kind == kind]
        assert len(times) > 5
        # The codec header comes first, at 0, wherever the clock stands.
        assert all((later - time) % 2**31 < 200 for time, later in itertools.pairwise(times[1:]))
