"""Where another program takes its stream from, as `input.pull`. Pure."""

from __future__ import annotations

from urllib.parse import parse_qsl

from spiritstream.config.address import PULL_SCHEMES, url_host, url_problem, url_scheme
from spiritstream.config.destination import host_destination
from spiritstream.importers.destinations import (
    DOUBTFUL,
    UnsendableError,
    is_public,
    secret_field,
    without_login,
)
from spiritstream.importers.matching import may_be_secret, split_url
from spiritstream.importers.values import Env, Field, Notes
from spiritstream.model.profile import KEY_PLACEHOLDER
from spiritstream.secret import Secret

_WITH_LOGIN = ("rtmp", "rtmps", "rtsp", "rtsps", "http", "https")


def pull_fields(url: str, left: Notes, transport: str = "") -> dict[str, Field]:
    """The fields of `input.pull`.

    Raises:
        UnsendableError: this cannot be fetched.
    """
    public, login = without_login(url.strip())
    scheme = url_scheme(public)
    left.saw(login.password)
    fields: dict[str, Field] = {}
    if scheme == "srt":
        public, _, query = public.partition("?")
        given = dict(parse_qsl(query))
        for name, field in (("streamid", "key"), ("passphrase", "passphrase")):
            left.saw(given.get(name, ""))
            if secret := secret_field(given.get(name, ""), field):
                fields[field] = secret
        if set(given) - {"streamid", "passphrase"}:
            left.append("input: SRT's other options are the defaults now")
    elif scheme in ("rtmp", "rtmps"):
        split = split_url(public)
        left.saw(split.key)
        public = split.server
        if split.doubtful:
            left.append(f"input: {DOUBTFUL}")
        if may_be_secret(public.partition("://")[2].partition("/")[2].partition("?")[0]):
            raise UnsendableError("its address may be a key, and its parts cannot be told apart")
        if secret := secret_field(split.key, "stream name"):
            fields["key"] = secret
    elif "?" in public:
        public, secret = _without_query(public, left)
        if secret:
            fields["key"] = secret
    if "@" in public.partition("://")[2].lstrip("@"):
        raise UnsendableError("an @ stands behind its host, so that a password may be in clear text")
    if problem := url_problem(public, PULL_SCHEMES):
        raise UnsendableError(f"its address cannot be used: {problem[0]}")
    host = url_host(public)
    if host is not None and host_destination(host) is None:
        raise UnsendableError("its host's name can be none")
    fields = {"url": public, **fields}
    if login.username and scheme in _WITH_LOGIN:
        fields["username"] = login.username
        if secret := secret_field(login.password, "password"):
            fields["password"] = secret
    if scheme in ("rtsp", "rtsps") and transport in ("tcp", "udp"):
        fields["transport"] = transport
    return fields


def _without_query(url: str, left: Notes) -> tuple[str, Secret | Env | None]:
    """The URL and its query, which often holds a camera's password: all but its first name is the key."""
    before, _, query = url.partition("?")
    name, equals, value = query.partition("=")
    left.saw(value)
    if is_public(query):
        return url, None
    if not equals:
        raise UnsendableError("its query may be a secret, and has no name")
    return f"{before}?{name}={KEY_PLACEHOLDER}", secret_field(value, "query")
