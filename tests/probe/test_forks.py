"""Forked children: every hook they call is in the recording, also when they are killed."""

import os
import signal
import socket

import pytest

from tests.probe.kit import FRAMEWORKS, PROGRAMS, ask, contexts, rest, tree

COMMANDED = PROGRAMS / "commanded.py"

TURN = """
  _handle_request_noblock BaseServer {n}
    get_request TCPServer {n}
    verify_request BaseServer {n}
    process_request ForkingMixIn {n}
      fork os {n}
        finish_request BaseServer {n}
          setup StreamRequestHandler {n}
          handle Commanded {n}
          finish StreamRequestHandler {n}
        shutdown_request TCPServer {n}
          close_request TCPServer {n}
        _exit os {n} *exited
      close_request TCPServer {n}"""
FAILING = """
  _handle_request_noblock BaseServer {n}
    get_request TCPServer {n}
    verify_request BaseServer {n}
    process_request ForkingMixIn {n}
      fork os {n}
        finish_request BaseServer {n} !
          setup StreamRequestHandler {n}
          handle Commanded {n} !
          finish StreamRequestHandler {n}
        handle_error Server {n}
        shutdown_request TCPServer {n}
          close_request TCPServer {n}
        _exit os {n} *exited
      close_request TCPServer {n}"""
KILLED = """
  _handle_request_noblock BaseServer {n}
    get_request TCPServer {n}
    verify_request BaseServer {n}
    process_request ForkingMixIn {n}
      fork os {n}
        finish_request BaseServer {n} *killed
          setup StreamRequestHandler {n}
          handle Commanded {n} *killed
      close_request TCPServer {n}"""
BUILT = """__init__ TCPServer
  __init__ BaseServer
  server_bind TCPServer
  server_activate TCPServer
serve_forever BaseServer"""
CLOSED = """
server_close ForkingMixIn
  server_close TCPServer"""


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_hook_of_every_child_is_recorded(framework, launch):
    """20 requests, 20 children: each stands whole under the fork that made it, with the status it ended with."""
    turns = [FAILING if n % 5 == 0 else TURN for n in range(1, 21)]
    with launch(COMMANDED, framework, "ForkingTCPServer") as server:
        address = server.address()
        served = [ask(address, "fail" if turn is FAILING else "echo") for turn in turns]
        server.signal(signal.SIGALRM)
        assert server.end() == (0, "")
    timeline = server.timeline()
    assert tree(timeline) == BUILT + "".join(turn.format(n=f"#{n}") for n, turn in enumerate(turns, 1)) + CLOSED
    main, *children = contexts(timeline)
    assert [(one["cause"], one["parent"], one["end"], one["signal"]) for one in children] == [("fork", main["id"], "exited", None)] * 20
    assert [one["status"] for one in children] == [1 if turn is FAILING else 0 for turn in turns]
    told = [int(reply.split()[0]) for reply in served if reply]
    assert told == [one["pid"] for one in children if one["status"] == 0]
    assert (main["end"], main["status"]) == ("exited", 0)


def test_a_child_killed_in_handle_keeps_what_it_did(launch):
    """A SIGKILL inside `handle` takes nothing that was recorded, and the context is said to be killed by signal 9."""
    with launch(COMMANDED, "socketserver", "ForkingTCPServer") as server:
        address = server.address()
        with socket.create_connection(address, timeout=30) as client:
            client.sendall(b"hold\n")
            pid = int(server.line().split()[1])
            assert "handle Commanded #1 *open" in tree(server.timeline())
            os.kill(pid, signal.SIGKILL)
            assert rest(client) == ""
        assert ask(address).endswith("hello")
        server.signal(signal.SIGALRM)
        assert server.end() == (0, "")
    timeline = server.timeline()
    assert tree(timeline) == BUILT + KILLED.format(n="#1") + TURN.format(n="#2") + CLOSED
    assert [(one["end"], one["status"], one["signal"]) for one in contexts(timeline)] == [
        ("exited", 0, None),
        ("killed", None, 9),
        ("exited", 0, None),
    ]


INSIDE = (
    BUILT
    + """ *killed
  _handle_request_noblock BaseServer #1 *killed
    get_request TCPServer #1
    verify_request BaseServer #1
    process_request BaseServer #1 *killed
      finish_request BaseServer #1 *killed
        setup StreamRequestHandler #1
        handle Commanded #1 *killed"""
)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_server_killed_in_handle_keeps_what_it_did(framework, launch):
    """The same for the server's own process; `tracer record` then ends as the program did."""
    with launch(COMMANDED, framework, "TCPServer") as server:
        with socket.create_connection(server.address(), timeout=30) as client:
            client.sendall(b"hold\n")
            assert server.line() == f"holding {server.pid}"
            server.signal(signal.SIGKILL)
            assert rest(client) == ""
        assert server.end() == (128 + signal.SIGKILL, "")
    assert tree(server.timeline()) == INSIDE
    assert [(one["end"], one["status"], one["signal"]) for one in contexts(server.timeline())] == [("killed", None, 9)]
