"""Other programs' files for `spiritstream import`: read, recognised, and put together by profile."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spiritstream.cli.files import label
from spiritstream.errors import KeyMissingError, SpiritError, UsageError

if TYPE_CHECKING:
    from spiritstream.importers.matching import Platforms
    from spiritstream.importers.recognise import Recognised
    from spiritstream.importers.values import Imported
    from spiritstream.secret import Secret

AskPassword = Callable[[str], "Secret"]
"""Asks for the password of the file that is named."""

_OBS_FILES = ("service.json", "basic.ini", "streamEncoder.json", "obs-multi-rtmp.json")
_STREAM_KEY = ".stream_key"


@dataclass(slots=True)
class Gathered:
    """Everything that was made of the files: profiles, the text of settings, and what is to be said."""

    profiles: list[Imported] = field(default_factory=list)
    settings: list[tuple[str, str, Sequence[str]]] = field(default_factory=list)
    """Each file, the text that it makes of settings.yaml (empty: nothing), and what was left out."""
    said: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    data: bytes = field(repr=False)
    found: Recognised

    @property
    def name(self) -> str:
        """What messages call it."""
        return label(self.path)


def gather(paths: Sequence[Path], platforms: Platforms, ask: AskPassword) -> Gathered:
    """What is in the files, and in the folders' files.

    Raises:
        SpiritError: one cannot be read or understood, or does not open; then nothing is to be written.
    """
    from dataclasses import replace

    from spiritstream.importers.recognise import OBS, Kind

    files = [_read(path) for path in dict.fromkeys(_expanded(paths))]
    gathered = Gathered()
    opened: list[Secret] = []
    orders = _orders(files, gathered)
    for file in _without_twins(files, gathered):
        match file.found.kind:
            case Kind.MGS | Kind.PROFILE:
                data, text = _opened(file, ask, opened)
                imported = _spiritstream(file, data, text, platforms)
                position = orders.get(imported.name, _order_beside(file.path, imported.name))
                gathered.profiles.append(replace(imported, position=position))
            case Kind.SETTINGS:
                _settings(file, gathered)
            case Kind.THEME:
                gathered.said.append(f"{file.name}: a theme; there are no themes yet, so nothing was written")
            case kind if kind in OBS or kind is Kind.ORDERS:
                pass
            case _:
                gathered.profiles += _others(file, platforms)
    gathered.profiles += _obs([file for file in files if file.found.kind in OBS], platforms)
    if orders and not gathered.profiles:
        raise UsageError(
            "a list of orders alone gives nothing a place", "name the profiles beside it in the same call"
        )
    return gathered


# --- Files ---


def _expanded(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = list(_in_folder(path))
        if not found:
            raise UsageError(f"{label(path)}: no program's configuration is in this folder", "name its files")
        yield from found


def _in_folder(folder: Path) -> Iterator[Path]:
    """OBS Studio's folder of one profile, or SpiritStream's data folder."""
    yield from (folder / name for name in _OBS_FILES if (folder / name).is_file())
    profiles = folder / "profiles"
    if profiles.is_dir():
        yield from sorted(path for path in profiles.iterdir() if path.suffix in (".json", ".mgs"))
        others = (folder / "settings.json", folder / "indexes" / "order_indexes.json")
        yield from (path for path in others if path.is_file())
        yield from sorted(folder.glob("themes/*.json*"))


def _read(path: Path) -> _File:
    from spiritstream.importers.recognise import recognise

    data = _bytes(path)
    return _File(path, data, recognise(data, label(path)))


def _bytes(path: Path) -> bytes:
    from spiritstream.importers.values import MAX_FILE_BYTES

    try:
        if not stat.S_ISREG(path.stat().st_mode):  # before opening: a pipe would wait for ever
            raise UsageError(f"{label(path)} is not a file", "name a file, or a folder of files")
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name cannot be one"
        raise UsageError(f"{label(path)} cannot be read: {reason}", "name a file that is yours") from None


# --- SpiritStream ---


def _without_twins(files: list[_File], gathered: Gathered) -> Iterator[_File]:
    """The files without a NAME.json that has a NAME.mgs beside it, which SpiritStream prefers."""
    from spiritstream.importers.recognise import Kind

    locked = {file.path.with_suffix("") for file in files if file.found.kind is Kind.MGS}
    for file in files:
        if file.found.kind is Kind.PROFILE and file.path.with_suffix("") in locked:
            gathered.said.append(f"{file.name}: left alone, as the .mgs of the same name is newer")
        else:
            yield file


def _opened(file: _File, ask: AskPassword, opened: list[Secret]) -> tuple[Any, bytes]:
    """A profile's JSON; a password that opened one file is tried on the next."""
    from spiritstream.importers.jsontext import parse_json
    from spiritstream.importers.mgs import open_mgs
    from spiritstream.importers.recognise import Kind

    if file.found.kind is Kind.PROFILE:
        return file.found.data, file.data
    for password in opened:
        try:
            text = open_mgs(file.data, file.name, password)
            return parse_json(text, file.name), text
        except KeyMissingError:
            continue
    password = ask(file.name)
    text = open_mgs(file.data, file.name, password)
    opened.append(password)
    return parse_json(text, file.name), text


def _spiritstream(file: _File, data: Any, text: bytes, platforms: Platforms) -> Imported:
    from spiritstream.importers.spiritstream import read_profile, uses_stream_key

    return read_profile(data, file.name, platforms, _stream_key(file.path) if uses_stream_key(data) else None)


def _stream_key(path: Path) -> bytes | None:
    """`.stream_key` from beside the file, or from SpiritStream's data folder above it."""
    for folder in (path.parent, path.parent.parent):
        if (folder / _STREAM_KEY).is_file():
            return _bytes(folder / _STREAM_KEY)
    return None


def _orders(files: list[_File], gathered: Gathered) -> Mapping[str, int]:
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
        file = _read(beside) if beside.is_file() else None
        return read_orders(file.found.data, "").get(name) if file and file.found.kind is Kind.ORDERS else None
    except SpiritError:
        return None


def _settings(file: _File, gathered: Gathered) -> None:
    from spiritstream.importers.settings import read_settings

    text, left = read_settings(file.found.data, file.path.name)
    gathered.settings.append((file.name, text, left))


# --- The others ---


def _others(file: _File, platforms: Platforms) -> list[Imported]:
    from spiritstream.importers.commandline import read_commands
    from spiritstream.importers.mediamtx import read_mediamtx
    from spiritstream.importers.nginx import read_nginx
    from spiritstream.importers.recognise import Kind
    from spiritstream.importers.sprout import read_sprout
    from spiritstream.importers.yamltext import parse_yaml

    name = file.path.stem
    match file.found.kind:
        case Kind.SPROUT:
            return [read_sprout(parse_yaml(file.data, file.name), name, file.name, platforms)]
        case Kind.MEDIAMTX:
            return read_mediamtx(parse_yaml(file.data, file.name), file.name, platforms)
        case Kind.NGINX:
            return read_nginx(file.data, name, file.name, platforms)
        case _:
            return read_commands(file.data, name, file.name, platforms)


def _obs(files: list[_File], platforms: Platforms) -> list[Imported]:
    """One profile for each folder; what stands beside a file and belongs to it is read, too."""
    from spiritstream.importers.obs import ObsFiles, read_ini, read_obs
    from spiritstream.importers.recognise import Kind

    found = []
    for folder in dict.fromkeys(file.path.parent for file in files):
        own = [file for file in files if file.path.parent == folder]
        of = {file.found.kind: file for file in [*_beside(folder, own), *own]}
        if (
            Kind.OBS_SERVICE not in of
            and Kind.MULTI_RTMP not in of
            and not _has_targets(of.get(Kind.OBS_INI))
        ):
            raise UsageError(
                f"{own[0].name}: it says how OBS Studio encodes, not where it streams to",
                "name the profile's folder, or its service.json",
            )
        ini = of.get(Kind.OBS_INI)
        parts = [of.get(kind) for kind in (Kind.OBS_SERVICE, Kind.OBS_ENCODER, Kind.MULTI_RTMP)]
        service, encoder, targets = (part.found.data if part else None for part in parts)
        first = of.get(Kind.OBS_SERVICE) or of.get(Kind.MULTI_RTMP) or own[0]
        read = ObsFiles(
            name=folder.absolute().name,
            file=first.name,
            service=service,
            ini=read_ini(ini.data, ini.name) if ini else {},
            encoder=encoder,
            targets=targets,
        )
        found.append(read_obs(read, platforms))
    return found


def _beside(folder: Path, own: list[_File]) -> Iterator[_File]:
    """The profile's other files, when one of them was named by its own name."""
    from spiritstream.importers.recognise import OBS

    if any(file.path.name in _OBS_FILES for file in own):
        for name in _OBS_FILES:
            if (folder / name).is_file() and (file := _read(folder / name)).found.kind in OBS:
                yield file


def _has_targets(ini: _File | None) -> bool:
    return ini is not None and b"[obs-multi-rtmp]" in ini.data
