"""`spiritstream themes`: which themes there are, and what is in one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from spiritstream.cli.files import label
from spiritstream.cli.options import OUTPUT_OPTION
from spiritstream.errors import ExitCode, ProfileError

if TYPE_CHECKING:
    from spiritstream.config.themefolder import Themed

_JSON_VERSION = 1


def complete(context: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    """The ids that begin with what was typed, from the file names alone."""
    from spiritstream.config.themefolder import theme_files

    return [path.stem for path in theme_files() if path.stem.startswith(typed)]


@click.command("themes", short_help="The themes there are, and what is wrong with them.")
@click.argument("name", required=False, shell_complete=complete)
@OUTPUT_OPTION
def command(name: str | None, output: str) -> int:
    """List this user's themes and say what is wrong with them, or print the tokens of one. NAME is its id.

    A theme is a file in `themes/` of the config folder (`spiritstream schema theme`). `spiritstream import
    FILE` makes one of SpiritStream's; removing the file removes it. No page uses themes yet.
    """
    return _list(output) if name is None else _show(name, output)


def _list(output: str) -> int:
    from spiritstream.config.themefolder import themes, themes_folder

    found = list(themes())
    if output == "json":
        click.echo(
            json.dumps({"version": _JSON_VERSION, "themes": [_summary(one) for one in found]}, indent=2)
        )
    else:
        for line in _table(found):
            click.echo(line)
        if not found:
            click.echo(f"there are no themes in {label(themes_folder())}", err=True)
    findings = [finding for one in found for finding in one.findings]
    if findings and output != "json":
        raise ProfileError(findings)
    return ExitCode.INVALID if findings else ExitCode.DONE


def _table(found: list[Themed]) -> list[str]:
    rows = [
        (one.path.stem, one.theme.mode, one.theme.name, label(one.path))
        if one.theme
        else (label(one.path.with_suffix("")).rpartition("/")[2], "-", "not valid", label(one.path))
        for one in found
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else []
    return ["  ".join((*(f"{c:{w}}" for c, w in zip(row, widths, strict=False)), row[3])) for row in rows]


def _summary(one: Themed) -> dict[str, Any]:
    return {
        "id": one.path.stem,
        "name": one.theme.name if one.theme else None,
        "mode": one.theme.mode if one.theme else None,
        "file": str(one.path),
        "problems": [
            {
                "line": finding.line,
                "column": finding.column,
                "path": finding.path,
                "message": finding.message,
                "hint": finding.hint,
            }
            for finding in one.findings
        ],
    }


def _show(name: str, output: str) -> int:
    from spiritstream.config.themefolder import find_theme

    found = find_theme(name)
    assert found.theme is not None
    tokens = dict(found.theme.tokens)
    if output == "json":
        click.echo(
            json.dumps({"version": _JSON_VERSION, "theme": {**_summary(found), "tokens": tokens}}, indent=2)
        )
        return ExitCode.DONE
    click.echo(f"{found.theme.id}: {found.theme.name}, {found.theme.mode}, {label(found.path)}\n")
    width = max(map(len, tokens))
    for token, value in tokens.items():
        click.echo(f"{token:{width}}  {value}")
    return ExitCode.DONE
