"""What was learned of a recording that may change an answer that a filter gave before: numbers that shift, ends, holds, losses.

Most frames only add to what is known. What follows is seldom, so it is enough to tell from which time on answers may have changed.
"""

from collections.abc import Collection, Iterator
from typing import Any

from .contexts import Context
from .holds import Stop
from .lifetimes import FOREVER, Lifetimes
from .timeline import Timeline

EVERYTHING = -1
_CARRIED = {"connection", "peer", "server"}
_ABSENT = {*_CARRIED, "request", "reply"}  # what there is none of only where nothing is missing: see `filter.call_of`


class Changes:
    """What has changed for a filter with such keys, from one asking to the next."""

    def __init__(self, timeline: Timeline, keys: Collection[str]) -> None:
        self.timeline = timeline
        self.keys = keys
        self._state = timeline.settle()
        self._root = self._state.root
        self._lost = timeline.spans.lost
        self._servers = self._count_servers()
        self._loose = self._find_loose()
        self._connections: list[tuple[int, int]] = []
        self._contexts: list[tuple[int, int]] = []
        self._stops: dict[int, tuple[int, list[Stop], list[int]]] = {}  # context -> how many, those that may change, and their ends
        self._open: dict[Context, bool] = {}  # contexts with open calls -> whether they had ended
        self._clients: dict[Context, tuple[object, ...]] = {}
        self.since()

    def since(self) -> int:
        """The time from which on answers may have changed; EVERYTHING: all; FOREVER: none."""
        state, since = self.timeline.settle(), FOREVER
        if state is not self._state or any(context.upper is not None for context in self._loose):
            return EVERYTHING
        self._loose = self._find_loose()
        if self._lost != self.timeline.spans.lost and not _ABSENT.isdisjoint(self.keys):
            return EVERYTHING
        if "server" in self.keys and self._servers != self._count_servers():
            return EVERYTHING
        if "connection" in self.keys:
            since = min(since, _shifted(self._connections, state.connections))
        if "context" in self.keys:
            if state.root is not self._root:
                return EVERYTHING
            since = min(since, _shifted(self._contexts, state.contexts))
        if "duration" in self.keys:
            since = min([since, *self._moved_stops()])
        if since != FOREVER:  # what a client did is about a connection that was accepted later
            self._clients = dict.fromkeys(self._clients, ())
        return since

    def again(self) -> Iterator[tuple[Context, Collection[int]]]:
        """Contexts of which something else may be true now, and the chunks in which those calls begin and end."""
        for context, ended in self._open.items():
            if ended != (context.ended != FOREVER):
                spans = self.timeline.spans
                yield context, sorted({context.chunks[spans.locate(context, span)[0]] for span in context.stack})
        for context, known in self._clients.items():
            if known != _address(context):
                yield context, context.chunks

    def watch(self, context: Context) -> None:
        """Calls of that context are looked at: say so if what is known of it changes."""
        if "open" in self.keys:
            if context.stack:
                self._open[context] = context.ended != FOREVER
            else:
                self._open.pop(context, None)
        if context.kind == "client" and not _CARRIED.isdisjoint(self.keys):
            self._clients[context] = _address(context)

    def _find_loose(self) -> list[Context]:
        """Contexts of which nobody knows yet where they were born."""
        return [context for context in self._state.ungrafted.values() if context.upper is None]

    def _count_servers(self) -> int:
        return sum(len(known) for known in self.timeline.servers.values())

    def _moved_stops(self) -> Iterator[int]:
        """When contexts began to be held of whom it is known now, or known now for how long."""
        holds = self.timeline.holds
        for identity, known in holds.stops.items():
            context = self.timeline.contexts.get(identity)
            if context is None:
                continue
            count, changing, ends = self._stops.get(identity, (0, [], []))
            if count != len(known.stops) or ends != [holds.end(context, stop) for stop in changing]:
                yield min([stop.begin for stop in (*changing, *known.stops[count:])])
                changing = [*known.loose, *known.stops[-1:]]
                self._stops[identity] = len(known.stops), changing, [holds.end(context, stop) for stop in changing]


def _shifted(known: list[tuple[int, int]], items: Lifetimes[Any]) -> int:
    """The time of the first that has come before others that were known; the new ones are taken in."""
    since = FOREVER
    if known and (len(known) > len(items) or known[-1] != items.key(len(known) - 1)):
        first = len(known)
        while first and (first > len(items) or items.key(first - 1) != known[first - 1]):
            first -= 1
        since = items.begins[first]
        del known[first:]
    known += map(items.key, range(len(known), len(items)))
    return since


def _address(context: Context) -> tuple[object, ...]:
    """What says which connections are those of a client."""
    client = context.client
    return (client, len(client.sent), len(client.place.connections), len(client.place.clients)) if client is not None else (None,)
