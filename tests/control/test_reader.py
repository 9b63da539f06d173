"""What the reader keeps of its looks beside the last two."""

from dataclasses import dataclass, field
from pathlib import Path

from spiritstream.control.opening import Opened
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

    def open(self, entry: Entry, common: Entry | None = None) -> Opened:
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
