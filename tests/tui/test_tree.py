"""Calls as a part of a large tree: filter and find, folding, and that the cursor goes through all of it."""

import pytest

from tests.timeline.conftest import START, Recording
from tests.tui.kit import Clock, play, press, typed
from tests.tui.made import S, at, ended, saved, three_clients
from tracer.tui import feed as feeds


@pytest.fixture
def finished(tmp_path, open_feed):
    """A recording that ended at 9 s."""
    return open_feed(saved(ended(three_clients(), 9), tmp_path), "made")


# ---- filter


def test_while_a_filter_is_typed_only_matching_calls_are_seen(finished):
    async def scenario(stage):
        everything = stage.rows
        await stage.press("slash")
        assert stage.lines[-3:] == [
            " show only:",
            "  handle · #7 · raised · duration>5ms · context:T2 & !select · peer:53122",
            " Enter keep it   Esc show all",
        ]
        await stage.do(typed("handle"))
        assert stage.rows == ["T1 handle", "T2 handle", "T3 handle"]
        assert "╔" not in stage.lines[3], "the line has the keys"
        assert " Calls ─ 3 calls match handle " in stage.lines[3]
        await stage.do(typed(" & #2"))
        assert stage.rows == ["T2 handle"]
        assert " Calls ─ 1 call matches handle & #2 " in stage.lines[3]
        await stage.type("handle & hanle")
        assert stage.rows == ["T2 handle"], "what was meant last"
        assert stage.lines[-2] == "                     ^ there is no hook 'hanle'; did you mean handle?"
        await stage.press("enter")
        assert stage.app.picture.entry.purpose == "filter", "it stays, to be mended"
        await stage.type("raised")
        await stage.press("enter")
        assert stage.rows == ["T2 finish_request", "T2 handle"]
        assert (stage.app.picture.entry.purpose, stage.lines[-1][:12]) == (None, " space play ")
        await stage.press("slash")
        assert stage.lines[-3] == " show only: raised"
        await stage.press("escape")
        assert stage.rows == everything
        assert " Calls ═" in stage.lines[3]

    play(scenario, feed=finished)


def test_escape_brings_all_calls_back_and_so_does_an_empty_filter(finished):
    async def scenario(stage):
        everything = stage.rows
        for keys in (("escape",), ("slash", *["backspace"] * 6, "enter")):
            await stage.press("slash")
            await stage.do(typed("handle"), press("enter"))
            assert stage.rows == ["T1 handle", "T2 handle", "T3 handle"]
            await stage.press(*keys)
            assert stage.rows == everything

    play(scenario, feed=finished)


def test_a_filter_is_of_the_moment_and_keys_go_through_what_matches(finished):
    async def scenario(stage):
        await stage.press("slash")
        await stage.do(typed("handle"), press("enter", "home"))
        assert stage.place == "00:09.000 T1 handle #1"
        await stage.press("down", "enter")
        assert (stage.place, stage.rows) == ("00:04.200 T2 handle #2", ["T1 handle", "T2 handle"])
        await stage.press("enter")
        assert stage.place == "00:04.500 T2 handle #2"

    play(scenario, feed=finished)


def test_what_is_found_last_is_seen(finished, monkeypatch):
    """While a long recording is looked at the frame says how far; then it does not."""
    monkeypatch.setattr(feeds, "SCANNING", 0)
    monkeypatch.setattr("tracer.timeline.matches._LOOKS", 1)
    titles = []

    async def scenario(stage):
        await stage.press("slash")
        await stage.type("handle")
        for _ in range(100):
            titles.append(stage.lines[3].strip("╭╮╔╗═─ ").partition("─╮")[0].partition("═╗")[0].strip("─ "))
            if "looked at" not in titles[-1]:
                break
            stage.app.tick()
        assert stage.rows == ["T1 handle", "T2 handle", "T3 handle"]

    play(scenario, feed=finished)
    assert len(titles) > 3
    assert titles[0].startswith("Calls ─ 0 calls match handle, ")
    assert titles[-1] == "Calls ─ 3 calls match handle"


# ---- find


def test_find_goes_from_match_to_match(finished):
    async def scenario(stage):
        await stage.press("less_than_sign", "F")
        await stage.do(typed("handle"), press("enter"))
        found = [(stage.place, stage.said)]
        for key in ("enter", "down", "down", "up", "up", "up"):
            await stage.press(key)
            found.append((stage.place, stage.said))
        first, second, third = "00:02.200 T1 handle #1", "00:04.200 T2 handle #2", "00:06.200 T3 handle #3"
        assert found == [
            (first, "3 match handle"), (second, "3 match handle"), (third, "3 match handle"),
            (third, "no later call matches handle"), (second, "3 match handle"), (first, "3 match handle"),
            (first, "no earlier call matches handle"),
        ]  # fmt: skip
        assert stage.rows[-1] == "main select", "all calls are seen"
        assert stage.lines[-1] == " Enter Down next match   Up previous match   Esc close"
        await stage.press("escape")
        assert stage.place == first

    play(scenario, feed=finished)


# ---- folding


def test_minus_folds_away_what_is_inside_and_plus_shows_it_again(finished):
    async def scenario(stage):
        await stage.press("E")
        before = stage.rows
        await stage.press("minus")
        assert stage.said == "nothing is inside this handle"
        await stage.press(*["left_parenthesis"] * 4)
        assert stage.place == "00:04.500 main Thread.start #2"
        await stage.press("minus")
        assert stage.place == "00:04.500 main Thread.start #2"
        assert not any(row.startswith("T2") for row in stage.rows)
        assert any("[+] Thread.start  → T2" in line for line in stage.lines)
        await stage.press("down", "up")
        assert stage.place == "00:04.500 main Thread.start #2", "nothing is between"
        await stage.press("plus")
        assert [row for row in stage.rows if row.startswith("T2")] == [row for row in before if row.startswith("T2")]
        assert not any("[+]" in line for line in stage.lines)

    play(scenario, feed=finished)


def test_where_control_is_in_what_is_folded_away_the_call_around_is_chosen(finished):
    async def scenario(stage):
        await stage.press("left_square_bracket", *["left_parenthesis"] * 1, "minus")
        assert stage.place == "00:06.000 main _handle_request_noblock #3"
        await stage.press("right")
        assert stage.place == "00:06.000 main _handle_request_noblock #3", "verify_request is inside"

    play(scenario, feed=finished)


# ---- more rows than a window has


TURNS = 700


@pytest.fixture
def long(tmp_path, open_feed):
    """1,400 finished calls in serve_forever, two each millisecond from 1 s on; then select. It goes on."""
    recording = Recording()
    at(recording, 0.1)
    main = recording.process(100)
    recording.server(main)
    main.enter("serve_forever", server=7)
    for turn in range(TURNS):
        at(recording, 1 + turn / 1000)
        main.do("service_actions")
        main.do("verify_request", truth=turn % 2)
    main.enter("select", "select")
    main.flush()
    clock = Clock(START + 8 * S)
    path = saved(recording, tmp_path)
    return open_feed(path, follow=True, clock=clock), clock, recording, main, path


def number(stage):
    """Which of the calls in serve_forever the cursor is on."""
    return stage.calls.cursor.span


def top(stage):
    """Which of them is on top."""
    rows, y = stage.calls._rows, round(stage.calls.scroll_y)
    return rows[max(0, y - 1)].span


def test_the_cursor_goes_through_all_rows_and_the_window_with_it(long):
    feed = long[0]

    async def scenario(stage):
        newest = 2 * TURNS + 1
        height = stage.calls.size.height
        assert number(stage) == newest
        assert len(stage.calls._rows) < 300, "it is a window"
        seen = [number(stage)]
        while seen[-1] > 0:
            await stage.press("pageup")
            seen.append(number(stage))
            assert top(stage) <= seen[-1] <= top(stage) + height
        page = height - 1
        assert seen[1:-1] == [newest - page * step for step in range(1, len(seen) - 1)], "a page each, no row left out"
        assert "the recording begins here" in stage.lines[3]
        await stage.press("down", "down", "up")
        assert number(stage) == 1
        await stage.press("end")
        assert number(stage) == newest
        await stage.press("home")
        assert (number(stage), stage.place) == (0, "00:08.000 main serve_forever")
        await stage.press("pagedown", "pagedown")
        assert number(stage) == 2 * page

    play(scenario, feed=feed)


def test_the_row_on_top_stays_under_the_eye_when_something_comes_and_when_the_window_moves(long):
    feed, clock, recording, main, path = long

    async def scenario(stage):
        await stage.press(*["pageup"] * 9)
        before, tops = stage.lines, top(stage)
        for turn in range(200):
            at(recording, 9 + turn / 1000)
            main.do("service_actions")
        main.flush()
        saved(recording, path.parent)
        clock.t += 3 * S
        await stage.tick()
        assert top(stage) == tops
        assert [line[:75] for line in stage.lines[3:27]] == [line[:75] for line in before[3:27]]
        await stage.press("up")
        assert (top(stage), number(stage)) == (tops - 1, tops - 1)
        await stage.press("end")
        assert number(stage) == 2 * TURNS + 1 + 200

    play(scenario, feed=feed)
