"""The screen of `tracer demo` with several names."""

from __future__ import annotations

import os
import sys
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import Screen

from ..controls import Controls
from ..feed import TICKS
from ..marks import needs_ascii
from ..offers import Key, client_keys
from ..panels.keys import Keys, Said
from ..screens.beside import HELP_TEXT, BesideScreen, Requests
from ..screens.help import HelpScreen
from ..themed import Themed
from .column import MOST
from .feed import BesideFeed
from .view import BesideView

_KEYS = (
    "Space freezes all pictures (recording goes on). Arrows, page keys and the mouse wheel move the cursor, [ and ] go to the previous "
    "and the next request, Home to the first; End follows the newest again. 1 to 4 open that server alone; q comes back from there, "
    "and quits here."
)


class Beside(Themed[int | str]):
    """Watches several demos; ends with the exit status, or with the name of the one to watch alone."""

    CSS_PATH: ClassVar = ["../screens/watch.tcss", "../screens/beside.tcss"]
    ENABLE_COMMAND_PALETTE = False

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"client('{kind}')", f"Send {word} to all", show=False) for key, word, kind in client_keys(datagram=False)),
        *(Binding(str(number), f"alone({number})", "Watch that server alone", show=False) for number in range(1, MOST + 1)),
        Binding("space", "freeze", "Freeze all pictures", show=False),
        Binding("question_mark", "help", "Help", show=False),
        Binding("q", "leave", "Quit", show=False),
        Binding("ctrl+c,ctrl+q", "leave", "Quit", show=False, priority=True),
    ]

    def __init__(
        self, feed: BesideFeed, controls: Controls, datagram: bool = False, ascii_marks: bool = False, ticking: bool = True
    ) -> None:
        super().__init__()
        self.feed = feed
        self.controls = controls
        self.datagram = datagram
        self.ascii_marks = ascii_marks
        self.ticking = ticking
        self.picture = BesideScreen(ascii_marks)
        self._view: BesideView | None = None
        self._hints = not feed.requests  # it is said how to begin

    def get_default_screen(self) -> Screen[None]:
        return self.picture

    def on_ready(self) -> None:
        self._show_keys()
        if self._hints:
            self._say(f"press c to send the same {'datagram' if self.datagram else 'client'} to every server at once")
        self.tick()
        if self.ticking:
            self.set_interval(1 / TICKS, self.tick)

    def tick(self) -> None:
        """Read on, and show what is new."""
        if self.controls.leave is not None:
            self.exit(self.controls.leave)
            return
        view = self.feed.tick()
        if view is not None:
            ran, self._view = self._runs, view
            self.picture.show(view)
            if self._runs != ran:
                self._show_keys()
                if self._hints:
                    self._say("")
        message = self.controls.said()
        if message is not None:
            self._say(message)

    def _say(self, words: str) -> None:
        self.picture.query_one(Said).message = words

    @property
    def _runs(self) -> bool:
        return self._view is None or self._view.runs

    def _show_keys(self) -> None:
        keys: list[Key] = []
        if self._runs:
            keys = [(key, word, f"app.client('{kind}')") for key, word, kind in client_keys(self.datagram)[:4]]
        keys += [
            ("space", "freeze", "app.freeze"),
            ("1", "alone", "app.alone(1)"),
            ("?", "help", "app.help"),
            ("q", "quit", "app.leave"),
        ]
        self.picture.query_one(Keys).keys = tuple(keys)

    # -- keys --------------------------------------------------------------------------------------------------------------

    def action_client(self, kind: str) -> None:
        """Send the same client to every server."""
        if self.controls.send is not None and self._runs:
            self.controls.send(kind)

    def action_freeze(self) -> None:
        """Stop all pictures, or let them go on."""
        self.feed.freeze()
        self.tick()

    def action_alone(self, number: int) -> None:
        """Leave this screen for that of one server."""
        if self._view is not None and number <= len(self._view.columns):
            self.exit(self._view.columns[number - 1].name)

    def action_help(self) -> None:
        """What is seen here."""
        clients = ", ".join(f"{key} {word}" for key, word, _ in client_keys(self.datagram))
        words = f"{HELP_TEXT}\n\nKeys: {clients} go to every server at once. {_KEYS}"
        self.push_screen(HelpScreen("Side by side", words, self.ascii_marks))

    def action_leave(self) -> None:
        """Quit."""
        self.exit(0)

    def on_beside_screen_moved(self, event: BesideScreen.Moved) -> None:
        if event.lines:
            self.feed.move(event.lines)
        elif event.requests:
            self.feed.go(event.requests)
        else:
            self.feed.tail()
        self.tick()

    def on_requests_room(self, event: Requests.Room) -> None:
        self.feed.see(event.lines)
        self.tick()


def watch_beside(feed: BesideFeed, controls: Controls, datagram: bool) -> int | str:
    """Show them until the person quits, or wants one alone: the exit status, or that one's name."""
    app = Beside(feed, controls, datagram, needs_ascii(os.environ, sys.stdout.encoding or ""))
    found = app.run()
    return found if found is not None else app.return_code or 0
