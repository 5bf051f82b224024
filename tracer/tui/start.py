"""The screen of `tracer` alone."""

import os
import sys
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from .controls import Controls
from .feed import TICKS
from .marks import needs_ascii
from .screens.start import Choices, Section, StartScreen
from .themed import Themed


class Start(Themed[list[str] | int]):
    """Ends with the command line that was chosen, or with an exit status."""

    CSS_PATH = "screens/start.tcss"
    ENABLE_COMMAND_PALETTE = False

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape", "leave", "Quit", show=False),
        Binding("ctrl+c,ctrl+q", "leave", "Quit", show=False, priority=True),
    ]

    def __init__(self, sections: tuple[Section, ...], controls: Controls, said: str = "", ascii_marks: bool = False) -> None:
        super().__init__()
        self.controls = controls
        self.picture = StartScreen(sections, ascii_marks, said)

    def get_default_screen(self) -> Screen[None]:
        return self.picture

    def on_ready(self) -> None:
        self.set_interval(1 / TICKS, self.tick)

    def tick(self) -> None:
        """End where somebody wants it from outside."""
        if self.controls.leave is not None:
            self.exit(self.controls.leave)

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        self.exit(list(event.choice.words))

    def action_leave(self) -> None:
        """Quit."""
        self.exit(0)


def start(sections: tuple[Section, ...], controls: Controls, said: str) -> list[str] | int:
    """Show the sections until the person chooses: the command line, or the exit status."""
    app = Start(sections, controls, said, needs_ascii(os.environ, sys.stdout.encoding or ""))
    found = app.run()
    return found if found is not None else app.return_code or 0
