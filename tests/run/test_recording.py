"""A recording's place is there before anybody writes into it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from spiritstream.errors import SpiritError
from spiritstream.ffmpeg.argv import segment_path
from spiritstream.model.profile import Record, Target
from spiritstream.run.recording import open_record


@pytest.mark.parametrize("segment_s", [None, 60.0])
@pytest.mark.parametrize("folder", ["plain", "%%Y", "100%%", "%Y/%%m"])
def test_its_folder_is_there(tmp_path: Path, folder: str, segment_s: float | None) -> None:
    """The folder of the very path that is written to, and no other; a percent sign in it is just that."""
    target = Target("t", None, Record(f"{tmp_path}/{folder}/%H-%M.mkv", segment_s))
    record = open_record(target).record
    assert record is not None
    if segment_s is None:
        assert Path(record.path).parent.is_dir()
    assert 1 == len(list(tmp_path.iterdir()))
    assert ("%" in folder.replace("%Y/", "")) == any("%" in path.name for path in tmp_path.rglob("*"))


NOW = datetime(2026, 1, 31, 20, 15)


@pytest.mark.parametrize(
    ("template", "there", "expected"),
    [
        ("/r/%H-%M.mkv", [], "/r/%H-%M.mkv"),
        ("/r/%H-%M.mkv", ["/r/20-15.mkv"], "/r/%H-%M-1.mkv"),
        ("/r/%H-%M.mkv", ["/r/20-15.mkv", "/r/20-15-1.mkv"], "/r/%H-%M-2.mkv"),
        ("/r/%H-%M.mkv", ["/r/20-14.mkv"], "/r/%H-%M.mkv"),
        ("/r/100%%/%M", ["/r/100%/15"], "/r/100%%/%M-1"),
    ],
)
def test_segments_write_over_nothing(template: str, there: list[str], expected: str) -> None:
    """A recorder that comes back within the minute begins with names of its own."""
    assert expected == segment_path(template, NOW, there.__contains__)


@pytest.mark.parametrize("path", ["tape/%H.mkv", "tape/more/%H.mkv"])
def test_a_folder_that_is_a_file(tmp_path: Path, path: str) -> None:
    """It says what is in the way, and leaves it there."""
    (tmp_path / "tape").write_text("mine")
    with pytest.raises(SpiritError, match="is a file and no folder") as raised:
        open_record(Target("tape", record=Record(str(tmp_path / path))))
    assert ("give another folder, or move the file away", "mine") == (
        raised.value.hint,
        (tmp_path / "tape").read_text(),
    )
