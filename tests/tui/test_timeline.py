"""The Timeline panel: what is drawn, and what its keys and clicks ask for."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.message import Message

from tests.tui.scenes import changed, forking
from tracer.recording.marks import Bookmark
from tracer.timeline.density import Lane, Lanes
from tracer.tui.marks import ascii_only
from tracer.tui.panels.timeline import TimelinePanel, time_at
from tracer.tui.view import View

S = 1_000_000_000
BEGIN, COLUMNS = 10 * S, 20  # a second a column


def counts(**known: int) -> tuple[int, ...]:
    """Events by column: `_3=5` are five in the fourth."""
    return tuple(known.get(f"_{column}", 0) for column in range(COLUMNS))


def lane(label: str, begin: int, end: int | None, how: Any = "open", known: tuple[int, ...] = (0,) * COLUMNS, **fields: Any) -> Lane:
    return Lane(len(label), label, begin * S, None if end is None else end * S, how, known, **fields)


def pictured(*shown: Lane, at: int = 0, raised: tuple[int, ...] = (), accepted: tuple[int, ...] = (), **fields: Any) -> View:
    """The seconds from 10 to 30 of a recording that is known up to its second 28, seen at second `at`."""
    before = forking()
    marks = [tuple(int(column in known) for column in range(COLUMNS)) for known in (raised, accepted)]
    lanes = Lanes(BEGIN, BEGIN + COLUMNS * S, COLUMNS, shown, fields.pop("more", 0), *marks)
    moment = changed(before.moment, t=at * S)  # type: ignore[arg-type]
    return changed(before, **{"lanes": lanes, "moment": moment, "now": 28 * S, "newest": 28 * S, **fields})


def drawn(view: View, width: int = 27, height: int = 10) -> list[str]:
    return ["".join(segment.text for segment in line) for line in TimelinePanel().draw(view, width, height)]


def life(one: Lane, **fields: Any) -> str:
    """The cells of one lane."""
    label, cells = (row := drawn(pictured(one, **fields))[1])[:7], row[7:]
    assert label.rstrip() == one.label
    return cells


@pytest.mark.parametrize(
    ("one", "cells"),
    [
        # alive all the time, up to what is known
        (lane("main", 0, None, known=counts(_0=1, _4=7, _8=70)), "▂▁▁▁▂▁▁▁█▁▁▁▁▁▁▁▁▁▁ "),
        (lane("main", 0, None), "▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁ "),
        (lane("T3", 12, 18, "returned", counts(_2=3, _5=2)), "  ├▁▁▆▁▁┤           "),
        (lane("T3", 12, 12, "returned", counts(_2=3)), "  █                 "),
        (lane("T3", 2, 12, "gone"), "▁▁?                 "),
        (lane("T3", 25, None), "               ├▁▁▁ "),
        (lane("P1", 12, 14, "exited", zombie=(14 * S, 17 * S)), "  ├▁┤ZZ             "),
        (lane("P1", 12, 14, "exited", zombie=(14 * S, None)), "  ├▁┤ZZZZZZZZZZZZZZ "),
        (lane("P1", 2, 4, "exited", zombie=(4 * S, 12 * S)), "ZZ                  "),
        # killed: that it had ended is known by a sample, and what ended it when it was waited for
        (lane("P1", 12, 16, "killed", zombie=(14 * S, 16 * S)), "  ├▁☓Z              "),
        (lane("P1", 12, 16, "killed"), "  ├▁▁▁☓             "),
        (lane("P1", 12, 12, "killed", counts(_2=3)), "  ☓                 "),
        (lane("P1", 12, None, zombie=(14 * S, None)), "  ├▁┤ZZZZZZZZZZZZZZ "),
        (lane("T3", 12, 18, "returned", counts(_4=1), held=((13 * S, 16 * S),)), "  ├‖█‖▁▁┤           "),
    ],
)
def test_a_life(one: Lane, cells: str) -> None:
    assert life(one) == cells


def test_the_moment_is_an_upright_line_in_every_row() -> None:
    view = pictured(lane("main", 0, None), lane("T1", 12, 14, "returned"), at=13, accepted=(2, 7), raised=(7,))
    assert drawn(view) == [
        "       ──┬│───✗────────────",
        "main   ▁▁▁│▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁ ",
        "T1       ├│┤               ",
    ]
    for row in TimelinePanel().draw(view, 27, 10):
        assert [segment.text for segment in row if segment.style is not None and segment.style.reverse] == ["│"]
    outside = drawn(pictured(lane("main", 0, None), at=5))
    assert not any("│" in row for row in outside)


def test_marks_are_on_the_axis_also_where_the_moment_is() -> None:
    marks = (Bookmark(12 * S, "x"), Bookmark(13 * S, "y"), Bookmark(40 * S, "elsewhere"))
    view = pictured(at=13, accepted=(12,), bookmarks=marks, start=0)
    assert drawn(view) == ["       ──◆◆────────┬───────"]
    (axis,) = TimelinePanel().draw(view, 27, 10)
    assert [segment.text for segment in axis if segment.style is not None and segment.style.reverse] == ["◆"]
    # Their times are counted from the recording's start.
    assert drawn(changed(view, start=4 * S))[0] == "       ───│──◆◆────┬───────"


def test_in_ascii_every_shape_is_another() -> None:
    known = counts(**{f"_{column}": column for column in range(8)})
    rows = drawn(pictured(lane("main", 0, None, known=known), lane("T1", 12, 14, "returned"), at=20, accepted=(2,), raised=(7,)))
    assert [ascii_only(row) for row in rows] == [
        "       --+----!--|---------",
        "main   _.-:=+*%__|________ ",
        "T1       [_]     |         ",
    ]


def test_the_title_says_what_is_seen() -> None:
    panel = TimelinePanel()
    shown = pictured(lane("main", 0, None, known=counts(_1=26)), at=13, start=0, more=3)
    assert panel.title(shown) == "Timeline ─ 00:10.0 to 00:30.0 ─ at 00:13.000 ─ █ is 26 events ─ 3 contexts more"
    assert panel.title(pictured(at=13)) == "Timeline ─ 00:10.0 to 00:30.0 ─ at 00:13.000"
    assert panel.title(changed(shown, lanes=None)) == "Timeline"
    for length, begin, end in ((S, "00:10.000", "00:11.000"), (1_000_000, "00:10.000000", "00:10.001000")):
        closer = changed(shown, lanes=Lanes(BEGIN, BEGIN + length, COLUMNS, (), 0, (), ()))
        assert panel.title(closer) == f"Timeline ─ {begin} to {end} ─ at 00:13.000"


def test_what_is_narrower_or_lower_than_the_lanes() -> None:
    view = pictured(lane("main", 0, None), lane("T1", 0, None), lane("T2", 0, None))
    assert drawn(view, 12, 3) == ["       ─────", "main   ▁▁▁▁▁", "T1     ▁▁▁▁▁"]
    assert drawn(changed(view, lanes=None)) == ["nothing is known yet"]


def test_a_click_means_the_last_time_of_its_column_and_no_time_to_come() -> None:
    view = pictured()
    assert view.lanes is not None
    seconds = {x: time_at(view, view.lanes, x) for x in (0, 7, 8, 24, 25, 99)}
    assert seconds == {0: 11 * S - 1, 7: 11 * S - 1, 8: 12 * S - 1, 24: 28 * S - 1, 25: 28 * S, 99: 28 * S}


class Alone(App[None]):
    """The panel and nothing else."""

    CSS = "TimelinePanel { border: round white; height: 5; }"

    def __init__(self, view: View) -> None:
        super().__init__()
        self.panel = TimelinePanel()
        self.shown = view
        self.said: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self.panel

    def on_mount(self) -> None:
        self.panel.view = self.shown
        self.panel.focus()

    def on_timeline_panel_seek(self, message: TimelinePanel.Seek) -> None:
        self.said.append(message)

    on_timeline_panel_zoom = on_timeline_panel_room = on_timeline_panel_seek


def test_keys_clicks_and_dragging_say_what_somebody_wants() -> None:
    async def run() -> list[Message]:
        app = Alone(pictured(lane("main", 0, None), lane("T1", 0, None), lane("T2", 0, None)))
        async with app.run_test(size=(29, 10)) as pilot:
            await pilot.pause()
            assert str(app.panel.border_title).endswith("1 context more")  # three lanes, and two rows below the axis
            await pilot.press("plus", "minus")
            await pilot.mouse_down(TimelinePanel, offset=(8, 2))
            await pilot.hover(TimelinePanel, offset=(10, 0))  # dragged, and off the lines
            await pilot.mouse_up(TimelinePanel, offset=(10, 0))
            await pilot.hover(TimelinePanel, offset=(12, 2))  # not any more
            await pilot.pause()
            return app.said

    said = asyncio.run(run())
    assert [(one.columns, one.rows) for one in said if isinstance(one, TimelinePanel.Room)] == [(20, 2)]
    assert [one.closer for one in said if isinstance(one, TimelinePanel.Zoom)] == [1, -1]
    assert list(dict.fromkeys(one.t for one in said if isinstance(one, TimelinePanel.Seek))) == [11 * S - 1, 13 * S - 1]
