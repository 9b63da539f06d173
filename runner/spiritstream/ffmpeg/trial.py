"""Which encoders work here. Listed says nothing: each is tried, once in a process's life."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass

from spiritstream.errors import SpiritError
from spiritstream.ffmpeg.address import Argv
from spiritstream.ffmpeg.child import Child, spawn
from spiritstream.ffmpeg.common import common_argv
from spiritstream.ffmpeg.encoders import (
    AUDIO_ENCODERS,
    ENCODERS,
    AudioEncoder,
    VideoEncoder,
    audio_options,
    flv_refusal,
    known_encoder,
    video_options,
)
from spiritstream.ffmpeg.find import Ffmpeg
from spiritstream.model.profile import Audio, Video
from spiritstream.pipes import PipeReader

TRIAL_S = 8.0
_FRAMES = "10"
_LISTED = re.compile(r"^ ([VA])[A-Z.]{5} ([A-Za-z0-9_-]+) .*?(?:\(codec (\w+)\))?$", re.MULTILINE)
_LEVEL = re.compile(r"\[(?:error|fatal|panic)\] *")
_FOR_AUTO = {"auto": (True, False), "hardware": (True,), "software": (False,)}


@dataclass(frozen=True, slots=True)
class Listed:
    """An encoder that an ffmpeg was built with."""

    name: str
    codec: str
    video: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """Whether an encoder works, and if not, why."""

    ok: bool
    cause: str = ""


class Trials:
    """What was tried already. Whoever asks while a trial goes on waits for the same one."""

    def __init__(self) -> None:
        self._listed: dict[Ffmpeg, dict[str, Listed]] = {}
        self._done: dict[tuple[Ffmpeg, str], Trial] = {}
        self._going: dict[tuple[Ffmpeg, str], asyncio.Task[Trial]] = {}

    async def available(self, ffmpeg: Ffmpeg) -> dict[str, Listed]:
        """What `ffmpeg -encoders` lists, by name."""
        if ffmpeg not in self._listed:
            self._listed[ffmpeg] = {one.name: one for one in parse_encoders(await _list(ffmpeg))}
        return self._listed[ffmpeg]

    async def attempt(self, ffmpeg: Ffmpeg, encoder: VideoEncoder | AudioEncoder) -> Trial:
        """Try an encoder, unless that has been done."""
        key = ffmpeg, encoder.name
        if key in self._done:
            return self._done[key]
        task = self._going.get(key)
        if task is None:
            task = self._going[key] = asyncio.create_task(self._try(key, encoder))
        # One asker that gives up does not end it for the others.
        return await asyncio.shield(task)

    async def _try(self, key: tuple[Ffmpeg, str], encoder: VideoEncoder | AudioEncoder) -> Trial:
        try:
            self._done[key] = await try_encoder(key[0], encoder)
        except SpiritError as error:
            self._done[key] = Trial(False, error.message)
        finally:
            del self._going[key]
        return self._done[key]


_TRIALS = Trials()


async def available(ffmpeg: Ffmpeg) -> dict[str, Listed]:
    """The encoders that `ffmpeg` was built with, by name."""
    return await _TRIALS.available(ffmpeg)


@dataclass(frozen=True, slots=True)
class Found:
    """An encoder that profiles can name, and what came of trying it here."""

    encoder: VideoEncoder | AudioEncoder
    trial: Trial


async def survey(ffmpeg: Ffmpeg, codec: str | None = None) -> list[Found]:
    """Every encoder we know, or those for `codec`, each tried where this ffmpeg has it."""
    listed = await _TRIALS.available(ffmpeg)
    known: list[VideoEncoder | AudioEncoder] = [*ENCODERS, *AUDIO_ENCODERS]
    wanted = [one for one in known if codec in (None, one.codec)]
    return list(await asyncio.gather(*(_found(ffmpeg, one, listed) for one in wanted)))


async def _found(ffmpeg: Ffmpeg, encoder: VideoEncoder | AudioEncoder, listed: dict[str, Listed]) -> Found:
    if encoder.name not in listed:
        return Found(encoder, Trial(False, "this ffmpeg was built without it"))
    trial = await _TRIALS.attempt(ffmpeg, encoder)
    refusal = flv_refusal(encoder.codec, ffmpeg.version) if trial.ok else None
    return Found(encoder, Trial(False, f"{refusal[0]}: {refusal[1]}") if refusal else trial)


async def choose_encoder(
    ffmpeg: Ffmpeg, codec: str, wanted: str, trials: Trials | None = None
) -> VideoEncoder:
    """The encoder to use for `codec`: the best that works, or the one that is named.

    Args:
        ffmpeg: the ffmpeg that is to encode.
        codec: h264, hevc or av1.
        wanted: auto, hardware, software, or the name of one of ffmpeg's encoders.
        trials: what was tried already; this process's own memory if left out.

    Raises:
        SpiritError: none works; it says what was tried and why each failed.
    """
    trials = trials or _TRIALS
    listed = await trials.available(ffmpeg)
    candidates = _candidates(codec, wanted, listed)
    # All at once: a show waits for this, and most machines lack most hardware.
    attempts = [(one, asyncio.ensure_future(trials.attempt(ffmpeg, one))) for one in candidates]
    failed: dict[str, str] = {}
    try:
        for encoder, attempt in attempts:
            trial = await attempt
            if trial.ok:
                return encoder
            failed[encoder.name] = trial.cause
    finally:
        for _, attempt in attempts:
            attempt.cancel()
    raise _nothing_works(codec, wanted, failed)


def _candidates(codec: str, wanted: str, listed: dict[str, Listed]) -> Iterable[VideoEncoder]:
    if wanted in _FOR_AUTO:
        kinds = _FOR_AUTO[wanted]
        return [e for e in ENCODERS if e.codec == codec and e.name in listed and e.family.hardware in kinds]
    one = listed.get(wanted)
    if one is None:
        raise SpiritError(f"this ffmpeg has no encoder named {wanted}", "see: spiritstream encoders")
    if one.codec != codec:
        raise SpiritError(
            f"{wanted} encodes {one.codec}, not {codec}", "change 'codec' or 'encoder' so that they agree"
        )
    return [known_encoder(wanted, codec)]


def _nothing_works(codec: str, wanted: str, failed: dict[str, str]) -> SpiritError:
    tried = "".join(f"\n  {name}: {cause}" for name, cause in failed.items())
    lead = f"no {codec} encoder works here" if wanted in _FOR_AUTO else f"{wanted} does not work here"
    if not failed:
        kind = f"{wanted} " if wanted != "auto" else ""
        lead, tried = f"this ffmpeg has no {kind}encoder for {codec}", ""
    other = (
        "use another ffmpeg, or 'codec: h264'" if wanted in ("auto", "software") else "use 'encoder: auto'"
    )
    return SpiritError(lead + (f"; tried:{tried}" if tried else ""), f"{other}; see: spiritstream encoders")


async def try_encoder(ffmpeg: Ffmpeg, encoder: VideoEncoder | AudioEncoder) -> Trial:
    """Really encode a little, within `TRIAL_S`."""
    child = spawn(lambda fd: trial_argv(ffmpeg, encoder, fd))
    try:
        async with asyncio.timeout(TRIAL_S):
            status = await child.wait()
    except TimeoutError:
        return Trial(False, f"gave nothing within {TRIAL_S:g} s")
    finally:
        await child.stop()
    return Trial(True) if status == 0 else Trial(False, _cause(child, status))


def trial_argv(ffmpeg: Ffmpeg, encoder: VideoEncoder | AudioEncoder, progress_fd: int) -> Argv:
    """The options of a real encoding, of a picture or tone made here, to nowhere."""
    start = (*common_argv(ffmpeg, progress_fd), *_device(encoder), "-f", "lavfi", "-i")
    if isinstance(encoder, AudioEncoder):
        encoding: Argv = ("sine=sample_rate=48000:duration=0.2", *audio_options(Audio(encoder.codec)))
    else:
        filters = ("-vf", ",".join(encoder.family.filters)) if encoder.family.filters else ()
        options = video_options(encoder, Video(encoder.codec, 1_000_000), ffmpeg.version)
        encoding = ("testsrc2=size=640x360:rate=30", "-frames:v", _FRAMES, *filters, *options)
    return (*start, *encoding, "-f", "null", "-")


def _device(encoder: VideoEncoder | AudioEncoder) -> Argv:
    return encoder.family.device if isinstance(encoder, VideoEncoder) else ()


def _cause(child: Child, status: int) -> str:
    """The first error is the cause; what follows are its consequences."""
    errors = [line for line in child.lines if _LEVEL.search(line)]
    if not errors:
        return f"ended with status {status}"
    return _LEVEL.split(errors[0], maxsplit=1)[-1].strip(" :")


async def _list(ffmpeg: Ffmpeg) -> str:
    said: list[bytes] = []
    # A child like the others: it dies with us, and whoever gives up waiting leaves none.
    child = spawn(lambda fd: (str(ffmpeg.path), "-hide_banner", "-encoders"), stdout=True)
    assert child.stdout_fd is not None
    reader = PipeReader(child.stdout_fd, said.append, lambda: None)
    try:
        async with asyncio.timeout(TRIAL_S):
            await child.wait()
    except TimeoutError:
        raise SpiritError(f"{ffmpeg.path} did not list its encoders", "run: spiritstream doctor") from None
    finally:
        await child.stop()
        reader.drain()
    return b"".join(said).decode(errors="replace")


def parse_encoders(text: str) -> list[Listed]:
    """The encoders in what `ffmpeg -encoders` prints."""
    found = (match.groups() for match in _LISTED.finditer(text))
    return [Listed(name, codec or name, kind == "V") for kind, name, codec in found]
