"""What a real server's threads and children wait for: from the kernel, by the supervisor's samples, to the sentence."""

import os
import socket
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.gatekit import more
from tests.probe.kit import until
from tracer.kernel.answer import NotAvailable
from tracer.kernel.processes import Thread
from tracer.kernel.queues import NOT_YET, Queues, Waiting
from tracer.supervisor import asleep
from tracer.supervisor.asleep import Asleep
from tracer.timeline.at import at
from tracer.timeline.waiting import waits

PROGRAM = Path(__file__).parent / "programs" / "waiting.py"
S = 1_000_000_000


def until_told(path, call, since=0):
    """Wait until a thread is told of that was found in such a call, not before `since`: what is told of it."""
    wanted = until(path, lambda fact: fact.get("begin", 0) > since and any(one["call"] == call for one in fact.get("calls", ())))
    return next(one for one in wanted["calls"] if one["call"] == call)


def sentences(running, kind="waits"):
    """What is said a second after everything that is known of the run."""
    timeline = running.timeline()
    t = timeline.newest + S
    found = [one for one in waits(timeline, at(timeline, t)) if one.kind == kind]
    return [f"{one.label} {'; '.join((one.what, *one.more))}" for one in found]


def name(client):
    """A client as the server sees it."""
    host, port = client.getsockname()
    return f"{host}:{port}"


@pytest.fixture
def clients():
    """clients(address): another client, that says nothing."""
    with ExitStack() as stack:
        yield lambda address: stack.enter_context(socket.create_connection(address, timeout=30))


def test_one_silent_client_keeps_all_others_waiting(launch, clients):
    with launch(PROGRAM, "TCPServer") as running:
        address = running.address()
        silent = clients(address)
        until_told(running.path, "recvfrom")
        alone = (
            f"main is in recv on connection #1 ({name(silent)}), in LineHandler.handle; 0 bytes waiting; {{}}; "
            "only that client can end it"
        )
        assert sentences(running) == [alone.format("nobody else is served meanwhile")]
        for _ in range(3):
            clients(address)
        until(running.path, lambda fact: fact["type"] == "sample" and any(queue["depth"] == 3 for queue in fact["queues"]))
        assert sentences(running) == [alone.format("3 clients wait in the accept queue")]
        assert sentences(running, "idle") == []


def test_nobody_claims_anything_of_an_idle_server(launch):
    with launch(PROGRAM, "TCPServer") as running:
        until_told(running.path, "poll")
        assert sentences(running) == []
        assert sentences(running, "idle") == ["main waits for a client in select (poll_interval 0.5 s)"]


@pytest.mark.parametrize("server", ["ForkingTCPServer", "ThreadingTCPServer"])
def test_whoever_serves_a_silent_client(server, launch, clients):
    with launch(PROGRAM, server) as running:
        silent = clients(running.address())
        call = until_told(running.path, "recvfrom")
        label = f"P{call['pid']}" if server == "ForkingTCPServer" else "T1"
        assert sentences(running) == [
            f"{label} is in recv on connection #1 ({name(silent)}), in LineHandler.handle; 0 bytes waiting; only that client can end it"
        ]
        assert [one.partition(" (")[0] for one in sentences(running, "idle")] == ["main waits for a client in select"]


def test_a_close_that_waits_for_a_thread(launch, clients):
    with launch(PROGRAM, "ThreadingTCPServer", "in-a-thread") as running:
        silent = clients(running.address())
        until_told(running.path, "recvfrom")
        assert more(running) == "closing"
        until_told(running.path, "futex", time.monotonic_ns())
        its = f"is in recv on connection #1 ({name(silent)}), in LineHandler.handle; 0 bytes waiting"
        assert sentences(running) == [
            f"T2 {its}; main waits in server_close for its end; only that client can end it",
            f"main waits in server_close for T2 to end; T2 {its}; only that client can end it",
        ]


def test_a_shutdown_from_within_the_loop(launch, clients):
    with launch(PROGRAM, "TCPServer") as running:
        clients(running.address()).sendall(b"stop\n")
        until_told(running.path, "futex")
        assert sentences(running) == [
            "main waits in shutdown for the loop of TCPServer to end, which it runs itself: a deadlock; only a signal can end it; "
            "nobody else is served meanwhile"
        ]


# ---- looks


@pytest.fixture
def looks():
    with closing(Queues()) as queues:
        yield Asleep(queues)


def looked(looks, begin, state="sleeping"):
    """What is told of one thread of ours that is in such a state."""
    return looks.look(begin, {os.getpid(): [Thread(7, "x", state)]}, ())


def test_whoever_has_run_is_not_asked(looks, monkeypatch):
    turns = iter(["a", "a", "a", "a", "b", "b", "c"])
    monkeypatch.setattr(asleep, "turns", lambda pid, tid: next(turns))
    monkeypatch.setattr(asleep, "_asked", lambda pid, tid: {"call": "pause"})
    me = {"pid": os.getpid(), "tid": 7}
    assert looked(looks, 10) == []
    assert looked(looks, 20) == [{**me, "call": "pause"}]
    assert looked(looks, 30) == []
    assert looked(looks, 40) == [{**me, "call": None}], "it has run"
    assert looked(looks, 50) == [], "it has run while it was asked"


def test_a_rest_is_told_with_the_look_before_it(looks, monkeypatch):
    turns = iter(["a", "b", "b", "b"])
    monkeypatch.setattr(asleep, "turns", lambda pid, tid: next(turns))
    monkeypatch.setattr(asleep, "_asked", lambda pid, tid: {"call": "pause"})
    found = [looked(looks, begin) for begin in (10, 20, 30)]
    assert found == [[], [], [{"pid": os.getpid(), "tid": 7, "call": "pause", "since": 10}]]


def test_whoever_runs_is_told_at_each_look(looks, monkeypatch):
    monkeypatch.setattr(asleep, "turns", lambda pid, tid: "a")
    running = [{"pid": os.getpid(), "tid": 7, "call": "running"}]
    assert [looked(looks, begin, "runnable") for begin in (10, 20, 30)] == [[], running, running]


def test_why_a_call_is_not_known(looks, monkeypatch):
    monkeypatch.setattr(asleep, "turns", lambda pid, tid: "a")
    monkeypatch.setattr(asleep, "call", lambda pid, tid: NotAvailable("not allowed"))
    assert [looked(looks, begin) for begin in (10, 20, 30)] == [
        [], [{"pid": os.getpid(), "tid": 7, "call": None, "why": "not allowed"}], []
    ]  # fmt: skip


def test_what_waits_in_a_socket_is_asked_of_those_alone_that_do_not_listen(looks, monkeypatch):
    answers = [{5: NOT_YET}, {5: Waiting(3, 0, "127.0.0.1:53122")}]
    monkeypatch.setattr(asleep, "turns", lambda pid, tid: "a")
    monkeypatch.setattr(asleep, "_asked", lambda pid, tid: {"call": "recvfrom", "what": "socket", "inode": 5})
    monkeypatch.setattr(Queues, "connected", lambda self, inodes: answers.pop(0))
    me = {"pid": os.getpid(), "tid": 7, "call": "recvfrom", "what": "socket", "inode": 5}
    assert [looked(looks, begin) for begin in (10, 20, 30, 40)] == [
        [], [{**me, "why": NOT_YET.why}], [{**me, "received": 3, "sent": 0, "peer": "127.0.0.1:53122"}], []
    ]  # fmt: skip
    with closing(Queues()) as queues:
        looks = Asleep(queues)
        looks.learn({"type": "server", "inode": 5})
        assert [looked(looks, begin) for begin in (10, 20)] == [[], [me]]
