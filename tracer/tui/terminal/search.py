"""A search in lines of text: where it is found, in lines that go on coming."""

import re
from bisect import bisect_left
from typing import NamedTuple

from .line import TextLine
from .text import Lines


class Match(NamedTuple):
    """Where it was found: the line's number, and from which to which character."""

    line: int
    begin: int
    end: int


class Search:
    """All places where `wanted` stands. Capitals count only if there is one in it."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        self.matches: list[Match] = []
        self._find = re.compile(re.escape(wanted), 0 if wanted != wanted.lower() else re.IGNORECASE).finditer
        self._looked_at = 0  # number behind the last finished line that was looked at

    def take(self, lines: Lines) -> None:
        """Look at what has come since; forget what is kept no longer, and what stood in the line that had not ended."""
        matches = self.matches
        del matches[bisect_left(matches, (self._looked_at,)) :]
        for number in range(max(self._looked_at, lines.first), lines.finished):
            self._look(number, lines[number])
        self._looked_at = lines.finished
        if lines.last is not None:
            self._look(lines.finished, lines.last)
        del matches[: bisect_left(matches, (lines.first,))]

    def _look(self, number: int, line: TextLine) -> None:
        self.matches += [Match(number, *found.span()) for found in self._find(line.text)]

    def within(self, number: int) -> list[Match]:
        """Those in one line."""
        return self.matches[bisect_left(self.matches, (number,)) : bisect_left(self.matches, (number + 1,))]
