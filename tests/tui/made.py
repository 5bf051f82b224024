"""Recordings made by hand, with times that can be read: a threading server with three clients."""

from __future__ import annotations

from pathlib import Path

from tests.timeline.conftest import MICROSECOND, START, Hand, Recording

S = 1_000_000_000


def at(recording: Recording, seconds: float) -> None:
    """The next event is at that time, counted from the recording's start; those after it follow by microseconds."""
    recording.now = START + round(seconds * S) - MICROSECOND


def request(recording: Recording, main: Hand, number: int, seconds: float) -> Hand:
    """The connection of that number is taken at that time, and main goes back to select 10 ms later. Its thread is given."""
    at(recording, seconds)
    main.leave("select", "select", ready=1)
    main.enter("_handle_request_noblock")
    main.do("get_request", descriptor=4 + number, peer=f"127.0.0.1:{50000 + number}")
    main.do("verify_request", truth=1)
    main.enter("process_request", "ThreadingMixIn")
    main.enter("Thread.start", "threading", context=recording.next_id())
    main.flush()
    worker = recording.thread(main, 100 + number)
    at(recording, seconds + 0.01)
    main.leave("Thread.start", "threading")
    main.leave("process_request", "ThreadingMixIn", threads=1)
    main.leave("_handle_request_noblock")
    main.do("service_actions")
    main.enter("select", "select")
    main.flush()
    return worker


def serve(recording: Recording, worker: Hand, number: int, begin: float, end: float | None, error: str = "") -> None:
    """The thread is in handle from `begin` to `end`, or for good."""
    at(recording, begin - 0.1)
    worker.enter("Thread.run", "threading")
    worker.enter("process_request_thread", "ThreadingMixIn", descriptor=4 + number)
    worker.enter("finish_request", descriptor=4 + number)
    at(recording, begin)
    worker.enter("handle", "Handler")
    worker.flush()
    if end is None:
        return
    at(recording, end)
    if error:
        worker.fail("handle", error, "Handler")
        worker.fail("finish_request", error)
        worker.do("handle_error")
    else:
        worker.leave("handle", "Handler")
        worker.leave("finish_request")
    with worker.call("shutdown_request", descriptor=4 + number), worker.call("close_request", descriptor=4 + number):
        pass
    worker.leave("process_request_thread", "ThreadingMixIn")
    worker.leave("Thread.run", "threading")
    worker.flush()


def three_clients() -> Recording:
    """#1 is served from 2.2 s to 3 s, #2 fails at 4.5 s, #3 is in handle since 6.2 s. Nothing is said of an end."""
    recording = Recording()
    at(recording, 0.1)
    main = recording.process(100)
    recording.server(main, mro=["m.Server", "tracer.socketserver.threads.ThreadingMixIn", "tracer.socketserver.base.BaseServer"])
    at(recording, 0.3)
    main.enter("serve_forever", server=7)
    main.enter("select", "select")
    main.flush()
    first = request(recording, main, 1, 2)
    serve(recording, first, 1, 2.2, 3)
    second = request(recording, main, 2, 4)
    serve(recording, second, 2, 4.2, 4.5, "ZeroDivisionError: division by zero")
    third = request(recording, main, 3, 6)
    serve(recording, third, 3, 6.2, None)
    return recording


def ended(recording: Recording, seconds: float) -> Recording:
    """The same, and its end is recorded."""
    at(recording, seconds)
    recording.end()
    return recording


def saved(recording: Recording, folder: Path) -> Path:
    """The file of a recording."""
    path = folder / "made.tracer"
    path.write_bytes(recording.data)
    return path
