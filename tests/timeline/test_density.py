"""Lanes of a stretch of time: whom they show, and how much happens in each column."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.timeline import Timeline
from tracer.timeline.density import SHORTEST, Lane, Lanes, lanes, stretch, zoomed
from tracer.timeline.lifetimes import FOREVER

US, S = 1_000, 1_000_000_000
bounded = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def whole(timeline: Timeline, columns: int = 20, most: int = 10, t: int | None = None) -> Lanes:
    return lanes(timeline, timeline.newest if t is None else t, timeline.start, timeline.newest + 1, columns, most)


def lane_of(found: Lanes, label: str) -> Lane:
    return next(lane for lane in found.lanes if lane.label == label)


def naive(timeline: Timeline, context: int, begin: int, end: int) -> int:
    """Spans of the context that begin in a stretch, and those that end in it, one by one."""
    one = timeline.contexts[context]
    found = 0
    for number in range(one.spans):
        span = timeline.spans.span(one, number)
        found += (begin <= span.begin < end) + (span.end is not None and begin <= span.end < end)
    return found


def test_columns_count_what_begins_and_ends_in_them(scenario: Any) -> None:
    timeline = scenario.timeline

    @bounded
    @given(st.integers(-3, 60), st.integers(1, 70), st.integers(1, 40))
    def any_stretch(first: int, length: int, columns: int) -> None:
        begin, end = timeline.start + first * US, timeline.start + (first + length) * US
        found = lanes(timeline, begin, begin, end, columns, 10)
        assert [found.edge(0), found.edge(columns)] == [begin, end]
        for lane in found.lanes:
            expected = [naive(timeline, lane.context, found.edge(place), found.edge(place + 1)) for place in range(columns)]
            assert list(lane.counts) == expected
        known = timeline.ordered.items
        assert {one.context for one in found.lanes} == {one.id for one in known if one.t < end and one.ended >= begin} | dead(
            found, begin
        )
        assert found.more == 0

    any_stretch()


def dead(found: Lanes, begin: int) -> set[int]:
    """Those that had ended before, and were zombies then."""
    ended = [one for one in found.lanes if one.end is not None and one.end < begin]
    return {one.context for one in ended if one.zombie is not None and (one.zombie[1] is None or one.zombie[1] > begin)}


@bounded
@given(st.integers(0, 10**6), st.integers(1, 10**6), st.integers(1, 300), st.integers(-10, 10**6 + 10))
def test_every_time_is_in_the_column_between_its_edges(begin: int, length: int, columns: int, after: int) -> None:
    found, t = Lanes(begin, begin + length, columns, (), 0, (), ()), begin + after
    column = found.column(t)
    assert column == sum(found.edge(place) <= t for place in range(columns + 1)) - 1


def test_connections_and_errors_are_counted_too(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    times = []
    for descriptor in (5, 6):
        main.do("get_request", descriptor=descriptor, peer="x")
        times.append(recording.now)
        main.enter("handle", "Handler")
        main.fail("handle", "ValueError", "Handler")
        times.append(recording.now)
    timeline = recording.timeline
    found = whole(timeline, 50)
    assert [place for place, count in enumerate(found.accepted) if count] == [found.column(t) for t in times[::2]]
    assert [place for place, count in enumerate(found.raised) if count] == [found.column(t) for t in times[1::2]]
    assert (sum(found.accepted), sum(found.raised)) == (2, 2)


def test_a_child_is_under_its_parent_and_a_zombie_until_it_is_waited_for(scenarios: Any) -> None:
    timeline = scenarios["forked"]().timeline
    found = whole(timeline)
    main, child = found.lanes
    assert (main.label, child.label) == ("main", "P4122")
    assert (main.end, main.how, child.how, main.zombie) == (None, "open", "exited", None)
    first = timeline.contexts[child.context].process
    waited = next(fork.reaped for fork in first.parent.forks[4122])  # type: ignore[union-attr]
    assert child.zombie == (child.end, waited)
    # It is shown as long as it is one, also where it has long ended.
    assert child.end is not None
    later = lanes(timeline, waited, child.end + 1, child.end + 10, 5, 10)
    assert [(one.label, one.counts) for one in later.lanes] == [("main", (0,) * 5), ("P4122", (0,) * 5)]
    gone = lanes(timeline, waited, waited + 1, waited + 10, 5, 10)
    assert [one.label for one in gone.lanes] == ["main"]


def test_a_killed_child_is_a_zombie_from_the_first_sample_that_says_so(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    main.enter("fork", "os")
    child = main.fork(4122)
    child.enter("handle", "Handler")
    child.flush()
    main.leave("fork", "os", pid=4122)
    main.flush()
    assert lane_of(whole(recording.timeline), "P4122").zombie is None
    recording.sample({"pid": 100, "children": [{"pid": 4122, "born": 9, "state": "zombie", "exit": None, "signal": 9}], "threads": []})
    seen = recording.now
    lane = lane_of(whole(recording.timeline), "P4122")
    assert (lane.end, lane.zombie) == (None, (seen, None))
    main.do("waitpid", "os", pid=4122, status=9)
    main.flush()
    lane = lane_of(whole(recording.timeline), "P4122")
    assert (lane.end, lane.how, lane.zombie) == (recording.now, "killed", (seen, recording.now))


def test_main_and_loops_come_first_then_who_is_alive_then_who_is_near(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    main.enter("Thread.start", "threading", context=recording.next_id())
    main.flush()
    loop = recording.thread(main, 101)  # T1
    loop.enter("serve_forever", server=7)
    loop.flush()
    begins = []
    for number in range(6):  # T2 to T7, one after the other
        recording.tick(10 * US)
        thread = recording.thread(main, 102 + number)
        begins.append(recording.now)
        thread.enter("Thread.run", "threading")
        thread.leave("Thread.run", "threading")
        thread.flush()
    recording.tick(10 * US)
    timeline = recording.timeline

    def labels(most: int, t: int) -> list[str]:
        found = whole(timeline, most=most, t=t)
        assert len(found.lanes) + found.more == 8
        return [lane.label for lane in found.lanes]

    assert labels(1, begins[2]) == ["main"]
    assert labels(2, begins[2]) == ["main", "T1"]
    assert labels(3, begins[2]) == ["main", "T1", "T4"]
    assert labels(5, begins[2] + 5 * US) == ["main", "T1", "T3", "T4", "T5"]
    assert labels(4, timeline.newest) == ["main", "T1", "T6", "T7"]
    assert labels(4, 0) == ["main", "T1", "T2", "T3"]
    assert len(labels(50, begins[2])) == 8


def test_of_too_many_that_are_alive_the_newest_are_shown(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    for tid in range(101, 106):
        recording.thread(main, tid).enter("Thread.run", "threading")
    found = whole(recording.timeline, most=3)
    assert ([lane.label for lane in found.lanes], found.more) == (["main", "T4", "T5"], 3)


def test_held_time(scenarios: Any) -> None:
    timeline = scenarios["held"]().timeline
    found = whole(timeline, columns=2_000)
    stops = {context: [(one.begin, one.end) for one in known.stops] for context, known in timeline.holds.stops.items()}
    assert {lane.context: list(lane.held) for lane in found.lanes if lane.held} == {
        context: [(begin, min(end, found.end)) for begin, end in known] for context, known in stops.items()
    }
    # What is less than a column apart is one.
    coarse = {lane.context: list(lane.held) for lane in whole(timeline, columns=1).lanes if lane.held}
    assert coarse == {
        context: [(known[0][0], min(known[-1][1], found.end))] for context, known in stops.items()
    }  # fmt: skip


def test_children_of_one_parent_stand_in_the_order_of_their_begin_below_it(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    hands = {}
    for tid, parent in ((101, None), (102, None), (103, 101), (104, 102), (105, 101)):
        hands[tid] = recording.thread(hands.get(parent, main), tid)
        hands[tid].enter("Thread.run", "threading")
    assert [lane.label for lane in whole(recording.timeline).lanes] == ["main", "T1", "T3", "T5", "T2", "T4"]


def test_clients_stand_behind_all_others(scenarios: Any) -> None:
    assert [lane.label for lane in whole(scenarios["strayed"]().timeline).lanes] == ["main", "P4122", "C1", "C2", "C3", "C4", "C5"]


@pytest.mark.parametrize(
    ("length", "closer", "expected"),
    [(20 * S, 1, 10 * S), (20 * S, -1, 50 * S), (20 * S, 0, 20 * S), (30 * S, 1, 10 * S), (US, 3, SHORTEST), (10**15, -9, 10**15)],
)
def test_zoom_goes_by_one_two_five(length: int, closer: int, expected: int) -> None:
    assert zoomed(length, closer) == expected


def test_a_stretch_has_its_time_in_it_and_moves_by_pages() -> None:
    assert stretch(100, 150, 120, 1000) == (100, 1100)  # all of it
    assert stretch(0, 10_000, 500, 1000) == (0, 1000)
    assert stretch(0, 10_000, 5_000, 1000) == (4_500, 5_500)
    assert stretch(0, 10_000, 10_000, 1000) == (9_250, 10_250)  # at the end: little of what is not there yet

    @bounded
    @given(st.integers(0, 10**4), st.integers(0, 10**4), st.integers(8, 3000))
    def any_time(newest: int, t: int, length: int) -> None:
        begin, end = stretch(0, newest, t, length)
        assert begin <= t < end == begin + length

    any_time()
    assert len({stretch(0, t, t, 1000) for t in range(5_000, 6_000)}) == 4


def test_nothing_is_recorded_yet(new: Any) -> None:
    found = lanes(Timeline(), 0, 0, S, 10, 5)
    assert found == Lanes(0, S, 10, (), 0, (0,) * 10, (0,) * 10)
    assert lanes(new().timeline, FOREVER - 1, 0, S, 10, 5).lanes == ()
