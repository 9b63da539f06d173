"""What `spiritstream new` asks a person, one question each; asked again until the answer can be used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import click

from spiritstream.errors import SpiritError

if TYPE_CHECKING:
    from spiritstream.config.platforms import Platform

T = TypeVar("T")

_KINDS = {
    "rtmp": "OBS or another encoder publishes to this machine",
    "pull": "a stream is fetched: a camera (RTSP), SRT, HLS, another server",
    "files": "files play one after another",
    "test": "a test picture, to see that everything works",
}
_SHOWN_SERVERS = 60


def say(text: str) -> None:
    """A line for the person; stdout is kept for what was done."""
    click.echo(text, err=True)


def ask(question: str, checked: Callable[[str], T], default: str | None = None) -> T:
    """The answer, as `checked` makes it; what that raises is said, and the question asked again."""
    while True:
        # A colon, as everywhere in a shell, and no answer that is longer than a line.
        text = click.prompt(question, default=default, show_default=bool(default), err=True)
        try:
            return checked(str(text).strip())
        except SpiritError as error:
            say(f"  {error.message}" + (f" ({error.hint})" if error.hint else ""))


def ask_kind() -> str:
    """Where the media comes from."""
    say("Where does the media come from?")
    for kind, text in _KINDS.items():
        say(f"  {kind:5}  {text}")
    return ask("input", _kind, "rtmp")


def _kind(text: str) -> str:
    if text in _KINDS:
        return text
    raise SpiritError(f"one of {', '.join(_KINDS)}")


def ask_paths() -> list[str]:
    """The files to play, one after another."""
    paths: list[str] = []
    while text := ask(f"file {len(paths) + 1}" + (" (empty: no more)" if paths else ""), str, ""):
        paths.append(text)
    return paths


def ask_platforms(found: Callable[[str], Platform]) -> list[tuple[Platform, str | None]]:
    """The platforms to send to, each with the server that was chosen, if one was."""
    say(
        "Where does it go? A platform's name, such as twitch or youtube; `spiritstream platforms` lists them."
    )
    chosen: list[tuple[Platform, str | None]] = []
    while True:
        more = " (empty: no more)" if chosen else " (empty: a recording only)"
        platform = ask(f"platform{more}", lambda text: found(text) if text else None, "")
        if platform is None:
            return chosen
        if platform.warning:
            say(f"  warning: {platform.name} may not work: {platform.warning}")
        chosen.append((platform, ask_server(platform)))


def ask_server(platform: Platform) -> str | None:
    """Which of a platform's servers, where there is a choice; `None` for its usual one."""
    from spiritstream.config.choosing import check_server, chosen, words_of

    try:
        chosen(platform)
        usual = True
    except SpiritError as error:
        say(f"  {error.message} ({error.hint})")
        usual = False
    words = words_of(platform)
    if usual and not words and len(platform.servers) < 2 and not platform.server_from_dashboard:
        return None
    if len(platform.servers) > 1:
        say(f"  {platform.name} has {len(platform.servers)} servers; ? lists them")
    for word, told in words.items():
        say(f"  {word:6}  {told}")

    def checked(text: str) -> str | None:
        if text == "?":
            listed = [f"    {server.name}" for server in platform.servers[:_SHOWN_SERVERS]]
            raise SpiritError("\n".join(["the servers:", *listed]))
        if text or not usual:
            check_server(platform, text or None)
        return text or None

    return ask("  server" + (" (empty: the usual one)" if usual else ""), checked, "")


def ask_quality(platform: Platform, names: list[str], told: Callable[[str], str]) -> str:
    """How a platform gets it: as it arrives, or encoded."""
    say(f"  How does {platform.name} get it?")
    for name in names:
        say(f"    {name:8} {told(name)}")

    def checked(text: str) -> str:
        if text in names:
            return text
        raise SpiritError(f"one of {', '.join(names)}")

    return ask("  quality", checked, names[0])
