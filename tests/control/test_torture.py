"""What editors, git, Kubernetes and accidents do to a folder of profiles that are on air: the real programs.

Whatever is done: the reader ends with exactly what is on disk, nothing torn is ever taken for a profile,
nothing stops that is wanted, and no event is needed for it: each is done with a watch, and without.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import watchfiles

from spiritstream.control import folder as folder_module
from spiritstream.control.taking import UnreadableError, taken
from tests.control import saving
from tests.control.saving import profile
from tests.control.witness import Witness, on_disk

Save = Callable[[Path, str], None]
# Whichever of them holds, these three are on air.
VERSIONS = {
    file: {profile(name, n) for n in (3, 4, 5)} for file, name in (("show.yaml", "show"), ("b.yaml", "b"))
}
SHOW = VERSIONS["show.yaml"]


def _no_watch(*_: object, **__: object) -> AsyncIterator[object]:
    raise OSError(28, "no watches left")


@pytest.fixture(params=["with a watch", "by the clock alone"])
def watched(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events alone must do, and the clock alone, which is made to go faster."""
    if request.param == "with a watch":
        monkeypatch.setattr(folder_module, "RESCAN_S", 1000.0)
    else:
        monkeypatch.setattr(watchfiles, "awatch", _no_watch)
        monkeypatch.setattr(folder_module, "RESCAN_S", 0.1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two profiles in it."""
    return filled(tmp_path / "profiles")


def filled(folder: Path) -> Path:
    """Two profiles in a folder."""
    folder.mkdir(exist_ok=True)
    for name in ("show", "b"):
        (folder / f"{name}.yaml").write_text(profile(name, 3))
    return folder


def by_sed_in_place(path: Path, text: str) -> None:
    """With `sed -i` as a person types it: each line for another."""
    late = [line for line in text.splitlines() if line.startswith(("    t4:", "    t5:"))]
    script = ["/t4:/d", "/t5:/d", *(f"/t3:/a\\{line}" for line in late)]
    words = [word for one in script for word in ("-e", one)]
    subprocess.run(["sed", "-i", *words, str(path)], check=True, timeout=30)


# A profile of fewer targets after each line, and open all the while.
_WRITING = 'while IFS= read -r line; do echo "$line"; sleep 0.01; done < "$0" > "$1"'
SAVES: dict[str, Save] = {
    "vim": saving.by_vim,
    "vim in place": saving.by_vim_in_place,
    "nano": saving.by_nano,
    "sed -i": by_sed_in_place,
    "cp": lambda path, text: _copied(path, text, "cp"),
    "cp of another inode": lambda path, text: _copied(path, text, "cp", "--remove-destination"),
    "a redirection": lambda path, text: _copied(path, text, "sh", "-c", 'cat "$0" > "$1"'),
    "a slow script": lambda path, text: _copied(path, text, "sh", "-c", _WRITING),
}


def _copied(path: Path, text: str, *command: str) -> None:
    new = path.with_name(".new")
    new.write_text(text)
    subprocess.run([*command, str(new), str(path)], check=True, timeout=30)


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize("save", SAVES.values(), ids=SAVES)
async def test_saves(folder: Path, save: Save) -> None:
    """One after the other, to both profiles."""

    def harm() -> None:
        for number in (5, 3, 4, 5):
            for name in ("show", "b"):
                save(folder / f"{name}.yaml", profile(name, number))

    async with Witness(folder) as witness:
        await witness.through(harm)
        witness.check(VERSIONS, LATE)
    assert {name: profile(name[:-5], 5) for name in VERSIONS} == on_disk(folder)


# What only some versions have may go; the first three of each may not.
LATE = {f"{name}:groups.g.targets.t{n}" for name in ("show", "b") for n in (4, 5)}


@pytest.mark.usefixtures("watched")
async def test_checkouts(folder: Path) -> None:
    """Between branches of forty files, back and forth, and a merge."""
    names = ["show", *(f"n{number}" for number in range(40))]

    def git(*words: str) -> None:
        who = ["-c", "user.name=n", "-c", "user.email=n@example.org"]
        subprocess.run(["git", "-C", str(folder), *who, *words], check=True, capture_output=True, timeout=30)

    def branch(targets: int) -> None:
        for name in names:
            (folder / f"{name}.yaml").write_text(profile(name, targets))
        git("add", "--all")
        git("commit", "--quiet", "-m", str(targets))

    git("init", "--quiet", "-b", "three")
    branch(3)
    git("checkout", "--quiet", "-b", "five")
    branch(5)
    git("checkout", "--quiet", "three")

    def harm() -> None:
        for one in ("five", "three", "five", "three"):
            git("checkout", "--quiet", one)
        git("merge", "--quiet", "five")

    versions = {f"{name}.yaml": {profile(name, n) for n in (3, 5)} for name in names} | VERSIONS
    late = {f"{name}:groups.g.targets.t{n}" for name in names for n in (4, 5)}
    async with Witness(folder) as witness:
        await witness.through(harm)
        witness.check(versions, late)
    assert profile("n0", 5) == on_disk(folder)["n0.yaml"]


@pytest.mark.usefixtures("watched")
async def test_config_maps(tmp_path: Path) -> None:
    """Volumes that are swapped, as the kubelet does it."""
    volume = tmp_path / "volume"
    volume.mkdir()

    def swapped(number: int, targets: int) -> None:
        files = {f"{name}.yaml": profile(name, targets) for name in ("show", "b")}
        saving.config_map(volume, files, f"v{number}")

    swapped(0, 3)

    def harm() -> None:
        for number, targets in enumerate((5, 3, 4, 5), 1):
            swapped(number, targets)

    async with Witness(volume) as witness:
        await witness.through(harm)
        witness.check(VERSIONS, LATE)
    assert profile("show", 5) == on_disk(volume)["show.yaml"]


@pytest.mark.usefixtures("watched")
async def test_moved_away_and_back(folder: Path) -> None:
    """A folder that is not there, and one that is another for a while, prove nothing; edits there count."""
    away = folder.with_name("away")

    async with Witness(folder) as witness:
        for number in (5, 3, 4):
            await witness.at_work(lambda: folder.rename(away))
            (away / "show.yaml").write_text(profile("show", number))
            await witness.through(lambda: away.rename(folder))
            assert profile("show", number) == on_disk(folder)["show.yaml"]
        witness.check(VERSIONS, LATE)
        assert any(not reading.entries for reading in witness.readings)


@pytest.mark.usefixtures("watched")
async def test_another_in_its_place(folder: Path) -> None:
    """Exchanged for another one by renames, as a deployment does it."""

    def harm() -> None:
        for number in (5, 4):
            new = folder.with_name(f"new{number}")
            shutil.copytree(folder, new)
            (new / "show.yaml").write_text(profile("show", number))
            folder.rename(folder.with_name(f"old{number}"))
            new.rename(folder)

    async with Witness(folder) as witness:
        await witness.through(harm)
        witness.check(VERSIONS, LATE)


@pytest.mark.usefixtures("watched")
async def test_ten_thousand_touches(folder: Path) -> None:
    """Nothing comes of them, and what is saved among them is seen."""

    def harm() -> None:
        for number in range(10_000):
            os.utime(folder / "show.yaml")
            if number == 5_000:
                saving.by_renaming(folder / "b.yaml", profile("b", 5))

    async with Witness(folder) as witness:
        await witness.through(harm)
        witness.check(VERSIONS, LATE)
        assert len(witness.readings) < 1_000


@pytest.mark.usefixtures("watched")
async def test_names_that_are_no_text(folder: Path) -> None:
    """They come, stay and go; what is saved meanwhile is seen."""
    odd = os.fsencode(folder) + b"/\xff\xfe.yaml"

    def harm() -> None:
        for number in (5, 3, 4):
            with open(odd, "w") as stream:  # noqa: PTH123
                stream.write(profile("odd"))
            (folder / "show.yaml").write_text(profile("show", number))
            os.rename(odd, odd + b".yaml")  # noqa: PTH104
        os.unlink(odd + b".yaml")  # noqa: PTH108

    async with Witness(folder) as witness:
        await witness.through(harm)
        witness.check(VERSIONS, LATE)


# So long that some pages of it are on disk when there is no room for the next one.
TARGETS = 200
PAGE = 4096


def long_profile() -> str:
    """A profile that is longer than a page, and whose first page is one by itself: fewer targets."""
    lines = profile("show", TARGETS).splitlines(keepends=True)
    kept = ""
    while len(kept) + len(lines[0]) <= PAGE:
        kept += lines.pop(0)
    room = PAGE - len(kept)
    return kept[:-1] + " " * room + "\n" + "".join(lines)


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A folder that is a file system of eight pages, where that can be made: by root."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={8 * PAGE}", "small", str(folder)],
        capture_output=True,
        timeout=30,
    )
    if done.returncode:
        pytest.skip("a small file system needs root, and a kernel that lets it mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=30)


def fill(folder: Path) -> None:
    """Take all that is left."""
    with (folder / "recording.flv").open("ab", buffering=0) as stream, contextlib.suppress(OSError):
        while True:
            stream.write(b"x" * PAGE)


def failing(save: Save, path: Path, text: str) -> None:
    """A save that has no room: the program says so, or not."""
    with contextlib.suppress(OSError, subprocess.SubprocessError, TimeoutError):
        save(path, text)


FULL: dict[str, Save] = {
    "vim": lambda path, text: saving.by_vim(path, text, "noswapfile", check=False),
    "vim in place": lambda path, text: saving.by_vim(path, text, "backupcopy=yes", "nobackup", check=False),
    "sed -i": saving.by_sed,
    "in place": saving.in_place,
    "by renaming": saving.by_renaming,
}


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize("save", FULL.values(), ids=FULL)
async def test_disk_full(tmp_path: Path, save: Save) -> None:
    """What is saved in vain leaves the old text, or one that is cut off, which is not taken for a profile."""
    folder = tmp_path / "disk"
    with small_disk(folder):
        filled(folder)
        # A show of many targets, on air.
        (folder / "show.yaml").write_text(long_profile())
        versions = {"show.yaml": {long_profile(), profile("show", 3), ""}, "b.yaml": {profile("b", 3)}}
        # What is on disk while it is full need not be whole; what is taken for a profile is.
        async with Witness(folder) as witness:
            fill(folder)
            await witness.at_work(
                lambda: failing(save, folder / "show.yaml", long_profile() + "# more\n" * 900)
            )
            await witness.at_work(lambda: None)
            (folder / "recording.flv").unlink()
            await witness.at_work(lambda: None)
            await witness.through(lambda: saving.in_place(folder / "show.yaml", long_profile()))
            witness.check(versions)


def test_a_file_that_is_cut_off_at_a_page_is_no_profile(tmp_path: Path) -> None:
    """On a disk with room, too, later; one that ends there with a line of its own is one."""
    path = tmp_path / "show.yaml"
    text = long_profile()
    path.write_text(text[: 2 * PAGE])
    assert "\n" != text[2 * PAGE - 1]
    with pytest.raises(UnreadableError, match="looks cut off, as by a full disk"):
        taken(str(path))
    path.write_text(text[:PAGE])
    assert text[:PAGE].encode() == taken(str(path))[1]
    path.write_text(text[: 2 * PAGE - 1])
    assert 2 * PAGE - 1 == len(taken(str(path))[1])


def test_a_writer_without_room_ends_at_a_page(tmp_path: Path) -> None:
    """Which is what the reader goes by: with a limit for the file's size instead of a full disk."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 * PAGE, 2 * PAGE))

    path, new = tmp_path / "show.yaml", tmp_path / "new"
    new.write_text(long_profile())
    done = subprocess.run(
        ["sh", "-c", 'trap "" XFSZ; cat "$0" > "$1"', str(new), str(path)],
        preexec_fn=limit,
        capture_output=True,
        timeout=30,
    )
    assert (True, 2 * PAGE) == (done.returncode != 0, path.stat().st_size)
    with pytest.raises(UnreadableError, match="cut off"):
        taken(str(path))
