"""What an importer makes of a file: a profile in loose parts, and what had no place in it. Pure.

The parts are those of our profile (schemas/profile.schema.json), but names are still those of the
other program, and secrets are open: `writing.py` makes names valid and unique, and seals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from spiritstream.errors import ExitCode, SpiritError
from spiritstream.secret import Secret

MAX_TARGETS = 1000
MAX_FILE_BYTES = 1024 * 1024
"""No configuration that is read here comes near to it."""


class UnreadableError(SpiritError):
    """A file is not what it seems to be: cut, damaged, or another program's. Its text repeats no value."""

    exit_code = ExitCode.INVALID


@dataclass(frozen=True, slots=True)
class Env:
    """A secret that is taken from an environment variable, as `{env: NAME}` does."""

    name: str


Field = str | int | float | bool | Secret | Env
Fields = Mapping[str, Field]


class Notes(list[str]):
    """What could not be carried over and why, and the secrets that were seen on the way, to keep them out."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Secret] = []
        self.unsent = 0

    def saw(self, *texts: str) -> None:
        """Remember that these are secrets; empty ones are none."""
        self.seen += [Secret(text.strip()) for text in texts if text.strip()]

    def not_sent(self, where: str, why: object) -> None:
        """One of the file's destinations has no place in a profile."""
        self.append(f"{where}: {why}")
        self.unsent += 1


@dataclass(frozen=True, slots=True)
class Target:
    """One destination. `fields` are those of a target; `place` is its address without a secret.

    `missing` says why it is only written as a comment: without that it would be no valid target.
    """

    name: str
    fields: Fields
    place: str = ""
    enabled: bool = True
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """One encoding and its targets; `None` is copy. `remarks` become comments."""

    name: str
    targets: tuple[Target, ...] = ()
    video: Fields | None = None
    audio: Fields | None = None
    generate_pts: bool = True
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """One profile. `kind` says what it was, `left` what could not be carried over and why, line by line.

    `input` has one entry: the kind of input, with its fields. `left` may hold what the file says, so it is
    scrubbed before anybody sees it. A profile without a target
    `may_be_empty` where its program keeps such ones.
    """

    name: str
    kind: str
    file: str
    input: Mapping[str, Mapping[str, object]]
    groups: tuple[Group, ...] = ()
    left: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    position: int | None = None
    secrets: tuple[Secret, ...] = field(default=(), repr=False)
    may_be_empty: bool = False

    def every_secret(self) -> Iterator[Secret]:
        """The secrets that are written sealed, and those that were only seen."""
        yield from self.secrets
        for held in self.input.values():
            yield from (value for value in held.values() if isinstance(value, Secret))
        for group in self.groups:
            for target in group.targets:
                yield from (value for value in target.fields.values() if isinstance(value, Secret))


def decoded(data: bytes, file: str) -> str:
    """The text of a file, without a byte order mark.

    Raises:
        UnreadableError: it is too large, no UTF-8 text, or holds control characters.
    """
    if len(data) > MAX_FILE_BYTES:
        raise UnreadableError(f"{file}: it is larger than 1 MiB", "name the program's own configuration")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableError(f"{file}: it is not UTF-8 text", "check that it is the right file") from None
    for number, line in enumerate(text.split("\n"), 1):
        if any(char < " " and char not in "\t\r" for char in line) or "\x7f" in line:
            raise UnreadableError(f"{file}:{number}: a control character stands here", "delete it")
    return text
