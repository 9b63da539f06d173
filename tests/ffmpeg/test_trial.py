"""Encoders are tried, each once, and the best that works is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from spiritstream.errors import SpiritError
from spiritstream.ffmpeg import trial
from spiritstream.ffmpeg.encoders import AUDIO_ENCODERS, X264, known_encoder
from spiritstream.ffmpeg.find import Ffmpeg
from spiritstream.ffmpeg.trial import Listed, Trial, Trials, choose_encoder, parse_encoders, try_encoder

LIST = """\
Encoders:
 V..... = Video
 A..... = Audio
 ------
 V....D libx264              libx264 H.264 / AVC (codec h264)
 V....D libx264rgb           libx264 H.264 RGB (codec h264)
 V....D h264_nvenc           NVIDIA NVENC H.264 encoder (codec h264)
 V..... h264_qsv             H.264 (Intel Quick Sync Video acceleration) (codec h264)
 VFS..D h264_vaapi           H.264/AVC (VAAPI) (codec h264)
 V....D libaom-av1           libaom AV1 (codec av1)
 A....D aac                  AAC (Advanced Audio Coding)
 A....D libmp3lame           libmp3lame MP3 (MPEG audio layer 3) (codec mp3)
 S..... ssa                  ASS (Advanced SubStation Alpha) subtitle (codec ass)
"""
# Behaves as its own files say: `works` holds the encoders that do.
FAKE = """\
#!/bin/sh
home="$(dirname "$0")"
case "$*" in
*-encoders*) cat "$home/list"; exit 0 ;;
esac
echo "$*" >>"$home/calls"
for name in $(cat "$home/works"); do
    case "$*" in *" $name "*) exit 0 ;; esac
done
[ -e "$home/hang" ] && exec sleep 60
echo "[info] Input #0, lavfi" >&2
echo "[enc @ 0x5] [error] no such device" >&2
echo "[error] Conversion failed!" >&2
exit 1
"""


class Fake:
    """An ffmpeg that pretends."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        path = folder / "ffmpeg"
        path.write_text(FAKE)
        path.chmod(0o755)
        (folder / "list").write_text(LIST)
        (folder / "calls").touch()
        self.works("libx264")
        self.tool = Ffmpeg(path, (9, 0), "9.0", "flag")

    def works(self, *names: str) -> None:
        """Only these work."""
        (self._folder / "works").write_text(" ".join(names))

    def hangs(self) -> None:
        """The others hang instead of failing."""
        (self._folder / "hang").touch()

    def calls(self, name: str) -> int:
        """How often an encoder was tried."""
        return sum(f" {name} " in line for line in (self._folder / "calls").read_text().splitlines())


@pytest.fixture
def fake(tmp_path: Path, no_process_left: None) -> Iterator[Fake]:
    """It, and no process of it stays."""
    yield Fake(tmp_path)


def test_parse_encoders() -> None:
    """Name, codec and kind are read; the legend and subtitles are not encoders of ours."""
    listed = parse_encoders(LIST)
    assert [
        Listed("libx264", "h264", True),
        Listed("libx264rgb", "h264", True),
        Listed("h264_nvenc", "h264", True),
        Listed("h264_qsv", "h264", True),
        Listed("h264_vaapi", "h264", True),
        Listed("libaom-av1", "av1", True),
        Listed("aac", "aac", False),
        Listed("libmp3lame", "mp3", False),
    ] == listed


@pytest.mark.parametrize(
    ("wanted", "works", "expected"),
    [
        ("auto", ("h264_nvenc", "h264_vaapi", "libx264"), "h264_nvenc"),
        ("auto", ("h264_vaapi", "libx264"), "h264_vaapi"),
        ("auto", ("libx264",), "libx264"),
        ("hardware", ("h264_vaapi", "libx264"), "h264_vaapi"),
        ("software", ("h264_nvenc", "libx264"), "libx264"),
        ("h264_qsv", ("h264_qsv", "h264_nvenc"), "h264_qsv"),
        ("libx264rgb", ("libx264rgb",), "libx264rgb"),
    ],
)
async def test_choice(fake: Fake, wanted: str, works: tuple[str, ...], expected: str) -> None:
    """The first in order that works, of the kind that is wanted, or the one that is named."""
    fake.works(*works)
    chosen = await choose_encoder(fake.tool, "h264", wanted, Trials())
    assert expected == chosen.name


@pytest.mark.parametrize(
    ("codec", "wanted", "message", "hint"),
    [
        ("h264", "hardware", "no h264 encoder works here; tried:\n  h264_nvenc: no such device\n", "auto"),
        ("h264", "h264_nvenc", "h264_nvenc does not work here; tried:\n  h264_nvenc: no such device", "auto"),
        ("hevc", "auto", "this ffmpeg has no encoder for hevc", "codec: h264"),
        ("h264", "nonsense", "this ffmpeg has no encoder named nonsense", "spiritstream encoders"),
        ("h264", "libaom-av1", "libaom-av1 encodes av1, not h264", "'codec' or 'encoder'"),
    ],
)
async def test_nothing_works(fake: Fake, codec: str, wanted: str, message: str, hint: str) -> None:
    """The error says what was tried, why each failed, and what to do."""
    with pytest.raises(SpiritError) as refused:
        await choose_encoder(fake.tool, codec, wanted, Trials())
    assert refused.value.message.startswith(message)
    assert hint in refused.value.hint


async def test_each_is_tried_once(fake: Fake) -> None:
    """Who asks at the same time, and who asks later, gets the same trial."""
    trials = Trials()
    asked = [choose_encoder(fake.tool, "h264", "auto", trials) for _ in range(4)]
    chosen = [encoder.name for encoder in await asyncio.gather(*asked)]
    chosen.append((await choose_encoder(fake.tool, "h264", "software", trials)).name)
    assert ["libx264"] * 5 == chosen
    assert [1, 1, 1] == [fake.calls(name) for name in ("h264_nvenc", "h264_vaapi", "libx264")]


async def test_one_that_gives_up_ends_it_for_nobody(fake: Fake) -> None:
    """An asker that is cancelled leaves the trial to the others."""
    trials = Trials()
    first = asyncio.create_task(trials.attempt(fake.tool, X264))
    second = asyncio.create_task(trials.attempt(fake.tool, X264))
    await asyncio.sleep(0)
    first.cancel()
    assert Trial(True) == await second
    assert 1 == fake.calls("libx264")


async def test_a_trial_is_bounded(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that hangs is given up, and its process is gone."""
    monkeypatch.setattr(trial, "TRIAL_S", 0.3)
    fake.hangs()
    assert Trial(False, "gave nothing within 0.3 s") == await try_encoder(
        fake.tool, known_encoder("h264_qsv", "h264")
    )


async def test_a_program_that_cannot_start(tmp_path: Path) -> None:
    """It is a trial that failed, not a fault of ours."""
    missing = Ffmpeg(tmp_path / "none", (9, 0), "9.0", "flag")
    assert not (await Trials().attempt(missing, X264)).ok


@pytest.mark.parametrize("codec", ["h264", "hevc"])
async def test_software_really_works(tool: Ffmpeg, codec: str) -> None:
    """Each real ffmpeg encodes in software with the options we give it."""
    chosen = await choose_encoder(tool, codec, "software", Trials())
    assert {"h264": "libx264", "hevc": "libx265"}[codec] == chosen.name


@pytest.mark.parametrize("encoder", AUDIO_ENCODERS, ids=lambda encoder: encoder.name)
async def test_audio_really_works(tool: Ffmpeg, encoder: object) -> None:
    """Each real ffmpeg has every audio encoder that profiles can name."""
    assert Trial(True) == await try_encoder(tool, encoder)  # type: ignore[arg-type]
