"""What a moment of a recording says, asked in a word: `queue`, `calls(after handle & raised)`, `owner(before handle)`.

Checks, waits and questions of a lesson are made of these. A **fact** is `NAME` or `NAME(ARGUMENT)`; a **check** is a fact, a sign and
a value: `zombies = 1`. Rule of this file: a fact that is not known has no value (None), and no check about it is true.
"""

import operator
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

from tracer.probe.frames import RAISE, RETURN
from tracer.timeline.at import at
from tracer.timeline.contexts import Context, Process
from tracer.timeline.filter import Filter, FilterError, parse
from tracer.timeline.matches import Matches
from tracer.timeline.moment import Moment, ProcessMoment, ServerMoment
from tracer.timeline.navigate import Place
from tracer.timeline.timeline import Timeline

Value: TypeAlias = int | str

#: Words that facts answer with, beside the names of classes.
OUTCOMES = ("returned", "raised", "open")
WHERES = ("main", "thread", "child", "client", "other")

_GROWING = ("calls", "connections")  # facts that are never less than they were
_WHOLE = 1 << 62  # nanoseconds that looking for matches may take: a lesson's recording is small


class FactError(ValueError):
    """Why a text is no fact, no check or no question, and what would be."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing to ask a moment. As a string it is how it is written."""

    name: str
    argument: str = ""
    filter: Filter | None = None

    @property
    def is_number(self) -> bool:
        """Whether its value is a number; else it is a word."""
        return KINDS[self.name].number

    def __str__(self) -> str:
        return f"{self.name}({self.argument})" if self.argument else self.name


@dataclass(frozen=True, slots=True)
class Check:
    """What must be so."""

    fact: Fact
    sign: str
    value: Value

    def holds(self, found: Value | None) -> bool:
        """Whether it is so, where the fact's value is `found`."""
        return found is not None and bool(_SIGNS[self.sign](found, self.value))

    def is_missed(self, found: Value | None) -> bool:
        """Whether it can never be so any more, where the fact's value is `found`: what is counted grows, and has grown too far."""
        conditions = self.fact.filter.keys() if self.fact.filter is not None else ()
        grows = self.fact.name in _GROWING and "open" not in conditions
        upwards = self.sign in ("=", "<", "<=") and isinstance(found, int) and found >= int(self.value)
        return grows and upwards and not self.holds(found)

    def __str__(self) -> str:
        return f"{self.fact} {self.sign} {self.value}"


@dataclass(frozen=True, slots=True)
class NextHook:
    """Which hook is entered next: in any context, or `here`, in that of the stop."""

    here: bool

    def __str__(self) -> str:
        return "next here" if self.here else "next"


@dataclass(frozen=True, slots=True)
class First:
    """Which of two calls came first."""

    one: Filter
    other: Filter

    def __str__(self) -> str:
        return f"first({self.one}; {self.other})"


Ask: TypeAlias = Fact | NextHook | First
"""What a question asks the run."""

_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_FACT = re.compile(r"\s*([a-z_]+)\s*(?:\((.*)\))?\s*", re.DOTALL)


def nearest(name: str, known: Collection[str]) -> str:
    """The cure for a word that is none of those known."""
    near = get_close_matches(name, known, 1)
    return f"did you mean {near[0]}?" if near else f"choose one of {', '.join(known)}"


def parse_fact(text: str) -> Fact:
    """The fact that a text means. Raises FactError."""
    found = _FACT.fullmatch(text)
    name, argument = (found[1], (found[2] or "").strip()) if found is not None else (text.strip(), "")
    kind = KINDS.get(name)
    if kind is None:
        raise FactError(f"there is no fact {name!r}: {nearest(name, KINDS)}")
    if kind.takes == "filter":
        if not argument:
            raise FactError(f"{name} needs a filter: {name}(before handle)")
        return Fact(name, argument, _filter(argument))
    if argument and not kind.takes:
        raise FactError(f"{name} takes nothing in parentheses")
    return Fact(name, argument)


def parse_check(text: str) -> Check:
    """The check that a text means. Raises FactError."""
    found = next(
        (one for one in re.finditer(r"!=|<=|>=|=|<|>", text) if text[: one.start()].count("(") == text[: one.start()].count(")")), None
    )
    value = text[found.end() :].strip() if found is not None else ""
    if found is None or not value:
        raise FactError(f"{text!r} is no check: it needs a sign and a value, as in zombies = 1")
    fact, sign = parse_fact(text[: found.start()]), found[0]
    if fact.is_number:
        if not re.fullmatch(r"-?\d+", value):
            raise FactError(f"{fact.name} is a whole number, not {value!r}")
        return Check(fact, sign, int(value))
    if sign not in ("=", "!="):
        raise FactError(f"{fact.name} is a word: it can be = or != to another, not {sign}")
    allowed = KINDS[fact.name].words
    if allowed and value not in allowed:
        raise FactError(f"{fact.name} is never {value!r}: {nearest(value, allowed)}")
    return Check(fact, sign, value)


def parse_ask(text: str) -> Ask:
    """What a question asks. Raises FactError."""
    words = " ".join(text.split())
    if words in ("next", "next here"):
        return NextHook(words == "next here")
    found = re.fullmatch(r"first\s*\((.*)\)", text.strip(), re.DOTALL)
    if found is None:
        return parse_fact(text)
    one, sign, other = found[1].partition(";")
    if not sign:
        raise FactError("first needs two filters: first(before close_request; after close)")
    return First(_filter(one.strip()), _filter(other.strip()))


def _filter(text: str) -> Filter:
    try:
        return parse(text)
    except FilterError as error:
        raise FactError(f"in the filter {text!r}: {error}") from None


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

    @property
    def place(self) -> Place:
        """Where to look at it."""
        return Place(self.t, self.context.id, self.span)


class Facts:
    """What one recording says, also while it grows."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self._matches: dict[str, Matches] = {}

    def found(self, filter_: Filter) -> list[Found]:
        """All calls that a filter matches, in the order of time."""
        matches = self._matches.get(str(filter_))
        if matches is None:
            matches = self._matches[str(filter_)] = Matches(self.timeline, filter_)
        matches.scan(_WHOLE)
        after = is_after(filter_)
        found, one = [], matches.next(-1)
        while one is not None:
            begin, identity, span = one
            context = self.timeline.contexts[identity]
            end = self.timeline.spans.span(context, span).end if after else begin
            if end is not None:
                found.append(Found(end, context, span))
            one = matches.next(*one)
        return sorted(found, key=lambda one: (one.t, one.context.key, one.span))

    def value(self, fact: Fact, t: int) -> Value | None:
        """What a fact's value is at time `t`; None: not known."""
        return KINDS[fact.name].value(State(self, fact, t))

    def shown(self, fact: Fact, t: int) -> str:
        """The same for a person to read."""
        value = self.value(fact, t)
        return "not known" if value is None else str(value)

    def holds(self, check: Check, t: int) -> bool:
        """Whether a check is true at time `t`."""
        return check.holds(self.value(check.fact, t))

    def decides(self, fact: Fact, t: int) -> Place | None:
        """The call that a fact's value at `t` comes from; None: it comes from none that is recorded."""
        filter_ = fact.filter or KINDS[fact.name].decided
        if filter_ is None:
            return None
        return next((one.place for one in reversed(self.found(filter_)) if one.t <= t), None)


class State:
    """One fact at one time, and what of the recording it is read from."""

    def __init__(self, facts: Facts, fact: Fact, t: int) -> None:
        self.facts, self.fact, self.t = facts, fact, t
        self.timeline = facts.timeline

    @cached_property
    def moment(self) -> Moment:
        """The state of everything."""
        return at(self.timeline, self.t)

    @property
    def root(self) -> Process | None:
        """The program's first process."""
        return self.timeline.settle().root

    @property
    def process(self) -> ProcessMoment | None:
        """The same as it is at the moment, if it is alive."""
        root = self.root
        return next((one for one in self.moment.processes if root is not None and one.process == root.first.id), None)

    @property
    def server(self) -> ServerMoment | None:
        """The server that is asked about: the one of that class, else the first."""
        known = self.moment.servers
        return next((one for one in known if self.fact.argument in ("", one.class_name)), None)

    @property
    def calls(self) -> list[Found]:
        """The calls that the fact's filter matches, up to now."""
        assert self.fact.filter is not None
        return [one for one in self.facts.found(self.fact.filter) if one.t <= self.t]

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
    for call in reversed(state.calls):
        end = state.end(call)
        if end is not None:
            return (end - state.timeline.spans.span(call.context, call.span).begin) // 1_000_000
    return None


def _queue(state: State) -> int | None:
    server = state.server
    return server.queue.depth if server is not None and server.queue is not None else None


def _queue_limit(state: State) -> int | None:
    server = state.server
    return server.queue.limit if server is not None and server.queue is not None else None


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


def _handler_threads(state: State) -> int | None:
    process = state.process
    return None if process is None else sum(one.ended is None for one in process.handlers)


def _contexts(kind: str) -> Callable[[State], int]:
    return lambda state: sum(one.kind == kind for one in state.moment.contexts)


def _processes(state: State) -> int:
    return sum(process.first.t <= state.t < process.ended and process.first.kind != "client" for process in _known(state))


def _known(state: State) -> list[Process]:
    return list(state.timeline.settle().processes.values())


def _ended(state: State) -> Process | None:
    """The process of the program that ended last."""
    ended = [one for one in _known(state) if one.ended <= state.t and one.first.kind != "client"]
    return max(ended, key=lambda one: (one.ended, one.first.key), default=None)


def _status(state: State) -> int | None:
    process = _ended(state)
    return process.status if process is not None else None


def _signal(state: State) -> int | None:
    process = _ended(state)
    return process.signal if process is not None else None


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


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table of facts."""

    means: str
    value: Callable[[State], Value | None]
    takes: str = ""  # what stands in parentheses: "filter" (it must), "server" (it may); "": nothing
    decided: Filter | None = None  # the calls of which the last decides it, where it has no filter of its own
    number: bool = True
    words: tuple[str, ...] = ()  # of a word: all that it can be; (): there are many


_LISTEN = parse("before server_activate")
_DISPATCH = parse("after process_request")
_COLLECT = parse("after process_request | after collect_children")
_CHILDREN = parse("after fork | after waitpid")
_THREADS = parse("after Thread.start | after Thread.run")

KINDS: dict[str, Kind] = {
    "calls": Kind("calls that match, so far", lambda state: len(state.calls), "filter"),
    "open": Kind("calls that match and have not ended", _open, "filter"),
    "milliseconds": Kind("how long the last call that matches and has ended took", _milliseconds, "filter"),
    "connections": Kind(
        "connections (or datagrams) taken so far", lambda state: state.moment.accepted, decided=parse("after get_request")
    ),
    "queue": Kind("clients in the server's accept queue, as the kernel says", _queue, "server", _LISTEN),
    "queue_limit": Kind("the limit of that queue", _queue_limit, "server", _LISTEN),
    "active_children": Kind("len(active_children), as the server believes", _believed_children, decided=_COLLECT),
    "kept_threads": Kind("threads that server_close will join, as the server believes", _believed_threads, decided=_DISPATCH),
    "children": Kind("child processes, running and zombie, as the kernel says", _children, decided=_CHILDREN),
    "zombies": Kind("children that have ended and were not waited for", _zombies, decided=_CHILDREN),
    "threads": Kind("threads that run hooks, beside the main thread", _contexts("thread"), decided=_THREADS),
    "handler_threads": Kind("threads that the server started for connections and that run", _handler_threads, decided=_THREADS),
    "processes": Kind("processes of the program", _processes, decided=_CHILDREN),
    "clients": Kind("clients that have not left", _contexts("client"), decided=parse("before connect")),
    "held": Kind("contexts that are held", lambda state: len(state.moment.held)),
    "status": Kind("exit status of the process that ended last", _status, decided=parse("before _exit")),
    "signal": Kind("the signal that ended that process", _signal),
    "owner": Kind("the class that supplied the last call that matches", _owner, "filter", number=False),
    "outcome": Kind("how that call ended", _outcome, "filter", number=False, words=OUTCOMES),
    "where": Kind("where that call runs", _where, "filter", number=False, words=WHERES),
    "error": Kind("the type of the exception that left that call", _error, "filter", number=False),
}
"""Every fact there is."""
