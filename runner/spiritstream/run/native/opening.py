"""From an address to a server that takes the stream, each step bounded in time."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from spiritstream.errors import SpiritError
from spiritstream.ffmpeg.address import spoken_forms
from spiritstream.model.profile import Address
from spiritstream.model.status import Cause
from spiritstream.rtmp.client import ClientSession
from spiritstream.run.native import answers
from spiritstream.run.native.endpoint import Endpoint, endpoint, redirected
from spiritstream.run.native.failures import failure
from spiritstream.run.native.publication import Publication, Timings
from spiritstream.secret import Secret
from spiritstream.sockets import StreamSocket, client_tls

STEP_S = 10.0
_MOST_REDIRECTS = 2
_NOISE_BYTES = 1536


class PublishError(SpiritError):
    """A server was not reached, or does not take the stream: `cause` says why, `timings` how far it came."""

    def __init__(self, cause: Cause, timings: Timings) -> None:
        super().__init__(cause.message, cause.advice)
        self.cause = cause
        self.timings = timings


async def open_publish(
    address: Address,
    *,
    publish: bool = True,
    fourccs: Sequence[str] = (),
    tls: ssl.SSLContext | None = None,
    step_s: float = STEP_S,
    hidden: Sequence[Secret] = (),
) -> Publication:
    """Connect to an RTMP or RTMPS address and publish under its key; with `publish=False` only connect.

    `fourccs` are the Enhanced RTMP codecs that will be sent; `tls` is how RTMPS is verified, if not by the
    system's trust store; `hidden` must not be seen beside the address's own secrets. Connecting, greeting
    and publishing may take `step_s` each. A server's redirect is followed twice at most, and only where
    `endpoint.redirected` allows it; `Publication.via` tells.

    Raises:
        PublishError: it did not come about; nothing of it is left open.
    """
    if address.username is not None:
        raise PublishError(answers.NEEDS_LOGIN, Timings())
    here = endpoint(address)
    via: tuple[str, ...] = ()
    while True:
        attempt = _Attempt(address, here, step_s, hidden)
        publication = await attempt.run(publish, fourccs, (tls or client_tls()) if here.tls else None)
        if not publication.redirect:
            publication.via = via
            return publication
        publication.close()
        there = redirected(here, publication.redirect)
        if there is None or len(via) == _MOST_REDIRECTS:
            raise PublishError(answers.elsewhere(_host(publication.redirect)), publication.timings)
        here, via = there, (*via, here.host)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


class _Attempt:
    """One connection to one server, and a stopwatch."""

    def __init__(self, address: Address, here: Endpoint, step_s: float, hidden: Sequence[Secret]) -> None:
        self._loop = asyncio.get_running_loop()
        self._secrets = (*spoken_forms(address), *hidden)
        self._here = here
        self._step_s = step_s
        self._begun = self._loop.time()
        self._timings = Timings()
        self._step = "resolve"

    async def run(self, publish: bool, fourccs: Sequence[str], tls: ssl.SSLContext | None) -> Publication:
        sock = await self._connect(tls)
        session = ClientSession(
            app=self._here.app,
            tc_url=self._here.tc_url,
            key=self._here.name,
            noise=os.urandom(_NOISE_BYTES),
            publish=publish,
            fourccs=fourccs,
        )
        publication = Publication(sock, session, host=self._here.host, secrets=self._secrets)
        try:
            await self._talk(publication, publish)
        except BaseException:
            publication.close()
            raise
        publication.timings = self._timings
        return publication

    async def _connect(self, tls: ssl.SSLContext | None) -> StreamSocket:
        following = {"resolve": "connect", "connect": "tls", "tls": "rtmp"}

        def done(step: str) -> None:
            self._lap(step)
            self._step = following[step]

        try:
            return await StreamSocket.connect(
                self._here.host, self._here.port, tls=tls, timeout_s=self._step_s, done=done
            )
        except OSError as error:
            cause = failure(error, step=self._step, host=self._here.host)
            raise PublishError(cause, self._timings) from None

    async def _talk(self, publication: Publication, publish: bool) -> None:
        publication.begin()
        await self._reach(publication, "rtmp", lambda: publication.connected)
        if publish and not publication.redirect:
            await self._reach(publication, "publish", lambda: publication.publishing)

    async def _reach(self, publication: Publication, step: str, what: Callable[[], bool]) -> None:
        try:
            await publication.reach(lambda: what() or bool(publication.redirect), self._step_s)
        except TimeoutError:
            raise PublishError(answers.silent(), self._timings) from None
        if publication.cause is not None and not publication.redirect:
            raise PublishError(publication.cause, self._timings)
        self._lap(step)

    def _lap(self, step: str) -> None:
        now = self._loop.time()
        lap_ms = {f"{step}_ms": round((now - self._begun) * 1000, 1)}
        self._timings = replace(self._timings, **lap_ms)
        self._begun = now
