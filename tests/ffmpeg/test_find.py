"""The ffmpeg that is used: where it is looked for, and what is no use."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from spiritstream.errors import SpiritError
from spiritstream.ffmpeg import find
from spiritstream.ffmpeg.find import Ffmpeg, find_ffmpeg, parse_version


def program(path: Path, says: str = "ffmpeg version 7.0.2 Copyright", *, status: int = 0) -> Path:
    """A program that says this, whatever it is asked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026", (5, 1, 9)),
        ("ffmpeg version n9.0.2-17-g2a571b6068-20260930 Copyright", (9, 0, 2)),
        ("ffmpeg version 7.0.2-static https://johnvansickle.com", (7, 0, 2)),
        ("ffmpeg version 6.1 Copyright", (6, 1)),
        ("ffmpeg version N-12345-gabcdef Copyright\nlibavformat    60. 10.100 / 60. 10.100", (6, 1)),
        ("ffmpeg version 2024-05-02-git-71669f2ad5-full_build\nlibavformat    61.  3.103", (7, 1)),
        ("ffmpeg version git-2020-01-01-abc Copyright\nlibavformat    58. 35.100", (4, 1)),
        ("ffmpeg version N-12345-gabcdef Copyright", None),
        ("hello", None),
        ("", None),
    ],
)
def test_parse_version(said: str, version: tuple[int, ...] | None) -> None:
    """A release's number is read from its first line; a build from git goes by its library's."""
    assert version == parse_version(said)


def test_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flag, variable, setting, PATH, embedded: the first that is there."""
    flag, variable = program(tmp_path / "flag"), program(tmp_path / "variable")
    on_path, embedded = program(tmp_path / "bin" / "ffmpeg"), program(tmp_path / "embedded")
    setting = program(tmp_path / "setting")
    monkeypatch.setattr(find, "_embedded", lambda: iter([embedded]))
    environ = {"SPIRITSTREAM_FFMPEG": str(variable), "PATH": str(tmp_path / "bin")}
    found = []
    for wanted in (str(flag), None):
        found.append(find_ffmpeg(wanted, environ, str(setting)))
    del environ["SPIRITSTREAM_FFMPEG"]
    found.append(find_ffmpeg(None, environ, str(setting)))
    found.append(find_ffmpeg(None, environ))
    found.append(find_ffmpeg(None, {"PATH": str(tmp_path)}))
    assert [
        (flag, "flag"),
        (variable, "SPIRITSTREAM_FFMPEG"),
        (setting, "settings"),
        (on_path, "PATH"),
        (embedded, "embedded"),
    ] == [(ffmpeg.path, ffmpeg.source) for ffmpeg in found]


def test_flag_may_be_a_name(tmp_path: Path) -> None:
    """A name is looked up on PATH."""
    path = program(tmp_path / "ffmpeg7")
    expected = Ffmpeg(path, (7, 0, 2), "7.0.2", "flag")
    assert expected == find_ffmpeg("ffmpeg7", {"PATH": str(tmp_path)})


def test_certificates_of_the_environment(tmp_path: Path) -> None:
    """SSL_CERT_FILE says whom to trust, as it does for other programs."""
    path = program(tmp_path / "ffmpeg")
    assert "/my/ca.pem" == find_ffmpeg(str(path), {"SSL_CERT_FILE": "/my/ca.pem"}).ca_file


@pytest.mark.parametrize(
    ("says", "status", "expected"),
    [
        (
            "ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright",
            0,
            "is ffmpeg 4.4.2-0ubuntu0.22.04.1, and 5.1 is",
        ),
        ("hello", 0, "does not say which version"),
        ("", 1, "cannot be run: it ends with status 1"),
    ],
)
def test_no_use(tmp_path: Path, says: str, status: int, expected: str) -> None:
    """One that is too old, or is no ffmpeg, is refused with the reason and how to get one."""
    path = program(tmp_path / "ffmpeg", says, status=status)
    with pytest.raises(SpiritError) as refused:
        find_ffmpeg(str(path), {})
    assert expected in refused.value.message
    assert "apt install ffmpeg" in refused.value.hint


def test_flag_names_nothing(tmp_path: Path) -> None:
    """What is asked for by name is not replaced by another."""
    program(tmp_path / "ffmpeg")
    with pytest.raises(SpiritError, match=r"/no/such \(flag\) is no program"):
        find_ffmpeg("/no/such", {"PATH": str(tmp_path)})


def test_not_an_executable_format(tmp_path: Path) -> None:
    """A file that only claims to be a program is refused."""
    path = tmp_path / "ffmpeg"
    path.write_bytes(b"\x00\x01")
    path.chmod(0o755)
    with pytest.raises(SpiritError, match="cannot be run"):
        find_ffmpeg(str(path), {})


def test_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that never answers is not waited for."""
    path = tmp_path / "ffmpeg"
    path.write_text("#!/bin/sh\nexec sleep 60\n")
    path.chmod(0o755)
    monkeypatch.setattr(find, "_VERSION_S", 0.2)
    with pytest.raises(SpiritError, match="did not say its version"):
        find_ffmpeg(str(path), {})


def test_none_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any, both ways to get one are named."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SpiritError, match="no ffmpeg is on PATH") as missing:
        find_ffmpeg(None, {"PATH": str(tmp_path)})
    assert "pip install 'spiritstream[ffmpeg]'" in missing.value.hint


def test_embedded_is_found(tmp_path: Path) -> None:
    """The wheel's ffmpeg is found where none is on PATH, and runs."""
    if importlib.util.find_spec("imageio_ffmpeg") is None:
        pytest.skip("the embedded ffmpeg is missing")
    found = find_ffmpeg(None, {"PATH": str(tmp_path)})
    assert "embedded" == found.source
    assert shutil.which(found.path)
