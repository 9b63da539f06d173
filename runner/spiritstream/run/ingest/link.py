"""A runner's line to the listener of its address: found or started, and made anew whenever it is lost."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from spiritstream.model.profile import RtmpInput
from spiritstream.model.status import Cause
from spiritstream.run.ingest.channel import PROTOCOL, Channel, Words, is_ours
from spiritstream.run.ingest.gate import digest_of
from spiritstream.run.ingest.lodging import Lodging
from spiritstream.run.ingest.spawn import Spawned, spawn_listener

# A busy machine needs seconds to start a Python; more than this is a fault.
_START_S = 10.0
_ANSWER_S = 5.0
_LOOK_S = 0.02
_AGAIN_S = 5.0
_LEAVE_S = 2.0


@dataclass(frozen=True, slots=True)
class Events:
    """What a link reports, each from the loop."""

    publisher: Callable[[socket.socket, bytes, str], None]
    """A publisher with the right key: its socket, what it has said so far, and where it is from."""
    denied: Callable[[str, str, int], None]
    """A connection did not get to publish: kind, address, how often."""
    trouble: Callable[[str], None]
    """Something a person should know."""


class Link:
    """Keeps one registration. `refused` says why there is none, while that is so."""

    def __init__(self, wanted: RtmpInput, profile: str, lodging: Lodging, events: Events) -> None:
        self._wanted = wanted
        self._profile = profile
        self._lodging = lodging
        self._events = events
        self._channel: Channel | None = None
        self._lost = asyncio.Event()
        self._answers: asyncio.Queue[Words] = asyncio.Queue()
        self._keeping: asyncio.Task[None] | None = None
        self.refused: Cause | None = None
        self.joined = asyncio.Event()

    def start(self) -> None:
        """Register, and stay registered."""
        self._keeping = asyncio.create_task(self._keep())

    def check(self) -> None:
        """Raise what went wrong where it must not."""
        if self._keeping is not None and self._keeping.done():
            self._keeping.result()

    async def leave(self) -> None:
        """Give the registration back; if it was the last, wait until the listener has closed the port."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        if self._channel is None:
            return
        if not self._lost.is_set() and self._channel.send({"leave": True}):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LEAVE_S):
                    await self._lost.wait()
        self._close()

    async def _keep(self) -> None:
        while True:
            self.refused = await self._join()
            if self.refused is not None:
                self._close()
                await asyncio.sleep(_AGAIN_S)
            elif self._lost.is_set():
                await asyncio.sleep(_LOOK_S)  # it was just leaving: the next try finds another
            else:
                self.joined.set()
                await self._lost.wait()
                self.joined.clear()
                self._events.trouble(f"the listener for {self._lodging.address} is gone: it is started anew")
            self._close()

    def _close(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    async def _join(self) -> Cause | None:
        """One try to register, and why it failed."""
        address = self._lodging.address
        try:
            async with asyncio.timeout(_START_S):
                self._lodging.prepare()
                line = await self._line()
        except TimeoutError:
            return Cause(
                "no-listener",
                f"the listener for {address} does not start",
                "look whether this machine has memory and processes left, and report it if so",
            )
        except OSError as error:
            return Cause(
                "no-listener",
                f"the listener for {address} is not reached in {self._lodging.folder}: {error.strerror}",
                "let XDG_RUNTIME_DIR name a folder that only this user may write to",
                person=True,
            )
        return await self._introduced(line)

    async def _line(self) -> socket.socket:
        """A line to the listener, which is started where there is none."""
        spawned: Spawned | None = None
        while True:
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError, BlockingIOError):
                line = self._lodging.call()
                if is_ours(line):
                    return line
                line.close()
                raise PermissionError(0, "somebody else answers there")
            if spawned is None or spawned.ended:
                spawned = spawn_listener(self._lodging)
            await asyncio.sleep(_LOOK_S)

    async def _introduced(self, line: socket.socket) -> Cause | None:
        self._lost.clear()
        self._answers = asyncio.Queue()
        self._channel = Channel(line, self._heard, self._ended)
        try:
            async with asyncio.timeout(_ANSWER_S):
                answer = await self._answers.get()
                if answer.get("protocol") == PROTOCOL:
                    self._channel.send({"register": self._registration(bytes.fromhex(str(answer["salt"])))})
                    answer = await self._answers.get()
        except TimeoutError:
            return self._useless("does not answer", "end it: another one is started then")
        match answer:
            case {"refused": {"code": str(code), "message": str(message), "advice": str(advice)}}:
                return Cause(code, message, advice, person=True)
            case {"registered": True} | {"gone": True}:
                return None
        return self._useless(
            "is of another version of spiritstream", "restart the other shows on that address"
        )

    def _useless(self, what: str, advice: str) -> Cause:
        return Cause("no-listener", f"the listener for {self._lodging.address} {what}", advice, person=True)

    def _registration(self, salt: bytes) -> Words:
        key = self._wanted.key
        return {
            "profile": self._profile,
            "app": self._wanted.app.strip("/"),
            "digest": digest_of(salt, key.reveal()).hex() if key else None,
            "open": self._wanted.open,
            "certificate": self._wanted.certificate,
            "private_key": self._wanted.private_key,
        }

    def _ended(self) -> None:
        self._lost.set()
        self._answers.put_nowait({"gone": True})

    def _heard(self, words: Words, more: bytes, given: Sequence[socket.socket]) -> None:
        match words:
            case {"publisher": str(peer)} if len(given) == 1:
                self._events.publisher(given[0], more, peer)
                return
            case {"denied": str(kind), "peer": str(peer), "times": int(times)}:
                self._events.denied(kind, peer, times)
            case {"trouble": str(text)}:
                self._events.trouble(text)
            case _:
                self._answers.put_nowait(words)
        for sock in given:
            sock.close()
