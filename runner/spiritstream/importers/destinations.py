"""Where another program sends to, as the fields of a target: a platform if it is one, else a URL. Pure.

A server's address and its key stay apart. Where a program has only one text for both, the key is what
stands behind the application: the registry's, or of a server that it does not know the path's first part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote

from spiritstream.config.address import (
    SERVER_SCHEMES,
    TARGET_SCHEMES,
    same_place,
    url_host,
    url_problem,
    url_scheme,
)
from spiritstream.config.recording import container_of
from spiritstream.config.seal import unsealable
from spiritstream.importers.matching import (
    Listed,
    Platforms,
    Split,
    completed,
    listed,
    listed_splits,
    may_be_secret,
    settled_later,
    split_url,
)
from spiritstream.importers.values import Env, Field, Fields
from spiritstream.secret import Secret

_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]{0,126})\}|([A-Za-z_][A-Za-z0-9_]{0,126}))")
# SRT's options that hold no secret; others are left out, as they might.
_SRT_OPTIONS = (
    *("mode", "latency", "rcvlatency", "peerlatency", "pbkeylen", "transtype", "tlpktdrop", "timeout"),
    *("connect_timeout", "maxbw", "inputbw", "oheadbw", "pkt_size", "payload_size", "mss", "ffs"),
)
_BLANK = re.compile(r"<[^<>]*>")
_SRT_VALUE = re.compile(r"[a-z0-9]{1,10}")
_HERE = ("localhost", "127.0.0.1", "::1")
_LONGEST_PUBLIC = 4
"""A query's value of this length is no secret: `?backup=1`."""
DOUBTFUL = (
    "all behind the first part of its path is taken for the key; if its application has two parts, "
    "write both into `url:`, and the rest as `key:`"
)


class UnsendableError(Exception):
    """This destination has no place in a profile; the text says why, and repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class Destination:
    """The fields of a target, its address without a secret, and what a person should know about it."""

    fields: Fields
    place: str
    missing: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Login:
    """What proves who we are, beside or instead of a key."""

    username: str = ""
    password: str = ""
    passphrase: str = ""


NOBODY = Login()


def secret_field(text: str, called: str) -> Secret | Env | None:
    """A secret as it stands in another program's file; `${NAME}` is a variable.

    `None` is nothing, or what examples have in its place: `<your_stream_key>`.

    Raises:
        UnsendableError: it can be no secret.
    """
    text = text.strip()
    if not text or _BLANK.fullmatch(text):
        return None
    if match := _VARIABLE.fullmatch(text):
        return Env(match[1] or match[2])
    if why := unsealable(text):
        raise UnsendableError(f"its {called} cannot be one: {why[0]}")
    return Secret(text)


def destination(
    server: str,
    key: str,
    platforms: Platforms,
    service: str = "",
    login: Login = NOBODY,
    app_parts: int = 2,
    joined: bool = False,
) -> Destination:
    """The target for a server and its key; `service` is the program's name for the platform.

    Without a key, the server's URL may hold it. It does when it is `joined`, in programs that have no other
    place for it; they take at most `app_parts` parts of the path for the application.

    Raises:
        UnsendableError: it has no place in a profile.
    """
    server, login = without_login(server.strip(), login)
    if later := settled_later(server, platforms, service):
        place = later.platform.server_url() if later.server else later.platform.id
        return _of_platform(later, place, secret_field(key, "key"), login, ())
    if url_scheme(server) == "srt":
        return _srt(server, key, login)
    if url_scheme(server) not in SERVER_SCHEMES:
        raise _not_sent(server)
    found = listed(server, platforms, service)
    remarks: tuple[str, ...] = ()
    if found is None and not key.strip():
        split = _apart(server, platforms, joined)
        remarks = (DOUBTFUL,) if split.doubtful and app_parts > 1 else ()
        server, key = split.server, split.key
        found = listed(server, platforms, service)
    elif found is None and (whole := completed(server, platforms, service)):
        server, found = whole, listed(whole, platforms, service)
        remarks = ("its address had no application; it has the platform's now",)
    secret = secret_field(key, "key")
    if found:
        return _of_platform(found, server, secret, login, remarks)
    _refuse_query(server)
    if problem := url_problem(server, TARGET_SCHEMES):
        raise UnsendableError(f"its address cannot be used: {problem[0]}")
    remarks += (f"the file calls it {service}, whose address this is not",) if service else ()
    return Destination({"url": server, **_key(secret), **_login(login)}, server, remarks=remarks)


def _apart(url: str, platforms: Platforms, joined: bool) -> Split:
    """Server and key out of one text; what may be a part of the key never becomes one of the server.

    Raises:
        UnsendableError: the two cannot be told apart.
    """
    for server, key in listed_splits(url, platforms):
        return Split(server, key)
    split = split_url(url)
    app = split.server.partition("://")[2].partition("/")[2].partition("?")[0]
    # What looks like an application may be the key.
    alone = joined and not split.key and url_host(split.server) not in _HERE
    if alone or may_be_secret(app):
        raise UnsendableError("no key can be told from its address; write it as `url:` and `key:`")
    return split


def _of_platform(
    found: Listed, server: str, secret: Secret | Env | None, login: Login, remarks: tuple[str, ...]
) -> Destination:
    platform = found.platform
    fields: dict[str, Field] = {"platform": platform.id}
    if found.server:
        fields["server"] = found.server
    remarks += (f"{platform.id}: {platform.warning}",) if platform.warning else ()
    missing = "" if secret else "it has no key"
    return Destination({**fields, **_key(secret), **_login(login)}, server, missing, remarks)


def record_fields(path: str) -> Fields:
    """The fields of a target that is a file, whose name is taken as it is.

    Raises:
        UnsendableError: it cannot be one.
    """
    if not path or not path.isprintable() or len(path) > 1024:
        raise UnsendableError("its file's name cannot be used")
    if container_of(path) is None:
        raise UnsendableError("only .flv, .mkv, .mp4 and .ts files are recorded")
    if is_url_like(path) or path.startswith("~") or "$" in path:
        raise UnsendableError("its file's place is not one of this machine's folders, written out")
    return {"record": path.replace("%", "%%")}


def is_url_like(path: str) -> bool:
    """Whether a file's name is perhaps a damaged URL, which may hold a key."""
    return bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", path)) or "//" in path


def _key(secret: Secret | Env | None) -> dict[str, Field]:
    return {"key": secret} if secret else {}


def _login(login: Login) -> dict[str, Field]:
    if login.passphrase:
        raise UnsendableError("a passphrase has no meaning with RTMP")
    if not login.username:
        return {}
    if not login.username.isprintable() or len(login.username) > 255:
        raise UnsendableError("its user name cannot be one")
    password = secret_field(login.password, "password")
    return {"username": login.username, **({"password": password} if password else {})}


def without_login(url: str, login: Login = NOBODY) -> tuple[str, Login]:
    """The URL without the user part in it, which is the login if none is given."""
    scheme, separator, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if not separator or "@" not in authority:
        return url, login
    user, _, host = authority.rpartition("@")
    name, _, password = user.partition(":")
    url = f"{scheme}://{host}{rest[len(authority) :]}"
    return url, login if login.username else Login(unquote(name), unquote(password), login.passphrase)


def _not_sent(url: str) -> UnsendableError:
    scheme = url_scheme(url)
    known = ("rist", "rtsp", "rtsps", "http", "https", "udp", "rtp", "tcp", "file", "whip", "pipe")
    what = f"{scheme} is" if scheme in known else "this is"
    return UnsendableError(f"{what} not sent; rtmp, rtmps and srt are")


def _refuse_query(server: str) -> None:
    """A query before the key may be a secret, and would stand in clear text."""
    query = server.partition("?")[2]
    if not is_public(query):
        raise UnsendableError("a query stands before its key, which may be a secret and has no place")


def is_public(query: str) -> bool:
    """Whether nothing in a URL's query is long enough to be a secret."""
    return all(
        len(value) <= _LONGEST_PUBLIC for part in query.split("&") for value in part.split("=")[1:] or [part]
    )


# --- SRT ---


def _srt(url: str, key: str, login: Login) -> Destination:
    address, _, query = url.partition("?")
    if address.count("/") > 2:
        raise UnsendableError("a path stands in its address, which SRT has not")
    given = dict(parse_qsl(query, keep_blank_values=True))
    names = [name for name in _SRT_OPTIONS if _SRT_VALUE.fullmatch(given.get(name, ""))]
    kept = "&".join(f"{name}={given[name]}" for name in names)
    plain = f"{address}?{kept}" if kept else address
    if problem := url_problem(plain, TARGET_SCHEMES):
        raise UnsendableError(f"its address cannot be used: {problem[0]}")
    fields: dict[str, Field] = {"url": plain}
    streamid = secret_field(key or given.get("streamid", ""), "stream id")
    passphrase = secret_field(login.passphrase or login.password or given.get("passphrase", ""), "passphrase")
    fields |= {"key": streamid} if streamid else {}
    fields |= {"passphrase": passphrase} if passphrase else {}
    dropped = set(given) - {*names, "streamid", "passphrase"}
    remarks = (f"{len(dropped)} of its SRT options have no place",) if dropped else ()
    return Destination(fields, same_place(plain), remarks=remarks)
