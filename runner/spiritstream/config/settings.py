"""The settings: flag over environment over file over default, each value with its origin."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from spiritstream.config.data import data_folder
from spiritstream.config.declared import Declared, Value, alone, at, declared
from spiritstream.config.document import Document, read_document
from spiritstream.config.folders import default_profiles, default_recordings, settings_path
from spiritstream.config.load import read_bounded, unreadable
from spiritstream.config.reach import Reach
from spiritstream.config.schema import profile_validator, schema_findings
from spiritstream.config.values import parse_bitrate
from spiritstream.errors import Finding, ProfileError, UsageError

if TYPE_CHECKING:
    from spiritstream.config.rules import Validator


class Origin(StrEnum):
    """What gave a setting its value, the strongest first."""

    FLAG = "flag"
    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it is. `where` is the variable, or file:line:column; empty for flags and defaults."""

    name: str
    value: Value
    origin: Origin
    where: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, by name and as what it is used as. `path` is the file's, whether or not there is one."""

    path: Path
    all: Mapping[str, Setting]

    @property
    def ffmpeg(self) -> str | None:
        """The ffmpeg to use, a path or a program's name; `None`: the one on PATH or the embedded one."""
        return cast("str | None", self.all["ffmpeg"].value)

    @property
    def identity(self) -> Path | None:
        """The identity's file; `None`: the systemd credential's, or the config folder's."""
        value = self.all["identity"].value
        return None if value is None else Path(str(value))

    @property
    def profiles(self) -> Path:
        """The folder that the controller reads."""
        return Path(str(self.all["profiles"].value))

    @property
    def recordings(self) -> Path:
        """The one folder in which profiles from git may record."""
        return Path(str(self.all["recordings"].value))

    @property
    def environment(self) -> tuple[str, ...]:
        """The variables that profiles from git may name."""
        return cast("tuple[str, ...]", self.all["environment"].value)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that profiles from git may read, beside their own repository."""
        return tuple(map(Path, cast("tuple[str, ...]", self.all["folders"].value)))

    def reach(self, repository: Path) -> Reach:
        """What profiles from git may use, `repository` being the folder where its own files are."""
        return Reach(frozenset(self.environment), (repository, *self.folders), self.recordings)

    @property
    def uplink_bps(self) -> int | None:
        """The most that all profiles may send together, in bit/s; `None`: nobody says."""
        value = self.all["uplink"].value
        return None if value is None else parse_bitrate(value)

    @property
    def verbose(self) -> bool:
        """Whether what ffmpeg says is logged too."""
        return self.all["log.level"].value == "debug"

    @property
    def log_days(self) -> int:
        """Days after which a logged line is removed."""
        return cast(int, self.all["log.keep.days"].value)

    @property
    def log_bytes(self) -> int:
        """The most disk space that one profile's log takes."""
        return cast(int, self.all["log.keep.megabytes"].value) * 1_000_000


def load_settings(
    environ: Mapping[str, str], flags: Mapping[str, str | None] | None = None, path: Path | None = None
) -> Settings:
    """Every setting from its strongest source; `flags` are those of a command, by the settings' names.

    Raises:
        ProfileError: the file is not valid; everything that is wrong with it, with its place.
        UsageError: a flag's or a variable's value is not valid.
    """
    path = path or settings_path()
    document = read_settings(path)
    given = {name: text for name, text in (flags or {}).items() if text}
    found = (_setting(one, given, environ, document) for one in known_settings().values())
    return Settings(path, {setting.name: setting for setting in found})


def read_settings(path: Path) -> Document | None:
    """The settings' file; `None` if there is none.

    Raises:
        ProfileError: with everything that is wrong.
    """
    try:
        if path.is_fifo():
            raise OSError(errno.EINVAL, "is a pipe and no file")  # whoever opens it waits for a writer
        text = read_bounded(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ProfileError([unreadable(str(path), error)]) from None
    document, findings = read_document(text, str(path))
    findings += settings_findings(document) if document else []
    if findings:
        raise ProfileError(sorted(set(findings)))
    return document


def settings_findings(document: Document) -> list[Finding]:
    """What is wrong with settings, apart from what is wrong with the YAML itself."""
    return [] if document.data is None else schema_findings(document, _validator())


@lru_cache(maxsize=1)
def known_settings() -> dict[str, Declared]:
    """Every setting that there is, by name."""
    return declared(_schema())


def checked_value(setting: Declared, value: object, source: str) -> object:
    """A value from elsewhere than the file, with paths made whole.

    Raises:
        UsageError: it is not valid; `source` says where it comes from.
    """
    whole = [_whole(setting, one) for one in value] if isinstance(value, list) else _whole(setting, value)
    for finding in schema_findings(alone(setting, whole, source), _validator()):
        about = finding.path.removeprefix(setting.name)
        raise UsageError(f"{source}{about}: {finding.message}", finding.hint)
    return whole


def _whole(setting: Declared, value: object) -> object:
    """A path as seen from the working folder, which is where a person means it from."""
    text = str(value)
    is_path = setting.place == "path" or (setting.place == "program" and "/" in text)
    return os.path.abspath(text) if is_path and text and not text.startswith("~") else value  # noqa: PTH100


def _setting(
    one: Declared, flags: Mapping[str, str], environ: Mapping[str, str], document: Document | None
) -> Setting:
    if text := flags.get(one.name):
        return Setting(one.name, _value(checked_value(one, one.from_variable(text), one.name)), Origin.FLAG)
    if text := environ.get(one.variable):
        value = checked_value(one, one.from_variable(text), one.variable)
        return Setting(one.name, _value(value), Origin.ENVIRONMENT, one.variable)
    if document and (value := at(document.data, one.path)) is not None:
        mark = document.marks[one.path]
        where = f"{document.file}:{mark.line}:{mark.column}"
        return Setting(one.name, _value(value), Origin.FILE, where)
    return Setting(one.name, _default(one), Origin.DEFAULT)


def _value(data: object) -> Value:
    if isinstance(data, Sequence) and not isinstance(data, str):
        return tuple(map(str, data))
    # 30.0 is the integer that JSON Schema takes it for.
    return int(data) if isinstance(data, float) else cast(Value, data)


def _default(one: Declared) -> Value:
    computed = {"profiles": default_profiles, "recordings": default_recordings}
    return str(computed[one.name]()) if one.name in computed else one.default


def _schema() -> dict[str, Any]:
    text = (data_folder("schemas") / "settings.schema.json").read_text(encoding="utf-8")
    return cast("dict[str, Any]", json.loads(text))


@lru_cache(maxsize=1)
def _validator() -> Validator:
    return profile_validator(_schema())
