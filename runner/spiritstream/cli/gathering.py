"""Other programs' files for `spiritstream import`: read, recognised, and put together by profile."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spiritstream.cli.otherprograms import obs_profiles, other_profiles
from spiritstream.cli.sources import Source, expanded, file_bytes, read_source
from spiritstream.errors import KeyMissingError, SpiritError, UsageError

if TYPE_CHECKING:
    from spiritstream.importers.matching import Platforms
    from spiritstream.importers.theme import ThemeText
    from spiritstream.importers.values import Imported
    from spiritstream.secret import Secret

Passwords = Callable[[str], "Iterator[Secret]"]
"""Asks for the password of the file that is named, again for each one that does not open it."""

_STREAM_KEY = ".stream_key"


@dataclass(slots=True)
class Gathered:
    """Everything that was made of the files: profiles, settings, themes, and what is to be said."""

    profiles: list[Imported] = field(default_factory=list)
    settings: list[tuple[str, str, Sequence[str]]] = field(default_factory=list)
    """Each file, the text that it makes of settings.yaml (empty: nothing), and what was left out."""
    themes: dict[str, tuple[str, ThemeText]] = field(default_factory=dict)
    """By id: each file, and what it makes of `themes/ID.yaml`."""
    said: list[str] = field(default_factory=list)


def gather(paths: Sequence[Path], platforms: Platforms, ask: Passwords) -> Gathered:
    """What is in the files, and in the folders' files.

    Raises:
        SpiritError: one cannot be read or understood, or does not open; then nothing is to be written.
    """
    from spiritstream.importers.recognise import OBS, Kind

    gathered = Gathered()
    files = list(_sources(paths, gathered))
    opened: list[Secret] = []
    orders = _orders(files, gathered)
    for file in _without_twins(files, gathered):
        match file.found.kind:
            case Kind.MGS | Kind.PROFILE:
                found = [_spiritstream(file, ask, opened, platforms, orders)]
                gathered.profiles += _that_send(file.name, found, gathered)
            case Kind.SETTINGS:
                _settings(file, gathered)
            case Kind.THEME:
                _theme(file, gathered)
            case kind if kind in OBS or kind is Kind.ORDERS:
                pass
            case _:
                gathered.profiles += _that_send(file.name, other_profiles(file, platforms), gathered)
    for profile in obs_profiles([file for file in files if file.found.kind in OBS], platforms):
        gathered.profiles += _that_send(profile.file, [profile], gathered)
    if orders and not gathered.profiles:
        raise UsageError(
            "a list of orders alone gives nothing a place", "name the profiles beside it in the same call"
        )
    return gathered


def _sources(paths: Sequence[Path], gathered: Gathered) -> Iterator[Source]:
    """The files; one among a folder's themes that is none, or is damaged, is only said."""
    for path, by_hand in expanded(paths).items():
        try:
            yield read_source(path, by_hand)
        except SpiritError as error:
            if by_hand or path.parent.name != "themes":
                raise
            gathered.said.append(f"left alone: {error.message}")


def _that_send(file: str, profiles: list[Imported], gathered: Gathered) -> list[Imported]:
    """The profiles without those of whose destinations not one can be sent to, which are said.

    Raises:
        UnreadableError: that leaves none of the file's.
    """
    from spiritstream.importers.names import remark
    from spiritstream.importers.values import UnreadableError

    kept = [one for one in profiles if any(group.targets for group in one.groups) or one.may_be_empty]
    for one in (one for one in profiles if one not in kept):
        why = [remark(line, tuple(one.every_secret())) for line in one.left]
        what = remark(f"{one.kind} {one.name}", tuple(one.every_secret()))
        said = f"{file}: {what} sends nowhere that can be sent to" + "".join(f"\n  - {line}" for line in why)
        if not kept:
            raise UnreadableError(f"{said}\n{file}: no profile can be made of it; nothing was written")
        gathered.said.append(f"{said}\n  no profile was made of it")
    return kept


# --- SpiritStream ---


def _without_twins(files: list[Source], gathered: Gathered) -> Iterator[Source]:
    """The files without a NAME.json that has a NAME.mgs beside it, which SpiritStream prefers."""
    from spiritstream.importers.recognise import Kind

    locked = {file.path.with_suffix("") for file in files if file.found.kind is Kind.MGS}
    for file in files:
        if file.found.kind is Kind.PROFILE and file.path.with_suffix("") in locked:
            gathered.said.append(f"{file.name}: left alone, as the .mgs of the same name is newer")
        else:
            yield file


def _spiritstream(
    file: Source, ask: Passwords, opened: list[Secret], platforms: Platforms, orders: Mapping[str, int]
) -> Imported:
    from dataclasses import replace

    from spiritstream.importers.spiritstream import read_profile, uses_stream_key

    data = _profile_data(file, ask, opened)
    key = _stream_key(file.path) if uses_stream_key(data) else None
    imported = read_profile(data, file.name, platforms, key)
    return replace(imported, position=orders.get(imported.name, _order_beside(file.path, imported.name)))


def _profile_data(file: Source, ask: Passwords, opened: list[Secret]) -> Any:
    """A profile's JSON; a password that opened one file is tried on the next."""
    from spiritstream.importers.jsontext import parse_json
    from spiritstream.importers.mgs import open_mgs
    from spiritstream.importers.recognise import Kind

    if file.found.kind is Kind.PROFILE:
        return file.found.data
    refused: KeyMissingError | None = None
    for password in chain(tuple(opened), ask(file.name)):
        try:
            text = open_mgs(file.data, file.name, password)
        except KeyMissingError as error:
            refused = error
            continue
        opened.append(password)
        return parse_json(text, file.name)
    raise refused or KeyMissingError(f"{file.name}: there is no password for it")


def _stream_key(path: Path) -> bytes | None:
    """`.stream_key` from beside the file, or from SpiritStream's data folder above it."""
    for folder in (path.parent, path.parent.parent):
        if (folder / _STREAM_KEY).is_file():
            return file_bytes(folder / _STREAM_KEY)
    return None


def _orders(files: list[Source], gathered: Gathered) -> Mapping[str, int]:
    from spiritstream.importers.recognise import Kind
    from spiritstream.importers.spiritstream import read_orders

    orders: dict[str, int] = {}
    for file in files:
        if file.found.kind is Kind.ORDERS:
            orders |= read_orders(file.found.data, file.name)
            gathered.said.append(f"{file.name}: gives the profiles of this call their `position`")
    return orders


def _order_beside(path: Path, name: str) -> int | None:
    """A profile's place by SpiritStream's own list; one that is damaged was not asked for."""
    from spiritstream.importers.recognise import Kind
    from spiritstream.importers.spiritstream import read_orders

    beside = path.absolute().parent.parent / "indexes" / "order_indexes.json"
    try:
        file = read_source(beside) if beside.is_file() else None
        return read_orders(file.found.data, "").get(name) if file and file.found.kind is Kind.ORDERS else None
    except SpiritError:
        return None


def _settings(file: Source, gathered: Gathered) -> None:
    from spiritstream.importers.settings import read_settings

    text, left = read_settings(file.found.data, file.path.name)
    gathered.settings.append((file.name, text, left))


def _theme(file: Source, gathered: Gathered) -> None:
    """A theme's text; one that is not valid was not asked for where its folder was named."""
    from spiritstream.config.themefolder import checker
    from spiritstream.importers.theme import read_theme

    try:
        theme = read_theme(file.found.data, file.name, checker())
    except SpiritError as error:
        if file.by_hand:
            raise
        gathered.said.append(f"left alone: {error.message}")
        return
    first = gathered.themes.setdefault(theme.id, (file.name, theme))
    if first[1] is not theme:
        gathered.said.append(f"{file.name}: left alone, as {first[0]} has the same id")
