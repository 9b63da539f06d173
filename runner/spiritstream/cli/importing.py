"""`spiritstream import`: other programs' configurations become profiles, their keys sealed at once."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spiritstream.cli.files import label
from spiritstream.cli.options import IDENTITY_OPTION
from spiritstream.errors import SpiritError, UsageError

if TYPE_CHECKING:
    from spiritstream.cli.recipients import Keys
    from spiritstream.config.platforms import Platform
    from spiritstream.importers.theme import ThemeText
    from spiritstream.importers.values import Imported
    from spiritstream.importers.writing import Written
    from spiritstream.secret import Secret

_TRIES = 3


@click.command("import", short_help="Make profiles of another program's configuration.")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--output-dir",
    type=click.Path(path_type=Path),
    metavar="DIR",
    show_default="the current folder; for themes, `themes/` of the config folder",
    help="The folder that is written to; made if it is missing. Themes go to its `themes/`.",
)
@click.option(
    "--recipient",
    metavar="TEXT",
    help="Whom keys are sealed for. Default: as `spiritstream seal` finds it.",
)
@IDENTITY_OPTION
def command(
    files: tuple[Path, ...], output_dir: Path | None, recipient: str | None, identity: Path | None
) -> None:
    """Make profiles of another program's files, or folders. What a file is, is told by what is in it.

    Known are SpiritStream (profiles, also .mgs under a password; settings.json; order_indexes.json;
    themes), OBS Studio's profiles, obs-multi-rtmp, Stream Sprout, nginx-rtmp, MediaMTX, and ffmpeg commands
    in a text. Keys are sealed before anything is written; no file is ever replaced; either all is written
    or nothing. What has no place in a profile is said, and stands in the new file as a comment.
    """
    from spiritstream.cli.gathering import gather
    from spiritstream.cli.recipients import Recipients

    if not files:
        raise UsageError("there is no file to import", "spiritstream import FILE...")
    folder = output_dir or Path()
    gathered = gather(files, _platforms(folder), _passwords)
    keys, drafts = None, []
    if gathered.profiles:
        keys = Recipients(recipient, identity).of(folder / "profile.yaml")
        drafts = list(_drafts(gathered.profiles, folder, keys))
    drafts += [_settings_draft(*one, folder) for one in gathered.settings if one[1]]
    drafts += [_theme_draft(file, theme, output_dir) for file, theme in gathered.themes.values()]
    _write(drafts)
    for draft in drafts:
        _say(draft, keys)
    for file, text, left in gathered.settings:
        if not text:
            click.echo(f"{file}: none of these settings has a place here, so nothing was written")
            _say_left(left)
    for line in (*gathered.said, *_clashes(gathered.profiles, drafts)):
        click.echo(line)


def _platforms(folder: Path) -> list[Platform]:
    """Every platform that is known where the profiles will be."""
    from spiritstream.config.registry import finder

    found, known = [], finder(folder)
    for id in known.ids():
        with contextlib.suppress(SpiritError):  # a platform of the user's own that is not valid
            found.append(known(id))
    return found


def _passwords(file: str) -> Iterator[Secret]:
    """What a person types, again after one that did not open the file; else a line of standard input."""
    from spiritstream.cli.asking import ask_secret, line_of_input

    if not sys.stdin.isatty():
        yield line_of_input(f"the password of {file}")
        return
    for left in reversed(range(_TRIES)):
        yield ask_secret(f"Password of {file} (not shown): ")
        if left:
            click.echo(f"{file}: it does not open with this password; try again", err=True)


# --- Texts ---


@dataclass(frozen=True, slots=True)
class _Draft:
    """A file that is to be written: from what, with what sealed in it, and what was left out."""

    path: Path
    text: str = field(repr=False)
    origin: str
    sealed: int = 0
    left: Sequence[str] = ()
    place: str = ""
    """Where it is looked for, if that is one place."""


def _drafts(profiles: list[Imported], folder: Path, keys: Keys) -> Iterator[_Draft]:
    from spiritstream.config.load import surroundings
    from spiritstream.config.seal import seal
    from spiritstream.importers.names import slug, unique
    from spiritstream.importers.writing import write_profile

    around = surroundings(folder)
    taken: set[str] = set()
    for imported in profiles:
        name = unique(slug(imported.name, "imported", tuple(imported.every_secret())), taken)
        taken.add(name)
        written = write_profile(
            imported,
            name,
            lambda destination, kind, secret: seal(keys.recipient, destination, kind, secret),
            around.destination,
        )
        path = folder / f"{name}.yaml"
        _prove(written, path, imported.file, keys)
        origin = f"{imported.file} ({imported.kind})"
        yield _Draft(path, written.text, origin, len(written.secrets), written.left)


def _prove(written: Written, path: Path, origin: str, keys: Keys) -> None:
    """Read the text as anybody will: a valid profile, each of whose keys opens to what was in the file.

    Raises:
        SpiritError: it is not so. Nothing may be written then.
    """
    from spiritstream.config.commonfile import common_for
    from spiritstream.config.document import parse_document
    from spiritstream.config.keyring import Keyring
    from spiritstream.config.load import check_data, document_leaves
    from spiritstream.importers.values import UnreadableError

    data = written.text.encode()
    checked = check_data(data, label(path), path.parent, common=common_for(path))
    if checked.findings:
        first = checked.findings[0]
        where = f"{first.path}: " if first.path else ""
        raise UnreadableError(
            f"{origin}: no valid profile can be made of it: {where}{first.message}; nothing was written",
            first.hint,
        )
    ring = Keyring(keys.identity) if keys.identity else None
    leaves = {leaf.at: leaf for leaf in document_leaves(parse_document(data, label(path)))}
    sealed = {at for at, leaf in leaves.items() if isinstance(leaf.value, str)}
    opens = sealed == set(written.secrets) and all(
        ring is None
        or ring.open(str(leaves[at].value), leaves[at].destination or "", leaves[at].field) == secret
        for at, secret in written.secrets.items()
    )
    if not opens:
        raise SpiritError(
            f"{origin}: the sealed keys did not prove to be the same; nothing was written",
            "this is a fault of spiritstream: please report which program the file is from",
        )


def _settings_draft(file: str, text: str, left: Sequence[str], folder: Path) -> _Draft:
    from spiritstream.config.document import parse_document
    from spiritstream.config.folders import settings_path
    from spiritstream.config.settings import settings_findings
    from spiritstream.errors import ProfileError

    path = folder / "settings.yaml"
    if findings := settings_findings(parse_document(text, label(path))):
        raise ProfileError(findings)
    return _Draft(path, text, f"{file} (SpiritStream settings)", left=left, place=str(settings_path()))


def _theme_draft(file: str, theme: ThemeText, folder: Path | None) -> _Draft:
    """The theme in our form, as everybody will read it."""
    from spiritstream.config.themefolder import FOLDER, read_theme, themes_folder
    from spiritstream.errors import ProfileError

    path = (folder / FOLDER if folder else themes_folder()) / f"{theme.id}.yaml"
    if findings := read_theme(path, theme.text.encode()).findings:
        raise ProfileError(list(findings))
    return _Draft(path, theme.text, f"{file} (SpiritStream theme)", place=str(themes_folder() / path.name))


# --- Files ---


def _write(drafts: list[_Draft]) -> None:
    """All of them or none; a file that is there is never replaced."""
    from spiritstream.config.creating import ExistsError, create_file

    there = [draft.path for draft in drafts if draft.path.exists() or draft.path.is_symlink()]
    if there or len({draft.path for draft in drafts}) < len(drafts):
        what = ", ".join(label(path) for path in dict.fromkeys(there)) or "settings.yaml"
        raise ExistsError(
            f"{what}: there is such a file already; nothing was written",
            "name another folder with --output-dir DIR, or move the file away",
        )
    done: list[Path] = []
    try:
        for draft in drafts:
            create_file(draft.path, draft.text.encode())
            done.append(draft.path)
    except BaseException:
        for path in done:
            path.unlink(missing_ok=True)
        raise


def _say(draft: _Draft, keys: Keys | None) -> None:
    keys_said = f", {draft.sealed} {'key' if draft.sealed == 1 else 'keys'} sealed" if draft.sealed else ""
    click.echo(f"{label(draft.path)}: made of {draft.origin}{keys_said}")
    if draft.left:
        click.echo("  not carried over, or to be looked at:")
    _say_left(draft.left)
    if draft.place and Path(draft.place) != draft.path.absolute():
        click.echo(f"  it counts when it is moved to {label(Path(draft.place))}")
    if draft.sealed and keys and keys.stranger:
        click.echo(f"{label(draft.path)}: {keys.stranger}", err=True)
    elif draft.sealed and keys and keys.identity is None:
        click.echo(
            f"{label(draft.path)}: the identity is not at hand, so it was not proved that the keys open",
            err=True,
        )


def _say_left(left: Sequence[str]) -> None:
    for line in left:
        click.echo(f"  - {line}")


def _clashes(profiles: list[Imported], drafts: list[_Draft]) -> Iterator[str]:
    """Profiles that listen at the same place: only one of them can be on air."""
    places: dict[tuple[object, object], list[str]] = {}
    for imported, draft in zip(profiles, drafts, strict=False):
        if rtmp := imported.input.get("rtmp"):
            places.setdefault((rtmp.get("listen"), rtmp.get("app")), []).append(draft.path.name)
    for (listen, app), names in places.items():
        if len(names) > 1:
            yield (
                f"{', '.join(names)} all listen at {listen}/{app}, and one can be on air: "
                "give the others another `app:` or `key:`, or write `enabled: false`"
            )
