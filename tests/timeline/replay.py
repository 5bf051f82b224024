"""A recording told again from its start: every event up to a time is applied to a picture of the whole, one after the other.

It is slow and knows no index, so it is easy to see that it is right. `Timeline` must give the same answers by looking them up.

Rules of this file:
1. Only what was recorded up to the time counts; nothing is asked of tracer.timeline.
2. Events of one context come in the order in which they were written, others in the order of their times.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tracer.probe.frames import ENTER, KIND_BITS, KIND_MASK, NUMBER, PAYLOADS, RAISE, RETURN, TEXT
from tracer.recording.reader import Frame

NAMES = {number: name for name, (number, _) in PAYLOADS.items()}


@dataclass
class Event:
    """A hook was entered (or returned, or raised) in a context."""

    t: int
    context: int
    kind: int
    code: int
    payloads: dict[str, int] = field(default_factory=dict)


@dataclass
class Call:
    """A hook that has been entered."""

    number: int
    hook: str
    code: int
    begin: int
    handle: tuple[str, int] | None  # the connection that it names, as its process knows it
    about: int | None  # the connection it is about
    taken: int | None = None  # the connection that was taken in it last


@dataclass
class Lane:
    """A context."""

    process: int
    kind: str
    cause: str
    parent: int
    stack: list[Call] = field(default_factory=list)
    calls: int = 0
    inherited: int | None = None
    returned: bool = False
    gone: bool = False


@dataclass
class Program:
    """A process."""

    pid: int
    handles: dict[tuple[str, int], int] = field(default_factory=dict)  # what it knows a connection by -> its number
    ended: bool = False
    children: int | None = None
    threads: int | None = None
    forked: set[int] = field(default_factory=set)  # pids of children that were not waited for
    forking: set[int] = field(default_factory=set)  # and of those that the kernel listed before their fork had returned
    reaped: set[int] = field(default_factory=set)
    sampled: tuple[int, int | None, int | None] | None = None  # when it was asked for last, and what it believed then


class Replay:
    """The state of everything at `t`."""

    def __init__(self, frames: Iterable[Frame], t: int) -> None:
        self.lanes: dict[int, Lane] = {}
        self.programs: dict[int, Program] = {}
        self.holders: dict[int, set[int]] = {}  # connection -> processes that hold it; minus the pid of one that has said nothing yet
        self.served: dict[int, int] = {}  # connection -> when finish_request began first
        self.held: dict[int, tuple[str, str]] = {}  # context -> (before or after, hook)
        self.queues: dict[int, tuple[int | None, int | None]] = {}  # server -> (depth, limit)
        self._codes: dict[int, str] = {}
        #: context, and the pid that fork returned (0: it has not) -> what was known there when it was entered
        self._forks: dict[tuple[int, int], tuple[dict[tuple[str, int], int], int | None]] = {}
        facts, events = _sorted(frames)
        for fact in facts:
            if fact["type"] == "code":
                self._codes[fact["id"]] = fact["hook"]
        for at, one in sorted(_in_order(facts, events), key=lambda item: item[0]):
            if at > t:
                break
            if isinstance(one, Event):
                self._event(one)
            else:
                self._fact(one)

    # -- facts

    def _fact(self, fact: dict[str, Any]) -> None:
        match fact["type"]:
            case "context" if fact["kind"] in ("process", "thread"):
                self._begin(fact)
            case "exit":
                self._end_of(fact["pid"])
            case "gone" if fact["context"] in self.lanes:
                lane = self.lanes[fact["context"]]
                lane.gone = True
                if lane.kind == "process":
                    self.programs[lane.process].ended = True
            case "end":
                for program in self.programs.values():
                    program.ended |= program.pid not in fact.get("alive", [])
            case "sample":
                for one in fact["queues"]:
                    self.queues[one["server"]] = one["depth"], one["limit"]
                for one in fact["processes"]:
                    for program in self._called(one["pid"]):
                        program.sampled = fact["end"], program.children, program.threads
                        listed = {child["pid"] for child in one["children"]} - program.forked - program.reaped
                        program.forking = {pid for pid in listed if self._is_forked(pid, program)}
            case "held":
                self.held[fact["context"]] = fact["when"], fact["hook"]
            case "released":
                self.held.pop(fact["context"], None)

    def _begin(self, fact: dict[str, Any]) -> None:
        lane = self.lanes[fact["id"]] = Lane(fact["process"], fact["kind"], fact["cause"], fact["parent"])
        if lane.process not in self.programs:
            self.programs[lane.process] = Program(fact["pid"])
        parent = self.lanes.get(lane.parent)
        fork = self._forks.get((lane.parent, fact["pid"])) or self._forks.get((lane.parent, 0))
        if lane.cause == "fork" and fork is not None:
            known, lane.inherited = fork
            self.programs[lane.process].handles.update(known)
            if lane.inherited is not None:
                self.holders[lane.inherited].discard(-fact["pid"])
                self.holders[lane.inherited].add(lane.process)
        elif lane.cause == "thread" and parent is not None:
            lane.inherited = parent.stack[-1].about if parent.stack else parent.inherited

    def _is_forked(self, pid: int, parent: Program) -> bool:
        """Whether the process with that pid is a child whose fork has not returned."""
        known = [lane for lane in self.lanes.values() if lane.cause == "fork" and self.programs[lane.process].pid == pid]
        inside = [lane for lane in self.lanes.values() if self.programs[lane.process] is parent and lane.stack]
        return bool(known) or any(lane.stack[-1].hook == "fork" for lane in inside)

    def _called(self, pid: int) -> list[Program]:
        """The process that has that pid now."""
        return [one for one in self.programs.values() if one.pid == pid and not one.ended]

    def _end_of(self, pid: int) -> None:
        for program in self._called(pid):
            program.ended = True

    # -- events

    def _event(self, event: Event) -> None:
        lane = self.lanes.get(event.context)
        if lane is None:
            return  # a step of a client's
        hook = self._codes[event.code]
        if event.kind == ENTER:
            self._enter(lane, hook, event)
        elif any(call.code == event.code for call in lane.stack):
            call = lane.stack.pop()
            while call.code != event.code:  # those inside it were never told to have ended
                call = lane.stack.pop()
            self._leave(lane, call, event)

    def _enter(self, lane: Lane, hook: str, event: Event) -> None:
        program = self.programs[lane.process]
        outer = lane.stack[-1] if lane.stack else None
        handle = next(((name, event.payloads[name]) for name in ("descriptor", "request") if name in event.payloads), None)
        about = program.handles.get(handle) if handle is not None else None
        if hook == "_handle_request_noblock":
            about = None  # until it takes one
        elif about is None and outer is not None:
            about = outer.taken if outer.taken is not None and hook != "select" else outer.about
        elif about is None:
            about = lane.inherited
        call = Call(lane.calls, hook, event.code, event.t, handle, about)
        outermost = outer is None or outer.hook != hook
        lane.calls += 1
        lane.stack.append(call)
        if hook == "finish_request" and outermost and about is not None:
            self.served.setdefault(about, event.t)
        elif hook == "fork":
            self._forks[event.context, 0] = dict(program.handles), about
        elif hook == "_exit":
            program.ended = True

    def _leave(self, lane: Lane, call: Call, event: Event) -> None:
        program = self.programs[lane.process]
        outer = lane.stack[-1] if lane.stack else None
        outermost = outer is None or outer.hook != call.hook
        payloads = event.payloads
        program.children = payloads.get("children", program.children)
        program.threads = payloads.get("threads", program.threads)
        taken = next(((name, payloads[name]) for name in ("descriptor", "request") if name in payloads), None)
        if event.kind == RETURN and call.hook == "get_request" and outermost and taken is not None and taken != ("descriptor", -1):
            number = len(self.holders) + 1
            self.holders[number] = {lane.process}
            program.handles[taken] = number
            if outer is not None:
                outer.taken = number
                if outer.hook == "_handle_request_noblock":  # the turn is about the connection that it takes
                    outer.about = number
        elif call.hook == "fork" and event.kind == RETURN and payloads.get("pid", 0) > 0:
            program.forked.add(payloads["pid"])
            self._forks[event.context, payloads["pid"]] = self._forks.pop((event.context, 0))
            begun = {self.programs[one.process].pid for one in self.lanes.values() if one.parent == event.context}
            if call.about is not None and payloads["pid"] not in begun:
                self.holders[call.about].add(-payloads["pid"])  # until we hear of it
        elif call.hook == "waitpid" and event.kind == RETURN and payloads.get("pid", 0) > 0:
            program.forked.discard(payloads["pid"])
            program.forking.discard(payloads["pid"])
            program.reaped.add(payloads["pid"])
            for holders in self.holders.values():
                holders.discard(-payloads["pid"])
            self._end_of(payloads["pid"])
        elif call.hook == "close_request" and outermost and call.about is not None:
            self.holders[call.about].discard(lane.process)
        elif call.hook == "Thread.run" and outer is None:
            lane.returned = True

    # -- what it says

    def is_alive(self, lane: Lane) -> bool:
        """Whether a context has not ended."""
        return not (lane.returned or lane.gone or self.programs[lane.process].ended)

    def is_open(self, connection: int) -> bool:
        """Whether somebody holds a connection."""
        return any(process < 0 or not self.programs[process].ended for process in self.holders[connection])

    def told(self) -> dict[str, object]:
        """What a moment says, in the same words as `shown`."""
        alive = {context: lane for context, lane in self.lanes.items() if self.is_alive(lane)}
        return {
            "stacks": {
                context: [(call.number, call.hook, call.begin, call.about) for call in lane.stack] for context, lane in alive.items()
            },
            "accepted": len(self.holders),
            "open": {number: self.served.get(number) for number in self.holders if self.is_open(number)},
            "believed": {
                process: program.sampled or (None, program.children, program.threads)
                for process, program in self.programs.items()
                if process in alive
            },
            "forked": {process: program.forked | program.forking for process, program in self.programs.items() if process in alive},
            "held": {context: why for context, why in self.held.items() if context in alive},
            "queues": self.queues,
        }


def shown(moment: Any) -> dict[str, object]:
    """What a moment says."""
    return {
        "stacks": {
            one.context: [(span.span, span.hook, span.since, span.connection) for span in one.stack]
            for one in moment.contexts
            if one.kind in ("process", "thread")
        },
        "accepted": moment.accepted,
        "open": {one.number: one.served for one in moment.connections},
        "believed": {one.process: (one.taken, one.believed_children, one.believed_threads) for one in moment.processes},
        "forked": {
            one.process: {child.pid for child in one.children if child.believed and child.reaped is None} for one in moment.processes
        },
        "held": {one.context: (one.when, one.hook) for one in moment.held},
        "queues": {one.server: (one.queue.depth, one.queue.limit) for one in moment.servers if one.queue is not None},
    }


def times(frames: Iterable[Frame]) -> list[int]:
    """Of everything that happens in a recording."""
    facts, events = _sorted(frames)
    return sorted({at for at, _ in _in_order(facts, events)})


def _sorted(frames: Iterable[Frame]) -> tuple[list[dict[str, Any]], dict[int, list[Event]]]:
    """The facts, and each context's events."""
    facts: list[dict[str, Any]] = []
    events: dict[int, list[Event]] = {}
    for context, content in frames:
        if isinstance(content, dict):
            facts.append(content)
        else:
            events.setdefault(context, []).extend(_events(context, array("q", content)[1:]))
    return facts, events


def _events(context: int, numbers: array[int]) -> Iterator[Event]:
    event, place = None, 0
    while place < len(numbers):
        word, value = numbers[place], numbers[place + 1]
        kind, code = word & KIND_MASK, word >> KIND_BITS
        place += 2
        if kind in (ENTER, RETURN, RAISE):
            if event is not None:
                yield event
            event = Event(value, context, kind, code)
        elif kind == NUMBER and event is not None:
            event.payloads[NAMES[code]] = value
        elif kind == TEXT:
            place += -(-value // 16) * 2
    if event is not None:
        yield event


def _in_order(facts: list[dict[str, Any]], events: dict[int, list[Event]]) -> Iterator[tuple[int, dict[str, Any] | Event]]:
    """Everything with its time, so that a stable sort keeps each context's order: a context is defined before its first event."""
    pids = {fact["id"]: fact["pid"] for fact in facts if fact["type"] == "context" and fact["kind"] == "process"}
    told = {fact["pid"] for fact in facts if fact["type"] == "exit"}
    for fact in facts:
        if fact["type"] == "gone" and pids.get(fact["context"]) in told:
            continue  # it was looked for in vain a moment before its parent was told how it had ended
        if fact["type"] in ("context", "exit", "gone", "end", "held", "released"):
            yield fact["t"], fact
        elif fact["type"] == "sample":
            yield fact["end"], fact
    for own in events.values():
        for event in own:
            yield event.t, event
