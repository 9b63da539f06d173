"""The small process in front of an address: it accepts, and hands each publisher to the runner it belongs to.

    python -m spiritstream.run.ingest.listener HOST PORT FOLDER

It is started by a runner that finds none, serves every runner that registers, and ends with the last of them.
It holds no key, only digests, and no media of plain RTMP: killed, it takes no publisher along.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import os
import socket
import sys
from pathlib import Path
from typing import Any

from spiritstream.run.ingest.certificate import Certificate, why
from spiritstream.run.ingest.channel import PROTOCOL, Channel, Words, is_ours
from spiritstream.run.ingest.door import Denial, Door, Peer, peer_of
from spiritstream.run.ingest.gate import Denied, Gate, Refusal, Registration
from spiritstream.run.ingest.limits import Limits
from spiritstream.run.ingest.lodging import Lodging
from spiritstream.run.ingest.tally import Tally

# Whoever started us registers at once, unless it has died meanwhile.
_FIRST_S = 1.5
_TELL_S = 5.0
_EXHAUSTED_S = 0.2
_SALT_BYTES = 16
_EVERYBODY = "many addresses"


class Listener:
    """One address, and the runners that registered for it."""

    def __init__(self, lodging: Lodging, limits: Limits | None = None) -> None:
        self._lodging = lodging
        self._limits = limits or Limits()
        self._holders: dict[int, Channel] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._numbers = itertools.count(1)
        self._tally: Tally[tuple[Denied, str, str | None]] = Tally((Denied.CROWD, _EVERYBODY, None))
        self._gate = Gate(
            lodging.address, os.urandom(_SALT_BYTES), loopback=peer_of((lodging.host, 0)).counted is None
        )
        self._door: Door | None = None
        self._used = False
        self._over = asyncio.Event()

    async def run(self) -> None:
        """Until the last runner has left, or none came."""
        loop = asyncio.get_running_loop()
        listening = self._lodging.listen()
        tasks = [asyncio.create_task(self._answer(listening)), asyncio.create_task(self._tell())]
        unused = loop.call_later(_FIRST_S, self._end_if_unused)
        try:
            await self._over.wait()
        finally:
            unused.cancel()
            # Nobody may find us any more, before the port is free for our successor.
            with contextlib.suppress(OSError):
                self._lodging.path.unlink()
            listening.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._shut()
            for channel in self._holders.values():
                channel.close()

    async def _answer(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                line, _ = await loop.sock_accept(listening)
            except OSError:
                await asyncio.sleep(_EXHAUSTED_S)  # no descriptor is left for the moment
                continue
            if is_ours(line):
                self._welcome(line)
            else:
                line.close()

    def _welcome(self, line: socket.socket) -> None:
        holder = next(self._numbers)
        channel = Channel(
            line, lambda words, _more, given: self._heard(holder, words, given), lambda: self._left(holder)
        )
        self._holders[holder] = channel
        channel.send({"hello": "listener", "protocol": PROTOCOL, "salt": self._gate.salt.hex()})

    def _heard(self, holder: int, words: Words, given: list[socket.socket]) -> None:
        for sock in given:
            sock.close()
        if isinstance(wanted := words.get("register"), dict):
            self._register(holder, wanted)
        elif "leave" in words:
            self._left(holder)

    def _register(self, holder: int, said: dict[str, Any]) -> None:
        try:
            wanted = registration(said)
        except (KeyError, TypeError, ValueError):
            self._left(holder)
            return
        refusal = self._gate.register(holder, wanted) or self._open(wanted)
        self._used = True
        if refusal is None:
            self._holders[holder].send({"registered": True})
            return
        self._gate.leave(holder)
        texts = {"code": refusal.code, "message": refusal.message, "advice": refusal.advice}
        self._holders[holder].send({"refused": texts})

    def _open(self, wanted: Registration) -> Refusal | None:
        """Open the port for the first registration; say why that cannot be."""
        if self._door is not None:
            return None
        try:
            tls = self._certificate(wanted)
        except OSError as error:
            advice = "look at input.rtmp.tls, and whether this user may read the files"
            return Refusal("certificate", f"RTMPS cannot begin: {why(error)}", advice)
        try:
            listening = bound(self._lodging.host, self._lodging.port)
        except OSError as error:
            return not_bound(self._lodging, error)
        self._door = Door(
            listening,
            self._gate,
            self._limits,
            hand_over=self._hand_over,
            denied=self._denied,
            tls=tls.context if tls else None,
        )
        return None

    def _certificate(self, wanted: Registration) -> Certificate | None:
        if wanted.certificate is None or wanted.private_key is None:
            return None
        return Certificate(wanted.certificate, wanted.private_key, self._trouble)

    def _hand_over(self, holder: int, sock: socket.socket, replay: bytes, peer: Peer) -> bool:
        return self._holders[holder].send({"publisher": str(peer)}, replay, give=[sock])

    def _denied(self, denial: Denial, peer: Peer) -> None:
        key = (denial.kind, peer.host, denial.app if denial.kind in (Denied.KEY, Denied.RUNNER) else None)
        if told := self._tally.note(key, asyncio.get_running_loop().time()):
            self._say(told, 1)

    async def _tell(self) -> None:
        """Tell how many more of the same were denied, now and then."""
        while True:
            await asyncio.sleep(_TELL_S)
            for key, count in self._tally.due(asyncio.get_running_loop().time()):
                self._say(key, count)

    def _say(self, key: tuple[Denied, str, str | None], times: int) -> None:
        kind, host, app = key
        for holder in self._gate.concerned(app):
            self._holders[holder].send({"denied": str(kind), "peer": host, "times": times})

    def _trouble(self, text: str) -> None:
        for channel in self._holders.values():
            channel.send({"trouble": text})

    def _left(self, holder: int) -> None:
        leaving = asyncio.create_task(self._dismiss(holder))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    async def _dismiss(self, holder: int) -> None:
        """A runner leaves: with the last of them the port is closed, and this process ends."""
        self._gate.leave(holder)
        if self._used and not self._gate:
            await self._shut()
        if channel := self._holders.pop(holder, None):
            channel.send({"left": True})
            channel.close()
        if self._used and not self._gate:
            self._over.set()

    async def _shut(self) -> None:
        door, self._door = self._door, None
        if door is not None:
            await door.close()

    def _end_if_unused(self) -> None:
        if not self._used:
            self._over.set()


def registration(said: dict[str, Any]) -> Registration:
    """What a runner asks for.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    digest = said["digest"]
    return Registration(
        profile=str(said["profile"]),
        app=str(said["app"]),
        digest=None if digest is None else bytes.fromhex(digest),
        open=said["open"] is True,
        certificate=said["certificate"],
        private_key=said["private_key"],
    )


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there; on `::` for IPv4, too.

    Raises:
        OSError: it cannot be.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = host == "::" and socket.has_dualstack_ipv6()
    listening = socket.create_server((host, port), family=family, backlog=128, dualstack_ipv6=both)
    listening.setblocking(False)
    return listening


_ADVICE: dict[int | None, tuple[str, str]] = {
    errno.EADDRINUSE: (
        "another program listens there already",
        "end that program, or write another port in input.rtmp.listen",
    ),
    errno.EACCES: (
        "ports below 1024 are for root",
        "write a port from 1024 on in input.rtmp.listen, such as 1935",
    ),
    errno.EADDRNOTAVAIL: (
        "this machine has no such address",
        "write one that it has in input.rtmp.listen, or 0.0.0.0 for all of them",
    ),
}


def not_bound(lodging: Lodging, error: OSError) -> Refusal:
    """Why the port cannot be opened, for a person."""
    fallback = (error.strerror or "it is no address", "write another address in input.rtmp.listen")
    reason, advice = _ADVICE.get(error.errno, fallback)
    return Refusal("not-listening", f"{lodging.address} cannot be listened on: {reason}", advice)


def main(arguments: list[str]) -> int:
    """The process: leaves silently when another one serves the address."""
    host, port, folder = arguments
    lodging = Lodging(Path(folder), host, int(port))
    if lodging.take() is None:
        return 0
    os.chdir("/")
    asyncio.run(_serve(lodging))
    return 0


async def _serve(lodging: Lodging) -> None:
    await Listener(lodging).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
