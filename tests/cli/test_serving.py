"""What `serve` hands to its runners, where its log goes, and that `run` is the one runner of its profile."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

import pytest

from spiritstream.cli import foreground, serving
from spiritstream.cli.foreground import Foreground
from spiritstream.cli.places import controller_log, state_folder
from spiritstream.cli.rotating import RotatingFile
from spiritstream.cli.serving import Origin, Serving
from spiritstream.config.settings import load_settings
from spiritstream.control.runnerlock import lock_of, only_runner
from spiritstream.control.runners import Outfit
from spiritstream.errors import BusyError
from spiritstream.ffmpeg.find import Ffmpeg
from spiritstream.model.profile import Profile, TestInput
from tests.cli.calling import Spiritstream, spiritstream
from tests.cli.places import home

__all__ = ["home", "spiritstream"]


class EnoughError(Exception):
    """What was to be seen has been seen."""


@pytest.mark.usefixtures("home")
async def test_a_relative_ffmpeg_is_the_same_one_for_the_runners(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their working folder is not ours."""
    handed: list[Outfit] = []

    def runners(folder: Path, logs: Path, outfit: Outfit) -> None:
        handed.append(outfit)
        raise EnoughError

    monkeypatch.setattr(
        serving, "ffmpeg_for", lambda wanted: Ffmpeg(Path(wanted or ""), (9, 0), "9.0", "flag")
    )
    monkeypatch.setattr(serving, "Runners", runners)
    with pytest.raises(EnoughError):
        await Serving(Origin(None), ffmpeg="bin/ff").run()
    assert [str(Path.cwd() / "bin" / "ff")] == [outfit.ffmpeg for outfit in handed]


@pytest.mark.usefixtures("home")
def test_the_log_of_a_controller_in_the_background_is_turned() -> None:
    """It keeps to the share of the disk that the settings give to a log; in the foreground it is stderr."""
    settings = load_settings(os.environ)
    assert Serving(Origin(None))._handler(settings) is None
    handler = Serving(Origin(None), background=True)._handler(settings)
    assert handler is not None
    handler.emit(logging.makeLogRecord({"msg": "a word"}))
    handler.close()
    file = handler._stream
    assert isinstance(file, RotatingFile)
    file.close()
    assert "a word" in controller_log().read_text()
    assert settings.log_bytes // 2 == file._most_bytes


@pytest.mark.usefixtures("home")
async def test_run_is_refused_while_a_runner_has_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though no socket answers: the pid is named, and nothing goes on air."""

    async def begin(self: Foreground) -> tuple[Profile, Ffmpeg]:
        return Profile("show", TestInput()), Ffmpeg(Path("/nowhere"), (9, 0), "9.0", "flag")

    monkeypatch.setattr(foreground.Foreground, "_begin", begin)
    async with asyncio.timeout(20):
        with only_runner(lock_of(state_folder(), "show"), "show"), pytest.raises(BusyError) as caught:
            await Foreground(Path("show.yaml")).run(watch=False)
    assert f"pid {os.getpid()}" in caught.value.message


def test_a_repository_must_be_trusted(spiritstream: Spiritstream) -> None:
    """Its profiles are not held back from this machine's variables and files yet: somebody must say so."""
    called = spiritstream("serve", "--git", "https://git.example/shows.git")
    assert 8 == called.code
    assert "hint: if only people whom you trust" in called.err
    assert "--trust-repository" in called.err
