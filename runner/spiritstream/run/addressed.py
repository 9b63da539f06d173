"""What every target has in common: its address is settled anew for each connection."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace

from spiritstream.model.lifecycle import Event, State
from spiritstream.model.profile import Target
from spiritstream.model.status import Cause
from spiritstream.run.broadcasts import Broadcasts
from spiritstream.run.feeding import SOURCE_ENDED
from spiritstream.run.servers import Servers, Settled, has_fallback
from spiritstream.run.unit import Tools, Unit
from spiritstream.secret import Secret

# Causes that another server may not have; a wrong key, or media that it does not take, would go along.
_SERVERS_FAULTS = frozenset(
    {
        *("closed", "not-rtmp", "permission", "redirected", "refused", "reset", "server-error"),
        *("stalled", "timeout", "tls", "unknown", "unknown-host", "unreachable"),
    }
)


def _at_first(target: Target) -> str:
    """Where it leads, as far as that is known before it is settled."""
    if target.address is None:
        return target.record.path if target.record else ""
    return target.address.redacted() if has_fallback(target.address) else ""


class AddressedUnit(Unit):
    """A target, whoever carries it."""

    kind = "target"

    def __init__(self, path: str, target: Target, tools: Tools, servers: Servers | None = None) -> None:
        """`servers` is shared by all targets of a runner; without it this one has its own."""
        super().__init__(path, tools)
        self.target = target
        self.destination = _at_first(target)
        self._servers = servers or Servers(tools.cache, clock=tools.clock, wall=tools.wall)
        self._settled: Settled | None = None
        self._said = ""
        self._broadcasts = Broadcasts(target.reconnects)

    async def once(self) -> Cause | None:
        """Send until the connection is lost, stalls, or somebody orders otherwise."""
        while True:
            cause = await self._send()
            self._remember(cause)
            if cause is not SOURCE_ENDED:
                return cause

    def again(self) -> None:
        """As everywhere; one that waits for its next try chooses its server anew, too."""
        if self.state in (State.WAITING, State.FAILED):
            self._settled = None
        super().again()

    def learn(self, target: Target) -> None:
        """Take over what is known of its platform by now; what it sends, and where, is as it was."""
        self.target = target
        self._broadcasts.held_to(target.reconnects)

    @abstractmethod
    async def _send(self) -> Cause | None:
        """From one beginning of the source to its end."""

    def _happened(self, event: Event, cause: Cause | None = None) -> None:
        super()._happened(event, cause)
        if event is Event.START:
            self._broadcasts.connecting()
        elif event is Event.MEDIA:
            self._broadcasts.media(self.tools.clock())

    def _next_try(self, cause: Cause) -> tuple[float, Cause]:
        """As everywhere, but within what the platform bears."""
        delay_s, cause = super()._next_try(cause)
        name = "/".join(filter(None, [self.tools.show, *self.path.split(".")[1::2]]))
        return self._broadcasts.held_back(delay_s, cause, self.tools.clock(), name)

    async def _settle(self) -> Target | Cause | None:
        """The target with the address to connect to now; why there is none; `None` when interrupted."""
        target, settled = self.target, self._settled
        if target.address is None or target.server is None:
            return target
        # What worked until now is not chosen anew; what was given for a key is good for once.
        if settled is None or settled.given:
            found = await self._found()
            if not isinstance(found, Settled):
                return found
            settled = self._settled = found
        self.destination = settled.destination
        if settled.said != self._said:
            self._said = settled.said
            self._log.info("server: %s", settled.said)
        return replace(target, address=settled.address)

    async def _found(self) -> Settled | Cause | None:
        found: list[Settled | Cause] = []

        async def find() -> None:
            found.append(await self._servers.settle(self.target))

        await self._unless_interrupted(find())
        return found[0] if found and not self._interrupt.is_set() else None

    def _remember(self, cause: Cause | None) -> None:
        """What a run's end says of its server. Whoever interrupts it wants a choice that is new."""
        if cause is None:
            self._settled = None
        elif self._settled is not None and self.state is State.STARTING and cause is not SOURCE_ENDED:
            at_fault = cause.code in _SERVERS_FAULTS
            self._servers.failed(self.target, self._settled, server_at_fault=at_fault)
            self._settled = None

    def _hidden(self) -> tuple[Secret, ...]:
        """What must not be seen beside the present address's own secrets."""
        return self._settled.hidden if self._settled else ()

    def server(self) -> str:
        """The server that it was given, and why."""
        return self._said
