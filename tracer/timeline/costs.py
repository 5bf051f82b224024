"""What waits because a context is held, in words: clients at its server, contexts that wait for its end, its own client.

Rules of this file:
1. Only what is certain is said. What the kernel was asked for has its age, what it does not tell its reason.
2. What keeps the most waiting comes first.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tracer.probe.hooks import LOOPS

from .contexts import number
from .moment import ContextMoment, Held, Moment, OpenSpan, Queue, ServerMoment
from .requests import request_at
from .timeline import Timeline
from .units import count, ticking
from .words import asked_words

_WAITS = ("Thread.join", "waitpid", "shutdown")
_NO_WAIT = 1  # waitpid's WNOHANG
_ANY = -1  # and any child
_AT_ONCE = ("verify_request", "process_request", "Thread.start", "fork")  # held before it: nobody else has the connection
_HANDLED = {"handle", "finish", "handle_error", "shutdown_request", "close_request", "_exit"}  # begun: a reply may be out
_ENDING = {"shutdown_request", "close_request", "_exit"}  # begun: the client may have been told the end
_SERVED = {*_HANDLED, "finish_request", "process_request", "process_request_thread", "_handle_request_noblock"}  # ended: likewise


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A context that is inside a call which waits for another to end."""

    context: ContextMoment
    span: OpenSpan
    whom: int  # a context, a pid or a server: it depends on the hook

    def words(self, t: int, whom: str) -> str:
        """`main has waited 3.2 s in server_close for this thread to end`."""
        where = "server_close" if self.inside("server_close") else self.span.hook
        return f"{self.context.label} has waited {ticking(t - self.span.since)} in {where} for {whom}"

    def inside(self, *hooks: str) -> bool:
        return any(span.hook in hooks for span in self.context.stack)


def with_costs(timeline: Timeline, moment: Moment) -> Moment:
    """The moment, and with each held context what it costs."""
    costs = _Costs(timeline, moment)
    return replace(moment, held=tuple([replace(held, costs=costs.of(held)) for held in moment.held]))


class _Costs:
    """Answers for one moment."""

    def __init__(self, timeline: Timeline, moment: Moment) -> None:
        self.timeline = timeline
        self.moment = moment
        self.t = moment.t
        self.contexts = {context.context: context for context in moment.contexts}
        held = {one.context for one in moment.held}
        self.waiting = [found for one in moment.contexts if one.context not in held and (found := self._waits(one)) is not None]
        self.loops = [(one.context, server) for one in moment.contexts for server in self._servers(one)]

    def of(self, held: Held) -> tuple[str, ...]:
        """What waits because of one held context."""
        context = self.contexts[held.context]
        return (*self._loop(context), *self._waited_for(context), *self._client(held, context))

    # -- what everybody does -----------------------------------------------------------------------------------------------

    def _waits(self, context: ContextMoment) -> _Waiting | None:
        """What the context waits for; None if it does not, or for nobody in particular."""
        span = context.stack[-1] if context.stack else None
        if span is None or span.hook not in _WAITS:
            return None
        given = self.timeline.spans.begin_payloads(self.timeline.contexts[context.context], span.span)
        whom = given.get({"Thread.join": "context", "waitpid": "pid"}.get(span.hook, "server"))
        options = given.get("options", _NO_WAIT)
        at_once = span.hook == "waitpid" and not (isinstance(options, int) and options & _NO_WAIT == 0)
        if not isinstance(whom, int) or at_once:
            return None
        return _Waiting(context, span, whom)

    def _servers(self, context: ContextMoment) -> dict[int, int]:
        """The servers whose loop the context runs, the outermost first, and how deep in its stack that is."""
        found: dict[int, int] = {}
        for depth, span in enumerate(context.stack):
            if span.hook in LOOPS:
                server = self.timeline.server_of(self.timeline.contexts[context.context], span.span)
                if server is not None:
                    found.setdefault(server, depth)
        return found

    def _is_shared(self, context: ContextMoment, server: int) -> bool:
        """Whether another context takes clients from the server's socket, too."""
        sockets = self._sockets(server)
        return any(
            one != context.context and (other == server or not sockets.isdisjoint(self._sockets(other))) for one, other in self.loops
        )

    def _sockets(self, server: int) -> set[int]:
        return {number(fact, "inode") for _, _, fact in self.timeline.servers.get(server, ())} - {0}

    # -- clients of the loop -----------------------------------------------------------------------------------------------

    def _loop(self, context: ContextMoment) -> Iterator[str]:
        """Whoever is not accepted."""
        for server, depth in self._servers(context).items():
            known = next((one for one in self.moment.servers if one.server == server), None)
            if known is None or self._is_shared(context, server):
                continue
            dispatched = [span for span in context.stack[depth:] if span.hook == "process_request"]
            if dispatched and all(span.framework and span.owner == "BaseServer" for span in dispatched):
                yield "holds everyone: this server has one thread and serves nobody else"
            else:
                yield f"{'no datagram is received' if known.kind == 'datagram' else 'nobody is accepted'} while this loop is held"
            yield from self._queue(known)

    def _queue(self, server: ServerMoment) -> Iterator[str]:
        """Whoever waits at the server's socket."""
        many = "how many datagrams wait to be received" if server.kind == "datagram" else "how many are in the accept queue"
        queue = server.queue
        if queue is None:
            yield f"{many}: n/a (no sample yet)"
            return
        asked = f"asked {ticking(self.t - queue.end)} ago"
        if queue.depth is None and queue.bytes is not None:
            if queue.bytes:
                yield f"datagrams wait to be received: {queue.bytes:,} bytes ({asked})"
        elif queue.depth is None:
            yield f"{many}: n/a ({queue.why.get('depth', 'the sample does not say')})"
        elif (since := self._since(server.server)) is not None:
            seen = f"{'' if queue.depth == 1 else 'the first '}seen {ticking(self.t - since)} ago"
            yield f"{queue.depth:,} in the accept queue, {seen} ({asked}; who has left counts until accepted)"

    def _since(self, server: int) -> int | None:
        """When the client that is in the queue the longest was first seen there; None: nobody is known to be.

        Whoever came first is accepted first: of those that a sample saw, as many as were accepted since are gone.
        """
        known = self.timeline.samples.queues[server]
        accepted = self.timeline.settle().accepted_by.get(server, ())
        until = bisect_right(accepted, self.t)
        since = None
        for place in range(bisect_right(known, self.t, key=_end) - 1, -1, -1):
            sample = known[place]
            if until - bisect_right(accepted, sample.begin) >= (sample.depth or 0):
                break
            since = sample.end
        return since

    # -- contexts ----------------------------------------------------------------------------------------------------------

    def _waited_for(self, context: ContextMoment) -> Iterator[str]:
        """Whoever waits for the context to end, or its process, or the loop that it runs."""
        known = self.timeline.contexts[context.context].process
        parent = known.parent if known is not None and known.first.id == context.context else None
        servers = self._servers(context)
        for one in self.waiting:
            match one.span.hook:
                case "Thread.join" if one.whom == context.context:
                    yield one.words(self.t, "this thread to end")
                case "shutdown" if one.whom in servers and context.stack[servers[one.whom]].hook == "serve_forever":
                    yield one.words(self.t, "this loop to end")
                case "waitpid" if parent is not None and parent.first.id == one.context.process:
                    if one.whom == context.pid:
                        yield one.words(self.t, "this process to end")
                    elif one.whom == _ANY:
                        yield from self._any_child(one)

    def _any_child(self, waiting: _Waiting) -> Iterator[str]:
        """A context waits for any of its children, of which one is held."""
        process = self.timeline.contexts[waiting.context.context].process
        believed = process.believed_children.at(self.t) if process is not None else None
        loops = self._servers(waiting.context)
        limited = [server for server in self.moment.servers if server.server in loops and _is_limit(server, believed)]
        if not limited or not waiting.inside("collect_children") or waiting.inside("server_close"):
            yield waiting.words(self.t, "a child to end: this is one")
            return
        lasts = ticking(self.t - waiting.span.since)
        has = count(believed or 0, "child", "children")
        yield f"{waiting.context.label} accepts nobody, for {lasts} now: it has {has}, as many as max_children allows"
        for server in limited:
            yield from self._queue(server)

    # -- its own client ----------------------------------------------------------------------------------------------------

    def _client(self, held: Held, context: ContextMoment) -> Iterator[str]:
        """The client of the connection that the context serves."""
        connection = next((one for one in self.moment.connections if one.number == held.connection), None)
        if connection is None:
            return
        who = f"#{connection.number} {connection.peer}".rstrip()
        if connection.context is None:
            if self._has_it_alone(held):
                yield f"{who} has no reply yet"
        elif connection.context == held.context:
            asked = self._asked(context)
            if not self._may_have_replied(held, context):
                yield f"{who} has no reply yet"
            elif asked is not None:
                yield f"{who} has no reply to {asked or 'its request'} yet"
            elif connection.descriptor is not None and self._is_not_ended(held, context):
                yield f"{who} does not see its connection end yet, unless the program ended it"

    def _has_it_alone(self, held: Held) -> bool:
        """Whether the context took the connection, and has neither refused it nor given it to anybody."""
        assert held.connection is not None
        connection = self.timeline.settle().connections.items[held.connection - 1]
        if connection.context.id != held.context or connection.refused <= self.t:
            return False
        return held.hook in (_AT_ONCE if held.when == "before" else ("get_request", "verify_request"))

    def _may_have_replied(self, held: Held, context: ContextMoment) -> bool:
        """Whether code has run, for the connection, that sends a reply."""
        begun = _begun(held, context)
        if held.when == "before":
            return not begun.isdisjoint(_HANDLED) or (held.hook in _HANDLED and held.hook != "handle")
        return not begun.isdisjoint(_HANDLED) or held.hook in _SERVED

    def _is_not_ended(self, held: Held, context: ContextMoment) -> bool:
        """Whether the framework has yet to tell the client that nothing more comes: shutdown_request does, whoever else has a copy."""
        begun = _begun(held, context)
        served = held.hook in (("shutdown_request", "handle_error") if held.when == "before" else ("finish_request", "handle_error"))
        return begun.isdisjoint(_ENDING) and (served or not begun.isdisjoint(("finish_request", "handle_error")))

    def _asked(self, context: ContextMoment) -> str | None:
        """The HTTP request that the context serves, if that has no reply yet: `GET /x`, "" if its line is not known."""
        known = self.timeline.contexts[context.context]
        served = (request_at(known, span.span, self.t) for span in reversed(context.stack))
        request = next((one for one in served if one is not None), None)
        if request is None or request.replied <= self.t:
            return None
        return asked_words(self.timeline.spans.text(request.line))


def _begun(held: Held, context: ContextMoment) -> set[str]:
    """The hooks that the context is inside of: not the one that it is held before."""
    return {span.hook for span in context.stack if span.span != held.span or held.when == "after"}


def _is_limit(server: ServerMoment, children: int | None) -> bool:
    """Whether a server has as many children as it may, or more."""
    limit = server.settings.get("max_children")
    return isinstance(limit, int) and children is not None and children >= limit


def _end(queue: Queue) -> int:
    return queue.end
