"""Keeping one thing going: an input, a group or a target. Retry and state live here and nowhere else.

A unit is owned by one task. It runs *once* as long as it can (`once`, the subclass's part), and says why
it ended; this loop decides what follows. Others only set its order, and read its status.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from spiritstream.errors import SpiritError
from spiritstream.ffmpeg.causes import Kind
from spiritstream.ffmpeg.child import Child
from spiritstream.ffmpeg.diagnose import diagnose
from spiritstream.media.hub import Hub
from spiritstream.model.lifecycle import Event, Order, State, advance
from spiritstream.model.status import Cause, Incoming, Progress, TcpFigures, UnitStatus
from spiritstream.run.backoff import STEADY_S, Backoff
from spiritstream.run.tools import Tools as Tools
from spiritstream.run.tools import until_tick
from spiritstream.run.watch import Verdict, Watch

log = logging.getLogger("spiritstream.runner")

_DARK = Cause("input-silent", "nothing arrives from the input", "it goes on by itself when the input is back")


class Unit(ABC):
    """Something that shall be live, with an order, a state, and a reason when the two differ."""

    kind = "unit"
    diagnosis: Kind = "sender"
    slow_advice = "lower the bitrate, or look at the upload speed"
    destination = ""

    def __init__(self, path: str, tools: Tools) -> None:
        self.path = path
        self.tools = tools
        self.order = Order.STOPPED
        self.state = State.IDLE
        self.cause: Cause | None = None
        self.restarts = 0
        self.finished = False
        self._since = tools.wall()
        self._live_since: float | None = None
        self._next_retry: float | None = None
        self._steady_from: float | None = None
        self._backoff = Backoff(tools.draw)
        self._interrupt = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._log = logging.LoggerAdapter(log, {"path": path})

    @abstractmethod
    async def once(self) -> Cause | None:
        """Run until it ends. Returns why, or `None` when it was interrupted or is done for good.

        Nothing that it started may be left when it returns.
        """

    def start(self) -> None:
        """Order it live."""
        self.order = Order.LIVE
        self._task = asyncio.create_task(self._keep(), name=self.path)

    async def stop(self) -> None:
        """Order it to stop, and wait until nothing of it is left."""
        self.order = Order.STOPPED
        if self._task is None:
            return
        self._interrupt.set()
        self._happened(Event.STOP)
        await asyncio.wait({self._task})

    def again(self) -> None:
        """End what runs and start it anew at once; a waiting unit is tried at once."""
        self._backoff.reset()
        self._interrupt.set()

    @property
    def done(self) -> asyncio.Task[None] | None:
        """The task that ends when the unit has nothing more to do."""
        return self._task

    async def _keep(self) -> None:
        try:
            while self.order is Order.LIVE:
                cause = await self._once_guarded()
                if self._interrupt.is_set():
                    self._interrupted()
                elif cause is None:
                    self.order, self.finished = Order.STOPPED, True
                else:
                    await self._back_off(cause)
        finally:
            self._happened(Event.STOP)
            self._happened(Event.ENDED)

    def _interrupted(self) -> None:
        """`stop` ends the loop by the order; `again` goes round it without delay."""
        self._interrupt.clear()
        if self.order is Order.LIVE:
            self.restarts += 1
            self._happened(Event.LOST)

    async def _once_guarded(self) -> Cause | None:
        """A fault of ours in one unit is a cause like any other: shown, retried, and no harm to the rest."""
        try:
            return await self.once()
        except SpiritError as error:
            return Cause("refused", error.message, error.hint, person=True)
        except Exception as error:
            self._log.exception("unexpected fault in %s", self.path)
            return Cause(
                "internal", f"unexpected fault: {type(error).__name__}", "please report it with the log"
            )

    async def _back_off(self, cause: Cause) -> None:
        delay_s, cause = self._next_try(cause)
        self._happened(Event.REFUSED if cause.person else Event.LOST, cause)
        self.restarts += 1
        self._next_retry = self.tools.wall() + delay_s
        when = f"trying again in {delay_s:.0f} s" if delay_s >= 1 else "trying again now"
        advice = f" ({cause.advice.rstrip('.')})" if cause.advice else ""
        self._log.warning("%s; %s%s", cause.message.rstrip("."), when, advice)
        # Also without a delay the others get their turn: this may be a loop that fails at once.
        await self._unless_interrupted(asyncio.sleep(delay_s))
        self._interrupt.clear()
        self._next_retry = None

    def _next_try(self, cause: Cause) -> tuple[float, Cause]:
        """How long to wait after `cause`, and what is said of it."""
        return self._backoff.next_delay_s(person=cause.person), cause

    def _happened(self, event: Event, cause: Cause | None = None) -> None:
        """Move to the next state and keep the books that hang on it."""
        before, self.state = self.state, advance(self.state, event)
        if event is Event.MEDIA and self.order is Order.LIVE:
            self._note_media()
        elif event is not Event.START:
            self._steady_from = None
        if cause is not None:
            self.cause = cause
        if before is not self.state:
            self._since = self.tools.wall()
            self._live_since = self._since if self.state is State.LIVE else None
            log.info("%s", self.state, extra={"path": self.path, "state": str(self.state)})

    def _note_media(self) -> None:
        now = self.tools.clock()
        if self._steady_from is None:
            self._steady_from = now
        elif now - self._steady_from >= STEADY_S:
            self._backoff.reset()

    async def _source_ready(self, hub: Hub) -> bool:
        """Wait until `hub` has something to start with. False when interrupted first."""
        if hub.ready:
            return True
        self._happened(Event.STARVED, _DARK)
        return await self._unless_interrupted(hub.wait_ready())

    async def _unless_interrupted(self, event: Coroutine[Any, Any, object]) -> bool:
        """Wait for `event`, and raise what it raises. False when somebody interrupts first."""
        happened = asyncio.ensure_future(event)
        interrupted = asyncio.ensure_future(self._interrupt.wait())
        try:
            await asyncio.wait({happened, interrupted}, return_when=asyncio.FIRST_COMPLETED)
            if interrupted.done():
                return False
            happened.result()
            return True
        finally:
            happened.cancel()
            interrupted.cancel()
            # What it holds, such as a process, is to be gone.
            await asyncio.gather(happened, interrupted, return_exceptions=True)

    async def _attend(
        self,
        look: Callable[[], Cause | None],
        child: Child | None = None,
        ended: Coroutine[Any, Any, object] | None = None,
    ) -> Cause | None:
        """Watch until it has `ended` (the child's exit), `look` finds a cause, or an interrupt (`None`)."""
        waiters: set[asyncio.Future[Any]] = {asyncio.ensure_future(self._interrupt.wait())}
        if child is not None:
            ended = ended or child.wait()
        if ended is not None:
            end = asyncio.ensure_future(ended)
            waiters.add(end)
        try:
            while True:
                await asyncio.wait(waiters, timeout=until_tick(), return_when=asyncio.FIRST_COMPLETED)
                if self._interrupt.is_set():
                    return None
                if child is not None and end.done():
                    return diagnose(list(child.lines), kind=self.diagnosis, returncode=child.returncode)
                if (cause := look()) is not None:
                    return cause
        finally:
            for waiter in waiters:
                waiter.cancel()

    def _judge(self, watch: Watch, *, given: float, passed: float, full: bool = False) -> Cause | None:
        """Turn a look's verdict into an event, or into the cause that ends this run."""
        verdict = watch.look(self.tools.clock(), given=given, passed=passed, full=full)
        if verdict is Verdict.ADVANCING:
            self._happened(Event.MEDIA)
        elif verdict is Verdict.STARVED:
            self._happened(Event.STARVED, _DARK)
        elif verdict is Verdict.STALLED:
            return Cause(
                "stalled",
                "no media has gone out for 15 s",
                "it is restarted; if it happens often, look at the network",
            )
        elif verdict is Verdict.CLOGGED:
            return Cause("too-slow", "it takes media more slowly than it comes, for 15 s", self.slow_advice)
        return None

    # What a subclass has to show.

    def progress(self) -> Progress:
        """The figures of what runs now."""
        return Progress()

    def pids(self) -> Sequence[int]:
        """The processes that run for this unit now."""
        return ()

    def queue(self) -> tuple[int, float, int]:
        """The unit's queue: bytes, seconds, dropped groups of pictures."""
        return 0, 0.0, 0

    def detail(self) -> str:
        """A few words on what it is made of: codecs, encoder."""
        return ""

    def incoming(self) -> Incoming | None:
        """What arrives, as measured: an input's to say."""
        return None

    def tcp(self) -> TcpFigures | None:
        """The figures of its own connection, where it has one."""
        return None

    def server(self) -> str:
        """The server that it was given, and why, where its profile leaves that open: a target's to say."""
        return ""

    def status(self) -> UnitStatus:
        """Everything about the unit as values."""
        queue_bytes, queue_s, dropped = self.queue()
        pids = self.pids()
        return UnitStatus(
            path=self.path,
            kind=self.kind,
            order=self.order,
            state=self.state,
            since=self._since,
            live_since=self._live_since,
            destination=self.destination,
            detail=self.detail(),
            progress=self.progress(),
            queue_bytes=queue_bytes,
            queue_s=round(queue_s, 3),
            dropped_gops=dropped,
            restarts=self.restarts,
            pid=pids[0] if pids else None,
            incoming=self.incoming(),
            tcp=self.tcp(),
            cause=self.cause,
            next_retry=self._next_retry,
            server=self.server(),
        )
