"""Windows of the call tree: anywhere in it, at any time, with any calls folded away, they show what the whole list of rows shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracer.timeline import Timeline
from tracer.timeline.calls import Row, rows
from tracer.timeline.load import load
from tracer.timeline.window import Window, window

from .conftest import Recording, line, one_request

bounded = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

HOOKS = ("handle", "setup", "select", "service_actions", "collect_children", "waitpid", "Thread.start")


def around(timeline: Timeline, call: tuple[int, int]) -> tuple[int, int] | None:
    """The call around a call, one parent at a time."""
    context, span = timeline.contexts[call[0]], call[1]
    span = timeline.spans.parent(context, span)
    while span < 0:
        if context.upper is None or context.anchor < 0:
            return None
        context, span = context.upper, context.host
    return context.id, span


def outer(timeline: Timeline, call: tuple[int, int]) -> list[tuple[int, int]]:
    """All calls around a call, the innermost first."""
    found = []
    one = around(timeline, call)
    while one is not None:
        found.append(one)
        one = around(timeline, one)
    return found


def expected(timeline: Timeline, until: int, folded: set[tuple[int, int]]) -> list[Row]:
    """All rows, filtered: without those inside of folded calls."""
    found = []
    everything = list(rows(timeline, until))
    having = {around(timeline, (row.context, row.span)) for row in everything}
    for row in everything:
        assert row.inside == ((row.context, row.span) in having)
        if folded.isdisjoint(outer(timeline, (row.context, row.span))):
            found.append(replace(row, shut=row.inside and (row.context, row.span) in folded))
    return found


def place_of(timeline: Timeline, shown: list[Row], until: int, anchor: tuple[int, int], folded: set[tuple[int, int]]) -> int | None:
    """Where the row of a call is among all, or that of what stands for it; None: it has none."""
    context = timeline.contexts.get(anchor[0])
    if context is None or not any(row.context == anchor[0] for row in rows(timeline, until)):
        return None
    begun = max(span for span in range(context.spans) if timeline.spans.begin(context, span) <= until)
    call = (anchor[0], max(0, min(anchor[1], begun)))
    call = next((one for one in reversed(outer(timeline, call)) if one in folded), call)
    begin = timeline.spans.begin(timeline.contexts[call[0]], call[1])
    places = [place for place, row in enumerate(shown) if row.context == call[0] and row.span <= call[1]]
    exact = [place for place in places if shown[place].span == call[1]]
    return exact[0] if exact else [place for place in places if shown[place].folded and begin <= (shown[place].end or 0)][-1]


def check_window(
    timeline: Timeline, until: int, anchor: tuple[int, int] | None, above: int, below: int, folded: set[tuple[int, int]]
) -> None:
    shown = expected(timeline, until, folded)
    place = place_of(timeline, shown, until, anchor, folded) if anchor is not None else None
    if place is None:
        first, end = max(0, len(shown) - above - 1 - below), len(shown)
    else:
        first, end = max(0, place - above), min(len(shown), place + below + 1)
    wanted = Window(tuple(shown[first:end]), place - first if place is not None else None, first > 0, end < len(shown))
    assert window(timeline, until, anchor, above, below, frozenset(folded)) == wanted


class Wild:
    """A program that does anything: threads and children anywhere, idle turns of loops, calls that end or do not; and its clients."""

    def __init__(self, data: st.DataObject) -> None:
        self.draw = data.draw
        self.recording = Recording()
        self.open: list[tuple[Any, list[str]]] = []
        self.clients: list[Any] = []
        if self.draw(st.integers(0, 7)) == 0:
            self.visit()
        self.add(self.recording.process(100))
        for step in range(self.draw(st.integers(3, 40))):
            self.step(step)

    def add(self, hand: Any) -> None:
        self.open.append((hand, []))

    def visit(self) -> None:
        """A client begins, or goes on."""
        if not self.clients or (len(self.clients) < 8 and self.draw(st.booleans())):
            self.clients.append(self.recording.client(300 + len(self.clients)))
        client = self.draw(st.sampled_from(self.clients))
        client.do(self.draw(st.sampled_from(("connect", "send", "close"))), "socket")
        client.flush()

    def step(self, step: int) -> None:
        hand, stack = self.draw(st.sampled_from(self.open))
        what = self.draw(st.sampled_from(("enter", "enter", "leave", "leave", "do", "turn", "flush", "born", "pool", "visit")))
        hook = self.draw(st.sampled_from(HOOKS))
        if what == "enter":
            hand.enter(hook)
            stack.append(hook)
        elif what == "leave" and stack:
            hand.leave(stack.pop(), ready=self.draw(st.integers(0, 1)), pid=0)
        elif what == "do":
            hand.do(hook, ready=0, pid=self.draw(st.integers(0, 1)))
        elif what == "turn" and self.draw(st.booleans()):  # in one frame each
            hand.enter("select")
            for _ in range(self.draw(st.integers(1, 4))):
                hand.flush()
                hand.leave("select", ready=0)
                with hand.call("service_actions"):
                    if self.draw(st.booleans()):
                        hand.do("collect_children")
                    if self.draw(st.integers(0, 7)) == 0:
                        self.visit()
                hand.enter("select")
                if self.draw(st.integers(0, 7)) == 0:
                    self.visit()
            hand.flush()
            hand.leave("select", ready=1)
        elif what == "turn":
            for _ in range(self.draw(st.integers(1, 4))):
                hand.do("select", ready=0)
                with hand.call("service_actions"):
                    hand.do("waitpid", pid=self.draw(st.sampled_from((0, 0, 7))))
        elif what == "flush":
            hand.flush()
        elif what == "visit":
            self.visit()
        elif what == "born" and len(self.open) < 8:
            hand.enter("Thread.start", "threading", context=self.recording.next_id())
            hand.flush()
            self.add(self.recording.thread(hand, 200 + step))
            self.open[-1][0].enter("handle")
            self.open[-1][1].append("handle")
            hand.leave("Thread.start", "threading")
        elif what == "pool" and len(self.open) < 8:
            hand.flush()
            self.add(self.recording.thread(hand, 200 + step) if self.draw(st.booleans()) else self.recording.process(200 + step))


def calls_of(timeline: Timeline) -> list[tuple[int, int]]:
    return [(context.id, span) for context in timeline.ordered.items for span in range(context.spans)]


def test_any_window_of_any_recording_shows_what_all_rows_show(scenarios: Any) -> None:
    known = [scenario() for scenario in scenarios.values()]

    @bounded
    @given(st.data())
    def check(data: st.DataObject) -> None:
        recording = data.draw(st.sampled_from(known)) if data.draw(st.integers(0, 3)) == 0 else Wild(data).recording
        timeline = recording.timeline
        calls = calls_of(timeline)
        if not calls:
            return
        for _ in range(4):
            folded = data.draw(st.sets(st.sampled_from(calls), max_size=4))
            until = data.draw(st.integers(timeline.start, recording.now + 1000))
            anchor = data.draw(st.none() | st.sampled_from([*calls, (1, 1), (calls[0][0], -5), (calls[0][0], 10_000)]))
            check_window(timeline, until, anchor, data.draw(st.integers(0, 8)), data.draw(st.integers(0, 8)), folded)

    check()


def test_any_window_of_a_recording_that_grows(scenarios: Any, tools: Any) -> None:
    @settings(bounded, max_examples=40)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        recording = data.draw(st.sampled_from([*scenarios.values(), lambda: Wild(data).recording]))()
        assert recording.timeline.contexts  # asked for, it has all its frames
        timeline = Timeline()
        for _, one in recording.frames:
            timeline.feed(tools.decode(one))
            calls = calls_of(timeline)
            if calls and data.draw(st.integers(0, 3)) == 0:
                folded = data.draw(st.sets(st.sampled_from(calls), max_size=3))
                check_window(timeline, timeline.newest, data.draw(st.sampled_from(calls)), 4, 4, folded)

    check()


# -- in words --------------------------------------------------------------------------------------------------------------------


def text(found: Window) -> str:
    """The rows as text, that of the anchor marked; `…` where there are more, `+` before what is folded away."""
    lines = [
        f"{'>' if place == found.place else ' '}{'+' if row.shut else '-' if row.inside else ' '} {line(row)}"
        for place, row in enumerate(found.rows)
    ]
    return "\n".join([*["…"] * found.above, *lines, *["…"] * found.below])


def call(timeline: Timeline, label: str, hook: str) -> tuple[int, int]:
    return next((row.context, row.span) for row in rows(timeline) if (row.label, row.hook) == (label, hook))


def test_a_folded_call_hides_the_contexts_that_were_born_in_it(scenarios: Any) -> None:
    timeline = scenarios["threaded"]().timeline
    started, handle = call(timeline, "main", "Thread.start"), call(timeline, "T1", "handle")
    assert text(window(timeline, None, handle, 2, 3, {started})).splitlines() == [
        "…",
        "   main    verify_request #1 True",
        " - main    process_request #1 keeps 1 thread to join",
        ">+ main     Thread.start #1 → T1",
        "   main   service_actions",
        "   main   select 1 ready",
        " - main   _handle_request_noblock #2",
        "…",
    ]


def test_what_is_folded_is_told(scenarios: Any) -> None:
    timeline = scenarios["synchronous"]().timeline
    request = call(timeline, "main", "process_request")
    assert text(window(timeline, None, request, 2, 3, {request})).splitlines() == [
        "…",
        "   main    get_request #1 127.0.0.1:50001",
        "   main    verify_request #1 True",
        ">+ main    process_request #1",
        "   main   service_actions",
        "   main   select ▶",
    ]


def crowd(requests: int = 3000) -> Recording:
    """A loop that starts a thread for each request, and waits in vain for hours before and after."""
    recording = Recording()
    main = recording.process(100)
    main.enter("serve_forever", server=7)
    main.enter("select", "select")
    main.flush()
    wait(main)
    for number in range(requests):
        one_request(recording, main, 5)
        main.enter("Thread.start", "threading", context=recording.next_id())
        main.flush()
        worker = recording.thread(main, 101 + number)
        worker.do("handle", "Handler")
        worker.flush()
        main.leave("Thread.start", "threading")
        main.leave("_handle_request_noblock")
        main.enter("select", "select")
        main.flush()
    wait(main)
    return recording


def wait(main: Any) -> None:
    for _ in range(3000):
        main.leave("select", "select", ready=0)
        main.do("service_actions")
        main.enter("select", "select")
        main.flush()


def test_a_window_costs_what_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever lies before it, behind it or folded away in it is not gone through."""
    timeline = crowd().timeline
    looks = 0
    spans = timeline.spans
    once = spans.locate

    def count(*arguments: Any) -> Any:
        nonlocal looks
        looks += 1
        return once(*arguments)

    monkeypatch.setattr(spans, "locate", count)
    (main,) = timeline.settle().roots
    for folded in (set(), {(main.id, 0)}):
        for span in range(0, main.spans, main.spans // 20):
            looks = 0
            found = window(timeline, None, (main.id, span), 10, 10, folded)
            assert found.place is not None
            assert looks < 1500


RECORDINGS = sorted((Path(__file__).parents[1] / "recordings").glob("*.tracer"))


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_any_window_of_a_real_recording(path: Path) -> None:
    """Calls all over it, at any time, with some of those around folded."""
    timeline, _ = load(path)
    calls = calls_of(timeline)
    times = [timeline.newest, *(timeline.spans.begin(timeline.contexts[context], span) for context, span in calls[:: len(calls) // 3])]
    for number, one in enumerate(calls[:: 1 + len(calls) // 40]):
        folded = {around for place, around in enumerate(outer(timeline, one)) if (place + number) % 4 == 0}
        check_window(timeline, times[number % len(times)], one, 5, 5, folded)
