"""`spiritstream explain` and `spiritstream schema`: what a person, and an editor, is told of a field."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spiritstream.cli.explain import KINDS
from spiritstream.errors import ExitCode
from tests.cli.calling import Spiritstream, spiritstream

__all__ = ["spiritstream"]

SCHEMAS = Path(__file__).parents[2] / "schemas"
KEYFRAME = """\
groups.NAME.video.keyframe
  The time from one keyframe to the next.
  write:     a duration such as 2s, 500ms, 90m or 1h
  range:     from 100ms to 20s
  default:   2s
  examples:  2s, 1h
  a change:  this group starts anew, nothing else
"""
KEY = """\
groups.NAME.targets.NAME.key
  The stream key: RTMP's stream name, or SRT's stream id.
  secret:    sealed, or {env: NAME}, or {file: PATH}; in clear text only until `spiritstream seal FILE`
  default:   none
  a change:  the targets that it holds for start anew, nothing else
"""
TLS = """\
input.rtmp.tls
  Publishers connect by RTMPS, and only by RTMPS: their server is rtmps://HOST:PORT/APP. Both files are read again when they change.
  write:     a mapping such as {certificate: FILE, private_key: FILE}
  default:   none
  fields:
    certificate  The certificate with its chain, a PEM file; relative to the profile's folder. (required)
    private_key  The certificate's private key, a PEM file without a passphrase; relative to the profile's folder. (required)
"""  # noqa: E501
LEVEL = """\
log.level
  How much is logged: info, or debug, which adds what ffmpeg says.
  one of:    info, debug
  default:   info
  variable:  SPIRITSTREAM_LOG_LEVEL
  option:    -v
"""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("groups.video.keyframe",), KEYFRAME),
        (("groups.main.targets.twitch.key",), KEY),
        (("input.rtmp.tls",), TLS),
        (("--of", "settings", "log.level"), LEVEL),
    ],
    ids=["leaf", "secret", "mapping", "setting"],
)
def test_explained(spiritstream: Spiritstream, arguments: tuple[str, ...], expected: str) -> None:
    """Meaning, form, range, default, and what a change restarts; of a mapping its fields, a line each."""
    assert (0, expected, "") == spiritstream("explain", *arguments)


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_document(spiritstream: Spiritstream, kind: str) -> None:
    """Without a path, what stands at the top."""
    said = spiritstream("explain", "--of", kind)
    assert 0 == said.code
    assert said.out.startswith(f"the {kind}\n")
    top = json.loads((SCHEMAS / f"{kind}.schema.json").read_text())["properties"]
    below = said.out.split("  fields:\n")[1].splitlines()
    assert list(top) == [line.split()[0] for line in below]


def test_for_programs(spiritstream: Spiritstream) -> None:
    """The same as JSON, with values as they are."""
    said = spiritstream("explain", "groups.video.fps", "--output", "json")
    data = json.loads(said.out)
    assert {
        "version": 1,
        "of": "profile",
        "path": "groups.NAME.video.fps",
        "description": "Frames per second; the input's if it is left out, unless `for` derives them.",
        "required": False,
        "secret": False,
        "expected": "frames per second such as 30, 29.97 or 30000/1001",
        "values": [],
        "range": "from 1 to 240",
        "default": None,
        "examples": [30, 60, "30000/1001"],
        "restarts": "group",
        "variable": None,
        "fields": [],
    } == data


def test_unknown(spiritstream: Spiritstream) -> None:
    """The nearest one is offered; exit 2."""
    said = spiritstream("explain", "groups.video.keyframes")
    assert (ExitCode.USAGE, "") == said[:2]
    assert "hint: did you mean groups.NAME.video.keyframe?" in said.err


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("groups.video.k", ["groups.video.keyframe"]),
        ("input.f", ["input.files", "input.files.loop", "input.files.paths"]),
        ("x", []),
    ],
)
def test_completion(typed: str, expected: list[str]) -> None:
    """Paths are completed without the names that people choose."""
    import click

    from spiritstream.cli.explain import command, complete

    assert expected == complete(click.Context(command), command.params[0], typed)


@pytest.mark.parametrize("kind", KINDS)
def test_schema(spiritstream: Spiritstream, kind: str) -> None:
    """The published file, byte for byte; and where it is, for an editor."""
    file = SCHEMAS / f"{kind}.schema.json"
    said = spiritstream("schema", kind)
    assert (0, file.read_bytes().decode(), "") == said
    assert (0, f"{file}\n", "") == spiritstream("schema", kind, "--path")


def test_the_profiles_schema_is_the_usual_one(spiritstream: Spiritstream) -> None:
    """Without a word it is a profile's; another word is a wrong use that names the known ones."""
    assert spiritstream("schema") == spiritstream("schema", "profile")
    said = spiritstream("schema", "prfile")
    assert ExitCode.USAGE == said.code
    assert "platform" in said.err
