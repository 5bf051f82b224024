"""Who made a call: the hook around it, and the lines of recorded source in which it was made.

Rule of this file: nothing counts that came after its time.
"""

from tracer.probe.frames import RETURN

from .classes import HANDLER_BASE, constructor, handler_classes, joining_lines
from .codes import Code
from .contexts import Context
from .described import Site
from .shapes import LOST, OPEN
from .siblings import made_by
from .source import HANDLER, Call, Caller, call_lines, lines_of
from .spans import Span
from .timeline import Timeline

WIDEST = 2000  # characters of a line that are shown
_BEFORE = 32  # calls of the caller that are looked at


class Callers:
    """Answers for one context at one time."""

    def __init__(self, timeline: Timeline, context: Context, t: int) -> None:
        self.timeline, self.spans, self.context, self.t = timeline, timeline.spans, context, t

    def of(self, span: Span) -> tuple[Context, int] | None:
        """The call that has made this one; in a forked child, the one that has forked."""
        if span.parent >= 0:
            return self.context, span.parent
        upper, host = self.context.upper, self.context.host
        if upper is None or host < 0 or self.context.cause != "fork" or self.timeline.carried.hook(upper, host) != "fork":
            return None
        around = self.spans.parent(upper, host)
        return (upper, around) if around >= 0 else None

    def places(self, span: Span) -> tuple[Site, ...]:
        """The lines that have made this call, the nearest first."""
        caller = self.of(span)
        if caller is None:
            return ()
        code = self.timeline.code(self.spans.code(*caller))
        return self.within(code, span, whole=caller[0] is self.context)

    def within(self, code: Code, called: Span, whole: bool) -> tuple[Site, ...]:
        """Where a call was made within `code`: in lines of its own, and of what is between."""
        text = self.timeline.sources.get(code.file)
        if text is None:
            return ()
        before, all_ = made_by(self.spans, self.context, called.parent, called.number, _BEFORE)
        told = [self._told(one) for one in (*before, called.number)]
        lines = call_lines(Caller(text, code.line, code.hook, code.framework), told, whole and all_)
        place = _place(code.file, f"{code.owner}.{method(code.hook)}", text, lines)
        return (*self._between(code, called), *([place] if place is not None else []))

    def _between(self, code: Code, called: Span) -> list[Site]:
        """The framework's function between a hook and the one that it calls, which is no hook itself."""
        hook = self.timeline.code(called.code).hook
        if code.hook == "finish_request" and hook in HANDLER:
            chain = handler_classes(self.timeline, self.timeline.server_of(self.context, called.number))
            found = constructor(self.timeline, chain) if chain is not None else None
            if found is not None:
                file, line = found
                text = self.timeline.sources[file]
                place = _place(file, f"{HANDLER_BASE}.__init__", text, call_lines(Caller(text, line), [Call(hook)]))
                return [place] if place is not None else []
        if code.hook == "server_close" and hook == "Thread.join" and code.framework:
            place = _place(code.file, "_Threads.join", self.timeline.sources[code.file], joining_lines(self.timeline, code.file))
            return [place] if place is not None else []
        return []

    def _told(self, number: int) -> Call:
        """What the recording said at `t` of a call, for a comparison with source text."""
        span = self.spans.span(self.context, number)
        hook = self.timeline.code(span.code).hook
        pid = self.spans.begin_payloads(self.context, number).get("pid") if hook == "waitpid" else None
        asked = pid if isinstance(pid, int) else None
        if span.end is None or span.end > self.t or span.how in (OPEN, LOST):
            return Call(hook, pid=asked)
        payloads = self.spans.end_payloads(self.context, number)
        if span.how != RETURN:
            return Call(hook, "raised", str(payloads.get("error", "")), pid=asked)
        truth = payloads.get("truth", payloads.get("ready"))
        return Call(hook, "returned", truth=bool(truth) if truth is not None else None, pid=asked)


def method(hook: str) -> str:
    """The name of the method: that of the program's own hooks stands behind their class."""
    return hook.rpartition(".")[2]


def _place(file: str, function: str, text: str, lines: tuple[int, ...]) -> Site | None:
    known = lines_of(text)
    return Site(file, function, lines, tuple(known[line - 1].strip()[:WIDEST] for line in lines)) if lines else None
