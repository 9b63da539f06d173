"""A terminal that nobody reads holds nothing up."""

from __future__ import annotations

import asyncio
import os
import tty
from collections.abc import Iterator
from contextlib import closing
from typing import TextIO

import pytest

from spiritstream.cli.terminal import Terminal

LOT = "x" * 200_000


@pytest.fixture
def pty() -> Iterator[tuple[int, TextIO]]:
    """A terminal's two ends: what a person sees, and the program's stdout."""
    seen, ours = os.openpty()
    tty.setraw(ours)
    os.set_blocking(seen, False)
    with os.fdopen(ours, "w", encoding="utf-8") as stdout:
        yield seen, stdout
    os.close(seen)


def read(seen: int) -> str:
    """What a person can see by now."""
    found = b""
    try:
        while data := os.read(seen, 65536):
            found += data
    except BlockingIOError:
        pass
    return found.decode()


async def test_text_arrives(pty: tuple[int, TextIO]) -> None:
    """What is written and flushed is on the terminal."""
    seen, stdout = pty
    with closing(Terminal(stdout)) as terminal:
        terminal.write("héllo")
        terminal.flush()
        assert "héllo" == read(seen)


async def test_nobody_reads(pty: tuple[int, TextIO]) -> None:
    """Writing to a terminal that nobody reads returns at once; all of it is there when somebody does."""
    seen, stdout = pty
    with closing(Terminal(stdout)) as terminal:
        terminal.write(LOT)
        terminal.flush()
        assert terminal.behind
        found = ""
        while len(found) < len(LOT):
            found += read(seen)
            await asyncio.sleep(0)
        assert LOT == found
        assert not terminal.behind


async def test_memory_is_bounded(pty: tuple[int, TextIO]) -> None:
    """While nobody reads, what is too much is left out as a whole: never half an instruction."""
    seen, stdout = pty
    with closing(Terminal(stdout)) as terminal:
        for letter in "abcdefgh":
            terminal.write(letter * 200_000)
            terminal.flush()
        found = ""
        while terminal.behind:
            found += read(seen)
            await asyncio.sleep(0)
        found += read(seen)
    assert {"a": 200_000, "b": 200_000} == {letter: found.count(letter) for letter in sorted(set(found))}


async def test_closing_does_not_wait_for_ever(pty: tuple[int, TextIO]) -> None:
    """The program ends although nobody reads its last words."""
    _, stdout = pty
    terminal = Terminal(stdout)
    terminal.write(LOT)
    terminal.flush()
    terminal.close()
    assert terminal.closed


async def test_the_shells_terminal_stays_as_it_was(pty: tuple[int, TextIO]) -> None:
    """The mode of the descriptor that is shared with the shell is not touched."""
    _, stdout = pty
    with closing(Terminal(stdout)):
        assert os.get_blocking(stdout.fileno())


async def test_the_terminal_goes_away(pty: tuple[int, TextIO]) -> None:
    """A terminal that was closed is no error: the show goes on without it."""
    seen, stdout = pty
    with closing(Terminal(stdout)) as terminal:
        os.dup2(os.open(os.devnull, os.O_RDONLY), seen)
        terminal.write("nobody is there")
        terminal.flush()
        assert not terminal.behind


async def test_what_is_no_terminal(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A file gets the text as it is."""
    path = tmp_path_factory.mktemp("out") / "file"
    with path.open("w") as file, closing(Terminal(file)) as terminal:
        terminal.write("text")
        terminal.flush()
    assert "text" == path.read_text()
