"""What the screen shows: one frozen picture, built by the feed and drawn by every panel.

Rule of this file: no clock and no I/O. Whatever a panel needs to know stands in the view.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from tracer.recording.marks import Bookmark
from tracer.timeline.course import Course
from tracer.timeline.density import Lanes
from tracer.timeline.described import Description
from tracer.timeline.moment import (
    SLOW_MOTION,
    ConnectionMoment,
    ContextMoment,
    Held,
    Moment,
    OpenSpan,
    ProcessMoment,
    ServerMoment,
)
from tracer.timeline.row import Row
from tracer.timeline.waiting import Wait

from .focus import NEWEST, Focus
from .marks import HELD
from .paths import Path
from .terminal.text import Lines

Mode = Literal["live", "ended", "replay", "frozen"]


@dataclass(frozen=True, slots=True)
class Errors:
    """What can be said of raised spans beyond each by itself, by (context, span)."""

    handled: frozenset[tuple[int, int]] = frozenset()  # the exception went no further: the span around it returned
    passed: frozenset[tuple[int, int]] = frozenset()  # it came out of a span inside, which tells its text


class Matched(NamedTuple):
    """What a filter has found so far."""

    filter: str
    calls: int
    progress: int  # percent of what is recorded that was looked at


@dataclass(frozen=True, slots=True)
class View:
    """One picture. Times are nanoseconds, CLOCK_MONOTONIC."""

    title: str
    mode: Mode
    now: int  # what open spans and ages are counted to: the moment's time, and later while nothing new has come
    start: int  # of the recording
    newest: int  # time of the newest thing that was read
    moment: Moment
    rows: tuple[Row, ...]
    more: bool  # there are rows above these
    errors: Errors = Errors()
    server: ServerMoment | None = None  # the one that is watched
    loops: Mapping[int, int] = field(default_factory=dict)  # server -> the context that runs its loop
    closed: frozenset[int] = frozenset()  # servers whose socket the kernel knew and knows no more
    path: Path | None = None  # of a connection of this server
    peak: tuple[int, int] | None = None  # the deepest queue so far, and when
    damaged: int = 0  # regions of the file that could not be read
    reading: int | None = None  # percent of the file that have been read; None: all of it
    behind: int = 0  # how much older than what there is to see: nanoseconds
    finished: bool = False  # nothing more comes, and this is the last of it
    over: bool = False  # nothing more comes: nobody's "now" is the present
    limited: int | None = None  # when the recording was full: nothing later is shown
    abandoned: bool = False  # no end was recorded, and nobody is left to record one
    complete: bool = False  # the end was recorded: the program has ended
    untyped: int = 0  # characters that were typed for the program and dropped
    output: Lines | None = None  # what the program wrote to its terminal; None: it has none that we know of, or wrote nothing
    own: frozenset[str] = frozenset()  # the program's own hooks, as far as they are known
    unasked: int = 0  # stops at which a process could not ask whether it is held
    below: bool = False  # there are rows below these
    at: int | None = None  # the row of the chosen call, or that stands for it: a folded one around it, the next that matches
    wanted: Focus = NEWEST  # what it is a picture of
    playing: bool = False  # the time that is shown goes on by itself, as it did
    matched: Matched | None = None  # what a filter has found; None: there is none
    lanes: Lanes | None = None  # what happens when, in the stretch of time that Timeline shows
    bookmarks: tuple[Bookmark, ...] = ()  # marks that somebody has set, by time; their times count from the start
    described: Description | None = None  # the call that Source and Inspector are about; None: there is none
    focused: int | None = None  # number of the connection that the rail is about; None: see `focus`
    course: Course | None = None  # of the focused connection
    waits: tuple[Wait, ...] = ()  # what each context waits for that does not move, problems first
    recent: tuple[ConnectionMoment, ...] = ()  # of the watched server: those that are open, and the newest that have ended, by number

    @property
    def look(self) -> Mode | Literal["held"]:
        """The mode, or that it is live and somebody is held: what colour the frames have."""
        return "held" if self.mode == "live" and self.stopped else self.mode

    @property
    def runs(self) -> bool:
        """Whether there may be something left to do anything to: not when the recording has ended."""
        return not self.over

    @property
    def stopped(self) -> tuple[Held, ...]:
        """The contexts that are held until a person releases them: slow motion lets its own go by itself."""
        return tuple(one for one in self.moment.held if one.why != SLOW_MOTION)

    def held(self, context: int) -> Held | None:
        """Where a context is held; None if it is not."""
        return next((one for one in self.moment.held if one.context == context), None)

    @property
    def process(self) -> ProcessMoment | None:
        """The process of the watched server, if it is alive."""
        if self.server is None:
            return None
        return next((one for one in self.moment.processes if one.process == self.server.process), None)

    @property
    def place(self) -> int:
        """Which of the servers is watched, from 1; 0 if none is."""
        watched = self.server.server if self.server is not None else None
        return next((place for place, one in enumerate(self.moment.servers, 1) if one.server == watched), 0)

    @property
    def loop(self) -> ContextMoment | None:
        """The context that runs the watched server's loop: the one inside its serve_forever or handle_request."""
        if self.server is None or self.server.server not in self.loops:
            return None
        return self.moment.context(self.loops[self.server.server])

    @property
    def focus(self) -> ConnectionMoment | None:
        """The focused connection; where none is, the newest open one whose handler runs, else the newest open one."""
        if self.focused is not None and self.course is not None and self.course.connection.number == self.focused:
            return self.course.connection
        known = [one for one in self.moment.connections if self.server is None or one.server in (None, self.server.server)]
        handled = {span.connection for context in self.moment.contexts for span in context.stack if span.hook == "handle"}
        running = [one for one in known if one.number in handled]
        return (running or known)[-1] if known else None

    def serving(self, connection: ConnectionMoment) -> ContextMoment | None:
        """The context whose handler serves the connection right now."""
        for context in reversed(self.moment.contexts):
            if any(span.hook == "handle" and span.connection == connection.number for span in context.stack):
                return context
        return None


def errors_in(rows: tuple[Row, ...]) -> Errors:
    """How far exceptions went.

    While the span around a raised one is open nothing can be said of it: a `finally` may be running.
    """
    handled, passed = set(), set()
    around: dict[int, list[Row]] = {}
    for row in rows:
        stack = around.setdefault(row.context, [])
        while stack and stack[-1].depth >= row.depth:
            stack.pop()
        if row.outcome == "raised" and stack and _is_around(stack[-1], row):
            outer = stack[-1]
            if outer.outcome == "returned":
                handled.add((row.context, row.span))
            elif outer.outcome == "raised" and outer.payload == row.payload:
                passed.add((outer.context, outer.span))
        stack.append(row)
    return Errors(frozenset(handled), frozenset(passed))


def _is_around(outer: Row, row: Row) -> bool:
    """Whether a call was made right in that one before it: where only what matches is shown, the call around it may be no row."""
    return outer.depth == row.depth - 1 and (outer.end is None or row.end is None or row.end <= outer.end)


def innermost(context: ContextMoment) -> OpenSpan | None:
    """The hook control is in."""
    return context.stack[-1] if context.stack else None


def held_words(held: Held) -> str:
    """Where a context is held."""
    return f"{HELD} {held.when} {held.hook}"
