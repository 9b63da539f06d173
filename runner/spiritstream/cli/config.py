"""`spiritstream config`: the settings of this machine, looked at and changed."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

from spiritstream.cli.options import OUTPUT_OPTION

if TYPE_CHECKING:
    from spiritstream.config.declared import Declared, Value
    from spiritstream.config.settings import Setting

_JSON_VERSION = 1


@click.group("config", short_help="The settings of this machine.")
def command() -> None:
    """Look at the settings of this machine, and change them.

    A flag wins over an environment variable, that over the settings' file, and that over the default.
    """


@command.command()
@click.argument("name")
def get(name: str) -> None:
    """Print one setting as it holds now; a list with one entry a line, nothing if nothing is set."""
    from spiritstream.config.settings import load_settings

    value = load_settings(os.environ).all[_named(name).name].value
    for line in value if isinstance(value, tuple) else () if value is None else (value,):
        click.echo(line)


@command.command("set")
@click.argument("name")
@click.argument("values", nargs=-1, required=True, metavar="VALUE...")
def set_(name: str, values: tuple[str, ...]) -> None:
    """Write one setting to the settings' file; the rest of the file stays as it is, comments too.

    A list is replaced by the VALUEs. A path may be relative to the working folder: it is written whole.
    """
    from spiritstream.config.folders import settings_path
    from spiritstream.config.resetting import set_setting

    setting = _named(name)
    set_setting(settings_path(), setting, list(values))
    click.echo(f"{settings_path()}: {setting.name} is set")
    _say_who_wins(setting)


@command.command()
@click.argument("name")
def unset(name: str) -> None:
    """Remove one setting from the settings' file."""
    from spiritstream.config.folders import settings_path
    from spiritstream.config.resetting import unset_setting

    setting = _named(name)
    done = unset_setting(settings_path(), setting)
    click.echo(f"{settings_path()}: {setting.name} {'is removed' if done else 'does not stand there'}")
    _say_who_wins(setting)


@command.command()
@click.option("--origin", is_flag=True, help="Also say where each value comes from.")
@OUTPUT_OPTION
def show(origin: bool, output: str) -> None:
    """Print every setting as it holds now."""
    from spiritstream.config.settings import load_settings

    settings = load_settings(os.environ)
    if output == "json":
        found = [_data(setting) for setting in settings.all.values()]
        data = {"version": _JSON_VERSION, "file": str(settings.path), "settings": found}
        click.echo(json.dumps(data, indent=2))
    else:
        click.echo("\n".join(_lines(list(settings.all.values()), origin=origin)))


@command.command()
def path() -> None:
    """Print where the settings' file is, or would be."""
    from spiritstream.config.folders import settings_path

    click.echo(settings_path())


def _named(name: str) -> Declared:
    from spiritstream.config.declared import find_declared
    from spiritstream.config.settings import known_settings

    return find_declared(name, known_settings())


def _say_who_wins(setting: Declared) -> None:
    if os.environ.get(setting.variable):
        click.echo(f"{setting.variable} is set here, and wins over the file", err=True)


def _data(setting: Setting) -> dict[str, object]:
    return {
        "name": setting.name,
        "value": setting.value,
        "origin": setting.origin,
        "where": setting.where,
    }


def _lines(settings: list[Setting], *, origin: bool) -> list[str]:
    rows = [(one.name, _text(one.name, one.value), f"{one.origin} {one.where}".strip()) for one in settings]
    name_width, value_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    if not origin:
        return [f"{name:{name_width}}  {value}" for name, value, _ in rows]
    return [f"{name:{name_width}}  {value:{value_width}}  {source}" for name, value, source in rows]


def _text(name: str, value: Value) -> str:
    from spiritstream.config.settings import known_settings

    if value is None:
        return f"({known_settings()[name].otherwise})"
    if isinstance(value, tuple):
        return ", ".join(value) or "(none)"
    return str(value)
