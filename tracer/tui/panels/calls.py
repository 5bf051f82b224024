"""The call tree, grafted across forks and threads: one line a row, drawn only where it is seen."""

from __future__ import annotations

from textual.message import Message
from textual.strip import Strip

from tracer.probe.hooks import HOOKS
from tracer.timeline.row import Row

from ..call_line import Columns, call_line, columns_for, owner_words
from ..lines import line
from ..marks import DIM, LEGEND
from ..view import View
from .panel import strip_of
from .scrolled import Scrolled


class Calls(Scrolled, can_focus=True):
    """The calls of every context, in the order they began; each context under the call it was born in.

    A line is known by its context and span: rows may appear above it.
    """

    NAME = "Calls"
    HELP_TEXT = (
        "Every call of a hook, in the colour of its context, under the call it was made in; a child's or a thread's calls stand "
        "under the fork or the start that made it. So the time may go back from one line to the next. To the right: the "
        "connection, the duration (or how long it lasts), the class that supplied the hook; bold if it is the program's own."
        "\n\nAt the bottom the newest calls are followed. Arrow and page keys and the mouse wheel leave the bottom; then "
        "nothing moves by itself. End goes back.\n\nThe marks:\n\n"
        + "\n".join(f"  {mark.shape:3} {mark.means}" for mark in LEGEND)
        + "\n\nThe hooks, in the order of a server's life:\n\n"
        + "\n\n".join(f"{hook.name}  {hook.called} Override: {hook.override}" for hook in HOOKS.values())
    )

    class Above(Message):
        """Rows above those that are known are wanted."""

    def __init__(self, *, id: str | None = None, ascii_marks: bool = False) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, ascii_marks=ascii_marks)
        self._asked = False
        self._seen: tuple[tuple[Row, ...], Columns, int] | None = None  # what the lines were drawn from

    # -- following and scrolling -------------------------------------------------------------------------------------------

    def rows_of(self, view: View) -> int:
        return len(view.rows) + 1

    def place_in(self, view: View, top: int) -> int | None:
        before = self._drawn.rows if self._drawn is not None else ()
        anchor = before[max(0, top - 1)] if before else None
        place = next((n for n, row in enumerate(view.rows) if anchor is not None and _same(row, anchor)), None)
        if place is None:
            self._ask()
            return None
        self._asked = False
        return place + (1 if top else 0)

    def near_top(self) -> None:
        if self._drawn is not None and self._drawn.more:
            self._ask()

    def _ask(self) -> None:
        if not self._asked:
            self._asked = True
            self.post_message(self.Above())

    # -- drawing -----------------------------------------------------------------------------------------------------------

    def strips_of(self, view: View, top: int, width: int, height: int) -> list[Strip]:
        rows = view.rows
        columns = columns_for(width, {row.label for row in rows}, {owner_words(row) for row in rows}, view.moment.counts.connections)
        seen = (rows, columns, top)
        # While nothing but time has changed, only open calls look different.
        before = self._strips if self._seen is not None and all(a is b or a == b for a, b in zip(seen, self._seen, strict=True)) else []
        self._seen = seen
        strips: list[Strip] = []
        for number in range(top, min(top + height, len(rows) + 1)):
            if number == 0:
                strips.append(strip_of(line((_above(view), DIM)), width, self.ascii_marks))
                continue
            row = rows[number - 1]
            if number - top < len(before) and not row.open:
                strips.append(before[number - top])
                continue
            labelled = number == top or number == 1 or rows[number - 2].context != row.context
            strips.append(strip_of(call_line(row, view.now, columns, labelled, view.errors), width, self.ascii_marks))
        return strips


def _above(view: View) -> str:
    """What stands above the oldest row."""
    if view.more:
        return "… earlier calls: 'tracer show FILE' lists them all"
    if view.rows:
        return "the recording begins here"
    return "no hook was called" if view.finished else "no hook called yet"


def _same(one: Row, other: Row) -> bool:
    return one.context == other.context and one.span == other.span
