"""A recording, also one that still grows, indexed: frames in, answers out.

Rules of this file:
1. No clock and no I/O: what time it is, and how much to read, is the caller's business.
2. The frames may come in any order that keeps each context's own: the answers are the same.
3. Times are nanoseconds, CLOCK_MONOTONIC; `seconds` makes them seconds since the recording's start.
"""

import json
import re
from array import array
from bisect import insort
from collections.abc import Iterable
from operator import itemgetter
from typing import Any, ClassVar

from tracer.recording.reader import Frame

from .carried import Carried
from .codes import UNKNOWN, Code
from .connections import Connection
from .contexts import Context, number, string
from .holds import Holds
from .lifetimes import FOREVER, Lifetimes
from .occurrences import Index
from .outputs import Outputs
from .samples import Samples
from .settle import Settler
from .settled import Settled
from .spans import Spans

_CONTEXT_NUMBERS = ("process", "pid", "tid", "ppid", "born", "parent", "t")
_context_numbers = itemgetter(*_CONTEXT_NUMBERS)


class Timeline:
    """Everything a recording says, as far as it was fed."""

    def __init__(self) -> None:
        self.header: dict[str, Any] = {}
        self.codes: dict[int, Code] = {}
        self.contexts: dict[int, Context] = {}
        self.servers: dict[int, list[tuple[int, str, dict[str, Any]]]] = {}  # id -> (time, text, fact), by time
        self.sources: dict[str, str] = {}  # file -> text
        self.samples = Samples()
        self.outputs = Outputs()
        self.spans = Spans()
        self.holds = Holds(self.spans, self.codes, self.samples)
        self.index = Index(self.spans)
        self.ended: int | None = None  # time of the end fact: the recording is complete
        self.untyped: dict[int, int] = {}  # time -> characters that were typed and dropped then
        self.limited: int | None = None  # when there was no more room: of what came later only the ends of processes are told
        self._losses: list[tuple[int, int]] = []  # (time, records) as the writers counted
        self._newest = 0
        self._settler = Settler(self.spans, self.contexts, self.codes, self.holds)

    # -- in ----------------------------------------------------------------------------------------------------------------

    def feed(self, frames: Iterable[Frame]) -> None:
        """Take in frames, as a reader gives them."""
        contexts, dirty, fold = self.contexts, self._settler.dirty, self.spans.feed
        for identity, content in frames:
            if isinstance(content, dict):
                self._fact(identity, content)
                continue
            context = contexts.get(identity)
            if context is None:
                context = self._context(identity)
            fold(context, content)
            dirty[identity] = context
            if context.last > self._newest:
                self._newest = context.last

    def _context(self, identity: int) -> Context:
        context = self.contexts[identity] = Context(identity, self.spans.root)
        return context

    def _fact(self, context: int, fact: dict[str, Any]) -> None:
        kind = fact.get("type")
        take = self._TAKE.get(kind) if isinstance(kind, str) else None
        if take is not None:
            take(self, fact)
            t = fact.get("t") or fact.get("end")
            if isinstance(t, int) and self._newest < t < FOREVER:
                self._newest = t

    def _take_header(self, fact: dict[str, Any]) -> None:
        if not self.header:
            self.header = fact

    def _take_code(self, fact: dict[str, Any]) -> None:
        identity = number(fact, "id", -1)
        if identity not in self.codes:
            hook, owner, module, file = (string(fact, name) for name in ("hook", "owner", "module", "file"))
            self.codes[identity] = Code(hook, owner, module, file, number(fact, "line"), fact.get("framework") is True)
            self._settler.unblock()

    def _take_context(self, fact: dict[str, Any]) -> None:
        identity = number(fact, "id")
        context = self.contexts.get(identity) or self._context(identity)
        if context.defined:
            return
        if context.process is not None or identity in self._settler.state.processes:
            self._settler.disturbed = True  # its events came first, or those of a thread of its: their place was a guess
        context.defined = True
        try:  # one check for all, where they are what every writer writes
            numbers = array("q", _context_numbers(fact))
        except (KeyError, TypeError, OverflowError):
            numbers = array("q", [number(fact, name, identity if name == "process" else 0) for name in _CONTEXT_NUMBERS])
        process, context.pid, context.tid, context.ppid, context.born, context.parent, context.t = numbers
        context.process_id = process
        kind = fact.get("kind")
        context.kind = kind if kind in ("process", "client") else "thread"
        cause = fact.get("cause")
        context.cause = cause if cause in ("fork", "thread") else "start"
        if context.kind == "client":
            context.process_id, context.parent, context.cause = identity, 0, "start"
        elif context.kind == "process":
            context.process_id = identity
            above = fact.get("ancestors")
            further = [pid for pid in above if isinstance(pid, int)] if isinstance(above, list) else []
            context.ancestors = (context.ppid, *further)
        context.name = string(fact, "name")
        self._settler.dirty[identity] = context

    def _take_server(self, fact: dict[str, Any]) -> None:
        known = self.servers.setdefault(number(fact, "id"), [])
        entry = (number(fact, "t"), json.dumps(fact, sort_keys=True), fact)
        if not any(entry[:2] == one[:2] for one in known):
            insort(known, entry, key=lambda one: one[:2])

    def _take_source(self, fact: dict[str, Any]) -> None:
        self.sources.setdefault(string(fact, "file"), string(fact, "text"))

    def _take_exit(self, fact: dict[str, Any]) -> None:
        pid = number(fact, "pid")
        insort(self._settler.ends.exits.setdefault(pid, []), (number(fact, "t"), number(fact, "status")))
        for process in self._settler.state.by_pid.get(pid, ()):
            self._settler.dirty[process.first.id] = process.first
        for client in self._settler.state.clients.by_pid.get(pid, ()):
            self._settler.dirty[client.id] = client

    def _take_left(self, fact: dict[str, Any]) -> None:
        identity = number(fact, "context")
        self._settler.ends.left.setdefault(identity, number(fact, "t"))
        context = self.contexts.get(identity)
        if context is not None:
            self._settler.dirty[identity] = context

    def _take_gone(self, fact: dict[str, Any]) -> None:
        identity = number(fact, "context")
        self._settler.ends.gone.setdefault(identity, number(fact, "t"))
        context = self.contexts.get(identity)
        if context is not None:
            self._settler.dirty[identity] = context

    def _take_replaced(self, fact: dict[str, Any]) -> None:
        identity, known = number(fact, "context"), self._settler.ends.replaced
        known[identity] = min(known.get(identity, FOREVER), number(fact, "t"))
        context = self.contexts.get(identity)
        if context is not None:
            self._settler.dirty[identity] = context

    def _take_loss(self, fact: dict[str, Any]) -> None:
        insort(self._losses, (number(fact, "t"), number(fact, "records")))

    def _take_sample(self, fact: dict[str, Any]) -> None:
        self.samples.feed(fact)

    def _take_output(self, fact: dict[str, Any]) -> None:
        self.outputs.feed(fact)

    def _take_output_limit(self, fact: dict[str, Any]) -> None:
        self.outputs.feed_limit(fact)

    def _take_untyped(self, fact: dict[str, Any]) -> None:
        self.untyped[number(fact, "t")] = number(fact, "characters")

    def _take_hold(self, fact: dict[str, Any]) -> None:
        self.holds.feed(fact)
        context = self.contexts.get(number(fact, "context"))
        if context is not None and (fact.get("type") == "released" or fact.get("hook") == "_exit"):
            self._settler.dirty[context.id] = context  # whoever is held before _exit has not left

    def _take_limit(self, fact: dict[str, Any]) -> None:
        t = number(fact, "t", -1)
        if t >= 0:
            self.limited = t if self.limited is None else min(t, self.limited)

    def _take_end(self, fact: dict[str, Any]) -> None:
        """The recording has ended: processes that nobody has seen end, and that are not said to run still, are gone."""
        alive = fact.get("alive")
        self.ended = self._settler.ends.over = self.holds.over = number(fact, "t")
        self._settler.ends.alive = {pid for pid in alive if isinstance(pid, int)} if isinstance(alive, list) else set()
        for process in self._settler.state.processes.values():
            if process.how in ("open", "gone"):
                self._settler.dirty[process.first.id] = process.first

    _TAKE: ClassVar = {
        "header": _take_header,
        "code": _take_code,
        "context": _take_context,
        "server": _take_server,
        "source": _take_source,
        "exit": _take_exit,
        "left": _take_left,
        "gone": _take_gone,
        "replaced": _take_replaced,
        "loss": _take_loss,
        "sample": _take_sample,
        "output": _take_output,
        "output_limit": _take_output_limit,
        "untyped": _take_untyped,
        **dict.fromkeys(("control", "hold", "unhold", "held", "released", "pace", "unasked"), _take_hold),
        "limit": _take_limit,
        "end": _take_end,
    }

    # -- out ---------------------------------------------------------------------------------------------------------------

    def settle(self) -> Settled:
        """What follows from all that was fed. Every question below settles first; it costs what was fed since the last time."""
        return self._settler.settle()

    @property
    def carried(self) -> Carried:
        """Which connection a span is about."""
        self._settler.settle()
        return self._settler.carried

    @property
    def start(self) -> int:
        """When the recording began; without a header, when its first context did."""
        started = self.header.get("monotonic_ns")
        if isinstance(started, int):
            return started
        alive = self.settle().contexts
        return alive.begins[0] if alive.begins else 0

    @property
    def newest(self) -> int:
        """The newest time that anything fed speaks of; the start if nothing does."""
        return max(self._newest, self.start)

    @property
    def supervisor(self) -> tuple[int, int] | None:
        """The pid of the process that ends the recording, and when that was born; None where the recording does not say."""
        who = self.header.get("supervisor")
        pid, born = (who.get("pid"), who.get("born")) if isinstance(who, dict) else (None, None)
        return (pid, born) if isinstance(pid, int) and isinstance(born, int) else None

    def seconds(self, t: int) -> float:
        """Seconds since the recording's start."""
        return (t - self.start) / 1e9

    @property
    def lost(self) -> int:
        """Records that are missing: gaps in contexts, and what the writers counted."""
        return self.spans.lost + (self._losses[-1][1] if self._losses else 0)

    @property
    def events(self) -> int:
        """How many hooks were entered, returned or raised."""
        return self.spans.events

    @property
    def ordered(self) -> Lifetimes[Context]:
        """All contexts, in the order they began."""
        return self.settle().contexts

    def code(self, code: int) -> Code:
        """The definition of a code; one with "?" for names if it is not known."""
        return self.codes.get(code, UNKNOWN)

    def label(self, context: Context) -> str:
        """A context's short name: "main", "P4122" for a process, "T3" for a thread, "C7" for a client.

        Threads are numbered in the order they began; so are clients, but for those that have a number by their name: `client 7`.
        """
        state = self.settle()
        ordered = state.contexts
        if context.process is not None and context is context.process.first and context.kind == "process":
            return "main" if state.root is context.process else f"P{context.pid}"
        if state.numbered < len(ordered):
            if not state.numbered:
                state.threads, state.taken = 0, set()
            for one in ordered.items[state.numbered :]:
                if one.kind == "thread":
                    state.threads += 1
                    one.number = state.threads
                elif one.kind == "client":
                    one.number = _client_number(one.name, state.taken)
                    state.taken.add(one.number)
            state.numbered = len(ordered)
        return f"{'C' if context.kind == 'client' else 'T'}{context.number}"

    def number(self, connection: Connection | None) -> int | None:
        """A connection's number, from 1; None for None."""
        if connection is None:
            return None
        return self.settle().connections.rank(connection.accepted, connection.tie) + 1

    def server_of(self, context: Context, span: int) -> int | None:
        """The server that a span belongs to: the one that it, or the nearest span around it, names; None if none does."""
        self.settle()
        while True:
            while span >= 0:
                if context.servers is not None and span in context.servers:
                    return context.servers[span]
                span = self.spans.parent(context, span)
            if context.upper is None:
                return None
            context, span = context.upper, context.host


_CLIENT = re.compile(r"client (\d{1,9})\b")


def _client_number(name: str, taken: set[int]) -> int:
    """The number that a client has by its name; where it has none, or another has it, the next that is free."""
    found = _CLIENT.match(name)
    number = int(found[1]) if found is not None else 0
    return number if number and number not in taken else max(taken, default=0) + 1
