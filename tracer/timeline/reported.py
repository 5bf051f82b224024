"""How far an exception went, as it stood at one time, and the traceback that handle_error wrote of it."""

from dataclasses import dataclass
from itertools import islice

from tracer.probe.frames import RAISE, RETURN

from .contexts import Context
from .shapes import OPEN
from .siblings import made_by
from .spans import Span
from .timeline import Timeline
from .words import peer_words

_HEAD = "Exception occurred during processing of request from "
_PIECES = 200  # of the output, behind the begin of handle_error
_MOST = 200  # lines of a traceback
_DEEPEST = 1000
_BEHIND = 16  # calls of a call that are looked at, the newest first


@dataclass(frozen=True, slots=True)
class Reported:
    """An exception that left a call."""

    origin: str  # the innermost call that it left: `handle (EchoHandler)`
    fate: str  # how far it went
    traceback: tuple[str, ...]  # as handle_error wrote it to the program's terminal
    why: str  # that there is none


def reported(timeline: Timeline, context: Context, span: Span, t: int) -> Reported:
    """What became of the exception that left the call; of a call of handle_error, of the one that it reports."""
    one = _Exception(timeline, context, t)
    if timeline.code(span.code).hook == "handle_error":
        return Reported("", "", *one.traceback(span))
    innermost = one.innermost(span)
    fate, reporter = one.outwards(span)
    return Reported(
        "here, or in what it called that is no hook" if innermost is span else one.name(innermost), fate, *one.traceback(reporter)
    )


class _Exception:
    def __init__(self, timeline: Timeline, context: Context, t: int) -> None:
        self.timeline, self.spans, self.context, self.t = timeline, timeline.spans, context, t

    def name(self, span: Span) -> str:
        code = self.timeline.code(span.code)
        return f"{code.hook} ({code.owner})"

    def text(self, span: Span) -> str:
        return str(self.spans.end_payloads(self.context, span.number).get("error", ""))

    def innermost(self, span: Span) -> Span:
        """The first call that an exception of the same words left, each within the other; behind it a `finally` may have made calls."""
        words = self.text(span)
        for _ in range(_DEEPEST):
            made, _all = made_by(self.spans, self.context, span.number, self.spans.beyond(self.context, span.number), _BEHIND)
            inside = (self.spans.span(self.context, one) for one in reversed(made))
            found = next((one for one in inside if one.how == RAISE and self.text(one) == words), None)
            if found is None:
                return span
            span = found
        return span

    def outwards(self, span: Span) -> tuple[str, Span | None]:
        """(how far it went in words, the call of handle_error that reports it)."""
        words = self.text(span)
        passed: list[str] = []
        for _ in range(_DEEPEST):
            reporter = self._reporter(span)
            around = self.spans.span(self.context, span.parent) if span.parent >= 0 else None
            through = f"through {', '.join(passed)} and " if passed else ""
            if reporter is not None:
                return f"{through}handle_error, which reports it", reporter
            if around is None:
                return f"{through}out of all hooks", None
            if around.how == OPEN or around.end is None or around.end > self.t:
                return f"{through}{self.name(around)}, which is open: nobody knows yet", None
            if around.how != RAISE or self.text(around) != words:
                handled = "which handled it" if around.how == RETURN else "which raised another one" if around.how == RAISE else "n/a"
                return f"{through}{self.name(around)}, {handled}", None
            passed.append(self.name(around))
            span = around
        return "n/a", None

    def _reporter(self, span: Span) -> Span | None:
        """The call of handle_error that came next in the same caller."""
        behind = self.spans.beyond(self.context, span.number)
        if behind >= self.spans.count_at(self.context, self.t):
            return None
        found = self.spans.span(self.context, behind)
        is_next = found.parent == span.parent and self.timeline.code(found.code).hook == "handle_error"
        return found if is_next else None

    def traceback(self, reporter: Span | None) -> tuple[tuple[str, ...], str]:
        """(the lines that handle_error wrote, why there are none)."""
        if reporter is None:
            return (), ""
        code = self.timeline.code(reporter.code)
        if not code.framework and not self._calls_the_frameworks(reporter):
            return (), f"n/a: {code.owner}.handle_error is the program's own; what it says is in its output"
        outputs = self.timeline.outputs
        if not outputs.before(self.t):
            return (), "printed by handle_error to the program's standard error; not recorded"
        begin = outputs.before(reporter.begin - 1)
        end = min(outputs.before(self.t), begin + _PIECES)
        text = "".join(islice(outputs.between(begin, end), _PIECES)).replace("\r\n", "\n")
        connection = self.timeline.carried.connection(self.context, reporter.number)
        host, _, port = (peer_words(self.timeline, connection) if connection is not None else "").rpartition(":")
        lines = _block(text, f"{_HEAD}('{host}', {port})" if port.isdecimal() else "")
        return (
            (lines, "")
            if lines
            else ((), "printed by handle_error to the program's standard error; it cannot be told which lines those are")
        )

    def _calls_the_frameworks(self, reporter: Span) -> bool:
        end = reporter.end if reporter.end is not None and reporter.end <= self.t else self.t
        inside, _ = made_by(self.spans, self.context, reporter.number, self.spans.count_at(self.context, end), 8)
        codes = [self.timeline.code(self.spans.code(self.context, one)) for one in inside]
        return any(code.hook == "handle_error" and code.framework for code in codes)


def _block(text: str, head: str) -> tuple[str, ...]:
    """The lines from that head to the next rule; none if it is not there once, or others have written in between."""
    lines = text.split("\n")
    heads = [place for place, line in enumerate(lines) if line.startswith(_HEAD) and (not head or line == head)]
    if not heads or (not head and len(heads) > 1):
        return ()
    rule = "-" * 40
    behind = lines[heads[0] + 1 : heads[0] + 1 + _MOST]
    if rule not in behind:
        return ()
    block = behind[: behind.index(rule)]
    if not block or not block[0].startswith("Traceback") or any(line.startswith(_HEAD) for line in block):
        return ()
    return tuple(block)
