"""What each context waits for that does not move: one sentence, from the recording and from what the kernel said.

Rules of this file:
1. The kernel's word counts only while nothing is recorded of the context after it was asked; else the recording speaks alone.
2. Who moved a moment ago gets no sentence. That a loop waits for clients is no problem, and is not told as one.
3. Who is held is held: that it sleeps at the gate's socket is nothing of the program's.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

from .contexts import Process
from .lifetimes import FOREVER
from .moment import SLOW_MOTION, ConnectionMoment, ContextMoment, Held, Moment, OpenSpan, Queue, ServerMoment
from .relations import ANY_CHILD, Relations, Waiting
from .samples import SampledCall
from .syscalls import RUNNING, TAKES, bytes_words, end_words, named, object_words, seconds, verb_of
from .timeline import Timeline
from .units import age, count

STILL = 500_000_000  # nanoseconds: whoever moved less long ago does not wait
SOON = 2_000_000_000  # after so long somebody who does not move has been asked
OLD = 2_000_000_000  # nanoseconds after which a number has its age beside it


Kind: TypeAlias = Literal["waits", "held", "runs", "idle"]
"""`runs`: in one hook, on a processor. `idle`: it waits for work, and that is no problem."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What one context waits for."""

    context: int
    label: str
    kind: Kind
    since: int
    what: str
    """`is in recv on connection #3 (127.0.0.1:53122), in EchoHandler.handle`."""
    more: tuple[str, ...] = ()
    """What else is known: how many bytes wait, who waits behind it, who can end it."""
    asked: int | None = None
    """When the kernel was asked last; None: the recording alone says it."""

    @property
    def idle(self) -> bool:
        """Whether this is no problem."""
        return self.kind == "idle"

    def words(self, now: int) -> str:
        """The sentence; `now` is what the wait's length is counted to."""
        more = f", {'; '.join(self.more)}" if self.more else ""
        return f"{self.label} {self.what}, {age(now - self.since)}{more}"


def waits(timeline: Timeline, moment: Moment) -> tuple[Wait, ...]:
    """What the contexts wait for that do not move: problems first, and of them the longest; those that are idle last."""
    found = _Waits(timeline, moment)
    known = [one for context in moment.contexts if context.kind != "client" and (one := found.of(context)) is not None]
    kinds = get_args(Kind)
    return tuple(sorted(known, key=lambda one: (kinds.index(one.kind), one.since, one.label)))


class _Waits:
    """Answers for one moment."""

    def __init__(self, timeline: Timeline, moment: Moment) -> None:
        self.timeline = timeline
        self.moment = moment
        self.t = moment.t
        self.relations = Relations(timeline, moment)
        self.held = {one.context: one for one in moment.held}
        self.looked = timeline.samples.looked(moment.t)
        self.listeners = {inode: server for server in moment.servers for inode in self.relations.sockets(server.server)}
        self.connections = {connection.number: connection for connection in moment.connections}
        self.at_descriptor: dict[int, list[ConnectionMoment]] = {}
        for connection in moment.connections:
            if connection.descriptor is not None:
                self.at_descriptor.setdefault(connection.descriptor, []).append(connection)

    def of(self, context: ContextMoment) -> Wait | None:
        """What one context waits for; None: nothing, as far as is known."""
        if context.context in self.held:
            return _held(self.held[context.context])
        found = self._ends(context) or self._idle(context) or self._in_a_call(context)
        if found is None or self.t - found.since < STILL:
            return None
        behind = [*self._behind(context)] if not found.idle else []
        return replace(found, more=(*found.more[:1], *behind, *found.more[1:])) if behind else found

    # -- for another context -----------------------------------------------------------------------------------------------

    def _ends(self, context: ContextMoment) -> Wait | None:
        """It waits for a thread, a child or a loop to end."""
        waiting = self.relations.waiting.get(context.context)
        if waiting is None:
            return None
        match waiting.span.hook:
            case "Thread.join":
                what, more = self._join(waiting)
            case "shutdown":
                what, more = self._shutdown(waiting)
            case _:
                what, more = self._waitpid(waiting)
        return Wait(context.context, context.label, "waits", waiting.span.since, what, tuple(more))

    def _join(self, waiting: Waiting) -> tuple[str, list[str]]:
        ended = self.relations.contexts.get(waiting.whom)
        name = ended.label if ended is not None else "a thread"
        return f"waits in {waiting.where} for {name} to end", [self._doing(ended)] if ended is not None else []

    def _shutdown(self, waiting: Waiting) -> tuple[str, list[str]]:
        loops = self.relations.loops_of(waiting)
        server = next((one.class_name for one in self.moment.servers if one.server == waiting.whom), "its server")
        if waiting.context in loops:
            what = f"waits in shutdown for the loop of {server} to end, which it runs itself: a deadlock"
            return what, [_deadlock_end(waiting.context)]
        if not loops:
            return f"waits in shutdown for the loop of {server} to end", ["no loop of it is known to run"]
        return f"waits in shutdown for the loop of {server} to end, which {loops[0].label} runs", [self._doing(loops[0])]

    def _waitpid(self, waiting: Waiting) -> tuple[str, list[str]]:
        hooks = ("server_close", "collect_children", "waitpid")
        where = next(hook for hook in hooks if waiting.inside(hook))
        if waiting.whom != ANY_CHILD:
            child = next((one for one in self.moment.contexts if one.pid == waiting.whom and one.process == one.context), None)
            more = [self._doing(child)] if child is not None else [f"only the end of P{waiting.whom} can end it"]
            return f"waits in {where} for P{waiting.whom} to end", more
        limited, believed = self.relations.at_their_limit(waiting)
        has = count(believed, "child", "children")
        more = [f"it accepts nobody: it has {has}, as many as max_children allows"] if limited else []
        return f"waits in {where} for any child to end", more

    def _doing(self, context: ContextMoment) -> str:
        """What somebody does who is waited for."""
        if context.context in self.held:
            return f"{context.label} {_held(self.held[context.context]).what}"
        if context.context in self.relations.waiting:
            waiting = self.relations.waiting[context.context]
            return f"{context.label} waits in {waiting.where} itself"
        found = self._idle(context) or self._in_a_call(context)
        if found is None:
            return f"{context.label} is {self._where(context)}"
        return "; ".join((f"{context.label} {found.what}", *found.more))

    # -- for work ----------------------------------------------------------------------------------------------------------

    def _idle(self, context: ContextMoment) -> Wait | None:
        """It is a loop that waits for clients."""
        span = context.stack[-1] if context.stack else None
        if span is None or span.hook != "select":
            return None
        servers = self.relations.servers(context)
        if not servers:
            return None
        server = [*servers][-1]
        loop = context.stack[servers[server]]
        kind = next((one.kind for one in self.moment.servers if one.server == server), "stream")
        what = f"waits for a {'datagram' if kind == 'datagram' else 'client'} in select{self._patience(context, loop, server)}"
        return Wait(context.context, context.label, "idle", self._idle_since(context, span), what)

    def _patience(self, context: ContextMoment, loop: OpenSpan, server: int) -> str:
        """How long the loop's select waits at most, as far as the kernel has told: serve_forever's is the same in every turn."""
        sockets = self.relations.sockets(server)
        known = self.timeline.samples.newest_calls(context.pid, context.tid, loop.since, self.t)
        told = (one for one in known if one.inode in sockets)
        timeout = next((one.timeout for one in told if one.timeout is not None), None)
        if timeout is None or loop.hook != "serve_forever":
            return ""
        return f" (poll_interval {seconds(timeout)})"

    def _idle_since(self, context: ContextMoment, span: OpenSpan) -> int:
        """When the run of turns began in which nobody came."""
        known = self.timeline.contexts[context.context]
        index = self.timeline.spans.chunk_at(known, self.t)
        run = known.idle[index] if known.idle is not None and 0 <= index < len(known.idle) else 0
        around = self.timeline.spans.around(known, run - 1) if run else ()
        return min(span.since, self.timeline.spans.begin(known, around[-1])) if around else span.since

    # -- in a system call --------------------------------------------------------------------------------------------------

    def _in_a_call(self, context: ContextMoment) -> Wait | None:
        """It does not move, in a hook or in none."""
        known = self.timeline.contexts[context.context]
        quiet = max(self.timeline.spans.last_event(known, self.t), context.begin)
        call = self.timeline.samples.call(context.pid, context.tid, quiet, self.t)
        if call is None:
            return self._unasked(context, quiet)
        if call.call is None:
            return self._alone(context, quiet, call.why) if call.why else None
        if call.call == RUNNING:
            return self._of(context, "runs", quiet, f"runs {self._where(context)}", "on a processor, or waiting for one")
        return self._asleep(context, max(quiet, call.since or 0), call)

    def _unasked(self, context: ContextMoment, quiet: int) -> Wait | None:
        """Nothing was told of it since it moved: it moves on in no hook, or nobody has asked."""
        if self.looked is None:
            return self._alone(context, quiet, "no sample tells")
        if not self._is_sampled(context):
            return self._alone(context, quiet, "its process is not asked")
        if self.looked - quiet < SOON <= self.t - quiet:
            return self._alone(context, quiet, "no sample since")
        return None

    def _is_sampled(self, context: ContextMoment) -> bool:
        """Whether the threads of its process are looked at: a server's, and a child's of it."""
        process = self.timeline.contexts[context.context].process
        near = (process, process.parent) if process is not None else ()
        return any(self.timeline.samples.process(one.pid, one.first.t, self.t) is not None for one in near if one is not None)

    def _alone(self, context: ContextMoment, since: int, why: str) -> Wait | None:
        """What the recording knows by itself; nothing of those who are in no hook."""
        if not context.stack:
            return None
        what, more = f"is {self._where(context)}", f"what it sleeps in: n/a ({why})"
        return Wait(context.context, context.label, "waits", since, what, (more,))

    def _asleep(self, context: ContextMoment, since: int, call: SampledCall) -> Wait:
        verb = verb_of(call)
        server = self.listeners.get(call.inode) if call.inode is not None else None
        if server is not None and verb in TAKES:
            whom = "datagram" if server.kind == "datagram" else "client"
            return self._of(context, "idle", since, f"waits for a {whom} in {verb} on the listener of {server.class_name}")
        connection = self._connection(context, call)
        listener = f"the listener of {server.class_name}" if server is not None else ""
        what = f"is in {verb}{object_words(call, connection, listener)}"
        if context.stack:
            what += f", {self._where(context, about=connection is None)}"
        more = (*bytes_words(verb, call, connection), *end_words(verb, call, connection, self.timeline.start))
        return self._of(context, "waits" if context.stack else "idle", since, what, *more)

    def _of(self, context: ContextMoment, kind: Kind, since: int, what: str, *more: str) -> Wait:
        """A wait of which the kernel has told, or should have."""
        return Wait(context.context, context.label, kind, since, what, more, self.looked)

    def _where(self, context: ContextMoment, about: bool = True) -> str:
        """`in EchoHandler.handle for connection #3 (127.0.0.1:53122)`."""
        span = context.stack[-1] if context.stack else None
        if span is None:
            return "in no hook"
        name = span.hook if span.owner in ("select", "os", "threading", "?") else f"{span.owner}.{span.hook}"
        known = self.connections.get(span.connection or 0) if about else None
        return f"in {name} for {named(known)}" if known is not None else f"in {name}"

    # -- what the call is about --------------------------------------------------------------------------------------------

    def _connection(self, context: ContextMoment, call: SampledCall) -> ConnectionMoment | None:
        """The connection that the call's descriptor means in that process; None: none that is known."""
        if call.descriptor is None or call.what != "socket":
            return None
        process = self.timeline.contexts[context.context].process
        born = FOREVER
        own = process
        while process is not None:
            for one in reversed(self.at_descriptor.get(call.descriptor, ())):
                if one.process == process.first.id and one.accepted <= born and self._has(own, one, call):
                    return one
            born, process = min(born, process.born_at), process.parent if process.cause == "fork" else None
        return None

    def _has(self, process: Process | None, connection: ConnectionMoment, call: SampledCall) -> bool:
        """Whether the process has the connection still, and its other end is the one that the kernel names."""
        if call.peer and connection.peer and call.peer != connection.peer:
            return False
        holding = self.timeline.settle().connections.items[connection.number - 1].holding()
        return all(released > self.t for one, released in holding if one is process)

    # -- who waits behind it -----------------------------------------------------------------------------------------------

    def _behind(self, context: ContextMoment) -> Iterator[str]:
        """Who waits because this context does not move."""
        for server, depth in self.relations.own(context):
            queued = self._queued(server)
            if queued:
                yield queued
            elif self.relations.serves_itself(context, depth):
                yield "nobody else is served meanwhile"
        for waiting in self.relations.waited_for(context):
            if waiting.context != context:
                yield f"{waiting.context.label} waits in {waiting.where} for its end"

    def _queued(self, server: ServerMoment) -> str:
        queue = server.queue
        if queue is None:
            return ""
        old = f" (asked {age(self.t - queue.end)} ago)" if self.t - queue.end >= OLD else ""
        if server.kind == "datagram":
            return f"{count(queue.bytes, 'byte')} of datagrams wait to be received{old}" if queue.bytes else ""
        return _in_queue(queue, old)


def _in_queue(queue: Queue, old: str) -> str:
    if queue.depth is None:
        return f"how many wait in the accept queue: n/a ({queue.why.get('depth', 'the sample does not say')})"
    if not queue.depth:
        return ""
    return f"{count(queue.depth, 'client')} {'waits' if queue.depth == 1 else 'wait'} in the accept queue{old}"


def _deadlock_end(context: ContextMoment) -> str:
    """Who can end a wait for oneself: a signal's handler runs in the main thread alone."""
    return "only a signal can end it" if context.tid == context.pid else "only the end of its process can end it"


def _held(held: Held) -> Wait:
    ender = "slow motion lets it go by itself" if held.why == SLOW_MOTION else "only a person's release can end it"
    about = f" for #{held.connection}" if held.connection is not None else ""
    owner = "" if held.owner in ("", "?", "select", "os", "threading") else f"{held.owner}."
    return Wait(held.context, held.label, "held", held.since, f"is held {held.when} {owner}{held.hook}{about}", (ender,))
