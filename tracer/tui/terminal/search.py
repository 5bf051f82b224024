"""A search in lines of text: where it is found, in lines that go on coming."""

import re
from bisect import bisect_left
from typing import NamedTuple

from .text import Lines

MOST = 10_000  # matches: nobody goes through more, and millions would take seconds


class Match(NamedTuple):
    """Where it was found: the line's number, and from which to which character."""

    line: int
    begin: int
    end: int


class Search:
    """The newest places where `wanted` stands. Capitals count only if there is one in it. `more`: there are older ones."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        self.matches: list[Match] = []
        self.more = False
        self._find = re.compile(re.escape(wanted), 0 if wanted != wanted.lower() else re.IGNORECASE).finditer
        self._looked_at = 0  # number behind the last finished line that was looked at
        self._left_out = -1  # number of the newest line with a match that was left out; older lines may have some, too

    def take(self, lines: Lines) -> None:
        """Look at what has come since; forget what is kept no longer, and what stood in the line that had not ended."""
        matches = self.matches
        del matches[bisect_left(matches, (self._looked_at,)) :]
        matches += self._newest(lines, max(self._looked_at, lines.first))
        self._looked_at = lines.finished
        if len(matches) > MOST:
            self._left_out = matches[-MOST - 1].line
            del matches[:-MOST]
        self.more = self._left_out >= lines.first
        del matches[: bisect_left(matches, (lines.first,))]

    def _newest(self, lines: Lines, first: int) -> list[Match]:
        """Those from line `first` on, in order; of more than MOST, some of the oldest are not there."""
        found: list[Match] = []
        for number in reversed(range(first, lines.end)):
            here = [Match(number, *one.span()) for one in self._find(lines[number].text)]
            found += reversed(here)
            if len(found) > MOST:
                break
        found.reverse()
        return found

    def within(self, number: int) -> list[Match]:
        """Those in one line."""
        return self.matches[bisect_left(self.matches, (number,)) : bisect_left(self.matches, (number + 1,))]
