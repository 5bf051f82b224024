"""Recordings of real runs as somebody sees them: every panel, at fixed sizes, the same to the byte on every Python."""

import asyncio
import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from tests.tui.kit import GOLDENS, Clock, Stage, check, play, screen_of, settle
from tracer.timeline.load import load
from tracer.tui.beside.app import Beside
from tracer.tui.beside.feed import BesideFeed
from tracer.tui.controls import Controls
from tracer.tui.feed import Feed
from tracer.tui.screens.side import SIDE, SMALL, TABS

RECORDINGS = Path(__file__).parents[1] / "recordings"


class Shot(NamedTuple):
    """What somebody does, after what was done before, and what the golden of it is called; `=text` is typed on the line."""

    name: str
    keys: tuple[str, ...] = ()
    size: tuple[int, int] = (120, 36)


class Show(NamedTuple):
    """A recording: one that was kept while its run went on is seen live, under its command line; another is opened."""

    live: str
    shots: tuple[Shot, ...]


NARROW, WIDE, HUGE = (80, 24), (200, 60), (240, 70)
SHOWS = {
    "failing": Show(
        "",
        (
            Shot("error", ("E", "E", "E", "6")),  # where the handler of #3 raised
            Shot("error", size=NARROW),
            Shot("error", size=WIDE),
            Shot("inspector", ("7",)),
            Shot("inspector-large", ("z",)),
        ),
    ),
    "forking": Show(
        "",
        (
            Shot("source", ("J", "J", "(", "6")),  # a child is being waited for: that call of collect_children
            Shot("source", size=HUGE),
            Shot("source-large", ("z",)),
            Shot("calls-large", ("z", "1", "z")),
            Shot("timeline-large", ("z", "T", "z")),
        ),
    ),
    "forking-zombies": Show("demo forking", (Shot("live"), Shot("live", size=NARROW), Shot("live", size=WIDE))),
    "held": Show("demo threading", (Shot("live"), Shot("held-large", ("9", "z")))),
    "hostile": Show(
        "",
        (
            Shot("end"),
            Shot("error", ("E",)),
            Shot("error", size=WIDE),
            Shot("inspector-large", ("7", "z")),
            Shot("output-large", ("8",)),
        ),
    ),
    "http": Show(
        "",
        (
            Shot("filter", ("slash", "=do_GET", "enter", "up", "enter")),  # and the first match is chosen, where it begins
            Shot("inspector-large", ("7", "z")),
        ),
    ),
    "one-by-one": Show("run one_by_one.py", (Shot("live", ("3",)), Shot("children-large", ("z",)))),
    "refusing": Show("", (Shot("refused", ("G", "=#2", "enter", "}", "}")),)),
    "several": Show("run several.py", (Shot("live"), Shot("second", ("v",)), Shot("third", ("v",)), Shot("threads-large", ("4", "z")))),
    "stepped": Show(
        "", (Shot("held", ("G", "=00:00.28", "enter")), Shot("inspector-large", ("G", "=finish & #1", "enter", "enter", "7", "z")))
    ),
    "stuck": Show(
        "demo tcp",
        (
            Shot("live"),
            Shot("waiting", ("0",)),
            Shot("waiting", size=NARROW),
            Shot("waiting", size=WIDE),
            Shot("waiting-large", ("z",)),
        ),
    ),
    "threading": Show("", (Shot("past", ("comma", "4")),)),  # a second before the end: #1 is still served
    "threading-slow": Show("demo threading", (Shot("live"), Shot("threads-large", ("4", "z")))),
    "udp": Show("", (Shot("received", ("[", "5")), Shot("connections-large", ("z",)))),
    "unix": Show("", (Shot("accepted", ("[", "2")),)),
    "unix-datagram": Show("", (Shot("received", ("[", "2")), Shot("queue-large", ("z",)))),
}
KEYS = {"[": "left_square_bracket", "}": "right_curly_bracket", "(": "left_parenthesis"}  # as Textual calls them
BESIDE = ("tcp", "threading", "forking")
BESIDE_SIZES = ((140, 40), (120, 36))


def feed_of(name: str, title: str, live: bool) -> Feed:
    """A recording's feed; its clock stands where the recording ends."""
    path = RECORDINGS / f"{name}.tracer"
    return Feed(path, title, live, Clock(load(path)[0].newest), alive=lambda *_: True)


def golden(recording: str, shot: Shot) -> str:
    """The name of its golden."""
    return f"recordings/{recording}-{shot.name}-{shot.size[0]}x{shot.size[1]}"


async def steady(stage: Stage) -> None:
    """Have all of it read and drawn."""
    before = None
    while stage.view is not before:
        before = stage.view
        await stage.tick()


async def take(stage: Stage, shot: Shot) -> list[str]:
    """The screen after what somebody does."""

    async def resize(pilot: Pilot[Any]) -> None:
        await pilot.resize_terminal(*shot.size)

    if stage.app.size != shot.size:
        await stage.do(resize)
    await steady(stage)
    for key in shot.keys:
        await (stage.type(key[1:]) if key[1:] and key[0] == "=" else stage.press(KEYS.get(key, key)))
        await steady(stage)
    return stage.lines


@pytest.mark.parametrize("recording", SHOWS)
def test_recording(recording: str) -> None:
    live, shots = SHOWS[recording]
    found: dict[str, list[str]] = {}

    async def scenario(stage: Stage) -> None:
        for shot in shots:
            found[golden(recording, shot)] = await take(stage, shot)

    feed = feed_of(recording, live or f"{recording}.tracer", bool(live))
    try:
        play(scenario, feed=feed, controls=Controls(send=(lambda kind: None) if live else None), size=shots[0].size)
    finally:
        feed.close()
    for name, lines in found.items():
        assert_fits(name, lines)
        check(name, lines)


def test_beside() -> None:
    """Three servers that the same clients came to: only the one that serves in its loop has not accepted the third."""

    async def run() -> dict[str, list[str]]:
        found = {}
        with ExitStack() as stack:
            feeds = {name: feed_of(f"beside-{name}", name, live=True) for name in BESIDE}
            for feed in feeds.values():
                stack.callback(feed.close)
            app = Beside(BesideFeed(feeds), Controls(send=lambda kind: None), ticking=False)
            async with app.run_test(size=BESIDE_SIZES[0]) as pilot:
                for width, height in BESIDE_SIZES:
                    await pilot.resize_terminal(width, height)
                    for _ in range(3):
                        await settle(pilot)
                        app.tick()
                    await settle(pilot)
                    found[f"recordings/beside-{width}x{height}"] = screen_of(app)
        return found

    for name, lines in asyncio.run(run()).items():
        assert_fits(name, lines)
        check(name, lines)


def assert_fits(name: str, lines: list[str]) -> None:
    """Nothing is wider or higher than the screen."""
    width, height = map(int, name.rpartition("-")[2].split("x"))
    assert len(lines) == height
    assert max(map(cell_len, lines)) <= width


def test_every_recording_is_seen_and_no_golden_is_left_over() -> None:
    seen = {*SHOWS, *(f"beside-{name}" for name in BESIDE)}
    assert seen == {path.stem for path in RECORDINGS.glob("*.tracer")}
    names = {golden(recording, shot) for recording, show in SHOWS.items() for shot in show.shots}
    names |= {f"recordings/beside-{width}x{height}" for width, height in BESIDE_SIZES}
    assert names == {f"recordings/{path.stem}" for path in (GOLDENS / "recordings").iterdir()}


def test_every_panel_is_seen_small_and_large() -> None:
    """Where panels share a place, the one that is seen has its name in brackets."""
    shots = [(golden(recording, shot), shot.name) for recording, show in SHOWS.items() for shot in show.shots]
    large = {name.removesuffix("-large") for _, name in shots if name.endswith("-large")}
    assert large == {"calls", *SIDE, "timeline"}
    small = "".join((GOLDENS / f"{path}.txt").read_text(encoding="utf-8") for path, name in shots if not name.endswith("-large"))
    for name in map(str.capitalize, ("calls", *SMALL, "timeline")):
        assert re.search(rf"[─═] {name} [─═]", small)
    for name in map(str.capitalize, TABS):
        assert f"[{name}]" in small
