"""Read a profile and open its keys, or read the settings, in a process of its own.

A runner lives for months and holds neither YAML nor identities; what is needed for a second, to read
a file, shall not stay in its memory. So `spiritstream run` starts this module and reads one message from
its stdout: the opened profile, the settings, or the error.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spiritstream.errors import ExitCode, SpiritError
from spiritstream.model.profile import Profile
from spiritstream.wire import MAX_LINE_BYTES, decode, encode, from_data, to_data


class OpeningError(SpiritError):
    """What the other process said, with its exit code."""

    def __init__(self, message: str, hint: str, code: int) -> None:
        super().__init__(message, hint)
        self.exit_code = ExitCode(code)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the settings say to `spiritstream run` where its flags say nothing."""

    ffmpeg: str | None = None
    verbose: bool = False


@dataclass(frozen=True, slots=True)
class Opened:
    """A profile, its secrets opened, and what its platforms may object to."""

    profile: Profile
    warnings: tuple[str, ...] = ()


async def open_profile(path: Path, identity: Path | None = None) -> Profile:
    """As `open_file`, the profile alone."""
    return (await open_file(path, identity)).profile


async def open_file(path: Path, identity: Path | None = None) -> Opened:
    """The profile at `path`.

    Raises:
        SpiritError: the file is invalid, or a key is missing or wrong: with the exit code that says which.
    """
    words = ["profile", str(path), *([str(identity)] if identity else [])]
    answer = await _ask(words, str(path))
    return Opened(from_data(Profile, answer["profile"]), tuple(answer["warnings"]))


async def open_settings() -> Chosen:
    """What the settings say; nothing is read where nothing is set.

    Raises:
        SpiritError: they are invalid.
    """
    from spiritstream.cli.settings import something_is_set

    if not something_is_set():
        return Chosen()
    return from_data(Chosen, (await _ask(["settings"], "the settings"))["settings"])


async def _ask(words: list[str], about: str) -> dict[str, Any]:
    """What the other process answers."""
    process = await asyncio.create_subprocess_exec(
        # -P: a module of that name in the working folder is not ours.
        *[sys.executable, "-P", "-m", "spiritstream.cli.opening", *words],
        # A ctrl-C is for us: it must not end the reader with a traceback.
        start_new_session=True,
        stdout=asyncio.subprocess.PIPE,
        limit=MAX_LINE_BYTES,
    )
    assert process.stdout is not None
    try:
        answer = await process.stdout.read()
    except asyncio.CancelledError:
        # A file on a disk that hangs shall not keep us from ending.
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise
    finally:
        await process.wait()
    if not answer:
        raise SpiritError(f"{about} could not be read: the reader ended with status {process.returncode}")
    message = decode(answer)
    if "error" in message:
        error = message["error"]
        raise OpeningError(error["message"], error["hint"], error["code"])
    return message


def _open(path: Path, identity: Path | None) -> Opened:
    from spiritstream.cli.settings import Environment
    from spiritstream.config.load import load_file
    from spiritstream.config.opener import identity_opener

    loaded = load_file(path, identity_opener(identity, Environment()), os.environ)
    _check_uplink(loaded.profile)
    return Opened(loaded.profile, tuple(map(str, loaded.warnings)))


def _check_uplink(profile: Profile) -> None:
    """Refuse a profile that alone declares more than the settings say the line carries.

    Raises:
        OpeningError: it does; also when the settings are not valid.
    """
    from spiritstream.cli.settings import uplink_bps
    from spiritstream.model.uplink import over

    if refusal := over(profile, uplink_bps()):
        raise OpeningError(*refusal, ExitCode.GUARDED)


def _choose() -> Chosen:
    from spiritstream.cli.settings import stored
    from spiritstream.config.settings import load_settings

    return Chosen(stored("ffmpeg"), load_settings(os.environ).verbose)


def main() -> None:
    """Answer on stdout."""
    kind, *words = sys.argv[1:]
    try:
        if kind == "settings":
            answer = {"settings": to_data(_choose())}
        else:
            opened = _open(Path(words[0]), Path(words[1]) if words[1:] else None)
            answer = {"profile": to_data(opened.profile), "warnings": list(opened.warnings)}
    except SpiritError as error:
        answer = {"error": {"message": error.message, "hint": error.hint, "code": int(error.exit_code)}}
    except Exception as error:
        message = f"{words[0] if words else 'the settings'}: unexpected fault: {type(error).__name__}"
        answer = {"error": {"message": message, "hint": "", "code": 1}}
    sys.stdout.buffer.write(encode(answer))


if __name__ == "__main__":
    main()
