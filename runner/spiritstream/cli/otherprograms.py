"""For `spiritstream import`: what every program but SpiritStream leaves, as profiles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from spiritstream.cli.sources import OBS_FILES, Source, read_source
from spiritstream.errors import UsageError

if TYPE_CHECKING:
    from spiritstream.importers.matching import Platforms
    from spiritstream.importers.values import Imported


def other_profiles(file: Source, platforms: Platforms) -> list[Imported]:
    """The profiles that one file of its own makes.

    Raises:
        UnreadableError: it is damaged, or sends nothing.
    """
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


def obs_profiles(files: list[Source], platforms: Platforms) -> list[Imported]:
    """One profile for each folder; what stands beside a file and belongs to it is read, too.

    Raises:
        SpiritError: a file is damaged, or nothing in a folder says where it streams to.
    """
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


def _beside(folder: Path, own: list[Source]) -> Iterator[Source]:
    """The profile's other files, when one of them was named by its own name."""
    from spiritstream.importers.recognise import OBS

    if any(file.path.name in OBS_FILES for file in own):
        for name in OBS_FILES:
            if (folder / name).is_file() and (file := read_source(folder / name)).found.kind in OBS:
                yield file


def _has_targets(ini: Source | None) -> bool:
    return ini is not None and b"[obs-multi-rtmp]" in ini.data
