"""Programs of more than one generation of processes, and one that nobody wrote for a test."""

import http.client
import re
import signal
import socket
import time

import pytest

from tests.probe.kit import FRAMEWORKS, PROGRAMS, ask, contexts, read, tree, until
from tracer.timeline.at import at

SERVED = """__init__ TCPServer
  __init__ BaseServer
  server_bind TCPServer
  server_activate TCPServer
handle_request BaseServer
  _handle_request_noblock BaseServer #1
    get_request TCPServer #1
    verify_request BaseServer #1
    process_request BaseServer #1
      finish_request BaseServer #1
        setup StreamRequestHandler #1
        handle Handler #1
        finish StreamRequestHandler #1
      shutdown_request TCPServer #1
        close_request TCPServer #1
server_close TCPServer"""


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize(
    ("how", "family"),
    [
        ("exec", [("start", None, "replaced", None), ("exec", 0, "exited", 5)]),
        ("spawn", [("start", None, "exited", 5), ("spawn", 0, "gone", None)]),
        ("fork and exec", [("start", None, "exited", 5), ("spawn", 0, "gone", None)]),
        ("shell", [("start", None, "exited", 5), ("spawn", 0, "gone", None)]),
        ("fork first", [("start", None, "exited", 5), ("fork", 0, "gone", None)]),
    ],
)
def test_a_program_that_begins_again_stays_traced(how, family, framework, launch):
    """Each generation is a process of its own that knows whom it came from; only the first is ours to wait for."""
    with launch(PROGRAMS / "again.py", how, framework) as server:
        served_by = int(ask(server.address()))
        assert server.end() == (5, "")
    timeline = server.timeline()
    known = contexts(timeline)
    places = {one["id"]: place for place, one in enumerate(known)}
    assert [(one["cause"], places.get(one["parent"]), one["end"], one["status"]) for one in known] == family
    assert (known[-1]["pid"], known[0]["pid"]) == (served_by, server.pid)
    assert tree(timeline) == SERVED


REQUESTS = ["/", "/text.txt", "/missing", "/folder", "/folder/"]
CONNECTION = """
  _handle_request_noblock BaseServer {n}
    get_request TCPServer {n}
    verify_request BaseServer {n}
    process_request ThreadingMixIn {n}
      Thread.start Thread {n}
        Thread.run Thread {n}
          process_request_thread ThreadingMixIn {n}
            finish_request DualStackServer {n}
              setup StreamRequestHandler {n}
              handle BaseHTTPRequestHandler {n}
                handle_one_request BaseHTTPRequestHandler {n}
                  parse_request BaseHTTPRequestHandler {n}
                  do_GET SimpleHTTPRequestHandler {n}
                    log_request BaseHTTPRequestHandler {n}
              finish StreamRequestHandler {n}
            shutdown_request TCPServer {n}
              close_request TCPServer {n}"""


def ends(path):
    """How the contexts of a recording that still grows have ended so far."""
    return [one["end"] for one in contexts(read(path))]


def test_http_server_unmodified(launch, tmp_path):
    """`python -m http.server`: the same replies, and each of a client's connections once, from get_request to close_request."""
    folder = tmp_path / "served"
    (folder / "folder").mkdir(parents=True)
    (folder / "text.txt").write_text("text\n" * 1000)
    shown = []
    for traced in (False, True):
        server = launch("-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder, traced=traced, PYTHONUNBUFFERED="1")
        with server:
            port = int(re.search(r"port (\d+)", server.first)[1])
            replies = []
            for path in REQUESTS * 4:
                client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                client.request("GET", path)
                reply = client.getresponse()
                headers = [header for header in reply.getheaders() if header[0] != "Date"]
                replies.append((reply.status, reply.reason, headers, reply.read()))
                client.close()
            while traced and ends(server.path).count("returned") < len(replies):
                time.sleep(0.01)  # a reply is complete before its thread is
            server.process.send_signal(signal.SIGTERM)
            assert server.end() == (128 + signal.SIGTERM, "")
        shown.append((replies, re.sub(r"\[.*?\]", "[]", server.errors).partition("tracer:")[0]))
    assert shown[0] == shown[1]
    timeline = server.timeline()
    lines = tree(timeline).splitlines()
    turns = "\n" + "\n".join(lines[next(place for place, line in enumerate(lines) if "_noblock" in line) :])
    assert turns == "".join(CONNECTION.format(n=f"#{n}") for n in range(1, 21))
    assert lines[:6] == [
        "__init__ TCPServer",
        "  __init__ BaseServer",
        "  server_bind DualStackServer",
        "    server_bind HTTPServer",
        "      server_bind TCPServer",
        "  server_activate TCPServer",
    ]
    owners = {(code.hook, code.owner): (code.module, code.framework) for code in timeline.codes.values()}
    assert owners["handle", "BaseHTTPRequestHandler"] == owners["finish_request", "DualStackServer"] == ("__main__", False)
    assert owners["finish_request", "BaseServer"] == ("socketserver", True)


def test_threads_of_the_programs_own_do_not_live_for_ever(launch):
    """Nobody tells their end, so the supervisor looks: what the system does not list any more is gone, and no moment shows it."""
    with launch(PROGRAMS / "unseen.py", "threads") as server:
        address = server.address()
        assert [ask(address) for _ in range(20)] == ["HELLO\n"] * 20
        gone = set()
        until(server.path, lambda fact: fact["type"] == "gone" and not gone.add(fact["context"]) and len(gone) == 20)
        timeline = server.timeline()
        assert [context.label for context in at(timeline, timeline.newest).contexts] == ["main"]
        assert server.end()[0] == 0
    ends = [(one["kind"], one["end"]) for one in contexts(server.timeline())]
    assert ends == [("process", "exited"), *[("thread", "gone")] * 20]


def test_a_worker_that_the_program_kills_is_not_shown_alive(launch):
    """It was in handle; killed and reaped by the program's own calls, it is gone as soon as the supervisor has looked."""
    with launch(PROGRAMS / "unseen.py", "worker") as server, socket.create_connection(server.address(), timeout=30) as client:
        client.sendall(b"hold\n")
        assert server.line() == "holding"
        server.process.stdin.write(b"\n")
        server.process.stdin.flush()
        assert server.line() == "reaped"
        until(server.path, lambda fact: fact["type"] == "gone")
        timeline = server.timeline()
        assert [context.label for context in at(timeline, timeline.newest).contexts] == ["main"]
        assert "handle Line #1 *gone" in tree(timeline)
        assert server.end()[0] == 0
