"""Where a target connects: servers that are looked up and measured when it does, and remembered."""

from spiritstream.run.servers.servers import NEEDS_KEY, Servers, has_fallback
from spiritstream.run.servers.settled import Settled

__all__ = ["NEEDS_KEY", "Servers", "Settled", "has_fallback"]
