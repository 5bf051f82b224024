"""The course of a connection: which hooks it has passed by a time, and what came of each; and which connections are told of."""

from __future__ import annotations

import os
import signal
import socket
from typing import Any

import pytest

from tests.probe.kit import FRAMEWORKS, PROGRAMS, ask
from tracer.timeline.at import at, recent
from tracer.timeline.course import ORDER, course


def told(found: Any, here: bool) -> str:
    """One side of a course as text: each hook with what came of it, unless it returned."""
    return " ".join(one.hook if one.result == "returned" else f"{one.hook}:{one.result}" for one in found.side(here))


@pytest.mark.parametrize(
    ("name", "here", "there", "over"),
    [
        (
            "synchronous",
            "get_request verify_request process_request finish_request setup handle finish shutdown_request close_request",
            "",
            (True, True),
        ),
        (
            "forked",
            "get_request verify_request process_request fork close_request",
            "finish_request handle shutdown_request close_request _exit:exited",
            (True, True),
        ),
        (
            "killed",
            "get_request verify_request process_request fork close_request",
            "finish_request:killed handle:killed",
            (True, True),
        ),
        (
            "threaded",
            "get_request verify_request process_request Thread.start",
            "process_request_thread finish_request handle shutdown_request close_request",
            (True, True),
        ),
    ],
)
def test_the_whole_course(name: str, here: str, there: str, over: tuple[bool, bool], scenarios: Any) -> None:
    timeline = scenarios[name]().timeline
    found = course(timeline, 1, timeline.newest)
    assert found is not None
    assert (found.loop, found.label, told(found, True), told(found, False), found.over) == ("serve_forever", "main", here, there, over)


def test_a_course_grows_with_the_time(scenario: Any) -> None:
    """At each time it is what a naive replay up to then has: the spans of the whole course that had begun, and ended, by then."""
    timeline = scenario.timeline
    for number in range(1, len(timeline.settle().connections.items) + 1):
        whole = course(timeline, number, timeline.newest)
        assert whole is not None
        assert course(timeline, number, whole.connection.accepted - 1) is None
        for t in range(whole.connection.accepted, timeline.newest + 1, 500):
            now = course(timeline, number, t)
            assert now is not None
            assert [(one.context, one.span) for one in now.calls] == [(one.context, one.span) for one in whole.calls if one.begin <= t]
            assert all((one.end is None) == (at_end.end is None or at_end.end > t) for one, at_end in _pairs(now, whole))
            assert {one.hook for one in now.calls} <= set(ORDER)


def _pairs(now: Any, whole: Any) -> list[tuple[Any, Any]]:
    ends = {(one.context, one.span): one for one in whole.calls}
    return [(one, ends[one.context, one.span]) for one in now.calls]


def test_no_connection_of_that_number(scenarios: Any) -> None:
    timeline = scenarios["synchronous"]().timeline
    assert [course(timeline, number, timeline.newest) for number in (0, 2)] == [None, None]


def test_what_the_handler_does_inside_is_its_own(new: Any) -> None:
    """A handler that calls hooks of another server's: they are no part of the course; what comes after handle is."""
    recording = new()
    main = recording.process(100)
    main.enter("handle_request", server=7)
    main.enter("_handle_request_noblock")
    main.do("get_request", descriptor=5, peer="a:1")
    main.enter("process_request")
    main.enter("finish_request", descriptor=5)
    main.enter("handle", "Handler")
    for _ in range(3):
        main.do("setup", "Other")
    main.leave("handle", "Handler")
    main.do("finish", "Handler")
    main.leave("finish_request")
    timeline = recording.timeline
    found = course(timeline, 1, timeline.newest)
    assert found is not None
    assert told(found, True) == "get_request process_request:inside finish_request handle finish"
    assert found.loop == "handle_request"
    assert found.over == (False, False)


def test_a_loop_of_the_programs_own_that_calls_get_request_itself(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    for number in (1, 2):
        main.do("get_request", descriptor=5, peer=f"a:{number}")
        main.do("process_request")
    timeline = recording.timeline
    first, second = course(timeline, 1, timeline.newest), course(timeline, 2, timeline.newest)
    assert first is not None
    assert second is not None
    assert (told(first, True), first.over[0], first.loop) == ("get_request process_request", True, "")
    assert (told(second, True), second.over[0]) == ("get_request process_request", False)


SERVED = "finish_request setup handle finish shutdown_request close_request"
FAILED = "finish_request:raised setup handle:raised finish handle_error shutdown_request close_request"


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_courses_of_real_connections(framework: str, launch: Any) -> None:
    with launch(PROGRAMS / "commanded.py", framework, "ForkingTCPServer") as server:
        address = server.address()
        ask(address)
        ask(address, "fail")
        with socket.create_connection(address) as client:
            client.sendall(b"hold\n")
            os.kill(int(server.line().split()[1]), signal.SIGKILL)
            while client.recv(1):
                pass
        server.signal(signal.SIGALRM)
        assert server.end() == (0, "")
    timeline = server.timeline()
    there = []
    for number in (1, 2, 3):
        found = course(timeline, number, timeline.newest)
        assert found is not None
        assert told(found, True) == "get_request verify_request process_request fork close_request"
        there.append((told(found, False), found.connection.state, found.connection.signal))
    assert there == [
        (f"{SERVED} _exit:exited", "closed", None),
        (f"{FAILED} _exit:exited", "failed", None),
        ("finish_request:killed setup handle:killed", "killed", 9),
    ]


@pytest.mark.parametrize("how", ["process_request_thread", "finish_request", "whole"])
def test_a_pool_that_is_older_than_its_connections(how: str, launch: Any) -> None:
    with launch(PROGRAMS / "pool.py", "socketserver", "TCPServer", how) as server:
        address = server.address()
        clients = [socket.create_connection(address) for _ in range(8)]
        for client in clients:
            client.recv(100)
            client.close()
        server.signal(signal.SIGALRM)
        server.end()
    timeline = server.timeline()
    for number in range(1, 9):
        found = course(timeline, number, timeline.newest)
        assert found is not None
        assert told(found, True) == "get_request verify_request process_request"
        expected = {
            "process_request_thread": f"process_request_thread {SERVED}",
            "finish_request": "finish_request setup handle finish",
            "whole": SERVED,
        }
        assert told(found, False) == expected[how]


def test_what_a_pool_does_of_which_nobody_says_for_whom_ends_no_course(new: Any) -> None:
    """handle_error between a finish_request that failed and the shutdown_request."""
    recording = new()
    main = recording.process(100)
    worker = recording.thread(main, 101)
    main.enter("serve_forever", server=7)
    for number in (1, 2):
        main.enter("_handle_request_noblock")
        main.do("get_request", descriptor=4 + number, peer=f"a:{number}")
        main.do("process_request", "PoolServer")
        main.leave("_handle_request_noblock")
        main.flush()
        worker.enter("finish_request", descriptor=4 + number)
        worker.fail("finish_request", "ValueError: x")
        with worker.call("handle_error"), worker.call("close_request"):
            pass
        with worker.call("shutdown_request", descriptor=4 + number):
            pass
        worker.flush()
    timeline = recording.timeline
    for number in (1, 2):
        found = course(timeline, number, timeline.newest)
        assert found is not None
        assert told(found, False) == "finish_request:raised shutdown_request"
        assert found.over == (True, number == 1)


# -- which connections are told of ---------------------------------------------------------------------------------------------


def turns(recording: Any, main: Any, count: int, server: int = 7) -> None:
    """So many connections of a server of one thread, each served at once; the descriptor is 5 each time."""
    main.enter("serve_forever", server=server)
    for number in range(count):
        main.enter("_handle_request_noblock")
        main.do("get_request", descriptor=5, peer=f"a:{number + 1}")
        with main.call("shutdown_request", descriptor=5), main.call("close_request", descriptor=5):
            pass
        main.leave("_handle_request_noblock")
    main.leave("serve_forever")
    main.flush()


def numbers(timeline: Any, t: int, server: int, most: int) -> list[int]:
    return [one.number for one in recent(timeline, at(timeline, t), server, most)]


def test_recent_connections_are_those_of_one_server(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    recording.server(main, 7)
    recording.server(main, 8)
    turns(recording, main, 5, 7)
    turns(recording, main, 3, 8)
    timeline = recording.timeline
    assert numbers(timeline, timeline.newest, 7, 2) == [4, 5]
    assert numbers(timeline, timeline.newest, 7, 64) == [1, 2, 3, 4, 5]
    assert numbers(timeline, timeline.newest, 8, 64) == [6, 7, 8]
    begun = course(timeline, 4, timeline.newest).connection.accepted
    now = recent(timeline, at(timeline, begun), 7, 2)
    assert [(one.number, one.state) for one in now] == [(3, "closed"), (4, "open")]


def test_an_old_connection_that_has_just_ended_is_told_of(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    recording.server(main, 7)
    main.enter("serve_forever", server=7)
    main.do("get_request", descriptor=4, peer="a:0")
    main.flush()
    recording.tick(20_000_000_000)
    turns(recording, main, 5)
    first = course(recording.timeline, 1, recording.now).connection.accepted
    assert numbers(recording.timeline, recording.now, 7, 2) == [1, 5, 6], "it is open"
    main.do("select", "select")
    main.enter("close_request", descriptor=4)
    main.leave("close_request")
    timeline = recording.timeline
    assert numbers(timeline, timeline.newest, 7, 2) == [1, 6], "and of those that have ended, the last two"
    assert numbers(timeline, timeline.newest, 7, 8) == [1, 2, 3, 4, 5, 6]
    assert first < timeline.newest


def test_a_connection_says_which_hook_it_is_in(scenarios: Any) -> None:
    timeline = scenarios["threaded"]().timeline
    (last,) = at(timeline, timeline.newest).connections
    assert (last.number, last.stage, last.stage_label, last.label) == (2, "handle", "T2", "T2")
    taken = course(timeline, 1, timeline.newest).connection.accepted
    (first,) = at(timeline, taken).connections
    assert (first.stage, first.stage_label, first.label) == ("_handle_request_noblock", "main", None)


def test_a_refused_connection_belongs_to_the_context_that_took_it(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    turns(recording, main, 1)
    found = course(recording.timeline, 1, recording.now)
    assert found is not None
    assert (found.connection.stage, found.connection.stage_label, found.connection.label) == ("", "main", None)
