"""Requests of several servers below each other: where each begins, so that it begins at the same line in every column.

A request has a line of its own and below it the lines of its calls, as many as the server has that made most of them. A line is
known by its **place**, as what is above it may grow.

Rule of this file: numbers only; what stands on a line is the columns' business.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, zip_longest
from typing import NamedTuple


class Place(NamedTuple):
    """A line: of which request (from 1), and which of its lines (0: its own)."""

    request: int
    line: int


def heights(sizes: Sequence[Sequence[int]]) -> list[int]:
    """How many lines each request takes. `sizes`: for each server, how many calls each of its requests has so far."""
    return [1 + max(calls) for calls in zip_longest(*sizes, fillvalue=0)]


class Aligned:
    """The lines of requests that are so high."""

    def __init__(self, high: Sequence[int]) -> None:
        self._begins = [0, *accumulate(high)]

    @property
    def lines(self) -> int:
        """How many there are."""
        return self._begins[-1]

    def place(self, line: int) -> Place:
        """What is on that line."""
        request = bisect_right(self._begins, line)
        return Place(request, line - self._begins[request - 1])

    def line(self, place: Place) -> int:
        """Where that is; where a request is less high than it was, its last line."""
        begin, end = self._begins[place.request - 1 : place.request + 1]
        return min(begin + place.line, end - 1)


class Window(NamedTuple):
    """The lines that are seen."""

    top: int
    cursor: int  # -1: there is no line


def window(aligned: Aligned, top: Place | None, cursor: Place | None, room: int) -> Window:
    """The part of the lines that has the cursor in it (None: it is on the newest line), with `top` on top where that can be."""
    last = aligned.lines - 1
    if cursor is None or last < 0:
        return Window(max(0, last + 1 - room), last)
    at = aligned.line(cursor)
    first = aligned.line(top) if top is not None else 0
    return Window(max(0, min(at, max(first, at + 1 - room))), at)
