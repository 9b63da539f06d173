"""The text of a new profile, with comments that teach. Pure.

Every value that a person gave is written in JSON's quotes, which YAML reads alike; secrets come in as they
are to stand there: sealed, or as `{env: NAME}`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from spiritstream.config.qualities import BY_NAME, SOURCE, Encoding, encoding
from spiritstream.config.scalars import plain_scalar
from spiritstream.model.limits import Limits

_COMMENT_AT = 30
_TAPE = 'tape: {record: {path: "recordings/%Y-%m-%d_%H-%M-%S.mkv", segment: 1h}}'


@dataclass(frozen=True, slots=True)
class DraftTarget:
    """One platform. `key` is YAML, `key_page` where a person finds it, `quality` a quality's name."""

    name: str
    platform: str
    title: str
    key: str
    server: str | None = None
    key_page: str = ""
    quality: str = SOURCE
    limits: Limits | None = None
    warning: str = ""


@dataclass(frozen=True, slots=True)
class DraftInput:
    """Where the media comes from; of the values, those of the kind are used. `key` is YAML."""

    kind: str
    listen: str = "127.0.0.1:1935"
    key: str = ""
    url: str = ""
    paths: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A profile to be written. `file` is its name as a shell reads it, `schema` the schema's place."""

    name: str
    file: str
    schema: str
    input: DraftInput
    targets: Sequence[DraftTarget] = ()


def profile_text(draft: Draft) -> str:
    """The profile."""
    return "\n".join([*_head(draft), *_input(draft.input), "", *_groups(draft), ""])


def _head(draft: Draft) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={_line(draft.schema)}"
    yield "#"
    yield "# Lines that begin with '#' are for you: the program passes over them. What a field means, its"
    yield "# default and its range:  spiritstream explain groups.video.bitrate"
    yield "# Check this file: " + f" spiritstream validate {_line(draft.file)}"
    yield (
        "# Three seconds of black and silence to each platform:"
        + f"  spiritstream test --all {_line(draft.file)}"
    )
    yield (
        "# Put it on air; edits are applied as you save:" + f"  spiritstream run {_line(draft.file)} --watch"
    )
    yield "version: 1"
    yield _noted(f"name: {_word(draft.name)}", "what commands and logs call this show")
    yield ""


def _noted(line: str, comment: str) -> str:
    return f"{line:{_COMMENT_AT - 2}}  # {comment}"


def _input(source: DraftInput) -> Iterator[str]:
    yield "# Where the media comes from: one of rtmp, pull, files, test (spiritstream explain input)."
    yield "input:"
    yield from {"rtmp": _rtmp, "pull": _pull, "files": _files, "test": _test}[source.kind](source)


def _rtmp(source: DraftInput) -> Iterator[str]:
    port = source.listen.rpartition(":")[2]
    yield f"  # OBS or another encoder publishes here: server rtmp://THIS-MACHINE:{port}/live"
    yield "  rtmp:"
    yield _noted(f"    listen: {_quoted(source.listen)}", "0.0.0.0 is every address of this machine")
    yield _noted("    app: live", "what stands behind the address in the encoder's server")
    if source.key:
        yield "    # The encoder's stream key; only who knows it may publish."
        yield f"    key: {source.key}"
    else:
        yield "    # No key is needed while only this machine can publish: the encoder's can be any."
    yield _noted("    hold: 30s", "so long the publisher may be gone: the platforms stay connected")


def _pull(source: DraftInput) -> Iterator[str]:
    yield "  # A stream that is fetched: rtmp, rtsp, http(s), srt or udp. Secrets never stand in the URL, but"
    yield "  # in lines of their own, such as  username: studio  and  password: {env: CAMERA_PASSWORD}"
    yield "  pull:"
    yield f"    url: {_quoted(source.url)}"


def _files(source: DraftInput) -> Iterator[str]:
    yield "  # Files that play one after another, for ever; relative to this file's folder."
    yield "  files:"
    yield "    paths:"
    yield from (f"      - {_quoted(path)}" for path in source.paths)
    yield _noted("    loop: true", "false: the show ends after the last file")


def _test(source: DraftInput) -> Iterator[str]:
    yield "  # A picture with a running clock and a tone, made here."
    yield "  test: {size: 1280x720, fps: 30, bitrate: 3000k}"


def _groups(draft: Draft) -> Iterator[str]:
    yield "# A group is one encoding, and all its targets get it. Where `video` and `audio` are left out,"
    yield "# both are passed on as they arrive. A target may move to another group, and be switched off with"
    yield "# `enabled: false`; the others go on."
    yield "# Another key: write it in clear text in place of what stands there, and seal it at once:"
    yield f"#   spiritstream seal {_line(draft.file)}"
    yield "groups:"
    for name, targets in _grouped(draft.targets).items():
        if name == SOURCE:
            yield _noted("  source:", "nothing is encoded, which costs next to no CPU")
        else:
            yield _noted(f"  {name}:", "one encoder, however many targets stand below it")
            yield from _encoding(encoding(BY_NAME[name], [one.limits for one in targets]))
        yield from _targets(targets)
    yield "      # A recording, a new file each hour" + (
        "; without its '#' it is on:" if draft.targets else ":"
    )
    yield f"      {'# ' if draft.targets else ''}{_TAPE}"


def _grouped(targets: Sequence[DraftTarget]) -> dict[str, list[DraftTarget]]:
    """The targets by quality, the source first."""
    grouped: dict[str, list[DraftTarget]] = {}
    for target in sorted(targets, key=lambda target: target.quality != SOURCE):
        grouped.setdefault(target.quality, []).append(target)
    return grouped or {SOURCE: []}


def _encoding(wanted: Encoding) -> Iterator[str]:
    yield "    video:"
    yield "      codec: h264"
    yield _noted("      encoder: auto", "the best that works here: spiritstream encoders")
    yield f"      size: {wanted.quality.size}"
    yield f"      fps: {wanted.quality.fps}"
    why = f"{_line(wanted.bound)} takes no more" if wanted.bound else "more is sharper, and needs more uplink"
    yield _noted(f"      bitrate: {wanted.video_kbps}k", why)
    yield _noted(f"      keyframe: {wanted.keyframe_s:g}s", "platforms cut the stream at keyframes")
    if wanted.profile:
        yield f"      profile: {wanted.profile}"
    if wanted.b_frames is not None:
        yield _noted(f"      b_frames: {wanted.b_frames}", "a platform here takes no more")
    yield f"    audio: {{codec: aac, bitrate: {wanted.audio_kbps}k, rate: 48000}}"


def _targets(targets: Sequence[DraftTarget]) -> Iterator[str]:
    yield "    targets:"
    for target in targets:
        if target.warning:
            yield f"      # {_line(target.title)} may not work: {_line(target.warning)}"
        if target.key_page:
            yield f"      # {_line(target.title)} shows you your key here: {_line(target.key_page)}"
        yield f"      {_word(target.name)}:"
        yield f"        platform: {_word(target.platform)}"
        if target.server:
            yield f"        server: {_quoted(target.server)}"
        yield f"        key: {target.key}"


def _line(text: str) -> str:
    """Text for a comment: one that held a line break would go on as YAML."""
    return "".join(char for char in " ".join(text.split()) if char.isprintable())


def _word(name: str) -> str:
    """A name, in quotes where YAML would take it for a number or the like."""
    return name if isinstance(plain_scalar(name), str) else _quoted(name)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
