"""Building a moment: the state of everything at one time. A query, not a replay: it looks at what is alive then, and nothing else."""

from bisect import bisect_right

from .codes import UNKNOWN
from .connections import Connection
from .contexts import Context, Process, number, string
from .costs import with_costs
from .lifetimes import FOREVER
from .moment import (
    Child,
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
from .timeline import Timeline
from .words import peer_words


def at(timeline: Timeline, t: int) -> Moment:
    """The state of everything at `t` nanoseconds, as far as it is recorded."""
    state = timeline.settle()
    contexts = state.contexts.at(t)
    connections = state.connections.at(t)
    accepted = state.connections.before(t)
    processes = [context.process for context in contexts if context.process is not None and context.process.first is context]
    moment = Moment(
        t,
        tuple([_context(timeline, context, t) for context in contexts]),
        tuple([_process(timeline, process, t) for process in processes]),
        tuple(_servers(timeline, t)),
        tuple([connection_at(timeline, connection, t) for connection in connections]),
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
    inner = stack[-1].connection if stack else timeline.number(carried.inherited(context))
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
    forked = {fork.pid: fork for fork in process.forked.at(when)}
    listed = {child.pid: child for child in sample.children} if sample is not None else {}
    children = []
    for pid in sorted(forked.keys() | listed.keys()):
        fork, child = forked.get(pid), listed.get(pid)
        context = _child_context(timeline, process, pid, when)
        connection = timeline.number(timeline.carried.connection(fork.context, fork.span)) if fork is not None else None
        since = fork.returned if fork is not None else None
        if child is not None and child.state == "zombie":
            since = samples.zombie_since(child)
        children.append(
            Child(
                pid,
                timeline.label(context) if context is not None else None,
                connection,
                fork is not None,
                child.state if child is not None else None,
                child.exit if child is not None else None,
                child.signal if child is not None else None,
                since,
                fork.reaped if fork is not None and fork.reaped <= t else None,
            )
        )
    threads: list[Thread] = []
    if sample is not None and sample.threads:
        alive = {one.tid: one for one in timeline.ordered.at(when) if one.process is process}
        threads = [
            Thread(one.tid, one.name, one.state, timeline.label(alive[one.tid]) if one.tid in alive else None)
            for one in sorted(sample.threads)
        ]
    return ProcessMoment(
        process.first.id,
        process.pid,
        timeline.label(process.first),
        taken,
        sample.begin if sample is not None else None,
        process.believed_children.at(when),
        process.believed_threads.at(when),
        tuple(children),
        tuple(threads),
    )


def _child_context(timeline: Timeline, parent: Process, pid: int, t: int) -> Context | None:
    for process in reversed(timeline.settle().by_pid.get(pid, [])):
        if process.first.t <= t and (process.parent is parent or process.cause == "exec"):
            return process.first
    return None


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
            )
        )
    return found


def connection_at(timeline: Timeline, connection: Connection, t: int) -> ConnectionMoment:
    """How a connection stands at `t`."""
    served = connection.served if connection.served <= t else None
    context = connection.server_context if served is not None else None
    ended = connection.ended()
    process = connection.context.process
    assert process is not None
    failed = connection.failed <= t and connection.error >= 0
    return ConnectionMoment(
        timeline.number(connection) or 0,
        timeline.server_of(connection.context, connection.span),
        process.first.id,
        peer_words(timeline, connection),
        connection.handle if connection.kind == 1 else None,
        connection.accepted,
        connection.state(t),
        served,
        context.id if context is not None else None,
        timeline.label(context) if context is not None else None,
        ended if ended <= t and ended != FOREVER else None,
        timeline.spans.text(connection.error) if failed else "",
    )


def connection(timeline: Timeline, number_: int, t: int | None = None) -> ConnectionMoment | None:
    """The connection with that number as it stands at `t` (None: at the newest time); None if there is none."""
    items = timeline.settle().connections.items
    if not 1 <= number_ <= len(items):
        return None
    return connection_at(timeline, items[number_ - 1], timeline.newest if t is None else t)
