"""The files that profiles in a git repository name: real repositories, real files."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from spiritstream.config.reach import Reach
from spiritstream.control import gitfiles
from spiritstream.control.git import GitSource
from spiritstream.control.gitfiles import Files
from spiritstream.control.opening import ProfileOpener
from spiritstream.control.reader import Reader
from spiritstream.control.state import Kept, State
from spiritstream.control.world import Wanted
from spiritstream.errors import SpiritError
from spiritstream.model.profile import FilesInput
from tests.control.repository import Repository

_SLATE = b"\x00slate" * 1000
_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 123456\n"

Needed = Callable[[], Iterable[str] | None]


def show(name: str, *files: str, more: str = "") -> str:
    """A profile's text: a playlist."""
    return f"version: 1\nname: {name}\n{more}input: {{files: [{', '.join(files)}]}}\n"


@pytest.fixture
def origin(tmp_path: Path) -> Repository:
    """A repository with a profile and a slate."""
    made = Repository(tmp_path / "origin")
    made.commit({"show.yaml": show("show", "slate.mp4"), "slate.mp4": _SLATE})
    return made


class Place:
    """A machine that reads the repository; each `reader` is a new controller's."""

    def __init__(self, url: str, work: Path, needed: Needed) -> None:
        self._url = url
        self._work = work
        self.needed = needed
        self.source: GitSource

    def reader(self, path: str = "") -> Reader:
        """One that has read nothing yet."""
        self.source = GitSource(self._url, "main", path, 1000.0, None, self._work, lambda: self.needed())
        reach = Reach(frozenset(), (self.source.files,), self._work / "tapes")
        return Reader(self.source, ProfileOpener(None, {}, lambda: reach), asyncio.get_running_loop().time)

    def there(self) -> dict[str, bytes]:
        """The files that are in place."""
        found = [path for path in self.source.files.rglob("*") if not path.is_dir()]
        return {path.relative_to(self.source.files).as_posix(): path.read_bytes() for path in found}


@pytest.fixture
def place(origin: Repository, tmp_path: Path, no_process_left: None) -> Place:
    """The machine; nobody needs what no commit names."""
    return Place(str(origin.path), tmp_path / "work", set)


async def looked(reader: Reader) -> dict[str, Wanted]:
    """What a new look at the repository comes to, by file."""
    await reader.look()
    return dict(reader.now.view.files)


def first_path(wanted: Wanted) -> Path:
    """The first file of a valid playlist."""
    assert wanted.profile is not None, wanted.findings
    assert isinstance(wanted.profile.input, FilesInput)
    return Path(wanted.profile.input.paths[0])


async def test_a_file_beside_the_profile_is_there(place: Place) -> None:
    """Where the profile's path leads, whole, for nobody else's eyes; and nothing but what is named."""
    path = first_path((await looked(place.reader()))["show.yaml"])
    assert _SLATE == path.read_bytes()
    assert {"slate.mp4": _SLATE} == place.there()
    assert (0o600, 0o700) == (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777)


async def test_a_commit_that_changes_only_a_profile_leaves_its_file(
    origin: Repository, place: Place, tmp_path: Path
) -> None:
    """The same path and the same inode, for the same controller and for the next; no file is written."""
    reader = place.reader()
    path = first_path((await looked(reader))["show.yaml"])
    before = path.stat()
    for number in range(2):
        commit = origin.commit({"show.yaml": show("show", "slate.mp4", more=f"description: d{number}\n")})
        found = (await looked(reader))["show.yaml"]
        assert commit == reader.now.revision
        after = path.stat()
        assert (path, before.st_ino, before.st_mtime_ns) == (
            first_path(found),
            after.st_ino,
            after.st_mtime_ns,
        )
        reader = place.reader()
    assert path == first_path((await looked(reader))["show.yaml"])
    assert before.st_ino == path.stat().st_ino


async def test_a_changed_file_takes_the_old_ones_place(origin: Repository, place: Place) -> None:
    """Under the same path; whoever has the old one open reads that to its end."""
    reader = place.reader()
    path = first_path((await looked(reader))["show.yaml"])
    with path.open("rb") as old:
        origin.commit({"slate.mp4": b"new"})
        assert path == first_path((await looked(reader))["show.yaml"])
        assert (b"new", _SLATE) == (path.read_bytes(), old.read())


@pytest.mark.parametrize("name", ["a\u3000b.mp4", "a\u00a0b.mp4", "\U0001f469\u200d\U0001f4bb.mp4"])
async def test_any_name_is_a_files_name(origin: Repository, place: Place, name: str) -> None:
    """Also one with wide or unbreakable spaces in it, or joined signs."""
    origin.commit({"show.yaml": show("show", f"'{name}'"), name: b"x"})
    path = first_path((await looked(place.reader()))["show.yaml"])
    assert (name, b"x") == (path.name, path.read_bytes())


@pytest.mark.parametrize(("before", "after"), [("media", "media/a"), ("media/a", "media")])
async def test_a_file_that_a_show_needs_is_not_taken_from_under_it(
    origin: Repository, place: Place, before: str, after: str
) -> None:
    """Not for a folder of its name, nor for a file of its folder's name; it is said what to do."""
    origin.commit({"show.yaml": show("show", before), before: b"old"})
    reader = place.reader()
    path = first_path((await looked(reader))["show.yaml"])
    place.needed = lambda: {str(path)}
    origin.git("rm", "-r", "--quiet", "media")
    origin.commit({"show.yaml": show("show", after), after: b"new"})
    for _ in range(2):
        (finding,) = (await looked(reader))["show.yaml"].findings
        assert "input.files[0]: stands where the repository had a folder before, or below" in finding
        assert finding.endswith("hint: give it another name")
        assert b"old" == path.read_bytes()
    place.needed = set
    await looked(reader)
    assert b"new" == first_path((await looked(reader))["show.yaml"]).read_bytes()


async def test_paths_lead_everywhere_in_the_repository(origin: Repository, place: Place) -> None:
    """Also out of the folder that is read, and never out of the repository."""
    origin.commit(
        {
            "live/a.yaml": show("a", "../media/x.mp4", "./b/y.mp4"),
            "live/b/y.mp4": b"y",
            "media/x.mp4": b"x",
            "live/out.yaml": show("out", "../../out.mp4"),
        }
    )
    found = await looked(place.reader("live"))
    assert b"x" == first_path(found["a.yaml"]).read_bytes()
    assert {"media/x.mp4": b"x", "live/b/y.mp4": b"y"} == place.there()
    (finding,) = found["out.yaml"].findings
    assert finding.startswith("out.yaml:3:17: input.files[0]: lies outside the repository")


async def test_what_the_repository_cannot_give_is_said_at_its_place(
    origin: Repository, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each in its own profile; the others go on."""
    monkeypatch.setattr(gitfiles, "FILE_MAX", len(_SLATE))
    (origin.path / "link.mp4").symlink_to("/etc/passwd")
    (origin.path / "folder").symlink_to("/etc")
    names = {
        "none.mp4": "the repository has no such file at this commit",
        "link.mp4": "is a link or a submodule in the repository, which is not followed",
        "folder/passwd": "the repository has no such file at this commit",
        "folder": "is a link or a submodule in the repository, which is not followed",
        "large.mp4": "is larger than 2 GiB, too large for a repository",
        "lfs.mp4": "is a Git LFS pointer in the repository, and not the file itself, which is not fetched",
    }
    profiles = {f"p{number}.yaml": show(f"p{number}", name) for number, name in enumerate(names)}
    origin.commit({"lfs.mp4": _POINTER, "large.mp4": _SLATE + b"!", **profiles})
    found = await looked(place.reader())
    assert {"slate.mp4": _SLATE} == place.there()
    assert found["show.yaml"].profile is not None
    for file, why in zip(profiles, names.values(), strict=True):
        (finding,) = found[file].findings
        assert finding.startswith(f"{file}:3:17: input.files[0]: {why}\n  hint: ")


async def test_no_more_than_a_disk_holds(
    origin: Repository, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bounds for all files together: the first by name are taken, and the others said."""
    monkeypatch.setattr(gitfiles, "ALL_MAX", 10)
    monkeypatch.setattr(gitfiles, "COUNT_MAX", 2)
    names = {"a": b"123456", "b": b"1234567", "c": b"1234", "d": b""}
    origin.commit({"show.yaml": show("show", *names), **names})
    found = await looked(place.reader())
    assert ["a", "c"] == sorted(place.there())
    assert ["input.files[1]", "input.files[3]"] == [one.split(": ")[1] for one in found["show.yaml"].findings]


async def test_a_file_comes_and_goes_with_what_the_repository_has(origin: Repository, place: Place) -> None:
    """The same profile is not valid without its file, and valid again with it."""
    reader = place.reader()
    assert (await looked(reader))["show.yaml"].profile is not None
    origin.commit({"slate.mp4": None})
    lost = (await looked(reader))["show.yaml"]
    assert (None, "show") == (lost.profile, lost.name)
    origin.commit({"slate.mp4": b"back"})
    assert b"back" == first_path((await looked(reader))["show.yaml"]).read_bytes()


async def test_an_escaping_profile_holds_up_no_other_one(origin: Repository, place: Place) -> None:
    """It is not valid, its file is not looked at, and its neighbour is as it was."""
    origin.commit(
        {
            "bad.yaml": show("bad", "/etc/passwd"),
            "cert.yaml": "version: 1\nname: c\n"
            "input: {rtmp: {tls: {certificate: ../c.pem, private_key: k.pem}}}\n",
        }
    )
    found = await looked(place.reader())
    assert (None, None) == (found["bad.yaml"].profile, found["cert.yaml"].profile)
    assert "input.files[0]: lies outside the repository" in found["bad.yaml"].findings[0]
    assert "tls.certificate: lies outside the repository" in found["cert.yaml"].findings[0]
    assert _SLATE == first_path(found["show.yaml"]).read_bytes()


async def test_what_the_settings_allow_later_is_used_then(origin: Repository, place: Place) -> None:
    """Told to look anew, it asks again; settings that cannot be read change nothing."""
    origin.commit({"show.yaml": show("show", "/etc/slate.mp4")})
    place.reader()
    allowed = [place.source.files]

    def reach() -> Reach:
        if not allowed:
            raise SpiritError("the settings are not valid")
        return Reach(frozenset(), tuple(allowed), Path("/tapes"))

    opener = ProfileOpener(None, {}, reach)
    reader = Reader(place.source, opener, asyncio.get_running_loop().time)
    assert (await looked(reader))["show.yaml"].profile is None
    for now in ([*allowed, Path("/etc")], []):
        allowed[:] = now
        opener.forget()
        await reader.look(anew=True)
        assert Path("/etc/slate.mp4") == first_path(reader.now.view.files["show.yaml"])
    assert place.source.folder_of("show.yaml") == reader.now.entries["show.yaml"].folder


async def test_a_file_that_nobody_names_any_more_goes(origin: Repository, place: Place) -> None:
    """With its folder, at the second commit that does not name it: until then it may be on air."""
    origin.commit({"show.yaml": show("show", "a/b/old.mp4"), "a/b/old.mp4": b"old"})
    reader = place.reader()
    await looked(reader)
    origin.commit({"show.yaml": show("show", "slate.mp4")})
    await looked(reader)
    assert ["a/b/old.mp4", "slate.mp4"] == sorted(place.there())
    origin.commit({"note": "n"})
    await looked(reader)
    assert ["slate.mp4"] == sorted(place.there())
    assert [] == [path for path in place.source.files.iterdir() if path.is_dir()]


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_file_that_a_last_good_copy_names_stays(
    origin: Repository, place: Place, is_known: bool
) -> None:
    """Whatever is committed, and however often the controller comes anew; also while it cannot be known."""
    reader = place.reader()
    path = first_path((await looked(reader))["show.yaml"])
    place.needed = (lambda: {str(path)}) if is_known else (lambda: None)
    origin.commit({"show.yaml": "broken: [", "slate.mp4": None})
    for _ in range(3):
        origin.commit({"note": "n"})
        await looked(reader)
        reader = place.reader()
    assert {"slate.mp4": _SLATE} == place.there()
    place.needed = set
    origin.commit({"note": "m"})
    await looked(reader)
    assert {} == place.there()


async def test_a_last_good_copy_leads_to_the_same_files_without_the_repository(
    origin: Repository, place: Place, tmp_path: Path
) -> None:
    """After a restart, with nobody answering at the address: the copy opens, and its file is there."""
    reader = place.reader()
    path = first_path((await looked(reader))["show.yaml"])
    state = State(tmp_path / "state")
    state.prepare()
    entry = reader.now.entries["show.yaml"]
    state.keep(Kept("show", entry.file, entry.folder, "r", entry.data))
    assert {str(path)} == state.files_named()
    place.needed = state.files_named
    origin.path.rename(tmp_path / "away")
    again = place.reader()
    await again.look()
    assert not again.now.view.complete
    (kept,), _ = state.load()
    opened = again.wanted(type(entry)(kept.file, kept.data, kept.folder))
    assert (path, _SLATE) == (first_path(opened), path.read_bytes())
    (tmp_path / "state" / "profiles" / "show.json").write_text("{")
    assert state.files_named() is None


def _no_room(files: Files, draft: Path) -> int:
    return os.open("/dev/full", os.O_WRONLY)


def _no_sync(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("where", ["git", "us"])
async def test_a_full_disk_is_said_and_tried_again(
    origin: Repository, place: Place, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """Nothing half-written is left, another profile is read, and with room it goes on by itself."""
    origin.commit({"other.yaml": "version: 1\nname: other\ninput: {test: {}}\n"})
    reader = place.reader()
    with monkeypatch.context() as full:
        full.setattr(*((Files, "_open", _no_room) if where == "git" else (os, "fsync", _no_sync)))
        found = await looked(reader)
        assert found["other.yaml"].profile is not None
        assert found["show.yaml"].profile is None
        assert "cannot be" in (said := found["show.yaml"].findings[0])
        assert ("the disk is full" if where == "git" else "no space left on device") in said
        assert {} == place.there()
        assert [] == list((place.source.files.parent / f"{place.source.files.name}.new").glob("*"))
    assert _SLATE == first_path((await looked(reader))["show.yaml"]).read_bytes()


async def test_what_a_kill_left_is_cleared_and_made_whole(origin: Repository, place: Place) -> None:
    """Drafts go; a file that is not as it was written, as after a power cut, is written again."""
    path = first_path((await looked(place.reader()))["show.yaml"])
    drafts = place.source.files.with_name(f"{place.source.files.name}.new")
    (drafts / "half").write_bytes(b"half")
    path.write_bytes(_SLATE[:10])
    index = place.source.files.with_name(f"{place.source.files.name}.json")
    for spoiled in (b"", b"[]", b'{"version": 1, "files": {"slate.mp4": ["x"]}}'):
        await looked(place.reader())
        assert (_SLATE, []) == (path.read_bytes(), list(drafts.glob("*")))
        index.write_bytes(spoiled)


async def test_no_link_in_the_way_is_followed(origin: Repository, place: Place, tmp_path: Path) -> None:
    """A link where a file is to stand is replaced, one where its folder is to stand refuses it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").write_text("p")
    place.reader()
    files = place.source.files
    files.mkdir(parents=True)
    (files / "slate.mp4").symlink_to(outside / "precious")
    (files / "folder").symlink_to(outside)
    origin.commit({"b.yaml": show("b", "folder/x.mp4"), "folder/x.mp4": b"x"})
    found = await looked(place.reader())
    assert found["b.yaml"].profile is None
    assert ["precious"] == [path.name for path in outside.iterdir()]
    assert "p" == (outside / "precious").read_text()
    assert (False, _SLATE) == ((files / "slate.mp4").is_symlink(), (files / "slate.mp4").read_bytes())


async def test_a_folder_takes_the_place_of_a_file(origin: Repository, place: Place) -> None:
    """As soon as the file is not needed any more."""
    reader = place.reader()
    await looked(reader)
    origin.commit({"slate.mp4": None})
    origin.commit({"slate.mp4/x": b"x", "show.yaml": show("show", "slate.mp4/x")})
    (finding,) = (await looked(reader))["show.yaml"].findings
    assert "stands where the repository had a folder before" in finding
    assert b"x" == first_path((await looked(reader))["show.yaml"]).read_bytes()


async def test_large_files_go_through_nobodys_memory(origin: Repository, place: Place) -> None:
    """git writes them into their files itself; what does not fit into one answer comes whole, too."""
    large = os.urandom(1024) * 20_000
    origin.commit({"slate.mp4": large})
    assert large == first_path((await looked(place.reader()))["show.yaml"]).read_bytes()
