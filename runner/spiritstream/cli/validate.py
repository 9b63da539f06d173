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
    from collections.abc import Iterator, Mapping

    from spiritstream.cli.shelves import Staged
    from spiritstream.config.common import Common
    from spiritstream.config.load import Checked
    from spiritstream.config.staged import Blob
    from spiritstream.errors import Finding

_JSON_VERSION = 1


@click.command("validate", short_help="Check profiles; says every mistake at once.")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--staged", is_flag=True, help="Check what git is about to commit, not the files.")
@click.option("--strict", is_flag=True, help="Warnings, too, make it end with 4.")
@click.option(
    "--output",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="Lines for people, one JSON object, annotations for GitHub's checks, or SARIF for code scanning.",
)
def command(paths: tuple[Path, ...], staged: bool, strict: bool, output: str) -> int:
    """Check profiles: files, or folders with *.yaml and *.yml in them; and platforms beside profiles.

    With --staged and no PATH: those that the next commit changes; what cannot be read is a failure.
    Sealed values are checked in form only: no identity is needed. What is sealed for another recipient
    than the .spiritstream.yaml names is a warning: it can be meant so while keys are rotated. So is what
    goes beyond a platform's limits; what a platform cannot take at all is an error.
    """
    checked, findings = _staged(paths) if staged else _files(paths)
    findings += [finding for one in checked.values() for finding in one.findings]
    findings = sorted({*findings, *_clashes(checked)})
    warnings = sorted({warning for one in checked.values() for warning in one.warnings} | {*_beyond(checked)})
    judged = [*findings, *warnings] if strict else findings
    _print(findings, warnings, list(checked), output, good=not judged)
    return int(ExitCode.INVALID if judged else ExitCode.DONE)


def _files(paths: tuple[Path, ...]) -> tuple[dict[str, Checked], list[Finding]]:
    from spiritstream.cli.files import collect, common_files, label
    from spiritstream.cli.shelves import of_platforms, platform_findings
    from spiritstream.config.load import check_file

    if not paths:
        raise click.UsageError("Missing argument 'PATH...'.")
    if missing := [path for path in paths if not path.exists()]:
        raise click.UsageError(f"Path '{label(missing[0])}' does not exist.")
    profiles = [path for path in paths if not of_platforms(path)]
    files, findings = collect(profiles)
    findings += platform_findings(paths)
    # Also those that nothing inherits from yet.
    findings += [one for path in common_files(paths, []) for one in check_file(path, label(path)).findings]
    return {label(path): check_file(path, label(path)) for path in files}, findings


def _staged(paths: tuple[Path, ...]) -> tuple[dict[str, Checked], list[Finding]]:
    from spiritstream.cli.files import label
    from spiritstream.cli.shelves import Staged
    from spiritstream.config.common import COMMON
    from spiritstream.config.document import MAX_BYTES
    from spiritstream.config.load import Checked, check_data
    from spiritstream.config.staged import staged_called, top_folder

    top = top_folder()
    commons = {
        folder: _staged_common(blob, label(Path(os.path.relpath(top / blob.path))))
        for folder, blob in staged_called(COMMON, MAX_BYTES).items()
    }
    platforms = Staged(top)
    touched = _touched(paths, top, platforms)
    checked: dict[str, Checked] = {}
    for blob in _blobs(paths, top, [(top / one).parent for one in touched]):
        path = top / blob.path
        name = label(Path(os.path.relpath(path)))
        common = _nearest(commons, path.relative_to(top).parent)
        if path.name == COMMON:
            checked[name] = Checked(list(common.findings) if common else [])
        elif blob.data is None:
            checked[name] = Checked([_too_large(name)])
        else:
            known = platforms.known(path.relative_to(top).parent)
            checked[name] = check_data(blob.data, name, path.parent, common=common, platforms=known)
    if paths and not checked:
        click.echo("nothing that is staged there is a profile", err=True)
    return checked, [one for folder in touched for one in platforms.findings(folder)]


def _touched(paths: tuple[Path, ...], top: Path, platforms: Staged) -> list[str]:
    """The staged folders of platforms that are to be checked, with the profiles that they stand beside."""
    from spiritstream.config.shelf import FOLDER
    from spiritstream.config.staged import staged_changes

    if paths:
        below = [Path(os.path.relpath(path.resolve(), top.resolve())) for path in paths]
        return [one for one in platforms.shelves if any(Path(one).is_relative_to(path) for path in below)]
    changed = (path.rpartition("/")[0] for path in staged_changes())
    return sorted({folder for folder in changed if folder.rpartition("/")[2] == FOLDER})


def _blobs(paths: tuple[Path, ...], top: Path, beside: list[Path]) -> list[Blob]:
    """The blobs to check: with a `.spiritstream.yaml` or platforms, also all that know of it."""
    from spiritstream.cli.files import ENDINGS
    from spiritstream.config.common import COMMON
    from spiritstream.config.document import MAX_BYTES
    from spiritstream.config.staged import staged_blobs

    found = {blob.path: blob for blob in staged_blobs(paths, ENDINGS, MAX_BYTES, COMMON)}
    below = [top / path for path in map(Path, found) if path.name == COMMON]
    for folder in {folder for folder in (*beside, *(path.parent for path in below)) if folder.is_dir()}:
        found |= {blob.path: blob for blob in staged_blobs([folder], ENDINGS, MAX_BYTES)}
    return list(found.values())


def _staged_common(blob: Blob, name: str) -> Common:
    from spiritstream.config.common import Common
    from spiritstream.config.commonfile import common_of

    return common_of(blob.data, name) if blob.data is not None else Common(name, findings=(_too_large(name),))


def _nearest(commons: Mapping[str, Common], folder: Path) -> Common | None:
    """What files of a folder, seen from the top, inherit."""
    ways = ["" if way == Path() else way.as_posix() for way in (folder, *folder.parents)]
    return next((commons[way] for way in ways if way in commons), None)


def _too_large(name: str) -> Finding:
    from spiritstream.errors import Finding

    return Finding(name, 1, 1, "", "the file is larger than 1 MiB", "a profile has a few kilobytes")


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


def _beyond(checked: dict[str, Checked]) -> Iterator[Finding]:
    """The profile with which those before it send more than this machine's settings say the line carries."""
    from spiritstream.cli.settings import uplink_bps
    from spiritstream.errors import Finding
    from spiritstream.model.uplink import MORE, in_mbit

    line_bps = uplink_bps() if any(one.sends_bps for one in checked.values()) else None
    total_bps = 0
    for file, one in checked.items():
        total_bps += one.sends_bps
        if line_bps is not None and one.sends_bps and total_bps > line_bps:
            beside = " with the profiles before it" if total_bps > one.sends_bps else ""
            message = f"it would send {in_mbit(total_bps)}{beside}, and the uplink is {in_mbit(line_bps)}"
            yield Finding(file, one.line, one.column, "name", message, MORE)
            return


def _print(
    findings: list[Finding], warnings: list[Finding], files: list[str], output: str, *, good: bool
) -> None:
    from spiritstream.config.common import COMMON

    if output == "json":
        data = {
            "version": _JSON_VERSION,
            "files": len(files),
            "findings": [asdict(one) for one in findings],
            "warnings": [asdict(one) for one in warnings],
        }
        click.echo(json.dumps(data, indent=2))
    elif output == "sarif":
        from spiritstream.cli.sarif import sarif_log

        click.echo(json.dumps(sarif_log(findings, warnings), indent=2))
    elif output == "github":
        for finding in findings:
            click.echo(github_line(finding))
        for warning in warnings:
            click.echo(github_line(warning, "warning"))
    else:
        for finding in findings:
            click.echo(str(finding))
        for warning in warnings:
            click.echo(f"warning: {warning}", err=True)
        profiles = sum(Path(file).name != COMMON for file in files)
        if files and good:
            click.echo(f"ok: {profiles} profile{'' if profiles == 1 else 's'} checked, nothing is wrong")


def github_line(finding: Finding, level: str = "error") -> str:
    """A finding as a GitHub workflow command, which its web pages show beside the line."""
    file = _escaped(finding.file).replace(":", "%3A").replace(",", "%2C")
    text = (f"{finding.path}: " if finding.path else "") + finding.message
    text += f"\nhint: {finding.hint}" if finding.hint else ""
    return f"::{level} file={file},line={finding.line},col={finding.column}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
