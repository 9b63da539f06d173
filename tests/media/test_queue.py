"""A consumer's queue is bounded, and loses whole groups of pictures only."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spiritstream.media.flv import Role, Tag
from spiritstream.media.queue import MediaQueue
from tests.media.tags import frame, group, headers, key, sound, video_header


def drain(queue: MediaQueue) -> list[Tag]:
    """Everything that is queued, in order."""
    return [queue.pop() for _ in range(len(queue))]


def test_what_fits_comes_out_as_it_went_in() -> None:
    """Order, bytes and seconds are kept."""
    queue, tags = MediaQueue(), [*headers(), *group(0), *group(160)]
    queue.push(tags)
    assert (sum(len(t.raw) for t in tags), 0.28) == (queue.bytes, queue.seconds)
    assert tags == drain(queue)
    assert (0, 0.0) == (queue.bytes, queue.seconds)


def test_on_overflow_the_oldest_groups_go_and_the_rest_begins_at_a_keyframe() -> None:
    """More seconds than allowed: whole groups are dropped from the old end until half is free."""
    queue = MediaQueue(max_s=1.0)
    queue.push([tag for n in range(8) for tag in group(n * 160)])
    rest = drain(queue)
    assert Role.KEY == rest[0].role
    assert rest[-1].time_ms == 8 * 160 - 40
    assert (5, 1) == (queue.dropped_gops, queue.overflows)


def test_codec_headers_survive_the_groups_they_came_with() -> None:
    """A consumer that was skipped over a change of codec headers gets the newest before it goes on."""
    queue = MediaQueue(max_s=1.0)
    queue.push([*headers(), *[tag for n in range(8) for tag in group(n * 160)]])
    assert [Role.META, Role.HEADER, Role.HEADER, Role.KEY] == [tag.role for tag in drain(queue)[:4]]


def test_a_group_larger_than_the_queue_is_skipped_to_the_next_keyframe() -> None:
    """Nothing of it is kept, and the consumer goes on at the next keyframe, with its headers."""
    queue = MediaQueue(max_bytes=1000)
    queue.push([key(0), *[frame(n) for n in range(1, 60)]])
    assert (0, 1) == (len(queue), queue.dropped_gops)
    queue.push([frame(60), video_header(), frame(61), sound(61)])
    assert 0 == len(queue)
    queue.push([key(80), frame(81)])
    assert [(Role.HEADER, 80), (Role.KEY, 80), (Role.FRAME, 81)] == [
        (t.role, t.time_ms) for t in drain(queue)
    ]


def test_without_a_picture_every_frame_of_sound_is_a_start() -> None:
    """An audio show drops single frames of sound, not everything."""
    queue = MediaQueue(has_video=False, max_s=1.0)
    queue.push([sound(n * 20) for n in range(60)])
    assert 0.4 < queue.seconds <= 0.5


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 400), st.booleans()), max_size=200))
def test_the_bounds_hold_and_every_gap_ends_at_a_keyframe(steps: list[tuple[bool, int, bool]]) -> None:
    """Whatever comes and however slowly it is taken, the queue stays inside its bounds, and after each
    loss the consumer's next picture is a keyframe.
    """
    queue, time_ms = MediaQueue(max_bytes=4000, max_s=2.0), 0
    sent: list[Tag] = []
    got: list[Tag] = []
    for is_key, size, taken in steps:
        time_ms += 40
        tag = key(time_ms, size) if is_key or not sent else frame(time_ms, size)
        sent.append(tag)
        queue.push([tag])
        assert queue.bytes <= 4000 and queue.seconds <= 2.0
        if taken and len(queue):
            got.append(queue.pop())
    got += drain(queue)
    places = [sent.index(tag) for tag in got]
    assert sorted(places) == places
    for before, after in zip([-1, *places], places, strict=False):
        assert after == before + 1 or sent[after].role is Role.KEY
