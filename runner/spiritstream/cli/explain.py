"""`spiritstream explain`: what a field means, from the schema that checks it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from spiritstream.cli.options import OUTPUT_OPTION

if TYPE_CHECKING:
    from spiritstream.config.explaining import Field

_JSON_VERSION = 1
KINDS = ("profile", "settings", "common", "platform", "theme", "status")
_RESTARTS = {
    "live": "nothing restarts",
    "target": "the targets that it holds for start anew, nothing else",
    "group": "this group starts anew, nothing else",
    "input": "the input starts anew, nothing else",
    "runner": "the whole show starts anew",
}
_SECRET = "sealed, or {env: NAME}, or {file: PATH}; in clear text only until `spiritstream seal FILE`"


def complete(context: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    """The paths that begin with what was typed, without the names that people choose."""
    from spiritstream.config.explaining import NAME, every_field

    schema = _schema(context.params.get("of") or KINDS[0])
    found = {field.dotted.replace(f".{NAME}", "") for field in every_field(schema)}
    return sorted(path for path in found - {""} if path.startswith(typed))


@click.command("explain", short_help="What a field means, and what changing it restarts.")
@click.argument("path", required=False, default="", shell_complete=complete)
@click.option(
    "--of",
    type=click.Choice(KINDS),
    default=KINDS[0],
    show_default=True,
    help="Of a profile, the settings, a .spiritstream.yaml, a platform, a theme; of `status --output json`.",
)
@OUTPUT_OPTION
def command(path: str, of: str, output: str) -> None:
    """Explain a field: `spiritstream explain groups.video.keyframe`. Without PATH, the whole document.

    Names that you chose may stand in PATH, or be left out; the end of a path is enough where it is the
    only one.
    """
    from spiritstream.config.explaining import find_field

    field = find_field(_schema(of), path)
    if output == "json":
        click.echo(json.dumps({"version": _JSON_VERSION, "of": of, **data(field)}, indent=2))
    else:
        click.echo("\n".join(lines(field, of)))


def _schema(kind: str) -> dict[str, Any]:
    from spiritstream.config.common import resolved_schema
    from spiritstream.config.data import data_folder

    names = [f"{kind}.schema.json", "profile.schema.json"]
    texts = {name: (data_folder("schemas") / name).read_text(encoding="utf-8") for name in names}
    schemas = {name: json.loads(text) for name, text in texts.items()}
    return resolved_schema(schemas[names[0]], schemas)


def data(field: Field) -> dict[str, Any]:
    """A field for programs; what is not known of it is null or empty."""
    return {
        "path": field.dotted,
        "description": field.description,
        "required": field.required,
        "secret": field.secret,
        "expected": field.expected,
        "values": field.values,
        "range": field.range,
        "default": field.node.get("default"),
        "examples": field.node.get("examples", []),
        "restarts": field.restarts,
        "variable": field.node.get("x-env"),
        "fields": [{"path": child.dotted, "description": child.description} for child in field.fields],
    }


def lines(field: Field, of: str) -> Iterator[str]:
    """A field for a person."""
    yield field.dotted or f"the {of}"
    yield f"  {field.description}"
    for name, text in _facts(field):
        yield f"  {name + ':':10} {text}"
    # The two ways to name a secret's source are said above.
    children = [] if field.secret else field.fields
    width = max((len(child.path[-1]) for child in children), default=0)
    if children:
        yield "  fields:"
    for child in children:
        yield f"    {child.path[-1]:{width}}  {_first_sentence(child.description)}{_marks(child)}"


def _facts(field: Field) -> Iterator[tuple[str, str]]:
    if field.secret:
        yield "secret", _SECRET
    elif field.expected:
        yield "write", field.expected
    if field.values:
        yield "one of", ", ".join(field.values)
    if field.range:
        yield "range", field.range
    if field.path:
        default = field.default
        yield "default", default if default is not None else "none: required" if field.required else "none"
    if field.examples:
        yield "examples", ", ".join(field.examples)
    for form in field.forms if not field.secret else ():
        if text := form.get("description"):
            yield "or", f"{', '.join(form.get('enum', ())) or form['type']}: {text}"
    if variable := field.node.get("x-env"):
        yield "variable", variable
    if flag := field.node.get("x-flag"):
        yield "option", flag
    if ((restarts := field.restarts) and not field.fields) or field.secret:
        yield "a change", _RESTARTS[str(restarts)]


def _marks(child: Field) -> str:
    if child.required:
        return " (required)"
    return f" ({child.default})" if child.default not in (None, "{}", '""') else ""


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".") + "."
