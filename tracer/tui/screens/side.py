"""The panels beside the calls: which of them there are, how high they are, and which one is seen where there is room for one.

Queue, Children, Threads and Connections stand one below the other, as far as there is room and as they have something to say. The
others share one place: they are **tabs**.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from ..panels.children import ChildrenPanel
from ..panels.connections import ConnectionsPanel
from ..panels.held import HeldPanel
from ..panels.inspector import InspectorPanel
from ..panels.output import OutputPanel
from ..panels.panel import Panel
from ..panels.queue import QueuePanel
from ..panels.source import SourcePanel
from ..panels.threads import ThreadsPanel
from ..panels.waiting import WaitingPanel
from ..view import View

SMALL = ("queue", "children", "threads", "connections")  # in the order of the vocabulary
TABS = ("source", "inspector", "waiting", "output", "held")
SIDE = SMALL + TABS
LINGER = 2_000_000_000  # nanoseconds that Held stays with nothing in it: while somebody steps, nobody is held for a moment

_LEAST = 5  # rows of a panel that lists something: three lines in its frame
_LEAST_TAB = 9


def heights(room: int, needs: dict[str, int]) -> dict[str, int]:
    """How high each of the small panels is that there is room for; the tab has the rest of `room`.

    `needs`: how many rows each would need for all that it has to say, in the order in which the panels matter.
    """
    rest = room - max(_LEAST_TAB, room * 2 // 5)
    found: dict[str, int] = {}
    for name, need in needs.items():
        least = need if name == "queue" else min(need, _LEAST)
        if rest >= least:
            found[name] = min(need, rest)
            rest -= found[name]
    return found


class Side(Vertical):
    """The panels beside the calls. `terminal`: there is a program's terminal to show."""

    class Resized(Message):
        """There is more room than before, or less."""

    def __init__(self, ascii_marks: bool, terminal: bool, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.ascii_marks = ascii_marks
        self.terminal = terminal
        self._held_at: int | None = None  # the newest time at which Held had something to show; None: it is not there
        self._chosen = ""  # which panel is shown where there is room for one; "": nobody has chosen
        self._tab = ""  # which of the tabs is seen; "": nobody has chosen
        self._asked = ""  # a small panel that is seen because somebody wants it
        self._wide = False  # there is room for Source beside another tab
        self._grown: dict[str, int] = {}  # rows that panels have needed
        self._grown_for: object = None  # the server and the room for which that was
        self._before_held = ("", "")  # what was chosen before Held came

    def compose(self) -> ComposeResult:
        marks = self.ascii_marks
        yield QueuePanel(id="queue", ascii_marks=marks)
        yield ChildrenPanel(id="children", ascii_marks=marks)
        yield ThreadsPanel(id="threads", ascii_marks=marks)
        yield ConnectionsPanel(id="connections", ascii_marks=marks)
        yield SourcePanel(id="source", ascii_marks=marks)
        yield InspectorPanel(id="inspector", ascii_marks=marks)
        yield WaitingPanel(id="waiting", ascii_marks=marks)
        yield OutputPanel(id="output", ascii_marks=marks)
        yield HeldPanel(id="held", ascii_marks=marks)

    def on_mount(self) -> None:
        self._mark()

    def on_resize(self) -> None:
        self.post_message(self.Resized())

    @property
    def there(self) -> list[str]:
        """The panels that there are."""
        return [name for name in SIDE if (name != "held" or self._held_at is not None) and (name != "output" or self.terminal)]

    def panel(self, name: str) -> Panel:
        """The panel of that name."""
        return self.query_one(f"#{name}", Panel)

    def choose(self, name: str) -> None:
        """Show that panel where there is room for one only, and everywhere."""
        self._chosen = name
        if name in TABS:
            self._tab = name
        self._asked = name if name in SMALL else ""
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
            if before is None and view.mode == "live":  # of the past somebody looks at what he has chosen
                self._before_held = self._chosen, self._tab
                self._chosen = self._tab = "held"
        elif before is not None and (view.finished or not before <= view.now < before + LINGER):
            self._held_at = None
            if self._chosen == "held":
                self._chosen = self._before_held[0]
            if self._tab == "held":
                self._tab = self._before_held[1]
        self._mark()

    def give_room(self, view: View | None, one_panel: bool, wide: bool) -> None:
        """Make the small panels as high as they can be; those for which there is no room are not seen.

        `one_panel`: one at a time is seen, or one fills the screen. `wide`: there are two columns of them.
        """
        self._wide = wide and not one_panel
        self._mark()
        small = [self.panel(name) for name in SMALL]
        if view is None or one_panel or wide:
            for panel in small:
                panel.styles.clear_rule("height")
                panel.remove_class("-no-room")
            return
        found = heights(self.size.height, self._needs(view))
        for panel in small:
            height = found.get(panel.id or "")
            panel.set_class(height is None, "-no-room")
            if height is not None and (panel.styles.height is None or panel.styles.height.value != height):
                panel.styles.height = height

    def _needs(self, view: View) -> dict[str, int]:
        """Rows that the small panels need which have something to say, in the order in which they matter: first who serves.

        As long as the same server is watched in the same room none needs less than before: what comes and goes moves nothing.
        """
        names = ["queue", "connections"]
        if view.process is None or len(view.process.threads) > 1 or self.size.height >= 40:
            names.insert(1, "threads")
        if not self.query_one(ChildrenPanel).empty(view):
            names.insert(1, "children")
        if self._asked:
            names = [self._asked, *(name for name in names if name != self._asked)]
        here = (view.server.server if view.server is not None else None, self.size)
        if here != self._grown_for:
            self._grown_for, self._grown = here, {}
        width = max(20, self.size.width - 2)
        for name in names:
            needs = max(1, self.panel(name).needs(view, width)) + 2
            self._grown[name] = max(needs, self._grown.get(name, 0))
        return {name: self._grown[name] for name in names}

    @property
    def _shown(self) -> str:
        """Which panel is shown where there is room for one. Until somebody chooses, it is what the program says."""
        return self._chosen or ("output" if self.terminal else "queue")

    @property
    def tab(self) -> str:
        """Which of the tabs is seen; where Source stands beside them, it is another."""
        first = "output" if self.terminal else "inspector" if self._wide else "source"
        return self._tab if self._tab in self._tabs else first

    @property
    def _tabs(self) -> list[str]:
        """The panels that share one place."""
        return [name for name in TABS if name in self.there and not (self._wide and name == "source")]

    def _mark(self) -> None:
        self.set_class(self._shown in TABS, "-tab")
        there = self.there
        tabs = tuple(self.panel(name).NAME for name in self._tabs)
        for name in SIDE:
            panel = self.panel(name)
            panel.set_class(name not in there, "-absent")
            panel.set_class(name == self._shown, "-chosen")
            panel.set_class(name in self._tabs and name != self.tab, "-behind")
            panel.tabs = tabs if name in self._tabs else ()
