"""A call as filters see it: one hook call, before it or after it, in plain values."""

from bisect import bisect_right
from operator import itemgetter
from typing import Literal, NamedTuple

from tracer.probe.frames import RAISE, RETURN

from ..at import connection_at
from ..codes import UNKNOWN
from ..contexts import Context, string
from ..lifetimes import FOREVER
from ..requests import request_at
from ..spans import Span
from ..timeline import Timeline
from ..words import asked_words

When = Literal["before", "after"]
WHENS: tuple[When, ...] = ("before", "after")

_since = itemgetter(0)


class Call(NamedTuple):
    """What is known of a call. None: not known. Where it is known that there is none, it is "", 0 or ()."""

    hook: str | None
    when: When
    owner: str | None = None
    server: tuple[str, ...] | None = None  # its class and its address
    context: str | None = None  # its label: "main", "P4122", "T3"
    connection: int | None = None
    peer: str | None = None
    open: bool | None = None  # it has not ended
    duration: int | None = None  # nanoseconds in which its context was not held; this and `error` count after the call only
    error: str | None = None  # "ValueError: no"; "?" if it raised and nobody knows what
    request: str | None = None  # the HTTP request that is served in it or around it: "GET /x"
    reply: int | None = None  # the status of the reply to that
    times: int | None = None  # how often all the rest of a conjunction with `nth` was true; `Counter` knows it


def call_of(timeline: Timeline, context: Context, span: int, when: When, until: int = FOREVER) -> Call:
    """A span as it was right before or right after it, as far as that was recorded at `until`."""
    timeline.settle()
    one = timeline.spans.span(context, span)
    code = timeline.code(one.code)
    ended = one.end is not None and one.end <= until
    at = one.begin if when == "before" else one.end if ended and one.end is not None else until
    gone = context.ended != FOREVER and context.ended <= until
    call = Call(
        code.hook if code is not UNKNOWN else None,
        when,
        code.owner if code is not UNKNOWN else None,
        context=timeline.label(context),
        open=when == "before" and not ended and not gone,
    )
    if _is_complete(context):  # what it does not say is not so
        call = call._replace(server=(), connection=0, peer="", request="", reply=0)
    if when == "after" and ended:
        call = _ended(call, timeline, context, one)
    return _served(_carried(call, timeline, context, span, at), timeline, context, span, at)


def _is_complete(context: Context) -> bool:
    """Whether nothing is missing of a context, nor of those that it was born in."""
    around: Context | None = context
    while around is not None:
        if around.lost or not around.defined or (around.parent and around.upper is None):
            return False
        around = around.upper
    return True


def _ended(call: Call, timeline: Timeline, context: Context, span: Span) -> Call:
    """The call with how it ended; as it is if the end was lost."""
    if span.end is None or span.how not in (RETURN, RAISE):
        return call
    raised = span.how == RAISE
    error = str(timeline.spans.end_payloads(context, span.number).get("error", "?")) if raised else ""
    held = timeline.holds.held(context, span.begin, span.end)  # nothing that a person does makes a call slow
    return call._replace(duration=span.end - span.begin - held, error=error)


def _carried(call: Call, timeline: Timeline, context: Context, span: int, at: int) -> Call:
    """The call with its connection and its server, as far as they are known at `at`."""
    server = timeline.server_of(context, span)
    connection = timeline.carried.connection(context, span)
    if connection is not None and connection.accepted <= at:
        moment = connection_at(timeline, connection, at)
        call = call._replace(connection=moment.number, peer=moment.peer)
        server = moment.server if server is None else server
    if server is None:
        return call
    known = timeline.servers.get(server)
    if not known:
        return call._replace(server=None)
    fact = known[max(0, bisect_right(known, at, key=_since) - 1)][2]
    return call._replace(server=(string(fact, "class"), string(fact, "address")))


def _served(call: Call, timeline: Timeline, context: Context, span: int, at: int) -> Call:
    """The call with the HTTP request that is served in it or around it, as far as it is known at `at`."""
    while span >= 0 and context.requests is not None:
        request = request_at(context, span, at)
        if request is not None:
            words = asked_words(timeline.spans.text(request.line))
            return call._replace(request=words, reply=request.status if request.replied <= at else call.reply)
        span = timeline.spans.parent(context, span)
    return call
