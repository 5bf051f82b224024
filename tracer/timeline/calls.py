"""The call tree as rows: every context's spans in the order they began, each context under the span it was born in.

A loop that waits in vain makes a turn twice a second, for hours. Turns in which select found nothing and service_actions collected
nobody are **idle**; neighbouring ones are folded into one row. So are they while they are read: `Idle` stands for all spans of a run.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from tracer.probe.frames import RETURN

from .connections import Connection
from .contexts import Context
from .lifetimes import FOREVER
from .row import Outcome as Outcome
from .row import Row as Row
from .row import Stopped
from .shapes import LOST, OPEN
from .spans import Span
from .timeline import Timeline
from .tree import Call, Idle, Item, Tree
from .words import end_words, enter_words, killed_by, request_words, span_words

_HARMLESS = {"service_actions", "collect_children", "waitpid"}


@dataclass(slots=True)
class _Run:
    """Idle turns as far as they have been seen, and a service_actions that may belong to the last."""

    item: Item
    span: Span
    count: int
    end: int
    tail: list[Call]
    tail_end: int


def rows(timeline: Timeline, until: int | None = None, newest: int | None = None) -> Iterator[Row]:
    """The call tree, line by line from the top, as it stood at time `until` (None: as far as it is recorded).

    With `newest` only the last so many lines; that takes time in proportion to their number, not to the recording.
    """
    timeline.settle()
    walk = _Rows(timeline, FOREVER if until is None else until)
    if newest is None:
        return walk.fold(walk.tree.forward())
    return iter(walk.tail(newest))


def row(timeline: Timeline, context: Context, span: int) -> Row:
    """The row of one span, as far as it is recorded."""
    base, around = 0, context
    while around.upper is not None and around.host >= 0:
        base += timeline.spans.span(around.upper, around.host).depth + 1
        around = around.upper
    index, local = timeline.spans.locate(context, span)
    return _Rows(timeline, FOREVER)._row(Call(context, base, index, local), timeline.spans.span(context, span))


class _Rows:
    """The rows of one walk through the tree."""

    def __init__(self, timeline: Timeline, until: int) -> None:
        self.timeline = timeline
        self.spans = timeline.spans
        self.carried = timeline.carried
        self.tree = Tree(timeline, until)
        self.until = until
        self.around: dict[int, list[tuple[int, Connection | None]]] = {}  # context -> its spans around the last row, outermost first
        self.current: dict[int, int] = {}  # context -> the innermost span open at `until`
        self.held = timeline.holds.stops  # contexts that were held: most often none
        self.now = until if until != FOREVER or not self.held else timeline.newest
        self.stopped: dict[int, tuple[int, Stopped]] = {}  # context -> the call it is held at, and on which side of it

    def tail(self, newest: int) -> list[Row]:
        """The last `newest` rows."""
        if newest <= 0:
            return []
        items: list[Item] = []
        source = self.tree.backward()
        want = newest + 16
        while True:
            fresh = list(islice(source, want))
            items += fresh
            complete = len(fresh) < want
            ordered = items[::-1]
            # What the window cuts may belong to a run that began before it: nothing can be said of it.
            start = 0 if complete else next((place for place, item in enumerate(ordered) if not self._may_fold(item)), len(ordered))
            found = list(self.fold(ordered[start:]))
            if complete or len(found) >= newest:
                return found[-newest:]
            want = len(items)

    def _may_fold(self, item: Item) -> bool:
        return isinstance(item, Idle) or self._hook(item) in _HARMLESS or self._hook(item) == "select"

    def _hook(self, item: Item) -> str:
        return self.timeline.code(self.spans.moves[item.context.chunks[item.index]].codes[item.local]).hook

    def fold(self, items: Iterable[Item]) -> Iterator[Row]:
        """Rows of items that are in order, idle turns folded."""
        run: _Run | None = None
        for item in items:
            span = item.first if isinstance(item, Idle) else self.spans.span_in(item.context, item.index, item.local)
            hook = "select" if isinstance(item, Idle) else self.timeline.code(span.code).hook
            waits = isinstance(item, Idle) or (hook == "select" and self._in_vain(item, span))
            if run is not None:
                same = item.context is run.item.context
                if same and run.tail and span.depth > run.span.depth and self._harmless(item, span, hook):
                    assert isinstance(item, Call)
                    run.tail.append(item)
                    continue
                if same and span.depth == run.span.depth and span.parent == run.span.parent:
                    if waits:
                        run.count += item.count if isinstance(item, Idle) else 1
                        run.end = item.end if isinstance(item, Idle) else span.end or 0
                        run.tail = []
                        continue
                    if hook == "service_actions" and self._harmless(item, span, hook):
                        assert isinstance(item, Call)
                        run.end = max(run.end, run.tail_end) if run.tail else run.end
                        run.tail, run.tail_end = [item], span.end or 0
                        continue
                broken = same and bool(run.tail) and span.depth > run.span.depth
                if run.tail and not broken:
                    run.end, run.tail = run.tail_end, []
                yield self._idle_row(run)
                for one in run.tail:
                    yield self._row(one, self.spans.span_in(one.context, one.index, one.local))
                run = None
            if waits:
                end = item.end if isinstance(item, Idle) else span.end or 0
                run = _Run(item, span, item.count if isinstance(item, Idle) else 1, end, [], 0)
                continue
            yield self._row(item, span)
        if run is not None:
            if run.tail:
                run.end = run.tail_end
            yield self._idle_row(run)

    def _in_vain(self, item: Item, span: Span) -> bool:
        """Whether the call of select found nothing, and nobody was born in it."""
        if span.how != RETURN or span.end is None or span.end > self.until or self._stopped(item.context, span):
            return False
        if item.context.grafts is not None and span.number in item.context.grafts:
            return False
        return self.spans.end_payloads(item.context, span.number).get("ready") == 0

    def _harmless(self, item: Item, span: Span, hook: str) -> bool:
        """Whether the call belongs to an idle turn: it looked after children, and found none that had ended."""
        if hook not in _HARMLESS or span.how != RETURN or span.end is None or span.end > self.until:
            return False
        if self._stopped(item.context, span):
            return False
        if item.context.grafts is not None and span.number in item.context.grafts:
            return False
        return hook != "waitpid" or self.spans.end_payloads(item.context, span.number).get("pid", 0) == 0

    def _idle_row(self, run: _Run) -> Row:
        held, slowed = self._held(run.item.context, run.span.begin, run.end)
        found = self._row(run.item, run.span)
        return replace(found, end=run.end, payload="", folded=run.count, held=held, slowed=slowed, held_after=0)

    def _row(self, item: Item, span: Span) -> Row:
        timeline, context, until = self.timeline, item.context, self.until
        code = timeline.code(span.code)
        around = timeline.code(self.spans.code(context, span.parent)).hook if span.parent >= 0 else ""
        end, outcome = self._outcome(context, span)
        words = enter_words(timeline, code.hook, self.spans.payloads(*self._place(item)))
        words = words or request_words(timeline, context, span.number, until)
        about = ""
        came = ""
        if span.end is not None and span.end <= until:
            came = end_words(code.hook, self.spans.end_payloads(context, span.number))
        if outcome == "killed":
            came = killed_by(context)
        if outcome in ("raised", "killed"):
            words, about = came, words
        else:
            words = span_words(words, came)
        connection = self._connection(context, span)
        if connection is not None and connection.accepted > until:
            connection = None
        is_open = outcome == "open"
        held, slowed = self._held(context, span.begin, end)
        return Row(
            item.base + span.depth,
            context.id,
            span.number,
            timeline.label(context),
            span.number == 0,
            code.hook,
            code.owner,
            code.framework,
            code.hook == around,
            timeline.number(connection),
            span.begin,
            end,
            outcome,
            words,
            0,
            is_open,
            is_open and self._current(context) == span.number,
            outcome == "killed",
            about,
            held,
            self._stopped(context, span),
            slowed,
            self._held_after(context, span) if outcome in ("returned", "raised") else 0,
        )

    def _held(self, context: Context, begin: int, end: int | None) -> tuple[int, bool]:
        """Nanoseconds in which the context was held, up to now if there is no end; and whether all that was slow motion."""
        if context.id not in self.held:
            return 0, False
        holds, until = self.timeline.holds, self.now if end is None else end
        held = holds.held(context, begin, until)
        return held, held > 0 and holds.slowed(context, begin, until) == held

    def _held_after(self, context: Context, span: Span) -> int:
        """Nanoseconds in which the context was held right after a call that has ended."""
        assert span.end is not None
        return self.timeline.holds.held_after(context, span.number, span.end, self.now) if context.id in self.held else 0

    def _stopped(self, context: Context, span: Span) -> Stopped:
        """On which side of that call the context is held; "": on none."""
        if context.id not in self.held:
            return ""
        if context.id not in self.stopped:
            stop = self.timeline.holds.stop_at(context, self.now)
            at = self.timeline.holds.span(context, stop) if stop is not None else None
            self.stopped[context.id] = (at, stop.when) if stop is not None and at is not None else (-1, "")
        at, when = self.stopped[context.id]
        return when if at == span.number else ""

    def _place(self, item: Item) -> tuple[int, int]:
        chunk = item.context.chunks[item.index]
        return chunk, self.spans.moves[chunk].begins[item.local]

    def _outcome(self, context: Context, span: Span) -> tuple[int | None, Outcome]:
        if span.how != OPEN and span.end is not None and span.end <= self.until:
            return span.end, "returned" if span.how == RETURN else "lost" if span.how == LOST else "raised"
        if context.ended <= self.until and context.ended != FOREVER and span.how == OPEN:
            limited = self.timeline.limited
            unknown = context.end_how == "returned" or (limited is not None and limited < context.ended)
            return context.ended, "lost" if unknown else context.end_how
        return None, "open"

    def _current(self, context: Context) -> int:
        if context.id not in self.current:
            stack = context.stack if self.until == FOREVER else [one[0] for one in self.spans.stack_at(context, self.until)]
            self.current[context.id] = stack[-1] if stack else -1
        return self.current[context.id]

    def _connection(self, context: Context, span: Span) -> Connection | None:
        """The span's connection, from that of the span around it, which was asked for just before in most cases."""
        around = self.around.setdefault(context.id, [])
        del around[span.depth :]
        if span.depth == 0 or (around and around[-1][0] == span.parent):
            current = around[-1][1] if around else None
            found = self.carried.stack_connections(context, [span.number], current, span.parent)[0]
            around.append((span.number, found))
            return found
        around.clear()
        return self.carried.connection(context, span.number)
