"""The text of what is applied: from the source while that holds it, else from the last good copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from spiritstream.control.memory import Memory
from spiritstream.control.reader import Seen, meant_digest
from spiritstream.control.source import COMMON, Entry
from spiritstream.control.state import Kept, State
from spiritstream.control.world import View, Wanted
from tests.control.wishes import profile

GOOD = Entry("show.yaml", b"good", Path("/srv"))
BROKEN = Entry("show.yaml", b"broken", Path("/srv"))
DEFAULTS = Entry(COMMON, b"defaults", Path("/srv"))


def seen(entry: Entry, common: Entry | None = None) -> Seen:
    """A reading that holds one file."""
    return Seen(View({}, complete=True, problem=""), "", {entry.file: entry}, common)


@pytest.mark.parametrize("common", [None, DEFAULTS])
def test_text(tmp_path: Path, common: Entry | None) -> None:
    """What was applied is shown also when its file is another by now; never what was not applied."""
    state = State(tmp_path)
    state.prepare()
    memory = Memory(state)
    applied = Wanted("show", GOOD.file, meant_digest(GOOD, common), profile("show"))
    assert b"good" == memory.text_of(applied, seen(GOOD, common))
    assert None is memory.text_of(applied, seen(BROKEN, common))
    state.keep(Kept("show", GOOD.file, GOOD.folder, "r", b"good", common.data if common else None))
    assert b"good" == memory.text_of(applied, seen(BROKEN, common))
    state.keep(Kept("show", GOOD.file, GOOD.folder, "r", b"older", common.data if common else None))
    assert None is memory.text_of(applied, seen(BROKEN, common))
