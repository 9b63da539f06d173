"""`spiritstream schema`: the published JSON Schemas, as they lie in the package."""

from __future__ import annotations

import click

from spiritstream.cli.explain import KINDS


@click.command("schema", short_help="Print a JSON Schema, for editors and other programs.")
@click.argument("kind", type=click.Choice(KINDS), default=KINDS[0])
@click.option("--path", is_flag=True, help="Print where its file is, instead of what is in it.")
def command(kind: str, path: bool) -> None:
    """Print the JSON Schema (draft-07) of a profile, the settings, a .spiritstream.yaml, a platform, a
    theme, or of what `status --output json` prints.

    An editor with YAML support completes and checks a file whose first line names the schema:

    # yaml-language-server: $schema=PATH

    with the PATH that `spiritstream schema --path` prints, or that of a copy in your repository:
    `spiritstream schema > profile.schema.json`.
    """
    from spiritstream.config.data import data_folder

    file = data_folder("schemas") / f"{kind}.schema.json"
    if path:
        click.echo(file)
    else:
        click.echo(file.read_bytes(), nl=False)
