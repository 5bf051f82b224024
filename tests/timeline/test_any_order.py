"""Whatever happens to a file on its way: the order of its frames, where it is cut, what is written twice or lost."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.timeline import Timeline
from tracer.timeline.at import at
from tracer.timeline.calls import rows
from tracer.timeline.stats import stats

SCENARIOS = ("visited", "strayed", "synchronous", "threaded", "forked", "killed", "executed", "held")
bounded = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def times(recording: Any) -> list[int]:
    return list(range(recording.timeline.start, recording.now + 2000, max(1000, (recording.now - recording.timeline.start) // 7)))


def interleave(frames: list[tuple[int, bytes]], draw: Any) -> list[bytes]:
    """The frames in another order that keeps each context's."""
    queues: dict[int, list[bytes]] = {}
    for context, one in frames:
        queues.setdefault(context, []).append(one)
    order: list[bytes] = []
    while queues:
        context = draw(st.sampled_from(sorted(queues)))
        order.append(queues[context].pop(0))
        if not queues[context]:
            del queues[context]
    return order


@pytest.mark.parametrize("name", SCENARIOS)
def test_any_interleaving_gives_the_same_picture(name: str, scenarios: Any, tools: Any) -> None:
    recording = scenarios[name]()
    when = times(recording)
    expected = tools.picture(recording.timeline, when)

    @bounded
    @given(st.data())
    def check(data: st.DataObject) -> None:
        order = interleave(recording.frames, data.draw)
        assert tools.picture(tools.load(b"".join(order)), when) == expected

    check()


@pytest.mark.parametrize("name", SCENARIOS)
def test_reading_while_it_grows_gives_the_same_picture(name: str, scenarios: Any, tools: Any) -> None:
    recording = scenarios[name]()
    when = times(recording)
    expected = tools.picture(recording.timeline, when)

    @bounded
    @given(st.data())
    def check(data: st.DataObject) -> None:
        order = interleave(recording.frames, data.draw)
        timeline = Timeline()
        for one in order:
            timeline.feed(tools.decode(one))
            if data.draw(st.booleans()):
                at(timeline, recording.now)
                list(rows(timeline, newest=5))
                stats(timeline)
        assert tools.picture(timeline, when) == expected

    check()


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_newest_rows_are_the_last_of_all_rows(name: str, scenarios: Any) -> None:
    recording = scenarios[name]()
    timeline = recording.timeline
    for until in [None, *range(timeline.start, recording.now + 1000, 1000)]:
        everything = list(rows(timeline, until))
        for newest in range(1, 40):
            assert list(rows(timeline, until, newest)) == everything[-newest:], (until, newest)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_moment_and_the_rows_of_its_time_agree(name: str, scenarios: Any) -> None:
    recording = scenarios[name]()
    timeline = recording.timeline
    for t in range(timeline.start, recording.now + 1000, 1000):
        shown: dict[int, list[tuple[int, str, int | None]]] = {}
        stopped = set()
        for row in rows(timeline, until=t):
            if row.stopped:
                stopped.add((row.context, row.span, row.hook, row.stopped))
            if row.open:
                shown.setdefault(row.context, []).append((row.span, row.hook, row.connection))
        moment = at(timeline, t)
        stacks = {one.context: [(span.span, span.hook, span.connection) for span in one.stack] for one in moment.contexts if one.stack}
        assert stacks == shown
        assert {(one.context, one.span, one.hook, one.when) for one in moment.held} == stopped


@pytest.mark.parametrize("name", SCENARIOS)
def test_frames_written_twice_change_nothing(name: str, scenarios: Any, tools: Any) -> None:
    recording = scenarios[name]()
    when = times(recording)
    expected = tools.picture(recording.timeline, when)
    twice = b"".join(one + one for _, one in recording.frames)
    assert tools.picture(tools.load(twice), when) == expected
    assert tools.picture(tools.load(recording.data + recording.data), when) == expected


@pytest.mark.parametrize("name", SCENARIOS)
def test_lost_frames_are_counted_and_nothing_breaks(name: str, scenarios: Any, tools: Any) -> None:
    recording = scenarios[name]()
    when = times(recording)
    for missing in range(len(recording.frames)):
        rest = [one for place, (_, one) in enumerate(recording.frames) if place != missing]
        picture = tools.picture(tools.load(b"".join(rest)), when)
        assert picture["stats"]["events"] <= stats(recording.timeline)["events"]


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_prefix_can_be_shown(name: str, scenarios: Any, tools: Any) -> None:
    recording = scenarios[name]()
    recording.end()
    data = recording.data
    for size in range(0, len(data), 23):
        timeline = tools.load(data[:size])
        tools.picture(timeline, [timeline.start, recording.now])


@pytest.mark.parametrize("name", SCENARIOS)
def test_flipped_bytes_can_be_shown(name: str, scenarios: Any, tools: Any) -> None:
    recording = scenarios[name]()
    data = recording.data

    @bounded
    @given(st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(1, 255)), min_size=1, max_size=6))
    def check(flips: list[tuple[int, int]]) -> None:
        damaged = bytearray(data)
        for place, bits in flips:
            damaged[place] ^= bits
        timeline = tools.load(bytes(damaged))
        tools.picture(timeline, [timeline.start, recording.now])

    check()
