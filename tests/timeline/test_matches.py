"""The calls that a filter matches: found in any order and by small steps, they are those that match one by one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.timeline import Timeline
from tracer.timeline.calls import rows
from tracer.timeline.filter import call_of, parse
from tracer.timeline.load import load as load_file
from tracer.timeline.matches import Matches
from tracer.timeline.window import Window, window

from .conftest import Recording, decode, line, load, threaded
from .test_any_order import interleave
from .test_filter import http
from .test_window import RECORDINGS, Wild, calls_of

bounded = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

FILTERS = (
    "handle", "before handle", "after select", "select | handle & #1", "#1", "!#1", "#2 | context:T1", "context:P4122", "!context:main",
    "duration>3us", "duration<=2us & !select", "open", "!open", "open & #1", "raised", "peer:50001", "server:8000", "!server", "before",
    "request:/b | reply:200", "!reply", "nth:3", "handle & nth:1 | nth>=4 & open", "after & nth>2", "owner:Handler & nth:1",
    "connection>1 | Thread.start",
)  # fmt: skip


def naive(timeline: Timeline, text: str) -> list[tuple[int, tuple[int, int], int, int]]:
    """(begin, order of contexts, span, context) of all calls that match, in that order."""
    filter_ = parse(text)
    counter, times = filter_.counter(), []
    for context in timeline.ordered.items:
        for number in range(context.spans):
            span = timeline.spans.span(context, number)
            key = (span.begin, context.key, number, context.id)
            times.append((0, *key[:3], key))
            if span.end is not None:
                times.append((1, span.end, *key[1:3], key))
    found = set()
    for after, _, _, span, key in sorted(times):
        call = call_of(timeline, timeline.contexts[key[3]], span, "after" if after else "before")
        if counter.matches(call):
            found.add(key)
    return sorted(found)


def check(timeline: Timeline, text: str, matches: Matches) -> None:
    """Everything that can be asked of finished matches."""
    wanted = naive(timeline, text)
    assert matches.count == len(wanted)
    calls = {(context, span) for _, _, span, context in wanted}
    for call in calls_of(timeline):
        assert matches.contains(*call) == (call in calls)
    for context, span in calls_of(timeline):
        t = timeline.spans.begin(timeline.contexts[context], span)
        key = t, timeline.contexts[context].key, span, context
        following, before = bisect_right(wanted, key), bisect_left(wanted, key)
        found = [wanted[place] if 0 <= place < len(wanted) else None for place in (following, before - 1)]
        shown = [(one[0], one[3], one[2]) if one is not None else None for one in found]
        assert [matches.next(t, context, span), matches.previous(t, context, span)] == shown


def scanned(timeline: Timeline, text: str) -> Matches:
    matches = Matches(timeline, parse(text))
    assert matches.scan(1 << 62)
    assert matches.progress == 100
    return matches


def recordings(scenarios: Any) -> list[Recording]:
    found = [http(Recording()), *(scenario() for scenario in scenarios.values())]
    for recording in found:
        assert recording.timeline.contexts  # asked for, it has all its frames
    return found


@pytest.mark.parametrize("text", FILTERS)
def test_what_matches_is_found(text: str, scenarios: Any) -> None:
    for recording in recordings(scenarios):
        timeline = recording.timeline
        check(timeline, text, scanned(timeline, text))


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_what_matches_is_found_in_a_real_recording(path: Path) -> None:
    timeline, _ = load_file(path)
    for text in ("handle | duration>1ms & #1", "open | after & raised", "select & nth:2"):
        check(timeline, text, scanned(timeline, text))


def test_in_any_order_and_while_it_grows(scenarios: Any, tools: Any) -> None:
    """By any steps: what was answered early, and is not so any more, is found again."""
    known = recordings(scenarios)

    @bounded
    @given(st.data())
    def run(data: st.DataObject) -> None:
        recording = data.draw(st.sampled_from(known)) if data.draw(st.booleans()) else Wild(data).recording
        assert recording.timeline.contexts
        texts = data.draw(st.lists(st.sampled_from(FILTERS), min_size=1, max_size=4))
        timeline = Timeline()
        found = [Matches(timeline, parse(text), clock=lambda: 0) for text in texts]
        for frame in interleave(recording.frames, data.draw):
            timeline.feed(tools.decode(frame))
            if data.draw(st.integers(0, 2)) == 0:
                for matches in found:
                    matches.scan(0)
        for text, matches in zip(texts, found, strict=True):
            while not matches.scan(0):
                pass
            check(timeline, text, matches)
            assert window(timeline, None, None, 99, 0, (), matches) == window(timeline, None, None, 99, 0, (), scanned(timeline, text))

    run()


def wanted_window(timeline: Timeline, until: int, anchor: tuple[int, int] | None, above: int, below: int, matches: Matches) -> Window:
    """What a window of matches shows: the list of all calls, filtered."""
    every = calls_in_order(timeline, until)
    shown = [call for call in every if matches.contains(*call)]
    context = timeline.contexts.get(anchor[0]) if anchor is not None else None
    begun = [call for call in every if anchor is not None and call[0] == anchor[0]]
    place: int | None = None
    first, end = max(0, len(shown) - above - 1 - below), len(shown)
    if anchor is not None and context is not None and begun and shown:
        at = every.index((anchor[0], max(0, min(anchor[1], len(begun) - 1))))
        place = sum(1 for call in every[:at] if matches.contains(*call))
        if place == len(shown):  # nothing behind it
            place, below = place - 1, 0
        first, end = max(0, place - above), min(len(shown), place + below + 1)
    return Window(
        tuple(shown[first:end]), place - first if place is not None else None, first > 0, end < len(shown)  # type: ignore[arg-type]
    )  # fmt: skip


def calls_in_order(timeline: Timeline, until: int) -> list[tuple[int, int]]:
    """All calls in the order of the tree, the naive way."""
    found: list[tuple[int, int]] = []

    def lane(context: Any) -> None:
        for span in range(timeline.spans.count_at(context, until)):
            found.append((context.id, span))
            for graft in (context.grafts or {}).get(span, ()):
                if graft.t <= until:
                    lane(graft)

    for root in timeline.settle().roots:
        if root.t <= until:
            lane(root)
    return found


def test_any_window_shows_the_matches_alone(scenarios: Any) -> None:
    known = recordings(scenarios)

    @bounded
    @given(st.data())
    def run(data: st.DataObject) -> None:
        recording = data.draw(st.sampled_from(known)) if data.draw(st.booleans()) else Wild(data).recording
        timeline = recording.timeline
        calls = calls_of(timeline)
        matches = scanned(timeline, data.draw(st.sampled_from(FILTERS)))
        for _ in range(4 if calls else 0):
            until = data.draw(st.integers(timeline.start, recording.now + 1000))
            anchor = data.draw(st.none() | st.sampled_from([*calls, (1, 1)]))
            above, below = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 5))
            found = window(timeline, until, anchor, above, below, frozenset(calls), matches)
            shown = tuple((row.context, row.span) for row in found.rows)
            assert (shown, found.place, found.above, found.below) == astuple(
                wanted_window(timeline, until, anchor, above, below, matches)
            )
            depths = {(row.context, row.span): row for row in rows(timeline, until)}
            for row in found.rows:
                same = depths.get((row.context, row.span))
                assert same is None or same.folded or same == row

    run()


def astuple(one: Window) -> tuple[object, ...]:
    return one.rows, one.place, one.above, one.below


def test_a_window_of_matches_in_words(scenarios: Any) -> None:
    timeline = scenarios["threaded"]().timeline
    found = window(timeline, None, None, 10, 10, matches=scanned(timeline, "handle | #2 & !open & process_request"))
    assert [line(row) for row in found.rows] == [
        "T1           handle #1",
        "main    process_request #2 keeps 2 threads to join",
        "T2           handle #2 ▶",
    ]


def test_frames_that_have_nothing_to_do_with_it_are_passed_by(monkeypatch: Any) -> None:
    asked: list[int] = []

    def ask(timeline: Timeline, context: Any, span: int, *rest: Any, **keys: Any) -> Any:
        asked.append(span)
        return call_of(timeline, context, span, *rest, **keys)

    monkeypatch.setattr("tracer.timeline.matches.call_of", ask)
    timeline = threaded(30).timeline
    every = sum(context.spans for context in timeline.contexts.values())
    for text, most in (("#7", 60), ("peer:50007", 60), ("context:T7", 20), ("#7 & handle | context:T9 & #2", 60), ("!#7", 2 * every)):
        asked.clear()
        matches = scanned(timeline, text)
        assert 0 < len(asked) <= most, text
        check(timeline, text, matches)


@pytest.mark.parametrize("text", ["nth>=4 & open", "nth>3 & !open", "nth:2"])
def test_small_steps_come_to_an_end(text: str) -> None:
    timeline = threaded(30).timeline
    matches = Matches(timeline, parse(text), clock=lambda: 0)
    assert any(matches.scan(0) for _ in range(30))
    check(timeline, text, matches)


def test_a_scan_stops_when_its_time_is_over(new: Any) -> None:
    """It says how far it has come."""
    recording = new()
    main = recording.process(100)
    for _ in range(2000):
        main.do("handle")
        main.flush()
    ticks = iter(range(1 << 40))
    matches = Matches(recording.timeline, parse("handle"), clock=lambda: next(ticks))
    assert not matches.scan(2)
    assert 0 < matches.progress < 100
    assert 0 < matches.count < 2000
    while not matches.scan(2):
        pass
    assert (matches.progress, matches.count) == (100, 2000)


def test_what_is_learned_later_changes_what_matches(new: Any) -> None:
    """An earlier connection, whose frames come later, moves the numbers."""
    recording = new()
    first, second = recording.process(100), recording.process(200)
    first.do("get_request", descriptor=5, peer="a:1")
    first.do("verify_request")
    second.do("get_request", descriptor=6, peer="a:2")
    second.do("verify_request")
    assert recording.timeline.contexts
    late = [one for context, one in recording.frames if context == first.id and b'"code"' not in one]
    timeline = load(b"".join(one for _, one in recording.frames if one not in late))
    matches = Matches(timeline, parse("verify_request & #1"))
    assert matches.scan(1 << 62)
    assert matches.contains(second.id, 1)
    timeline.feed(decode(b"".join(late)))
    assert matches.scan(1 << 62)
    assert not matches.contains(second.id, 1)
    assert matches.contains(first.id, 1)


def test_a_client_is_about_a_connection_that_is_known_later(scenarios: Any) -> None:
    """What it did is looked at before anybody has accepted it."""
    recording = scenarios["visited"]()
    assert recording.timeline.contexts
    clients = {context.id for context in recording.timeline.ordered.items if context.kind == "client"}
    early = b"".join(one for context, one in recording.frames if context in clients or b'"code"' in one)
    timeline = load(early)
    matches = Matches(timeline, parse("#1"))
    assert matches.scan(1 << 62)
    assert matches.count == 0
    timeline.feed(decode(b"".join(one for context, one in recording.frames if context not in clients and b'"code"' not in one)))
    assert matches.scan(1 << 62)
    assert any(matches.contains(client, 0) for client in clients)
    check(timeline, "#1", matches)
