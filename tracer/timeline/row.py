"""One line of the call tree, for text and screen alike. `calls.py` makes them."""

from dataclasses import dataclass
from typing import Literal

#: How a span ended. "lost": its end was not recorded. "exited", "killed", "replaced", "gone": it never ended by itself, its
#: context did, in that way.
Outcome = Literal["open", "returned", "raised", "lost", "exited", "killed", "replaced", "gone"]

#: On which side of a call its context is held; "": on none.
Stopped = Literal["", "before", "after"]


@dataclass(frozen=True, slots=True)
class Row:
    """One span (or several idle turns of a loop, folded) as one line.

    Times are nanoseconds, CLOCK_MONOTONIC. Text is as recorded: pass it through `tracer.recording.text.harmless` when it is shown.
    """

    depth: int  # indentation: spans above it in its own context, and above the span its context was born in
    context: int  # context id
    span: int  # number within the context; with `context` it identifies the row for good
    label: str  # of the context: "main", "P4122", "T3"
    first: bool  # the first row of its context
    hook: str
    owner: str
    framework: bool  # supplied by the framework itself, not overridden by the program
    super_level: bool  # "↑": entered directly from the same hook
    connection: int | None
    begin: int
    end: int | None  # None while open; the end of the context where the span did not end by itself
    outcome: Outcome
    payload: str  # in words: "127.0.0.1:53122", "True", "→ P4122", "P4121 → still running", "exit 0"; an error's text, a signal's name
    folded: int  # >0: this many idle turns from begin to end (select that found nothing, service_actions that reaped nothing)
    open: bool  # control is inside, in the context's stack
    current: bool  # the innermost open span of its context: control is right here
    killed: bool  # its context was killed inside it
    about: str = ""  # where it raised or was killed: what else there is to say of it, such as "GET /x → 200"
    held: int = 0  # nanoseconds, of those from begin to end, in which its own context was held
    stopped: Stopped = ""  # its context is held here, before this call or after it
    slowed: bool = False  # all of `held` was slow motion
    held_after: int = 0  # nanoseconds in which its context was held right after it: they are part of the calls around it
    inside: bool = False  # there are calls inside it, in its own context or in one that was born in it
    shut: bool = False  # and they are folded away
