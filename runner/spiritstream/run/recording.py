"""Where a recording goes: a new file each time, in a folder that exists."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from spiritstream.errors import SpiritError
from spiritstream.ffmpeg.argv import record_path, segment_path
from spiritstream.model.profile import Target


def open_record(target: Target) -> Target:
    """`target` with its record path made real: placeholders filled, nothing overwritten, folder there.

    A segmented recording keeps its placeholders: ffmpeg names each segment itself. One that begins anew in
    the minute of its last segment has a number in its names, as ffmpeg would write over that one.

    Raises:
        SpiritError: the folder cannot be made.
    """
    record = target.record
    if record is None:
        return target
    now = datetime.now().astimezone()
    name = record_path if record.segment_s is None else segment_path
    path = name(record.path, now, os.path.exists)
    file = path if record.segment_s is None else now.strftime(path)
    folder = Path(file).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise SpiritError(
            f"recordings cannot go into {folder}: that, or a part of it, is a file and no folder",
            "give another folder, or move the file away",
        ) from None
    except OSError as error:
        raise SpiritError(
            f"the folder {folder} for recordings cannot be made: {error.strerror}",
            "create it, or give this user the right to write there",
        ) from None
    return replace(target, record=replace(record, path=path))
