"""What a new profile is to hold: from the options of `spiritstream new`, and from answers for the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, TypeVar

from spiritstream.cli.files import label
from spiritstream.cli.questions import ask, ask_kind, ask_paths, ask_platforms, ask_quality
from spiritstream.config.qualities import BY_NAME, SOURCE, encoding, offered
from spiritstream.errors import UsageError

if TYPE_CHECKING:
    from spiritstream.config.platforms import Platform

T = TypeVar("T")
Find = Callable[[str], "Platform"]

_LISTEN = "127.0.0.1:1935"


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; what it leaves out is empty. `asking`: a person is there to be asked."""

    file: Path | None
    name: str | None = None
    kind: str | None = None
    listen: str | None = None
    url: str | None = None
    media: Sequence[str] = ()
    platforms: Sequence[str] = ()
    qualities: Sequence[str] = ()
    asking: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """A platform of the new profile; `name` is its target's."""

    name: str
    platform: Platform
    server: str | None
    quality: str


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything but the keys."""

    path: Path
    name: str
    kind: str
    listen: str = _LISTEN
    url: str = ""
    media: Sequence[str] = ()
    targets: Sequence[Wanted] = field(default_factory=list)

    @property
    def publishers_need_a_key(self) -> bool:
        """Whether others than this machine reach the address that is published to."""
        from spiritstream.config.listening import parse_listen

        return self.kind == "rtmp" and not ip_address(parse_listen(self.listen)[0]).is_loopback

    @property
    def shell_file(self) -> str:
        """The file's name, as a person writes it in a shell."""
        return quote(label(Path(self.path.name)))


def answered(options: Options) -> Answers:
    """The answers.

    Raises:
        UsageError: an option is missing or cannot be used, and nobody is there to be asked.
        SpiritError: a platform or a server is not known, or there is such a file already.
    """
    _check(options)
    name = _name(options)
    path = options.file or Path(f"{name}.yaml")
    refuse_existing(path)
    kind = options.kind or _asked(options, "--input", ask_kind)
    listen = url = ""
    media: Sequence[str] = ()
    if kind == "rtmp":
        listen = _listen(options)
    elif kind == "pull":
        url = checked_url(options.url) if options.url else _asked(options, "--url", _ask_url)
    elif kind == "files":
        media = options.media or _asked(options, "--media", ask_paths)
    return Answers(path, name, kind, listen, url, _from(path, media), targets(options, path.parent))


def _check(options: Options) -> None:
    """That no option belongs to another kind of input than is named."""
    belongs = (
        ("--listen", "rtmp", bool(options.listen)),
        ("--url", "pull", bool(options.url)),
        ("--media", "files", bool(options.media)),
    )
    for option, kind, given in belongs:
        if given and options.kind != kind:
            raise UsageError(f"{option} belongs to --input {kind}", "leave it out, or name that input")


def _asked(options: Options, option: str, question: Callable[[], T]) -> T:
    if options.asking:
        return question()
    raise UsageError(f"{option} is missing, and nobody is at a terminal to be asked", f"add {option}")


def _name(options: Options) -> str:
    if options.name:
        return checked_name(options.name)
    stem = options.file.stem.lower() if options.file else ""
    if not options.asking:
        if not stem:
            raise UsageError("neither a file nor a name is given", "spiritstream new show.yaml")
        return checked_name(stem)
    from spiritstream.config.places import NAME

    return ask("the show's name", checked_name, stem if NAME.fullmatch(stem) else "my-show")


def checked_name(text: str) -> str:
    """`text`, if it can be a show's name."""
    from spiritstream.config.places import NAME

    if NAME.fullmatch(text):
        return text
    raise UsageError(
        "a name has 1 to 63 characters: lower-case letters, digits, '-' and '_', a letter or digit first",
        "give one with --name",
    )


def refuse_existing(path: Path) -> None:
    """Before anybody answers a question in vain: no file is ever replaced."""
    from spiritstream.config.creating import ExistsError

    if os.path.lexists(path):
        raise ExistsError(f"{label(path)} exists already and is left as it is", "name another file")


def _listen(options: Options) -> str:
    if options.listen or not options.asking:
        return checked_listen(options.listen or _LISTEN)
    question = "where it publishes to (0.0.0.0:1935: from other machines, too)"
    return ask(question, checked_listen, _LISTEN)


def checked_listen(text: str) -> str:
    """`text`, if it is an address to listen on."""
    from spiritstream.config.listening import ListenError, parse_listen

    try:
        parse_listen(text)
    except ListenError as error:
        problem, hint = error.problem
        raise UsageError(f"where it publishes to: {problem}", hint) from None
    return text


def _ask_url() -> str:
    return ask("its URL (without a password or key)", checked_url)


def checked_url(text: str) -> str:
    """`text`, if it can be pulled; the error does not repeat it."""
    from spiritstream.config.address import PULL_SCHEMES, url_problem

    if problem := url_problem(text, PULL_SCHEMES):
        raise UsageError(f"the URL to pull: {problem[0]}", problem[1])
    return text


def _from(profile: Path, media: Sequence[str]) -> list[str]:
    """Paths as they are written in the profile: seen from its folder, not from the working folder."""
    folder = os.path.abspath(profile.parent)  # noqa: PTH100  links stay
    return [path if path.startswith("/") else os.path.relpath(path, folder) for path in media]


def targets(options: Options, folder: Path) -> list[Wanted]:
    """The platforms, each with a name of its own and a quality; `folder` is the profile's."""
    from spiritstream.config.registry import finder

    find = finder(folder)
    if options.platforms or not options.asking:
        chosen = [_platform(text, find) for text in options.platforms]
    else:
        chosen = ask_platforms(find)
    for_all, for_one = _qualities(options.qualities, [platform for platform, _ in chosen], find)
    found: list[Wanted] = []
    for platform, server in chosen:
        same = sum(one.platform.id == platform.id for one in found)
        name = f"{platform.id}-{same + 1}" if same else platform.id
        quality = for_one.get(platform.id, for_all)
        if quality is None:
            quality = _ask_quality(platform) if options.asking else SOURCE
        found.append(Wanted(name, platform, server, quality))
    return found


def _platform(text: str, find: Find) -> tuple[Platform, str | None]:
    from spiritstream.config.choosing import check_server

    name, _, server = text.partition("=")
    platform = find(name)
    check_server(platform, server or None)
    return platform, server or None


def _qualities(
    given: Sequence[str], platforms: Sequence[Platform], find: Find
) -> tuple[str | None, dict[str, str]]:
    """The quality of all platforms, and those of single ones by their ids."""
    for_all: str | None = None
    for_one: dict[str, str] = {}
    for text in given:
        name, _, quality = text.rpartition("=")
        concerned = [one for one in platforms if not name or one.id == find(name).id]
        if not concerned:
            raise UsageError("--quality names a platform that is not there", "add it with --platform")
        for platform in concerned:
            _check_quality(platform, quality)
        if name:
            for_one[concerned[0].id] = quality
        else:
            for_all = quality
    return for_all, for_one


def _check_quality(platform: Platform, quality: str) -> None:
    names = _names(platform)
    if quality not in names:
        raise UsageError(
            f"--quality: {platform.name} is not offered this one", f"for it there are {', '.join(names)}"
        )


def _names(platform: Platform) -> list[str]:
    return [SOURCE, *(quality.name for quality in offered(platform.bounds))]


def _ask_quality(platform: Platform) -> str:
    def told(name: str) -> str:
        if name == SOURCE:
            return "as it arrives; nothing is encoded"
        found = encoding(BY_NAME[name], [platform.bounds])
        return f"{found.quality.size}, {found.quality.fps} fps, {found.video_kbps} kbit/s"

    return ask_quality(platform, _names(platform), told)
