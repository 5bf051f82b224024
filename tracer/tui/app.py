"""The screen of `tracer demo`, `tracer run` and `tracer open`: modes and keys, and the tick that feeds it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tracer.timeline.units import count

from .controls import Controls
from .feed import TICKS, Feed
from .gate import NOBODY, GateActions
from .marks import needs_ascii
from .offers import GATE_KEYS, Offer, client_keys, footer, hint, keys_help
from .panels.entry import Entry
from .panels.keys import Keys, Said
from .panels.panel import Panel
from .screens.help import HelpScreen, Question
from .screens.watch import WatchScreen
from .servers import details
from .terminal.looks import SIXTEEN
from .view import View


class Watch(App[int]):
    """Watches one recording. With `ticking` false somebody else calls `tick`: a test, at its own time."""

    TITLE = "tracer"
    CSS_PATH = "screens/watch.tcss"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"client('{kind}')", f"Send {word}", show=False) for key, word, kind in client_keys(datagram=False)),
        *(Binding(one.key, f"gate('{one.does}')", one.title, show=False, id=f"gate.{one.does}") for one in GATE_KEYS),
        Binding("i", "type", "Type to the program", show=False),
        Binding("k", "interrupt", "Send Ctrl-C to the program", show=False),
        Binding("H", "held", "Go to Held", show=False),
        Binding("w", "held_time", "Times with or without held time", show=False),
        Binding("v", "next_server", "Watch the next server", show=False),
        Binding("space", "freeze", "Freeze the picture", show=False),
        Binding("question_mark", "help", "Help for the focused panel", show=False),
        Binding("q", "leave", "Quit", show=False),
        # From everywhere: whoever presses these wants to leave, and neither reaches the program.
        Binding("ctrl+c", "break_off", "Quit", show=False, priority=True),
        Binding("ctrl+q", "quit", "Quit at once", show=False, priority=True),
    ]

    def __init__(self, feed: Feed, controls: Controls | None = None, ascii_marks: bool = False, ticking: bool = True) -> None:
        super().__init__()
        self.feed = feed
        self.controls = controls or Controls()
        self.ascii_marks = ascii_marks
        self.ticking = ticking
        self._automatic = self.controls.every is not None and self.controls.send is not None
        self._untouched = True  # no client was asked for, and nothing said, so far
        self._passing = False  # what was said is about a run that goes on
        self._view: View | None = None
        self.ansi_theme_dark = SIXTEEN
        self.picture = WatchScreen(ascii_marks, terminal=self.controls.type is not None)
        self.gate = GateActions(self.controls, self.picture, self._say)

    def get_default_screen(self) -> Screen[None]:
        return self.picture

    def on_ready(self) -> None:
        self._show_keys()
        self.tick()
        if self.ticking:
            self.set_interval(1 / TICKS, self.tick)
            if self._automatic:
                self.set_interval(self.controls.every or 0, self.send_by_itself)
            # Collections of garbage were every hitch that was measured; most of what lives now lives as long as the screen.
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 1000)

    def tick(self) -> None:
        """Read on, and show what is new."""
        if self.controls.leave is not None:
            self.exit(self.controls.leave)
            return
        view = self.feed.tick()
        if view is not None:
            self.show(view)
        message = self.controls.said()
        if message is not None and not self._automatic:
            self._say(message)
            self._passing = False

    def show(self, view: View) -> None:
        """Give a view to the screen."""
        untyped = view.untyped - (self._view.untyped if self._view is not None else 0)
        if self._runs and not view.runs and self._passing:
            self._say("")
        self._view = view
        self.picture.show(view)
        self.gate.show(view)
        if untyped and self._runs:
            self._say(f"the program does not read what is typed: {count(untyped, 'character')} dropped")
        purpose = self.picture.entry.purpose
        if purpose not in (None, "search") and not self._runs:
            self.picture.close_entry()
            self._say("the program has ended: it reads nothing more" if purpose == "type" else self.gate.why_not)
        self._show_keys()

    def _say(self, words: str) -> None:
        """A line above the footer."""
        self._untouched = False
        self._passing = True
        self.picture.query_one(Said).message = words

    def send_by_itself(self) -> None:
        """A client that nobody asked for, so that there is something to see."""
        if self._automatic and self._sends and self.controls.send is not None:
            self.controls.send("one")

    # -- keys --------------------------------------------------------------------------------------------------------------

    @property
    def _runs(self) -> bool:
        """Whether there may be something left to do anything to: not when the recording has ended."""
        return self._view is None or self._view.runs

    @property
    def _sends(self) -> bool:
        return self.controls.send is not None and self._runs

    @property
    def _types(self) -> bool:
        return self.controls.type is not None and self._runs

    @property
    def _interrupts(self) -> bool:
        return self.controls.interrupt is not None and self._runs

    @property
    def _several(self) -> bool:
        """Whether there is another server to go to."""
        return self._view is not None and len(self._view.moment.servers) > 1

    @property
    def _datagram(self) -> bool:
        server = self._view.server if self._view is not None else None
        return server is not None and server.kind == "datagram"

    def on_watch_screen_arranged(self) -> None:
        """The keys depend on what is seen."""
        self._show_keys()

    def on_panel_chosen(self) -> None:
        """And on what is chosen there."""
        self._show_keys()

    def _show_keys(self) -> None:
        self.picture.query_one(Keys).keys = footer(self._offer)
        if self._untouched and self.controls.send is not None:
            words = hint(self._datagram)
            if self._automatic:
                words = f"a client every {self.controls.every:g} s until you press c, b, l or x"
            self.picture.query_one(Said).message = words if self._sends else ""

    @property
    def _offer(self) -> Offer:
        picture = self.picture
        return Offer(
            sends=self._sends,
            datagram=self._datagram,
            types=self._types,
            interrupts=self._interrupts,
            servers=self._several,
            searches=picture.output.has_focus,
            one_panel=picture.one_panel,
            enlarged=picture.enlarged,
            typing=picture.entry.purpose if picture.entry.typing else None,
            asks=self._asks,
            holds=self.gate.possible,
            held=len(self._view.stopped) if self._view is not None else 0,
            steps=self.gate.target.label if self.gate.target is not None else "",
            removes=self.gate.removable is not None,
        )

    @property
    def _asks(self) -> bool:
        """Whether something ends with the screen."""
        return self.controls.question is not None and self._runs

    def action_client(self, kind: str) -> None:
        """Send clients; from now on none comes by itself."""
        if self.controls.send is None or not self._sends:
            return
        if self._untouched:
            self.picture.query_one(Said).message = ""
        self._automatic = self._untouched = False
        self.controls.send(kind)

    def action_gate(self, does: str) -> None:
        """Hold, release, step."""
        self.gate.press(does)
        self._show_keys()

    def action_held(self) -> None:
        """Go to the panel of those that are held."""
        if not self.picture.show_held():
            self._say(NOBODY)

    def action_held_time(self) -> None:
        """Times with the time in which their context was held, or without, if there is any."""
        calls = self.picture.calls
        if calls.was_held:
            calls.with_held = not calls.with_held
            self._say(f"times with{'' if calls.with_held else 'out'} held time")
        else:
            self._say("nobody was held in these calls: their times are as they were")

    def action_type(self) -> None:
        """Open a line to type to the program."""
        if self._types:
            self.picture.open_entry("type")

    def on_entry_entered(self, event: Entry.Entered) -> None:
        """A line for the program, or where to hold."""
        if event.purpose != "type":
            self.gate.entered(event.purpose, event.text)
        elif self.controls.type is not None and self._runs:
            self.controls.type(f"{event.text}\n")
            self.picture.entry.clear()
            what = f"a line of {count(len(event.text), 'character')}" if event.text else "Enter"
            self._say(f"sent {what} to the program")

    def on_entry_end_of_input(self, event: Entry.EndOfInput) -> None:
        """No more lines for the program."""
        if event.purpose == "type" and self.controls.type is not None and self._runs:
            self.controls.type("\x04")
            self._say("sent the end of input (Ctrl-D) to the program")

    def action_interrupt(self) -> None:
        """Send the program Ctrl-C."""
        if self.controls.interrupt is not None and self._runs:
            self.controls.interrupt()
            self._say("sent Ctrl-C to the program")

    def action_next_server(self) -> None:
        """Watch the next server."""
        self.feed.next_server()
        self.tick()

    def action_freeze(self) -> None:
        """Stop the picture, or let it go on. Recording and reading go on."""
        self.feed.freeze()
        self.tick()

    def action_help(self) -> None:
        """What the focused panel shows."""
        focused = self.screen.focused
        panel = focused if isinstance(focused, Panel) else self.picture.calls
        words = panel.help(self._view) if self._view is not None else panel.HELP_TEXT
        self.push_screen(HelpScreen(panel.NAME, f"{words}\n\n{keys_help(self._offer)}", self.ascii_marks))

    def action_servers(self) -> None:
        """Every server in full."""
        if self._view is not None:
            self.push_screen(HelpScreen("Servers", details(self._view), self.ascii_marks))

    def action_leave(self) -> None:
        """Quit; ask first where something ends with the screen."""
        if self.controls.question is None or not self._asks:
            self.exit(0)
            return
        self.push_screen(Question(self.controls.question, self.ascii_marks), lambda yes: self.exit(0) if yes else None)

    def action_break_off(self) -> None:
        """Quit as q does; at once where that question is asked already."""
        if isinstance(self.screen, Question):
            self.exit(0)
        else:
            self.action_leave()

    async def action_quit(self) -> None:
        """Leave at once."""
        self.exit(0)

    def on_calls_above(self) -> None:
        """Somebody looks at the oldest rows there are."""
        self.feed.widen()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """The palette, in this program's words."""
        if self._sends:
            for _, word, kind in client_keys(self._datagram):
                yield SystemCommand(f"Send: {word}", "Clients, as scripted", lambda kind=kind: self.action_client(kind))
        if self._types:
            yield SystemCommand("Type", "Type to the program", self.action_type)
        if self._interrupts:
            yield SystemCommand("Send Ctrl-C", "Interrupt the program", self.action_interrupt)
        for one in GATE_KEYS if self.gate.possible else ():
            yield SystemCommand(one.title, f"{one.key}: {one.means}", lambda does=one.does: self.action_gate(does))
        if self.gate.possible or "held" in self.picture.side.there:
            yield SystemCommand("Held", "H: who is held, and which holds are set", self.action_held)
        if self._view is not None and self.picture.calls.was_held:
            words = f"Times with{'out' * self.picture.calls.with_held} held time"
            yield SystemCommand(words, "w: durations with or without what was held", self.action_held_time)
        if self.picture.side.terminal:
            yield SystemCommand("Search", "Search what the program wrote", self.picture.action_search)
        if self._several:
            yield SystemCommand("Next server", "Watch the next server, and stay with it", self.action_next_server)
        if self._view is not None and self._view.moment.servers:
            yield SystemCommand("Server details", "Class, address, MRO and settings of every server", self.action_servers)
        yield SystemCommand("Freeze", "Stop only the picture, or let it go on", self.action_freeze)
        yield SystemCommand("Enlarge", "The focused panel fills the screen", self.picture.action_enlarge)
        yield SystemCommand("Help", "What the focused panel shows", self.action_help)
        yield SystemCommand("Quit", "Leave the screen", self.action_leave)


def watch(
    path: str | os.PathLike[str],
    *,
    title: str = "",
    follow: bool = False,
    controls: Controls | None = None,
) -> int:
    """Show a recording until the person quits; the exit status.

    With `follow` the recording still grows and the screen is live until it ends. Raises NotARecording before anything is shown.
    """
    feed = Feed(path, title or Path(path).name, follow)
    try:
        app = Watch(feed, controls, needs_ascii(os.environ, sys.stdout.encoding or ""))
        status = app.run()
        return status if isinstance(status, int) else app.return_code or 0
    finally:
        feed.close()
