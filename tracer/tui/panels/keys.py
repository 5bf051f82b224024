"""The two lines at the bottom: what came of the clients, and the keys."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from ..lines import Line, cells, line
from ..marks import BOLD, DIM, DONE_BY_A_PERSON, PERSON
from ..offers import Key
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

    keys: reactive[tuple[Key, ...]] = reactive(())
    """Key, word and action of each."""

    def content(self) -> Line:
        # Where there is little room first the gaps shrink, then the words go; no key does.
        width = self.size.width
        gaps = [(gap, True) for gap in (3, 2, 1)] + [(gap, False) for gap in (2, 1)]
        lines = [self._line(gap, words) for gap, words in gaps if gap < 3 or width >= 100]
        return next((one for one in lines if cells(one) <= width), lines[-1])

    def _line(self, gap: int, words: bool) -> Line:
        pieces: Line = []
        for key, word, action in self.keys:
            click = Style(meta={"@click": action})
            pieces += [Segment(" " * (gap if pieces else 1)), Segment(key, BOLD + click)]
            pieces += [Segment(f" {word}", DIM + click)] * words
        return pieces
