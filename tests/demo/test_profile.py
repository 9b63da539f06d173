"""The demo's profile goes the road of every profile."""

from __future__ import annotations

from pathlib import Path

from spiritstream.config.load import load_profile
from spiritstream.config.opener import identity_opener
from spiritstream.demo.profile import ENCODED, TARGETS, write_profile
from spiritstream.model.profile import Profile


def made(folder: Path) -> tuple[str, Profile]:
    """The file's text, and the profile as it is opened."""
    folder.mkdir()
    path, identity = write_profile(folder, {name: f"rtmp://127.0.0.1:20000/{name}" for name in TARGETS})
    return path.read_text(), load_profile(path, identity_opener(identity, {}), {})


def test_profile(tmp_path: Path) -> None:
    """Three targets in all: some in a passthrough group, one in an encoded one."""
    _, profile = made(tmp_path / "a")
    assert {"source": True, "small": False} == {group.name: group.passthrough for group in profile.groups}
    assert list(TARGETS) == [target.name for _, target in profile.on_air()]
    assert [ENCODED] == [target.name for group, target in profile.on_air() if group.name == "small"]


def test_keys_are_sealed_and_random(tmp_path: Path) -> None:
    """No key stands in the file, and no two shows share one."""
    text, profile = made(tmp_path / "a")
    keys = profile.secrets()
    assert 3 == len(set(keys)) == text.count("sealed:v1:")
    assert [] == [key for key in keys if key.reveal() in text]
    assert set(keys).isdisjoint(made(tmp_path / "b")[1].secrets())
