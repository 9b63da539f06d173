"""What git says when it fails, as a cause and advice in our words: its own may repeat credentials."""

from __future__ import annotations

import re

_KNOWN = (
    (r"could not resolve (host|proxy)|name or service not known|temporary failure in name resolution",
     "the host's name cannot be looked up: check the network and the address"),
    (r"host key verification failed|no matching host key",
     "the host's ssh key is not known: connect once by hand as this user, or add it to known_hosts"),
    (r"authentication failed|could not read (username|password)|terminal prompts disabled|error: 40[13]"
     r"|permission denied \(|invalid credentials|access denied",
     "we are not let in: give this user a credential helper or an ssh key that may read the repository"),
    (r"connection refused|timed out|network is unreachable|no route to host|failed to connect"
     r"|couldn't connect|connection reset|operation too slow|early eof|hung up unexpectedly",
     "the host cannot be reached: we go on trying"),
    (r"certificate|ssl",
     "the host's certificate is not accepted: check its name and its authority"),
    (r"dubious ownership",
     "git trusts no repository of another user: git config --global --add safe.directory PATH, as this user"),
    # git does not say why it cannot write a blob where it is told to.
    (r"no space left|unable to stream \S+ to stdout", "the disk is full"),
    (r"does not appear to be a git repository|repository .*not found|not found|does not exist|no such file",
     "there is no repository at this address, or none that we may see"),
    # SIGXFSZ: the bound on what is fetched; git does not say why its helper ended.
    (r"died of signal 25|file too large|file size limit|invalid index-pack output",
     "the newest commit is too large, or did not come whole: keep large files out of the repository"),
    (r"permission denied", "the repository may not be read by this user: check its files' owner and mode"),
)  # fmt: skip
_FATAL = re.compile(r"^(?:fatal|error): (.*)$", re.MULTILINE)
_ADDRESS = re.compile(r"[^\s'\"]*(?:://|@)[^\s'\"]*")
_LONGEST = 160
_SPOILED = re.compile(
    r"\.lock'|bad object|loose object|object file|corrupt|unable to read|missing (blob|tree|commit|object)"
    r"|unresolved deltas|shallow file has changed|not a git repository: ",
    re.IGNORECASE,
)


def cause(said: str, status: int) -> str:
    """One line on why git ended with `status` after writing `said`; no address in it."""
    for pattern, text in _KNOWN:
        if re.search(pattern, said, re.IGNORECASE):
            return text
    fatal = _FATAL.findall(said)
    words = _ADDRESS.sub("***", fatal[-1])[:_LONGEST] if fatal else ""
    printable = "".join(character if character.isprintable() else "?" for character in words)
    return f"git ended with status {status}: {printable or 'it does not say why'}"


def is_spoiled(said: str) -> bool:
    """Whether our own copy is at fault, so that a new one helps: a lock left behind, a torn object."""
    return bool(_SPOILED.search(said))
