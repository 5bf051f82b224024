"""What the person wants to see of a recording: which time, which call, what of the tree. The feed builds the picture of it.

Rule of this file: everything is frozen; to want something else is another focus.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

from tracer.timeline.navigate import Place

Call: TypeAlias = tuple[int, int]
"""A hook call: context and span."""


@dataclass(frozen=True, slots=True)
class Focus:
    """One wish."""

    t: int | None = None  # the time that is shown; None: the newest
    frozen: bool = False  # that time is when the picture was stopped; else somebody has sought it
    chosen: Call | None = None  # the call that Source and Inspector are about, and Calls stands at; None: the newest
    folded: frozenset[Call] = frozenset()  # calls whose inside is folded away
    filter: str = ""  # only calls that match it are shown; "": all
    length: int = 0  # of the stretch of time that Timeline shows, in nanoseconds; 0: nobody has zoomed
    jumps: int = 0  # how often somebody went somewhere: what was looked at before is to be seen no more

    def at(self, place: Place) -> "Focus":
        """The same at that place."""
        chosen = (place.context, place.span) if place.span >= 0 else None
        return replace(self, t=place.t, frozen=False, chosen=chosen, jumps=self.jumps + 1)


NEWEST = Focus()
"""The newest of everything, as it is seen first."""
