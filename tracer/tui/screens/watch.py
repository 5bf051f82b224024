"""The watch screen: one server, live or replayed."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen

from ..panels.calls import Calls
from ..panels.children import ChildrenPanel
from ..panels.header import Header
from ..panels.keys import Keys, Said
from ..panels.panel import Panel
from ..panels.queue import QueuePanel
from ..panels.rail import Rail
from ..panels.threads import ThreadsPanel
from ..view import View

SIDE = ("queue", "children", "threads")  # the small panels, in the order of the vocabulary


class WatchScreen(Screen[None]):
    """Header, rail, calls and the small panels. It passes views on, and no more."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (160, "-very-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-tall")]  # noqa: RUF012
    AUTO_FOCUS = "#calls"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "next_panel", "Next small panel", show=False),
        Binding("z", "enlarge", "Enlarge the focused panel", show=False),
        Binding("escape", "shrink", "Back to all panels", show=False),
    ]

    class Arranged(Message):
        """Other panels are seen than before."""

    def __init__(self, ascii_marks: bool) -> None:
        super().__init__()
        self.ascii_marks = ascii_marks
        self.small = -1  # which small panel is shown where there is room for one; -1: not chosen yet

    def compose(self) -> ComposeResult:
        marks = self.ascii_marks
        yield Header(id="header", ascii_marks=marks)
        yield Rail(id="rail", ascii_marks=marks)
        with Horizontal(id="body"):
            yield Calls(id="calls", ascii_marks=marks)
            with Vertical(id="side"):
                yield QueuePanel(id="queue", ascii_marks=marks)
                yield ChildrenPanel(id="children", ascii_marks=marks)
                yield ThreadsPanel(id="threads", ascii_marks=marks)
        yield Said(id="said", ascii_marks=marks)
        yield Keys(id="keys", ascii_marks=marks)

    def on_mount(self) -> None:
        self.set_class(self.ascii_marks, "-ascii")
        self._choose()

    def show(self, view: View) -> None:
        """Give the view to every panel; the mode to the frames."""
        for mode in ("live", "ended", "replay", "frozen"):
            self.set_class(view.mode == mode, f"-{mode}")
        rail = self.query_one(Rail)
        height = 2 if view.path is not None and view.path.branch else 1
        if rail.styles.height is None or rail.styles.height.value != height:
            rail.styles.height = height
        if self.small < 0 and view.path is not None:
            self.small = {"child": 1, "thread": 2}.get(view.path.dispatch, 0)
            self._choose()
        self._give_room(view)
        for panel in self.query(Panel):
            panel.view = view

    def _give_room(self, view: View | None) -> None:
        """The queue's panel is as high as what it says."""
        queue = self.query_one(QueuePanel)
        if view is None or self.one_panel or self.enlarged:
            queue.styles.clear_rule("height")
            return
        height = max(4, queue.needs(view, queue.size.width or 43)) + 2
        if queue.styles.height is None or queue.styles.height.value != height:
            queue.styles.height = height

    @property
    def one_panel(self) -> bool:
        """Whether there is room for one small panel only, or for none (see `tiny`)."""
        return self.size.width < 100 or self.size.height < 18

    @property
    def tiny(self) -> bool:
        """Whether there is room for the calls only."""
        return self.size.width < 100 and self.size.height < 18

    @property
    def enlarged(self) -> bool:
        """Whether one panel fills the screen."""
        return self.has_class("-enlarged")

    def on_resize(self) -> None:
        self._give_room(self.query_one(QueuePanel).view)
        self.post_message(self.Arranged())

    def action_next_panel(self) -> None:
        """The next of the small panels; where all are seen it gets the focus, where none is it fills the screen."""
        self.small = (self.small + 1) % len(SIDE)
        self._choose()
        panel = self.query_one(f"#{SIDE[self.small]}", Panel)
        if self.enlarged or self.tiny:
            self._enlarge(panel)
        if self.enlarged or not self.one_panel:
            panel.focus()

    def _choose(self) -> None:
        for place, name in enumerate(SIDE):
            self.query_one(f"#{name}").set_class(place == max(0, self.small), "-chosen")

    def action_enlarge(self) -> None:
        """The focused panel fills the screen, or the calls do; again: all panels."""
        if self.enlarged:
            self.action_shrink()
            return
        panel = self.focused
        self._enlarge(panel if isinstance(panel, Panel) and panel.id in SIDE else self.query_one(Calls))

    def _enlarge(self, panel: Panel) -> None:
        # Textual's own maximize puts the panel above the header; the mode must stay where it is.
        self.add_class("-enlarged")
        self.query(".-large").remove_class("-large")
        panel.add_class("-large")
        self.query_one("#side").set_class(panel.id in SIDE, "-holds-large")
        self._give_room(panel.view)
        self.post_message(self.Arranged())

    def action_shrink(self) -> None:
        """All panels again."""
        self.remove_class("-enlarged")
        self.query(".-large").remove_class("-large")
        self._give_room(self.query_one(Calls).view)
        self.post_message(self.Arranged())
