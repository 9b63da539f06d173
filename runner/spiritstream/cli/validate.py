"""`spiritstream validate`: every mistake in every profile, at once; nothing is opened or started."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spiritstream.errors import ExitCode

if TYPE_CHECKING:
    from spiritstream.config.load import Checked
    from spiritstream.errors import Finding

_JSON_VERSION = 1


@click.command("validate", short_help="Check profiles; says every mistake at once.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--staged", is_flag=True, help="Check what git is about to commit, not the files.")
@click.option(
    "--output",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="Lines for people, one JSON object, annotations for GitHub's checks, or SARIF for code scanning.",
)
def command(paths: tuple[Path, ...], staged: bool, output: str) -> int:
    """Check profiles: files, or folders with *.yaml and *.yml in them.

    With --staged and no PATH: those that the next commit changes; what cannot be read is a failure.
    Sealed values are checked in form only: no identity is needed.
    """
    checked, findings = _staged(paths) if staged else _files(paths)
    findings += [finding for one in checked.values() for finding in one.findings]
    findings = sorted(findings + _clashes(checked))
    _print(findings, len(checked), output)
    return int(ExitCode.INVALID if findings else ExitCode.DONE)


def _files(paths: tuple[Path, ...]) -> tuple[dict[str, Checked], list[Finding]]:
    from spiritstream.cli.files import collect, label
    from spiritstream.config.load import check_file

    if not paths:
        raise click.UsageError("Missing argument 'PATH...'.")
    if missing := [path for path in paths if not path.exists()]:
        raise click.UsageError(f"Path '{label(missing[0])}' does not exist.")
    files, findings = collect(paths)
    return {label(path): check_file(path, label(path)) for path in files}, findings


def _staged(paths: tuple[Path, ...]) -> tuple[dict[str, Checked], list[Finding]]:
    from spiritstream.cli.files import ENDINGS, label
    from spiritstream.config.document import MAX_BYTES
    from spiritstream.config.load import Checked, check_data
    from spiritstream.config.staged import staged_blobs, top_folder
    from spiritstream.errors import Finding

    top = top_folder()
    checked: dict[str, Checked] = {}
    for blob in staged_blobs(paths, ENDINGS, MAX_BYTES):
        path = top / blob.path
        name = label(Path(os.path.relpath(path)))
        if blob.data is None:
            large = Finding(name, 1, 1, "", "the file is larger than 1 MiB", "a profile has a few kilobytes")
            checked[name] = Checked([large])
        else:
            checked[name] = check_data(blob.data, name, path.parent)
    if paths and not checked:
        click.echo("nothing that is staged there is a profile", err=True)
    return checked, []


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
    elif output == "sarif":
        from spiritstream.cli.sarif import sarif_log

        click.echo(json.dumps(sarif_log(findings), indent=2))
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
