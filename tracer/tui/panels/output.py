"""What the program wrote to its terminal: its lines in its colours, broken at the panel's width, drawn only where they are seen."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from operator import itemgetter
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.strip import Strip

from ..lines import Line, line
from ..marks import DIM, MORE
from ..terminal.line import TextLine
from ..terminal.search import Match, Search
from ..terminal.text import KEPT, Lines
from ..terminal.wrapped import Wrapped, indent, parts
from ..view import View
from .panel import strip_of
from .scrolled import Scrolled

_FOUND = Style(color="#000000", bgcolor="#c8c8c8", reverse=False)
_AT = Style(color="#000000", bgcolor="#f0e442", bold=True, underline=True, reverse=False)
_NOTHING = Lines()


class OutputPanel(Scrolled, can_focus=True):
    """The program's terminal, as lines. A search in it goes on while lines come."""

    NAME = "Output"
    HELP_TEXT = (
        "What the program wrote to its terminal, in its own colours, errors included. Long lines go on in the next row. A carriage "
        "return writes over the line, as progress bars do. Where a program moves the cursor to another line, a new line begins here, "
        "and what it would have overwritten stays. Nothing that it writes can act on your terminal.\n\n"
        "/ searches, while this panel has the focus: plain text, in which capitals count only if you type one. Enter and Up go to an "
        "earlier match, Down to a later one, Esc ends the search.\n\n"
        "At the bottom the newest lines are followed. Arrow and page keys and the mouse wheel leave the bottom; then nothing moves by "
        "itself. End goes back. "
        f"The newest {KEPT:,} lines are kept, fewer if they are long."
    )

    BINDINGS: ClassVar[list[BindingType]] = [Binding("slash", "screen.search", "Search", show=False)]

    def __init__(self, *, id: str | None = None, ascii_marks: bool = False) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, ascii_marks=ascii_marks)
        self._lines = _NOTHING
        self._wrapped = Wrapped(1)
        self._search: Search | None = None
        self._at: Match | None = None  # where the search stands

    # -- rows: one that tells what is missing, if there is; then those of the lines ----------------------------------------

    @property
    def _above(self) -> int:
        return 1 if self._lines.first or not len(self._lines) else 0

    def rows_of(self, view: View) -> int:
        width = self.scrollable_content_region.width
        before, self._lines = self._lines, view.output or _NOTHING
        earlier = self._lines.finished < before.finished  # somebody has gone back in time; what is below knows only what comes
        if self._wrapped.width != width or earlier:
            self._wrapped = Wrapped(width)
        if self._search is not None and earlier:
            self._search = Search(self._search.wanted)
        self._wrapped.take(self._lines)
        self._find()
        return self._wrapped.rows + self._above

    def place_in(self, view: View, top: int) -> int | None:
        if top < self._above:
            number, offset = self._lines.first, 0
        else:
            number, part = self._wrapped.find(top - self._above)
            offset = self._begin_of(number, part)
        lines = view.output or _NOTHING
        if number < lines.first:
            return None
        if number > lines.finished:  # not written yet, then
            number, offset = lines.finished, 0
        self.rows_of(view)
        return self._row_at(number, offset) + self._above if top else 0

    def _begin_of(self, number: int, part: int) -> int:
        return parts(self._lines[number], self._wrapped.width)[part][0] if number < self._lines.end else 0

    def _row_at(self, number: int, offset: int) -> int:
        """The row that shows that character of a line."""
        row = self._wrapped.row_of(number)
        if not offset or number >= self._lines.end:  # the line that has not ended may have been wiped
            return row
        return row + sum(begin <= offset for begin, _ in parts(self._lines[number], self._wrapped.width)) - 1

    # -- search ------------------------------------------------------------------------------------------------------------

    @property
    def found(self) -> str:
        """What the search has found, in words: `3 of 17`; "" while there is none."""
        if self._search is None:
            return ""
        if self._at is None:
            return "not found"
        more = "more than " if self._search.more else ""
        return f"{bisect_left(self._search.matches, self._at) + 1:,} of {more}{len(self._search.matches):,}"

    def _find(self) -> None:
        """Search what has come; where the match that was shown is gone, the next one is."""
        if self._search is not None:
            self._search.take(self._lines)
            matches = self._search.matches
            place = bisect_left(matches, self._at) if self._at is not None else len(matches)
            self._at = matches[min(place, len(matches) - 1)] if matches else None

    def search(self, wanted: str) -> None:
        """Search, and go to the newest match at or above the bottom of what is seen; "": search no more."""
        self._search = Search(wanted) if wanted else None
        self._at = None
        self._find()
        if self._search is not None and self._search.matches:
            bottom = round(self.scroll_y) + self.scrollable_content_region.height - 1 - self._above
            last, _ = self._wrapped.find(max(0, bottom))
            matches = self._search.matches
            self._go_to(matches[bisect_left(matches, (last + 1,)) - 1])
        self._draw()

    def go_on(self, step: int) -> None:
        """Go to the match `step` further down (up, if it is negative); behind the last one comes the first."""
        if self._search is not None and self._at is not None:
            matches = self._search.matches
            self._go_to(matches[(bisect_left(matches, self._at) + step) % len(matches)])
            self._draw()

    def _go_to(self, match: Match) -> None:
        self._at = match
        row = self._row_at(match.line, match.begin) + self._above
        top, height = round(self.scroll_y), self.scrollable_content_region.height
        if not top <= row < top + height:
            self.scroll_to(y=max(0, row - height // 2), animate=False, immediate=True)
        self.follows = False

    # -- drawing -----------------------------------------------------------------------------------------------------------

    def strips_of(self, view: View, top: int, width: int, height: int) -> list[Strip]:
        drawn: list[Line] = []
        rows = self._wrapped.rows + self._above
        for row in range(top, min(top + height, rows)):
            drawn.append(self._part(*self._wrapped.find(row - self._above)) if row >= self._above else self._notice(view))
        return [strip_of(one, width, self.ascii_marks) for one in drawn]

    def _notice(self, view: View) -> Line:
        if self._lines.first:
            return line((f"{MORE} {self._lines.first:,} older lines are not kept", DIM))
        return line(("nothing written" if view.finished else "nothing written yet", DIM))

    def _part(self, number: int, part: int) -> Line:
        whole = self._lines[number]
        begin, end = parts(whole, self._wrapped.width)[part]
        found = self._search.within(number) if self._search is not None else []
        marked = [(one.begin, one.end, _AT if one == self._at else _FOUND) for one in found]
        space = [Segment(" " * indent(self._wrapped.width))] if part else []
        return [*space, *_segments(whole, begin, end, marked)]


def _segments(whole: TextLine, begin: int, end: int, marked: list[tuple[int, int, Style]]) -> Line:
    """The characters from `begin` to `end`, some of them marked."""
    places = sorted({begin, end, *(at for at, _ in whole.styles), *(at for one in marked for at in one[:2])})
    places = [place for place in places if begin <= place <= end]
    pieces: Line = []
    for at, following in pairwise(places):
        _, style = whole.styles[bisect_right(whole.styles, at, key=itemgetter(0)) - 1]
        mark = next((mark for first, last, mark in marked if first <= at < last), None)
        pieces.append(Segment(whole.text[at:following], style + mark if mark is not None else style))
    return pieces
