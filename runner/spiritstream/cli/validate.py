"""`spiritstream validate`: every mistake in every profile, at once; nothing is opened or started."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spiritstream.errors import ExitCode

if TYPE_CHECKING:
    from spiritstream.config.load import Checked
    from spiritstream.errors import Finding

_JSON_VERSION = 1
_ENDINGS = (".yaml", ".yml")


@click.command("validate", short_help="Check profiles; says every mistake at once.")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="PATH..."
)
@click.option(
    "--output",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="Lines for people, one JSON object, or annotations for GitHub's checks.",
)
def command(paths: tuple[Path, ...], output: str) -> int:
    """Check profiles: files, or folders with *.yaml and *.yml in them.

    Sealed values are checked in form only: no identity is needed.
    """
    from spiritstream.config.load import check_file

    files, findings = _collect(paths)
    checked = {label(path): check_file(path, label(path)) for path in files}
    findings += [finding for one in checked.values() for finding in one.findings]
    findings = sorted(findings + _clashes(checked))
    _print(findings, len(files), output)
    return int(ExitCode.INVALID if findings else ExitCode.DONE)


def label(path: Path) -> str:
    """A path as it can be printed: no control characters, no bytes that are not UTF-8."""
    return "".join(char if char.isprintable() else "?" for char in str(path))


def _collect(paths: tuple[Path, ...]) -> tuple[list[Path], list[Finding]]:
    """The files to check, each once, and what is wrong with the folders themselves."""
    files: dict[Path, Path] = {}
    findings: list[Finding] = []
    for path in paths:
        found = list(_in_folder(path, findings)) if path.is_dir() else [path]
        if not found:
            click.echo(f"{label(path)}: no profile is in this folder (*.yaml, *.yml)", err=True)
        for file in found:
            files.setdefault(file.resolve(), file)
    return list(files.values()), findings


def _in_folder(root: Path, findings: list[Finding]) -> Iterator[Path]:
    """The profiles below a folder, in order; hidden ones, and links that lead out of it, are not followed."""
    from spiritstream.config.load import unreadable
    from spiritstream.errors import Finding

    def refused(error: OSError) -> None:
        findings.append(unreadable(label(Path(error.filename or root)), error))

    inside = root.resolve()
    for folder, subfolders, names in os.walk(root, onerror=refused):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if (
                name.startswith(".")
                or not name.endswith(_ENDINGS)
                or not (path.is_file() or path.is_symlink())
            ):
                continue
            if path.resolve().is_relative_to(inside):
                yield path
            else:
                message = "a link that leads out of the folder is not followed"
                findings.append(Finding(label(path), 1, 1, "", message, "check its target by itself"))


def _clashes(checked: dict[str, Checked]) -> list[Finding]:
    """Profiles that have the name of one before them."""
    from spiritstream.errors import Finding

    first: dict[str, str] = {}
    found = []
    for file, one in checked.items():
        if one.name and (other := first.setdefault(one.name, file)) != file:
            message = f"another profile has this name: {other}"
            found.append(Finding(file, one.line, one.column, "name", message, "give each a name of its own"))
    return found


def _print(findings: list[Finding], files: int, output: str) -> None:
    if output == "json":
        data = {"version": _JSON_VERSION, "files": files, "findings": [asdict(one) for one in findings]}
        click.echo(json.dumps(data, indent=2))
    elif output == "github":
        for finding in findings:
            click.echo(github_line(finding))
    else:
        for finding in findings:
            click.echo(str(finding))
        if files and not findings:
            click.echo(f"ok: {files} profile{'s' if files > 1 else ''} checked, nothing is wrong")


def github_line(finding: Finding) -> str:
    """A finding as a GitHub workflow command, which its web pages show beside the line."""
    file = _escaped(finding.file).replace(":", "%3A").replace(",", "%2C")
    text = (f"{finding.path}: " if finding.path else "") + finding.message
    text += f"\nhint: {finding.hint}" if finding.hint else ""
    return f"::error file={file},line={finding.line},col={finding.column}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
