"""`spiritstream export`: a profile as the SpiritStream application's JSON."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spiritstream.cli.options import IDENTITY_OPTION
from spiritstream.errors import ProfileError, UsageError

if TYPE_CHECKING:
    from spiritstream.model.profile import Profile
    from spiritstream.secret import Secret

_OF_SPIRITSTREAM = "SpiritStream's platform list"


@click.command("export", short_help="Print a profile as SpiritStream's JSON.")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option(
    "--to",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write to this file, for your eyes only, instead of printing; it must not exist.",
)
@click.option("--with-keys", is_flag=True, help="Write keys in clear text; needs --to.")
@IDENTITY_OPTION
def command(file: Path, to: Path | None, with_keys: bool, identity: Path | None) -> None:
    """Print a profile as SpiritStream's JSON, for its folder of profiles.

    SpiritStream's file holds keys in clear text, so they are left empty: type them in there. With
    --with-keys they are opened and written, to a file that only you can read. What has no place in that
    format is said on stderr. A key that is {env: NAME} becomes ${NAME}, which SpiritStream knows.
    """
    from spiritstream.config.creating import create_file
    from spiritstream.importers.giving import spiritstream_json

    if with_keys and to is None:
        raise UsageError("keys are not printed", "name a file that does not exist: --with-keys --to FILE")
    profile = _profile(file, identity, with_keys)
    text, left = spiritstream_json(profile, lambda id: _service_name(id, file.parent), with_keys)
    if to is None:
        click.echo(text)
    else:
        create_file(to, text.encode())
        click.echo(
            f"{to}: written" + (", with its keys in clear text: remove it when done" if with_keys else "")
        )
    for line in left:
        click.echo(f"not carried over: {line}", err=True)


def _profile(path: Path, identity: Path | None, with_keys: bool) -> Profile:
    """The profile; without keys no secret is opened, so no identity is needed."""
    from spiritstream.cli.settings import Environment
    from spiritstream.config.build import build_profile
    from spiritstream.config.commonfile import common_for
    from spiritstream.config.deriving import with_derived
    from spiritstream.config.document import parse_document
    from spiritstream.config.filling import with_defaults
    from spiritstream.config.leaves import SecretLeaf, secret_leaves
    from spiritstream.config.load import check_data, read_bounded, surroundings, unreadable
    from spiritstream.config.opener import identity_opener
    from spiritstream.config.sources import reveal
    from spiritstream.secret import Secret

    name = str(path)
    try:
        data = read_bounded(path)
    except OSError as error:
        raise ProfileError([unreadable(name, error)]) from None
    common = common_for(path)
    if findings := check_data(data, name, path.parent, common=common).findings:
        raise ProfileError(findings)
    document = parse_document(data, name)
    document = with_defaults(document, common) if common else document
    around = surroundings(path.parent)
    document, _ = with_derived(document, around.find_platform, around.platforms_at)
    opener = identity_opener(identity, Environment()) if with_keys else None

    def secret(leaf: SecretLeaf) -> Secret:
        if isinstance(leaf.value, dict) and "env" in leaf.value:
            return Secret(f"${{{leaf.value['env']}}}")
        if not with_keys:
            return Secret("sealed")
        return reveal(leaf, name, opener, os.environ, path.parent)

    secrets = {leaf.at: secret(leaf) for leaf in secret_leaves(document, around.destination)}
    return build_profile(document, around, secrets)


def _service_name(id: str, folder: Path | None = None) -> str:
    """SpiritStream's name for a platform; it refuses a profile with one that it does not know."""
    from spiritstream.config.registry import finder

    facts: Any = finder(folder).entry(id).facts
    names = [one.get("name", "") for one in facts["sources"] if one["source"] == _OF_SPIRITSTREAM]
    return names[0] if names else ""
