"""An imported profile as the text of one of ours: names valid and unique, every secret sealed. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from spiritstream.config.address import same_place
from spiritstream.config.leaves import INGEST, SECRET_FIELDS, PlatformDestination, destination_of
from spiritstream.config.places import Path
from spiritstream.config.scalars import plain_scalar
from spiritstream.importers.names import remark, slug, unique
from spiritstream.importers.values import Env, Group, Imported, Target
from spiritstream.secret import Secret

Seal = Callable[[str, str, Secret], str]
"""(destination, field, secret) -> the sealed value."""

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]*")
_OTHER_YAML = frozenset({"yes", "no", "on", "off", "y", "n"})  # truth values to readers of YAML 1.1
_FILL_IN = '"…"  # fill it in, take away the #, then: spiritstream seal FILE'


@dataclass(frozen=True, slots=True)
class Written:
    """A profile's text, the secrets that are sealed in it by their path, and what was left out of it."""

    name: str
    text: str = field(repr=False)
    secrets: Mapping[Path, Secret] = field(repr=False)
    left: tuple[str, ...] = ()


def write_profile(imported: Imported, name: str, seal: Seal, of_platform: PlatformDestination) -> Written:
    """The profile's YAML under this name, which is valid and unique already."""
    writer = _Writer(imported, seal, of_platform)
    lines = list(writer.profile(name))
    return Written(name, "\n".join([*writer.head(), *lines, ""]), writer.sealed, tuple(writer.left))


class _Writer:
    def __init__(self, imported: Imported, seal: Seal, of_platform: PlatformDestination) -> None:
        self._imported = imported
        self._seal = seal
        self._of_platform = of_platform
        self._secrets = tuple(imported.every_secret())
        self._seen: set[object] = set()
        self.sealed: dict[Path, Secret] = {}
        self.left = [self._remark(line) for line in imported.left]

    def _remark(self, text: str) -> str:
        return remark(text, self._secrets)

    def head(self) -> Iterator[str]:
        # A whole path would tell where somebody keeps their files.
        file = self._remark(self._imported.file.rpartition("/")[2])
        yield f"# Imported: {self._imported.kind}, {file}"
        if self.left:
            yield "#"
            yield "# Not carried over, or to be looked at:"
            yield from (f"# - {line}" for line in self.left)
        yield "#"

    def profile(self, name: str) -> Iterator[str]:
        original = self._remark(self._imported.name)
        yield "version: 1"
        yield f"name: {_text(name)}" + (f"  # was: {original}" if original not in ("", name) else "")
        if self._imported.position is not None:
            yield f"position: {self._imported.position}"
        yield ""
        yield from (f"# {self._remark(line)}" for line in self._imported.remarks)
        yield "input:"
        for kind, fields in self._imported.input.items():
            yield from self._input(kind, fields)
        groups = self._imported.groups
        yield "" if groups else "groups: {}"
        yield from ["groups:"] if groups else []
        taken: set[str] = set()
        for number, group in enumerate(groups, 1):
            own = unique(slug(group.name, f"group-{number}", self._secrets), taken)
            taken.add(own)
            yield from self._group(own, group)

    def _input(self, kind: str, fields: Mapping[str, object]) -> Iterator[str]:
        if not fields:
            yield f"  {kind}: {{}}"
            return
        yield f"  {kind}:"
        destination = INGEST if kind == "rtmp" else destination_of(dict(fields), self._of_platform)
        for key, value in fields.items():
            yield f"    {key}: {self._value(('input', kind, key), value, destination)}"

    def _group(self, name: str, group: Group) -> Iterator[str]:
        original = self._remark(group.name)
        yield f"  {_text(name)}:" + (f"  # was: {original}" if original not in ("", name) else "")
        yield from (f"    # {self._remark(line)}" for line in group.remarks)
        if not group.generate_pts:
            yield "    generate_pts: false"
        for key, fields in (("video", group.video), ("audio", group.audio)):
            if fields is not None:
                yield f"    {key}: {{{', '.join(f'{k}: {_plain(v)}' for k, v in fields.items())}}}"
        taken: set[str] = set()
        live: list[str] = []
        missing: list[str] = []
        for number, target in enumerate(group.targets, 1):
            own = unique(slug(target.name, self._fallback(target, number), self._secrets), taken)
            taken.add(own)
            target = self._checked(name, own, target)
            lines = list(self._target(name, own, target))
            (missing if target.missing else live).extend(lines)
        yield "    targets:" if live else "    targets: {}"
        yield from live + missing

    def _fallback(self, target: Target, number: int) -> str:
        platform = target.fields.get("platform")
        return str(platform) if platform else f"target-{number}"

    def _checked(self, group: str, name: str, target: Target) -> Target:
        """The target as it can be: disabled if it is there twice, a comment if its key has no destination."""
        where = f"group {group}, target {name}"
        place = same_place(target.place), target.fields.get("key"), target.fields.get("record")
        if destination_of(dict(target.fields), self._of_platform) is None and "record" not in target.fields:
            target = replace(target, missing="its host's name can be none")
        if target.missing:
            self.left.append(self._remark(f"{where}: {target.missing}; it is written as a comment"))
        elif target.enabled and place in self._seen:
            self.left.append(
                self._remark(f"{where}: it leads to the same place as another one; it is disabled")
            )
            target = replace(target, enabled=False)
        elif target.enabled:
            self._seen.add(place)
        return target

    def _target(self, group: str, name: str, target: Target) -> Iterator[str]:
        path: Path = ("groups", group, "targets", name)
        lead = "      # " if target.missing else "      "
        original = self._remark(target.name)
        if target.missing:
            yield f"{lead}{self._remark(target.missing)}"
        yield f"{lead}{_text(name)}:" + (f"  # was: {original}" if original not in ("", name) else "")
        if not target.enabled:
            yield f"{lead}  enabled: false"
        destination = destination_of(dict(target.fields), self._of_platform)
        for key, value in target.fields.items():
            at = None if target.missing else (*path, key)
            yield f"{lead}  {key}: {self._value(at, value, destination)}"
        if target.missing and "key" not in target.fields:
            yield f"{lead}  key: {_FILL_IN}"

    def _value(self, path: Path | None, value: object, destination: str | None) -> str:
        if not isinstance(value, Secret):
            return _plain(value)
        if destination is None or path is None:
            return _FILL_IN
        assert path[-1] in SECRET_FIELDS
        self.sealed[path] = value
        return _text(self._seal(destination, str(path[-1]), value))


def _plain(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"{value:g}" if isinstance(value, float) else str(value)
        case Env():
            return f"{{env: {value.name}}}"
        case list():
            return f"[{', '.join(_plain(one) for one in value)}]"
        case _:
            return _text(str(value))


def _text(text: str) -> str:
    """A text as YAML writes it, in quotes unless every reader takes it for this text without."""
    plain = _PLAIN.fullmatch(text) and isinstance(plain_scalar(text), str)
    return text if plain and text.lower() not in _OTHER_YAML else json.dumps(text, ensure_ascii=False)
