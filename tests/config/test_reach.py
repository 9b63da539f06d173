"""What a profile from git may name of this machine, and how it is told what it may not."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spiritstream.config import load
from spiritstream.config.data import data_folder
from spiritstream.config.load import check_data, load_data
from spiritstream.config.reach import Reach, reach_findings, whole_paths
from spiritstream.config.settings import load_settings
from spiritstream.config.within import LeavesError, Place, normal, open_within, place_of, record_place
from spiritstream.errors import KeyMissingError

_CANARY = "canary-of-a-file-outside"
_HEAD = "version: 1\nname: show\n"


class Machine:
    """A server: a repository's folder, one more to read, one to record into, and what lies outside."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.repository, self.media, self.tapes, self.outside = (
            top / name for name in ("repository", "media", "tapes", "outside")
        )
        for folder in (self.repository / "live", self.media, self.tapes, self.outside):
            folder.mkdir(parents=True)
        (self.outside / "secret").write_text(_CANARY)
        (self.repository / "live" / "key").write_text("a-key\n")
        self.reach = Reach(frozenset({"SHOW_KEY"}), (self.repository, self.media), self.tapes)

    def findings(self, text: str, **more: Any) -> list[str]:
        """What is wrong with a profile in the repository's folder `live`."""
        reach = Reach(self.reach.variables, self.reach.readable, self.reach.recordings, **more)
        data = (_HEAD + text.replace("TOP", str(self.top))).encode()
        found = check_data(data, "live/a.yaml", self.repository / "live", reach=reach).findings
        return [str(one).replace(str(self.top), "TOP") for one in found]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """The server."""
    return Machine(tmp_path)


_KEYED = 'input: {test: {}}\ngroups: {g: {targets: {t: {url: "rtmp://a.example/live", key: %s}}}}\n'
_RECORDED = "input: {test: {}}\ngroups: {g: {targets: {t: {record: %s}}}}\n"
_TLS = "input: {rtmp: {tls: {certificate: %s, private_key: %s}}}\n"
_OUTSIDE = "lies outside the repository and the folders that profiles from git may read"
_LINKED = "leads by a link to outside the repository and the folders that profiles from git may read"
_UNRECORDED = "lies outside the one folder that profiles from git record into"

_ALLOWED = {
    "no path at all": "input: {test: {}}\n",
    "a variable of the settings": _KEYED % "{env: SHOW_KEY}",
    "a file beside the profile": "input: {files: [slate.mp4]}\n",
    "a file elsewhere in the repository": "input: {files: [../media/slate.mp4, ./x/../y.mp4]}\n",
    "a folder of the settings": "input: {files: {paths: [TOP/media/a.mp4, TOP/media/b/c.mp4]}}\n",
    "a secret's file in the repository": _KEYED % "{file: key}",
    "a secret's file in a folder of the settings": _KEYED % "{file: TOP/media/key}",
    "a certificate in the repository": _TLS % ("cert.pem", "TOP/media/key.pem"),
    "a recording by its name": _RECORDED % "show.mkv",
    "a recording in a folder of its own": _RECORDED
    % "'{path: show/%Y/%m-%d_%H-%M.mkv, segment: 1h}'".strip("'"),
    "a recording by its whole path": _RECORDED % "TOP/tapes/show.mkv",
    "a link that stays inside": "input: {files: [within.mp4]}\n",
    "an address of a network": "input: {pull: {url: 'http://127.0.0.1:8080/x.m3u8'}}\n",
}


@pytest.mark.parametrize("text", _ALLOWED.values(), ids=_ALLOWED)
def test_what_is_allowed_has_no_findings(machine: Machine, text: str) -> None:
    """Whether or not there is such a file by now."""
    (machine.repository / "live" / "within.mp4").symlink_to(machine.media / "real.mp4")
    assert [] == machine.findings(text)


_UNLINK = "  hint: put the file itself there, in the link's place"
_FOLDERS = (
    "  hint: put the file into the repository; or if it may, on the server: spiritstream config set folders"
)
_KEPT_OUT = "  hint: if it may, on the server: spiritstream config set folders"
_REFUSED = {
    "a variable": (
        _KEYED % "{env: HOME}",
        "live/a.yaml:4:69: groups.g.targets.t.key.env: profiles from git may not use the variable HOME\n"
        "  hint: if it may, on the server: spiritstream config set environment SHOW_KEY HOME",
    ),
    "a key in a variable's place": (
        _KEYED % "{env: live_abcd1234efgh}",
        "live/a.yaml:4:69: groups.g.targets.t.key.env: profiles from git may not use this variable\n"
        "  hint: if it may, on the server: spiritstream config set environment SHOW_KEY NAME",
    ),
    "an absolute path": (
        "input: {files: [slate.mp4, /etc/shadow]}\n",
        f"live/a.yaml:3:28: input.files[1]: {_OUTSIDE}\n{_FOLDERS} TOP/media /etc",
    ),
    "a path that climbs": (
        "input: {files: {paths: [../../outside/secret]}}\n",
        f"live/a.yaml:3:25: input.files.paths[0]: {_OUTSIDE}\n{_FOLDERS} TOP/media FOLDER",
    ),
    "a path that is there only after climbing": (
        "input: {files: [TOP/media/../outside/secret]}\n",
        f"live/a.yaml:3:17: input.files[0]: {_OUTSIDE}\n{_FOLDERS} TOP/media TOP/outside",
    ),
    "a folder whose name begins alike": (
        "input: {files: [TOP/media-of-others/a.mp4]}\n",
        f"live/a.yaml:3:17: input.files[0]: {_OUTSIDE}\n{_FOLDERS} TOP/media TOP/media-of-others",
    ),
    "two slashes in front": (
        "input: {files: [//etc/passwd]}\n",
        f"live/a.yaml:3:17: input.files[0]: {_OUTSIDE}\n{_FOLDERS} TOP/media /etc",
    ),
    "a link that leads out": (
        "input: {files: [out.mp4]}\n",
        f"live/a.yaml:3:17: input.files[0]: {_LINKED}\n{_UNLINK}",
    ),
    "a link that leads out, to nothing": (
        "input: {files: [dangling.mp4]}\n",
        f"live/a.yaml:3:17: input.files[0]: {_LINKED}\n{_UNLINK}",
    ),
    "a folder that is such a link": (
        _KEYED % "{file: elsewhere/secret}",
        f"live/a.yaml:4:70: groups.g.targets.t.key.file: {_LINKED}\n{_UNLINK}",
    ),
    "a secret's file": (
        _KEYED % "{file: /run/secrets/key}",
        f"live/a.yaml:4:70: groups.g.targets.t.key.file: {_OUTSIDE}\n{_KEPT_OUT} TOP/media /run/secrets",
    ),
    "a certificate": (
        _TLS % ("/etc/ssl/a.pem", "key.pem"),
        f"live/a.yaml:3:35: input.rtmp.tls.certificate: {_OUTSIDE}\n{_FOLDERS} TOP/media /etc/ssl",
    ),
    "a certificate's key": (
        _TLS % ("cert.pem", "/etc/ssl/k.pem"),
        f"live/a.yaml:3:58: input.rtmp.tls.private_key: {_OUTSIDE}\n{_KEPT_OUT} TOP/media /etc/ssl",
    ),
}
_RECORD_HINT = (
    "  hint: write a path relative to it, such as show/%Y-%m-%d_%H-%M-%S.mkv; or if it may, on the server: "
    "spiritstream config set recordings FOLDER"
)
_UNRECORDABLE = [
    "/home/x/.ssh/rc.mkv",
    "../outside/a.mkv",
    "show/../../outside/a.mkv",
    "TOP/tapes/../outside/a.mkv",
    "TOP/tapes-of-others/a.mkv",
    "show/.%p./.%p./a.mkv",
    "show/%Y/../../../a.mkv",
    "TOP/repository/live/a.mkv",
]


@pytest.mark.parametrize(("text", "expected"), _REFUSED.values(), ids=_REFUSED)
def test_what_is_not_allowed_is_said_at_its_place(machine: Machine, text: str, expected: str) -> None:
    """One finding at the value itself, with what the server's owner does if it is meant."""
    live = machine.repository / "live"
    (live / "out.mp4").symlink_to("../../outside/secret")
    (live / "dangling.mp4").symlink_to(machine.outside / "nothing")
    (live / "elsewhere").symlink_to(machine.outside)
    assert [expected] == machine.findings(text)


@pytest.mark.parametrize("form", ['"%s"', '{path: "%s"}'])
@pytest.mark.parametrize("path", _UNRECORDABLE)
def test_no_recording_leaves_its_folder(machine: Machine, path: str, form: str) -> None:
    """Neither by its text, nor by what a placeholder may stand for."""
    (found,) = machine.findings(_RECORDED % form.replace("%s", path))
    at = "record.path" if "{" in form else "record"
    assert f"groups.g.targets.t.{at}: {_UNRECORDED}\n{_RECORD_HINT}" == found.partition(": ")[2]


@pytest.mark.parametrize("path", ["away/a.mkv", "%Y/a.mkv", "x%Yx/b/a.mkv", "away", "in/%Y.mkv", "%%Y/a.mkv"])
def test_no_link_takes_a_recording_away(tmp_path: Path, path: str) -> None:
    """Also one on whose name a placeholder will come to stand; one that is not on the way is no matter."""
    tapes, outside = tmp_path / "tapes", tmp_path / "outside"
    for folder in (outside, tapes / "in", tapes / "x2031x"):
        folder.mkdir(parents=True)
    for link in ("away", "2031", "in/2031.mkv", "x2031x/b", "%Y"):
        (tapes / link).symlink_to(outside)
    assert Place.LINKED == record_place(normal(tapes, path), tapes)
    assert Place.INSIDE == record_place(normal(tapes, "show-%Y/a.mkv"), tapes)
    assert Place.OUTSIDE == record_place(str(tapes), tapes)


@pytest.mark.parametrize(
    ("name", "path", "expected"),
    [
        ("ab", "a%Yb", Place.LINKED),
        ("ab", "a%Y%Yb", Place.LINKED),
        ("axbyb", "a%Yb%Yb", Place.LINKED),
        ("ab", "a%Yab", Place.INSIDE),
        ("aba", "ab%Yba", Place.INSIDE),
        ("ab", "a%Yb%Yb", Place.INSIDE),
        ("ab", "a%Yc%Yb", Place.INSIDE),
        ("cxb", "a%Yb", Place.INSIDE),
        ("axc", "a%Yb", Place.INSIDE),
        ("abxc", "ab%Ya%Yc", Place.INSIDE),
        ("x%", "x%", Place.LINKED),
        ("y", "x%", Place.INSIDE),
    ],
)
def test_what_a_placeholder_may_stand_for(tmp_path: Path, name: str, path: str, expected: Place) -> None:
    """Anything, but the rest of the name stands."""
    (tmp_path / "tapes").mkdir()
    (tmp_path / "tapes" / name).symlink_to(tmp_path)
    assert expected == record_place(f"{tmp_path}/tapes/{path}/a.mkv", tmp_path / "tapes")


def test_no_path_takes_years_to_compare(tmp_path: Path) -> None:
    """Whoever chooses it, and has recorded into a folder of a fitting name before."""
    (tmp_path / ("a" * 200)).mkdir()
    assert Place.INSIDE == record_place(f"{tmp_path}/{'a%Y' * 40}b/a.mkv", tmp_path)


def test_folders_that_are_links_themselves_are_where_they_lead(tmp_path: Path) -> None:
    """The owner's /srv/media may be a link to a disk; both names of a file are inside."""
    disk = tmp_path / "disk"
    disk.mkdir()
    (tmp_path / "srv").symlink_to(disk)
    for folder in (tmp_path / "srv", disk):
        for path in (tmp_path / "srv" / "a.mp4", disk / "a.mp4"):
            if folder != disk or path.parent == disk:
                assert (folder, Place.INSIDE) == (folder, place_of(str(path), [folder]))
                assert (folder, Place.INSIDE) == (folder, record_place(str(path), folder))


def test_nothing_is_told_of_what_may_not_be_read(machine: Machine) -> None:
    """The same words whether a file is there or not, is a folder, or may not be looked at."""
    forms = ("TOP/outside/secret", "TOP/outside/nothing", "TOP/outside/secret/below", "TOP/outside")
    told = {
        text.partition("\n")[0]
        for form in forms
        for text in machine.findings(f"input: {{files: ['{form}']}}\n")
        + machine.findings(_KEYED % f"{{file: '{form}'}}")
    }
    assert {text.partition(": ")[2].partition(": ")[2] for text in told} == {_OUTSIDE}


def test_all_findings_come_at_once_with_those_of_the_schema(machine: Machine) -> None:
    """In the order of the text."""
    text = "input: {files: [/etc/a, /etc/b]}\nnonsense: 1\ngroups: {g: {targets: {t: {record: /a.mkv}}}}\n"
    lines = [text.split(":")[1:3] for text in machine.findings(text)]
    assert [["3", "17"], ["3", "25"], ["4", "1"], ["5", "36"]] == lines


def test_a_file_that_the_repository_cannot_give_is_said_at_its_place(machine: Machine) -> None:
    """Why, and what to do, as the source says."""
    refused = {str(machine.repository / "live/slate.mp4"): ("is a link", "put the file there")}
    assert ["live/a.yaml:3:17: input.files[0]: is a link\n  hint: put the file there"] == machine.findings(
        "input: {files: [./slate.mp4]}\n", refused=refused
    )


def _load(machine: Machine, text: str, reach: Reach | None) -> Any:
    folder = machine.repository / "live"
    return load_data((_HEAD + text).encode(), "a.yaml", folder, None, {"SHOW_KEY": "v"}, reach=reach)


def test_a_recording_by_its_name_lies_in_the_recordings_folder(machine: Machine) -> None:
    """From git; by hand, it lies beside the profile."""
    text = _RECORDED % "{path: show/%Y.mkv}"
    for reach, folder in ((machine.reach, machine.tapes), (None, machine.repository / "live")):
        record = _load(machine, text, reach).groups[0].targets[0].record
        assert str(folder / "show/%Y.mkv") == record.path


def test_by_hand_everything_may_be_used(machine: Machine) -> None:
    """A profile of the owner's has the owner's rights."""
    profile = _load(machine, _KEYED % f"{{file: {machine.outside / 'secret'}}}", None)
    assert profile.groups[0].targets[0].address.key is not None


def test_what_may_be_used_is_used(machine: Machine) -> None:
    """A variable of the settings; a file of the repository."""
    for source in ("{env: SHOW_KEY}", "{file: key}"):
        assert _load(machine, _KEYED % source, machine.reach).groups[0].targets[0].address.key is not None


def test_a_link_that_is_made_after_the_check_is_not_followed(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is where a secret's file leads when it is read."""
    key = machine.repository / "live" / "key"

    def late(document: Any, reach: Reach, folder: Path) -> list[Any]:
        found = reach_findings(document, reach, folder)
        key.unlink()
        key.symlink_to(machine.outside / "secret")
        return found

    monkeypatch.setattr(load, "reach_findings", late)
    with pytest.raises(KeyMissingError) as refused:
        _load(machine, _KEYED % "{file: key}", machine.reach)
    assert "leads outside what may be read" in str(refused.value)
    assert _CANARY not in str(refused.value)


def test_a_folder_that_becomes_a_link_while_it_is_opened_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking where a path leads and opening it, nothing on the way may turn into a link."""
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside / "a", outside):
        folder.mkdir(parents=True)
        (folder / "key").write_text(_CANARY if folder == outside else "fine")
    path = str(inside / "a" / "key")
    with open_within(path, [inside]) as stream:
        assert b"fine" == stream.read()
    answer = os.path.realpath(path)
    (inside / "a").rename(tmp_path / "moved")
    (inside / "a").symlink_to(outside)
    monkeypatch.setattr(os.path, "realpath", lambda one, **_: answer if one == path else str(one))
    with pytest.raises(OSError):
        open_within(path, [inside])
    monkeypatch.undo()
    with pytest.raises(LeavesError):
        open_within(path, [inside])


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_only_files_are_opened(tmp_path: Path, kind: str) -> None:
    """A pipe would hold us for ever; what cannot be a path is outside."""
    path = tmp_path / "x"
    os.mkfifo(path) if kind == "pipe" else path.mkdir()
    with pytest.raises(OSError):
        open_within(str(path), [tmp_path])
    for odd in ("\0", "\ud800"):
        assert Place.OUTSIDE == place_of(f"{tmp_path}/{odd}", [tmp_path])


def test_a_single_file_may_be_allowed(tmp_path: Path) -> None:
    """A folder of the settings may be a file, too."""
    file = tmp_path / "key"
    file.write_text("k")
    with open_within(str(file), [file]) as stream:
        assert b"k" == stream.read()
    assert Place.OUTSIDE == place_of(str(tmp_path / "other"), [file])


def test_the_settings_say_what_may_be_used(tmp_path: Path) -> None:
    """`environment`, `folders` after the repository itself, `recordings`; by default next to nothing."""
    settings = tmp_path / "settings.yaml"
    settings.write_text("version: 1\nenvironment: [A]\nfolders: [/srv/media]\nrecordings: /srv/tapes\n")
    found = load_settings({}, path=settings).reach(Path("/r"))
    assert Reach(frozenset({"A"}), (Path("/r"), Path("/srv/media")), Path("/srv/tapes")) == found
    usual = load_settings({}, path=tmp_path / "none.yaml").reach(Path("/r"))
    assert (frozenset(), (Path("/r"),)) == (usual.variables, usual.readable)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("input: {files: [a.mp4, ../b.mp4, /c.mp4]}", {"/r/live/a.mp4", "/r/b.mp4", "/c.mp4"}),
        ('input: {"\\x66iles": [a.mp4]}', {"/r/live/a.mp4"}),
        (_KEYED % "{file: k}", {"/r/live/k"}),
        (_TLS % ("c", "d"), {"/r/live/c", "/r/live/d"}),
        (_RECORDED % "a.mkv", set()),
        ('input: {files: ["a\\nb", "c\u3000d", 7, {}]}', {"/r/live/a\nb", "/r/live/c\u3000d"}),
        ("input: {files: [a.mp4", set()),
        ("input: {test: {}}", set()),
    ],
)
def test_which_files_a_profile_names(text: str, expected: set[str]) -> None:
    """By their whole paths, also of a profile that is not valid; of one that is no YAML, none."""
    assert expected == whole_paths((_HEAD + text).encode(), "a.yaml", Path("/r/live"))


# Every leaf of the schema that could name a thing of the machine, and what was decided. Whoever adds one
# decides it here, and for one that names a file or a variable in config/reach.py.
_DECIDED = {
    "name": "bounded: it names sockets and logs, and has no '/'",
    "description": "text, shown only",
    "input.files[]": "read",
    "input.files.paths[]": "read",
    "input.rtmp.tls.certificate": "read",
    "input.rtmp.tls.private_key": "read",
    "input.pull.url": "network: only schemes of networks, and ffmpeg may open no file on the way",
    "input.rtmp.listen": "network: an address of this machine, with a port",
    "input.rtmp.app": "compared with what publishers say",
    "groups.*.targets.*.platform": "looked up in a table",
    "groups.*.targets.*.server": "network: looked up in a table, or an rtmp(s) URL",
    "groups.*.targets.*.url": "network: rtmp, rtmps, srt",
    "groups.*.targets.*.record": "recorded",
    "groups.*.targets.*.record.path": "recorded",
    **{
        f"groups.*.{kind}.for{which}": "looked up in a table"
        for kind in ("video", "audio")
        for which in ("", "[]")
    },
    "groups.*.video.encoder": "the name of one of ffmpeg's encoders, without '/' and '='",
    "groups.*.video.preset": "a word",
    "groups.*.video.profile": "a word",
    **dict.fromkeys(("input.pull.username", "groups.*.targets.*.username"), "sent, in quotes"),
    **{
        f"{place}.{kind}": decided
        for place in (
            "input.pull.key",
            "input.pull.password",
            "input.pull.passphrase",
            "input.rtmp.key",
            "groups.*.targets.*.key",
            "groups.*.targets.*.password",
            "groups.*.targets.*.passphrase",
        )
        for kind, decided in (("sealed", "sealed for one destination"), ("env", "variable"), ("file", "read"))
    },
}
# What cannot name anything: numbers with a unit.
_MEASURES = {"bitrate", "duration", "size", "fps"}


def _leaves(node: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    """The leaves whose texts are free, as far as the schema goes."""
    reference = node.get("$ref") or next((part["$ref"] for part in node.get("allOf", ())), "")
    if reference:
        if reference.rpartition("/")[2] not in _MEASURES:
            yield from _leaves(root["definitions"][reference.rpartition("/")[2]], root, at)
        return
    for branch in node.get("oneOf", ()):
        is_sealed = branch.get("pattern") == "^sealed:"
        yield from _leaves(branch, root, f"{at}.sealed" if is_sealed else at)
    for key, child in node.get("properties", {}).items():
        yield from _leaves(child, root, f"{at}.{key}" if at else key)
    if isinstance(more := node.get("additionalProperties"), dict):
        yield from _leaves(more, root, f"{at}.*")
    if "items" in node:
        yield from _leaves(node["items"], root, f"{at}[]")
    if "string" in node.get("type", ()) and "enum" not in node:
        yield at


def test_of_every_leaf_it_is_decided_what_it_may_reach() -> None:
    """A new field that holds text is decided upon above, before anybody can use it from git."""
    schema = json.loads((data_folder("schemas") / "profile.schema.json").read_text())
    assert set(_DECIDED) == set(_leaves(schema, schema, ""))


@pytest.mark.parametrize(
    "leaf", [leaf for leaf, how in _DECIDED.items() if how in ("read", "recorded", "variable")]
)
def test_every_leaf_that_names_a_file_or_a_variable_is_held_back(machine: Machine, leaf: str) -> None:
    """The table is carried out, at the leaf itself; so is what a new row will say."""
    data: Any = "/outside.mkv" if _DECIDED[leaf] != "variable" else "OUTSIDE"
    for part in reversed(leaf.split(".")):
        name = "x" if part == "*" else part.removesuffix("[]")
        data = {name: [data] if part.endswith("[]") else data}
    text = json.dumps({"version": 1, "name": "show", **data})
    found = check_data(text.encode(), "a.yaml", machine.repository, reach=machine.reach).findings
    at = leaf.replace(".*", ".x").replace("[]", "[0]")
    assert [at] == [one.path for one in found if "profiles from git" in one.message]


def test_what_profiles_inherit_names_nothing_of_the_machine() -> None:
    """A repository's defaults have no field with a path or a secret."""
    text = (data_folder("schemas") / "common.schema.json").read_text()
    assert not [word for word in ("/path", "/secret", "/pem", "/record", "/files", "/tls") if word in text]
