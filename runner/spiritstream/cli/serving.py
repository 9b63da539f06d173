"""A controller in the foreground: its lock, its socket, its signals, and what systemd is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from spiritstream.cli.notify import beat, notify, reloading
from spiritstream.cli.places import controller_log, controller_socket, log_of, runtime_folder, state_folder
from spiritstream.cli.rotating import RotatingFile
from spiritstream.cli.settings import Environment, ffmpeg_for
from spiritstream.config.settings import Settings, load_settings
from spiritstream.control.controller import Controller
from spiritstream.control.fleet import log
from spiritstream.control.opening import ProfileOpener
from spiritstream.control.runners import Outfit, Runners
from spiritstream.control.server import serve
from spiritstream.control.source import Source
from spiritstream.control.state import State, only_one
from spiritstream.errors import ExitCode, SpiritError
from spiritstream.journal import Unblocked, open_journal


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

    def source(self, folder: Path | None, work: Path) -> Source:
        """The source; a folder is made if it is not there, but for its parents.

        Raises:
            UsageError: it cannot be one.
        """
        if folder is not None:
            from spiritstream.control.folder import FolderSource

            return FolderSource(folder)
        from spiritstream.control.git import GitSource

        assert self.url is not None
        return GitSource(self.url, self.ref, self.inside, self.every_s, self.signers, work)


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

    async def run(self) -> int:
        """Until a signal, or `spiritstream down`. Returns the exit code.

        Raises:
            BusyError: a controller runs already.
            SpiritError: there is no ffmpeg, or a folder cannot be made.
        """
        settings = load_settings(os.environ)
        verbose = settings.verbose if self._verbose is None else self._verbose
        # One for the runners' sockets, and one for the state: either alone might be another user's choice.
        with only_one(runtime_folder() / "controller.lock"), only_one(state_folder() / "controller.lock"):
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
                    await self._serve(controller)
            finally:
                journal.close()
        return ExitCode.DONE

    def _handler(self, settings: Settings) -> Unblocked | None:
        """Where the log goes: `None` is stderr. In the background its file must not grow for ever."""
        if not self._background:
            return None
        return Unblocked(RotatingFile(controller_log(), settings.log_bytes, settings.log_days))

    def _folder(self, settings: Settings) -> Path | None:
        return self._origin.folder(settings)

    def _controller(self, settings: Settings, runners: Runners) -> Controller:
        folder = self._folder(settings)
        if folder is not None and self._origin.profiles is None:
            _make(folder)
        source = self._origin.source(folder, state_folder() / "git")
        opener = ProfileOpener(self._identity, Environment())
        by_commit = folder is None
        return Controller(
            source, runners, State(state_folder()), opener, by_commit=by_commit, confirm=self._confirm
        )

    async def _serve(self, controller: Controller) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, controller.end)
        loop.add_signal_handler(signal.SIGHUP, self._look, controller)
        log.info("the controller reads %s", controller.source.where)
        beside = [asyncio.create_task(beat()), asyncio.create_task(self._tell(controller))]
        try:
            await controller.run()
        finally:
            notify("STOPPING=1")
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            log.info("the controller has ended")

    async def _tell(self, controller: Controller) -> None:
        await controller.ready.wait()
        notify("READY=1", f"STATUS=reads {controller.source.where}")

    def _look(self, controller: Controller) -> None:
        reloading()
        controller.look(anew=True)
        self._reload = asyncio.create_task(self._reloaded(controller))

    async def _reloaded(self, controller: Controller) -> None:
        with contextlib.suppress(SpiritError):
            await controller.settled()
        notify("READY=1")


def _make(folder: Path) -> None:
    """The default folder of profiles is there from the first start on."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SpiritError(f"{folder} cannot be made: {error.strerror or 'unknown reason'}") from None
