"""An edit is noticed once, whoever makes it and however; what is half-written or gone is none."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import watchfiles.main

from spiritstream.cli import foreground, watching
from spiritstream.cli.foreground import Foreground
from spiritstream.cli.opening import Opened
from spiritstream.cli.watching import changed, digest
from spiritstream.errors import SpiritError, UsageError
from spiritstream.model.profile import Profile, TestInput
from tests.live.processes import until

ONE, TWO = "one\n" * 100, "two\n" * 100


class Watched:
    """A file that is being watched: what was seen of it, and what was reported."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.looks: list[str | None] = []
        self.reported: list[str] = []

    async def watch(self) -> None:
        """Note every report."""
        async for seen in changed(self.path, await digest(self.path)):
            self.reported.append(seen)

    async def reports(self, *contents: str) -> None:
        """Wait for as many reports as contents; they must be theirs."""
        what = f"{len(contents)} reports"
        await until(lambda: len(self.reported) >= len(contents), what)
        assert [name(content) for content in contents] == self.reported

    async def looked(self, times: int = 4) -> None:
        """Wait until the file was looked at so many times more: whatever was to be seen has been."""
        end = len(self.looks) + times
        await until(lambda: len(self.looks) >= end, f"{times} looks")


def name(content: str) -> str:
    """What `digest` calls a content."""
    import hashlib

    return hashlib.sha256(content.encode()).hexdigest()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settled sooner. The rescan is far away, so that an edit that is noticed was noticed by its event."""
    monkeypatch.setattr(watching, "SETTLE_S", 0.05)
    monkeypatch.setattr(watching, "RESCAN_S", 600.0)


@pytest.fixture
def rescans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked at by the clock, too, and often."""
    monkeypatch.setattr(watching, "RESCAN_S", 0.2)


@pytest.fixture
async def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    """A file with ONE in it, whose watch is up."""
    path = tmp_path / "folder" / "p.yaml"
    path.parent.mkdir()
    path.write_text(ONE)
    async for one in watching_it(path, monkeypatch):
        yield one


async def watching_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    """A file that is watched, from the first settled look on."""
    one = Watched(path)
    real = watching.digest

    async def noted(path: Path) -> str | None:
        one.looks.append(await real(path))
        return one.looks[-1]

    monkeypatch.setattr(watching, "digest", noted)
    task = asyncio.create_task(one.watch())
    await one.looked(2)
    yield one
    assert not task.done(), task
    task.cancel()
    await asyncio.wait({task})


def rename_over(path: Path, content: str) -> None:
    """As editors save: whole, under another name, then renamed."""
    part = path.with_name(f".{path.name}.swp1")
    part.write_text(content)
    part.replace(path)


def write_in_place(path: Path, content: str) -> None:
    """As `cat > file` does."""
    path.write_text(content)


def overwrite(path: Path, content: str) -> None:
    """Without truncating first."""
    with path.open("r+") as file:
        file.write(content)
        file.truncate()


def copy_over(path: Path, content: str) -> None:
    """As `install` does: the old one is gone before the new one is there."""
    path.unlink()
    path.write_text(content)


def sed(path: Path, content: str) -> None:
    """The real `sed -i`."""
    old = path.read_text().split("\n")[0]
    subprocess.run(
        ["sed", "-i", f"s/{old}/{content.splitlines()[0]}/", path.name], cwd=path.parent, check=True
    )


def backup_and_write(path: Path, content: str) -> None:
    """As vim does with `backupcopy=no`: the old file becomes the backup."""
    path.rename(path.with_name(f"{path.name}~"))
    path.write_text(content)


EDITS = [rename_over, write_in_place, overwrite, copy_over, sed, backup_and_write]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
async def test_edit(watched: Watched, edit: Callable[[Path, str], None]) -> None:
    """Every way to save is noticed by its event, once each time; the second save as well as the first."""
    edit(watched.path, TWO)
    await watched.reports(TWO)
    edit(watched.path, ONE)
    await watched.reports(TWO, ONE)
    edit(watched.path, TWO)
    await watched.reports(TWO, ONE, TWO)


@pytest.mark.usefixtures("rescans")
async def test_one_edit_in_many_steps_is_reported_once(watched: Watched) -> None:
    """A file that is written bit by bit is reported when it is whole."""
    with watched.path.open("w") as file:
        for line in TWO.splitlines(keepends=True)[:20]:
            file.write(line)
            file.flush()
            await asyncio.sleep(0.005)
        file.write("".join(TWO.splitlines(keepends=True)[20:]))
    await watched.reports(TWO)
    await watched.looked()
    await watched.reports(TWO)


async def test_a_torn_file_is_not_reported(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prefix that was seen, and is followed by the whole before it has settled, is never reported."""
    monkeypatch.setattr(watching, "SETTLE_S", 0.5)
    for content, contents in ((TWO, [TWO]), (ONE, [TWO, ONE])):
        watched.path.write_text(content[:200])
        await until(lambda: watched.looks[-1] not in (name(ONE), name(TWO)), "a look at the prefix")
        watched.path.write_text(content)
        await watched.reports(*contents)


@pytest.mark.usefixtures("rescans")
async def test_touching_is_no_change(watched: Watched) -> None:
    """The same content, written or touched again, is not reported; nor are the folder's other files."""
    watched.path.touch()
    await watched.looked()
    rename_over(watched.path, ONE)
    await watched.looked()
    (watched.path.parent / "other.yaml").write_text(TWO)
    await watched.looked()
    watched.path.chmod(0o600)
    rename_over(watched.path, TWO)
    await watched.reports(TWO)


@pytest.mark.usefixtures("rescans")
async def test_gone_or_empty_is_no_change(watched: Watched) -> None:
    """A file that is deleted, emptied, a folder or unreadable stops nothing; what comes back is looked at."""
    watched.path.unlink()
    await watched.looked()
    watched.path.write_text("")
    await watched.looked()
    watched.path.unlink()
    watched.path.mkdir()
    await watched.looked()
    watched.path.rmdir()
    await watched.looked()
    assert [None] * 3 == watched.looks[-3:]
    watched.path.write_text(ONE)
    await watched.looked()
    watched.path.write_text(TWO)
    await watched.reports(TWO)


@pytest.mark.usefixtures("rescans")
async def test_there_and_back(watched: Watched) -> None:
    """An edit that is taken back before it has settled was none."""
    write_in_place(watched.path, TWO)
    write_in_place(watched.path, ONE)
    await watched.looked()
    write_in_place(watched.path, TWO)
    await watched.reports(TWO)


async def test_kubernetes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mounted ConfigMap: the file is a link into `..data`, a link that is swapped."""
    for number, content in enumerate((ONE, TWO)):
        (tmp_path / f"..{number}").mkdir()
        (tmp_path / f"..{number}" / "p.yaml").write_text(content)
    (tmp_path / "..data").symlink_to("..0")
    (tmp_path / "p.yaml").symlink_to("..data/p.yaml")
    async for watched in watching_it(tmp_path / "p.yaml", monkeypatch):
        for number, contents in ((1, [TWO]), (0, [TWO, ONE])):
            (tmp_path / "..data_tmp").symlink_to(f"..{number}")
            (tmp_path / "..data_tmp").replace(tmp_path / "..data")
            await watched.reports(*contents)


async def test_edited_before_the_watch_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What changes between the first reading and the watch is reported at once."""
    path = tmp_path / "p.yaml"
    path.write_text(ONE)
    known = await digest(path)
    path.write_text(TWO)
    reports = changed(path, known)
    assert name(TWO) == await asyncio.wait_for(anext(reports), 10)
    await reports.aclose()  # type: ignore[attr-defined]


async def test_edited_while_a_report_is_handled(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """What changes while its reader is busy with the last change is reported next."""
    reports = changed(watched.path, name(ONE))
    watched.path.write_text(TWO)
    assert name(TWO) == await asyncio.wait_for(anext(reports), 10)
    watched.path.write_text(ONE)
    assert name(ONE) == await asyncio.wait_for(anext(reports), 10)
    await reports.aclose()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("rescans")
async def test_the_folder_is_replaced(watched: Watched) -> None:
    """A folder that is renamed away leaves a watch that is silent for ever: the clock finds the new one."""
    folder = watched.path.parent
    new = folder.with_name("new")
    new.mkdir()
    (new / "p.yaml").write_text(TWO)
    folder.rename(folder.with_name("old"))
    new.rename(folder)
    await watched.reports(TWO)
    # From now on its events are seen again; edits of the folder that went away are nobody's.
    (folder.with_name("old") / "p.yaml").write_text("nobody's")
    rename_over(watched.path, ONE)
    await watched.reports(TWO, ONE)


@pytest.mark.usefixtures("rescans")
async def test_the_folder_is_deleted(watched: Watched) -> None:
    """A folder that is gone, as during a checkout, is waited for."""
    shutil.rmtree(watched.path.parent)
    await watched.looked()
    watched.path.parent.mkdir()
    watched.path.write_text(TWO)
    await watched.reports(TWO)


@pytest.mark.usefixtures("rescans")
async def test_a_name_that_the_watcher_cannot_take(watched: Watched) -> None:
    """A file whose name is not UTF-8 ends the watch, but not the watching."""
    with open(os.fsencode(watched.path.parent) + b"/\xff", "w"):  # noqa: PTH123
        pass
    await watched.looked()
    rename_over(watched.path, TWO)
    await watched.reports(TWO)


@pytest.mark.usefixtures("rescans")
async def test_no_watch_to_be_had(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no watch left, the clock alone finds the edit."""

    def exhausted(*_: object) -> None:
        raise OSError(24, "too many open files")

    monkeypatch.setattr(watchfiles.main, "RustNotify", exhausted)
    await watched.looked()
    rename_over(watched.path, TWO)
    await watched.reports(TWO)


async def test_a_name_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`spiritstream run p.yaml` watches the folder that it is in."""
    monkeypatch.chdir(tmp_path)
    Path("p.yaml").write_text(ONE)
    async for watched in watching_it(Path("p.yaml"), monkeypatch):
        rename_over(watched.path, TWO)
        await watched.reports(TWO)


# What Foreground does with a change.


class Applied:
    """Stands in for a runner: notes what is applied."""

    def __init__(self, *faults: Exception) -> None:
        self.descriptions: list[str] = []
        self.error = ""
        self.faults = list(faults)

    async def apply(self, profile: Profile) -> tuple[object, ...]:
        """Notes it."""
        if self.faults:
            raise self.faults.pop(0)
        self.descriptions.append(profile.description)
        return ()


async def test_what_was_written_to_while_it_was_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A torn file that is read although it had settled before is not applied: only the whole one is."""
    path = tmp_path / "p.yaml"
    path.write_text(ONE)
    reads: list[str] = []

    async def open_file(path: Path, identity: Path | None) -> Opened:
        if not reads:
            path.write_text(TWO[:200])  # somebody saves again, just now
        reads.append(path.read_text())
        if len(reads) == 1:
            asyncio.get_running_loop().call_later(0.02, path.write_text, TWO)
        return Opened(Profile("show", TestInput(), description=reads[-1]))

    monkeypatch.setattr(foreground, "open_file", open_file)
    show, runner = Foreground(path), Applied()
    async with Keeping(show, runner):
        path.write_text(ONE + "edited")
        await until(lambda: bool(runner.descriptions), "an apply")
    assert {TWO} == set(runner.descriptions)


class Keeping:
    """A show that keeps a runner current, and watches its file."""

    def __init__(self, show: Foreground, runner: Applied) -> None:
        self._coroutines = (show._keep_current(runner), show._watch(name(ONE)))  # type: ignore[arg-type]

    async def __aenter__(self) -> None:
        self._tasks = [asyncio.create_task(coroutine) for coroutine in self._coroutines]

    async def __aexit__(self, *_: object) -> None:
        assert [] == [task for task in self._tasks if task.done()]
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)


@pytest.mark.parametrize("fault", [UsageError("no", "do"), SpiritError("no", "do"), RuntimeError("canary")])
async def test_a_fault_ends_no_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    """Whatever goes wrong with one edit is said in the status; the next edit is applied all the same."""
    path = tmp_path / "p.yaml"
    path.write_text(ONE)

    async def open_file(path: Path, identity: Path | None) -> Opened:
        return Opened(Profile("show", TestInput(), description=path.read_text()))

    monkeypatch.setattr(foreground, "open_file", open_file)
    show, runner = Foreground(path), Applied(fault)
    async with Keeping(show, runner):
        path.write_text(TWO)
        await until(lambda: bool(runner.error), "an error")
        assert "canary" not in runner.error
        path.write_text(ONE)
        await until(lambda: not runner.error, "an apply")
    assert [ONE] == runner.descriptions
