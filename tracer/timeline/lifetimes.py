"""Who was alive at a time, without asking everybody."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

FOREVER = (1 << 63) - 1  # the end of what has not ended

STRIDE = 64


class Lifetimes(Generic[T]):
    """Things with a begin and an end, in order of begin; every STRIDE-th place remembers who was alive there.

    Ends may become known later: who is remembered is asked again. An end that moves away from the present, though, needs
    `forget`.
    """

    def __init__(self, end: Callable[[T], int], tie: Callable[[T], int]) -> None:
        """`tie` decides the order of those that begin together."""
        self.begins = array("q")
        self.items: list[T] = []
        self._end = end
        self._tie = tie
        self._alive: list[list[T]] = [[]]

    def __len__(self) -> int:
        return len(self.items)

    def add(self, begin: int, item: T) -> None:
        """`item` lives from `begin` on."""
        if not self.begins or begin > self.begins[-1]:
            self.begins.append(begin)
            self.items.append(item)
            return
        place = self.rank(begin, self._tie(item))
        self.begins.insert(place, begin)
        self.items.insert(place, item)
        del self._alive[max(1, place // STRIDE) :]

    def forget(self) -> None:
        """An end has moved to a later time: work out anew who was alive."""
        del self._alive[1:]

    def before(self, t: int) -> int:
        """How many began at or before `t`."""
        return bisect_right(self.begins, t)

    def key(self, place: int) -> tuple[int, int]:
        """When the one at that place began, and what its order depends on beside that."""
        return self.begins[place], self._tie(self.items[place])

    def rank(self, begin: int, tie: int) -> int:
        """The place, from 0, of what began then and has that `tie`."""
        place = bisect_left(self.begins, begin)
        while place < len(self.items) and self.begins[place] == begin and self._tie(self.items[place]) < tie:
            place += 1
        return place

    def at(self, t: int) -> list[T]:
        """Those that began at or before `t` and end after it, in order of begin."""
        count = self.before(t)
        place = count // STRIDE
        end = self._end
        while len(self._alive) <= place:
            known = len(self._alive)
            since = self.begins[known * STRIDE - 1]
            candidates = self._alive[-1] + self.items[(known - 1) * STRIDE : known * STRIDE]
            self._alive.append([item for item in candidates if end(item) > since])
        alive = [item for item in self._alive[place] if end(item) > t]
        alive += [item for item in self.items[place * STRIDE : count] if end(item) > t]
        return alive
