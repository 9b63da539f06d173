"""Platforms beside profiles, by every command that reads a profile; and where own platforms are kept."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest

from spiritstream.cli.offered import read_offered
from spiritstream.config.identity import save_identity
from spiritstream.config.keypair import Identity
from spiritstream.config.load import load_profile
from spiritstream.config.opener import identity_opener
from spiritstream.config.platforms import platform_ids
from spiritstream.errors import ExitCode, MovedError, ProfileError
from tests.cli.calling import Spiritstream, spiritstream
from tests.control.repository import Repository

__all__ = ["spiritstream"]

CANARY = "canary-7f3a-key"
ME = Identity.create()
HOUSE = """\
name: House
sources: [{source: us, as_of: "2026-11"}]
protocols: [rtmp]
key_placement: append
servers: [{name: Main, url: "rtmp://ingest.house.example/live"}]
"""
BROKEN = HOUSE + "color: red\n"


def show(name: str = "show", platform: str = "house", key: str = "{env: KEY}") -> str:
    """A profile with one target."""
    return (
        f"version: 1\nname: {name}\ninput: {{test: {{}}}}\ngroups:\n  source:\n    targets:\n"
        f"      one: {{platform: {platform}, key: {key}}}\n"
    )


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of the test's own, with an identity in its config folder."""
    for name in [name for name in os.environ if name.startswith(("SPIRITSTREAM_", "GIT_"))]:
        monkeypatch.delenv(name)
    for name in ("CREDENTIALS_DIRECTORY", "STATE_DIRECTORY", "VISUAL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("CONFIG", "DATA", "STATE", "RUNTIME"):
        folder = "XDG_RUNTIME_DIR" if name == "RUNTIME" else f"XDG_{name}_HOME"
        monkeypatch.setenv(folder, str(tmp_path / name.lower()))
    (tmp_path / "runtime").mkdir()
    save_identity(ME, tmp_path / "config" / "spiritstream" / "identity")
    return tmp_path / "config" / "spiritstream"


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository, where we are, with a profile in a subfolder and a platform at its top."""
    made = Repository(tmp_path / "repo")
    made.commit({"shows/show.yaml": show(), "platforms/house.yaml": HOUSE})
    monkeypatch.chdir(made.path)
    return made


def test_validate(repo: Repository, spiritstream: Spiritstream) -> None:
    """A folder's platforms are checked, each mistake once and where it stands; they are no profiles."""
    assert "ok: 1 profile checked, nothing is wrong\n" == spiritstream("validate", ".").out
    assert 0 == spiritstream("validate", "platforms").code
    Path("platforms/house.yaml").write_text(BROKEN)
    Path("shows/other.yaml").write_text(show("other", "twitch"))
    for paths in (["."], ["platforms"], ["platforms/house.yaml"], ["platforms/house.yaml", "."]):
        said = spiritstream("validate", *paths)
        own = [line for line in said.out.splitlines() if line.startswith("platforms/house.yaml:")]
        assert (ExitCode.INVALID, ["platforms/house.yaml:6:1: unknown key 'color'"]) == (said.code, own)
    said = spiritstream("validate", "shows")
    (line,) = [line for line in said.out.splitlines() if not line.startswith("  ")]
    assert line.startswith("shows/show.yaml:7:23: groups.source.targets.one.platform: its own file is not")
    assert "platforms/house.yaml:6:1: unknown key 'color'" in line
    assert 0 == spiritstream("validate", "shows/other.yaml").code


def test_validate_the_config_folder(config: Path, spiritstream: Spiritstream) -> None:
    """Its platforms may override: none of them is refused for its name."""
    (config / "platforms").mkdir()
    (config / "platforms" / "twitch.yaml").write_text(HOUSE)
    assert 0 == spiritstream("validate", config / "platforms").code
    (config / "platforms" / "twitch.yaml").write_text(BROKEN)
    assert "twitch.yaml:6:1: unknown key" in spiritstream("validate", config / "platforms").out


def test_validate_says_how_to_override(repo: Repository, config: Path, spiritstream: Spiritstream) -> None:
    """Who puts `twitch.yaml` beside profiles is told where it belongs."""
    Path("platforms/twitch.yaml").write_text(HOUSE)
    said = spiritstream("validate", ".").out.splitlines()
    assert said[0].startswith("platforms/twitch.yaml:1:1: the file's name is that of the platform twitch")
    assert said[1].endswith(f"to override one, make it {config / 'platforms' / 'twitch.yaml'}")


def test_staged_platforms_count(repo: Repository, spiritstream: Spiritstream) -> None:
    """What is checked is what git commits: a platform of the index, and all profiles beside it."""
    Path("platforms/house.yaml").write_text(BROKEN)
    Path("shows/show.yaml").write_text(show() + "# a comment\n")
    repo.git("add", "shows")
    assert 0 == spiritstream("validate", "--staged").code
    repo.git("add", "platforms")
    Path("platforms/house.yaml").write_text(HOUSE)
    said = spiritstream("validate", "--staged")
    assert ExitCode.INVALID == said.code
    assert "platforms/house.yaml:6:1: unknown key 'color'" in said.out.splitlines()
    assert "shows/show.yaml:7:23:" in said.out
    assert ExitCode.INVALID == spiritstream("validate", "--staged", "platforms").code
    repo.git("rm", "-qf", "--cached", "platforms/house.yaml")
    said = spiritstream("validate", "--staged")
    assert (ExitCode.INVALID, True) == (said.code, "no platform of this name is known" in said.out)
    repo.git("add", "platforms")
    assert 0 == spiritstream("validate", "--staged").code


def test_from_sealing_to_opening(
    repo: Repository, spiritstream: Spiritstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key is sealed for the host; `show`, `keys status`, `edit` and `rotate` know it; no other gets it."""
    file = Path("shows/show.yaml")
    file.write_text(show(key=CANARY))
    assert 0 == spiritstream("seal", file).code
    assert ":ingest.house.example:" in file.read_text()
    assert "sealed(ingest.house.example, " in spiritstream("show", file).out
    assert 0 == spiritstream("keys", "status", file).code
    monkeypatch.setenv("EDITOR", "sed -i s/canary-7f3a/canary-new/")
    edited = spiritstream("edit", file)
    assert (0, True) == (edited.code, ":ingest.house.example:" in file.read_text()), edited.err
    (secret,) = load_profile(file, identity_opener(None, os.environ), os.environ).secrets()
    assert "canary-new-key" == secret.reveal()
    before = file.read_text()
    assert 0 == spiritstream("keys", "rotate", "shows").code
    assert before != file.read_text()
    Path("platforms/house.yaml").write_text(HOUSE.replace("ingest.house", "attacker"))
    said = spiritstream("validate", file)
    assert "sealed for ingest.house.example, but here its key would go to attacker.example" in said.out
    with pytest.raises(MovedError):
        load_profile(file, identity_opener(None, os.environ), os.environ)
    assert ExitCode.TAMPERED == spiritstream("keys", "status", file).code


def test_new(repo: Repository, spiritstream: Spiritstream) -> None:
    """A new profile is written with a platform beside it, its key sealed for the host."""
    said = spiritstream(
        *"new shows/new.yaml --input test --platform house --keys stdin".split(), stdin=b"a-key\n"
    )
    assert 0 == said.code, said.err
    assert ":ingest.house.example:" in Path("shows/new.yaml").read_text()


def test_import_and_export(repo: Repository, spiritstream: Spiritstream) -> None:
    """An address of a platform beside the output folder stays an address; an export knows the platform."""
    Path("push.conf").write_text(
        "rtmp { server { application live { push rtmp://ingest.house.example/live/a-key; } } }\n"
    )
    said = spiritstream("import", "push.conf", "--output-dir", "shows")
    assert 0 == said.code, said.err
    assert 0 == spiritstream("validate", ".").code
    said = spiritstream("export", "shows/show.yaml")
    assert (0, True) == (said.code, "rtmp://ingest.house.example/live" in said.out), said.err


def test_platforms(repo: Repository, config: Path, spiritstream: Spiritstream) -> None:
    """They are listed with where they come from, and told in full; elsewhere they are not."""
    (config / "platforms").mkdir()
    (config / "platforms" / "mine.yaml").write_text(HOUSE.replace("House", "Mine"))
    lines = {line.split()[0]: line for line in spiritstream("platforms").out.splitlines()}
    assert {*platform_ids(), "house", "mine"} == set(lines)
    assert lines["house"].endswith("beside the profiles: platforms/house.yaml")
    assert lines["mine"].endswith("your own")
    assert "beside the profiles: platforms/house.yaml; its keys" in spiritstream("platforms", "house").out
    found = json.loads(spiritstream("platforms", "house", "--output", "json").out)["platform"]
    assert ("house", True, "platforms/house.yaml") == (found["id"], found["own"], found["file"])
    os.chdir(config)
    assert ExitCode.INVALID == spiritstream("platforms", "house").code


def test_what_is_offered_is_judged_where_it_is_to_stand(repo: Repository, tmp_path: Path) -> None:
    """`plan`, `apply` and `diff`: a platform beside the person's file is none in the controller's folder."""
    folder = tmp_path / "controlled"
    folder.mkdir()
    assert ["show"] == [one.name for one in read_offered([repo.path / "shows"])]
    with pytest.raises(ProfileError, match="no platform of this name is known") as caught:
        read_offered([repo.path / "shows"], folder)
    (finding,) = caught.value.findings
    assert finding.hint.endswith(f"beside it stays there: put it into {folder / 'platforms'}, too")
    (folder / "platforms").mkdir()
    (folder / "platforms" / "house.yaml").write_text(HOUSE)
    assert ["show"] == [one.name for one in read_offered([repo.path / "shows"], folder)]


def test_run_sends_nothing_elsewhere(repo: Repository, spiritstream: Spiritstream) -> None:
    """`run` ends before anything runs, when a platform leads to another host than the key is sealed for."""
    file = Path("shows/show.yaml")
    file.write_text(show(key=CANARY))
    assert 0 == spiritstream("seal", file).code
    Path("platforms/house.yaml").write_text(HOUSE.replace("ingest.house", "attacker"))
    said = spiritstream("run", file)
    assert ExitCode.TAMPERED == said.code
    assert "belongs to" in said.err or "sealed for ingest.house.example" in said.err
    assert CANARY not in said.err + said.out


@pytest.fixture
def kept(config: Path) -> Path:
    """A config folder with profiles, a platform beside them, and an own one."""
    for folder, text in (("platforms", HOUSE.replace("House", "Mine")), ("profiles/platforms", HOUSE)):
        (config / folder).mkdir(parents=True)
        (config / folder / f"{'mine' if folder == 'platforms' else 'house'}.yaml").write_text(text)
    (config / "profiles" / "show.yaml").write_text(show())
    (config / "profiles" / "mine.yaml").write_text(show("mine", "mine"))
    return config


def test_data_comes_and_goes_with_its_platforms(
    kept: Path, tmp_path: Path, spiritstream: Spiritstream
) -> None:
    """An archive has both folders, a clearing removes both, and unpacked everything is valid again."""
    archive = tmp_path / "out.tar.gz"
    said = spiritstream("data", "export", archive)
    assert 0 == said.code, said.err
    names = [f"spiritstream/{name}" for name in ("platforms/mine.yaml", "profiles/platforms/house.yaml")]
    assert set(names) <= set(said.out.splitlines())
    cleared = spiritstream("data", "clear", "--yes")
    assert 0 == cleared.code
    for name in names:
        assert f"removed: {kept.parent / name}" in cleared.out.splitlines()
        assert not (kept.parent / name).exists()
    with tarfile.open(archive) as tar:
        tar.extractall(kept.parent, filter="data")
    assert "ok: 2 profiles checked, nothing is wrong\n" == spiritstream("validate", kept / "profiles").out


def test_an_invalid_platform_is_not_exported(kept: Path, tmp_path: Path, spiritstream: Spiritstream) -> None:
    """Only what is valid is certain to hold no secret."""
    for file in ("platforms/mine.yaml", "profiles/platforms/house.yaml"):
        text = (kept / file).read_text()
        (kept / file).write_text(text.replace("//ingest", f"//me:{CANARY}@ingest"))
        said = spiritstream("data", "export", tmp_path / "out.tar.gz")
        assert (ExitCode.INVALID, False) == (said.code, (tmp_path / "out.tar.gz").exists())
        assert f"{kept / file}:5:" in said.err and CANARY not in said.err + said.out
        (kept / file).write_text(text)


def test_platforms_behind_a_link_are_left(kept: Path, tmp_path: Path, spiritstream: Spiritstream) -> None:
    """A folder of own platforms that leads elsewhere is exported, and never cleared there."""
    (kept / "platforms").rename(tmp_path / "elsewhere")
    (kept / "platforms").symlink_to(tmp_path / "elsewhere")
    said = spiritstream("data", "export", tmp_path / "out.tar.gz")
    assert "spiritstream/platforms/mine.yaml" in said.out.splitlines()
    cleared = spiritstream("data", "clear", "--yes")
    assert f"stays: {kept / 'platforms' / 'mine.yaml'} (behind a link)" in cleared.err
    assert (tmp_path / "elsewhere" / "mine.yaml").exists()
