"""Connections: what the outermost get_request returned, who holds each, and how each ended.

A descriptor (or the identity of a datagram) is reused; together with the process and the time it means one connection. A forked
child finds its connections where its parent had them when it was born.
"""

from bisect import bisect_right
from typing import TYPE_CHECKING

from .contexts import Context, Process
from .lifetimes import FOREVER

if TYPE_CHECKING:
    from .moment import ConnectionState
    from .spans import Spans

DESCRIPTOR, REQUEST = 1, 2  # payload numbers


class Connection:
    """One connection. Its number is its rank among all by (time of acceptance, context), so it is not kept here."""

    __slots__ = (
        "accepted", "context", "error", "failed", "handle", "holders", "kind", "peer", "peer4", "refused", "released", "served",
        "server_context", "span",
    )  # fmt: skip

    def __init__(self, context: Context, span: int, accepted: int, kind: int, handle: int) -> None:
        self.context = context
        self.span = span  # of get_request
        self.accepted = accepted
        self.kind = kind
        self.handle = handle  # the descriptor, or the identity of the request
        self.peer = -1  # value of its text; -1: none
        self.peer4 = -1  # or the address and port as one number
        # -- what other spans say of it
        self.served = FOREVER  # when finish_request began first
        self.server_context: Context | None = None  # where
        self.refused = FOREVER  # when verify_request said no
        self.failed = FOREVER  # when an exception first left one of its hooks
        self.error = -1  # value of that exception's text
        self.released = FOREVER  # when the process that accepted it closed it
        self.holders: dict[Process, int] | None = None  # children born for it -> when each closed it

    @property
    def tie(self) -> int:
        """What orders connections that were accepted at the same time."""
        return self.context.id << 40 | self.span

    def holding(self) -> list[tuple[Process, int]]:
        """Everyone who has held it, and when each let go: by closing it, or by its own end."""
        assert self.context.process is not None
        held = [(self.context.process, self.released), *(self.holders or {}).items()]
        return [(process, min(released, process.ended)) for process, released in held]

    def ended(self) -> int:
        """When its last holder let go; FOREVER: somebody holds it."""
        if self.released == FOREVER or self.holders:
            return max(released for _, released in self.holding())
        return self.released

    def release(self, process: Process, t: int) -> None:
        """`process` has closed it."""
        if process is self.context.process:
            self.released = min(self.released, t)
        else:
            if self.holders is None:
                self.holders = {}
            self.holders[process] = min(self.holders.get(process, FOREVER), t)

    def state(self, t: int) -> "ConnectionState":
        """How it stands at `t`."""
        if self.ended() > t:
            return "open"
        for process, released in self.holding():
            if process.how == "killed" and process.ended == released:
                return "killed"
        if self.refused <= t or self.failed <= t:
            return "refused" if self.refused <= t else "failed"
        return "exited" if self._is_left() else "closed"

    def _is_left(self) -> bool:
        """Whether its last holder has not closed it, but ended."""
        assert self.context.process is not None
        holders = [(self.context.process, self.released), *(self.holders or {}).items()]
        return any(released > process.ended == self.ended() for process, released in holders)


def peer4_words(peer: int) -> str:
    """An IPv4 address and port in one number: `127.0.0.1:53122`; "" for a number that is none."""
    if not 0 <= peer < 1 << 48:
        return ""
    return f"{'.'.join(str(peer >> shift & 0xFF) for shift in (40, 32, 24, 16))}:{peer & 0xFFFF}"


def peer_of(spans: "Spans", connection: Connection) -> str:
    """The address of its other end; "" if it has none."""
    return spans.text(connection.peer) if connection.peer >= 0 else peer4_words(connection.peer4)


class Table:
    """Which connection a descriptor (or request) meant when, in one process."""

    __slots__ = ("asked", "connections", "times")

    def __init__(self) -> None:
        self.times: list[int] = []
        self.connections: list[Connection] = []
        self.asked = -1  # the latest time that was looked up

    def add(self, connection: Connection) -> bool:
        """Enter it; False if a question that was answered before would be answered differently now."""
        times = self.times
        place = bisect_right(times, connection.accepted) if times and connection.accepted < times[-1] else len(times)
        self.times.insert(place, connection.accepted)
        self.connections.insert(place, connection)
        return connection.accepted > self.asked

    def find(self, t: int) -> Connection | None:
        """The connection it meant at `t`; None: it meant none that was accepted here."""
        if t > self.asked:
            self.asked = t
        place = bisect_right(self.times, t)
        return self.connections[place - 1] if place else None


def enter(process: Process, connection: Connection) -> bool:
    """Enter an accepted connection in its process's table; False as `Table.add`."""
    tables = process.descriptors if connection.kind == DESCRIPTOR else process.requests
    table = tables.get(connection.handle)
    if table is None:
        table = tables[connection.handle] = Table()
    return table.add(connection)


def find(process: Process | None, kind: int, handle: int, t: int) -> Connection | None:
    """The connection that a payload means in `process` at `t`; None if no known one."""
    while process is not None:
        tables = process.descriptors if kind == DESCRIPTOR else process.requests
        table = tables.get(handle)
        if table is None:
            table = tables[handle] = Table()
        found = table.find(t)
        if found is not None or process.cause != "fork":
            return found
        t = min(t, process.born_at)
        process = process.parent
    return None
