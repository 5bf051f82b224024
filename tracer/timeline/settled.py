"""Everything that settling derives from a recording."""

from array import array
from dataclasses import dataclass, field

from . import roles as role
from .clients import Clients
from .connections import Connection
from .contexts import Context, Process
from .lifetimes import Lifetimes


@dataclass(slots=True)
class Settled:
    """Everything that settling derives; thrown away as a whole when it has to be derived anew."""

    processes: dict[int, Process] = field(default_factory=dict)
    by_pid: dict[int, list[Process]] = field(default_factory=dict)  # by begin
    starts: list[Process] = field(default_factory=list)  # those that an interpreter's start began, by begin
    orphans: list[Process] = field(default_factory=list)  # forked, and the parent is not known yet
    unheld: list[tuple[Process, Context, int]] = field(default_factory=list)  # forked in a span whose connection is not known yet
    contexts: Lifetimes[Context] = field(default_factory=lambda: Lifetimes(lambda context: context.ended, lambda context: context.id))
    connections: Lifetimes[Connection] = field(default_factory=lambda: Lifetimes(Connection.ended, lambda connection: connection.tie))
    accepted_by: "dict[int, array[int]]" = field(default_factory=dict)  # server -> times at which it took a connection
    started: dict[int, tuple[Context, int]] = field(default_factory=dict)  # thread context without its place -> its Thread.start
    joined: dict[int, tuple[Context, int]] = field(default_factory=dict)  # thread context -> the newest Thread.join for it
    clients: Clients = field(default_factory=Clients)
    reaped: dict[tuple[int, int], list[tuple[int, int]]] = field(default_factory=dict)  # (parent's pid, pid) -> (time, status)
    open: set[Context] = field(default_factory=set)  # contexts that have not ended, or have new chunks
    ungrafted: dict[int, Context] = field(default_factory=dict)
    touches: list[tuple[role.Mark, Context, int, int]] = field(default_factory=list)  # mark, context, chunk index, time
    unanswered: list[tuple[role.Mark, Context, int, int]] = field(default_factory=list)  # touches of no known connection
    newest_unanswered: int = -1  # time of the latest of them
    roots: list[Context] = field(default_factory=list)  # contexts that stand alone, by `settle.root_key`
    comers: list[Context] = field(default_factory=list)  # clients of whom it is not known yet where they stand, by begin
    visitors: list[Context] = field(default_factory=list)  # those of whom it is: among the rows of `root.first`, in that order
    anchors: "dict[int, array[int]]" = field(default_factory=dict)  # context -> the spans behind which others stand, in order, if asked
    fresh: set[int] = field(default_factory=set)  # contexts that this settling placed
    root: Process | None = None  # the first of all that an interpreter's start began
    numbered: int = 0  # contexts whose number among those of their kind is right
    threads: int = 0  # how many of them are threads
    taken: set[int] = field(default_factory=set)  # numbers that clients among them have


class Disturbed(Exception):  # noqa: N818 - no error
    """An answer given before has changed: everything is to be derived anew."""
