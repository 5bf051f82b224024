"""The lines at the bottom: what came of the clients, what is wrong with a filter that is typed, and the keys."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget

from tracer.timeline.filter import FilterError

from ..lines import Line, cells, line
from ..marks import BOLD, DIM, DONE_BY_A_PERSON, PERSON, WARN
from ..offers import Key
from ..themes import inked
from .entry import Entry
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
        strip = strip_of(self.content() if y == 0 else [], self.size.width, self.ascii_marks)
        return inked(strip.apply_style(self.rich_style), self.app.theme)


class Said(Bottom):
    """The last message: about a client, or what came of a key."""

    message: reactive[str] = reactive("")
    """What to say; "" for nothing."""

    waits: reactive[str] = reactive("")
    """What is worth to be told where there is no message: who waits, and for what."""

    def content(self) -> Line:
        return line(" ", (f"{PERSON} {self.message}", DONE_BY_A_PERSON)) if self.message else line(f" {self.waits}")


_PLACES = "  handle · after get_request · before handle & peer:53122 · #7 · context:T2 · raised"
_EXAMPLES = {
    "hold": _PLACES,
    "to": _PLACES,
    "filter": "  handle · #7 · raised · duration>5ms · context:T2 & !select · peer:53122",
    "find": "  handle · #7 · raised · duration>5ms · context:T2 & !select · peer:53122",
    "go": "  00:12.4 · 12.4s · #7 · handle · raised: a time, a connection, or the next call that matches",
}


class Remark(Bottom):
    """Below a filter while it is typed: what is wrong with it, under its character."""

    error: reactive[FilterError | None] = reactive(None, always_update=True)
    """What is wrong; None: nothing, and an example stands there."""

    def content(self) -> Line:
        if self.error is None:
            return line((_EXAMPLES.get(self.screen.query_one(Entry).purpose or "", ""), DIM))
        words, width = str(self.error), self.size.width
        column = self.screen.query_one(Entry).column(self.error.position) - self.region.x
        if column + 2 + len(words) <= width:
            return line(" " * column, ("^ ", WARN), (words, WARN))
        if len(words) + 1 <= column < width:
            return line(" " * (column - len(words) - 1), (f"{words} ^", WARN))
        return line(" ", (words, WARN))


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
