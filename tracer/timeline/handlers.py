"""The threads that servers start for their connections: whether they are daemons, who joins them, and what became of the newest."""

from bisect import bisect_right

from tracer.probe.frames import RETURN

from .contexts import Context, Process
from .moment import HandlerThread
from .timeline import Timeline

ENDED = 3  # so many of those that have ended are kept in sight
RECENTLY = 10_000_000_000  # of what ended within these nanoseconds nothing is passed over, however long ago it began
_LOOK_BACK = 64  # of all threads that began before: so many of the newest are looked at


def handlers_at(timeline: Timeline, process: Process, t: int) -> tuple[HandlerThread, ...]:
    """The process's handler threads that run at `t`, and the newest that have ended, by begin."""
    if len(process.contexts) < 2:
        return ()
    ordered = timeline.ordered
    count = ordered.before(t)
    known = {one.id: one for one in (*ordered.items[max(0, count - _LOOK_BACK) : count], *ordered.at(t - RECENTLY), *ordered.at(t))}
    mine = sorted((one for one in known.values() if _is_handler(timeline, process, one)), key=lambda one: one.key)
    ended = sorted((one for one in mine if one.ended <= t), key=lambda one: one.ended)[-ENDED:]
    return tuple(_handler(timeline, one, t) for one in mine if one.ended > t or one in ended)


def _is_handler(timeline: Timeline, process: Process, context: Context) -> bool:
    """Whether the framework has started that thread of the process."""
    if context.process is not process or context.cause != "thread" or context.upper is None or context.host < 0:
        return False
    return timeline.carried.hook(context.upper, context.host) == "Thread.start"


def _handler(timeline: Timeline, context: Context, t: int) -> HandlerThread:
    assert context.upper is not None
    daemon, kept = _settings(timeline, context, t)
    joining, joined, hook = _join(timeline, context, t)
    return HandlerThread(
        context.id,
        timeline.label(context),
        timeline.number(timeline.carried.inherited(context)),
        daemon,
        kept,
        context.t,
        context.ended if context.ended <= t else None,
        joining,
        joined,
        hook,
    )


def _settings(timeline: Timeline, context: Context, t: int) -> tuple[bool | None, bool | None]:
    """Whether its server makes daemons of its threads, and whether it keeps this one to be joined; None: it has not told."""
    assert context.upper is not None
    server = timeline.server_of(context.upper, context.host)
    known = timeline.servers.get(server, []) if server is not None else []
    place = bisect_right(known, t, key=lambda entry: entry[0])
    settings = known[place - 1][2].get("settings") if place else None
    if not isinstance(settings, dict) or "daemon_threads" not in settings:
        return None, None
    daemon = bool(settings["daemon_threads"])
    return daemon, not daemon and bool(settings["block_on_close"]) if "block_on_close" in settings else None


def _join(timeline: Timeline, context: Context, t: int) -> tuple[int | None, int | None, str]:
    """Since when somebody waits for it in join, when that was over, and in which hook it is done."""
    waiter, span = timeline.settle().joined.get(context.id, (None, -1))
    if waiter is None:
        return None, None, ""
    one = timeline.spans.span(waiter, span)
    if one.begin > t:
        return None, None, ""
    hook = timeline.carried.hook(waiter, one.parent) if one.parent >= 0 else ""
    if one.end is not None and one.end <= t:
        return None, one.end if one.how == RETURN else None, hook
    return one.begin if waiter.ended > t else None, None, hook
