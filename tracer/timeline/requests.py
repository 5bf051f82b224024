"""HTTP requests: a connection may carry several, each served in one span, the one around its parse_request."""

from bisect import bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING

from .lifetimes import FOREVER

if TYPE_CHECKING:
    from .carried import Carried
    from .contexts import Context
    from .spans import Spans

FINAL = 200  # a status below is followed by another

_asked = attrgetter("asked")


class Request:
    """One request."""

    __slots__ = ("asked", "line", "parsed", "replied", "status")

    def __init__(self, line: int, asked: int, parsed: int = -1) -> None:
        self.line = line  # the place of its first line's text; -1: it has not been parsed
        self.asked = asked  # when that was parsed, or answered before
        self.parsed = parsed  # the span of parse_request that answered it; -1: none did
        self.status = 0  # of the reply
        self.replied = FOREVER  # when that was known


def request_at(context: "Context", span: int, t: int) -> Request | None:
    """The request that a span serves at `t`; None if it serves none by then."""
    known = context.requests.get(span, []) if context.requests is not None else []
    place = bisect_right(known, t, key=_asked)
    return known[place - 1] if place else None


def ask(spans: "Spans", context: "Context", span: int, line: int, t: int) -> None:
    """Tell the span around that a request was parsed in `span`, which may have answered it already."""
    around = spans.parent(context, span)
    if around < 0:
        return
    known = _requests(context, around)
    if known and known[-1].parsed == span:
        known[-1].line = line
    else:
        known.append(Request(line, t))


def answer(carried: "Carried", context: "Context", span: int, status: int, t: int) -> None:
    """Tell the request that is served around a span that its reply has a status. The first counts, unless it announces another.

    parse_request answers what it does not understand. What it never sees, as its line is too long, is answered as well: that is
    a request of the span around, too.
    """
    spans = carried.spans
    parsed, around = -1, spans.parent(context, span)
    outer = around
    while outer >= 0:
        if carried.hook(context, outer) == "parse_request":
            parsed = outer
        elif parsed >= 0 or (context.requests is not None and outer in context.requests):
            around = outer
            break
        outer = spans.parent(context, outer)
    if around < 0 or (parsed >= 0 and outer < 0):
        return
    known = _requests(context, around)
    if not known or (parsed >= 0 and known[-1].parsed != parsed):
        known.append(Request(-1, t, parsed))
    request = known[-1]
    if request.replied == FOREVER or request.status < FINAL:
        request.status, request.replied = status, t


def _requests(context: "Context", span: int) -> list[Request]:
    """The requests of a span, to add to."""
    if context.requests is None:
        context.requests = {}
    return context.requests.setdefault(span, [])
