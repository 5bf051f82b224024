"""Moving in time: what each key shows, that the whole screen shows it, and that nothing moves because something has come."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.timeline.conftest import START
from tests.tui.kit import Clock, play, press
from tests.tui.made import S, at, ended, request, saved, serve, three_clients
from tracer.probe.frames import fact
from tracer.timeline.navigate import next_event


@pytest.fixture
def finished(tmp_path, open_feed):
    """A recording that ended at 9 s."""
    return open_feed(saved(ended(three_clients(), 9), tmp_path), "made")


def pressed(feed, *expected):
    """Press keys one after the other, and look where each of them goes: (key, place) or (key, place, what is said)."""

    async def scenario(stage):
        found = []
        for key, *_ in expected:
            await stage.press(key)
            found.append((key, stage.place, stage.said))
        assert found == [(key, place, *(said or ("",))) for key, place, *said in expected]

    play(scenario, feed=feed)


def test_events_and_seconds(finished):
    pressed(
        finished,
        ("left", "00:06.200 T3 handle #3"),
        ("left", "00:06.100 T3 finish_request #3"),  # the times differ by a microsecond
        ("left", "00:06.100 T3 process_request_thread #3"),
        ("right", "00:06.100 T3 finish_request #3"),
        ("comma", "00:05.100 T2 Thread.run #2"),  # its end
        ("full_stop", "00:06.100 T3 finish_request #3"),
        ("less_than_sign", "00:00.000 nothing"),
        ("left", "00:00.000 nothing", "no event before this"),
        ("right", "00:00.100 nothing"),  # main begins
        ("right", "00:00.300 main serve_forever"),
        ("greater_than_sign", "00:09.000 main select"),
        ("full_stop", "00:09.000 main select", "this is the newest"),
        ("right", "00:09.000 main select", "no event after this"),
    )


def test_connections_errors_and_calls_of_the_same_hook(finished):
    pressed(
        finished,
        ("right_square_bracket", "00:09.000 main select", "no connection was accepted after this"),
        ("left_square_bracket", "00:06.000 main get_request #3"),
        ("left_square_bracket", "00:04.000 main get_request #2"),
        ("right_square_bracket", "00:06.000 main get_request #3"),
        ("E", "00:04.500 T2 handle #2"),
        ("E", "00:04.500 T2 handle #2", "no exception before this"),
        ("e", "00:04.500 T2 handle #2", "no exception after this"),
        ("J", "00:02.200 T1 handle #1"),
        ("e", "00:04.500 T2 handle #2"),
        ("j", "00:06.200 T3 handle #3"),
        ("j", "00:06.200 T3 handle #3", "no later call of this hook"),
    )


def test_events_of_the_same_context_steps_and_calls_around_and_inside(finished):
    pressed(
        finished,
        ("E", "00:04.500 T2 handle #2"),
        ("left_curly_bracket", "00:04.200 T2 handle #2"),
        ("left_curly_bracket", "00:04.100 T2 finish_request #2"),
        ("right_curly_bracket", "00:04.200 T2 handle #2"),
        ("left_parenthesis", "00:04.200 T2 finish_request #2"),
        ("left_parenthesis", "00:04.200 T2 process_request_thread #2"),
        ("right_parenthesis", "00:04.200 T2 finish_request #2"),
        ("n", "00:04.500 T2 handle #2"),  # the next event that is not inside what was entered last
        ("s", "00:04.500 T2 finish_request #2"),  # and the one after that
        ("u", "00:04.500 T2 process_request_thread #2"),  # to the end of the call around
        ("u", "00:04.500 T2 Thread.run #2"),
        ("u", "00:04.500 T2 Thread.run #2", "its context does nothing more"),
        ("left_parenthesis", "00:04.500 main Thread.start #2"),  # it was born there
        ("right_parenthesis", "00:04.500 T2 Thread.run #2"),
    )


def test_enter_shows_the_begin_of_the_chosen_call_and_then_its_end(finished):
    pressed(
        finished,
        ("E", "00:04.500 T2 handle #2"),
        ("left_parenthesis", "00:04.500 T2 finish_request #2"),
        ("enter", "00:04.100 T2 finish_request #2"),
        ("enter", "00:04.500 T2 finish_request #2"),
        ("enter", "00:04.100 T2 finish_request #2"),
    )


def test_what_is_open_has_no_end(tmp_path, open_feed):
    feed = open_feed(saved(three_clients(), tmp_path), follow=True, clock=Clock(START + 8 * S))
    pressed(
        feed,
        ("enter", "00:06.010 main select"),
        ("enter", "00:06.010 main select", "it has not ended, as far as is recorded"),
    )


def test_the_whole_screen_shows_that_moment(finished):
    async def scenario(stage):
        await stage.press("E", "left_curly_bracket")
        found = stage.lines
        assert "◀ REPLAY 00:04.200 " in found[0]
        assert " 2 connections " in found[0]
        assert "thread T2 #2  process_request_thread ▸ finish_request ▸ –setup ▸ ▶handle" in found[2]
        text = "\n".join(found)
        assert "Connections ─ 1 open of 2" in text
        assert "#2    :50002 T2      ▶ handle         0.0 s" in text
        assert "Timeline ─ 00:00.000 to 00:09.000 ─ at 00:04.200" in text
        assert "#3 " not in text
        assert "ZeroDivisionError" not in text
        assert stage.view.described.hook == "handle"
        assert [context.label for context in stage.view.moment.contexts] == ["main", "T2"]
        assert stage.rows[-1] == "main select"

    play(scenario, feed=finished)


def test_every_event_of_a_real_run_can_be_gone_to(open_feed):
    """There the picture is of that time, stands at that call, and knows nothing of what comes."""
    feed = open_feed(Path(__file__).parents[2] / "screenshots" / "forking.tracer")
    last = feed.tick()
    places, t = [], -1
    while (place := next_event(feed.timeline, t)) is not None:
        places.append(place)
        t = place.t
    assert len(places) > 180
    for place in reversed(places):
        feed.go(place)
        view = feed.tick()
        assert (view.mode, view.moment.t, view.now) == ("replay", place.t, place.t)
        assert all(row.begin <= place.t and (row.end is None or row.end <= place.t) for row in view.rows)
        assert all(one.accepted <= place.t for one in view.recent)
        assert view.server is None or view.server.queue is None or view.server.queue.end <= place.t
        if place.span >= 0:
            row = view.rows[view.at]
            assert (row.context, row.span) == (place.context, place.span) or (row.folded and row.span < place.span)
            assert (view.described.context, view.described.span, view.described.t) == (place.context, place.span, place.t)
    feed.newest()
    assert feed.tick() == replace(last, wanted=feed.wanted)


# ---- live, frozen, back


@pytest.fixture
def growing(tmp_path, open_feed):
    """A recording that goes on, and its clock; it is 8 s old."""
    clock, recording = Clock(START + 8 * S), three_clients()
    path = saved(recording, tmp_path)
    return open_feed(path, "made", follow=True, clock=clock), clock, recording, path


def goes_on(recording, path):
    """A fourth client comes at 9 s."""
    serve(recording, request(recording, recording.hands[0], 4, 9), 4, 9.2, 9.5)
    saved(recording, path.parent)


def mode(stage):
    """The mode, as the header says it."""
    return stage.lines[0].partition("127.0.0.1:8000")[2].strip().partition("   ")[0]


@pytest.mark.parametrize(
    ("key", "modes", "place"),
    [
        ("space", ("■ FROZEN 0.0 s behind", "■ FROZEN 3.0 s behind"), "00:08.000 main select"),
        ("left", ("◀ REPLAY 00:06.200, 1.8 s behind", "◀ REPLAY 00:06.200, 4.8 s behind"), "00:06.200 T3 handle #3"),
    ],
    ids=["frozen", "sought"],
)
def test_recording_goes_on_and_nothing_that_is_seen_moves(key, modes, place, growing):
    feed, clock, recording, path = growing

    async def scenario(stage):
        await stage.tick()
        assert mode(stage) == "● LIVE"
        await stage.press(key)
        before = stage.lines
        assert (mode(stage), stage.place) == (modes[0], place)
        goes_on(recording, path)
        clock.t += 3 * S
        await stage.tick()
        assert (mode(stage), stage.place) == (modes[1], place)
        # Where Timeline ends nobody has chosen; the rest is the same, line for line.
        assert stage.lines[1:27] == before[1:27]
        await stage.press("down", "up")
        assert stage.view.moment.counts.connections == 4, "it was read"
        assert not any("#4" in line for line in stage.lines[1:])
        await stage.press("space")
        assert (mode(stage), stage.place) == ("● LIVE", "00:11.000 main select")
        assert any("#4" in line for line in stage.lines[1:])

    play(scenario, feed=feed)


def test_live_a_second_on_is_no_other_time(growing):
    async def scenario(stage):
        await stage.press("full_stop")
        assert (mode(stage), stage.said) == ("● LIVE", "this is the newest")
        await stage.press("left", "greater_than_sign")
        assert mode(stage) == "● LIVE"

    play(scenario, feed=growing[0])


def test_steps_move_a_frozen_picture_in_which_nobody_is_held(growing):
    asked = []

    async def scenario(stage):
        stage.app.controls.gate = lambda do, **fields: asked.append(do)
        await stage.press("space", "s")
        assert (mode(stage), stage.said, asked) == ("■ FROZEN 0.0 s behind", "its context does nothing more", [])
        await stage.press("J", "s")
        assert (stage.place, asked) == ("00:06.000 main select", [])

    play(scenario, feed=growing[0])


# ---- playing


def test_a_finished_recording_plays_as_it_was(finished):
    clock = finished._clock = Clock(0)
    seen = []

    async def scenario(stage):
        async def later(seconds):
            clock.t += round(seconds * S)
            await stage.tick()
            seen.append(f"{mode(stage)} · {stage.place.partition(' ')[2]}")

        await stage.press("space")
        await later(0.25)
        await later(4)
        await stage.press("space")
        await later(1)
        assert stage.lines[-1].startswith(" space play   ← → time")
        await stage.press("space")
        assert stage.lines[-1].startswith(" space stop   ← → time")
        await later(1)
        await stage.press("left")
        await later(1)
        await stage.press("space")
        await later(7)

    play(scenario, feed=finished)
    assert seen == [
        "◀ REPLAY 00:00.250, playing · nothing",
        "◀ REPLAY 00:04.250, playing · main select",
        "◀ REPLAY 00:04.250 · main select",
        "◀ REPLAY 00:05.250, playing · main select",
        "◀ REPLAY 00:04.500 · T2 Thread.run #2",
        "◀ REPLAY 00:09.000 · main select",
    ]


# ---- going to a time, a connection, a match


def go(*expected):
    """Scenario: what is typed behind G, and where that is: (text, place, what is said, what is remarked below the line)."""

    async def scenario(stage):
        for text, place, *said in expected:
            await stage.press("G")
            await stage.type(text)
            await stage.press("enter")
            remark = stage.app.picture.query_one("#remark")
            wrong = str(remark.error or "")
            assert (text, stage.place, stage.said, wrong) == (text, place, *said, *[""] * (2 - len(said)))
            assert (stage.app.picture.entry.purpose is None) is not wrong
            if wrong:
                await stage.press("escape")

    return scenario


def test_g_goes_to_a_time_a_connection_or_a_match(finished):
    scenario = go(
        ("00:04.3", "00:04.300 T2 handle #2"),
        ("2.5", "00:02.500 T1 handle #1"),
        ("9.0004", "00:09.000 main select"),
        ("#2", "00:04.000 main get_request #2"),
        ("#9", "00:04.000 main get_request #2", "there is no connection #9"),
        ("handle & #3", "00:06.200 T3 handle #3", "1 match handle & #3"),
        ("finish", "00:06.200 T3 handle #3", "no later call matches finish"),
        ("1:00", "00:06.200 T3 handle #3", "no later call matches finish", "the recording ends at 00:09.000: type an earlier time"),
        ("hanle", "00:06.200 T3 handle #3", "no later call matches finish", "there is no hook 'hanle'; did you mean handle?"),
        (
            "",
            "00:06.200 T3 handle #3",
            "no later call matches finish",
            "a hook or a key should stand here, such as handle or peer:53122",
        ),
    )
    play(scenario, feed=finished)


def test_what_is_wrong_stands_under_its_character(finished):
    async def scenario(stage):
        await stage.press("G")
        await stage.type("handle & hanle")
        await stage.press("enter")
        assert stage.lines[-3:-1] == [" go to: handle & hanle", "                 ^ there is no hook 'hanle'; did you mean handle?"]
        await stage.press("escape")
        assert stage.lines[-1].startswith(" space play")

    play(scenario, feed=finished)


# ---- marks


def test_marks_have_a_note_are_kept_and_can_be_gone_to(finished, tmp_path, open_feed):
    async def scenario(stage):
        await stage.press("E", "M")
        assert stage.lines[-2:] == [" note:", " Enter set the mark   Esc close"]
        await stage.type("it fails")
        await stage.press("enter")
        assert stage.said == "marked 00:04.500: \" and ' go from mark to mark"
        assert any("◆" in line for line in stage.lines), "Timeline shows it"
        await stage.press("left_square_bracket", "M", "enter")
        assert stage.said.startswith("marked 00:04.000: ")
        found = []
        for key in ("apostrophe", "apostrophe", "quotation_mark", "quotation_mark"):
            await stage.press(key)
            found.append((stage.place, stage.said))
        assert found == [
            ("00:04.500 T2 handle #2", "mark at 00:04.500: it fails"),
            ("00:04.500 T2 handle #2", "no mark after this: M sets one"),
            ("00:04.000 main get_request #2", "mark at 00:04.000"),
            ("00:04.000 main get_request #2", "no mark before this: M sets one"),
        ]

    play(scenario, feed=finished)
    kept = json.loads((tmp_path / "made.tracer.marks").read_text())["marks"]
    assert [note for _, note in kept] == ["", "it fails"]
    assert [mark.note for mark in open_feed(tmp_path / "made.tracer").tick().bookmarks] == ["", "it fails"]


@pytest.mark.parametrize("size", [(80, 24), (40, 12)], ids=str)
def test_a_note_brings_no_panel_that_is_not_there(size, finished):
    async def scenario(stage):
        await stage.press("M")
        assert not any("Output" in line for line in stage.lines)
        await stage.press("escape", "p")
        assert any("Connections" in line for line in stage.lines), "the one behind Threads"

    play(scenario, feed=finished, size=size)


# ---- mouse


def test_a_click_on_timeline_and_one_on_a_connection(finished):
    async def scenario(stage):
        await stage.tick()  # it has its width now
        lanes = stage.view.lanes
        column = lanes.column(START + 3 * S - 1)
        await stage.pilot.click("#timeline", offset=(1 + 7 + column, 2))
        await stage.do(press())
        assert stage.view.moment.t == lanes.edge(column + 1) - 1
        assert stage.place == "00:02.999 T1 handle #1"
        line = next(number for number, line in enumerate(stage.lines) if "#1    :50001" in line)
        panel = stage.app.picture.side.panel("connections")
        await stage.pilot.click("#connections", offset=(4, line - panel.region.y))
        await stage.do(press())
        assert stage.place == "00:02.000 main get_request #1"
        assert any("#1    :50001 main    accepted " in line for line in stage.lines)

    play(scenario, feed=finished)


def test_plus_and_minus_zoom_timeline_around_the_moment(finished):
    async def scenario(stage):
        await stage.press("E", "T", "plus", "plus")
        lanes = stage.view.lanes
        assert (lanes.begin <= stage.view.moment.t < lanes.end, lanes.end - lanes.begin) == (True, S)
        await stage.press("minus")
        assert stage.view.lanes.end - stage.view.lanes.begin == 2 * S
        assert any("Timeline ─ 00:04.000 to 00:06.000 ─ at 00:04.500" in line for line in stage.lines)

    play(scenario, feed=finished)


# ---- the output of another time


def test_output_is_that_of_the_moment(tmp_path, open_feed):
    path = saved(ended(three_clients(), 9), tmp_path)
    with path.open("ab") as file:
        for second in (1, 3, 5):
            file.write(fact(0, type="output", t=START + second * S, text=f"at {second} s\r\n"))

    async def scenario(stage):
        def output():
            panel = stage.app.picture.output
            return ["".join(segment.text for segment in strip).rstrip() for strip in panel._strips]

        await stage.press("8")
        found = [output()]
        for key in ("E", "left_square_bracket", "less_than_sign", "greater_than_sign"):
            await stage.press(key)
            found.append(output())
        everything = ["at 1 s", "at 3 s", "at 5 s"]
        assert [[line for line in lines if line] for lines in found] == [
            everything, everything[:2], everything[:2], ["nothing written yet"], everything,
        ]  # fmt: skip

    play(scenario, feed=open_feed(path))


def test_the_clock_of_the_next_event_is_where_it_says():
    recording = three_clients()
    at(recording, 7.5)
    assert recording.tick() == START + round(7.5 * S)
