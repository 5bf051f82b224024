"""What every app of ours has in common: its themes."""

from typing import TypeVar

from textual.app import App

from .terminal.looks import SIXTEEN
from .themes import THEMES

Result = TypeVar("Result")


class Themed(App[Result]):
    """An app that knows our themes, and shows the first."""

    TITLE = "tracer"

    def __init__(self) -> None:
        super().__init__()
        self.animation_level = "none"  # nothing moves that is not a fact
        self.ansi_theme_dark = SIXTEEN
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return THEMES[0].variables
