"""The runner's unix socket: status, plan, apply, restart, stop. Only its owner may connect."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from spiritstream import __version__
from spiritstream.calls import Call, answering
from spiritstream.errors import BusyError
from spiritstream.model.profile import Profile
from spiritstream.run.runner import Runner
from spiritstream.wire import PROTOCOL, from_data, to_data


def serve(
    runner: Runner, path: Path, stop: Callable[[], None], *, managed: bool = False
) -> AbstractAsyncContextManager[None]:
    """Answer on the socket at `path` for as long as the context lasts; `stop` ends the runner.

    `managed` tells that a controller started it, and orders it.

    Raises:
        BusyError: another runner answers there.
        UsageError: the path cannot be a socket.
    """
    calls = _Calls(runner, stop, managed)
    busy = BusyError(
        f"a runner for this profile is on air already ({path})",
        "stop it first, or edit its profile and send it SIGHUP",
    )
    return answering(path, "runner", calls.hello, calls.known, busy)


class _Calls:
    """What may be asked of a runner."""

    def __init__(self, runner: Runner, stop: Callable[[], None], managed: bool) -> None:
        self._runner = runner
        self._stop = stop
        self._managed = managed
        self.known: dict[str, Call] = {
            "status": self._status,
            "plan": self._plan,
            "apply": self._apply,
            "restart": self._restart,
            "stop": self._end,
        }

    def hello(self) -> dict[str, Any]:
        """Who answers here."""
        name = self._runner.profile.name if self._runner.profile else ""
        return {
            "hello": "runner",
            "protocol": PROTOCOL,
            "version": __version__,
            "profile": name,
            "pid": os.getpid(),
            "managed": self._managed,
        }

    async def _status(self, args: dict[str, Any]) -> Any:
        return to_data(self._runner.status())

    async def _plan(self, args: dict[str, Any]) -> Any:
        return to_data(self._runner.plan(from_data(Profile, args.get("profile"))))

    async def _apply(self, args: dict[str, Any]) -> Any:
        return to_data(await self._runner.apply(from_data(Profile, args.get("profile"))))

    async def _restart(self, args: dict[str, Any]) -> Any:
        self._runner.restart(str(args.get("path", "")))
        return {}

    async def _end(self, args: dict[str, Any]) -> Any:
        self._stop()
        return {}
