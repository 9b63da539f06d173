"""What OBS Studio's encoder is set to, in basic.ini and streamEncoder.json. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from spiritstream.importers.encoding import AudioParts, VideoParts, audio_fields, video_fields
from spiritstream.importers.jsontext import Node
from spiritstream.importers.values import Fields, Notes

Ini = Mapping[str, Mapping[str, str]]
# OBS Studio's ids of encoders that do not tell by themselves which of ffmpeg's it is.
_ENCODERS = (
    (r"obs_x264|x264(_lowcpu)?", "libx264"),
    (r".*nvenc.*av1.*", "av1_nvenc"),
    (r".*nvenc.*(hevc|265).*", "hevc_nvenc"),
    (r".*nvenc.*", "h264_nvenc"),
    (r".*qsv.*av1.*", "av1_qsv"),
    (r".*qsv.*hevc.*", "hevc_qsv"),
    (r".*qsv.*", "h264_qsv"),
    (r"av1_texture_amf|amd_av1", "av1_amf"),
    (r"h265_texture_amf|amd_hevc", "hevc_amf"),
    (r".*amf.*|amd", "h264_amf"),
    (r".*vaapi.*hevc.*|hevc.*vaapi.*", "hevc_vaapi"),
    (r".*vaapi.*", "h264_vaapi"),
    (r".*videotoolbox.*hevc.*|apple_hevc", "hevc_videotoolbox"),
    (r".*videotoolbox.*|apple_h264", "h264_videotoolbox"),
    (r".*svt_av1.*", "libsvtav1"),
    (r".*aom_av1.*", "libaom-av1"),
)


def encoder_remarks(ini: Ini, encoder: Any, file: str, left: Notes) -> tuple[str, ...]:
    """What the encoder was set to, as the lines of a group that would do the same here.

    `encoder` is streamEncoder.json's data, or `None`.

    Raises:
        UnreadableError: a value is of the wrong kind.
    """
    if not ini and encoder is None:
        return ()
    advanced = ini.get("Output", {}).get("Mode") == "Advanced" or not ini
    settings = Node({} if encoder is None else encoder, file)
    said = Notes()
    video = video_fields(_advanced(ini, settings) if advanced else _simple(ini), "video", said)
    audio = audio_fields(_sound(ini, advanced), "audio", said) if ini else None
    lines = [f"{key}: {{{_flow(fields)}}}" for key, fields in (("video", video), ("audio", audio)) if fields]
    if not lines:
        return ()
    left.extend(f"OBS Studio's own {line}" for line in said)
    return (
        "OBS Studio encodes already, so its stream is passed on as it is. To encode here, as it did:",
        *lines,
    )


def _flow(fields: Fields) -> str:
    return ", ".join(f"{key}: {value}" for key, value in fields.items())


def _advanced(ini: Ini, settings: Node) -> VideoParts:
    out = ini.get("AdvOut", {})
    rescaled = "true" in (out.get("Rescale"), out.get("UseRescale"))
    size = out.get("RescaleRes", "") if rescaled else ""
    return picture(ini, out.get("Encoder", "obs_x264"), settings, size)


def picture(ini: Ini, encoder: str, settings: Node, size: str) -> VideoParts:
    """An encoder's own settings (bitrate in kbit/s, keyint_sec) with the size and rate of the picture."""
    video = ini.get("Video", {})
    width, height = _size(size) or _output_size(video)
    return VideoParts(
        encoder=encoder_name(encoder),
        width=width,
        height=height,
        fps=_fps(video),
        bitrate=f"{settings.number('bitrate', 2500):.0f}k",
        keyframe_s=settings.number("keyint_sec", 0),
        preset=_word(settings, "preset2") or _word(settings, "preset"),
        profile=_word(settings, "profile"),
        b_frames=settings.number("bf") if "bf" in settings.data else None,
    )


def _word(settings: Node, key: str) -> str:
    """A setting's text; some encoders number theirs, which means nothing to ffmpeg."""
    value = settings.data.get(key)
    return value if isinstance(value, str) else ""


def _simple(ini: Ini) -> VideoParts:
    out, video = ini.get("SimpleOutput", {}), ini.get("Video", {})
    encoder = encoder_name(out.get("StreamEncoder", "x264"))
    width, height = _output_size(video)
    presets = {"libx264": out.get("Preset", "veryfast"), "h264_nvenc": out.get("NVENCPreset2", "")}
    return VideoParts(
        encoder=encoder,
        width=width,
        height=height,
        fps=_fps(video),
        bitrate=f"{out.get('VBitrate', '2500')}k",
        preset=presets.get(encoder, ""),
    )


def _sound(ini: Ini, advanced: bool) -> AudioParts:
    out = ini.get("AdvOut" if advanced else "SimpleOutput", {})
    track = f"Track{out.get('TrackIndex', '1')}Bitrate"
    rate = ini.get("Audio", {}).get("SampleRate", "48000")
    known = re.fullmatch(r"[0-9]{4,6}", rate)
    return AudioParts(
        "aac", f"{out.get(track if advanced else 'ABitrate', '160')}k", float(rate) if known else 0
    )


def encoder_name(id: str) -> str:
    """ffmpeg's name for one of OBS Studio's encoders; its own id where there is none."""
    return next((name for pattern, name in _ENCODERS if re.fullmatch(pattern, id.lower())), id.lower())


def _fps(video: Mapping[str, str]) -> str:
    match video.get("FPSType", "0"):
        case "1":
            return video.get("FPSInt", "")
        case "2":
            return f"{video.get('FPSNum', '')}/{video.get('FPSDen', '')}"
        case _:
            return video.get("FPSCommon", "30").removesuffix(" NTSC").removesuffix(" PAL")


def _output_size(video: Mapping[str, str]) -> tuple[int, int]:
    return _size(f"{video.get('OutputCX', '')}x{video.get('OutputCY', '')}") or (0, 0)


def _size(text: str) -> tuple[int, int] | None:
    match = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})", text)
    return (int(match[1]), int(match[2])) if match else None
