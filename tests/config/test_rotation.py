"""Rotating keys: all values or none, with whoever reads meanwhile none the wiser."""

from __future__ import annotations

from pathlib import Path

import pytest

from spiritstream.config import rotation
from spiritstream.config.common import COMMON
from spiritstream.config.document import parse_document
from spiritstream.config.keyfile import IdentityFile, holding, load_keyring, read_identity, save_identity
from spiritstream.config.keypair import Identity
from spiritstream.config.keyring import Keyring
from spiritstream.config.load import document_leaves, load_profile
from spiritstream.config.resealing import mentions
from spiritstream.config.rewrite import Original
from spiritstream.config.rewrite import replace_original as really_replace
from spiritstream.config.rotation import FINISHED, ROLLED_BACK, GuardedError, Rotated, finish, rotate
from spiritstream.config.sealing import seal_text
from spiritstream.config.unfinished import Slot, Unfinished
from spiritstream.errors import (
    BusyError,
    ExitCode,
    KeyMissingError,
    ProfileError,
    SpiritError,
    TamperedError,
    UsageError,
)
from spiritstream.model.changes import changes

OLD, STRANGER = Identity.create(), Identity.create()
CANARY = "canary-7f3a-key"
PROFILE = f"""\
# the show: ü
version: 1
name: NAME
input:
  rtmp: {{key: '{CANARY}-1'}}
groups:
  source:
    targets:
      youtube: {{platform: youtube, key: {CANARY}-2}}   # mine
      kick: {{platform: kick, key: {{env: KEY}}}}
"""


class Home:
    """An identity, a folder of profiles, and the place for what is unfinished."""

    def __init__(self, folder: Path) -> None:
        self.identity = folder / "config" / "identity"
        save_identity(OLD, self.identity)
        self.shows = folder / "shows"
        self.shows.mkdir()
        self.slot = Slot.of(self.identity, folder / "state")
        for name in ("a", "b", "c"):
            self.write(name)

    def write(self, name: str, identity: Identity = OLD, ends: str = "\n") -> Path:
        """A profile, sealed for an identity."""
        data = PROFILE.replace("NAME", name).replace("\n", ends).encode()
        path = self.shows / f"{name}.yaml"
        path.write_bytes(seal_text(data, name, identity.recipient, identity, document_leaves).data)
        return path

    def files(self) -> list[Path]:
        """The profiles."""
        return sorted(self.shows.glob("[a-z]*.yaml"))

    def rotate(self, files: list[Path] | None = None) -> Rotated:
        """A rotation of everything, or of these files."""
        return rotate(
            self.identity, None, self.files() if files is None else files, self.slot, document_leaves
        )

    def ring(self) -> Keyring:
        """The identities."""
        return load_keyring(self.identity)

    def state(self) -> dict[str, bytes]:
        """Every file there is, with its bytes."""
        home = self.shows.parent
        return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home of the test's own."""
    return Home(tmp_path)


@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
def test_nothing_but_the_values_changes(home: Home, ends: str, mark: bytes) -> None:
    """Every value is sealed anew; comments, quotes, line ends and BOM are the same to the byte."""
    path = home.write("a", ends=ends)
    path.write_bytes(mark + path.read_bytes().replace(b'"sealed', b"'sealed").replace(b'"}   #', b"'}   #"))
    before = path.read_bytes()
    done = home.rotate()
    assert done.made
    after = path.read_bytes()
    new = home.ring().current.fingerprint
    assert (2, 0) == (len(mentions(after, new)), len(mentions(after, OLD.fingerprint)))
    assert len(before) == len(after)
    differing = [at for at in range(len(after)) if before[at] != after[at]]
    inside = [at for at in differing if b"sealed:v1:" in after[max(0, at - 170) : at]]
    assert differing == inside


def test_no_stream_restarts(home: Home) -> None:
    """What is loaded before, meanwhile and afterwards means the same: there is nothing to change."""
    path = home.files()[0]
    before = load_profile(path, Keyring(OLD).open, {"KEY": "k"})
    kept = home.files()[1].read_bytes()
    home.rotate()
    after = load_profile(path, home.ring().open, {"KEY": "k"})
    assert before == after
    assert () == changes(before, after)
    home.files()[1].write_bytes(kept)
    assert load_profile(home.files()[1], home.ring().open, {"KEY": "k"}).secrets() == before.secrets()


def test_the_previous_identity_stays_until_it_is_finished(home: Home) -> None:
    """Another checkout's values go on opening; `finish` refuses while any is named here, and then forgets."""
    late = home.files()[2]
    assert home.rotate(home.files()[:2]).made
    with pytest.raises(GuardedError, match=rf"{late}:5:1: .*\n{late}:9:1: ") as caught:
        finish(home.identity, None, home.files(), home.slot)
    assert ExitCode.GUARDED == caught.value.exit_code
    done = home.rotate()
    assert (False, "") == (done.made, done.earlier)
    assert OLD.recipient == finish(home.identity, None, home.files(), home.slot)
    assert home.ring().previous is None
    assert finish(home.identity, None, home.files(), home.slot) is None
    for path in home.files():
        load_profile(path, home.ring().open, {"KEY": "k"})


def test_what_stands_in_a_comment_is_not_lost(home: Home) -> None:
    """A sealed value in a comment is left and said, and `finish` does not throw its identity away."""
    path = home.files()[0]
    value = path.read_text().split('"')[1]
    path.write_text(f"{path.read_text()}# key: {value}\n")
    lines = path.read_text().count("\n")
    assert [(lines,), (), ()] == [one.resealing.left for one in home.rotate().work]
    with pytest.raises(GuardedError, match=f"{path}:{lines}:1"):
        finish(home.identity, None, home.files(), home.slot)


def test_a_second_rotation_waits_for_the_first(home: Home) -> None:
    """With a previous identity there, no third one is made, and that is said, not passed over; exit 8."""
    home.rotate()
    before = home.state()
    with pytest.raises(GuardedError, match="no new identity was made"):
        home.rotate()
    assert before == home.state()


BAD = {
    "another identity's": (lambda home: home.write("b", STRANGER), KeyMissingError, r"b\.yaml:5:"),
    "altered": (lambda home: edit(home, "b", ":input:", ":input:AAAA"), TamperedError, r"b\.yaml:5:15"),
    "moved": (
        lambda home: edit(home, "b", "platform: youtube", "platform: twitch"),
        TamperedError,
        "sealed for",
    ),
    "no destination": (
        lambda home: edit(home, "b", "platform: you", "platform: yuo"),
        ProfileError,
        "cannot be",
    ),
    "no YAML": (
        lambda home: edit(home, "b", "version: 1", "version: [1"),
        ProfileError,
        r"b\.yaml:\d+:\d+: ",
    ),
    "gone": (lambda home: (home.shows / "d.yaml").symlink_to("nowhere"), UsageError, "cannot be read"),
}


def edit(home: Home, name: str, old: str, new: str) -> None:
    """Change a profile."""
    path = home.shows / f"{name}.yaml"
    path.write_text(path.read_text().replace(old, new, 1))


@pytest.mark.parametrize(("spoil", "kind", "message"), BAD.values(), ids=BAD)
def test_one_bad_file_stops_it_before_anything_is_written(
    home: Home, spoil: object, kind: type[SpiritError], message: str
) -> None:
    """What does not open is named with its place, and every file, the identity's too, is as it was."""
    assert callable(spoil)
    spoil(home)
    before = home.state()
    with pytest.raises(kind, match=message) as caught:
        home.rotate()
    assert before == home.state()
    assert CANARY not in str(caught.value)


def test_all_that_is_bad_is_said_at_once(home: Home) -> None:
    """Two files with a fault each: both are named, and the graver fault is the exit code."""
    home.write("a", STRANGER)
    edit(home, "b", ":input:", ":input:AAAA")
    with pytest.raises(TamperedError, match=r"(?s)a\.yaml:5.*b\.yaml:5"):
        home.rotate()


def test_what_is_no_profile_does_not_hinder(home: Home) -> None:
    """A YAML file of another kind, even a broken one, is left as it is when nothing in it is sealed."""
    other = home.shows / "compose.yaml"
    other.write_text("a: &x 1\nb: *x\n---\nc: 2\n")
    assert home.rotate().made
    assert "a: &x 1\nb: *x\n---\nc: 2\n" == other.read_text()


@pytest.mark.parametrize("fails_at", [0, 1, 2, 3])
@pytest.mark.parametrize(
    "error", [BusyError("changed meanwhile"), KeyboardInterrupt()], ids=["busy", "ctrl-C"]
)
def test_a_failure_on_the_way_takes_everything_back(
    home: Home, monkeypatch: pytest.MonkeyPatch, fails_at: int, error: BaseException
) -> None:
    """If a file cannot be replaced, those before it are as they were, and so is the identity."""
    before = home.state()
    fail_at(monkeypatch, fails_at, error)
    with pytest.raises(type(error)):
        home.rotate()
    assert before == home.state()
    assert home.rotate().made


def fail_at(monkeypatch: pytest.MonkeyPatch, place: int, error: BaseException) -> None:
    """Let the replacing number `place` fail; the identity's is number 0. Taking back works."""
    calls = [0]

    def replace(original: Original, data: bytes, *more: object) -> None:
        calls[0] += 1
        if calls[0] == place + 1:
            raise error
        really_replace(original, data)

    def replace_identity(file: IdentityFile, ring: Keyring, _: object) -> None:
        from spiritstream.config.identityfile import plain_text

        replace(file.original, plain_text(ring).encode())

    monkeypatch.setattr(rotation, "replace_original", replace)
    monkeypatch.setattr(rotation, "replace_identity", replace_identity)


def test_what_cannot_be_taken_back_goes_on(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where taking back fails too, the next run goes on, and needs nobody to name the files again."""
    with monkeypatch.context() as patch:
        fail_at(patch, 2, SpiritError("disk full"))
        patch.setattr(rotation, "_taken_back", lambda *_: False)
        with pytest.raises(SpiritError, match="it goes on where it was"):
            home.rotate()
    with pytest.raises(GuardedError, match="was interrupted"):
        finish(home.identity, None, home.files(), home.slot)
    done = home.rotate([])
    assert (False, FINISHED) == (done.made, done.earlier)
    new = home.ring().current.fingerprint
    assert [2, 2, 2] == [len(mentions(path.read_bytes(), new)) for path in home.files()]
    assert home.slot.read() is None


@pytest.mark.parametrize("named", [True, False])
def test_one_that_had_changed_nothing_is_rolled_back(home: Home, named: bool) -> None:
    """Noted, but the identity is the old one: it is forgotten and said; with files, a new one is made."""
    home.slot.write(Unfinished(OLD.fingerprint, STRANGER.fingerprint, (str(home.files()[0]),)))
    done = home.rotate(None if named else [])
    assert (named, ROLLED_BACK) == (done.made, done.earlier)
    assert named == (home.ring().previous is not None)
    assert home.slot.read() is None


def test_a_note_that_cannot_be_read_is_not_passed_over(home: Home) -> None:
    """A damaged note stops it: nobody else knows which files were begun."""
    home.slot.path.parent.mkdir()
    home.slot.path.write_text('{"version": 7}')
    with pytest.raises(SpiritError, match="unfinished rotation"):
        home.rotate()


def test_one_at_a_time(home: Home) -> None:
    """Two rotations at once: the second is told to wait; exit 75."""
    with holding(home.identity), pytest.raises(BusyError):
        home.rotate()
    assert home.rotate().made


def test_a_link_and_its_file_are_one(home: Home) -> None:
    """A profile that is reached by two names is sealed once, and the link stays one."""
    (home.shows / "z.yaml").symlink_to("a.yaml")
    assert 3 == len(home.rotate().work)
    assert (home.shows / "z.yaml").is_symlink()


def test_an_identity_keeps_its_mode(home: Home) -> None:
    """The new file is for its owner alone, as the old one was."""
    home.rotate()
    assert 0o600 == home.identity.stat().st_mode & 0o777
    assert not read_identity(home.identity).protected


def inherits(home: Home, text: str, folder: str = "shows") -> Path:
    """A `.spiritstream.yaml`, beside the profiles or elsewhere."""
    path = home.shows.parent / folder / COMMON
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "written", ["recipient: {}", "recipient: '{}'  # ours", '{{"recipient": "{}"}}', "recipient: >-\n  {}"]
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_the_recipient_that_profiles_inherit(home: Home, written: str, ends: str) -> None:
    """It is the new one afterwards; nothing else of the file changes. A profile is not needed for that."""
    text = written.format(OLD.recipient)
    body = f"# ü\n{text}\n" if text.startswith("{") else f"# ü\nversion: 1\n{text}\n"
    path = home.shows / COMMON
    path.write_bytes(body.replace("\n", ends).encode())
    done = home.rotate([path])
    assert done.made and ("recipient",) == done.work[0].resealing.resealed
    expected = body.replace(str(OLD.recipient), str(done.recipient)).replace("\n", ends)
    found = path.read_bytes().decode()
    assert expected == found or ">-" in written
    assert str(done.recipient) == parse_document(found.encode(), "f").data["recipient"]  # type: ignore[index]


@pytest.mark.parametrize(
    "text",
    [
        "version: 1\n",
        f"version: 1\nrecipient: {STRANGER.recipient}\n",
        f"version: 1\n# recipient: {OLD.recipient}\n",
        "not: [yaml\n",
    ],
)
def test_another_recipient_stays(home: Home, text: str) -> None:
    """A file that names nobody, a stranger, or is broken for another reason, is left as it is."""
    path = inherits(home, text)
    home.rotate([*home.files(), path])
    assert text == path.read_text()


def test_a_broken_file_that_names_us(home: Home) -> None:
    """What names the identity and cannot be read keeps everything as it is: it would go on being used."""
    path = inherits(home, f"recipient: {OLD.recipient}\nnot: [yaml\n")
    before = home.state()
    with pytest.raises(ProfileError):
        home.rotate([*home.files(), path])
    assert before == home.state()


def test_not_finished_while_the_recipient_is_the_previous(home: Home) -> None:
    """What would have new values sealed for a forgotten identity keeps it."""
    path = inherits(home, f"version: 1\nrecipient: {OLD.recipient}\n")
    home.rotate()
    with pytest.raises(GuardedError, match=f"{COMMON}:2:1: has new values sealed for the previous identity"):
        finish(home.identity, None, [*home.files(), path], home.slot)
    assert "finished" != home.rotate([*home.files(), path]).earlier
    assert OLD.recipient == finish(home.identity, None, [*home.files(), path], home.slot)


def test_the_recipient_is_put_back(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that cannot be written has everything as it was, the recipient too."""
    path = inherits(home, f"version: 1\nrecipient: {OLD.recipient}\n")
    before = home.state()

    def fails(original: Original, data: bytes) -> None:
        if original.path.name == "c.yaml":
            raise BusyError("was changed meanwhile")
        really_replace(original, data)

    monkeypatch.setattr(rotation, "replace_original", fails)
    with pytest.raises(BusyError):
        home.rotate([path, *home.files()])
    assert before == home.state()


def test_a_link_is_gone_on_with(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was interrupted is known by its name, whatever the file is called that it leads to."""
    real = inherits(home, f"version: 1\nrecipient: {OLD.recipient}\n", folder=".").rename(
        home.shows.parent / "real"
    )
    link = home.shows / COMMON
    link.symlink_to(real)

    def fails(original: Original, data: bytes) -> None:
        raise BusyError("was changed meanwhile")

    with monkeypatch.context() as patch:
        patch.setattr(rotation, "replace_original", fails)
        patch.setattr(rotation, "_taken_back", lambda *_: False)
        with pytest.raises(BusyError):
            home.rotate([link])
    done = home.rotate([])
    assert FINISHED == done.earlier
    assert f"version: 1\nrecipient: {done.recipient}\n" == real.read_text() == link.read_text()
    assert link.is_symlink()
