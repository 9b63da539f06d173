"""The identity's file: how it is made, found, and refused."""

from __future__ import annotations

import os
import traceback
from collections.abc import Mapping
from pathlib import Path

import pytest

from spiritstream.config.identity import (
    IdentityExistsError,
    exposed_to,
    find_identity,
    keys_for_sealing,
    load_identity,
    new_identity_path,
    save_identity,
)
from spiritstream.config.keypair import Identity
from spiritstream.errors import ExitCode, KeyMissingError, SpiritError, UsageError

ME = Identity.create()
TEXT = ME.text().reveal()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config folder of the test's own; the place of the default identity in it."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "spiritstream" / "identity"


def saved(path: Path, identity: Identity = ME) -> Path:
    """A file with an identity."""
    save_identity(identity, path)
    return path


def test_a_saved_identity_is_loaded(tmp_path: Path) -> None:
    """What is saved comes back, and its recipient stands in the file for a person to copy."""
    path = saved(tmp_path / "new" / "identity")
    assert ME.recipient == load_identity(path).recipient
    assert f"# recipient: {ME.recipient}" in path.read_text().splitlines()
    assert "spiritstream-identity version 1" in path.read_text().splitlines()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_only_its_owner_gets_at_it(tmp_path: Path, umask: int) -> None:
    """The file is 0600 and its new folder 0700, whatever the umask is."""
    folder = tmp_path / "new"
    before = os.umask(umask)
    try:
        if umask == 0o777:
            folder.mkdir(0o700)
            folder.chmod(0o700)
        path = saved(folder / "identity")
    finally:
        os.umask(before)
    assert 0o600 == path.stat().st_mode & 0o777
    assert 0o700 == path.parent.stat().st_mode & 0o777


def test_it_is_private_from_its_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each file that is created on the way is created with mode 0600, and not made so afterwards."""
    modes = []
    real = os.open

    def spy(path: str | Path, flags: int, mode: int = 0o777, **more: int) -> int:
        if flags & os.O_CREAT:
            modes.append((mode, bool(flags & os.O_EXCL)))
        return real(path, flags, mode, **more)

    monkeypatch.setattr(os, "open", spy)
    saved(tmp_path / "identity")
    assert [(0o600, True)] == modes


def test_nothing_else_is_left(tmp_path: Path) -> None:
    """Saving leaves one file in the folder."""
    saved(tmp_path / "identity")
    assert ["identity"] == [path.name for path in tmp_path.iterdir()]


@pytest.mark.parametrize("content", ["", "somebody else's"])
def test_never_overwrites(tmp_path: Path, content: str) -> None:
    """A file that is there stays as it is, even an empty one, and no draft stays beside it; exit 8."""
    path = tmp_path / "identity"
    path.write_text(content)
    with pytest.raises(IdentityExistsError, match=str(path)) as caught:
        save_identity(ME, path)
    assert ExitCode.GUARDED == caught.value.exit_code
    assert content == path.read_text()
    assert ["identity"] == [path.name for path in tmp_path.iterdir()]


def test_never_writes_through_a_link(tmp_path: Path) -> None:
    """A link in the place, also one that leads nowhere, counts as being there."""
    (tmp_path / "identity").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IdentityExistsError):
        save_identity(ME, tmp_path / "identity")
    assert not (tmp_path / "elsewhere").exists()


def test_says_why_it_cannot_be_saved(tmp_path: Path) -> None:
    """A folder that cannot be is named with the system's reason, and not as an identity that exists."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file" / "identity", tmp_path / "file" / "deeper" / "identity"):
        with pytest.raises(SpiritError, match="cannot be written") as caught:
            save_identity(ME, path)
        assert not isinstance(caught.value, IdentityExistsError)
        assert TEXT not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666, 0o610])
def test_refuses_what_others_can_get_at(tmp_path: Path, mode: int) -> None:
    """A file that others can read or change is refused with the command that mends it; exit 5."""
    path = saved(tmp_path / "identity")
    path.chmod(mode)
    with pytest.raises(KeyMissingError) as caught:
        load_identity(path)
    assert f"chmod 600 {path}" in caught.value.hint
    assert TEXT not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("mode", "owner", "us", "expected"),
    [
        (0o600, 1000, 1000, False),
        (0o400, 1000, 1000, False),
        (0o440, 1000, 1000, True),
        (0o440, 0, 1000, False),
        (0o640, 0, 1000, False),
        (0o660, 0, 1000, True),
        (0o444, 0, 1000, True),
        (0o440, 0, 0, True),
        (0o600, 1000, 0, False),
    ],
)
def test_exposed_to(mode: int, owner: int, us: int, expected: bool) -> None:
    """A group may read what root handed to a service, as systemd and Kubernetes do, and nothing else."""
    assert expected == exposed_to(mode, owner, us)


GOOD = f"# comment\n\nspiritstream-identity version 1\n{TEXT}\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is no identity"),
        ("spiritstream-identity version 1\n", "is no identity"),
        (f"{TEXT}\n", "is no identity"),
        (GOOD + TEXT, "is no identity"),
        (GOOD[:-2], "is no identity"),
        (GOOD.replace(TEXT, TEXT[::-1]), "is no identity"),
        (GOOD.replace(TEXT, str(ME.recipient)), "is no identity"),
        (GOOD.replace("version 1", "version 3"), "version that is not known"),
        ("\0" * 5000, "is no identity"),
        ("ÿ" + GOOD, "is no identity"),
    ],
)
def test_refuses_what_is_no_identity(tmp_path: Path, content: str, message: str) -> None:
    """A damaged file is named, its content never repeated; exit 5."""
    path = tmp_path / "identity"
    path.write_text(content, encoding="latin-1")
    path.chmod(0o600)
    with pytest.raises(KeyMissingError, match=message) as caught:
        load_identity(path)
    said = "".join(traceback.format_exception(caught.value))
    assert str(path) in said
    assert not any(TEXT[i : i + 12] in said for i in range(len("spirit-identity-v1-"), len(TEXT) - 12))


def test_comments_and_line_ends_do_not_matter(tmp_path: Path) -> None:
    """A file that passed through an editor is still an identity."""
    path = tmp_path / "identity"
    path.write_bytes(GOOD.replace("\n", "\r\n").encode())
    path.chmod(0o600)
    assert ME.recipient == load_identity(path).recipient


@pytest.mark.parametrize("name", ["missing", "."])
def test_says_why_it_cannot_be_read(tmp_path: Path, name: str) -> None:
    """A file that is not there, or is a folder, is named with the system's reason."""
    with pytest.raises(KeyMissingError, match=r"cannot be read: [A-Z]"):
        load_identity(tmp_path / name)


class Places:
    """One identity's file in each place where one is looked for."""

    def __init__(self, folder: Path, config: Path) -> None:
        self.flag = saved(folder / "flag")
        self.environment = saved(folder / "environment")
        self.credential = saved(folder / "credentials" / "spiritstream-identity")
        self.config = saved(config)

    def environ(self, *, named: bool = True, credential: bool = True) -> Mapping[str, str]:
        """The environment that names these."""
        found = {"SPIRITSTREAM_IDENTITY": str(self.environment)} if named else {"SPIRITSTREAM_IDENTITY": ""}
        return found | ({"CREDENTIALS_DIRECTORY": str(self.credential.parent)} if credential else {})


def test_is_looked_for_in_one_order(tmp_path: Path, config: Path) -> None:
    """Flag, environment, systemd credential, config folder: the first that there is."""
    places = Places(tmp_path, config)
    assert places.flag == find_identity(places.flag, places.environ())
    assert places.environment == find_identity(None, places.environ())
    assert places.credential == find_identity(None, places.environ(named=False))
    assert places.config == find_identity(None, places.environ(named=False, credential=False))
    places.credential.unlink()
    assert places.config == find_identity(None, places.environ(named=False))


def test_a_named_identity_is_not_replaced_by_another(tmp_path: Path, config: Path) -> None:
    """When the flag or the environment names a file that is not there, no other one is taken instead."""
    places = Places(tmp_path, config)
    places.environment.unlink()
    for flag in (tmp_path / "nowhere", None):
        named = flag or places.environment
        with pytest.raises(KeyMissingError) as caught:
            find_identity(flag, places.environ())
        assert f"no identity: there is no {named}" == caught.value.message


def test_every_place_is_named(tmp_path: Path, config: Path) -> None:
    """Without an identity, the error says where it was looked for and how to make one; exit 5."""
    with pytest.raises(KeyMissingError) as caught:
        find_identity(None, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert (
        f"no identity: there is no {tmp_path}/spiritstream-identity and no {config}" == caught.value.message
    )
    for way in ("--identity", "SPIRITSTREAM_IDENTITY", "spiritstream keys init"):
        assert way in caught.value.hint
    assert ExitCode.KEY == caught.value.exit_code


def test_where_a_new_one_goes(tmp_path: Path, config: Path) -> None:
    """To the flag's place, else the environment's, else the config folder; never among credentials."""
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "SPIRITSTREAM_IDENTITY": "/e"}
    assert Path("/f") == new_identity_path(Path("/f"), environ)
    assert Path("/e") == new_identity_path(None, environ)
    assert config == new_identity_path(None, {"CREDENTIALS_DIRECTORY": str(tmp_path)})


OTHER = Identity.create()


@pytest.mark.parametrize(
    ("flag", "environment", "at_hand", "expected", "proves"),
    [
        (None, None, True, ME, True),
        (str(ME.recipient), None, True, ME, True),
        (f" {ME.recipient}\n", None, True, ME, True),
        (None, str(ME.recipient), True, ME, True),
        (None, str(ME.recipient), False, ME, False),
        (str(OTHER.recipient), str(ME.recipient), True, OTHER, False),
        (str(OTHER.recipient), None, False, OTHER, False),
    ],
)
def test_whom_to_seal_for(
    config: Path, flag: str | None, environment: str | None, at_hand: bool, expected: Identity, proves: bool
) -> None:
    """Flag, environment, the identity's own half; an identity proves only what is sealed for it."""
    if at_hand:
        saved(config)
    environ = {"SPIRITSTREAM_RECIPIENT": environment} if environment else {}
    recipient, identity = keys_for_sealing(flag, None, environ)
    assert expected.recipient == recipient
    assert proves == (identity is not None)


def test_neither_recipient_nor_identity(config: Path) -> None:
    """The error names the places of an identity, and that a recipient would be enough."""
    with pytest.raises(KeyMissingError, match=str(config)) as caught:
        keys_for_sealing(None, None, {})
    assert "SPIRITSTREAM_RECIPIENT" in caught.value.hint


def test_halves_that_do_not_belong_together(tmp_path: Path) -> None:
    """An identity that was named must be the recipient's, or be there at all."""
    path = saved(tmp_path / "identity")
    with pytest.raises(KeyMissingError, match=f"{ME.fingerprint}.*{OTHER.fingerprint}"):
        keys_for_sealing(str(OTHER.recipient), path, {})
    with pytest.raises(KeyMissingError, match="there is no"):
        keys_for_sealing(str(ME.recipient), tmp_path / "nowhere", {})
    with pytest.raises(UsageError):
        keys_for_sealing("nonsense", path, {})
