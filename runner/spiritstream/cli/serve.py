"""`spiritstream serve`: the controller, in the foreground."""

from __future__ import annotations

from pathlib import Path

import click

from spiritstream.cli.options import IDENTITY_OPTION
from spiritstream.errors import UsageError


@click.command("serve", short_help="Keep a folder or a git repository of profiles on air.")
@click.option(
    "--profiles",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="The folder of profiles. Default: the setting, which is the config folder's.",
)
@click.option("--git", "url", metavar="URL", help="A git repository of profiles, instead of a folder.")
@click.option("--ref", default="main", show_default=True, help="With --git: the branch or tag.")
@click.option("--path", "inside", default="", metavar="DIR", help="With --git: the folder in the repository.")
@click.option("--every", default="30s", show_default=True, help="With --git: how often it is asked.")
@click.option(
    "--signers",
    type=click.Path(path_type=Path, exists=True),
    metavar="FILE|DIR",
    help="With --git: only commits signed by one of these keys: ssh's allowed signers, or a GnuPG home.",
)
@IDENTITY_OPTION
@click.option("--ffmpeg", help="The ffmpeg to use, instead of the one on PATH or the embedded one.")
@click.option(
    "--confirm", is_flag=True, help="The first reading is meant, even if it ends most of what is live."
)
@click.option(
    "--log",
    "form",
    type=click.Choice(["plain", "json"]),
    default="plain",
    show_default=True,
    help="How its own log is written to stderr.",
)
@click.option("--background", is_flag=True, hidden=True, help="Its own log goes to its file.")
@click.option("-v", "--verbose", is_flag=True, help="Also log what ffmpeg says.")
def command(
    profiles: Path | None,
    url: str | None,
    ref: str,
    inside: str,
    every: str,
    signers: Path | None,
    identity: Path | None,
    ffmpeg: str | None,
    confirm: bool,
    form: str,
    background: bool,
    verbose: bool,
) -> int:
    """Keep what a folder or a git repository of profiles says on air, for as long as it runs.

    Ends with SIGTERM or ctrl-C; its shows go on, and the next controller takes them over.
    `spiritstream down` ends those, too. SIGHUP reads the profiles at once, and opens each anew.

    Profiles from git may read files of their repository, and use what the settings allow: `environment`
    names variables, `folders` may be read, and `recordings` is where they record.
    """
    import asyncio

    from spiritstream.cli.serving import Origin, Serving
    from spiritstream.cli.until import parse_span

    if url is not None and profiles is not None:
        raise UsageError("profiles come from a folder or from git, not from both", "leave one of them out")
    every_s = parse_span(every)
    if every_s < 1:
        raise UsageError("a repository is asked once a second at most", "write --every 1s, or more")
    origin = Origin(profiles, url, ref, inside, every_s, signers)
    serving = Serving(
        origin,
        identity=identity,
        ffmpeg=ffmpeg,
        confirm=confirm,
        form=form,
        verbose=True if verbose else None,
        background=background,
    )
    return asyncio.run(serving.run())
