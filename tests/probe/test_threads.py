"""Threads: each is a context of its own, and knows which connection it serves."""

import signal
import socket
from collections import Counter
from contextlib import ExitStack

import pytest

from tests.probe.kit import FRAMEWORKS, PROGRAMS, Raw, ask, contexts, rest, tree
from tracer.timeline.at import connection
from tracer.timeline.events import events

TURN = """
  _handle_request_noblock BaseServer {n}
    get_request TCPServer {n}
    verify_request BaseServer {n}
    process_request ThreadingMixIn {n}
      Thread.start Thread {n}
        Thread.run Thread {n}
          process_request_thread ThreadingMixIn {n}
            finish_request BaseServer {n}
              setup StreamRequestHandler {n}
              handle Commanded {n}
              finish StreamRequestHandler {n}
            shutdown_request TCPServer {n}
              close_request TCPServer {n}"""
BUILT = """__init__ TCPServer
  __init__ BaseServer
  server_bind TCPServer
  server_activate TCPServer
serve_forever BaseServer"""
CLOSED = """
server_close ThreadingMixIn
  server_close TCPServer"""


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_thread_is_a_context_under_its_start(framework, launch):
    """200 requests, 200 threads: the system gives idents again, the recording does not."""
    with launch(PROGRAMS / "commanded.py", framework, "ThreadingTCPServer") as server:
        address = server.address()
        for _ in range(200):
            ask(address)
        server.signal(signal.SIGALRM)
        assert server.end() == (0, "")
    timeline = server.timeline()
    hidden = ["select", "service_actions", "fileno", "Thread.join"]
    assert tree(timeline, hidden) == BUILT + "".join(TURN.format(n=f"#{n}") for n in range(1, 201)) + CLOSED
    main, *threads = contexts(timeline)
    assert [(one["kind"], one["cause"], one["parent"], one["pid"], one["end"]) for one in threads] == [
        ("thread", "thread", main["id"], main["pid"], "returned")
    ] * 200
    assert len({one["id"] for one in threads}) == 200


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("how", ["process_request_thread", "finish_request", "whole"])
@pytest.mark.parametrize("kind", ["TCPServer", "UDPServer"])
def test_a_pool_serves_each_its_own_connection(framework, kind, how, launch):
    """Four connections in four workers at once, ten times: each finish_request is about the connection whose client it answered."""
    served = Counter()
    with launch(PROGRAMS / "pool.py", framework, kind, how) as server:
        address = server.address()
        for _ in range(10):
            with ExitStack() as stack:
                clients = [
                    stack.enter_context(socket.socket(type=socket.SOCK_STREAM if kind == "TCPServer" else socket.SOCK_DGRAM))
                    for _ in range(4)
                ]
                for client in clients:
                    client.settimeout(30)
                    client.connect(address)
                    client.send(b"hello")
                for client in clients:
                    served[int(client.recv(100)), client.getsockname()[1]] += 1
        server.signal(signal.SIGALRM)
        assert server.end() == (0, "")
    timeline = server.timeline()
    tids = {context.id: context.tid for context in timeline.ordered.items}
    found = Counter()
    for event in events(timeline):
        if (event.kind, event.hook) == ("enter", "finish_request"):
            peer = connection(timeline, event.connection).peer
            found[tids[event.context], int(peer.rpartition(":")[2])] += 1
    assert found == served
    assert sum(served.values()) == 40
    assert len({tid for tid, _ in served}) == 4


def test_everything_is_written_before_a_thread_starts(launch):
    """While the system has yet to start the thread, the file says that it is about to: whatever happens then, it is there."""
    with launch(PROGRAMS / "starting.py") as server:
        client = socket.create_connection(server.address(), timeout=30)
        assert server.line() == "about to start"
        (main,) = Raw(server.path).records.values()
        assert main[-1] == ("enter", "Thread.start")
        server.process.stdin.write(b"\n")
        server.process.stdin.flush()
        client.sendall(b"hello\n")
        assert rest(client) == "hello\n"
        client.close()
        assert server.end() == (0, "")
