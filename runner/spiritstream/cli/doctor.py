"""`spiritstream doctor`: what this machine has, what it lacks, and what to do about it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from spiritstream.cli.options import OUTPUT_OPTION
from spiritstream.errors import ExitCode, SpiritError

if TYPE_CHECKING:
    from spiritstream.ffmpeg.find import Ffmpeg

_JSON_VERSION = 1
_PROTOCOLS_S = 10.0
# What an ffmpeg should be able to send by, and whether anything goes without it.
_PROTOCOLS = {"rtmp": "fail", "rtmps": "warn", "srt": "warn"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `level` is ok, warn or fail."""

    name: str
    level: str
    detail: str
    advice: str = ""


@click.command("doctor", short_help="What this machine has, and what it lacks.")
@click.option("--ffmpeg", help="The ffmpeg to look at, instead of the one on PATH or the embedded one.")
@OUTPUT_OPTION
def command(ffmpeg: str | None, output: str) -> int:
    """Look at everything that a show needs here. Exits with 1 if it cannot do without something missing."""
    checks = [_python(), _settings(), *_ffmpeg(ffmpeg)]
    checks += [_masking(), _setpriv(), _identity(), _runtime_folder()]
    if output == "json":
        data = {"version": _JSON_VERSION, "checks": [asdict(check) for check in checks]}
        click.echo(json.dumps(data, indent=2))
    else:
        for check in checks:
            click.echo(f"{check.level:4}  {check.name}: {check.detail}")
            if check.advice:
                click.echo(f"      {check.advice}")
    failed = any(check.level == "fail" for check in checks)
    return int(ExitCode.UNEXPECTED if failed else ExitCode.DONE)


def _python() -> Check:
    return Check("python", "ok", f"{'.'.join(map(str, sys.version_info[:3]))} ({sys.executable})")


def _settings() -> Check:
    from spiritstream.config.folders import settings_path

    if not settings_path().exists():
        return Check("settings", "ok", f"there is no {settings_path()}, and needs to be none")
    from spiritstream.config.settings import load_settings

    try:
        load_settings(os.environ)
    except SpiritError as error:
        return Check("settings", "fail", error.message, error.hint)
    return Check("settings", "ok", str(settings_path()))


def _ffmpeg(wanted: str | None) -> Iterator[Check]:
    from spiritstream.cli.settings import ffmpeg_for

    try:
        ffmpeg = ffmpeg_for(wanted)
    except SpiritError as error:
        yield Check("ffmpeg", "fail", error.message, error.hint)
        return
    yield Check("ffmpeg", "ok", f"{ffmpeg.version_text} ({ffmpeg.source}: {ffmpeg.path})")
    yield from _protocols(ffmpeg)


def _protocols(ffmpeg: Ffmpeg) -> Iterator[Check]:
    import subprocess

    command = [str(ffmpeg.path), "-hide_banner", "-protocols"]
    try:
        said = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PROTOCOLS_S
        ).stdout
    except (OSError, subprocess.SubprocessError):
        said = ""
    outputs = said.partition("Output:")[2].split()
    for protocol, level in _PROTOCOLS.items():
        if protocol in outputs:
            yield Check(protocol, "ok", "this ffmpeg can send by it")
        else:
            advice = f"{protocol}:// targets need another ffmpeg, such as: pip install 'spiritstream[ffmpeg]'"
            yield Check(protocol, level, "this ffmpeg was built without it", advice)


def _masking() -> Check:
    """Tried on a process of ours, with a text that is no secret."""
    import subprocess

    from spiritstream.ffmpeg.mask import mask_argv
    from spiritstream.secret import Secret

    name, text = "keys out of sight", "not-a-secret"
    advice = "every user of this machine can read stream keys in the process list: let no other user log in"
    if sys.platform != "linux":
        return Check(name, "warn", "only Linux lets us mask the keys on ffmpeg's command line", advice)
    waiting = [sys.executable, "-I", "-S", "-c", "input()", text]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(waiting, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet) as process:
        masked = mask_argv(process.pid, [Secret(text)])
        process.kill()
    if masked:
        return Check(name, "ok", "keys on ffmpeg's command line are masked once it is connected")
    return Check(name, "warn", "this system does not let us mask the keys on ffmpeg's command line", advice)


def _setpriv() -> Check:
    import shutil

    if found := shutil.which("setpriv"):
        return Check("setpriv", "ok", f"{found}: no ffmpeg outlives its runner")
    return Check(
        "setpriv",
        "warn",
        "not found: an ffmpeg that hangs may outlive a runner that is killed",
        "apt install util-linux" if sys.platform == "linux" else "",
    )


def _identity() -> Check:
    from spiritstream.cli.settings import Environment
    from spiritstream.config.identity import find_identity

    try:
        return Check("identity", "ok", str(find_identity(None, Environment())))
    except SpiritError as error:
        return Check("identity", "warn", error.message, f"only sealed keys need it: {error.hint}")


def _runtime_folder() -> Check:
    from spiritstream.cli.places import runtime_folder

    folder = runtime_folder()
    there = next((place for place in (folder, *folder.parents) if place.exists()), folder)
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return Check("runtime folder", "ok", str(folder))
    advice = "set XDG_RUNTIME_DIR to a folder of this user, or name the socket with --socket"
    return Check("runtime folder", "fail", f"{folder} cannot be written", advice)
