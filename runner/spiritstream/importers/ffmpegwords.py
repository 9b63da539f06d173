"""The words of ffmpeg's command line: options, inputs and outputs, out of a shell's script. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from spiritstream.importers.values import UnreadableError

_PROGRAM = re.compile(r"(?:.*[/\\])?ffmpeg(?:\.exe)?", re.IGNORECASE)
# Options without a value; every other one takes the next word.
_FLAGS = frozenset(
    (
        *("y", "n", "re", "hide_banner", "nohide_banner", "nostdin", "an", "vn", "sn", "dn", "shortest"),
        *("copyts", "start_at_zero", "stats", "nostats", "bitexact", "autorotate", "noautorotate"),
        *("accurate_seek", "noaccurate_seek", "seek_timestamp", "ignore_unknown", "copy_unknown"),
    )
)
_ALIASES = {
    **{"vcodec": "c:v", "codec:v": "c:v", "acodec": "c:a", "codec:a": "c:a", "codec": "c"},
    **{"b": "b:v", "vb": "b:v", "ab": "b:a", "profile": "profile:v", "vprofile": "profile:v"},
    **{"vpre": "preset", "preset:v": "preset", "g:v": "g", "r:v": "r", "filter:v": "vf", "s:v": "s"},
    **{"bf:v": "bf", "maxrate:v": "maxrate", "bufsize:v": "bufsize", "minrate:v": "minrate"},
}


@dataclass(frozen=True, slots=True)
class Part:
    """An input or output with the options that stand before it; the last of one name counts."""

    options: Mapping[str, str]
    url: str


@dataclass(frozen=True, slots=True)
class Command:
    """One call of ffmpeg."""

    inputs: tuple[Part, ...]
    outputs: tuple[Part, ...]


def commands(text: str, file: str) -> Iterator[Command]:
    """Every call of ffmpeg in a text that has an input and an output.

    Raises:
        UnreadableError: a quote has no end.
    """
    for words in _calls(text, file):
        command = _parsed(words)
        if command.inputs and command.outputs:
            yield command


def _calls(text: str, file: str) -> Iterator[list[str]]:
    """The words after each `ffmpeg`, up to what the shell takes for itself."""
    text = re.sub(r"[\\^`]\r?\n", " ", text)
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(("#", "::", "REM "))]
    if sum(1 for line in lines if _names_program(line)) <= 1:
        lines = [" ".join(lines)]
    for line in lines:
        try:
            words = shlex.split(line)
        except ValueError:
            raise UnreadableError(f"{file}: a quote has no end", "paste the whole command") from None
        starts = [number for number, word in enumerate(words) if _PROGRAM.fullmatch(word)]
        for number, start in enumerate(starts):
            end = starts[number + 1] if number + 1 < len(starts) else len(words)
            yield list(_own_words(words[start + 1 : end]))


def _names_program(line: str) -> bool:
    return any(_PROGRAM.fullmatch(word) for word in line.replace('"', " ").replace("'", " ").split())


def _own_words(words: list[str]) -> Iterator[str]:
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in ("|", "||", "&&", "&", ";"):
            return
        elif re.fullmatch(r"[0-9&]?(>>?|<)", word):
            skip = True
        elif not re.match(r"[0-9&]?>", word):
            yield word.removesuffix(";") if word.endswith(";") else word


def _parsed(words: list[str]) -> Command:
    inputs: list[Part] = []
    outputs: list[Part] = []
    options: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if not word.startswith("-") or word == "-":
            outputs.append(Part(options, word))
            options = {}
        elif word == "-i":
            inputs.append(Part(options, next(rest, "")))
            options = {}
        else:
            name = re.sub(r":0$", "", word[1:])
            options[_ALIASES.get(name, name)] = "" if name in _FLAGS else next(rest, "")
    return Command(tuple(inputs), tuple(outputs))
