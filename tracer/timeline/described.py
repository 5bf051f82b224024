"""A description of one call, in words: what the panels Inspector and Source show.

Rule of this file: everything is frozen, and says how it stood at `t`; `describe.py` makes descriptions, panels draw them.
"""

import ast
import warnings
from dataclasses import dataclass
from functools import lru_cache
from textwrap import dedent
from typing import Literal

from .units import duration, ticking

#: What a field is about, for the eye: a remark is something that is not known.
Tone = Literal["", "bad", "held", "remark"]


@dataclass(frozen=True, slots=True)
class Field:
    """A name and what there is to say."""

    name: str
    words: str
    tone: Tone = ""


@dataclass(frozen=True, slots=True)
class Site:
    """Lines of a function. More than one line: one of these, the recording does not decide which."""

    file: str
    function: str  # `BaseServer.finish_request`
    lines: tuple[int, ...]
    text: tuple[str, ...]  # of each of the lines, without indentation

    @property
    def undecided(self) -> bool:
        """Whether it is one of several lines."""
        return len(self.lines) > 1

    @property
    def where(self) -> str:
        """`base.py:190`, `base.py: one of 172, 178, 181`."""
        lines = ", ".join(map(str, self.lines))
        return f"{self.file.rpartition('/')[2]}:{' one of ' if self.undecided else ''}{lines}"


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a function, with a few lines around it."""

    file: str
    first: int  # number of the first of `lines`
    lines: tuple[str, ...]
    begin: int  # where the function itself begins and ends
    end: int
    marked: tuple[int, ...]  # where control is in it: at the call that it has made. Several: one of these. None: that cannot be told
    definition: int  # the line of `def`
    inside: bool  # control is inside
    cut: bool = False  # the function goes on behind the last of the lines

    @property
    def docstring(self) -> range:
        """The lines that are nothing but its docstring, by number; none, where the function has no more than that, or is cut."""
        first = max(self.first, self.definition)
        return _docstring(self.lines[first - self.first : self.end - self.first + 1], first)


@lru_cache(256)
def _docstring(function: tuple[str, ...], first: int) -> range:
    """The same of a function's lines, of which the first has that number."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of doubtful code Python would speak to the terminal
            body = getattr(ast.parse(dedent("\n".join(function))).body[0], "body", [])
    except (SyntaxError, ValueError, IndexError, RecursionError, MemoryError):  # it is cut, no function, or nested too deeply
        return range(0)
    match body:
        case [ast.Expr(value=ast.Constant(value=str())) as found, _, *_]:
            return range(first + found.lineno - 1, first + (found.end_lineno or found.lineno))
    return range(0)


@dataclass(frozen=True, slots=True)
class Description:
    """Everything that is known of one call at time `t`. Times are nanoseconds, CLOCK_MONOTONIC."""

    t: int
    context: int
    span: int
    label: str  # of the context
    hook: str
    owner: str
    module: str
    whose: str  # "framework", "standard library", "program", "system" or "client"
    file: str  # "": it is not written in Python, or not recorded
    line: int
    begin: int
    end: int | None  # None: it is open
    held: int  # nanoseconds of it, up to `t`, in which its context was held
    stopped: bool  # its context is held at `t`
    outcome: str  # as a row's
    fields: tuple[Field, ...]
    callers: tuple[Site, ...]  # who called it, the nearest first
    source: Source | None
    missing: str  # why there is no source
    traceback: tuple[str, ...] = ()
    connection: int | None = None

    def lasts(self, now: int) -> Field:
        """How long it took, or has taken by `now`; and without the time in which its context was held."""
        if self.outcome in ("lost", "gone"):
            return Field("lasted", "n/a: its end was not recorded", "remark")
        if self.outcome == "exited" and self.hook == "_exit":
            return Field("lasted", "n/a: it does not return", "remark")
        if self.end is None:
            held = self.held + (max(0, now - self.t) if self.stopped else 0)
            return Field("lasts", _without(ticking(now - self.begin), ticking(held), ticking(now - self.begin - held), held))
        took = self.end - self.begin
        return Field("took", _without(duration(took), duration(self.held), duration(took - self.held), self.held))


def _without(all_: str, held: str, rest: str, is_held: int) -> str:
    return f"{all_}; held for {held} of it, {rest} without that" if is_held else all_
