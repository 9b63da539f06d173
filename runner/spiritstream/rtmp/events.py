"""What a session reports: to the side that receives a stream, and to the side that publishes one. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Publish:
    """The peer asks to publish; `accept` or `refuse` answers it. `name` is what a key is compared with.

    `name` and `query` (what follows its first `?`) never show in a repr.
    """

    app: str
    name: str = field(repr=False)
    query: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class PlayRefused:
    """The peer asked to play, and was told no."""

    app: str


@dataclass(frozen=True, slots=True)
class Media:
    """Sound, picture or data, as the peer sent it; `time_ms` is the peer's 32-bit clock."""

    kind: int
    time_ms: int
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unpublished:
    """The peer said goodbye to its stream; the connection may stay."""


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping."""

    token: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The peer has read so many bytes since the connection began, modulo 2^32."""

    count: int


Event = Publish | PlayRefused | Media | Unpublished | Pong | Acknowledged


@dataclass(frozen=True, slots=True)
class Connected:
    """The server took the `connect`: address and app are right."""


@dataclass(frozen=True, slots=True)
class Publishing:
    """The server took the `publish`: media may go out."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server said no. `step` is connect, createStream or publish; the texts are scrubbed of the key."""

    step: str
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class Redirected:
    """The server sends us elsewhere."""

    url: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The server ended a stream that it had taken."""

    code: str
    description: str = ""


ClientEvent = Connected | Publishing | Refused | Redirected | Ended | Pong | Acknowledged
