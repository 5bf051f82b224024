"""Where in time something occurs that happens over and over: an exception, the call of a hook. Asked by keys, so answered at once.

What occurs in a frame is a matter of its shape (see shapes.py), so most frames are passed by with one look. The index grows with the
recording; it is made when it is first asked for. Rule of this file: frames may come in any order, the answers are the same.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import islice

from tracer.probe.frames import RAISE

from .shapes import NONE, Move
from .spans import Spans

_PLACE = 24  # bits of a position in a frame: no frame is longer
_TIME = 64  # bits below the time: the chunk, and the position in it


class Occurrences:
    """All events of one sort, by time."""

    def __init__(self, spans: Spans, positions: Callable[[Move], list[int]]) -> None:
        """`positions` tells at which positions of a move it occurs."""
        self._spans = spans
        self._positions = positions
        self._known: dict[Move, list[int]] = {}  # moves in which it occurs
        self._shapes = self._chunks = 0  # that were looked at
        self._keys: list[int] = []  # time, chunk and position of each in one number

    def has(self, move: Move) -> bool:
        """Whether it occurs in a move."""
        return move in self._known

    def count(self, t: int) -> int:
        """How many there are before `t`."""
        self._read()
        return bisect_left(self._keys, t << _TIME)

    def after(self, t: int) -> Iterator[tuple[int, int, int]]:
        """(time, chunk, position) of each one after `t`, the first one first."""
        return self._found(range(self.count(t + 1), len(self._keys)))

    def before(self, t: int) -> Iterator[tuple[int, int, int]]:
        """(time, chunk, position) of each one before `t`, the last one first."""
        return self._found(range(self.count(t) - 1, -1, -1))

    def _found(self, places: range) -> Iterator[tuple[int, int, int]]:
        for place in places:
            key = self._keys[place]
            yield key >> _TIME, key >> _PLACE & (1 << _TIME - _PLACE) - 1, key & (1 << _PLACE) - 1

    def _read(self) -> None:
        """Take in what was folded since the last time."""
        moves, known = self._spans.moves, self._known
        if self._chunks == len(moves):
            return
        for move in islice(self._spans.shapes, self._shapes, None):
            positions = self._positions(move)
            if positions:
                known[move] = positions
        self._shapes = len(self._spans.shapes)
        if known:
            offsets, values, keys = self._spans.offsets, self._spans.values, self._keys
            for chunk, move in enumerate(islice(moves, self._chunks, None), self._chunks):
                if move in known:
                    offset = offsets[chunk]
                    keys += [values[offset + position] << _TIME | chunk << _PLACE | position for position in known[move]]
            keys.sort()  # they are nearly in order
        self._chunks = len(moves)


class Index:
    """The occurrences that are asked for in one recording: of exceptions, and of one hook at a time."""

    def __init__(self, spans: Spans) -> None:
        self._spans = spans
        self._raised: Occurrences | None = None
        self._codes: frozenset[int] = frozenset()
        self._calls: Occurrences | None = None

    def raised(self) -> Occurrences:
        """Exceptions, each time that one leaves a call."""
        if self._raised is None:
            self._raised = Occurrences(self._spans, _raised)
        return self._raised

    def calls(self, codes: frozenset[int]) -> Occurrences:
        """Calls of these codes, those aside that are made directly from another of them: they are levels of one call."""
        if self._calls is None or codes != self._codes:
            self._codes = codes
            self._calls = Occurrences(self._spans, lambda move: _called(move, codes))
        return self._calls


def _raised(move: Move) -> list[int]:
    events = zip(move.positions, move.kinds, move.event_spans, strict=True)
    return [position for position, kind, span in events if kind == RAISE and span != NONE]


def _called(move: Move, codes: frozenset[int]) -> list[int]:
    begun = zip(move.begins, move.codes, move.parents, strict=True)
    return [begin for begin, code, around in begun if code in codes and move.code(around) not in codes]
