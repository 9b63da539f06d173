"""`spiritstream down`: ends everything."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from spiritstream.cli.byhand import end
from spiritstream.errors import ExitCode, SpiritError


class HangsError(SpiritError):
    """Somebody who was to end does not answer."""

    exit_code = ExitCode.NOT_LIVE


@click.command("down", short_help="End everything: every show, and the controller.")
def command() -> int:
    """Take every show off the air, in order, and end the controller. The profiles stay as they are.

    What is written in them is on air again as soon as a controller runs: `spiritstream serve`, `apply`.
    A runner of the controller's that hangs is killed. Whoever is left is named, with exit code 7.
    """
    return asyncio.run(_down())


async def _down() -> int:
    controlled = await _end_controller()
    # A `spiritstream run` in the foreground is not the controller's.
    ended, hung = await _end_runners()
    for name in ended:
        click.echo(f"{name}: ended")
    if hung:
        raise HangsError("\n".join(map(_said_of, hung)), "when it is gone: `spiritstream down` once more")
    if not controlled and not ended:
        click.echo("Nothing is on air.")
    return ExitCode.DONE


async def _end_controller() -> bool:
    """Whether there was one.

    Raises:
        HangsError: there is one that does not answer.
    """
    from spiritstream.cli.onair import controller
    from spiritstream.cli.places import runtime_folder
    from spiritstream.control.client import SilentError
    from spiritstream.control.runnerlock import holder

    try:
        async with controller() as peer:
            if peer is None:
                return False
            answer = await end(peer, "down", "the controller")
    except SilentError:
        pid = holder(runtime_folder() / "controller.lock")
        hint = f"end it by hand, then `spiritstream down` once more: {_kill(pid)}; its shows go on meanwhile"
        raise HangsError(f"the controller{_named(pid)} does not answer", hint) from None
    click.echo("the controller: ended, and every show of its own")
    for name in _silent(answer):
        click.echo(f"{name}: its runner did not answer; the controller was to kill it", err=True)
    return True


def _silent(answer: object) -> list[str]:
    """Whose runners did not answer the controller."""
    names = answer.get("silent") if isinstance(answer, dict) else None
    return [str(name) for name in names] if isinstance(names, list) else []


async def _end_runners() -> tuple[list[str], list[str]]:
    """Those that have ended, and those that do not answer."""
    from spiritstream.cli.onair import runner_names
    from spiritstream.cli.places import socket_for

    names = runner_names()
    found = await asyncio.gather(*(_end(socket_for(name)) for name in names))
    ended = [name for name, has_ended in zip(names, found, strict=True) if has_ended]
    return ended, [name for name, has_ended in zip(names, found, strict=True) if has_ended is None]


async def _end(path: Path) -> bool | None:
    """Whether a runner was there, and has ended; `None` if it does not answer."""
    from spiritstream.control.client import AbsentError, SilentError, connect

    try:
        async with connect(path) as peer:
            if peer.hello.get("hello") != "runner":
                return False
            await end(peer, "stop", f"'{path.stem}'")
    except AbsentError:
        return False
    except SilentError:
        return None
    return True


def _said_of(name: str) -> str:
    """Who does not answer, and what to do."""
    from spiritstream.cli.places import state_folder
    from spiritstream.control.runnerlock import holder, lock_of

    pid = holder(lock_of(state_folder(), name))
    return f"'{name}' may still be on air: its runner{_named(pid)} does not answer; to end it: {_kill(pid)}"


def _named(pid: int | None) -> str:
    return f" (pid {pid})" if pid else ""


def _kill(pid: int | None) -> str:
    return f"kill -9 {pid}" if pid else "find it with `pgrep -af spiritstream`, and kill -9 it"
