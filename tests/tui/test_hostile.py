"""Text that acts on a terminal, or is wider than it looks: whatever panel shows it, its lines are lines, and no wider than the panel.

Each text stands everywhere where a recording, a file beside it or a person can put text. What the program wrote has tests of its own
(terminal/test_text.py, test_output.py).
"""

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tui.scenes import (
    CHILD,
    FORKING,
    LOOP,
    MAIN,
    MS,
    NOW,
    THREADING,
    WORKER,
    S,
    changed,
    child,
    connection,
    context,
    held,
    process,
    queue,
    row,
    server,
    span,
    view,
    with_held,
)
from tracer.recording.marks import Bookmark
from tracer.start import recordings
from tracer.timeline.course import Course, Passed
from tracer.timeline.density import Lane, Lanes
from tracer.timeline.described import Description, Field, Site, Source
from tracer.timeline.moment import HandlerThread, Hold, Thread
from tracer.timeline.served import Served
from tracer.timeline.waiting import Wait
from tracer.tui.beside.aligned import Place as LineOf
from tracer.tui.beside.column import Heads, requests
from tracer.tui.beside.view import BesideView, Column
from tracer.tui.lines import Line, cells, fit
from tracer.tui.panels.calls import Calls
from tracer.tui.panels.children import ChildrenPanel
from tracer.tui.panels.connections import ConnectionsPanel
from tracer.tui.panels.header import Header
from tracer.tui.panels.held import HeldPanel
from tracer.tui.panels.inspector import InspectorPanel
from tracer.tui.panels.keys import Said
from tracer.tui.panels.queue import QueuePanel
from tracer.tui.panels.rail import Rail
from tracer.tui.panels.source import SourcePanel
from tracer.tui.panels.threads import ThreadsPanel
from tracer.tui.panels.timeline import TimelinePanel
from tracer.tui.panels.waiting import WaitingPanel
from tracer.tui.screens.start import Choices
from tracer.tui.view import Matched, View

PANELS = (
    QueuePanel, ChildrenPanel, ThreadsPanel, ConnectionsPanel, SourcePanel, InspectorPanel, WaitingPanel, HeldPanel, Rail, Header,
    TimelinePanel,
)  # fmt: skip
EVIL = {
    "escapes": "\x1b[2J\x1b]0;owned\x07\x1b[?1049l\x9b31m a\r\nb\tc\x00\x7f\x85",
    "markup": "[bold red]x[/] [link=http://x]y[/link] [@click=app.quit]z[/] [/] [",
    "wide": "全角文字 " * 30,
    "combining": "\u0301e\u0301\u0300" * 200,
    "directions": "\u202eright to left\u2066 \u200b\u200d\ufeff\u2028\u2029",
    "bytes": b"\xff\xfe\xc3( \xe2\x82".decode("utf-8", "surrogateescape"),
    "joined": "\U0001f469\u200d\U0001f466 \u2764\ufe0f \U0001f1e9\U0001f1ea" * 20,
    "long": "x" * 10_000,  # the probe writes 500 letters at most
}
WIDTHS = (1, 20, 43, 118)
ACTING = {"Cc", "Cs", "Zl", "Zp"}  # controls, halves of characters, ends of lines
TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


@pytest.fixture(params=EVIL)
def evil(request: pytest.FixtureRequest) -> str:
    return EVIL[request.param]


def assert_harmless(text: str) -> None:
    """It is one line, does nothing to a terminal, and can be written to one."""
    assert [hex(ord(one)) for one in text if unicodedata.category(one) in ACTING or unicodedata.bidirectional(one) in TURNING] == []
    text.encode()


def assert_intact(lines: list[Line], width: int) -> None:
    """So are the lines as they are painted, and none is wider than that."""
    assert lines
    for line in lines:
        painted = fit(line, width)
        assert cells(painted) <= width
        assert_harmless("".join(piece.text for piece in painted))


def hostile(evil: str, mixin: tuple[str, ...] = FORKING) -> View:
    """A picture in which that text stands everywhere."""
    watched = server(
        evil, f"m.{evil}", *mixin[1:], module=evil, handler=evil, address=evil, settings={evil: evil, "max_children": 40},
        queue=queue(depth=None, limit=None, drops=None, why={"depth": evil, "drops": evil}),
    )  # fmt: skip
    course = connection(7, evil, error=evil, stage=evil, stage_label="P4122", since=NOW - MS)
    passed = Passed("setup", CHILD, "P4122", 1, False, 0, 1, "raised", evil)
    calls = (
        row(evil, 0, None, payload=evil, owner=evil, about=evil),
        row(evil, 1, 3 * MS, payload=evil, owner=evil, outcome="raised", framework=False, about=evil),
        row(evil, 1, 3 * MS, payload=evil, owner=evil, outcome="killed", killed=True),
        row("verify_request", 1, MS, payload=evil, owner=evil, connection=7, super_level=True),
    )
    shown = view(
        watched,
        (
            context(MAIN, "main", LOOP, span(evil, 800 * MS, owner=evil), name=evil),
            context(WORKER, "T2", span(evil, S, 8, evil), kind="thread", cause="thread", name=evil, tid=4102),
            context(CHILD, "P4122", span(evil, 800 * MS, 7, evil), process=CHILD, connection=7, parent=MAIN, name=evil),
        ),
        (course, connection(8, evil), connection(9, f"/{evil}", state="failed", error=evil, ended=NOW - S)),
        (
            process(
                child(4122, 7), child(4121, 6, "zombie", exit=0, reaped=NOW, reaped_by=evil),
                threads=(Thread(4100, evil, evil, "main"), Thread(4102, evil, evil, "T2"), Thread(4103, evil, evil, None)),
                handlers=(HandlerThread(WORKER, "T2", 8, True, True, NOW - S, None, NOW - S, None, evil),),
            ),
        ),
        calls,
        title=evil,
        recent=(course, connection(9, f"/{evil}", state="failed", error=evil, ended=NOW - S)),
        course=Course(course, "serve_forever", MAIN, "main", (passed,), (False, False)),
        waits=(Wait(MAIN, "main", "waits", NOW - S, evil, (evil, evil), NOW), Wait(WORKER, "T2", "idle", NOW - S, evil)),
        described=described(evil),
        bookmarks=(Bookmark(S, evil),),
        matched=Matched(evil, 3, 50),
        lanes=Lanes(0, 40 * S, 20, (Lane(MAIN, "main", S, None, "open", (1,) * 20),), 2, (1,) * 20, (0,) * 20),
        own=frozenset({evil}),
    )  # fmt: skip
    return with_held(
        shown,
        held(WORKER, "T2", evil, S, owner=evil, connection=8, why=evil, costs=(evil, evil)),
        holds=(Hold(1, evil, True, NOW - S), Hold(2, evil, False, NOW - S)),
    )


def described(evil: str) -> Description:
    source = Source(f"/{evil}", 1, (f"def f(): {evil}", evil, f"'{evil}'", f"# {evil}", f'"""{evil}'), 1, 5, (2, 3), 1, True, True)
    callers = (Site(f"/{evil}", evil, (1,), (evil,)), Site(evil, evil, (1, 2), (evil, "x")))
    return Description(
        NOW, CHILD, 4, "P4122", evil, evil, evil, "program", f"/{evil}", 1, NOW - S, None, 0, False, "open",
        (Field(evil, evil, "bad"), Field("exception", evil)), callers, source, evil, (evil, evil), 7,
    )  # fmt: skip


@pytest.mark.parametrize("mixin", [FORKING, THREADING], ids=["forking", "threading"])
def test_panels(evil: str, mixin: tuple[str, ...]) -> None:
    shown = hostile(evil, mixin)
    for kind in PANELS:
        panel = kind()
        for width in WIDTHS:
            assert_intact(panel.draw(shown, width, 30), width)
        assert_harmless(panel.title(shown))


def test_why_there_is_no_source(evil: str) -> None:
    shown = changed(hostile(evil), described=replace(described(evil), source=None))
    assert_intact(SourcePanel().draw(shown, 43, 9), 43)


def test_a_megabyte_in_a_line_of_source() -> None:
    long = Source("/m.py", 1, ("def f():", f"    x = '{'全' * 300_000}'", "# " + "y" * 1_000_000), 1, 3, (2,), 1, True)
    panel, shown = SourcePanel(), changed(hostile("x"), described=replace(described("x"), source=long))
    assert_intact(panel.draw(shown, 43, 9), 43)


def test_calls(evil: str) -> None:
    calls, shown = Calls(), hostile(evil)
    for width in WIDTHS:
        assert_intact([list(strip) for strip in calls.strips_of(shown, 0, width, 9)], width)


def test_title_of_calls(evil: str) -> None:
    """It says the filter."""
    assert_harmless(Calls().title(hostile(evil)))


def test_help(evil: str) -> None:
    """That of the rail says what the servers are."""
    for line in Rail().help(hostile(evil)).split("\n"):
        assert_harmless(line)


def test_what_is_said(evil: str) -> None:
    """Such as a mark's note."""
    said = Said()
    said.message = f"mark at 00:12.4: {evil}"
    assert_intact([said.content()], 43)


def test_beside(evil: str) -> None:
    views = [hostile(evil, mixin) for mixin in (FORKING, THREADING)]
    columns = []
    for one in views:
        first, _, failed = one.moment.connections
        columns.append(Column(evil, one, {1: Served(first, one.rows), 2: Served(failed, ())}))
    lines = (LineOf(1, 0), *(LineOf(1, number) for number in range(1, 5)), LineOf(2, 0))
    shown = BesideView(tuple(columns), lines, 2, LineOf(1, 2), follows=False)
    for width in (77, 118):
        drawn = [*Heads().lines(shown, width), *requests(shown, width)]
        assert_intact(drawn, width)
        rules = {"".join(piece.text for piece in line).count("│") for line in drawn}
        assert rules == {1}, "between the two columns, in every line"


@pytest.mark.parametrize(
    "name", ["\x1b[31m[red]x", "全角" * 30, b"\xff\xfe".decode("utf-8", "surrogateescape"), "e\u0301\u202e", "\n"], ids=ascii
)
def test_recordings_on_the_start_screen(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}-20260304-122900-17.tracer").write_bytes(b"x")
    section = recordings(tmp_path, 0)
    choices = Choices((section,), id="choices", ascii_marks=False)
    assert_intact([choices._line(place) for place in range(len(choices._lines))], 80)
    assert len(section.choices) == 1
