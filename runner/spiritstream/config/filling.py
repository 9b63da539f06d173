"""A profile with what it leaves out filled in from its `.spiritstream.yaml`. Pure.

What the profile writes stands, wherever it writes it: a sender that it gives its group, or itself, is its
targets' own. A default is filled in only where it means something, so that no profile is wrong by it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from spiritstream.config.address import SERVER_SCHEMES, url_scheme
from spiritstream.config.checks import kind_of
from spiritstream.config.common import Common
from spiritstream.config.deriving import DERIVED, FOR
from spiritstream.config.document import Document
from spiritstream.config.places import Path, dotted
from spiritstream.config.recording import container_of
from spiritstream.config.sending import nearest_sender
from spiritstream.errors import Finding
from spiritstream.model.profile import Sender

Node = dict[str, Any]
_CARRIES = {**dict.fromkeys(SERVER_SCHEMES, "flv"), "srt": "mpegts"}
_RECORD = "record"
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Filled(Document):
    """A document with values that stand elsewhere: `inherited` says where, by their paths here."""

    common: Document
    inherited: Mapping[Path, Path]

    def finding(self, path: Path, message: str, hint: str = "", *, at_key: bool = False) -> Finding:
        """A finding about the value at `path`; about one that is inherited, in the file where it stands."""
        source = next((self.inherited[one] for one in _ways_up(path) if one in self.inherited), None)
        if source is None:
            # Without zero arguments: a class with slots is made twice, and `super()` knows the first.
            return Document.finding(self, path, message, hint, at_key=at_key)
        said = f"{message} (inherited by {dotted(path)} in {self.file})"
        return self.common.finding(source, said, hint, at_key=at_key)


def with_defaults(document: Document, common: Common) -> Document:
    """The document with everything filled in that it leaves out; itself, if that is nothing."""
    if not isinstance(document.data, dict) or not common.defaults or common.document is None:
        return document
    filling = _Filling(common.defaults)
    data = filling.profile(document.data)
    if not filling.inherited:
        return document
    of = document
    return Filled(of.file, of.text, data, of.marks, of.keys, common.document, filling.inherited)


def inherited_values(document: Document, common: Common) -> dict[Path, object]:
    """What `with_defaults` fills in, by path."""
    filled = with_defaults(document, common)
    return {path: _at(filled.data, path) for path in filled.inherited} if isinstance(filled, Filled) else {}


def _at(data: Any, path: Path) -> object:
    for part in path:
        data = data[part]
    return data


def _ways_up(path: Path) -> list[Path]:
    return [path[:length] for length in range(len(path), 0, -1)]


@dataclass(slots=True)
class _Filling:
    """Copies what it changes, and notes what it filled in."""

    defaults: Mapping[str, Any]
    inherited: dict[Path, Path] = field(default_factory=dict)

    def profile(self, data: Node) -> Node:
        new = dict(data)
        if isinstance(source := data.get("input"), dict) and isinstance(rtmp := source.get("rtmp"), dict):
            at: Path = ("input", "rtmp")
            usual = self._usual("input", "rtmp")
            new["input"] = {**source, "rtmp": self._with(rtmp, at, at, usual, usual)}
        if isinstance(groups := data.get("groups"), dict):
            new["groups"] = {
                name: self._group(("groups", name), one, data) if isinstance(one, dict) else one
                for name, one in groups.items()
            }
        return new

    def _group(self, at: Path, group: Node, profile: Node) -> Node:
        new = self._with(group, at, ("groups",), self._usual("groups"), ("generate_pts",))
        for kind in ("video", "audio"):
            if isinstance(held := group.get(kind), dict):
                new[kind] = self._encoding((*at, kind), kind, held)
        if isinstance(targets := group.get("targets"), dict):
            new["targets"] = {
                name: self._target((*at, "targets", name), one, group, profile)
                if isinstance(one, dict)
                else one
                for name, one in targets.items()
            }
        return new

    def _encoding(self, at: Path, kind: str, held: Node) -> Node:
        usual = self._usual("groups", kind)
        if held.get("codec", usual.get("codec")) == "copy":
            return held
        return self._with(
            held, at, ("groups", kind), usual, [key for key in usual if _suits(key, held, usual)]
        )

    def _target(self, at: Path, target: Node, group: Node, profile: Node) -> Node:
        new, scheme = dict(target), _scheme(target)
        if scheme in SERVER_SCHEMES:
            if not any("sender" in node for node in (target, group, profile)):
                self._first(
                    new, at, "sender", lambda value: value != Sender.NATIVE or "username" not in target
                )
            native = nearest_sender(new, group, profile) == Sender.NATIVE
            self._first(new, at, "leave", lambda value: native or value != "drop")
        if scheme and "container" not in group:
            self._first(new, at, "container", lambda value: _carries(scheme, target, value))
        return new

    def _first(self, new: Node, at: Path, key: str, fits: Any) -> None:
        """The nearest default that fits: the targets', the groups', the profile's."""
        for source in (("targets",), ("groups",), ()):
            usual = self._usual(*source)
            if key in usual and key not in new and fits(usual[key]):
                new[key] = usual[key]
                self.inherited[(*at, key)] = ("defaults", *source, key)

    def _with(
        self, node: Node, at: Path, source: Path, usual: Mapping[str, Any], keys: Collection[str]
    ) -> Node:
        new = dict(node)
        for key in keys:
            if key in usual and key not in new:
                new[key] = usual[key]
                self.inherited[(*at, key)] = ("defaults", *source, key)
        return new

    def _usual(self, *path: str) -> Mapping[str, Any]:
        found: Any = self.defaults
        for key in path:
            found = found.get(key, _NOTHING)
        return found if isinstance(found, Mapping) else _NOTHING


def _suits(key: str, held: Node, usual: Mapping[str, Any]) -> bool:
    """Whether a default fits: an encoder belongs to a codec, and what an encoder is told to the encoder."""
    codec = held.get("codec", usual.get("codec"))
    if FOR in held:
        # What is derived for platforms is not left out: another value may be one that they refuse.
        if key in DERIVED["video"]:
            return False
        codec = held.get("codec", "h264")
    if key in ("encoder", "preset", "profile") and codec != usual.get("codec", codec):
        return False
    if key in ("preset", "profile") and "encoder" in held:
        return bool(held["encoder"] == usual.get("encoder", "auto"))
    return True


def _scheme(target: Node) -> str:
    """What carries a target; empty when that is not known."""
    kind = kind_of(target)
    if kind == "platform":
        return SERVER_SCHEMES[0]
    if kind == "url" and isinstance(url := target["url"], str):
        return url_scheme(url)
    return _RECORD if kind == _RECORD else ""


def _carries(scheme: str, target: Node, container: object) -> bool:
    """Whether a target can have this container."""
    if container == "auto":
        return True
    if scheme != _RECORD:
        return _CARRIES.get(scheme) == container
    record = target["record"].get("path") if isinstance(target["record"], dict) else target["record"]
    return isinstance(record, str) and container_of(record) in (None, container)
