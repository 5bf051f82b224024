"""The small panels beside the calls: which of them there are, how high they are, and which one is seen where there is room for one."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from ..panels.children import ChildrenPanel
from ..panels.held import HeldPanel
from ..panels.output import OutputPanel
from ..panels.panel import Panel
from ..panels.queue import QueuePanel
from ..panels.threads import ThreadsPanel
from ..view import View

SIDE = ("queue", "children", "threads", "held", "output")  # in the order of the vocabulary
LINGER = 2_000_000_000  # nanoseconds that Held stays with nothing in it: while somebody steps, nobody is held for a moment


class Side(Vertical):
    """The small panels. `terminal`: there is a program's terminal to show."""

    def __init__(self, ascii_marks: bool, terminal: bool, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.ascii_marks = ascii_marks
        self.terminal = terminal
        self._held_at: int | None = None  # the newest time at which Held had something to show; None: it is not there
        self._chosen = ""  # which panel is shown where there is room for one; "": nobody has chosen
        self._before_held = ""  # and which was before Held came

    def compose(self) -> ComposeResult:
        yield QueuePanel(id="queue", ascii_marks=self.ascii_marks)
        yield ChildrenPanel(id="children", ascii_marks=self.ascii_marks)
        yield ThreadsPanel(id="threads", ascii_marks=self.ascii_marks)
        yield HeldPanel(id="held", ascii_marks=self.ascii_marks)
        yield OutputPanel(id="output", ascii_marks=self.ascii_marks)

    def on_mount(self) -> None:
        self._mark()

    @property
    def there(self) -> list[str]:
        """The panels that there are."""
        return [name for name in SIDE if (name != "held" or self._held_at is not None) and (name != "output" or self.terminal)]

    def panel(self, name: str) -> Panel:
        """The panel of that name."""
        return self.query_one(f"#{name}", Panel)

    def choose(self, name: str) -> None:
        """Show that panel where there is room for one only."""
        self._chosen = name
        self._mark()

    def next(self) -> Panel:
        """Show the next one."""
        there = self.there
        self.choose(there[(there.index(self._shown) + 1) % len(there)])
        return self.panel(self._shown)

    def show(self, view: View) -> None:
        """Which panels there are with this view. The first hold brings Held, to where it is seen."""
        self.terminal = self.terminal or view.output is not None
        if not self._chosen and view.path is not None and not self.terminal:
            self._chosen = {"child": "children", "thread": "threads"}.get(view.path.dispatch, "queue")
        moment, before = view.moment, self._held_at
        if moment.holds or moment.held or moment.pace:
            self._held_at = view.now
            if before is None:
                self._before_held, self._chosen = self._chosen, "held"
        elif before is not None and (view.finished or not before <= view.now < before + LINGER):
            self._held_at = None
            if self._chosen == "held":
                self._chosen = self._before_held
        self._mark()

    def give_room(self, view: View | None, one_panel: bool) -> None:
        """The queue's panel is as high as what it says; where more is shown than usual, so is that of children that cannot be."""
        queue, children = self.query_one(QueuePanel), self.query_one(ChildrenPanel)
        if view is None or one_panel:
            queue.styles.clear_rule("height")
            children.styles.clear_rule("height")
            return
        _make_high(queue, max(4, queue.needs(view, queue.size.width or 43)) + 2)
        if len(self.there) > 3 and children.empty(view):
            _make_high(children, 3)
        else:
            children.styles.clear_rule("height")

    @property
    def _shown(self) -> str:
        """Which panel is shown where there is room for one. Until somebody chooses, it is what the program says."""
        return self._chosen or ("output" if self.terminal else "queue")

    def _mark(self) -> None:
        self.set_class(self._held_at is not None, "-holding")
        there = self.there
        for name in SIDE:
            panel = self.panel(name)
            panel.set_class(name not in there, "-absent")
            panel.set_class(name == self._shown, "-chosen")


def _make_high(panel: Panel, height: int) -> None:
    if panel.styles.height is None or panel.styles.height.value != height:
        panel.styles.height = height
