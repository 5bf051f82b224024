"""Who waits for whom at one moment, by the recording alone: contexts for the end of another, clients for a loop.

Rule of this file: only what is certain is said; who is held waits for nobody.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tracer.probe.hooks import LOOPS

from .contexts import number
from .moment import ContextMoment, Moment, OpenSpan, ServerMoment
from .timeline import Timeline

ANY_CHILD = -1  # whom waitpid waits for
_WAITS = ("Thread.join", "waitpid", "shutdown")
_NO_WAIT = 1  # waitpid's WNOHANG


@dataclass(frozen=True, slots=True)
class Waiting:
    """A context that is inside a call which waits for another to end."""

    context: ContextMoment
    span: OpenSpan
    whom: int  # a context, a pid or a server: it depends on the hook

    @property
    def where(self) -> str:
        """The hook that a person would name: `server_close`, `Thread.join`."""
        return "server_close" if self.inside("server_close") else self.span.hook

    def inside(self, *hooks: str) -> bool:
        """Whether the context is inside one of these."""
        return any(span.hook in hooks for span in self.context.stack)


class Relations:
    """Answers for one moment."""

    def __init__(self, timeline: Timeline, moment: Moment) -> None:
        self.timeline = timeline
        self.moment = moment
        self.contexts = {context.context: context for context in moment.contexts}
        held = {one.context for one in moment.held}
        found = {one.context: self._waits(one) for one in moment.contexts if one.context not in held}
        self.waiting = {context: waits for context, waits in found.items() if waits is not None}
        self._servers = {one.context: self._servers_of(one) for one in moment.contexts}
        self.loops = [(context, server) for context, servers in self._servers.items() for server in servers]

    def _waits(self, context: ContextMoment) -> Waiting | None:
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
        return Waiting(context, span, whom)

    # -- loops -------------------------------------------------------------------------------------------------------------

    def servers(self, context: ContextMoment) -> dict[int, int]:
        """The servers whose loop the context runs, the outermost first, and how deep in its stack that is."""
        return self._servers[context.context]

    def _servers_of(self, context: ContextMoment) -> dict[int, int]:
        found: dict[int, int] = {}
        for depth, span in enumerate(context.stack):
            if span.hook in LOOPS:
                server = self.timeline.server_of(self.timeline.contexts[context.context], span.span)
                if server is not None:
                    found.setdefault(server, depth)
        return found

    def own(self, context: ContextMoment) -> Iterator[tuple[ServerMoment, int]]:
        """Of these the servers whose clients nobody else takes."""
        for server, depth in self.servers(context).items():
            known = next((one for one in self.moment.servers if one.server == server), None)
            if known is not None and not self._is_shared(context, server):
                yield known, depth

    def serves_itself(self, context: ContextMoment, depth: int) -> bool:
        """Whether the loop at that depth serves a client in its own context."""
        dispatched = [span for span in context.stack[depth:] if span.hook == "process_request"]
        return bool(dispatched) and all(span.framework and span.owner == "BaseServer" for span in dispatched)

    def _is_shared(self, context: ContextMoment, server: int) -> bool:
        """Whether another context takes clients from the server's socket, too."""
        sockets = self.sockets(server)
        return any(
            one != context.context and (other == server or not sockets.isdisjoint(self.sockets(other))) for one, other in self.loops
        )

    def sockets(self, server: int) -> set[int]:
        """The inodes of all sockets that the server had."""
        return {number(fact, "inode") for _, _, fact in self.timeline.servers.get(server, ())} - {0}

    # -- contexts ----------------------------------------------------------------------------------------------------------

    def loops_of(self, waiting: Waiting) -> list[ContextMoment]:
        """The contexts in whose serve_forever a shutdown waits: its own is a deadlock."""
        found = [self.contexts[one] for one, server in self.loops if server == waiting.whom]
        return [one for one in found if one.stack[self.servers(one)[waiting.whom]].hook == "serve_forever"]

    def waited_for(self, context: ContextMoment) -> Iterator[Waiting]:
        """Whoever waits for the context to end, or its process, or the loop that it runs."""
        known = self.timeline.contexts[context.context].process
        parent = known.parent if known is not None and known.first.id == context.context else None
        for one in self.waiting.values():
            match one.span.hook:
                case "Thread.join" if one.whom == context.context:
                    yield one
                case "shutdown" if context in self.loops_of(one):
                    yield one
                case "waitpid" if parent is not None and parent.first.id == one.context.process:
                    if one.whom in (context.pid, ANY_CHILD):
                        yield one

    def at_their_limit(self, waiting: Waiting) -> tuple[list[ServerMoment], int]:
        """The servers that accept nobody because the context waits for any child to end, and how many children it has."""
        process = self.timeline.contexts[waiting.context.context].process
        believed = process.believed_children.at(self.moment.t) if process is not None else None
        if believed is None or not waiting.inside("collect_children") or waiting.inside("server_close"):
            return [], believed or 0
        loops = self.servers(waiting.context)
        return [server for server in self.moment.servers if server.server in loops and _is_limit(server, believed)], believed


def _is_limit(server: ServerMoment, children: int) -> bool:
    """Whether a server has as many children as it may, or more."""
    limit = server.settings.get("max_children")
    return isinstance(limit, int) and children >= limit
