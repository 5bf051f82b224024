"""Calls in the order of time, those of one time in the order of contexts, a context's in its own: 16 bytes each."""

from array import array
from bisect import bisect_left

from .contexts import Context
from .spans import Spans

_LOCAL = 24  # bits of a span's number in its chunk: no frame has more records

Key = tuple[int, tuple[int, int], int]  # time, key of the context, span


class Places:
    """Some calls of a recording, each at one time."""

    def __init__(self, spans: Spans) -> None:
        self.times = array("q")
        self._calls = array("q")  # the chunk in which each begins, and its number there
        self._spans = spans

    def __len__(self) -> int:
        return len(self.times)

    def add(self, t: int, context: Context, span: int) -> int:
        """Enter a call that is not there yet; its place."""
        index, local = self._spans.locate(context, span)
        place = len(self.times) if not self.times or t > self.times[-1] else self.before((t, context.key, span))
        self.times.insert(place, t)
        self._calls.insert(place, context.chunks[index] << _LOCAL | local)
        return place

    def remove(self, t: int, context: Context, span: int) -> None:
        """Take a call out that is there."""
        place = self.before((t, context.key, span))
        del self.times[place], self._calls[place]

    def before(self, key: Key) -> int:
        """How many come before it."""
        place = bisect_left(self.times, key[0])
        while place < len(self.times) and self.times[place] == key[0] and self.key(place) < key:
            place += 1
        return place

    def call(self, place: int) -> tuple[Context, int]:
        """The call at a place."""
        chunk, local = self._calls[place] >> _LOCAL, self._calls[place] & (1 << _LOCAL) - 1
        return self._spans.owners[chunk], self._spans.bases[chunk] + local

    def key(self, place: int) -> Key:
        """What orders the call at a place."""
        context, span = self.call(place)
        return self.times[place], context.key, span
