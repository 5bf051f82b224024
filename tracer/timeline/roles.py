"""What the hooks in a move mean for connections, processes and loops: a list of **marks**, worked out once for each move.

This is the only place where a derived fact is tied to a hook's name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from tracer.probe.frames import ENTER, PAYLOADS, RAISE, RETURN

from .shapes import NONE, OPEN, Move

# What a mark says happened; `a` and `b` are positions of payloads, -1 if there is none.
(
    ACCEPTED,  # get_request returned a connection: a = peer4, b = peer
    NAMED,  # a span names its server: a = server
    FORKED,  # fork returned in the parent: a = pid
    STARTED,  # Thread.start: a = context
    REAPED,  # waitpid returned: a = pid, b = status
    EXITED,  # _exit was entered: a = status
    RETURNED,  # the outermost Thread.run ended
    SERVED,  # finish_request was entered
    RELEASED,  # close_request ended
    VERIFIED,  # verify_request returned: a = truth
    FAILED,  # an exception left a hook of a connection: a = error
    CHILDREN,  # a = len(active_children)
    THREADS,  # a = len(_threads)
    ASKED,  # parse_request returned in a span: a = request_line
    REPLIED,  # log_request was entered: a = reply
    JOINED,  # Thread.join was entered: a = context
    CONNECTED,  # a client's connect returned: a = address, its own
    SENT,  # a client's send was entered
) = range(18)

_FAILING = {"verify_request", "process_request", "process_request_thread", "finish_request", "shutdown_request", "close_request"}
_IDLE = {"select", "service_actions", "collect_children", "waitpid"}
_NUMBERS = {name: number for name, (number, _) in PAYLOADS.items()}


class Named(Protocol):
    """A code, as far as this file needs it."""

    @property
    def hook(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that an event of the move says beyond its span."""

    what: int
    position: int  # of the event
    span: int  # reference
    a: int = -1
    b: int = -1
    kind: int = 0  # number of the payload that tells the connection; 0: it does not carry one
    own: int = -1  # that payload's position
    inside: tuple[int, ...] = ()  # the spans around it that begin in this frame, the innermost first; of ACCEPTED only
    outside: int = -1  # how deep the innermost of those from before the frame is; -1: there is none


class Roles:
    """The marks of a move, in order, and whether it may be an idle turn of a loop."""

    __slots__ = ("idle", "marks", "touches", "zeros")

    def __init__(self, move: Move, codes: Mapping[int, Named]) -> None:
        self.marks: list[Mark] = []
        self.touches: list[Mark] = []  # those that say something of a connection
        self.zeros: list[int] = []  # positions of values that must be 0 in an idle turn: ready, pids that waitpid found
        for event, position in enumerate(move.positions):
            span, kind = move.event_spans[event], move.kinds[event]
            if span != NONE:
                self._event(move, codes, position, span, kind)
        self.idle = self._is_idle(move, codes)

    def _event(self, move: Move, codes: Mapping[int, Named], position: int, span: int, kind: int) -> None:
        hook = codes[move.code(span)].hook
        around = move.parent(span)
        outermost = around == NONE or codes[move.code(around)].hook != hook
        carried = {payload.number: payload.position for payload in move.payloads.get(position, ())}

        def get(name: str) -> int:
            return carried.get(_NUMBERS[name], -1)

        def mark(what: int, a: int = -1, b: int = -1, at: dict[int, int] = carried) -> None:
            number = next((number for number in (_NUMBERS["descriptor"], _NUMBERS["request"]) if number in at), 0)
            inside: list[int] = []
            outer = span
            while outer >= 0 and what == ACCEPTED:
                outer = move.parent(outer)
                if outer >= 0:
                    inside.append(outer)
            outside = ~outer if NONE < outer < 0 else -1
            one = Mark(what, position, span, a, b, number, at.get(number, -1), tuple(inside), outside)
            (self.touches if what in (SERVED, RELEASED, VERIFIED, FAILED) else self.marks).append(one)

        if kind == ENTER:
            if get("server") >= 0:
                mark(NAMED, get("server"))
            if hook == "Thread.start" and get("context") >= 0:
                mark(STARTED, get("context"))
            elif hook == "Thread.join" and get("context") >= 0:
                mark(JOINED, get("context"))
            elif hook == "_exit":
                mark(EXITED, get("status"))
            elif hook == "finish_request" and outermost:
                mark(SERVED)
            elif hook == "log_request" and outermost and get("reply") >= 0:
                mark(REPLIED, get("reply"))
            elif hook == "send":
                mark(SENT)
            return
        if get("children") >= 0:
            mark(CHILDREN, get("children"))
        if get("threads") >= 0:
            mark(THREADS, get("threads"))
        # What tells the connection was said at the span's begin, if that is in this frame.
        begun = {p.number: p.position for p in move.payloads.get(move.begins[span], ())} if span >= 0 else {}
        if kind == RETURN:
            if hook == "get_request" and outermost and (get("descriptor") >= 0 or get("request") >= 0):
                mark(ACCEPTED, get("peer4"), get("peer"))
            elif hook == "fork" and get("pid") >= 0:
                mark(FORKED, get("pid"))
            elif hook == "waitpid" and get("pid") >= 0:
                mark(REAPED, get("pid"), get("status"))
                self.zeros.append(get("pid"))
            elif hook == "verify_request" and outermost and get("truth") >= 0:
                mark(VERIFIED, get("truth"), at=begun)
            elif hook == "parse_request" and outermost and get("request_line") >= 0:
                mark(ASKED, get("request_line"))
            elif hook == "connect" and get("address") >= 0:
                mark(CONNECTED, get("address"))
            elif hook == "select":
                self.zeros.append(get("ready"))
        if kind == RAISE and hook in _FAILING and outermost:
            mark(FAILED, get("error"), at=begun)
        if hook == "close_request" and outermost:
            mark(RELEASED, at=begun)
        if hook == "Thread.run" and around == NONE:
            mark(RETURNED)

    def _is_idle(self, move: Move, codes: Mapping[int, Named]) -> bool:
        """Whether the move ends a select, looks after children at most, and begins the next select."""
        hooks = [codes[code].hook for code in move.codes]
        return (
            len(move.closed) == 1
            and move.closed[0][1:] == (move.positions[0], RETURN)
            and codes[move.code(~(move.node.depth - 1))].hook == "select"
            and move.kept == move.node.depth - 1
            and hooks[-1:] == ["select"]
            and hooks.count("select") == 1
            and set(hooks) <= _IDLE
            and move.how[:-1] == [RETURN] * (len(hooks) - 1)
            and move.how[-1] == OPEN
            and NONE not in move.event_spans
            and self.zeros[:1] != [-1]
        )


def roles(move: Move, codes: Mapping[int, Named]) -> Roles | None:
    """The roles of a move; None as long as one of its codes is not defined."""
    if move.roles is None:
        node = move.node
        while node.outer is not None:
            if node.code not in codes:
                return None
            node = node.outer
        if any(code not in codes for code in move.codes):
            return None
        move.roles = Roles(move, codes)
    return move.roles
