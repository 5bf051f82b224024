"""The watch screen with a lesson: in a column at its left, or above it where the screen is narrow."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.geometry import Size

from ..panels.panel import Panel
from ..panels.rail import Rail
from ..screens.side import SIDE
from ..screens.watch import TALL, WatchScreen
from .panel import LessonPanel

BESIDE = 116  # columns of a screen from which on the lesson is a column
_NARROWEST, _WIDEST = 38, 56  # columns of it
_LOWEST, _HIGHEST = 8, 20  # rows of a lesson above the picture


class LearnScreen(WatchScreen):
    """The lesson and the picture. The picture is arranged as on a screen of the room that the lesson leaves."""

    HORIZONTAL_BREAKPOINTS = []  # noqa: RUF012 - as Textual declares it; see _arrange
    VERTICAL_BREAKPOINTS = []  # noqa: RUF012
    AUTO_FOCUS = "#lesson"
    LARGE: ClassVar[tuple[str, ...]] = (*WatchScreen.LARGE, "lesson")

    def __init__(self, ascii_marks: bool, terminal: bool, language: str) -> None:
        super().__init__(ascii_marks, terminal)
        self.lesson = LessonPanel(language, id="lesson", ascii_marks=ascii_marks)
        self._seen = "calls"  # the panel that somebody wants to see

    def compose(self) -> ComposeResult:
        for widget in super().compose():
            yield widget
            if isinstance(widget, Rail):
                yield self.lesson

    # -- room --------------------------------------------------------------------------------------------------------------

    @property
    def beside(self) -> bool:
        """Whether the lesson is a column."""
        return self.size.width >= BESIDE

    @property
    def room(self) -> Size:
        """What the lesson leaves; all, where one panel fills the screen."""
        width, height = self.size
        if self.enlarged:
            return self.size
        return Size(width - self._columns, height) if self.beside else Size(width, height - self._rows)

    @property
    def _columns(self) -> int:
        return min(_WIDEST, max(_NARROWEST, self.size.width // 3))

    @property
    def _rows(self) -> int:
        return min(_HIGHEST, max(_LOWEST, self.size.height * 11 // 24), self.size.height)

    def has_room(self, name: str) -> bool:
        return True  # beside the lesson there is room for one panel at least, and that is the one which is wanted

    def on_resize(self) -> None:
        self._arrange()

    def _arrange(self) -> None:
        """Give the lesson its room, and the picture the rest."""
        room, large = self.room, self.lesson.has_class("-large")
        columns, rows = WatchScreen.HORIZONTAL_BREAKPOINTS, WatchScreen.VERTICAL_BREAKPOINTS
        classes = {name: False for _, name in (*columns, *rows)}
        classes |= {_class(columns, room.width): True, _class(rows, room.height): True}
        classes |= {
            "-beside": self.beside and not large,
            "-above": not self.beside and not large,
            "-lesson-large": large,
            "-show-side": self.tiny and self._seen in SIDE and not self.enlarged,
            "-show-timeline": room.height < TALL and self._seen == "timeline" and not self.enlarged,
        }
        self.update_classes(classes, animate=False)
        self.lesson.styles.width = self._columns if classes["-beside"] else "1fr"
        self.lesson.styles.height = self._rows if classes["-above"] else "100%" if classes["-beside"] else "1fr"
        self._give_room(self.calls.view)

    # -- panels ------------------------------------------------------------------------------------------------------------

    def see(self, name: str) -> Panel | None:
        panel = super().see(name)
        if panel is not None:
            self._seen = name
            self._arrange()
        return panel

    def look_at(self, name: str) -> None:
        """Bring that panel into sight, and mark its frame; "": none is marked."""
        self.query(".-looked").remove_class("-looked")
        self.side.set_class(name in SIDE, "-holds-looked")
        panel = self.see(name) if name else None
        if panel is not None:
            panel.add_class("-looked")

    def action_next_panel(self) -> None:
        super().action_next_panel()
        self._seen = next(name for name in SIDE if self.side.panel(name).has_class("-chosen"))
        self._arrange()

    def _enlarge(self, panel: Panel) -> None:
        super()._enlarge(panel)
        self._arrange()

    def action_shrink(self) -> None:
        super().action_shrink()
        self._arrange()


def _class(table: list[tuple[int, str]], size: int) -> str:
    """The class of a screen of that size."""
    return max(one for one in table if size >= one[0])[1]
