"""Scripted clients: which connections are whose.

A client knows its own address, and a server that of each connection's other end. An address is used again, so a connection is that
of the last client that had its address by then. It is found whichever of the two is read first.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING

from .connections import DESCRIPTOR, Connection
from .lifetimes import FOREVER

if TYPE_CHECKING:
    from .contexts import Context

_begin = attrgetter("begin")
_accepted = attrgetter("accepted")


class _Address:
    """An address: the clients that had it, and the connections that came from there, both by time."""

    __slots__ = ("clients", "connections")

    def __init__(self) -> None:
        self.clients: list[Client] = []
        self.connections: list[Connection] = []


class Client:
    """What a client's context says of it, where it has an address."""

    __slots__ = ("begin", "context", "place", "sent")

    def __init__(self, context: "Context", begin: int, place: _Address) -> None:
        self.context = context
        self.begin = begin  # when it began to connect
        self.place = place
        self.sent: list[int] = []  # when it began to send, each time

    def connection(self, t: int) -> Connection | None:
        """The connection that what it did at `t` is about; None: none that is known.

        Each datagram is a connection: the one that is accepted after it was sent, and before the next was. What a client does before
        it sends the first is about that one.
        """
        known, clients = self.place.connections, self.place.clients
        begin, end = self.begin, FOREVER
        following = bisect_right(clients, begin, key=_begin)
        if following < len(clients):
            end = clients[following].begin
        first = bisect_left(known, begin, key=_accepted)
        if first < len(known) and known[first].kind != DESCRIPTOR and self.sent:
            number = max(0, bisect_right(self.sent, t) - 1)
            first = bisect_left(known, self.sent[number], key=_accepted)
            end = min([end, *self.sent[number + 1 : number + 2]])
        return known[first] if first < len(known) and known[first].accepted < end else None


class Clients:
    """The clients of one recording. As long as there is none, nothing is kept."""

    def __init__(self) -> None:
        self.by_pid: dict[int, list[Context]] = {}  # the contexts of all, also of those without an address
        self._places: dict[str, _Address] = {}

    def __bool__(self) -> bool:
        """Whether any has an address."""
        return bool(self._places)

    def enter(self, context: "Context", begin: int, address: str, accepted: Iterable[tuple[str, Connection]]) -> Client:
        """A client that began to connect then, and got that address; `accepted`: all connections, should it be the first."""
        if not self._places:
            for peer, connection in accepted:
                self.take(peer, connection)
        place = self._place(address)
        client = Client(context, begin, place)
        insort(place.clients, client, key=_begin)
        return client

    def take(self, peer: str, connection: Connection) -> None:
        """A connection was accepted, from there."""
        if peer:
            insort(self._place(peer).connections, connection, key=lambda one: (one.accepted, one.tie))

    def _place(self, address: str) -> _Address:
        place = self._places.get(address)
        if place is None:
            place = self._places[address] = _Address()
        return place
