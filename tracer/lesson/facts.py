"""What a moment of a recording says, asked in a word: `queue`, `calls(after handle & raised)`, `owner(before handle)`.

Checks, waits and questions of a lesson are made of these. A **fact** is `NAME` or `NAME(ARGUMENT)`; a **check** is a fact, a sign and
a value: `zombies = 1`. Rule of this file: a fact that is not known has no value (None), and no check about it is true.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from tracer.timeline.filter import Filter, FilterError, parse
from tracer.timeline.matches import Matches
from tracer.timeline.timeline import Timeline

from .kinds import KINDS, Found, State, Value, is_after
from .problems import nearest

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
        grows = KINDS[self.fact.name].grows and "open" not in conditions
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
    if value.startswith("="):
        raise FactError(f"in {text!r}: write {found[0]} and not {found[0]}=")
    fact, sign = parse_fact(text[: found.start()]), found[0]
    if fact.is_number:
        if not re.fullmatch(r"[0-9]{1,18}", value):
            raise FactError(f"{fact.name} is a whole number, 0 or more, not {value!r}")
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
    first = First(_filter(one.strip()), _filter(other.strip()))
    if str(first.one) == str(first.other):
        raise FactError(f"first needs two filters that differ: both are {first.one}")
    return first


def _filter(text: str) -> Filter:
    try:
        return parse(text)
    except FilterError as error:
        raise FactError(f"in the filter {text!r}: {error}") from None


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
                found.append(Found(end, context, span, after))
            one = matches.next(*one)
        return sorted(found, key=lambda one: (one.t, one.context.key, one.span))

    def value(self, fact: Fact, t: int) -> Value | None:
        """What a fact's value is at time `t`; None: not known."""
        return KINDS[fact.name].value(self._state(fact, t))

    def shown(self, fact: Fact, t: int) -> str:
        """The same for a person to read."""
        value = self.value(fact, t)
        return "not known" if value is None else str(value)

    def known(self, fact: Fact, t: int) -> int:
        """Since when, up to `t`, that is so: what the kernel says is as old as the asking."""
        known = KINDS[fact.name].known
        found = known(self._state(fact, t)) if known is not None else None
        return t if found is None else found

    def decides(self, fact: Fact, t: int) -> Found | None:
        """The call that a fact's value at `t` comes from; None: it comes from none that is recorded."""
        decides = KINDS[fact.name].decides
        return decides(self._state(fact, t)) if decides is not None else None

    def holds(self, check: Check, t: int) -> bool:
        """Whether a check is true at time `t`."""
        return check.holds(self.value(check.fact, t))

    def _state(self, fact: Fact, t: int) -> State:
        return State(self.timeline, t, self.found, fact.filter, fact.argument if fact.filter is None else "")
