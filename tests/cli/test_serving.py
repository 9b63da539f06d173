"""What `serve` hands to its runners, where its log goes, and that `run` is the one runner of its profile."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest

from spiritstream.cli import foreground, serving
from spiritstream.cli.foreground import Foreground
from spiritstream.cli.places import controller_log, state_folder
from spiritstream.cli.rotating import RotatingFile
from spiritstream.cli.serving import Origin, Serving
from spiritstream.config.folders import settings_path
from spiritstream.config.settings import load_settings
from spiritstream.control.outfit import Outfit
from spiritstream.control.runnerlock import lock_of, only_runner
from spiritstream.control.source import Placed
from spiritstream.control.state import State
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


def test_what_comes_from_git_needs_nobodys_trust(spiritstream: Spiritstream) -> None:
    """It is held back from the machine by the settings: there is no option that lets it loose."""
    called = spiritstream("serve", "--git", "https://git.example/shows.git", "--trust-repository")
    assert (2, True) == (called.code, "--trust-repository" in called.err)


def test_a_repository_is_not_asked_without_a_pause(spiritstream: Spiritstream) -> None:
    """No time at all between two looks would keep its server busy."""
    called = spiritstream("serve", "--git", "https://git.example/shows.git", "--every", "0s")
    assert (2, True) == (called.code, "a repository is asked once a second at most" in called.err)


@pytest.mark.parametrize("kind", ["ssh", "gpg"])
def test_signers(home: Path, spiritstream: Spiritstream, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """A file of ssh keys or a GnuPG home: either goes to where commits are checked."""
    signers = home / "signers"
    signers.mkdir() if kind == "gpg" else signers.touch()
    given: list[serving.Origin] = []

    async def run(self: serving.Serving) -> int:
        given.append(self._origin)
        return 0

    monkeypatch.setattr(serving.Serving, "run", run)
    called = spiritstream("serve", "--git", "https://git.example/shows.git", "--signers", signers)
    assert (0, [signers]) == (called.code, [origin.signers for origin in given]), called.err


async def test_changed_settings_are_followed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With profiles from git, `config set` does without a signal: everything is opened anew."""
    looked = asyncio.Event()

    class Controller:
        def look(self, *, anew: bool = False) -> None:
            assert anew
            looked.set()

    monkeypatch.setattr(serving, "SETTINGS_S", 0.01)
    settings_path().parent.mkdir(parents=True, exist_ok=True)
    follow = Serving(Origin(None, "/srv/shows.git"))._follow_settings(cast(Any, Controller()))
    task = asyncio.create_task(follow)
    try:
        async with asyncio.timeout(20):
            for number in count():
                settings_path().write_text(f"version: 1\nenvironment: [A{number}]\n")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await looked.wait()
                        break
    finally:
        task.cancel()


def test_only_what_comes_from_git_is_held_back(home: Path) -> None:
    """A folder's profiles are the owner's; a repository's use what the settings say by now."""
    state = State(home)
    assert Serving(Origin(home))._source(home, state)[1] is None
    source, reach = Serving(Origin(None, "/srv/shows.git"))._source(None, state)
    assert reach is not None and isinstance(source, Placed)
    settings_path().parent.mkdir(parents=True, exist_ok=True)
    for names in ("[]", "[SHOW_KEY]"):
        settings_path().write_text(f"version: 1\nenvironment: {names}\nfolders: [/srv/media]\n")
        found = reach()
        assert (source.folder_of("a.yaml"), Path("/srv/media")) == found.readable
        assert names == f"[{', '.join(found.variables)}]"
