"""What waits because a context is held, in words: clients at its server, contexts that wait for its end, its own client.

Rules of this file:
1. Only what is certain is said. What the kernel was asked for has its age, what it does not tell its reason.
2. What keeps the most waiting comes first.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace

from .moment import ContextMoment, Held, Moment, Queue, ServerMoment
from .relations import ANY_CHILD, Relations, Waiting
from .requests import request_at
from .timeline import Timeline
from .units import count, ticking
from .words import asked_words

_AT_ONCE = ("verify_request", "process_request", "Thread.start", "fork")  # held before it: nobody else has the connection
_HANDLED = {"handle", "finish", "handle_error", "shutdown_request", "close_request", "_exit"}  # begun: a reply may be out
_ENDING = {"shutdown_request", "close_request", "_exit"}  # begun: the client may have been told the end
_SERVED = {*_HANDLED, "finish_request", "process_request", "process_request_thread", "_handle_request_noblock"}  # ended: likewise


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
        self.relations = Relations(timeline, moment)

    def of(self, held: Held) -> tuple[str, ...]:
        """What waits because of one held context."""
        context = self.relations.contexts[held.context]
        return (*self._loop(context), *self._waited_for(context), *self._client(held, context))

    # -- clients of the loop -----------------------------------------------------------------------------------------------

    def _loop(self, context: ContextMoment) -> Iterator[str]:
        """Whoever is not accepted."""
        for server, depth in self.relations.own(context):
            if self.relations.serves_itself(context, depth):
                yield "holds everyone: this server has one thread and serves nobody else"
            else:
                yield f"{'no datagram is received' if server.kind == 'datagram' else 'nobody is accepted'} while this loop is held"
            yield from self._queue(server)

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
        for one in self.relations.waited_for(context):
            if one.span.hook == "waitpid" and one.whom == ANY_CHILD:
                yield from self._any_child(one)
            else:
                whom = {"Thread.join": "thread", "shutdown": "loop"}.get(one.span.hook, "process")
                yield self._words(one, f"this {whom} to end")

    def _any_child(self, waiting: Waiting) -> Iterator[str]:
        """A context waits for any of its children, of which one is held."""
        limited, believed = self.relations.at_their_limit(waiting)
        if not limited:
            yield self._words(waiting, "a child to end: this is one")
            return
        lasts = ticking(self.t - waiting.span.since)
        has = count(believed, "child", "children")
        yield f"{waiting.context.label} accepts nobody, for {lasts} now: it has {has}, as many as max_children allows"
        for server in limited:
            yield from self._queue(server)

    def _words(self, waiting: Waiting, whom: str) -> str:
        """`main has waited 3.2 s in server_close for this thread to end`."""
        return f"{waiting.context.label} has waited {ticking(self.t - waiting.span.since)} in {waiting.where} for {whom}"

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


def _end(queue: Queue) -> int:
    return queue.end
