"""A filter as a tree, and what it says of a call.

A **truth** is two bits: YES, it may be so; NO, it may be otherwise. What has neither is UNKNOWN and stays so through `!`. What has
both is EITHER: it was not asked, and either may come of it. Without EITHER this is Kleene's logic of three values.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import filterfalse

from tracer.probe.hooks import HOOKS

from .call import WHENS, Call, When
from .keys import KEYS

UNKNOWN, YES, NO, EITHER = 0, 1, 2, 3

_NEGATED = (UNKNOWN, NO, YES, EITHER)


class Node:
    """What a filter is made of. As a string it is how it is written."""

    __slots__ = ()

    def truth(self, call: Call, blank: int) -> int:
        """What it says of a call, where `blank` is the truth about what the call does not tell."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Point(Node):
    """`before handle`; without a hook (""): before any; without a word for when (""): before and after."""

    when: str
    hook: str

    def truth(self, call: Call, blank: int) -> int:
        if self.when and self.when != call.when:
            return NO
        if not self.hook:
            return YES
        return blank if call.hook is None else YES if call.hook == self.hook else NO

    def __str__(self) -> str:
        return f"{self.when} {self.hook}".strip()


@dataclass(frozen=True, slots=True)
class Term(Node):
    """`peer:53122`; without an operator (""): the key alone."""

    key: str
    operator: str = ""
    value: str | int = ""

    def truth(self, call: Call, blank: int) -> int:
        key = KEYS[self.key]
        if key.late and call.when == "before":
            return UNKNOWN
        told = key.read(call)
        if told is None:
            return blank
        if key.optional and not told:
            return NO
        return YES if not self.operator or key.tests[self.operator](told, self.value) else NO

    def __str__(self) -> str:
        return f"{self.key}{self.operator}{KEYS[self.key].text(self.value)}" if self.operator else self.key


@dataclass(frozen=True, slots=True)
class Not(Node):
    """`!part`."""

    part: Node

    def truth(self, call: Call, blank: int) -> int:
        return _NEGATED[self.part.truth(call, blank)]

    def __str__(self) -> str:
        return f"!({self.part})" if isinstance(self.part, Joined) else f"!{self.part}"


@dataclass(frozen=True, slots=True)
class Joined(Node):
    """`part & part` or `part | part`. No parts with & between them are true."""

    sign: str
    parts: tuple[Node, ...]

    def truth(self, call: Call, blank: int) -> int:
        every, some = EITHER, UNKNOWN
        for part in self.parts:
            found = part.truth(call, blank)
            every &= found
            some |= found
        return every & YES | some & NO if self.sign == "&" else some & YES | every & NO

    def __str__(self) -> str:
        return f" {self.sign} ".join(f"({part})" if self.sign == "&" and isinstance(part, Joined) else str(part) for part in self.parts)


def split(node: Node, sign: str) -> tuple[Node, ...]:
    """The parts that have that sign between them; the node itself if it is not joined so."""
    return node.parts if isinstance(node, Joined) and node.sign == sign else (node,)


def join(parts: Iterable[Node], sign: str) -> Node:
    """The parts with that sign between them; a part alone is what it was."""
    flat = tuple(one for part in parts for one in split(part, sign))
    return Joined(sign, flat) if len(flat) != 1 else flat[0]


@dataclass(frozen=True, slots=True)
class Filter:
    """What `parse` makes of a text. As a string it is that text in its normal form."""

    root: Node

    def matches(self, call: Call) -> bool:
        """Whether it is true of a call by itself. How often it was true is not known here: `counter()` knows."""
        return self.root.truth(call, UNKNOWN) == YES

    def counter(self) -> "Counter":
        """For one who asks about call after call, with the terms `nth` counting for him alone."""
        return Counter(self)

    def may_match(self, hook: str, when: When) -> bool:
        """Whether there can be a call of that hook that it matches."""
        return self.root.truth(Call(hook, when), EITHER) & YES != 0

    def certain(self, call: Call) -> bool | None:
        """Whether it is true of a call whatever else that is (None in `call`: not asked); None: that decides."""
        truth = self.root.truth(call, EITHER)
        return None if truth == EITHER else truth == YES

    def hooks(self) -> set[tuple[str, When]] | None:
        """Every hook, with when, that it may match; None: there are also hooks of the program's own that it does not name."""
        if any(self.may_match("", when) for when in WHENS):  # no hook has this name
            return None
        named = {node.hook for node in _nodes(self.root) if isinstance(node, Point)}
        return {(hook, when) for hook in HOOKS.keys() | named for when in WHENS if self.may_match(hook, when)}

    def keys(self) -> frozenset[str]:
        """The keys that it asks about."""
        return frozenset(node.key for node in _nodes(self.root) if isinstance(node, Term))

    def __str__(self) -> str:
        return str(self.root)


def _nodes(node: Node) -> Iterator[Node]:
    """A node and all that it is made of."""
    yield node
    for part in node.parts if isinstance(node, Joined) else (node.part,) if isinstance(node, Not) else ():
        yield from _nodes(part)


class Counter:
    """A filter for one user: each term `nth` counts the calls of which all the rest of its conjunction is true.

    They count in the order in which they are asked about, those before a hook apart from those after it.
    """

    def __init__(self, filter_: Filter) -> None:
        self.filter = filter_
        self.keys = filter_.keys()
        cases = [split(case, "&") for case in split(filter_.root, "|")]
        self.cases = [(join(filterfalse(_is_nth, case), "&"), join(filter(_is_nth, case), "&")) for case in cases]
        self._times: dict[tuple[int, When], int] = {}

    def matches(self, call: Call) -> bool:
        """Whether the filter is true of this call."""
        found = False
        for place, (rest, nth) in enumerate(self.cases):
            if rest.truth(call, UNKNOWN) == YES:
                times = self._times[place, call.when] = self._times.get((place, call.when), 0) + 1
                found = nth.truth(call._replace(nth=times), UNKNOWN) == YES or found
        return found


def _is_nth(node: Node) -> bool:
    return isinstance(node, Term) and node.key == "nth"
