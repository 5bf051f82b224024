"""Building a moment: the state of everything at one time. A query, not a replay: it looks at what is alive then, and nothing else."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import replace
from typing import TypeAlias

from .children import children_at, compared, reaped_at
from .codes import UNKNOWN
from .connections import Connection
from .contexts import Context, Process, number, string
from .costs import with_costs
from .handlers import handlers_at
from .lifetimes import FOREVER
from .moment import (
    ConnectionMoment,
    ContextMoment,
    Counts,
    Held,
    Moment,
    OpenSpan,
    ProcessMoment,
    ServerMoment,
    Thread,
)
from .samples import SampledThread
from .timeline import Timeline
from .words import peer_words

#: connection -> the contexts that are inside it: each with the innermost hook for it, its label and since when.
Stages: TypeAlias = dict[int, list[tuple[int, str, str, int | None]]]

RECENTLY = 10_000_000_000  # of the connections that ended within these nanoseconds none is left out, however old it is


def at(timeline: Timeline, t: int) -> Moment:
    """The state of everything at `t` nanoseconds, as far as it is recorded."""
    state = timeline.settle()
    contexts = state.contexts.at(t)
    connections = state.connections.at(t)
    accepted = state.connections.before(t)
    processes = [one.process for one in contexts if one.process is not None and one.process.first is one and one.kind != "client"]
    seen = tuple([_context(timeline, context, t) for context in contexts])
    stages = _stages(seen)
    moment = Moment(
        t,
        seen,
        tuple([_process(timeline, process, t) for process in processes]),
        tuple(_servers(timeline, t)),
        tuple([connection_at(timeline, connection, t, stages) for connection in connections]),
        accepted,
        accepted - len(connections),
        Counts(timeline.events, timeline.lost, len(state.connections)),
        timeline.holds.set_at(t),
        _held(timeline, contexts, t) if timeline.holds.stops else (),
        timeline.holds.pace_at(t),
    )
    return with_costs(timeline, moment) if moment.held else moment


def _context(timeline: Timeline, context: Context, t: int) -> ContextMoment:
    process = context.process
    assert process is not None
    open_spans = timeline.spans.stack_at(context, t)
    carried = timeline.carried
    about = carried.stack_connections(context, [span for span, _, _ in open_spans])
    stack: list[OpenSpan] = []
    outer = ""
    known: Connection | None = None
    shown: int | None = None
    for (span, code, begin), connection in zip(open_spans, about, strict=True):
        # The turn that will take a connection is not about it yet.
        if connection is not None and connection.accepted > t:
            connection = None
        if connection is not known:
            known, shown = connection, timeline.number(connection)
        named = timeline.code(code)
        stack.append(OpenSpan(span, named.hook, named.owner, named.framework, named.hook == outer, shown, begin))
        outer = named.hook
    between = context.client.connection(t) if context.client is not None else carried.inherited(context)
    if between is not None and between.accepted > t:
        between = None
    inner = stack[-1].connection if stack else timeline.number(between)
    parent = process.parent.first if context is process.first and process.parent is not None else context.upper
    return ContextMoment(
        context.id,
        timeline.label(context),
        process.first.id,
        context.pid,
        context.tid,
        context.kind,
        process.cause if context is process.first else context.cause,
        context.name,
        parent.id if parent is not None else context.parent or None,
        context.t,
        tuple(stack),
        inner,
    )


def _stages(contexts: tuple[ContextMoment, ...]) -> Stages:
    """Where each connection is."""
    found: Stages = {}
    for context in contexts:
        span = next((one for one in reversed(context.stack) if one.connection is not None), None)
        if context.kind != "client" and span is not None and span.connection is not None:
            found.setdefault(span.connection, []).append((context.context, span.hook, context.label, span.since))
    return found


def _held(timeline: Timeline, contexts: list[Context], t: int) -> tuple[Held, ...]:
    """Those of the contexts that are held, the longest first."""
    holds = timeline.holds
    found = []
    for context in contexts:
        stop = holds.stop_at(context, t)
        if stop is None:
            continue
        span = holds.span(context, stop)
        owner = timeline.code(timeline.spans.code(context, span)).owner if span is not None else UNKNOWN.owner
        about = timeline.carried.connection(context, span if span is not None else -1)
        shown = timeline.number(about) if about is not None and about.accepted <= t else None
        found.append(Held(context.id, timeline.label(context), stop.hook, owner, stop.when, span, shown, stop.begin, holds.why(stop)))
    return tuple(sorted(found, key=lambda held: held.since))


def _process(timeline: Timeline, process: Process, t: int) -> ProcessMoment:
    samples = timeline.samples
    sample = samples.process(process.pid, process.first.t, t)
    taken = sample.end if sample is not None else None
    when = t if taken is None else taken
    children = children_at(timeline, process, sample, t)
    believed = process.believed_children.at(when)
    differs: tuple[str, ...] = ()
    if sample is not None and believed is not None and _forking(timeline, process, t) == 1:
        believed, differs = compared(timeline, process, sample, children, believed)
    threads: list[Thread] = []
    if sample is not None and sample.threads:
        alive = {one.tid: one for one in timeline.ordered.at(when) if one.process is process}
        threads = [_thread(timeline, process, one, alive.get(one.tid), when) for one in sorted(sample.threads)]
    return ProcessMoment(
        process.first.id,
        process.pid,
        timeline.label(process.first),
        taken,
        sample.begin if sample is not None else None,
        believed,
        process.believed_threads.at(when),
        children,
        tuple(threads),
        differs,
        reaped_at(timeline, process, children, t),
        handlers_at(timeline, process, t),
    )


def _thread(timeline: Timeline, process: Process, thread: SampledThread, context: Context | None, t: int) -> Thread:
    since = context.t if context is not None else process.first.t
    call = timeline.samples.call(process.pid, thread.tid, since, t)
    found = Thread(thread.tid, thread.name, thread.state, timeline.label(context) if context is not None else None)
    return replace(found, call=call.call, descriptor=call.descriptor, received=call.received) if call is not None else found


def _forking(timeline: Timeline, process: Process, t: int) -> int:
    """How many of the process's servers have children."""
    found = 0
    for known in timeline.servers.values():
        t_, _, fact = known[0]
        if t_ <= t and number(fact, "process") == process.first.id:
            mro = fact.get("mro")
            found += isinstance(mro, list) and any(str(name).rpartition(".")[2] == "ForkingMixIn" for name in mro)
    return found


def _servers(timeline: Timeline, t: int) -> list[ServerMoment]:
    state = timeline.settle()
    found = []
    for identity, known in sorted(timeline.servers.items(), key=lambda item: (item[1][0][:2], item[0])):
        place = bisect_right(known, t, key=lambda entry: entry[0])
        if not place:
            continue
        fact = known[place - 1][2]
        history = timeline.samples.queue(identity, t)
        settings = fact.get("settings")
        mro = fact.get("mro")
        descriptor = number(fact, "descriptor", -1)
        found.append(
            ServerMoment(
                identity,
                number(fact, "pid"),
                number(fact, "process"),
                string(fact, "class"),
                string(fact, "module"),
                tuple(str(name) for name in mro) if isinstance(mro, list) else (),
                string(fact, "handler"),
                string(fact, "address"),
                string(fact, "family"),
                string(fact, "kind"),
                descriptor if descriptor >= 0 else None,
                settings if isinstance(settings, dict) else {},
                history[-1] if history else None,
                history,
                bisect_right(state.accepted_by.get(identity, ()), t),
                _is_http(fact),
            )
        )
    return found


def _is_http(fact: dict[str, object]) -> bool:
    """Whether a server's handler is one of `http.server`; where it was made by a factory, its server tells.

    By the classes' names alone: that module can be the program itself.
    """
    names = [name for classes in (fact.get("handler_mro"), fact.get("mro")) if isinstance(classes, list) for name in classes]
    return not {"BaseHTTPRequestHandler", "HTTPServer"}.isdisjoint(str(name).rpartition(".")[2] for name in names)


def connection_at(timeline: Timeline, connection: Connection, t: int, stages: Stages | None = None) -> ConnectionMoment:
    """How a connection stands at `t`; with `stages`, where it is."""
    served = connection.served if connection.served <= t else None
    context = connection.server_context if served is not None else None
    ended = connection.ended()
    process = connection.context.process
    assert process is not None
    failed = connection.failed <= t and connection.error >= 0
    number_ = timeline.number(connection) or 0
    state = connection.state(t)
    inside = stages.get(number_, []) if stages else []
    nowhere = 0, "", "" if context is not None else timeline.label(connection.context), None
    _, stage, label, since = next((one for one in inside if one[0] == (context.id if context else 0)), (inside or [nowhere])[-1])
    return ConnectionMoment(
        number_,
        timeline.server_of(connection.context, connection.span),
        process.first.id,
        peer_words(timeline, connection),
        connection.handle if connection.kind == 1 else None,
        connection.accepted,
        state,
        served,
        context.id if context is not None else None,
        timeline.label(context) if context is not None else None,
        ended if ended <= t and ended != FOREVER else None,
        timeline.spans.text(connection.error) if failed else "",
        next((one.signal for one, _ in connection.holding() if one.how == "killed"), None) if state == "killed" else None,
        stage,
        label,
        since,
    )


def recent(timeline: Timeline, moment: Moment, server: int, most: int) -> tuple[ConnectionMoment, ...]:
    """The connections of a server that are open at the moment, and of its newest `most`, and all that ended a moment ago, the `most`
    that ended last; by number."""
    t, connections = moment.t, timeline.settle().connections
    open_ones = [one for one in moment.connections if one.server in (None, server)]
    found: dict[int, Connection] = {}
    for one in (*_newest(timeline, server, t, most), *connections.at(t - RECENTLY)):
        if one.ended() <= t and timeline.server_of(one.context, one.span) in (None, server):
            found[connections.rank(one.accepted, one.tie)] = one
    newest = sorted(found.values(), key=lambda one: one.ended())[-most:]
    ended = [connection_at(timeline, one, t) for one in newest]
    return tuple(sorted((*ended, *open_ones), key=lambda one: one.number))


def _newest(timeline: Timeline, server: int, t: int, most: int) -> Iterable[Connection]:
    """The newest connections that the server's loop took; where no loop did, the newest of all."""
    state = timeline.settle()
    connections, times = state.connections, state.accepted_by.get(server)
    if times is None:
        count = connections.before(t)
        return connections.items[max(0, count - most) : count]
    place = bisect_right(times, t)
    return [
        connections.items[rank]
        for accepted in dict.fromkeys(times[max(0, place - most) : place])
        for rank in range(bisect_left(connections.begins, accepted), connections.before(accepted))
    ]


def connection(timeline: Timeline, number_: int, t: int | None = None) -> ConnectionMoment | None:
    """The connection with that number as it stands at `t` (None: at the newest time); None if there is none."""
    items = timeline.settle().connections.items
    if not 1 <= number_ <= len(items):
        return None
    return connection_at(timeline, items[number_ - 1], timeline.newest if t is None else t)
