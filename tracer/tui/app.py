"""The screen of `tracer demo`, `tracer run` and `tracer open`: modes and keys, and the tick that feeds it."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.types import CSSPathType

from tracer.timeline.navigate import Place
from tracer.timeline.units import count

from .controls import Controls
from .feed import TICKS, Feed
from .gate import NOBODY, GateActions
from .keymap import own_keys
from .marks import needs_ascii
from .navigation import TimeActions
from .offers import GATE_KEYS, TIME_KEYS, Key, Offer, client_keys, footer, hint, keys_help
from .palette import commands
from .panels.calls import Calls
from .panels.connections import ConnectionsPanel
from .panels.entry import Entry
from .panels.keys import Keys, Said
from .panels.panel import Panel
from .panels.timeline import TimelinePanel
from .possible import offer_of
from .screens.help import HelpScreen, Question
from .screens.watch import WatchScreen
from .servers import details
from .themed import Themed
from .view import View

SAYING = 10_000_000_000  # nanoseconds that a message stays
WORTH = 2_000_000_000  # who waits for so long is told of; a message has gone by then


class Watch(Themed[object]):
    """Watches one recording. With `ticking` false somebody else calls `tick`: a test, at its own time."""

    CSS_PATH: ClassVar[CSSPathType | None] = "screens/watch.tcss"
    ENABLE_COMMAND_PALETTE = True
    COMMAND_PALETTE_BINDING = "ctrl+p"

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"client('{kind}')", f"Send {word}", id=f"client.{kind}") for key, word, kind in client_keys(datagram=False)),
        *(Binding(one.key, f"gate('{one.does}')", one.title, id=f"gate.{one.does}") for one in GATE_KEYS),
        *(Binding(one.binding, f"time('{one.does}')", one.title, id=f"time.{one.does.replace(' ', '-')}") for one in TIME_KEYS),
        Binding("space", "freeze", "Freeze the picture, or show the newest again", id="time.freeze"),
        Binding("G", "go_to", "Go to a time, a connection, a match", id="time.go"),
        Binding("M", "mark", "Mark this moment", id="time.mark"),
        Binding("slash", "filter", "Show only the calls that match", id="calls.filter"),
        Binding("F", "find_call", "Find the next call that matches", id="calls.find"),
        Binding("w", "held_time", "Times with or without held time", id="calls.held-time"),
        Binding("H", "held", "Go to Held", id="panel.held-too"),
        Binding("i", "type", "Type to the program", id="program.type"),
        Binding("k", "interrupt", "Send Ctrl-C to the program", id="program.interrupt"),
        Binding("v", "next_server", "Watch the next server", id="server.next"),
        Binding("question_mark", "help", "Help for the focused panel", id="help"),
        Binding("q", "leave", "Quit", id="quit"),
        # From everywhere: whoever presses these wants to leave, and neither reaches the program.
        Binding("ctrl+c", "break_off", "Quit", priority=True),
        Binding("ctrl+q", "quit", "Quit at once", priority=True),
    ]

    def __init__(
        self,
        feed: Feed,
        controls: Controls | None = None,
        ascii_marks: bool = False,
        ticking: bool = True,
        picture: WatchScreen | None = None,
        look: str = "",
    ) -> None:
        """Show it on `picture`; None: on a watch screen. `look`: the panel that is focused; "": Calls."""
        super().__init__()
        self.feed = feed
        self.controls = controls or Controls()
        self.ascii_marks = ascii_marks
        self.ticking = ticking
        self._look = look
        self._automatic = self.controls.every is not None and self.controls.send is not None
        self._untouched = True  # no client was asked for, and nothing said, so far
        self._passing = False  # what was said is about a run that goes on
        self._said = 0  # when something was said last, by the view's clock
        self._view: View | None = None
        self._keys, self._wrong_keys = own_keys(NAMES)
        self.set_keymap(self._keys)
        self.picture = picture or WatchScreen(ascii_marks, terminal=self.controls.type is not None)
        self.gate = GateActions(self.controls, self.picture, self._say)
        self.time = TimeActions(feed, self.picture, self._say)

    def get_default_screen(self) -> Screen[None]:
        return self.picture

    def on_ready(self) -> None:
        self._show_keys()
        if self._wrong_keys:
            self._say(self._wrong_keys)
        self.tick()
        if self._look:
            self.picture.go_to(self._look)
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
        if self._view is None:
            self._said = view.now  # what was said before there was anything to see
        self._view = view
        said = self.picture.query_one(Said)
        said.waits = next((one.words(view.now) for one in view.waits if one.kind == "waits" and view.now - one.since >= WORTH), "")
        if not self._untouched and view.mode == "live" and view.now - self._said >= (WORTH if said.waits else SAYING):
            said.message = ""
        self.controls.server = view.server
        self.picture.show(view)
        self.gate.show(view)
        self.time.show(view)
        if untyped and self._runs:
            self._say(f"the program does not read what is typed: {count(untyped, 'character')} dropped")
        purpose = self.picture.entry.purpose
        if purpose in ("type", "hold", "to") and not self._runs:
            self.picture.close_entry()
            self._say("the program has ended: it reads nothing more" if purpose == "type" else self.gate.why_not)
        self._show_keys()

    def _say(self, words: str) -> None:
        """A line above the footer."""
        self._untouched = False
        self._passing = True
        self._said = self._view.now if self._view is not None else 0
        self.picture.query_one(Said).message = words

    def send_by_itself(self) -> None:
        """A client that nobody asked for, so that there is something to see."""
        if self._automatic and self.controls.send is not None and self.offer.sends:
            self.controls.send("one")

    # -- keys --------------------------------------------------------------------------------------------------------------

    @property
    def _runs(self) -> bool:
        """Whether there may be something left to do anything to: not when the recording has ended."""
        return self._view is None or self._view.runs

    def on_watch_screen_arranged(self) -> None:
        """The keys depend on what is seen."""
        self._show_keys()

    def on_panel_chosen(self) -> None:
        """And on what is chosen there."""
        self._show_keys()

    def _show_keys(self) -> None:
        offer = self.offer
        self.picture.query_one(Keys).keys = tuple(self._own_key(one) for one in self.keys(offer))
        if self._untouched and self.controls.send is not None:
            words = hint(offer.datagram)
            if self._automatic:
                words = f"a client every {self.controls.every:g} s until you press c, b, l or x"
            said = self.picture.query_one(Said)
            said.message = words if offer.sends and not said.waits else ""  # who waits says more than which keys there are

    def keys(self, offer: Offer) -> tuple[Key, ...]:
        """The keys of the footer."""
        return footer(offer)

    def _own_key(self, offered: Key) -> Key:
        """A key of the footer as the person has named it."""
        key, word, action = offered
        return self._keys.get(_NAME_OF.get(action.removeprefix("app."), ""), key), word, action

    @property
    def view(self) -> View | None:
        """The picture that is shown."""
        return self._view

    @property
    def offer(self) -> Offer:
        """What can be done now."""
        return offer_of(self._view, self.controls, self.picture, self.gate)

    def action_client(self, kind: str) -> None:
        """Send clients; from now on none comes by itself."""
        if self.controls.send is None or not self.offer.sends:
            return
        if self._untouched:
            self.picture.query_one(Said).message = ""
        self._automatic = self._untouched = False
        self.controls.send(kind)

    def action_gate(self, does: str) -> None:
        """Hold, release, step; in a replay, and in a frozen picture of nobody who is held, a step moves what is shown."""
        view = self._view
        past = view is not None and (view.mode in ("replay", "ended") or (view.mode == "frozen" and not view.stopped))
        if does in ("in", "over", "out") and past:
            self.action_time(does)
            return
        self.gate.press(does)
        self._show_keys()

    def action_held(self) -> None:
        """Go to the panel of those that are held."""
        self.picture.action_panel("held")

    def on_watch_screen_missing(self, event: WatchScreen.Missing) -> None:
        self._say(NOBODY if event.name == "held" else "what the program writes is not recorded here: tracer run does that")

    # -- time --------------------------------------------------------------------------------------------------------------

    def action_time(self, does: str) -> None:
        """Show another time, or choose another call."""
        self.time.press(does)
        self.tick()

    def action_fold(self, shut: bool) -> None:
        """Fold away what is inside the chosen call, or show it again."""
        self.time.fold(shut)
        self.tick()

    def action_filter(self) -> None:
        """Open a line for which calls are to be shown."""
        self.picture.open_entry("filter", self.feed.wanted.filter)

    def action_find_call(self) -> None:
        """Open a line for what to find."""
        self.picture.open_entry("find")

    def action_find(self, step: int) -> None:
        """The next match of what stands on the line, or with -1 the one before."""
        self.time.find(self.picture.entry.text, step)
        self.tick()

    def action_go_to(self) -> None:
        """Open a line for where to go."""
        self.picture.open_entry("go")

    def action_mark(self) -> None:
        """Open a line for a note about this moment."""
        self.time.begin_mark()

    def on_calls_chose(self, event: Calls.Chose) -> None:
        self.feed.choose(event.call)
        self.tick()

    def on_calls_last(self) -> None:
        if not self._runs:
            self.feed.newest()
            self.tick()

    def on_calls_first(self) -> None:
        self.time.first()
        self.tick()

    def on_timeline_panel_seek(self, event: TimelinePanel.Seek) -> None:
        self.time.to(event.t)
        self.tick()

    def on_timeline_panel_zoom(self, event: TimelinePanel.Zoom) -> None:
        self.time.zoom(event.closer)
        self.tick()

    def on_timeline_panel_room(self, event: TimelinePanel.Room) -> None:
        self.time.room(event.columns, event.rows)

    def on_connections_panel_wanted(self, event: ConnectionsPanel.Wanted) -> None:
        self.time.connection(event.number)
        self.tick()

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
        if self.offer.types:
            self.picture.open_entry("type")

    def on_entry_entered(self, event: Entry.Entered) -> None:
        """A line for the program, where to hold, what to show, where to go."""
        if event.purpose in ("hold", "to"):
            self.gate.entered(event.purpose, event.text)
        elif event.purpose != "type":
            self.time.entered(event.purpose, event.text)
            self.tick()
        elif self.controls.type is not None and self._runs:
            self.controls.type(f"{event.text}\n")
            self.picture.entry.clear()
            what = f"a line of {count(len(event.text), 'character')}" if event.text else "Enter"
            self._say(f"sent {what} to the program")

    def on_entry_edited(self, event: Entry.Edited) -> None:
        self.time.edited(event.purpose, event.text)
        self.tick()

    def on_entry_moved(self, event: Entry.Moved) -> None:
        if self.picture.entry.purpose == "find":
            self.action_find(event.step)

    def on_watch_screen_unfiltered(self) -> None:
        self.time.show_all()
        self.tick()

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
        """Stop the picture, or let it go on: recording and reading go on. Where nothing more comes: play it, or stop it."""
        self.time.unsay()
        if self._runs:
            self.feed.freeze()
        else:
            self.feed.play()
        self.tick()

    def action_help(self) -> None:
        """What the focused panel shows."""
        focused = self.screen.focused
        panel = focused if isinstance(focused, Panel) else self.picture.calls
        words = panel.help(self._view) if self._view is not None else panel.HELP_TEXT
        self.push_screen(HelpScreen(panel.NAME, f"{words}\n\n{keys_help(self.offer)}", self.ascii_marks))

    def action_servers(self) -> None:
        """Every server in full."""
        if self._view is not None:
            self.push_screen(HelpScreen("Servers", details(self._view), self.ascii_marks))

    def action_leave(self) -> None:
        """Quit; ask first where something ends with the screen."""
        if self.controls.question is None or not self._runs:
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

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        return commands(self)


#: What a binding does -> what it is called.
_NAME_OF = {one.action: one.id for one in Watch.BINDINGS if isinstance(one, Binding) and one.id is not None}
_NAME_OF |= {f"screen.{one.action}": one.id for one in WatchScreen.BINDINGS if isinstance(one, Binding) and one.id is not None}
NAMES = frozenset(_NAME_OF.values())


def watch(
    path: str | os.PathLike[str],
    *,
    title: str = "",
    follow: bool = False,
    controls: Controls | None = None,
    t: int | None = None,
    look: str = "",
) -> int:
    """Show a recording until the person quits; the exit status.

    With `follow` the recording still grows and the screen is live until it ends. It begins at time `t`; None: at the newest. `look`:
    the panel that is focused; "": Calls. Raises NotARecording before anything is shown.
    """
    feed = Feed(path, title or Path(path).name, follow)
    try:
        if t is not None:
            feed.go(Place(t, -1, -1))
        app = Watch(feed, controls, needs_ascii(os.environ, sys.stdout.encoding or ""), look=look)
        status = app.run()
        return status if isinstance(status, int) else app.return_code or 0
    finally:
        feed.close()
