"""The course of one connection: which hooks it has passed by a time, in which context, and what came of each call.

It costs what the connection's own calls cost, wherever in the recording they are; what its handler does inside handle is passed over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tracer.probe.frames import RAISE, RETURN
from tracer.probe.hooks import LOOPS

from .at import connection_at
from .connections import Connection
from .contexts import Context
from .moment import ConnectionMoment
from .shapes import OPEN
from .timeline import Timeline

#: The hooks that a connection may pass, in the order in which they are entered. No class's path has them all.
ORDER = (
    "get_request", "verify_request", "process_request", "fork", "Thread.start", "process_request_thread", "finish_request", "setup",
    "handle", "finish", "handle_error", "shutdown_request", "close_request", "_exit",
)  # fmt: skip

#: What came of a call: control is inside; it returned; an exception left it; it was verify_request, and said no; a signal killed its
#: process inside; its process left in it; its end is not recorded.
Result = Literal["inside", "returned", "raised", "refused", "killed", "exited", "lost"]


@dataclass(frozen=True, slots=True)
class Passed:
    """One call of a hook for the connection. Of the levels of a super() chain it is the outermost."""

    hook: str
    context: int
    label: str  # of that context
    span: int
    framework: bool  # supplied by the framework itself, not by the program
    begin: int
    end: int | None  # None: it has not ended by itself
    result: Result
    error: str = ""  # of the exception that left it


@dataclass(frozen=True, slots=True)
class Course:
    """Where a connection has been by the moment. There are two sides: the context that took it, and those that it was handed to."""

    connection: ConnectionMoment
    loop: str  # the hook it was taken in: "serve_forever" or "handle_request"; "" if neither
    taken_in: int  # the context that took it
    label: str  # of that context
    calls: tuple[Passed, ...]  # of each context in the order of entering; that of `taken_in` first
    over: tuple[bool, bool]  # whether nothing more comes: in the context that took it; in the others

    def call(self, hook: str, here: bool) -> Passed | None:
        """The newest call of `hook` in the context that took the connection, or (not `here`) in the others; None: none so far."""
        return next((one for one in reversed(self.calls) if one.hook == hook and (one.context == self.taken_in) is here), None)

    def side(self, here: bool) -> list[Passed]:
        """The calls of one side."""
        return [one for one in self.calls if (one.context == self.taken_in) is here]


def course(timeline: Timeline, number: int, t: int) -> Course | None:
    """The course of the connection with that number up to `t`; None if it was not accepted by then."""
    items = timeline.settle().connections.items
    if not 1 <= number <= len(items) or items[number - 1].accepted > t:
        return None
    return _Walk(timeline, items[number - 1], t).course()


class _Walk:
    """One walk through the calls of a connection."""

    def __init__(self, timeline: Timeline, connection: Connection, t: int) -> None:
        self.timeline = timeline
        self.spans = timeline.spans
        self.carried = timeline.carried
        self.connection = connection
        self.t = t
        self.seen: dict[int, bool] = {}  # context -> whether it is done with the connection

    def course(self) -> Course:
        connection, context = self.connection, self.connection.context
        calls = list(self._follow(context, connection.span))
        worker = connection.server_context
        if worker is not None and connection.served <= self.t and worker.id not in self.seen:  # such as one of a pool
            calls += self._follow(worker, self._outermost(worker, self.spans.count_at(worker, connection.served) - 1))
            self.seen[worker.id] |= connection.ended() <= self.t
        moment = connection_at(self.timeline, connection, self.t)
        others = [done for one, done in self.seen.items() if one != context.id]
        over = self.seen[context.id], all(others) and (bool(others) or moment.state != "open")
        return Course(moment, self._loop(), context.id, self.timeline.label(context), tuple(calls), over)

    def _loop(self) -> str:
        """The loop around the get_request that took the connection."""
        context, span = self.connection.context, self.connection.span
        while (span := self.spans.parent(context, span)) >= 0:
            if (hook := self.carried.hook(context, span)) in LOOPS:
                return hook
        return ""

    def _outermost(self, context: Context, span: int) -> int:
        """The outermost of the calls around `span` that are about the connection."""
        while (around := self.spans.parent(context, span)) >= 0:
            if self.carried.connection(context, around) is not self.connection:
                break
            span = around
        return span

    def _follow(self, context: Context, first: int) -> Iterator[Passed]:
        """The connection's calls in `context`, from the call `first` on, and in the contexts that were born in them."""
        self.seen[context.id] = context.ended <= self.t
        level = self.spans.span(context, first).depth if first < context.spans else 0
        born: list[Context] = []
        span, count = first, self.spans.count_at(context, self.t)
        while span < count:
            one = self.spans.span(context, span)
            if one.depth < level:
                self.seen[context.id] = True
                break
            about = self.carried.connection(context, span) if one.depth == level else self.connection
            if about is None and one.parent < 0:  # of a thread of a pool: it does not say whose it is
                span = self.spans.beyond(context, span)
                continue
            if about is not self.connection:
                self.seen[context.id] = True
                break
            code = self.timeline.code(one.code)
            if code.hook in ORDER and (one.parent < 0 or self.carried.hook(context, one.parent) != code.hook):
                ended = one.end if one.end is not None and one.end <= self.t and one.how != OPEN else None
                result, error = self._result(context, span, code.hook, one.how if ended is not None else OPEN)
                yield Passed(code.hook, context.id, self.timeline.label(context), span, code.framework, one.begin, ended, result, error)
                if code.hook in ("fork", "Thread.start"):
                    born += [child for child in (context.grafts or {}).get(span, ()) if child.host == span and child.t <= self.t]
                if code.hook == "handle":  # what the program does in there is its own
                    span = self.spans.beyond(context, span) - 1 if ended is not None else count
            span += 1
        else:
            self.seen[context.id] |= self._turn_is_over(context, first)
        for child in born:
            yield from self._follow(child, 0)

    def _turn_is_over(self, context: Context, first: int) -> bool:
        """Whether the call around the connection's first one has ended, though nothing was called since."""
        around = self.spans.parent(context, first) if first < context.spans else -1
        end = self.spans.span(context, around).end if around >= 0 else None
        return end is not None and end <= self.t

    def _result(self, context: Context, span: int, hook: str, how: int) -> tuple[Result, str]:
        """What came of a call, and the text of its exception."""
        if how == RAISE:
            return "raised", str(self.spans.end_payloads(context, span).get("error", ""))
        if how == RETURN:
            refused = hook == "verify_request" and self.spans.end_payloads(context, span).get("truth") == 0
            return ("refused" if refused else "returned"), ""
        if how != OPEN:
            return "lost", ""
        if context.ended > self.t:
            return "inside", ""
        ended: Result = "killed" if context.end_how == "killed" else "exited" if context.end_how == "exited" else "lost"
        return ended, ""
