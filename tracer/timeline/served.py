"""The calls that served one connection: the turn of the loop that took it, and every context that was born in that turn.

What the loop does before and after (it waits, it looks after its children) is no part of it. It costs what the connection's own calls
cost, wherever in the recording they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tracer.probe.hooks import LOOPS

from .at import connection_at
from .calls import rows_of
from .connections import Connection
from .contexts import Context
from .moment import ConnectionMoment
from .row import Row
from .timeline import Timeline
from .tree import Call, Tree

_BEARS = ("fork", "Thread.start")


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is to say of a connection."""

    rows: int
    grows: bool  # more may come: the turn, or a context that was born in it, has not ended, or has not been heard of


@dataclass(frozen=True, slots=True)
class Served:
    """One connection with its calls, in the order of the call tree; the turn of the loop has depth 0."""

    connection: ConnectionMoment
    rows: tuple[Row, ...]


def size(timeline: Timeline, number: int, until: int) -> Size:
    """How many calls the connection with that number had by then."""
    turn = _Turn(timeline, until)
    calls = sum(1 for _ in turn.calls(_connection(timeline, number)))
    return Size(calls, turn.grows)


def served(timeline: Timeline, number: int, until: int) -> Served:
    """The connection with that number, and its calls, as they stood at `until`."""
    connection = _connection(timeline, number)
    found = rows_of(timeline, _Turn(timeline, until).calls(connection), until)
    return Served(connection_at(timeline, connection, until), tuple(found))


def _connection(timeline: Timeline, number: int) -> Connection:
    return timeline.settle().connections.items[number - 1]


class _Turn:
    """One walk. What it says of growing counts when it is over."""

    def __init__(self, timeline: Timeline, until: int) -> None:
        self.timeline = timeline
        self.until = until
        self.tree = Tree(timeline, until)
        self.grows = False

    def calls(self, connection: Connection) -> Iterator[Call]:
        """The calls, in the order of the tree."""
        context, turn, spans = connection.context, connection.span, self.timeline.spans
        while (around := spans.parent(context, turn)) >= 0 and self.timeline.carried.hook(context, around) not in LOOPS:
            turn = around
        span = spans.span(context, turn)
        self.grows |= span.end is None or span.end > self.until
        yield from self._range(context, -span.depth, turn, spans.beyond(context, turn))

    def _range(self, context: Context, base: int, first: int, beyond: int) -> Iterator[Call]:
        """The calls of a context in that range, and after each all calls of those that stand behind it."""
        for number in range(first, min(beyond, self.tree.count(context))):
            yield self.tree.call(context, base, number)
            here = [one for one in (context.grafts or {}).get(number, ()) if one.upper is not None]  # a client only stands there
            self.grows |= not here and self.timeline.carried.hook(context, number) in _BEARS
            for born in here:
                if born.t <= self.until:
                    self.grows |= born.ended > self.until
                    yield from self._range(born, self.tree.base(base, born), 0, self.tree.count(born))
