"""Every kind of fact: how its value is read from a recording, and what decides it.

A fact that is not known has no value (None).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

from tracer.probe.frames import RAISE, RETURN
from tracer.timeline.at import at
from tracer.timeline.contexts import Context, Process, number
from tracer.timeline.filter import Filter, parse
from tracer.timeline.moment import Moment, ProcessMoment, Queue, ServerMoment
from tracer.timeline.navigate import Place
from tracer.timeline.timeline import Timeline

Value: TypeAlias = int | str

#: Words that facts answer with, beside the names of classes.
OUTCOMES = ("returned", "raised", "open")
WHERES = ("main", "thread", "child", "client", "other")


def is_after(filter_: Filter) -> bool:
    """Whether it matches calls only when they have ended: what it finds is found at their ends."""
    hooks = filter_.hooks()
    if hooks is None:
        return not filter_.may_match("", "before")
    return all(when == "after" for _, when in hooks)


class Found(NamedTuple):
    """A call that a filter matches, and when it is found."""

    t: int
    context: Context
    span: int
    after: bool  # at its end

    @property
    def place(self) -> Place:
        """Where to look at it."""
        return Place(self.t, self.context.id, self.span)


@dataclass(frozen=True)
class State:
    """A recording at one time, as it is asked for one fact."""

    timeline: Timeline
    t: int
    find: Callable[[Filter], list[Found]]  # all calls of the recording that a filter matches
    filter: Filter | None  # the fact's
    server_class: str  # which server is asked about; "": the first

    @cached_property
    def moment(self) -> Moment:
        """The state of everything."""
        return at(self.timeline, self.t)

    @property
    def root(self) -> Process | None:
        """The program's first process."""
        return self.timeline.settle().root

    @property
    def processes(self) -> Iterable[Process]:
        """The program's, all that there ever were."""
        return [one for one in self.timeline.settle().processes.values() if one.first.kind != "client"]

    @property
    def process(self) -> ProcessMoment | None:
        """The first one as it is at the moment, if it is alive."""
        root = self.root
        return next((one for one in self.moment.processes if root is not None and one.process == root.first.id), None)

    @property
    def server(self) -> ServerMoment | None:
        """The server that is asked about: the one of that class, else the first."""
        return next((one for one in self.moment.servers if self.server_class in ("", one.class_name)), None)

    @property
    def queue(self) -> Queue | None:
        """Its accept queue."""
        return self.server.queue if self.server is not None else None

    def found(self, filter_: Filter) -> list[Found]:
        """The calls that a filter matches, up to now."""
        return [one for one in self.find(filter_) if one.t <= self.t]

    def newest(self, filter_: Filter) -> Found | None:
        """The last of them."""
        return next(reversed(self.found(filter_)), None)

    @property
    def calls(self) -> list[Found]:
        """Those that the fact's filter matches."""
        assert self.filter is not None
        return self.found(self.filter)

    @property
    def last(self) -> Found | None:
        """The last of them."""
        return next(reversed(self.calls), None)

    def end(self, call: Found) -> int | None:
        """When a call ended; None: it has not, by now."""
        end = self.timeline.spans.span(call.context, call.span).end
        return end if end is not None and end <= self.t else None


# ---- numbers


def _open(state: State) -> int:
    return sum(state.end(call) is None and call.context.ended > state.t for call in state.calls)


def _milliseconds(state: State) -> int | None:
    ended = _last_ended(state)
    return (ended.t - state.timeline.spans.span(ended.context, ended.span).begin) // 1_000_000 if ended is not None else None


def _queue(state: State) -> int | None:
    return state.queue.depth if state.queue is not None else None


def _queue_limit(state: State) -> int | None:
    return state.queue.limit if state.queue is not None else None


def _queue_asked(state: State) -> int | None:
    return state.queue.end if state.queue is not None else None


def _believed_children(state: State) -> int | None:
    return state.root.believed_children.at(state.t) if state.root is not None else None


def _believed_threads(state: State) -> int | None:
    return state.root.believed_threads.at(state.t) if state.root is not None else None


def _children(state: State) -> int | None:
    process = state.process
    return None if process is None or process.taken is None else sum(one.state is not None for one in process.children)


def _zombies(state: State) -> int | None:
    process = state.process
    return None if process is None or process.taken is None else sum(one.state == "zombie" for one in process.children)


def _children_asked(state: State) -> int | None:
    return state.process.taken if state.process is not None else None


def _handler_threads(state: State) -> int | None:
    process = state.process
    return None if process is None else sum(one.ended is None for one in process.handlers)


def _contexts(kind: str) -> Callable[[State], int]:
    return lambda state: sum(one.kind == kind for one in state.moment.contexts)


def _processes(state: State) -> int:
    return sum(one.first.t <= state.t < one.ended for one in state.processes)


def _ended(state: State) -> Process | None:
    """The process of the program that ended last."""
    ended = [one for one in state.processes if one.ended <= state.t]
    return max(ended, key=lambda one: (one.ended, one.first.key), default=None)


def _status(state: State) -> int | None:
    process = _ended(state)
    return process.status if process is not None else None


def _signal(state: State) -> int | None:
    process = _ended(state)
    return process.signal if process is not None else None


def _end(state: State) -> int | None:
    process = _ended(state)
    return process.ended if process is not None else None


# ---- words


def _owner(state: State) -> str | None:
    last = state.last
    return state.timeline.code(state.timeline.spans.code(last.context, last.span)).owner if last is not None else None


def _outcome(state: State) -> str | None:
    last = state.last
    if last is None:
        return None
    if state.end(last) is None:
        return "open"
    return {RETURN: "returned", RAISE: "raised"}.get(state.timeline.spans.span(last.context, last.span).how)


def _where(state: State) -> str | None:
    last = state.last
    if last is None:
        return None
    context, process = last.context, last.context.process
    if context.kind == "client":
        return "client"
    if process is None:
        return None
    if process is not state.root:
        return "child" if process.cause == "fork" else "other"
    return "main" if context is process.first else "thread"


def _error(state: State) -> str | None:
    last = state.last
    if last is None or _outcome(state) != "raised":
        return None
    return str(state.timeline.spans.end_payloads(last.context, last.span).get("error", "?")).partition(":")[0]


# ---- what decides


Decides: TypeAlias = Callable[[State], Found | None]
"""The call, and the end of it, that a fact's value comes from; None: from none that is recorded."""


def _last_call(state: State) -> Found | None:
    return state.last


def _last_call_at_its_end(state: State) -> Found | None:
    last = state.last
    end = state.end(last) if last is not None else None
    return last if last is None or end is None else last._replace(t=end, after=True)


def _last_change(state: State) -> Found | None:
    """The begin or the end of a call that matches, whichever was last; None: it was neither, but somebody was killed in one."""
    found = max((one for one in (_last_call(state), _last_ended(state)) if one is not None), key=lambda one: one.t, default=None)
    killed = [call.context.ended for call in state.calls if state.end(call) is None and call.context.ended <= state.t]
    return found if found is None or max(killed, default=0) <= found.t else None


def _last_ended(state: State) -> Found | None:
    ended = [call._replace(t=end, after=True) for call in state.calls if (end := state.end(call)) is not None]
    return max(ended, key=lambda one: one.t, default=None)


def _last_of(text: str) -> Decides:
    filter_ = parse(text)
    return lambda state: state.newest(filter_)


def _last_child(text: str) -> Decides:
    """The last of these calls, or of those that found a child, before the kernel was asked."""
    filter_, waits = parse(text), parse("after waitpid")

    def decides(state: State) -> Found | None:
        spans, asked = state.timeline.spans, _children_asked(state)
        reaped = [one for one in state.found(waits) if number(spans.end_payloads(one.context, one.span), "pid") > 0]
        found = [one for one in (*state.found(filter_), *reaped) if asked is not None and one.t <= asked]
        return max(found, key=lambda one: one.t, default=None)

    return decides


def _last_process(state: State) -> Found | None:
    """What last made a process, or was the last that one did; None: the last one was killed."""
    process, found = _ended(state), state.newest(_PROCESSES)
    was_killed = process is not None and process.signal is not None and (found is None or found.t <= process.ended)
    return None if was_killed else found


def _last_exit(state: State) -> Found | None:
    """How the process that ended last left by itself; None: it was killed, or its interpreter came to its end."""
    process = _ended(state)
    if process is None or process.signal is not None:
        return None
    return next((one for one in reversed(state.found(_EXIT)) if one.context.process is process), None)


def _last_in_queue(state: State) -> Found | None:
    """What last put a client into the only server's accept queue, or took one out, before the kernel was asked."""
    if len(state.moment.servers) != 1 or state.queue is None:
        return None
    asked = state.queue.begin
    return next((one for one in reversed(state.found(_QUEUED)) if one.t <= asked), None)


def _its_listen(state: State) -> Found | None:
    """The call by which the server began to listen."""
    server, servers = state.server, state.timeline.server_of
    found = reversed(state.found(_LISTEN))
    return next((one for one in found if server is not None and servers(one.context, one.span) == server.server), None)


_EXIT = parse("before _exit")
_LISTEN = parse("before server_activate")
_PROCESSES = parse("after fork | before _exit")
_QUEUED = parse("after connect & !raised | after get_request & !raised")


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table of facts."""

    value: Callable[[State], Value | None]
    takes: str = ""  # what stands in parentheses: "filter" (it must), "server" (it may); "": nothing
    decides: Decides | None = None
    known: Callable[[State], int | None] | None = None  # when it was so, where that is not now: when the kernel was asked
    number: bool = True
    grows: bool = False  # it is never less than it was
    words: tuple[str, ...] = ()  # of a word: all that it can be; (): there are many


_STARTED = _last_of("after Thread.start | after Thread.run")

KINDS: dict[str, Kind] = {
    "calls": Kind(lambda state: len(state.calls), "filter", _last_call, grows=True),
    "open": Kind(_open, "filter", _last_change),
    "milliseconds": Kind(_milliseconds, "filter", _last_ended),
    "connections": Kind(lambda state: state.moment.accepted, decides=_last_of("after get_request & !raised"), grows=True),
    "queue": Kind(_queue, "server", _last_in_queue, _queue_asked),
    "queue_limit": Kind(_queue_limit, "server", _its_listen, _queue_asked),
    "active_children": Kind(_believed_children, decides=_last_of("after process_request | after collect_children")),
    "kept_threads": Kind(_believed_threads, decides=_last_of("after process_request")),
    "children": Kind(_children, decides=_last_child("after fork"), known=_children_asked),
    "zombies": Kind(_zombies, decides=_last_child("before _exit"), known=_children_asked),
    "threads": Kind(_contexts("thread"), decides=_STARTED),
    "handler_threads": Kind(_handler_threads, decides=_STARTED),
    "processes": Kind(_processes, decides=_last_process),
    "clients": Kind(_contexts("client")),
    "held": Kind(lambda state: len(state.moment.held)),
    "status": Kind(_status, decides=_last_exit, known=_end),
    "signal": Kind(_signal, known=_end),
    "owner": Kind(_owner, "filter", _last_call, number=False),
    "outcome": Kind(_outcome, "filter", _last_call_at_its_end, number=False, words=OUTCOMES),
    "where": Kind(_where, "filter", _last_call, number=False, words=WHERES),
    "error": Kind(_error, "filter", _last_call_at_its_end, number=False),
}
"""Every fact there is; what each means is told in lessons/README.md."""
