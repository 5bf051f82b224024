"""What was held and released, and by what, in lines as it happens."""

from collections.abc import Iterable, Iterator
from typing import Any

from tracer.timeline.calls import row
from tracer.timeline.contexts import number
from tracer.timeline.holds import Stop
from tracer.timeline.timeline import Timeline
from tracer.timeline.units import duration

from .tree import columns

_BY = {
    "all": "with all others",
    "signal": "by a signal's handler",
    "gone": "it is gone",
    "viewer gone": "whoever held it has left",
    "end": "the run has ended",
}
_FOLLOWS = {"parent": ", not into children", "child": ", into the child"}
_REMOVED = {"used": "it has held", "viewer gone": "whoever set it has left"}


def hold_lines(timeline: Timeline, facts: Iterable[dict[str, Any]]) -> Iterator[tuple[int, str]]:
    """A line, and its time, for each of the facts that says something of holds. Each has been taken in by the timeline."""
    for fact in facts:
        t = number(fact, "t", -1)
        match fact.get("type"):
            case "held" | "released" as kind:
                line = _stop(timeline, number(fact, "context"), t, kind)
            case "hold" | "unhold" as kind:
                line = _hold(timeline, number(fact, "id"), t, kind)
            case "pace":
                pace = timeline.holds.pace_at(t)
                words = f"slow motion: each hook waits {duration(pace)}, times are not the program's" if pace else "slow motion ends"
                line = columns(t - timeline.start, "", words)
            case _:
                continue
        if line:
            yield t, line


def _hold(timeline: Timeline, identity: int, t: int, kind: str) -> str:
    hold = timeline.holds.holds.get(identity)
    if hold is None:
        return ""
    if kind == "hold":
        words = f"hold {identity} is set: {hold.filter}{' (for one stop)' if hold.once else ''}"
    else:
        why = _REMOVED.get(timeline.holds.removed.get(identity, (0, ""))[1], "")
        words = f"hold {identity} is removed{': ' if why else ''}{why}"
    return columns(t - timeline.start, "", words)


def _stop(timeline: Timeline, identity: int, t: int, kind: str) -> str:
    """The line of a context that is held or released; "" in slow motion, where that is so at each hook."""
    known, context = timeline.holds.stops.get(identity), timeline.contexts.get(identity)
    stop = known.at(t) if known is not None else None
    if stop is None or stop.step == "pace" or context is None or context.process is None:
        return ""
    words = f"held {stop.when} {stop.hook}  ({timeline.holds.why(stop)})" if kind == "held" else _released(stop)
    span = timeline.holds.span(context, stop)
    if span is None:
        return columns(t - timeline.start, timeline.label(context), words)
    call = row(timeline, context, span)
    return columns(t - timeline.start, call.label, "  " * call.depth + words, call.connection)


def _released(stop: Stop) -> str:
    """How it moves on: `released after 3.20 s, steps over`, `released after 3.20 s: it is gone`."""
    steps = f", steps {stop.mode}{_FOLLOWS.get(stop.follow, '')}" if stop.mode in ("in", "over", "out") else ""
    by = _BY.get(stop.by, "")
    return f"released after {duration(stop.end - stop.begin)}{steps}{': ' if by else ''}{by}"
