"""`spiritstream show`: a profile that may be seen by anybody, its secrets replaced by marks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from spiritstream.errors import ProfileError


@click.command("show", short_help="Print a profile without its secrets; git's textconv.")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option(
    "--textconv", is_flag=True, help="For git: something is printed for every file, also a broken one."
)
def command(file: Path, textconv: bool) -> None:
    """Print a profile with a short mark in place of each sealed value, such as sealed(twitch, 3f9a01c2).

    Two marks differ when the sealed values do. To see diffs so:
    git config diff.spiritstream.textconv "spiritstream show --textconv", and in .gitattributes:
    *.yaml diff=spiritstream

    What an encoding's `for` derives follows as comments, each value with the rule that bound it.
    """
    from spiritstream.cli.files import label
    from spiritstream.config.load import document_leaves, read_bounded, unreadable
    from spiritstream.config.showing import shown, shown_anyway

    name = label(file)
    try:
        data = read_bounded(file)
    except OSError as error:
        raise ProfileError([unreadable(name, error)]) from None
    text = (shown_anyway if textconv else shown)(data, name, document_leaves)
    click.echo(text, nl=False)
    if not textconv:  # a diff is of what was edited
        click.echo("".join(_derived(file, name, data, text.endswith("\n"))), nl=False)


def _derived(file: Path, name: str, data: bytes, on_a_new_line: bool) -> Iterator[str]:
    """What is derived, as comments."""
    from spiritstream.cli.rows import clean
    from spiritstream.config.commonfile import common_for
    from spiritstream.config.derivations import derivations

    found = derivations(data, name, file.parent, common_for(file))
    if found:
        yield "" if on_a_new_line else "\n"
        yield "# Derived:\n"
    yield from (f"#   {path}: {clean(line)}\n" for path, line in found.items())
