"""What waits because a context is held, as the sentences that say it."""

from __future__ import annotations

from typing import Any

import pytest

from tracer.timeline.at import at

MS = 1_000_000
S = 1_000 * MS


def costs(recording: Any) -> dict[str, tuple[str, ...]]:
    """What each held context costs now, by label and place."""
    return {f"{one.label} {one.when} {one.hook}": one.costs for one in at(recording.timeline, recording.now).held}


def serving(recording: Any, **server: Any) -> Any:
    main = recording.process(100)
    recording.server(main, **server)
    main.enter("serve_forever", "BaseServer", server=7)
    main.enter("select", "select")
    main.flush()
    return main


def take(main: Any, peer: str = "127.0.0.1:53122", descriptor: int = 5) -> None:
    """From select's return to the connection."""
    main.leave("select", "select", ready=1)
    main.enter("_handle_request_noblock", "BaseServer")
    main.do("get_request", "TCPServer", descriptor=descriptor, peer=peer)
    main.do("verify_request", "BaseServer", truth=1)


def handling(hand: Any) -> None:
    hand.enter("finish_request", "BaseServer", descriptor=5)
    hand.do("setup", "StreamRequestHandler")
    hand.enter("handle", "EchoHandler")


def queue(recording: Any, depth: int | None, **fields: Any) -> None:
    recording.sample(queues=[{"server": 7, "depth": depth, "limit": 5, **fields}])


def thread(recording: Any, main: Any, tid: int = 101) -> Any:
    """A thread of a ThreadingMixIn's, that has begun to serve; its loop waits again."""
    main.enter("process_request", "ThreadingMixIn")
    main.enter("Thread.start", "threading", context=recording.next_id())
    main.flush()
    worker = recording.thread(main, tid)
    worker.enter("Thread.run", "threading")
    worker.enter("process_request_thread", "ThreadingMixIn", descriptor=5)
    handling(worker)
    worker.flush()
    main.leave("Thread.start", "threading")
    main.leave("process_request", "ThreadingMixIn", threads=1)
    main.leave("_handle_request_noblock", "BaseServer")
    main.enter("select", "select")
    main.flush()
    return worker


def child(recording: Any, main: Any, pid: int = 4122, children: int = 1) -> Any:
    """A child of a ForkingMixIn's, that has begun to serve; its parent is about to look after its children."""
    main.enter("process_request", "ForkingMixIn")
    main.enter("fork", "os")
    born = main.fork(pid)
    main.leave("fork", "os", pid=pid)
    main.do("close_request", "TCPServer")
    main.leave("process_request", "ForkingMixIn", children=children)
    main.leave("_handle_request_noblock", "BaseServer")
    main.flush()
    handling(born)
    born.flush()
    return born


# ---- clients that are not accepted


def test_a_synchronous_server_serves_nobody_else(new: Any) -> None:
    recording = new()
    main = serving(recording)
    take(main)
    main.enter("process_request", "BaseServer")
    handling(main)
    recording.held(main, "handle")
    queue(recording, 1)
    recording.tick(4 * S)
    queue(recording, 3)
    recording.tick(100 * MS)
    assert costs(recording) == {
        "main before handle": (
            "holds everyone: this server has one thread and serves nobody else",
            "3 in the accept queue, the first seen 4.1 s ago (asked 0.1 s ago; who has left counts until accepted)",
            "#1 127.0.0.1:53122 has no reply yet",
        )
    }


def test_a_loop_that_gives_its_requests_away_accepts_nobody(new: Any) -> None:
    recording = new()
    main = serving(recording)
    take(main)
    main.enter("process_request", "ThreadingMixIn")
    main.enter("Thread.start", "threading", context=recording.next_id())
    recording.held(main, "Thread.start")
    queue(recording, 1)
    assert costs(recording) == {
        "main before Thread.start": (
            "nobody is accepted while this loop is held",
            "1 in the accept queue, seen 0.0 s ago (asked 0.0 s ago; who has left counts until accepted)",
            "#1 127.0.0.1:53122 has no reply yet",
        )
    }


def test_a_loop_that_has_given_its_request_away_keeps_no_reply_back(new: Any) -> None:
    recording = new()
    main = serving(recording)
    take(main)
    main.enter("process_request", "ThreadingMixIn")
    main.do("Thread.start", "threading")
    recording.held(main, "Thread.start", "after")
    queue(recording, 0)
    assert costs(recording) == {"main after Thread.start": ("nobody is accepted while this loop is held",)}


def test_a_threads_hold_keeps_nobody_from_being_accepted(new: Any) -> None:
    recording = new()
    main = serving(recording)
    take(main)
    worker = thread(recording, main)
    recording.held(worker, "handle")
    queue(recording, 3)
    assert costs(recording) == {"T1 before handle": ("#1 127.0.0.1:53122 has no reply yet",)}


@pytest.mark.parametrize(
    ("server", "sample", "words"),
    [
        ({}, {"depth": None, "why": {"depth": "not Linux"}}, ["how many are in the accept queue: n/a (not Linux)"]),
        ({}, {"depth": None}, ["how many are in the accept queue: n/a (the sample does not say)"]),
        ({}, None, ["how many are in the accept queue: n/a (no sample yet)"]),
        ({}, {"depth": 0}, []),
        ({"kind": "datagram"}, {"depth": None, "bytes": 1664}, ["datagrams wait to be received: 1,664 bytes (asked 0.0 s ago)"]),
        ({"kind": "datagram"}, {"depth": None, "bytes": 0}, []),
        ({"kind": "datagram"}, {"depth": None, "why": {"depth": "no"}}, ["how many datagrams wait to be received: n/a (no)"]),
    ],
)
def test_what_the_kernel_tells_and_what_not(new: Any, server: Any, sample: Any, words: list[str]) -> None:
    recording = new()
    main = serving(recording, **server)
    recording.held(main, "select")
    if sample is not None:
        queue(recording, **sample)
    nobody = "no datagram is received while this loop is held" if server else "nobody is accepted while this loop is held"
    assert costs(recording) == {"main before select": (nobody, *words)}


def test_a_client_that_was_accepted_since_does_not_wait(new: Any) -> None:
    """Two were seen to wait, and one was taken since: the other has waited from the first sample that cannot be only about that one."""
    recording = new()
    main = serving(recording)
    queue(recording, 1)
    recording.tick(S)
    queue(recording, 2)
    recording.tick(S)
    take(main)
    recording.held(main, "verify_request", "after")
    queue(recording, 1)
    words = "1 in the accept queue, seen 1.0 s ago (asked 0.0 s ago; who has left counts until accepted)"
    assert costs(recording)["main after verify_request"][1] == words


def test_whoever_was_seen_before_the_last_was_accepted_may_be_that_one(new: Any) -> None:
    recording = new()
    main = serving(recording)
    queue(recording, 1)
    take(main)
    recording.held(main, "verify_request", "after")
    assert costs(recording) == {
        "main after verify_request": ("nobody is accepted while this loop is held", "#1 127.0.0.1:53122 has no reply yet")
    }


def test_two_loops_at_one_socket(new: Any) -> None:
    """While one is held the other accepts."""
    recording = new()
    main = serving(recording)
    worker = recording.process(200, ppid=100)
    recording.server(worker, server=8)
    worker.enter("serve_forever", "BaseServer", server=8)
    worker.flush()
    recording.held(main, "select")
    queue(recording, 2)
    assert costs(recording) == {"main before select": ()}


# ---- contexts that wait for the one that is held


def test_server_close_waits_for_a_thread(new: Any) -> None:
    recording = new()
    main = serving(recording)
    take(main)
    worker = thread(recording, main)
    recording.held(worker, "handle")
    main.leave("select", "select", ready=0)
    main.leave("serve_forever", "BaseServer")
    main.enter("server_close", "ThreadingMixIn", server=7)
    main.enter("Thread.join", "threading", context=worker.id)
    main.flush()
    recording.tick(1500 * MS)
    assert costs(recording) == {
        "T1 before handle": (
            "main has waited 1.5 s in server_close for this thread to end",
            "#1 127.0.0.1:53122 has no reply yet",
        )
    }


def test_whoever_is_held_before_it_waits_does_not_wait(new: Any) -> None:
    recording = new()
    main = serving(recording)
    take(main)
    worker = thread(recording, main)
    recording.held(worker, "handle")
    main.leave("select", "select", ready=0)
    main.leave("serve_forever", "BaseServer")
    main.enter("Thread.join", "threading", context=worker.id)
    recording.held(main, "Thread.join")
    assert costs(recording) == {"T1 before handle": ("#1 127.0.0.1:53122 has no reply yet",), "main before Thread.join": ()}


def test_shutdown_waits_for_the_loop(new: Any) -> None:
    recording = new()
    main = serving(recording)
    recording.held(main, "select")
    other = recording.thread(main, 101)
    other.enter("shutdown", "BaseServer", server=7)
    other.flush()
    queue(recording, 0)
    recording.tick(2 * S)
    assert costs(recording) == {
        "main before select": ("nobody is accepted while this loop is held", "T1 has waited 2.0 s in shutdown for this loop to end")
    }


def test_server_close_waits_for_a_child(new: Any) -> None:
    recording = new()
    main = serving(recording)
    take(main)
    born = child(recording, main)
    recording.held(born, "handle")
    main.leave("serve_forever", "BaseServer")
    main.enter("server_close", "ForkingMixIn", server=7)
    main.enter("collect_children", "ForkingMixIn")
    main.enter("waitpid", "os", pid=4122, options=0)
    main.flush()
    recording.tick(S)
    assert costs(recording)["P4122 before handle"][0] == "main has waited 1.0 s in server_close for this process to end"


def test_who_only_looks_after_children_does_not_wait(new: Any) -> None:
    recording = new()
    main = serving(recording)
    take(main)
    born = child(recording, main)
    recording.held(born, "handle")
    main.enter("collect_children", "ForkingMixIn")
    main.enter("waitpid", "os", pid=4122, options=1)
    main.flush()
    assert costs(recording) == {"P4122 before handle": ("#1 127.0.0.1:53122 has no reply yet",)}


def test_as_many_children_as_there_may_be(new: Any) -> None:
    recording = new()
    main = serving(recording, settings={"max_children": 1})
    take(main)
    born = child(recording, main)
    recording.held(born, "handle")
    main.enter("service_actions", "ForkingMixIn")
    main.enter("collect_children", "ForkingMixIn")
    main.enter("waitpid", "os", pid=-1, options=0)
    main.flush()
    queue(recording, 6)
    recording.tick(3 * S)
    assert costs(recording) == {
        "P4122 before handle": (
            "main accepts nobody, for 3.0 s now: it has 1 child, as many as max_children allows",
            "6 in the accept queue, the first seen 3.0 s ago (asked 3.0 s ago; who has left counts until accepted)",
            "#1 127.0.0.1:53122 has no reply yet",
        )
    }


def test_a_program_waits_for_any_child(new: Any) -> None:
    """Without a limit that is known, no more is said than that."""
    recording = new()
    main = serving(recording)
    take(main)
    born = child(recording, main)
    recording.held(born, "handle")
    main.enter("collect_children", "ForkingMixIn")
    main.enter("waitpid", "os", pid=-1, options=0)
    main.flush()
    assert costs(recording)["P4122 before handle"][0] == "main has waited 0.0 s in waitpid for a child to end: this is one"


def test_a_childs_thread_is_not_what_its_parent_waits_for(new: Any) -> None:
    recording = new()
    main = serving(recording)
    take(main)
    born = child(recording, main)
    helper = recording.thread(born, 4123)
    helper.enter("handle", "EchoHandler")
    recording.held(helper, "handle")
    main.enter("waitpid", "os", pid=4122, options=0)
    main.flush()
    assert costs(recording) == {"T1 before handle": ()}


# ---- its own client


ENDS_NOT = "#1 127.0.0.1:53122 does not see its connection end yet, unless the program ended it"


def serve_until(hand: Any, recording: Any, stop: str) -> dict[str, tuple[str, ...]]:
    """What it costs to hold a context at `stop`, somewhere from the end of handle on."""
    steps: list[tuple[str, str, str, dict[str, int]]] = [
        ("after", "handle", "EchoHandler", {}),
        ("before", "finish", "EchoHandler", {}),
        ("after", "finish", "EchoHandler", {}),
        ("after", "finish_request", "BaseServer", {}),
        ("before", "shutdown_request", "TCPServer", {"descriptor": 5}),
        ("before", "close_request", "TCPServer", {"descriptor": 5}),
        ("after", "close_request", "TCPServer", {}),
        ("after", "shutdown_request", "TCPServer", {}),
    ]
    for when, hook, owner, payloads in steps:
        (hand.enter if when == "before" else hand.leave)(hook, owner, **payloads)
        if f"{when} {hook}" == stop:
            recording.held(hand, hook, when)
            break
    return costs(recording)


@pytest.mark.parametrize("place", ["after handle", "before finish", "after finish_request", "before shutdown_request"])
def test_a_client_that_may_have_its_reply_sees_no_end(new: Any, place: str) -> None:
    recording = new()
    main = serving(recording)
    take(main)
    worker = thread(recording, main)
    assert serve_until(worker, recording, place) == {f"T1 {place}": (ENDS_NOT,)}


@pytest.mark.parametrize("place", ["before close_request", "after close_request", "after shutdown_request"])
def test_whoever_has_been_told_the_end_misses_nothing(new: Any, place: str) -> None:
    """TCPServer.shutdown_request tells it before it calls close_request."""
    recording = new()
    main = serving(recording)
    take(main)
    worker = thread(recording, main)
    assert serve_until(worker, recording, place) == {f"T1 {place}": ()}


@pytest.mark.parametrize(("place", "words"), [("before shutdown_request", (ENDS_NOT,)), ("after shutdown_request", ())])
def test_a_copy_that_another_process_holds_makes_no_end_later(new: Any, place: str, words: tuple[str, ...]) -> None:
    """Its parent has not closed its own, so the connection is open; but the child's shutdown_request ends it for both."""
    recording = new()
    main = serving(recording)
    take(main)
    main.enter("process_request", "ForkingMixIn")
    main.enter("fork", "os")
    born = main.fork(4122)
    main.leave("fork", "os", pid=4122)
    main.flush()
    handling(born)
    assert serve_until(born, recording, place) == {f"P4122 {place}": words}


def test_a_failed_request_is_not_at_its_end(new: Any) -> None:
    recording = new()
    main = serving(recording)
    take(main)
    worker = thread(recording, main)
    worker.fail("handle", "ValueError: no", "EchoHandler")
    worker.fail("finish_request", "ValueError: no", "BaseServer")
    worker.enter("handle_error", "BaseServer")
    recording.held(worker, "handle_error")
    assert costs(recording) == {"T1 before handle_error": (ENDS_NOT,)}


def test_a_datagram_has_no_end(new: Any) -> None:
    recording = new()
    main = serving(recording, kind="datagram")
    main.leave("select", "select", ready=1)
    main.enter("_handle_request_noblock", "BaseServer")
    main.do("get_request", "UDPServer", request=9, peer="127.0.0.1:53122")
    main.enter("process_request", "BaseServer")
    main.enter("finish_request", "BaseServer", request=9)
    main.enter("handle", "EchoHandler")
    recording.held(main, "handle")
    before = costs(recording)["main before handle"][-1]
    recording.release(main)
    main.leave("handle", "EchoHandler")
    recording.held(main, "handle", "after")
    queue(recording, None, bytes=0)
    assert before == "#1 127.0.0.1:53122 has no reply yet"
    assert costs(recording)["main after handle"] == ("holds everyone: this server has one thread and serves nobody else",)


def test_an_http_request_without_a_reply(new: Any) -> None:
    recording = new()
    main = serving(recording)
    take(main)
    worker = thread(recording, main)
    worker.enter("handle_one_request", "BaseHTTPRequestHandler")
    worker.do("parse_request", "BaseHTTPRequestHandler", request_line="GET /x HTTP/1.1")
    worker.enter("do_GET", "Site")
    recording.held(worker, "do_GET")
    before = costs(recording)
    recording.release(worker)
    worker.enter("log_request", "Site", reply=200)
    worker.leave("log_request", "Site")
    worker.leave("do_GET", "Site")
    recording.held(worker, "do_GET", "after")
    assert (before, costs(recording)) == (
        {"T1 before do_GET": ("#1 127.0.0.1:53122 has no reply to GET /x yet",)},
        {"T1 after do_GET": (ENDS_NOT,)},
    )


def test_a_client_that_was_refused_waits_for_no_reply(new: Any) -> None:
    recording = new()
    main = serving(recording)
    main.leave("select", "select", ready=1)
    main.enter("_handle_request_noblock", "BaseServer")
    main.do("get_request", "TCPServer", descriptor=5, peer="127.0.0.1:53122")
    main.do("verify_request", "BaseServer", truth=0)
    recording.held(main, "verify_request", "after")
    queue(recording, 0)
    assert costs(recording) == {"main after verify_request": ("nobody is accepted while this loop is held",)}
