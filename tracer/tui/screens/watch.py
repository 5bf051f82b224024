"""The watch screen: one server, live or replayed."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from ..panels.calls import Calls
from ..panels.children import ChildrenPanel
from ..panels.entry import Entry, Purpose
from ..panels.header import Header
from ..panels.keys import Keys, Said
from ..panels.output import OutputPanel
from ..panels.panel import Panel
from ..panels.queue import QueuePanel
from ..panels.rail import Rail
from ..panels.threads import ThreadsPanel
from ..view import View

SIDE = ("queue", "children", "threads", "output")  # the small panels, in the order of the vocabulary


def _make_high(panel: Panel, height: int) -> None:
    if panel.styles.height is None or panel.styles.height.value != height:
        panel.styles.height = height


class WatchScreen(Screen[None]):
    """Header, rail, calls and the small panels. It passes views on, and no more."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (160, "-very-wide")]  # noqa: RUF012 - as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-tall")]  # noqa: RUF012
    AUTO_FOCUS = "#calls"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "next_panel", "Next small panel", show=False),
        Binding("z", "enlarge", "Enlarge the focused panel", show=False),
        Binding("escape", "back", "Close the line, or back to all panels", show=False),
    ]

    class Arranged(Message):
        """Other panels are seen than before."""

    def __init__(self, ascii_marks: bool, terminal: bool) -> None:
        super().__init__()
        self.ascii_marks = ascii_marks
        self.terminal = terminal  # there is a program's terminal to show
        self._focus_before: Widget | None = None  # what had the keys before the line to type on
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
                yield OutputPanel(id="output", ascii_marks=marks)
        yield Said(id="said", ascii_marks=marks)
        yield Entry(id="entry")
        yield Keys(id="keys", ascii_marks=marks)

    def on_mount(self) -> None:
        self.set_class(self.ascii_marks, "-ascii")
        self.set_class(self.terminal, "-terminal")
        self._choose()

    def show(self, view: View) -> None:
        """Give the view to every panel; the mode to the frames."""
        for mode in ("live", "ended", "replay", "frozen"):
            self.set_class(view.mode == mode, f"-{mode}")
        rail = self.query_one(Rail)
        height = 2 if view.path is not None and view.path.branch else 1
        if rail.styles.height is None or rail.styles.height.value != height:
            rail.styles.height = height
        if view.output is not None and not self.terminal:
            self.terminal = True
            self.add_class("-terminal")
            self._choose()
        if self.small < 0 and view.path is not None and not self.terminal:
            self.small = {"child": 1, "thread": 2}.get(view.path.dispatch, 0)
            self._choose()
        self._give_room(view)
        for panel in self.query(Panel):
            panel.view = view
        self._tell_found()

    def _give_room(self, view: View | None) -> None:
        """The queue's panel is as high as what it says; where there is a terminal to show, so is that of children that cannot be."""
        queue, children = self.query_one(QueuePanel), self.query_one(ChildrenPanel)
        if view is None or self.one_panel or self.enlarged:
            queue.styles.clear_rule("height")
            children.styles.clear_rule("height")
            return
        _make_high(queue, max(4, queue.needs(view, queue.size.width or 43)) + 2)
        if self.terminal and children.empty(view):
            _make_high(children, 3)
        else:
            children.styles.clear_rule("height")

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
        self.small = (self._shown + 1) % (len(SIDE) if self.terminal else len(SIDE) - 1)
        self._choose()
        panel = self.query_one(f"#{SIDE[self.small]}", Panel)
        if self.enlarged or self.tiny:
            self._enlarge(panel)
        if self.enlarged or not self.one_panel:
            panel.focus()

    @property
    def _shown(self) -> int:
        """Which small panel is shown where there is room for one. Until somebody chooses, it is what the program says."""
        return self.small if self.small >= 0 else SIDE.index("output") if self.terminal else 0

    def _choose(self) -> None:
        for place, name in enumerate(SIDE):
            self.query_one(f"#{name}").set_class(place == self._shown, "-chosen")

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

    def action_back(self) -> None:
        """Close the line that is open, or bring back all panels."""
        if self.entry.purpose is not None:
            self.close_entry()
        else:
            self.action_shrink()

    def action_shrink(self) -> None:
        """All panels again."""
        self.remove_class("-enlarged")
        self.query(".-large").remove_class("-large")
        self._give_room(self.query_one(Calls).view)
        self.post_message(self.Arranged())

    # -- the line to type on -----------------------------------------------------------------------------------------------

    @property
    def entry(self) -> Entry:
        """The line to type on."""
        return self.query_one(Entry)

    @property
    def output(self) -> OutputPanel:
        """The program's terminal."""
        return self.query_one(OutputPanel)

    def open_entry(self, purpose: Purpose) -> None:
        """Open the line, and bring the program's terminal into sight if there is room for it."""
        if purpose != "search":
            self.output.search("")
        if purpose == "search" and (self.enlarged or self.tiny):
            self._enlarge(self.output)
        elif self.one_panel:
            self.small = SIDE.index("output")
            self._choose()
        if not self.entry.typing:
            self._focus_before = self.focused
        self.entry.open(purpose)
        self._tell_found()
        self.post_message(self.Arranged())

    def close_entry(self) -> None:
        """Close the line; a search ends with it."""
        typing = self.entry.typing
        self.entry.close()
        self.output.search("")
        if typing and self._focus_before is not None:
            self._focus_before.focus()
        self.post_message(self.Arranged())

    def action_search(self) -> None:
        """Search what the program wrote."""
        self.open_entry("search")

    def action_go_on(self, step: int) -> None:
        """Another match."""
        self.output.go_on(step)
        self._tell_found()

    def action_press(self, key: str) -> None:
        """A key of the line, by its name in the footer."""
        self.entry.press(key)

    def _tell_found(self) -> None:
        if self.entry.purpose == "search":
            self.entry.note = self.output.found

    def on_entry_edited(self, event: Entry.Edited) -> None:
        if event.purpose == "search":
            self.output.search(event.text)
            self._tell_found()

    def on_entry_entered(self, event: Entry.Entered) -> None:
        if event.purpose == "search":
            event.stop()
            self.action_go_on(-1)

    def on_entry_moved(self, event: Entry.Moved) -> None:
        if self.entry.purpose == "search":
            self.action_go_on(event.step)

    def on_entry_closed(self) -> None:
        self.close_entry()

    def on_descendant_focus(self) -> None:
        self.post_message(self.Arranged())
