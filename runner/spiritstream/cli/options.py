"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

IDENTITY_OPTION = click.option(
    "--identity",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The identity's file. Default: $SPIRITSTREAM_IDENTITY, the systemd credential, the config folder.",
)
OUTPUT_OPTION = click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How it is printed.",
)
PATHS = click.Path(exists=True, path_type=Path)


def timeout_option(command: F) -> F:
    """How long a command waits for shows to be live."""
    text = "How long it may take, such as 90s or 2m."
    return click.option("--timeout", default="30s", show_default=True, metavar="SPAN", help=text)(command)
