"""Where to go in time: against the plain list of all events, and against what the gate does with the same step."""

from __future__ import annotations

from array import array
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.probe.frames import ENTER, KIND_MASK, RAISE, RETURN, TEXT
from tracer.timeline import Timeline
from tracer.timeline import navigate as go
from tracer.timeline.lifetimes import FOREVER
from tracer.timeline.navigate import Place

US = 1_000
bounded = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def all_events(recording: Any, timeline: Timeline, tools: Any) -> list[tuple[int, int]]:
    """(time, context) of every event, from the frames themselves."""
    found = []
    for context, content in tools.decode(recording.data):
        if isinstance(content, dict):
            if content["type"] == "context":
                found.append((content["t"], content["id"]))
            continue
        column = array("q", content)
        records = iter(list(zip(column[1::2], column[2::2], strict=True)))
        for word, value in records:
            if word & KIND_MASK in (ENTER, RETURN, RAISE):
                found.append((value, context))
            elif word & KIND_MASK == TEXT:
                for _ in range(-(-value // 16)):
                    next(records)
    timeline.settle()
    found += [(one.ended, one.id) for one in timeline.contexts.values() if one.ended != FOREVER]
    return found


def first_there(timeline: Timeline, found: list[tuple[int, int]], t: int) -> tuple[int, int]:
    """That time and the first context that has an event then, in the order in which contexts began."""
    return t, min((context for when, context in found if when == t), key=lambda context: timeline.contexts[context].key)


def check(recording: Any, timeline: Timeline, tools: Any) -> None:
    found = all_events(recording, timeline, tools)
    times = sorted({t for t, _ in found})
    for t in sorted({*times, *(t - 1 for t in times), *(t + 1 for t in times), timeline.start - 5, recording.now + 5_000}):
        for context in (None, *timeline.contexts):
            own = [one for one in found if context in (None, one[1])]
            later, earlier = [when for when, _ in own if when > t], [when for when, _ in own if when < t]
            expected = first_there(timeline, own, min(later)) if later else None
            place = go.next_event(timeline, t, context)
            assert (place and place[:2]) == expected, (t, context)
            expected = first_there(timeline, own, max(earlier)) if earlier else None
            place = go.previous_event(timeline, t, context)
            assert (place and place[:2]) == expected, (t, context)


def test_next_and_previous_are_those_of_the_list_of_all_events(scenario: Any, tools: Any) -> None:
    check(scenario, scenario.timeline, tools)


@st.composite
def recordings(draw: Any, new: Any) -> Any:
    """Threads and children that are born, enter and leave hooks and end, some of it at one time."""
    recording = new()
    hands = [recording.process(100)]
    deep = {hands[0].id: 0}
    for number in range(draw(st.integers(1, 25))):
        hand = draw(st.sampled_from(hands))
        what = draw(st.sampled_from(("enter", "enter", "leave", "flush", "thread", "fork", "end")))
        if what in ("enter", "thread", "fork") and draw(st.booleans()):
            recording.now -= US  # at the time of what came before
        match what:
            case "enter":
                hand.enter(draw(st.sampled_from(("handle", "setup"))))
                deep[hand.id] += 1
            case "leave" if deep[hand.id]:
                hand.leave(draw(st.sampled_from(("handle", "setup"))))
                deep[hand.id] -= 1
            case "flush":
                hand.flush()
            case "thread":
                hand.flush()
                hands.append(recording.thread(hand, 200 + number))
                hands[-1].enter("Thread.run", "threading")
                deep[hands[-1].id] = 0
            case "fork":
                hands.append(hand.fork(300 + number))
                deep[hands[-1].id] = 0
            case "end" if hand is not hands[0]:
                if hand.pid == 100:
                    hand.leave("Thread.run", "threading")
                else:
                    hand.enter("_exit", "os", status=0)
                hand.flush()
                hands.remove(hand)
    return recording


def test_next_and_previous_in_any_recording(new: Any, tools: Any) -> None:
    @bounded
    @given(recordings(new))
    def any_one(recording: Any) -> None:
        check(recording, recording.timeline, tools)

    any_one()


def served(new: Any) -> Any:
    """One request of a synchronous server. Spans: 0 serve_forever, 1 finish_request, 2 setup, 3 handle, 4 select."""
    recording = new()
    main = recording.process(100)
    main.enter("serve_forever")
    main.enter("finish_request")
    main.do("setup")
    main.flush()
    main.enter("handle")
    main.flush()
    main.leave("handle")
    main.leave("finish_request")
    main.enter("select")
    main.flush()
    return recording, main


def test_a_place_is_about_the_call_that_was_entered_or_left(new: Any) -> None:
    recording, main = served(new)
    timeline, t, found = recording.timeline, 0, []
    while (place := go.next_event(timeline, t)) is not None:
        found.append(place.span)
        t = place.t
    assert found == [-1, 0, 1, 2, 2, 3, 3, 1, 4]  # it begins with its context, in no call
    assert go.previous_event(timeline, t) == Place(t - US, main.id, 1)


def test_who_is_killed_is_where_control_was(scenarios: Any) -> None:
    recording = scenarios["killed"]()
    timeline = recording.timeline
    timeline.settle()
    child = next(one for one in timeline.contexts.values() if one.pid == 4122)
    assert go.next_event(timeline, child.ended - 1) == Place(
        child.ended, min(child.key, timeline.ordered.items[0].key)[1], 10
    )  # main's waitpid
    assert go.next_event(timeline, child.ended - 1, child.id) == Place(child.ended, child.id, 1)  # handle


def test_who_ends_between_two_calls_is_in_the_call_around(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    main.enter("serve_forever")
    main.do("service_actions")
    main.flush()
    recording.exit(main, 9)
    timeline = recording.timeline
    ended = go.previous_event(timeline, FOREVER)
    assert ended == Place(recording.now, main.id, 0)
    assert go.previous_event(timeline, ended.t) == Place(recording.now - US, main.id, 1)


@pytest.mark.parametrize(
    ("mode", "places"),
    [
        # before: serve_forever, finish_request, setup; after setup; before handle; after handle, finish_request; before select
        ("in", [(1, "ENTER"), (2, "ENTER"), (2, "END"), (3, "ENTER"), (3, "END"), (1, "END"), (4, "ENTER"), None]),
        ("over", [None, (1, "END"), (2, "END"), (3, "ENTER"), (3, "END"), (1, "END"), (4, "ENTER"), None]),
        ("out", [None, None, (1, "END"), (1, "END"), (1, "END"), (1, "END"), None, None]),
    ],
)
def test_steps_go_where_the_gate_takes_a_held_context(mode: Any, places: list[Any], new: Any) -> None:
    recording, main = served(new)
    timeline = recording.timeline
    begun = go.next_event(timeline, 0)
    assert begun is not None
    found, t = [], begun.t
    kinds = {ENTER: "ENTER", RETURN: "END"}
    while (place := go.next_event(timeline, t)) is not None:
        t = place.t
        there = go.step(timeline, t, main.id, mode)
        if there is None:
            found.append(None)
            continue
        span, kind = timeline.spans.newest_event(timeline.contexts[main.id], there.t)
        assert span == there.span
        found.append((span, kinds[kind]))
    assert found == places


def test_a_context_that_has_ended_makes_no_step(scenarios: Any) -> None:
    timeline = scenarios["threaded"]().timeline
    timeline.settle()
    worker = next(one for one in timeline.contexts.values() if one.tid == 101)
    last = go.previous_event(timeline, FOREVER, worker.id)
    assert last is not None
    assert (last.t, last.span) == (worker.ended, 0)
    assert [go.step(timeline, last.t, worker.id, mode) for mode in ("in", "over", "out")] == [None, None, None]
    assert go.step(timeline, last.t - 1, worker.id, "in") == last
    assert go.step(timeline, last.t, 5, "in") is None


def hooks(timeline: Timeline, places: list[Place | None]) -> list[str | None]:
    return [one and timeline.code(timeline.spans.code(timeline.contexts[one.context], one.span)).hook for one in places]


def test_begin_and_end_of_a_call(scenarios: Any) -> None:
    timeline = scenarios["killed"]().timeline
    timeline.settle()
    main = timeline.ordered.items[0].id
    child = next(one for one in timeline.contexts.values() if one.pid == 4122)
    begin, end = go.begin_of(timeline, child.id, 1), go.end_of(timeline, child.id, 1)
    assert hooks(timeline, [begin, end]) == ["handle", "handle"]
    assert end == Place(child.ended, child.id, 1)  # killed in it
    assert go.end_of(timeline, main, 0) is None  # serve_forever is open
    verified = go.begin_of(timeline, main, 4)
    assert go.end_of(timeline, main, 4) == Place(verified.t + US, main, 4)  # type: ignore[union-attr]
    assert [go.begin_of(timeline, main, 99), go.end_of(timeline, 5, 0), go.around(timeline, main, -1)] == [None, None, None]


def test_around_and_inside_cross_a_fork(scenarios: Any) -> None:
    timeline = scenarios["forked"]().timeline
    timeline.settle()
    child = next(one for one in timeline.contexts.values() if one.pid == 4122).id
    place: Place | None = go.begin_of(timeline, child, 1)
    outwards = []
    while place is not None:
        outwards.append(place)
        place = go.around(timeline, place.context, place.span)
    assert hooks(timeline, list(outwards)) == [
        "handle", "finish_request", "fork", "process_request", "_handle_request_noblock", "serve_forever"
    ]  # fmt: skip
    assert go.inside(timeline, outwards[2].context, outwards[2].span) == outwards[1]
    assert go.inside(timeline, child, 0) == outwards[0]
    assert go.inside(timeline, child, 1) is None
    assert hooks(timeline, [go.inside(timeline, outwards[4].context, outwards[4].span)]) == ["get_request"]


def test_the_same_hook_in_all_contexts_in_the_order_of_time(scenarios: Any) -> None:
    timeline = scenarios["threaded"](4).timeline
    timeline.settle()
    workers = [one for one in timeline.ordered.items if one.kind == "thread"]
    place = go.begin_of(timeline, workers[0].id, 3)
    seen = []
    while place is not None:
        seen.append((place.context, place.span))
        last, place = place, go.next_same(timeline, place.context, place.span)
    assert seen == [(one.id, 3) for one in workers]
    assert go.previous_same(timeline, last.context, last.span) == go.begin_of(timeline, workers[-2].id, 3)
    assert go.previous_same(timeline, workers[0].id, 3) is None


def test_levels_of_one_call_are_no_calls_of_the_same_hook(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    for _ in range(2):
        with main.call("process_request", "ThreadingMixIn"), main.call("process_request", "BaseServer"):
            pass
    timeline = recording.timeline
    assert [go.next_same(timeline, main.id, span) for span in (0, 1)] == [go.begin_of(timeline, main.id, 2)] * 2
    assert go.next_same(timeline, main.id, 2) is None
    previous = go.previous_same(timeline, main.id, 3)
    assert previous == go.begin_of(timeline, main.id, 2)


def failing(new: Any) -> Any:
    """handle fails, the error goes on through finish_request, and is handled; then in another thread another one fails."""
    recording = new()
    main = recording.process(100)
    main.enter("process_request")
    main.enter("finish_request")
    main.enter("handle", "Handler")
    main.fail("handle", "ValueError: x", "Handler")
    main.flush()
    main.do("finish")
    main.fail("finish_request", "ValueError: x")
    main.do("handle_error")
    main.leave("process_request")
    other = recording.thread(main, 101)
    other.enter("finish_request")
    other.enter("setup", "Handler")
    other.fail("setup", "KeyError", "Handler")
    other.fail("finish_request", "ValueError: worse")
    return recording, main, other


def test_errors_are_told_where_they_were_raised(new: Any) -> None:
    recording, main, other = failing(new)
    timeline = recording.timeline
    places, t = [], 0
    while (place := go.next_error(timeline, t)) is not None:
        places.append(place)
        t = place.t
    assert [one[1:] for one in places] == [(main.id, 2), (other.id, 1), (other.id, 0)]
    back = []
    while (place := go.previous_error(timeline, t)) is not None:
        back.append(place)
        t = place.t
    assert back == places[-2::-1]


def test_an_error_of_a_call_further_inside_that_was_handled_is_another(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    main.enter("finish_request")
    main.enter("handle", "Handler")
    main.enter("setup")
    main.fail("setup", "ValueError: x")
    main.leave("handle", "Handler")
    main.fail("finish_request", "ValueError: x")
    timeline = recording.timeline
    last = go.previous_error(timeline, FOREVER)
    assert last == Place(recording.now, main.id, 0)
    assert go.previous_error(timeline, last.t) == Place(recording.now - 2 * US, main.id, 2)


def test_what_is_read_later_is_found_where_it_belongs(new: Any, tools: Any) -> None:
    """Whatever has been asked before, and whichever context's frames come first."""
    recording, main, other = failing(new)
    whole = recording.timeline
    frames = recording.frames
    timeline = Timeline()
    for context, one in [*[f for f in frames if f[0] == other.id], *[f for f in frames if f[0] != other.id]]:
        timeline.feed(tools.decode(one))
        assert go.next_error(timeline, timeline.newest + 1) is None
        if context == main.id:
            go.next_same(timeline, main.id, 0)
    for t in range(whole.start, recording.now + US, US):
        assert go.next_error(timeline, t) == go.next_error(whole, t)
    assert go.next_same(timeline, main.id, 1) == go.begin_of(whole, other.id, 0)


def test_connections_one_after_the_other(scenarios: Any) -> None:
    timeline = scenarios["threaded"](3).timeline
    known = timeline.settle().connections.items
    places = [go.connection_place(timeline, number) for number in range(5)]
    assert places == [None, *(Place(one.accepted, one.context.id, one.span) for one in known), None]
    times = [one.accepted for one in known]
    assert [go.next_connection(timeline, t) for t in (0, *times)] == [*places[1:4], None]
    assert [go.previous_connection(timeline, t) for t in (*times, FOREVER)] == [None, *places[1:4]]
    assert [go.next_connection(timeline, t, 7) for t in (0, *times)] == [*places[1:4], None]
    assert [go.previous_connection(timeline, t, 7) for t in (*times, FOREVER)] == [None, *places[1:4]]
    assert [go.next_connection(timeline, 0, 8), go.previous_connection(timeline, FOREVER, 8)] == [None, None]


def test_connections_of_one_server_of_two_also_where_its_loop_is_in_another_thread(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    places = []
    for server in (7, 8, 7, 8):
        main.enter("serve_forever", server=server)
        if len(places) == 3:  # a thread of a pool takes it
            main.flush()
            hand = recording.thread(main, 101)
        else:
            hand = main
        hand.do("get_request", descriptor=5 + len(places), peer="x")
        places.append((hand.id, recording.now))
        hand.flush()
        main.leave("serve_forever")
        main.flush()
        timeline = recording.timeline
        for wanted in (7, 8):
            own = [place for place, owner in zip(places, (7, 8, 7, 8), strict=False) if owner == wanted]
            for t in (0, *(t for _, t in places), FOREVER):
                later, earlier = [one for one in own if one[1] > t], [one for one in own if one[1] < t]
                found = go.next_connection(timeline, t, wanted), go.previous_connection(timeline, t, wanted)
                assert found[0] is None if not later else (found[0].context, found[0].t) == later[0]
                assert found[1] is None if not earlier else (found[1].context, found[1].t) == earlier[-1]


MS, S = 1_000_000, 1_000_000_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("00:12.418", 12_419 * MS - 1),
        ("12.4s", 12_401 * MS - 1),
        (" 12.4 ", 12_401 * MS - 1),
        ("12", 12_001 * MS - 1),
        ("1:02:03", 3_723_001 * MS - 1),
        ("12.418345", 12_418_345_000),
        ("0", MS - 1),
        ("01:23:20.0", 5000 * S + US),  # no later than the end
    ],
)
def test_times_as_they_are_typed(text: str, expected: int, new: Any) -> None:
    recording = new()
    recording.tick(5000 * S)
    recording.process(100)
    timeline = recording.timeline
    assert go.parse_time(text, timeline) - timeline.start == expected


@pytest.mark.parametrize("text", ["", "x", "-1", "1:2:3:4", "12.", "1e3", "12,4", ":12", "9" * 50, "12 m", "٣"])
def test_what_is_no_time_says_what_to_type(text: str, new: Any) -> None:
    with pytest.raises(ValueError, match=r"^no time: type 12\.4 for seconds, 01:12\.418 or 1:02:03$"):
        go.parse_time(text, new().timeline)


def test_a_time_behind_the_end_says_where_that_is(new: Any) -> None:
    recording = new()
    recording.tick(12_418 * MS)
    recording.process(100)
    with pytest.raises(ValueError, match=r"^the recording ends at 00:12\.418: type an earlier time$"):
        go.parse_time("13", recording.timeline)
