"""From an address's parts to what ffmpeg is given: a URL, and options where a URL would be misread. Pure.

How ffmpeg reads an RTMP URL follows libavformat/rtmpproto.c (`rtmp_open`); 5.1 and 9.0 do it alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote

from spiritstream.model.profile import KEY_PLACEHOLDER, Address
from spiritstream.secret import Secret

Argv = tuple[str | Secret, ...]

_RTMP = ("rtmp", "rtmps")
# What ends a URL's user name, and its password, as ffmpeg reads it.
_ENDS_USERNAME, _ENDS_PASSWORD = frozenset("/?#:"), frozenset("/?#")


@dataclass(frozen=True, slots=True)
class Location:
    """Where ffmpeg connects: `options` go before `url` (for an input: before its `-i`)."""

    url: str | Secret
    options: Argv = ()


def locate(address: Address) -> Location:
    """What to give ffmpeg so that it asks the server for exactly this address."""
    if address.scheme in _RTMP:
        return _rtmp(address)
    if address.scheme == "srt":
        # As options: in a URL 5.1 takes percent signs as they are, and 9.0 decodes them.
        return Location(full_url(address), _srt_options(address))
    return Location(full_url(address))


def full_url(address: Address) -> str | Secret:
    """The URL with its user part and its key, as other programs write it too.

    It is a `Secret` as soon as one is in it. SRT's stream id and passphrase are options, not parts of it.
    """
    base = _with_user_part(address)
    key = address.key
    if key is None:
        return _joined(base)
    if KEY_PLACEHOLDER in address.url:
        return _joined(_fill(base, key))
    if address.scheme in _RTMP:
        *front, last = base
        assert isinstance(last, str)
        return _joined([*front, last.rstrip("/"), "/", key])
    return _joined(base)


def app_and_name(address: Address) -> tuple[str, Secret]:
    """RTMP's two parts of an address: the application, and the stream's name, which holds the key.

    They are what a server gets from ffmpeg when it is given `locate(address)`.
    """
    _, path = _root_and_path(address.url)
    if address.key is not None:
        app, parts = _app_and_name(path, address.key)
        return app, Secret(_text(parts))
    app, name = _split(path)
    return app, Secret(name)


def public_root(address: Address) -> str:
    """An address's URL up to its path: scheme, host, and the port if one is written."""
    return _root_and_path(address.url)[0]


def spoken_forms(address: Address) -> tuple[Secret, ...]:
    """How a server may repeat an RTMP address's secrets: also as a whole stream name, or without a query."""
    if address.key is None:
        return address.secrets()
    bare = Secret(_clear(address.key).partition("?")[0])
    return (*address.secrets(), app_and_name(address)[1], bare)


def _rtmp(address: Address) -> Location:
    if address.key is None:
        return Location(full_url(address))
    root, path = _root_and_path(address.url)
    app, name = _app_and_name(path, address.key)
    if _as_ffmpeg_reads(_text([app, "/", *name] if app else name)) == (app, _text(name)):
        return Location(full_url(address))
    # The name stays out of the URL: in its own option ffmpeg takes it byte for byte.
    url = _joined(_with_user_part(address, f"{root}/{app}"))
    return Location(url, ("-rtmp_app", app, "-rtmp_playpath", _joined(name)))


def _app_and_name(path: str, key: Secret) -> tuple[str, list[str | Secret]]:
    """RTMP's two parts: the application, and the stream's name with the key in it."""
    if KEY_PLACEHOLDER not in path:
        return path.rstrip("/"), [key]
    app, _, name = path[: path.index(KEY_PLACEHOLDER)].rpartition("/")
    rest = path[path.index(KEY_PLACEHOLDER) :]
    return app, list(_fill([name + rest], key))


def _as_ffmpeg_reads(path: str) -> tuple[str, str] | None:
    """The application and stream name that ffmpeg makes of a URL's path; `None`: not what was written."""
    slash, query = path.find("/"), path.partition("?")[2]
    if slash < 0 or " " in path or "slist=" in query or path.endswith((".flv", ".mp4", ".f4v")):
        return None
    return _split(path)


def _split(path: str) -> tuple[str, str]:
    """A path's application and stream name, where nothing in it is misread."""
    slash = path.find("/")
    if slash < 0:
        return path, ""
    second = path.find("/", slash + 1)
    colon = path.find(":", slash + 1)
    if second < 0 or 0 <= colon < second or path.startswith("ondemand/"):
        return path[:slash], path[slash + 1 :]
    return path[:second], path[second + 1 :]


def _srt_options(address: Address) -> Argv:
    # `-streamid` is another option, of ffmpeg itself, before 7.0.
    streamid: Argv = (
        ("-srt_streamid", address.key) if address.key and KEY_PLACEHOLDER not in address.url else ()
    )
    passphrase: Argv = ("-passphrase", address.passphrase) if address.passphrase else ()
    return streamid + passphrase


def _with_user_part(address: Address, url: str | None = None) -> list[str | Secret]:
    url = address.url if url is None else url
    if address.username is None and address.password is None:
        return [url]
    scheme, _, rest = url.partition("://")
    raw = address.scheme in _RTMP
    parts: list[str | Secret] = [f"{scheme}://", _user_part(address.username or "", _ENDS_USERNAME, raw=raw)]
    if address.password is not None:
        parts += [":", Secret(_user_part(_clear(address.password), _ENDS_PASSWORD, raw=raw))]
    return [*parts, "@", rest]


def _user_part(text: str, ends: frozenset[str], *, raw: bool) -> str:
    """RTMP sends the user part as it stands in the URL; everyone else decodes it.

    What would end it is encoded for RTMP too: the server then refuses the login, but nothing is sent astray.
    """
    return text if raw and not ends & set(text) else quote(text, safe="")


def _root_and_path(url: str) -> tuple[str, str]:
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    return f"{scheme}://{host}", path


def _fill(parts: Iterable[str | Secret], key: Secret) -> Iterable[str | Secret]:
    for part in parts:
        if isinstance(part, Secret):
            yield part
            continue
        first, *rest = part.split(KEY_PLACEHOLDER)
        yield first
        for text in rest:
            yield from (key, text)


def _joined(parts: Iterable[str | Secret]) -> str | Secret:
    parts = list(parts)
    text = _text(parts)
    return Secret(text) if any(isinstance(part, Secret) for part in parts) else text


def _text(parts: Iterable[str | Secret]) -> str:
    return "".join(_clear(part) for part in parts)


def _clear(part: str | Secret) -> str:
    return part.reveal() if isinstance(part, Secret) else part
