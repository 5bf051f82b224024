"""Building a view: everything that the screen shows of one recording at one time, from what a focus asks for.

Rule of this file: no clock, no file. What it keeps between two views is only there to build the next one sooner.
"""

from bisect import bisect_right
from dataclasses import replace
from typing import NamedTuple

from tracer.probe.hooks import HOOKS
from tracer.timeline.at import at, recent
from tracer.timeline.course import course
from tracer.timeline.density import FIRST, SHORTEST, lanes, stretch
from tracer.timeline.describe import describe
from tracer.timeline.matches import Matches
from tracer.timeline.moment import Moment, OpenSpan, ServerMoment
from tracer.timeline.navigate import previous_event
from tracer.timeline.timeline import Timeline
from tracer.timeline.waiting import waits
from tracer.timeline.window import Window, window

from .focus import Call, Focus
from .paths import path_of, supplier_of
from .servers import Choice, has_socket, is_shut, loop_of
from .terminal.written import Written
from .view import Mode, View, errors_in

AROUND = 120  # rows above the chosen call, and below it
RECENT = 200  # rows in Connections
FEW = 3  # of them are looked at for what was handled last
NO_ROWS = Window((), None, False, False)


class Stand(NamedTuple):
    """How reading stands: what no timeline knows."""

    title: str
    mode: Mode
    over: bool  # nothing more comes
    abandoned: bool  # no end was recorded, and nobody is left to record one
    damaged: int  # regions of the file
    reading: int | None  # percent


class Pictures:
    """The views of one timeline. `columns`, `lanes`: how much room Timeline has. `brief`: no calls, and nothing that is about one."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self.choice = Choice()
        self.written = Written(timeline.outputs)
        self.columns, self.lanes = 80, 4
        self.brief = False
        self._peaks: dict[int, tuple[int, list[int], list[tuple[int, int]]]] = {}  # server -> samples looked at, times and peaks

    def view(self, stand: Stand, focus: Focus, t: int, matches: Matches | None) -> View:
        """The picture at `t`."""
        timeline = self._timeline
        moment = at(timeline, t)
        loops = self._loops(moment)
        rows = NO_ROWS if self.brief else self._window(focus, t, matches)
        view = View(
            stand.title,
            stand.mode,
            t,
            timeline.start,
            timeline.newest,
            moment,
            rows.rows,
            rows.above,
            errors_in(rows.rows),
            loops={server: context for server, (context, _) in loops.items()},
            closed=frozenset(one.server for one in moment.servers if self._has_closed(one, t)),
            damaged=stand.damaged,
            reading=stand.reading,
            finished=focus.t is None and stand.mode != "live",
            over=stand.over,
            limited=timeline.limited,
            abandoned=stand.abandoned,
            complete=timeline.ended is not None,
            untyped=sum(timeline.untyped.values()),
            output=None if self.brief else self.written.at(t),
            own=frozenset(code.hook for code in timeline.codes.values() if "." in code.hook and code.hook not in HOOKS),
            unasked=timeline.holds.unasked,
            below=rows.below,
            at=rows.place,
            wanted=focus,
            waits=() if self.brief else waits(timeline, moment),
            lanes=None if self.brief else lanes(timeline, t, *self._stretch(stand, focus.length, t), self.columns, self.lanes),
        )
        return self.about(view, self.choice.of(moment, {server: span for server, (_, span) in loops.items()}))

    def _window(self, focus: Focus, t: int, matches: Matches | None) -> Window:
        """The calls around the chosen one; the newest where none is."""
        below = AROUND if focus.chosen is not None else 0
        return window(self._timeline, t, focus.chosen, AROUND, below, focus.folded, matches)

    def about(self, view: View, server: ServerMoment | None) -> View:
        """The view with that server watched."""
        if server is None:
            view = replace(view, server=None, path=None, peak=None, recent=())
        else:
            codes = self._timeline.codes.values()
            suppliers = {f"{code.module}.{code.owner}" for code in codes if code.hook == "process_request"}
            path = path_of(supplier_of(server.mro, suppliers), server.kind == "datagram")
            found = () if self.brief else recent(self._timeline, view.moment, server.server, RECENT)
            view = replace(view, server=server, path=path, peak=self._deepest(server, view.moment.t), recent=found)
        return self.chosen(view, view.wanted.chosen)

    def chosen(self, view: View, call: Call | None) -> View:
        """The view with that call chosen; None: where control is that serves, else the last handle, else the newest call."""
        t = view.moment.t
        view = replace(view, focused=None)
        focus = view.focus
        if call is None and not self.brief:
            serving = view.serving(focus) if focus is not None else None
            call = (serving.context, serving.stack[-1].span) if serving is not None else self._handled(view)
        described = describe(self._timeline, *call, t) if call is not None and not self.brief else None
        focused = described.connection if described is not None and view.wanted.chosen is not None else None
        number = focused if focused is not None else focus.number if focus is not None else None
        found = course(self._timeline, number, t) if number is not None else None
        return replace(view, described=described, focused=focused, course=found)

    def _handled(self, view: View) -> Call | None:
        """The newest call of handle, of the connections that are known best; else the newest call of all."""
        t = view.moment.t
        for connection in reversed(view.recent[-FEW:]):
            passed = course(self._timeline, connection.number, t)
            found = (passed.call("handle", False) or passed.call("handle", True)) if passed is not None else None
            if found is not None:
                return found.context, found.span
        newest = previous_event(self._timeline, t + 1)
        return newest[1:] if newest is not None else None

    def _stretch(self, stand: Stand, length: int, t: int) -> tuple[int, int]:
        """The times between which Timeline shows the run: of one that goes on the latest, of one that is over all of it."""
        timeline = self._timeline
        newest = timeline.newest if timeline.limited is None else timeline.limited
        if length:
            return stretch(timeline.start, newest, t, length)
        if not stand.over and t - timeline.start > FIRST:
            return stretch(timeline.start, newest, t, FIRST)
        return timeline.start, max(newest, t, timeline.start + SHORTEST) + 1

    def _loops(self, moment: Moment) -> dict[int, tuple[int, OpenSpan]]:
        """The loops that run, by server: in which context, and as which span."""
        found: dict[int, tuple[int, OpenSpan]] = {}
        for context in moment.contexts:
            span = loop_of(context)
            if span is not None:
                server = self._timeline.server_of(self._timeline.contexts[context.context], span.span)
                if server is not None:
                    found.setdefault(server, (context.context, span))
        return found

    def _has_closed(self, server: ServerMoment, t: int) -> bool:
        """Whether the kernel knows the server's socket no more, and has known it."""
        return is_shut(server) and any(has_socket(queue) for queue in self._timeline.samples.queues[server.server] if queue.end <= t)

    def _deepest(self, server: ServerMoment, t: int) -> tuple[int, int] | None:
        """The deepest that the server's queue was in any sample up to `t`, and when."""
        queues = self._timeline.samples.queues.get(server.server, [])
        looked_at, times, peaks = self._peaks.get(server.server, (0, [], []))
        for queue in queues[looked_at:]:
            if queue.depth is not None and (not peaks or queue.depth > peaks[-1][0]):
                times.append(queue.end)
                peaks.append((queue.depth, queue.end))
        self._peaks[server.server] = len(queues), times, peaks
        place = bisect_right(times, t)
        return peaks[place - 1] if place else None
