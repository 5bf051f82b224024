"""Everything that is known of one call, in words, as it stood at one time.

Rules of this file:
1. Nothing that came later counts: a call that ends after that time is open. What classes and files say has no time.
2. What the recording does not decide is said to be unknown, with the reason.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator

from tracer.probe.frames import RETURN
from tracer.probe.hooks import HOOKS, STAGES
from tracer.recording.steps import STEPS

from .at import connection_at
from .callers import WIDEST, Callers, method
from .calls import row
from .classes import (
    classes_of,
    overridden,
    server_classes,
)
from .codes import Code
from .contexts import Context
from .described import Description, Field, Site, Source, Tone
from .reported import Reported, reported
from .row import Row
from .shapes import OPEN
from .siblings import made_by
from .source import def_line, function_lines, lines_of
from .timeline import Timeline
from .units import clock_time, count, duration
from .words import end_words, enter_words, request_words

_CALLS = 64  # that are counted; of a loop's the newest
_AROUND = 3  # lines of the file before and behind the function
_LONGEST = 400  # lines of a function that are shown

#: Whose code it is -> in words.
WHOSE = {
    "framework": "the framework's",
    "standard library": "the standard library's",
    "program": "the program's",
    "system": "a call of the framework's to the system",
    "client": "a client's step",
}


def describe(timeline: Timeline, context: int, span: int, t: int) -> Description | None:
    """The call as it stood at `t`; None if it had not begun, or is not known."""
    timeline.settle()
    known = timeline.contexts.get(context)
    if known is None or known.process is None or not 0 <= span < known.spans:
        return None
    call = _Call(timeline, known, span, t)
    return call.describe() if call.span.begin <= t else None


class _Call:
    """One call, at one time."""

    def __init__(self, timeline: Timeline, context: Context, span: int, t: int) -> None:
        self.timeline, self.context, self.t = timeline, context, t
        self.spans = timeline.spans
        self.span = self.spans.span(context, span)
        self.code = timeline.code(self.span.code)
        self.row: Row = row(timeline, context, span, t)
        self.ended = self.span.how != OPEN and self.span.end is not None and self.span.end <= t
        self.server = timeline.server_of(context, span)
        self.callers = Callers(timeline, context, t)

    def describe(self) -> Description:
        one, code = self.row, self.code
        children, all_ = self._children()
        callers = self.callers.places(self.span)
        source, missing = self._source(children)
        raised = (
            reported(self.timeline, self.context, self.span, self.t) if one.outcome == "raised" or code.hook == "handle_error" else None
        )
        fields = [
            *self._hook(),
            *self._classes(children),
            *self._about(),
            *self._around(callers, children, all_),
            *self._payload(),
            *self._times(),
            *(self._error(raised) if one.outcome == "raised" else []),
            *_traceback(raised, code.hook),
        ]
        return Description(
            self.t,
            self.context.id,
            self.span.number,
            one.label,
            code.hook,
            code.owner,
            code.module,
            whose(self.timeline, code),
            code.file,
            code.line,
            one.begin,
            one.end,
            one.held,
            self.context.id in self.timeline.holds.stops and self.timeline.holds.stop_at(self.context, self.t) is not None,
            one.outcome,
            tuple(fields),
            callers,
            source,
            missing,
            raised.traceback if raised is not None else (),
            one.connection,
        )

    # -- the hook and its classes ------------------------------------------------------------------------------------------

    def _hook(self) -> Iterator[Field]:
        hook = HOOKS.get(self.code.hook)
        if hook is not None:
            yield Field("called when", hook.called.removeprefix("Called when ").removesuffix("."))
            yield Field("stage", f"{hook.stage}: {STAGES[hook.stage]}")
            yield Field("override?", hook.override)
        elif self.code.hook in STEPS:
            yield Field("called when", STEPS[self.code.hook].removeprefix("Called when ").removesuffix("."))
        elif self.code.hook == "?":
            yield Field("hook", "n/a: its definition was not recorded", "remark")
        else:
            yield Field("called when", "the program calls it: no hook of the framework's, but named with --hook")

    def _classes(self, children: list[int]) -> Iterator[Field]:
        code, kind = self.code, whose(self.timeline, self.code)
        if code.hook == "?":
            return
        where = f", {code.file.rpartition('/')[2]}:{code.line}" if code.file else ""
        module = f" ({code.module}{where})" if code.module else f" ({where[2:]})" if where else ""
        yield Field("supplied by", f"{code.owner}{module}: {WHOSE[kind]}")
        if kind in ("system", "client"):
            return
        below = self._overridden()
        if below is not None:
            yield Field("overrides", below[0], "" if below[1] else "remark")
        if self.row.super_level:
            above = self.timeline.code(self.spans.code(self.context, self.span.parent))
            yield Field("reached from", f"{above.owner}.{method(code.hook)}: one level of a super() chain")
        yield from self._super(children, below)

    def _overridden(self) -> tuple[str, bool] | None:
        """(what the hook overrides, whether that is known); None: that is no question here."""
        hook, timeline = HOOKS.get(self.code.hook), self.timeline
        on = hook.on if hook is not None else ""
        if on == "server":
            names = server_classes(timeline, self.server, self.t)
            place = next((place for place, name in enumerate(names) if name == f"{self.code.module}.{self.code.owner}"), None)
            if self.code.owner.endswith(" object"):
                place = -1  # set on the object itself: before all classes
            if place is None or not names:
                return "n/a: the server's classes are not recorded", False
        elif on == "handler":
            chain = classes_of(timeline, self.code)
            if chain is None:
                inside = self._child_of_same_hook()
                if inside is not None:
                    return f"{inside.owner}.{method(inside.hook)}", True
                return "n/a: the source does not tell the handler's classes", False
            names, place = tuple(f"{one.module}.{one.name}" for one in chain), 0
        else:
            return None
        found = overridden(timeline, self.code.hook, names, place)
        if found is not None:
            of = f" ({found.module})" if found.owner == self.code.owner else ""
            return f"{found.owner}.{found.hook}{of}", True
        return "nothing: no class below has it", True

    def _child_of_same_hook(self) -> Code | None:
        for child in self._children()[0]:
            code = self.timeline.code(self.spans.code(self.context, child))
            if code.hook == self.code.hook:
                return code
        return None

    def _super(self, children: list[int], below: tuple[str, bool] | None) -> Iterator[Field]:
        """Whether the same hook of the class below was called in it."""
        for child in children:
            span = self.spans.span(self.context, child)
            code = self.timeline.code(span.code)
            if code.hook == self.code.hook:
                state = "it is open" if span.end is None or span.end > self.t else f"took {duration(span.end - span.begin)}"
                yield Field("super()", f"called: {code.owner}.{method(code.hook)}, {state}")
                return
        if below is not None and below[1] and not below[0].startswith("nothing"):
            yield Field("super()", "not called" if self.row.end is not None else "not called yet")

    # -- whom and what it is about -----------------------------------------------------------------------------------------

    def _about(self) -> Iterator[Field]:
        timeline, context = self.timeline, self.context
        if self.row.connection is not None:
            found = connection_at(timeline, timeline.settle().connections.items[self.row.connection - 1], self.t)
            ended = f", {found.state}" if found.state != "open" else ", open"
            yield Field("connection", f"#{found.number} {found.peer}".rstrip() + ended)
        request = request_words(timeline, context, self.span.number, self.t)
        if request:
            yield Field("HTTP request", request)
        kind = "a client" if context.kind == "client" else "a thread" if context.kind == "thread" else "a process"
        born = {"fork": ", forked", "thread": ", started"}.get(context.cause, "")
        if born and context.upper is not None:
            born += f" by {timeline.label(context.upper)}"
        yield Field("context", f"{self.row.label}: {kind} (pid {context.pid}){born}")

    def _around(self, callers: tuple[Site, ...], children: list[int], all_: bool) -> Iterator[Field]:
        caller = self.callers.of(self.span)
        if caller is not None:
            code = self.timeline.code(self.spans.code(*caller))
            forked = ", on this side of its fork" if caller[0] is not self.context else ""
            own = [place for place in callers if place.function == f"{code.owner}.{method(code.hook)}"]
            words = f"{code.hook} ({code.owner}){forked}{''.join(f', {place.where}' for place in own)}"
            yield Field("caller", "; ".join([words, *(f"through {one.function}, {one.where}" for one in callers if one not in own)]))
        elif self.context.upper is not None and self.context.host >= 0:
            host = self.timeline.code(self.spans.code(self.context.upper, self.context.host))
            yield Field("caller", f"none: {self.row.label} was born in {host.hook} in {self.timeline.label(self.context.upper)}")
        elif self.context.kind != "client":
            yield Field("caller", "no hook: the program")
        names = Counter(self.timeline.code(self.spans.code(self.context, child)).hook for child in children)
        said = ", ".join(name if number == 1 else f"{name} ×{number}" for name, number in names.items())
        if said:
            yield Field("calls", said if all_ else f"many; the newest {_CALLS}: {said}")
        else:
            yield Field("calls", "no other hook" if self.row.end is not None else "no other hook yet")

    def _payload(self) -> Iterator[Field]:
        given = enter_words(self.timeline, self.code.hook, self.spans.begin_payloads(self.context, self.span.number))
        if given:
            yield Field("given", given.removeprefix("→ "))
        if self.ended and self.span.how == RETURN:
            came = end_words(self.code.hook, self.spans.end_payloads(self.context, self.span.number))
            if came:
                yield Field("came of it", came.removeprefix("→ "))

    # -- times, and the end ------------------------------------------------------------------------------------------------

    def _times(self) -> Iterator[Field]:
        timeline, one = self.timeline, self.row
        yield Field("began", f"at {clock_time(one.begin - timeline.start)}")
        words = {
            "open": "not yet",
            "returned": "it returned",
            "raised": "by an exception",
            "lost": "n/a: not recorded",
            "gone": "n/a: its process is gone without a word",
            "replaced": "never: another program took the process over",
            "exited": "the process exited" if self.code.hook == "_exit" else "never: its process exited",
            "killed": f"never: {one.payload or 'a signal'} killed its process",
        }[one.outcome]
        at = f" at {clock_time(one.end - timeline.start)}" if one.end is not None and one.outcome not in ("lost", "gone") else ""
        tone: Tone = "bad" if one.outcome in ("raised", "killed") else "remark" if one.outcome in ("lost", "gone", "open") else ""
        yield Field("ended", words + at, tone)
        yield from self._holds()

    def _holds(self) -> Iterator[Field]:
        """Where it was held: before it and after it."""
        holds = self.timeline.holds
        if self.context.id not in holds.stops:
            return
        known = holds.stops[self.context.id]
        begin = bisect_right(known.begins, self.row.begin - 1)
        for stop in known.stops[begin : begin + 1]:  # before it: the first since its begin
            if stop.when == "before" and stop.begin <= self.t and holds.span(self.context, stop) == self.span.number:
                yield Field("held before it", self._stop(holds.end(self.context, stop), stop.begin, holds.why(stop)), "held")
        if self.row.end is None:
            return
        after = bisect_right(known.begins, self.row.end - 1)
        for stop in known.stops[after : after + 1]:
            if stop.when == "after" and stop.begin <= self.t and holds.span(self.context, stop) == self.span.number:
                yield Field("held after it", self._stop(holds.end(self.context, stop), stop.begin, holds.why(stop)), "held")

    def _stop(self, end: int, begin: int, why: str) -> str:
        lasted = "still held" if end > self.t else f"for {duration(end - begin)}"
        return f"{lasted}, by {why if why in ('step', 'slow motion') else f'the hold: {why}'}".replace("by step", "by a step")

    def _error(self, raised: "Reported | None") -> Iterator[Field]:
        yield Field("exception", self.row.payload or "n/a: not recorded", "bad" if self.row.payload else "remark")
        if raised is not None:
            yield Field("raised in", raised.origin)
            yield Field("went on to", raised.fate)

    # -- source ------------------------------------------------------------------------------------------------------------

    def _children(self) -> tuple[list[int], bool]:
        """(the calls that it had made itself by then, whether these are all)."""
        until = min(self.t, self.row.end) if self.row.end is not None else self.t
        return made_by(self.spans, self.context, self.span.number, self.spans.count_at(self.context, until), _CALLS)

    def _source(self, children: list[int]) -> tuple[Source | None, str]:
        """The text of the function; or why there is none."""
        code = self.code
        if not code.file:
            return None, _why_no_file(code, whose(self.timeline, code))
        text = self.timeline.sources.get(code.file)
        if text is None:
            return None, f"the source of {code.file} is not recorded"
        first, last = function_lines(text, code.line)
        if not first:
            return None, f"{code.file} has no line {code.line}: it was changed since the program took it in"
        marked: tuple[int, ...] = ()
        inside = self.row.end is None
        if inside and children:
            child = self.spans.span(self.context, children[-1])
            if child.end is None or child.end > self.t:
                marked = next((p.lines for p in reversed(self.callers.within(code, child, whole=True)) if p.file == code.file), ())
                marked = tuple(line for line in marked if first <= line <= last)
        lines = lines_of(text)
        end = min(last, first + _LONGEST - 1)
        if marked and marked[-1] > end:
            end = min(last, marked[-1] + _AROUND)
        begin, behind = max(1, first - _AROUND), min(len(lines), end + _AROUND)
        shown = tuple(one[:WIDEST] for one in lines[begin - 1 : behind])
        return Source(code.file, begin, shown, first, last, marked, def_line(text, code.line), inside, end < last), ""


def whose(timeline: Timeline, code: Code) -> str:
    """Whose code it is, a row of WHOSE."""
    hook = HOOKS.get(code.hook)
    if code.hook in STEPS:
        return "client"
    if hook is not None and hook.on == "system":
        return "system"
    if code.framework:
        return "framework"
    library = next((one.file.rpartition("/")[0] for one in timeline.codes.values() if one.hook == "Thread.start" and one.file), "")
    inside = code.file.removeprefix(f"{library}/") if library and code.file.startswith(f"{library}/") else ""
    return "standard library" if inside and "-packages/" not in inside else "program"


def _why_no_file(code: Code, kind: str) -> str:
    if code.hook == "?":
        return "the hook's definition was not recorded"
    if kind == "client":
        return "a client's step: no code of the program's"
    if kind == "system":
        return f"{code.owner}.{method(code.hook)} is not written in Python"
    return "it is no Python function in a file"


def _traceback(raised: "Reported | None", hook: str) -> Iterator[Field]:
    if raised is not None and (raised.traceback or raised.why):
        words = f"{count(len(raised.traceback), 'line')} of the program's output, below" if raised.traceback else raised.why
        yield Field("traceback", words, "" if raised.traceback else "remark")
