"""`spiritstream run`: a runner in the foreground, without a controller."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("run", short_help="Put one profile on air, in the foreground.")
@click.argument("profile", type=click.Path(path_type=Path))
@click.option("--watch", is_flag=True, help="Apply the file again whenever it changes.")
@click.option(
    "--identity", type=click.Path(path_type=Path), help="The identity file that opens sealed values."
)
@click.option("--ffmpeg", help="The ffmpeg to use, instead of the one on PATH or the embedded one.")
@click.option(
    "--socket", "socket_path", type=click.Path(path_type=Path), help="Where the runner's socket is made."
)
@click.option(
    "--log",
    "form",
    type=click.Choice(["auto", "table", "plain", "json"]),
    default="auto",
    show_default=True,
    help="A live table (on a terminal), plain lines, or JSON lines.",
)
@click.option("-v", "--verbose", is_flag=True, help="Also log what ffmpeg says.")
def command(
    profile: Path,
    watch: bool,
    identity: Path | None,
    ffmpeg: str | None,
    socket_path: Path | None,
    form: str,
    verbose: bool,
) -> int:
    """Put one profile on air, in the foreground.

    Ends with ctrl-C or SIGTERM, in order, within 5 seconds. SIGHUP reads the file again and applies
    what changed; with --watch every change of the file does.
    """
    import asyncio
    import sys

    from spiritstream.cli.foreground import Foreground

    if form == "auto":
        form = "table" if sys.stdout.isatty() else "plain"
    show = Foreground(
        profile,
        identity=identity,
        ffmpeg=ffmpeg,
        socket_path=socket_path,
        form=form,
        verbose=True if verbose else None,
    )
    return asyncio.run(show.run(watch=watch))
