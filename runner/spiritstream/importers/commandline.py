"""ffmpeg's command line as a person pastes it: one input, and outputs, of which `tee` holds several. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from spiritstream.importers.commandinput import command_input
from spiritstream.importers.destinations import (
    Destination,
    UnsendableError,
    destination,
    record_fields,
    without_login,
)
from spiritstream.importers.encoding import AudioParts, VideoParts, audio_fields, video_fields
from spiritstream.importers.ffmpegwords import Command, Part, commands
from spiritstream.importers.matching import Platforms
from spiritstream.importers.values import (
    MAX_TARGETS,
    Fields,
    Group,
    Imported,
    Notes,
    Target,
    UnreadableError,
    decoded,
)

# What has a place here, and what does nothing to the picture or the sound.
_KNOWN = frozenset(
    (
        *(
            "c",
            "c:v",
            "c:a",
            "b:v",
            "b:a",
            "maxrate",
            "preset",
            "profile:v",
            "bf",
            "g",
            "force_key_frames",
            "s",
            "r",
            "vf",
        ),
        *("ar", "ac", "f", "map", "an", "vn"),
    )
)
_HARMLESS = frozenset(
    (
        *("y", "n", "re", "hide_banner", "nostdin", "stats", "nostats", "loglevel", "v", "report", "threads"),
        *("use_fifo", "fifo_options", "flvflags", "reconnect", "reconnect_streamed", "reconnect_delay_max"),
        *("rw_timeout", "timeout", "stimeout", "fflags", "flags", "thread_queue_size", "listen", "movflags"),
        *("stream_loop", "rtsp_transport", "analyzeduration", "probesize", "shortest", "rtmp_live"),
        *("rtmp_buffer", "bufsize", "minrate", "pix_fmt"),
    )
)
_OPTION = re.compile(r"[a-z][a-z_]{0,23}(:[avs0-9]+)*")
_SIZES = {"hd480": "852x480", "hd720": "1280x720", "hd1080": "1920x1080", "vga": "640x480"}


def read_commands(data: bytes, name: str, file: str, platforms: Platforms) -> list[Imported]:
    """One profile for each ffmpeg command in a text, such as a shell script.

    Raises:
        UnreadableError: there is none, or a quote has no end.
    """
    calls = list(commands(decoded(data, file), file))
    if not calls:
        raise UnreadableError(f"{file}: no ffmpeg command with an input and an output is in it")
    found = [_imported(command, name, file, platforms) for command in calls]
    if sum(len(group.targets) for one in found for group in one.groups) > MAX_TARGETS:
        raise UnreadableError(f"{file}: it has more than {MAX_TARGETS} targets", "check the file")
    return found


def outputs_of(text: str, platforms: Platforms, left: Notes) -> list[Group]:
    """The groups that a command inside another program's configuration sends to."""
    try:
        return [
            group for command in commands(text, "the command") for group in _groups(command, platforms, left)
        ]
    except UnreadableError:
        left.append("command: its quotes do not match")
        return []


def _imported(command: Command, name: str, file: str, platforms: Platforms) -> Imported:
    left = Notes()
    groups = _groups(command, platforms, left)
    return Imported(
        name=name,
        kind="ffmpeg command",
        file=file,
        input=command_input(command, left),
        groups=tuple(groups),
        left=tuple(left),
        secrets=tuple(left.seen),
    )


# --- Outputs ---


def _groups(command: Command, platforms: Platforms, left: Notes) -> list[Group]:
    """The outputs, those of one encoding together."""
    found: list[tuple[Fields | None, Fields | None, list[Target]]] = []
    number = 0
    for output in command.outputs:
        targets = []
        for url in _urls(output):
            number += 1
            if target := _target(number, url, platforms, left):
                targets.append(target)
        video, audio = _encoding(output, command, f"output {number}", left)
        for group in found:
            if group[:2] == (video, audio):
                group[2].extend(targets)
                break
        else:
            found.append((video, audio, targets))
    return [
        Group(_group_name(video, audio), tuple(targets), video, audio)
        for video, audio, targets in found
        if targets
    ]


def _group_name(video: Fields | None, audio: Fields | None) -> str:
    if video is None:
        return "source" if audio is None else "source-video"
    return str(video.get("size", video["codec"])).rpartition("x")[2] + ("p" if "size" in video else "")


def _urls(output: Part) -> Iterator[str]:
    """The output's URL, or those that the tee muxer sends to: `[f=flv:onfail=ignore]URL|…`, `\\` escapes."""
    if output.options.get("f") != "tee":
        yield output.url
        return
    for slave in re.findall(r"(?:\\.|[^|\\])+", output.url):
        bare = re.sub(r"^\s*\[(?:\\.|[^\]\\])*\]", "", slave)
        yield re.sub(r"\\(.)", r"\1", bare).strip()


def _target(number: int, url: str, platforms: Platforms, left: Notes) -> Target | None:
    where = f"output {number}"
    try:
        if "://" not in url:
            return Target(f"recording-{number}", record_fields(url.removeprefix("file:")), url)
        found = _destination(url, platforms, left)
    except UnsendableError as error:
        left.not_sent(where, error)
        return None
    left.extend(f"{where}: {remark}" for remark in found.remarks)
    name = str(found.fields.get("platform", where.replace(" ", "-")))
    return Target(name, found.fields, found.place, missing=found.missing)


def _destination(url: str, platforms: Platforms, left: Notes) -> Destination:
    """Where a URL of a shell's command leads; a variable may stand for the whole key, and nowhere else."""
    public, login = without_login(url)
    left.saw(login.password, public.rpartition("/")[2])
    bare = re.sub(r"/\$(\{\w+\}|\w+)$", "", url)
    if "$" in bare or "`" in bare:
        raise UnsendableError("a shell's variable stands in its address; write what it stands for")
    return destination(url, "", platforms, joined=True)


def _encoding(output: Part, command: Command, where: str, left: Notes) -> tuple[Fields | None, Fields | None]:
    options = output.options
    both = options.get("c", "")
    video, audio = options.get("c:v", both), options.get("c:a", both)
    if not video or not audio:
        left.append(f"{where}: a codec is not named, so ffmpeg chose one; the input's is passed on as it is")
    for flag, what in (("an", "sound"), ("vn", "picture")):
        if flag in options:
            left.append(f"{where}: it had no {what}; a group always carries both")
    fps = options.get("r", "") or _input_fps(command)
    width, height = _size(options, where, left)
    parts = VideoParts(
        encoder=video,
        width=width,
        height=height,
        fps=options.get("r", ""),
        bitrate=_bits(options.get("b:v", "") or options.get("maxrate", "")),
        keyframe_s=_keyframe(options, fps, where, left),
        preset=options.get("preset", ""),
        profile=options.get("profile:v", ""),
        b_frames=_number(options["bf"]) if options.get("bf", "").isdigit() else None,
    )
    sound = AudioParts(
        audio, _bits(options.get("b:a", "")), _number(options.get("ar", "")), _number(options.get("ac", ""))
    )
    unknown = set(options) - _KNOWN - _HARMLESS
    rest = sorted(name for name in unknown if _OPTION.fullmatch(name))
    if rest:
        left.append(f"{where}: these options have no place: {' '.join(f'-{name}' for name in rest[:20])}")
    return video_fields(parts, f"{where}: video", left), audio_fields(sound, f"{where}: audio", left)


def _bits(text: str) -> str:
    """ffmpeg's bitrate in our spelling."""
    return re.sub(r"K$", "k", text)


def _number(text: str) -> float:
    return float(text) if re.fullmatch(r"[0-9]{1,8}(\.[0-9]{1,6})?", text) else 0


def _size(options: Mapping[str, str], where: str, left: Notes) -> tuple[float, float]:
    text = options.get("s", "")
    text = _SIZES.get(text, text)
    filters = options.get("vf", "")
    scale = re.search(r"scale=(?:w=)?(-?\d{1,5})[:x](?:h=)?(-?\d{1,5})", filters)
    if not text and scale:
        text = f"{scale[1]}x{scale[2]}"
    if filters and (not scale or "," in filters):
        left.append(f"{where}: of its filters only a scale to a fixed size has a place")
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if text and not match:
        left.append(f"{where}: its size is not written as two numbers; the input's is kept")
    return (float(match[1]), float(match[2])) if match else (0, 0)


def _keyframe(options: Mapping[str, str], fps: str, where: str, left: Notes) -> float:
    """Seconds from `-force_key_frames expr:gte(t,n_forced*2)`, or frames of `-g` at a known rate."""
    forced = re.search(r"n_forced\*([0-9]{1,2}(?:\.[0-9]{1,3})?)", options.get("force_key_frames", ""))
    if forced:
        return float(forced[1])
    frames, rate = _number(options.get("g", "")), _number(fps)
    if frames and not rate:
        left.append(f"{where}: -g counts frames at an unknown rate; a keyframe comes every 2 s now")
    return round(frames / rate, 3) if frames and rate else 0


def _input_fps(command: Command) -> str:
    options = command.inputs[0].options
    return options.get("framerate", "") or options.get("r", "")
