"""A controller in the foreground: its lock, its socket, its signals, and what systemd is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from spiritstream.cli.notify import beat, notify, reloading
from spiritstream.cli.places import controller_log, controller_socket, log_of, runtime_folder, state_folder
from spiritstream.cli.reaping import reap_orphans
from spiritstream.cli.retention import tidy_logs
from spiritstream.cli.rotating import RotatingFile, keep_tidy
from spiritstream.cli.settings import Environment, ffmpeg_for
from spiritstream.config.folders import settings_path
from spiritstream.config.settings import Settings, load_settings
from spiritstream.config.shelf import config_platforms
from spiritstream.control.claim import claimed
from spiritstream.control.controller import Controller
from spiritstream.control.fleet import log
from spiritstream.control.opening import ProfileOpener
from spiritstream.control.outfit import Outfit
from spiritstream.control.runners import Runners
from spiritstream.control.server import serve
from spiritstream.control.source import Source
from spiritstream.control.state import State, only_one
from spiritstream.control.taking import Stamp, stamp_of
from spiritstream.errors import ExitCode, SpiritError
from spiritstream.journal import Unblocked, open_journal

if TYPE_CHECKING:
    from spiritstream.config.reach import Reach
    from spiritstream.control.git import GitSource


SETTINGS_S = 15.0
"""How often a change of the settings' file is looked for."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where profiles come from, as the flags say: a folder (`None`: the settings'), or with `url` git."""

    profiles: Path | None
    url: str | None = None
    ref: str = "main"
    inside: str = ""
    every_s: float = 30.0
    signers: Path | None = None

    def folder(self, settings: Settings) -> Path | None:
        """The folder; `None` for git."""
        return None if self.url is not None else (self.profiles or settings.profiles).absolute()

    def repository(self, work: Path, state: State) -> GitSource:
        """The git repository as a source; its files stay while `state` needs them.

        Raises:
            UsageError: it cannot be one.
        """
        from spiritstream.control.git import GitSource

        assert self.url is not None
        named = state.files_named
        return GitSource(self.url, self.ref, self.inside, self.every_s, self.signers, work, named)


class Serving:
    """`spiritstream serve`, from the lock to the last word."""

    def __init__(
        self,
        origin: Origin,
        *,
        identity: Path | None = None,
        ffmpeg: str | None = None,
        confirm: bool = False,
        form: str = "plain",
        verbose: bool | None = None,
        background: bool = False,
    ) -> None:
        """With `verbose` as `None`, the settings say. `background`: nobody reads our stderr."""
        self._origin = origin
        self._identity = identity
        self._ffmpeg = ffmpeg
        self._confirm = confirm
        self._form = form
        self._verbose = verbose
        self._background = background
        self._file: RotatingFile | None = None

    async def run(self) -> int:
        """Until a signal, or `spiritstream down`. Returns the exit code.

        Raises:
            BusyError: a controller runs already.
            SpiritError: there is no ffmpeg, or a folder cannot be made.
        """
        settings = load_settings(os.environ)
        verbose = settings.verbose if self._verbose is None else self._verbose
        # One for the runners' sockets, and one for the state: either alone might be another user's choice;
        # and the profiles themselves, where both are.
        with (
            only_one(runtime_folder() / "controller.lock"),
            only_one(state_folder() / "controller.lock"),
            self._claimed(settings),
        ):
            ffmpeg = await asyncio.to_thread(ffmpeg_for, self._ffmpeg)
            # A runner's working folder is not ours.
            outfit = Outfit(str(ffmpeg.path.absolute()), settings.log_bytes, settings.log_days, verbose)
            runners = Runners(runtime_folder(), log_of("any").parent, outfit)
            controller = self._controller(settings, runners)
            handler = self._handler(settings)
            journal = open_journal(
                self._form, lambda: controller.reader.secrets, verbose=verbose, handler=handler
            )
            try:
                async with serve(controller, runners, controller_socket(), self._folder(settings)):
                    await self._serve(controller, settings.log_days)
            finally:
                journal.close()
        return ExitCode.DONE

    def _handler(self, settings: Settings) -> Unblocked | None:
        """Where the log goes: `None` is stderr. In the background its file must not grow for ever."""
        if not self._background:
            return None
        path = controller_log()
        # What Python or a library says on stderr goes there past us: the file is bounded all the same.
        self._file = RotatingFile(path, settings.log_bytes, settings.log_days, _leading_to(path))
        return Unblocked(self._file)

    def _claimed(self, settings: Settings) -> AbstractContextManager[None]:
        folder = self._folder(settings)
        if folder is None:
            return contextlib.nullcontext()
        if self._origin.profiles is None:
            _make(folder)
        return claimed(folder)

    def _folder(self, settings: Settings) -> Path | None:
        return self._origin.folder(settings)

    def _controller(self, settings: Settings, runners: Runners) -> Controller:
        folder = self._folder(settings)
        state, by_commit = State(state_folder()), folder is None
        source, reach = self._source(folder, state)
        opener = ProfileOpener(self._identity, Environment(), reach)
        return Controller(
            source,
            runners,
            state,
            opener,
            by_commit=by_commit,
            confirm=self._confirm,
            uplink_bps=settings.uplink_bps,
        )

    def _source(self, folder: Path | None, state: State) -> tuple[Source, Callable[[], Reach] | None]:
        """Where profiles come from, and what they may use: a folder's are the owner's, who may all."""
        if folder is not None:
            from spiritstream.control.folder import FolderSource

            return FolderSource(folder, also=config_platforms()), None
        repository = self._origin.repository(state_folder() / "git", state)
        return repository, lambda: load_settings(os.environ).reach(repository.files)

    async def _serve(self, controller: Controller, log_days: int) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, controller.end)
        loop.add_signal_handler(signal.SIGHUP, self._look, controller)
        log.info("the controller reads %s", controller.source.where)
        beside = [
            asyncio.create_task(one)
            for one in (
                beat(),
                self._tell(controller),
                keep_tidy(lambda: self._tidy(log_days)),
                self._follow_settings(controller),
                reap_orphans(),
            )
        ]
        try:
            await controller.run()
        finally:
            notify("STOPPING=1")
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            log.info("the controller has ended")

    def _tidy(self, log_days: int) -> None:
        if self._file is not None:
            self._file.tidy()
        tidy_logs(state_folder(), log_days)

    async def _tell(self, controller: Controller) -> None:
        await controller.ready.wait()
        notify("READY=1", f"STATUS=reads {controller.source.where}")

    def _look(self, controller: Controller) -> None:
        reloading()
        controller.look(anew=True)
        self._reload = asyncio.create_task(self._reloaded(controller))

    async def _follow_settings(self, controller: Controller) -> None:
        """What profiles from git may use, and the uplink, are read anew when the settings' file changes."""
        before = await asyncio.to_thread(_stamp, settings_path())
        while True:
            await asyncio.sleep(SETTINGS_S)
            if (now := await asyncio.to_thread(_stamp, settings_path())) != before:
                before = now
                await self._take_settings(controller)

    async def _take_settings(self, controller: Controller) -> None:
        try:
            settings = await asyncio.to_thread(load_settings, os.environ)
        except SpiritError as error:
            log.error("the settings stay as they were: %s", error)
            return
        controller.uplink_bps = settings.uplink_bps
        if self._origin.url is not None:
            controller.look(anew=True)
        controller.wake()

    async def _reloaded(self, controller: Controller) -> None:
        await self._take_settings(controller)
        with contextlib.suppress(SpiritError):
            await controller.settled()
        notify("READY=1")


def _leading_to(path: Path) -> tuple[int, ...]:
    """Our stdout and stderr, as far as they lead to this file."""
    with contextlib.suppress(OSError):
        file = path.stat()
        return tuple(one for one in (1, 2) if os.path.samestat(os.fstat(one), file))
    return ()


def _stamp(path: Path) -> Stamp | None:
    try:
        return stamp_of(path.stat())
    except OSError:
        return None


def _make(folder: Path) -> None:
    """The default folder of profiles is there from the first start on."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SpiritError(f"{folder} cannot be made: {error.strerror or 'unknown reason'}") from None
