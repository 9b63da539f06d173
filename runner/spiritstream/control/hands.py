"""What the controller needs of whatever holds its runners."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from spiritstream.control.runners import RunnerInfo


class Hands(Protocol):
    """What is needed of `Runners` here."""

    on_gone: Callable[[str], None]

    def known(self) -> Mapping[str, RunnerInfo]:
        """The runners that answer."""

    async def find(self) -> list[RunnerInfo]:
        """Look for more of them."""

    async def start(self, name: str) -> RunnerInfo:
        """Start one."""

    async def call(self, name: str, call: str, *, within_s: float = ..., **args: Any) -> Any:
        """Ask one."""

    async def end(self, name: str) -> None:
        """End one."""

    def let_go(self) -> None:
        """Leave all of them to themselves."""
