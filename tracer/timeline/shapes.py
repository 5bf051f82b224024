"""Folding events into spans, once for every shape of frame.

A server does the same thing over and over, so the frames of a recording differ in their times and numbers and hardly ever in
their words. Folding is therefore an automaton: its **nodes** are stacks of open codes, and the words of a frame are a **move**
from one node to another. A move is worked out when its words are first seen at that node; it says which spans begin and end in
such a frame and at which of its values. From then on folding a frame is one dictionary lookup.

Rules of this file:
1. It sees words, never values: what depends on a time or a payload is no part of a shape.
2. An end pops to the matching open code; those above it end as lost. An end that matches nothing closes nothing.

Positions are counted in records from the frame's first. A reference to a span is its number within the frame, from 0, or, for
one that was open before the frame, `~depth`: -1 for the outermost, -2 for the one inside it. `~depth` of nothing at all is NONE.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tracer.probe.frames import ENTER, KIND_BITS, KIND_MASK, NUMBER, RAISE, RETURN, TEXT

if TYPE_CHECKING:
    from array import array

    from .roles import Roles

OPEN, LOST = ENTER, NUMBER  # how a span ended, where it is neither RETURN nor RAISE
NONE = -(1 << 30)


class Node:
    """A stack of open codes: its innermost code, and the node of what is around it."""

    __slots__ = ("code", "depth", "inner", "moves", "outer")

    def __init__(self, outer: "Node | None", code: int) -> None:
        self.outer = outer
        self.code = code
        self.depth: int = outer.depth + 1 if outer else 0  # how many are open
        self.inner: dict[int, Node] = {}
        self.moves: dict[bytes, Move] = {}

    def enter(self, code: int) -> "Node":
        """The node with `code` open inside this one."""
        node = self.inner.get(code)
        if node is None:
            node = self.inner[code] = Node(self, code)
        return node


@dataclass(frozen=True, slots=True)
class Payload:
    """A payload record: what it is called is a number (see PAYLOADS), and the event it belongs to."""

    number: int
    position: int
    text: bool


class Move:
    """What the words of one frame do to a stack."""

    __slots__ = (
        "begins", "closed", "codes", "depths", "ends", "event_spans", "events", "how", "kept", "kinds", "node", "opened",
        "parents", "payloads", "positions", "roles", "target", "tops", "used",
    )  # fmt: skip

    def __init__(self, node: Node, words: "array[int]") -> None:
        self.node = node
        self.codes: list[int] = []  # of each span that begins here, in order
        self.begins: list[int] = []  # position of its ENTER
        self.ends: list[int] = []  # position of its end; -1 if it is open behind the frame
        self.how: list[int] = []  # OPEN, RETURN, RAISE or LOST
        self.parents: list[int] = []  # reference to the span around it
        self.depths: list[int] = []  # how many are open around it
        self.closed: list[tuple[int, int, int]] = []  # (depth, position, how) of spans from before that end here
        self.payloads: dict[int, list[Payload]] = {}  # position of the event -> what it carries
        self.positions: list[int] = []  # of the events
        self.kinds: list[int] = []
        self.event_spans: list[int] = []  # reference to the span it begins or ends; NONE if it matches nothing
        self.tops: list[int] = []  # reference to the innermost open span behind each event
        self.used = 0  # how often this move was made
        self.roles: Roles | None = None  # what the hooks in it mean; worked out when all their codes are known
        self._fold(node, words)
        self.events = len(self.positions)

    def _fold(self, node: Node, words: "array[int]") -> None:
        stack = [~depth for depth in range(node.depth)]
        codes: list[int] = []
        at: Node | None = node
        while at is not None and at.outer is not None:
            codes.append(at.code)
            at = at.outer
        codes.reverse()
        kept = len(stack)
        position, count = 0, len(words)
        while position < count:
            word = words[position]
            kind = word & KIND_MASK
            code = word >> KIND_BITS
            if word < 0:  # text that belongs to the payload before it: see `Folder.mask`
                position -= word
                continue
            if kind == ENTER:
                self.event_spans.append(len(self.codes))
                self.parents.append(stack[-1] if stack else NONE)
                self.depths.append(len(stack))
                stack.append(len(self.codes))
                codes.append(code)
                self.codes.append(code)
                self.begins.append(position)
                self.ends.append(-1)
                self.how.append(OPEN)
            elif kind in (RETURN, RAISE):
                span = NONE
                if code in codes:
                    while codes:
                        span, last = stack.pop(), codes.pop()
                        how = kind if last == code else LOST
                        if span >= 0:
                            self.ends[span], self.how[span] = position, how
                        else:
                            self.closed.append((~span, position, how))
                        if last == code:
                            break
                    kept = min(kept, len(stack))
                self.event_spans.append(span)
            elif kind in (NUMBER, TEXT):
                if self.positions:
                    self.payloads.setdefault(self.positions[-1], []).append(Payload(code, position, kind == TEXT))
                position += 1
                continue
            else:  # a kind of record that only newer readers know
                position += 1
                continue
            self.positions.append(position)
            self.kinds.append(kind)
            self.tops.append(stack[-1] if stack else NONE)
            position += 1
        self.opened = tuple(span for span in stack if span >= 0)
        self.kept = kept  # how many of the spans from before are still open
        target = node
        while target.depth > kept:
            assert target.outer is not None
            target = target.outer
        for code in codes[kept:]:
            target = target.enter(code)
        self.target = target

    def code(self, span: int) -> int:
        """The code of the span that a reference of this move means; -1 for NONE."""
        if span >= 0:
            return self.codes[span]
        node: Node | None = self.node
        while node is not None and node.depth > ~span + 1:
            node = node.outer
        return node.code if node is not None and node.outer is not None and span != NONE else -1

    def parent(self, span: int) -> int:
        """The reference to the span around the one that `span` means; NONE at the bottom."""
        if span >= 0:
            return self.parents[span]
        return span + 1 if NONE < span < -1 else NONE
