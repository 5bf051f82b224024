"""Programs that make it as hard as they can to be held: they are held where that can be, and run as untraced where it cannot."""

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.gatekit import asking, more
from tests.probe.kit import PROGRAMS, ask, rest

HELD = PROGRAMS / "held.py"
HANDLE = "before handle Handler"
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root has privileges to drop")


@pytest.mark.parametrize("name", ["TCPServer", "ThreadingTCPServer"])
@pytest.mark.parametrize(("way", "said"), [("time_out", "timed out"), ("replace", "{'socket'}"), ("close", "closed")])
def test_it_stays_held(way, said, name, gated):
    """Whatever the program does before and while it is held, and between two stops."""
    who = "main" if name == "TCPServer" else "thread 1"
    with gated(HELD, way, name, holds=["handle | before finish"]) as server:
        address = server.address()
        assert more(server)
        with asking(address) as client:
            for where in (HANDLE, "after handle Handler", "before finish StreamRequestHandler"):
                server.wait(lambda where=where: server.held == {who: where})
                server.until_asleep(who)
                assert more(server) == said
                assert server.held == {who: where}
                server.release(who)
            assert rest(client) == "HELLO\n"
        assert server.end() == (0, "closed\n")
    assert (server.errors, server.unasked) == ("", 0)


def test_numbers_that_are_the_programs_now(gated, tmp_path, monkeypatch):
    """It takes every number that was ours for files and sockets of its own: not a byte of ours gets there."""
    monkeypatch.chdir(tmp_path)
    with gated(HELD, "take", "ThreadingTCPServer", holds=["handle | finish"]) as server:
        address = server.address()
        with asking(address) as client:
            server.until(thread_1=HANDLE)
            server.until_asleep("thread 1")
            assert more(server) == "taken"
            assert server.step("thread 1", "run") == "after handle Handler"
            assert server.step("thread 1", "run") == "before finish StreamRequestHandler"
            assert server.step("thread 1", "run") == "after finish StreamRequestHandler"
            server.release("thread 1")
            assert rest(client) == "HELLO\n"
        assert more(server) == "0"
        assert server.end() == (0, "closed\n")
    assert (server.errors, server.unasked) == ("", 0)


def test_children_do_not_keep_the_line_open(gated):
    """Forked, executed or made by multiprocessing while a thread is held: when that is gone, it is seen at once."""
    with gated(HELD, "fork", "ThreadingTCPServer", holds=["handle"]) as server:
        address = server.address()
        with asking(address) as first:
            server.until(thread_1=HANDLE)
            with asking(address):
                server.until(thread_1=HANDLE, thread_2=HANDLE)
                for thread in ("thread 1", "thread 2"):
                    server.until_asleep(thread)
                assert more(server) == "closed"
                assert server.step("thread 1", "run") == server.step("thread 2", "run") == "after handle Handler"
                assert more(server) == "3 children"
                server.release("thread 1")
                assert rest(first) == "HELLO\n"
                server.wait(lambda: server.lines == 1)
                os.kill(server.pid, signal.SIGKILL)
                server.until()
        server.wait(lambda: server.lines == 0)
    assert server.told("released", "context", "by")[2:] == [("thread 1", "person"), ("thread 2", "gone")]


@pytest.mark.parametrize("name", ["TCPServer", "ThreadingTCPServer", "ForkingTCPServer"])
@pytest.mark.parametrize(
    ("way", "said"),
    [
        pytest.param("drop_privileges", "(65534, 65534, 65534)", marks=root_only),
        ("few_descriptors", "14"),
        ("forbid", "['socket.connect', 'resource.setrlimit']"),
    ],
)
def test_it_runs_on_where_it_cannot_ask(way, said, name, gated):
    """Another user may not come to the gate, without a descriptor nobody can, and the program may forbid it: that is counted."""
    with gated(HELD, way, name, holds=["before handle"]) as server:
        address = server.address()
        assert ask(address) == "HELLO\n"
        assert more(server) == said
        assert ask(address) == "HELLO\n"
        assert server.end() == (0, "closed\n")
    assert (server.errors, server.stops, server.unasked) == ("", [], 2)


def descriptors(pid):
    """The numbers of a process's descriptors."""
    return {int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir()}


def test_many_threads_that_are_not_held_after_all(gated):
    """Two hundred connections through a hold whose condition refuses them: neither here nor there is a descriptor left."""
    with gated(HELD, "limit", "ThreadingTCPServer", holds=["before handle & peer:1"]) as server:
        address = server.address()
        assert ask(address) == "HELLO\n"
        server.wait(lambda: server.lines == 0)
        before = descriptors(server.pid), descriptors("self")
        with ThreadPoolExecutor(16) as clients:
            assert set(clients.map(lambda _: ask(address), range(200))) == {"HELLO\n"}
        server.wait(lambda: server.lines == 0)
        assert (descriptors(server.pid), descriptors("self")) == before
        assert more(server) == "64"
        assert server.end() == (0, "closed\n")
    assert (server.errors, server.stops, server.unasked) == ("", [], 0)


def test_no_room_for_another_call(gated):
    """Where the program's own recursion leaves no room to ask, the call goes on or fails as it does when nobody holds."""
    said = []
    for hold in ("before handle", "verify_request & peer:1"):
        with gated(HELD, "deep", holds=[hold]) as server:
            server.address()
            said.append(more(server))
            assert server.end() == (0, "closed\n")
        assert server.errors == ""
    assert said[0] == said[1]
    assert said[0].startswith("[True, True, ")
    assert server.unasked > 0


def test_the_end_of_an_interpreter_that_warns_of_all(gated):
    """Of our lines, which the main thread, another one and one that nobody waits for have to the end, nothing is heard."""
    words = ["-X", "dev", "-W", "error", HELD, "leave", "ThreadingTCPServer"]
    with gated(*words, holds=["(before get_request | before setup) & peer:1"]) as server:
        address = server.address()
        with socket.create_connection(address, timeout=30) as first:
            server.wait(lambda: server.lines == 2)
            assert more(server) == "daemons"
            with socket.create_connection(address, timeout=30):
                server.wait(lambda: server.lines == 3)
                server.process.stdin.close()
                assert server.line() == "closed"
                first.sendall(b"hello\n")
                assert rest(first) == "HELLO\n"
                assert server.end() == (0, "")
    assert (server.errors, server.stops, server.unasked) == ("", [], 0)


def test_a_broken_line_kills_nobody(launch, tmp_path):
    """The supervisor is gone, and the program wants to be killed if it writes to what nobody reads: not by our writing."""
    with launch("--hold", "before get_request & peer:1", HELD, "broken_pipe", TMPDIR=str(tmp_path)) as server:
        address = server.address()
        assert ask(address) == "HELLO\n"  # it has a line now
        server.process.kill()
        server.process.wait()
        assert [ask(address) for _ in range(2)] == ["HELLO\n"] * 2
        assert more(server) == "SIG_DFL"
        assert server.end() == (128 + signal.SIGKILL, "closed\n")


def test_a_fork_within_a_fork(gated):
    """It lets go of what a thread needs to ask, however deep."""
    with gated(PROGRAMS / "nested.py", holds=["before handle"]) as server, asking(server.address()) as client:
        server.until(thread_1=HANDLE)
        server.release("thread 1")
        assert rest(client) == "HELLO\n"
        assert server.end() == (0, "")
