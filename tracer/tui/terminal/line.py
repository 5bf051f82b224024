"""One line of a terminal: as it stands, and while a program still writes on it."""

import re
from copy import copy
from itertools import groupby
from typing import NamedTuple

from rich.cells import get_character_cell_size
from rich.style import Style

from ..marks import PLAIN

WIDEST = 4096  # cells: there is no more room on a line
_MOST_MARKS = 8  # combining ones on one character
_ONE_CELL_EACH = re.compile("[ -~\u00a1-\u00ac\u00ae-\u02ff\u0370-\u0482\u2500-\u25fc\u2800-\u28ff]*").fullmatch


class TextLine(NamedTuple):
    """A line. `styles` says from which character on which style holds; the first begins at 0."""

    text: str
    styles: tuple[tuple[int, Style], ...]
    narrow: bool = True  # every character takes one cell


EMPTY = TextLine("", ((0, PLAIN),))


class Writing:
    """A line that is being written. `at` is the cell where the next character goes; it may lie behind the line's end.

    What is only appended to, as nearly every line is, is kept in pieces. What is written over is kept by cells: a character each,
    "" behind one that takes two, combining marks with theirs.
    """

    def __init__(self) -> None:
        self.at = 0
        self._pieces: list[tuple[str, Style]] = []
        self._end = 0  # in cells
        self._cells: list[str] | None = None
        self._styles: list[Style] = []
        self._narrow = True

    def copy(self) -> "Writing":
        """Another line that stands as this one does."""
        other = copy(self)
        other._pieces, other._styles = self._pieces[:], self._styles[:]
        other._cells = self._cells[:] if self._cells is not None else None
        return other

    def __bool__(self) -> bool:
        """Whether anything is in it."""
        return self._end > 0

    def put(self, text: str, style: Style) -> str:
        """Write `text`, which holds nothing that acts; what there is no room for."""
        if not (text.isascii() or _ONE_CELL_EACH(text)):
            return self._put_characters(text, style)
        here, rest = text[: WIDEST - self.at], text[WIDEST - self.at :]
        if not here:
            return rest
        if self._cells is None and self.at == self._end:
            pieces = self._pieces
            if pieces and pieces[-1][1] is style:
                pieces[-1] = (pieces[-1][0] + here, style)
            else:
                pieces.append((here, style))
            self.at = self._end = self._end + len(here)
        else:
            self._write(list(here), style)
        return rest

    def _put_characters(self, text: str, style: Style) -> str:
        for place, character in enumerate(text):
            width = get_character_cell_size(character)
            if not width and 0 < self.at <= self._end:
                self._mark(character)
                continue
            if self.at + max(1, width) > WIDEST:
                return text[place:]
            self._write([character] if width == 1 else [character, ""] if width else [f" {character}"], style)
            self._narrow &= width == 1
        return ""

    def _mark(self, mark: str) -> None:
        """A mark goes onto the character before."""
        cells = self._spread()
        base = self.at - 1 if cells[self.at - 1] else self.at - 2
        self._narrow = False
        if len(cells[base]) <= _MOST_MARKS:
            cells[base] += mark

    def _write(self, new: list[str], style: Style) -> None:
        cells, end = self._spread(), self.at + len(new)
        gap = self.at - len(cells)
        if gap > 0:
            cells += [" "] * gap
            self._styles += [PLAIN] * gap
        self._part(self.at)
        self._part(end)
        cells[self.at : end] = new
        self._styles[self.at : end] = [style] * len(new)
        self.at, self._end = end, len(cells)

    def _spread(self) -> list[str]:
        """The cells."""
        if self._cells is None:
            self._cells = list("".join([text for text, _ in self._pieces]))
            self._styles = [style for text, style in self._pieces for _ in text]
        return self._cells

    def _part(self, place: int) -> None:
        """If a character of two cells lies across the begin of cell `place`, blanks take its room."""
        cells = self._spread()
        if 0 < place < len(cells) and not cells[place]:
            cells[place - 1 : place + 1] = "  "

    def erase_behind(self) -> None:
        """Nothing from here on."""
        if self.at < self._end:
            self._part(self.at)
            del self._spread()[self.at :], self._styles[self.at :]
            self._end = self.at

    def erase_before(self) -> None:
        """Blanks from the line's begin up to here, and here."""
        end = min(self.at + 1, self._end)
        self._part(end)
        self._spread()[:end] = [" "] * end
        self._styles[:end] = [PLAIN] * end

    def line(self) -> TextLine:
        """The line as it stands."""
        if not self._end:
            return EMPTY
        if self._cells is None:
            if len(self._pieces) == 1:
                text, style = self._pieces[0]
                return TextLine(text, ((0, style),))
            return _joined(self._pieces, True)
        place, pieces = 0, []
        for _, alike in groupby(self._styles, key=id):
            styles = list(alike)
            pieces.append(("".join(self._cells[place : place + len(styles)]), styles[0]))
            place += len(styles)
        return _joined(pieces, self._narrow)


def _joined(pieces: list[tuple[str, Style]], narrow: bool) -> TextLine:
    styles, at = [], 0
    for text, style in pieces:
        styles.append((at, style))
        at += len(text)
    return TextLine("".join([text for text, _ in pieces]), tuple(styles), narrow)
