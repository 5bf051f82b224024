"""The command palette: everything that can be done now, in this program's words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.app import SystemCommand

from .offers import GATE_KEYS, TIME_KEYS, client_keys
from .screens.watch import PANEL_KEYS
from .themes import THEMES

if TYPE_CHECKING:
    from .app import Watch


def commands(app: Watch) -> Iterator[SystemCommand]:
    """What there is to do."""
    yield from _program(app)
    yield from _gate(app)
    yield from _time(app)
    yield from _panels(app)
    yield SystemCommand("Help", "What the focused panel shows", app.action_help)
    yield SystemCommand("Quit", "Leave the screen", app.action_leave)


def _program(app: Watch) -> Iterator[SystemCommand]:
    offer = app.offer
    for key, word, kind in client_keys(offer.datagram) if offer.sends else ():
        yield SystemCommand(f"Send: {word}", f"{key}: clients, as scripted", lambda kind=kind: app.action_client(kind))
    if offer.types:
        yield SystemCommand("Type", "i: type to the program", app.action_type)
    if offer.interrupts:
        yield SystemCommand("Send Ctrl-C", "k: interrupt the program", app.action_interrupt)
    if offer.servers:
        yield SystemCommand("Next server", "v: watch the next server, and stay with it", app.action_next_server)
    if app.view is not None and app.view.moment.servers:
        yield SystemCommand("Server details", "Class, address, MRO and settings of every server", app.action_servers)


def _gate(app: Watch) -> Iterator[SystemCommand]:
    for one in GATE_KEYS if app.gate.possible else ():
        yield SystemCommand(one.title, f"{one.key}: {one.means}", lambda does=one.does: app.action_gate(does))
    if app.view is not None and app.picture.calls.was_held:
        words = f"Times with{'out' * app.picture.calls.with_held} held time"
        yield SystemCommand(words, "w: durations with or without what was held", app.action_held_time)


def _time(app: Watch) -> Iterator[SystemCommand]:
    for one in TIME_KEYS:
        yield SystemCommand(one.title, f"{one.key}: the whole screen shows that moment", lambda does=one.does: app.action_time(does))
    yield SystemCommand("Go to", "G: a time, a connection, or the next match", app.action_go_to)
    yield SystemCommand("Find", "F: go from match to match", app.action_find_call)
    yield SystemCommand("Filter", "/: show only the calls that match", app.action_filter)
    yield SystemCommand("Mark", "M: mark this moment, with a note", app.action_mark)
    if app.offer.over:
        yield SystemCommand("Play", "space: let the recording run as it did, or stop it", app.action_freeze)
    else:
        yield SystemCommand("Freeze", "space: stop only the picture, or let it go on", app.action_freeze)


def _panels(app: Watch) -> Iterator[SystemCommand]:
    for key, name in PANEL_KEYS:
        yield SystemCommand(f"Panel: {name.capitalize()}", f"{key}: go there", lambda name=name: app.picture.action_panel(name))
    yield SystemCommand("Enlarge", "z: the focused panel fills the screen", app.picture.action_enlarge)
    if app.picture.side.terminal:
        yield SystemCommand("Search", "Search what the program wrote", app.picture.action_search)
    for theme in THEMES:
        name = theme.name.removeprefix("tracer-")
        yield SystemCommand(f"Theme: {name}", "The colours of the screen", lambda name=theme.name: setattr(app, "theme", name))
