"""`.spiritstream.yaml` at the command line: whom is sealed for, what is validated, rotated and put on air."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from spiritstream.cli.offered import Offered, changed_by_moving, for_folder, read_offered
from spiritstream.config.common import COMMON
from spiritstream.config.commonfile import common_of
from spiritstream.config.identity import load_keyring, save_identity
from spiritstream.config.keypair import Identity, Recipient
from spiritstream.config.keyring import Keyring
from spiritstream.config.load import load_profile
from spiritstream.config.resealing import mentions
from spiritstream.config.seal import open_sealed, seal
from spiritstream.errors import ProfileError
from spiritstream.secret import Secret
from tests.cli.calling import Called, Spiritstream, spiritstream

__all__ = ["spiritstream"]

CANARY = "canary-7f3a-key"
ME, OTHER = Identity.create(), Identity.create()
UNPROVED = (
    f"shows/show.yaml: shows/{COMMON} names the recipient {OTHER.fingerprint}, and the identity here is "
    f"{ME.fingerprint}: new values are sealed for the former, and it was not proved that they open\n"
)


def profile(key: str = CANARY, name: str = "show") -> str:
    """A profile with one key."""
    targets = f"{{youtube: {{platform: youtube, key: '{key}'}}}}"
    return f"version: 1\nname: {name}\ninput: {{test: {{}}}}\ngroups: {{g: {{targets: {targets}}}}}\n"


def sealed(who: Identity) -> str:
    """A key that is sealed."""
    return seal(who.recipient, "youtube", "key", Secret(CANARY))


def names(recipient: Recipient) -> str:
    """A common file that names a recipient."""
    return f"version: 1\nrecipient: {recipient}\n"


@pytest.fixture(autouse=True)
def shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """We are above a folder of profiles, in a home of the test's own, with an identity in its place."""
    for name in ("SPIRITSTREAM_IDENTITY", "SPIRITSTREAM_RECIPIENT", "CREDENTIALS_DIRECTORY", "VISUAL"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    for name, value in {
        "HOME": home,
        "XDG_CONFIG_HOME": home / "config",
        "XDG_STATE_HOME": home / "state",
    }.items():
        monkeypatch.setenv(name, str(value))
    save_identity(ME, identity(home))
    folder = home / "shows"
    folder.mkdir()
    (folder / "show.yaml").write_text(profile())
    monkeypatch.chdir(home)
    return folder


def identity(home: Path) -> Path:
    """Where the identity is."""
    return home / "config" / "spiritstream" / "identity"


def is_for(path: Path, who: Identity) -> bool:
    """Whether a profile's one key is sealed for somebody, and is what it was."""
    found = load_profile(path, Keyring(who).open, {}).secrets()
    return (Secret(CANARY),) == found and 1 == len(mentions(path.read_bytes(), who.fingerprint))


def tells_nothing(called: Called) -> bool:
    """Whether a call kept the key to itself."""
    return CANARY not in called.out + called.err


def test_seal_needs_no_identity(spiritstream: Spiritstream, shows: Path) -> None:
    """Whoever has the repository can seal for its server; that it opens is not proved here."""
    (shows / COMMON).write_text(names(OTHER.recipient))
    identity(shows.parent).unlink()
    called = spiritstream("seal", "shows/show.yaml")
    assert (0, "shows/show.yaml: sealed groups.g.targets.youtube.key\n") == called[:2]
    assert "the identity is not at hand, so it was not proved that the new values open" in called.err
    assert is_for(shows / "show.yaml", OTHER) and tells_nothing(called)


def test_seal_for_another_than_ours(spiritstream: Spiritstream, shows: Path) -> None:
    """The repository's recipient wins over this machine's identity, and that they differ is said."""
    (shows / COMMON).write_text(names(OTHER.recipient))
    called = spiritstream("seal", "shows/show.yaml")
    assert 0 == called.code and UNPROVED in called.err
    assert is_for(shows / "show.yaml", OTHER)


def test_seal_for_ours(spiritstream: Spiritstream, shows: Path) -> None:
    """Where both are the same, it is proved and nothing more is said."""
    (shows / COMMON).write_text(names(ME.recipient))
    called = spiritstream("seal", "shows/show.yaml")
    assert 0 == called.code and "identity" not in called.err
    assert is_for(shows / "show.yaml", ME)


@pytest.mark.parametrize("named", ["flag", "environment"])
def test_a_named_recipient_wins(
    spiritstream: Spiritstream, shows: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    """What is said at the command line is meant, whatever the file says; it may even be broken."""
    (shows / COMMON).write_text(names(OTHER.recipient) + "broken: [\n")
    words = ["--recipient", str(ME.recipient)] if named == "flag" else []
    if not words:
        monkeypatch.setenv("SPIRITSTREAM_RECIPIENT", str(ME.recipient))
    assert 0 == spiritstream("seal", "shows/show.yaml", *words).code
    (shows / COMMON).unlink()
    assert is_for(shows / "show.yaml", ME)


def test_a_named_identity_must_fit(spiritstream: Spiritstream, shows: Path) -> None:
    """An identity that is named for proving, and is another one's, is refused; nothing is written."""
    (shows / COMMON).write_text(names(OTHER.recipient))
    called = spiritstream("seal", "shows/show.yaml", "--identity", identity(shows.parent))
    assert 5 == called.code and COMMON in called.err
    assert profile() == (shows / "show.yaml").read_text()


def test_seal_by_a_broken_file(spiritstream: Spiritstream, shows: Path) -> None:
    """Nothing is sealed for who may be the wrong one."""
    (shows / COMMON).write_text("version: 1\nrecipient: x\n")
    called = spiritstream("seal", "shows/show.yaml")
    assert 4 == called.code and f"shows/{COMMON}:2:12: recipient: expected a recipient" in called.err
    assert profile() == (shows / "show.yaml").read_text()


def test_seal_a_value(spiritstream: Spiritstream, shows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A single value is sealed for the recipient of the folder that we are in."""
    (shows / COMMON).write_text(names(OTHER.recipient))
    monkeypatch.chdir(shows)
    called = spiritstream("seal", "--value", "--destination", "kick", stdin=CANARY.encode())
    assert Secret(CANARY) == open_sealed(OTHER, called.out.strip(), "kick", "key")
    assert "new values are sealed for the former" in called.err


def test_edit(spiritstream: Spiritstream, shows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new value is sealed for the repository's recipient; what was not touched stays as it was."""
    kept = seal(ME.recipient, "kick", "key", Secret("kept"))
    text = profile(sealed(ME)).replace("}}}}\n", f"}}, kick: {{platform: kick, key: '{kept}'}}}}}}}}\n")
    (shows / "show.yaml").write_text(text)
    (shows / COMMON).write_text(names(OTHER.recipient))
    editor = shows.parent / "editor"
    editor.write_text(f'#!/bin/sh\nsed -i s/{CANARY}/new-key/ "$1"\n')
    editor.chmod(0o755)
    monkeypatch.setenv("EDITOR", str(editor))
    called = spiritstream("edit", "shows/show.yaml")
    assert (0, "shows/show.yaml: changed; its keys are sealed\n") == called[:2]
    assert UNPROVED in called.err
    after = (shows / "show.yaml").read_text()
    assert kept in after and 1 == len(mentions(after.encode(), OTHER.fingerprint))
    refused = spiritstream("edit", f"shows/{COMMON}")
    assert (2, True) == (refused.code, "change it with any editor" in refused.err)


def test_validate(spiritstream: Spiritstream, shows: Path) -> None:
    """What is wrong in the common file is said once; what is sealed for another is a warning."""
    for name in ("a", "b"):
        (shows / f"{name}.yaml").write_text(profile(sealed(ME), name))
    (shows / "show.yaml").unlink()
    (shows / COMMON).write_text(names(OTHER.recipient))
    called = spiritstream("validate", "shows")
    assert (0, "ok: 2 profiles checked, nothing is wrong\n") == called[:2]
    said = f"sealed for another recipient than shows/{COMMON} names ({OTHER.fingerprint})"
    places = [f"warning: shows/{name}.yaml:4:58: groups.g.targets.youtube.key: {said}" for name in "ab"]
    assert places == [line for line in called.err.splitlines() if "hint" not in line]
    outputs = {one: spiritstream("validate", "shows", "--output", one) for one in ("json", "github", "sarif")}
    assert [0] * 3 == [one.code for one in outputs.values()]
    data = json.loads(outputs["json"].out)
    assert (0, 2) == (len(data["findings"]), len(data["warnings"]))
    assert outputs["github"].out.startswith("::warning file=shows/a.yaml,line=4")
    results = json.loads(outputs["sarif"].out)["runs"][0]["results"]
    assert [("warning", 1, "doubtful-profile")] * 2 == [
        (one["level"], one["ruleIndex"], one["ruleId"]) for one in results
    ]
    (shows / COMMON).write_text("version: 1\ndefaults: {name: x}\n")
    broken = spiritstream("validate", "shows")
    assert (4, 1) == (broken.code, broken.out.count("unknown key 'name'"))
    assert 4 == spiritstream("validate", f"shows/{COMMON}").code


def test_staged(spiritstream: Spiritstream, shows: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is staged inherits what is staged; a staged common file has all checked that inherit from it."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.chdir(shows)

    def git(*words: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
        subprocess.run(["git", *who, *words], check=True, capture_output=True, timeout=60)

    git("init", "--quiet")
    Path("sub").mkdir()
    text = profile("{env: KEY}").replace("'", "").replace("targets:", "video: {bitrate: 3M}, targets:")
    Path("sub/show.yaml").write_text(text)
    Path("show.yaml").unlink()
    Path(COMMON).write_text("version: 1\ndefaults: {groups: {video: {codec: h264}}}\n")
    git("add", ".")
    Path(COMMON).write_text("version: 1\n")
    assert (0, "ok: 1 profile checked, nothing is wrong\n") == spiritstream("validate", "--staged")[:2]
    assert 4 == spiritstream("validate", "sub").code
    git("commit", "-m", "one")
    git("add", ".")
    called = spiritstream("validate", "--staged")
    assert 4 == called.code and "sub/show.yaml:4:14: groups.g.video: 'codec' is missing" in called.out
    assert called[:2] == spiritstream("validate", "--staged", COMMON)[:2]
    Path(COMMON).write_text("version: 1\nx: 1\n")
    git("add", ".")
    assert f"{COMMON}:2:1: unknown key 'x'" in spiritstream("validate", "--staged").out


def test_keys_status(spiritstream: Spiritstream, shows: Path) -> None:
    """What opens here, and is sealed for another than the repository names, is said."""
    (shows / "show.yaml").write_text(profile(sealed(ME)))
    (shows / COMMON).write_text(names(OTHER.recipient))
    called = spiritstream("keys", "status", "shows")
    assert 0 == called.code
    assert [
        f"opens, for {ME.fingerprint}, at youtube",
        f"{COMMON} names another recipient: {OTHER.fingerprint}",
    ] == [line.partition("key: ")[2] for line in called.out.splitlines()]
    data = json.loads(spiritstream("keys", "status", "shows", "--output", "json").out)
    assert [OTHER.fingerprint] == [one["meant_for"] for one in data["values"]]
    (shows / COMMON).write_text("version: 7\n")
    assert 4 == spiritstream("keys", "status", "shows").code


def test_rotate(spiritstream: Spiritstream, shows: Path) -> None:
    """Every common file of the folders, and the one above them that they inherit from, names the new one."""
    (shows.parent / ".git").mkdir()
    (shows / "sub").mkdir()
    (shows / "show.yaml").write_text(profile(sealed(ME)))
    places = [shows.parent / COMMON, shows / "sub" / COMMON]
    for place in places:
        place.write_text(names(ME.recipient))
    (shows / COMMON).write_text(names(OTHER.recipient))
    (shows / "sub" / "b.yaml").write_text(profile(sealed(ME), "b"))
    alone = shows.parent / "alone"
    alone.mkdir()
    (alone / "c.yaml").write_text(profile(sealed(ME), "c"))
    called = spiritstream("keys", "rotate", "shows", "alone")
    assert 0 == called.code
    new = load_keyring(identity(shows.parent)).current.recipient
    assert [new, new] == [common_of(place.read_bytes(), COMMON).recipient for place in places]
    assert [f"{COMMON}: names the new recipient", f"shows/sub/{COMMON}: names the new recipient"] == sorted(
        line for line in called.out.splitlines() if "names" in line
    )
    assert f"shows/{COMMON}: names a recipient that is not ours, and is left as it is" in called.err
    places[0].write_text(names(ME.recipient))
    finish = spiritstream("keys", "rotate", "--finish", "shows", "alone")
    assert 8 == finish.code and f"{COMMON}:2:1: has new values sealed for the previous identity" in finish.err
    assert 0 == spiritstream("keys", "rotate", "shows", "alone").code
    assert 0 == spiritstream("keys", "rotate", "--finish", "shows", "alone").code


def test_init_says_the_line(spiritstream: Spiritstream, tmp_path: Path) -> None:
    """A new identity's words have what a repository's file needs; nothing is written there."""
    called = spiritstream("keys", "init", "--identity", tmp_path / "new")
    recipient = called.out.splitlines()[1]
    assert f"version: 1\n  {recipient}\n" in called.err


def test_export_and_clear(spiritstream: Spiritstream, shows: Path) -> None:
    """The common file is exported with the profiles that need it, and goes with them."""
    profiles = identity(shows.parent).with_name("profiles")
    profiles.mkdir()
    (profiles / COMMON).write_text("version: 1\ndefaults: {groups: {video: {codec: h264, bitrate: 3M}}}\n")
    text = profile(sealed(ME)).replace("targets:", "video: {}, targets:")
    (profiles / "show.yaml").write_text(text)
    called = spiritstream("data", "export", "all.tar.gz")
    listed = [f"spiritstream/profiles/{COMMON}", "spiritstream/profiles/show.yaml"]
    assert (0, listed) == (called.code, called.out.splitlines())
    assert 0 == spiritstream("data", "clear", "--yes").code
    assert [] == list(profiles.iterdir())


HERE = """\
version: 1
defaults: {sender: native, groups: {video: {codec: h264, bitrate: 4M}, audio: {rate: 48000}}}
"""
THERE = "version: 1\ndefaults: {groups: {video: {bitrate: 4M, keyframe: 1s}, audio: {rate: 44100}}}\n"
ENCODED = profile(sealed(ME)).replace("targets:", "video: {}, audio: {codec: aac}, targets:")


def moved(shows: Path) -> tuple[Offered, Path]:
    """The profile, as it is to stand in the controller's folder."""
    folder = shows.parent / "controller"
    folder.mkdir()
    (folder / COMMON).write_text(THERE)
    (shows / "show.yaml").write_text(ENCODED)
    (shows / COMMON).write_text(HERE)
    (offered,) = read_offered([shows / "show.yaml"], folder)
    return for_folder(offered, folder), folder


def test_apply_takes_along_what_is_inherited(shows: Path) -> None:
    """What a profile inherits here is written into the controller's copy where it would differ there."""
    made, folder = moved(shows)
    assert (
        "groups.g.video.codec",
        "groups.g.audio.rate",
        "groups.g.targets.youtube.sender",
    ) == made.written
    assert ("groups.g.video.keyframe",) == made.inherits
    assert [
        "show: what it inherits here stands in the controller's copy (show.yaml): groups.g.video.codec, "
        "groups.g.audio.rate, groups.g.targets.youtube.sender",
        f"show: the {COMMON} where the controller reads gives it: groups.g.video.keyframe",
    ] == list(changed_by_moving(made, "show.yaml"))
    (folder / "show.yaml").write_bytes(made.data)
    here, there = (load_profile(one / "show.yaml", Keyring(ME).open, {}) for one in (shows, folder))
    assert (here.groups[0].audio, here.groups[0].targets) == (there.groups[0].audio, there.groups[0].targets)
    (again,) = read_offered([folder / "show.yaml"], folder)
    assert (made.data, (), ()) == (again.data, again.written, again.inherits)


def test_apply_what_needs_the_controllers_defaults(shows: Path) -> None:
    """A profile that lacks only what the controller's folder gives is right there."""
    folder = shows.parent / "controller"
    folder.mkdir()
    (folder / COMMON).write_text(HERE)
    (shows / "show.yaml").write_text(ENCODED)
    with pytest.raises(ProfileError, match="'codec' is missing"):
        read_offered([shows / "show.yaml"])
    (offered,) = read_offered([shows / "show.yaml"], folder)
    assert "show" == offered.name
