"""Which connection a span is about.

A client's is the one that was accepted from its address. Else a span's own ENTER may name it. Else it is the one that the last
get_request before it, in the same parent, returned; a turn of the loop is about the one it takes. Else it is that of the span around
it, and at the bottom of a context that of the span it was born in.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping

from . import connections
from .codes import Code
from .connections import Connection
from .contexts import Context
from .spans import Spans


class Carried:
    """Answers for one timeline, as far as it is settled."""

    def __init__(self, spans: Spans, codes: Mapping[int, Code]) -> None:
        self.spans = spans
        self.codes = codes

    def hook(self, context: Context, span: int) -> str:
        """The name of a span's hook; "?" if its code is not defined yet."""
        code = self.codes.get(self.spans.code(context, span))
        return code.hook if code is not None else "?"

    def connection(self, context: Context, span: int) -> Connection | None:
        """The connection that a span is about; None if about none, or none that is known."""
        while span >= 0:
            around = self.spans.parent(context, span)
            found = self._of_itself(context, span, around)
            if found is not None:
                return found
            span = around
        return self.inherited(context)

    def inherited(self, context: Context) -> Connection | None:
        """The connection of the span a context was born in."""
        uppers = 0
        while context.upper is not None and uppers < 10_000:
            if context.host >= 0:
                return self.connection(context.upper, context.host)
            context = context.upper
            uppers += 1
        return None

    def stack_connections(
        self, context: Context, stack: list[int], current: Connection | None = None, around: int = -1
    ) -> list[Connection | None]:
        """The connection of each span of `stack`, the outermost first.

        `around` is the span around all of them, and `current` its connection; -1: they begin at the context's bottom.
        """
        if around < 0 and current is None:
            current = self.inherited(context)
        found: list[Connection | None] = []
        for span in stack:
            current = self._of_itself(context, span, around) or current
            found.append(current)
            around = span
        return found

    def taken(self, context: Context, first: int, stop: int) -> list[Connection]:
        """The connections that spans from `first` up to, and without, `stop` may be about because they were taken around them."""
        if context.accepts is None or context.accepted is None:
            return []
        return context.accepted[max(0, bisect_right(context.accepts, first) - 1) : bisect_left(context.accepts, stop) + 1]

    def _of_itself(self, context: Context, span: int, around: int) -> Connection | None:
        """The connection that the span is about by itself, whatever those around it are about; `around` is the next of them."""
        own = self._own(context, span)
        return self._level(context, span, around) if own is None and context.accepts else own

    def _own(self, context: Context, span: int) -> Connection | None:
        """The connection that the span's own ENTER names; that of a client, which knows its address."""
        if context.client is not None:
            return context.client.connection(self.spans.begin(context, span))
        index, local = self.spans.locate(context, span)
        chunk = context.chunks[index]
        move = self.spans.moves[chunk]
        payloads = move.payloads.get(move.begins[local])
        if payloads is None:
            return None
        offset, values = self.spans.offsets[chunk], self.spans.values
        for payload in payloads:
            if payload.number in (connections.DESCRIPTOR, connections.REQUEST):
                handle = values[offset + payload.position]
                if handle == -1 and payload.number == connections.DESCRIPTOR:
                    return None
                return connections.find(context.process, payload.number, handle, values[offset + move.begins[local]])
        return None

    def _level(self, context: Context, span: int, around: int) -> Connection | None:
        """The connection that the last get_request before the span, in the same parent, returned; a turn of the loop: its own."""
        accepts, accepted = context.accepts, context.accepted
        assert accepts is not None
        assert accepted is not None
        place = bisect_right(accepts, span)
        hook = self.hook(context, span)
        if hook == "_handle_request_noblock":
            if place < len(accepts) and self.spans.parent(context, accepts[place]) == span:
                return accepted[place]
            return None
        if not place or accepts[place - 1] < around:
            return None
        taken = accepts[place - 1]
        if taken == span:
            return accepted[place - 1]
        if hook in ("select", "get_request") or self.spans.parent(context, taken) != around:
            return None
        if around >= 0 and self.hook(context, around) == "_handle_request_noblock":
            return accepted[place - 1]
        for between in range(taken + 1, span):
            if self.hook(context, between) in ("select", "get_request") and self.spans.parent(context, between) == around:
                return None
        return accepted[place - 1]
