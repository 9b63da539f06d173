"""FLV tags: split a byte stream into them, and read the two bytes that a decision needs. Pure.

Source: Adobe, "Video File Format Specification" version 10.1, annex E (tag layout E.4.1, video and
audio tag bodies E.4.2, E.4.3); Veovera, "Enhanced RTMP" v2 (extended video and audio headers).
"""

from __future__ import annotations

from enum import IntEnum

AUDIO, VIDEO, SCRIPT = 8, 9, 18
_TAG_HEADER = 11
_TRAILER = 4
_FILE_HEADER = 9
# The format allows 16 MiB; no live frame comes near this, and a garbled size must not eat memory.
MAX_BODY_BYTES = 8 * 1024 * 1024

_AVC, _HEVC, _AAC = 7, 12, 10
UNKNOWN_CODEC = "unknown"
_VIDEO_CODECS = {2: "h263", 3: "screen", 4: "vp6", 5: "vp6a", 6: "screen2", 7: "h264", 9: "mpeg4", 12: "hevc"}
_VIDEO_FOURCC = {b"avc1": "h264", b"hvc1": "hevc", b"av01": "av1", b"vp09": "vp9", b"vp08": "vp8"}
_AUDIO_CODECS = {
    0: "pcm",
    1: "adpcm",
    2: "mp3",
    3: "pcm",
    4: "nellymoser",
    5: "nellymoser",
    6: "nellymoser",
    7: "alaw",
    8: "mulaw",
    10: "aac",
    11: "speex",
    14: "mp3",
}
_AUDIO_FOURCC = {
    b"mp4a": "aac",
    b"Opus": "opus",
    b".mp3": "mp3",
    b"ac-3": "ac3",
    b"ec-3": "eac3",
    b"fLaC": "flac",
}


# A script tag's body begins with its name, an AMF0 string: marker 2, the length in two bytes, the text.
_ON_METADATA = b"\x02\x00\x0aonMetaData"
_SET_DATA_FRAME = b"\x02\x00\x0d@setDataFrame"  # what a publisher puts before it; some servers leave it there
_METADATA_NAMES = (_ON_METADATA, _SET_DATA_FRAME + _ON_METADATA)


class FlvError(ValueError):
    """The bytes are not FLV: whoever wrote them must start again."""


class Role(IntEnum):
    """What a tag is for, as far as fan-out must know."""

    META = 0  # onMetaData
    HEADER = 1  # a codec's configuration, needed before its frames
    KEY = 2  # a video frame that decoding can start at
    FRAME = 3  # any other video frame
    SOUND = 4  # an audio frame
    OTHER = 5  # carried along, never kept
    END = 6  # the source's own end, which is not ours


# What is no frame: its timestamp says nothing about the media's clock.
TIMELESS = (Role.META, Role.HEADER, Role.OTHER)


class Tag:
    """One FLV tag as it travels: its raw bytes (header, body, trailing size) and what was read of them."""

    __slots__ = ("kind", "raw", "role", "time_ms")

    def __init__(self, kind: int, time_ms: int, raw: bytes, role: Role) -> None:
        self.kind = kind
        self.time_ms = time_ms
        self.raw = raw
        self.role = role

    def __repr__(self) -> str:
        return f"Tag({self.role.name.lower()} kind={self.kind} time_ms={self.time_ms} {len(self.raw)} bytes)"

    def at(self, time_ms: int) -> Tag:
        """The same tag at another time. `time_ms` may exceed 32 bits; the bytes hold its low 32."""
        stamp = time_ms & 0xFFFFFFFF
        head = self.raw[:4] + (stamp & 0xFFFFFF).to_bytes(3, "big") + bytes((stamp >> 24,))
        return Tag(self.kind, time_ms, b"".join((head, memoryview(self.raw)[8:])), self.role)


def make_tag(kind: int, time_ms: int, body: bytes) -> Tag:
    """A tag around `body`."""
    stamp = time_ms & 0xFFFFFFFF
    head = bytes((kind,)) + len(body).to_bytes(3, "big") + (stamp & 0xFFFFFF).to_bytes(3, "big")
    raw = head + bytes((stamp >> 24, 0, 0, 0)) + body + (len(body) + _TAG_HEADER).to_bytes(4, "big")
    return Tag(kind, time_ms, raw, role_of(kind, raw))


def file_header(*, audio: bool, video: bool) -> bytes:
    """The bytes before the first tag. The flags matter: a reader waits for a stream that is promised."""
    return b"FLV\x01" + bytes((4 * audio | video,)) + _FILE_HEADER.to_bytes(4, "big") + bytes(_TRAILER)


def role_of(kind: int, raw: bytes | bytearray, start: int = 0) -> Role:
    """What the tag at `start` of `raw` is for, from its body's first bytes: two, or a script's name."""
    body = start + _TAG_HEADER
    size = int.from_bytes(raw[start + 1 : start + 4], "big")
    if kind == SCRIPT:
        return Role.META if raw.startswith(_METADATA_NAMES, body, body + size) else Role.OTHER
    if size < 1:
        return Role.OTHER
    if kind == VIDEO:
        return _video_role(raw[body], raw[body + 1] if size > 1 else 1)
    return _audio_role(raw[body], raw[body + 1] if size > 1 else 1)


def _video_role(first: int, second: int) -> Role:
    key = (first >> 4) & 7 == 1
    if first & 0x80:  # Enhanced RTMP: the low bits are a packet type
        packet = first & 0x0F
        if packet in (0, 5):  # SequenceStart, MPEG2TSSequenceStart
            return Role.HEADER
        if packet == 2:  # SequenceEnd
            return Role.END
        if packet == 4:  # Metadata
            return Role.OTHER
        return Role.KEY if key else Role.FRAME
    if (first & 0x0F) in (_AVC, _HEVC) and second != 1:
        return Role.HEADER if second == 0 else Role.END
    if (first >> 4) == 5:  # a server's command frame, not a picture
        return Role.OTHER
    return Role.KEY if key else Role.FRAME


def _audio_role(first: int, second: int) -> Role:
    form = first >> 4
    if form == 9:  # Enhanced RTMP
        packet = first & 0x0F
        if packet in (0, 4):  # SequenceStart, MultichannelConfig
            return Role.HEADER
        return Role.END if packet == 2 else Role.SOUND
    return Role.HEADER if form == _AAC and second == 0 else Role.SOUND


def body_of(tag: Tag) -> bytes:
    """The tag without its header and its trailing size."""
    return tag.raw[_TAG_HEADER:-_TRAILER]


def codec_of(tag: Tag) -> str:
    """The codec's usual name (`h264`, `aac`, ...), or `UNKNOWN_CODEC`."""
    body = tag.raw[_TAG_HEADER : _TAG_HEADER + 5]
    if tag.kind == VIDEO:
        if body[0] & 0x80:
            return _VIDEO_FOURCC.get(body[1:5], UNKNOWN_CODEC)
        return _VIDEO_CODECS.get(body[0] & 0x0F, UNKNOWN_CODEC)
    if body[0] >> 4 == 9:
        return _AUDIO_FOURCC.get(body[1:5], UNKNOWN_CODEC)
    return _AUDIO_CODECS.get(body[0] >> 4, UNKNOWN_CODEC)


class FlvReader:
    """Splits a stream of bytes into tags, however it is cut. One reader for each child."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._begun = False
        self.has_audio = False
        self.has_video = False

    def feed(self, data: bytes) -> list[Tag]:
        """The tags that `data` completes.

        Raises:
            FlvError: what came is not FLV; the reader is of no more use.
        """
        buffer = self._buffer
        buffer += data
        position = 0 if self._begun else self._read_file_header()
        tags: list[Tag] = []
        while len(buffer) - position >= _TAG_HEADER:
            end = position + self._tag_bytes(position)
            if end > len(buffer):
                break
            tags.append(self._tag(position, end))
            position = end
        if position:
            del buffer[:position]
        return tags

    def _read_file_header(self) -> int:
        head = bytes(self._buffer[: _FILE_HEADER + _TRAILER])
        if not b"FLV\x01".startswith(head[:4]):
            raise FlvError("the data does not begin like FLV")
        if len(head) < _FILE_HEADER + _TRAILER:
            return 0
        if int.from_bytes(head[5:9], "big") != _FILE_HEADER:
            raise FlvError("the FLV header has an unknown length")
        self.has_audio, self.has_video = bool(head[4] & 4), bool(head[4] & 1)
        self._begun = True
        return len(head)

    def _tag_bytes(self, start: int) -> int:
        if not self._begun:
            return len(self._buffer) + 1  # the file header is not complete yet
        if self._buffer[start] not in (AUDIO, VIDEO, SCRIPT):
            raise FlvError("the FLV stream holds something that is no tag")
        size = int.from_bytes(self._buffer[start + 1 : start + 4], "big")
        if size > MAX_BODY_BYTES:
            raise FlvError(f"an FLV tag claims {size} bytes")
        return _TAG_HEADER + size + _TRAILER

    def _tag(self, start: int, end: int) -> Tag:
        raw = bytes(memoryview(self._buffer)[start:end])
        time_ms = int.from_bytes(raw[4:7], "big") | raw[7] << 24
        return Tag(raw[0], time_ms, raw, role_of(raw[0], raw))
