"""What a moment says of the threads that a server starts: whether they are daemons, who joins them, what became of them."""

from __future__ import annotations

import signal
import socket
from typing import Any

import pytest

from tests.probe.kit import FRAMEWORKS, PROGRAMS, ask
from tracer.timeline.at import at


def handlers(timeline: Any, t: int) -> list[tuple[str, int | None, bool, bool]]:
    """Label, connection, whether it has ended, whether it was joined: of the handler threads that are told of."""
    main = next(one for one in at(timeline, t).processes if one.label == "main")
    return [(one.label, one.connection, one.ended is not None, one.joined is not None) for one in main.handlers]


def test_the_newest_that_have_ended_are_kept_in_sight(scenarios: Any) -> None:
    timeline = scenarios["threaded"](6).timeline
    ended = [("T3", 3, True, False), ("T4", 4, True, False), ("T5", 5, True, False)]
    assert handlers(timeline, timeline.newest) == [*ended, ("T6", 6, False, False)]
    (main,) = at(timeline, timeline.newest).processes
    assert [(one.daemon, one.kept) for one in main.handlers] == [(None, None)] * 4, "the settings do not say"


@pytest.mark.parametrize(("daemon", "block", "kept"), [(False, True, True), (False, False, False), (True, True, False)])
def test_what_the_settings_say(daemon: bool, block: bool, kept: bool, new: Any) -> None:
    recording = new()
    main = recording.process(100)
    recording.server(main, settings={"daemon_threads": daemon, "block_on_close": block})
    main.enter("serve_forever", server=7)
    main.enter("Thread.start", "threading", context=recording.next_id())
    main.flush()
    recording.thread(main, 101).do("handle", "Handler")
    timeline = recording.timeline
    (process,) = at(timeline, timeline.newest).processes
    (one,) = process.handlers
    assert (one.daemon, one.kept) == (daemon, kept)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_server_close_joins_a_real_thread(framework: str, launch: Any) -> None:
    """The loop has ended, and server_close waits for the thread whose client has not left."""
    with launch(PROGRAMS / "commanded.py", framework, "ThreadingTCPServer") as server:
        address = server.address()
        ask(address)
        with socket.create_connection(address) as client:
            client.sendall(b"hold\n")
            server.line()
            server.signal(signal.SIGALRM)
            waits = _until_joining(server)
            client.shutdown(socket.SHUT_WR)
            while client.recv(1):
                pass
        assert server.end() == (0, "")
    timeline = server.timeline()
    main = next(one for one in at(timeline, waits).processes if one.label == "main")
    last = main.handlers[-1]
    assert (last.label, last.daemon, last.kept, last.ended, last.joined, last.join_hook) == (
        "T2",
        False,
        True,
        None,
        None,
        "server_close",
    )
    assert last.joining is not None
    joined = next(one for one in reversed(_moments(timeline)) if one.handlers[-1].joined is not None).handlers[-1]
    assert (joined.joining, joined.ended is not None) == (None, True)


def _moments(timeline: Any) -> list[Any]:
    """Its first process, at every event of its main thread."""
    main = timeline.ordered.items[0]
    times = sorted({timeline.spans.begin(main, span) for span in range(main.spans)})
    ends = {timeline.spans.span(main, span).end for span in range(main.spans)} - {None}
    return [next(one for one in at(timeline, t).processes if one.label == "main") for t in sorted({*times, *ends}) if t < main.ended]


def _until_joining(server: Any) -> int:
    """Wait until the recording has the call of Thread.join that waits: a time at which it did."""
    while True:
        timeline = server.timeline()
        main = timeline.ordered.items[0]
        stack = timeline.spans.stack_at(main, timeline.newest)
        if stack and timeline.code(stack[-1][1]).hook == "Thread.join":
            return int(timeline.newest)
