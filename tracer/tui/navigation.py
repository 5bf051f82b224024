"""Moving in time under the person's hands: what its keys show, and what is said of it.

Rule of this file: it only says what is to be seen. The feed shows it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tracer.timeline import navigate
from tracer.timeline.density import zoomed
from tracer.timeline.filter import Filter, FilterError, parse
from tracer.timeline.matches import Matches
from tracer.timeline.navigate import Place, Step
from tracer.timeline.units import clock_time

from .feed import Feed
from .focus import Call
from .panels.entry import Purpose
from .panels.keys import Said
from .screens.watch import WatchScreen
from .view import View

SECOND = 1_000_000_000
_PATIENCE = 300_000_000  # nanoseconds that a key may search; what takes longer goes on with the next press

_AFTER = {"raised", "duration", "reply"}  # what is known of a call when it has ended


class TimeActions:
    """What the keys do that move in time."""

    def __init__(self, feed: Feed, picture: WatchScreen, say: Callable[[str], None]) -> None:
        self._feed = feed
        self._picture = picture
        self._tell = say
        self._told = ""  # what was said last
        self._view: View | None = None
        self._sought = ""  # what the feed's finder looks for
        self._marking = 0  # the time that is being noted

    def show(self, view: View) -> None:
        """A new picture."""
        self._view = view
        if self._picture.entry.purpose != "find":
            self._feed.finder = None

    def _say(self, words: str) -> None:
        self._told = words
        self._tell(words)

    def unsay(self) -> None:
        """What was said of the key before is of another moment."""
        if self._told and self._told == self._picture.query_one(Said).message:
            self._say("")

    # -- keys --------------------------------------------------------------------------------------------------------------

    def press(self, does: str) -> None:
        """One of the keys, by what it does."""
        view = self._view
        if view is None:
            return
        self.unsay()
        timeline, t = self._feed.timeline, view.moment.t
        call = self._call()
        match does:
            case "next" | "previous":
                place = (navigate.next_event if does == "next" else navigate.previous_event)(timeline, t)
                self._go(place, "no event after this" if does == "next" else "no event before this")
            case "later" | "earlier" | "much later" | "much earlier":
                self._shift((10 if "much" in does else 1) * (1 if does.endswith("later") else -1))
            case "begin":
                self._begin_or_end(call)
            case "next own" | "previous own" if call is not None:
                step = navigate.next_event if does == "next own" else navigate.previous_event
                self._go(step(timeline, t, call[0]), f"no {'later' if does == 'next own' else 'earlier'} event of this context")
            case "next connection" | "previous connection":
                self._connection(does)
            case "next error" | "previous error":
                step_ = navigate.next_error if does == "next error" else navigate.previous_error
                self._go(step_(timeline, t), f"no exception {'after' if does == 'next error' else 'before'} this")
            case "next same" | "previous same" if call is not None:
                same = navigate.next_same if does == "next same" else navigate.previous_same
                self._go(same(timeline, *call), f"no {'later' if does == 'next same' else 'earlier'} call of this hook")
            case "around" | "inside" if call is not None:
                self._choose((navigate.around if does == "around" else navigate.inside)(timeline, *call), does)
            case "next mark" | "previous mark":
                self._mark(does)
            case "in" | "over" | "out" if call is not None:
                self._step(call, does)

    def _call(self) -> Call | None:
        row = self._picture.calls.cursor
        return (row.context, row.span) if row is not None else None

    def _go(self, place: Place | None, otherwise: str) -> None:
        if place is None:
            self._say(otherwise)
        else:
            self._feed.go(place)

    def to(self, t: int) -> None:
        """Show that time, and the newest call then."""
        timeline = self._feed.timeline
        t = min(max(t, timeline.start), self._feed.until)
        newest = navigate.previous_event(timeline, t + 1)
        self._feed.go(Place(t, -1, -1) if newest is None else newest._replace(t=t))

    def _shift(self, seconds: int) -> None:
        assert self._view is not None
        t = self._view.moment.t + seconds * SECOND
        if seconds > 0 and self._view.wanted.t is None:
            self._say("this is the newest")
        elif seconds > 0 and t >= self._feed.until:
            self._feed.newest()
        else:
            self.to(t)

    def _begin_or_end(self, call: Call | None) -> None:
        assert self._view is not None
        if call is None:
            return
        begin = navigate.begin_of(self._feed.timeline, *call)
        if begin is not None and self._view.wanted.t == begin.t and self._view.wanted.chosen == call:
            self._go(navigate.end_of(self._feed.timeline, *call), "it has not ended, as far as is recorded")
        else:
            self._go(begin, "this call is not recorded")

    def _connection(self, does: str) -> None:
        assert self._view is not None
        view = self._view
        server = view.server.server if view.server is not None else None
        step = navigate.next_connection if does == "next connection" else navigate.previous_connection
        where = "after" if does == "next connection" else "before"
        self._go(step(self._feed.timeline, view.moment.t, server), f"no connection was accepted {where} this")

    def connection(self, number: int) -> None:
        """Show the moment at which a connection was accepted."""
        self._go(navigate.connection_place(self._feed.timeline, number), f"there is no connection #{number}")

    def _choose(self, place: Place | None, does: str) -> None:
        assert self._view is not None
        if place is None or place.t > self._view.moment.t:
            self._say("no call is around this one" if does == "around" else "no call is inside this one")
            return
        wanted = self._feed.wanted
        self._feed.want(replace(wanted, chosen=(place.context, place.span), jumps=wanted.jumps + 1))

    def _step(self, call: Call, mode: Step) -> None:
        assert self._view is not None
        self._go(navigate.step(self._feed.timeline, self._view.moment.t, call[0], mode), "its context does nothing more")

    def fold(self, shut: bool) -> None:
        """Fold away what is inside the chosen call, or show it again."""
        row = self._picture.calls.cursor
        if row is None:
            return
        wanted, call = self._feed.wanted, (row.context, row.span)
        folded = wanted.folded | {call} if shut else wanted.folded - {call}
        if shut and not row.inside:
            self._say(f"nothing is inside this {row.hook}")
        else:
            self._feed.want(replace(wanted, folded=folded, chosen=call))

    def zoom(self, closer: int) -> None:
        """Have Timeline show a shorter stretch, or a longer one."""
        lanes = self._view.lanes if self._view is not None else None
        if lanes is not None:
            self._feed.want(replace(self._feed.wanted, length=zoomed(lanes.end - lanes.begin, closer)))

    def room(self, columns: int, rows: int) -> None:
        """There is so much room in Timeline."""
        self._feed.pictures.columns, self._feed.pictures.lanes = columns, rows
        self._feed.look_again()

    def first(self) -> None:
        """Choose the first call of all."""
        contexts = self._feed.timeline.settle().roots
        call = next(((one.id, 0) for one in contexts if one.spans), None)
        if call is not None:
            self._feed.want(replace(self._feed.wanted, chosen=call, jumps=self._feed.wanted.jumps + 1))

    # -- marks -------------------------------------------------------------------------------------------------------------

    def _mark(self, does: str) -> None:
        assert self._view is not None
        marks, t = self._feed.marks, self._view.moment.t - self._view.start
        mark = marks.next(t) if does == "next mark" else marks.previous(t)
        if mark is None:
            self._say(f"no mark {'after' if does == 'next mark' else 'before'} this: M sets one")
        else:
            self.to(mark.t + self._view.start)
            self._say(f"mark at {clock_time(mark.t)}: {mark.note}" if mark.note else f"mark at {clock_time(mark.t)}")

    def begin_mark(self) -> None:
        """Open a line for a note about this moment."""
        if self._view is not None:
            self._marking = self._view.moment.t - self._view.start
            self._picture.open_entry("mark")

    def _set_mark(self, note: str) -> None:
        marks = self._feed.marks
        there = marks.add(self._marking, note)
        self._feed.look_again()
        self._picture.close_entry()
        done = f"marked {clock_time(self._marking)}: \" and ' go from mark to mark"
        self._say(marks.why or (done if there else "there are too many marks: no other is set"))

    # -- what is typed -----------------------------------------------------------------------------------------------------

    def edited(self, purpose: Purpose, text: str) -> None:
        """A filter is being typed: what matches is shown at once."""
        if purpose == "filter":
            self._filter(text)

    def entered(self, purpose: Purpose, text: str) -> None:
        """Enter was pressed."""
        match purpose:
            case "mark":
                self._set_mark(text.strip())
            case "go":
                self._go_to(text.strip())
            case "filter":
                if self._filter(text):
                    self._picture.close_entry()
            case "find":
                self.find(text, 1)

    def _parsed(self, text: str) -> Filter | None:
        """The filter; None if it is none: that is said below the line."""
        try:
            found = parse(text, self._view.own if self._view is not None else None)
        except FilterError as error:
            self._picture.wrong(error)
            return None
        self._picture.wrong(None)
        return found

    def _filter(self, text: str) -> bool:
        if not text.strip():
            self.show_all()
            self._picture.wrong(None)
            return True
        found = self._parsed(text)
        if found is not None:
            self._feed.filter(text, found)
        return found is not None

    def show_all(self) -> None:
        """No filter."""
        self._feed.filter("", None)

    def _go_to(self, text: str) -> None:
        if text[:1] == "#" and text[1:].isdecimal():
            self._picture.close_entry()
            self.connection(int(text[1:]))
            return
        try:
            t = navigate.parse_time(text, self._feed.timeline)
        except ValueError as error:
            if text[:1].isdecimal():  # no filter begins like that: it was to be a time
                self._picture.wrong(FilterError(str(error), text, 0))
            else:
                self.find(text, 1, close=True)
            return
        self._picture.close_entry()
        self.to(t)

    def find(self, text: str, step: int, close: bool = False) -> None:
        """Go to the next call that matches, or with -1 to the one before."""
        view = self._view
        found = self._parsed(text)
        if found is None or view is None:
            return
        matches = self._feed.finder
        if matches is None or self._sought != text:
            matches = self._feed.finder = Matches(self._feed.timeline, found)
            self._sought = text
        complete = matches.scan(_PATIENCE)
        if close:
            self._picture.close_entry()
        call = view.wanted.chosen  # which may be folded away: the row at the cursor is another, then
        if call is None:  # behind the newest there is nothing: back to the last that matches
            back = step < 0 or view.wanted.t is None
            match = matches.previous(view.moment.t) if back else matches.next(view.moment.t)
        else:
            begin = navigate.begin_of(self._feed.timeline, *call)
            t = begin.t if begin is not None else view.moment.t
            match = matches.next(t, *call) if step > 0 else matches.previous(t, *call)
        searched = "" if complete else f", {matches.progress} % looked at: press again"
        if match is None:
            self._say(f"no {'later' if step > 0 else 'earlier'} call matches {text}{searched}")
        else:
            place = Place(*match)
            ended = navigate.end_of(self._feed.timeline, place.context, place.span) if _AFTER & found.keys() else None
            self._feed.go(place if ended is None else ended)
            self._say(f"{matches.count:,} match {text}{searched}")
