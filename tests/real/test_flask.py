"""Flask's development server with its reloader, and werkzeug's own server with children and with threads."""

import shutil
import signal

import pytest

from tests.real.kit import PROGRAMS, Clients, wait_for

THREAD = """
_handle_request_noblock BaseServer
  get_request TCPServer
  verify_request BaseServer
  process_request ThreadingMixIn
    Thread.start Thread
      Thread.run Thread
        process_request_thread ThreadingMixIn
          finish_request BaseServer
            setup StreamRequestHandler
            handle WSGIRequestHandler
              handle BaseHTTPRequestHandler
                handle_one_request BaseHTTPRequestHandler
                  parse_request BaseHTTPRequestHandler
                  log_request WSGIRequestHandler
            finish StreamRequestHandler
          shutdown_request TCPServer
            close_request TCPServer"""
LOOP = ["serve_forever BaseWSGIServer", "serve_forever BaseServer"]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_flask_with_its_reloader(stop, twice, installed, tmp_path):
    """`flask run --debug`: the application is rewritten while it runs, and both generations are seen."""
    source = tmp_path / "application.py"

    def visit(program):
        clients = Clients(program.said(r"Running on http://127.0.0.1:(\d+)"))
        program.said("Debugger PIN")  # by the first generation
        clients.by_http_client("GET /", "POST /echo", "GET /fails", body=b"a body")
        program.said("(?m)^RuntimeError")  # it is told when the reply has gone
        clients.by_urllib("/")
        clients.by_curl("/", "/missing")
        wait_for(program, clients)
        source.write_text(source.read_text().replace("first", "second"))
        program.said("Debugger PIN", 2)
        clients.by_http_client("GET /")
        return clients

    def prepare():
        shutil.copy(PROGRAMS / "application.py", source)

    words = [installed.with_name("flask"), "--app", source, "run", "--debug", "--port", "0"]
    recorded = twice(words, visit, stop, installed, prepare)
    assert recorded.replies[0].endswith("\n\nfirst")
    assert recorded.replies[-1].endswith("\n\nsecond")
    assert recorded.requests()[:4] == ["GET / → 200", "POST /echo → 200", "GET /fails → 500", "GET / → 200"]
    assert recorded.errors.count("Detected change") == 1
    assert recorded.processes() == [("start", None), ("spawn", 0), ("spawn", 0)]
    assert recorded.connection(0) == THREAD[1:]
    assert recorded.connection(-1) == THREAD[1:]
    assert (recorded.unfinished(), recorded.status) == ([f"{call} gone" for call in LOOP * 2], 0)


CHILD = """
_handle_request_noblock BaseServer
  get_request TCPServer
  verify_request BaseServer
  process_request ForkingMixIn
    fork os
      finish_request BaseServer
        setup StreamRequestHandler
        handle WSGIRequestHandler
          handle BaseHTTPRequestHandler
            handle_one_request BaseHTTPRequestHandler
              parse_request BaseHTTPRequestHandler
              log_request WSGIRequestHandler
        finish StreamRequestHandler
      shutdown_request TCPServer
        close_request TCPServer
      _exit os *exited
    close_request TCPServer"""


@pytest.mark.parametrize(
    ("stop", "left", "status"),
    [(signal.SIGINT, [], 0), (signal.SIGTERM, [f"{call} killed" for call in LOOP], 143)],
    ids=["SIGINT", "SIGTERM"],
)
@pytest.mark.parametrize(("how", "tree"), [("processes", CHILD), ("threaded", THREAD)], ids=["processes", "threaded"])
def test_werkzeug(how, tree, stop, left, status, twice, installed):
    """run_simple with processes=4, and more clients at once than that; and with threads."""

    def visit(program):
        clients = Clients(program.said(r"Running on http://127.0.0.1:(\d+)"))
        clients.by_http_client("GET /")
        clients.by_urllib("/urllib")
        clients.by_curl("/curl", "/again")
        clients.at_once("/1", "/2", "/3", "/4", "/5", "/6")
        return clients

    recorded = twice([PROGRAMS / "simple.py", how], visit, stop, installed)
    children = len(recorded.addresses) if how == "processes" else 0
    assert recorded.processes() == [("start", None)] + [("fork", 0)] * children
    assert recorded.connection(0) == tree[1:]
    assert recorded.connection(-1) == tree[1:]
    assert (recorded.unfinished(), recorded.status) == (left, status)
