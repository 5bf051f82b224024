"""From the recordings of several servers to pictures of all: each is read by a feed of its own.

Rule of this file: what is looked up costs what is seen, and what still grows; never what is above it.
"""

from collections.abc import Mapping

from tracer.timeline.served import Served, served, size

from ..feed import Feed
from ..view import View
from .aligned import Aligned, Place, heights, window
from .view import BesideView, Column


class _Server:
    """One server's recording, and how many calls each of its requests has."""

    def __init__(self, name: str, feed: Feed) -> None:
        self.name = name
        self.feed = feed
        feed.pictures.brief = True
        self.view: View | None = None
        self.sizes: list[int] = []
        self._growing: set[int] = set()  # numbers of requests that may get more calls
        self._whole: dict[int, Served] = {}  # requests that were seen last time and grow no more

    def tick(self) -> bool:
        """Read on; whether there is anything new."""
        view = self.feed.tick()
        if view is None:
            return False
        self.view = view
        for number in sorted(self._growing.union(range(len(self.sizes) + 1, view.moment.accepted + 1))):
            found = size(self.feed.timeline, number, view.moment.t)
            if number > len(self.sizes):
                self.sizes.append(found.rows)
            self.sizes[number - 1] = found.rows
            (self._growing.add if found.grows else self._growing.discard)(number)
        return True

    def column(self, seen: set[int]) -> Column:
        """The server with those of its requests that are seen."""
        assert self.view is not None
        found = {
            number: self._whole.get(number) or served(self.feed.timeline, number, self.view.moment.t)
            for number in seen
            if number <= len(self.sizes)
        }
        self._whole = {number: one for number, one in found.items() if number not in self._growing}
        return Column(self.name, self.view, found)


class BesideFeed:
    """The pictures of several recordings. `room`: how many lines of requests can be seen."""

    def __init__(self, feeds: Mapping[str, Feed], title: str = "demo") -> None:
        self._title = title
        self._servers = [_Server(name, feed) for name, feed in feeds.items()]
        self._aligned = Aligned(())
        self._top: Place | None = None
        self._cursor: Place | None = None  # None: on the newest line
        self._moved = False
        self.room = 1

    def close(self) -> None:
        """Close the files."""
        for server in self._servers:
            server.feed.close()

    def tick(self) -> BesideView | None:
        """Read on; a new picture, or None if there is nothing new to see."""
        changed = [server.tick() for server in self._servers]
        if not (any(changed) or self._moved) or any(server.view is None for server in self._servers):
            return None
        self._moved = False
        self._aligned = Aligned(heights([server.sizes for server in self._servers]))
        return self._build()

    def _build(self) -> BesideView:
        aligned = self._aligned
        top, at = window(aligned, self._top, self._cursor, self.room)
        lines = tuple(aligned.place(line) for line in range(top, min(top + self.room, aligned.lines)))
        self._top = lines[0] if lines else None
        seen = {place.request for place in lines}
        columns = tuple(server.column(seen) for server in self._servers)
        return BesideView(columns, lines, self.requests, aligned.place(at) if at >= 0 else None, self._cursor is None, self._title)

    @property
    def requests(self) -> int:
        """How many the server has accepted that has accepted most."""
        return max(len(server.sizes) for server in self._servers)

    # -- what is seen ------------------------------------------------------------------------------------------------------

    def see(self, room: int) -> None:
        """So many lines can be seen from now on."""
        self.room = max(1, room)
        self._moved = True

    def freeze(self) -> None:
        """Stop all pictures, or let all go on. Recording and reading go on."""
        for server in self._servers:
            server.feed.freeze()

    def move(self, lines: int) -> None:
        """The cursor up or down by so many lines; below the newest it follows that again."""
        if self._aligned.lines:
            self._put(self._at + lines)

    def go(self, step: int) -> None:
        """The cursor to the previous or next request."""
        if self._aligned.lines:
            request, line = self._aligned.place(self._at)
            request += step + (step < 0 and line > 0)
            if request <= self.requests:
                self._put(self._aligned.line(Place(max(1, request), 0)))
            else:
                self.tail()

    def tail(self) -> None:
        """To the newest line, and stay there."""
        self._cursor, self._moved = None, True

    @property
    def _at(self) -> int:
        return self._aligned.lines - 1 if self._cursor is None else self._aligned.line(self._cursor)

    def _put(self, line: int) -> None:
        self._moved = True
        self._cursor = self._aligned.place(max(0, line)) if line < self._aligned.lines else None
