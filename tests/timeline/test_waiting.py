"""What contexts wait for, as the sentences that say it: in recordings made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tracer.timeline.at import at
from tracer.timeline.waiting import waits

MS = 1_000_000
S = 1_000 * MS

PEER = "127.0.0.1:53122"
RECV = {"call": "recvfrom", "descriptor": 5, "what": "socket", "inode": 55, "received": 0, "sent": 0, "peer": PEER}


def sentences(recording: Any, t: int | None = None) -> list[str]:
    """What is said now, or at `t`, and how problematic it is."""
    now = recording.now if t is None else t
    timeline = recording.timeline
    return [f"{one.kind}: {one.words(now)}" for one in waits(timeline, at(timeline, now))]


def serving(recording: Any, **server: Any) -> Any:
    main = recording.process(100)
    recording.server(main, **server)
    main.enter("serve_forever", "BaseServer", server=7)
    main.enter("select", "select")
    main.flush()
    return main


def take(main: Any, mix_in: str = "BaseServer") -> None:
    """From select's return to process_request."""
    main.leave("select", "select", ready=1)
    main.enter("_handle_request_noblock", "BaseServer")
    main.do("get_request", "TCPServer", descriptor=5, peer=PEER)
    main.enter("process_request", mix_in)


def handling(hand: Any) -> None:
    hand.enter("finish_request", "BaseServer", descriptor=5)
    hand.enter("handle", "EchoHandler")
    hand.flush()


def back(main: Any, mix_in: str) -> None:
    """From process_request to the next select."""
    main.leave("process_request", mix_in)
    main.leave("_handle_request_noblock", "BaseServer")
    main.enter("select", "select")
    main.flush()


def in_handle(recording: Any) -> Any:
    """A server with one thread is in handle since 4 s."""
    main = serving(recording)
    take(main)
    handling(main)
    recording.tick(4 * S)
    return main


def thread(recording: Any, main: Any) -> Any:
    take(main, "ThreadingMixIn")
    main.enter("Thread.start", "threading", context=recording.next_id())
    main.flush()
    worker = recording.thread(main, 101)
    worker.enter("Thread.run", "threading")
    handling(worker)
    main.leave("Thread.start", "threading")
    back(main, "ThreadingMixIn")
    return worker


def child(recording: Any, main: Any) -> Any:
    take(main, "ForkingMixIn")
    main.enter("fork", "os")
    born = main.fork(4122)
    main.leave("fork", "os", pid=4122)
    main.do("close_request", "TCPServer", descriptor=5)
    handling(born)
    return born


def of(hand: Any, tid: int | None = None, **call: object) -> dict[str, object]:
    return {"pid": hand.pid, "tid": hand.pid if tid is None else tid, **call}


# ---- one silent client


def test_the_silent_client_of_a_server_with_one_thread(new: Any) -> None:
    recording = new()
    main = in_handle(recording)
    recording.look(of(main, **RECV), queues=[{"server": 7, "depth": 3, "limit": 5}])
    recording.tick(10 * S)
    assert sentences(recording) == [
        f"waits: main is in recv on connection #1 ({PEER}), in EchoHandler.handle, 14 s, 0 bytes waiting; "
        "3 clients wait in the accept queue (asked 10 s ago); only that client can end it"
    ]


@pytest.mark.parametrize(
    ("queue", "words"),
    [
        ({"depth": 1}, "1 client waits in the accept queue"),
        ({"depth": 0}, "nobody else is served meanwhile"),
        ({"depth": None, "why": {"depth": "not Linux"}}, "how many wait in the accept queue: n/a (not Linux)"),
    ],
)
def test_who_waits_behind_it(queue: dict[str, Any], words: str, new: Any) -> None:
    recording = new()
    main = in_handle(recording)
    recording.look(of(main, **RECV), queues=[{"server": 7, "limit": 5, **queue}])
    assert sentences(recording)[0].split("; ")[1] == words


def test_a_thread_and_a_child_find_the_connection(new: Any) -> None:
    recording = new()
    main = serving(recording)
    worker = thread(recording, main)
    recording.tick(2 * S)
    recording.look(of(worker, 101, **RECV))
    assert sentences(recording)[0].startswith(f"waits: T1 is in recv on connection #1 ({PEER}), in EchoHandler.handle, 2 s, ")

    recording = new()
    main = serving(recording)
    born = child(recording, main)
    back(main, "ForkingMixIn")
    recording.tick(2 * S)
    recording.look(of(born, **RECV))
    assert sentences(recording)[0].startswith(f"waits: P4122 is in recv on connection #1 ({PEER}), in EchoHandler.handle, 2 s, ")


def test_a_descriptor_is_no_connection_that_its_process_has_closed_or_never_had(new: Any) -> None:
    other = {"call": "recvfrom", "descriptor": 5, "what": "socket", "inode": 56, "received": 0, "sent": 0}
    recording = new()
    main = serving(recording)
    born = child(recording, main)  # it has the connection still
    main.leave("process_request", "ForkingMixIn")
    main.do("service_actions", "BaseServer")
    main.enter("process_request", "ForkingMixIn")
    main.do("get_request", "TCPServer", descriptor=6, peer=PEER)
    main.flush()
    recording.tick(2 * S)
    recording.look(of(main, **other), of(born, **other | {"descriptor": 6}))
    assert [one.partition(", ")[0] for one in sentences(recording)] == [
        "waits: P4122 is in recv on a socket (descriptor 6)", "waits: main is in recv on a socket (descriptor 5)"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            RECV | {"call": "poll", "timeout": 5000},
            f"in poll on connection #1 ({PEER}), in H, 4 s, 0 bytes waiting; only that client can end it, or its timeout of 5 s",
        ),
        (
            RECV | {"call": "sendto", "sent": 9000},
            f"in send on connection #1 ({PEER}), in H, 4 s, 9,000 bytes not yet taken by the other end; only that client can end it",
        ),
        (
            RECV | {"call": "poll", "timeout": 5000, "sent": 9000, "writes": True},
            f"in poll on connection #1 ({PEER}), in H, 4 s, 9,000 bytes not yet taken by the other end; only that client can end it, "
            "or its timeout of 5 s",
        ),
        (
            {"call": "poll", "descriptor": 9, "what": "socket", "inode": 99, "timeout": 5000},
            f"in poll on a socket (descriptor 9), in H for connection #1 ({PEER}), 4 s, whoever connects or sends to it can end it, "
            "or its timeout of 5 s",
        ),
        (
            {name: value for name, value in RECV.items() if name not in ("received", "sent", "peer")} | {"why": "no sock_diag"},
            f"in recv on connection #1 ({PEER}), in H, 4 s, bytes waiting: n/a (no sock_diag); only that client can end it",
        ),
        (
            RECV | {"peer": "10.0.0.5:5432"},  # the descriptor is another socket's by now
            f"in recv on a socket to 10.0.0.5:5432 (descriptor 5), in H for connection #1 ({PEER}), 4 s, 0 bytes waiting; "
            "whoever has its other end can end it",
        ),
        (
            {"call": "flock", "descriptor": 9, "what": "/tmp/lock"},
            f"in flock on /tmp/lock (descriptor 9), in H for connection #1 ({PEER}), 4 s, whoever has that lock can end it",
        ),
        (
            {"call": "read", "descriptor": 0, "what": "pipe", "inode": 3},
            f"in read on a pipe (descriptor 0), in H for connection #1 ({PEER}), 4 s, whoever has its other end can end it",
        ),
        (
            {"call": "futex"},
            f"in futex, in H for connection #1 ({PEER}), 4 s, who can end it: n/a (the kernel does not say whose lock it is)",
        ),
        (
            {"call": "clock_nanosleep", "until": 1_000_000 + 9 * S},  # the recording began at 1,000,000
            f"in sleep, in H for connection #1 ({PEER}), 4 s, it ends by itself at 00:09.0",
        ),
        (
            {"call": "wait4", "child": 88},
            f"in waitpid for P88 to end, in H for connection #1 ({PEER}), 4 s, only the end of P88 can end it",
        ),
        ({"call": "wait4", "child": -1}, f"in waitpid for any child to end, in H for connection #1 ({PEER}), 4 s"),
        (
            {"call": "epoll_wait", "timeout": 1500},
            f"in epoll_wait, in H for connection #1 ({PEER}), 4 s, it ends by itself after 1.5 s",
        ),
    ],
)
def test_calls(call: dict[str, Any], words: str, new: Any) -> None:
    recording = new()
    worker = thread(recording, serving(recording))
    recording.tick(4 * S)
    recording.look(of(worker, 101, **call))
    assert sentences(recording)[0] == f"waits: T1 is {words}".replace("in H", "in EchoHandler.handle")


# ---- who does not wait


def test_whoever_moved_a_moment_ago_does_not_wait(new: Any) -> None:
    recording = new()
    main = in_handle(recording)
    main.do("setup", "EchoHandler")
    main.flush()
    last = recording.now
    recording.look(of(main, **RECV))
    assert sentences(recording, last + 499 * MS) == []
    assert len(sentences(recording, last + 500 * MS)) == 1


def test_whoever_runs_again_and_again_without_a_hook_does_not_wait(new: Any) -> None:
    recording = new()
    main = in_handle(recording)
    recording.look(of(main, **RECV))
    assert len(sentences(recording)) == 1
    recording.look(of(main, call=None))
    assert sentences(recording) == []
    recording.tick(4 * S)
    since = recording.now
    recording.tick(S)
    recording.look(of(main, since=since, **RECV))
    assert ", 1 s, " in sentences(recording)[0], "the call is younger than the hook"


def test_what_the_kernel_said_counts_until_something_is_recorded(new: Any) -> None:
    recording = new()
    main = in_handle(recording)
    recording.look(of(main, **RECV))
    main.enter("finish", "EchoHandler")
    main.flush()
    begin = recording.now
    recording.tick(S)
    recording.look()
    assert sentences(recording) == [], "if it slept, that would be known soon"
    assert sentences(recording, begin + 4 * S) == [
        f"waits: main is in EchoHandler.finish for connection #1 ({PEER}), 4 s, what it sleeps in: n/a (no sample since); "
        "nobody else is served meanwhile"
    ]


def test_whoever_computes_runs(new: Any) -> None:
    recording = new()
    main = in_handle(recording)
    recording.look(of(main, call="running"), queues=[{"server": 7, "depth": 2, "limit": 5}])
    assert sentences(recording) == [
        f"runs: main runs in EchoHandler.handle for connection #1 ({PEER}), 4 s, on a processor, or waiting for one; "
        "2 clients wait in the accept queue"
    ]


def test_clients_are_nobodys_business_here(new: Any) -> None:
    recording = new()
    serving(recording)
    client = recording.client(900)
    client.enter("reply", "client")
    client.flush()
    recording.tick(2 * S)
    assert sentences(recording) == ["idle: main waits for a client in select, 2 s"]


# ---- idle


def test_a_loop_that_waits_for_clients_is_idle(new: Any) -> None:
    recording = new()
    main = serving(recording)
    poll = {"call": "poll", "descriptor": 3, "what": "socket", "inode": 1, "timeout": 500}
    for _ in range(8):
        recording.look(of(main, **poll))
        recording.tick(500 * MS)
        main.leave("select", "select", ready=0)
        main.do("service_actions", "BaseServer")
        main.enter("select", "select")
        main.flush()
        recording.look(of(main, call=None))
    assert sentences(recording) == ["idle: main waits for a client in select (poll_interval 0.5 s), 4 s"]
    take(main)
    back(main, "BaseServer")
    assert sentences(recording) == []


@pytest.mark.parametrize(("kind", "whom"), [("stream", "client"), ("datagram", "datagram")])
def test_handle_request_is_idle_too(kind: str, whom: str, new: Any) -> None:
    recording = new()
    main = recording.process(100)
    recording.server(main, kind=kind)
    main.enter("handle_request", "BaseServer", server=7)
    main.enter("select", "select")
    main.flush()
    recording.tick(3 * S)
    recording.look(of(main, call="poll", descriptor=3, what="socket", inode=1, timeout=5000))
    assert sentences(recording) == [f"idle: main waits for a {whom} in select, 3 s"], "its timeout grows shorter from turn to turn"


def test_a_call_on_the_listener_is_idle(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    recording.server(main)
    main.enter("serve_forever", "PoolServer", server=7)
    main.flush()
    recording.tick(3 * S)
    recording.look(of(main, call="accept4", descriptor=3, what="socket", inode=1))
    assert sentences(recording) == ["idle: main waits for a client in accept on the listener of Server, 3 s"]


def test_whoever_is_in_no_hook_is_idle(new: Any) -> None:
    recording = new()
    main = serving(recording)
    main.leave("select", "select", ready=0)
    main.leave("serve_forever", "BaseServer")
    main.flush()
    recording.tick(3 * S)
    assert sentences(recording) == []
    recording.look(of(main, call="pause"))
    assert sentences(recording) == ["idle: main is in pause, 3 s, only a signal can end it"]


# ---- n/a


def test_recordings_without_looks_speak_for_themselves(new: Any) -> None:
    recording = new()
    in_handle(recording)
    recording.sample()
    assert sentences(recording) == [
        f"waits: main is in EchoHandler.handle for connection #1 ({PEER}), 4 s, what it sleeps in: n/a (no sample tells); "
        "nobody else is served meanwhile"
    ]


def test_why_the_kernel_does_not_say(new: Any) -> None:
    recording = new()
    main = in_handle(recording)
    recording.look(of(main, call=None, why="not allowed"))
    assert "what it sleeps in: n/a (not allowed)" in sentences(recording)[0]
    recording = new()
    in_handle(recording)
    recording.sample({"pid": 99, "children": [], "threads": []}, looked=recording.now)
    t = recording.now
    assert "what it sleeps in: n/a (its process is not asked)" in sentences(recording)[0]
    recording.sample({"pid": 100, "children": [], "threads": []}, looked=recording.now)
    assert "what it sleeps in: n/a (its process is not asked)" in sentences(recording, t)[0], "it was not yet"


# ---- held


@pytest.mark.parametrize(("step", "ender"), [("", "only a person's release can end it"), ("pace", "slow motion lets it go by itself")])
def test_whoever_is_held_is_held(step: str, ender: str, new: Any) -> None:
    recording = new()
    worker = thread(recording, serving(recording))
    worker.enter("finish", "EchoHandler")
    recording.hold(1, "before finish")
    recording.held(worker, "finish", step=step)
    recording.tick(3 * S)
    recording.look(of(worker, 101, call="recvfrom", descriptor=1021, what="socket", inode=77, received=0, sent=0))
    assert sentences(recording)[0] == f"held: T1 is held before EchoHandler.finish for #1, 3 s, {ender}"


# ---- for another context


def test_a_close_waits_for_a_thread(new: Any) -> None:
    recording = new()
    main = serving(recording)
    worker = thread(recording, main)
    main.leave("select", "select", ready=0)
    main.leave("serve_forever", "BaseServer")
    main.enter("server_close", "ThreadingMixIn", server=7)
    main.enter("Thread.join", "threading", context=worker.id)
    main.flush()
    recording.tick(4 * S)
    recording.look(of(main, call="futex"), of(worker, 101, **RECV))
    its = f"is in recv on connection #1 ({PEER}), in EchoHandler.handle"
    ends = "only that client can end it"
    assert sentences(recording) == [
        f"waits: T1 {its}, 4 s, 0 bytes waiting; main waits in server_close for its end; {ends}",
        f"waits: main waits in server_close for T1 to end, 4 s, T1 {its}; 0 bytes waiting; {ends}",
    ]
    recording.held(worker, "handle")
    recording.tick(S)
    assert (
        sentences(recording)[0] == "waits: main waits in server_close for T1 to end, 5 s, T1 is held before EchoHandler.handle for #1"
    )


@pytest.mark.parametrize(
    ("pid", "words"),
    [
        (
            4122,
            f"P4122 to end, 4 s, P4122 is in recv on connection #1 ({PEER}), in EchoHandler.handle; 0 bytes waiting; "
            "only that client can end it; {}",
        ),
        (4000, "P4000 to end, 4 s, only the end of P4000 can end it; {}"),
        (-1, "any child to end, 4 s, it accepts nobody: it has 2 children, as many as max_children allows; {}"),
    ],
)
def test_a_loop_waits_for_children(pid: int, words: str, new: Any) -> None:
    recording = new()
    main = serving(recording, settings={"max_children": 2})
    born = child(recording, main)
    main.leave("process_request", "ForkingMixIn", children=2)
    main.enter("collect_children", "ForkingMixIn")
    main.enter("waitpid", "os", pid=pid, options=0)
    main.flush()
    recording.tick(4 * S)
    recording.look(of(main, call="wait4", child=pid), of(born, **RECV), queues=[{"server": 7, "depth": 1, "limit": 5}])
    assert f"waits: main waits in collect_children for {words}".format("1 client waits in the accept queue") in sentences(recording)


def test_a_shutdown_from_another_thread(new: Any) -> None:
    recording = new()
    main = in_handle(recording)
    stopper = recording.thread(main, 102)
    stopper.enter("shutdown", "BaseServer", server=7)
    stopper.flush()
    recording.tick(2 * S)
    recording.look(of(main, **RECV))
    assert sentences(recording)[1] == (
        "waits: T1 waits in shutdown for the loop of Server to end, which main runs, 2 s, "
        f"main is in recv on connection #1 ({PEER}), in EchoHandler.handle; 0 bytes waiting; only that client can end it"
    )


def test_a_shutdown_from_within_the_loop_is_a_deadlock(new: Any) -> None:
    recording = new()
    main = in_handle(recording)
    main.enter("shutdown", "BaseServer", server=7)
    main.flush()
    recording.tick(2 * S)
    assert sentences(recording) == [
        "waits: main waits in shutdown for the loop of Server to end, which it runs itself: a deadlock, 2 s, "
        "only a signal can end it; nobody else is served meanwhile"
    ]


def test_the_shutdown_of_a_loop_that_does_not_run(new: Any) -> None:
    recording = new()
    main = recording.process(100)
    recording.server(main)
    main.enter("shutdown", "BaseServer", server=7)
    main.flush()
    recording.tick(2 * S)
    assert sentences(recording) == ["waits: main waits in shutdown for the loop of Server to end, 2 s, no loop of it is known to run"]


def test_threads_of_a_moment_have_their_calls(new: Any) -> None:
    recording = new()
    main = in_handle(recording)
    threads = [{"tid": 100, "name": "python", "state": "sleeping"}]
    recording.sample({"pid": 100, "children": [], "threads": threads}, looked=recording.now, calls=[of(main, **RECV)])
    ((found,),) = [process.threads for process in at(recording.timeline, recording.now).processes]
    assert (found.label, found.call, found.descriptor, found.received) == ("main", "recvfrom", 5, 0)


def test_the_order_of_the_frames_does_not_matter(new: Any, tools: Any) -> None:
    recording = new()
    main = in_handle(recording)
    for call in ({"call": "running"}, RECV, {"call": None}, RECV | {"since": recording.now}):
        recording.look(of(main, **call))
        recording.tick(S)
    times = [*range(recording.now - 6 * S, recording.now, 500 * MS)]
    found = [sentences(recording, t) for t in times]
    told, others = ([one for context, one in recording.frames if (context == 0) == is_told] for is_told in (True, False))
    for frames in (told[::-1] + others, others + told[::-1]):
        timeline = tools.load(b"".join(frames))
        assert [[f"{one.kind}: {one.words(t)}" for one in waits(timeline, at(timeline, t))] for t in times] == found
    assert len({len(one) for one in found}) > 1, "at some times somebody waits, and at others nobody does"
