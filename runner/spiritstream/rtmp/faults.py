"""The one error of this package."""

from __future__ import annotations


class RtmpError(ValueError):
    """The peer's bytes break the protocol or a bound; the connection is of no more use.

    The text never repeats what the peer sent: it may hold a stream key.
    """
