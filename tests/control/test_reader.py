"""What the reader keeps of its looks beside the last two."""

from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import Mock

import pytest

from spiritstream.config.registry import Known
from spiritstream.control import opening
from spiritstream.control.opening import Opened, ProfileOpener
from spiritstream.control.reader import Reader
from spiritstream.control.source import Entry, Reading
from spiritstream.model.profile import Address, Group, Profile, Target, TestInput
from spiritstream.secret import Secret


@dataclass
class Files:
    """A source whose files are keys: each is a profile that sends with it."""

    keys: dict[str, str] = field(default_factory=dict)
    where: str = "here"
    opened: list[str] = field(default_factory=list)

    async def read(self) -> Reading:
        """What is there."""
        entries = {file: Entry(file, key.encode(), Path("/here")) for file, key in self.keys.items()}
        return Reading(entries, "", complete=True)

    async def wait(self) -> None:
        """Nobody waits here."""

    def close(self) -> None:
        """Nothing to let go of."""

    def open(self, entry: Entry, common: Entry | None, known: Known) -> Opened:
        """The profile that a file says."""
        self.opened.append(entry.file)
        address = Address("rtmp://live.example.org/app", key=Secret(entry.data.decode()))
        group = Group("source", targets=(Target("one", address=address),))
        return Opened(entry.file, Profile(entry.file, TestInput(), (group,)))


async def test_every_secret_that_was_ever_opened_is_known() -> None:
    """The log is scrubbed of them all, also of those that a file held before; what is unchanged is kept."""
    files = Files({"a": "first-of-a", "b": "first-of-b"})
    reader = Reader(files, files.open, lambda: 0.0)
    await reader.look()
    assert {Secret("first-of-a"), Secret("first-of-b")} == reader.secrets
    files.keys["a"] = "second-of-a"
    await reader.look()
    assert {Secret("first-of-a"), Secret("first-of-b"), Secret("second-of-a")} == reader.secrets
    assert ["a", "b", "a"] == files.opened
    reader.secrets.clear()
    await reader.look(anew=True)
    assert {Secret("first-of-b"), Secret("second-of-a")} == reader.secrets


async def test_a_fault_of_ours_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when memory is short for a moment: the file is opened again at the next look, as it is."""
    files = Files({"a.yaml": "version: 1\nname: show\ninput: {test: {}}\n"})
    reader = Reader(files, ProfileOpener(None, {}), lambda: 0.0)
    with monkeypatch.context() as short:
        short.setattr(opening, "load_bytes", Mock(side_effect=MemoryError))
        await reader.look()
    assert ("a.yaml: unexpected fault: MemoryError",) == reader.now.view.files["a.yaml"].findings
    await reader.look()
    assert reader.now.view.files["a.yaml"].profile is not None
