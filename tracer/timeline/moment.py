"""A moment: the state of everything at one time of a recording.

Vocabulary of this file:
    t, begin, end, since, taken   times in nanoseconds, CLOCK_MONOTONIC (`Timeline.seconds` makes them seconds of the recording)
    label      a context's short name: "main", "P4122" (a process), "T3" (a thread), "C7" (a client)
    context    a context's id; `number`, `connection`: a connection's number, from 1
    None       not known, or none; never a guess

Rules of this file:
1. Everything is frozen, and equal when it says the same.
2. It computes nothing: `at.py` builds moments, panels draw them.
"""

from dataclasses import dataclass, field
from typing import Literal

#: How a context ended: a thread returned; a process left by itself; a signal ended it; another program took the process over;
#: the recording ended without a word about it; it has not ended.
ContextEnd = Literal["returned", "exited", "killed", "replaced", "gone", "open"]

#: How a connection ended: every holder closed it; verify_request said no; an exception left one of its hooks; its holder was
#: killed, or ended without closing it; somebody holds it still.
ConnectionState = Literal["closed", "refused", "failed", "killed", "exited", "open"]


@dataclass(frozen=True, slots=True)
class OpenSpan:
    """One hook call that control is inside of."""

    span: int  # its number within the context, from 0 in the order of entering
    hook: str
    owner: str  # the class that supplied it; the module's name for a system call
    framework: bool  # supplied by the framework itself, not by the program
    super_level: bool  # entered from the same hook: one level of a super() chain
    connection: int | None
    since: int


@dataclass(frozen=True, slots=True)
class ContextMoment:
    """A context that is alive at the moment."""

    context: int
    label: str
    process: int  # the context that is its process's first; itself for that one, and for a client
    pid: int
    tid: int
    kind: str  # "process", "thread" or "client"
    cause: str  # "start", "fork", "thread", "spawn" or "exec"
    name: str
    parent: int | None
    begin: int
    stack: tuple[OpenSpan, ...]  # outermost first, the innermost last
    connection: int | None  # of the innermost span, else of the span it was born in; a client's own


@dataclass(frozen=True, slots=True)
class Child:
    """A child process, as the parent and the kernel see it at the sample's time."""

    pid: int
    label: str | None  # of its context; None if the child is not traced
    connection: int | None  # the connection it was forked for
    believed: bool  # forked and not yet reaped, by the parent's own calls
    state: str | None  # by the kernel: "running" or "zombie"; None if the kernel does not list it (or there is no sample)
    exit: int | None  # exit status of a zombie
    signal: int | None  # signal that ended a zombie
    since: int | None  # when it was forked; for a zombie, when it was first seen to be one
    reaped: int | None = None  # when the parent waited for it, if that was at or before the moment
    reaped_by: str = ""  # the hook that did: "collect_children in service_actions"; "" if it is not known


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread of a traced process, as the kernel sees it."""

    tid: int
    name: str
    state: str
    label: str | None  # of its context; None if no hook ever ran in it
    call: str | None = None  # the system call it sleeps in, by the kernel's name; None: not known, or it moves
    descriptor: int | None = None  # that this call is about
    received: int | None = None  # bytes that wait in the socket it is


@dataclass(frozen=True, slots=True)
class HandlerThread:
    """A thread that a server started for a connection."""

    context: int
    label: str
    connection: int | None
    daemon: bool | None  # as the server's settings have it; None: they do not say
    kept: bool | None  # whether server_close will join it
    begin: int
    ended: int | None
    joining: int | None  # since when somebody waits for it in join
    joined: int | None  # when that was over
    join_hook: str  # the hook that waits, or waited, for it: "server_close"; "" if none does


@dataclass(frozen=True, slots=True)
class ProcessMoment:
    """The children and threads of one process: what its server believes beside what the kernel said.

    Belief and kernel are compared at the time of the sample (`taken`), not at the moment: compared at different times, a healthy
    server looks wrong. Without a sample, `taken` is None and the beliefs are those at the moment.
    """

    process: int
    pid: int
    label: str
    taken: int | None  # the end of the newest sample at or before the moment that speaks of this process
    asked: int | None  # the begin of that sample
    believed_children: int | None  # len(active_children), as last seen; None if the server never said
    believed_threads: int | None  # len(_threads), as last seen
    children: tuple[Child, ...]  # by pid
    threads: tuple[Thread, ...]  # by tid; empty without a sample
    differs: tuple[str, ...] = ()  # where belief and kernel certainly differed at the sample's time, in words
    reaped: tuple[Child, ...] = ()  # the newest children that were waited for before the sample, the last one last
    handlers: tuple[HandlerThread, ...] = ()  # those that run, and the newest that have ended, by begin


@dataclass(frozen=True, slots=True)
class Queue:
    """A server's accept queue, as the kernel said; None with the reason in `why`."""

    begin: int  # of the asking
    end: int
    depth: int | None = None  # connections (or datagrams) that wait
    limit: int | None = None
    drops: int | None = None
    bytes: int | None = None
    why: dict[str, str] = field(default_factory=dict, hash=False)  # field -> why it is not known
    bytes_limit: int | None = None  # datagrams are dropped when `bytes` would grow past it
    next_bytes: int | None = None  # payload of the datagram that waits first; 0 also when none waits


@dataclass(frozen=True, slots=True)
class ServerMoment:
    """A server object, as its newest definition at or before the moment says, and its queue."""

    server: int
    pid: int
    process: int
    class_name: str
    module: str
    mro: tuple[str, ...] = field()  # written so because every class has a method of that name
    handler: str
    address: str
    family: str
    kind: str  # "stream" or "datagram"
    descriptor: int | None
    settings: dict[str, object] = field(hash=False)
    queue: Queue | None  # newest sample at or before the moment
    history: tuple[Queue, ...]  # the newest 64 samples, oldest first; the last one is `queue`
    accepted: int  # connections taken so far
    http: bool = False  # its handler reads HTTP requests


@dataclass(frozen=True, slots=True)
class ConnectionMoment:
    """A connection, as it is at the moment."""

    number: int
    server: int | None
    process: int  # that accepted it
    peer: str
    descriptor: int | None  # None: a datagram
    accepted: int  # when get_request returned
    state: ConnectionState
    served: int | None  # when finish_request began; None: not yet
    context: int | None  # that serves it: where finish_request ran first
    label: str | None  # of that context
    ended: int | None  # when the last holder let go
    error: str  # of the first exception that left one of its hooks; "" if none
    signal: int | None = None  # the signal that killed its holder
    stage: str = ""  # the innermost hook that a context is in for it; "" if none is
    stage_label: str = ""  # that context's; where none is in it, and none serves it, of the one that took it
    since: int | None = None  # when that hook was entered


@dataclass(frozen=True, slots=True)
class Hold:
    """A place where contexts are to be held, as somebody set it."""

    hold: int  # its id
    filter: str  # in the filter language
    once: bool  # it is for one stop, and gone with it
    since: int


#: Why a context is held that no hold's filter holds.
STEP, SLOW_MOTION = "step", "slow motion"


@dataclass(frozen=True, slots=True)
class Held:
    """A context that is held: it waits, before or after a hook, for somebody to release it."""

    context: int
    label: str
    hook: str
    owner: str
    when: Literal["before", "after"]
    span: int | None  # the hook's call; None: not recorded
    connection: int | None
    since: int
    why: str  # the filter of the hold; STEP or SLOW_MOTION
    costs: tuple[str, ...] = ()  # what waits because of it, in words, the worst first


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts over the whole recording as far as it has been read; they do not depend on the moment."""

    events: int
    lost: int  # records that were written by nobody: gaps, and what the writers counted
    connections: int


@dataclass(frozen=True, slots=True)
class Moment:
    """The state of everything at time `t`."""

    t: int
    contexts: tuple[ContextMoment, ...]  # alive at t, by begin
    processes: tuple[ProcessMoment, ...]  # alive at t, by begin
    servers: tuple[ServerMoment, ...]  # known at t, by time of their first definition
    connections: tuple[ConnectionMoment, ...]  # open at t, by number
    accepted: int  # connections accepted up to t
    ended: int  # of these, how many are open no longer
    counts: Counts
    holds: tuple[Hold, ...] = ()  # set at t, in the order in which they were
    held: tuple[Held, ...] = ()  # contexts that are held at t, the longest first
    pace: int = 0  # slow motion: nanoseconds that each hook is held; 0: none

    def context(self, context: int) -> ContextMoment | None:
        """The context with that id, if it is alive at the moment."""
        return next((one for one in self.contexts if one.context == context), None)
