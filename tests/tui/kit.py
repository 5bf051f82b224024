"""A screen as text: one line a row, exactly what the compositor paints. The only place that uses Textual's private parts."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tracer.tui.app import Watch
from tracer.tui.controls import Controls
from tracer.tui.view import View

Step = Callable[[Pilot[Any]], Awaitable[None]]
GOLDENS = Path(__file__).with_name("goldens")


class Still:
    """A feed that gives the views it was given, one a tick."""

    def __init__(self, *views: View) -> None:
        self.views = list(views)
        self.freezes = self.widens = self.nexts = 0

    def tick(self) -> View | None:
        return self.views.pop(0) if self.views else None

    def freeze(self) -> bool:
        self.freezes += 1
        return self.freezes % 2 == 1

    def next_server(self) -> None:
        self.nexts += 1

    def widen(self) -> bool:
        self.widens += 1
        return True


def screen_of(app: Watch) -> list[str]:
    """The screen now, top to bottom; blanks at the ends of lines are cut."""
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


async def settle(pilot: Pilot[Any]) -> None:
    """Wait until nothing is left to do."""
    await pilot.pause()
    await pilot._wait_for_screen()
    await pilot.pause()


def shoot(
    *views: View,
    size: tuple[int, int] = (120, 36),
    steps: tuple[Step, ...] = (),
    controls: Controls | None = None,
    ascii_marks: bool = False,
    feed: Any = None,
    svg: str = "",
) -> list[str]:
    """Show the first view, take the steps, and return the screen as text."""

    async def run() -> list[str]:
        app = Watch(feed or Still(*views), controls, ascii_marks, ticking=False)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            for step in steps:
                await step(pilot)
                await settle(pilot)
            found = screen_of(app)
            svg_path = os.environ.get("TRACER_TUI_SVG") or svg  # to look at with one's own eyes
            if svg_path:
                Path(svg_path).write_text(app.export_screenshot(simplify=True))
            return found

    return asyncio.run(run())


def press(*keys: str) -> Step:
    """A step: these keys."""

    async def step(pilot: Pilot[Any]) -> None:
        await pilot.press(*keys)

    return step


def typed(text: str) -> Step:
    """A step: these letters."""
    return press(*("space" if letter == " " else letter for letter in text))


async def tick(pilot: Pilot[Any]) -> None:
    """A step: the feed's next view."""
    pilot.app.tick()


def check(name: str, found: list[str]) -> None:
    """Compare a screen with its golden; with TRACER_NEW_GOLDENS=1 it becomes the golden."""
    path = GOLDENS / f"{name}.txt"
    text = "\n".join(found) + "\n"
    if os.environ.get("TRACER_NEW_GOLDENS") == "1":
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")
