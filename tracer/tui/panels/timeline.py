"""What happens when: a row a context, a stretch of time from left to right, and where in it the moment is."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import MouseDown, MouseEvent, MouseMove, MouseScrollDown, MouseScrollUp, MouseUp, Resize
from textual.message import Message

from tracer.timeline.density import Lane, Lanes
from tracer.timeline.units import clock_time, count

from ..cells import fill
from ..lines import Line, line
from ..marks import (
    BAD,
    BIRTH,
    BOLD,
    DEATH,
    DIM,
    DONE_BY_A_PERSON,
    HELD,
    KILLED,
    LEVELS,
    NOTED,
    PLAIN,
    RAISED,
    STOPPED,
    TAKEN,
    WARN,
    ZOMBIE,
    context_style,
)
from ..times import tenths
from ..view import View
from .panel import Panel

_LABEL = 7  # cells in front of the columns
_PLAYHEAD = "│"
_REVERSED = Style(reverse=True)
_ENDS = {"killed": (KILLED, BAD), "gone": ("?", DIM)}  # any other end is one that was to be


class TimelinePanel(Panel, can_focus=True):
    """The lanes of a stretch of time. Which stretch that is, and where the moment is, is told by the view."""

    NAME = "Timeline"
    HELP_TEXT = (
        "A row a context, each below the one it was born in; time goes from left to right, and the upright line is the moment that the "
        "whole screen shows. The title says where the stretch begins and ends and where the moment is.\n\n"
        "├ is where a context begins and ┤ where it ends (☓ killed, ? nobody knows how). Between them it is alive: ▁ where nothing "
        "happens in any hook, and the more hooks are entered and left in a column, the higher; a full █ is as many as the title says. "
        "‖ is time that it was held, Z that it had ended and was not waited for.\n\n"
        "The first line has ┬ where a connection is accepted, ✗ where an exception leaves a call, ◆ where somebody has set a mark. "
        "When there are more contexts than room, main, the loops, those alive at the moment and those nearest to it are shown.\n\n"
        "A click goes to that time, and so does dragging; + and - and the mouse wheel zoom, around the moment."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("plus,equals_sign", "zoom(1)", "Zoom in", show=False),
        Binding("minus", "zoom(-1)", "Zoom out", show=False),
    ]

    class Seek(Message):
        """Somebody wants to go to time `t`: all that is drawn in the column clicked on has happened by then."""

        def __init__(self, t: int) -> None:
            super().__init__()
            self.t = t

    class Zoom(Message):
        """Somebody wants to see a shorter stretch, `closer` steps (or, below zero, a longer one)."""

        def __init__(self, closer: int) -> None:
            super().__init__()
            self.closer = closer

    class Room(Message):
        """There is room for so many columns, and for so many contexts."""

        def __init__(self, columns: int, rows: int) -> None:
            super().__init__()
            self.columns = columns
            self.rows = rows

    # -- what somebody does ------------------------------------------------------------------------------------------------

    def action_zoom(self, closer: int) -> None:
        """See a shorter stretch, or a longer one."""
        self.post_message(self.Zoom(closer))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self.action_zoom(1)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self.action_zoom(-1)

    def on_mouse_down(self, event: MouseDown) -> None:
        if event.get_content_offset(self) is not None:
            self.capture_mouse()
            self._seek(event)

    def on_mouse_move(self, event: MouseMove) -> None:
        if self.app.mouse_captured is self:
            self._seek(event)

    def on_mouse_up(self, _: MouseUp) -> None:
        self.release_mouse()

    def _seek(self, event: MouseEvent) -> None:
        if self.view is not None and self.view.lanes is not None:
            self.post_message(self.Seek(time_at(self.view, self.view.lanes, event.get_content_offset_capture(self).x)))

    def on_resize(self, _: Resize) -> None:
        width, height = self.size
        self.post_message(self.Room(max(1, width - _LABEL), max(1, height - 1)))
        self._draw()

    # -- drawing -----------------------------------------------------------------------------------------------------------

    def title(self, view: View) -> str:
        lanes = view.lanes
        if lanes is None:
            return self.NAME
        hidden = lanes.more + max(0, len(lanes.lanes) - max(1, self.size.height - 1))
        parts = [
            self.NAME,
            f"{_clock(lanes.begin - view.start, lanes)} to {_clock(lanes.end - view.start, lanes)}",
            f"at {clock_time(view.moment.t - view.start)}",
            *([f"█ is {count(_fullest(lanes), 'event')}"] if _fullest(lanes) else []),
            *([f"{count(hidden, 'context')} more"] if hidden else []),
        ]
        return " ─ ".join(parts)

    def draw(self, view: View, width: int, height: int) -> list[Line]:
        lanes = view.lanes
        if lanes is None:
            return [line(("nothing is known yet", DIM))]
        fullest = max(1, _fullest(lanes))
        rows = [_axis(view, lanes), *(_row(view, lanes, lane, fullest) for lane in lanes.lanes)]
        room = _LABEL + min(lanes.columns, width - _LABEL)
        return [_cut(row, room) for row in rows[:height]]


def time_at(view: View, lanes: Lanes, x: int) -> int:
    """The time that a click on cell `x` means: the last that is drawn there, and nothing that is yet to come."""
    column = min(max(0, x - _LABEL), lanes.columns - 1)
    return max(lanes.begin, min(lanes.edge(column + 1) - 1, max(view.now, view.newest)))


def _clock(nanoseconds: int, lanes: Lanes) -> str:
    """A time as exact as the stretch asks for."""
    length = lanes.end - lanes.begin
    if length >= 10_000_000_000:
        return tenths(nanoseconds)
    return clock_time(nanoseconds) + (f"{nanoseconds // 1000 % 1000:03d}" if length < 100_000_000 else "")


def _fullest(lanes: Lanes) -> int:
    """The most events that any column of any lane has."""
    return max((max(lane.counts, default=0) for lane in lanes.lanes), default=0)


def _axis(view: View, lanes: Lanes) -> Line:
    """The line above the lanes: connections, errors, marks."""
    cells = [(TAKEN if taken else "─", DIM) for taken in lanes.accepted]
    for column, raised in enumerate(lanes.raised):
        if raised:
            cells[column] = (RAISED, BAD)
    for mark in view.bookmarks:
        column = lanes.column(view.start + mark.t)
        if 0 <= column < lanes.columns:
            cells[column] = (NOTED, DONE_BY_A_PERSON)
    here = lanes.column(view.moment.t)
    if 0 <= here < lanes.columns:
        shape = cells[here][0]
        cells[here] = (_PLAYHEAD if shape in (TAKEN, "─") else shape, cells[here][1] + _REVERSED)
    return [Segment(" " * _LABEL), *_joined(cells)]


def _row(view: View, lanes: Lanes, lane: Lane, fullest: int) -> Line:
    """A context's label and its life."""
    style = context_style(lane.label)
    cells = _life(view, lanes, lane, fullest, style)
    here = lanes.column(view.moment.t)
    if 0 <= here < lanes.columns:
        cells[here] = (_PLAYHEAD, style + _REVERSED)
    return [*line((fill(lane.label, _LABEL), style + BOLD)), *_joined(cells)]


def _life(view: View, lanes: Lanes, lane: Lane, fullest: int, style: Style) -> list[tuple[str, Style]]:
    cells = [(" ", PLAIN)] * lanes.columns
    zombie = lane.zombie
    present = max(view.now, view.newest)
    end = min(present if lane.end is None else lane.end, zombie[0] if zombie is not None else present)
    first, last = lanes.column(lane.begin), lanes.column(end)
    for column in range(max(0, first), min(last, lanes.columns - 1) + 1):
        cells[column] = (LEVELS[-(-lane.counts[column] * (len(LEVELS) - 1) // fullest)], style)
    for since, until in lane.held:
        for column in range(lanes.column(since), lanes.column(until - 1) + 1):
            if not lane.counts[column]:
                cells[column] = (HELD, STOPPED)
    if first < last:
        _put(cells, first, BIRTH, style)
    if zombie is not None:
        until = present + 1 if zombie[1] is None else zombie[1]
        for column in range(last + 1, lanes.column(until - 1) + 1):
            _put(cells, column, ZOMBIE, WARN)
    if lane.how != "open" or zombie is not None:
        shape, how = _ENDS.get(lane.how, (DEATH, style))
        if first < last or shape != DEATH:
            _put(cells, last, shape, how)
    return cells


def _put(cells: list[tuple[str, Style]], column: int, shape: str, style: Style) -> None:
    if 0 <= column < len(cells):
        cells[column] = (shape, style)


def _joined(cells: list[tuple[str, Style]]) -> Line:
    """Cells as segments, neighbours of one style together."""
    return [Segment("".join(shape for shape, _ in alike), style) for style, alike in groupby(cells, key=itemgetter(1))]


def _cut(row: Line, width: int) -> Line:
    """The first cells of a row: nothing of a lane says that there is more to the right."""
    return Segment.adjust_line_length(row, width, pad=False)
