"""What the program wrote to its terminal, and when: pieces of text, cut anywhere, in the order they came.

Rules of this file:
1. Places once given stay: a piece has its number among all, from 0, also when older ones are kept no longer.
2. A piece that was written twice is known by its time and text; one whose time lies before that of the piece in front of it came
   later all the same, so it gets that one's time.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

from .contexts import number, string
from .lifetimes import FOREVER

KEPT = 32_000_000  # characters; the oldest pieces go


class Unwritten(NamedTuple):
    """The program wrote more than the recording takes of its output."""

    t: int  # what came later is missing
    kept: int  # bytes of the recording, at most
    dropped: int  # characters; 0: not known yet


class Outputs:
    """The newest pieces. `texts` is in file order; the first of them is piece number `first`."""

    def __init__(self, kept: int = KEPT) -> None:
        self.texts: list[str] = []
        self.first = 0
        self.forgotten = 0  # characters
        self.unwritten: Unwritten | None = None
        self._times = array("q")
        self._kept = kept
        self._size = 0  # characters in `texts`

    def feed(self, fact: dict[str, Any]) -> None:
        """Take in an output fact; one without a time, or without text, says nothing."""
        t, text = number(fact, "t", -1), string(fact, "text")
        if not 0 <= t < FOREVER or not text:
            return
        times = self._times
        if times and t <= times[-1]:
            if text in self.texts[bisect_left(times, t) : bisect_right(times, t)]:
                return
            t = times[-1]
        times.append(t)
        self.texts.append(text)
        self._size += len(text)
        if self._size > self._kept + self._kept // 8:  # many at a time: each time all that stay are moved
            self._forget()

    def feed_limit(self, fact: dict[str, Any]) -> None:
        """Take in the fact that there is no room for more; it is told again, when it is known how much that was."""
        before = self.unwritten or Unwritten(FOREVER, 0, 0)
        t, kept, dropped = number(fact, "t", -1), number(fact, "kept"), number(fact, "dropped")
        if t >= 0:
            self.unwritten = Unwritten(min(before.t, t), max(before.kept, kept), max(before.dropped, dropped))

    def before(self, t: int) -> int:
        """How many pieces had come at `t`."""
        return self.first + bisect_right(self._times, t)

    @property
    def end(self) -> int:
        """How many pieces have come."""
        return self.first + len(self.texts)

    def between(self, first: int, end: int) -> Iterator[str]:
        """The pieces from number `first` up to `end`, as far as they are kept."""
        return islice(self.texts, max(0, first - self.first), max(0, end - self.first))

    def _forget(self) -> None:
        count = 0
        while self._size > self._kept:
            self._size -= len(self.texts[count])
            self.forgotten += len(self.texts[count])
            count += 1
        del self.texts[:count], self._times[:count]
        self.first += count
