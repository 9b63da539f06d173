"""What the README and the examples promise a new user happens."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

from tests.live.media import decode_errors, probe
from tests.live.running import running

EXAMPLES = Path(__file__).parents[2] / "examples"


async def test_the_first_example_records_a_test_picture_as_it_is_and_small(
    tmp_path: Path, ffmpeg_path: str
) -> None:
    """Run as it stands, it is live, ends in order, and leaves two recordings that play."""
    show = tmp_path / "show.yaml"
    shutil.copy(EXAMPLES / "first.yaml", show)
    async with running(show, "--ffmpeg", ffmpeg_path, folder=tmp_path) as program:
        await program.live(5)
        program.signal(signal.SIGTERM)
        assert 0 == await program.ended()
    small, source = sorted((tmp_path / "recordings").glob("*.mkv"), key=lambda path: path.stat().st_size)
    assert small.name.startswith("small_")
    assert [(640, 360), (1280, 720)] == [probe(path).track("video").size for path in (small, source)]
    assert [] == decode_errors(small, ffmpeg_path) + decode_errors(source, ffmpeg_path)
