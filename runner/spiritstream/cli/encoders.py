"""`spiritstream encoders`: which encoders really work here, and why the others do not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from spiritstream.cli.options import OUTPUT_OPTION
from spiritstream.errors import ExitCode

if TYPE_CHECKING:
    from spiritstream.ffmpeg.find import Ffmpeg
    from spiritstream.ffmpeg.trial import Found

_JSON_VERSION = 1
_CODECS = ("h264", "hevc", "av1", "aac", "mp3", "opus")


@click.command("encoders", short_help="Which encoders really work here.")
@click.option("--codec", type=click.Choice(_CODECS), help="Only the encoders of this codec.")
@click.option("--ffmpeg", help="The ffmpeg to use, instead of the one on PATH or the embedded one.")
@OUTPUT_OPTION
def command(codec: str | None, ffmpeg: str | None, output: str) -> int:
    """Try every encoder for video and audio, in hardware and in software.

    Each really encodes something: that an ffmpeg lists an encoder does not mean that it works here.
    Those of a codec are shown in the order in which 'encoder: auto' takes the first that works.
    """
    import asyncio

    from spiritstream.cli.settings import ffmpeg_for
    from spiritstream.ffmpeg.trial import survey

    tool = ffmpeg_for(ffmpeg)
    found = asyncio.run(survey(tool, codec))
    rows = [_row(one) for one in sorted(found, key=lambda one: _CODECS.index(one.encoder.codec))]
    click.echo(_json(tool, rows) if output == "json" else _text(tool, rows))
    return int(ExitCode.DONE)


def _row(found: Found) -> dict[str, object]:
    family = getattr(found.encoder, "family", None)
    return {
        "codec": found.encoder.codec,
        "name": found.encoder.name,
        "kind": "video" if family else "audio",
        "hardware": bool(family and family.hardware),
        "works": found.trial.ok,
        "cause": found.trial.cause,
    }


def _json(tool: Ffmpeg, rows: list[dict[str, object]]) -> str:
    ffmpeg = {"path": str(tool.path), "version": tool.version_text, "source": tool.source}
    return json.dumps({"version": _JSON_VERSION, "ffmpeg": ffmpeg, "encoders": rows}, indent=2)


def _text(tool: Ffmpeg, rows: list[dict[str, object]]) -> str:
    lines = [f"ffmpeg {tool.version_text} ({tool.path})"]
    for row in rows:
        kind = "hardware" if row["hardware"] else "software"
        verdict = "works" if row["works"] else f"no: {row['cause']}"
        lines.append(f"{row['codec']!s:5} {row['name']!s:18} {kind}  {verdict}")
    return "\n".join(lines)
