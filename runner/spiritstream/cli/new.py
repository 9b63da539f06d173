"""`spiritstream new`: a first profile, by asking for what it needs or from options."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from spiritstream.cli.options import IDENTITY_OPTION
from spiritstream.cli.platforms import complete_with_server
from spiritstream.errors import UsageError

_INPUTS = ("rtmp", "pull", "files", "test")


@click.command("new", short_help="Write a profile by asking for what it needs.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--name", metavar="NAME", help="The show's name. Default: the file's.")
@click.option("--input", "kind", type=click.Choice(_INPUTS), help="Where the media comes from.")
@click.option("--listen", metavar="HOST:PORT", help="With --input rtmp: where OBS publishes to.")
@click.option("--url", metavar="URL", help="With --input pull: what is fetched.")
@click.option(
    "--media", multiple=True, metavar="PATH", help="With --input files: a file to play; repeatable."
)
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    metavar="NAME[=SERVER]",
    shell_complete=complete_with_server,
    help="A platform, by id or name, and one of its servers, `auto` or `backup`; repeatable.",
)
@click.option(
    "--quality",
    "qualities",
    multiple=True,
    metavar="[NAME=]QUALITY",
    help="source (as it arrives, the default), or 1080p60, 1080p30, 720p60, 720p30, 480p30: for all "
    "platforms, or for one; repeatable.",
)
@click.option(
    "--keys",
    type=click.Choice(["ask", "stdin", "env"]),
    default="ask",
    show_default=True,
    help="ask at the terminal; stdin: a line for each platform in their order, then one for the publisher "
    "if --listen is more than this machine; env: write {env: TWITCH_KEY} and seal nothing.",
)
@click.option("--recipient", metavar="TEXT", help="Whom to seal for; found as `spiritstream seal` does.")
@IDENTITY_OPTION
def command(
    file: Path | None,
    name: str | None,
    kind: str | None,
    listen: str | None,
    url: str | None,
    media: tuple[str, ...],
    platforms: tuple[str, ...],
    qualities: tuple[str, ...],
    keys: str,
    recipient: str | None,
    identity: Path | None,
) -> None:
    """Write a new profile with comments that explain it. At a terminal it asks for what no option says.

    Keys are sealed before anything is written, and no file is ever replaced. For scripts:

    spiritstream new show.yaml --input rtmp --platform twitch --platform youtube --keys stdin
    """
    from shlex import quote

    from spiritstream.cli.answers import Options, answered
    from spiritstream.cli.files import label
    from spiritstream.cli.writing import Keys, write_profile

    if keys == "stdin" and sys.stdin.isatty():
        raise UsageError("--keys stdin reads lines that are piped in", "leave it out to be asked")
    asking = sys.stdin.isatty()
    answers = answered(Options(file, name, kind, listen, url, media, platforms, qualities, asking))
    source = Keys(keys, recipient, identity, answers.path)
    for warning in write_profile(answers, source):
        click.echo(f"warning: {warning}", err=True)
    click.echo(
        f"{label(answers.path)}: written; it is valid" + (", its keys are sealed" if source.sealed else "")
    )
    if source.made:
        # Made here, and shown once: the person has to put it into the encoder.
        click.echo(f"the publisher's stream key, shown only now: {source.made}", err=True)
    if source.sealed and (stranger := source.pair.stranger):
        click.echo(f"{label(answers.path)}: {stranger}", err=True)
    click.echo(f"next: spiritstream run {quote(label(answers.path))} --watch", err=True)
