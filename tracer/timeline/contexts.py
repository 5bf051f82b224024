"""Contexts and processes: what the recording says of each, and how each ended.

A **process** is known by the context that is its first. A pid is no identity: the kernel gives it again, and a process that
executes another program keeps it.
"""

from array import array
from bisect import bisect_right
from typing import TYPE_CHECKING, Any

from .lifetimes import FOREVER, Lifetimes

if TYPE_CHECKING:
    from .clients import Client
    from .connections import Connection, Table
    from .moment import ContextEnd
    from .requests import Request
    from .shapes import Node


class Context:
    """One thread of one process, or one client. Its definition may come after its events, or never."""

    __slots__ = (
        "accepted", "accepts", "ancestors", "anchor", "born", "cause", "chunks", "client", "defined", "end_how", "ended",
        "grafts", "host", "id", "idle", "kind", "known", "last", "lost", "name", "node", "number", "parent", "pid",
        "ppid", "process", "process_id", "requests", "returned", "servers", "settled", "spans", "stack", "stands_in", "t", "tid",
        "upper",
    )  # fmt: skip

    def __init__(self, identity: int, node: "Node") -> None:
        self.id = identity
        # -- the definition
        self.defined = False
        self.process_id = identity
        self.pid = self.tid = self.ppid = self.born = 0
        self.kind = "thread"
        self.cause = "start"
        self.name = ""
        self.parent = 0
        self.ancestors: tuple[int, ...] = ()  # pids: of its process's parent, that one's parent, …
        self.t = FOREVER  # when it began
        self.number = 0  # among the threads, or the clients; given when it is asked for
        # -- folded events, by `Spans`
        self.node = node  # which codes are open
        self.stack: tuple[int, ...] = ()  # and which spans
        self.known = 0  # records
        self.lost = 0
        self.spans = 0
        self.last = 0  # time of its newest event
        self.chunks = array("q")
        # -- derived, by `Settler`
        self.settled = 0  # chunks
        self.idle: array[int] | None = None  # per chunk: 1 + the chunk where its run of idle turns began; 0: not idle
        self.process: Process | None = None
        self.returned = FOREVER  # when its outermost Thread.run ended
        self.ended = FOREVER
        self.end_how: ContextEnd = "open"
        self.servers: dict[int, int] | None = None  # span -> server it names
        self.requests: dict[int, list[Request]] | None = None  # span -> the HTTP requests that were parsed, or answered, in it
        self.client: Client | None = None  # of a client that has an address
        self.accepts: list[int] | None = None  # spans of get_request that took a connection, in order
        self.accepted: list[Connection] | None = None  # and what each took
        self.upper: Context | None = None  # the context it was born in
        self.host = -1  # the span of `upper` it was born in; -1: outside of all
        self.stands_in: Context | None = None  # the context among whose rows its own stand: `upper`; a client has one too
        self.anchor = -1  # the span of `stands_in` behind whose line its own begin; -1: it stands alone
        self.grafts: dict[int, list[Context]] | None = None  # anchor -> the contexts that stand there

    @property
    def key(self) -> tuple[int, int]:
        """Contexts are ordered by the time they began, then by id."""
        return self.t, self.id


class Process:
    """One process of the run, from its first context to its end; a client stands for itself, whatever process plays it."""

    def __init__(self, first: Context) -> None:
        self.first = first
        self.contexts: list[Context] = []
        self.cause = first.cause  # start, fork, exec or spawn
        self.parent: Process | None = None
        self.replaced = FOREVER  # when it executed another program
        self.exits: list[tuple[int, int]] = []  # (time, status) of its calls of _exit
        self.ended = FOREVER
        self.how: ContextEnd = "open"
        self.status: int | None = None
        self.signal: int | None = None
        self.born_at = first.t  # when it was born: when the fork was entered that made it, where that is known
        self.descriptors: dict[int, Table] = {}
        self.requests: dict[int, Table] = {}
        self.believed_children = Beliefs()
        self.believed_threads = Beliefs()
        self.forked: Lifetimes[Fork] = Lifetimes(lambda fork: fork.reaped, lambda fork: fork.context.id << 40 | fork.span)
        self.forks: dict[int, list[Fork]] = {}  # pid -> forks that returned it, by begin

    @property
    def pid(self) -> int:
        return self.first.pid

    def asked(self) -> bool:
        """Whether it was ever asked which connection a descriptor means here."""
        return any(table.asked >= 0 for tables in (self.descriptors, self.requests) for table in tables.values())


class Beliefs:
    """A number that a server believed, over time."""

    __slots__ = ("numbers", "times")

    def __init__(self) -> None:
        self.times = array("q")
        self.numbers = array("q")

    def add(self, t: int, number: int) -> None:
        """At `t` it was `number`. Of two at one time the larger counts: which came later is not known."""
        place = len(self.times)
        if place and t <= self.times[-1]:
            place = bisect_right(self.times, t)
            while place and self.times[place - 1] == t and self.numbers[place - 1] > number:
                place -= 1
        self.times.insert(place, t)
        self.numbers.insert(place, number)

    def at(self, t: int) -> int | None:
        """What it believed at `t`; None: it had not said."""
        place = bisect_right(self.times, t)
        return self.numbers[place - 1] if place else None


class Fork:
    """A fork that returned in the parent: a child was born, and is to be reaped."""

    __slots__ = ("begin", "context", "pid", "reaped", "returned", "span")

    def __init__(self, context: Context, span: int, pid: int, begin: int, returned: int) -> None:
        self.context = context
        self.span = span
        self.pid = pid
        self.begin = begin
        self.returned = returned
        self.reaped = FOREVER


def waited(status: int) -> tuple[int | None, int | None]:
    """(exit status, signal) in a raw wait status; one of them is None."""
    return (None, status & 0x7F) if status & 0x7F else (status >> 8 & 0xFF, None)


def number(fact: dict[str, Any], name: str, default: int = 0) -> int:
    """A field that should be a whole number of at most 64 bits; `default` if it is not."""
    value = fact.get(name)
    return value if isinstance(value, int) and -(1 << 63) <= value < 1 << 63 else default


def string(fact: dict[str, Any], name: str) -> str:
    """A field that should be text; "" if it is not."""
    value = fact.get(name)
    return value if isinstance(value, str) else ""
