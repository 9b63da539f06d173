"""`spiritstream seal`: files in place, one value from stdin, and never a secret shown."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from spiritstream.config import sealing
from spiritstream.config.identity import load_identity, save_identity
from spiritstream.config.keypair import Identity
from spiritstream.config.load import load_profile
from spiritstream.config.opener import identity_opener
from spiritstream.config.seal import open_sealed
from spiritstream.secret import Secret
from tests.cli.calling import Called, Spiritstream, spiritstream

__all__ = ["spiritstream"]

CANARY = "canary-7f3a-key"
PROFILE = f"""\
version: 1
name: show
input:
  test: {{}}
groups:
  source:
    targets:
      youtube: {{platform: youtube, key: {CANARY}}}   # mine
"""


@pytest.fixture(autouse=True)
def identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment of the test's own, with an identity in its default place."""
    for name in ("SPIRITSTREAM_IDENTITY", "SPIRITSTREAM_RECIPIENT", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    path = tmp_path / "config" / "spiritstream" / "identity"
    save_identity(Identity.create(), path)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A profile with a clear-text key, alone in its folder."""
    path = tmp_path / "shows" / "show.yaml"
    path.parent.mkdir()
    path.write_text(PROFILE)
    return path


def tells_nothing(called: Called) -> bool:
    """Whether a call kept the canary to itself."""
    return CANARY not in called.out + called.err


def test_seals_in_place(spiritstream: Spiritstream, file: Path, identity: Path) -> None:
    """The key is sealed and opens, the rest of the file is as it was, and what was done is said."""
    called = spiritstream("seal", file)
    assert (0, f"{file}: sealed groups.source.targets.youtube.key\n") == called[:2]
    assert tells_nothing(called)
    before, _, after = PROFILE.partition(CANARY)
    text = file.read_text()
    assert text.startswith(before + '"sealed:v1:')
    assert text.endswith('"' + after)
    value = text.removeprefix(before).removesuffix(after).strip('"')
    assert Secret(CANARY) == open_sealed(load_identity(identity), value, "youtube", "key")


def test_what_it_seals_is_what_a_runner_gets(spiritstream: Spiritstream, file: Path) -> None:
    """A sealed profile loads, with the key in its target."""
    spiritstream("seal", file)
    profile = load_profile(file, identity_opener(None, os.environ), os.environ)
    assert (Secret(CANARY),) == profile.secrets()


def test_a_second_time_writes_nothing(spiritstream: Spiritstream, file: Path) -> None:
    """Nothing to seal: it says so, and the file is not even touched."""
    spiritstream("seal", file)
    os.utime(file, ns=(1, 1))
    before = file.stat()
    assert (0, f"{file}: nothing to seal\n", "") == spiritstream("seal", file)
    after = file.stat()
    assert (before.st_ino, before.st_mtime_ns, before.st_ctime_ns) == (
        after.st_ino,
        after.st_mtime_ns,
        after.st_ctime_ns,
    )


def test_a_recipient_is_enough(spiritstream: Spiritstream, file: Path, identity: Path) -> None:
    """Where there is no identity the file is sealed, and what could not be proved is said plainly."""
    mine = load_identity(identity)
    identity.unlink()
    called = spiritstream("seal", file, "--recipient", mine.recipient)
    assert 0 == called.code
    assert "not proved that the new values open" in called.err
    assert mine.fingerprint in file.read_text()
    assert tells_nothing(called)


def test_without_any_key(spiritstream: Spiritstream, file: Path, identity: Path) -> None:
    """Neither identity nor recipient: nothing is written; exit 5."""
    identity.unlink()
    called = spiritstream("seal", file)
    assert 5 == called.code
    assert str(identity) in called.err
    assert PROFILE == file.read_text()


def test_one_bad_file_keeps_no_other_from_being_sealed(spiritstream: Spiritstream, file: Path) -> None:
    """Each file is for itself: the good one is sealed, each bad one named; the first decides the exit."""
    bad, missing = file.with_name("bad.yaml"), file.with_name("missing.yaml")
    bad.write_text(PROFILE.replace("youtube, key", "yuotube, key"))
    called = spiritstream("seal", bad, file, missing)
    assert 4 == called.code
    assert f"{bad}:8:41: groups.source.targets.youtube.key: it cannot be told" in called.err
    assert f"{missing} cannot be read" in called.err
    assert f"{file}: sealed" in called.out
    assert CANARY in bad.read_text()
    assert CANARY not in file.read_text()
    assert tells_nothing(called)


BROKEN = {
    "no destination": (PROFILE.replace("youtube, key", "yuotube, key"), 4),
    "white space": (PROFILE.replace(CANARY, f"' {CANARY}'"), 4),
    "line break": (PROFILE.replace(CANARY, f'"{CANARY}\\n{CANARY}"'), 4),
    "no YAML": (PROFILE + f"key: [{CANARY}", 4),
    "doubled key": (PROFILE.replace("key:", f"key: {CANARY}, key:"), 4),
    "key as key": (PROFILE.replace("key: ", ""), 0),
    "list": (PROFILE.replace(CANARY, f"[{CANARY}]"), 0),
    "not UTF-8": (PROFILE + "\udcff", 4),
    "too large": (PROFILE + "#" * 2_000_000, 4),
    "empty": ("", 4),
}


@pytest.mark.parametrize(("text", "code"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_sealed_is_left(
    spiritstream: Spiritstream, file: Path, text: str, code: int
) -> None:
    """Whatever is wrong with a file, it stays as it is, nothing is left beside it, and no key is shown."""
    data = text.encode("utf-8", "surrogateescape")
    file.write_bytes(data)
    called = spiritstream("seal", file)
    assert code == called.code
    assert (data, [file]) == (file.read_bytes(), list(file.parent.iterdir()))
    assert tells_nothing(called)


def test_a_file_changed_meanwhile_is_left(
    spiritstream: Spiritstream, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit that falls between reading and writing is not lost; exit 75."""
    real = sealing.seal_text

    def slow(*arguments: object) -> sealing.Sealing:
        file.write_text(PROFILE + "# saved by an editor\n")
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(sealing, "seal_text", slow)
    called = spiritstream("seal", file)
    assert 75 == called.code
    assert PROFILE + "# saved by an editor\n" == file.read_text()
    assert [file] == list(file.parent.iterdir())
    assert tells_nothing(called)


def test_a_failed_proof_leaves_the_file(
    spiritstream: Spiritstream, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the new text does not prove to be the same profile, the old one stays; exit 1."""
    monkeypatch.setattr(sealing, "_opens", lambda *_: False)
    called = spiritstream("seal", file)
    assert 1 == called.code
    assert "did not prove" in called.err
    assert (PROFILE, [file]) == (file.read_text(), list(file.parent.iterdir()))
    assert tells_nothing(called)


def test_an_unexpected_fault_tells_nothing(
    spiritstream: Spiritstream, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even an error of our own that quotes the key is not printed; exit 1."""

    def fault(*_: object) -> None:
        raise ValueError(CANARY)

    monkeypatch.setattr(sealing, "replace_spans", fault)
    called = spiritstream("seal", file)
    assert 1 == called.code
    assert PROFILE == file.read_text()
    assert tells_nothing(called)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--value",),
        ("--value", "--destination", "youtube", "show.yaml"),
        ("--value", "--destination", "YouTube"),
        ("--value", "--destination", "youtube", "--field", "url"),
        ("show.yaml", "--destination", "youtube"),
        ("show.yaml", "--field", "key"),
        ("show.yaml", "--recipient", CANARY),
        ("/",),
    ],
)
def test_wrong_calls(spiritstream: Spiritstream, arguments: tuple[str, ...]) -> None:
    """A call that cannot work says why and what to write; exit 2."""
    called = spiritstream("seal", *arguments, stdin=CANARY.encode())
    assert (2, "") == called[:2]
    assert "hint:" in called.err
    assert tells_nothing(called)


@pytest.mark.parametrize("stdin", [CANARY, CANARY + "\n", CANARY + "\r\n"])
@pytest.mark.parametrize("field", [None, "passphrase"])
def test_a_value_from_stdin(
    spiritstream: Spiritstream, identity: Path, stdin: str, field: str | None
) -> None:
    """One value, with or without the line end that `echo` adds, comes out sealed and nothing else does."""
    more = ["--field", field] if field else []
    called = spiritstream("seal", "--value", "--destination", "live.example.org", *more, stdin=stdin.encode())
    assert (0, "") == (called.code, called.err)
    opened = open_sealed(
        load_identity(identity), called.out.removesuffix("\n"), "live.example.org", field or "key"
    )
    assert Secret(CANARY) == opened


@pytest.mark.parametrize(
    "stdin", [b"", b"\n", f"{CANARY} ".encode(), f"{CANARY}\n\n".encode(), CANARY.encode() + b"\xff"]
)
def test_a_bad_value_from_stdin(spiritstream: Spiritstream, stdin: bytes) -> None:
    """What can be no key is refused, not shown; exit 2."""
    called = spiritstream("seal", "--value", "--destination", "youtube", stdin=stdin)
    assert (2, "") == called[:2]
    assert tells_nothing(called)


def test_a_value_typed_on_a_terminal_is_not_echoed(identity: Path) -> None:
    """On a terminal the value is asked for, and typing it shows nothing."""
    ours, theirs = pty.openpty()
    start = "from spiritstream.cli.main import main; main()"
    command = [sys.executable, "-c", start, "seal", "--value", "--destination", "youtube"]
    with subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, start_new_session=True, text=True
    ) as process:
        try:
            shown = b""
            while b"(not shown): " not in shown:
                shown += os.read(ours, 1000)
            os.write(ours, f"{CANARY}\n".encode())
            out, _ = process.communicate(timeout=30)
            shown += os.read(ours, 1000)
        finally:
            process.kill()
            os.close(theirs)
            os.close(ours)
    assert Secret(CANARY) == open_sealed(load_identity(identity), out.strip(), "youtube", "key")
    assert CANARY.encode() not in shown
    assert b"key for youtube" in shown
