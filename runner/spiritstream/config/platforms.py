"""The platforms that are known: one YAML file each, named by its id, read only when it is named.

Everything but `_read`, `_labels` and what calls them is pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from spiritstream.config.bounds import bounds_of, lookup_of, reconnects_of
from spiritstream.config.data import data_folder
from spiritstream.errors import ExitCode, SpiritError
from spiritstream.model.limits import Limits
from spiritstream.model.reconnects import ReconnectBudget
from spiritstream.model.servers import Lookup

BACKUP = "backup"
_SENT = frozenset({"rtmp", "rtmps"})  # the protocols that a listed server can be reached by
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")  # no dot, no slash: an id cannot leave its folder
_SHOWN_NAMES = 5
_SHORTEST_PART = 3  # shorter parts of a name are in nearly every name
_NEAR_PLATFORM = 0.7
_AUTO = "auto"  # it is taken in `choosing.py`


class _UnknownError(SpiritError):
    """A name that is not in a list; `nearest` is the listed one that was perhaps meant."""

    exit_code = ExitCode.INVALID

    def __init__(self, message: str, hint: str = "", nearest: str | None = None) -> None:
        super().__init__(message, hint)
        self.nearest = nearest


class UnknownPlatformError(_UnknownError):
    """No platform has this id, name or alias; `nearest` is an id."""


class UnknownServerError(_UnknownError):
    """A platform's server cannot be told from what was written; `nearest` is a listed name.

    The text never repeats what was written: people paste addresses that hold their key.
    """


class NoServerError(UnknownServerError):
    """The platform has no address of its own to offer: the person has to bring one."""


@dataclass(frozen=True, slots=True)
class Server:
    """One ingest. `url` is used byte for byte; it may hold `{stream_key}` where the key goes."""

    name: str
    url: str
    backup: bool = False


@dataclass(frozen=True, slots=True)
class Platform:
    """A known service: its addresses and limits.

    `warning` says why it may not work, or is empty; `address_doubted`, that this is because of its listed
    servers. `misaddressed` means that these belong to somebody else, so that none is chosen by default.
    `limits` is the file's own mapping. `own` is one that is not shipped: its keys are bound to hosts, never
    to its id (`registry.py`). `bounds` are the limits as rules, `lookup` is how a program asks for the
    present servers. By `other_urls` it is recognised, too.
    """

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    servers: tuple[Server, ...] = ()
    warning: str = ""
    address_doubted: bool = False
    misaddressed: bool = False
    server_from_dashboard: bool = False
    use_instead: str = ""
    default_server: str = ""
    common: bool = False
    own: bool = False
    stream_key_url: str = ""
    limits: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    bounds: Limits | None = None
    reconnects: ReconnectBudget | None = None
    lookup: Lookup | None = None
    other_urls: tuple[str, ...] = ()

    def server_url(self, choice: str | None = None) -> str:
        """The address to send to: a listed one by its name, a written one, or the default (else the first).

        `backup` stands for the first backup ingest. An address is returned exactly as it is listed
        or written, with no slash, port or `{stream_key}` changed.

        Raises:
            NoServerError: there is nothing to choose from; the hint says what to write instead.
            UnknownServerError: the choice is neither a listed name nor an rtmp(s) address.
        """
        if not _SENT & set(self.protocols):
            raise self._not_sent()
        if choice is None:
            return self._first()
        if "://" in choice:
            return _checked_url(choice)
        named = {server.name.casefold(): server.url for server in self.servers}
        wanted = choice.strip().casefold()
        if wanted in named:
            return named[wanted]
        backups = [server.url for server in self.servers if server.backup]
        if wanted == BACKUP and backups:
            return backups[0]
        raise self._unknown(wanted)

    def _first(self) -> str:
        if self.default_server:
            return self.server_url(self.default_server)
        if self.servers and not self.misaddressed:
            return self.servers[0].url
        what = "no server of its own is known" if self.misaddressed else "it has no fixed server"
        raise NoServerError(
            f"{self.name}: {what}",
            "write the address that belongs to your key: server: rtmps://HOST/APP",
        )

    def _not_sent(self) -> NoServerError:
        protocols = ", ".join(self.protocols)
        instead = f"write platform: {self.use_instead}" if self.use_instead else "use another platform"
        return NoServerError(f"{self.name} takes {protocols} only, which is not sent", instead)

    def _unknown(self, wanted: str) -> UnknownServerError:
        names = [server.name for server in self.servers]
        message = f"{self.name} has no {'backup server' if wanted == BACKUP else 'server of this name'}"
        shown = "; ".join(f'"{name}"' for name in names[:_SHOWN_NAMES])
        more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
        if not names and self.lookup:
            return UnknownServerError(message, "leave 'server' out: it is looked up with the key")
        listed = f"its servers: {shown}{more}; or an address" if names else "write an address"
        backups = sum(server.backup for server in self.servers)
        words = [word for word, so in ((BACKUP, backups), (_AUTO, len(names) - backups > 1)) if so]
        nearest = _nearest(wanted, [*names, *words])
        meant = f'did you mean "{nearest}"? ' if nearest else ""
        return UnknownServerError(message, f"{meant}{listed}: rtmp://HOST/APP or rtmps://HOST/APP", nearest)


def find_platform(name: str, folder: Path | None = None) -> Platform:
    """The platform of this id, name or alias, whatever its case.

    An id opens one file; only another name makes all of them be read.

    Raises:
        UnknownPlatformError: there is none; the error names the nearest.
    """
    return _find(name.strip().casefold(), folder or data_folder("platforms"))


@lru_cache(maxsize=512)
def _find(wanted: str, folder: Path) -> Platform:
    if _ID.fullmatch(wanted) and _file(folder, wanted).is_file():
        return _read(folder, wanted)
    labels = _labels(folder)
    if wanted in labels:
        return _read(folder, labels[wanted])
    raise _unknown_platform(wanted, labels, folder)


def platform_ids(folder: Path | None = None) -> tuple[str, ...]:
    """Every platform's id, sorted, from the file names alone."""
    files = (folder or data_folder("platforms")).glob("*.yaml")
    return tuple(sorted(id for file in files if (id := id_of_file(file.name))))


def id_of_file(name: str) -> str | None:
    """The id of the platform that a file of this name is; `None` if it is none."""
    id = name.removesuffix(".yaml")
    return id if id != name and _ID.fullmatch(id) else None


def shipped_labels() -> Mapping[str, str]:
    """Every shipped id, name and alias, in folded case, with the id it leads to; reads all of them."""
    return _labels(data_folder("platforms"))


def parse_platform(id: str, data: Mapping[str, Any], *, own: bool = False) -> Platform:
    """The platform that a file's content, valid by platform.schema.json, describes."""
    doubts = data.get("doubts", ())
    return Platform(
        id=id,
        name=data["name"],
        aliases=tuple(data.get("aliases", ())),
        protocols=tuple(data["protocols"]),
        servers=tuple(Server(s["name"], s["url"], s.get("backup", False)) for s in data.get("servers", ())),
        warning=" ".join(doubt["reason"] for doubt in doubts),
        address_doubted=bool(doubts) and all(doubt["kind"].endswith("_address") for doubt in doubts),
        misaddressed=any(doubt["kind"] == "wrong_address" for doubt in doubts),
        server_from_dashboard=data.get("server_from_dashboard", False),
        use_instead=data.get("use_instead", ""),
        default_server=data.get("default_server", ""),
        common=any(source.get("common", False) for source in data["sources"]),
        own=own,
        stream_key_url=data.get("stream_key_url", ""),
        limits=MappingProxyType(data.get("limits", {})),
        bounds=bounds_of(data),
        reconnects=reconnects_of(data),
        lookup=lookup_of(data),
        other_urls=_other_urls(data),
    )


def _other_urls(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Addresses that are not among its servers: by them it is recognised, and they are never offered."""
    known = (data.get("default_server", ""), *(one.get("default_url", "") for one in data["sources"]))
    return tuple(dict.fromkeys(url for url in known if "://" in url))


def _file(folder: Path, id: str) -> Path:
    return folder / f"{id}.yaml"


@lru_cache(maxsize=512)
def _read(folder: Path, id: str) -> Platform:
    return parse_platform(id, read_facts(folder, id))


@lru_cache(maxsize=128)
def read_facts(folder: Path, id: str) -> Mapping[str, Any]:
    """Everything that a shipped platform's file says; not to be changed."""
    import yaml  # here, as a profile that names no platform needs none of it

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = _file(folder, id).read_text(encoding="utf-8")
    facts: dict[str, Any] = yaml.load(text, Loader=loader)  # a safe loader, and our own file
    return MappingProxyType(facts)


@lru_cache(maxsize=8)
def _labels(folder: Path) -> Mapping[str, str]:
    """Every id, name and alias, in folded case, with the id it leads to."""
    labels: dict[str, str] = {}
    for id in platform_ids(folder):
        platform = _read(folder, id)
        labels |= dict.fromkeys((name.casefold() for name in (id, platform.name, *platform.aliases)), id)
    return MappingProxyType(labels)


def _unknown_platform(wanted: str, labels: Mapping[str, str], folder: Path) -> UnknownPlatformError:
    label = _nearest(wanted, labels, _NEAR_PLATFORM)
    nearest = labels[label] if label else None
    ids = platform_ids(folder)
    known = ", ".join(id for id in ids if _read(folder, id).common)
    meant = f"did you mean {nearest}? " if nearest else ""
    return UnknownPlatformError(
        "no platform of this name is known",
        f"{meant}{len(ids)} are known, among them {known}; for another server write url, not platform",
        nearest,
    )


def _nearest(wanted: str, names: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The name that looks most like `wanted`, which is in folded case, or else contains it."""
    folded = {name.casefold(): name for name in reversed(list(names))}
    close = get_close_matches(wanted, folded, n=1, cutoff=cutoff)
    if not close and len(wanted) >= _SHORTEST_PART:
        close = [text for text in reversed(folded) if wanted in text]
    return folded[close[0]] if close else None


def _checked_url(url: str) -> str:
    """`url`, if it is an rtmp(s) address that nothing secret stands in.

    Raises:
        UnknownServerError: it is not; the text does not repeat it.
    """
    complaint = _complaint(url)
    if complaint:
        raise UnknownServerError(
            f"the server's address {complaint}", "write rtmp://HOST/APP or rtmps://HOST/APP"
        )
    return url


def _complaint(url: str) -> str:
    if not url.isprintable() or " " in url or "\\" in url:
        return "contains a space, a backslash or a character that cannot be seen"
    if not url.startswith(("rtmp://", "rtmps://")):
        return "does not begin with rtmp:// or rtmps:// (in lower case)"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "has a host or port that cannot be read"
    if "@" in parts.netloc:
        return "contains a user name or password, which have fields of their own"
    if not host:
        return "has no host"
    return "has a host or port that cannot be read" if "{" in host or port == 0 else ""
