"""A screen as text: one line a row, exactly what the compositor paints. The only place that uses Textual's private parts."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

from textual.pilot import Pilot

from tracer.timeline import Timeline
from tracer.timeline.filter import Filter
from tracer.timeline.units import clock_time
from tracer.tui.app import Watch
from tracer.tui.controls import Controls
from tracer.tui.focus import NEWEST, Call, Focus
from tracer.tui.panels.calls import Calls
from tracer.tui.panels.entry import TypingLine
from tracer.tui.panels.keys import Said
from tracer.tui.picture import Pictures
from tracer.tui.view import View

QUIET = 10  # turns of the event loop in which nobody has had anything to do
Step = Callable[[Pilot[Any]], Awaitable[None]]
GOLDENS = Path(__file__).with_name("goldens")


class Clock:
    """A clock that stands at `t` until somebody sets it."""

    def __init__(self, t: int) -> None:
        self.t = t

    def __call__(self) -> int:
        return self.t


class Still:
    """A feed that gives the views it was given: the first, then one for each step `tick`. What is wanted is noted, and changes none."""

    until = 0

    def __init__(self, *views: View) -> None:
        self.views = list(views)
        self.due = 1
        self.timeline = Timeline()  # nothing is recorded in it: a key that seeks finds nothing
        self.pictures = Pictures(self.timeline)
        self.wanted = NEWEST
        self.finder = None
        self.freezes = self.plays = self.nexts = 0

    def tick(self) -> View | None:
        if not self.due or not self.views:
            return None
        self.due -= 1
        return self.views.pop(0)

    def want(self, wanted: Focus) -> None:
        self.wanted = wanted

    def choose(self, call: Call | None) -> None:
        self.wanted = replace(self.wanted, chosen=call)

    def filter(self, text: str, found: Filter | None) -> None:
        self.wanted = replace(self.wanted, filter=text if found is not None else "")

    def freeze(self) -> None:
        self.freezes += 1

    def play(self) -> None:
        self.plays += 1

    def next_server(self) -> None:
        self.nexts += 1

    def look_again(self) -> None:
        """There is nothing else to see."""


def screen_of(app: Watch) -> list[str]:
    """The screen now, top to bottom; blanks at the ends of lines are cut."""
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


async def settle(pilot: Pilot[Any]) -> None:
    """Wait until nothing is left to do. Textual's own pause waits by the clock, some 20 ms each time."""
    app, quiet = pilot.app, 0
    while quiet < 2 * QUIET and not app._exit and app._exception is None:
        await asyncio.sleep(0)
        busy = any(pump._message_queue.qsize() or pump._next_callbacks for pump in (app, *app._registry)) or app.screen._callbacks
        quiet = 0 if busy else quiet + 1
        if quiet == QUIET or app.screen._callbacks:
            app.screen._on_timer_update()  # what is done by the clock, too: painting, and what waits for that
            app._animator()


async def _press(pilot: Pilot[Any], key: str) -> None:
    with patch("textual.app.wait_for_idle", lambda least: asyncio.sleep(0)):
        await pilot._app._press_keys([key])
    await settle(pilot)


class Stage:
    """A screen that is being looked at, and the person in front of it."""

    def __init__(self, pilot: Pilot[Any]) -> None:
        self.pilot = pilot
        self.app: Watch = pilot.app
        self.feed = pilot.app.feed

    async def press(self, *keys: str) -> None:
        """Press these keys."""
        await self.do(press(*keys))

    async def type(self, text: str) -> None:
        """Have that text on the line, at once."""
        await self.do(filled(text))

    async def tick(self) -> None:
        """Let the feed read on."""
        await self.do(tick)

    async def do(self, *steps: Step) -> None:
        """Take the steps."""
        for step in steps:
            await step(self.pilot)
            await settle(self.pilot)

    @property
    def lines(self) -> list[str]:
        """The screen."""
        return screen_of(self.app)

    @property
    def view(self) -> View:
        """What is shown."""
        assert self.app.view is not None
        return self.app.view

    @property
    def calls(self) -> Calls:
        """The call tree."""
        return self.app.picture.calls

    @property
    def place(self) -> str:
        """Where it is: the time that is shown, and the chosen call with its connection."""
        row, view = self.calls.cursor, self.view
        number = f" #{row.connection}" if row is not None and row.connection is not None else ""
        call = f"{row.label} {row.hook}{number}" if row is not None else "nothing"
        return f"{clock_time(view.moment.t - view.start)} {call}"

    @property
    def rows(self) -> list[str]:
        """The calls that are seen, without what stands above and below them: label and hook of each."""
        rows, top = self.calls._rows, round(self.calls.scroll_y)
        return [f"{row.label} {row.hook}" for row in rows[max(0, top - 1) : top - 1 + self.calls.size.height]]

    @property
    def said(self) -> str:
        """What stands above the footer."""
        return self.app.picture.query_one(Said).message


def play(
    scenario: Callable[[Stage], Awaitable[None]],
    *views: View,
    size: tuple[int, int] = (120, 36),
    controls: Controls | None = None,
    ascii_marks: bool = False,
    feed: Any = None,
) -> None:
    """Have a person do something at a screen that shows the first view, or what the feed gives."""

    async def run() -> None:
        app = Watch(feed or Still(*views), controls, ascii_marks, ticking=False)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            await scenario(Stage(pilot))

    asyncio.run(run())


def film(*views: View, steps: tuple[Step, ...] = (), **options: Any) -> list[list[str]]:
    """The screen before the steps, and after each of them, as text."""
    found: list[list[str]] = []

    async def scenario(stage: Stage) -> None:
        found.append(stage.lines)
        for step in steps:
            await stage.do(step)
            found.append(stage.lines)
        if svg := os.environ.get("TRACER_TUI_SVG"):  # to look at with one's own eyes
            Path(svg).write_text(stage.app.export_screenshot(simplify=True))

    play(scenario, *views, **options)
    return found


def shoot(*views: View, steps: tuple[Step, ...] = (), **options: Any) -> list[str]:
    """The screen after the steps."""
    return film(*views, steps=steps, **options)[-1]


def press(*keys: str) -> Step:
    """A step: these keys."""

    async def step(pilot: Pilot[Any]) -> None:
        for key in keys:
            await _press(pilot, key)

    return step


def typed(text: str) -> Step:
    """A step: these letters."""
    return press(*("space" if letter == " " else letter for letter in text))


def filled(text: str) -> Step:
    """A step: that text on the line, at once."""

    async def step(pilot: Pilot[Any]) -> None:
        pilot.app.picture.entry.query_one(TypingLine).value = text

    return step


async def tick(pilot: Pilot[Any]) -> None:
    """A step: the feed's next view."""
    if isinstance(pilot.app.feed, Still):
        pilot.app.feed.due += 1
    pilot.app.tick()


def check(name: str, found: list[str]) -> None:
    """Compare a screen with its golden; with TRACER_NEW_GOLDENS=1 it becomes the golden."""
    path = GOLDENS / f"{name}.txt"
    text = "\n".join(found) + "\n"
    if os.environ.get("TRACER_NEW_GOLDENS") == "1":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
