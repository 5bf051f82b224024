"""Who is held, where, and for how long: the gate's facts as moments and rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tracer.timeline.at import at
from tracer.timeline.moment import Held, Hold

MICROSECOND = 1_000


def in_handle(recording: Any) -> Any:
    """A synchronous server whose handle has been entered for the connection from 127.0.0.1:50001."""
    main = recording.process(100)
    recording.server(main)
    main.enter("serve_forever", server=7)
    main.enter("select", "select")
    main.leave("select", "select", ready=1)
    main.enter("_handle_request_noblock")
    main.do("get_request", descriptor=5, peer="127.0.0.1:50001")
    main.enter("handle", "Handler")
    main.flush()
    return main


def held_rows(timeline: Any, tools: Any, until: int | None = None) -> list[tuple[str, int, str]]:
    return [(row.hook, row.held, row.stopped) for row in tools.rows(timeline, until) if row.held or row.stopped]


def test_holds_are_set_until_they_are_removed(new: Any) -> None:
    recording = new()
    recording.hold(1, "before handle")
    first = recording.now
    recording.hold(2, "after fork & peer:53122", once=True)
    second = recording.now
    recording.unhold(1)
    timeline = recording.timeline
    one, two = Hold(1, "before handle", False, first), Hold(2, "after fork & peer:53122", True, second)
    assert [at(timeline, t).holds for t in (first - 1, first, second, recording.now)] == [(), (one,), (one, two), (two,)]


def test_a_context_is_held_before_a_call(new: Any, tools: Any) -> None:
    recording = new()
    recording.hold(1, "before handle")
    main = in_handle(recording)
    since = recording.held(main, "handle")
    released = recording.release(main)
    timeline = recording.timeline
    expected = Held(main.id, "main", "handle", "Handler", "before", 4, 1, since, "before handle")
    found = [[replace(one, costs=()) for one in at(timeline, t).held] for t in (since - 1, since, released - 1, released)]
    assert found == [[], [expected], [expected], []]
    assert held_rows(timeline, tools, since) == [("handle", 0, "before")]
    assert held_rows(timeline, tools, since + 300) == [
        ("serve_forever", 300, ""),
        ("_handle_request_noblock", 300, ""),
        ("handle", 300, "before"),
    ]


def test_a_child_that_is_held_before_its_exit_has_not_left(new: Any) -> None:
    recording = new()
    main = in_handle(recording)
    child = main.fork(101)
    child.enter("_exit", "os", status=3)
    child.flush()
    asked = recording.now
    assert [one.pid for one in at(recording.timeline, asked).contexts] == [100]
    since = recording.held(child, "_exit")
    (held,) = at(recording.timeline, since).held
    assert (held.label, held.hook, held.when) == ("P101", "_exit", "before")
    released = recording.release(child)
    timeline = recording.timeline
    assert [[one.pid for one in at(timeline, t).contexts] for t in (released - 1, released)] == [[100, 101], [100]]
    context = timeline.contexts[child.id]
    assert (context.ended, context.end_how, context.process.status) == (released, "exited", 3)


def test_a_context_is_held_after_a_call(new: Any, tools: Any) -> None:
    """The call itself has not lasted longer; the one around it has."""
    recording = new()
    main = in_handle(recording)
    main.leave("handle", "Handler")
    since = recording.held(main, "handle", "after", hold=0, step="over")
    recording.tick(41 * MICROSECOND)
    recording.release(main)
    main.leave("_handle_request_noblock")
    timeline = recording.timeline
    (held,) = at(timeline, since).held
    assert (held.hook, held.when, held.span, held.connection, held.why) == ("handle", "after", 4, 1, "step")
    assert held_rows(timeline, tools, since + 1)[-1] == ("handle", 0, "after")
    assert held_rows(timeline, tools) == [
        ("serve_forever", 42 * MICROSECOND, ""),
        ("_handle_request_noblock", 42 * MICROSECOND, ""),
    ]


def test_how_long_it_was_held_right_after_a_call(new: Any, tools: Any) -> None:
    """Of the call that it was held after alone; the calls around it have that time in theirs."""
    recording = new()
    main = in_handle(recording)
    main.leave("handle", "Handler")
    first = recording.held(main, "handle", "after", hold=0, step="over")
    recording.tick(41 * MICROSECOND)
    recording.release(main, "in")
    main.enter("setup", "Handler")
    recording.held(main, "setup", hold=0, step="in")
    recording.release(main)
    main.leave("setup", "Handler")
    main.leave("_handle_request_noblock")
    last = recording.held(main, "_handle_request_noblock", "after")
    recording.tick(8 * MICROSECOND)
    main.flush()
    recording.sample()

    def found(until: int | None) -> list[tuple[str, int]]:
        return [(row.hook, row.held_after) for row in tools.rows(recording.timeline, until) if row.held_after]

    assert found(None) == [("_handle_request_noblock", recording.now - last), ("handle", 42 * MICROSECOND)]
    assert [found(first), found(first + 5)] == [[], [("handle", 5)]]


def test_whether_all_of_it_was_slow_motion(new: Any, tools: Any) -> None:
    recording = new()
    main = in_handle(recording)
    recording.held(main, "handle", hold=0, step="pace")
    recording.release(main, by="pace")
    main.enter("setup", "Handler")
    recording.held(main, "setup")
    recording.release(main)
    main.leave("setup", "Handler")
    main.enter("finish", "Handler")
    recording.held(main, "finish", hold=0, step="pace")
    recording.tick(8 * MICROSECOND)
    recording.sample()
    slowed = {row.hook: row.slowed for row in tools.rows(recording.timeline) if row.held}
    assert slowed == {"serve_forever": False, "_handle_request_noblock": False, "handle": False, "setup": False, "finish": True}


def test_each_level_of_a_super_chain_is_a_place_of_its_own(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    main.enter("handle", "Outer")
    main.enter("handle", "Inner")
    inner = recording.held(main, "handle", hold=0, step="in")
    recording.release(main, "over")
    main.leave("handle", "Inner")
    after_inner = recording.held(main, "handle", "after", hold=0, step="over")
    recording.release(main, "out")
    main.leave("handle", "Outer")
    after_outer = recording.held(main, "handle", "after", hold=0, step="out")
    timeline = recording.timeline
    found = [at(timeline, t).held[0] for t in (inner, after_inner, after_outer)]
    assert [(one.span, one.owner, one.when) for one in found] == [(1, "Inner", "before"), (1, "Inner", "after"), (0, "Outer", "after")]


def test_several_are_held_and_the_longest_comes_first(scenarios: Any, tools: Any) -> None:
    recording = scenarios["held"]()
    timeline = recording.timeline
    assert [(one.label, one.hook, one.when, one.connection, one.why) for one in at(timeline, recording.now).held] == [
        ("T2", "handle", "before", 2, "before handle"),
        ("main", "select", "after", None, "step"),
    ]
    assert [(row.label, row.hook, row.stopped) for row in tools.rows(timeline) if row.stopped] == [
        ("T2", "handle", "before"),
        ("main", "select", "after"),
    ]


def test_idle_turns_are_folded_but_for_the_one_where_the_loop_is_held(scenarios: Any, tools: Any) -> None:
    recording = scenarios["held"]()
    idle = [(row.hook, row.folded, row.held, row.stopped) for row in tools.rows(recording.timeline) if row.folded]
    assert idle == [("select", 1, 2 * MICROSECOND, "")]  # and the last one, in which it is held now, is a line of its own
    last = list(tools.rows(recording.timeline))[-1]
    assert (last.hook, last.folded, last.open, last.stopped) == ("select", 0, False, "after")


def test_slow_motion(new: Any) -> None:
    recording = new()
    recording.pace(500_000_000)
    began = recording.now
    main = in_handle(recording)
    since = recording.held(main, "handle", hold=0, step="pace")
    recording.release(main, by="pace")
    recording.pace(0)
    timeline = recording.timeline
    assert [at(timeline, t).pace for t in (began - 1, began, recording.now - 1, recording.now)] == [0, 500_000_000, 500_000_000, 0]
    assert at(timeline, since).held[0].why == "slow motion"


def test_whoever_is_not_released_is_held_until_it_ends(new: Any, tools: Any) -> None:
    recording = new()
    main = in_handle(recording)
    recording.held(main, "handle")
    recording.tick(8 * MICROSECOND)
    recording.exit(main, 9)
    died = recording.now
    timeline = recording.timeline
    assert (len(at(timeline, died - 1).held), at(timeline, died).held) == (1, ())
    assert held_rows(timeline, tools)[-1] == ("handle", 9 * MICROSECOND, "")


def test_a_release_that_was_told_after_its_end_makes_it_no_longer(new: Any, tools: Any) -> None:
    recording = new()
    main = in_handle(recording)
    recording.held(main, "handle")
    recording.exit(main, 9)
    recording.tick()
    recording.release(main, by="gone")
    assert held_rows(recording.timeline, tools)[-1] == ("handle", MICROSECOND, "")


def test_whoever_is_not_released_is_held_until_the_recording_ends(new: Any, tools: Any) -> None:
    recording = new()
    main = in_handle(recording)
    recording.held(main, "handle")
    recording.end(alive=(100,))
    timeline = recording.timeline
    assert (len(at(timeline, recording.now - 1).held), at(timeline, recording.now).held) == (1, ())
    assert held_rows(timeline, tools)[-1] == ("handle", MICROSECOND, "")


def test_whoever_goes_on_when_the_supervisor_is_gone_is_held_no_longer(new: Any, tools: Any) -> None:
    recording = new()
    main = in_handle(recording)
    recording.held(main, "handle")
    recording.sample()
    held = recording.now
    main.do("setup", "Handler")
    main.flush()
    timeline = recording.timeline
    assert (len(at(timeline, held).held), at(timeline, recording.now).held) == (1, ())
    assert held_rows(timeline, tools)[-1] == ("handle", 3 * MICROSECOND, "")


def test_what_a_signals_handler_does_meanwhile_releases_nobody(new: Any, tools: Any) -> None:
    recording = new()
    main = in_handle(recording)
    since = recording.held(main, "handle")
    main.do("shutdown")
    main.flush()
    recording.sample()
    timeline = recording.timeline
    (held,) = at(timeline, recording.now).held
    assert (held.hook, held.span, held.since) == ("handle", 4, since)
    assert held_rows(timeline, tools)[-2] == ("handle", recording.now - since, "before")


def test_a_release_that_is_missing_is_no_longer_than_to_the_next_stop(new: Any, tools: Any) -> None:
    recording = new()
    main = in_handle(recording)
    recording.held(main, "handle")
    main.leave("handle", "Handler")
    recording.held(main, "handle", "after", hold=0, step="over")
    recording.release(main)
    recording.sample()
    timeline = recording.timeline
    assert [row.held for row in tools.rows(timeline) if row.hook == "handle"] == [MICROSECOND]
    assert at(timeline, recording.now).held == ()


def test_a_call_that_was_not_recorded_is_none(new: Any) -> None:
    """The frame with its enter event was lost: that it is held is known, at which call is not."""
    recording = new()
    main = in_handle(recording)
    recording.held(main, "finish")
    (held,) = at(recording.timeline, recording.now).held
    assert (held.hook, held.owner, held.span, held.connection, held.why) == ("finish", "?", None, None, "?")


def test_what_makes_no_sense_holds_nobody(new: Any) -> None:
    recording = new()
    main = in_handle(recording)
    recording.release(main)
    recording.fact(0, type="held", context=main.id, hook="handle", when="during", hold=1, step="", t=recording.tick())
    recording.fact(0, type="held", context=main.id, hook="handle", when="before", hold=1, step="")
    recording.fact(0, type="hold", id=1, filter="before handle", t=-5)
    recording.unhold(2)
    moment = at(recording.timeline, recording.now)
    assert (moment.held, moment.holds, moment.pace) == ((), (), 0)


def test_where_a_viewer_connects_and_what_could_not_be_asked(new: Any) -> None:
    recording = new()
    recording.fact(0, type="control", path="/run/x/control", t=recording.tick())
    recording.fact(0, type="unasked", stops=2, t=recording.tick())
    recording.fact(0, type="unasked", stops=3, t=recording.tick())
    holds = recording.timeline.holds
    assert (holds.control, holds.unasked) == ("/run/x/control", 3)
