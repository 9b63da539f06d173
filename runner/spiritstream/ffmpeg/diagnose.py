"""A child's last lines to a cause and the next thing to do. Pure.

Text before exit status: 5.1.9 ends with 1 for nearly everything and with 0 after a full disk; 9.0.2
ends with 0 when a signal meets it while it connects.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from spiritstream.ffmpeg.causes import RULES, Kind, Rule
from spiritstream.model.status import Cause

# What a long-lived child complained of hours ago is not why it ended now.
_RECENT_LINES = 40
_LONGEST_QUOTE = 200
# A server's own words reach these lines: patterns must not be made to crawl through kilobytes.
_LONGEST_LINE = 512

# "[out#0/flv @ 0x55d0] [error] text": any number of components, then the level, if level+ is on.
_COMPONENT = re.compile(r"\[([^\[\]]{1,80}?) @ (?:0x)?[0-9a-fA-F]+\] ?")
_LEVEL = re.compile(r"\[(panic|fatal|error|warning|info|verbose|debug|trace)\] ?")
# x264, x265 and SVT-AV1 print for themselves.
_LIBRARY = re.compile(r"(?:x26[45] |Svt)\[(\w+)\]:")
_SERIOUS = frozenset({"", "panic", "fatal", "error"})
_ASKED = re.compile(r"[Rr]eceived signal (\d{1,2})\b")
# Lines that follow a cause and say nothing of their own.
_ECHO = re.compile(
    r"^\s*$|Last message repeated|^Error opening (?:in|out)put files?\b|Conversion failed"
    r"|(?:Task finished|Terminating thread) with|Error (?:muxing a packet|sending frames|closing)"
    r"|Error writing trailer|Nothing was written into output|Could not open encoder before EOF"
    r"|^Error initializing output stream \S+ --\s*$"
)

_STREAM = re.compile(r"\s*Stream #0:\d+[^:]*: (Video|Audio): ([\w.-]+)")
_REFUSED = re.compile(
    r"^\[flv\] (?:(?:Video|Audio) codec |Codec )([\w.-]+)"
    r" (?:not compatible with flv|is not supported in the official)"
    # A stream that came with another container's tag is refused by the tag, and not named.
    r"|^\[flv\] Tag \S+ (incompatible) with output codec id"
)

_PEER: dict[Kind, str] = {
    "input": "the source", "encoder": "the encoder", "sender": "the server", "record": "the recording",
}  # fmt: skip
_CHILD: dict[Kind, str] = {
    "input": "The input", "encoder": "The encoder", "sender": "The sender", "record": "The recording",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class InputCodecs:
    """The first video and audio codec of a child's input, by ffmpeg's names; `None` where there is none."""

    video: str | None = None
    audio: str | None = None


def diagnose(lines: Sequence[str], *, kind: Kind, returncode: int | None) -> Cause:
    """Why a child ended (or, with `returncode` None, what ails it), from its last stderr lines.

    The lines must be scrubbed: parts of them are quoted. Call it only for an end that nobody ordered.
    """
    if returncode is not None and returncode < 0:
        return _killed(-returncode)
    for line in lines[-_RECENT_LINES:]:
        if asked := _ASKED.search(line[:_LONGEST_LINE]):
            return _asked_to_end(int(asked[1]))
    parsed = [_parse(line[:_LONGEST_LINE]) for line in lines]
    serious = [text for level, text in parsed if level in _SERIOUS][-_RECENT_LINES:]
    warned = [text for level, text in parsed if level == "warning"][-_RECENT_LINES:]
    return _by_rules(serious, kind) or _by_rules(warned, kind) or _unexplained(serious, kind, returncode)


def explain(text: str, *, kind: Kind) -> Cause:
    """What a trouble means that was met without ffmpeg, put in ffmpeg's words; scrubbed, too."""
    lines = [text[:_LONGEST_LINE]]
    return _by_rules(lines, kind) or _unexplained(lines, kind, None)


def input_codecs(lines: Iterable[str]) -> InputCodecs:
    """What ffmpeg found in its first input; a cover picture is no video."""
    first: dict[str, str] = {}
    for line in _input_section(lines):
        if (found := _STREAM.match(line)) and "(attached pic)" not in line and found[2] != "none":
            first.setdefault(found[1], found[2])
    return InputCodecs(first.get("Video"), first.get("Audio"))


def flv_refuses(lines: Sequence[str]) -> set[str]:
    """Which of `video` and `audio` the FLV muxer could not carry; empty when it refused nothing.

    It stops at the first stream that it refuses. So that one retry is enough, the other stream is named
    too when it is neither H.264 nor AAC nor MP3.
    """
    named = {found[1] for line in lines if (found := _REFUSED.search(_parse(line)[1]))}
    if not named:
        return set()
    codecs = input_codecs(lines)
    video = bool(codecs.video) and (codecs.video in named or codecs.video != "h264")
    audio = bool(codecs.audio) and (codecs.audio in named or codecs.audio not in ("aac", "mp3"))
    return ({"video"} if video else set()) | ({"audio"} if audio else set())


def _parse(line: str) -> tuple[str, str]:
    """A line's level ("" when it has none), and its text after `[component]`, addresses taken off."""
    components, at = "", 0
    while found := _COMPONENT.match(line, at):
        components, at = f"{components}[{found[1]}] ", found.end()
    if found := _LEVEL.match(line, at):
        return found[1], components + line[found.end() :]
    if found := _LIBRARY.match(line):
        return found[1], line
    return "", components + line[at:]


def _input_section(lines: Iterable[str]) -> Iterator[str]:
    """The lines that describe input 0, without those of outputs and other inputs."""
    inside = False
    for line in lines:
        text = _parse(line)[1]
        if text.startswith(("Input #", "Output #", "Stream mapping:")):
            inside = text.startswith("Input #0,")
        elif inside:
            yield text


def _by_rules(texts: list[str], kind: Kind) -> Cause | None:
    joined = "\n".join(texts)
    for rule in RULES:
        if (not rule.kinds or kind in rule.kinds) and (found := rule.pattern.search(joined)):
            return _cause(rule, found, kind)
    return None


def _cause(rule: Rule, found: re.Match[str], kind: Kind) -> Cause:
    what = next((group for group in found.groups() if group), "")
    words = {"what": _quote(what), "peer": _PEER[kind], "Peer": _PEER[kind].capitalize()}
    return Cause(
        code=rule.code,
        message=_sentence(rule.message.format(**words)),
        advice=rule.advice.format(**words),
        person=rule.person,
    )


def _unexplained(texts: list[str], kind: Kind, returncode: int | None) -> Cause:
    if returncode == 0:
        return Cause(
            "ended", f"{_CHILD[kind]} came to its end.", "Nothing to do: it is started again when wanted."
        )
    telling = [text for text in texts if not _ECHO.search(text)] or [text for text in texts if text.strip()]
    if telling:
        advice = "Look at the log's lines above this one; searching the web for the quoted words often helps."
        return Cause("unknown", _sentence(f"{_CHILD[kind]} failed: {_quote(telling[-1])}"), advice)
    status = "" if returncode is None else f" (exit status {returncode})"
    return Cause(
        "unknown",
        f"{_CHILD[kind]} failed without a word{status}.",
        "Try this ffmpeg by hand: `spiritstream doctor` says which one it is.",
    )


def _killed(number: int) -> Cause:
    name = _signal_name(number)
    if number in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE):
        advice = "Update ffmpeg or its graphics driver, or try another encoder; report it if it comes back."
        return Cause("killed", f"ffmpeg crashed ({name}).", advice)
    return Cause(
        "killed",
        f"ffmpeg was killed by the system or by hand ({name}).",
        "If nobody did it, look for out of memory: `journalctl -k | grep -i oom`, or the container's limit.",
    )


def _asked_to_end(number: int) -> Cause:
    return Cause(
        "killed",
        f"Somebody asked ffmpeg to end ({_signal_name(number)}).",
        "Nothing to do: it is started again when wanted. Stop a target in its profile, not by `kill`.",
    )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _quote(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"


def _sentence(text: str) -> str:
    text = text.rstrip(": ")
    return text if text.endswith((".", "!", "…")) else f"{text}."
