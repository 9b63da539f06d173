"""What a git source may be asked for: address, branch or tag, and folder, checked before git sees them."""

from __future__ import annotations

import re

from spiritstream.errors import UsageError

_SCHEMES = ("https", "ssh", "file")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_USER = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*")
# host:path as ssh takes it, perhaps user@host:path; a colon after a slash is a path's.
_SCP = re.compile(r"(?:(?P<user>[^@/:]+)@)?(?P<host>[A-Za-z0-9_.][A-Za-z0-9_.-]*):(?P<path>[^/:].*|/.*)")
_LOGIN_HINT = (
    "leave it out of the address: git asks a credential helper (git help credentials), the program that "
    "GIT_ASKPASS names, or, for ssh, the agent or the user's key"
)
_HINT = "give an https:// or ssh:// address, user@host:path, or the absolute path of a local repository"


def checked_url(url: str) -> str:
    """The address, if git may be given it. The errors never repeat it: it may hold a password.

    Raises UsageError for credentials in it, for a transport that runs programs or hides nothing,
    and for what git would take for an option.
    """
    if not url.isprintable() or not url or url.startswith("-") or "::" in url:
        raise UsageError("this is no address of a git repository", _HINT)
    scheme = _SCHEME.match(url)
    if scheme:
        _check_scheme(scheme[1].lower(), url[scheme.end() :])
    elif not url.startswith("/"):
        _check_scp(url)
    return url


def is_local(url: str) -> bool:
    """Whether the repository lies on this machine."""
    return url.startswith(("/", "file://"))


def local_path(url: str) -> str:
    """The path of a local repository."""
    return url.removeprefix("file://")


def checked_ref(ref: str) -> str:
    """A branch's or tag's name, by the rules of git-check-ref-format(1). Raises UsageError."""
    parts = ref.split("/")
    wrong = (
        re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//", ref)
        or not ref.isprintable()
        or ref.startswith(("-", "/"))
        or ref.endswith(("/", "."))
        or ref == "@"
        or any(not part or part.startswith(".") or part.endswith(".lock") for part in parts)
    )
    if wrong:
        raise UsageError(f"{ref!a} cannot be a branch or a tag", "name one, such as main or v1.2")
    return ref


def checked_path(path: str) -> str:
    """A folder inside the repository, without slashes around it; empty for the top. Raises UsageError."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if path.startswith("/") or ".." in parts or not path.isprintable():
        raise UsageError(
            f"{path!a} is no folder inside a repository",
            "give its path from the repository's top, such as live",
        )
    return "/".join(parts)


def _check_scheme(scheme: str, rest: str) -> None:
    if scheme not in _SCHEMES:
        raise UsageError("profiles are not read over this kind of address", _HINT)
    authority = rest.split("/", 1)[0]
    user, at, host = authority.rpartition("@")
    if at and (scheme != "ssh" or not _USER.fullmatch(user)):
        raise UsageError("the repository's address holds a password or a token", _LOGIN_HINT)
    if re.search(r"[?#]", rest):
        raise UsageError("the repository's address holds a query", _LOGIN_HINT)
    if host.startswith("-") or (scheme == "file") != (not host) or not rest.partition("/")[2]:
        raise UsageError("this is no address of a git repository", _HINT)


def _check_scp(url: str) -> None:
    found = _SCP.fullmatch(url)
    if "@" in url and not (found and _USER.fullmatch(found["user"] or "") and "@" not in found["path"]):
        raise UsageError("the repository's address holds a password or a token", _LOGIN_HINT)
    if not found:
        raise UsageError("this is no address of a git repository", _HINT)
