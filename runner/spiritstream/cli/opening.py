"""Read a profile and open its keys in a process of its own.

A runner lives for months and holds neither YAML nor identities; what is needed for a second, to read
a file, shall not stay in its memory. So `spiritstream run` starts this module and reads one message from
its stdout: the opened profile, or the error.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

from spiritstream.errors import ExitCode, SpiritError
from spiritstream.model.profile import Profile
from spiritstream.wire import MAX_LINE_BYTES, decode, encode, from_data, to_data


class OpeningError(SpiritError):
    """What the other process said, with its exit code."""

    def __init__(self, message: str, hint: str, code: int) -> None:
        super().__init__(message, hint)
        self.exit_code = ExitCode(code)


async def open_profile(path: Path, identity: Path | None = None) -> Profile:
    """The profile at `path`, its secrets opened.

    Raises:
        SpiritError: the file is invalid, or a key is missing or wrong: with the exit code that says which.
    """
    # -P: a module of that name in the working folder is not ours.
    arguments = [sys.executable, "-P", "-m", "spiritstream.cli.opening", str(path)]
    process = await asyncio.create_subprocess_exec(
        *arguments,
        *([str(identity)] if identity else []),
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
        raise SpiritError(f"{path} could not be read: its reader ended with status {process.returncode}")
    message = decode(answer)
    if "error" in message:
        error = message["error"]
        raise OpeningError(error["message"], error["hint"], error["code"])
    return from_data(Profile, message["profile"])


def _open(path: Path, identity: Path | None) -> Profile:
    import os

    from spiritstream.config.load import load_profile
    from spiritstream.config.opener import identity_opener

    return load_profile(path, identity_opener(identity, os.environ), os.environ)


def main() -> None:
    """Answer on stdout."""
    path = Path(sys.argv[1])
    identity = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    try:
        answer = {"profile": to_data(_open(path, identity))}
    except SpiritError as error:
        answer = {"error": {"message": error.message, "hint": error.hint, "code": int(error.exit_code)}}
    except Exception as error:
        answer = {
            "error": {"message": f"{path}: unexpected fault: {type(error).__name__}", "hint": "", "code": 1}
        }
    sys.stdout.buffer.write(encode(answer))


if __name__ == "__main__":
    main()
