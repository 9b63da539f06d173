"""Pretend keys that are found again wherever they turn up, however they are spelled."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

# So much of a key is a leak, too.
_PART = 10


@dataclass(frozen=True, slots=True)
class Canary:
    """A key: a core that no encoding of text changes, between characters that each of them changes."""

    name: str
    before: str = ""
    after: str = ""
    core: str = field(default_factory=lambda: f"c{secrets.token_hex(10)}")

    @property
    def text(self) -> str:
        """The key."""
        return f"{self.before}{self.core}{self.after}"

    def traces(self) -> Iterator[tuple[str, bytes]]:
        """What betrays it. Its core is the same percent-encoded, escaped as JSON, or as Python writes it."""
        core = self.core.encode()
        yield "as text", core[:_PART]
        yield "as text, its end", core[-_PART:]
        yield "as hex", core.hex().encode()
        yield "as UTF-16", self.core.encode("utf-16-le")
        for shift in range(3):
            coded = base64.b64encode(bytes(shift) + core)
            # Without the characters that depend on what stands around it.
            yield "as base64", coded[4 : -4 if coded.endswith(b"=") else None]


def leaks(places: Mapping[str, bytes], canaries: list[Canary]) -> list[str]:
    """Which key is found where, and how. Not the text around it."""
    return [
        f"{canary.name} {how} in {place}"
        for place, content in places.items()
        for canary in canaries
        for how, trace in canary.traces()
        if trace in content
    ]


def files_below(folder: Path, *but: Path) -> dict[str, bytes]:
    """The content, and the names, of all files below a folder."""
    found = [path for path in folder.rglob("*") if path not in but]
    content = {str(path): path.read_bytes() for path in found if path.is_file()}
    return {**content, f"names in {folder}": "\n".join(map(str, found)).encode()}
