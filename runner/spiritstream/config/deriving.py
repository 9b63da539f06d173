"""Encodings that are written as `for: PLATFORM`: every field that such a one leaves out, filled in. Pure.

What the profile writes stands. What it leaves out follows from the strictest limits of the platforms that
`for` names, and of those of the group's own targets: what is derived fits all that it is sent to. Disabled
targets count, so that to enable one does not restart the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fractions import Fraction
from typing import Any, TypeVar

from spiritstream.config import suiting
from spiritstream.config.checks import PlatformLike, children, kind_of
from spiritstream.config.document import Document
from spiritstream.config.pictures import Request, best_picture
from spiritstream.config.places import Path, dotted
from spiritstream.config.qualities import Picture
from spiritstream.config.recognising import At, platform_of
from spiritstream.config.suiting import Chosen, NothingSuitsError
from spiritstream.config.values import parse_bitrate, parse_fps, parse_size
from spiritstream.errors import Finding, SpiritError
from spiritstream.model.limits import Limits
from spiritstream.model.profile import TestInput
from spiritstream.model.size import Size

FOR = "for"
TARGETS = "targets"
"""What stands for the platforms of the group's own targets."""
DERIVED = {
    "video": ("codec", "size", "fps", "bitrate", "keyframe", "profile", "b_frames"),
    "audio": ("codec", "bitrate"),
}
"""The fields that are derived, and so have no default beside `for`."""

Find = Callable[[str], PlatformLike]
Node = dict[str, Any]
T = TypeVar("T")
_FASTEST = 1000
_LIKE_TARGETS = 0.8


@dataclass(frozen=True, slots=True)
class Value:
    """A derived value as a profile writes it, why it is this one, and the path of the `for` it comes from."""

    value: object
    why: str
    source: Path


@dataclass(frozen=True, slots=True)
class Derived(Document):
    """A document with derived values, by their paths."""

    base: Document
    values: Mapping[Path, Value]

    def finding(self, path: Path, message: str, hint: str = "", *, at_key: bool = False) -> Finding:
        """A finding about the value at `path`; about a derived one, at the `for` that it comes from."""
        value = self.values.get(path)
        if value is None:
            return self.base.finding(path, message, hint, at_key=at_key)
        return self.base.finding(value.source, f"{message} ({dotted(path)} is derived)", hint)


def _nobodys(_: str) -> Sequence[PlatformLike]:
    return ()


def with_derived(
    document: Document, find: Find, at: At[PlatformLike] = _nobodys
) -> tuple[Document, list[Finding]]:
    """The document with what its encodings' `for` derives, and what is wrong there; itself without any.

    `find` knows the platforms, `at` whose an address is. Nothing is left out that a check would miss,
    whatever is wrong.
    """
    deriving = _Deriving(document, find, at)
    data = deriving.profile()
    if not deriving.values:
        return document, deriving.findings
    of = document
    return Derived(of.file, of.text, data, of.marks, of.keys, of, deriving.values), deriving.findings


def derived_lines(document: Document) -> dict[Path, str]:
    """What is derived in a document, by path, each value with its reason: for people."""
    if not isinstance(document, Derived):
        return {}
    return {path: f"{one.value}  ({one.why})" for path, one in document.values.items()}


@dataclass(slots=True)
class _Deriving:
    """Copies what it changes, and notes what it derived."""

    document: Document
    find: Find
    at: At[PlatformLike]
    values: dict[Path, Value] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def profile(self) -> object:
        """The document's data, with everything derived."""
        data = self.document.data
        if not isinstance(data, dict) or not isinstance(groups := data.get("groups"), dict):
            return data
        derived = {path[-1]: self._group(path, group) for path, group in children(data, (), "groups")}
        return {**data, "groups": {**groups, **derived}}

    def _group(self, path: Path, group: Node) -> Node:
        new = dict(group)
        for kind in DERIVED:
            held = group.get(kind)
            if isinstance(held, dict) and FOR in held and held.get("codec") != "copy":
                new[kind] = self._encoding((*path, kind), held, group)
        return new

    def _encoding(self, path: Path, held: Node, group: Node) -> Node:
        source = (*path, FOR)
        platforms = list(dict.fromkeys([*self._named(source, held[FOR]), *self._sent_to(group)]))
        derive = self._video if path[-1] == "video" else self._audio
        new = dict(held)
        for key, chosen in derive(source, held, platforms):
            if key not in held:
                new[key] = chosen.value
                self.values[(*path, key)] = Value(chosen.value, chosen.why, source)
        return new

    def _named(self, path: Path, written: object) -> Iterator[Limits]:
        """The limits of the platforms that are written; where one is unknown, it is said."""
        entries = (
            [((*path, index), one) for index, one in enumerate(written)] if isinstance(written, list) else []
        )
        for at, name in entries or [(path, written)]:
            if not isinstance(name, str) or name in ("", TARGETS):
                continue
            try:
                limits = self.find(name).bounds
            except SpiritError as error:
                meant = get_close_matches(name.casefold(), [TARGETS], cutoff=_LIKE_TARGETS)
                hint = f"did you mean {TARGETS}?" if meant else error.hint
                self.findings.append(self.document.finding(at, error.message, hint))
                continue
            if limits:
                yield limits

    def _sent_to(self, group: Node) -> Iterator[Limits]:
        """The limits of the targets' platforms; what is wrong with one is said of the target."""
        for _, target in children(group, (), TARGETS):
            platform = self._platform(target)
            if platform and platform.bounds:
                yield platform.bounds

    def _platform(self, target: dict[str, object]) -> PlatformLike | None:
        """A target's platform: named, or known by its address."""
        kind = kind_of(target)
        if kind not in ("platform", "url") or not isinstance(written := target[kind], str):
            return None
        try:
            return self.find(written) if kind == "platform" else platform_of(written, self.at)
        except SpiritError:
            return None

    def _video(self, at: Path, held: Node, platforms: list[Limits]) -> Iterator[tuple[str, Chosen[Any]]]:
        codec = self._codec(at, held, "h264", platforms, lambda limits: limits.video_codecs)
        yield "codec", codec
        request = Request(platforms, _size_in(held), _fps_in(held), self._source(), _bitrate_in(held))
        chosen = self._suiting(at, lambda: best_picture(request))
        size, fps = chosen or best_picture(replace(request, platforms=(), source=None))
        yield "size", _written(size, str(size.value))
        yield "fps", _written(fps, _fps(fps.value))
        bitrate = suiting.video_bitrate(size.value, fps.value, platforms)
        yield "bitrate", _written(bitrate, f"{bitrate.value // 1000}k")
        keyframe = suiting.keyframe(platforms)
        yield "keyframe", _written(keyframe, f"{keyframe.value:g}s")
        profile = suiting.h264_profile(platforms)
        if profile and codec.value == "h264":
            yield "profile", profile
        if b_frames := suiting.b_frames(platforms):
            yield "b_frames", b_frames

    def _audio(self, at: Path, held: Node, platforms: list[Limits]) -> Iterator[tuple[str, Chosen[Any]]]:
        yield "codec", self._codec(at, held, "aac", platforms, lambda limits: limits.audio_codecs)
        bitrate = suiting.audio_bitrate(platforms)
        yield "bitrate", _written(bitrate, f"{bitrate.value // 1000}k")

    def _codec(
        self,
        at: Path,
        held: Node,
        first: str,
        platforms: list[Limits],
        takes: Callable[[Limits], tuple[str, ...]],
    ) -> Chosen[Any]:
        if "codec" in held:
            return Chosen(held["codec"], "")
        chosen = self._suiting(at, lambda: suiting.codec(first, platforms, takes, str(at[-2])))
        return chosen or Chosen(first, "usual")

    def _suiting(self, at: Path, choose: Callable[[], T]) -> T | None:
        """What is chosen; `None`, and a finding, if nothing suits all platforms."""
        try:
            return choose()
        except NothingSuitsError as error:
            hint = "put the platforms into groups of their own, or write it yourself"
            self.findings.append(self.document.finding(at, str(error), hint))
            return None

    def _source(self) -> Picture | None:
        """What comes in, where the profile says it: a test picture."""
        data: Any = self.document.data
        source = data.get("input")
        test = source.get("test") if isinstance(source, dict) else None
        if not isinstance(test, dict):
            return None
        usual = TestInput()
        return Picture(_size_in(test) or usual.size, _fps_in(test) or usual.fps)


def _size_in(held: Node) -> Size | None:
    """What is written, `None` without it; what is malformed has a finding of its own."""
    try:
        return parse_size(held["size"])
    except (KeyError, ValueError):
        return None


def _fps_in(held: Node) -> Fraction | None:
    try:
        fps = parse_fps(held["fps"])
    except (KeyError, ValueError):
        return None
    return fps if 0 < fps <= _FASTEST else None


def _bitrate_in(held: Node) -> int | None:
    try:
        return parse_bitrate(held["bitrate"])
    except (KeyError, ValueError):
        return None


def _written(chosen: Chosen[Any], text: object) -> Chosen[object]:
    return Chosen(text, chosen.why, chosen.bound)


def _fps(rate: Fraction) -> object:
    return rate.numerator if rate.denominator == 1 else str(rate)
