"""The connections of the watched server: those that are open, and the newest that have ended."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.message import Message

from tracer.recording.text import harmless
from tracer.timeline.moment import ConnectionMoment
from tracer.timeline.units import ticking

from ..cells import fill
from ..fates import fate
from ..lines import Line, cells, ends, line
from ..marks import BOLD, CURRENT, DIM, PLAIN, RAISED, STOPPED, context_style
from ..servers import no_server
from ..times import when
from ..view import View, held_words
from .panel import Panel

_WIDE = 58  # from here on there is room for whole addresses
_PEER, _PORT = 21, 6


class ConnectionsPanel(Panel, can_focus=True):
    """One line a connection, the newest at the bottom. One is chosen: the newest until somebody chooses another."""

    NAME = "Connections"
    HELP_TEXT = (
        "One line a connection (or datagram) of this server, the newest at the bottom: its number, where it comes from, the thread or "
        "process that has it, the hook that it is in (▶) and since when, or that it is held (‖). One that waits with nobody inside a "
        "hook for it was accepted and is not served yet, or was served and is open still. One that has ended says how: closed, "
        "⊘ refused by verify_request, ✗ failed with an exception, ☓ its process was killed; and when.\n\n"
        "What is open is always listed, however old. Up and down choose, Enter shows the connection in Calls and on the rail, End "
        "goes back to the newest."
    )

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "The one above", show=False),
        Binding("down", "move(1)", "The one below", show=False),
        Binding("end", "tail", "The newest", show=False),
        Binding("enter", "want", "Show it in Calls", show=False),
    ]

    class Wanted(Message):
        """A connection is to be shown."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, *, id: str | None = None, ascii_marks: bool = False) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id, ascii_marks=ascii_marks)
        self._choice: int | None = None  # None: the newest
        self._numbers: list[int | None] = []  # of each line that is seen

    # -- the connection that is chosen -------------------------------------------------------------------------------------

    @property
    def chosen(self) -> int | None:
        """The number of the connection that is chosen; of one that is listed no longer, the next. None: there is none."""
        numbers = [one.number for one in self.view.recent] if self.view is not None else []
        if not numbers or self._choice is None:
            return numbers[-1] if numbers else None
        return next((number for number in numbers if number >= (self._choice or 0)), numbers[-1])

    def action_move(self, step: int) -> None:
        """Choose the one above or below; below the newest it is followed again."""
        numbers = [one.number for one in self.view.recent] if self.view is not None else []
        if numbers:
            place = numbers.index(self.chosen or 0) + step
            self._choose(numbers[max(0, place)] if place < len(numbers) else None)

    def action_tail(self) -> None:
        """Choose the newest, whichever that is."""
        self._choose(None)

    def action_want(self) -> None:
        """Have the chosen one shown."""
        if (number := self.chosen) is not None:
            self.post_message(self.Wanted(number))

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and offset.y < len(self._numbers) and (number := self._numbers[offset.y]) is not None:
            self._choose(number)
            self.action_want()

    def on_mouse_scroll_up(self) -> None:
        self.action_move(-1)

    def on_mouse_scroll_down(self) -> None:
        self.action_move(1)

    def _choose(self, number: int | None) -> None:
        self._choice = number
        self._draw()
        self.post_message(self.Chosen())

    # -- drawing -----------------------------------------------------------------------------------------------------------

    def title(self, view: View) -> str:
        if view.server is None:
            return self.NAME
        return f"{self.NAME} ─ {sum(one.state == 'open' for one in view.recent)} open of {view.server.accepted:,}"

    def needs(self, view: View, width: int) -> int:
        return max(1, len(view.recent))

    def draw(self, view: View, width: int, height: int) -> list[Line]:
        if view.server is None or not view.recent:
            self._numbers = []
            return [line((no_server(view) if view.server is None else "none so far", DIM))]
        first, last = self._window(view, height)
        seen = view.recent[first:last]
        self._numbers = [one.number for one in seen]
        chosen, focus = self.chosen if self.has_focus else None, view.focus
        focused = focus.number if focus is not None else None
        lines = [_row(view, one, width, one.number == focused, one.number == chosen) for one in seen]
        if first:
            self._numbers.insert(0, None)
            lines.insert(0, line((f"… {first} more above", DIM)))
        return lines

    def _window(self, view: View, height: int) -> tuple[int, int]:
        """Which of the connections there is room for: the newest, or those around the chosen one."""
        count = len(view.recent)
        if count <= height:
            return 0, count
        room = max(1, height - 1)  # a line says how many are above
        place = next((n for n, one in enumerate(view.recent) if one.number == self.chosen), count - 1)
        last = count if self._choice is None else min(count, max(place + 1 + room // 2, room))
        first = max(0, last - room)
        return (0, min(height, count)) if not first else (first, last)


def _row(view: View, one: ConnectionMoment, width: int, focused: bool, marked: bool) -> Line:
    number = (BOLD if focused or marked else PLAIN) + Style(reverse=marked)
    label = one.stage_label or one.label or ""
    shape = DIM if one.state != "open" else PLAIN
    head = line(
        (f"#{one.number}", number),
        " " * max(1, 5 - len(str(one.number))),
        *([(_peer(one, width), shape)] if one.peer else []),
        (f"{label:7} ", context_style(label) + shape if label else shape),
    )
    if one.state != "open":
        left = line(*head, fate(one))
        right = line((when(view, one.ended), DIM)) if one.ended is not None else []
        return ends(left, right if cells(left) + cells(right) < width else [], width)  # how it ended says more than when
    words, style, since = _stage(view, one)
    return ends(line(*head, (words, style)), line(ticking(view.now - since)), width)


def _peer(one: ConnectionMoment, width: int) -> str:
    """Where it comes from: where there is little room, the port alone, or the last part of the path."""
    if width >= _WIDE:
        return f"{fill(harmless(one.peer), _PEER)} "
    _, colon, last = one.peer.rpartition(":" if not one.peer.startswith(("/", "@")) else "/")
    return f"{fill(harmless(f'{colon}{last}'), _PORT)} "


def _stage(view: View, one: ConnectionMoment) -> tuple[str, Style, int]:
    """What is done for an open connection, in words; how to draw it; since when."""
    held = next((held for held in view.moment.held if held.connection == one.number), None)
    if held is not None:
        return held_words(held), STOPPED, held.since
    failed = f"  {RAISED} {one.error.partition(':')[0]}" if one.error else ""
    if one.stage and one.stage != "_handle_request_noblock" and one.since is not None:
        return f"{CURRENT} {one.stage}{failed}", context_style(one.stage_label) + BOLD, one.since
    words = "served, open" if one.served is not None else "accepted"
    return f"{words}{failed}", DIM if one.served is not None else PLAIN, one.served or one.accepted
