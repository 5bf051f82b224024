"""What all panels have in common: one reactive `view`, drawn as lines; only lines that changed are painted again."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tracer.recording.text import harmless

from ..lines import Line, fit
from ..marks import ascii_only
from ..themes import inked
from ..view import View

if TYPE_CHECKING:
    from textual import events


def strip_of(line: Line, width: int, ascii_marks: bool) -> Strip:
    """A line as a strip of exactly `width` cells."""
    fitted = fit(line, width, pad=True)
    if ascii_marks:
        fitted = [segment._replace(text=ascii_only(segment.text)) for segment in fitted]
    return Strip(fitted).adjust_cell_length(width)


def _tab(name: str, seen: bool) -> Content:
    return Content(f"[{name}]") if seen else Content.from_markup(f"[@click=screen.panel('{name.lower()}')]{name}[/]")


class Panel(Widget):
    """A box that draws the view it is given. It holds no other fact, reads no clock and asks nobody."""

    NAME: ClassVar = ""
    HELP_TEXT: ClassVar = ""
    """What the panel shows, for somebody who sees it for the first time."""

    class Chosen(Message):
        """Another row is chosen than before: what keys do may be another thing."""

    view: reactive[View | None] = reactive(None, repaint=False, always_update=True)
    """The picture to draw."""

    tabs: reactive[tuple[str, ...]] = reactive((), repaint=False)
    """The names of the panels that share its place, its own among them; none: it has its own."""

    ascii_marks = False

    def __init__(self, *, id: str | None = None, ascii_marks: bool = False) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.ascii_marks = ascii_marks
        self._strips: list[Strip] = []
        self._title = ""

    def draw(self, view: View, width: int, height: int) -> list[Line]:
        """The lines, from the top."""
        raise NotImplementedError

    def needs(self, view: View, width: int) -> int:
        """How many lines it takes to say all, or a hundred."""
        return len(self.draw(view, width, 100))

    def title(self, view: View) -> str:
        """What stands in the frame."""
        return self.NAME

    def help(self, view: View) -> str:
        """What the panel shows, with what only this view can tell."""
        return self.HELP_TEXT

    def watch_view(self) -> None:
        self._draw()

    def on_resize(self, _: events.Resize) -> None:
        self._draw()

    def watch_has_focus(self, _has_focus: bool) -> None:
        super().watch_has_focus(_has_focus)
        self._draw()

    def _draw(self) -> None:
        width, height = self.size
        if self.view is None or not width or not height:
            return
        self._draw_title(self.title(self.view))
        before = self._strips
        self._strips = [strip_of(line, width, self.ascii_marks) for line in self.draw(self.view, width, height)[:height]]
        blank = Strip.blank(width)
        for y in range(height):
            old = before[y] if y < len(before) else blank
            new = self._strips[y] if y < len(self._strips) else blank
            if old != new:
                self.refresh(Region(0, y, width, 1))

    def watch_tabs(self) -> None:
        self._title = ""
        self._draw()

    def _draw_title(self, title: str) -> None:
        if self.ascii_marks and self.has_focus:
            title = f"[{title}]"  # elsewhere the frame of the focused panel is a double one
        if title != self._title:
            self._title = title
            words = Content(ascii_only(harmless(title)) if self.ascii_marks else harmless(title))
            if not self.tabs:
                self.border_title, self.border_subtitle = words, None
                return
            # The panels that share this place are named above; what is said of this one stands below.
            tabs = [_tab(name, name == self.NAME) for name in self.tabs]
            self.border_title = Content(" ").join(tabs)
            self.border_subtitle = words if title != self.NAME else None

    def render_line(self, y: int) -> Strip:
        """One line, on the panel's own ground."""
        strip = self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)
        return inked(strip.apply_style(self.rich_style), self.app.theme, self.has_class("-large"))
