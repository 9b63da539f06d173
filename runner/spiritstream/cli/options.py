"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path

import click

IDENTITY_OPTION = click.option(
    "--identity",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The identity's file. Default: $SPIRITSTREAM_IDENTITY, the systemd credential, the config folder.",
)
PATHS = click.Path(exists=True, path_type=Path)
