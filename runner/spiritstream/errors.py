"""Errors by who must act, each with the exit code that scripts rely on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's exit status means (README, "Exit codes")."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    PENDING = 3
    INVALID = 4
    KEY = 5
    TAMPERED = 6
    NOT_LIVE = 7
    GUARDED = 8
    BUSY = 75


class SpiritError(Exception):
    """A failure whose text is meant for a person: what is wrong, and what to do.

    Neither text ever holds a secret: whoever raises leaves values out.
    """

    exit_code = ExitCode.UNEXPECTED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class UsageError(SpiritError):
    """The command was called in a way that cannot work."""

    exit_code = ExitCode.USAGE


class KeyMissingError(SpiritError):
    """No identity, the wrong identity, or a secret's source is missing: bring the right key."""

    exit_code = ExitCode.KEY


class TamperedError(SpiritError):
    """A sealed value was changed since it was sealed: look at who edited the file."""

    exit_code = ExitCode.TAMPERED


class MovedError(TamperedError):
    """A sealed value stands where it was not sealed for: seal it again for its new place."""


class BusyError(SpiritError):
    """Somebody else does this already."""

    exit_code = ExitCode.BUSY


class PeerError(SpiritError):
    """The other end of a socket broke the protocol or went away."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong in one file, worded by us so that no value is repeated.

    `line` and `column` count from 1; `path` is the dotted way in the YAML, such as
    `groups.mobile.video.fps`, empty for the whole file.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}: "
        text = where + (f"{self.path}: " if self.path else "") + self.message
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class ProfileError(SpiritError):
    """A profile is invalid: the person who edits it must act. Carries all findings at once."""

    exit_code = ExitCode.INVALID

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in sorted(findings)))
        self.findings = sorted(findings)
