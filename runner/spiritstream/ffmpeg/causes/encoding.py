"""Encoders, options, memory, disk, and codecs that a container cannot carry. Pure."""

from __future__ import annotations

from spiritstream.ffmpeg.causes.rule import Rule, rule

_CONVERT = "Add `video: {{codec: h264, bitrate: 4000k}}` or `audio: {{codec: aac}}` to the group"

ENCODING: tuple[Rule, ...] = (
    rule(
        "encoder-failed",
        r"OpenEncodeSessionEx failed",
        "The graphics card refused one more encoding session.",
        "Encode fewer groups on this card at once, or set `encoder: libx264` for this group.",
    ),
    rule(
        "encoder-missing",
        r"Unknown encoder '([^'\n]*)'",
        "This ffmpeg has no encoder named {what}.",
        "Set `encoder: auto`, or one that `spiritstream encoders` shows as working.",
        person=True,
    ),
    rule(
        "encoder-failed",
        r"Cannot load \S*(?:cuda|nvidia|nvenc)\S*|libamfrt\S*|MFX session|No VA display|VAAPI connection"
        r"|Device creation failed|No (?:NVENC )?capable devices|Could not find a valid device"
        r"|No device available|hardware device context|No usable encoding|required nvenc API"
        r"|create compression session|Impossible to convert between the formats supported by the filter",
        "The hardware encoder cannot be opened on this machine.",
        "Run `spiritstream encoders` to see which work here, or set `encoder: auto`; in a container, "
        "pass the graphics device and its driver through.",
    ),
    rule(
        "bad-option",
        r"(?:width|height) not divisible by (\d+)",
        "The picture's width and height must be divisible by {what}.",
        "Correct `size` in this group's `video`, for example 1280x720.",
        person=True,
    ),
    rule(
        "bad-option",
        r"Specified (sample rate|channel layout|pixel format|sample format) .*not supported",
        "The encoder does not take this {what}.",
        "Correct `rate` or `channels` in this group's `audio`: 48000 and 2 suit every platform.",
        person=True,
    ),
    rule(
        "bad-option",
        r"SRTO_PASSPHRASE",
        "The SRT passphrase has the wrong length.",
        "SRT wants 10 to 79 characters: agree on another passphrase with the other side.",
        person=True,
    ),
    rule(
        "bad-option",
        r"^(?:x26[45] |\[[^\n]*\] )?(?:\[error\]: )?(invalid (?:preset|profile)\b[^\n]*"
        r"|Error setting (?:preset|profile)[^\n]*"
        r"|Unrecognized option '[^'\n]*'|Error setting option \S+ to value[^\n]*|No such filter: [^\n]*"
        r"|Error parsing filterchain[^\n]*|Error initializing filter[^\n]*|Option not found"
        r"|Unable to parse [^\n]*option value[^\n]*|Cannot parse expression[^\n]*)",
        "ffmpeg does not take one of its settings: {what}",
        "Correct preset, profile, size or bitrate in this group; `spiritstream validate` shows the choices.",
        person=True,
    ),
    rule(
        "bad-option",
        r"Unable to (?:find a suitable|choose an) output format",
        "The recording's file name has an ending that names no format.",
        "Let `record` end in .flv, .mkv, .mp4 or .ts.",
        person=True,
    ),
    rule(
        "bad-option",
        r"Protocol not found|Unknown input format|Requested (?:in|out)put format",
        "This ffmpeg does not know the address's protocol or format.",
        "Check how the URL begins: rtmp://, rtmps://, srt://, rtsp://, http:// or https://.",
        person=True,
    ),
    rule(
        "out-of-memory",
        r"malloc of size \d+ failed|Cannot allocate memory|bad_alloc|Out of memory",
        "The machine had no memory left for this.",
        "Encode fewer or smaller groups on this machine, or give it (or its container) more memory.",
    ),
    rule(
        "disk-full",
        r"No space left on device|Disk quota exceeded|File too large",
        "The disk is full.",
        "Delete old recordings or record to a larger disk; recording goes on by itself then.",
    ),
    rule(
        "disk-error",
        r"Input/output error|Read-only file system",
        "The disk cannot be written.",
        "Look at the disk (`dmesg`, its cable, a lost network mount).",
        "record",
    ),
    rule(
        "incompatible-codec",
        r"codec ([\w.-]+) not compatible with flv",
        "The {what} codec cannot be carried by FLV and RTMP as it is.",
        _CONVERT + ".",
        person=True,
    ),
    rule(
        "incompatible-codec",
        r"Codec ([\w.-]+) is not supported in the official FLV|for codec ([\w.-]+) in stream",
        "The {what} codec cannot be carried by this container as it is.",
        _CONVERT + ", or choose the container mkv.",
        person=True,
    ),
    rule(
        "no-stream",
        r"matches no streams|does not contain any stream",
        "The input has no picture or no sound where one is wanted.",
        "Check that the source sends both video and audio.",
        person=True,
    ),
)
