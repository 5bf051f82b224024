"""Keys after keys: what is chosen stays what keys are about, where it is not seen, too."""

from pathlib import Path

import pytest

from tests.timeline.conftest import MICROSECOND, START, Recording
from tests.tui.kit import Clock, play
from tests.tui.made import S, at, ended, saved, three_clients
from tracer.tui.controls import Controls
from tracer.tui.screens.side import heights
from tracer.tui.view import errors_in

RECORDINGS = Path(__file__).parents[1] / "recordings"


@pytest.fixture
def finished(tmp_path, open_feed):
    """A recording that ended at 9 s."""
    return open_feed(saved(ended(three_clients(), 9), tmp_path), "made")


def test_keys_go_on_from_the_chosen_call_while_another_panel_fills_the_screen(finished):
    async def scenario(stage):
        await stage.press("G")
        await stage.type("#1")
        await stage.press("enter", "6", "z")
        found = []
        for _ in range(3):
            await stage.press("j")
            found.append((stage.place, stage.said))
        await stage.press("z")
        assert found == [
            ("00:04.000 main get_request", ""),
            ("00:06.000 main get_request", ""),
            ("00:06.000 main get_request", "no later call of this hook"),
        ]
        assert stage.place == "00:06.000 main get_request"  # it has not returned: whom it takes is not known

    play(scenario, feed=finished)


def test_find_goes_on_inside_what_is_folded_away_and_the_cursor_is_on_the_call_around(finished):
    async def scenario(stage):
        await stage.press("home", "minus", "F")
        await stage.type("handle")
        found = []
        for _ in range(4):
            await stage.press("enter")
            found.append((stage.place, stage.view.described.connection))
        assert stage.rows == ["main serve_forever"]
        assert found == [
            ("00:02.200 main serve_forever", 1),
            ("00:04.200 main serve_forever", 2),
            ("00:06.200 main serve_forever", 3),
            ("00:06.200 main serve_forever", 3),
        ]
        assert stage.said == "no later call matches handle"

    play(scenario, feed=finished)


def test_matches_far_from_the_cursor_are_shown_and_escape_leaves_it_where_it_was(finished):
    async def scenario(stage):
        await stage.press("down", "home", "slash")
        await stage.type("handle_error")
        assert stage.rows == ["T2 handle_error"]
        await stage.press("escape")
        assert stage.place == "00:09.000 main serve_forever"
        assert stage.rows[:2] == ["main serve_forever", "main select"]

    play(scenario, feed=finished)


def test_a_call_whose_hook_around_is_filtered_out_is_not_inside_of_the_one_above(tmp_path, open_feed):
    recording = Recording()
    main = recording.process(100)
    main.enter("_handle_request_noblock")
    main.do("verify_request", truth=1)
    main.enter("process_request")
    main.enter("finish_request")
    main.fail("finish_request", "ValueError: no")
    main.fail("process_request", "ValueError: no")
    main.leave("_handle_request_noblock")
    main.flush()
    feed = open_feed(saved(recording, tmp_path), "made")

    async def scenario(stage):
        await stage.press("slash")
        await stage.type("verify_request | finish_request")
        assert [(row.hook, row.depth) for row in stage.view.rows] == [("verify_request", 1), ("finish_request", 2)]
        assert errors_in(stage.view.rows).handled == frozenset()

    play(scenario, feed=feed)


def test_what_is_called_inside_only_later_is_not_chosen(tmp_path, open_feed):
    recording = Recording()
    at(recording, 1)
    main = recording.process(100)
    main.enter("serve_forever", server=7)
    at(recording, 2)
    main.enter("select", "select")
    main.flush()
    feed = open_feed(saved(recording, tmp_path), "made")

    async def scenario(stage):
        await stage.press("left", "right_parenthesis")
        assert (stage.view.moment.t - START, stage.said) == (1 * S + MICROSECOND, "no call is inside this one")
        assert stage.view.described.hook == "serve_forever"

    play(scenario, feed=feed)


def test_a_run_that_ends_under_a_frozen_picture_has_ended(tmp_path, open_feed):
    recording = three_clients()
    path = saved(recording, tmp_path)
    clock = Clock(START + 7 * S)
    feed = open_feed(path, "made", True, clock, lambda pid, born: True)

    async def scenario(stage):
        await stage.press("space")
        path.write_bytes(ended(recording, 9).data)
        clock.t = START + 10 * S
        await stage.tick()
        await stage.press("h")
        assert stage.said == "this run has ended: nothing can be held"

    play(scenario, feed=feed, controls=Controls(gate=lambda command, **fields: None))


def test_what_is_asked_of_the_gate_in_the_past_is_seen_with_the_newest(tmp_path, open_feed):
    feed = open_feed(saved(three_clients(), tmp_path), "made", True, Clock(START + 7 * S), lambda pid, born: True)

    async def scenario(stage):
        await stage.press("left", "o")
        assert stage.said.endswith("(the picture is of the past: space shows what comes of it)")

    play(scenario, feed=feed, controls=Controls(gate=lambda command, **fields: None))


def test_the_small_panels_have_what_they_need_in_the_order_in_which_they_matter():
    """One that has no room for three lines is not there; the tab keeps at least two fifths."""
    assert heights(25, {"queue": 6, "children": 12, "connections": 8}) == {"queue": 6, "children": 9}
    assert heights(25, {"queue": 5, "threads": 5, "connections": 3}) == {"queue": 5, "threads": 5, "connections": 3}
    assert heights(12, {"queue": 6, "connections": 8}) == {}


def test_where_nobody_is_served_source_is_about_the_last_handle(open_feed):
    """Not about whatever happened last: that may be a client's step, or select."""
    view = open_feed(RECORDINGS / "forking.tracer").tick()
    assert view.wanted.chosen is None
    assert (view.described.hook, view.described.owner) == ("handle", "EchoHandler")
    assert view.described.connection == view.recent[-1].number
