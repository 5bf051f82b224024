"""What panels have in common that show one thing at some length, of which the person can see another part."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from ..lines import Line, line
from ..marks import DIM, MORE
from ..view import View
from .panel import Panel


class Paged(Panel, can_focus=True):
    """Lines of which a part is seen. As soon as the panel is about something else, the part is the one that says the most."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "page(-1)", "Up", show=False),
        Binding("down", "page(1)", "Down", show=False),
        Binding("pageup", "page(-1, True)", "A page up", show=False),
        Binding("pagedown", "page(1, True)", "A page down", show=False),
        Binding("home", "page(-1000000)", "To the first line", show=False),
        Binding("end", "page(1000000)", "To the last line", show=False),
    ]

    def __init__(self, *, id: str | None = None, ascii_marks: bool = False) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, ascii_marks=ascii_marks)
        self._about: object = None
        self._moved = 0  # lines that the person has moved the part
        self._top = self._last = 0  # of the part that was seen, and the largest there can be
        self._room = 1

    # -- what a panel says of its lines ------------------------------------------------------------------------------------

    def about(self, view: View) -> object:
        """What the lines are about: when it is another, the person's place is given up."""
        raise NotImplementedError

    def pinned(self, view: View, width: int, height: int) -> list[Line]:
        """Lines that are always seen, above the others."""
        return []

    def body(self, view: View, width: int) -> tuple[list[Line], int]:
        """(all other lines, the one to be in the middle)."""
        raise NotImplementedError

    def first(self, line: int, room: int) -> int:
        """Which line comes first, of `room`, so that the one that `body` says is in the middle."""
        return line - room // 2

    def more(self, lines: int) -> str:
        """That there are so many below."""
        return f"{MORE} {lines} more lines: {'Down' if self.has_focus else 'z enlarges'}"

    # -- drawing -----------------------------------------------------------------------------------------------------------

    def draw(self, view: View, width: int, height: int) -> list[Line]:
        if self.about(view) != self._about:
            self._about, self._moved = self.about(view), 0
        above = self.pinned(view, width, height)[: max(0, height - 1)]
        lines, middle = self.body(view, width)
        room = self._room = max(1, height - len(above))
        self._last = max(0, len(lines) - room)
        top = min(max(0, self.first(middle, room)), self._last)
        self._top = min(max(0, top + self._moved), self._last)
        self._moved = self._top - top
        seen = lines[self._top : self._top + room]
        hidden = len(lines) - self._top - len(seen)
        if hidden and len(seen) > 1:
            seen[-1] = line((self.more(hidden + 1), DIM))
        return [*above, *seen]

    def action_page(self, step: int, page: bool = False) -> None:
        """Show another part."""
        self._moved += min(max(step * (max(1, self._room - 1) if page else 1), -self._top), self._last - self._top)
        self._draw()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.action_page(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.action_page(-3)
