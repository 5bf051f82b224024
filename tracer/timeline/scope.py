"""Which frames may hold a call that a filter matches, by what many calls have in common: their context and their connection.

Most frames of a recording have nothing to do with `#7` or `context:T3`: to see that costs less than to ask about each of their calls.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from . import connections
from .connections import Connection
from .contexts import Context
from .filter import Call, Filter
from .filter.call import WHENS
from .shapes import Move
from .timeline import Timeline
from .words import peer_words

Handle = tuple[int, int, int]  # the positions of an ENTER and of what it knows a connection by, and which sort of that it is

_REMEMBERED = 4096  # contexts and connections of which the answer is kept


class Scope:
    """Answers for one filter."""

    def __init__(self, timeline: Timeline, filter_: Filter) -> None:
        keys = filter_.keys()
        self._timeline = timeline
        self._filter = filter_
        self._labels, self._numbers, self._peers = ("context" in keys, "connection" in keys, "peer" in keys)
        self._carried = self._numbers or self._peers
        self._may = lru_cache(_REMEMBERED)(self._asked)

    @property
    def narrows(self) -> bool:
        """Whether it is any use to ask."""
        return self._labels or (self._carried and not self._may("", 0, ""))

    def may_match(self, context: Context, index: int, handles: Sequence[Handle]) -> bool:
        """Whether a call that begins or ends in the context's chunk `index` may match, which has these handles; True if not sure."""
        label = self._timeline.label(context) if self._labels else ""
        # What is true of no connection may be true of each: a call is about none before its connection was accepted.
        if context.kind == "client" or self._may(label, 0, ""):
            return True
        return self._carried and any(self._of(label, one) for one in set(self._connections(context, index, handles)))

    def _connections(self, context: Context, index: int, handles: Sequence[Handle]) -> Iterator[Connection | None]:
        """All connections that calls of that chunk may be about, and perhaps more: see carried.py."""
        spans, carried = self._timeline.spans, self._timeline.carried
        chunk = context.chunks[index]
        offset, values = spans.offsets[chunk], spans.values
        inherited = carried.inherited(context)
        yield inherited
        yield from carried.stack_connections(context, list(spans.around(context, index)), inherited)
        yield from carried.taken(context, spans.bases[chunk], spans.bases[chunk] + len(spans.moves[chunk].codes))
        for begin, position, kind in handles:
            handle = values[offset + position]
            if handle != -1 or kind != connections.DESCRIPTOR:
                yield connections.find(context.process, kind, handle, values[offset + begin])

    def _of(self, label: str, connection: Connection | None) -> bool:
        if connection is None:
            return False
        number = self._timeline.number(connection) if self._numbers else 0
        return self._may(label, number or 0, peer_words(self._timeline, connection) if self._peers else "")

    def _asked(self, label: str, connection: int, peer: str) -> bool:
        calls = (Call(None, when, context=label, connection=connection, peer=peer) for when in WHENS)
        return any(self._filter.certain(call) is not False for call in calls)


def handles_of(move: Move) -> list[Handle]:
    """By what the calls that begin in a move name their connections themselves."""
    return [
        (begin, payload.position, payload.number)
        for begin in move.begins
        for payload in move.payloads.get(begin, ())
        if payload.number in (connections.DESCRIPTOR, connections.REQUEST)
    ]
