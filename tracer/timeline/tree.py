"""The tree of all spans, walked in order from any call, forwards or backwards.

Every context's spans come in the order they began, and a context stands behind the span it was born in (behind the last span that its
parent had begun, where no fork or Thread.start tells). A run of idle turns of a loop, hours of it, is one item: see `Idle`. Inside a
call are the spans inside it in its own context, and all of every context that was born in it or in one of those.

A client stands behind the last span that main had begun when the client began, to show when that was: it is inside of nothing, and
where its place is inside of a folded call, it stands behind that.
"""

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from operator import attrgetter
from typing import TypeAlias

from .contexts import Context
from .lifetimes import FOREVER
from .settle import root_key, standing
from .spans import Span
from .timeline import Timeline


@dataclass(frozen=True, slots=True)
class Call:
    context: Context
    base: int  # depth of the context's own bottom
    index: int  # of the context's chunk
    local: int  # number in it
    shut: bool = False  # what is inside it is left out


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


_anchor = attrgetter("anchor")

Item: TypeAlias = Call | Idle
Lane: TypeAlias = tuple[Context, int]  # a context whose rows follow, and the depth of its bottom


class Tree:
    """The tree as it stood at time `until` (FOREVER: as far as it is recorded), without what is inside of `folded` calls."""

    def __init__(self, timeline: Timeline, until: int, folded: Collection[tuple[int, int]] = ()) -> None:
        self.timeline = timeline
        self.spans = timeline.spans
        self.until = until
        self.state = timeline.settle()
        self.folded: dict[int, set[int]] = {}  # context -> those of its spans
        for context, span in folded:
            self.folded.setdefault(context, set()).add(span)
        self._counts: dict[int, int] = {}

    # -- walks -------------------------------------------------------------------------------------------------------------

    def forward(self, start: tuple[Context, int] | None = None) -> Iterator[Item]:
        """The items from that call on, which itself stands in the tree; None: from the top."""
        if start is None:
            return self._walk([self._roots_ahead()], self._whole)
        lineage = self.lineage(start[0])
        waiting = [self._roots_ahead(lineage[0][0])]
        waiting += [self._ahead_of(*upper, graft) for upper, (graft, _) in pairwise(lineage)]
        return self._walk([*waiting, self._ahead(*lineage[-1], start[1])], self._whole)

    def backward(self, start: tuple[Context, int] | None = None) -> Iterator[Item]:
        """The items before that call, the nearest first; None: all, from the bottom."""
        if start is None:
            return self._walk([self._roots_back()], self._whole_back)
        lineage = self.lineage(start[0])
        waiting = [self._roots_back(lineage[0][0])]
        waiting += [self._back_of(*upper, graft) for upper, (graft, _) in pairwise(lineage)]
        return self._walk([*waiting, self._back(*lineage[-1], start[1])], self._whole_back)

    def _walk(self, waiting: list[Iterator[Item | Lane]], lane: Callable[[Context, int], Iterator[Item | Lane]]) -> Iterator[Item]:
        """All items of what is waiting, the last of it first; `lane` makes those of a context that comes up."""
        while waiting:
            one = next(waiting[-1], None)
            if one is None:
                waiting.pop()
            elif isinstance(one, tuple):
                waiting.append(lane(*one))
            else:
                yield one

    def _whole(self, context: Context, base: int) -> Iterator[Item | Lane]:
        return self._ahead(context, base, 0)

    def _whole_back(self, context: Context, base: int) -> Iterator[Item | Lane]:
        return self._back(context, base, self.count(context))

    def _roots(self) -> list[Context]:
        """The contexts that stand alone, in order."""
        return self.state.roots

    def _roots_ahead(self, root: Context | None = None) -> Iterator[Item | Lane]:
        roots = self._roots()
        for place in range(bisect_right(roots, root_key(root), key=root_key) if root is not None else 0, len(roots)):
            if roots[place].t <= self.until:
                yield roots[place], 0

    def _roots_back(self, root: Context | None = None) -> Iterator[Item | Lane]:
        roots = self._roots()
        for place in reversed(range(bisect_left(roots, root_key(root), key=root_key) if root is not None else len(roots))):
            if roots[place].t <= self.until:
                yield roots[place], 0

    # -- one context -------------------------------------------------------------------------------------------------------

    def _ahead(self, context: Context, base: int, number: int) -> Iterator[Item | Lane]:
        """What stands in a context's lane from that span on: its items, each with the contexts that stand behind it."""
        count = self.count(context)
        while number < count:
            item = self.item(context, base, number)
            yield item
            if context.grafts is not None:
                yield from self._lanes(item, self._behind(item))
            number = self.stop(item)

    def _ahead_of(self, context: Context, base: int, graft: Context) -> Iterator[Item | Lane]:
        """The same from behind one of the contexts that stand in it."""
        item = self.item(context, base, graft.anchor)
        behind = self._behind(item)
        yield from self._lanes(item, behind[bisect_right(behind, standing(graft), key=standing) :])
        yield from self._ahead(context, base, self.stop(item))

    def _back(self, context: Context, base: int, number: int) -> Iterator[Item | Lane]:
        """What stands there before that span, the nearest first."""
        while number > 0:
            item = self.item(context, base, number - 1)
            if context.grafts is not None:
                yield from self._lanes(item, self._behind(item)[::-1])
            yield item
            number = self.number(item)

    def _back_of(self, context: Context, base: int, graft: Context) -> Iterator[Item | Lane]:
        item = self.item(context, base, graft.anchor)
        behind = self._behind(item)
        yield from self._lanes(item, behind[: bisect_left(behind, standing(graft), key=standing)][::-1])
        yield item
        yield from self._back(context, base, self.number(item))

    def _behind(self, item: Item) -> list[Context]:
        """The contexts whose rows stand behind the item's."""
        grafts = item.context.grafts
        if grafts is None or isinstance(item, Idle):
            return []
        number = self.number(item)
        if not item.shut:
            return [one for one in grafts.get(number, ()) if one.t <= self.until]
        stop = self.stop(item)
        found = self._visitors(item.context, number, stop)
        # Behind the last span inside of it there may be contexts that were born when it had ended.
        later = [one for one in grafts.get(stop - 1, ()) if one.upper is not None and one.host < number]
        return [one for one in (sorted(found + later, key=standing) if later else found) if one.t <= self.until]

    def _visitors(self, context: Context, first: int, stop: int) -> list[Context]:
        """The clients that stand behind those spans of a context, in order."""
        known = self.state.visitors
        if not known or known[0].stands_in is not context:
            return []
        return known[bisect_left(known, first, key=_anchor) : bisect_left(known, stop, key=_anchor)]

    def _lanes(self, item: Item, behind: list[Context]) -> Iterator[Lane]:
        for one in behind:
            yield one, self.base(item.base, one)

    def base(self, upper: int, graft: Context) -> int:
        """The depth of a context's bottom, where that of the context it stands in is `upper`."""
        return upper + self.spans.span(graft.upper, graft.host).depth + 1 if graft.upper is not None and graft.host >= 0 else upper

    def lineage(self, context: Context) -> list[Lane]:
        """The contexts it stands in, the outermost first, and itself, with the depths of their bottoms."""
        chain = [context]
        while chain[-1].stands_in is not None and chain[-1].anchor >= 0:
            chain.append(chain[-1].stands_in)
        found = [(chain.pop(), 0)]
        while chain:
            found.append((chain[-1], self.base(found[-1][1], chain[-1])))
            chain.pop()
        return found

    def count(self, context: Context) -> int:
        """How many of a context's spans had begun."""
        if self.until == FOREVER:
            return context.spans
        found = self._counts.get(context.id)
        if found is None:
            found = self._counts[context.id] = self.spans.count_at(context, self.until)
        return found

    def is_begun(self, context: Context) -> bool:
        """Whether the context has rows."""
        around: Context | None = context
        while around is not None and around.t <= self.until and around.anchor >= 0 and around.stands_in is not None:
            if around.anchor >= self.count(around.stands_in):
                return False
            around = around.stands_in
        return around is not None and around.t <= self.until and self.count(context) > 0

    # -- one item ----------------------------------------------------------------------------------------------------------

    def item(self, context: Context, base: int, number: int) -> Item:
        """What stands for a span: itself, the idle turns it is part of, or the outermost folded call of its context around it."""
        folded, shut = self.folded.get(context.id), False
        if folded is not None:
            shut = number in folded
            around = self.spans.parent(context, number)
            while around >= 0:
                if around in folded:
                    number, shut = around, True
                around = self.spans.parent(context, around)
        index, local = self.spans.locate(context, number)
        if context.idle is not None and (run := self._run_at(context, base, index, local)) is not None:
            return run
        return Call(context, base, index, local, shut)

    def call(self, context: Context, base: int, number: int) -> Call:
        """A span by itself."""
        return Call(context, base, *self.spans.locate(context, number))

    def number(self, item: Item) -> int:
        """The first span that the item stands for."""
        return self.spans.bases[item.context.chunks[item.index]] + item.local

    def stop(self, item: Item) -> int:
        """The first span behind all that the item stands for."""
        if isinstance(item, Idle):
            return self._newest(item.context, item.index + item.count)
        return self.spans.beyond(item.context, self.number(item)) if item.shut else self.number(item) + 1

    def _newest(self, context: Context, index: int) -> int:
        """The last span that begins in a chunk."""
        chunk = context.chunks[index]
        return self.spans.bases[chunk] + len(self.spans.moves[chunk].codes) - 1

    def has_inside(self, item: Item) -> bool:
        """Whether anything inside the call (the first, of idle turns) had begun."""
        context, number = item.context, self.number(item)
        if number + 1 < self.count(context) and self.spans.parent(context, number + 1) == number:
            return True
        born = context.grafts.get(number, ()) if context.grafts is not None else ()
        return any(one.host == number and one.t <= self.until and self.count(one) for one in born)

    def inside(self, item: Call) -> Iterator[Call]:
        """The calls of its own context inside it."""
        end = min(self.count(item.context), self.spans.beyond(item.context, self.number(item)))
        return (self.call(item.context, item.base, number) for number in range(self.number(item) + 1, end))

    def around(self, context: Context, span: int) -> tuple[Context, int] | None:
        """The call around a call; at the bottom of a context the one that was born in. None: there is none."""
        span = self.spans.parent(context, span)
        while span < 0:
            if context.upper is None or context.anchor < 0:
                return None
            context, span = context.upper, context.host
        return context, span

    def visible(self, context: Context, span: int) -> tuple[Context, int]:
        """The call itself, or the outermost folded call around it."""
        found = context, span
        around = self.around(context, span) if self.folded else None
        while around is not None:
            if around[1] in self.folded.get(around[0].id, ()):
                found = around
            around = self.around(*around)
        return found

    def _run_at(self, context: Context, base: int, index: int, local: int) -> Idle | None:
        """The run of idle turns that a call is part of; None: of none."""
        assert context.idle is not None
        since = context.idle[index] if index < len(context.idle) else 0
        if not since or (index == since - 1 and local < len(self.spans.moves[context.chunks[index]].codes) - 1):
            return None
        last = len(context.chunks) - 1 if self.until == FOREVER else self.spans.chunk_at(context, self.until)
        # The last chunk may be cut by `until`: it is never part of a run.
        number = self.spans.bases[context.chunks[index]] + local
        index, low = self._between(context, number, since - 1, self._last_of_run(context, since - 1, last))
        if low <= index or not self._newest(context, index) <= number < self._newest(context, low):
            return None
        chunk = context.chunks[index]
        local = len(self.spans.moves[chunk].codes) - 1
        last = context.chunks[low]
        moved = self.spans.moves[last]
        events = [event for event, span in enumerate(moved.event_spans) if span != len(moved.codes) - 1]
        end = self.spans.values[self.spans.offsets[last] + moved.positions[events[-1]]]
        return Idle(context, base, index, local, low - index, end, self.spans.span_in(context, index, local))

    def _last_of_run(self, context: Context, index: int, stop: int) -> int:
        """The last chunk before chunk `stop` of the run of idle turns that begins in chunk `index`."""
        idle = context.idle
        assert idle is not None
        low, high = index, min(stop, len(idle)) - 1
        while low < high:  # chunks of one run follow each other
            middle = (low + high + 1) // 2
            if idle[middle] == index + 1:
                low = middle
            else:
                high = middle - 1
        return low

    def _between(self, context: Context, number: int, first: int, last: int) -> tuple[int, int]:
        """The part of a run, from its first to its last chunk, that has that span in it and nobody who stands behind a span of it."""
        anchors = self._anchors(context)
        place = bisect_left(anchors, number)
        if place and anchors[place - 1] >= self.spans.bases[context.chunks[first]]:
            chunk = self.spans.locate(context, anchors[place - 1])[0]
            first = max(first, chunk + (anchors[place - 1] == self._newest(context, chunk)))
        if place < len(anchors) and anchors[place] < self._newest(context, last):
            chunk = self.spans.locate(context, anchors[place])[0]
            last = min(last, chunk if anchors[place] == self._newest(context, chunk) else chunk - 1)
        return first, last

    def _anchors(self, context: Context) -> "array[int]":
        """The spans of a context behind which others stand, in order."""
        grafts = context.grafts or {}
        known = self.state.anchors.setdefault(context.id, array("q"))
        for anchor in sorted(islice(reversed(grafts), len(grafts) - len(known))):
            insort(known, anchor)
        return known
