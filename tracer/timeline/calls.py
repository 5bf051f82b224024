"""The call tree as rows: every context's spans in the order they began, each context under the span it was born in.

A loop that waits in vain makes a turn twice a second, for hours. Turns in which select found nothing and service_actions collected
nobody are **idle**; neighbouring ones are folded into one row. So are they while they are read: `Idle` stands for all spans of a run.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice

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
    last: int  # of the spans that they are
    tail: list[Call]
    tail_end: int
    tail_last: int


def rows(timeline: Timeline, until: int | None = None, newest: int | None = None) -> Iterator[Row]:
    """The call tree, line by line from the top, as it stood at time `until` (None: as far as it is recorded).

    With `newest` only the last so many lines; that takes time in proportion to their number, not to the recording.
    """
    walk = Rows(Tree(timeline, FOREVER if until is None else until))
    if newest is None:
        return walk.fold(walk.tree.forward())
    return iter(walk.around(newest)[0][-newest:]) if newest > 0 else iter(())


def row(timeline: Timeline, context: Context, span: int, until: int = FOREVER) -> Row:
    """The row of one span, as it stood at time `until` (FOREVER: as far as it is recorded)."""
    walk = Rows(Tree(timeline, until))
    return walk.row(walk.tree.call(*walk.tree.lineage(context)[-1], span))


def rows_of(timeline: Timeline, items: Iterable[Item], until: int) -> Iterator[Row]:
    """The rows of items that are in the order of the tree, as they stood at time `until`."""
    return Rows(Tree(timeline, until)).fold(items)


class Rows:
    """The rows of one walk through a tree."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.timeline = tree.timeline
        self.spans = tree.spans
        self.carried = tree.timeline.carried
        self.until = tree.until
        self.run: _Run | None = None  # the idle turns that were seen last, while there may be more of them
        self.last = -1  # of the spans that the last row of idle turns stands for
        self.about: dict[int, list[tuple[int, Connection | None]]] = {}  # context -> its spans around the last row, outermost first
        self.current: dict[int, int] = {}  # context -> the innermost span open at `until`
        self.held = tree.timeline.holds.stops  # contexts that were held: most often none
        self.now = tree.until if tree.until != FOREVER or not self.held else tree.timeline.newest
        self.stopped: dict[int, tuple[int, Stopped]] = {}  # context -> the call it is held at, and on which side of it

    def around(self, above: int, anchor: tuple[Context, int] | None = None, below: int = 0) -> tuple[list[Row], int, bool]:
        """Rows around that of a call that stands in the tree: at least so many above and below it, if there are; None: around the end.

        Also the place of its row (behind all others if there is no call), and whether there are more rows before the first.
        """
        items: list[Item] = []
        start = (anchor[0], self.tree.number(self.tree.item(anchor[0], 0, anchor[1]))) if anchor is not None else None
        source = self.tree.backward(start)
        want = above + 16
        while True:
            items += islice(source, want - len(items))
            further = next(source, None)
            # What the window cuts may belong to a run that began before it: nothing can be said of it.
            sure = (place for place, item in enumerate(items[::-1]) if not self._may_fold(item))
            cut = 0 if further is None else next(sure, None)
            if cut is not None:
                ahead = self.tree.forward(start) if start is not None else ()
                found, place = self._until(self.fold(chain(items[::-1][cut:], ahead)), anchor, below)
                if further is None or place >= above:
                    return found, place, further is not None
            assert further is not None
            items.append(further)
            want = 2 * len(items)

    def _until(self, rows: Iterator[Row], anchor: tuple[Context, int] | None, below: int) -> tuple[list[Row], int]:
        """The rows up to so many behind that of the call, and its place."""
        found: list[Row] = []
        if anchor is None:
            found += rows
            return found, len(found)
        context, span = anchor[0].id, anchor[1]
        place: int | None = None
        for row in rows:
            if row.context == context and row.span <= span <= (self.last if row.folded else row.span):
                place = len(found)
            found.append(row)
            if place is not None and len(found) > place + below + 1:
                break
        return found, place if place is not None else len(found)

    def _may_fold(self, item: Item) -> bool:
        return isinstance(item, Idle) or self._hook(item) in _HARMLESS or self._hook(item) == "select"

    def _hook(self, item: Item) -> str:
        return self.timeline.code(self.spans.moves[item.context.chunks[item.index]].codes[item.local]).hook

    def fold(self, items: Iterable[Item]) -> Iterator[Row]:
        """Rows of items that are in order, idle turns folded."""
        self.run = None
        for item, hidden in self._with_hidden(items):
            run: _Run | None = self.run
            span = item.first if isinstance(item, Idle) else self.spans.span_in(item.context, item.index, item.local)
            hook = "select" if isinstance(item, Idle) else self.timeline.code(span.code).hook
            waits = isinstance(item, Idle) or (hook == "select" and self._in_vain(item, span))
            if run is not None:
                same = item.context is run.item.context
                if same and run.tail and span.depth > run.span.depth and self._harmless(item, span, hook):
                    assert isinstance(item, Call)
                    if not hidden:
                        run.tail.append(item)
                    run.tail_last = self.tree.number(item)
                    continue
                if same and span.depth == run.span.depth and span.parent == run.span.parent:
                    if waits:
                        run.count += item.count if isinstance(item, Idle) else 1
                        run.end = item.end if isinstance(item, Idle) else span.end or 0
                        run.last = self.tree.stop(item) - 1
                        run.tail = []
                        continue
                    if hook == "service_actions" and self._harmless(item, span, hook):
                        assert isinstance(item, Call)
                        if run.tail:
                            run.end, run.last = max(run.end, run.tail_end), run.tail_last
                        run.tail, run.tail_end, run.tail_last = [item], span.end or 0, span.number
                        continue
                broken = same and bool(run.tail) and span.depth > run.span.depth
                if run.tail and not broken:
                    run.end, run.last, run.tail = run.tail_end, run.tail_last, []
                yield self._idle_row(run)
                for one in run.tail:
                    yield self.row(one)
                self.run = None
            if hidden:
                continue
            if waits:
                end = item.end if isinstance(item, Idle) else span.end or 0
                turns, last = item.count if isinstance(item, Idle) else 1, self.tree.stop(item) - 1
                self.run = _Run(item, span, turns, end, last, [], 0, last)
                continue
            yield self._row(item, span)
        if self.run is not None:
            if self.run.tail:
                self.run.end, self.run.last = self.run.tail_end, self.run.tail_last
            yield self._idle_row(self.run)

    def _with_hidden(self, items: Iterable[Item]) -> Iterator[tuple[Item, bool]]:
        """The items; behind a folded one also those inside it, as long as they decide whether it is part of an idle turn."""
        for item in items:
            yield item, False
            if isinstance(item, Call) and item.shut and self.run is not None:
                for inner in self.tree.inside(item):
                    yield inner, True
                    if self.run is None:
                        break

    def row(self, item: Call) -> Row:
        """The row of one call."""
        return self._row(item, self.spans.span_in(item.context, item.index, item.local))

    def _in_vain(self, item: Item, span: Span) -> bool:
        """Whether the call of select found nothing, and nobody stands behind it."""
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
        self.last = run.last
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
        inside = self.tree.has_inside(item)
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
            inside,
            inside and isinstance(item, Call) and item.shut,
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
        around = self.about.setdefault(context.id, [])
        del around[span.depth :]
        if span.depth and (not around or around[-1][0] != span.parent):
            stack = [span.parent]
            while (outer := self.spans.parent(context, stack[-1])) >= 0:
                stack.append(outer)
            stack.reverse()
            around[:] = zip(stack, self.carried.stack_connections(context, stack), strict=True)
        current = around[-1][1] if around else None
        found = self.carried.stack_connections(context, [span.number], current, span.parent)[0]
        around.append((span.number, found))
        return found
