"""The calls that a filter matches, found while nobody waits, also in a recording that grows.

A call is looked at before it and, when it has ended, after it, as a hold would; what is asked is what is known of it now, not at a
moment. Rules of this file:

1. Chunks are looked at in the order in which they came; most are passed by with one look at their shape.
2. Whatever order they came in, the result is the same: where an answer may have changed since, the chunks it is about are looked at
   again (see `changes.py`), and all of them if the recording was settled anew.
"""

import time
from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Sequence

from . import roles as role
from .changes import EVERYTHING, Changes
from .contexts import Context
from .filter import Call, Filter, When, call_of
from .lifetimes import FOREVER
from .nth import Nth
from .places import Places
from .scope import Handle, Scope, handles_of
from .settle import root_key, standing
from .shapes import OPEN, Move
from .timeline import Timeline

_LOOKS = 64  # chunks, or calls that are asked about, from one look at the clock to the next
_SERVED = {"request", "reply"}
_EVERY = 256  # chunks whose newest time is kept together

Verdict = tuple[bool | None, bool | None]  # whether it matches before and after the call; None: it is to be asked


class _Plan:
    """What is to be looked at in a move."""

    __slots__ = ("begins", "closes", "handles", "requests")

    def __init__(self) -> None:
        self.begins: list[tuple[int, Verdict]] = []  # spans that begin in it, by their number there
        self.closes: list[tuple[int, Verdict]] = []  # spans that end in it and began before, by their depth
        self.handles: list[Handle] = []
        self.requests: list[int] = []  # references to spans that tell what request is served, or how it was answered


class Matches:
    """The calls that match, as far as `scan` has looked."""

    def __init__(self, timeline: Timeline, filter_: Filter, clock: Callable[[], int] = time.perf_counter_ns) -> None:
        self.timeline = timeline
        self.filter = filter_
        self._spans = timeline.spans
        self._clock = clock
        self._keys = filter_.keys()
        scope = Scope(timeline, filter_)
        self._scope = scope if scope.narrows else None
        self._forget()

    def _forget(self) -> None:
        """Begin again."""
        self._changes = Changes(self.timeline, self._keys)
        self._verdicts: dict[int, Verdict] = {}  # by code
        self._plans: dict[Move, _Plan | None] = {}  # None: there is nothing to look at
        self._unknown = -1  # how many codes were defined when one was met that was not; -1: none was
        self._seen = 0  # chunks
        self._most = 0  # chunks that were seen once, before some of them are to be looked at again
        self._begun = len(self._spans.moves)  # chunks there were when it began
        self._newest = array("q")  # the newest time of the first _EVERY chunks, of twice as many, …
        self._found: dict[int, int | array[int]] = {}  # context -> its spans that match
        self._lanes: dict[int, list[Context]] = {}  # context -> those of the contexts in it that have matches, or have some in them
        self.roots: list[Context] = []  # those that stand alone and have any
        self._comers: list[Context] = []  # clients among them of whom it was not known yet where they stand, by begin
        self._places = Places(self._spans)
        self._nth = Nth(self.filter, self._spans) if "nth" in self._keys else None

    # -- what was found ----------------------------------------------------------------------------------------------------

    @property
    def count(self) -> int:
        """How many calls match, as far as they were looked at."""
        self.refresh()
        return len(self._places)

    @property
    def progress(self) -> int:
        """Percent of what is recorded that was looked at."""
        self.refresh()
        chunks = len(self._spans.moves)
        return 100 * self._seen // chunks if chunks else 100

    def contains(self, context: int, span: int) -> bool:
        """Whether that call matches."""
        self.refresh()
        return self._has(context, span)

    def spans(self, context: Context) -> Sequence[int]:
        """The spans of a context that match, in order."""
        found = self._found.get(context.id, ())
        return (found,) if isinstance(found, int) else found

    def lanes(self, context: Context) -> list[Context]:
        """The contexts that stand in a context and have matches, or have contexts in them that do, as they stand there."""
        return self._lanes.get(context.id, [])

    def next(self, t: int, context: int = -1, span: int = -1) -> tuple[int, int, int] | None:
        """(time, context, span) of the first match behind the call that began at `t`, by (begin, order of contexts, span); None: none.

        Without a call: the first that begins at `t` or later.
        """
        self.refresh()
        key = t, self._key(context), span
        place = self._places.before(key)
        if place < len(self._places) and self._places.key(place) == key:
            place += 1
        return self._at(place)

    def previous(self, t: int, context: int = -1, span: int = -1) -> tuple[int, int, int] | None:
        """The same of the last one before it; without a call: before `t`."""
        self.refresh()
        return self._at(self._places.before((t, self._key(context), span)) - 1)

    def _key(self, context: int) -> tuple[int, int]:
        known = self.timeline.contexts.get(context)
        return known.key if known is not None else (-1, -1)

    def _at(self, place: int) -> tuple[int, int, int] | None:
        if not 0 <= place < len(self._places):
            return None
        context, span = self._places.call(place)
        return self._places.times[place], context.id, span

    # -- looking -----------------------------------------------------------------------------------------------------------

    def scan(self, budget: int) -> bool:
        """Look on, for about so many nanoseconds; whether all that is recorded so far was looked at."""
        begin = self._clock()
        self.refresh()
        moves, plans, looks = self._spans.moves, self._plans, 0
        for chunk in range(self._seen, len(moves)):
            move = moves[chunk]
            plan = plans[move] if move in plans else self._plan(move)
            if plan is not None:
                looks += self._look(chunk, plan, chunk < self._most)
            self._seen = chunk + 1
            if self._keys and not self._seen % _EVERY:
                self._note_time()
            looks += not chunk % _EVERY
            if looks >= _LOOKS:
                looks = 0
                if self._clock() - begin >= budget:
                    break
        self._most = max(self._most, self._seen)
        return self._seen == len(moves)

    def refresh(self) -> None:
        """Look again, now or when the scan goes on, at what was answered and may have another answer now."""
        changes, codes = self._changes, len(self.timeline.codes)
        since = changes.since()
        again = [] if since == EVERYTHING else list(changes.again())
        uncounted = self._nth is not None and (
            since != FOREVER or again or ("open" in self._keys and self._begun < len(self._spans.moves))
        )
        if since == EVERYTHING or uncounted or self._unknown not in (-1, codes):
            self._forget()
            return
        self._receive()
        if since != FOREVER:
            self._seen = min(self._seen, bisect_left(self._newest, since) * _EVERY)
        for context, chunks in again:
            self._changes.watch(context)
            self._look_again(chunks)

    def _look_again(self, chunks: Iterable[int]) -> None:
        """Look again at those of some chunks that were looked at."""
        for chunk in chunks:
            plan = self._plans.get(self._spans.moves[chunk])
            if chunk < self._seen and plan is not None:
                self._look(chunk, plan, True)

    def _note_time(self) -> None:
        """Keep the newest time of what was seen."""
        if len(self._newest) * _EVERY < self._seen:
            fresh = range(self._seen - _EVERY, self._seen)
            newest = max(self._end(chunk) for chunk in fresh)
            self._newest.append(max(newest, self._newest[-1]) if self._newest else newest)

    def _end(self, chunk: int) -> int:
        """The time of a chunk's last event."""
        return self._spans.values[self._spans.offsets[chunk] + self._spans.moves[chunk].positions[-1]]

    def _plan(self, move: Move) -> _Plan | None:
        """What is to be looked at in a move; None: nothing."""
        plan = _Plan()
        for local, code in enumerate(move.codes):
            before, after = self._verdict(code)
            after = after if move.how[local] != OPEN else False
            if before is not False or after is not False:
                plan.begins.append((local, (before, after)))
        for depth, _, _ in move.closed:
            before, after = self._verdict(move.code(~depth))
            if after is not False or (before is not False and "open" in self._keys):
                plan.closes.append((depth, (before, after)))
        if move.roles is not None and not _SERVED.isdisjoint(self._keys):
            plan.requests += [mark.span for mark in move.roles.marks if mark.what in (role.ASKED, role.REPLIED)]
        if self._scope is not None:
            plan.handles = handles_of(move)
        found = plan if plan.begins or plan.closes or plan.requests else None
        closed = (move.code(~depth) for depth, _, _ in move.closed)
        if all(code in self._verdicts for code in (*move.codes, *closed)):
            self._plans[move] = found
        return found

    def _verdict(self, code: int) -> Verdict:
        """What can be said of all calls of a code."""
        known = self._verdicts.get(code)
        if known is None:
            named = self.timeline.codes.get(code)
            if named is None:
                self._unknown = len(self.timeline.codes)
                return None, None
            whens: tuple[When, When] = "before", "after"
            before, after = (self.filter.certain(Call(named.hook, when, named.owner)) for when in whens)
            known = self._verdicts[code] = before, after
        return known

    def _look(self, chunk: int, plan: _Plan, again: bool) -> int:
        """Look at the calls that begin or end in a chunk; how many were asked."""
        context = self._spans.owners[chunk]
        index = bisect_left(context.chunks, chunk)
        asked = 1
        if again or self._scope is None or self._scope.may_match(context, index, plan.handles):
            asked = self._judge_all(context, index, plan, again)
        self._changes.watch(context)
        if plan.requests and not again and self._nth is None:
            for reference in plan.requests:
                self._look_again(context.chunks[self._told_since(context, index, reference) : index])
        return asked

    def _judge_all(self, context: Context, index: int, plan: _Plan, again: bool) -> int:
        """Find out which calls match that begin or end in the context's chunk `index`; how many were asked."""
        base = self._spans.bases[context.chunks[index]]
        for local, verdict in plan.begins:
            self._judge(context, base + local, verdict, again)
        around = self._spans.around(context, index) if plan.closes else ()
        for depth, (before, after) in plan.closes:
            span = around[depth]
            if self._nth is not None:
                self._judge(context, span, (False, after), False)
            elif again or "open" in self._keys:
                self._judge(context, span, (before, after), True)
            elif not self._has(context.id, span):
                self._judge(context, span, (False, after), False)
        return len(plan.begins) + len(plan.closes)

    def _told_since(self, context: Context, index: int, reference: int) -> int:
        """The chunk from which on a context's calls may be about what a call of chunk `index` tells of the request they serve."""
        span = self._spans.reference(context, index, reference)
        while span >= 0:
            known = context.requests.get(span) if context.requests is not None else None
            if known:
                return self._spans.chunk_at(context, known[-1].asked)
            span = self._spans.parent(context, span)
        return index

    def _judge(self, context: Context, span: int, verdict: Verdict, again: bool) -> None:
        """Find out whether a call matches; `again`: it may have been one that does."""
        if self._nth is not None:
            self._count_nth(context, span, verdict)
            return
        before, after = verdict
        matches = before is True or after is True
        if not matches:
            matches = (before is None and self._asks(context, span, "before")) or (after is None and self._asks(context, span, "after"))
        if matches:
            self._add(context, span)
        elif again and self._has(context.id, span):
            self._drop(context, span)

    def _asks(self, context: Context, span: int, when: When) -> bool:
        return self.filter.matches(call_of(self.timeline, context, span, when, keys=self._keys))

    def _count_nth(self, context: Context, span: int, verdict: Verdict) -> None:
        """Count a call; others of its time or later may not be the nth any more, or be it now."""
        assert self._nth is not None
        whens: tuple[When, When] = "before", "after"
        for when, said in zip(whens, verdict, strict=True):
            if said is not False:
                one = self._spans.span(context, span)
                call = call_of(self.timeline, context, span, when, keys=self._keys)
                t = one.begin if when == "before" or one.end is None else one.end
                for changed, matches in self._nth.take(call, t, context, span):
                    if matches:
                        self._add(*changed)
                    else:
                        self._drop(*changed)

    # -- keeping -----------------------------------------------------------------------------------------------------------

    def _has(self, context: int, span: int) -> bool:
        found = self._found.get(context, -1)
        if isinstance(found, int):
            return found == span
        place = bisect_left(found, span)
        return place < len(found) and found[place] == span

    def _add(self, context: Context, span: int) -> None:
        if self._has(context.id, span):
            return
        found = self._found.get(context.id)
        if found is None:
            if context.id not in self._lanes:
                self._enter(context)
            self._found[context.id] = span
        elif isinstance(found, int):
            self._found[context.id] = array("q", sorted((found, span)))
        else:
            found.insert(bisect_right(found, span), span)
        self._places.add(self._spans.begin(context, span), context, span)

    def _drop(self, context: Context, span: int) -> None:
        found = self._found[context.id]
        if not isinstance(found, int):
            found.remove(span)
        if isinstance(found, int) or not found:
            del self._found[context.id]
            if context.id not in self._lanes:
                self._leave(context)
        self._places.remove(self._spans.begin(context, span), context, span)

    def _enter(self, context: Context) -> None:
        """There is something in a context now: it stands among others."""
        upper = context.stands_in if context.anchor >= 0 else None
        if upper is None:
            insort(self.roots, context, key=root_key)
            if context.kind == "client" and context.stands_in is None:
                insort(self._comers, context, key=root_key)
            return
        lane = self._lanes.get(upper.id)
        if lane is None:
            if upper.id not in self._found:
                self._enter(upper)
            self._lanes[upper.id] = [context]
        elif standing(context) > standing(lane[-1]):
            lane.append(context)
        else:
            insort(lane, context, key=standing)

    def _receive(self) -> None:
        """Clients of whom it is known by now where they stand: these are always the first."""
        known = bisect_left(self._comers, True, key=lambda one: one.stands_in is None)
        moved = self._comers[:known]
        del self._comers[:known]
        for client in moved:
            self.roots.remove(client)
        for client in moved:
            self._enter(client)

    def _leave(self, context: Context) -> None:
        """There is nothing in a context any more."""
        upper = context.stands_in if context.anchor >= 0 else None
        if upper is None:
            self.roots.remove(context)
            if context in self._comers:
                self._comers.remove(context)
            return
        lane = self._lanes[upper.id]
        lane.remove(context)
        if not lane:
            del self._lanes[upper.id]
            if upper.id not in self._found:
                self._leave(upper)
