"""A short try of one target: would it be taken, how fast, and if not, why?"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from spiritstream.errors import SpiritError
from spiritstream.ffmpeg.argv import sender_argv
from spiritstream.ffmpeg.child import spawn
from spiritstream.ffmpeg.clip import black_and_silence
from spiritstream.ffmpeg.diagnose import diagnose
from spiritstream.ffmpeg.find import Ffmpeg
from spiritstream.media.feed import Feed
from spiritstream.media.flv import FlvReader, Role, Tag, file_header
from spiritstream.media.queue import MediaQueue
from spiritstream.model.profile import Group, Size, Target
from spiritstream.model.status import Cause
from spiritstream.run.native.opening import PublishError, open_publish
from spiritstream.run.native.publication import Publication, Timings
from spiritstream.run.places import cache_folder
from spiritstream.run.recording import open_record
from spiritstream.run.servers import NEEDS_KEY, Servers, Settled

CLIP_S = 3.0
_SIZE, _FPS = Size(1280, 720), Fraction(30)
# ffmpeg opens its connection, and is told to end, within so much more than the clip's length.
_CHILD_S = 25.0
_TAG_HEADER_BYTES, _TAG_TRAILER_BYTES = 11, 4


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of one target. `text` is one line for a person; no secret in it."""

    path: str
    destination: str
    ok: bool
    text: str
    cause: Cause | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)


async def rehearse(
    wanted: Sequence[tuple[Group, Target]],
    ffmpeg: Ffmpeg,
    *,
    connect_only: bool = False,
    servers: Servers | None = None,
) -> list[Rehearsal]:
    """Try targets, all at once: each gets `CLIP_S` seconds of black and silence, at its own pace.

    With `connect_only` nothing is published, and no key is shown to anybody. `servers` settles addresses.

    Raises:
        SpiritError: the black picture could not be made.
    """
    clips: dict[tuple[Size, Fraction], list[Tag]] = {}
    if not connect_only:
        for shape in {_shape(group) for group, _ in wanted}:
            clips[shape] = FlvReader().feed(await black_and_silence(ffmpeg, CLIP_S, *shape))
    servers = servers or Servers(cache_folder())
    return list(
        await asyncio.gather(
            *(_one(group, target, ffmpeg, clips.get(_shape(group)), servers) for group, target in wanted)
        )
    )


def _shape(group: Group) -> tuple[Size, Fraction]:
    """The size and frame rate that the target would get: the group's, where it says so."""
    video = group.video
    return (video and video.size) or _SIZE, (video and video.fps) or _FPS


async def _one(
    group: Group, target: Target, ffmpeg: Ffmpeg, clip: Sequence[Tag] | None, servers: Servers
) -> Rehearsal:
    path = f"{group.name}/{target.name}"
    try:
        if target.record is not None:
            return await _folder(path, target)
        settled = await servers.settle(target, with_key=clip is not None)
        if isinstance(settled, Cause):
            return _unsettled(path, settled)
        found = await _sent(path, target, settled, ffmpeg, clip)
        return replace(found, text=f"{found.text}; server: {settled.said}") if settled.said else found
    except SpiritError as error:
        cause = Cause("refused", error.message, error.hint, person=True)
        return _failed(path, target.address.redacted() if target.address else "", cause)


def _unsettled(path: str, cause: Cause) -> Rehearsal:
    """There is no address: because no key was to be shown, or none was given for it."""
    if cause.code == NEEDS_KEY:
        return Rehearsal(path, "", True, f"not looked at: {cause.message}")
    return _failed(path, "", cause)


async def _sent(
    path: str, target: Target, settled: Settled, ffmpeg: Ffmpeg, clip: Sequence[Tag] | None
) -> Rehearsal:
    address = settled.address
    if address.scheme in ("rtmp", "rtmps") and address.username is None:
        return await _native(path, settled, clip)
    return await _child(path, replace(target, address=address), settled, ffmpeg, clip)


async def _native(path: str, settled: Settled, clip: Sequence[Tag] | None) -> Rehearsal:
    destination = settled.destination
    try:
        publication = await open_publish(settled.address, publish=clip is not None, hidden=settled.hidden)
    except PublishError as error:
        return _failed(path, destination, error.cause, error.timings)
    try:
        if clip is not None:
            await _send(publication, clip)
        if publication.cause is not None:
            return _failed(path, destination, publication.cause, publication.timings)
        text = _took(publication, published=clip is not None)
        return Rehearsal(path, destination, True, text, timings_ms=_laps(publication.timings))
    finally:
        await publication.leave()


async def _send(publication: Publication, clip: Sequence[Tag]) -> None:
    async for tag in _paced(clip):
        if publication.over.is_set():
            return
        body = memoryview(tag.raw)[_TAG_HEADER_BYTES:-_TAG_TRAILER_BYTES]
        publication.send(publication.media(tag.kind, tag.time_ms, body))
    # A platform that minds says so with the last of it, not long after.
    with contextlib.suppress(TimeoutError):
        await publication.reach(lambda: False, 0.5)


async def _paced(clip: Sequence[Tag]) -> AsyncIterator[Tag]:
    """Each tag at its time."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for tag in clip:
        if tag.role is Role.END:
            continue
        wait_s = begun + tag.time_ms / 1000 - loop.time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        yield tag


async def _child(
    path: str, target: Target, settled: Settled, ffmpeg: Ffmpeg, clip: Sequence[Tag] | None
) -> Rehearsal:
    """SRT, and RTMP with a login: what the native sender does not speak, ffmpeg does."""
    assert target.address is not None
    destination = settled.destination
    if clip is None:
        what = "SRT" if target.address.scheme == "srt" else "a login"
        return Rehearsal(
            path, destination, True, f"not looked at: with {what} nothing can be learned without publishing"
        )
    child = spawn(
        lambda fd: sender_argv(target, ffmpeg=ffmpeg, progress_fd=fd, generate_pts=True, video_codec="h264"),
        stdin=True,
        secrets=(*target.secrets(), *settled.hidden),
        mask_on="Output #0",
    )
    assert child.stdin_fd is not None
    feed = Feed(child.stdin_fd, MediaQueue(has_video=True), file_header(audio=True, video=True))
    try:
        async with asyncio.timeout(_CHILD_S):
            async for tag in _paced(clip):
                feed.push([tag])
                if child.returncode is not None:
                    break
            await feed.drain(_CHILD_S)
            status = await child.wait()
    except TimeoutError:
        status = None
    finally:
        feed.close()
        await child.stop()
    if status == 0 and (child.progress.time_s or 0.0) > CLIP_S / 2:
        return Rehearsal(path, destination, True, f"took {CLIP_S:.0f} seconds of black and silence")
    return _failed(path, destination, diagnose(list(child.lines), kind="sender", returncode=status))


async def _folder(path: str, target: Target) -> Rehearsal:
    """A recording needs no platform: only a folder that can be written to."""
    opened = await asyncio.to_thread(open_record, target)
    assert opened.record is not None
    folder = Path(opened.record.path).parent
    if problem := await asyncio.to_thread(_unwritable, folder):
        cause = Cause(
            "not-writable",
            f"nothing can be written in {folder}: {problem}",
            "give this user the right to write there, or choose another folder",
            person=True,
        )
        return _failed(path, opened.record.path, cause)
    return Rehearsal(path, opened.record.path, True, f"a file: {folder} can be written to")


def _unwritable(folder: Path) -> str:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return error.strerror or "unknown"


def _failed(path: str, destination: str, cause: Cause, timings: Timings | None = None) -> Rehearsal:
    advice = f" ({cause.advice.rstrip('.')})" if cause.advice else ""
    text = f"{cause.message.rstrip('.')}{advice}"
    return Rehearsal(path, destination, False, text, cause, _laps(timings or Timings()))


def _took(publication: Publication, *, published: bool) -> str:
    laps = _laps(publication.timings)
    reached = sum(laps.get(name, 0.0) for name in ("resolve", "connect", "tls"))
    words = [f"connected in {reached:.0f} ms", f"answered after {laps.get('rtmp', 0.0):.0f} ms"]
    if published:
        words.append(f"took the stream after {laps.get('publish', 0.0):.0f} ms")
    round_trip = publication.figures().rtt_ms
    if round_trip is not None:
        words.append(f"round trip {round_trip:.0f} ms")
    lead = "took 3 seconds of black and silence" if published else "is there; nothing was published"
    return f"{lead}: {', '.join(words)}"


def _laps(timings: Timings) -> dict[str, float]:
    return {name.removesuffix("_ms"): lap for name, lap in asdict(timings).items() if lap is not None}
