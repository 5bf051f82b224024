"""The two lines at the bottom: what came of the clients, and the keys."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from ..lines import Line, line
from ..marks import BOLD, DIM, DONE_BY_A_PERSON, PERSON
from .panel import strip_of


class Bottom(Widget):
    """One line that is not part of the picture."""

    def __init__(self, *, id: str | None = None, ascii_marks: bool = False) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.ascii_marks = ascii_marks

    def content(self) -> Line:
        """The line."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """The line, on the widget's own ground."""
        return strip_of(self.content() if y == 0 else [], self.size.width, self.ascii_marks).apply_style(self.rich_style)


class Said(Bottom):
    """The last message about a client."""

    message: reactive[str] = reactive("")
    """What to say; "" for nothing."""

    def content(self) -> Line:
        return line(" ", (f"{PERSON} {self.message}", DONE_BY_A_PERSON)) if self.message else []


class Keys(Bottom):
    """The footer: at most eight keys, each can be clicked."""

    keys: reactive[tuple[tuple[str, str, str], ...]] = reactive(())
    """(key, word, action) of each."""

    def content(self) -> Line:
        pieces: Line = [Segment(" ")]
        gap = 3 if self.size.width >= 100 else 2
        for key, word, action in self.keys:
            click = Style(meta={"@click": action})
            pieces += [Segment(key, BOLD + click), Segment(f" {word}", DIM + click), Segment(" " * gap)]
        return pieces
