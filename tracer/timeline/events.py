"""Events one by one, for `show --events`: in the order of time, each context's in its own exact order.

Beside what the program's contexts do there are the supervisor's: samples, and what was held and released, by whom.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tracer.probe.frames import ENTER, RETURN

from .connections import peer4_words
from .contexts import Context
from .holds import Stop
from .lifetimes import FOREVER
from .shapes import NONE
from .timeline import Timeline


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at one instant."""

    t: float  # seconds since the recording's start
    context: int | None  # None: of the whole run
    pid: int | None
    kind: str  # enter, return, raise, begin, end, client, sample, hold, unhold, held, released or pace
    hook: str | None = None  # of a client: its step, and its payload's "event" is enter, return or raise
    owner: str | None = None
    server: int | None = None
    connection: int | None = None
    depth: int | None = None  # spans around it in its own context
    payload: dict[str, object] | None = None  # what it carries, by name

    def as_dict(self) -> dict[str, object]:
        """The event as one flat object for JSON: its payload's names stand beside its own."""
        fields = {name: getattr(self, name) for name in self.__slots__ if name != "payload"}
        return fields | {name: value for name, value in (self.payload or {}).items() if name not in fields}


def events(timeline: Timeline) -> Iterator[Event]:
    """All events. Across contexts they are in order of time; at equal times a cause comes before its effect where one is known."""
    timeline.settle()
    streams = [_context(timeline, context, place) for place, context in enumerate(timeline.ordered.items)]
    streams.append(_samples(timeline, len(streams)))
    streams.append(_holds(timeline, len(streams)))
    for _, _, _, event in heapq.merge(*streams, key=lambda entry: entry[:3]):
        yield event


def _samples(timeline: Timeline, place: int) -> Iterator[tuple[int, int, int, Event]]:
    for number, (end, begin) in enumerate(timeline.samples.times):
        yield end, place, number, Event(timeline.seconds(end), None, None, "sample", payload={"begin": timeline.seconds(begin)})


def _holds(timeline: Timeline, place: int) -> Iterator[tuple[int, int, int, Event]]:
    """What was set to hold contexts, and who was held and released."""
    holds = timeline.holds
    said: list[tuple[int, str, dict[str, object]]] = []
    for hold in holds.holds.values():
        said.append((hold.since, "hold", {"id": hold.hold, "filter": hold.filter, "once": hold.once}))
    for identity, (t, by) in holds.removed.items():
        said.append((t, "unhold", {"id": identity, "by": by}))
    for t, interval in holds.paces:
        said.append((t, "pace", {"interval": interval / 1e9}))
    found = [(t, Event(timeline.seconds(t), None, None, kind, payload=payload)) for t, kind, payload in said]
    for stops in holds.stops.values():
        for stop in stops.stops:
            where: dict[str, object] = {"when": stop.when, "why": holds.why(stop)}
            found.append(_stop(timeline, stop, stop.begin, "held", where | {"hold": stop.hold or None, "step": stop.step}))
            if stop.end != FOREVER:
                how = {"mode": stop.mode, "follow": stop.follow, "by": stop.by, "seconds": (stop.end - stop.begin) / 1e9}
                found.append(_stop(timeline, stop, stop.end, "released", where | how))
    found.sort(key=lambda one: (one[0], one[1].kind))
    for number, (t, event) in enumerate(found):
        yield t, place, number, event


def _stop(timeline: Timeline, stop: Stop, t: int, kind: str, payload: dict[str, object]) -> tuple[int, Event]:
    context = timeline.contexts.get(stop.context)
    pid = context.pid or None if context is not None else None
    event = Event(timeline.seconds(t), stop.context, pid, kind, stop.hook, payload=payload)
    span = timeline.holds.span(context, stop) if context is not None else None
    if context is None or span is None:
        return t, event
    about = timeline.carried.connection(context, span)
    known = timeline.spans.span(context, span)
    return t, replace(
        event,
        owner=timeline.code(known.code).owner,
        server=timeline.server_of(context, span),
        connection=timeline.number(about) if about is not None and about.accepted <= t else None,
        depth=known.depth,
    )


def _readable(payload: dict[str, int | str]) -> dict[str, object]:
    peer = payload.pop("peer4", None)
    return {**payload, "peer": peer4_words(peer)} if isinstance(peer, int) else {**payload}


def _context(timeline: Timeline, context: Context, place: int) -> Iterator[tuple[int, int, int, Event]]:
    spans, carried = timeline.spans, timeline.carried
    pid = context.pid or None
    number = 0
    newest = context.t if context.t != FOREVER else timeline.start
    begun: dict[str, object] = {"name": context.name, "label": timeline.label(context)}
    yield newest, place, number, Event(timeline.seconds(newest), context.id, pid, "begin", payload=begun)
    for index, chunk in enumerate(context.chunks):
        move, offset = spans.moves[chunk], spans.offsets[chunk]
        for position, reference, kind in zip(move.positions, move.event_spans, move.kinds, strict=True):
            t = spans.values[offset + position]
            number += 1
            newest = max(newest, t)  # never before what the same context did before
            if reference == NONE:
                continue
            span = spans.reference(context, index, reference)
            code = timeline.code(move.code(reference))
            connection = carried.connection(context, span)
            server = timeline.server_of(context, span)
            happened = "enter" if kind == ENTER else "return" if kind == RETURN else "raise"
            carries = _readable(spans.payloads(chunk, position))
            if context.kind == "client":  # whose it is was known to nobody then, so it is told from the begin
                happened, carries = "client", {"event": happened, **carries}
                server = timeline.server_of(connection.context, connection.span) if connection is not None else None
            elif connection is not None and connection.accepted > t:
                connection = None
            event = Event(
                timeline.seconds(t),
                context.id,
                pid,
                happened,
                code.hook,
                code.owner,
                server,
                timeline.number(connection),
                move.depths[reference] if reference >= 0 else ~reference,
                carries,
            )
            yield newest, place, number, event
    if context.ended != FOREVER:
        assert context.process is not None
        ending: dict[str, object] = {"end": context.end_how}
        if context is context.process.first:
            ending |= {"status": context.process.status, "signal": context.process.signal}
        t = max(newest, context.ended)
        yield t, place, number + 1, Event(timeline.seconds(t), context.id, pid, "end", payload=ending)
