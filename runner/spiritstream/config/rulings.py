"""What a profile's platforms take, held against what the profile declares. Pure.

Refused is what cannot work, or would give a key away; everything else is a warning, as what is known of
platforms are mostly recommendations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import TypeVar

from spiritstream.config.address import url_host, url_scheme
from spiritstream.config.checks import Node, PlatformLike, Surroundings, children, kind_of
from spiritstream.config.document import Document
from spiritstream.config.outgoing import FIELDS, Outgoing, Place, outgoing
from spiritstream.config.places import NAME, UNSHOWN, Path
from spiritstream.config.recognising import doubt_of, platform_of
from spiritstream.config.schema import MAX_FINDINGS
from spiritstream.config.values import parse_duration
from spiritstream.errors import Finding, SpiritError
from spiritstream.model.limits import (
    AAC,
    Breach,
    Limits,
    Rule,
    breaches,
    either,
    fitting_size,
    session_breach,
)

T = TypeVar("T")
_MOST_NAMES = 5
_APART = "nothing suits all of them: give them groups of their own"
_KNOWN_BETTER = "; or say in a platform file of your own that it takes more"
_UNTOLD = "an encoder that is not told may send"


@dataclass(frozen=True, slots=True)
class Rulings:
    """What is not to be put on air, and what may be meant so."""

    refused: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Use:
    """A target of a known platform; `field` says so: `platform`, or a `url` that is its address.

    One that is `off` is not put on air as the profile stands.
    """

    path: Path
    target: Node
    platform: PlatformLike
    field: str = "platform"
    off: bool = False


@dataclass(frozen=True, slots=True)
class _Broken:
    """A limit that one target's stream does not keep; `limits` are those of all that get this stream."""

    use: _Use
    breach: Breach
    group: Outgoing
    limits: Sequence[Limits]


def judge(document: Document, around: Surroundings) -> Rulings:
    """Every limit that is not kept, each once for the line to change, and every platform in doubt."""
    refused: list[Finding] = []
    warnings: list[Finding] = []
    found: dict[tuple[Place, Rule], list[_Broken]] = {}
    endless = None
    for path, group in children(document.data, (), "groups"):
        uses = list(_uses(path, group, around))
        refused += (finding for use in uses for finding in _in_clear(document, use))
        warnings += (finding for use in uses for finding in _doubts(document, use))
        if not any(use.platform.bounds for use in uses):
            continue
        endless = endless or _lasting(document.data)
        warnings += (finding for use in uses for finding in _too_long(document, use, endless))
        for broken in _broken(outgoing(document, path, group), uses):
            found.setdefault((broken.group.place(broken.breach.rule), broken.breach.rule), []).append(broken)
    for (place, rule), several in found.items():
        if rule is Rule.VIDEO_CODEC and not place.copied and not all(one.use.off for one in several):
            refused.append(_finding(document, place, several, _KNOWN_BETTER))
        else:
            warnings.append(_finding(document, place, several))
    return Rulings(tuple(refused[:MAX_FINDINGS]), tuple(warnings[:MAX_FINDINGS]))


def _uses(path: Path, group: Node, around: Surroundings) -> Iterator[_Use]:
    for at, target in children(group, path, "targets"):
        kind = kind_of(target)
        if kind not in ("platform", "url") or not isinstance(said := target.get(kind), str):
            continue
        try:
            platform = (
                around.find_platform(said) if kind == "platform" else platform_of(said, around.platforms_at)
            )
        except SpiritError:
            continue  # it has a finding of its own
        if platform is not None:
            off = any(node.get("enabled") is False for node in (group, target))
            yield _Use(at, target, platform, kind, off)


def _in_clear(document: Document, use: _Use) -> Iterator[Finding]:
    """A server that is written as rtmp://, of a platform that takes rtmps only."""
    server, protocols = use.target.get("server", use.target.get("url")), use.platform.protocols
    if not isinstance(server, str) or url_scheme(server) != "rtmp":
        return
    if "rtmps" in protocols and "rtmp" not in protocols and not _is_here(server):
        message = f"{use.platform.name} takes rtmps only, and by rtmp the key would travel in clear"
        source = use.platform.bounds.source if use.platform.bounds else ""
        field = "url" if use.field == "url" else "server"
        hint = "write its address with rtmps://" + (", or remove the line" if field == "server" else "")
        yield document.finding((*use.path, field), message + (f" ({source})" if source else ""), hint)


def _is_here(url: str) -> bool:
    """Whether the address is this machine's own: what listens there may well go on by TLS."""
    host = url_host(url) or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _doubts(document: Document, use: _Use) -> Iterator[Finding]:
    if doubt := doubt_of(use.platform, use.target.get("server")):
        hint = f"spiritstream platforms {use.platform.id}"
        if use.platform.address_doubted:
            hint = "write the address that stands beside your key: server: rtmps://HOST/APP"
        message = f"{use.platform.name} may not work: {doubt}"
        yield document.finding((*use.path, use.field), message, hint)


def _lasting(data: object) -> tuple[float, str]:
    """How long the show lasts at least, in seconds, and why; zero if nothing says so."""
    source = data.get("input") if isinstance(data, dict) else None
    files = source.get("files") if isinstance(source, dict) else None
    loop = files.get("loop", True) if isinstance(files, dict) else isinstance(files, list)
    if loop is True:
        return float("inf"), "this show has no end, as its files are played in a loop"
    longest = max((_segment(one) for _, one in _every_target(data)), default=0.0)
    return longest, f"this show is recorded in parts of {longest / 3600:g} h"


def _every_target(data: object) -> Iterator[tuple[Path, Node]]:
    for path, group in children(data, (), "groups"):
        yield from children(group, path, "targets")


def _segment(target: Node) -> float:
    record = target.get("record")
    try:
        return parse_duration(record["segment"]) if isinstance(record, dict) and "segment" in record else 0.0
    except ValueError:
        return 0.0


def _too_long(document: Document, use: _Use, lasting: tuple[float, str]) -> Iterator[Finding]:
    limits = use.platform.bounds
    if limits and limits.session_s and lasting[0] > limits.session_s:
        breach = session_breach(limits, lasting[1])
        hint = f"{breach.advice}, at a moment that suits you: spiritstream restart {_place(document, use)}"
        yield document.finding((*use.path, use.field), breach.message, hint)


def _place(document: Document, use: _Use) -> str:
    """`show/group/target`."""
    data = document.data
    show = data.get("name") if isinstance(data, dict) else None
    return "/".join(_shown(part) for part in (show, use.path[1], use.path[3]))


def _broken(group: Outgoing, uses: Sequence[_Use]) -> Iterator[_Broken]:
    # Each platform once: a group may have thousands of targets.
    every = list(dict.fromkeys(use.platform.bounds for use in uses if use.platform.bounds))
    for use in uses:
        for breach in breaches(use.platform.bounds, group.stream) if use.platform.bounds else ():
            if breach.rule in FIELDS:
                yield _Broken(use, _as_supposed(breach, group), group, every)


def _as_supposed(breach: Breach, group: Outgoing) -> Breach:
    if breach.rule not in group.supposed:
        return breach
    what = "a higher one" if breach.rule is Rule.PROFILE else "more" if breach.bound else "some"
    return replace(breach, sent=f"{_UNTOLD} {what}")


def _finding(document: Document, place: Place, several: Sequence[_Broken], besides: str = "") -> Finding:
    """One finding for all that break a limit by one line."""
    strictest = min(several, key=lambda one: one.breach.bound)
    names = list(dict.fromkeys(_target(one, place) for one in several))
    whose = f"target {names[0]}" if len(names) == 1 else f"the strictest of the targets {_listed(names)}"
    message = f"{strictest.breach.message}: {whose}"
    hint = _hint(place, strictest, several) + besides
    return document.finding(place.path, message, hint, at_key=bool(place.missing))


def _hint(place: Place, strictest: _Broken, several: Sequence[_Broken]) -> str:
    fix = _fix(strictest, several)
    kind, name = FIELDS[strictest.breach.rule]
    if not fix:
        return _APART
    if place.copied:
        return f"let this group encode: {'add' if place.missing else 'write'} '{kind}: {{for: targets}}'"
    return f"add '{name}: {fix}'" if place.missing else replace(strictest.breach, fix=fix).advice


def _fix(strictest: _Broken, several: Sequence[_Broken]) -> str:
    """What suits all of them; empty if nothing does."""
    match strictest.breach.rule:
        case Rule.SIZE:
            size = strictest.group.stream.size
            common = _common(several, lambda limits: limits.sizes)
            return str((size and fitting_size(size, common)) or "")
        case Rule.VIDEO_CODEC:
            return either(_common(several, lambda limits: limits.video_codecs))
        case Rule.AUDIO_CODEC:
            return either(_common(several, lambda limits: limits.audio_codecs or AAC))
        case _:
            return strictest.breach.fix


def _common(several: Sequence[_Broken], listed: Callable[[Limits], Sequence[T]]) -> list[T]:
    """What all of them take that are known to take something."""
    known = (listed(limits) for one in several for limits in one.limits)
    first, *others = filter(None, known)
    return [one for one in first if all(one in other for other in others)]


def _target(broken: _Broken, place: Place) -> str:
    """The target's name; with its group's, where the line is not the group's own."""
    _, group, _, name = broken.use.path
    return _shown(name) if place.path[0] == "groups" else f"{_shown(group)}/{_shown(name)}"


def _shown(name: object) -> str:
    """A name, unless it is none: a key may have been pasted into its place."""
    return name if isinstance(name, str) and NAME.fullmatch(name) else UNSHOWN


def _listed(names: Sequence[str]) -> str:
    if len(names) > _MOST_NAMES:
        return f"{', '.join(names[:_MOST_NAMES])} and {len(names) - _MOST_NAMES} more"
    return f"{', '.join(names[:-1])} and {names[-1]}"
