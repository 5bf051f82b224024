"""What the screen with several servers shows: one frozen picture.

Rule of this file: no clock and no I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tracer.timeline.served import Served

from ..view import View
from .aligned import Place


@dataclass(frozen=True, slots=True)
class Column:
    """One server."""

    name: str  # of its demo, or of a run of an experiment
    view: View
    served: Mapping[int, Served]  # those of its requests that are seen, by number


@dataclass(frozen=True, slots=True)
class BesideView:
    """One picture of all."""

    columns: tuple[Column, ...]
    lines: tuple[Place, ...]  # that are seen, from the top
    requests: int  # of the server that has accepted most
    cursor: Place | None  # None: there is no line
    follows: bool  # the newest line is kept in sight
    title: str = "demo"  # what the servers are of

    @property
    def leading(self) -> View:
        """Whose mode is the screen's: one that still goes on, if there is any; one whose picture is held or frozen before others."""
        order = ("frozen", "held", "live", "ended", "replay")
        return min((column.view for column in self.columns), key=lambda view: order.index(view.look))

    @property
    def runs(self) -> bool:
        """Whether any of the servers may still run."""
        return any(column.view.runs for column in self.columns)
