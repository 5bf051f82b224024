"""The tree of all spans, walked in order from its top or from its bottom.

Every context's spans come in the order they began, and a context stands behind the span it was born in (behind the last span that its
parent had begun, where no fork or Thread.start tells). A run of idle turns of a loop, hours of it, is one item: see `Idle`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from .contexts import Context
from .lifetimes import FOREVER
from .spans import Span
from .timeline import Timeline


@dataclass(frozen=True, slots=True)
class Call:
    context: Context
    base: int  # depth of the context's own bottom
    index: int  # of the context's chunk
    local: int  # number in it


@dataclass(frozen=True, slots=True)
class Idle:
    """Idle turns that follow each other: from the select that begins in chunk `index` up to the end of the last turn."""

    context: Context
    base: int
    index: int
    local: int
    count: int
    end: int
    first: Span


Item: TypeAlias = Call | Idle


class Tree:
    """The tree as it stood at time `until` (FOREVER: as far as it is recorded)."""

    def __init__(self, timeline: Timeline, until: int) -> None:
        self.timeline = timeline
        self.spans = timeline.spans
        self.until = until

    def forward(self) -> Iterator[Item]:
        """All items from the top."""
        waiting = [self._forward(context, 0) for context in self._roots()]
        waiting.reverse()
        while waiting:
            item = next(waiting[-1], None)
            if item is None:
                waiting.pop()
                continue
            yield item
            born = self._grafts(item)
            waiting += [self._forward(context, base) for context, base in reversed(born)]

    def backward(self) -> Iterator[Item]:
        """The same items from the bottom."""
        # A context's items come after those of the contexts born behind each of them; so each waits behind its own.
        waiting: list[Iterator[Item] | Item] = [self._backward(context, 0) for context in self._roots()]
        while waiting:
            top = waiting[-1]
            if isinstance(top, Call | Idle):
                yield waiting.pop()  # type: ignore[misc]
                continue
            item = next(top, None)
            if item is None:
                waiting.pop()
                continue
            waiting.append(item)
            waiting += [self._backward(context, base) for context, base in self._grafts(item)]

    def _roots(self) -> list[Context]:
        return [context for context in self.timeline.settle().roots if context.t <= self.until]

    def _grafts(self, item: Item) -> list[tuple[Context, int]]:
        """The contexts whose rows stand behind the item's, each with the depth of its bottom."""
        context = item.context
        if context.grafts is None or isinstance(item, Idle):
            return []
        born = context.grafts.get(self._number(item), ())
        found = []
        for one in born:
            if one.t <= self.until:
                depth = self.spans.span(context, one.host).depth + 1 if one.host >= 0 else 0
                found.append((one, item.base + depth))
        return found

    def _number(self, item: Item) -> int:
        return self.spans.bases[item.context.chunks[item.index]] + item.local

    def _range(self, context: Context) -> tuple[int, int]:
        """(how many chunks, how many spans of the last of them) had begun at `until`."""
        if self.until == FOREVER:
            last = len(context.chunks) - 1
            return last + 1, len(self.spans.moves[context.chunks[last]].codes) if last >= 0 else 0
        last = self.spans.chunk_at(context, self.until)
        return last + 1, self.spans.count_at(context, self.until) - self.spans.bases[context.chunks[last]] if last >= 0 else 0

    def _forward(self, context: Context, base: int) -> Iterator[Item]:
        chunks, newest = self._range(context)
        index = 0
        while index < chunks:
            # The last chunk may be cut by `until`: it is never part of a run.
            run = self._run(context, base, index, chunks - 1)
            codes = len(self.spans.moves[context.chunks[index]].codes)
            if run is not None:
                for local in range(codes - 1):
                    yield Call(context, base, index, local)
                yield run
                index += run.count
                codes = len(self.spans.moves[context.chunks[index]].codes)
                yield Call(context, base, index, codes - 1)
            else:
                for local in range(newest if index == chunks - 1 else codes):
                    yield Call(context, base, index, local)
            index += 1

    def _backward(self, context: Context, base: int) -> Iterator[Item]:
        chunks, newest = self._range(context)
        index = chunks - 1
        while index >= 0:
            codes = len(self.spans.moves[context.chunks[index]].codes)
            run = None
            if context.idle is not None and index < chunks - 1 and index < len(context.idle) and context.idle[index]:
                run = self._run(context, base, context.idle[index] - 1, chunks - 1)
            if run is not None and run.index + run.count == index:
                yield Call(context, base, index, codes - 1)
                yield run
                index = run.index
                for local in reversed(range(len(self.spans.moves[context.chunks[index]].codes) - 1)):
                    yield Call(context, base, index, local)
            else:
                for local in reversed(range(newest if index == chunks - 1 else codes)):
                    yield Call(context, base, index, local)
            index -= 1

    def _run(self, context: Context, base: int, index: int, stop: int) -> Idle | None:
        """The run of idle turns that begins in chunk `index` and ends before chunk `stop`; None if there is none worth it."""
        idle = context.idle
        if idle is None or index >= len(idle) or idle[index] != index + 1:
            return None
        low, high = index, min(stop, len(idle)) - 1
        while low < high:  # chunks of one run follow each other
            middle = (low + high + 1) // 2
            if idle[middle] == index + 1:
                low = middle
            else:
                high = middle - 1
        if low <= index:
            return None
        chunk = context.chunks[index]
        move = self.spans.moves[chunk]
        local = len(move.codes) - 1
        first = self.spans.span_in(context, index, local)
        last = context.chunks[low]
        if context.grafts:  # somebody was born in it
            beyond = self.spans.bases[last] + len(self.spans.moves[last].codes) - 1
            if any(first.number <= anchor < beyond for anchor in context.grafts):
                return None
        moved = self.spans.moves[last]
        events = [event for event, span in enumerate(moved.event_spans) if span != len(moved.codes) - 1]
        end = self.spans.values[self.spans.offsets[last] + moved.positions[events[-1]]]
        return Idle(context, base, index, local, low - index, end, first)
