"""What an FLV file holds, tag by tag, read with none of the product's code.

assert_same_media(sent, arrived)     # every codec header and frame, byte for byte, and one rising clock
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

AUDIO, VIDEO = 8, 9
_FILE_HEADER_BYTES, _TAG_HEADER_BYTES, _SIZE_BYTES = 9, 11, 4
_H264, _AAC = 7, 10
_HEADER, _END = 0, 2  # an AVC or AAC packet's type: codec header, end of sequence
# Sound before the first keyframe is of no use to anybody: it may stay behind.
_EARLY_SOUND = 2


@dataclass(frozen=True, slots=True)
class Tag:
    """One FLV tag. `part` is an H.264 or AAC packet's type: 0 is a codec header, 1 a frame."""

    kind: int
    time_ms: int
    body: bytes

    @property
    def part(self) -> int:
        """0 for a codec header, 1 for a frame, 2 for the end of a sequence."""
        codec = self.body[0] & 0x0F if self.kind == VIDEO else self.body[0] >> 4
        return self.body[1] if (self.kind, codec) in ((VIDEO, _H264), (AUDIO, _AAC)) else 1


def read_tags(path: Path) -> list[Tag]:
    """The sound and picture of a file. It may still be written: a tag that is not whole yet is left out."""
    data = path.read_bytes()
    assert data.startswith(b"FLV\x01"), f"{path.name} is no FLV"
    at = _FILE_HEADER_BYTES + _SIZE_BYTES
    tags: list[Tag] = []
    while (body := at + _TAG_HEADER_BYTES) <= len(data):
        end = body + int.from_bytes(data[at + 1 : at + 4], "big")
        if end > len(data):
            break
        if data[at] in (AUDIO, VIDEO) and end > body:
            tags.append(
                Tag(data[at], int.from_bytes(data[at + 4 : at + 7]) | data[at + 7] << 24, data[body:end])
            )
        at = end + _SIZE_BYTES
    return tags


def frames(tags: list[Tag], kind: int) -> list[Tag]:
    """The frames of one kind, in the file's order."""
    return [tag for tag in tags if tag.kind == kind and tag.part not in (_HEADER, _END)]


def headers(tags: list[Tag]) -> set[tuple[int, bytes]]:
    """The codec headers, however often they were sent."""
    return {(tag.kind, tag.body) for tag in tags if tag.part == _HEADER}


def has_all(sent: Path, arrived: Path) -> bool:
    """Whether the last frame of each kind has arrived, in a file that may still be written."""
    if not arrived.exists() or not arrived.stat().st_size:
        return False
    ends = [
        {kind: of_kind[-1].body for kind in (AUDIO, VIDEO) if (of_kind := frames(read_tags(path), kind))}
        for path in (sent, arrived)
    ]
    return ends[0] == ends[1]


def assert_same_media(sent: Path, arrived: Path) -> None:
    """What arrived is what was sent, byte for byte, at the same pace; only the clock's start may differ."""
    before, after = read_tags(sent), read_tags(arrived)
    assert headers(before), "nothing was sent"
    assert headers(before) == headers(after), "the codec headers differ"
    for kind, may_lack in ((VIDEO, 0), (AUDIO, _EARLY_SOUND)):
        whole, got = frames(before, kind), frames(after, kind)
        lacking = len(whole) - len(got)
        assert 0 <= lacking <= may_lack, f"of {len(whole)} frames of kind {kind}, {len(got)} arrived"
        # Not compared as lists: a report of what differs would be as long as the media.
        changed = [n for n, (a, b) in enumerate(zip(whole[lacking:], got, strict=True)) if a.body != b.body]
        assert [] == changed, f"frames of kind {kind} differ"
        assert _steps(whole[lacking:]) == _steps(got), f"the clock of kind {kind} went another way"
        assert all(step > 0 for step in _steps(got)), f"the clock of kind {kind} does not rise"


def _steps(tags: list[Tag]) -> list[int]:
    return [b.time_ms - a.time_ms for a, b in pairwise(tags)]
