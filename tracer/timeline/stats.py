"""Counts over a whole recording: what `show --stats` prints."""

from typing import Any

from tracer.probe.frames import ENTER, RAISE, RETURN
from tracer.recording.steps import STEPS

from .contexts import Context
from .lifetimes import FOREVER
from .shapes import NONE
from .timeline import Timeline


def stats(timeline: Timeline, damaged: int = 0) -> dict[str, Any]:
    """One object that JSON can hold. `damaged` is the reader's count; times are seconds since the recording's start.

    `lost` counts records that are missing, `open_spans` spans that control is in at the end: not those whose context ended in them.
    `held` says how often contexts were held, and for how long all together, `slowed` what of that was slow motion; `unasked` counts
    stops at which a process could not ask.
    `steps` counts what clients did, as `hooks` what the program did.
    A return or raise that matches no call (the call was lost, or made in the parent before a fork) is an event, but no return.
    """
    state = timeline.settle()
    start = timeline.start
    called: dict[str, dict[str, int]] = {}
    names = {ENTER: "calls", RETURN: "returns", RAISE: "raises"}
    for move in timeline.spans.shapes:
        for span, kind in zip(move.event_spans, move.kinds, strict=True):
            if span != NONE:
                counts = called.setdefault(timeline.code(move.code(span)).hook, {"calls": 0, "returns": 0, "raises": 0})
                counts[names[kind]] += move.used
    contexts = []
    spans = open_spans = 0
    for context in state.contexts.items:
        spans += context.spans
        if context.end_how == "open":
            open_spans += len(context.stack)
        contexts.append(_context(timeline, context, start))
    return {
        "version": timeline.header.get("version"),
        "python": timeline.header.get("python"),
        "events": timeline.events,
        "lost": timeline.lost,
        "damaged": damaged,
        "spans": spans,
        "open_spans": open_spans,
        "connections": len(state.connections),
        "holds": len(timeline.holds.holds),
        "held": _held(timeline),
        "slowed": _held(timeline, slowed=True),
        "unasked": timeline.holds.unasked,
        "hooks": {name: counts for name, counts in sorted(called.items()) if name not in STEPS},
        "steps": {name: called[name] for name in STEPS if name in called},
        "contexts": contexts,
        "servers": [
            {
                "id": identity,
                "class": known[-1][2].get("class"),
                "address": known[-1][2].get("address"),
                "mro": known[-1][2].get("mro"),
                "settings": known[-1][2].get("settings"),
            }
            for identity, known in sorted(timeline.servers.items(), key=lambda item: (item[1][0][:2], item[0]))
        ],
    }


def _held(timeline: Timeline, slowed: bool = False) -> dict[str, float]:
    """How often contexts were held, and for how long; or only what of that was slow motion."""
    holds = timeline.holds
    known = [timeline.contexts[identity] for identity in holds.stops if identity in timeline.contexts]
    lasted = sum((holds.slowed if slowed else holds.held)(context, 0, timeline.newest) for context in known)
    times = sum(not slowed or stop.step == "pace" for one in holds.stops.values() for stop in one.stops)
    return {"times": times, "seconds": lasted / 1e9}


def _context(timeline: Timeline, context: Context, start: int) -> dict[str, Any]:
    process = context.process
    assert process is not None
    first = context is process.first
    parent = process.parent.first if first and process.parent is not None else context.upper
    ended = context.ended
    left = first and context.end_how in ("exited", "killed")
    return {
        "id": context.id,
        "pid": context.pid,
        "name": context.name,
        "kind": context.kind,
        "cause": process.cause if first else context.cause,
        "parent": parent.id if parent is not None else context.parent or None,
        "started": (context.t - start) / 1e9,
        "ended": (ended - start) / 1e9 if ended != FOREVER else None,
        "end": context.end_how,
        "status": process.status if left else None,
        "signal": process.signal if left else None,
    }
