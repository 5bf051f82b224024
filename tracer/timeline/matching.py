"""The tree of those calls alone that a filter matches, each at its real depth."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from .contexts import Context
from .matches import Matches
from .settle import standing
from .timeline import Timeline
from .tree import Item, Lane, Tree


class MatchingTree(Tree):
    """As a tree; contexts without a match in or below them are never looked at."""

    def __init__(self, timeline: Timeline, until: int, matches: Matches) -> None:
        super().__init__(timeline, until)
        matches.refresh()
        self.matches = matches

    def _roots(self) -> list[Context]:
        return self.matches.roots

    def _ahead(self, context: Context, base: int, number: int) -> Iterator[Item | Lane]:
        lanes = self.matches.lanes(context)
        return self._merged(context, base, number, bisect_left(lanes, (number, -1, -1), key=standing))

    def _ahead_of(self, context: Context, base: int, graft: Context) -> Iterator[Item | Lane]:
        lanes = self.matches.lanes(context)
        return self._merged(context, base, graft.anchor + 1, bisect_right(lanes, standing(graft), key=standing))

    def _back(self, context: Context, base: int, number: int) -> Iterator[Item | Lane]:
        lanes = self.matches.lanes(context)
        return self._merged_back(context, base, number, bisect_left(lanes, (number, -1, -1), key=standing))

    def _back_of(self, context: Context, base: int, graft: Context) -> Iterator[Item | Lane]:
        lanes = self.matches.lanes(context)
        return self._merged_back(context, base, graft.anchor + 1, bisect_left(lanes, standing(graft), key=standing))

    def _merged(self, context: Context, base: int, number: int, place: int) -> Iterator[Item | Lane]:
        """The context's matches from span `number` on, and the contexts in it from that place on."""
        found, lanes, count = self.matches.spans(context), self.matches.lanes(context), self.count(context)
        index, end = bisect_left(found, number), bisect_left(found, count)
        stop = bisect_left(lanes, (count, -1, -1), key=standing)
        while index < end or place < stop:
            if place < stop and (index == end or lanes[place].anchor < found[index]):
                if lanes[place].t <= self.until:
                    yield lanes[place], self.base(base, lanes[place])
                place += 1
            else:
                yield self.call(context, base, found[index])
                index += 1

    def _merged_back(self, context: Context, base: int, number: int, place: int) -> Iterator[Item | Lane]:
        """The context's matches before span `number`, and the contexts in it before that place, the nearest first."""
        found, lanes = self.matches.spans(context), self.matches.lanes(context)
        index = bisect_left(found, number)
        while index or place:
            if place and (not index or lanes[place - 1].anchor >= found[index - 1]):
                place -= 1
                if lanes[place].t <= self.until:
                    yield lanes[place], self.base(base, lanes[place])
            else:
                index -= 1
                yield self.call(context, base, found[index])
