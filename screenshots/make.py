"""Make the README's pictures from recordings of real runs: `python screenshots/make.py [NAME …]`; `--check` compares instead.

A recording that was copied while its run went on is shown live, as the screen was at that moment. A picture is the same to the byte for
the same Textual and Rich; `--check` looks at the text of it, which other versions draw the same.
"""

import asyncio
import html
import os
import re
import sys
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

os.environ.pop("NO_COLOR", None)
os.environ["TEXTUAL_ANIMATIONS"] = "none"

from tracer.lesson.facts import Facts
from tracer.lesson.format import load as load_lesson
from tracer.lesson.player import Player
from tracer.timeline.load import load
from tracer.tui.app import Watch
from tracer.tui.beside.app import Beside
from tracer.tui.beside.feed import BesideFeed
from tracer.tui.controls import Controls
from tracer.tui.feed import Feed
from tracer.tui.lesson.app import Learn
from tracer.tui.lesson.pages import GLANCE, Pages

HERE = Path(__file__).parent
RECORDINGS = HERE.parent / "tests" / "recordings"


class Picture(NamedTuple):
    """What there is to see."""

    recordings: dict[str, Path]  # by the name of the demo; several are shown side by side
    keys: tuple[str, ...] = ()
    live: bool = True
    size: tuple[int, int] = (120, 36)
    lesson: str = ""  # that was played in the recording
    step: str = ""  # of it


PICTURES = {
    "forking": Picture({"forking": HERE / "forking.tracer"}),
    "waiting": Picture({"tcp": RECORDINGS / "stuck.tracer"}, ("0",)),
    "beside": Picture({name: RECORDINGS / f"beside-{name}.tracer" for name in ("tcp", "threading", "forking")}, size=(140, 40)),
    "lesson": Picture({"13-fork": HERE / "lesson.tracer"}, ("down", "enter"), size=(140, 40), lesson="13-fork", step="parent"),
    "replay": Picture({"failing": RECORDINGS / "failing.tracer"}, ("E", "E", "7"), live=False),
}


async def picture(wanted: Picture) -> str:
    """The screen, as SVG."""
    with ExitStack() as stack:
        feeds = {}
        for name, path in wanted.recordings.items():
            feeds[name] = feed = Feed(path, f"{'learn' if wanted.lesson else 'demo'} {name}", follow=wanted.live, clock=_clock(path))
            stack.callback(feed.close)
        controls = Controls(send=(lambda kind: None) if wanted.live else None)
        app: Any
        if wanted.lesson:
            glances = count(_clock(path)(), GLANCE)
            app = Learn(Pages(_player(wanted, feed), "en"), feed, controls, ticking=False, clock=glances.__next__)
        elif len(feeds) > 1:
            app = Beside(BesideFeed(feeds), controls, ticking=False)
        else:
            app = Watch(feed, controls, ticking=False)
        async with app.run_test(size=wanted.size) as pilot:
            for key in ("", *wanted.keys):
                await pilot.press(*filter(None, (key,)))
                for _ in range(20):
                    app.tick()
                    await pilot.pause()
            command = f"tracer {'learn' if wanted.lesson else 'demo'} {' '.join(wanted.recordings)}"
            return _offline(app.export_screenshot(title=command))


class Recorded:
    """A run that is over: what a lesson has done, the recording shows already."""

    doing, said = None, ""

    def do(self, actions: object) -> None:
        """It is done."""

    def is_done(self, facts: Facts, now: int) -> bool:
        """It is."""
        return True

    def is_in_others_hands(self, facts: Facts) -> bool:
        """Nobody holds it."""
        return False


def _player(wanted: Picture, feed: Feed) -> Player:
    """A student who has come to that step of the lesson."""
    run: Any = Recorded()
    player = Player(load_lesson(HERE.parent / "lessons" / wanted.lesson), run, Facts(feed.timeline), grace=0)
    player.resume(wanted.step)
    return player


def _clock(path: Path) -> Callable[[], int]:
    """It stands where the recording ends."""
    newest = load(path)[0].newest
    return lambda: newest


def _offline(svg: str) -> str:
    """Without fonts from elsewhere: the picture must look the same without a network."""
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r"terminal-\d+", "terminal", svg)
    return svg.replace("Fira Code, monospace", "DejaVu Sans Mono, monospace").replace("Fira Code", "DejaVu Sans Mono")


def words(svg: str) -> list[str]:
    """The text of a picture, piece by piece."""
    return [html.unescape(piece).replace("\xa0", " ").strip() for piece in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]


def main() -> int:
    """0, or 1 if a picture is not what its recording shows."""
    stale = []
    names = [name for name in sys.argv[1:] if name in PICTURES] or list(PICTURES)
    for name in names:
        target, svg = HERE / f"{name}.svg", asyncio.run(picture(PICTURES[name]))
        if "--check" not in sys.argv:
            target.write_text(svg)
        elif not target.exists() or words(svg) != words(target.read_text()):
            stale.append(name)
    if stale:
        print(f"stale: {', '.join(stale)}; run python screenshots/make.py")
    return bool(stale)


if __name__ == "__main__":
    sys.exit(main())
