"""What panels have in common that hold more rows than there is room for: following what is new, and scrolling."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tracer.timeline.units import age

from ..view import View
from .panel import Panel


class Scrolled(Panel, ScrollView):
    """A panel that is drawn only where it is seen.

    At the bottom it follows what is new. Anywhere else nothing that arrives moves what is seen; should that no longer be part of the
    view, an older view stays.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("end", "tail", "Follow the newest", show=False),
        Binding("home", "top", "Oldest of these", show=False),
    ]

    follows: reactive[bool] = reactive(True)
    """Whether the newest row is kept in sight."""

    def __init__(self, *, id: str | None = None, ascii_marks: bool = False) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, ascii_marks=ascii_marks)
        self._drawn: View | None = None  # the view that is seen
        self._by_itself = False  # it is scrolled by none of the person's keys or wheels

    def title(self, view: View) -> str:
        if self.follows:
            return self.NAME
        if self._drawn is not view and self._drawn is not None:
            return f"{self.NAME} ─ as of {age(view.now - self._drawn.now)} ago; press End to follow"
        return f"{self.NAME} ─ press End to follow"

    # -- what a panel says of its rows -------------------------------------------------------------------------------------

    def rows_of(self, view: View) -> int:
        """Make `view` the one that is drawn from; how many rows it has."""
        raise NotImplementedError

    def place_in(self, view: View, top: int) -> int | None:
        """Where the row that is at the top of the picture, row `top` of what is drawn now, will be in `view`; None: nowhere."""
        raise NotImplementedError

    def strips_of(self, view: View, top: int, width: int, height: int) -> list[Strip]:
        """The rows from `top` on."""
        raise NotImplementedError

    @property
    def at_bottom(self) -> bool:
        """Whether the newest row is in sight."""
        return self.scroll_y >= self.max_scroll_y

    def scrolled(self) -> None:
        """The person has scrolled."""

    # -- following and scrolling -------------------------------------------------------------------------------------------

    def action_tail(self) -> None:
        """Back to the newest row."""
        self.follows = True
        self._take(self.view)

    def action_top(self) -> None:
        """To the oldest row that is known."""
        self.scroll_to(y=0, animate=False, immediate=True)

    def go(self, row: int) -> None:
        """Have that row at the top. What was followed still is, and what was not is not."""
        self._by_itself = True
        try:
            self.scroll_to(y=row, animate=False, immediate=True)
        finally:
            self._by_itself = False

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if self.view is None:
            return
        if not self._by_itself:
            # At the bottom by scrolling down there: a panel that has grown is at its bottom, too.
            self.follows = self.at_bottom and (self.follows or new_value > old_value)
            if self.follows:
                self._take(self.view)
            self.scrolled()
        self._draw()

    def _take(self, view: View | None) -> None:
        """Show this view's rows, and keep the eye where it is."""
        if view is None or not self.scrollable_content_region.width:
            return
        if self.follows:
            self._show(view)
            self.go(round(self.max_scroll_y))
            return
        top = round(self.scroll_y)
        wanted = self.place_in(view, top)
        if wanted is None:  # rather an older picture than another place
            return
        self._show(view)
        if wanted != top:
            self.go(wanted)

    def _show(self, view: View) -> None:
        height = self.rows_of(view)
        self._drawn = view
        if self.virtual_size.height != height or self.virtual_size.width != self.size.width:
            self.virtual_size = Size(self.size.width, height)

    # -- drawing -----------------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        width, height = self.scrollable_content_region.size
        if self._drawn is None or self.view is None or not width or not height:
            return
        self._draw_title(self.title(self.view))
        before, self._strips = self._strips, self.strips_of(self._drawn, round(self.scroll_y), width, height)
        blank = Strip.blank(width)
        for y in range(height):
            old = before[y] if y < len(before) else None
            if old != (self._strips[y] if y < len(self._strips) else blank):
                self.refresh(Region(0, y, self.size.width, 1))

    def watch_view(self) -> None:
        self._take(self.view)
        self._draw()

    def on_resize(self) -> None:  # type: ignore[override]
        self._take(self.view)
        self._draw()
