"""The call tree, grafted across forks and threads: one line a row, drawn only where it is seen."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tracer.probe.hooks import HOOKS
from tracer.timeline.row import Row
from tracer.timeline.units import age

from ..call_line import Columns, call_line, columns_for, owner_words
from ..lines import line
from ..marks import DIM, LEGEND
from ..view import View
from .panel import Panel, strip_of


class Calls(Panel, ScrollView, can_focus=True):
    """The calls of every context, in the order they began; each context under the call it was born in.

    1. At the bottom it follows what is new. Anywhere else nothing that arrives moves what is seen.
    2. A line is known by its context and span: rows may appear above it.
    """

    NAME = "Calls"
    HELP_TEXT = (
        "Every call of a hook, in the colour of its context, under the call it was made in; a child's or a thread's calls stand "
        "under the fork or the start that made it. So the time may go back from one line to the next. To the right: the "
        "connection, the duration (or how long it lasts), the class that supplied the hook; bold if it is the program's own."
        "\n\nAt the bottom the newest calls are followed. Arrow and page keys and the mouse wheel leave the bottom; then "
        "nothing moves by itself. End goes back.\n\nThe marks:\n\n"
        + "\n".join(f"  {mark.shape:3} {mark.means}" for mark in LEGEND)
        + "\n\nThe hooks, in the order of a server's life:\n\n"
        + "\n\n".join(f"{hook.name}  {hook.called} Override: {hook.override}" for hook in HOOKS.values())
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("end", "tail", "Follow the newest", show=False),
        Binding("home", "top", "Oldest of these", show=False),
    ]

    follows: reactive[bool] = reactive(True)
    """Whether the newest row is kept in sight."""

    class Above(Message):
        """Rows above those that are known are wanted."""

    def __init__(self, *, id: str | None = None, ascii_marks: bool = False) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, ascii_marks=ascii_marks)
        self._rows: tuple[Row, ...] = ()
        self._drawn: View | None = None  # the view that is seen: an older one if what was looked at has left the window
        self._asked = False
        self._seen: tuple[tuple[Row, ...], Columns, int] | None = None  # what the lines were drawn from

    def title(self, view: View) -> str:
        if self.follows:
            return "Calls"
        if self._drawn is not view and self._drawn is not None:
            return f"Calls ─ as of {age(view.now - self._drawn.now)} ago; press End to follow"
        return "Calls ─ press End to follow"

    # -- following and scrolling -------------------------------------------------------------------------------------------

    def action_tail(self) -> None:
        """Back to the newest row."""
        self.follows = True
        self._take(self.view)

    def action_top(self) -> None:
        """To the oldest row that is known."""
        self.scroll_to(y=0, animate=False, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self.view is None:
            return
        self.follows = new_value >= self.max_scroll_y
        if self.follows:
            self._take(self.view)
        elif new_value <= 1 and self._drawn is not None and self._drawn.more and not self._asked:
            self._asked = True
            self.post_message(self.Above())
        self._draw()

    def _take(self, view: View | None) -> None:
        """Show this view's rows, and keep the eye where it is."""
        if view is None:
            return
        if self.follows:
            self._drawn = view
            self._resize(len(view.rows) + 1)
            self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)
            self.follows = True
            return
        before = self._drawn.rows if self._drawn is not None else ()
        top = round(self.scroll_y)
        anchor = before[max(0, top - 1)] if before else None
        place = next((n for n, row in enumerate(view.rows) if anchor is not None and _same(row, anchor)), None)
        if place is None:  # it has left the window: rather an older picture than another place
            if not self._asked:
                self._asked = True
                self.post_message(self.Above())
            return
        self._asked = False
        self._drawn = view
        self._resize(len(view.rows) + 1)
        wanted = place + (1 if top else 0)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, immediate=True)

    def _resize(self, height: int) -> None:
        if self.virtual_size.height != height or self.virtual_size.width != self.size.width:
            self.virtual_size = Size(self.size.width, height)

    # -- drawing -----------------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        width, height = self.scrollable_content_region.size
        if self._drawn is None or self.view is None or not width or not height:
            return
        self._draw_title(self.title(self.view))
        before, self._strips = self._strips, self._visible(self._drawn, width, height)
        blank = Strip.blank(width)
        for y in range(height):
            old = before[y] if y < len(before) else None
            if old != (self._strips[y] if y < len(self._strips) else blank):
                self.refresh(Region(0, y, self.size.width, 1))

    def _visible(self, view: View, width: int, height: int) -> list[Strip]:
        rows, top = view.rows, round(self.scroll_y)
        columns = columns_for(width, {row.label for row in rows}, {owner_words(row) for row in rows}, view.moment.counts.connections)
        seen = (rows, columns, top)
        # While nothing but time has changed, only open calls look different.
        before = self._strips if self._seen is not None and all(a is b or a == b for a, b in zip(seen, self._seen, strict=True)) else []
        self._seen = seen
        strips: list[Strip] = []
        for number in range(top, min(top + height, len(rows) + 1)):
            if number == 0:
                strips.append(strip_of(line((_above(view), DIM)), width, self.ascii_marks))
                continue
            row = rows[number - 1]
            if number - top < len(before) and not row.open:
                strips.append(before[number - top])
                continue
            labelled = number == top or number == 1 or rows[number - 2].context != row.context
            strips.append(strip_of(call_line(row, view.now, columns, labelled, view.errors), width, self.ascii_marks))
        return strips

    def watch_view(self) -> None:
        self._take(self.view)
        self._draw()

    def on_resize(self) -> None:  # type: ignore[override]
        self._take(self.view)
        self._draw()


def _above(view: View) -> str:
    """What stands above the oldest row."""
    if view.more:
        return "… earlier calls: 'tracer show FILE' lists them all"
    return "the recording begins here" if view.rows else ""


def _same(one: Row, other: Row) -> bool:
    return one.context == other.context and one.span == other.span
