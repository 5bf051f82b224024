"""How often a conjunction of a filter was true when a call came, for all calls of a recording: see `filter.Counter`.

Calls are counted in the order of time, those before a call apart from those after it, whatever order they are read in.
"""

from collections.abc import Iterator

from .contexts import Context
from .filter import Call, Filter, When
from .filter.nodes import UNKNOWN, YES, Node
from .places import Places
from .spans import Spans


class Nth:
    """The counts of one filter."""

    def __init__(self, filter_: Filter, spans: Spans) -> None:
        self._spans = spans
        self._cases = filter_.counter().cases
        self._counted: dict[tuple[int, When], Places] = {}
        self._times: dict[tuple[int, int], int] = {}  # call -> how many counts say that it matches; only where one does

    def take(self, call: Call, t: int, context: Context, span: int) -> Iterator[tuple[tuple[Context, int], bool]]:
        """Count a call that came at `t`; every call of which something else is true now, and whether it matches."""
        for case, (rest, nth) in enumerate(self._cases):
            if rest.truth(call, UNKNOWN) == YES:
                places = self._counted.setdefault((case, call.when), Places(self._spans))
                first = places.add(t, context, span)
                for place in range(first, len(places)):
                    was = place > first and _is_nth(nth, place)
                    if was != _is_nth(nth, place + 1):
                        yield from self._change(*places.call(place), -1 if was else 1)

    def _change(self, context: Context, span: int, by: int) -> Iterator[tuple[tuple[Context, int], bool]]:
        before = self._times.pop((context.id, span), 0)
        if before + by:
            self._times[context.id, span] = before + by
        if not before or not before + by:
            yield (context, span), not before


def _is_nth(nth: Node, times: int) -> bool:
    return nth.truth(Call(None, "before", nth=times), UNKNOWN) == YES
