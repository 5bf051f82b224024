"""Whoever is held gets away: by a signal, because its process is killed, or because nobody is left to release it."""

import os
import re
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.gatekit import asking
from tests.probe.kit import PROGRAMS as PROBED
from tests.probe.kit import Running, ask, environment, rest, until, until_asleep

PROGRAMS = Path(__file__).parent / "programs"
COMMANDED = PROBED / "commanded.py"
MIXED = PROGRAMS / "mixed.py"
RUNG = PROGRAMS / "rung.py"
HANDLE = "before handle Handler"


def held(path, count):
    """Wait until so many contexts have been held."""
    seen = []
    until(path, lambda fact: fact["type"] == "held" and not seen.append(fact) and len(seen) == count)


def test_nobody_is_left_to_release(launch, tmp_path):
    """The supervisor is killed while a thread and three children are held: they run on, and so does the server."""
    with launch("--hold", "before handle", MIXED, TMPDIR=str(tmp_path)) as server:
        address = server.address()
        clients = [asking(address, word) for word in ("one", "two", "three", "four")]
        held(server.path, 4)
        server.process.kill()
        assert [rest(client) for client in clients] == ["ONE\n", "TWO\n", "THREE\n", "FOUR\n"]
        assert [ask(address) for _ in range(2)] == ["HELLO\n"] * 2
        server.signal(signal.SIGALRM)
        assert server.end() == (128 + signal.SIGKILL, "closed\n")
    for client in clients:
        client.close()


def test_a_held_child_is_killed(gated):
    """It is held no more, at once; whoever comes next is held as ever."""
    with gated(COMMANDED, "socketserver", "ForkingTCPServer", holds=["before handle"]) as server:
        address = server.address()
        with asking(address) as client:
            server.until(child_1="before handle Commanded")
            os.kill(server.pids["child 1"], signal.SIGKILL)
            server.until()
            assert server.told("released", "context", "mode", "by") == [("child 1", "run", "gone")]
            with suppress(ConnectionResetError):  # what it had not read is lost
                assert rest(client) == ""
        with asking(address) as client:
            server.until(child_2="before handle Commanded")
            server.release("child 2")
            assert rest(client).endswith(" hello")
        server.wait(lambda: server.lines == 0)


@pytest.fixture
def both(gated, tmp_path):
    """both(scenario, words…, holds=…): what a program shows, untraced and held. scenario(program, wait) is its client; wait(n) waits
    until it is held for the nth time, or, untraced, waits by itself."""

    def run(scenario, *words, holds):
        shown = []
        plain = Running([sys.executable, *map(str, words)], tmp_path / "none", environment())
        with plain:
            scenario(plain, lambda stop: until_asleep(plain.pid))
            ended = plain.end()
        shown.append((*ended, re.sub(r"', \d+\)", "', PORT)", plain.errors)))
        with gated(*words, holds=holds) as server:
            scenario(server, lambda stop: server.wait(lambda: len(server.stops) == stop))
            ended = server.end()
        shown.append((*ended, re.sub(r"', \d+\)", "', PORT)", server.errors)))
        return server, *shown

    return run


def test_an_interrupt_in_the_loop(both):
    """SIGINT ends a server whose loop is held: output, traceback and exit status are those of one that waits in the same hook."""

    def interrupt(server, wait):
        server.address()
        wait(1)
        server.signal(signal.SIGINT)

    server, plain, shown = both(interrupt, RUNG, "loop", holds=["before service_actions"])
    assert plain[:2] == (130, "")
    assert re.search(r"\n    self\.service_actions\(\)\n[ ~^]*\n?KeyboardInterrupt\n\Z", plain[2])
    assert shown == plain
    assert server.told("held", "context", "hook", "when") == [("main", "service_actions", "before")]
    assert server.told("released", "context", "mode", "by") == [("main", "run", "signal")]


@pytest.mark.parametrize("way", ["TimeoutError", "Rung"])
def test_what_a_signals_handler_raises(way, both):
    """It leaves the hook as if that had raised it, whatever it is; the next stop of the same context is one like any other."""

    def ring(server, wait):
        address = server.address()
        for stop in (1, 2):
            with socket.create_connection(address, timeout=30) as client:
                assert server.line() == "in"
                wait(stop)
                server.signal(signal.SIGALRM)
                assert rest(client) == ""

    server, plain, shown = both(ring, RUNG, "handle", way, holds=["before handle"])
    assert plain[:2] == (0, "closed\n")
    assert plain[2].count(f"{way}: rung\n") == 2
    assert shown == plain
    assert server.told("held", "context", "hook", "when") == [("main", "handle", "before")] * 2
    assert server.told("released", "context", "mode", "by") == [("main", "run", "signal")] * 2
    assert server.unasked == 0


def test_a_signals_handler_that_returns(gated):
    """It has run, and so have the hooks that it calls, armed or not; the context is held as before."""
    with gated(RUNG, "handle", "return", holds=["before handle"]) as server:
        address = server.address()
        for _ in range(2):
            with socket.create_connection(address, timeout=30) as client:
                assert server.line() == "in"
                server.until(main=HANDLE)
                server.hold("before verify_request")
                for _ in range(3):
                    server.signal(signal.SIGALRM)
                    assert server.line() == "rung True"
                assert server.held == {"main": HANDLE}
                assert server.obey("unhold", id=server.told("hold", "id")[-1][0])
                server.release("main")
                until_asleep(server.pid)
                server.signal(signal.SIGALRM)
                assert server.line() == "rung True"
                assert rest(client) == ""
        assert server.end() == (0, "closed\n")
    assert server.told("released", "context", "by") == [("main", "person")] * 2


def test_a_signals_handler_that_forks(gated):
    """The child stands where its parent does, and is held there by itself."""
    with gated(RUNG, "handle", "fork", holds=["before handle"]) as server, socket.create_connection(server.address(), timeout=30):
        server.until(main=HANDLE)
        server.signal(signal.SIGALRM)
        server.until(main=HANDLE, child_1="before handle (its parent's)")
        server.release("child 1")
        assert server.held == {"main": HANDLE}
        server.signal(signal.SIGKILL)
        server.until()
        server.wait(lambda: server.lines == 1)


def test_an_interrupt_while_a_thread_is_held(gated):
    """The loop ends, and server_close waits for the thread that is held; when all are released, the program ends as it would have."""
    with gated(COMMANDED, "socketserver", "ThreadingTCPServer", holds=["before handle"]) as server:
        with asking(server.address()) as client:
            server.until(thread_1="before handle Commanded")
            server.hold("before Thread.join")
            server.signal(signal.SIGINT)
            server.until(main="before Thread.join Thread", thread_1="before handle Commanded")
            server.release("main")
            server.obey("release_all")
            assert rest(client).endswith(" hello")
        assert server.end() == (130, "")
    assert server.errors.endswith("\nKeyboardInterrupt\n")
