"""What the program wrote to its terminal, and when: pieces of text, cut anywhere, in the order they came.

Rule of this file: places once given stay. A piece that was written twice is known by its time and text; one whose time lies before
that of the piece in front of it came later all the same, so it gets that one's time.
"""

from array import array
from bisect import bisect_left, bisect_right
from typing import Any

from .contexts import number, string
from .lifetimes import FOREVER


class Outputs:
    """All pieces. `texts` is in file order."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._times = array("q")

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

    def before(self, t: int) -> int:
        """How many pieces had come at `t`: the output as it stood then is `texts[:before(t)]`."""
        return bisect_right(self._times, t)
