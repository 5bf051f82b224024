"""Where to go in time: from one event to another, from call to call, to a connection, to an error, to a time that somebody typed.

An **event** is here what changes the moment of a context: it begins, it enters or leaves a hook, it ends. Rules of this file:

1. A place is a time and what happened there. Of several events at one time, the first context's is told, and its newest.
2. Next is after, and previous before: whoever goes on comes to another time.
3. Only who is alive there is asked, or was born or has ended between: not everybody.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from tracer.probe.frames import ENTER, RAISE

from .connections import Connection
from .contexts import Context
from .lifetimes import FOREVER
from .occurrences import Occurrences
from .shapes import NONE
from .timeline import Timeline
from .units import clock_time

Step = Literal["in", "over", "out"]

_NEVER = -1  # before all times
_MILLISECOND = 1_000_000


class Place(NamedTuple):
    """A time to go to, and the call it is about. The moment at `t` has the event in it."""

    t: int
    context: int
    span: int  # -1: no call, as when a context begins


# ---- events


def next_event(timeline: Timeline, t: int, context: int | None = None) -> Place | None:
    """The first event after `t`, of all contexts or of that one; None: there is none."""
    found = [(_after(timeline, one, t), one) for one in _may_come(timeline, t, context)]
    when = min((when for when, _ in found), default=FOREVER)
    return None if when == FOREVER else _first(timeline, when, found)


def previous_event(timeline: Timeline, t: int, context: int | None = None) -> Place | None:
    """The last event before `t`, of all contexts or of that one; None: there is none."""
    found = [(_before(timeline, one, t), one) for one in _may_have_come(timeline, t, context)]
    when = max((when for when, _ in found), default=_NEVER)
    return None if when == _NEVER else _first(timeline, when, found)


def _may_come(timeline: Timeline, t: int, context: int | None) -> list[Context]:
    """Those who may have the first event after `t`: who is alive, and who begins next."""
    if context is not None:
        return _known(timeline, context)
    contexts = timeline.ordered
    place = contexts.before(t)
    born = contexts.items[place : contexts.before(contexts.begins[place])] if place < len(contexts) else []
    return contexts.at(t) + born


def _may_have_come(timeline: Timeline, t: int, context: int | None) -> list[Context]:
    """Those who may have the last event before `t`: who began last, and who had not ended by then."""
    if context is not None:
        return _known(timeline, context)
    contexts = timeline.ordered
    place = contexts.before(t - 1)
    return _there(timeline, contexts.begins[place - 1]) if place else []


def _there(timeline: Timeline, t: int) -> list[Context]:
    """Those who may have done something right at `t`: who was alive just before, and who begins then."""
    contexts = timeline.ordered
    return contexts.at(t - 1) + contexts.items[contexts.before(t - 1) : contexts.before(t)]


def _known(timeline: Timeline, context: int) -> list[Context]:
    timeline.settle()
    known = timeline.contexts.get(context)
    return [known] if known is not None and known.process is not None else []


def _after(timeline: Timeline, context: Context, t: int) -> int:
    """The time of the context's first event after `t`; FOREVER: there is none."""
    if t < context.t:
        return context.t
    return min(timeline.spans.next_event(context, t), context.ended) if t < context.ended else FOREVER


def _before(timeline: Timeline, context: Context, t: int) -> int:
    """The time of the context's last event before `t`; _NEVER: there is none."""
    if t <= context.t:
        return _NEVER
    return max(context.t, timeline.spans.last_event(context, t - 1)) if t <= context.ended else context.ended


def _first(timeline: Timeline, t: int, found: Iterable[tuple[int, Context]]) -> Place:
    """The place at `t` of the first context, in the order in which they began, that has an event there."""
    return _place(timeline, min((context for when, context in found if when == t), key=lambda context: context.key), t)


def _place(timeline: Timeline, context: Context, t: int) -> Place:
    span, _ = timeline.spans.newest_event(context, t)
    if span < 0 or t >= context.ended:  # who is killed does nothing: it is where control was
        stack = timeline.spans.stack_at(context, t)
        span = stack[-1][0] if stack else span
    return Place(t, context.id, span)


# ---- steps, as the gate makes them


def step(timeline: Timeline, t: int, context: int, mode: Step) -> Place | None:
    """Where a step from `t` takes a context, as if it were held there; None: it does nothing more, or never comes out.

    In: its next event. Over: the next that is not inside the call it has just entered. Out: the end of the call around.
    """
    for one in _known(timeline, context):
        if mode == "in" or (span := _left_by(timeline, one, t, mode)) == _NEXT:
            when = timeline.spans.next_event(one, t)
        else:
            end = timeline.spans.span(one, span).end if span >= 0 else None
            when = FOREVER if end is None else end
        if t < when <= one.ended and when != FOREVER:
            return _place(timeline, one, when)
    return None


_NOWHERE, _NEXT = -1, -2  # no call; none has to be left


def _left_by(timeline: Timeline, context: Context, t: int, mode: Step) -> int:
    """The call whose end a step over or out leads to."""
    span, kind = timeline.spans.newest_event(context, t)
    if mode == "over":
        return span if kind == ENTER else _NEXT
    around = [number for number, _, _ in timeline.spans.stack_at(context, t)]
    if kind == ENTER:
        around.pop()
    return around[-1] if around else _NOWHERE


# ---- calls


def begin_of(timeline: Timeline, context: int, span: int) -> Place | None:
    """Where a call begins; None if there is no such call."""
    for one in _with_call(timeline, context, span):
        return Place(timeline.spans.begin(one, span), context, span)
    return None


def end_of(timeline: Timeline, context: int, span: int) -> Place | None:
    """Where a call ends, with its context if not by itself; None: it goes on, or there is no such call."""
    for one in _with_call(timeline, context, span):
        end = timeline.spans.span(one, span).end
        end = one.ended if end is None else end
        return Place(end, context, span) if end != FOREVER else None
    return None


def around(timeline: Timeline, context: int, span: int) -> Place | None:
    """Where the call around a call begins: for an outermost one, that in which its context was born; None: there is none."""
    for one in _with_call(timeline, context, span):
        parent = timeline.spans.parent(one, span)
        if parent >= 0:
            return begin_of(timeline, context, parent)
        return begin_of(timeline, one.upper.id, one.host) if one.upper is not None else None
    return None


def inside(timeline: Timeline, context: int, span: int) -> Place | None:
    """Where the first call inside a call begins, which may be one of a context that was born in it; None: there is none."""
    for one in _with_call(timeline, context, span):
        for born in (one.grafts or {}).get(span, ()):
            if born.host == span and born.spans:
                return begin_of(timeline, born.id, 0)
        if span + 1 < one.spans and timeline.spans.parent(one, span + 1) == span:
            return begin_of(timeline, context, span + 1)
    return None


def _with_call(timeline: Timeline, context: int, span: int) -> list[Context]:
    return [one for one in _known(timeline, context) if 0 <= span < one.spans]


def next_same(timeline: Timeline, context: int, span: int) -> Place | None:
    """Where the next call of the same hook begins, wherever that is; None: there is none, or no such call."""
    for one in _with_call(timeline, context, span):
        calls, t = _same(timeline, one, span), timeline.spans.begin(one, span)
        return _call(timeline, calls.after(t))
    return None


def previous_same(timeline: Timeline, context: int, span: int) -> Place | None:
    """Where the call of the same hook before that one begins, wherever that is; None: there is none, or no such call."""
    for one in _with_call(timeline, context, span):
        calls, t = _same(timeline, one, span), timeline.spans.begin(one, span)
        return _call(timeline, calls.before(t))
    return None


def _same(timeline: Timeline, context: Context, span: int) -> Occurrences:
    """Calls of the hook that `span` is a call of, whoever supplies it."""
    code = timeline.spans.code(context, span)
    known = timeline.codes.get(code)
    alike = [other for other, one in timeline.codes.items() if known is not None and one.hook == known.hook]
    return timeline.index.calls(frozenset(alike or [code]))


def _call(timeline: Timeline, found: Iterator[tuple[int, int, int]]) -> Place | None:
    """The first of these calls, each with the place of its begin."""
    for t, there in _by_time(timeline, found):
        context, index, position = there[0]
        local = timeline.spans.moves[context.chunks[index]].begins.index(position)
        return Place(t, context.id, timeline.spans.bases[context.chunks[index]] + local)
    return None


def _by_time(timeline: Timeline, found: Iterator[tuple[int, int, int]]) -> Iterator[tuple[int, list[tuple[Context, int, int]]]]:
    """What was found as (context, number of its chunk, position there), all of one time together, in the order of contexts."""
    one = next(found, None)
    while one is not None:
        t, alike = one[0], []
        while one is not None and one[0] == t:
            alike.append(one[1:])
            one = next(found, None)
        contexts = _there(timeline, t)
        there = [(context, index, position) for chunk, position in alike for context, index in _of_chunk(contexts, chunk)]
        if there:  # else it is of a context that was not alive: damage
            yield t, sorted(there, key=lambda entry: (entry[0].key, entry[1:]))


def _of_chunk(contexts: list[Context], chunk: int) -> Iterator[tuple[Context, int]]:
    """Whose chunk that is, and its number there."""
    for context in contexts:
        index = bisect_left(context.chunks, chunk)
        if index < len(context.chunks) and context.chunks[index] == chunk:
            yield context, index


# ---- errors


def next_error(timeline: Timeline, t: int) -> Place | None:
    """Where, after `t`, an exception leaves the call that raised it first; None: nowhere."""
    return _error(timeline, timeline.index.raised().after(t))


def previous_error(timeline: Timeline, t: int) -> Place | None:
    """Where, before `t`, an exception left the call that raised it first; None: nowhere."""
    return _error(timeline, timeline.index.raised().before(t))


def _error(timeline: Timeline, found: Iterator[tuple[int, int, int]]) -> Place | None:
    spans = timeline.spans
    for t, there in _by_time(timeline, found):
        for context, index, position in there:
            move = spans.moves[context.chunks[index]]
            event = move.positions.index(position)
            span = spans.reference(context, index, move.event_spans[event])
            if not _came_from_inside(timeline, context, index, event, span):
                return Place(t, context.id, span)
    return None


def _came_from_inside(timeline: Timeline, context: Context, index: int, event: int, span: int) -> bool:
    """Whether the exception that left `span` with that event had left a call directly inside before, so that it was told there."""
    spans, raised = timeline.spans, timeline.index.raised()
    for place in range(index, spans.locate(context, span)[0] - 1, -1):
        move = spans.moves[context.chunks[place]]
        if not raised.has(move):
            continue
        for earlier in range((event if place == index else len(move.positions)) - 1, -1, -1):
            if move.kinds[earlier] == RAISE and move.event_spans[earlier] != NONE:
                inner = spans.reference(context, place, move.event_spans[earlier])
                alike = spans.end_payloads(context, inner).get("error") == spans.end_payloads(context, span).get("error")
                return alike and inner > span and spans.parent(context, inner) == span
    return False


# ---- connections


def next_connection(timeline: Timeline, t: int, server: int | None = None) -> Place | None:
    """Where the next connection after `t` is accepted, by any server or by that one; None: none is."""
    known, first = timeline.settle().connections, t + 1
    times = _counted(timeline, server)
    if times is not None:
        place = bisect_right(times, t)
        first = times[place] if place < len(times) else FOREVER
    return _acceptance(timeline, known.items, range(known.before(first - 1), len(known)), server)


def previous_connection(timeline: Timeline, t: int, server: int | None = None) -> Place | None:
    """Where the last connection before `t` was accepted, by any server or by that one; None: none was."""
    known, last = timeline.settle().connections, t - 1
    times = _counted(timeline, server)
    if times is not None:
        place = bisect_left(times, t)
        last = times[place - 1] if place else _NEVER
    return _acceptance(timeline, known.items, range(known.before(last) - 1, -1, -1), server)


def connection_place(timeline: Timeline, number: int) -> Place | None:
    """Where the connection with that number is accepted; None if there is none."""
    known = timeline.settle().connections
    return _acceptance(timeline, known.items, range(number - 1, number), None) if 1 <= number <= len(known) else None


def _counted(timeline: Timeline, server: int | None) -> Sequence[int] | None:
    """When that server took its connections; None if no server is meant, or if not all connections could be counted for theirs."""
    state = timeline.settle()
    if server is None or sum(map(len, state.accepted_by.values())) < len(state.connections):
        return None
    return state.accepted_by.get(server, ())


def _acceptance(timeline: Timeline, connections: list[Connection], places: range, server: int | None) -> Place | None:
    for place in places:
        one = connections[place]
        if server is None or timeline.server_of(one.context, one.span) == server:
            return Place(one.accepted, one.context.id, one.span)
    return None


# ---- times


_TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+)(?:\.(\d{1,9}))? ?s?", re.ASCII)
_CURE = "no time: type 12.4 for seconds, 01:12.418 or 1:02:03"


def parse_time(text: str, timeline: Timeline) -> int:
    """The time that somebody typed, counted from the recording's start: `00:12.418`, `12.4s`, `12.4`, `1:02:03`.

    Times are told to the millisecond, so it is the end of that one: whatever is shown with this time has happened by then. Raises
    ValueError with one line that says what to type.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None or len(text) > 40:
        raise ValueError(_CURE)
    hours, minutes, seconds, rest = (part or "" for part in found.groups())
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds)
    fraction = int(rest.ljust(9, "0")) + (_MILLISECOND - 1 if len(rest) <= 3 else 0)
    newest = timeline.newest - timeline.start
    wanted = whole * 1_000_000_000 + fraction
    if wanted - (_MILLISECOND - 1) > newest:
        raise ValueError(f"the recording ends at {clock_time(newest)}: type an earlier time")
    return timeline.start + min(wanted, newest)
