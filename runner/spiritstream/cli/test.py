"""`spiritstream test`: would the platform take it? Tried for three seconds, in black and silence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spiritstream.cli.options import OUTPUT_OPTION
from spiritstream.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spiritstream.model.profile import Group, Profile, Target
    from spiritstream.run.rehearsal import Rehearsal

_JSON_VERSION = 1


@click.command("test", short_help="Try targets for three seconds, in black and silence.")
@click.argument("words", nargs=-1, required=True, metavar="[TARGET]... PROFILE")
@click.option("--all", "everything", is_flag=True, help="Test every target that is enabled.")
@click.option("--connect-only", is_flag=True, help="Only connect: publish nothing, and show no key.")
@click.option(
    "--identity", type=click.Path(path_type=Path), help="The identity file that opens sealed values."
)
@click.option("--ffmpeg", help="The ffmpeg to use, instead of the one on PATH or the embedded one.")
@OUTPUT_OPTION
def command(
    words: tuple[str, ...],
    everything: bool,
    connect_only: bool,
    identity: Path | None,
    ffmpeg: str | None,
    output: str,
) -> int:
    """Connect to targets of a profile, publish three seconds of black and silence, and say what came of it.

    TARGET is a target's name, or GROUP/TARGET. Viewers of a channel that is live may see the black
    picture: test before the show. Exits with 7 when a target was not taken.
    """
    import asyncio

    *names, file = words
    if everything == bool(names):
        raise UsageError(
            "say which targets to test: their names, or --all",
            f"spiritstream test --all {file if file.endswith(('.yaml', '.yml')) else 'PROFILE'}",
        )
    rehearsals = asyncio.run(_test(Path(file), names, connect_only, identity, ffmpeg))
    click.echo(_json(rehearsals) if output == "json" else _text(rehearsals))
    return int(ExitCode.DONE if all(one.ok for one in rehearsals) else ExitCode.NOT_LIVE)


async def _test(
    path: Path, names: Sequence[str], connect_only: bool, identity: Path | None, ffmpeg: str | None
) -> list[Rehearsal]:
    import asyncio

    from spiritstream.cli.opening import open_profile
    from spiritstream.cli.settings import ffmpeg_for
    from spiritstream.run.rehearsal import rehearse

    profile, tool = await asyncio.gather(open_profile(path, identity), asyncio.to_thread(ffmpeg_for, ffmpeg))
    wanted = _wanted(profile, names) if names else list(profile.on_air())
    if not wanted:
        raise UsageError("no target is enabled in this profile", "name the targets to test")
    return await rehearse(wanted, tool, connect_only=connect_only)


def _wanted(profile: Profile, names: Sequence[str]) -> list[tuple[Group, Target]]:
    """The named targets, enabled or not.

    Raises:
        UsageError: a name is no target's, or several groups have a target of that name.
    """
    known = {
        f"{group.name}/{target.name}": (group, target) for group in profile.groups for target in group.targets
    }
    found: dict[str, tuple[Group, Target]] = {}
    for name in names:
        paths = [path for path in known if name in (path, path.split("/")[1])]
        if len(paths) != 1:
            problem = "is in several groups" if paths else "is no target of this profile"
            raise UsageError(f"'{name[:80]}' {problem}", f"one of: {', '.join(paths or known)}")
        found[paths[0]] = known[paths[0]]
    return list(found.values())


def _text(rehearsals: Sequence[Rehearsal]) -> str:
    width = max(len(one.path) for one in rehearsals)
    return "\n".join(f"{one.path:{width}}  {'ok  ' if one.ok else 'FAIL'}  {one.text}" for one in rehearsals)


def _json(rehearsals: Sequence[Rehearsal]) -> str:
    targets = [
        {
            "target": one.path,
            "ok": one.ok,
            "destination": one.destination,
            "text": one.text,
            "cause": one.cause.code if one.cause else None,
            "message": one.cause.message if one.cause else "",
            "advice": one.cause.advice if one.cause else "",
            "timings_ms": dict(one.timings_ms),
        }
        for one in rehearsals
    ]
    return json.dumps({"version": _JSON_VERSION, "targets": targets}, indent=2)
