"""`spiritstream demo`: see it work, on this machine alone."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from spiritstream.demo.schedule import SHORTEST_S
from spiritstream.errors import ExitCode, SpiritError

if TYPE_CHECKING:
    from spiritstream.demo.summary import Outcome
    from spiritstream.ffmpeg.find import Ffmpeg

_INTRO = (
    "You will see one picture go to three pretend platforms on this machine: to two as it is, to one encoded "
    "smaller. Then a sender gets killed and a platform goes away for a while: watch them come back, and the "
    "others go on undisturbed (ctrl-C ends it)."
)


class NotAllLiveError(SpiritError):
    """The show did not recover as it should have."""

    exit_code = ExitCode.NOT_LIVE


@click.command("demo", short_help="See it work: pretend platforms, faults, recovery.")
@click.option(
    "--seconds",
    type=click.IntRange(min=int(SHORTEST_S)),
    default=45,
    show_default=True,
    help="How long the show goes on.",
)
@click.option(
    "--log",
    "form",
    type=click.Choice(["auto", "table", "plain"]),
    default="auto",
    show_default=True,
    help="A live table (on a terminal), or plain lines.",
)
def command(seconds: int, form: str) -> int:
    """See it work: pretend platforms, faults, recovery.

    Everything happens on this machine, and nothing of it is left afterwards.
    """
    from spiritstream.cli.settings import ffmpeg_for

    ffmpeg = ffmpeg_for(None)
    if form == "auto":
        form = "table" if sys.stdout.isatty() else "plain"
    # A terminal would break the lines in the middle of words.
    click.echo(click.wrap_text(_INTRO, shutil.get_terminal_size().columns) if sys.stdout.isatty() else _INTRO)
    return asyncio.run(_show(ffmpeg, seconds, form))


async def _show(ffmpeg: Ffmpeg, seconds: int, form: str) -> int:
    from spiritstream.cli.foreground import Foreground
    from spiritstream.demo.platform import pretend_platforms
    from spiritstream.demo.profile import TARGETS, write_profile
    from spiritstream.demo.script import Script
    from spiritstream.run.unit import Tools

    _hold_signals()
    with TemporaryDirectory(prefix="spirit-demo-") as name:
        folder = Path(name)
        async with pretend_platforms(TARGETS, str(ffmpeg.path)) as platforms:
            profile, identity = write_profile(folder, {p.name: p.url for p in platforms.values()})
            script = Script(platforms, seconds, killed="twitch", taken_down="youtube")
            await Foreground(
                profile,
                identity=identity,
                ffmpeg=str(ffmpeg.path),
                socket_path=folder / "runner.sock",
                lock_path=folder / "runner.lock",
                form=form,
                # The dice always fall on the middle: each show is like the other.
                tools=lambda found: Tools(found, draw=lambda: 0.5),
                beside=script.play,
            ).run(watch=False)
    return conclude(script.outcomes, finished=script.finished)


def _hold_signals() -> None:
    """Until the foreground runner takes the signals: it awaits nothing before, so none is lost."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: None)


def conclude(outcomes: Sequence[Outcome], *, finished: bool) -> int:
    """Print what came of it. Gives the exit code.

    Raises:
        NotAllLiveError: the show went on to its end, and something had not come back.
    """
    from spiritstream.demo.summary import failures, summary

    if not outcomes:
        click.echo("It was ended before anything was sent.")
        return ExitCode.DONE
    click.echo(summary(outcomes))
    failed = failures(outcomes)
    if failed and finished:
        what = "; ".join(failed)
        raise NotAllLiveError(f"not every target was live at the end: {what}", "run: spiritstream doctor")
    return ExitCode.DONE
