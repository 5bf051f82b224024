"""The calls of one connection: those of its turn of the loop and of whoever was born in it, wherever they are in the recording."""

from __future__ import annotations

from inspect import cleandoc
from typing import Any

import pytest

from tracer.timeline.lifetimes import FOREVER
from tracer.timeline.served import Size, served, size

FORKED = cleandoc(
    """
    main _handle_request_noblock
    main  get_request 127.0.0.1:50001
    main  verify_request True
    main  process_request believes 1 child
    main   fork → P4122
    P4122   finish_request
    P4122    handle
    P4122   shutdown_request
    P4122    close_request
    P4122   _exit exit 0
    main   close_request
    """
)


def text(timeline: Any, number: int, until: int = FOREVER) -> str:
    rows = served(timeline, number, until).rows
    assert size(timeline, number, until).rows == len(rows)
    assert {row.connection for row in rows} <= {number, None}
    return "\n".join(f"{row.label:<5}{' ' * row.depth}{row.hook} {row.payload}".rstrip() for row in rows)


def test_a_child(scenarios: Any) -> None:
    """Its calls stand under the fork; the loop's before and after are left out, idle or not."""
    timeline = scenarios["forked"]().timeline
    assert text(timeline, 1) == FORKED
    assert size(timeline, 1, timeline.newest) == Size(11, False)
    assert served(timeline, 1, FOREVER).connection.peer == "127.0.0.1:50001"


def test_each_of_several(scenarios: Any) -> None:
    """The second request's calls come from between the first one's and after them; one of two is over."""
    timeline = scenarios["threaded"]().timeline
    calls = """
    main _handle_request_noblock
    main  get_request 127.0.0.1:5000{0}
    main  verify_request True
    main  process_request keeps {1} to join
    main   Thread.start → T{0}
    T{0}      Thread.run
    T{0}       process_request_thread
    T{0}        finish_request
    T{0}         handle
    """
    over = "T1        shutdown_request\nT1         close_request"
    assert text(timeline, 1) == f"{cleandoc(calls.format(1, '1 thread'))}\n{over}"
    assert text(timeline, 2) == cleandoc(calls.format(2, "2 threads"))
    assert [size(timeline, number, timeline.newest).grows for number in (1, 2)] == [False, True]


@pytest.mark.parametrize(
    ("until", "last"),
    [("verify_request", "main  verify_request True"), ("handle", "P4122    handle")],
)
def test_at_an_earlier_time(until: str, last: str, scenarios: Any) -> None:
    """What began later is not there yet, in no context."""
    timeline = scenarios["forked"]().timeline
    end = next(row.end or row.begin for row in served(timeline, 1, FOREVER).rows if row.hook == until)
    found = text(timeline, 1, end - 1 if until == "handle" else end)
    assert last in found.splitlines()
    assert "_exit" not in found
    assert size(timeline, 1, end).grows


def test_a_child_that_has_not_been_heard_of(scenarios: Any, tools: Any) -> None:
    """Whatever the parent has done since: its own frames may come late. When they have come, all is there."""
    recording = scenarios["forked"]()
    assert recording.timeline
    child = recording.hands[1].id
    early = tools.load(b"".join(data for context, data in recording.frames if context != child))
    assert size(early, 1, FOREVER) == Size(6, True)
    early.feed(tools.decode(b"".join(data for context, data in recording.frames if context == child)))
    assert text(early, 1) == FORKED


def test_a_turn_that_has_not_ended(new: Any) -> None:
    """A synchronous server that is inside it."""
    recording = new()
    main = recording.process(100)
    main.enter("handle_request", server=7)
    main.do("select", "select", ready=1)
    main.enter("_handle_request_noblock")
    main.do("get_request", descriptor=5, peer="127.0.0.1:50001")
    main.enter("process_request")
    timeline = recording.timeline
    assert text(timeline, 1) == "main _handle_request_noblock\nmain  get_request 127.0.0.1:50001\nmain  process_request"
    assert size(timeline, 1, timeline.newest).grows
