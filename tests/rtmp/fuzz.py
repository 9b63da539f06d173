"""Fuzzes the protocol core: mutates the corpus and the table of cases, and looks for surprises.

    python -m tests.rtmp.fuzz --seconds 30 [--seed N] [--keep]

A finding is anything but `RtmpError`, more memory held than allowed, a difference between two ways to cut
the same bytes, or values that change when they are written and read again. Findings are saved in the
corpus (tests/vectors/rtmp/TARGET/), which the tests replay; with `--keep`, so is an input that ends like
none before it.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from spiritstream.rtmp import amf
from spiritstream.rtmp.chunks import ChunkReader, ChunkWriter, Message
from spiritstream.rtmp.faults import RtmpError
from spiritstream.rtmp.handshake import PACKET_BYTES, ClientHandshake, ServerHandshake
from spiritstream.rtmp.messages import split_aggregate, unpack_control
from tests.rtmp.amf_cases import AMF_BAD, AMF_CASES
from tests.rtmp.cases import BAD, CASES

CORPUS = Path(__file__).parent.parent / "vectors" / "rtmp"
MAX_SEED_BYTES = 8192
_SLOW_S = 2.0
_KEPT_BYTES = 1024
_HELD_BYTES = 16 * 1024
_EDGES = (0, 1, 2, 3, 9, 63, 64, 127, 128, 129, 254, 255)

Check = Callable[[bytes, Random], str]


class FoundError(AssertionError):
    """Something that must never be."""


def _must(condition: bool, what: str) -> None:
    if not condition:
        raise FoundError(what)


def _cut(data: bytes, random: Random) -> list[bytes]:
    """The data in pieces: single bytes at first, larger ones later on."""
    if random.random() < 0.3:
        return [data[i : i + 1] for i in range(len(data))]
    pieces = []
    while data:
        size = random.choice((1, 2, 5, 20, 130, 1000))
        pieces.append(data[:size])
        data = data[size:]
    return pieces


def _read(pieces: list[bytes]) -> tuple[list[Message], str, int]:
    """The messages, the error's text, and in which piece it was."""
    reader = ChunkReader(max_message_bytes=12_000, max_streams=8, max_held_bytes=_HELD_BYTES)
    messages: list[Message] = []
    fed = 0
    for number, piece in enumerate(pieces):
        fed += len(piece)
        try:
            messages += reader.feed(piece)
        except RtmpError as error:
            return messages, str(error), number
        _must(reader.held_bytes <= min(fed, _HELD_BYTES + 32), "more is held than allowed")
    return messages, "", len(pieces)


def check_chunks(data: bytes, random: Random) -> str:
    """Chunks: any cut gives the same, and what was read is written and read again."""
    pieces = _cut(data, random)
    messages, error, number = _read(pieces)
    whole, whole_error, _ = _read([data])
    _must(error == whole_error, "a cut changes the error")
    before = b"".join(pieces[:number])
    _must(error != "" or messages == whole, "a cut changes the messages")
    _must(_read([before])[0] == messages, "a cut changes the messages before an error")
    writer = ChunkWriter()
    writer.chunk_bytes = 128
    raw = b"".join(
        b"".join(writer.write(m.kind, m.body, time_ms=m.time_ms, stream_id=m.stream_id)) for m in messages
    )
    _must(_read([raw])[0] == messages, "written messages are read differently")
    return f"{error} {min(len(messages), 4)} {min(len({m.kind for m in messages}), 3)}"


def check_amf(data: bytes, _random: Random) -> str:
    """AMF: what was read is written, and then stays the same for ever."""
    try:
        values = amf.decode(data)
    except RtmpError as error:
        return str(error)
    written = amf.encode(*values)
    _must(len(written) <= len(data), "what was read is written longer")
    _must(written == amf.encode(*amf.decode(written)), "what was written is read differently")
    return f"{len({type(value) for value in values})} kinds"


def _shake(hand: ServerHandshake | ClientHandshake, pieces: list[bytes]) -> tuple[bytes, bytes, bool, str]:
    sent = b""
    try:
        for piece in pieces:
            sent += hand.feed(piece)
    except RtmpError as error:
        return sent, hand.rest, hand.done, str(error)
    return sent, hand.rest, hand.done, ""


def check_handshake(data: bytes, random: Random) -> str:
    """Handshake, both ends: any cut gives the same answers."""
    noise, pieces = bytes(PACKET_BYTES), _cut(data, random)
    ends: tuple[Callable[[bytes], ServerHandshake | ClientHandshake], ...] = ServerHandshake, ClientHandshake
    for end in ends:
        sent, rest, done, error = _shake(end(noise), pieces)
        _must((sent, rest, done, error) == _shake(end(noise), [data]), "a cut changes the handshake")
        _must(not done or rest == data[2 * PACKET_BYTES + 1 :], "bytes are lost after the handshake")
    return f"{error} {len(sent)} {done}"


def check_aggregate(data: bytes, _random: Random) -> str:
    """Bodies of aggregate messages, and of user control messages while we are here."""
    try:
        parts = split_aggregate(Message(22, 1000, 1, data))
        _must(sum(len(part.body) + 11 for part in parts) <= len(data), "parts are larger than the whole")
        unpack_control(data)
    except RtmpError as error:
        return str(error)
    return str(min(len(parts), 5))


TARGETS: dict[str, Check] = {
    "chunks": check_chunks,
    "amf": check_amf,
    "handshake": check_handshake,
    "aggregate": check_aggregate,
}


def saved() -> list[tuple[str, Path]]:
    """The corpus: each file with its target."""
    return [(target, path) for target in TARGETS for path in sorted((CORPUS / target).glob("*.bin"))]


def seeds() -> list[tuple[str, bytes]]:
    """What mutation begins with: the corpus and the tables."""
    tables = [("chunks", case.data) for case in CASES] + [("chunks", bad.data) for bad in BAD]
    tables += [("amf", case.data) for case in AMF_CASES] + [("amf", bad.data) for bad in AMF_BAD]
    files = [(target, path.read_bytes()) for target, path in saved()]
    return [(target, data) for target, data in tables + files if len(data) <= MAX_SEED_BYTES]


def mutate(data: bytes, other: bytes, random: Random) -> bytes:
    """A few changes of the kinds that parsers stumble over."""
    out = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 4, 8))):
        # Headers stand at the start: half of the changes are made there.
        at = random.randrange(min(len(out), random.choice((40, MAX_SEED_BYTES))) + 1)
        match random.randrange(6):
            case 0:
                out[at : at + 1] = bytes((random.choice(_EDGES),))
            case 1:
                out[at : at + 1] = bytes((random.randrange(256),))
            case 2:
                out[at:at] = random.randbytes(random.choice((1, 2, 3, 4, 11)))
            case 3:
                del out[at : at + random.choice((1, 2, 4, 11, 128))]
            case 4:
                start = random.randrange(len(other) + 1)
                out[at:at] = other[start : start + random.choice((8, 140, 2000))]
            case _:
                out[at:at] = out[at : at + random.choice((1, 12, 140))]
    return bytes(out[: 2 * MAX_SEED_BYTES])


def save(target: str, data: bytes, why: str) -> Path:
    """Puts an input into the corpus."""
    path = CORPUS / target / f"{why}-{hashlib.sha256(data).hexdigest()[:12]}.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _try(target: str, data: bytes, random: Random) -> tuple[str, str]:
    """How an input ended, and the finding, if it is one."""
    began = time.perf_counter()
    try:
        end = TARGETS[target](data, random)
    except Exception as error:
        return "", f"{type(error).__name__}: {error}"
    took_s = time.perf_counter() - began
    return end, f"took {took_s:.1f} s" if took_s > _SLOW_S else ""


def fuzz(seconds: float, seed: int, keep: bool) -> int:
    """Runs for so long. The number of findings."""
    random, pool = Random(seed), seeds()
    ends = {(target, _try(target, data, random)[0]) for target, data in pool}
    until, rounds, findings = time.monotonic() + seconds, 0, 0
    while time.monotonic() < until:
        target, data = random.choice(pool)
        mutant = mutate(data, random.choice([d for t, d in pool if t == target]), random)
        end, finding = _try(target, mutant, random)
        rounds += 1
        if finding:
            findings += 1
            print(f"{target}: {finding}: {save(target, mutant, 'finding')}")
        elif (target, end) not in ends:
            ends.add((target, end))
            pool.append((target, mutant))
            if keep and len(mutant) <= _KEPT_BYTES:
                save(target, mutant, "kept")
    print(f"{rounds} inputs, {len(ends)} ways to end, {findings} findings, seed {seed}")
    return findings


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Fuzz the RTMP core.")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", action="store_true", help="save inputs that end like none before")
    given = parser.parse_args()
    return 1 if fuzz(given.seconds, given.seed, given.keep) else 0


if __name__ == "__main__":
    sys.exit(main())
