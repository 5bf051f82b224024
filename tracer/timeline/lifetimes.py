"""Who was alive at a time, without asking everybody."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

FOREVER = (1 << 63) - 1  # the end of what has not ended

STRIDE = 64
_LAST = float("inf")  # behind every tie-break


class Lifetimes(Generic[T]):
    """Things with a begin and an end, in order of begin; every STRIDE-th place remembers who was alive there.

    Ends may become known later: who is remembered is asked again. An end that moves away from the present, though, needs
    `forget`.
    """

    def __init__(self, end: Callable[[T], int]) -> None:
        self.keys: list[tuple[int, int]] = []  # (begin, tie-break)
        self.items: list[T] = []
        self._end = end
        self._alive: list[list[T]] = [[]]

    def __len__(self) -> int:
        return len(self.items)

    def add(self, begin: int, tie: int, item: T) -> None:
        """`item` lives from `begin` on; among those that begin together `tie` decides the order."""
        key = (begin, tie)
        if not self.keys or key > self.keys[-1]:
            self.keys.append(key)
            self.items.append(item)
            return
        place = bisect_left(self.keys, key)
        self.keys.insert(place, key)
        self.items.insert(place, item)
        del self._alive[max(1, place // STRIDE) :]

    def remove(self, begin: int, tie: int) -> None:
        """Take out what was added with the same `begin` and `tie`."""
        place = bisect_left(self.keys, (begin, tie))
        del self.keys[place], self.items[place]
        del self._alive[max(1, place // STRIDE) :]

    def forget(self) -> None:
        """An end has moved to a later time: work out anew who was alive."""
        del self._alive[1:]

    def before(self, t: int) -> int:
        """How many began at or before `t`."""
        return bisect_right(self.keys, (t, _LAST))

    def rank(self, begin: int, tie: int) -> int:
        """The place, from 0, of what was added with the same `begin` and `tie`."""
        return bisect_left(self.keys, (begin, tie))

    def at(self, t: int) -> list[T]:
        """Those that began at or before `t` and end after it, in order of begin."""
        count = self.before(t)
        place = count // STRIDE
        end = self._end
        while len(self._alive) <= place:
            known = len(self._alive)
            since = self.keys[known * STRIDE - 1][0]
            candidates = self._alive[-1] + self.items[(known - 1) * STRIDE : known * STRIDE]
            self._alive.append([item for item in candidates if end(item) > since])
        alive = [item for item in self._alive[place] if end(item) > t]
        alive += [item for item in self.items[place * STRIDE : count] if end(item) > t]
        return alive
