"""A call as filters see it: one hook call, before it or after it, in plain values, each named as the key that asks for it."""

from bisect import bisect_right
from collections.abc import Collection
from operator import itemgetter
from typing import Any, Literal, NamedTuple

from tracer.probe.frames import RAISE, RETURN

from ..codes import UNKNOWN
from ..contexts import Context, string
from ..lifetimes import FOREVER
from ..requests import request_at
from ..spans import Span
from ..timeline import Timeline
from ..words import asked_words, peer_words

When = Literal["before", "after"]
WHENS: tuple[When, ...] = ("before", "after")

_since = itemgetter(0)
_ABSENT = {"server": (), "connection": 0, "peer": "", "request": "", "reply": 0}  # what there is where there is none


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
    duration: int | None = None  # nanoseconds in which its context was not held; this and `raised` count after the call only
    raised: str | None = None  # "ValueError: no"; "?" if it raised and nobody knows what
    request: str | None = None  # the HTTP request that is served in it or around it: "GET /x"
    reply: int | None = None  # the status of the reply to that
    nth: int | None = None  # how often all the rest of a conjunction with that key was true; `Counter` knows it


def call_of(
    timeline: Timeline, context: Context, span: int, when: When, until: int = FOREVER, keys: Collection[str] = Call._fields
) -> Call:
    """A span as it was right before or right after it, as far as that was recorded at `until`.

    What `keys` does not name is not worked out, and not known: whoever asks one filter needs no more than `Filter.keys()`.
    """
    timeline.settle()
    one = timeline.spans.span(context, span)
    code = timeline.code(one.code)
    ended = one.end is not None and one.end <= until
    at = one.begin if when == "before" else one.end if ended and one.end is not None else until
    told: dict[str, Any] = {}
    absent = [key for key in keys if key in _ABSENT]
    if absent and _is_complete(context):  # what it does not say is not so
        told |= {key: _ABSENT[key] for key in absent}
    if "context" in keys:
        told["context"] = timeline.label(context)
    if "open" in keys:
        told["open"] = when == "before" and not ended and not (context.ended != FOREVER and context.ended <= until)
    if when == "after" and ended:
        told |= _ended(timeline, context, one, keys)
    told |= _carried(timeline, context, span, at, keys)
    told |= _served(timeline, context, span, at, keys)
    return Call(code.hook if code is not UNKNOWN else None, when, code.owner if code is not UNKNOWN else None, **told)


def _is_complete(context: Context) -> bool:
    """Whether nothing is missing of a context, nor of those that it was born in."""
    around: Context | None = context
    while around is not None:
        if around.lost or not around.defined or (around.parent and around.upper is None):
            return False
        around = around.upper
    return True


def _ended(timeline: Timeline, context: Context, span: Span, keys: Collection[str]) -> dict[str, Any]:
    """How it ended; nothing if the end was lost."""
    told: dict[str, Any] = {}
    if span.end is None or span.how not in (RETURN, RAISE):
        return told
    if "duration" in keys:  # nothing that a person does makes a call slow
        told["duration"] = span.end - span.begin - timeline.holds.held(context, span.begin, span.end)
    if "raised" in keys:
        raised = span.how == RAISE
        told["raised"] = str(timeline.spans.end_payloads(context, span.number).get("error", "?")) if raised else ""
    return told


def _carried(timeline: Timeline, context: Context, span: int, at: int, keys: Collection[str]) -> dict[str, Any]:
    """Its connection and its server, as far as they are known at `at`; those of a client, whom nobody holds, whenever they are."""
    told: dict[str, Any] = {}
    server = timeline.server_of(context, span) if "server" in keys else None
    connection = None
    if "connection" in keys or "peer" in keys or ("server" in keys and server is None):
        connection = timeline.carried.connection(context, span)
    if connection is not None and (connection.accepted <= at or context.client is not None):
        if "connection" in keys:
            told["connection"] = timeline.number(connection)
        if "peer" in keys:
            told["peer"] = peer_words(timeline, connection)
        if "server" in keys and server is None:
            server = timeline.server_of(connection.context, connection.span)
    if server is not None:
        told["server"] = _server(timeline, server, at)
    return told


def _server(timeline: Timeline, server: int, at: int) -> tuple[str, str] | None:
    """The class and the address of a server at `at`; None: nobody says."""
    known = timeline.servers.get(server)
    if not known:
        return None
    fact = known[max(0, bisect_right(known, at, key=_since) - 1)][2]
    return string(fact, "class"), string(fact, "address")


def _served(timeline: Timeline, context: Context, span: int, at: int, keys: Collection[str]) -> dict[str, Any]:
    """The HTTP request that is served in it or around it, as far as it is known at `at`."""
    told: dict[str, Any] = {}
    if "request" not in keys and "reply" not in keys:
        return told
    while span >= 0 and context.requests is not None:
        request = request_at(context, span, at)
        if request is not None:
            if "request" in keys:
                told["request"] = asked_words(timeline.spans.text(request.line))
            if "reply" in keys and request.replied <= at:
                told["reply"] = request.status
            return told
        span = timeline.spans.parent(context, span)
    return told
