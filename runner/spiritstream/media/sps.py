"""What a codec's header says of the picture: size, frame rate where it is written, H.264's profile. Pure.

Sources: ISO/IEC 14496-15 5.3.3.1 and 8.3.3.1 (the decoder configuration records of AVC and HEVC); ITU-T H.264
7.3.2.1.1 and E.1.1, ITU-T H.265 7.3.2.2 and 7.3.3 (sequence parameter sets); Veovera, "Enhanced RTMP" v2
(extended video header).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from spiritstream.media.bits import Bits, payload

# A real parameter set has some tens of bytes; what claims to be longer is read so far.
_LONGEST_SET = 4096
_LONGEST_RECORD = 16_384
_LARGEST_SIDE = 65_535
_HIGHEST_RATE = 1_000.0

# H.264 profiles that say how colour is sampled (7.3.2.1.1); all others are 4:2:0.
_WITH_CHROMA = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
# By chroma_format_idc: how many pixels across and down share a colour sample (H.264 table 6-1, H.265 6-1).
_SHARED = {0: (1, 1), 1: (2, 2), 2: (2, 1), 3: (1, 1)}
_ANY_ASPECT = 255
_HEVC_SPS = 33
_AVC, _HEVC = 7, 12

# By profile_idc (H.264 A.2); of those that are not listed nothing is said.
_BASELINE, _MAIN = 66, 77
_PROFILES = {88: "extended", 100: "high", 110: "high10", 122: "high422", 244: "high444", 44: "high444"}
# Whatever its own profile is, a stream may say that it keeps to a simpler one, too (A.2.1, A.2.2).
_FITS_BASELINE, _FITS_MAIN = 0x80, 0x40


@dataclass(frozen=True, slots=True)
class Picture:
    """Width and height in pixels as shown, after cropping; frames per second as declared, not measured.

    `profile` is H.264's, the simplest one that the stream keeps to by its own word.
    """

    width: int
    height: int
    fps: float | None = None
    profile: str | None = None

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


def picture(width: int, height: int, fps: float | None = None) -> Picture:
    """A picture of that size; a frame rate that cannot be is left out.

    Raises:
        ValueError: no picture has such a size.
    """
    if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE):
        raise ValueError("no size of a picture")
    return Picture(width, height, round(fps, 3) if fps and 0 < fps <= _HIGHEST_RATE else None)


def from_header(body: bytes) -> Picture | None:
    """The picture that a video tag announces whose body is a sequence header. `None` when it does not say."""
    if len(body) < 5:
        return None
    if body[0] & 0x80:  # Enhanced RTMP: one byte and a fourCC
        read = {b"avc1": from_avc, b"hvc1": from_hevc}.get(body[1:5])
    else:  # one byte, packet type, three bytes of composition time
        read = {_AVC: from_avc, _HEVC: from_hevc}.get(body[0] & 0x0F)
    return read(body[5 : 5 + _LONGEST_RECORD]) if read else None


def from_avc(record: bytes) -> Picture | None:
    """The picture of an AVCDecoderConfigurationRecord's first parameter set. `None` when it is garbled."""
    if len(record) < 8 or record[0] != 1 or not record[5] & 0x1F:
        return None
    size = int.from_bytes(record[6:8], "big")
    parameters = payload(record[8 : 8 + min(size, _LONGEST_SET)], 1)
    try:
        return replace(_h264(Bits(parameters)), profile=_h264_profile(parameters[0], parameters[1]))
    except ValueError:
        return None


def from_hevc(record: bytes) -> Picture | None:
    """The picture of an HEVCDecoderConfigurationRecord. `None` when it is garbled.

    The frame rate is the record's average, which most writers leave out.
    """
    unit = _first_unit(record, _HEVC_SPS)
    if unit is None:
        return None
    average = int.from_bytes(record[19:21], "big") / 256
    try:
        return _h265(Bits(payload(unit[:_LONGEST_SET], 2)), average)
    except ValueError:
        return None


def _h264(bits: Bits) -> Picture:
    profile = bits.u(8)
    bits.skip(16)  # constraints, level
    bits.ue()
    chroma = _h264_chroma(bits) if profile in _WITH_CHROMA else 1
    bits.ue()  # log2_max_frame_num_minus4
    _h264_order_count(bits)
    bits.ue()  # max_num_ref_frames
    bits.skip(1)
    width, height = (bits.ue() + 1) * 16, (bits.ue() + 1) * 16
    fields = 1 if bits.flag() else 2  # a field has half of a frame's lines
    if fields == 2:
        bits.skip(1)
    bits.skip(1)
    across, down = _SHARED[chroma]
    height *= fields
    if bits.flag():
        left, right, top, bottom = (bits.ue() for _ in range(4))
        width -= (left + right) * across
        height -= (top + bottom) * down * fields
    return picture(width, height, _h264_rate(bits))


def _h264_profile(idc: int, constraints: int) -> str | None:
    if idc == _BASELINE or constraints & _FITS_BASELINE:
        return "baseline"
    if idc == _MAIN or constraints & _FITS_MAIN:
        return "main"
    return _PROFILES.get(idc)


def _h264_chroma(bits: Bits) -> int:
    """Read what profiles above Main have, and return ChromaArrayType."""
    chroma = bits.ue()
    if chroma > 3:
        raise ValueError("no chroma format")
    separate = chroma == 3 and bits.flag()
    bits.ue()  # bit depths
    bits.ue()
    bits.skip(1)
    if bits.flag():
        for index in range(12 if chroma == 3 else 8):
            if bits.flag():
                _h264_scaling_list(bits, 16 if index < 6 else 64)
    return 0 if separate else chroma


def _h264_scaling_list(bits: Bits, size: int) -> None:
    scale = 8
    for _ in range(size):
        scale = (scale + bits.se()) % 256
        if scale == 0:  # the rest repeats the last one
            return


def _h264_order_count(bits: Bits) -> None:
    kind = bits.ue()
    if kind == 0:
        bits.ue()
    elif kind == 1:
        bits.skip(1)
        bits.se()
        bits.se()
        for _ in range(min(bits.ue(), 255)):
            bits.se()


def _h264_rate(bits: Bits) -> float | None:
    """The frame rate, from the VUI's timing (E.1.1); a tick is a field, even where there are none (E.2.1)."""
    try:
        if not bits.flag():
            return None
        if bits.flag() and bits.u(8) == _ANY_ASPECT:
            bits.skip(32)
        if bits.flag():  # overscan
            bits.skip(1)
        if bits.flag():  # video signal type
            bits.skip(4)
            if bits.flag():
                bits.skip(24)
        if bits.flag():  # where colour is sampled
            bits.ue()
            bits.ue()
        if not bits.flag():
            return None
        tick, scale = bits.u(32), bits.u(32)
    except ValueError:  # the size is known all the same
        return None
    return scale / (2 * tick) if tick else None


def _first_unit(record: bytes, kind: int) -> bytes | None:
    """The first NAL unit of that type in an HEVCDecoderConfigurationRecord."""
    if len(record) < 23 or record[0] != 1:
        return None
    at = 23
    for _ in range(record[22]):
        head = record[at : at + 3]
        at += 3
        for _ in range(int.from_bytes(head[1:3], "big")):
            size = int.from_bytes(record[at : at + 2], "big")
            at += 2
            if at + size > len(record):
                return None
            if head[0] & 0x3F == kind:
                return record[at : at + size]
            at += size
    return None


def _h265(bits: Bits, fps: float | None) -> Picture:
    bits.skip(4)
    layers = bits.u(3)
    bits.skip(1)
    _h265_profile(bits, layers)
    bits.ue()
    chroma = bits.ue()
    if chroma > 3:
        raise ValueError("no chroma format")
    separate = chroma == 3 and bits.flag()
    width, height = bits.ue(), bits.ue()
    if bits.flag():
        across, down = _SHARED[0 if separate else chroma]
        left, right, top, bottom = (bits.ue() for _ in range(4))
        width -= (left + right) * across
        height -= (top + bottom) * down
    return picture(width, height, fps)


def _h265_profile(bits: Bits, layers: int) -> None:
    """Pass over profile_tier_level (7.3.3)."""
    bits.skip(96)
    present = [(bits.flag(), bits.flag()) for _ in range(layers)]
    if layers:
        bits.skip(2 * (8 - layers))
    for profile, level in present:
        bits.skip(88 * profile + 8 * level)
