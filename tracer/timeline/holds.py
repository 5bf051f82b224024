"""Who was held, where and for how long, and what was set to hold them: from what the supervisor says of the gate.

A **stop** is one context held once, before a call or after it. Rules of this file:

1. What is said of one context (or of the pace) comes in the order of time. What does not was written twice, or is damage: left out.
2. A stop ends with its release. Where none is recorded it ends with the context or the recording, or when the context goes on though
   the supervisor, without which nobody is held, is heard of no more.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tracer.probe.frames import ENTER

from .codes import Code
from .contexts import Context, number, string
from .lifetimes import FOREVER
from .moment import SLOW_MOTION, STEP, Hold
from .samples import Samples
from .spans import Spans

STEPS = {"in": STEP, "over": STEP, "out": STEP, "pace": SLOW_MOTION}  # why a stop was made that is no hold's


@dataclass(slots=True)
class Stop:
    """A context is held."""

    context: int
    hook: str
    when: Literal["before", "after"]
    hold: int  # the hold's id; 0: none
    step: str  # "in", "over" or "out": it came here by a step; "pace": slow motion; "": neither
    begin: int
    end: int = FOREVER  # when it was released
    mode: str = ""  # how it moved on: "run", "in", "over" or "out"
    follow: str = ""  # and who does across a fork or a thread's start: "both", "parent" or "child"
    by: str = ""


class _Stops:
    """Those of one context, in the order of time."""

    __slots__ = ("before", "begins", "loose", "paced", "stops")

    def __init__(self) -> None:
        self.stops: list[Stop] = []
        self.begins = array("q")
        self.before = array("q")  # nanoseconds of all that came before each and were released
        self.paced = array("q")  # of these, nanoseconds of slow motion's
        self.loose: list[Stop] = []  # that no release was recorded of

    def add(self, stop: Stop) -> None:
        last = self.stops[-1] if self.stops else None
        if last is not None and stop.begin <= last.begin:
            return
        known = paced = 0
        if last is not None:
            if last.end != FOREVER:
                last.end = min(last.end, stop.begin)
                known = last.end - last.begin
                paced = known if last.step == "pace" else 0
            known += self.before[-1]
            paced += self.paced[-1]
        self.stops.append(stop)
        self.begins.append(stop.begin)
        self.before.append(known)
        self.paced.append(paced)
        self.loose.append(stop)

    def release(self, t: int, mode: str, follow: str, by: str) -> None:
        stop = self.stops[-1]
        if stop.end == FOREVER and t > stop.begin:
            stop.end, stop.mode, stop.follow, stop.by = t, mode, follow, by
            self.loose.remove(stop)

    def at(self, t: int) -> Stop | None:
        """The last that began at or before `t`."""
        place = bisect_right(self.begins, t)
        return self.stops[place - 1] if place else None

    def next(self, stop: Stop) -> int:
        """When the one after `stop` began; FOREVER: there is none."""
        place = bisect_right(self.begins, stop.begin)
        return self.begins[place] if place < len(self.begins) else FOREVER

    def until(self, t: int, paced: bool) -> int:
        """Nanoseconds before `t` in those that were released; with `paced` in slow motion's alone."""
        place = bisect_right(self.begins, t)
        if not place:
            return 0
        stop = self.stops[place - 1]
        counts = stop.end != FOREVER and (not paced or stop.step == "pace")
        return (self.paced if paced else self.before)[place - 1] + (min(stop.end, t) - stop.begin if counts else 0)


class Holds:
    """Answers for one timeline; those that are about a context are right as soon as that is settled."""

    def __init__(self, spans: Spans, codes: Mapping[int, Code], samples: Samples) -> None:
        self.control = ""  # where a viewer that did not start the run can connect to hold and release; "": nowhere
        self.unasked = 0  # stops at which a process could not ask whether it is held
        self.over = FOREVER  # when the recording ended
        self.stops: dict[int, _Stops] = {}  # context -> its stops; only contexts that were held
        self.holds: dict[int, Hold] = {}
        self.removed: dict[int, tuple[int, str]] = {}  # hold -> when it was removed, and by whom
        self.paces: list[tuple[int, int]] = []  # (time, nanoseconds that each hook is held from then on)
        self._spans = spans
        self._codes = codes
        self._samples = samples

    # -- in ----------------------------------------------------------------------------------------------------------------

    def feed(self, fact: dict[str, Any]) -> None:
        """Take in one of the facts above; one that makes no sense says nothing."""
        t = number(fact, "t", -1)
        if not 0 <= t < FOREVER:
            return
        identity, context = number(fact, "id", -1), number(fact, "context", -1)
        match fact.get("type"):
            case "hold" if identity not in self.holds:
                self.holds[identity] = Hold(identity, string(fact, "filter"), fact.get("once") is True, t)
            case "unhold" if identity not in self.removed:
                self.removed[identity] = t, string(fact, "by")
            case "held" if (when := fact.get("when")) in ("before", "after"):
                stop = Stop(context, string(fact, "hook"), when, number(fact, "hold"), string(fact, "step"), t)
                self.stops.setdefault(context, _Stops()).add(stop)
            case "released" if context in self.stops:
                self.stops[context].release(t, *(string(fact, name) for name in ("mode", "follow", "by")))
            case "pace" if not self.paces or t > self.paces[-1][0]:
                self.paces.append((t, max(0, number(fact, "interval"))))
            case "control":
                self.control = self.control or string(fact, "path")
            case "unasked":
                self.unasked = max(self.unasked, number(fact, "stops"))

    # -- out ---------------------------------------------------------------------------------------------------------------

    def set_at(self, t: int) -> tuple[Hold, ...]:
        """The holds that are set at `t`, in the order in which they were."""
        known = [hold for hold in self.holds.values() if hold.since <= t < self.removed.get(hold.hold, (FOREVER, ""))[0]]
        return tuple(sorted(known, key=lambda hold: (hold.since, hold.hold)))

    def pace_at(self, t: int) -> int:
        """Slow motion at `t`: nanoseconds that each hook is held; 0: none."""
        place = bisect_right(self.paces, (t, FOREVER))
        return self.paces[place - 1][1] if place else 0

    def stop_at(self, context: Context, t: int) -> Stop | None:
        """Where the context is held at `t`; None: it is not."""
        known = self.stops.get(context.id)
        stop = known.at(t) if known is not None else None
        return stop if stop is not None and t < self.end(context, stop) else None

    def end(self, context: Context, stop: Stop) -> int:
        """When the context moved on; FOREVER: it is held."""
        end = min(stop.end, context.ended, self.over)
        if stop.end == FOREVER:
            end = min(end, self.stops[context.id].next(stop), self._went_on(context, stop))
        return max(end, stop.begin)

    def _went_on(self, context: Context, stop: Stop) -> int:
        """When it did something again, and the supervisor nothing more; a signal's handler may, while it is held."""
        after = self._spans.next_event(context, stop.begin)
        return after if not self._samples.times or after > self._samples.times[-1][0] else FOREVER

    def held(self, context: Context, begin: int, end: int) -> int:
        """Nanoseconds from `begin` to `end` in which the context was held."""
        return self._sum(context, begin, end, paced=False)

    def slowed(self, context: Context, begin: int, end: int) -> int:
        """Of these nanoseconds, those of slow motion."""
        return self._sum(context, begin, end, paced=True)

    def _sum(self, context: Context, begin: int, end: int, paced: bool) -> int:
        known = self.stops.get(context.id)
        if known is None:
            return 0
        end = min(end, context.ended, self.over)
        found = known.until(end, paced) - known.until(begin, paced) if end > begin else 0
        loose = [stop for stop in known.loose if not paced or stop.step == "pace"]
        return found + sum(max(0, min(end, self.end(context, stop)) - max(begin, stop.begin)) for stop in loose)

    def held_after(self, context: Context, span: int, ended: int, until: int) -> int:
        """Nanoseconds up to `until` in which the context was held right after a call, which ended at `ended`."""
        known, found = self.stops.get(context.id), 0
        if known is None:
            return 0
        for place in range(bisect_left(known.begins, ended), len(known.stops)):
            stop = known.stops[place]
            if stop.when != "after" or stop.begin > until or self.span(context, stop) != span:
                break
            found += min(self.end(context, stop), until) - stop.begin
        return found

    def span(self, context: Context, stop: Stop) -> int | None:
        """The call that the context stands at; None: it is not recorded."""
        span, kind = self._spans.newest_event(context, stop.begin)
        if span < 0 or (kind == ENTER) != (stop.when == "before"):
            return None
        code = self._codes.get(self._spans.code(context, span))
        return span if code is not None and code.hook == stop.hook else None

    def left(self, context: Context, t: int) -> int:
        """When a context that entered `_exit` at `t` really left: not while it is held before it; FOREVER: it is."""
        known = self.stops.get(context.id)
        stop = known.stops[-1] if known is not None else None
        return max(t, stop.end) if stop is not None and stop.hook == "_exit" and stop.when == "before" and stop.begin >= t else t

    def why(self, stop: Stop) -> str:
        """What it was held by: a hold's filter; "step" or "slow motion"; "?" if that is not recorded."""
        if stop.step in STEPS:
            return STEPS[stop.step]
        hold = self.holds.get(stop.hold)
        return hold.filter if hold is not None else "?"
