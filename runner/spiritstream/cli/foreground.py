"""A show in the foreground: opened, put on air, kept as its file says, and ended in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from spiritstream.cli.opening import Chosen, open_file, open_settings
from spiritstream.cli.places import socket_for, state_folder
from spiritstream.cli.watching import changed, digest, settled
from spiritstream.control.runnerlock import lock_of, only_runner
from spiritstream.errors import ExitCode, SpiritError
from spiritstream.ffmpeg.find import Ffmpeg, find_ffmpeg
from spiritstream.journal import open_journal
from spiritstream.model.profile import Profile
from spiritstream.run.runner import Runner
from spiritstream.run.server import serve
from spiritstream.run.unit import Tools, log
from spiritstream.secret import Secret

T = TypeVar("T")


class Foreground:
    """`spiritstream run`, from the file to the last child's end."""

    def __init__(
        self,
        path: Path,
        *,
        identity: Path | None = None,
        ffmpeg: str | None = None,
        socket_path: Path | None = None,
        lock_path: Path | None = None,
        form: str = "plain",
        verbose: bool | None = False,
        tools: Callable[[Ffmpeg], Tools] = Tools,
        beside: Callable[[Runner], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        """`lock_path` lets two shows of one name be on air at once: only for who knows they differ.

        `beside` goes on beside the show while it is on air; when it returns, the show ends.

        Without `ffmpeg`, and with `verbose` as `None`, the settings say which.
        """
        self._path = path
        self._identity = identity
        self._ffmpeg = ffmpeg
        self._socket_path = socket_path
        self._lock_path = lock_path
        self._form = form
        self._verbose = verbose
        self._tools = tools
        self._beside = beside
        self._stop = asyncio.Event()
        self._reload = asyncio.Event()
        # The digest of the content that is to be read, when it is known.
        self._still: str | None = None
        self._secrets: set[Secret] = set()
        self._warnings: tuple[str, ...] = ()
        self._warned: tuple[str, ...] = ()

    async def run(self, *, watch: bool) -> int:
        """Until a signal, the socket, or the show's own end. Returns the exit code."""
        self._take_signals()
        known = await digest(self._path) if watch else None
        begun = await self._unless_stopped(self._begin())
        if begun is None:
            return ExitCode.DONE
        profile, ffmpeg = begun
        # Waits for a moment if it is taken: nothing else is done as yet.
        with only_runner(self._lock_path or lock_of(state_folder(), profile.name), profile.name):
            return await self._serve(profile, ffmpeg, known=known, watch=watch)

    async def _serve(self, profile: Profile, ffmpeg: Ffmpeg, *, known: str | None, watch: bool) -> int:
        journal_form = "json" if self._form == "json" else "plain"
        runner = Runner(self._tools(ffmpeg))
        with self._shown(runner, journal_form):
            async with serve(runner, self._socket_path or socket_for(profile.name), self._stop.set):
                return await self._on_air(runner, profile, known=known, watch=watch)

    async def _begin(self) -> tuple[Profile, Ffmpeg]:
        # The file is read by another process meanwhile.
        profile, ffmpeg = await asyncio.gather(self._open(), self._find(), return_exceptions=True)
        if isinstance(profile, BaseException):
            raise profile
        if isinstance(ffmpeg, BaseException):
            raise ffmpeg
        return profile, ffmpeg

    async def _find(self) -> Ffmpeg:
        told = self._ffmpeg and self._verbose is not None
        chosen = Chosen() if told else await open_settings()
        if self._verbose is None:
            self._verbose = chosen.verbose
        return await asyncio.to_thread(find_ffmpeg, self._ffmpeg, os.environ, chosen.ffmpeg)

    async def _unless_stopped(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What comes of `work`; `None` when the end is ordered first."""
        working, stopped = asyncio.create_task(work), asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            working.cancel()
            stopped.cancel()
            await asyncio.gather(working, stopped, return_exceptions=True)

    async def _open(self) -> Profile:
        opened = await open_file(self._path, self._identity)
        # Old secrets stay known: a child that is ending may still name them.
        self._secrets.update(opened.profile.secrets())
        self._warnings = opened.warnings
        return opened.profile

    def _warn(self) -> None:
        """Say what platforms may object to, each once."""
        for text in self._warnings:
            if text not in self._warned:
                log.warning("%s", text.replace("\n  hint: ", " - "))
        self._warned = self._warnings

    def _shown(self, runner: Runner, journal_form: str) -> contextlib.AbstractContextManager[None]:
        handler = open_journal(
            journal_form, lambda: self._secrets.union(runner.learnt()), verbose=bool(self._verbose)
        )
        if self._form != "table":
            return contextlib.nullcontext()
        from spiritstream.cli.table import live_table

        return live_table(runner.status, handler)

    async def _on_air(self, runner: Runner, profile: Profile, *, known: str | None, watch: bool) -> int:
        tasks = [asyncio.create_task(self._keep_current(runner))]
        if watch:
            tasks.append(asyncio.create_task(self._watch(known)))
        try:
            self._warn()
            await runner.apply(profile)
            if not any(profile.on_air()):
                log.warning("nothing is enabled in this profile: nothing runs")
                if not watch:
                    return ExitCode.DONE
            await self._until_ordered(runner)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await runner.stop()
        return ExitCode.DONE

    async def _until_ordered(self, runner: Runner) -> None:
        endings: list[Coroutine[Any, Any, object]] = [self._stop.wait(), runner.ended()]
        if self._beside is not None:
            endings.append(self._beside(runner))
        events = [asyncio.create_task(ending) for ending in endings]
        try:
            done, _ = await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for event in events:
                event.cancel()
            # What goes on beside the show ends before it, and may still look at it.
            await asyncio.gather(*events, return_exceptions=True)
        for event in done:
            event.result()

    async def _keep_current(self, runner: Runner) -> None:
        """Apply the file again each time somebody asks for it. A bad file changes nothing."""
        while True:
            await self._reload.wait()
            self._reload.clear()
            try:
                profile = await self._read()
                self._warn()
                if not await runner.apply(profile):
                    log.info("the file was read again: no change")
                runner.error = ""
            except SpiritError as error:
                runner.error = str(error)
                log.error("the change was not applied; what ran runs on\n%s", error)
            except Exception as error:
                runner.error = f"unexpected fault: {type(error).__name__}"
                log.exception("unexpected fault while the change was applied")

    async def _read(self) -> Profile:
        """The file's profile. After an edit that was noticed: read while the file stood still."""
        still, self._still = self._still, None
        while True:
            opening = asyncio.create_task(self._open())
            await asyncio.gather(opening, return_exceptions=True)
            if still is None or still == await digest(self._path):
                return opening.result()
            # It was written to meanwhile: what was read may be half of it.
            still = await settled(self._path)

    async def _watch(self, known: str | None) -> None:
        async for seen in changed(self._path, known):
            self._still = seen
            self._reload.set()

    def _read_again(self) -> None:
        self._still = None
        self._reload.set()

    def _take_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._read_again)
