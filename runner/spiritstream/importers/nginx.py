"""nginx with its RTMP module: the applications of nginx.conf that `push`, or `exec` ffmpeg. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from spiritstream.importers.commandline import outputs_of
from spiritstream.importers.destinations import (
    Destination,
    UnsendableError,
    destination,
)
from spiritstream.importers.listening import rtmp_input
from spiritstream.importers.matching import Platforms, split_url
from spiritstream.importers.values import (
    MAX_TARGETS,
    Group,
    Imported,
    Notes,
    Target,
    UnreadableError,
    decoded,
)

_DEEPEST = 16
_TOKEN = re.compile(
    r"""\s+|\#[^\n]*|([{};])|"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|((?:\$\{\w+\}|[^\s{};])+)"""
)
_EXEC = ("exec", "exec_push", "exec_publish")
_ELSEWHERE = {
    "record": "its files are named by nginx; add a target with `record:` to record here",
    "hls": "HLS is not served; another server can be pushed to",
    "dash": "DASH is not served; another server can be pushed to",
    "on_publish": "whom it lets publish is asked of a web server; here a stream key tells",
    "pull": "it fetched streams; `input: {pull: …}` does so, one for each profile",
}


@dataclass(slots=True)
class Directive:
    """One directive: its words, and what stands in its braces."""

    words: list[str]
    inside: list[Directive] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The first word."""
        return self.words[0] if self.words else ""


def read_nginx(data: bytes, name: str, file: str, platforms: Platforms) -> list[Imported]:
    """One profile for each application that pushes; pasted `push` lines alone are one.

    Raises:
        UnreadableError: its braces do not match, or nothing in it pushes.
    """
    found = [
        _application(app, server, name, file, platforms)
        for app, server in _applications(parse(decoded(data, file), file))
        if any(one.name in ("push", *_EXEC) for one in app.inside)
    ]
    if not found:
        raise UnreadableError(f"{file}: no application in it pushes to another server")
    if sum(len(group.targets) for one in found for group in one.groups) > MAX_TARGETS:
        raise UnreadableError(f"{file}: it has more than {MAX_TARGETS} targets", "check the file")
    return found


def parse(text: str, file: str) -> list[Directive]:
    """nginx's directives.

    Raises:
        UnreadableError: braces or quotes do not match, or it is too deep.
    """
    stack: list[list[Directive]] = [[]]
    words: list[str] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _damaged(text, at, file)
        mark, quoted, single, plain = match.groups()
        if mark == "}" and (len(stack) == 1 or words):
            raise _damaged(text, at, file)
        at = match.end()
        if mark is None:
            words += [word for word in (quoted, single, plain) if word is not None]
            continue
        if mark == "}":
            stack.pop()
        elif words:
            stack[-1].append(Directive(words))
        if mark == "{":
            if len(stack) > _DEEPEST or not words:
                raise _damaged(text, at, file)
            stack.append(stack[-1][-1].inside)
        words = []
    if len(stack) > 1 or words:
        raise UnreadableError(
            f"{file}: it breaks off: a brace or a semicolon is missing", "take the whole file"
        )
    return stack[0]


def _damaged(text: str, at: int, file: str) -> UnreadableError:
    line = text.count("\n", 0, at) + 1
    return UnreadableError(f"{file}:{line}: this is not how nginx is configured", "take the whole file")


def _applications(directives: list[Directive]) -> Iterator[tuple[Directive, Directive]]:
    """Every application with its server, wherever they stand; pasted lines make one of their own."""
    pasted = Directive(["application", ""], [one for one in directives if one.name in ("push", *_EXEC)])
    if pasted.inside:
        yield pasted, Directive(["server"])
    todo = [(one, Directive(["server"])) for one in directives]
    while todo:
        here, server = todo.pop(0)
        if here.name == "application":
            yield here, server
            continue
        server = here if here.name == "server" else server
        todo += [(one, server) for one in here.inside]


def _application(app: Directive, server: Directive, name: str, file: str, platforms: Platforms) -> Imported:
    left = Notes()
    own = app.words[1] if len(app.words) > 1 else ""
    pushes = [one for one in app.inside if one.name == "push"]
    targets = [_target(number, one, platforms, left) for number, one in enumerate(pushes, 1)]
    groups = [Group("source", tuple(target for target in targets if target))] if pushes else []
    for one in app.inside:
        if one.name in _EXEC:
            groups += outputs_of(" ".join(_quoted(word) for word in one.words[1:]), platforms, left)
        elif one.name in _ELSEWHERE and one.words[1:] != ["off"]:
            left.append(f"{one.name}: {_ELSEWHERE[one.name]}")
    return Imported(
        name=own or name,
        kind="nginx-rtmp application",
        file=file,
        input={"rtmp": {**rtmp_input(_listen(app, server), own or "live", left)}},
        groups=tuple(groups),
        left=tuple(left),
        secrets=tuple(left.seen),
    )


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def _listen(app: Directive, server: Directive) -> str:
    """The server's address; this machine's alone if only it may publish."""
    address = next((one.words[1] for one in server.inside if one.name == "listen" and one.words[1:]), "1935")
    rules = [one.words for one in app.inside if one.name in ("allow", "deny")]
    if ["deny", "publish", "all"] in rules:
        allowed = {words[-1] for words in rules if words[0] == "allow" and words[1] == "publish"}
        if allowed and allowed <= {"127.0.0.1", "::1", "localhost"}:
            return f"127.0.0.1:{address.rpartition(':')[2]}"
    return address


def _target(number: int, push: Directive, platforms: Platforms, left: Notes) -> Target | None:
    where = f"push {number}"
    try:
        found = _destination(push.words[1:], platforms, left)
    except UnsendableError as error:
        left.not_sent(where, error)
        return None
    left.extend(f"{where}: {remark}" for remark in found.remarks)
    name = str(found.fields.get("platform", where.replace(" ", "-")))
    return Target(name, found.fields, found.place, missing=found.missing)


def _destination(words: list[str], platforms: Platforms, left: Notes) -> Destination:
    """`push URL [key=value]*`; the URL is HOST/APP/NAME, or `app=` and `playpath=` say the last two."""
    url = words[0] if words else ""
    url = url if "://" in url else f"rtmp://{url}"
    given = {key.lower(): value for key, _, value in (word.partition("=") for word in words[1:])}
    key = given.get("playpath", "")
    left.saw(key, url.rpartition("/")[2])
    if app := given.get("app", ""):
        url = f"{url.partition('://')[0]}://{url.partition('://')[2].partition('/')[0]}/{app}"
    elif key:
        url = split_url(url).server  # what stood there for the name does not count
    if "$" in f"{url}{key}":
        found = destination(url.partition("$")[0].rstrip("/"), "", platforms)
    else:
        found = destination(url, key, platforms, app_parts=1, joined=True)
        if "key" in found.fields or "platform" in found.fields:
            return found
    # Without a name, nginx sends on under the one that the publisher used.
    return Destination(found.fields, found.place, "its stream name was the publisher's own", found.remarks)
