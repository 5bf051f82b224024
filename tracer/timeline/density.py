"""What happens when, in every context: lanes of a stretch of time, cut into columns.

Rules of this file:
1. A count is exact: events at times from a column's begin up to, and without, its end.
2. It looks at who is alive in that stretch and at what is shown of them, never at every event.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tracer.probe.hooks import LOOPS

from .contexts import Context, Fork, Process
from .lifetimes import FOREVER
from .moment import ContextEnd
from .timeline import Timeline

SHORTEST, LONGEST = 1_000, 1_000_000_000_000_000  # nanoseconds that can be shown at once
FIRST = 20_000_000_000  # that are shown until somebody zooms
_STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Lane:
    """One context in that stretch. What it did before and after is told by its begin and end alone."""

    context: int
    label: str
    begin: int
    end: int | None  # None: it has not ended
    how: ContextEnd
    counts: tuple[int, ...]  # of each column: hooks that were entered, and left
    held: tuple[tuple[int, int], ...] = ()  # (begin, end) of when it was held, as far as columns tell it apart
    zombie: tuple[int, int | None] | None = None  # from when to when it had ended and was not waited for; None: to the last


@dataclass(frozen=True, slots=True)
class Lanes:
    """The times from `begin` up to, and without, `end`."""

    begin: int
    end: int
    columns: int
    lanes: tuple[Lane, ...]
    more: int  # contexts that are not shown
    raised: tuple[int, ...]  # of each column: calls that an exception left
    accepted: tuple[int, ...]  # connections

    def edge(self, column: int) -> int:
        """Where that column begins; the one behind the last begins at `end`."""
        return _edge(self.begin, self.end, self.columns, column)

    def column(self, t: int) -> int:
        """The column that `t` is in; -1 and `columns` are before and behind all."""
        if t < self.begin:
            return -1
        return min(((t - self.begin + 1) * self.columns - 1) // (self.end - self.begin), self.columns)


def _edge(begin: int, end: int, columns: int, column: int) -> int:
    return begin + (end - begin) * column // columns


# ---- which stretch


def zoomed(length: int, closer: int) -> int:
    """`length`, so many steps of 1, 2, 5, 10, … closer (shorter), or further away where that is below zero."""
    known: list[int] = [step * 10**power for power in range(3, 16) for step in _STEPS]
    place = bisect_right(known, length) - 1 - closer
    return min(max(SHORTEST, known[min(max(0, place), len(known) - 1)]), LONGEST)


def stretch(start: int, newest: int, t: int, length: int) -> tuple[int, int]:
    """(begin, end) of a stretch of that length with `t` in it, in the middle if there is as much behind it as before it.

    It does not move with `t`: it stays where it is until that comes near its edge, and then turns a page.
    """
    half, quarter = max(1, length // 2), max(1, length // 4)
    middle = start + max(0, (t - start + half // 2) // half - 1) * half
    last = start + max(0, -(-(max(newest, t) + 1 - start - length) // quarter)) * quarter
    begin = min(middle, last)
    return begin, begin + length


# ---- lanes


def lanes(timeline: Timeline, t: int, begin: int, end: int, columns: int, most: int) -> Lanes:
    """The stretch from `begin` to `end` with at most so many contexts: main and loops, who is alive at `t`, who is nearest to it.

    Each context stands under its parent, those of one parent in the order in which they began; clients behind all others.
    """
    edges = [_edge(begin, end, columns, column) for column in range(columns + 1)]
    there = _there(timeline, begin, end)
    chosen = _chosen(timeline, there, t, most)
    accepted = timeline.settle().connections
    return Lanes(
        begin,
        end,
        columns,
        tuple([_lane(timeline, context, edges) for context in sorted(chosen, key=_path)]),
        there.count - len(chosen),
        tuple(_counts(timeline.index.raised().count, edges)),
        tuple(_counts(lambda edge: accepted.before(edge - 1), edges)),
    )


def _lane(timeline: Timeline, context: Context, edges: list[int]) -> Lane:
    spans = timeline.spans
    return Lane(
        context.id,
        timeline.label(context),
        context.t,
        context.ended if context.ended != FOREVER else None,
        context.end_how,
        tuple(_counts(lambda edge: spans.events_at(context, edge - 1), edges)),
        tuple(_held(timeline, context, edges)),
        _zombie(timeline, context),
    )


def _counts(before: Callable[[int], int], edges: list[int]) -> list[int]:
    """How many there are in each column, where `before` tells how many there are before a time: asked only where there are any."""
    found = [0] * (len(edges) - 1)
    waiting = [(0, before(edges[0]), len(edges) - 1, before(edges[-1]))]
    while waiting:
        first, below, last, above = waiting.pop()
        if below == above:
            continue
        if last - first == 1:
            found[first] = above - below
            continue
        middle = (first + last) // 2
        known = before(edges[middle])
        waiting += [(first, below, middle, known), (middle, known, last, above)]
    return found


# ---- which contexts


@dataclass(frozen=True, slots=True)
class _There:
    """Those who were there in a stretch."""

    before: list[Context]  # who began before it, by begin
    since: range  # the places of those who began in it, among all
    dead: list[Context]  # who had ended before it, and was waited for later or never

    @property
    def count(self) -> int:
        return len(self.before) + len(self.since) + len(self.dead)


def _there(timeline: Timeline, begin: int, end: int) -> _There:
    contexts = timeline.ordered
    before = contexts.at(begin - 1)
    processes = {context.process: None for context in before if context.process is not None}
    forks = [fork for process in processes for fork in process.forked.at(begin)]
    born = [_born(timeline, fork) for fork in forks]
    dead = [one.first for one in born if one is not None and one.ended < begin and _zombie(timeline, one.first) is not None]
    return _There(before, range(contexts.before(begin - 1), contexts.before(end - 1)), dead)


def _born(timeline: Timeline, fork: Fork) -> Process | None:
    """The process that a fork made."""
    known = timeline.settle().by_pid.get(fork.pid, ())
    return next((one for one in known if one.first.t >= fork.begin and one.parent is fork.context.process), None)


def _chosen(timeline: Timeline, there: _There, t: int, most: int) -> list[Context]:
    """Whom to show, at most so many."""
    contexts = timeline.ordered
    root = timeline.settle().root
    shown = {context.id for context in there.before}
    shown.update(context.id for context in there.dead)
    alive = [one for one in contexts.at(t) if one.id in shown or _is_in(contexts.rank(*one.key), there.since)]
    chosen: dict[int, Context] = {}
    always = [root.first] if root is not None else []
    always += [one for one in alive if _runs_a_loop(timeline, one, t)]
    candidates = [one for one in always if one.id in shown or _is_in(contexts.rank(*one.key), there.since)] + alive[::-1]
    for context in candidates:
        if len(chosen) < most:
            chosen[context.id] = context
    for context in _nearest(timeline, there, t):
        if len(chosen) >= most:
            break
        chosen[context.id] = context
    return list(chosen.values())


def _is_in(place: int, places: range) -> bool:
    return places.start <= place < places.stop


def _runs_a_loop(timeline: Timeline, context: Context, t: int) -> bool:
    # Only contexts in which a server is named may run its loop.
    return bool(context.servers) and any(timeline.code(code).hook in LOOPS for _, code, _ in timeline.spans.stack_at(context, t))


def _nearest(timeline: Timeline, there: _There, t: int) -> Iterable[Context]:
    """Those of a stretch, the ones that began nearest to `t` first."""
    items = timeline.ordered.items
    later = min(max(there.since.start, timeline.ordered.before(t)), there.since.stop)
    earlier = later - 1
    while earlier >= there.since.start or later < there.since.stop:
        is_left = earlier >= there.since.start and (later >= there.since.stop or t - items[earlier].t <= items[later].t - t)
        yield items[earlier if is_left else later]
        earlier, later = (earlier - 1, later) if is_left else (earlier, later + 1)
    yield from reversed(there.before)
    yield from reversed(there.dead)


def _path(context: Context) -> tuple[bool, list[tuple[int, int]]]:
    """What sorts each context under its parent, those of one parent by their begin; clients behind all others."""
    found: list[tuple[int, int]] = []
    one: Context | None = context
    while one is not None:
        found.append(one.key)
        process = one.process
        is_first = process is not None and process.first is one and process.parent is not None
        one = process.parent.first if is_first and process is not None and process.parent is not None else one.upper
    return context.kind == "client", found[::-1]


# ---- what else is told of one


def _held(timeline: Timeline, context: Context, edges: list[int]) -> list[tuple[int, int]]:
    """When it was held; what is less than a column apart is told as one."""
    holds = timeline.holds
    known = holds.stops.get(context.id)
    if known is None:
        return []
    begin, end = edges[0], edges[-1]
    gap = (end - begin) // (len(edges) - 1)
    found: list[tuple[int, int]] = []
    for place in range(max(0, bisect_right(known.begins, begin) - 1), bisect_right(known.begins, end - 1)):
        stop = known.stops[place]
        since, until = max(begin, stop.begin), min(end, holds.end(context, stop))
        if since >= until:
            continue
        if found and since - found[-1][1] < gap:
            found[-1] = found[-1][0], until
        else:
            found.append((since, until))
    return found


def _zombie(timeline: Timeline, context: Context) -> tuple[int, int | None] | None:
    """From when to when a forked child had ended and its parent had not waited for it; None: never, or not known."""
    process = context.process
    if process is None or context is not process.first or process.cause != "fork" or process.parent is None:
        return None
    forks = process.parent.forks.get(context.pid, ())
    reaped = next((fork.reaped for fork in forks if _born(timeline, fork) is process), FOREVER)
    until = min(reaped, process.parent.ended)
    if process.exits:
        since = process.ended
    else:  # killed: only samples tell when
        zombies = timeline.samples.zombies.items()
        seen = [times[0] for (pid, _), times in zombies if pid == context.pid and context.t <= times[0] < until]
        since = min(seen, default=FOREVER)
    return (since, until if until != FOREVER else None) if since < until else None
