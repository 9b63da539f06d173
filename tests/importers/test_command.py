"""`spiritstream import` and `export`: files, folders, passwords, exit codes; never a key in clear text."""

from __future__ import annotations

import json
import os
import shutil
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from spiritstream.config import creating, seal
from spiritstream.config.identity import save_identity
from spiritstream.config.keypair import Identity, Recipient
from spiritstream.config.load import load_profile
from spiritstream.config.opener import identity_opener
from spiritstream.config.passphrase import Costs
from spiritstream.errors import ExitCode
from spiritstream.importers import mgs, writing
from spiritstream.importers.mgs import MAGIC
from spiritstream.secret import Secret
from tests.cli.calling import Called, Spiritstream, spiritstream
from tests.importers.making import CANARY, KEYS_KEY, VECTORS

__all__ = ["spiritstream"]

PROFILE = (VECTORS / "spiritstream" / "profiles" / "friday.json").read_bytes()
PASSWORD = "correct horse CANARY"
SOURCES = sorted(path for path in VECTORS.iterdir() if path.name != "expected")


@pytest.fixture(autouse=True)
def identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of the test's own, with an identity in its default place."""
    for name in ("SPIRITSTREAM_IDENTITY", "SPIRITSTREAM_RECIPIENT", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setattr(mgs, "COSTS", Costs(8, 1, 1))
    path = tmp_path / "config" / "spiritstream" / "identity"
    save_identity(Identity.create(), path)
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """SpiritStream's data folder."""
    return Path(shutil.copytree(VECTORS / "spiritstream", tmp_path / "old"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where profiles are written to; it is not there yet."""
    return tmp_path / "shows"


def tells_nothing(called: Called, out: Path) -> bool:
    """Whether no canary is in what was said or written."""
    texts = [path.read_bytes() for path in out.rglob("*") if path.is_file()] if out.exists() else []
    return CANARY not in called.out + called.err and all(CANARY.encode() not in text for text in texts)


def locked(password: str = PASSWORD, text: bytes = PROFILE) -> bytes:
    """A profile under a password, made by the format's notes."""
    salt, nonce = b"s" * 32, b"n" * 12
    key = mgs._key(Secret(password), salt)
    return MAGIC + salt + nonce + AESGCM(key).encrypt(nonce, text, None)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_every_vector(source: Path, spiritstream: Spiritstream, out: Path) -> None:
    """Each program's file becomes profiles that load with their keys; nothing shows one."""
    called = spiritstream("import", source, "--output-dir", out)
    assert 0 == called.code, called.err
    assert tells_nothing(called, out)
    files = [path for path in out.iterdir() if path.name not in ("settings.yaml", "themes")]
    assert files
    for path in files:
        environ = {"KICK_KEY": "a", "TWITCH_KEY": "b"}
        profile = load_profile(path, identity_opener(None, os.environ), environ)
        assert any(CANARY in form for secret in profile.secrets() for form in secret.forms())
        assert 0o600 == stat.S_IMODE(path.stat().st_mode)
        assert f"{path}: made of " in called.out


def test_what_is_left_out_is_said_and_written(spiritstream: Spiritstream, old: Path, out: Path) -> None:
    """What could not be carried over is printed, and stands in the file as comments."""
    called = spiritstream("import", old / "profiles" / "friday.json", "--output-dir", out)
    text = (out / "friday-show.yaml").read_text()
    said = [line.removeprefix("  - ") for line in called.out.splitlines() if line.startswith("  - ")]
    assert len(said) > 4
    assert all(f"# - {line}\n" in text for line in said)


def test_settings_and_orders(spiritstream: Spiritstream, old: Path, out: Path) -> None:
    """A data folder gives settings.yaml, too, and each profile its place."""
    spiritstream("import", old, "--output-dir", out)
    assert "days: 14" in (out / "settings.yaml").read_text()
    assert "position: 20" in (out / "friday-show.yaml").read_text()
    assert 0 == spiritstream("import", old / "settings.json", "--output-dir", out / "b").code


def test_orders_beside(spiritstream: Spiritstream, old: Path, out: Path) -> None:
    """One profile of a data folder has its place without the list being named."""
    spiritstream("import", old / "profiles" / "friday.json", "--output-dir", out)
    assert "position: 20" in (out / "friday-show.yaml").read_text()


def test_password(spiritstream: Spiritstream, tmp_path: Path, out: Path) -> None:
    """A password is a line of standard input; one that opened a file is tried on the next."""
    for name in ("a.mgs", "b.mgs"):
        (tmp_path / name).write_bytes(locked())
    files = (tmp_path / "a.mgs", tmp_path / "b.mgs")
    called = spiritstream("import", *files, "--output-dir", out, stdin=f"{PASSWORD}\n".encode())
    assert 0 == called.code, called.err
    assert {"friday-show.yaml", "friday-show-2.yaml"} == {path.name for path in out.iterdir()}
    assert "one can be on air" in called.out
    assert tells_nothing(called, out)


@pytest.mark.parametrize(
    ("stdin", "code"),
    [(b"CANARY wrong\n", ExitCode.KEY), (b"", ExitCode.USAGE), (b"CANARY\xff\n", ExitCode.USAGE)],
    ids=["wrong", "none", "no text"],
)
def test_wrong_password(
    stdin: bytes, code: int, spiritstream: Spiritstream, tmp_path: Path, out: Path
) -> None:
    """A wrong password, or none, ends with its exit code; nothing is written."""
    (tmp_path / "a.mgs").write_bytes(locked())
    called = spiritstream("import", tmp_path / "a.mgs", "--output-dir", out, stdin=stdin)
    assert code == called.code
    assert tells_nothing(called, out)
    assert not out.exists()


def test_twins(spiritstream: Spiritstream, old: Path, out: Path) -> None:
    """Where a profile is there twice, the .mgs is taken, as SpiritStream does."""
    (old / "profiles" / "friday.mgs").write_bytes(locked())
    called = spiritstream("import", old, "--output-dir", out, stdin=f"{PASSWORD}\n".encode())
    assert "friday.json: left alone" in called.out
    assert {"friday-show.yaml", "settings.yaml", "themes"} == {path.name for path in out.iterdir()}


@pytest.mark.parametrize("place", [".", ".."])
def test_encrypted_keys(place: str, spiritstream: Spiritstream, old: Path, out: Path) -> None:
    """`.stream_key` is found beside the file or above it; without it, or with another: exit 5, no file."""
    import base64

    file = old / "profiles" / "friday.json"
    data = json.loads(PROFILE)
    sealed = AESGCM(KEYS_KEY).encrypt(b"n" * 12, b"CANARY-encrypted", None)
    text = "ENC::" + base64.b64encode(b"n" * 12 + sealed).decode()
    data["outputGroups"][0]["streamTargets"][0]["streamKey"] = text
    file.write_text(json.dumps(data))
    for key in (None, bytes(32), b"short"):
        if key is not None:
            (file.parent / place / ".stream_key").write_bytes(key)
        called = spiritstream("import", file, "--output-dir", out)
        assert (ExitCode.KEY, False) == (called.code, out.exists())
        assert tells_nothing(called, out)
    (file.parent / place / ".stream_key").write_bytes(KEYS_KEY)
    assert 0 == spiritstream("import", file, "--output-dir", out).code
    profile = load_profile(out / "friday-show.yaml", identity_opener(None, os.environ), {"KICK_KEY": "a"})
    assert Secret("CANARY-encrypted") in profile.secrets()


def test_without_a_recipient(spiritstream: Spiritstream, old: Path, out: Path, identity: Path) -> None:
    """Nothing to seal for: exit 5 with how to make an identity, and nothing is written."""
    identity.unlink()
    called = spiritstream("import", old, "--output-dir", out)
    assert (ExitCode.KEY, True) == (called.code, "spiritstream keys init" in called.err)
    assert not out.exists()


def test_a_recipient_is_enough(spiritstream: Spiritstream, old: Path, out: Path, identity: Path) -> None:
    """With a recipient alone keys are sealed, and it is said that they were not proved to open."""
    from spiritstream.config.identity import load_identity

    mine = load_identity(identity)
    identity.unlink()
    called = spiritstream("import", old, "--output-dir", out, "--recipient", mine.recipient)
    assert 0 == called.code
    assert "not proved that the keys open" in called.err
    assert tells_nothing(called, out)


def test_never_replaces(spiritstream: Spiritstream, old: Path, out: Path) -> None:
    """A file that is there stays as it is, and keeps the others from being written, too."""
    out.mkdir()
    (out / "settings.yaml").write_text("mine")
    called = spiritstream("import", old, "--output-dir", out)
    assert (ExitCode.GUARDED, True) == (called.code, "settings.yaml" in called.err)
    assert ["settings.yaml"] == [path.name for path in out.iterdir()]
    assert "mine" == (out / "settings.yaml").read_text()


def test_all_or_nothing(
    spiritstream: Spiritstream, out: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """When the second file cannot be written, the first is taken away again."""
    real, calls = creating._name, []

    def name(draft: Path, path: Path) -> None:
        calls.append(path)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        real(draft, path)

    monkeypatch.setattr(creating, "_name", name)
    called = spiritstream("import", VECTORS / "nginx.conf", "--output-dir", out)
    assert (1, True) == (called.code, "No space left" in called.err)
    assert [] == list(out.iterdir())


def test_the_same_target_twice(spiritstream: Spiritstream, tmp_path: Path, out: Path) -> None:
    """Two targets that lead to the same place with the same key: the second is disabled, and that is said."""
    data = json.loads(PROFILE)
    data["outputGroups"][1]["streamTargets"] *= 2
    (tmp_path / "p.json").write_text(json.dumps(data))
    called = spiritstream("import", tmp_path / "p.json", "--output-dir", out)
    assert 2 == called.out.count("it leads to the same place as another one; it is disabled")
    path = out / "friday-show.yaml"
    profile = load_profile(path, identity_opener(None, os.environ), {"KICK_KEY": "a"})
    assert [True, True, False, False] == [target.enabled for target in profile.groups[1].targets]


@pytest.mark.parametrize(
    ("old_text", "new_text"),
    [("platform: youtube\n", "platform: yuotube\n"), ("name: friday-show", "name: Friday!")],
)
def test_proved_valid(
    old_text: str,
    new_text: str,
    spiritstream: Spiritstream,
    old: Path,
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A text that is no valid profile, by a fault of ours, is not written."""
    real = writing.write_profile

    def faulty(*arguments: Any) -> writing.Written:
        made = real(*arguments)
        return replace(made, text=made.text.replace(old_text, new_text))

    monkeypatch.setattr(writing, "write_profile", faulty)
    called = spiritstream("import", old / "profiles" / "friday.json", "--output-dir", out)
    assert (ExitCode.INVALID, False) == (called.code, out.exists())
    assert "no valid profile can be made of it" in called.err
    assert tells_nothing(called, out)


def test_proved_to_open(
    spiritstream: Spiritstream, old: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sealed keys that open to something else, by a fault of ours, are not written."""
    real = seal.seal

    def faulty(recipient: Recipient, destination: str, field: str, secret: Secret) -> str:
        return real(recipient, destination, field, Secret("another"))

    monkeypatch.setattr(seal, "seal", faulty)
    called = spiritstream("import", old / "profiles" / "friday.json", "--output-dir", out)
    assert (ExitCode.UNEXPECTED, False) == (called.code, out.exists())
    assert "did not prove to be the same" in called.err
    assert tells_nothing(called, out)


def test_one_bad_file_keeps_all_from_being_written(
    spiritstream: Spiritstream, old: Path, out: Path, tmp_path: Path
) -> None:
    """A call with a file that is damaged writes nothing of the others."""
    (tmp_path / "bad.json").write_bytes(PROFILE[:-200])
    called = spiritstream("import", old, tmp_path / "bad.json", "--output-dir", out)
    assert (ExitCode.INVALID, False) == (called.code, out.exists())
    assert tells_nothing(called, out)


@pytest.mark.parametrize(
    "name",
    ["../../escape", "/etc/x", "..", "a\x1b[31m", "CANARY-youtube-7f3a", "x\ny: z"],
    ids=range(6),
)
def test_names_lead_nowhere(name: str, spiritstream: Spiritstream, tmp_path: Path, out: Path) -> None:
    """A profile's name makes a file in the folder, whatever it is, and text that is one line."""
    data = json.loads(PROFILE)
    data["name"] = data["outputGroups"][0]["name"] = name
    data["outputGroups"][0]["streamTargets"][0]["name"] = name
    (tmp_path / "p.json").write_text(json.dumps(data))
    called = spiritstream("import", tmp_path / "p.json", "--output-dir", out)
    assert 0 == called.code, called.err
    assert tells_nothing(called, out)
    (written,) = out.iterdir()
    assert not {"\x1b", ".."} & set(written.read_text())
    assert {"config", "p.json", "shows"} == {path.name for path in tmp_path.iterdir()}


def test_damaged_at_every_place(spiritstream: Spiritstream, tmp_path: Path, out: Path) -> None:
    """Cut anywhere, each file is refused or read, with no unexpected error, and no key is said."""
    for source in (path for path in VECTORS.rglob("*") if path.is_file() and path.parent.name != "expected"):
        data = source.read_bytes()
        for end in range(1, len(data), max(1, len(data) // 5)):
            file = tmp_path / f"{end}{source.suffix}"
            file.write_bytes(data[:end])
            folder = tmp_path / "cut"
            called = spiritstream("import", file, "--output-dir", folder)
            assert called.code in (0, ExitCode.USAGE, ExitCode.INVALID), (source, end, called.err)
            assert tells_nothing(called, folder)
            shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("kind", ["pipe", "empty folder", "missing", "nothing"])
def test_no_file(kind: str, spiritstream: Spiritstream, tmp_path: Path) -> None:
    """What is no file is said at once: a pipe is not waited for."""
    path = tmp_path / "x"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "empty folder":
        path.mkdir()
    called = spiritstream("import", *([] if kind == "nothing" else [path]))
    assert ExitCode.USAGE == called.code
    assert "hint" in called.err


def test_obs_alone(spiritstream: Spiritstream, out: Path, tmp_path: Path) -> None:
    """A service.json finds its profile's other files; an encoder's settings alone say what is missing."""
    called = spiritstream("import", VECTORS / "obs" / "service.json", "--output-dir", out)
    assert 0 == called.code
    assert "h264_nvenc" in (out / "stage-left.yaml").read_text()
    shutil.copy(VECTORS / "obs" / "streamEncoder.json", tmp_path / "e.json")
    called = spiritstream("import", tmp_path / "e.json")
    assert (ExitCode.USAGE, True) == (called.code, "service.json" in called.err)


def test_export(spiritstream: Spiritstream, old: Path, out: Path, tmp_path: Path, identity: Path) -> None:
    """Without keys it is printed, and needs no identity; with keys it goes into a new file of one's own."""
    spiritstream("import", old / "profiles" / "friday.json", "--output-dir", out)
    profile, to = out / "friday-show.yaml", tmp_path / "back.json"
    assert ExitCode.USAGE == spiritstream("export", profile, "--with-keys").code
    with_keys = spiritstream("export", profile, "--with-keys", "--to", to)
    assert (0, 0o600) == (with_keys.code, stat.S_IMODE(to.stat().st_mode))
    assert tells_nothing(with_keys, out)
    assert 5 == to.read_text().count(f'"streamKey": "{CANARY}')
    assert ExitCode.GUARDED == spiritstream("export", profile, "--to", to).code
    identity.unlink()
    printed = spiritstream("export", profile)
    assert (0, "friday-show") == (printed.code, json.loads(printed.out)["name"])
    assert "its key is left empty" in printed.err
    assert tells_nothing(printed, out)


def test_export_of_what_is_none(spiritstream: Spiritstream, tmp_path: Path) -> None:
    """An invalid profile is refused with its findings."""
    (tmp_path / "a.yaml").write_text("version: 1\nkey: CANARY\n")
    called = spiritstream("export", tmp_path / "a.yaml")
    assert ExitCode.INVALID == called.code
    assert CANARY not in called.out + called.err
    assert ExitCode.INVALID == spiritstream("export", tmp_path / "none.yaml").code


UNSENDABLE = {
    "a.json": (
        '{"type": "whip_custom", "settings": {"server": "https://h.example", "bearer_token": "CANARY"}}',
        "WHIP is not sent",
    ),
    "nginx.conf": (
        "rtmp { server { application a { push rtsp://h.example/CANARY; } } }",
        "push 1: rtsp is not",
    ),
    "a.sh": ("ffmpeg -i a.mp4 -c copy -f rtsp rtsp://h.example/CANARY", "output 1: rtsp is not sent"),
    "a.yml": (
        "paths: {a: {pushTargets: [{url: 'rtmp://h.example/CANARY'}]}}",
        "forward 1: no key can be told",
    ),
    "a.yaml": (
        "services:\n  a:\n    rtmp_server: https://h.example\n    key: CANARY",
        "service a: https is not",
    ),
    "b.json": ('{"targets": []}', "sends nowhere"),
}


@pytest.mark.parametrize("name", UNSENDABLE)
def test_nothing_can_be_sent(name: str, spiritstream: Spiritstream, tmp_path: Path, out: Path) -> None:
    """A file of whose destinations none has a place makes no empty profile: exit 4 with each reason."""
    text, why = UNSENDABLE[name]
    (tmp_path / name).write_text(text)
    called = spiritstream("import", tmp_path / name, "--output-dir", out)
    assert (ExitCode.INVALID, "", False) == (*called[:2], out.exists())
    assert why in called.err
    assert "no profile can be made of it" in called.err
    assert tells_nothing(called, out)


def test_some_can_be_sent(spiritstream: Spiritstream, tmp_path: Path, out: Path) -> None:
    """Of a file with several shows, those that send somewhere are made; the other is said, and why."""
    (tmp_path / "n.conf").write_text(
        "rtmp { server { application good { push rtmp://live.twitch.tv/app/CANARY-k; } "
        "application bad { push rtsp://h.example/CANARY; } } }"
    )
    called = spiritstream("import", tmp_path / "n.conf", "--output-dir", out)
    assert (0, ["good.yaml"]) == (called.code, [path.name for path in out.iterdir()])
    assert "application bad sends nowhere" in called.out
    assert tells_nothing(called, out)


@pytest.mark.parametrize("groups", [[], [{"streamTargets": []}]], ids=["no groups", "no targets"])
def test_a_fresh_profile(groups: list[Any], spiritstream: Spiritstream, tmp_path: Path, out: Path) -> None:
    """SpiritStream's profile before anything was added is one without targets here, too."""
    data = json.loads(PROFILE)
    data["outputGroups"] = [{**data["outputGroups"][0], **group} for group in groups]
    (tmp_path / "p.json").write_text(json.dumps(data))
    called = spiritstream("import", tmp_path / "p.json", "--output-dir", out)
    assert 0 == called.code, called.err
    assert "platform" not in (out / "friday-show.yaml").read_text()


def test_every_secret_of_the_settings_stays_out(
    spiritstream: Spiritstream, tmp_path: Path, out: Path
) -> None:
    """Passwords and tokens that have no place here are named by what they are for, and kept nowhere."""
    data = json.loads(PROFILE)
    data["settings"] = {
        "backend": {"token": CANARY},
        "obs": {"password": f"ENC::{CANARY}", "host": CANARY},
        "discord": {"webhookUrl": f"https://h.example/{CANARY}"},
        "chat": {"youtubeApiKey": CANARY, "twitchChannel": CANARY},
        "oauth": {"twitch": {"accessToken": CANARY, "refreshToken": CANARY}},
        "themeId": CANARY,
    }
    (tmp_path / "p.json").write_text(json.dumps(data))
    flat = ("obsPassword", "backendToken", "discordWebhookUrl", "chatYoutubeApiKey", "twitchOauthAccessToken")
    names = {**dict.fromkeys((*flat, "youtubeOauthRefreshToken"), f"ENC::{CANARY}"), "startMinimized": True}
    (tmp_path / "settings.json").write_text(json.dumps(names))
    called = spiritstream("import", tmp_path / "p.json", tmp_path / "settings.json", "--output-dir", out)
    assert 0 == called.code, called.err
    assert tells_nothing(called, out)
    for name in ("backend", "obs", "discord", "chat", "oauth", "themeId"):
        assert f"settings.{name}: " in called.out
    for name in ("backend…", "obs…", "discord…", "chat…", "twitchOauth…", "youtubeOauth…", "startMinimized"):
        assert f"  - {name}: " in called.out


HOSTILE = {
    "nothing": b"",
    "zeros": bytes(5000),
    "NUL": PROFILE.replace(b"Friday", b"Fri\0day"),
    "escaped NUL": PROFILE.replace(b"Friday Show", b"\\u0000"),
    "no UTF-8": PROFILE.replace(b"Friday", b"Fri\xffday"),
    "UTF-16": PROFILE.decode().encode("utf-16"),
    "deep": b'{"outputGroups": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "deep objects": b'{"outputGroups": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
    "twice": PROFILE.replace(b'"name": "Friday Show"', b'"name": "CANARY", "name": "b"'),
    "long number": PROFILE.replace(b"1935", b"9" * 5000),
    "huge number": PROFILE.replace(b"1935", b"1e999"),
    "cut": PROFILE[: len(PROFILE) // 2],
    "many targets": b'{"id":"a","name":"a","input":{},"outputGroups":[' + b"{}," * 300_000 + b"{}]}",
    "YAML aliases": b"services:\n  a: &a\n    rtmp_server: rtmp://h/CANARY\n  b: *a\n",
    "mgs of nothing": b"MGLA" + bytes(61),
    "zip": b"PK\x03\x04" + bytes(100),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(name: str, spiritstream: Spiritstream, tmp_path: Path, out: Path) -> None:
    """What no program writes is refused with one clear error, or is no danger; no key is ever said."""
    (tmp_path / "file").write_bytes(HOSTILE[name])
    called = spiritstream("import", tmp_path / "file", "--output-dir", out)
    assert tells_nothing(called, out)
    if name == "escaped NUL":  # a name that has to be another one
        assert (0, ["imported.yaml"]) == (called.code, [path.name for path in out.iterdir()])
        return
    assert (ExitCode.INVALID, "", False) == (*called[:2], out.exists())
    assert len(called.err) < 500
    assert called.err.startswith(str(tmp_path / "file"))


def test_a_huge_file(spiritstream: Spiritstream, tmp_path: Path, out: Path) -> None:
    """Of a file of 100 MB no more is read than any configuration has."""
    for name, start in (("a.json", b"{"), ("a.mgs", b"MGLA")):
        with (tmp_path / name).open("wb") as file:
            file.write(start)
            file.truncate(100_000_000)
        called = spiritstream("import", tmp_path / name, "--output-dir", out, stdin=b"x\n")
        assert (ExitCode.INVALID, False) == (called.code, out.exists())
        assert "larger than 1 MiB" in called.err


def test_links(spiritstream: Spiritstream, old: Path, tmp_path: Path, out: Path) -> None:
    """A link that was named is followed; one in the folder that is written to is never written through."""
    (tmp_path / "link.json").symlink_to(old / "profiles" / "friday.json")
    assert 0 == spiritstream("import", tmp_path / "link.json", "--output-dir", out).code
    for name in ("dangling", "loop"):
        (tmp_path / name).symlink_to("loop" if name == "loop" else "nowhere")
        assert ExitCode.USAGE == spiritstream("import", tmp_path / name, "--output-dir", out / "b").code
    (out / "friday-show.yaml").unlink()
    (out / "friday-show.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    called = spiritstream("import", old / "profiles" / "friday.json", "--output-dir", out)
    assert ExitCode.GUARDED == called.code
    assert not (tmp_path / "elsewhere.yaml").exists()


def test_many_files(spiritstream: Spiritstream, tmp_path: Path, out: Path) -> None:
    """Thirty profiles of one name are thirty files; with one bad file among them, none."""
    files = []
    for number in range(30):
        files.append(tmp_path / f"{number}.json")
        files[-1].write_bytes(PROFILE)
    called = spiritstream("import", *files, "--output-dir", out)
    assert (0, 30) == (called.code, len(list(out.iterdir())))
    files[20].write_bytes(PROFILE[:-9])
    called = spiritstream("import", *files, "--output-dir", tmp_path / "none")
    assert (ExitCode.INVALID, False) == (called.code, (tmp_path / "none").exists())
    assert str(files[20]) in called.err
