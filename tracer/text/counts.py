"""Counts and events as text, and as JSON for programs."""

import json
from collections.abc import Iterator
from typing import Any

from tracer.recording.text import harmless
from tracer.timeline.events import Event
from tracer.timeline.units import count, duration


def stats_lines(stats: dict[str, Any]) -> Iterator[str]:
    """What `show --stats` prints for a person."""
    yield ", ".join((
        count(stats["events"], "event"),
        count(stats["spans"], "call"),
        count(stats["connections"], "connection"),
        count(len(stats["contexts"]), "context"),
    ))  # fmt: skip
    losses = [f"{count(stats['lost'], 'record')} lost"] * bool(stats["lost"])
    losses += [f"{count(stats['damaged'], 'damaged place')} in the file"] * bool(stats["damaged"])
    losses += [f"{count(stats['unasked'], 'stop')} where a process could not ask whether it is held"] * bool(stats["unasked"])
    if losses:
        yield "! " + ", ".join(losses)
    if stats["holds"] or stats["held"]["times"]:
        slowed = f"; of these {_times(stats['slowed'])}, by slow motion" if stats["slowed"]["times"] else ""
        yield f"{count(stats['holds'], 'hold')}; contexts were held {_times(stats['held'])} in all{slowed}"
    yield from _counts("hook", stats["hooks"])
    if stats["steps"]:
        yield from _counts("step of clients", stats["steps"])
    for server in stats["servers"]:
        yield ""
        yield harmless(f"server {server['class']} at {server['address'] or 'no address yet'}")
        settings = ", ".join(f"{name} {value}" for name, value in (server["settings"] or {}).items())
        if settings:
            yield harmless(f"  {settings}")
    yield ""
    ends: dict[str, int] = {}
    for context in stats["contexts"]:
        ends[f"{context['kind']} {context['end']}"] = ends.get(f"{context['kind']} {context['end']}", 0) + 1
    yield "contexts: " + ", ".join(f"{number} {words}" for words, number in sorted(ends.items()))


def _counts(what: str, counts: dict[str, dict[str, int]]) -> Iterator[str]:
    """A table, a line for each name."""
    yield ""
    yield f"{what:<26}{'calls':>9}{'returns':>9}{'raises':>9}"
    for name, found in counts.items():
        yield f"{harmless(name):<26}{found['calls']:>9}{found['returns']:>9}{found['raises']:>9}"


def _times(held: dict[str, float]) -> str:
    """`2 times, 5.20 s`."""
    return f"{count(int(held['times']), 'time')}, {duration(round(held['seconds'] * 1e9))}"


def event_line(event: Event) -> str:
    """One event as text: time, context, kind, hook, and what it carries."""
    indent = "  " * (event.depth or 0)
    owner = f" {event.owner}" if event.owner else ""
    number = f" #{event.connection}" if event.connection is not None else ""
    carried = " ".join(f"{name}={value}" for name, value in (event.payload or {}).items() if value not in (None, ""))
    source = "kernel" if event.kind == "sample" else "supervisor"
    context = f"{event.context % 1_000_000_007:>10}" if event.context is not None else f"{source:>10}"
    line = f"{event.t:12.6f} {event.pid or '':>7} {context} {event.kind:<8} {indent}{event.hook or ''}{owner}{number} {carried}"
    return harmless(line).rstrip()


def event_json(event: Event) -> str:
    """One event as a line of JSON."""
    return json.dumps(event.as_dict())


def stats_json(stats: dict[str, Any]) -> str:
    """The counts as one JSON object."""
    return json.dumps(stats)
