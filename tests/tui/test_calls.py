"""The call tree: its marks, and that nothing moves under the eye."""

import pytest
from textual.events import MouseScrollDown, MouseScrollUp

from tests.tui.kit import film, press, shoot, tick
from tests.tui.scenes import FORKING, LOOP, MAIN, MS, NOW, US, S, context, queue, row, server, span, view
from tracer.tui.call_line import Look, call_line, columns_for, owner_words
from tracer.tui.controls import Controls
from tracer.tui.view import Errors, errors_in

NO_ERRORS = Errors()


def text_of(one, width=100, errors=NO_ERRORS, **look):
    columns = columns_for(width, {one.label}, {owner_words(one)}, 12)
    return "".join(segment.text for segment in call_line(one, NOW, columns, Look(**look), errors))


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (row("handle", 3, None, current=True), "▶ 0.8 s"),
        (row("finish_request", 2, None), "▸ 0.8 s"),
        (row("select", 1, 21 * S, folded=42), "select ×42  idle"),
        (row("select", 1, S // 2, folded=1), "select  idle"),
        (row("setup", 1, 41234), "41.2 µs"),
        (row("setup", 1, 612), "612 ns"),
        (row("setup", 1, 12_400 * MS), "12.4 s"),
        (row("setup", 1, 185 * S), "3:05 min"),
        (row("handle", 1, US, outcome="raised", payload="ZeroDivisionError: division by zero"), "✗ ZeroDivisionError: division by"),
        (row("handle", 1, US, outcome="raised"), "✗ an exception"),
        (row("handle", 1, US, outcome="killed", payload="SIGKILL", killed=True), "☓ SIGKILL"),
        (row("verify_request", 1, US, payload="False"), "⊘ False: refused"),
        (row("handle", 1, US, outcome="lost"), "end n/a (not recorded)"),
        (row("handle", 1, US, outcome="gone"), "end n/a (gone without a word)"),
        (row("handle", 1, S, outcome="exited"), "handle    never ended: its process exited"),
        (row("setup", 1, US, super_level=True, owner="BaseServer"), "↑ BaseServer"),
        (row("finish_request", 4, US, label="P4122", connection=7), "P4122"),
        (row("finish_request", 4, US, label="P4122", connection=7), "#7"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_mark(one, words):
    assert words in text_of(one, 120)


@pytest.mark.parametrize(
    ("one", "look", "words"),
    [
        (row("handle", 3, None, current=True, stopped="before"), {}, "handle ‖ held before it"),
        (row("handle", 3, None, current=True, stopped="before", held=800 * MS), {}, "it ‖ 0.8 s"),
        (row("get_request", 3, 41 * US, stopped="after", payload="127.0.0.1:53122"), {}, "get_request ‖ held after it 127.0.0.1:53122"),
        (row("setup", 1, 3210 * MS, held=3200 * MS), {}, "setup ‖ 3.20 s 3.21 s"),
        (row("setup", 1, 3210 * MS, held=3200 * MS), {"with_held": False}, "setup 10.0 ms"),
        (row("finish_request", 1, None, held=500 * MS), {"stuck": True}, "finish_request ‖ 0.5 s ▸ 0.8 s"),
        (row("finish_request", 1, None, held=500 * MS), {"with_held": False}, "finish_request ▸ 0.3 s"),
        (row("finish_request", 1, None, current=True), {}, "▶ 0.8 s"),
        (row("finish_request", 1, None, current=True), {"stuck": True}, "▸ 0.8 s"),
        (row("select", 1, 21 * S, folded=42, held=S), {}, "idle ‖ 1.00 s 21.0 s"),
        (row("select", 1, 21 * S, folded=42, held=S), {"with_held": False}, "idle 20.0 s"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_held_time(one, look, words):
    assert words in " ".join(text_of(one, 120, **look).split())


def test_where_it_is_held_says_more_than_for_how_long_it_was():
    one = row("finish_request", 6, 5 * S, held=5 * S, stopped="after")
    assert "finish_request  ‖ held after it " in text_of(one, 53)
    assert "‖ 5.00 s" not in text_of(one, 53)
    assert "‖ 5.00 s" in text_of(one, 80)


def test_a_handled_error_has_its_own_mark():
    one = row("process_request", 1, US, outcome="raised", payload="E")
    assert "✗→ E" in text_of(one, errors=Errors(handled=frozenset({(MAIN, one.span)})))


def test_an_error_that_passes_through_is_told_once():
    rows = (
        row("_handle_request_noblock", 1),
        row("process_request", 2, outcome="raised", payload="ValueError: x"),
        row("handle", 3, outcome="raised", payload="ValueError: x"),
    )
    lines = [text_of(one, errors=errors_in(rows)) for one in rows[1:]]
    assert "✗→ caught" in lines[0]
    assert "✗ ValueError: x" in lines[1]


def test_exit_does_not_return_by_its_nature():
    assert text_of(row("_exit", 1, S, outcome="exited", payload="exit 0", owner="os")).split() == ["main", "_exit", "exit", "0", "os"]


def test_what_is_lost_has_no_duration():
    assert "n/a" in text_of(row("handle", 1, US, outcome="lost"))
    assert "µs" not in text_of(row("handle", 1, US, outcome="lost"))


def test_the_exception_went_as_far_as_the_span_that_returned():
    rows = (
        row("_handle_request_noblock", 1),
        row("process_request", 2, outcome="raised"),
        row("finish_request", 3, outcome="raised"),
        row("handle_error", 2),
    )
    assert errors_in(rows).handled == {(MAIN, rows[1].span)}


def test_while_the_span_around_is_open_nobody_knows():
    rows = (row("process_request_thread", 1, None), row("finish_request", 2, outcome="raised"))
    assert errors_in(rows) == Errors()


@pytest.mark.parametrize("width", range(30, 140, 7))
def test_a_line_is_exactly_as_wide_as_its_panel_or_narrower(width):
    one = row("handle", 9, payload="x" * 90, owner="AVeryLongNameOfAClassThatSomebodyWrote", connection=123)
    assert len(text_of(one, width)) <= max(width, 40)


def test_what_lasts_for_minutes_moves_no_other_column():
    short, long = (text_of(row("handle", 1, took, payload="x" * 90, connection=7)) for took in (S, 185 * S))
    assert "… #7   1.00 s" in short.replace("    ", "   ")
    assert "3:05 min BaseServer" in long
    assert short.index("BaseServer") == long.index("BaseServer")


def test_the_owner_has_no_more_room_than_owners_need():
    short = text_of(row("verify_request", 2, US, payload="False", owner="No", connection=1), 71)
    assert "⊘ False: refused" in short
    assert "StreamRequestHandler" in text_of(row("setup", 5, US, owner="StreamRequestHandler"), 134)


def test_hostile_text_is_shown_and_not_obeyed():
    evil = "\x1b[31mred [bold]b[/bold] \u202e [link=http://x]"
    rows = (row("get_request", 1, payload=evil, owner=evil), row(evil, 1, outcome="raised", payload=evil))
    found = "\n".join(shoot(view(server(*FORKING, class_name=evil, address=evil), rows=rows, title=evil), size=(200, 60)))
    assert "\x1b" not in found
    assert "\u202e" not in found
    assert "\\x1b[31mred [bold]b[/bold] \\u202e" in found


def test_a_wide_text_moves_no_column():
    lines = [text_of(row("handle", 1, payload=payload), 120) for payload in ("plain", "中文" * 40)]
    assert lines[1].index("µs") + 1 <= lines[0].index("µs"), "wide characters take two cells each"
    assert "…" in lines[1]


# ---- following


def many(first, last, **fields):
    """A view of rows whose payloads are their numbers."""
    rows = tuple(row("service_actions", 1, span=number, payload=f"n{number}") for number in range(first, last))
    loop = context(MAIN, "main", LOOP, span("select", S))
    return view(server(*FORKING, queue=queue()), (loop,), rows=rows, **fields)


def numbers(found):
    return [int(word[1:]) for line in found for word in line.split() if word.startswith("n") and word[1:].isdigit()]


def test_the_newest_are_followed():
    assert [numbers(found)[-1] for found in film(many(0, 200), many(0, 230), steps=(tick,))] == [199, 229]


@pytest.mark.parametrize("keys", [("up", "up", "up"), ("pageup",)])
def test_scrolled_up_nothing_that_arrives_moves_what_is_seen_until_end_follows_again(keys):
    views = many(0, 200), many(0, 230), many(20, 260), many(20, 270)
    _, before, *after, end, later = film(*views, steps=(press(*keys), tick, tick, press("end"), tick))
    assert [numbers(found) for found in after] == [numbers(before)] * 2
    assert all("press End to follow" in found[3] for found in after)
    assert [numbers(found)[-1] for found in (end, later)] == [259, 269]
    assert "press End" not in later[3]


def test_what_left_the_window_stays_until_end_and_says_how_old_it_is():
    later = many(500, 800, now=NOW + 5 * S)
    _, before, after = film(many(0, 200), later, steps=(press("pageup", "pageup"), tick))
    assert numbers(after) == numbers(before)
    assert "as of 5 s ago; press End to follow" in after[3]


def test_the_mouse_wheel_leaves_the_tail():
    async def wheel(pilot):
        calls = pilot.app.picture.query_one("#calls")
        calls.post_message(MouseScrollUp(calls, 5, 5, 0, -1, 0, False, False, False))

    _, before, after = film(many(0, 200), many(0, 230), steps=(wheel, tick))
    assert numbers(before)[-1] < 199
    assert numbers(after) == numbers(before)


def test_above_the_oldest_it_says_where_the_rest_is():
    found = [film(many(0, 200, more=more), steps=(press("home"),))[-1][4] for more in (True, False)]
    assert [line[1:27].rstrip() for line in found] == ["… earlier calls", "the recording begins here"]


def test_below_the_newest_of_these_it_says_that_there_are_later_ones():
    """There it does not follow: what is new comes elsewhere."""
    found = film(many(0, 200, below=True), many(0, 230, below=True), steps=(press("up", "down", "down"), tick))
    assert found[1][26].startswith("║… later calls  ")
    assert numbers(found[2]) == [*numbers(found[1]), 200]


# ---- the cursor


class Watched:
    """Where the cursor was, each time that `note` was a step: the row's words, and what is reversed at the begin of the lines."""

    def __init__(self):
        self.rows, self.labels = [], []

    async def note(self, pilot):
        calls = pilot.app.picture.calls
        firsts = [next(iter(strip), None) for strip in calls._strips]
        self.rows.append(calls.cursor.payload)
        self.labels.append([first.text for first in firsts if first is not None and first.style and first.style.reverse])


def cursor(*views, steps, **more):
    """The rows the cursor was on, noted after each step."""
    watched = Watched()
    noted = [each for step in steps for each in (step, watched.note)]
    shoot(*views, steps=(watched.note, *noted), **more)
    return watched


def test_the_cursor_follows_the_newest_row_and_is_marked_without_colour():
    watched = cursor(many(0, 200), many(0, 230), steps=(tick,))
    assert watched.rows == ["n199", "n229"]
    assert watched.labels == [["main"], ["main"]], "the label stands there though the row above is of the same context"


def test_keys_move_the_cursor():
    """Where each of them takes it, one after the other."""
    places = (
        ("up", "n198"), ("up", "n197"), ("down", "n198"), ("pagedown", "n199"), ("pageup", "n177"), ("pageup", "n155"),
        ("pagedown", "n177"), ("home", "n0"), ("up", "n0"), ("down", "n1"), ("end", "n199"),
    )  # fmt: skip
    watched = cursor(many(0, 200), steps=tuple(press(key) for key, _ in places))
    assert watched.rows == ["n199", *(row for _, row in places)]
    assert watched.labels == [["main"]] * 12, "it is in sight"


def test_the_cursor_stays_on_its_call_until_end():
    """Also where it was moved back onto the newest row; below that it follows again."""
    steps = (press("up", "down"), tick, tick, press("end"))
    assert cursor(many(0, 200), many(0, 230), many(20, 260), steps=steps).rows == ["n199", "n199", "n199", "n199", "n259"]
    steps = (press("up", "down", "down"), tick)
    assert cursor(many(0, 200), many(0, 230), steps=steps).rows == ["n199", "n199", "n229"]


def test_a_turn_that_is_folded_takes_the_cursor_along():
    """The turn that was open belongs to the idle row now."""
    before = (row("serve_forever", 0, None, span=0), row("select", 1, S, span=1, folded=3), row("select", 1, None, span=7))
    after = (before[0], row("select", 1, 2 * S, span=1, folded=4, payload="folded"), row("select", 1, None, span=9))
    shown = [view(server(*FORKING), (context(MAIN, "main", LOOP),), rows=rows) for rows in (before, after)]
    assert cursor(*shown, steps=(press("up", "down"), tick)).rows == ["", "", "folded"]


def test_a_click_moves_the_cursor():
    async def click(pilot):
        await pilot.click("#calls", offset=(20, 5))

    watched = cursor(many(0, 200), many(0, 230), steps=(click, tick))
    assert watched.rows[1:] == ["n181", "n181"]


def test_the_wheel_takes_the_cursor_along():
    def wheel(event, times):
        async def step(pilot):
            calls = pilot.app.picture.calls
            for _ in range(times):
                calls.post_message(event(calls, 5, 5, 0, 0, 0, False, False, False))

        return step

    watched = cursor(many(0, 200), many(0, 230), steps=(wheel(MouseScrollUp, 3), press("up"), wheel(MouseScrollDown, 9), tick))
    newest, dragged, up, back, followed = (int(words[1:]) for words in watched.rows)
    assert newest == 199
    assert dragged < newest
    assert up == dragged - 1
    assert (back, followed) == (199, 229), "scrolled down to the bottom, it follows again"


def test_a_line_that_opens_and_closes_leaves_the_cursor_where_it_was():
    steps = (press("up"), press("h"), press("escape"), tick)
    watched = cursor(many(0, 200), many(0, 230), steps=steps, controls=Controls(gate=lambda command, **fields: None))
    assert watched.rows == ["n199", "n198", "n198", "n198", "n198"]
    assert watched.labels[-1] == ["main"]


def test_w_shows_times_with_or_without_held_time():
    rows = (row("serve_forever", 0, None, begin=0, held=S), row("setup", 1, 3210 * MS, held=3200 * MS))
    shown = view(server(*FORKING), (context(MAIN, "main", LOOP),), rows=rows)
    before, found = film(shown, steps=(press("w"),))
    assert any(" Calls ─ times with ‖ held (w) " in line for line in before)
    assert any("‖ 3.20 s   3.21 s" in line for line in before)
    assert any(" Calls ─ times without ‖ held (w) " in line for line in found)
    assert any("  10.0 ms" in line for line in found)
    assert not any("‖ 3.20 s" in line for line in found)
    assert found[-2] == " ☞ times without held time"
    found = shoot(many(0, 3), steps=(press("w"),))
    assert not any("(w)" in line for line in found)
    assert found[-2] == " ☞ nobody was held in these calls: their times are as they were"
