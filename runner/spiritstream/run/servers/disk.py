"""The cache's disk, asked in threads of its own: one that hangs holds up nobody.

The loop's own threads are few, targets start in them, and it waits for them when it ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

WAIT_S = 1.0


class Disk:
    """One runner's. About each thing only one question is under way: threads do not pile up."""

    def __init__(self) -> None:
        self._going: dict[str, Future[Any]] = {}

    async def ask(self, about: str, work: Callable[[], T]) -> T | None:
        """What comes of `work`; `None` if it takes long, or the last one about the same still goes on."""
        if about in self._going and not self._going[about].done():
            return None
        going = self._going[about] = Future[T]()
        # It cannot be cancelled from here on: the thread has it.
        going.set_running_or_notify_cancel()
        threading.Thread(target=_work, args=(work, going), name="cache", daemon=True).start()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT_S):
                return await asyncio.wrap_future(going)
        return None


def _work(work: Callable[[], T], going: Future[T]) -> None:
    try:
        going.set_result(work())
    except BaseException as error:
        going.set_exception(error)
