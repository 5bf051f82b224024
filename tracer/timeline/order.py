"""What happens before what, whoever the scheduler lets run first; and so which hooks may be entered next.

Two contexts run side by side. The recording says when each event was, but of two events in two contexts that says only how it went
this time. An event **happens before** another if it does so every time; that has four reasons and no others:

    program order     a context does one thing after the other
    fork, start       whatever a context does comes after the begin of the fork, or of the Thread.start, that it was born in
    join              whatever a thread has done came before the return of the Thread.join that waited for it
    waitpid           whatever a child has done, in all its threads, came before the return of the waitpid that found it

and what follows from several of these. Where neither of two events happens before the other, their order is open.

Rules of this file:
1. A reason counts only where the recording names both sides: a thread that the program has started itself has none. So there may be
   less order here than there is in truth. Whether such a one was there already, before its first hook, nobody can say.
2. Of two events in two contexts their times decide nothing. They say where to begin to look, and who was over when somebody had waited.

Vocabulary: an **entry** is the begin of a call. A **point** is a place in the order of one context's own events: see `_begin`.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeAlias

from tracer.probe.frames import RAISE, RETURN

from .contexts import Context, number
from .navigate import Place
from .timeline import Timeline


class Event(NamedTuple):
    """The begin of a call, or its end. `Event(*place)` is the begin of the call at a place."""

    t: int
    context: int
    span: int
    end: bool = False


class Next(NamedTuple):
    """Which hooks may be entered next."""

    legal: tuple[Place, ...]  # where each is entered, by time
    undecided: tuple[int, ...]  # contexts that may enter one: it is not recorded yet, or whether they were there is not


# ---- questions


def before(timeline: Timeline, a: Event, b: Event) -> bool:
    """Whether `a` happens before `b`. False says that it is after it, or is it, or that their order is open."""
    timeline.settle()
    one, other = timeline.contexts.get(a.context), timeline.contexts.get(b.context)
    if one is None or other is None:
        return False
    point = _point(timeline, one, a)
    return any(context is one and point < until for context, until in _past(timeline, other, _point(timeline, other, b), a.t))


def next_hooks(timeline: Timeline, t: int, context: int | None = None) -> Next:
    """Which hooks may be entered next after `t`: the next entry of each context, unless another entry after `t` happens before it.

    Of that context alone, it is its own next entry, whatever others do before. Clients enter no hooks.
    """
    timeline.settle()
    contexts = timeline.ordered
    coming = contexts.at(t) + contexts.items[contexts.before(t) :]
    alive = {one.id for one in contexts.at(timeline.newest)}
    legal, undecided = [], [] if context is not None else list(_unborn(timeline, coming, t))
    for one in coming:
        if one.kind == "client" or context not in (None, one.id):
            continue
        entry = timeline.spans.count_at(one, t)
        if context is None and _has_to_wait(timeline, one, entry, t):
            continue
        is_stray = context is None and one.t > t and _is_stray(timeline, one)
        if entry < one.spans and not is_stray:
            legal.append((timeline.spans.begin(one, entry), one.key, entry))
        elif entry < one.spans or one.id in alive:
            undecided.append(one.id)
    return Next(tuple(Place(when, key[1], entry) for when, key, entry in sorted(legal)), tuple(undecided))


def _has_to_wait(timeline: Timeline, context: Context, entry: int, t: int) -> bool:
    """Whether something else is entered after `t` that happens before the context's call `entry`, which it may not have begun yet."""
    for one, until in _past(timeline, context, _begin(entry), t):
        following = timeline.spans.count_at(one, t)
        if following < one.spans and _begin(following) < until:
            return True
    return False


def _is_stray(timeline: Timeline, context: Context) -> bool:
    """Whether nothing recorded says since when a context may have been there: the program has started it by itself."""
    root = timeline.settle().root
    return not _born(timeline, context) and (root is None or context is not root.first)


def _unborn(timeline: Timeline, contexts: Iterable[Context], t: int) -> Iterator[int]:
    """The contexts, by those that bring them forth, which are on their way at `t` and of which nothing is recorded yet."""
    born = {(one.upper.id, one.host) for one in timeline.contexts.values() if one.upper is not None and _born(timeline, one)}
    for one in contexts:
        for span in range(timeline.spans.count_at(one, t)):
            hook = timeline.carried.hook(one, span)
            if hook in ("fork", "Thread.start") and (one.id, span) not in born and _brings_forth(timeline, one, span):
                yield one.id


def _brings_forth(timeline: Timeline, context: Context, span: int) -> bool:
    """Whether a fork or Thread.start that nobody is known to be born in may still bring somebody forth.

    Not one that failed, nor one whose child a waitpid of the same process has found since: it has ended, and has entered nothing.
    """
    spans = timeline.spans
    if spans.span(context, span).how == RAISE:
        return False
    pid, since = number(spans.end_payloads(context, span), "pid"), spans.begin(context, span)
    waiting = context.process.contexts if context.process is not None else [context]
    return pid <= 0 or not any(
        number(spans.end_payloads(one, call), "pid") == pid
        for one in waiting
        for call in range(one.spans)
        if timeline.carried.hook(one, call) == "waitpid" and spans.begin(one, call) >= since
    )


# ---- points

_Point: TypeAlias = tuple[int, int, int]

_OVER: _Point = (1 << 62, 0, 0)  # behind all that a context does
_NOWHERE: _Point = (-1, 0, 0)  # before all


def _begin(span: int) -> _Point:
    """The begin of a call: calls are numbered in the order in which they are entered, and ends are between these numbers."""
    return span, 1, 0


def _behind_begin(span: int) -> _Point:
    return span, 2, 0


def _end(timeline: Timeline, context: Context, span: int) -> _Point:
    """The end of a call: before the next entry; of the ends there, that of an inner call first."""
    return timeline.spans.beyond(context, span), 0, -span


def _point(timeline: Timeline, context: Context, event: Event) -> _Point:
    return _end(timeline, context, event.span) if event.end else _begin(event.span)


# ---- the reasons


def _past(timeline: Timeline, context: Context, until: _Point, since: int) -> Iterator[tuple[Context, _Point]]:
    """What has happened for certain when `context` comes to a point: all that these contexts do before these points.

    Of joins and waitpids, only those that return after the time `since` are followed: what they waited for may be newer than that.
    """
    known: dict[int, _Point] = {}
    ahead = [(context, until)]
    while ahead:
        context, until = ahead.pop()
        if known.get(context.id, _NOWHERE) < until:
            known[context.id] = until
            yield context, until
            ahead += _born(timeline, context)
            ahead += [(one, _OVER) for span in _waits(timeline, context, until, since) for one in _over(timeline, context, span)]


def _born(timeline: Timeline, context: Context) -> list[tuple[Context, _Point]]:
    """The begin of the fork or Thread.start that a context was born in; nothing where the recording does not name it."""
    upper, host = context.upper, context.host
    if upper is None or host < 0:
        return []
    match timeline.carried.hook(upper, host):
        case "Thread.start":
            named = timeline.spans.begin_payloads(upper, host).get("context") == context.id
        case "fork":  # until it returns it names nobody; but meanwhile the context that is in it forks no other child
            named = context.cause == "fork" and timeline.spans.end_payloads(upper, host).get("pid", context.pid) == context.pid
        case _:
            named = False
    return [(upper, _behind_begin(host))] if named else []


def _waits(timeline: Timeline, context: Context, until: _Point, since: int) -> Iterator[int]:
    """The calls in which a context may have waited for another's end, and which returned after `since`, at a point at the latest."""
    spans = timeline.spans
    open_then = [span for span, _, _ in spans.stack_at(context, since)]
    for span in (*open_then, *range(spans.count_at(context, since), min(context.spans, until[0]))):
        waits = timeline.carried.hook(context, span) in ("Thread.join", "waitpid")
        if waits and _end(timeline, context, span) <= until and spans.span(context, span).how == RETURN:
            yield span


def _over(timeline: Timeline, context: Context, span: int) -> list[Context]:
    """The contexts whose end a call of Thread.join or waitpid has waited for."""
    returned = timeline.spans.span(context, span).end
    assert returned is not None
    if timeline.carried.hook(context, span) == "Thread.join":
        joined = timeline.contexts.get(number(timeline.spans.begin_payloads(context, span), "context"))
        return [joined] if joined is not None and joined.ended <= returned else []  # a join may wait no longer than it was told to
    pid = number(timeline.spans.end_payloads(context, span), "pid")
    processes = timeline.settle().by_pid.get(pid, ()) if pid > 0 else ()  # more than one, if the child executed another program
    return [one for process in processes if process.first.t <= returned for one in process.contexts]
