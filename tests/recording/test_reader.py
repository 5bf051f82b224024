"""The decoder: any pieces, any damage."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.probe.frames import ENTER, EVENTS, HEADER, MARK, column, fact, frame, word
from tracer.recording.reader import Frame, Reader

FRAMES = [
    fact(0, type="header", version=1),
    frame(EVENTS, 7, column([0, word(1, ENTER), 5])),
    fact(7, type="source", file="x.py", text="é\ud800" * 40),
    frame(EVENTS, 8, column([0, word(1, ENTER), 5, word(1, ENTER), 6])),
    frame(EVENTS, 7, column([1, word(2, ENTER), 9])),
    frame(99, 7, b"a kind that only newer readers know"),
    fact(0, type="end", t=1),
]
DATA = b"".join(FRAMES)
KNOWN = len(FRAMES) - 1  # frames of an unknown kind are passed over

bounded = settings(max_examples=200, deadline=None)


def decode(data: bytes) -> tuple[list[Frame], Reader]:
    reader = Reader()
    frames = reader.feed(data)
    reader.finish()
    return frames, reader


WHOLE = decode(DATA)[0]


def test_all_frames_come_out() -> None:
    frames, reader = decode(DATA)
    assert len(frames) == KNOWN
    assert frames[0] == (0, {"type": "header", "version": 1})
    assert frames[1] == (7, column([0, word(1, ENTER), 5]))
    assert (reader.damaged, reader.damaged_bytes) == (0, 0)


@bounded
@given(st.lists(st.integers(0, len(DATA)), max_size=12))
def test_pieces_of_any_size_give_the_same_frames(cuts: list[int]) -> None:
    reader = Reader()
    frames: list[Frame] = []
    places = [0, *sorted(cuts), len(DATA)]
    for start, end in pairwise(places):
        frames += reader.feed(DATA[start:end])
    assert frames == WHOLE
    assert reader.damaged == 0


def test_every_prefix_is_read_without_damage_as_long_as_it_may_grow() -> None:
    for size in range(len(DATA) + 1):
        reader = Reader()
        frames = reader.feed(DATA[:size])
        assert frames == WHOLE[: len(frames)]
        assert reader.damaged == 0
        assert frames + reader.feed(DATA[size:]) == WHOLE


def test_an_incomplete_end_is_damage_once_nothing_more_comes() -> None:
    for size in range(len(DATA)):
        frames, reader = decode(DATA[:size])
        read = sum(len(one) for one in FRAMES[: _complete(size)])
        assert reader.damaged_bytes == size - read
        assert reader.damaged == (1 if size > read else 0)
        assert frames == WHOLE[: len(frames)]


def _complete(size: int) -> int:
    """How many of FRAMES lie within the first `size` bytes."""
    count = 0
    while count < len(FRAMES) and sum(map(len, FRAMES[: count + 1])) <= size:
        count += 1
    return count


def test_a_torn_frame_in_the_middle_costs_only_itself() -> None:
    torn = FRAMES[2]
    for size in range(1, len(torn)):
        data = FRAMES[0] + FRAMES[1] + torn[:size] + FRAMES[3] + FRAMES[4]
        frames, reader = decode(data)
        assert frames == [WHOLE[0], WHOLE[1], WHOLE[3], WHOLE[4]], size
        assert (reader.damaged, reader.damaged_bytes) == (1, size)


def test_a_torn_frame_does_not_hold_up_a_file_that_grows() -> None:
    reader = Reader()
    assert len(reader.feed(FRAMES[0] + FRAMES[2][:100])) == 1
    assert len(reader.feed(FRAMES[3])) == 1
    assert (reader.damaged, reader.damaged_bytes) == (1, 100)


@bounded
@given(st.binary(max_size=80))
def test_bytes_of_any_kind_between_frames(noise: bytes) -> None:
    frames, reader = decode(FRAMES[0] + noise + FRAMES[1] + FRAMES[3] + FRAMES[4])
    assert frames[0] == WHOLE[0]
    assert frames[-3:] == [WHOLE[1], WHOLE[3], WHOLE[4]]
    assert reader.damaged_bytes <= len(noise)


@bounded
@given(st.lists(st.tuples(st.integers(0, len(DATA) - 1), st.integers(1, 255)), min_size=1, max_size=5))
def test_flipped_bytes_cost_only_the_frames_they_are_in(flips: list[tuple[int, int]]) -> None:
    damaged = bytearray(DATA)
    for place, bits in flips:
        damaged[place] ^= bits
    frames, reader = decode(bytes(damaged))
    expected, place = [], 0
    rest = iter(WHOLE)
    for number, one in enumerate(FRAMES):
        known = None if number == 5 else next(rest)
        if known is not None and damaged[place : place + len(one)] == one:
            expected.append(known)
        place += len(one)
    assert frames == expected
    assert reader.damaged_bytes <= len(DATA)


@bounded
@given(st.lists(st.sampled_from([MARK, MARK[:2], bytes(8), HEADER.pack(MARK, 1, 40, 1, 1), b"\xff" * 5, *FRAMES[:2]]), max_size=30))
def test_no_bytes_make_it_raise(pieces: list[bytes]) -> None:
    reader = Reader()
    for piece in pieces:
        reader.feed(piece)
    reader.finish()
    assert reader.pending == b""


def test_a_fact_that_is_no_object_is_damage() -> None:
    for content in (b"[]", b"{", b"\xff", b"[" * 100_000, b"1" * 5000):
        frames, reader = decode(frame(2, 1, content) + FRAMES[0])
        assert frames == [WHOLE[0]]
        assert reader.damaged == 1
