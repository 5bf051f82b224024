"""Lines that are broken at a width: which row of the screen shows which part of which line, for any number of lines.

A line's second row, and what follows it, is indented: where a line begins can be seen.

Rule of this file: a finished line is looked at once, and kept as a number.
"""

from array import array
from bisect import bisect_right

from rich.cells import get_character_cell_size

from .line import TextLine
from .text import Lines

_INDENT = 2
_NARROWEST = 12  # what is narrower is not indented


def indent(width: int) -> int:
    """How far rows are indented that go on with a line."""
    return _INDENT if width >= _NARROWEST else 0


def parts(line: TextLine, width: int) -> list[tuple[int, int]]:
    """Where each row's part of the line begins and ends, in characters; indented it is at most `width` cells wide."""
    size, rest = len(line.text), width - indent(width)
    if line.narrow:
        return [(0, min(size, width)), *((begin, min(size, begin + rest)) for begin in range(width, size, rest))]
    found, begin, room = [], 0, width
    for place, character in enumerate(line.text):
        cells = get_character_cell_size(character)
        if cells > room and place > begin:
            found.append((begin, place))
            begin, room = place, rest
        room -= cells
    return [*found, (begin, size)]


def _count(line: TextLine, width: int) -> int:
    """How many parts there are."""
    if not line.narrow:
        return len(parts(line, width))
    over = len(line.text) - width
    return 1 if over <= 0 else 1 - (-over // (width - indent(width)))


class Wrapped:
    """The rows of lines at one width. Row 0 is the first of the oldest line that is kept."""

    def __init__(self, width: int) -> None:
        self.width = max(1, width)
        self._first = 0  # number of the oldest line
        self._ends = array("q")  # for each finished line from that one on, where its rows end, counted from the first ever taken
        self._forgotten = 0  # rows of lines that are kept no longer
        self._last = 0  # rows of the line that has not ended

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return (self._ends[-1] if self._ends else self._forgotten) - self._forgotten + self._last

    def take(self, lines: Lines) -> None:
        """Take in what has become of the lines: later ones than before."""
        ends, width = self._ends, self.width
        if not ends:
            self._first = lines.first
        end = ends[-1] if ends else self._forgotten
        for number in range(self._first + len(ends), lines.finished):
            end += _count(lines[number], width) if number >= lines.first else 1
            ends.append(end)
        gone = lines.first - self._first
        if gone > 0:
            self._forgotten = ends[gone - 1]
            del ends[:gone]
            self._first = lines.first
        self._last = _count(lines.last, width) if lines.last is not None else 0

    def find(self, row: int) -> tuple[int, int]:
        """The line that a row shows, and which of its parts, from 0."""
        place = bisect_right(self._ends, row + self._forgotten)
        return self._first + place, row - self._begin(place)

    def row_of(self, number: int) -> int:
        """The first row of a line; of the oldest if it is kept no longer."""
        return self._begin(max(0, number - self._first))

    def _begin(self, place: int) -> int:
        return (self._ends[place - 1] if place else self._forgotten) - self._forgotten
