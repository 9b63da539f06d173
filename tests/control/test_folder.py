"""A folder of profiles, and everything that editors, git, Kubernetes and accidents do to one."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from spiritstream.control import folder as folder_module
from spiritstream.control import looking
from spiritstream.control.folder import FolderSource
from spiritstream.control.looking import Tree
from spiritstream.control.source import COMMON, Reading
from spiritstream.control.taking import Stamp, taken
from tests.control import saving
from tests.control.saving import profile, texts, until

_OLD, _NEW = profile("show", 3), profile("show", 5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one profile in it."""
    made = tmp_path / "profiles"
    made.mkdir()
    (made / "show.yaml").write_text(_OLD)
    return made


@pytest.fixture
async def source(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FolderSource]:
    """That folder as a source, already read, that only its watch can wake."""
    monkeypatch.setattr(folder_module, "RESCAN_S", 1000.0)
    made = FolderSource(folder)
    assert (await made.read()).complete
    yield made
    made.close()


async def _once(folder: Path) -> Reading:
    source = FolderSource(folder)
    try:
        return await source.read()
    finally:
        source.close()


@contextmanager
def _nobody(folder: Path) -> Iterator[None]:
    """As a user to whom file modes apply: root reads everything."""
    folder.chmod(0o755)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


async def test_a_folder_is_one_tree_of_yaml_files(folder: Path) -> None:
    """Both suffixes and subfolders four deep; hidden files, other files and what lies deeper are left out."""
    deep = folder / "a/b/c/d"
    (deep / "e").mkdir(parents=True)
    for file in ("two.yml", "notes.txt", ".hidden.yaml", "a/b/c/d/deep.yaml", "a/b/c/d/e/deeper.yaml"):
        (folder / file).write_text(file)
    (folder / ".git").mkdir()
    (folder / ".git/x.yaml").write_text("x")
    reading = await _once(folder)
    assert {
        "show.yaml": _OLD,
        "two.yml": "two.yml",
        "a/b/c/d/deep.yaml": "a/b/c/d/deep.yaml",
    } == texts(reading)
    assert reading.complete
    assert "a/b/c/d/e/: too deep, not read" == reading.problem
    assert deep == reading.entries["a/b/c/d/deep.yaml"].folder


async def test_the_defaults_stand_beside_the_entries(folder: Path) -> None:
    """`.spiritstream.yaml` at the top is `common`, no profile, and part of the revision."""
    before = await _once(folder)
    (folder / COMMON).write_text("recipient: x\n")
    after = await _once(folder)
    assert after.common and b"recipient: x\n" == after.common.data
    assert {"show.yaml"} == set(after.entries)
    assert before.revision != after.revision


async def test_a_revision_is_the_content(folder: Path) -> None:
    """Touching changes no revision; content and names do."""
    first = await _once(folder)
    (folder / "show.yaml").touch()
    assert first.revision == (await _once(folder)).revision
    (folder / "show.yaml").rename(folder / "other.yaml")
    assert first.revision != (await _once(folder)).revision


@pytest.mark.skipif(not hasattr(fcntl, "F_SETLEASE"), reason="only Linux tells who has a file open")
async def test_no_prefix_of_a_file_that_is_open_is_ever_taken(folder: Path) -> None:
    """Whatever part of a profile has been written: while its writer has it open, it proves nothing."""
    tree = Tree(folder)
    with (folder / "show.yaml").open("w") as stream:
        for number, character in enumerate(_NEW):
            look = tree.look(float(number))
            assert {} == look.entries and {"show.yaml"} == look.busy
            stream.write(character)
            stream.flush()
    assert _NEW.encode() == tree.look(1e6).entries["show.yaml"].data


async def test_a_held_file_holds_up_no_other(source: FolderSource, folder: Path) -> None:
    """While one file is being written, another one's change is read; the first is missing, and it is said."""
    with (folder / "slow.yaml").open("w") as stream:
        stream.write("half")
        stream.flush()
        (folder / "show.yaml").write_text(_NEW)
        reading = await source.read()
        assert (False, {"show.yaml": _NEW}) == (reading.complete, texts(reading))
        assert reading.problem.startswith("slow.yaml: is being written")
    whole = (await until(source, lambda reading: reading.complete))[-1]
    assert {"show.yaml": _NEW, "slow.yaml": "half"} == texts(whole)


async def test_a_file_that_grows_between_looks_is_not_taken(folder: Path) -> None:
    """A writer that opens, appends and closes again is seen by the difference between two looks."""
    written = list(_NEW)
    file = folder / "show.yaml"
    file.write_text("")

    async def write_on(_: float) -> None:
        if written:
            with file.open("a") as stream:
                stream.write(written.pop(0))

    source = FolderSource(folder, pause=write_on)
    while written:
        reading = await source.read()
        assert not reading.complete or not written
        assert not reading.complete or {"show.yaml": _NEW} == texts(reading)
    assert {"show.yaml": _NEW} == texts(await source.read())
    source.close()


async def test_a_reading_waits_until_the_folder_holds_still(folder: Path) -> None:
    """A writer that ends soon costs a moment, not a reading that proves nothing."""
    written = [_OLD[:20], _OLD[:40], _NEW]

    async def write_on(_: float) -> None:
        if written:
            (folder / "show.yaml").write_text(written.pop(0))

    source = FolderSource(folder, pause=write_on)
    reading = await source.read()
    assert (True, {"show.yaml": _NEW}) == (reading.complete, texts(reading))
    source.close()


_SAVES: dict[str, Callable[[Path, str], None]] = {
    "in place": saving.in_place,
    "by renaming": saving.by_renaming,
    "with a backup": saving.with_backup,
    "sed -i": saving.by_sed,
    "vim": saving.by_vim,
}


@pytest.mark.parametrize("save", _SAVES.values(), ids=_SAVES)
async def test_a_save_is_one_change(
    source: FolderSource, folder: Path, save: Callable[[Path, str], None]
) -> None:
    """However a file is saved, twice in a row: every complete reading holds the old text or the new one."""
    for before, after in ((_OLD, _NEW), (_NEW, _OLD)):
        saved = asyncio.create_task(asyncio.to_thread(save, folder / "show.yaml", after))
        seen = await until(source, lambda reading, after=after: texts(reading) == {"show.yaml": after})  # type: ignore[misc]
        await saved
        complete = [texts(reading) for reading in seen if reading.complete]
        assert all(text in ({"show.yaml": before}, {"show.yaml": after}) for text in complete)


@pytest.mark.skipif(not hasattr(fcntl, "F_SETLEASE"), reason="only Linux tells who has a file open")
async def test_saves_under_a_reader_are_never_torn(folder: Path) -> None:
    """A hundred saves in place while somebody reads all the time: whole texts only."""
    versions = {profile("show", n) for n in range(1, 101)}
    tree = Tree(folder)

    def save() -> None:
        for text in sorted(versions):
            saving.in_place(folder / "show.yaml", text)

    saving_now = asyncio.create_task(asyncio.to_thread(save))
    number = 0
    while not saving_now.done():
        number += 1
        look = await asyncio.to_thread(tree.look, float(number) / 1000)
        for entry in look.entries.values():
            assert entry.data.decode() in versions | {_OLD}
    await saving_now


async def test_a_checkout_is_one_change(source: FolderSource, folder: Path) -> None:
    """Between two branches of forty profiles each, no complete reading holds some of both."""

    def git(*words: str) -> None:
        who = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
        subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True)

    def branch(name: str) -> dict[str, str]:
        made = {f"{name}{number}.yaml": profile(name, number) for number in range(20)}
        made |= {f"both{number}.yaml": profile(name, number) for number in range(20)}
        for file, text in made.items():
            (folder / file).write_text(text)
        git("add", "--all")
        git("commit", "--quiet", "-m", name)
        return made

    git("init", "--quiet", "-b", "a")
    (folder / "show.yaml").unlink()
    one = branch("a")
    git("checkout", "--quiet", "-b", "b")
    git("rm", "--quiet", "-r", ".")
    two = branch("b")
    await until(source, lambda reading: texts(reading) == two)
    for name, wanted in (("a", one), ("b", two), ("a", one)):
        going = asyncio.create_task(asyncio.to_thread(git, "checkout", "--quiet", name))
        seen = await until(source, lambda reading, wanted=wanted: texts(reading) == wanted)  # type: ignore[misc]
        await going
        assert all(texts(reading) in (one, two) for reading in seen if reading.complete)


async def test_while_git_changes_the_folder_nothing_is_proven(folder: Path) -> None:
    """git's own lock says that a checkout is under way, in the folder or above it."""
    (folder.parent / ".git").mkdir()
    (folder.parent / ".git/index.lock").touch()
    reading = await _once(folder)
    assert not reading.complete
    assert reading.problem.startswith("git is changing the folder: ")
    assert {"show.yaml": _OLD} == texts(reading)


async def test_a_config_map_is_swapped_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kubernetes' `..data` is followed, and each swap of it is seen whole."""
    monkeypatch.setattr(folder_module, "RESCAN_S", 1000.0)
    versions = [{f"{name}.yaml": profile(name, number) for name in "abc"} for number in range(1, 6)]
    saving.config_map(tmp_path, versions[0], "v0")
    source = FolderSource(tmp_path)
    assert (True, versions[0]) == ((await source.read()).complete, texts(await source.read()))
    for number, wanted in enumerate(versions[1:], 1):
        swap = asyncio.create_task(asyncio.to_thread(saving.config_map, tmp_path, wanted, f"v{number}"))
        seen = await until(source, lambda reading, wanted=wanted: texts(reading) == wanted)  # type: ignore[misc]
        await swap
        assert all(texts(reading) in versions for reading in seen if reading.complete)
    assert tmp_path == (await source.read()).entries["a.yaml"].folder
    source.close()


async def test_links_to_folders_are_followed_inside_only(folder: Path, tmp_path: Path) -> None:
    """A volume's `sub -> ..data/sub` is read once under its own name, loops end, and outside is outside."""
    (folder / "..v1/sub").mkdir(parents=True)
    (folder / "..v1/sub/in.yaml").write_text("in")
    (folder / "..v1/sub/again").symlink_to(".")
    (folder / "sub").symlink_to("..v1/sub")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/out.yaml").write_text("out")
    (folder / "away").symlink_to(tmp_path / "outside")
    reading = await _once(folder)
    assert {"show.yaml": _OLD, "sub/in.yaml": "in"} == texts(reading)
    assert (True, "away: not read, the link leaves the folder") == (reading.complete, reading.problem)


def _moved(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


def _deleted(folder: Path) -> None:
    (folder / "show.yaml").unlink()
    folder.rmdir()


@pytest.mark.parametrize("lose", [_moved, _deleted])
async def test_a_folder_that_goes_and_comes_back(
    source: FolderSource, folder: Path, lose: Callable[[Path], None]
) -> None:
    """A folder that is gone proves nothing and says so; one in its place is read and watched again."""
    lose(folder)
    gone = (await until(source, lambda reading: not reading.entries))[-1]
    assert (False, "the folder is not there") == (gone.complete, gone.problem)
    folder.mkdir()
    (folder / "show.yaml").write_text(_NEW)
    await until(source, lambda reading: reading.complete and texts(reading) == {"show.yaml": _NEW})
    (folder / "show.yaml").write_text(_OLD)
    await until(source, lambda reading: texts(reading) == {"show.yaml": _OLD})


async def test_a_root_replaced_by_a_rename_is_watched_on(source: FolderSource, folder: Path) -> None:
    """The watch is on what stands at the path now, not on the folder that once stood there."""
    new = folder.with_name("new")
    new.mkdir()
    (new / "show.yaml").write_text(_NEW)
    folder.rename(folder.with_name("old"))
    new.rename(folder)
    await until(source, lambda reading: texts(reading) == {"show.yaml": _NEW})
    for text in (_OLD, _NEW):
        (folder / "show.yaml").write_text(text)
        await until(source, lambda reading, text=text: texts(reading) == {"show.yaml": text})  # type: ignore[misc]


async def test_a_root_that_is_a_link_is_followed_to_its_new_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`current -> releases/1` that becomes `releases/2` is a change like any other."""
    monkeypatch.setattr(folder_module, "RESCAN_S", 1000.0)
    for number, text in ((1, _OLD), (2, _NEW)):
        (tmp_path / f"release{number}").mkdir()
        (tmp_path / f"release{number}/show.yaml").write_text(text)
    (tmp_path / "current").symlink_to("release1")
    source = FolderSource(tmp_path / "current")
    assert {"show.yaml": _OLD} == texts(await source.read())
    await until(source, lambda reading: True)
    (tmp_path / "next").symlink_to("release2")
    (tmp_path / "next").replace(tmp_path / "current")
    await until(source, lambda reading: texts(reading) == {"show.yaml": _NEW})
    source.close()


async def test_a_subfolder_is_watched_also_when_it_is_replaced(source: FolderSource, folder: Path) -> None:
    """New subfolders, and others under the same name, are watched as their files change."""
    for text in (_OLD, _NEW):
        made = folder.with_name("made")
        made.mkdir()
        (made / "in.yaml").write_text(text)
        if (folder / "sub").exists():
            (folder / "sub").rename(folder.with_name(f"old{len(text)}"))
        made.rename(folder / "sub")
        await until(source, lambda reading, text=text: texts(reading).get("sub/in.yaml") == text)  # type: ignore[misc]
        (folder / "sub/in.yaml").write_text(text * 2)
        await until(source, lambda reading, text=text: texts(reading).get("sub/in.yaml") == text * 2)  # type: ignore[misc]


async def test_ten_thousand_touches_wake_a_few_times(source: FolderSource, folder: Path) -> None:
    """A burst is gathered: wakes are bounded by time, not by events, and the change behind it is seen."""

    def touch() -> None:
        for _ in range(10_000):
            (folder / "show.yaml").touch()
        (folder / "last.yaml").write_text("last")

    touched = asyncio.create_task(asyncio.to_thread(touch))
    seen = await until(source, lambda reading: "last.yaml" in reading.entries)
    await touched
    assert len(seen) < 500
    assert 1 == len({reading.revision for reading in seen[:-1]} | {seen[0].revision})


async def test_a_recording_that_grows_in_the_folder_wakes_nobody(source: FolderSource, folder: Path) -> None:
    """Only what can have to do with profiles wakes: the wait is still on when the profile changes."""
    await until(source, lambda reading: True)
    with (folder / "show.flv").open("wb") as stream:
        await until(source, lambda reading: True)
        waiting = asyncio.create_task(source.wait())
        for _ in range(200):
            stream.write(b"x" * 100)
            stream.flush()
        done, _ = await asyncio.wait([waiting], timeout=0.5)
        assert not done
        (folder / "show.yaml").write_text(_NEW)
        async with asyncio.timeout(10):
            await waiting


async def test_a_name_that_is_no_text_is_skipped_and_said(source: FolderSource, folder: Path) -> None:
    """Such a name ends the watch of the library below: the next change is seen all the same."""
    os.mkdir(os.fsencode(folder) + b"/f\xff")  # noqa: PTH102
    with open(os.fsencode(folder) + b"/x\xff.yaml", "w") as stream:  # noqa: PTH123
        stream.write("x")
    (folder / "two\x1b[2J.yaml").write_text("x")
    reading = (await until(source, lambda reading: reading.problem.count("not plain UTF-8") == 3))[-1]
    assert (True, {"show.yaml": _OLD}) == (reading.complete, texts(reading))
    assert reading.problem.isprintable() and r"x\udcff.yaml: not read" in reading.problem
    (folder / "show.yaml").write_text(_NEW)
    await until(source, lambda reading: texts(reading) == {"show.yaml": _NEW})


async def test_what_cannot_be_read_proves_nothing() -> None:
    """A file and a folder without permission leave the reading incomplete; the others are there."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / "show.yaml").write_text(_OLD)
        (folder / "locked.yaml").write_text("x")
        (folder / "locked.yaml").chmod(0)
        (folder / "shut").mkdir(mode=0)
        with _nobody(folder):
            reading = await _once(folder)
        (folder / "shut").chmod(0o700)
        assert (False, {"show.yaml": _OLD}) == (reading.complete, texts(reading))
        assert [
            "locked.yaml: cannot be read: permission denied",
            "shut/: cannot be read: permission denied",
        ] == sorted(reading.problem.split("; "))


def _link_out(file: Path) -> None:
    file.symlink_to("/etc/passwd")


def _link_nowhere(file: Path) -> None:
    file.symlink_to("nowhere")


def _link_to_itself(file: Path) -> None:
    file.symlink_to(file.name)


def _large(file: Path) -> None:
    file.write_bytes(b"#" * (1024 * 1024 + 1))


_REFUSED: list[tuple[Callable[[Path], None], str]] = [
    (_link_out, "the link leaves the folder; put the file itself there"),
    (_link_nowhere, "cannot be read: no such file or directory"),
    (_link_to_itself, "cannot be read: too many levels of symbolic links"),
    (_large, "is larger than 1 MiB, too large for a profile"),
    (os.mkfifo, "is not a file"),
]


@pytest.mark.parametrize(("make", "why"), _REFUSED, ids=[make.__name__ for make, _ in _REFUSED])
async def test_what_is_refused_proves_nothing(folder: Path, make: Callable[[Path], None], why: str) -> None:
    """A file that is there and is not taken is not one that was deleted: the reading is incomplete."""
    make(folder / "odd.yaml")
    reading = await _once(folder)
    assert (False, {"show.yaml": _OLD}) == (reading.complete, texts(reading))
    assert f"odd.yaml: {why}" == reading.problem


async def test_the_number_of_files_is_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many files are no complete reading."""
    monkeypatch.setattr(looking, "FILES_MAX", 2)
    for name in "abc":
        (folder / f"{name}.yaml").write_text(name)
    reading = await _once(folder)
    assert (False, "there are more than 2 files in the folder") == (reading.complete, reading.problem)


async def test_an_empty_folder_proves_nothing_unless_it_says_so(folder: Path) -> None:
    """A mount that is missing looks empty as well; a `.spiritstream.yaml` says that empty is meant."""
    (folder / "show.yaml").unlink()
    empty = await _once(folder)
    assert (False, True) == (empty.complete, COMMON in empty.problem)
    (folder / COMMON).write_text("")
    meant = await _once(folder)
    assert (True, "", {}) == (meant.complete, meant.problem, meant.entries)


async def test_unchanged_files_are_not_opened_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once known for longer than a clock's tick, a file is known by its stamp; touched, it is read anew."""
    tree = Tree(folder)
    tree.look(0.0)
    tree.look(1.0)
    opened: list[str] = []

    def counted(path: str) -> tuple[Stamp, bytes]:
        opened.append(path)
        return taken(path)

    monkeypatch.setattr(looking, "taken", counted)
    tree.look(2.5)
    assert 1 == len(opened)
    tree.look(3.0)
    tree.look(30.0)
    assert 1 == len(opened)
    os.utime(folder / "show.yaml", (1, 1))
    tree.look(31.0)
    assert 2 == len(opened)


async def test_two_writes_in_one_tick_of_the_clock_are_two(folder: Path) -> None:
    """The same size and times are not believed for as long as a clock may stand still."""
    file = folder / "show.yaml"
    tree = Tree(folder)
    before = file.stat()
    assert _OLD.encode() == tree.look(0.0).entries["show.yaml"].data
    with file.open("r+") as stream:
        stream.write(_OLD.upper())
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert _OLD.upper().encode() == tree.look(0.1).entries["show.yaml"].data


async def test_look_wakes_at_once(source: FolderSource) -> None:
    """Whoever was told to look now does not wait."""
    await until(source, lambda reading: True)
    waiting = asyncio.create_task(source.wait())
    await asyncio.sleep(0)
    source.look()
    async with asyncio.timeout(10):
        await waiting


async def test_the_clock_wakes_where_no_watch_does(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that has no watches left costs time, not changes."""
    import watchfiles

    def none_left(*_: object, **__: object) -> AsyncIterator[object]:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(watchfiles, "awatch", none_left)
    source = FolderSource(folder)
    await source.read()
    (folder / "show.yaml").write_text(_NEW)
    await until(source, lambda reading: texts(reading) == {"show.yaml": _NEW})
    source.close()
