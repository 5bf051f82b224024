"""What the program wrote, as it stood at any time."""

from __future__ import annotations

from typing import Any

import pytest

from tracer.timeline import Timeline
from tracer.timeline.outputs import Outputs


def told(*pieces: tuple[object, object]) -> Outputs:
    outputs = Outputs()
    for t, text in pieces:
        outputs.feed({"type": "output", "t": t, "text": text})
    return outputs


def test_any_time_is_a_query() -> None:
    outputs = told((10, "one "), (20, "two "), (20, "three "), (30, "four"))
    written = {t: "".join(outputs.texts[: outputs.before(t)]) for t in (9, 10, 19, 20, 29, 30, 99)}
    assert written == {
        9: "", 10: "one ", 19: "one ", 20: "one two three ", 29: "one two three ", 30: "one two three four", 99: "one two three four",
    }  # fmt: skip


def test_file_order_holds_where_times_do_not() -> None:
    outputs = told((20, "one"), (10, "two"), (30, "three"))
    assert outputs.texts == ["one", "two", "three"]
    assert [outputs.before(t) for t in (10, 19, 20, 30)] == [0, 0, 2, 3]


def test_what_is_written_twice_counts_once() -> None:
    pieces = ((10, "a"), (20, "b"), (20, "c"), (30, "a"))
    assert told(*pieces, *pieces).texts == told(*(piece for piece in pieces for _ in (1, 2))).texts == ["a", "b", "c", "a"]


@pytest.mark.parametrize("t", [None, "10", 1.5, -1, 1 << 70, (1 << 63) - 1, [10]])
def test_a_piece_without_a_time_says_nothing(t: object) -> None:
    assert told((t, "text")).texts == []


@pytest.mark.parametrize("text", [None, 7, "", ["text"], {}])
def test_a_piece_without_text_says_nothing(text: object) -> None:
    assert told((10, text)).texts == []


def test_a_recording_that_holds_some(new: Any, tools: Any) -> None:
    recording = new()
    recording.process(100)
    recording.fact(0, type="output", t=recording.tick(), text="é\x1b[31m\r\n")
    timeline: Timeline = recording.timeline
    assert timeline.outputs.texts == ["é\x1b[31m\r\n"]
    assert timeline.newest == recording.now
    assert timeline.outputs.before(recording.now - 1) == 0


def test_the_newest_are_kept_and_places_stay() -> None:
    outputs = Outputs(kept=80)
    for number in range(20):
        outputs.feed({"type": "output", "t": number, "text": f"{number:010}"})
    assert (outputs.first, outputs.forgotten, len(outputs.texts)) == (12, 120, 8)
    assert [outputs.before(t) for t in (11, 12, 19)] == [12, 13, 20]
    assert list(outputs.between(13, 15)) == [f"{13:010}", f"{14:010}"]
    assert list(outputs.between(0, 13)) == [f"{12:010}"], "what is gone is left out"
    outputs.feed({"type": "output", "t": 19, "text": f"{19:010}"})
    assert outputs.before(99) == 20, "told twice"


def test_more_than_a_recording_takes(new: Any) -> None:
    """It is told when it begins, and at the end how much it was."""
    recording = new()
    recording.fact(0, type="output_limit", t=recording.tick(), kept=250_000, dropped=0)
    began = recording.now
    assert recording.timeline.outputs.unwritten == (began, 250_000, 0)
    recording.fact(0, type="output_limit", t=recording.tick(), kept=250_000, dropped=77)
    assert recording.timeline.outputs.unwritten == (began, 250_000, 77)
